//! Dates and timestamps: their parts, cutting them to a unit, and differences.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{DatePart, cast, date_part};
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimeUnit};

use super::calendar::{Times, UNITS, Unit, has_calendar, is_time};
use super::numbers::both;
use super::options::Options;
use super::promote::{common, internal, mismatch, relabel};
use super::scalar::shown;
use super::table::{Function, Kernel, Literals, Plan};
use super::values::{Call, Values};
use crate::Failure;

pub(super) const FUNCTIONS: &[Function] = &[
    part("year", "year(date or timestamp) -> int64", year).doc("the year"),
    part("quarter", "quarter(date or timestamp) -> int64", quarter).doc("the quarter, 1 to 4"),
    part("month", "month(date or timestamp) -> int64", month).doc("the month, 1 to 12"),
    part("day", "day(date or timestamp) -> int64", day).doc("the day of the month, from 1"),
    part("day_of_year", "day_of_year(date or timestamp) -> int64", day_of_year).doc("the day of the year, from 1"),
    part("day_of_week", "day_of_week(date or timestamp) -> int64", day_of_week).options(&["count_from_zero", "week_start"])
        .doc("the day of the week from 0, or from 1 with `count_from_zero` = false; `week_start` = 1 (Monday) to 7 (Sunday)"),
    part("iso_week", "iso_week(date or timestamp) -> int64", iso_week).doc("the week of the ISO year, from 1"),
    part("iso_year", "iso_year(date or timestamp) -> int64", iso_year).doc("the year that the ISO week belongs to"),
    part("hour", "hour(timestamp or time) -> int64", hour).doc("the hour, 0 to 23"),
    part("minute", "minute(timestamp or time) -> int64", minute).doc("the minute, 0 to 59"),
    part("second", "second(timestamp or time) -> int64", second).doc("the second, 0 to 59"),
    part("millisecond", "millisecond(timestamp or time) -> int64", millisecond).doc("the millisecond of the second, 0 to 999"),
    part("microsecond", "microsecond(timestamp or time) -> int64", microsecond).doc("the microsecond of the millisecond, 0 to 999"),
    part("nanosecond", "nanosecond(timestamp or time) -> int64", nanosecond).doc("the nanosecond of the microsecond, 0 to 999"),
    Function::new("epoch", "epoch(date or timestamp) -> float64", epoch_types, epoch).weight(2).doc("the seconds since 1970-01-01 UTC"),
    rounded("floor_temporal", "floor_temporal(date or timestamp) -> same", floor).options(&["unit", "multiple", "week_starts_monday"])
        .differs("dates are not rounded to units below a day, and where clocks change Arrow's weeks from Sunday may begin an hour off")
        .doc("the beginning of the `unit` (day) that it lies in: year, quarter, month, week (from Monday; from Sunday with `week_starts_monday` = false), day, hour, minute, second, millisecond, microsecond; or of `multiple` (1) such units, counted from 1970-01-01, years from 0"),
    rounded("ceil_temporal", "ceil_temporal(date or timestamp) -> same", ceil).options(&["unit", "multiple", "week_starts_monday", "ceil_is_strictly_greater"])
        .differs("Arrow goes to the next year, quarter or month also from the very beginning of one; dates are not rounded to units below a day, and where clocks change Arrow's weeks from Sunday may begin an hour off")
        .doc("the end of the `unit` that it lies in; where one begins, that beginning, unless `ceil_is_strictly_greater` = true"),
    rounded("round_temporal", "round_temporal(date or timestamp) -> same", round).options(&["unit", "multiple", "week_starts_monday"])
        .differs("dates are not rounded to units below a day, and where clocks change Arrow's weeks from Sunday may begin an hour off")
        .doc("the nearer of the beginning and the end of the `unit` that it lies in, the end if both are as near"),
    between("years_between", years_between),
    between("quarters_between", quarters_between),
    between("months_between", months_between),
    between("weeks_between", weeks_between),
    between("days_between", days_between),
    between("hours_between", hours_between),
    between("minutes_between", minutes_between),
    between("seconds_between", seconds_between),
    between("milliseconds_between", milliseconds_between),
    between("microseconds_between", microseconds_between),
    between("nanoseconds_between", nanoseconds_between),
];

