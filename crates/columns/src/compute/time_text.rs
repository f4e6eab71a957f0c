//! Timestamps as text and back, by chrono's format of strftime and strptime.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use chrono::format::{Fixed, Item, Numeric, Parsed, StrftimeItems, parse};
use chrono::{DateTime, NaiveTime, TimeZone, Utc};

use super::calendar::{Times, has_calendar, is_time, zone};
use super::options::Options;
use super::promote::{internal, mismatch, relabel};
use super::scalar::shown;
use super::strings::all_text;
use super::table::{Function, Plan};
use super::text::{Texts, Writer};
use super::values::{Call, Input, Values};
use crate::Failure;

/// Bytes that a format may have.
const MAX_FORMAT: usize = 1024;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("strftime", "strftime(date, time or timestamp, [format]) -> text", format_types, strftime)
        .arity(1, 2).options(&["format"]).pieces().weight(80)
        .differs("without a `format` a date has no time, and seconds no fraction")
        .doc("as text of the `format` (%Y-%m-%dT%H:%M:%S), local to the timestamp's zone"),
    Function::new("strptime", "strptime(text, [format]) -> type", parse_types, strptime)
        .arity(1, 2).options(&["format", "type"]).weight(40)
        .doc("read from text of the `format`, as the `type`: timestamp, or timestamp[UTC] if the option `format` has an offset; text of another form is a row error"),
];

/// The items of a format.
fn items(format: &str) -> Result<Vec<Item<'_>>, Failure> {
    if format.len() > MAX_FORMAT {
        return Err(Failure::limit("too-large", "a format may have at most 1 KiB").with_parameter("/format"));
    }
    let items: Vec<Item> = StrftimeItems::new(format).collect();
    if items.iter().any(|item| matches!(item, Item::Error)) {
        let failure = Failure::invalid_config("syntax", format!("{format:?} is not a format of dates and times"));
        return Err(failure
            .with_parameter("/format")
            .with_help("fields are written like %Y-%m-%d %H:%M:%S; %% is a percent sign"));
    }
    Ok(items)
}

fn has_offset(items: &[Item]) -> bool {
    let offset = |fixed: &Fixed| {
        matches!(
            fixed,
            Fixed::TimezoneOffset
                | Fixed::TimezoneOffsetColon
                | Fixed::TimezoneOffsetZ
                | Fixed::TimezoneOffsetColonZ
                | Fixed::TimezoneOffsetDoubleColon
                | Fixed::TimezoneOffsetTripleColon
                | Fixed::RFC2822
                | Fixed::RFC3339
        )
    };
    // `%#z` is an internal item of chrono's; nothing else is.
    let shown = |item: &Item| matches!(item, Item::Fixed(fixed) if offset(fixed) || format!("{fixed:?}").starts_with("Internal(") && format!("{fixed:?}").contains("Offset"));
    items.iter().any(shown) || items.iter().any(|item| matches!(item, Item::Numeric(Numeric::Timestamp, _)))
}

fn format_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    if let Some(format) = options.text("format")? {
        items(format)?;
    }
    let text = |data_type: &DataType| matches!(data_type, DataType::Utf8 | DataType::Null);
    match types {
        [first, rest @ ..] if (has_calendar(first) || is_time(first)) && rest.iter().all(text) => {
            let mut inputs = vec![first.clone()];
            inputs.extend(rest.iter().map(|_| DataType::Utf8));
            Ok(Plan { inputs, output: DataType::Utf8 })
        }
        [DataType::Null, rest @ ..] if rest.iter().all(text) => {
            let mut inputs = vec![DataType::Timestamp(TimeUnit::Microsecond, None)];
            inputs.extend(rest.iter().map(|_| DataType::Utf8));
            Ok(Plan { inputs, output: DataType::Utf8 })
        }
        _ => Err(mismatch("a date, time or timestamp is expected")),
    }
}

/// The format, from the options or a scalar; `None` if it is a null.
fn format_of<'a>(call: &Call<'a>, otherwise: &'a str) -> Result<Option<&'a str>, Failure> {
    if let Some(format) = call.options.text("format")? {
        return Ok(Some(format));
    }
    match call.inputs.get(1) {
        None => Ok(Some(otherwise)),
        Some(input) if input.scalar => Ok(input.scalar_text()),
        Some(_) => Err(mismatch("the format must be a constant")),
    }
}

