//! Time zones, and what calendars say of a day: several fields at once, other weeks, leap years, daylight saving.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, StructArray};
use arrow::compute::{DatePart, cast, date_part};
use arrow::datatypes::{DataType, Field, Fields, Int32Type, TimeUnit};
use chrono::{DateTime, LocalResult, Offset, TimeZone, Utc};
use chrono_tz::OffsetComponents;

use super::calendar::{Times, days_from_civil, has_calendar, is_time, per_second, year_and_month, zone};
use super::options::Options;
use super::promote::{internal, mismatch, relabel};
use super::scalar::shown;
use super::table::{Check, Function, Kernel, Plan};
use super::temporal::{beyond, each};
use super::values::{Call, Values};
use crate::Failure;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("assume_timezone", "assume_timezone(timestamp) -> timestamp", assume_types, assume).options(&["timezone", "ambiguous", "nonexistent"]).weight(20)
        .doc("a plain timestamp as what the clocks of `timezone` show; times that they show twice or never are row errors, or the `earliest` or `latest` such time by `ambiguous` and `nonexistent` = raise, earliest or latest"),
    Function::new("local_timestamp", "local_timestamp(timestamp) -> timestamp", local_types, local).weight(12)
        .doc("what the clocks of its zone show, as a plain timestamp"),
    Function::new("is_dst", "is_dst(timestamp) -> bool", dst_types, is_dst).weight(20)
        .doc("whether daylight saving holds in its zone"),
    day("is_leap_year", "is_leap_year(date or timestamp) -> bool", leap_types, is_leap_year).doc("whether its year has 366 days"),
    day("week", "week(date or timestamp) -> int64", week_types, week).options(&["week_starts_monday", "count_from_zero", "first_week_is_fully_in_year"])
        .doc("the week of the year: weeks from Monday (`week_starts_monday` = true); the first has at least four days in the year, or all with `first_week_is_fully_in_year`; days before it belong to the year before, or to week 0 with `count_from_zero`"),
    day("us_week", "us_week(date or timestamp) -> int64", number_types, us_week).doc("the week, from Sunday, of the year that most of its days are in"),
    day("us_year", "us_year(date or timestamp) -> int64", number_types, us_year).doc("the year that us_week counts in"),
    day("year_month_day", "year_month_day(date or timestamp) -> struct", year_types, year_month_day).weight(60).doc("year, month and day"),
    day("iso_calendar", "iso_calendar(date or timestamp) -> struct", iso_types, iso_calendar).weight(60).doc("iso_year, iso_week and iso_day_of_week, from 1 for Monday"),
    Function::new("subsecond", "subsecond(timestamp or time) -> float64", subsecond_types, subsecond).weight(3).doc("the fraction of the second"),
];

const fn day(name: &'static str, signature: &'static str, check: Check, kernel: Kernel) -> Function {
    Function::new(name, signature, check, kernel).weight(20)
}

const CHOICES: &[&str] = &["raise", "earliest", "latest"];

fn plain_timestamp(types: &[DataType]) -> Result<TimeUnit, Failure> {
    match types {
        [DataType::Null] => Ok(TimeUnit::Microsecond),
        [DataType::Timestamp(unit, None)] => Ok(*unit),
        _ => Err(mismatch("a timestamp without a zone is expected")),
    }
}

fn assume_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    options.word("ambiguous", CHOICES)?;
    options.word("nonexistent", CHOICES)?;
    let Some(name) = options.text("timezone")? else {
        return Err(mismatch("the option `timezone` is expected").with_parameter("/timezone"));
    };
    zone(name).map_err(|failure| failure.with_parameter("/timezone"))?;
    let unit = plain_timestamp(types)?;
    Ok(Plan::uniform(1, DataType::Timestamp(unit, None), DataType::Timestamp(unit, Some(name.into()))))
}

