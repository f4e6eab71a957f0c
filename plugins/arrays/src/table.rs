//! A reader's table: the schema it tells, and the chunks it makes of arrays.

use crate::{levels, schema, type_name};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{Field as ArrowField, Fields, Schema as ArrowSchema};
use arrow_select::dictionary::garbage_collect_any_dictionary;
use jackfield_kit::recast::{self, Records, Told};
use jackfield_sdk::{Chunk, Column, Failure, Schema, exchange};
use std::collections::HashSet;
use std::sync::Arc;

/// Bytes of a column that go to the host in one call; it takes at most 16 MiB.
const PIECE: usize = 8 << 20;
const LARGEST: usize = 15 << 20;

/// What a file holds, as the pipeline sees it.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// The file's type as plugins see it, under its name here, which differs from the file's where that has it twice.
    told: Told,
    /// Whether the file's own type is one that the host converts.
    converted: bool,
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
            let own = type_name(plain.data_type());
            columns.push(Entry { told: Told::new(schema::tree(&plain)?, &own, told)?, converted });
        }
        Ok(Table { columns })
    }

    /// The schema that the reader tells.
    pub fn schema(&self) -> Schema {
        Schema::of(self.columns.iter().map(|entry| entry.told.tree().to_vec()))
    }

    /// The number of the column of this name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|entry| entry.told.name == name)
    }

    /// Whether the pipeline sees the column as the file has it.
    pub fn is_as_in_file(&self, column: usize) -> bool {
        self.columns.get(column).is_some_and(|entry| entry.told.is_as_in_file())
    }

    /// The numbers of the demanded columns, in the order of the demand.
    ///
    /// # Errors
    /// `unknown-column`.
    pub fn demanded(&self, columns: Option<&[String]>) -> Result<Vec<usize>, Failure> {
        let Some(names) = columns else { return Ok((0..self.columns.len()).collect()) };
        let all = || self.columns.iter().map(|entry| entry.told.name.as_str());
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
        for (column, array) in columns.iter().zip(arrays) {
            let entry = self.columns.get(*column).ok_or_else(|| Failure::internal("a column that is not there"))?;
            let own = match entry.converted {
                false => Column::create(entry.told.own(), &levels::of(array)?)?,
                true => converted(array)?,
            };
            made.push((&entry.told, own));
        }
        recast::chunk(made, rows as u32, Records { first, all: records }, Vec::new())
    }
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
