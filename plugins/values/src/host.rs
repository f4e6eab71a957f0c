//! Between the plugin interfaces and this crate's own types: schemas, columns and batches.

use crate::build::Level;
use crate::types::{IntervalUnit, Kind, Type, Unit};
use crate::view::View;
use jackfield_sdk::{Batch, Buffers, Column, DataType, DictionaryKey, Failure, Field, Schema, TimeUnit};

/// The interface's flat tree of a type, depth first.
pub fn tree(name: &str, of: &Type) -> Vec<Field> {
    let mut fields = Vec::new();
    add(&mut fields, name, of);
    fields
}

fn add(fields: &mut Vec<Field>, name: &str, of: &Type) {
    let at = fields.len();
    fields.push(Field::new(name, data_type(&of.kind)));
    let mut children = Vec::with_capacity(of.children.len());
    for (name, child) in &of.children {
        children.push(fields.len() as u32);
        add(fields, name, child);
    }
    // Arrow's maps have no null entries, and no null keys.
    if of.kind == Kind::Map {
        for place in [at + 1, at + 2] {
            if let Some(part) = fields.get_mut(place) {
                part.nullable = false;
            }
        }
    }
    if let Some(field) = fields.get_mut(at) {
        field.children = children;
    }
}

/// The schema of columns.
pub fn schema<'a>(columns: impl IntoIterator<Item = (&'a str, &'a Type)>) -> Schema {
    Schema::of(columns.into_iter().map(|(name, of)| tree(name, of)))
}

/// Names and types of a schema's columns.
///
/// # Errors
/// A type that is not known here.
pub fn types(schema: &Schema) -> Result<Vec<(String, Type)>, Failure> {
    schema
        .columns
        .iter()
        .zip(schema.names())
        .map(|(root, name)| Ok((name.to_owned(), type_of(&schema.fields, *root, 0)?)))
        .collect()
}

fn type_of(fields: &[Field], at: u32, depth: usize) -> Result<Type, Failure> {
    let field = fields.get(at as usize).filter(|_| depth <= crate::types::MAX_DEPTH);
    let field = field.ok_or_else(|| Failure::internal("the schema is not a tree"))?;
    let mut children = Vec::with_capacity(field.children.len());
    for child in &field.children {
        let name = fields.get(*child as usize).map_or_else(String::new, |child| child.name.clone());
        children.push((name, type_of(fields, *child, depth + 1)?));
    }
    let kind = kind(&field.data_type).ok_or_else(|| {
        let message = format!("the type of `{}` cannot be written as text", field.name);
        Failure::invalid_config("type-mismatch", message)
            .with_column(&field.name)
            .with_help("cast the column to another type")
    })?;
    Ok(Type { kind, children })
}

/// A batch of finished columns.
///
/// # Errors
/// What the host says about them.
pub fn batch(
    schema: &Schema,
    types: &[Type],
    rows: usize,
    columns: Vec<Vec<Level>>,
) -> Result<Batch<'static>, Failure> {
    let made = columns.into_iter().zip(types).zip(schema.names());
    let made = made.map(|((levels, of), name)| column(&tree(name, of), levels)).collect::<Result<Vec<_>, _>>()?;
    let borrowed: Vec<&Column> = made.iter().collect();
    Batch::of(schema, rows as u32, &borrowed)
}

/// A finished column of the type of this tree.
///
/// # Errors
/// What the host says about it.
pub fn column(tree: &[Field], levels: Vec<Level>) -> Result<Column, Failure> {
    let levels: Vec<Buffers> = levels.into_iter().map(buffers).collect();
    Column::create(tree, &levels)
}

/// A uint64 column of numbers.
///
/// # Errors
/// What the host says about it.
pub fn numbers(numbers: &[u64]) -> Result<Column, Failure> {
    let values = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let level = Level { length: numbers.len() as u32, values, ..Level::default() };
    Column::create(&tree("rows", &Kind::Uint64.into()), &[buffers(level)])
}

