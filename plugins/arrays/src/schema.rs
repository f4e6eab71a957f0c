//! Types: arrow's to the interfaces' flat trees, and back.

use arrow_schema::{
    DataType as Arrow, Field as ArrowField, Fields, IntervalUnit as ArrowInterval, TimeUnit as ArrowUnit,
};
use jackfield_sdk::{DataType, DictionaryKey, Failure, Field, IntervalUnit, Schema, TimeUnit};
use std::collections::HashMap;
use std::sync::Arc;

/// How deep types may be nested, and how many fields a schema may have, children counted: the host's bounds.
pub const MAX_DEPTH: usize = 32;
/// See [`MAX_DEPTH`].
pub const MAX_FIELDS: usize = 10_000;

/// The type that plugins see: views, run-end arrays and unions are converted by the host where they come in.
pub fn plain(of: &Arrow) -> Arrow {
    match of {
        Arrow::Utf8View => Arrow::Utf8,
        Arrow::BinaryView => Arrow::Binary,
        Arrow::Decimal32(precision, scale) | Arrow::Decimal64(precision, scale) => {
            Arrow::Decimal128(*precision, *scale)
        }
        Arrow::List(item) | Arrow::ListView(item) => Arrow::List(plain_field(item)),
        Arrow::LargeList(item) | Arrow::LargeListView(item) => Arrow::LargeList(plain_field(item)),
        Arrow::FixedSizeList(item, size) => Arrow::FixedSizeList(plain_field(item), *size),
        Arrow::Struct(fields) => Arrow::Struct(fields.iter().map(plain_field).collect()),
        Arrow::Map(entries, sorted) => Arrow::Map(plain_field(entries), *sorted),
        Arrow::Dictionary(key, value) => Arrow::Dictionary(key.clone(), Box::new(plain(value))),
        Arrow::RunEndEncoded(_, values) => plain(values.data_type()),
        Arrow::Union(cases, _) => {
            let cases = cases.iter().map(|(_, case)| Arc::new(plain_field(case).as_ref().clone().with_nullable(true)));
            Arrow::Struct(cases.collect::<Fields>())
        }
        other => other.clone(),
    }
}

/// The field with its type made plain.
pub fn plain_field(field: &Arc<ArrowField>) -> Arc<ArrowField> {
    let of = plain(field.data_type());
    if of == *field.data_type() { field.clone() } else { Arc::new(field.as_ref().clone().with_data_type(of)) }
}

/// Levels of a type, its own counted; stops counting behind the bound.
pub fn depth(of: &Arrow) -> usize {
    let mut level = vec![of];
    let mut depth = 0;
    while !level.is_empty() && depth <= MAX_DEPTH {
        depth += 1;
        level = level.into_iter().flat_map(children).collect();
    }
    depth
}

/// Fields of a type, its own counted.
pub fn count(of: &Arrow) -> usize {
    let mut waiting = vec![of];
    let mut count = 0;
    while let Some(next) = waiting.pop() {
        count += 1;
        if count > MAX_FIELDS {
            break;
        }
        waiting.extend(children(next));
    }
    count
}

fn children(of: &Arrow) -> Vec<&Arrow> {
    match of {
        Arrow::List(item)
        | Arrow::LargeList(item)
        | Arrow::ListView(item)
        | Arrow::LargeListView(item)
        | Arrow::FixedSizeList(item, _)
        | Arrow::Map(item, _) => vec![item.data_type()],
        Arrow::Struct(fields) => fields.iter().map(|field| field.data_type()).collect(),
        Arrow::Union(cases, _) => cases.iter().map(|(_, case)| case.data_type()).collect(),
        Arrow::Dictionary(_, value) => vec![value],
        Arrow::RunEndEncoded(_, values) => vec![values.data_type()],
        _ => Vec::new(),
    }
}

/// The interface's flat tree of a field, parents before children and each before its next sibling.
///
/// # Errors
/// A type that is not plain.
pub fn tree(field: &ArrowField) -> Result<Vec<Field>, Failure> {
    let mut fields = Vec::new();
    add(&mut fields, field)?;
    Ok(fields)
}

fn add(fields: &mut Vec<Field>, field: &ArrowField) -> Result<(), Failure> {
    let at = fields.len();
    let of = data_type(field.data_type()).ok_or_else(|| {
        let message = format!("`{}` has the type {}, which is not known here", field.name(), field.data_type());
        Failure::invalid_input("invalid-type", message).with_column(field.name())
    })?;
    let mut metadata: Vec<(String, String)> =
        field.metadata().iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    metadata.retain(|(key, _)| !key.starts_with("PARQUET:"));
    metadata.sort();
    fields.push(Field {
        name: field.name().clone(),
        data_type: of,
        nullable: field.is_nullable(),
        children: Vec::new(),
        metadata,
    });
    let mut numbers = Vec::new();
    let mut child = |child: &ArrowField| {
        numbers.push(fields.len() as u32);
        add(fields, child)
    };
    match field.data_type() {
        Arrow::List(item) | Arrow::LargeList(item) | Arrow::FixedSizeList(item, _) | Arrow::Map(item, _) => {
            child(item)?
        }
        Arrow::Struct(members) => members.iter().try_for_each(|member| child(member))?,
        Arrow::Dictionary(_, value) => child(&ArrowField::new("values", value.as_ref().clone(), true))?,
        _ => {}
    }
    if let Some(field) = fields.get_mut(at) {
        field.children = numbers;
    }
    Ok(())
}

