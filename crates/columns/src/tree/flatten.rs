//! From arrow fields to flat ones: parents before children, depth first.

use std::sync::Arc;

use arrow::datatypes::{
    DataType, Field, FieldRef, IntervalUnit as ArrowInterval, Metadata, Schema, TimeUnit as ArrowUnit,
};

use super::{DictionaryKey, FlatField, FlatType, IntervalUnit, TimeUnit};
use crate::type_name;
use crate::types::plain_field;

/// The tree of a field in plain types, parents before children, depth first.
pub fn tree_from_field(field: &Field) -> Vec<FlatField> {
    let mut tree = Vec::new();
    flatten(&plain_field(&Arc::new(field.clone())), &mut tree);
    tree
}

/// Fields, indices of the columns, and metadata sorted by key.
pub fn flat_from_schema(schema: &Schema) -> (Vec<FlatField>, Vec<u32>, Vec<(String, String)>) {
    let mut fields = Vec::new();
    let columns = schema.fields().iter().map(|field| flatten(&plain_field(field), &mut fields)).collect();
    (fields, columns, sorted(schema.metadata()))
}

fn flatten(field: &FieldRef, tree: &mut Vec<FlatField>) -> u32 {
    let index = tree.len();
    tree.push(FlatField {
        name: field.name().clone(),
        kind: kind(field.data_type()),
        nullable: field.is_nullable(),
        children: Vec::new(),
        metadata: sorted(field.metadata()),
    });
    let children: Vec<u32> = child_fields(field.data_type()).iter().map(|child| flatten(child, tree)).collect();
    if let Some(own) = tree.get_mut(index) {
        own.children = children;
    }
    index as u32
}

/// The fields below a type, as a plugin counts them: a dictionary's values are its child.
pub(crate) fn child_fields(data_type: &DataType) -> Vec<FieldRef> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => vec![item.clone()],
        DataType::Map(entries, _) => vec![entries.clone()],
        DataType::Struct(fields) => fields.to_vec(),
        DataType::Dictionary(_, value) => vec![Arc::new(Field::new("values", value.as_ref().clone(), true))],
        _ => Vec::new(),
    }
}

fn sorted(metadata: &Metadata) -> Vec<(String, String)> {
    let mut sorted: Vec<_> = metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    sorted.sort_unstable();
    sorted
}

fn kind(data_type: &DataType) -> FlatType {
    match data_type {
        DataType::Null => FlatType::Null,
        DataType::Boolean => FlatType::Boolean,
        DataType::Int8 => FlatType::Int8,
        DataType::Int16 => FlatType::Int16,
        DataType::Int32 => FlatType::Int32,
        DataType::Int64 => FlatType::Int64,
        DataType::UInt8 => FlatType::Uint8,
        DataType::UInt16 => FlatType::Uint16,
        DataType::UInt32 => FlatType::Uint32,
        DataType::UInt64 => FlatType::Uint64,
        DataType::Float16 => FlatType::Float16,
        DataType::Float32 => FlatType::Float32,
        DataType::Float64 => FlatType::Float64,
        DataType::Decimal128(precision, scale) => FlatType::Decimal128(*precision, *scale),
        DataType::Decimal256(precision, scale) => FlatType::Decimal256(*precision, *scale),
        DataType::Utf8 => FlatType::Utf8,
        DataType::LargeUtf8 => FlatType::LargeUtf8,
        DataType::Binary => FlatType::Binary,
        DataType::LargeBinary => FlatType::LargeBinary,
        DataType::FixedSizeBinary(width) => FlatType::FixedSizeBinary(width.unsigned_abs()),
        DataType::Date32 => FlatType::Date32,
        DataType::Date64 => FlatType::Date64,
        DataType::Time32(unit) => FlatType::Time32(flat_unit(*unit)),
        DataType::Time64(unit) => FlatType::Time64(flat_unit(*unit)),
        DataType::Timestamp(unit, zone) => {
            FlatType::Timestamp(flat_unit(*unit), zone.as_ref().map(|zone| zone.to_string()))
        }
        DataType::Duration(unit) => FlatType::Duration(flat_unit(*unit)),
        DataType::Interval(ArrowInterval::YearMonth) => FlatType::Interval(IntervalUnit::YearMonth),
        DataType::Interval(ArrowInterval::DayTime) => FlatType::Interval(IntervalUnit::DayTime),
        DataType::Interval(ArrowInterval::MonthDayNano) => FlatType::Interval(IntervalUnit::MonthDayNano),
        DataType::List(_) => FlatType::ListOf,
        DataType::LargeList(_) => FlatType::LargeListOf,
        DataType::FixedSizeList(_, size) => FlatType::FixedSizeListOf(size.unsigned_abs()),
        DataType::Struct(_) => FlatType::StructOf,
        DataType::Map(_, _) => FlatType::MapOf,
        DataType::Dictionary(key, _) => match key_kind(key) {
            Some(key) => FlatType::DictionaryOf(key),
            None => FlatType::Other(type_name(data_type)),
        },
        other => FlatType::Other(type_name(other)),
    }
}

fn key_kind(key: &DataType) -> Option<DictionaryKey> {
    Some(match key {
        DataType::Int8 => DictionaryKey::Int8,
        DataType::Int16 => DictionaryKey::Int16,
        DataType::Int32 => DictionaryKey::Int32,
        DataType::Int64 => DictionaryKey::Int64,
        DataType::UInt8 => DictionaryKey::Uint8,
        DataType::UInt16 => DictionaryKey::Uint16,
        DataType::UInt32 => DictionaryKey::Uint32,
        DataType::UInt64 => DictionaryKey::Uint64,
        _ => return None,
    })
}

fn flat_unit(unit: ArrowUnit) -> TimeUnit {
    match unit {
        ArrowUnit::Second => TimeUnit::Second,
        ArrowUnit::Millisecond => TimeUnit::Millisecond,
        ArrowUnit::Microsecond => TimeUnit::Microsecond,
        ArrowUnit::Nanosecond => TimeUnit::Nanosecond,
    }
}