/// Copies the columns of a batch out of the host.
///
/// # Errors
/// What the host says about it.
pub fn views(batch: &Batch, columns: &[(String, Type)]) -> Result<Vec<(String, View)>, Failure> {
    let mut views = Vec::with_capacity(columns.len());
    for (index, (name, of)) in columns.iter().enumerate() {
        let column = batch.column_at(index as u32)?;
        let mut levels = Vec::new();
        read(&column, of, &mut Vec::new(), &mut levels)?;
        let view = View::new(of, &mut levels.into_iter());
        views.push((name.clone(), view.ok_or_else(|| Failure::internal("a column has too few levels"))?));
    }
    Ok(views)
}

fn read(column: &Column, of: &Type, path: &mut Vec<u32>, levels: &mut Vec<Level>) -> Result<(), Failure> {
    let Buffers { length, null_count, validity, offsets, values } = column.read(path)?;
    levels.push(Level { length, null_count, validity, offsets, values });
    for (index, (_, child)) in of.children.iter().enumerate() {
        path.push(index as u32);
        read(column, child, path, levels)?;
        path.pop();
    }
    Ok(())
}

fn buffers(level: Level) -> Buffers {
    let Level { length, null_count, validity, offsets, values } = level;
    Buffers { length, null_count, validity, offsets, values }
}

fn time_unit(unit: Unit) -> TimeUnit {
    match unit {
        Unit::Second => TimeUnit::Second,
        Unit::Millisecond => TimeUnit::Millisecond,
        Unit::Microsecond => TimeUnit::Microsecond,
        Unit::Nanosecond => TimeUnit::Nanosecond,
    }
}

fn unit(unit: TimeUnit) -> Unit {
    match unit {
        TimeUnit::Second => Unit::Second,
        TimeUnit::Millisecond => Unit::Millisecond,
        TimeUnit::Microsecond => Unit::Microsecond,
        TimeUnit::Nanosecond => Unit::Nanosecond,
    }
}

fn data_type(kind: &Kind) -> DataType {
    use jackfield_sdk::IntervalUnit as Theirs;
    match kind {
        Kind::Null => DataType::Null,
        Kind::Boolean => DataType::Boolean,
        Kind::Int8 => DataType::Int8,
        Kind::Int16 => DataType::Int16,
        Kind::Int32 => DataType::Int32,
        Kind::Int64 => DataType::Int64,
        Kind::Uint8 => DataType::Uint8,
        Kind::Uint16 => DataType::Uint16,
        Kind::Uint32 => DataType::Uint32,
        Kind::Uint64 => DataType::Uint64,
        Kind::Float16 => DataType::Float16,
        Kind::Float32 => DataType::Float32,
        Kind::Float64 => DataType::Float64,
        Kind::Decimal128(precision, scale) => DataType::Decimal128((*precision, *scale)),
        Kind::Decimal256(precision, scale) => DataType::Decimal256((*precision, *scale)),
        Kind::Utf8 => DataType::Utf8,
        Kind::LargeUtf8 => DataType::LargeUtf8,
        Kind::Binary => DataType::Binary,
        Kind::LargeBinary => DataType::LargeBinary,
        Kind::FixedSizeBinary(size) => DataType::FixedSizeBinary(*size),
        Kind::Date32 => DataType::Date32,
        Kind::Date64 => DataType::Date64,
        Kind::Time32(u) => DataType::Time32(time_unit(*u)),
        Kind::Time64(u) => DataType::Time64(time_unit(*u)),
        Kind::Timestamp(u, zone) => DataType::Timestamp((time_unit(*u), zone.clone())),
        Kind::Duration(u) => DataType::Duration(time_unit(*u)),
        Kind::Interval(IntervalUnit::YearMonth) => DataType::Interval(Theirs::YearMonth),
        Kind::Interval(IntervalUnit::DayTime) => DataType::Interval(Theirs::DayTime),
        Kind::Interval(IntervalUnit::MonthDayNano) => DataType::Interval(Theirs::MonthDayNano),
        Kind::List => DataType::ListOf,
        Kind::LargeList => DataType::LargeListOf,
        Kind::FixedSizeList(size) => DataType::FixedSizeListOf(*size),
        Kind::Struct => DataType::StructOf,
        Kind::Map => DataType::MapOf,
        Kind::Dictionary(bytes) => DataType::DictionaryOf(match bytes {
            1 => DictionaryKey::Int8,
            2 => DictionaryKey::Int16,
            4 => DictionaryKey::Int32,
            _ => DictionaryKey::Int64,
        }),
    }
}

