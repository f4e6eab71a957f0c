//! Which file and record each row came from, kept through all selections.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int32Array, StringArray, UInt64Array};
use arrow::datatypes::Int32Type;

use super::view::View;
use crate::Failure;

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
pub(crate) struct Table {
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

    /// The files, as a dictionary, and the records; null where nothing is known.
    pub(crate) fn columns(&self) -> Result<[ArrayRef; 2], Failure> {
        let keys: Int32Array =
            self.file.iter().map(|file| i32::try_from(*file).ok().filter(|_| *file != u32::MAX)).collect();
        let files: ArrayRef = Arc::new(StringArray::from_iter_values(self.files.iter().map(AsRef::as_ref)));
        let files = DictionaryArray::try_new(keys, files);
        let files = files.map_err(|error| Failure::internal("internal", error.to_string()))?;
        Ok([Arc::new(files), Arc::new(UInt64Array::from(self.record.clone()))])
    }

    /// The same from such columns.
    pub(crate) fn of(files: &ArrayRef, records: &UInt64Array) -> Table {
        let record = records.values().to_vec();
        let Some(dictionary) = files.as_dictionary_opt::<Int32Type>() else {
            return Table { files: Vec::new(), file: vec![u32::MAX; record.len()], record };
        };
        let names = dictionary.values().as_string_opt::<i32>();
        let files = names.into_iter().flatten().map(|name| Arc::from(name.unwrap_or_default())).collect();
        let file = dictionary.keys().iter().map(|key| key.and_then(|key| u32::try_from(key).ok()).unwrap_or(u32::MAX));
        Table { files, file: file.collect(), record }
    }

    pub(super) fn bytes(&self) -> u64 {
        (self.file.capacity() * 4 + self.record.capacity() * 8) as u64
    }

    /// Stands for the table where its buffers are visited.
    pub(super) fn address(&self) -> usize {
        self.record.as_ptr() as usize
    }
}
