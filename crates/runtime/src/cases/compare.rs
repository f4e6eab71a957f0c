//! Compares what came out with what was expected, cell by cell.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jackfield_columns::{Batch, Unmetered, type_name};
use serde_json::Value as Json;

use super::build::{self, Row};

/// Rows up to which a comparison looks for the shortest difference; longer tables are compared row by row.
const MOST_ALIGNED: usize = 2000;

/// A table as people see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// The columns' names.
    pub columns: Vec<String>,
    /// Cells, row by row.
    pub rows: Vec<Vec<String>>,
}

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowChange {
    /// It is in both.
    Same(Vec<String>),
    /// It was expected and did not come.
    Missing(Vec<String>),
    /// It came and was not expected.
    Extra(Vec<String>),
}

/// The difference of two tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowDiff {
    /// The columns' names.
    pub columns: Vec<String>,
    /// In their order.
    pub changes: Vec<RowChange>,
}

/// All rows of some batches as cells, the columns in the order of `columns`.
pub(super) fn shown(batches: &[Batch], columns: &[String]) -> Result<Shown, String> {
    let mut rows = Vec::new();
    for batch in batches {
        let arrays: Vec<Option<ArrayRef>> = columns
            .iter()
            .map(|name| match batch.schema().index_of(name) {
                Ok(index) => batch.column(index, &mut Unmetered).map(Some).map_err(|failure| failure.message),
                Err(_) => Ok(None),
            })
            .collect::<Result<_, String>>()?;
        for row in 0..batch.rows() {
            rows.push(arrays.iter().map(|array| array.as_ref().map_or_else(null, |array| cell(array, row))).collect());
        }
    }
    Ok(Shown { columns: columns.to_vec(), rows })
}

fn null() -> String {
    "null".to_owned()
}

/// One value as text: `null` is no value, and text that looks like something else stands in quotes.
pub(super) fn cell(array: &ArrayRef, row: usize) -> String {
    if array.is_null(row) {
        return null();
    }
    match array.data_type() {
        DataType::Null => null(),
        DataType::Utf8 => text(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => text(array.as_string::<i64>().value(row)),
        _ => {
            let options = FormatOptions::default().with_null("null");
            let formatter = ArrayFormatter::try_new(array.as_ref(), &options);
            formatter.map_or_else(|error| error.to_string(), |formatter| formatter.value(row).to_string())
        }
    }
}

fn text(text: &str) -> String {
    let plain = !text.is_empty()
        && text != "null"
        && text.trim() == text
        && !text.starts_with('"')
        && !text.chars().any(|c| c.is_control() || jackfield_manifest::steers(c));
    if plain { text.to_owned() } else { format!("{text:?}") }
}

/// Expected rows as cells, each value read as the type that the column really has; what cannot be read so is shown as
/// it is written, and differs.
pub(super) fn expected(rows: &[Row], schema: &SchemaRef, columns: &[String]) -> Shown {
    let mut shown: Vec<Vec<String>> = rows.iter().map(|_| Vec::new()).collect();
    for name in columns {
        let data_type = schema.field_with_name(name).map(|field| field.data_type().clone()).ok();
        for (row, cells) in rows.iter().zip(&mut shown) {
            let value = row.get(name).unwrap_or(&Json::Null);
            let read = data_type.as_ref().and_then(|data_type| build::column(data_type, &[value]).ok());
            cells.push(match read {
                Some(array) => cell(&array, 0),
                None if value.is_null() => null(),
                None => value.to_string(),
            });
        }
    }
    Shown { columns: columns.to_vec(), rows: shown }
}

/// The difference, or `None` if there is none.
pub(super) fn difference(expected: &Shown, actual: &Shown) -> Option<RowDiff> {
    if expected.rows == actual.rows {
        return None;
    }
    let (old, new) = (&expected.rows, &actual.rows);
    let changes = match old.len().max(new.len()) <= MOST_ALIGNED {
        true => aligned(old, new),
        false => in_step(old, new),
    };
    Some(RowDiff { columns: actual.columns.clone(), changes })
}

fn in_step(old: &[Vec<String>], new: &[Vec<String>]) -> Vec<RowChange> {
    let mut changes = Vec::new();
    for number in 0..old.len().max(new.len()) {
        match (old.get(number), new.get(number)) {
            (Some(one), Some(other)) if one == other => changes.push(RowChange::Same(one.clone())),
            (one, other) => {
                changes.extend(one.cloned().map(RowChange::Missing));
                changes.extend(other.cloned().map(RowChange::Extra));
            }
        }
    }
    changes
}

/// By the longest common rows, after what both begin and end with.
fn aligned(old: &[Vec<String>], new: &[Vec<String>]) -> Vec<RowChange> {
    let head = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let (old_rest, new_rest) = (old.get(head..).unwrap_or_default(), new.get(head..).unwrap_or_default());
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(one, other)| one == other).count();
    let (olds, same) = old_rest.split_at(old_rest.len() - tail);
    let news = new_rest.get(..new_rest.len() - tail).unwrap_or_default();

    let width = news.len() + 1;
    let mut lengths = vec![0u32; (olds.len() + 1) * width];
    for (i, one) in olds.iter().enumerate().rev() {
        for (j, other) in news.iter().enumerate().rev() {
            lengths[i * width + j] = match one == other {
                true => lengths[(i + 1) * width + j + 1] + 1,
                false => lengths[(i + 1) * width + j].max(lengths[i * width + j + 1]),
            };
        }
    }
    let mut changes: Vec<RowChange> = old.iter().take(head).cloned().map(RowChange::Same).collect();
    let (mut i, mut j) = (0, 0);
    while i < olds.len() || j < news.len() {
        match (olds.get(i), news.get(j)) {
            (Some(one), Some(other)) if one == other => {
                changes.push(RowChange::Same(one.clone()));
                (i, j) = (i + 1, j + 1);
            }
            // Where both are as good, what was expected comes first, as people read a change.
            (Some(one), other) if other.is_none() || lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] => {
                changes.push(RowChange::Missing(one.clone()));
                i += 1;
            }
            (_, Some(other)) => {
                changes.push(RowChange::Extra(other.clone()));
                j += 1;
            }
            _ => break,
        }
    }
    changes.extend(same.iter().cloned().map(RowChange::Same));
    changes
}

/// Columns and their types.
pub(super) fn columns_of(schema: &SchemaRef) -> Vec<(String, String)> {
    schema.fields().iter().map(|field| (field.name().clone(), type_name(field.data_type()))).collect()
}
