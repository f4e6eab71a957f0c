//! From flat fields to arrow's: from the last to the first, so that hostile children cost no stack.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, FieldRef, Fields,
    IntervalUnit as ArrowInterval, Schema, TimeUnit as ArrowUnit,
};

use super::flatten::child_fields;
use super::{DictionaryKey, FlatField, FlatType, IntervalUnit, MAX_FIELDS, TimeUnit};
use crate::Failure;
use crate::batch::unique_names;
use crate::types::{MAX_DEPTH, check_decimal, depth, parse_type, plain_type, zone_name};

/// The field that a tree describes; item 0 is the root. The entries and keys of a map become non-nullable, as Arrow
/// wants them.
///
/// # Errors
/// `invalid-type` where children are cyclic, shared, left over or too deep, or a type is not known; `too-large` above
/// 10,000 fields.
pub fn field_from_tree(tree: &[FlatField]) -> Result<Field, Failure> {
    let mut grown = grow(tree)?;
    let root = grown.first_mut().and_then(Option::take);
    let (root, _) = root.ok_or_else(|| wrong(0, "expected at least one field"))?;
    none_left(&grown)?;
    Ok(root.as_ref().clone())
}

/// The schema of a list of flat fields; `columns` are the indices of the top-level ones.
///
/// # Errors
/// As [`field_from_tree`], and `duplicate-column` where a column name stands twice.
pub fn schema_from_flat(
    fields: &[FlatField],
    columns: &[u32],
    metadata: &[(String, String)],
) -> Result<Schema, Failure> {
    let mut grown = grow(fields)?;
    let mut roots: Vec<FieldRef> = Vec::with_capacity(columns.len().min(fields.len()));
    for column in columns {
        let root = grown.get_mut(*column as usize).and_then(Option::take);
        let message = "expected an index of a field that is neither a child nor another column";
        roots.push(root.ok_or_else(|| wrong(*column as usize, message))?.0);
    }
    none_left(&grown)?;
    unique_names(&roots)?;
    Ok(Schema::new_with_metadata(roots, metadata.iter().cloned().collect::<HashMap<_, _>>()))
}

type Grown = Option<(FieldRef, usize)>;

/// Every field with its depth; children are taken out by their parents.
fn grow(flat: &[FlatField]) -> Result<Vec<Grown>, Failure> {
    if flat.len() > MAX_FIELDS {
        let message =
            format!("a schema has at most {MAX_FIELDS} fields, children counted, this one has {}", flat.len());
        return Err(Failure::limit("too-large", message));
    }
    let mut grown: Vec<Grown> = vec![None; flat.len()];
    for (index, field) in flat.iter().enumerate().rev() {
        let mut children = Vec::with_capacity(field.children.len().min(flat.len()));
        let mut deepest = 0;
        for child in &field.children {
            let child = *child as usize;
            let later = if child > index { grown.get_mut(child).and_then(Option::take) } else { None };
            let Some((child, depth)) = later else {
                let message = format!("child {child} is not the index of a later field that is used once");
                return Err(wrong(index, &message).with_column(&field.name));
            };
            deepest = deepest.max(depth);
            children.push(child);
        }
        let data_type =
            data_type(&field.kind, children).map_err(|message| wrong(index, &message).with_column(&field.name))?;
        // Text may carry a type of several levels.
        let own = deepest.max(depth(&data_type) - 1) + 1;
        if own > MAX_DEPTH {
            return Err(wrong(index, &format!("a type has at most {MAX_DEPTH} levels")).with_column(&field.name));
        }
        let metadata: HashMap<String, String> = field.metadata.iter().cloned().collect();
        let field = Field::new(&field.name, data_type, field.nullable).with_metadata(metadata);
        if let Some(place) = grown.get_mut(index) {
            *place = Some((Arc::new(field), own));
        }
    }
    Ok(grown)
}

fn none_left(grown: &[Grown]) -> Result<(), Failure> {
    match grown.iter().position(Option::is_some) {
        None => Ok(()),
        Some(index) => Err(wrong(index, "the field is neither a root nor a child of another")),
    }
}

fn wrong(index: usize, message: &str) -> Failure {
    Failure::invalid_input("invalid-type", format!("field {index}: {message}"))
}

