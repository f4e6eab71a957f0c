//! Days and their place in the calendar; times of a column as numbers, local to their zone.

use arrow::array::timezone::Tz;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::ScalarBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeZone, Utc};

use super::promote::{internal, mismatch};
use crate::Failure;

/// A year's, month's and day's number of days since 1970-01-01, in the proleptic Gregorian calendar.
/// The method is Howard Hinnant's `days_from_civil`.
pub(super) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year and month of a day: Howard Hinnant's `civil_from_days`.
pub(super) fn year_and_month(days: i64) -> (i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month)
}

/// A unit of time that values are cut to or counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Years,
    Quarters,
    Months,
    /// From so many days before 1970-01-01, which was a Thursday: 3 is Monday, 4 Sunday.
    Weeks(i64),
    /// So many of them in a second, or so many seconds: (ticks per second, seconds per tick).
    Even(i64, i64),
}

pub(super) const UNITS: &[&str] = &[
    "day",
    "year",
    "quarter",
    "month",
    "week",
    "hour",
    "minute",
    "second",
    "millisecond",
    "microsecond",
    "nanosecond",
];

impl Unit {
    pub(super) fn of(name: &str) -> Self {
        match name {
            "year" => Self::Years,
            "quarter" => Self::Quarters,
            "month" => Self::Months,
            "week" => Self::Weeks(3),
            "hour" => Self::Even(1, 3600),
            "minute" => Self::Even(1, 60),
            "second" => Self::Even(1, 1),
            "millisecond" => Self::Even(1_000, 1),
            "microsecond" => Self::Even(1_000_000, 1),
            "nanosecond" => Self::Even(1_000_000_000, 1),
            _ => Self::Even(1, 86_400),
        }
    }

    /// How many whole units of these lie between 1970-01-01 (or the Monday of its week) and the time, rounded down; the
    /// time is counted in ticks, `per_second` of them. `None` on overflow.
    pub(super) fn index(self, time: i64, per_second: i64) -> Option<i64> {
        let day = || time.div_euclid(per_second.saturating_mul(86_400));
        Some(match self {
            Self::Years => year_and_month(day()).0,
            Self::Quarters => {
                let (year, month) = year_and_month(day());
                year * 4 + (month - 1) / 3
            }
            Self::Months => {
                let (year, month) = year_and_month(day());
                year * 12 + month - 1
            }
            Self::Weeks(before) => (day() + before).div_euclid(7),
            Self::Even(ticks, _) if ticks > per_second => time.checked_mul(ticks / per_second)?,
            Self::Even(ticks, seconds) => time.div_euclid(per_second / ticks * seconds),
        })
    }

    /// The time at which the unit of that index begins.
    pub(super) fn begin(self, index: i64, per_second: i64) -> Option<i64> {
        let day = per_second.checked_mul(86_400)?;
        match self {
            Self::Years => days_from_civil(index, 1, 1).checked_mul(day),
            Self::Quarters => days_from_civil(index.div_euclid(4), index.rem_euclid(4) * 3 + 1, 1).checked_mul(day),
            Self::Months => days_from_civil(index.div_euclid(12), index.rem_euclid(12) + 1, 1).checked_mul(day),
            Self::Weeks(before) => index.checked_mul(7)?.checked_sub(before)?.checked_mul(day),
            Self::Even(ticks, _) if ticks > per_second => Some(index / (ticks / per_second)),
            Self::Even(ticks, seconds) => index.checked_mul(per_second / ticks * seconds),
        }
    }

    /// The index of the unit from which multiples of it are counted: that of 1970-01-01, or year 0.
    pub(super) fn origin(self) -> i64 {
        match self {
            Self::Quarters => 1970 * 4,
            Self::Months => 1970 * 12,
            Self::Years | Self::Weeks(_) | Self::Even(..) => 0,
        }
    }

    /// Whether every tick begins one of these units.
    pub(super) fn is_finer_than(self, per_second: i64) -> bool {
        matches!(self, Self::Even(ticks, _) if ticks > per_second)
    }

    /// Whether the unit is a whole number of days, so that its bounds depend on the zone's midnight.
    pub(super) fn of_days(self) -> bool {
        !matches!(self, Self::Even(_, seconds) if seconds < 86_400)
    }
}