const fn part(name: &'static str, signature: &'static str, kernel: Kernel) -> Function {
    Function::new(name, signature, part_types, kernel).weight(20)
}

const fn rounded(name: &'static str, signature: &'static str, kernel: Kernel) -> Function {
    Function::new(name, signature, floor_types, kernel).weight(20)
}

const fn between(name: &'static str, kernel: Kernel) -> Function {
    Function::new(name, "(date or timestamp, date or timestamp) -> int64", between_types, kernel)
        .arity(2, 2)
        .literals(Literals::Text)
        .weight(12)
        .doc("how many beginnings of such a unit lie between the first and the second; negative if the second is earlier")
}

fn part_types(name: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    if name == "day_of_week" {
        week_options(options)?;
    }
    let of_day = matches!(name, "hour" | "minute" | "second" | "millisecond" | "microsecond" | "nanosecond");
    let to = match types {
        [DataType::Null] => DataType::Timestamp(TimeUnit::Microsecond, None),
        [to] if has_calendar(to) || (of_day && is_time(to)) => to.clone(),
        _ if of_day => return Err(mismatch("a timestamp or time is expected")),
        _ => return Err(mismatch("a date or timestamp is expected")),
    };
    Ok(Plan::uniform(1, to, DataType::Int64))
}

fn week_options(options: &Options) -> Result<(bool, i64), Failure> {
    let from_zero = options.value("count_from_zero").is_none() || options.boolean("count_from_zero")?;
    let start = options.integer("week_start")?.unwrap_or(1);
    if (1..=7).contains(&start) {
        Ok((from_zero, start))
    } else {
        let failure = Failure::invalid_config("out-of-bounds", "week_start must be 1 (Monday) to 7 (Sunday)");
        Err(failure.with_parameter("/week_start"))
    }
}

fn parts(call: &mut Call, part: DatePart, map: impl Fn(i64) -> i64) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    // Arrow knows no hours of dates; their midnight has them.
    let dated = matches!(input.array.data_type(), DataType::Date32 | DataType::Date64);
    let array = if dated && !matches!(part, DatePart::Year | DatePart::Month | DatePart::Day) {
        cast(&input.array, &DataType::Timestamp(TimeUnit::Second, None)).map_err(internal)?
    } else {
        Arc::clone(&input.array)
    };
    let found = date_part(array.as_ref(), part).map_err(internal)?;
    let found: ArrayRef =
        Arc::new(found.as_primitive::<Int32Type>().unary::<_, Int64Type>(|value| map(i64::from(value))));
    // Years that the calendar does not reach come out as null.
    let source = Arc::clone(&input.array);
    Ok(Values::nulls_are_errors(&input.array, found, move |row| beyond(&source, row)))
}

pub(super) fn beyond(array: &ArrayRef, row: usize) -> Failure {
    Failure::invalid_input("out-of-bounds", format!("{} is beyond the calendar", shown(array.as_ref(), row)))
}

fn year(call: &mut Call) -> Result<Values, Failure> {
    parts(call, DatePart::Year, |value| value)
}
fn quarter(call: &mut Call) -> Result<Values, Failure> {
    parts(call, DatePart::Quarter, |value| value)
}
fn month(call: &mut Call) -> Result<Values, Failure> {
    parts(call, DatePart::Month, |value| value)
}
fn day(call: &mut Call) -> Result<Values, Failure> {
    parts(call, DatePart::Day, |value| value)
}
fn day_of_year(call: &mut Call) -> Result<Values, Failure> {
    parts(call, DatePart::DayOfYear, |value| value)
}
fn day_of_week(call: &mut Call) -> Result<Values, Failure> {
    let (from_zero, start) = week_options(call.options)?;
    parts(call, DatePart::DayOfWeekMonday0, |value| (value - (start - 1)).rem_euclid(7) + i64::from(!from_zero))
}
fn iso_week(call: &mut Call) -> Result<Values, Failure> {
    parts(call, DatePart::WeekISO, |value| value)
}
fn iso_year(call: &mut Call) -> Result<Values, Failure> {
    parts(call, DatePart::YearISO, |value| value)
}
fn hour(call: &mut Call) -> Result<Values, Failure> {
    parts(call, DatePart::Hour, |value| value)
}
fn minute(call: &mut Call) -> Result<Values, Failure> {
    parts(call, DatePart::Minute, |value| value)
}
fn second(call: &mut Call) -> Result<Values, Failure> {
    parts(call, DatePart::Second, |value| value)
}
fn millisecond(call: &mut Call) -> Result<Values, Failure> {
    parts(call, DatePart::Millisecond, |value| value % 1_000)
}
fn microsecond(call: &mut Call) -> Result<Values, Failure> {
    parts(call, DatePart::Microsecond, |value| value % 1_000)
}
fn nanosecond(call: &mut Call) -> Result<Values, Failure> {
    parts(call, DatePart::Nanosecond, |value| value % 1_000)
}

