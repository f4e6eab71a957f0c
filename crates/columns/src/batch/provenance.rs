//! Which file and record each row came from, kept through all selections.

use std::sync::Arc;

use arrow::array::{Array, UInt64Array};

use super::view::View;

/// Where a batch's base rows came from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Name of the file, as messages give it.
    pub file: Arc<str>,
    /// Record number of the first base row, from 0.
    pub first_record: u64,
    /// Record number of each base row, where the reader left rows out.
    pub records: Option<UInt64Array>,
}

impl Origin {
    fn record(&self, row: usize) -> Option<u64> {
        match &self.records {
            Some(records) => (row < records.len() && records.is_valid(row)).then(|| records.value(row)),
            None => self.first_record.checked_add(row as u64),
        }
    }
}

/// Origins seen through a view.
#[derive(Clone, Debug)]
pub(super) struct Provenance {
    pub(super) source: Source,
    pub(super) view: Arc<View>,
}

#[derive(Clone, Debug)]
pub(super) enum Source {
    One(Arc<Origin>),
    Many(Arc<Table>),
}

/// File and record of rows that come from several files in any order.
#[derive(Debug, Default)]
pub(super) struct Table {
    files: Vec<Arc<str>>,
    /// Index into `files`, or `u32::MAX` where nothing is known.
    file: Vec<u32>,
    record: Vec<u64>,
}

impl Provenance {
    pub(super) fn record(&self, row: usize) -> Option<(Arc<str>, u64)> {
        self.base_record(self.view.base_row(row)?)
    }

    fn base_record(&self, row: usize) -> Option<(Arc<str>, u64)> {
        match &self.source {
            Source::One(origin) => Some((origin.file.clone(), origin.record(row)?)),
            Source::Many(table) => {
                let file = table.files.get(*table.file.get(row)? as usize)?;
                Some((file.clone(), *table.record.get(row)?))
            }
        }
    }
}

impl Table {
    /// Appends `rows` rows and what is known about them.
    pub(super) fn append(&mut self, rows: usize, known: Option<&Provenance>) {
        let mut last: Option<(Arc<str>, u32)> = None;
        let numbers = known.map(|known| known.view.numbers());
        for row in 0..rows {
            let number = numbers.as_ref().filter(|numbers| numbers.is_valid(row)).map(|numbers| numbers.value(row));
            let record = number.zip(known).and_then(|(number, known)| known.base_record(number as usize));
            let Some((name, record)) = record else {
                self.file.push(u32::MAX);
                self.record.push(0);
                continue;
            };
            let file = match &last {
                Some((same, file)) if *same == name => *file,
                _ => {
                    let found = self.files.iter().position(|file| *file == name).unwrap_or_else(|| {
                        self.files.push(name.clone());
                        self.files.len() - 1
                    });
                    last = Some((name, found as u32));
                    found as u32
                }
            };
            self.file.push(file);
            self.record.push(record);
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        (self.file.capacity() * 4 + self.record.capacity() * 8) as u64
    }

    /// Stands for the table where its buffers are visited.
    pub(super) fn address(&self) -> usize {
        self.record.as_ptr() as usize
    }
}
