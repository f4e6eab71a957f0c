//! Which types meet: the common type of several, and the conversion to it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{ArrowDictionaryKeyType, DataType, TimeUnit};
use arrow::downcast_dictionary_array;
use arrow_row::{RowConverter, Rows};

use super::values::Values;
use crate::{Failure, Meter, type_name};

/// What kernels see of a type: dictionaries become their values, and one layout stands for all of text and of bytes.
pub(super) fn normal(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, values) => normal(values),
        DataType::RunEndEncoded(_, values) => normal(values.data_type()),
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        other => other.clone(),
    }
}

/// Brings a column to its [`normal`] type.
pub(super) fn normalise(array: &ArrayRef, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
    let to = normal(array.data_type());
    if *array.data_type() == to {
        return Ok(Arc::clone(array));
    }
    let bytes = unpacked_bytes(array);
    if bytes > i32::MAX as u64 && matches!(to, DataType::Utf8 | DataType::Binary) {
        return Err(Failure::limit(
            "too-large",
            "a text column of more than 2 GiB cannot be worked on; use smaller batches",
        ));
    }
    meter.allocate(bytes)?;
    cast_with_options(array, &to, &CastOptions { safe: false, ..Default::default() }).map_err(internal)
}

/// Bytes of a column once its dictionary is unpacked; an upper bound for nested values.
fn unpacked_bytes(array: &ArrayRef) -> u64 {
    fn dictionary<K: ArrowDictionaryKeyType>(array: &arrow::array::DictionaryArray<K>) -> u64 {
        let length = |key: usize| match array.values().data_type() {
            DataType::Utf8 => array.values().as_string::<i32>().value_length(key) as u64,
            DataType::LargeUtf8 => array.values().as_string::<i64>().value_length(key) as u64,
            DataType::Binary => array.values().as_binary::<i32>().value_length(key) as u64,
            _ => 0,
        };
        let values = array.values();
        let fixed = match values.data_type().primitive_width() {
            Some(width) => width as u64,
            None if matches!(values.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary) => 4,
            None => slice_bytes(values.as_ref()),
        };
        let text: u64 = array.keys_iter().flatten().map(length).sum();
        text.saturating_add(fixed.saturating_mul(array.len() as u64))
    }
    let array: &dyn Array = array.as_ref();
    downcast_dictionary_array!(
        array => dictionary(array),
        _ => slice_bytes(array).saturating_mul(2)
    )
}

/// Bytes of the rows of an array.
pub(super) fn slice_bytes(array: &dyn Array) -> u64 {
    match array.data_type().primitive_width() {
        Some(width) => (width * array.len()) as u64,
        None => match array.to_data().get_slice_memory_size() {
            Ok(bytes) => bytes as u64,
            Err(_) => array.get_array_memory_size() as u64,
        },
    }
}

/// Bytes that one value may have where a row is worked on as a whole.
const MAX_VALUE: u64 = 16 << 20;
/// Rows between looks at the deadline.
const STEP: usize = 4_096;

/// Refuses nested values of more than 16 MiB, for work on whole rows that cannot be interrupted.
pub(super) fn bounded_values(array: &dyn Array, meter: &mut dyn Meter) -> Result<(), Failure> {
    if !array.data_type().is_nested() || slice_bytes(array) <= MAX_VALUE {
        return Ok(());
    }
    for row in 0..array.len() {
        if row % STEP == 0 {
            meter.work(STEP as u64)?;
        }
        if slice_bytes(array.slice(row, 1).as_ref()) > MAX_VALUE {
            return Err(Failure::limit("too-large", "a single value has more than 16 MiB").with_row(row as u64));
        }
    }
    Ok(())
}

/// Rows of bytes that compare as the values do, made block by block with looks at the deadline.
pub(super) fn comparable_rows(
    converter: &RowConverter,
    columns: &[ArrayRef],
    meter: &mut dyn Meter,
) -> Result<Rows, Failure> {
    let length = columns.first().map_or(0, |column| column.len());
    let mut bytes = 0_u64;
    for column in columns {
        bounded_values(column.as_ref(), meter)?;
        bytes = bytes.saturating_add(slice_bytes(column.as_ref()));
    }
    meter.allocate(bytes.saturating_mul(2))?;
    // As many rows as have about a megabyte.
    let average = (bytes / (length as u64).max(1)).max(1);
    let block = ((1 << 20) / average).clamp(1, 1 << 16) as usize;
    let mut rows = converter.empty_rows(length, bytes as usize);
    for from in (0..length).step_by(block) {
        let count = block.min(length - from);
        meter.work((count as u64).saturating_mul(average) / 2)?;
        let block: Vec<ArrayRef> = columns.iter().map(|column| column.slice(from, count)).collect();
        converter.append(&mut rows, &block).map_err(internal)?;
    }
    Ok(rows)
}

pub(super) fn internal(error: arrow::error::ArrowError) -> Failure {
    Failure::invalid_input("kernel", error.to_string())
}

/// The type that holds the values of all of these, which are normal; `None` if they do not mix.
pub(super) fn common<'a>(types: impl IntoIterator<Item = &'a DataType>) -> Option<DataType> {
    let mut found = DataType::Null;
    for data_type in types {
        found = pair(&found, data_type)?;
    }
    Some(found)
}

