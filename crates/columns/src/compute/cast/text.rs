//! Numbers and times as the text that SQL gives them, where Arrow's own form is another one.

use std::fmt::Write;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use chrono::{DateTime, Offset, TimeZone, Utc};

use crate::Failure;
use crate::compute::calendar::Times;
use crate::compute::text::Writer;
use crate::compute::values::Call;

/// The column as text; none for types whose form is Arrow's. Null where no calendar holds the value.
pub(super) fn of(call: &mut Call, array: &ArrayRef) -> Result<Option<ArrayRef>, Failure> {
    match array.data_type() {
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            written(call, array, |row, text| float(text, values.value(row))).map(Some)
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            written(call, array, |row, text| narrow_float(text, values.value(row))).map(Some)
        }
        DataType::Timestamp(_, zone) => {
            let times = Times::of(array)?;
            let zoned = zone.is_some();
            written(call, array, |row, text| timestamp(text, &times, row, zoned)).map(Some)
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            let times = Times::of(array)?;
            written(call, array, |row, text| time(text, &times, row)).map(Some)
        }
        _ => Ok(None),
    }
}

/// Each row's text, as `write` gives it; null where it gives none.
fn written(
    call: &mut Call,
    array: &ArrayRef,
    write: impl Fn(usize, &mut String) -> Option<()>,
) -> Result<ArrayRef, Failure> {
    let mut out = Writer::new(call.rows, call.rows * 20, call.meter)?;
    let (mut valid, mut text) = (Vec::with_capacity(array.len()), String::new());
    for row in 0..array.len() {
        text.clear();
        let well = array.is_valid(row) && write(row, &mut text).is_some();
        if well {
            out.push(&text, call.meter)?;
        }
        valid.push(well);
        out.end_row();
        call.tick(32)?;
    }
    out.finish(Some(valid.into()))
}

/// The shortest text that reads back, with an exponent of two digits below 1e-4 and from 1e16 on.
fn float(text: &mut String, value: f64) -> Option<()> {
    if value.is_nan() {
        text.push_str("nan");
        return Some(());
    }
    let size = value.abs();
    if !value.is_finite() || size == 0.0 || (1e-4..1e16).contains(&size) {
        return write!(text, "{value:?}").ok();
    }
    scientific(text, &format!("{value:e}"))
}

fn narrow_float(text: &mut String, value: f32) -> Option<()> {
    let size = value.abs();
    if value.is_finite() && size != 0.0 && !(1e-4..1e16).contains(&size) {
        return scientific(text, &format!("{value:e}"));
    }
    if value.is_finite() { write!(text, "{value:?}").ok() } else { float(text, f64::from(value)) }
}

/// `1.5e-7` as `1.5e-07`.
fn scientific(text: &mut String, shortest: &str) -> Option<()> {
    let (digits, exponent) = shortest.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    write!(text, "{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs()).ok()
}

/// `2024-02-29 12:00:00.5`, and the offset of a zone behind it: `+00`, `+05:45`.
fn timestamp(text: &mut String, times: &Times, row: usize, zoned: bool) -> Option<()> {
    let tick = *times.ticks.get(row)?;
    let (second, rest) = (tick.div_euclid(times.per_second), tick.rem_euclid(times.per_second));
    let utc = DateTime::<Utc>::from_timestamp(second, 0)?.naive_utc();
    let offset = match &times.zone {
        // Only what the local calendar holds as well has a form.
        Some(zone) => {
            times.local(tick)?;
            zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()
        }
        None => 0,
    };
    let local = utc.checked_add_signed(chrono::TimeDelta::seconds(i64::from(offset)))?;
    write!(text, "{}", local.format("%Y-%m-%d %H:%M:%S")).ok()?;
    fraction(text, rest, times.per_second)?;
    if zoned {
        let (sign, offset) = (if offset < 0 { '-' } else { '+' }, offset.abs());
        write!(text, "{sign}{:02}", offset / 3600).ok()?;
        let (minutes, seconds) = (offset / 60 % 60, offset % 60);
        if minutes != 0 || seconds != 0 {
            write!(text, ":{minutes:02}").ok()?;
        }
        if seconds != 0 {
            write!(text, ":{seconds:02}").ok()?;
        }
    }
    Some(())
}

/// `12:00:00.5`; none for what is no time of day.
fn time(text: &mut String, times: &Times, row: usize) -> Option<()> {
    let tick = *times.ticks.get(row)?;
    let (second, rest) = (tick.div_euclid(times.per_second), tick.rem_euclid(times.per_second));
    if !(0..86_400).contains(&second) {
        return None;
    }
    write!(text, "{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60).ok()?;
    fraction(text, rest, times.per_second)
}

/// The part of a second behind a point, without zeros at its end, if there is one.
fn fraction(text: &mut String, rest: i64, per_second: i64) -> Option<()> {
    if rest == 0 {
        return Some(());
    }
    write!(text, ".{:09}", rest * (1_000_000_000 / per_second)).ok()?;
    text.truncate(text.trim_end_matches('0').len());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::{float, narrow_float};

    #[test]
    fn floats_read_back() {
        let text = |value| {
            let mut text = String::new();
            float(&mut text, value).map(|()| text).unwrap()
        };
        for (value, expected) in [
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-1.5e-7, "-1.5e-07"),
            (1e300, "1e+300"),
            (-0.0, "-0.0"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(text(value), expected);
        }
        let mut narrow = String::new();
        narrow_float(&mut narrow, 0.1).unwrap();
        assert_eq!(narrow, "0.1");
    }
}