fn assume(call: &mut Call) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let (ambiguous, nonexistent) =
        (call.options.word("ambiguous", CHOICES)?, call.options.word("nonexistent", CHOICES)?);
    let name = call.options.text("timezone")?.unwrap_or("UTC").to_owned();
    let zone = zone(&name)?;
    let times = Times::of(&input.array)?;
    let utc = |local: i64| {
        let second = local.div_euclid(times.per_second);
        let naive = DateTime::<Utc>::from_timestamp(super::calendar::within(second)?, 0)?.naive_utc();
        let offset = match zone.offset_from_local_datetime(&naive) {
            LocalResult::Single(offset) => offset.fix().local_minus_utc(),
            LocalResult::Ambiguous(first, second) => match ambiguous {
                // The earlier instant is that of the clock further ahead.
                "earliest" => first.fix().local_minus_utc().max(second.fix().local_minus_utc()),
                "latest" => first.fix().local_minus_utc().min(second.fix().local_minus_utc()),
                _ => return None,
            },
            LocalResult::None => {
                // The clocks jump at one instant: it, or the tick before it.
                let after = after_gap(&zone, second)?;
                let ticks = after.checked_mul(times.per_second)?;
                return match nonexistent {
                    "earliest" => ticks.checked_sub(1),
                    "latest" => Some(ticks),
                    _ => None,
                };
            }
        };
        local.checked_sub(i64::from(offset).checked_mul(times.per_second)?)
    };
    let (ticks, failed) = each(call, input.array.as_ref(), &times.ticks, utc)?;
    let ticks: ArrayRef = Arc::new(ticks);
    let source = Arc::clone(&input.array);
    Ok(Values::with_errors(relabel(&ticks, call.output)?, failed, move |row| {
        let message = format!("{} is shown twice or never by the clocks of {name}", shown(source.as_ref(), row));
        Failure::invalid_input("out-of-bounds", message)
            .with_help("the options `ambiguous` and `nonexistent` = earliest or latest choose a time")
    }))
}

/// The instant, in seconds, at which the clocks skip this local time.
fn after_gap(zone: &arrow::array::timezone::Tz, local: i64) -> Option<i64> {
    let offset = |second: i64| {
        let utc = DateTime::<Utc>::from_timestamp(second, 0)?.naive_utc();
        Some(i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()))
    };
    // Before and behind the jump, which no more than a day is skipped by.
    let (mut before, mut behind) = (local - 2 * 86_400, local + 2 * 86_400);
    let old = offset(before)?;
    while behind - before > 1 {
        let middle = before + (behind - before) / 2;
        if middle + offset(middle)? <= local && offset(middle)? == old { before = middle } else { behind = middle }
    }
    Some(behind)
}

fn local_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    let from = match types {
        [DataType::Null] => DataType::Timestamp(TimeUnit::Microsecond, None),
        [from @ DataType::Timestamp(..)] => from.clone(),
        _ => return Err(mismatch("a timestamp is expected")),
    };
    let DataType::Timestamp(unit, _) = &from else { return Err(mismatch("a timestamp is expected")) };
    let output = DataType::Timestamp(*unit, None);
    Ok(Plan { inputs: vec![from], output })
}

fn local(call: &mut Call) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let times = Times::of(&input.array)?;
    let (ticks, failed) = each(call, input.array.as_ref(), &times.ticks, |tick| times.local(tick))?;
    let ticks: ArrayRef = Arc::new(ticks);
    let source = Arc::clone(&input.array);
    Ok(Values::with_errors(relabel(&ticks, call.output)?, failed, move |row| beyond(&source, row)))
}

fn dst_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    match types {
        [DataType::Null] => {
            let to = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
            Ok(Plan::uniform(1, to, DataType::Boolean))
        }
        [to @ DataType::Timestamp(_, Some(name))] => {
            zone(name)?;
            Ok(Plan::uniform(1, to.clone(), DataType::Boolean))
        }
        _ => Err(mismatch("a timestamp with a zone is expected")),
    }
}