/// A column of dates, times or timestamps as numbers.
#[derive(Debug)]
pub(super) struct Times {
    /// Ticks since 1970-01-01 UTC, or since midnight.
    pub(super) ticks: ScalarBuffer<i64>,
    pub(super) per_second: i64,
    /// For timestamps of a zone other than UTC.
    pub(super) zone: Option<Tz>,
}

pub(super) fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// The zone of that name: an IANA name or an offset like +02:00.
pub(super) fn zone(name: &str) -> Result<Tz, Failure> {
    name.parse().map_err(|_| {
        let shown: String = name.chars().take(60).collect();
        Failure::invalid_config("invalid-type", format!("there is no time zone {shown:?}"))
            .with_help("zones are named like Europe/Paris, UTC or +02:00")
    })
}

/// The second, if the calendar reaches a few days further, so that no offset leads out of it.
pub(super) fn within(second: i64) -> Option<i64> {
    const FEW_DAYS: i64 = 4 * 86_400;
    let reached = |second: i64| DateTime::<Utc>::from_timestamp(second, 0).is_some();
    (reached(second.checked_add(FEW_DAYS)?) && reached(second.checked_sub(FEW_DAYS)?)).then_some(second)
}

impl Times {
    pub(super) fn of(array: &ArrayRef) -> Result<Self, Failure> {
        let widened =
            |array: &ArrayRef| -> Result<ArrayRef, Failure> { cast(array, &DataType::Int64).map_err(internal) };
        let (numbers, per_second, zone) = match array.data_type() {
            // A date counts as midnight, in seconds.
            DataType::Date32 => {
                let days =
                    cast(array, &DataType::Int32).and_then(|days| cast(&days, &DataType::Int64)).map_err(internal)?;
                let seconds = days.as_primitive::<Int64Type>().unary::<_, Int64Type>(|days| days * 86_400);
                return Ok(Self { ticks: seconds.values().clone(), per_second: 1, zone: None });
            }
            DataType::Date64 => (widened(array)?, 1_000, None),
            DataType::Timestamp(unit, name) => {
                let zone = match name.as_deref() {
                    None | Some("UTC" | "Z" | "+00:00") => None,
                    Some(name) => Some(zone(name)?),
                };
                (widened(array)?, per_second(*unit), zone)
            }
            DataType::Time32(unit) => {
                let numbers = cast(array, &DataType::Int32).and_then(|ticks| cast(&ticks, &DataType::Int64));
                (numbers.map_err(internal)?, per_second(*unit), None)
            }
            DataType::Time64(unit) => (widened(array)?, per_second(*unit), None),
            _ => return Err(mismatch("a date, time or timestamp is expected")),
        };
        Ok(Self { ticks: numbers.as_primitive::<Int64Type>().values().clone(), per_second, zone })
    }

    /// A time as the clocks of its zone show it.
    pub(super) fn local(&self, tick: i64) -> Option<i64> {
        let Some(zone) = &self.zone else { return Some(tick) };
        let utc = DateTime::from_timestamp(within(tick.div_euclid(self.per_second))?, 0)?;
        let offset = zone.offset_from_utc_datetime(&utc.naive_utc()).fix().local_minus_utc();
        tick.checked_add(i64::from(offset) * self.per_second)
    }

    /// The time at which the clocks of the zone show this: the first if they do so twice, the next one if they do not.
    pub(super) fn utc_of_local(&self, local: i64) -> Option<i64> {
        let Some(zone) = &self.zone else { return Some(local) };
        let mut seconds = within(local.div_euclid(self.per_second))?;
        for _ in 0..48 {
            let naive: NaiveDateTime = DateTime::<Utc>::from_timestamp(seconds, 0)?.naive_utc();
            match zone.offset_from_local_datetime(&naive) {
                LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => {
                    let utc = seconds - i64::from(offset.fix().local_minus_utc());
                    return utc.checked_mul(self.per_second)?.checked_add(local.rem_euclid(self.per_second));
                }
                LocalResult::None => seconds += 1800,
            }
        }
        None
    }
}

/// Whether the type is one whose parts are asked for.
pub(super) fn has_calendar(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..))
}

/// Whether the type is a time of the day.
pub(super) fn is_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Time32(_) | DataType::Time64(_))
}
