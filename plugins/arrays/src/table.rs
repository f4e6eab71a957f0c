//! A reader's table: the schema it tells, and the chunks it makes of arrays.

use crate::{levels, schema, type_name};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field as ArrowField, Fields, Schema as ArrowSchema};
use arrow_select::dictionary::garbage_collect_any_dictionary;
use jackfield_sdk::{BadRow, Batch, Chunk, Column, Failure, Field, Schema, compute, exchange};
use std::collections::HashSet;
use std::sync::Arc;

/// Bytes of a column that go to the host in one call; it takes at most 16 MiB.
const PIECE: usize = 8 << 20;
const LARGEST: usize = 15 << 20;

/// What a file holds, as the pipeline sees it.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Told>,
}

#[derive(Debug)]
struct Told {
    /// Its name here, which differs from the file's where that has it twice.
    name: String,
    /// The file's type as plugins see it.
    tree: Vec<Field>,
    /// Whether the file's own type is one that the host converts.
    converted: bool,
    /// The type that the pipeline tells: its name and its tree.
    retyped: Option<(String, Vec<Field>)>,
}

impl Table {
    /// The columns of `fields`, some of which the pipeline may give other types (`told`: name and type text).
    ///
    /// # Errors
    /// More or deeper fields than the host takes, or a told type to which nothing converts.
    pub fn new(fields: &Fields, told: &[(String, String)]) -> Result<Self, Failure> {
        let count: usize = fields.iter().map(|field| schema::count(field.data_type())).sum();
        if count > schema::MAX_FIELDS {
            let message = format!("the schema has more than {} fields, children counted", schema::MAX_FIELDS);
            return Err(Failure::limit("too-large", message));
        }
        let mut names = HashSet::new();
        let mut columns = Vec::with_capacity(fields.len());
        for field in fields {
            let name = unique(field.name(), &mut names);
            if schema::depth(field.data_type()) > schema::MAX_DEPTH {
                let message = format!("`{name}` is nested more than {} deep", schema::MAX_DEPTH);
                return Err(Failure::limit("too-large", message).with_column(&name));
            }
            let plain = schema::plain_field(field);
            let converted = plain.data_type() != field.data_type();
            // A column of a file without nulls may well get some further down.
            let plain = plain.as_ref().clone().with_name(&name).with_nullable(true);
            let tree = schema::tree(&plain)?;
            let own = type_name(plain.data_type());
            let retyped = match told.iter().find(|(column, text)| *column == name && *text != own) {
                Some((_, text)) => Some((text.clone(), retyped(&name, &tree, text)?)),
                None => None,
            };
            columns.push(Told { name, tree, converted, retyped });
        }
        Ok(Table { columns })
    }

    /// The schema that the reader tells.
    pub fn schema(&self) -> Schema {
        Schema::of(self.columns.iter().map(|told| told.tree().to_vec()))
    }

    /// The number of the column of this name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|told| told.name == name)
    }

    /// Whether the pipeline sees the column as the file has it.
    pub fn is_as_in_file(&self, column: usize) -> bool {
        self.columns.get(column).is_some_and(|told| told.retyped.is_none())
    }

    /// The numbers of the demanded columns, in the order of the demand.
    ///
    /// # Errors
    /// `unknown-column`.
    pub fn demanded(&self, columns: Option<&[String]>) -> Result<Vec<usize>, Failure> {
        let Some(names) = columns else { return Ok((0..self.columns.len()).collect()) };
        let all = || self.columns.iter().map(|told| told.name.as_str());
        names.iter().map(|name| self.index_of(name).ok_or_else(|| Failure::unknown_column(name, all()))).collect()
    }

    /// Hands rows to the host. `arrays` belong to the columns of these numbers; `records` are the rows' numbers where
    /// they do not simply follow `first`. Several chunks come out where one would be too much for a single call.
    ///
    /// # Errors
    /// What the host says, or a value that is too large for a call.
    pub fn chunks(
        &self,
        columns: &[usize],
        arrays: &[ArrayRef],
        rows: usize,
        first: u64,
        records: Option<&[u64]>,
    ) -> Result<Vec<Chunk>, Failure> {
        let arrays = arrays.iter().map(|array| compact(array, rows)).collect::<Result<Vec<_>, Failure>>()?;
        let largest = arrays.iter().map(weight).max().unwrap_or(0);
        let pieces = largest.div_ceil(PIECE).clamp(1, rows.max(1));
        if pieces == 1 && largest > LARGEST {
            let message = format!("a single row has {largest} bytes, more than a call may carry");
            return Err(Failure::limit("too-large", message));
        }
        let step = rows.div_ceil(pieces).max(1);
        let mut chunks = Vec::with_capacity(pieces);
        let mut from = 0;
        while from < rows {
            let count = step.min(rows - from);
            let part: Vec<ArrayRef> = arrays.iter().map(|array| array.slice(from, count)).collect();
            let numbers = records.and_then(|records| records.get(from..from + count));
            let start = numbers.and_then(|numbers| numbers.first().copied()).unwrap_or(first + from as u64);
            if pieces > 1 && count > 1 && part.iter().map(weight).max().unwrap_or(0) > LARGEST {
                chunks.extend(self.chunks(columns, &part, count, start, numbers)?);
            } else {
                chunks.push(self.chunk(columns, &part, count, start, numbers)?);
            }
            from += count;
        }
        Ok(chunks)
    }

    fn chunk(
        &self,
        columns: &[usize],
        arrays: &[ArrayRef],
        rows: usize,
        first: u64,
        records: Option<&[u64]>,
    ) -> Result<Chunk, Failure> {
        let mut made = Vec::with_capacity(columns.len());
        let mut failed: Option<(Column, Failure)> = None;
        let mut trees = Vec::with_capacity(columns.len());
        for (column, array) in columns.iter().zip(arrays) {
            let told = self.columns.get(*column).ok_or_else(|| Failure::internal("a column that is not there"))?;
            let own = match told.converted {
                false => Column::create(&told.tree, &levels::of(array)?)?,
                true => converted(array)?,
            };
            made.push(match &told.retyped {
                None => own,
                Some((text, _)) => {
                    let outcome = cast(&own, text)?;
                    if let (Some(rows), Some(first)) = (outcome.failed, outcome.first) {
                        let first = first.with_column(&told.name);
                        failed = Some(match failed {
                            None => (rows, first),
                            Some((before, reason)) => (before.or(&rows)?, reason),
                        });
                    }
                    outcome.values
                }
            });
            trees.push(told.tree().to_vec());
        }
        let borrowed: Vec<&Column> = made.iter().collect();
        let batch = Batch::of(&Schema::of(trees), rows as u32, &borrowed)?;
        let mut chunk = Chunk::new(batch, first);
        let numbers = records.filter(|records| !follow(records));
        if let Some((rows_failed, reason)) = failed {
            let bits = rows_failed.read(&[])?;
            let all: Vec<u64> = match records {
                Some(records) => records.to_vec(),
                None => (first..first + rows as u64).collect(),
            };
            let is_bad = |row: usize| bits.values.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1);
            let (bad, good): (Vec<usize>, Vec<usize>) = (0..rows).partition(|row| is_bad(*row));
            chunk.bad = bad.iter().map(|row| bad_row(all.get(*row).copied().unwrap_or(first), &reason)).collect();
            chunk.batch = chunk.batch.filter(&rows_failed.not()?)?;
            let numbers: Vec<u64> = good.iter().filter_map(|row| all.get(*row).copied()).collect();
            chunk.first_row = numbers.first().copied().unwrap_or(first);
            chunk.rows = Some(numbers_column(&numbers)?);
        } else if let Some(numbers) = numbers {
            chunk.rows = Some(numbers_column(numbers)?);
        }
        Ok(chunk)
    }
}

