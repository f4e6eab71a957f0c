//! Least and largest values, as what can be compared.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};

/// A value of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    /// Integers and what is stored as one; booleans as 0 and 1.
    Integer(i128),
    Float(f64),
    /// Text and bytes, compared as bytes.
    Bytes(&'a [u8]),
}

/// The value at an index; `None` where it is not known.
pub(super) fn value(array: &ArrayRef, at: usize) -> Option<Value<'_>> {
    if !super::has(array, at) {
        return None;
    }
    macro_rules! integer {
        ($($type:ty),*) => { $(if let Some(values) = array.as_primitive_opt::<$type>() {
            return Some(Value::Integer(i128::from(values.value(at))));
        })* };
    }
    integer!(Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type, Date32Type);
    integer!(Time32SecondType, Time32MillisecondType, Time64MicrosecondType, Time64NanosecondType, Decimal128Type);
    Some(match array.data_type() {
        DataType::Boolean => Value::Integer(array.as_boolean().value(at).into()),
        DataType::Timestamp(unit, _) => Value::Integer(i128::from(match unit {
            TimeUnit::Second => array.as_primitive::<TimestampSecondType>().value(at),
            TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().value(at),
            TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().value(at),
            TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().value(at),
        })),
        DataType::Float32 => Value::Float(array.as_primitive::<Float32Type>().value(at).into()),
        DataType::Float64 => Value::Float(array.as_primitive::<Float64Type>().value(at)),
        DataType::Utf8 => Value::Bytes(array.as_string::<i32>().value(at).as_bytes()),
        DataType::LargeUtf8 => Value::Bytes(array.as_string::<i64>().value(at).as_bytes()),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            return value(dictionary.values(), *dictionary.normalized_keys().get(at)?)
                .filter(|value| matches!(value, Value::Bytes(_)));
        }
        _ => return None,
    })
}