fn epoch_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    match types {
        [DataType::Null] => Ok(Plan::uniform(1, DataType::Timestamp(TimeUnit::Microsecond, None), DataType::Float64)),
        [to] if has_calendar(to) || is_time(to) => Ok(Plan::uniform(1, to.clone(), DataType::Float64)),
        _ => Err(mismatch("a date or timestamp is expected")),
    }
}

fn epoch(call: &mut Call) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let times = Times::of(&input.array)?;
    let seconds: Vec<f64> = times.ticks.iter().map(|tick| *tick as f64 / times.per_second as f64).collect();
    Ok(Values::of(Arc::new(Float64Array::new(seconds.into(), input.array.nulls().cloned()))))
}

/// The unit of rounding, and how many of it.
fn unit_of(options: &Options) -> Result<(Unit, i64), Failure> {
    let mut unit = Unit::of(options.word("unit", UNITS)?);
    let monday = options.value("week_starts_monday").is_none() || options.boolean("week_starts_monday")?;
    if let (Unit::Weeks(before), false) = (&mut unit, monday) {
        *before = 4;
    }
    match options.integer("multiple")?.unwrap_or(1) {
        multiple @ 1..=1_000_000_000 => Ok((unit, multiple)),
        _ => {
            let failure = Failure::invalid_config("out-of-bounds", "multiple must be 1 to 1 000 000 000");
            Err(failure.with_parameter("/multiple"))
        }
    }
}

fn floor_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    let (unit, _) = unit_of(options)?;
    options.boolean("ceil_is_strictly_greater")?;
    match types {
        [DataType::Null] => {
            let to = DataType::Timestamp(TimeUnit::Microsecond, None);
            Ok(Plan::uniform(1, to.clone(), to))
        }
        [to] if has_calendar(to) || (is_time(to) && !unit.of_days()) => Ok(Plan::uniform(1, to.clone(), to.clone())),
        _ => Err(mismatch("a date or timestamp is expected")),
    }
}

/// Which of the two ends of a unit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Begin,
    Behind,
    Nearer,
}

fn floor(call: &mut Call) -> Result<Values, Failure> {
    cut_to(call, Edge::Begin)
}
fn ceil(call: &mut Call) -> Result<Values, Failure> {
    cut_to(call, Edge::Behind)
}
fn round(call: &mut Call) -> Result<Values, Failure> {
    cut_to(call, Edge::Nearer)
}

fn cut_to(call: &mut Call, end: Edge) -> Result<Values, Failure> {
    let (unit, multiple) = unit_of(call.options)?;
    let strictly = call.options.boolean("ceil_is_strictly_greater")?;
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let times = Times::of(&input.array)?;
    let of_day = is_time(input.array.data_type());
    let of_date = matches!(input.array.data_type(), DataType::Date32 | DataType::Date64);
    let cut = |tick: i64| {
        if unit.is_finer_than(times.per_second) || (of_date && !unit.of_days()) {
            return Some(tick);
        }
        let local = times.local(tick)?;
        let index = unit.index(local, times.per_second)?.checked_sub(unit.origin())?;
        let index = index.div_euclid(multiple).checked_mul(multiple)?.checked_add(unit.origin())?;
        let begin = unit.begin(index, times.per_second)?;
        let behind = || unit.begin(index.checked_add(multiple)?, times.per_second);
        let cut = match end {
            Edge::Begin => begin,
            Edge::Behind if begin == local && !strictly => begin,
            Edge::Behind => behind()?,
            Edge::Nearer => {
                let behind = behind()?;
                if local.checked_sub(begin)? >= behind.checked_sub(local)? { behind } else { begin }
            }
        };
        if of_day && cut >= times.per_second * 86_400 {
            return None;
        }
        if unit.of_days() {
            return times.utc_of_local(cut);
        }
        let near = tick.checked_sub(local.checked_sub(cut)?)?;
        // Where the clocks have changed in between, it is what they show that is cut.
        if times.local(near)? == cut { Some(near) } else { times.utc_of_local(cut) }
    };
    let (ticks, failed) = each(call, input.array.as_ref(), &times.ticks, cut)?;
    let ticks: ArrayRef = match call.output {
        DataType::Date32 => {
            let days =
                ticks.unary::<_, Int32Type>(|seconds| i32::try_from(seconds.div_euclid(86_400)).unwrap_or(i32::MIN));
            Arc::new(days)
        }
        DataType::Time32(_) => Arc::new(ticks.unary::<_, Int32Type>(|ticks| i32::try_from(ticks).unwrap_or_default())),
        _ => Arc::new(ticks),
    };
    let array = relabel(&ticks, call.output)?;
    let source = Arc::clone(&input.array);
    Ok(Values::with_errors(array, failed, move |row| beyond(&source, row)))
}

