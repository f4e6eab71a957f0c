//! One value of an array as JSON.

use arrow::array::{
    Array, AsArray, GenericBinaryArray, GenericListArray, GenericStringArray, OffsetSizeTrait, PrimitiveArray,
};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Decimal128Type, Decimal256Type, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::array_value_to_string;
use serde_json::{Map, Number, Value};

use super::time;

/// The value at `row`, which is in the array.
pub(super) fn of(array: &dyn Array, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Int8 => integer::<Int8Type>(array.as_primitive(), row),
        DataType::Int16 => integer::<Int16Type>(array.as_primitive(), row),
        DataType::Int32 => integer::<Int32Type>(array.as_primitive(), row),
        DataType::Int64 => integer::<Int64Type>(array.as_primitive(), row),
        DataType::UInt8 => integer::<UInt8Type>(array.as_primitive(), row),
        DataType::UInt16 => integer::<UInt16Type>(array.as_primitive(), row),
        DataType::UInt32 => integer::<UInt32Type>(array.as_primitive(), row),
        DataType::UInt64 => integer::<UInt64Type>(array.as_primitive(), row),
        DataType::Float16 => narrow_float(array.as_primitive::<Float16Type>().value(row).to_f32()),
        DataType::Float32 => narrow_float(array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(_, _) => decimal(array.as_primitive::<Decimal128Type>().value_as_string(row)),
        DataType::Decimal256(_, _) => decimal(array.as_primitive::<Decimal256Type>().value_as_string(row)),
        DataType::Utf8 => text::<i32>(array.as_string(), row),
        DataType::LargeUtf8 => text::<i64>(array.as_string(), row),
        DataType::Binary => bytes::<i32>(array.as_binary(), row),
        DataType::LargeBinary => bytes::<i64>(array.as_binary(), row),
        DataType::FixedSizeBinary(_) => Value::String(base64(array.as_fixed_size_binary().value(row))),
        DataType::List(_) => list::<i32>(array.as_list(), row),
        DataType::LargeList(_) => list::<i64>(array.as_list(), row),
        DataType::FixedSizeList(_, _) => items(array.as_fixed_size_list().value(row).as_ref()),
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(array.as_struct().columns());
            let members = columns.map(|(field, column)| (field.name().clone(), of(column.as_ref(), row)));
            Value::Object(members.collect())
        }
        DataType::Map(_, _) => {
            let entries = array.as_map().value(row);
            match entries.columns() {
                [keys, values] => pairs(keys.as_ref(), values.as_ref()),
                _ => Value::Null,
            }
        }
        DataType::Dictionary(_, _) => {
            let one = array.slice(row, 1);
            let dictionary = one.as_any_dictionary();
            let key = dictionary.normalized_keys().first().copied();
            key.map_or(Value::Null, |key| of(dictionary.values().as_ref(), key))
        }
        DataType::Date32 | DataType::Date64 | DataType::Time32(_) | DataType::Time64(_) | DataType::Timestamp(_, _) => {
            time::of(array, row)
        }
        _ => array_value_to_string(array, row).map_or(Value::Null, Value::String),
    }
}

fn integer<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, row: usize) -> Value
where
    T::Native: Into<Number>,
{
    Value::Number(array.value(row).into())
}

fn float(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// The float64 whose shortest text is that of the narrower value.
fn narrow_float(value: f32) -> Value {
    float(value.to_string().parse().unwrap_or(f64::NAN))
}

fn decimal(text: String) -> Value {
    if let Ok(integer) = text.parse::<i64>() {
        return Value::Number(integer.into());
    }
    let number = text.parse::<f64>().ok().and_then(Number::from_f64);
    // Without trailing zeros both texts are the same exactly if no digit was lost.
    let shortest = |text: &str| match text.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{}", fraction.trim_end_matches('0')),
        None => format!("{text}."),
    };
    match number {
        Some(number) if shortest(&number.to_string()) == shortest(&text) => Value::Number(number),
        _ => Value::String(text),
    }
}

fn text<O: OffsetSizeTrait>(array: &GenericStringArray<O>, row: usize) -> Value {
    Value::String(array.value(row).to_owned())
}

fn bytes<O: OffsetSizeTrait>(array: &GenericBinaryArray<O>, row: usize) -> Value {
    Value::String(base64(array.value(row)))
}

fn list<O: OffsetSizeTrait>(array: &GenericListArray<O>, row: usize) -> Value {
    items(array.value(row).as_ref())
}

fn items(array: &dyn Array) -> Value {
    Value::Array((0..array.len()).map(|row| of(array, row)).collect())
}

fn pairs(keys: &dyn Array, values: &dyn Array) -> Value {
    let rows = 0..keys.len();
    if matches!(keys.data_type(), DataType::Utf8 | DataType::LargeUtf8) {
        let members = rows.map(|row| match of(keys, row) {
            Value::String(key) => (key, of(values, row)),
            key => (key.to_string(), of(values, row)),
        });
        return Value::Object(members.collect());
    }
    let pair = |row| {
        let mut pair = Map::new();
        pair.insert("key".to_owned(), of(keys, row));
        pair.insert("value".to_owned(), of(values, row));
        Value::Object(pair)
    };
    Value::Array(rows.map(pair).collect())
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = group >> (18 - 6 * place) & 63;
            let shown = place <= chunk.len();
            text.push(if shown { char::from(ALPHABET[digit as usize]) } else { '=' });
        }
    }
    text
}