fn kind(of: &DataType) -> Option<Kind> {
    use jackfield_sdk::IntervalUnit as Theirs;
    Some(match of {
        DataType::Null => Kind::Null,
        DataType::Boolean => Kind::Boolean,
        DataType::Int8 => Kind::Int8,
        DataType::Int16 => Kind::Int16,
        DataType::Int32 => Kind::Int32,
        DataType::Int64 => Kind::Int64,
        DataType::Uint8 => Kind::Uint8,
        DataType::Uint16 => Kind::Uint16,
        DataType::Uint32 => Kind::Uint32,
        DataType::Uint64 => Kind::Uint64,
        DataType::Float16 => Kind::Float16,
        DataType::Float32 => Kind::Float32,
        DataType::Float64 => Kind::Float64,
        DataType::Decimal128((precision, scale)) => Kind::Decimal128(*precision, *scale),
        DataType::Decimal256((precision, scale)) => Kind::Decimal256(*precision, *scale),
        DataType::Utf8 => Kind::Utf8,
        DataType::LargeUtf8 => Kind::LargeUtf8,
        DataType::Binary => Kind::Binary,
        DataType::LargeBinary => Kind::LargeBinary,
        DataType::FixedSizeBinary(size) => Kind::FixedSizeBinary(*size),
        DataType::Date32 => Kind::Date32,
        DataType::Date64 => Kind::Date64,
        DataType::Time32(u) => Kind::Time32(unit(*u)),
        DataType::Time64(u) => Kind::Time64(unit(*u)),
        DataType::Timestamp((u, zone)) => Kind::Timestamp(unit(*u), zone.clone()),
        DataType::Duration(u) => Kind::Duration(unit(*u)),
        DataType::Interval(Theirs::YearMonth) => Kind::Interval(IntervalUnit::YearMonth),
        DataType::Interval(Theirs::DayTime) => Kind::Interval(IntervalUnit::DayTime),
        DataType::Interval(Theirs::MonthDayNano) => Kind::Interval(IntervalUnit::MonthDayNano),
        DataType::ListOf => Kind::List,
        DataType::LargeListOf => Kind::LargeList,
        DataType::FixedSizeListOf(size) => Kind::FixedSizeList(*size),
        DataType::StructOf => Kind::Struct,
        DataType::MapOf => Kind::Map,
        DataType::DictionaryOf(key) => Kind::Dictionary(match key {
            DictionaryKey::Int8 | DictionaryKey::Uint8 => 1,
            DictionaryKey::Int16 | DictionaryKey::Uint16 => 2,
            DictionaryKey::Int32 | DictionaryKey::Uint32 => 4,
            DictionaryKey::Int64 | DictionaryKey::Uint64 => 8,
        }),
        DataType::Other(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_go_there_and_back() {
        for name in
            ["int64", "timestamp[ns, Europe/Paris]", "struct<a: list<struct<b: utf8, c: bool>>, d: decimal(5,2)>"]
        {
            let of = Type::parse(name).unwrap();
            let schema = schema([("x", &of), ("y", &of)]);
            let back = types(&schema).unwrap();
            assert_eq!(back, [("x".to_owned(), of.clone()), ("y".to_owned(), of)]);
        }
    }

    #[test]
    fn a_schema_that_is_no_tree_is_refused() {
        let mut field = Field::new("x", DataType::ListOf);
        field.children = vec![0];
        let schema = Schema { fields: vec![field], columns: vec![0], metadata: Vec::new() };
        assert!(types(&schema).is_err());
    }
}
