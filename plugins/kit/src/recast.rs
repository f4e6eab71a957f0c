//! Columns of a reader in the types that the pipeline tells: what does not convert makes its row a bad one.

use crate::numbers::{column_in_slices, rows_of};
use jackfield_sdk::builders::PrimitiveBuilder;
use jackfield_sdk::compute::Argument;
use jackfield_sdk::{BadRow, Batch, Chunk, Column, DataType, Failure, Field, Outcome, Schema, column, compute};
use std::collections::BTreeMap;

/// So many rows of a chunk are asked one by one why they fail.
const ASKED: usize = 500;

/// A column of a file that says its types itself.
#[derive(Debug)]
pub struct Told {
    /// Its name.
    pub name: String,
    /// The file's type.
    own: Vec<Field>,
    /// The type that the pipeline tells instead: its name and its tree.
    other: Option<(String, Vec<Field>)>,
}

impl Told {
    /// A column of the file's type, whose name is `own`; `told` are the names of columns and of the types that the
    /// pipeline tells.
    ///
    /// # Errors
    /// A type to which nothing converts; the failure's parameter is the column in `schema`.
    pub fn new(tree: Vec<Field>, own: &str, told: &[(String, String)]) -> Result<Told, Failure> {
        let name = tree.first().map_or_else(String::new, |root| root.name.clone());
        let other = match told.iter().find(|(column, to)| *column == name && *to != own) {
            Some((_, to)) => Some((to.clone(), converted(&name, &tree, to)?)),
            None => None,
        };
        Ok(Told { name, own: tree, other })
    }

    /// The type that the reader gives.
    pub fn tree(&self) -> &[Field] {
        self.other.as_ref().map_or(&self.own, |(_, tree)| tree)
    }

    /// The type of the file.
    pub fn own(&self) -> &[Field] {
        &self.own
    }

    /// Whether that is the same.
    pub fn is_as_in_file(&self) -> bool {
        self.other.is_none()
    }
}

fn converted(name: &str, tree: &[Field], to: &str) -> Result<Vec<Field>, Failure> {
    let mut tree = compute::result_type("cast", &[tree.to_vec()], &options(to)).map_err(|failure| {
        let parameter = Some(jackfield_sdk::params::pointer("/schema", name));
        Failure { parameter, ..failure }.with_column(name)
    })?;
    if let Some(root) = tree.first_mut() {
        root.name = name.to_owned();
        root.nullable = true;
    }
    Ok(tree)
}

/// The chunk of rows whose columns are as the file has them. Rows with a value that does not convert are bad rows, like
/// those of `bad`, each of which has its record's number with it.
///
/// # Errors
/// The host's, about the columns.
pub fn chunk(
    columns: Vec<(&Told, Column)>,
    rows: u32,
    records: Records<'_>,
    bad: Vec<(u64, BadRow)>,
) -> Result<Chunk, Failure> {
    let mut recast = Recast::default();
    let trees = columns.iter().map(|(told, _)| told.tree().to_vec()).collect::<Vec<_>>();
    let made = columns.into_iter().map(|(told, column)| match &told.other {
        None => Ok(column),
        Some((to, _)) => recast.column(&told.name, &column, to),
    });
    let made = made.collect::<Result<Vec<Column>, Failure>>()?;
    let borrowed: Vec<&Column> = made.iter().collect();
    recast.chunk(Batch::of(&Schema::of(trees), rows, &borrowed)?, records, bad)
}

/// The rows with a value that did not convert, each with the first reason.
#[derive(Debug, Default)]
struct Recast {
    failed: BTreeMap<u32, Failure>,
}

/// The numbers of the rows of a chunk.
#[derive(Clone, Copy, Debug)]
pub struct Records<'r> {
    /// That of the first.
    pub first: u64,
    /// Those of all, where they do not simply follow it.
    pub all: Option<&'r [u64]>,
}

impl Records<'_> {
    fn of(&self, row: u32) -> u64 {
        self.all.and_then(|all| all.get(row as usize).copied()).unwrap_or(self.first + u64::from(row))
    }

    fn follow(&self) -> bool {
        self.all.is_none_or(|all| all.iter().zip(all.iter().skip(1)).all(|(one, next)| one + 1 == *next))
    }
}

