//! Type text: the vocabulary's names (`int64`, `timestamp[UTC]`, `list<utf8>`) to Arrow types and back.

mod parse;

use std::fmt::Write;
use std::sync::Arc;

use arrow::datatypes::{
    DECIMAL32_MAX_PRECISION, DECIMAL64_MAX_PRECISION, DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType,
    Field, FieldRef, Fields, IntervalUnit, Schema, TimeUnit,
};

pub use parse::parse_type;
pub(crate) use parse::{check_decimal, zone_name};

/// Key of a field's metadata under which a reader says why it took a column for text: `line 839 has ‘NA’`. Shown where
/// somebody stumbles over the type.
pub const NOTE_KEY: &str = "jackfield:note";

/// Key of a field's metadata under which a reader says which of its options would give the column another type.
pub const HELP_KEY: &str = "jackfield:help";

/// Levels that a type may have, itself counted.
pub const MAX_DEPTH: usize = 32;

/// Bytes that type text may have.
pub const MAX_TEXT: usize = 4096;

/// Writes a type the way [`parse_type`] reads it. What no name can say (whether items may be null, field metadata) is
/// left out.
pub fn type_name(data_type: &DataType) -> String {
    let mut text = String::new();
    write_name(data_type, &mut text);
    text
}

/// One line per column, `name: type`, with `not null` behind it where that holds.
pub fn schema_text(schema: &Schema) -> String {
    let mut text = String::new();
    for field in schema.fields() {
        text.push_str(field.name());
        text.push_str(": ");
        write_name(field.data_type(), &mut text);
        text.push_str(if field.is_nullable() { "\n" } else { " not null\n" });
    }
    text.pop();
    text
}

fn write_name(data_type: &DataType, out: &mut String) {
    let name = match data_type {
        DataType::Null => "null",
        DataType::Boolean => "bool",
        DataType::Int8 => "int8",
        DataType::Int16 => "int16",
        DataType::Int32 => "int32",
        DataType::Int64 => "int64",
        DataType::UInt8 => "uint8",
        DataType::UInt16 => "uint16",
        DataType::UInt32 => "uint32",
        DataType::UInt64 => "uint64",
        DataType::Float16 => "float16",
        DataType::Float32 => "float32",
        DataType::Float64 => "float64",
        DataType::Utf8 => "utf8",
        DataType::LargeUtf8 => "large-utf8",
        DataType::Utf8View => "utf8-view",
        DataType::Binary => "binary",
        DataType::LargeBinary => "large-binary",
        DataType::BinaryView => "binary-view",
        DataType::Date32 => "date",
        DataType::Date64 => "date64",
        DataType::Time64(TimeUnit::Microsecond) => "time",
        DataType::Time32(unit) | DataType::Time64(unit) => {
            return push(out, format_args!("time[{}]", unit_name(*unit)));
        }
        DataType::Timestamp(TimeUnit::Microsecond, None) => "timestamp",
        DataType::Timestamp(unit, None) => return push(out, format_args!("timestamp[{}]", unit_name(*unit))),
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => return push(out, format_args!("timestamp[{zone}]")),
        DataType::Timestamp(unit, Some(zone)) => {
            return push(out, format_args!("timestamp[{}, {zone}]", unit_name(*unit)));
        }
        DataType::Duration(TimeUnit::Microsecond) => "duration",
        DataType::Duration(unit) => return push(out, format_args!("duration[{}]", unit_name(*unit))),
        DataType::Interval(IntervalUnit::MonthDayNano) => "interval",
        DataType::Interval(IntervalUnit::YearMonth) => "interval[year-month]",
        DataType::Interval(IntervalUnit::DayTime) => "interval[day-time]",
        DataType::FixedSizeBinary(width) => return push(out, format_args!("fixed-size-binary({width})")),
        DataType::Decimal32(precision, scale) => return push(out, format_args!("decimal32({precision},{scale})")),
        DataType::Decimal64(precision, scale) => return push(out, format_args!("decimal64({precision},{scale})")),
        DataType::Decimal128(precision, scale) => return push(out, format_args!("decimal({precision},{scale})")),
        DataType::Decimal256(precision, scale) => {
            let name = if *precision > DECIMAL128_MAX_PRECISION { "decimal" } else { "decimal256" };
            return push(out, format_args!("{name}({precision},{scale})"));
        }
        DataType::List(item) => return write_nested("list", &[item.data_type()], out),
        DataType::LargeList(item) => return write_nested("large-list", &[item.data_type()], out),
        DataType::ListView(item) => return write_nested("list-view", &[item.data_type()], out),
        DataType::LargeListView(item) => return write_nested("large-list-view", &[item.data_type()], out),
        DataType::FixedSizeList(item, size) => {
            write_nested("fixed-size-list", &[item.data_type()], out);
            out.pop();
            return push(out, format_args!(", {size}>"));
        }
        DataType::Struct(fields) => return write_fields("struct", fields.iter(), out),
        DataType::Union(fields, _) => return write_fields("union", fields.iter().map(|(_, field)| field), out),
        DataType::Map(entries, _) => {
            let DataType::Struct(fields) = entries.data_type() else { return out.push_str("map") };
            let types: Vec<&DataType> = fields.iter().map(|field| field.data_type()).collect();
            return write_nested("map", &types, out);
        }
        DataType::Dictionary(key, value) => return write_nested("dictionary", &[key, value], out),
        DataType::RunEndEncoded(ends, values) => {
            return write_nested("run-end-encoded", &[ends.data_type(), values.data_type()], out);
        }
    };
    out.push_str(name);
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a `String` cannot fail.
    let _ = out.write_fmt(text);
}