impl Told {
    fn tree(&self) -> &[Field] {
        self.retyped.as_ref().map_or(&self.tree, |(_, tree)| tree)
    }
}

fn bad_row(record: u64, reason: &Failure) -> BadRow {
    let reason = Failure { message: format!("record {record}: {}", reason.message), row: None, ..reason.clone() };
    BadRow { line: None, raw: Vec::new(), reason }
}

fn follow(records: &[u64]) -> bool {
    records.iter().zip(records.iter().skip(1)).all(|(one, next)| one + 1 == *next)
}

fn numbers_column(numbers: &[u64]) -> Result<Column, Failure> {
    let array = arrow_array::UInt64Array::from(numbers.to_vec());
    Column::create(&schema::tree(&ArrowField::new("rows", DataType::UInt64, true))?, &levels::of(&array)?)
}

/// A dictionary that has more values than there are rows, with only those that the rows have.
fn compact(array: &ArrayRef, rows: usize) -> Result<ArrayRef, Failure> {
    match array.as_any_dictionary_opt() {
        Some(dictionary) if dictionary.values().len() > rows => garbage_collect_any_dictionary(dictionary)
            .map_err(|error| Failure::invalid_input("invalid-data", format!("a dictionary is damaged: {error}"))),
        _ => Ok(array.clone()),
    }
}

/// Bytes that an array hands over: of its slice, and of a whole dictionary.
fn weight(array: &ArrayRef) -> usize {
    array.to_data().get_slice_memory_size().unwrap_or(usize::MAX)
}

/// A column of a type that the host converts, by way of an IPC stream.
fn converted(array: &ArrayRef) -> Result<Column, Failure> {
    let wrong = |error: arrow_schema::ArrowError| Failure::invalid_input("invalid-data", error.to_string());
    let field = ArrowField::new("column", array.data_type().clone(), true);
    let schema = Arc::new(ArrowSchema::new(vec![field]));
    let options = RecordBatchOptions::new().with_row_count(Some(array.len()));
    let rows = RecordBatch::try_new_with_options(schema.clone(), vec![array.clone()], &options).map_err(wrong)?;
    let mut writer = arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &schema).map_err(wrong)?;
    writer.write(&rows).map_err(wrong)?;
    let bytes = writer.into_inner().map_err(wrong)?;
    let batches = exchange::from_ipc(&bytes)?;
    batches.first().ok_or_else(|| Failure::internal("the host made no batch of a stream"))?.column(0)
}

fn cast(column: &Column, to: &str) -> Result<jackfield_sdk::Outcome, Failure> {
    jackfield_sdk::column::call("cast", &[compute::Argument::Column(column)], &cast_options(to))
}

fn cast_options(to: &str) -> String {
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

fn retyped(name: &str, tree: &[Field], text: &str) -> Result<Vec<Field>, Failure> {
    let mut tree = compute::result_type("cast", &[tree.to_vec()], &cast_options(text))
        .map_err(|failure| Failure { parameter: Some(format!("/schema/{name}")), ..failure }.with_column(name))?;
    if let Some(root) = tree.first_mut() {
        root.name = name.to_owned();
        root.nullable = true;
    }
    Ok(tree)
}

/// The name itself, or with `_2`, `_3` … where it was used before.
fn unique(name: &str, names: &mut HashSet<String>) -> String {
    let mut made = name.to_owned();
    let mut number = 2;
    while !names.insert(made.clone()) {
        made = format!("{name}_{number}");
        number += 1;
    }
    made
}