impl Recast {
    /// The column in the type of this name.
    fn column(&mut self, name: &str, column: &Column, to: &str) -> Result<Column, Failure> {
        let outcome = cast(column, to)?;
        let Some(failed) = outcome.failed else { return Ok(outcome.values) };
        let first = outcome.first.unwrap_or_else(|| Failure::invalid_input("invalid-cast", "a value does not convert"));
        let mask = failed.buffers()?;
        let rows = (0..mask.length).filter(|row| mask.boolean(*row as usize) == Some(true));
        for (number, row) in rows.enumerate() {
            let own = match number {
                ..ASKED if first.row != Some(u64::from(row)) => cast(&column.slice(row, 1)?, to)?.first,
                _ => None,
            };
            let reason = own.unwrap_or_else(|| first.clone());
            self.failed.entry(row).or_insert_with(|| reason.with_column(name));
        }
        Ok(outcome.values)
    }

    /// The chunk of these rows without those that failed.
    fn chunk(self, batch: Batch<'static>, records: Records<'_>, mut bad: Vec<(u64, BadRow)>) -> Result<Chunk, Failure> {
        let rows = batch.rows();
        let mut chunk = Chunk::new(batch, records.of(0));
        if self.failed.is_empty() {
            if !records.follow() {
                let all: Vec<u64> = (0..rows).map(|row| records.of(row)).collect();
                chunk.rows = Some(numbers(&all)?);
            }
        } else {
            let well: Vec<u32> = (0..rows).filter(|row| !self.failed.contains_key(row)).collect();
            let kept: Vec<u64> = well.iter().map(|row| records.of(*row)).collect();
            chunk.batch = chunk.batch.take(&rows_of(&well)?)?;
            chunk.first_row = kept.first().copied().unwrap_or(records.first);
            chunk.rows = Some(numbers(&kept)?);
            let failed = self.failed.into_iter().map(|(row, reason)| {
                let record = records.of(row);
                (record, bad_row(record, Vec::new(), reason))
            });
            bad.extend(failed);
            // A run stops at the first of them.
            bad.sort_by_key(|(record, _)| *record);
        }
        chunk.bad = bad.into_iter().map(|(_, bad)| bad).collect();
        Ok(chunk)
    }
}

/// A bad row of a file that has no lines: its reason says which record, counted from 1.
pub fn bad_row(record: u64, raw: Vec<u8>, reason: Failure) -> BadRow {
    let message = format!("record {}: {}", record + 1, reason.message);
    BadRow { line: None, raw, reason: Failure { message, row: None, ..reason } }
}

fn numbers(numbers: &[u64]) -> Result<Column, Failure> {
    column_in_slices(DataType::Uint64, numbers, |numbers| {
        let mut builder = PrimitiveBuilder::<u64>::with_capacity(numbers.len());
        builder.extend_from_slice(numbers);
        builder.finish()
    })
}

fn cast(column: &Column, to: &str) -> Result<Outcome, Failure> {
    column::call("cast", &[Argument::Column(column)], &options(to))
}

fn options(to: &str) -> String {
    let mut text = String::from("{\"to_type\": \"");
    for c in to.chars() {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push_str("\"}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_numbers_and_say_whether_they_follow() {
        let plain = Records { first: 7, all: None };
        assert_eq!((plain.of(0), plain.of(3), plain.follow()), (7, 10, true));
        let some = Records { first: 7, all: Some(&[7, 9]) };
        assert_eq!((some.of(1), some.follow()), (9, false));
        assert!(Records { first: 7, all: Some(&[7, 8]) }.follow());
        let bad = bad_row(0, Vec::new(), Failure::invalid_input("invalid-cast", "no"));
        assert_eq!(bad.reason.message, "record 1: no");
    }

    #[test]
    fn a_type_with_quotes_stays_json() {
        assert_eq!(options("struct<\"a\": int8>"), r#"{"to_type": "struct<\"a\": int8>"}"#);
    }
}