fn is_dst(call: &mut Call) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let DataType::Timestamp(unit, Some(name)) = input.array.data_type() else {
        return Err(mismatch("a timestamp with a zone is expected"));
    };
    // A plain offset knows no daylight saving.
    let named: Option<chrono_tz::Tz> = name.parse().ok();
    let per_second = per_second(*unit);
    let times = Times::of(&input.array)?;
    let saving = |tick: i64| {
        let Some(zone) = &named else { return Some(0) };
        let utc = DateTime::<Utc>::from_timestamp(super::calendar::within(tick.div_euclid(per_second))?, 0)?;
        Some(zone.offset_from_utc_datetime(&utc.naive_utc()).dst_offset().num_seconds())
    };
    let (seconds, failed) = each(call, input.array.as_ref(), &times.ticks, saving)?;
    let bits = seconds.values().iter().map(|seconds| *seconds != 0).collect();
    let array: ArrayRef = Arc::new(BooleanArray::new(bits, seconds.nulls().cloned()));
    let source = Arc::clone(&input.array);
    Ok(Values::with_errors(array, failed, move |row| beyond(&source, row)))
}

fn dated(types: &[DataType]) -> Result<DataType, Failure> {
    match types {
        [DataType::Null] => Ok(DataType::Timestamp(TimeUnit::Microsecond, None)),
        [to] if has_calendar(to) => Ok(to.clone()),
        _ => Err(mismatch("a date or timestamp is expected")),
    }
}

fn number_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    Ok(Plan::uniform(1, dated(types)?, DataType::Int64))
}

fn leap_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    Ok(Plan::uniform(1, dated(types)?, DataType::Boolean))
}

fn week_types(name: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    for option in ["week_starts_monday", "count_from_zero", "first_week_is_fully_in_year"] {
        options.boolean(option)?;
    }
    number_types(name, types, options)
}

fn fields(names: [&str; 3]) -> Fields {
    names.iter().map(|name| Field::new(*name, DataType::Int64, true)).collect()
}

fn year_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    Ok(Plan::uniform(1, dated(types)?, DataType::Struct(fields(["year", "month", "day"]))))
}

fn iso_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    Ok(Plan::uniform(1, dated(types)?, DataType::Struct(fields(["iso_year", "iso_week", "iso_day_of_week"]))))
}

/// A number for each day, counted from 1970-01-01 by the clocks of its zone.
fn of_days(call: &mut Call, f: impl Fn(i64) -> i64) -> Result<(Int64Array, Values), Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let times = Times::of(&input.array)?;
    let day = |tick: i64| {
        let day = times.local(tick)?.div_euclid(times.per_second.checked_mul(86_400)?);
        // The arithmetic of the calendar stays far from the ends of its numbers.
        (day.abs() < 1 << 40).then(|| f(day))
    };
    let (numbers, failed) = each(call, input.array.as_ref(), &times.ticks, day)?;
    let source = Arc::clone(&input.array);
    let array: ArrayRef = Arc::new(numbers.clone());
    Ok((numbers, Values::with_errors(array, failed, move |row| beyond(&source, row))))
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn is_leap_year(call: &mut Call) -> Result<Values, Failure> {
    let (years, values) = of_days(call, |day| year_and_month(day).0)?;
    let bits = years.values().iter().map(|year| is_leap(*year)).collect();
    Ok(Values { array: Arc::new(BooleanArray::new(bits, years.nulls().cloned())), errors: values.errors })
}

/// The day on which week 1 of a year begins; weeks begin on Monday, or on Sunday.
fn first_week(year: i64, monday: bool, fully: bool) -> i64 {
    let january = days_from_civil(year, 1, 1);
    // 1970-01-01 was a Thursday.
    let weekday = (january + if monday { 3 } else { 4 }).rem_euclid(7);
    let belongs = if fully { weekday == 0 } else { weekday <= 3 };
    if belongs { january - weekday } else { january - weekday + 7 }
}