fn data_type(of: &Arrow) -> Option<DataType> {
    Some(match of {
        Arrow::Null => DataType::Null,
        Arrow::Boolean => DataType::Boolean,
        Arrow::Int8 => DataType::Int8,
        Arrow::Int16 => DataType::Int16,
        Arrow::Int32 => DataType::Int32,
        Arrow::Int64 => DataType::Int64,
        Arrow::UInt8 => DataType::Uint8,
        Arrow::UInt16 => DataType::Uint16,
        Arrow::UInt32 => DataType::Uint32,
        Arrow::UInt64 => DataType::Uint64,
        Arrow::Float16 => DataType::Float16,
        Arrow::Float32 => DataType::Float32,
        Arrow::Float64 => DataType::Float64,
        Arrow::Decimal128(precision, scale) => DataType::Decimal128((*precision, *scale)),
        Arrow::Decimal256(precision, scale) => DataType::Decimal256((*precision, *scale)),
        Arrow::Utf8 => DataType::Utf8,
        Arrow::LargeUtf8 => DataType::LargeUtf8,
        Arrow::Binary => DataType::Binary,
        Arrow::LargeBinary => DataType::LargeBinary,
        Arrow::FixedSizeBinary(width) => DataType::FixedSizeBinary(u32::try_from(*width).ok()?),
        Arrow::Date32 => DataType::Date32,
        Arrow::Date64 => DataType::Date64,
        Arrow::Time32(unit) => DataType::Time32(time_unit(*unit)),
        Arrow::Time64(unit) => DataType::Time64(time_unit(*unit)),
        Arrow::Timestamp(unit, zone) => DataType::Timestamp((time_unit(*unit), zone.as_ref().map(|z| z.to_string()))),
        Arrow::Duration(unit) => DataType::Duration(time_unit(*unit)),
        Arrow::Interval(ArrowInterval::YearMonth) => DataType::Interval(IntervalUnit::YearMonth),
        Arrow::Interval(ArrowInterval::DayTime) => DataType::Interval(IntervalUnit::DayTime),
        Arrow::Interval(ArrowInterval::MonthDayNano) => DataType::Interval(IntervalUnit::MonthDayNano),
        Arrow::List(_) => DataType::ListOf,
        Arrow::LargeList(_) => DataType::LargeListOf,
        Arrow::FixedSizeList(_, size) => DataType::FixedSizeListOf(u32::try_from(*size).ok()?),
        Arrow::Struct(_) => DataType::StructOf,
        Arrow::Map(..) => DataType::MapOf,
        Arrow::Dictionary(key, _) => DataType::DictionaryOf(dictionary_key(key)?),
        _ => return None,
    })
}

fn dictionary_key(of: &Arrow) -> Option<DictionaryKey> {
    Some(match of {
        Arrow::Int8 => DictionaryKey::Int8,
        Arrow::Int16 => DictionaryKey::Int16,
        Arrow::Int32 => DictionaryKey::Int32,
        Arrow::Int64 => DictionaryKey::Int64,
        Arrow::UInt8 => DictionaryKey::Uint8,
        Arrow::UInt16 => DictionaryKey::Uint16,
        Arrow::UInt32 => DictionaryKey::Uint32,
        Arrow::UInt64 => DictionaryKey::Uint64,
        _ => return None,
    })
}

/// Arrow's schema of the interfaces' one.
///
/// # Errors
/// A schema that is no tree, or a type added to the interfaces later.
pub fn fields(schema: &Schema) -> Result<Fields, Failure> {
    schema.columns.iter().map(|root| field_at(&schema.fields, *root, 0).map(Arc::new)).collect()
}

/// Arrow's field of a flat tree.
///
/// # Errors
/// As [`fields`].
pub fn field(tree: &[Field]) -> Result<ArrowField, Failure> {
    field_at(tree, 0, 0)
}