fn data_type(kind: &FlatType, children: Vec<FieldRef>) -> Result<DataType, String> {
    let expected = match kind {
        FlatType::StructOf => children.len(),
        FlatType::ListOf
        | FlatType::LargeListOf
        | FlatType::FixedSizeListOf(_)
        | FlatType::MapOf
        | FlatType::DictionaryOf(_) => 1,
        _ => 0,
    };
    if children.len() != expected {
        return Err(format!("expected {expected} children, found {}", children.len()));
    }
    let simple = match kind {
        FlatType::StructOf => return Ok(DataType::Struct(Fields::from(children))),
        FlatType::Null => DataType::Null,
        FlatType::Boolean => DataType::Boolean,
        FlatType::Int8 => DataType::Int8,
        FlatType::Int16 => DataType::Int16,
        FlatType::Int32 => DataType::Int32,
        FlatType::Int64 => DataType::Int64,
        FlatType::Uint8 => DataType::UInt8,
        FlatType::Uint16 => DataType::UInt16,
        FlatType::Uint32 => DataType::UInt32,
        FlatType::Uint64 => DataType::UInt64,
        FlatType::Float16 => DataType::Float16,
        FlatType::Float32 => DataType::Float32,
        FlatType::Float64 => DataType::Float64,
        FlatType::Decimal128(precision, scale) => {
            check_decimal(*precision, *scale, DECIMAL128_MAX_PRECISION)?;
            DataType::Decimal128(*precision, *scale)
        }
        FlatType::Decimal256(precision, scale) => {
            check_decimal(*precision, *scale, DECIMAL256_MAX_PRECISION)?;
            DataType::Decimal256(*precision, *scale)
        }
        FlatType::Utf8 => DataType::Utf8,
        FlatType::LargeUtf8 => DataType::LargeUtf8,
        FlatType::Binary => DataType::Binary,
        FlatType::LargeBinary => DataType::LargeBinary,
        FlatType::FixedSizeBinary(width) => DataType::FixedSizeBinary(signed(*width)?),
        FlatType::Date32 => DataType::Date32,
        FlatType::Date64 => DataType::Date64,
        FlatType::Time32(unit @ (TimeUnit::Second | TimeUnit::Millisecond)) => DataType::Time32(arrow_unit(*unit)),
        FlatType::Time32(_) => return Err("time32 counts seconds or milliseconds".to_owned()),
        FlatType::Time64(unit @ (TimeUnit::Microsecond | TimeUnit::Nanosecond)) => DataType::Time64(arrow_unit(*unit)),
        FlatType::Time64(_) => return Err("time64 counts microseconds or nanoseconds".to_owned()),
        FlatType::Timestamp(unit, None) => DataType::Timestamp(arrow_unit(*unit), None),
        FlatType::Timestamp(unit, Some(zone)) => {
            let shown: String = zone.chars().take(40).collect();
            let zone = zone_name(zone).ok_or_else(|| format!("unknown time zone `{shown}`"))?;
            DataType::Timestamp(arrow_unit(*unit), Some(zone))
        }
        FlatType::Duration(unit) => DataType::Duration(arrow_unit(*unit)),
        FlatType::Interval(IntervalUnit::YearMonth) => DataType::Interval(ArrowInterval::YearMonth),
        FlatType::Interval(IntervalUnit::DayTime) => DataType::Interval(ArrowInterval::DayTime),
        FlatType::Interval(IntervalUnit::MonthDayNano) => DataType::Interval(ArrowInterval::MonthDayNano),
        FlatType::Other(text) => {
            let parsed = parse_type(text).map_err(|failure| failure.message)?;
            let plain = plain_type(&parsed);
            if !child_fields(&plain).is_empty() {
                return Err("a nested type is told by its children, not as text".to_owned());
            }
            plain
        }
        FlatType::ListOf
        | FlatType::LargeListOf
        | FlatType::FixedSizeListOf(_)
        | FlatType::MapOf
        | FlatType::DictionaryOf(_) => {
            let child = children.into_iter().next().ok_or("expected a child")?;
            return nested(kind, child);
        }
    };
    Ok(simple)
}

fn nested(kind: &FlatType, child: FieldRef) -> Result<DataType, String> {
    Ok(match kind {
        FlatType::LargeListOf => DataType::LargeList(child),
        FlatType::FixedSizeListOf(size) => DataType::FixedSizeList(child, signed(*size)?),
        FlatType::MapOf => DataType::Map(entries(&child)?, false),
        FlatType::DictionaryOf(key) => {
            DataType::Dictionary(Box::new(key_type(*key)), Box::new(child.data_type().clone()))
        }
        _ => DataType::List(child),
    })
}

/// The entries field with the nullability that arrow asks of it and of the keys.
fn entries(child: &FieldRef) -> Result<FieldRef, String> {
    let DataType::Struct(fields) = child.data_type() else {
        return Err("the child of a map is a struct of key and value".to_owned());
    };
    let [key, value] = fields.as_ref() else {
        return Err("the child of a map is a struct of key and value".to_owned());
    };
    let key = Arc::new(key.as_ref().clone().with_nullable(false));
    let fields = Fields::from(vec![key, value.clone()]);
    let entries = Field::new(child.name(), DataType::Struct(fields), false);
    Ok(Arc::new(entries.with_metadata(child.metadata().clone())))
}

fn signed(size: u32) -> Result<i32, String> {
    i32::try_from(size).map_err(|_| format!("a size is at most {}, found {size}", i32::MAX))
}

fn arrow_unit(unit: TimeUnit) -> ArrowUnit {
    match unit {
        TimeUnit::Second => ArrowUnit::Second,
        TimeUnit::Millisecond => ArrowUnit::Millisecond,
        TimeUnit::Microsecond => ArrowUnit::Microsecond,
        TimeUnit::Nanosecond => ArrowUnit::Nanosecond,
    }
}

fn key_type(key: DictionaryKey) -> DataType {
    match key {
        DictionaryKey::Int8 => DataType::Int8,
        DictionaryKey::Int16 => DataType::Int16,
        DictionaryKey::Int32 => DataType::Int32,
        DictionaryKey::Int64 => DataType::Int64,
        DictionaryKey::Uint8 => DataType::UInt8,
        DictionaryKey::Uint16 => DataType::UInt16,
        DictionaryKey::Uint32 => DataType::UInt32,
        DictionaryKey::Uint64 => DataType::UInt64,
    }
}