/// The year that a day's week is counted in, and the week's number from 1.
fn year_and_week(day: i64, monday: bool, fully: bool) -> (i64, i64) {
    let mut year = year_and_month(day).0;
    if day >= first_week(year + 1, monday, fully) {
        year += 1;
    } else if day < first_week(year, monday, fully) {
        year -= 1;
    }
    (year, (day - first_week(year, monday, fully)).div_euclid(7) + 1)
}

fn week(call: &mut Call) -> Result<Values, Failure> {
    let options = call.options;
    let monday = options.value("week_starts_monday").is_none() || options.boolean("week_starts_monday")?;
    let (zero, fully) = (options.boolean("count_from_zero")?, options.boolean("first_week_is_fully_in_year")?);
    let number = |day: i64| {
        if zero {
            let year = year_and_month(day).0;
            let first = first_week(year, monday, fully);
            return if day < first { 0 } else { (day - first).div_euclid(7) + 1 };
        }
        year_and_week(day, monday, fully).1
    };
    Ok(of_days(call, number)?.1)
}

fn us_week(call: &mut Call) -> Result<Values, Failure> {
    Ok(of_days(call, |day| year_and_week(day, false, false).1)?.1)
}
fn us_year(call: &mut Call) -> Result<Values, Failure> {
    Ok(of_days(call, |day| year_and_week(day, false, false).0)?.1)
}

/// Structs of three numbers of each day.
fn triples(call: &mut Call, parts: [DatePart; 3], plus: [i64; 3]) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    call.meter.allocate(call.rows as u64 * 24)?;
    let array = match input.array.data_type() {
        DataType::Date32 | DataType::Date64 => {
            cast(&input.array, &DataType::Timestamp(TimeUnit::Second, None)).map_err(internal)?
        }
        _ => Arc::clone(&input.array),
    };
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(3);
    for (part, plus) in parts.into_iter().zip(plus) {
        let found = date_part(array.as_ref(), part).map_err(internal)?;
        let found = found.as_primitive::<Int32Type>().unary::<_, arrow::datatypes::Int64Type>(|x| i64::from(x) + plus);
        columns.push(Arc::new(found));
    }
    let DataType::Struct(fields) = call.output else { return Err(mismatch("a struct is made")) };
    // Years that the calendar does not reach come out as null.
    let nulls = columns.first().and_then(|column| column.nulls().cloned());
    let result: ArrayRef = Arc::new(StructArray::try_new(fields.clone(), columns, nulls).map_err(internal)?);
    let source = Arc::clone(&input.array);
    Ok(Values::nulls_are_errors(&input.array, result, move |row| beyond(&source, row)))
}

fn year_month_day(call: &mut Call) -> Result<Values, Failure> {
    triples(call, [DatePart::Year, DatePart::Month, DatePart::Day], [0, 0, 0])
}
fn iso_calendar(call: &mut Call) -> Result<Values, Failure> {
    triples(call, [DatePart::YearISO, DatePart::WeekISO, DatePart::DayOfWeekMonday0], [0, 0, 1])
}

fn subsecond_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    let to = match types {
        [to] if is_time(to) => to.clone(),
        [DataType::Date32 | DataType::Date64] => return Err(mismatch("a timestamp or time is expected")),
        _ => dated(types)?,
    };
    Ok(Plan::uniform(1, to, DataType::Float64))
}

fn subsecond(call: &mut Call) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let times = Times::of(&input.array)?;
    let fraction = |tick: &i64| tick.rem_euclid(times.per_second) as f64 / times.per_second as f64;
    let fractions: Vec<f64> = times.ticks.iter().map(fraction).collect();
    Ok(Values::of(Arc::new(Float64Array::new(fractions.into(), input.array.nulls().cloned()))))
}