fn write_nested(name: &str, children: &[&DataType], out: &mut String) {
    out.push_str(name);
    out.push('<');
    for (index, child) in children.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_name(child, out);
    }
    out.push('>');
}

fn write_fields<'a>(name: &str, fields: impl Iterator<Item = &'a FieldRef>, out: &mut String) {
    out.push_str(name);
    out.push('<');
    for (index, field) in fields.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        if is_plain_word(field.name()) {
            out.push_str(field.name());
        } else {
            push(out, format_args!("\"{}\"", field.name().replace('"', "\"\"")));
        }
        out.push_str(": ");
        write_name(field.data_type(), out);
    }
    out.push('>');
}

fn is_plain_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}

/// The type that a plugin sees: views become utf8, binary and lists, run-end arrays their values, small decimals
/// decimal128, and unions a struct with one nullable field per case.
pub fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::Decimal32(precision, scale) => {
            DataType::Decimal128((*precision).min(DECIMAL32_MAX_PRECISION), *scale)
        }
        DataType::Decimal64(precision, scale) => {
            DataType::Decimal128((*precision).min(DECIMAL64_MAX_PRECISION), *scale)
        }
        DataType::ListView(item) | DataType::List(item) => DataType::List(plain_field(item)),
        DataType::LargeListView(item) | DataType::LargeList(item) => DataType::LargeList(plain_field(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(plain_field(item), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain_field).collect()),
        DataType::Map(entries, sorted) => DataType::Map(plain_field(entries), *sorted),
        DataType::Dictionary(key, value) => DataType::Dictionary(key.clone(), Box::new(plain_type(value))),
        DataType::RunEndEncoded(_, values) => plain_type(values.data_type()),
        DataType::Union(fields, _) => {
            let cases =
                fields.iter().map(|(_, field)| Arc::new(plain_field(field).as_ref().clone().with_nullable(true)));
            DataType::Struct(cases.collect::<Fields>())
        }
        other => other.clone(),
    }
}

/// Whether the type is its own [`plain_type`], found without making another one.
pub(crate) fn is_plain(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8View
        | DataType::BinaryView
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::RunEndEncoded(..)
        | DataType::Union(..) => false,
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => is_plain(item.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| is_plain(field.data_type())),
        DataType::Dictionary(_, value) => is_plain(value),
        _ => true,
    }
}

/// The field with its type made plain.
pub fn plain_field(field: &FieldRef) -> FieldRef {
    if is_plain(field.data_type()) {
        return field.clone();
    }
    let plain = plain_type(field.data_type());
    Arc::new(Field::new(field.name(), plain, field.is_nullable()).with_metadata(field.metadata().clone()))
}

/// Whether a type that did not come as text or as a tree is one that these could tell: decimals of a scale from 0 to
/// their precision, sizes that are not negative, units that times have, zones that are known, keys that are integers.
pub(crate) fn sound(data_type: &DataType) -> Result<(), String> {
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    let children = match data_type {
        DataType::Decimal32(precision, scale) => return check_decimal(*precision, *scale, DECIMAL32_MAX_PRECISION),
        DataType::Decimal64(precision, scale) => return check_decimal(*precision, *scale, DECIMAL64_MAX_PRECISION),
        DataType::Decimal128(precision, scale) => return check_decimal(*precision, *scale, DECIMAL128_MAX_PRECISION),
        DataType::Decimal256(precision, scale) => return check_decimal(*precision, *scale, DECIMAL256_MAX_PRECISION),
        DataType::FixedSizeBinary(size) if *size < 0 => return Err(format!("a width is not negative, found {size}")),
        DataType::FixedSizeList(_, size) if *size < 0 => return Err(format!("a size is not negative, found {size}")),
        DataType::Time32(Microsecond | Nanosecond) | DataType::Time64(Second | Millisecond) => {
            return Err("time32 counts seconds or milliseconds, time64 microseconds or nanoseconds".to_owned());
        }
        DataType::Timestamp(_, Some(zone)) if zone_name(zone).is_none() => {
            return Err(format!("unknown time zone `{}`", zone.chars().take(40).collect::<String>()));
        }
        DataType::Dictionary(key, value) => {
            return if key.is_dictionary_key_type() { sound(value) } else { Err("keys are integers".to_owned()) };
        }
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _)
        | DataType::RunEndEncoded(_, item) => return sound(item.data_type()),
        DataType::Struct(fields) => fields.iter().collect::<Vec<_>>(),
        DataType::Union(fields, _) => fields.iter().map(|(_, field)| field).collect(),
        _ => return Ok(()),
    };
    children.into_iter().try_for_each(|field| sound(field.data_type()))
}

/// Levels of a type, itself counted.
pub fn depth(data_type: &DataType) -> usize {
    1 + match data_type {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => depth(item.data_type()),
        DataType::Struct(fields) => fields.iter().map(|field| depth(field.data_type())).max().unwrap_or(0),
        DataType::Union(fields, _) => fields.iter().map(|(_, field)| depth(field.data_type())).max().unwrap_or(0),
        DataType::Dictionary(_, value) => depth(value),
        DataType::RunEndEncoded(_, values) => depth(values.data_type()),
        _ => 0,
    }
}

/// Fields of a type, itself counted.
pub(crate) fn field_count(data_type: &DataType) -> usize {
    1 + match data_type {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => field_count(item.data_type()),
        DataType::Struct(fields) => fields.iter().map(|field| field_count(field.data_type())).sum(),
        DataType::Union(fields, _) => fields.iter().map(|(_, field)| field_count(field.data_type())).sum(),
        DataType::Dictionary(_, value) => field_count(value),
        DataType::RunEndEncoded(_, values) => field_count(values.data_type()),
        _ => 0,
    }
}