fn strftime(call: &mut Call) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let usual = match input.array.data_type() {
        DataType::Date32 | DataType::Date64 => "%Y-%m-%d",
        DataType::Time32(_) | DataType::Time64(_) => "%H:%M:%S",
        _ => "%Y-%m-%dT%H:%M:%S",
    };
    let Some(format) = format_of(call, usual)? else { return Ok(call.all_null()) };
    let items = items(format)?;
    let name = match input.array.data_type() {
        DataType::Timestamp(_, Some(name)) => Some(zone(name)?),
        _ => None,
    };
    let times = Times::of(&input.array)?;
    let array = Arc::clone(&input.array);
    let mut out = Writer::new(call.rows, call.rows * 20, call.meter)?;
    let (mut failed, mut text) = (vec![false; call.rows], String::new());
    for (row, failed) in failed.iter_mut().enumerate() {
        if array.is_valid(row) {
            text.clear();
            let tick = times.ticks.get(row).copied().unwrap_or_default();
            let (second, rest) = (tick.div_euclid(times.per_second), tick.rem_euclid(times.per_second));
            let nanos = rest * (1_000_000_000 / times.per_second);
            let written = DateTime::<Utc>::from_timestamp(second, u32::try_from(nanos).unwrap_or_default()).map(
                |utc| match &name {
                    Some(zone) => {
                        let local = zone.from_utc_datetime(&utc.naive_utc());
                        write!(text, "{}", local.format_with_items(items.iter()))
                    }
                    None => write!(text, "{}", utc.naive_utc().format_with_items(items.iter())),
                },
            );
            *failed = !matches!(written, Some(Ok(())));
            if !*failed {
                out.push(&text, call.meter)?;
            }
            call.tick(text.len() * 8 + 64)?;
        }
        out.end_row();
    }
    let format = format.to_owned();
    let result = out.finish(array.nulls().cloned())?;
    Ok(Values::with_errors(result, failed.into(), move |row| {
        let value = shown(array.as_ref(), row);
        Failure::invalid_input("invalid-cast", format!("{value} has no form {format:?}"))
            .with_help("an offset or zone (%z, %Z) needs a timestamp with a zone")
    }))
}

fn parse_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    let zoned = match options.text("format")? {
        Some(format) => has_offset(&items(format)?),
        None => false,
    };
    let output = match options.data_type("type")? {
        Some(to @ (DataType::Timestamp(..) | DataType::Date32 | DataType::Date64)) => to,
        Some(_) => return Err(mismatch("strptime gives a date or a timestamp").with_parameter("/type")),
        None if zoned => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        None => DataType::Timestamp(TimeUnit::Microsecond, None),
    };
    all_text(types, output)
}

/// Makes what the text leaves out of a date the first of its kind: a year its first day, a time one of 1900-01-01.
fn begin(parsed: &mut Parsed) -> Option<()> {
    let year = parsed.year().is_some() || parsed.year_mod_100().is_some() || parsed.isoyear().is_some();
    if !year {
        parsed.set_year(1900).ok()?;
    }
    if parsed.ordinal().is_none() {
        if parsed.month().is_none() {
            parsed.set_month(1).ok()?;
        }
        if parsed.day().is_none() {
            parsed.set_day(1).ok()?;
        }
    }
    Some(())
}

/// Microseconds since 1970-01-01, of UTC if the text has an offset.
fn micros(text: &str, items: &[Item]) -> Option<i64> {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, items.iter()).ok()?;
    if let Some(seconds) = parsed.timestamp() {
        return seconds.checked_mul(1_000_000)?.checked_add(i64::from(parsed.nanosecond().unwrap_or(0) / 1000));
    }
    let no_time = parsed.hour_mod_12().is_none() && parsed.hour_div_12().is_none() && parsed.minute().is_none();
    if !no_time && parsed.minute().is_none() {
        parsed.set_minute(0).ok()?;
    }
    let time = if no_time { NaiveTime::MIN } else { parsed.to_naive_time().ok()? };
    let date = match parsed.to_naive_date() {
        Ok(date) => date,
        Err(_) => {
            begin(&mut parsed)?;
            parsed.to_naive_date().ok()?
        }
    };
    let offset = i64::from(parsed.offset().unwrap_or(0));
    date.and_time(time).and_utc().timestamp_micros().checked_sub(offset * 1_000_000)
}

fn strptime(call: &mut Call) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let Ok(nulls) = input.nulls() else { return Ok(call.all_null()) };
    let Some(format) = format_of(call, "%Y-%m-%dT%H:%M:%S")? else { return Ok(call.all_null()) };
    let items = items(format)?;
    let texts = Texts::of(input);
    let (mut values, mut failed) = (Vec::with_capacity(call.rows), vec![false; call.rows]);
    for (row, failed) in failed.iter_mut().enumerate() {
        let mut value = Some(0);
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            let text = texts.get(row);
            call.tick(text.len() + items.len() * 16)?;
            value = if text.len() > MAX_FORMAT { None } else { micros(text, &items) };
        }
        *failed = value.is_none();
        values.push(value);
    }
    let micros: ArrayRef = Arc::new(Int64Array::new(
        values.iter().map(|value| value.unwrap_or_default()).collect(),
        arrow::buffer::NullBuffer::union(nulls.as_ref(), Some(&failed.iter().map(|failed| !failed).collect())),
    ));
    let micros = relabel(&micros, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
    let array = converted(&micros, call.output, has_offset(&items))?;
    let (source, format) = (input.clone(), format.to_owned());
    let source: Input = source;
    let original = Arc::clone(&source.array);
    Ok(Values::nulls_are_errors(&original, array, move |row| {
        let text = shown(source.array.as_ref(), source.at(row));
        Failure::invalid_input("invalid-cast", format!("{text} is not of the form {format:?}"))
    }))
}

/// Microseconds in the type asked for; local to its zone if the text told no offset.
fn converted(micros: &ArrayRef, to: &DataType, utc: bool) -> Result<ArrayRef, Failure> {
    match to {
        DataType::Timestamp(_, Some(_)) if utc => {
            let utc = relabel(micros, &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))?;
            cast(&utc, to).map_err(internal)
        }
        _ => cast(micros, to).map_err(internal),
    }
}