fn field_at(all: &[Field], at: u32, depth: usize) -> Result<ArrowField, Failure> {
    let field = all.get(at as usize).filter(|_| depth <= MAX_DEPTH);
    let field = field.ok_or_else(|| Failure::internal("the schema is not a tree"))?;
    let mut children = Vec::with_capacity(field.children.len());
    for child in &field.children {
        children.push(Arc::new(field_at(all, *child, depth + 1)?));
    }
    let mut first = children.first().cloned().ok_or_else(|| Failure::internal("a type lacks its child"));
    let of = match &field.data_type {
        DataType::Null => Arrow::Null,
        DataType::Boolean => Arrow::Boolean,
        DataType::Int8 => Arrow::Int8,
        DataType::Int16 => Arrow::Int16,
        DataType::Int32 => Arrow::Int32,
        DataType::Int64 => Arrow::Int64,
        DataType::Uint8 => Arrow::UInt8,
        DataType::Uint16 => Arrow::UInt16,
        DataType::Uint32 => Arrow::UInt32,
        DataType::Uint64 => Arrow::UInt64,
        DataType::Float16 => Arrow::Float16,
        DataType::Float32 => Arrow::Float32,
        DataType::Float64 => Arrow::Float64,
        DataType::Decimal128((precision, scale)) => Arrow::Decimal128(*precision, *scale),
        DataType::Decimal256((precision, scale)) => Arrow::Decimal256(*precision, *scale),
        DataType::Utf8 => Arrow::Utf8,
        DataType::LargeUtf8 => Arrow::LargeUtf8,
        DataType::Binary => Arrow::Binary,
        DataType::LargeBinary => Arrow::LargeBinary,
        DataType::FixedSizeBinary(width) => Arrow::FixedSizeBinary(size(*width)?),
        DataType::Date32 => Arrow::Date32,
        DataType::Date64 => Arrow::Date64,
        DataType::Time32(unit) => Arrow::Time32(arrow_unit(*unit)),
        DataType::Time64(unit) => Arrow::Time64(arrow_unit(*unit)),
        DataType::Timestamp((unit, zone)) => Arrow::Timestamp(arrow_unit(*unit), zone.as_deref().map(Arc::from)),
        DataType::Duration(unit) => Arrow::Duration(arrow_unit(*unit)),
        DataType::Interval(IntervalUnit::YearMonth) => Arrow::Interval(ArrowInterval::YearMonth),
        DataType::Interval(IntervalUnit::DayTime) => Arrow::Interval(ArrowInterval::DayTime),
        DataType::Interval(IntervalUnit::MonthDayNano) => Arrow::Interval(ArrowInterval::MonthDayNano),
        DataType::ListOf => Arrow::List(first?),
        DataType::LargeListOf => Arrow::LargeList(first?),
        DataType::FixedSizeListOf(length) => Arrow::FixedSizeList(first?, size(*length)?),
        DataType::StructOf => Arrow::Struct(children.into()),
        DataType::MapOf => {
            first = first.map(|entries| Arc::new(entries.as_ref().clone().with_nullable(false)));
            Arrow::Map(first?, false)
        }
        DataType::DictionaryOf(key) => {
            let key = match key {
                DictionaryKey::Int8 => Arrow::Int8,
                DictionaryKey::Int16 => Arrow::Int16,
                DictionaryKey::Int32 => Arrow::Int32,
                DictionaryKey::Int64 => Arrow::Int64,
                DictionaryKey::Uint8 => Arrow::UInt8,
                DictionaryKey::Uint16 => Arrow::UInt16,
                DictionaryKey::Uint32 => Arrow::UInt32,
                DictionaryKey::Uint64 => Arrow::UInt64,
            };
            Arrow::Dictionary(Box::new(key), Box::new(first?.data_type().clone()))
        }
        DataType::Other(name) => {
            let message = format!("`{}` has the type {name}, which is not known here", field.name);
            return Err(Failure::invalid_config("type-mismatch", message).with_column(&field.name));
        }
    };
    let metadata: HashMap<String, String> =
        field.metadata.iter().filter(|(key, _)| !key.starts_with("jackfield:")).cloned().collect();
    Ok(ArrowField::new(&field.name, of, field.nullable).with_metadata(metadata))
}

fn size(length: u32) -> Result<i32, Failure> {
    i32::try_from(length).map_err(|_| Failure::limit("too-large", format!("a fixed size of {length} is too large")))
}

fn time_unit(unit: ArrowUnit) -> TimeUnit {
    match unit {
        ArrowUnit::Second => TimeUnit::Second,
        ArrowUnit::Millisecond => TimeUnit::Millisecond,
        ArrowUnit::Microsecond => TimeUnit::Microsecond,
        ArrowUnit::Nanosecond => TimeUnit::Nanosecond,
    }
}

fn arrow_unit(unit: TimeUnit) -> ArrowUnit {
    match unit {
        TimeUnit::Second => ArrowUnit::Second,
        TimeUnit::Millisecond => ArrowUnit::Millisecond,
        TimeUnit::Microsecond => ArrowUnit::Microsecond,
        TimeUnit::Nanosecond => ArrowUnit::Nanosecond,
    }
}
