//! Columns as single things: made of nothing, repeated, joined, taken from.

use crate::numbers::rows_or_null;
use jackfield_sdk::compute::{self, Argument};
use jackfield_sdk::{Batch, Buffers, Column, DataType, Failure, Field, Schema, type_name};

/// A column without rows.
///
/// # Errors
/// What the host says.
pub fn empty_column(tree: &[Field]) -> Result<Column, Failure> {
    let level = |field: &Field| {
        let offsets = match field.data_type {
            DataType::Utf8 | DataType::Binary | DataType::ListOf | DataType::MapOf => Some(vec![0; 4]),
            DataType::LargeUtf8 | DataType::LargeBinary | DataType::LargeListOf => Some(vec![0; 8]),
            _ => None,
        };
        Buffers { length: 0, null_count: 0, validity: None, offsets, values: Vec::new() }
    };
    let levels: Vec<Buffers> = tree.iter().map(level).collect();
    Column::of(tree, &levels)
}

/// A batch without rows.
///
/// # Errors
/// What the host says.
pub fn empty_batch(schema: &Schema) -> Result<Batch<'static>, Failure> {
    let columns: Result<Vec<Column>, Failure> =
        (0..schema.len() as u32).map(|index| empty_column(&schema.tree(index))).collect();
    let columns = columns?;
    Batch::of(schema, 0, &columns.iter().collect::<Vec<_>>())
}

/// A batch of one column.
///
/// # Errors
/// What the host says.
pub fn single(column: &Column) -> Result<Batch<'static>, Failure> {
    let mut tree = column.tree();
    if let Some(root) = tree.first_mut() {
        root.name = "values".to_owned();
        root.nullable = true;
    }
    Batch::of(&Schema::of([tree]), column.length(), &[column])
}

/// Columns as a batch of so many rows, each under its number.
///
/// # Errors
/// Columns that are not as long.
pub fn together(columns: &[Column], rows: u32) -> Result<Batch<'static>, Failure> {
    let mut trees: Vec<Vec<Field>> = columns.iter().map(Column::tree).collect();
    for (number, tree) in trees.iter_mut().enumerate() {
        if let Some(root) = tree.first_mut() {
            root.name = number.to_string();
            root.nullable = true;
        }
    }
    Batch::of(&Schema::of(trees), rows, &columns.iter().collect::<Vec<_>>())
}

/// The values in rows by number; a null number gives null.
///
/// # Errors
/// `out-of-bounds`.
pub fn take(column: &Column, rows: &Column) -> Result<Column, Failure> {
    single(column)?.take(rows)?.column_at(0)
}

/// A column of nulls, which grows as it is needed.
#[derive(Debug)]
pub struct Nulls {
    tree: Vec<Field>,
    held: Option<Column>,
}

impl Nulls {
    /// Of a type.
    pub fn new(tree: Vec<Field>) -> Nulls {
        Nulls { tree, held: None }
    }

    /// So many of them.
    ///
    /// # Errors
    /// What the host says.
    pub fn rows(&mut self, rows: u32) -> Result<Column, Failure> {
        let held = match self.held.take() {
            Some(held) if held.length() >= rows => held,
            _ => take(&empty_column(&self.tree)?, &rows_or_null(&vec![u32::MAX; rows as usize])?)?,
        };
        let cut = held.slice(0, rows)?;
        self.held = Some(held);
        Ok(cut)
    }
}

/// The type that holds the values of all these types; the same type, or the wider of numbers.
///
/// # Errors
/// They do not go together.
pub fn common_type(trees: &[Vec<Field>]) -> Result<Vec<Field>, Failure> {
    let Some(first) = trees.first() else { return Err(Failure::internal("no types are given")) };
    if trees.iter().all(|tree| type_name(tree) == type_name(first)) {
        return Ok(first.clone());
    }
    compute::result_type("coalesce", trees, "")
}

/// The column as the type, without any change if it is of it.
///
/// # Errors
/// A value that does not convert.
pub fn as_type(column: Column, to: &[Field]) -> Result<Column, Failure> {
    let to = type_name(to);
    if type_name(&column.tree()) == to { Ok(column) } else { column.cast(&to) }
}

/// Calls a kernel whose rows cannot fail.
///
/// # Errors
/// The kernel's.
pub fn call(function: &str, arguments: &[Argument], options: &str) -> Result<Column, Failure> {
    jackfield_sdk::column::whole(jackfield_sdk::column::call(function, arguments, options)?)
}

/// The tree under another name.
pub fn named(mut tree: Vec<Field>, name: &str) -> Vec<Field> {
    if let Some(root) = tree.first_mut() {
        root.name = name.to_owned();
        root.nullable = true;
    }
    tree
}

/// A name as SQL reads it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Text as SQL reads it.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Whether values of the type are numbers.
pub fn is_number(of: &DataType) -> bool {
    use DataType::{
        Decimal128, Decimal256, Float16, Float32, Float64, Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64,
    };
    matches!(
        of,
        Int8 | Int16
            | Int32
            | Int64
            | Uint8
            | Uint16
            | Uint32
            | Uint64
            | Float16
            | Float32
            | Float64
            | Decimal128(_)
            | Decimal256(_)
    )
}

/// The type of a column itself.
pub fn root(tree: &[Field]) -> DataType {
    tree.first().map_or(DataType::Null, |root| root.data_type.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_quoted_as_sql_wants() {
        assert_eq!(quoted("a \"b\""), "\"a \"\"b\"\"\"");
        assert_eq!(literal("it's"), "'it''s'");
    }
}
