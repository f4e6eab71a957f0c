//! Dates and times as ISO 8601 text.

use arrow::array::timezone::Tz;
use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use chrono::{DateTime, NaiveDate, NaiveTime};
use serde_json::Value;

const NANOS: i64 = 1_000_000_000;

/// The value at `row`; its bare number where no calendar holds it.
pub(super) fn of(array: &dyn Array, row: usize) -> Value {
    let Some(number) = number(array, row) else { return Value::Null };
    let text = match array.data_type() {
        DataType::Date32 => {
            NaiveDate::from_epoch_days(i32::try_from(number).unwrap_or(i32::MAX)).map(|date| date.to_string())
        }
        DataType::Date64 => date(number),
        DataType::Time32(unit) | DataType::Time64(unit) => time(number, *unit),
        DataType::Timestamp(unit, zone) => timestamp(number, *unit, zone.as_deref()),
        _ => None,
    };
    text.map_or_else(|| Value::Number(number.into()), Value::String)
}

fn number(array: &dyn Array, row: usize) -> Option<i64> {
    let physical = match array.data_type() {
        DataType::Date32 | DataType::Time32(_) => cast(&array.slice(row, 1), &DataType::Int32).ok()?,
        _ => array.slice(row, 1),
    };
    let wide = cast(&physical, &DataType::Int64).ok()?;
    let wide = wide.as_primitive_opt::<Int64Type>()?;
    wide.is_valid(0).then(|| wide.value(0))
}

/// Milliseconds; the time of day is told only where there is one.
fn date(millis: i64) -> Option<String> {
    let moment = DateTime::from_timestamp_millis(millis)?.naive_utc();
    let midnight = moment.time() == NaiveTime::MIN;
    Some(if midnight { moment.date().to_string() } else { moment.format("%Y-%m-%dT%H:%M:%S%.f").to_string() })
}

fn time(number: i64, unit: TimeUnit) -> Option<String> {
    let (seconds, nanos) = split(number, unit);
    let time = NaiveTime::from_num_seconds_from_midnight_opt(u32::try_from(seconds).ok()?, nanos)?;
    Some(format!("{}{}", time.format("%H:%M:%S"), fraction(nanos)))
}

fn timestamp(number: i64, unit: TimeUnit, zone: Option<&str>) -> Option<String> {
    let (seconds, nanos) = split(number, unit);
    let moment = DateTime::from_timestamp(seconds, nanos)?;
    const FORMAT: &str = "%Y-%m-%dT%H:%M:%S";
    let fraction = fraction(nanos);
    Some(match zone {
        None => format!("{}{fraction}", moment.naive_utc().format(FORMAT)),
        Some("UTC" | "Z" | "+00:00" | "Etc/UTC") => format!("{}{fraction}Z", moment.naive_utc().format(FORMAT)),
        Some(zone) => {
            let zone: Tz = zone.parse().ok()?;
            let local = moment.with_timezone(&zone);
            format!("{}{fraction}{}", local.format(FORMAT), local.format("%:z"))
        }
    })
}

/// The part of a second with its point, as many digits as are needed, if there is one.
fn fraction(nanos: u32) -> String {
    let text = if nanos == 0 { String::new() } else { format!(".{nanos:09}") };
    text.trim_end_matches('0').to_owned()
}

/// Whole seconds, rounded down, and the nanoseconds above.
fn split(number: i64, unit: TimeUnit) -> (i64, u32) {
    let per_second = match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => NANOS,
    };
    let nanos = number.rem_euclid(per_second) * (NANOS / per_second);
    (number.div_euclid(per_second), u32::try_from(nanos).unwrap_or(0))
}
