//! Constants: from text, between types, to columns and back.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array, Int64Array, StringArray, UInt64Array,
    new_null_array,
};
use arrow::compute::{CastOptions, cast_with_options, take};
use arrow::datatypes::{DataType, Float64Type, Int64Type, IntervalUnit, UInt64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::compute::Scalar;

/// A column of one row, of this type; none where the value has no form in it.
pub(super) fn one_row(scalar: &Scalar, data_type: &DataType) -> Option<ArrayRef> {
    let array: ArrayRef = match scalar {
        Scalar::Null => return Some(new_null_array(data_type, 1)),
        Scalar::Boolean(value) => Arc::new(BooleanArray::from(vec![*value])),
        Scalar::Int64(value) => Arc::new(Int64Array::from(vec![*value])),
        Scalar::Uint64(value) => Arc::new(UInt64Array::from(vec![*value])),
        Scalar::Float64(value) => Arc::new(Float64Array::from(vec![*value])),
        Scalar::Text(value) => Arc::new(StringArray::from(vec![value.as_str()])),
        Scalar::Binary(value) => Arc::new(BinaryArray::from(vec![value.as_slice()])),
        Scalar::Typed(kind, text) => cast_row(&(Arc::new(StringArray::from(vec![text.as_str()])) as ArrayRef), kind)?,
    };
    cast_row(&array, data_type)
}

/// The value repeated.
pub(super) fn repeat(scalar: &Scalar, data_type: &DataType, rows: usize) -> Option<ArrayRef> {
    if matches!(scalar, Scalar::Null) {
        return Some(new_null_array(data_type, rows));
    }
    let one = one_row(scalar, data_type)?;
    take(&one, &UInt64Array::from(vec![0; rows]), None).ok()
}

fn cast_row(array: &ArrayRef, to: &DataType) -> Option<ArrayRef> {
    if array.data_type() == to {
        return Some(array.clone());
    }
    let options = CastOptions { safe: true, ..CastOptions::default() };
    cast_with_options(array, to, &options).ok().filter(|cast| cast.null_count() == array.null_count())
}

/// The first row of a column as a constant.
pub(super) fn from_row(array: &ArrayRef) -> Option<Scalar> {
    if array.is_empty() {
        return None;
    }
    if array.is_null(0) {
        return Some(Scalar::Null);
    }
    Some(match array.data_type() {
        DataType::Null => Scalar::Null,
        DataType::Boolean => Scalar::Boolean(array.as_boolean().value(0)),
        DataType::Int64 => Scalar::Int64(array.as_primitive::<Int64Type>().value(0)),
        DataType::UInt64 => Scalar::Uint64(array.as_primitive::<UInt64Type>().value(0)),
        DataType::Float64 => Scalar::Float64(array.as_primitive::<Float64Type>().value(0)),
        DataType::Utf8 => Scalar::Text(array.as_string::<i32>().value(0).to_owned()),
        DataType::Binary => Scalar::Binary(array.as_binary::<i32>().value(0).to_vec()),
        other if other.is_nested() => return None,
        other => {
            let options = FormatOptions::default();
            let text = ArrayFormatter::try_new(array, &options).ok()?.value(0).try_to_string().ok()?;
            let scalar = Scalar::Typed(other.clone(), text);
            // What does not read back as the same value stays a computation.
            (&one_row(&scalar, other)? == array).then_some(scalar)?
        }
    })
}

/// The constant in another type, if nothing is lost by it.
pub(super) fn convert(scalar: &Scalar, to: &DataType) -> Option<Scalar> {
    match (scalar, to) {
        (Scalar::Null, _) => return Some(Scalar::Null),
        (Scalar::Text(text), DataType::Binary) => return Some(Scalar::Binary(text.clone().into_bytes())),
        (Scalar::Text(text), DataType::Timestamp(..)) => {
            return from_row(&one_row(&Scalar::Text(with_seconds(text.trim())), to)?);
        }
        (Scalar::Text(text), to) if to.is_numeric() || *to == DataType::Boolean => {
            // Arrow reads more than people mean: `'1e3'` as a decimal, `'t'` as true.
            let plain = if *to == DataType::Boolean {
                matches!(text.as_str(), "true" | "false")
            } else {
                !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
            };
            if !plain {
                return None;
            }
        }
        (Scalar::Float64(value), to)
            if to.is_integer() && (value.fract() != 0.0 || value.abs() > 9_007_199_254_740_992.0) =>
        {
            return None;
        }
        (Scalar::Int64(value), DataType::Float32 | DataType::Float64) if value.unsigned_abs() > 1 << 53 => return None,
        (Scalar::Float64(value), DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale)) => {
            // The shortest form of the number is what the user wrote.
            let text = value.to_string();
            let digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            if !value.is_finite() || digits > usize::try_from(*scale).unwrap_or(0) {
                return None;
            }
            return from_row(&one_row(&Scalar::Text(text), to)?);
        }
        _ => {}
    }
    from_row(&one_row(scalar, to)?)
}

/// A number as the tokenizer gives it, perhaps with a minus before it.
pub(super) fn number(text: &str) -> Option<(Scalar, DataType)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        return match text.parse() {
            Ok(value) => Some((Scalar::Int64(value), DataType::Int64)),
            Err(_) => text.parse().ok().map(|value| (Scalar::Uint64(value), DataType::UInt64)),
        };
    }
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some((Scalar::Float64(value), DataType::Float64))
}

/// The type of INTERVAL constants.
pub(super) const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

/// `1 day 2 hours` or `1 day 02:00:00`, as a constant.
pub(super) fn interval(text: &str) -> Option<Scalar> {
    let words: Vec<String> =
        text.split_whitespace().map(|word| clock(word).unwrap_or_else(|| word.to_owned())).collect();
    let scalar = Scalar::Typed(INTERVAL, words.join(" "));
    from_row(&one_row(&scalar, &INTERVAL)?)
}

/// `02:30:00` as hours, minutes and seconds, each with the sign of the whole.
fn clock(word: &str) -> Option<String> {
    let (sign, plain) = word.strip_prefix('-').map_or(("", word), |plain| ("-", plain));
    let parts: Vec<&str> = plain.split(':').collect();
    let number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if !parts.iter().all(number) {
        return None;
    }
    match parts.as_slice() {
        [hours, minutes] => Some(format!("{sign}{hours} hours {sign}{minutes} minutes")),
        [hours, minutes, seconds] => {
            Some(format!("{sign}{hours} hours {sign}{minutes} minutes {sign}{seconds} seconds"))
        }
        _ => None,
    }
}

/// A timestamp's text with the seconds that it leaves out: `2024-02-29 12:00Z` becomes `2024-02-29 12:00:00Z`.
fn with_seconds(text: &str) -> String {
    let bytes = text.as_bytes();
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let short = digits(11..13) && bytes.get(13) == Some(&b':') && digits(14..16);
    match (short, bytes.get(16)) {
        (true, None | Some(b'Z' | b'z' | b'+' | b'-' | b' ')) => {
            let (before, after) = text.split_at(16);
            format!("{before}:00{after}")
        }
        _ => text.to_owned(),
    }
}