/// A number for each valid row, and the rows that have none.
pub(super) fn each(
    call: &mut Call,
    array: &dyn Array,
    ticks: &[i64],
    f: impl Fn(i64) -> Option<i64>,
) -> Result<(Int64Array, BooleanBuffer), Failure> {
    let mut values = Vec::with_capacity(ticks.len());
    let mut failed = arrow::array::BooleanBufferBuilder::new(ticks.len());
    for (row, tick) in ticks.iter().enumerate() {
        call.tick(8)?;
        let valid = array.is_valid(row);
        let value = if valid { f(*tick) } else { Some(0) };
        failed.append(value.is_none());
        values.push(value.unwrap_or_default());
    }
    Ok((Int64Array::new(values.into(), array.nulls().cloned()), failed.finish()))
}

fn between_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    match common(types) {
        Some(DataType::Null) => Ok(Plan::uniform(2, DataType::Timestamp(TimeUnit::Microsecond, None), DataType::Int64)),
        Some(to) if has_calendar(&to) || is_time(&to) => Ok(Plan::uniform(2, to, DataType::Int64)),
        _ => Err(mismatch("dates or timestamps are expected")),
    }
}

fn difference(call: &mut Call, unit: &str) -> Result<Values, Failure> {
    let [left, right] = call.inputs else { return Err(mismatch("two arguments are expected")) };
    let Ok(nulls) = both(left, right) else { return Ok(call.all_null()) };
    let (unit, from, to) = (Unit::of(unit), Times::of(&left.array)?, Times::of(&right.array)?);
    let index = |times: &Times, row: usize| unit.index(times.local(*times.ticks.get(row)?)?, times.per_second);
    let mut values = Vec::with_capacity(call.rows);
    let mut failed = arrow::array::BooleanBufferBuilder::new(call.rows);
    for row in 0..call.rows {
        call.tick(16)?;
        let valid = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        let count = match (index(&from, left.at(row)), index(&to, right.at(row))) {
            (Some(from), Some(to)) => to.checked_sub(from),
            _ => None,
        };
        failed.append(valid && count.is_none());
        values.push(count.unwrap_or_default());
    }
    let array: ArrayRef = Arc::new(Int64Array::new(values.into(), nulls));
    let (left, right) = (left.clone(), right.clone());
    Ok(Values::with_errors(array, failed.finish(), move |row| {
        let (from, to) = (shown(left.array.as_ref(), left.at(row)), shown(right.array.as_ref(), right.at(row)));
        Failure::invalid_input("integer-overflow", format!("the units between {from} and {to} are too many"))
    }))
}

macro_rules! differences {
    ($($name:ident $unit:literal),*) => {$(
        fn $name(call: &mut Call) -> Result<Values, Failure> {
            difference(call, $unit)
        }
    )*};
}
differences!(years_between "year", quarters_between "quarter", months_between "month", weeks_between "week",
    days_between "day", hours_between "hour", minutes_between "minute", seconds_between "second",
    milliseconds_between "millisecond", microseconds_between "microsecond", nanoseconds_between "nanosecond");