fn pair(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::*;
    if left == right {
        return Some(left.clone());
    }
    Some(match (left, right) {
        (Null, other) | (other, Null) => other.clone(),
        (a, b) if a.is_integer() && b.is_integer() => integers(a, b),
        (a, b) if a.is_floating() && b.is_floating() => {
            if *a == Float64 || *b == Float64 {
                Float64
            } else {
                Float32
            }
        }
        (a, b) if (a.is_floating() && b.is_numeric()) || (a.is_numeric() && b.is_floating()) => Float64,
        (a, b) if a.is_numeric() && b.is_numeric() => return decimals(a, b),
        (Date32, Date64) | (Date64, Date32) => Date64,
        (Date32 | Date64, Timestamp(unit, zone)) | (Timestamp(unit, zone), Date32 | Date64) => {
            Timestamp(*unit, zone.clone())
        }
        (Timestamp(a, zone), Timestamp(b, other)) => Timestamp(finer(*a, *b), zone.clone().or_else(|| other.clone())),
        (Time32(a) | Time64(a), Time32(b) | Time64(b)) => match finer(*a, *b) {
            unit @ (TimeUnit::Second | TimeUnit::Millisecond) => Time32(unit),
            unit => Time64(unit),
        },
        (Duration(a), Duration(b)) => Duration(finer(*a, *b)),
        (Interval(_), Interval(_)) => Interval(arrow::datatypes::IntervalUnit::MonthDayNano),
        (Binary, FixedSizeBinary(_)) | (FixedSizeBinary(_), Binary) => Binary,
        _ => return None,
    })
}

fn finer(a: TimeUnit, b: TimeUnit) -> TimeUnit {
    let rank = |unit: TimeUnit| match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 1,
        TimeUnit::Microsecond => 2,
        TimeUnit::Nanosecond => 3,
    };
    if rank(a) >= rank(b) { a } else { b }
}

/// The smallest signed type that holds both; int64 stands in where none does.
fn integers(a: &DataType, b: &DataType) -> DataType {
    use DataType::*;
    let bits = |t: &DataType| t.primitive_width().unwrap_or(8) * 8;
    let (unsigned_a, unsigned_b) = (a.is_unsigned_integer(), b.is_unsigned_integer());
    let needed = match (unsigned_a, unsigned_b) {
        (true, false) => (bits(a) * 2).max(bits(b)),
        (false, true) => (bits(b) * 2).max(bits(a)),
        _ => bits(a).max(bits(b)),
    };
    match (unsigned_a && unsigned_b, needed) {
        (true, 8) => UInt8,
        (true, 16) => UInt16,
        (true, 32) => UInt32,
        (true, _) => UInt64,
        (false, 8) => Int8,
        (false, 16) => Int16,
        (false, 32) => Int32,
        (false, _) => Int64,
    }
}

/// An integer type as the decimal that holds it, or the decimal itself: (precision, scale, is 256 bits wide).
pub(super) fn as_decimal(data_type: &DataType) -> Option<(u8, i8, bool)> {
    use DataType::*;
    Some(match data_type {
        Decimal128(precision, scale) => (*precision, *scale, false),
        Decimal256(precision, scale) => (*precision, *scale, true),
        Int8 | UInt8 => (3, 0, false),
        Int16 | UInt16 => (5, 0, false),
        Int32 | UInt32 => (10, 0, false),
        Int64 => (19, 0, false),
        UInt64 => (20, 0, false),
        _ => return None,
    })
}

fn decimals(a: &DataType, b: &DataType) -> Option<DataType> {
    let ((p1, s1, wide1), (p2, s2, wide2)) = (as_decimal(a)?, as_decimal(b)?);
    let scale = s1.max(s2);
    let whole = (i16::from(p1) - i16::from(s1)).max(i16::from(p2) - i16::from(s2));
    let precision = (whole + i16::from(scale)).clamp(1, 76);
    if wide1 || wide2 || precision > 38 {
        Some(DataType::Decimal256(precision as u8, scale))
    } else {
        Some(DataType::Decimal128(precision as u8, scale))
    }
}

/// Converts a column to a type that [`common`] gave; values that do not fit are row errors.
pub(super) fn coerce(array: &ArrayRef, to: &DataType, meter: &mut dyn Meter) -> Result<Values, Failure> {
    let from = array.data_type();
    if from == to {
        return Ok(Values::of(Arc::clone(array)));
    }
    meter.allocate(crate::batch::null_row_bytes(to).max(16).saturating_mul(array.len() as u64))?;
    // A plain timestamp, or a date, that meets one with a zone counts as UTC; arrow's cast would read it as local time.
    let utc = match to {
        DataType::Timestamp(unit, Some(_)) if !matches!(from, DataType::Timestamp(_, Some(_)) | DataType::Null) => {
            Some(DataType::Timestamp(*unit, None))
        }
        _ => None,
    };
    let options = CastOptions { safe: true, ..Default::default() };
    let cast = cast_with_options(array, utc.as_ref().unwrap_or(to), &options)
        .map_err(|_| mismatch(format!("{} cannot become {}", type_name(from), type_name(to))))?;
    let cast = if utc.is_some() { relabel(&cast, to)? } else { cast };
    let input = Arc::clone(array);
    let target = to.clone();
    Ok(Values::nulls_are_errors(array, cast, move |row| super::cast::invalid(&input, row, &target)))
}

/// The same numbers under another type of the same layout.
pub(super) fn relabel(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Failure> {
    let data = array.to_data().into_builder().data_type(to.clone()).build().map_err(internal)?;
    Ok(arrow::array::make_array(data))
}

pub(super) fn mismatch(message: impl Into<String>) -> Failure {
    Failure::invalid_config("type-mismatch", message)
}
