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
        let length = self.file.len() + rows;
        self.file.reserve(rows);
        self.record.reserve(rows);
        if let Some(known) = known {
            let numbers = known.view.numbers();
            let nulls = numbers.nulls().filter(|nulls| nulls.null_count() > 0);
            let shown = numbers.values().iter().enumerate().take(rows);
            let shown = shown.map(|(row, number)| nulls.is_none_or(|nulls| nulls.is_valid(row)).then_some(*number));
            match &known.source {
                Source::One(origin) => {
                    let file = self.number_of(&origin.file);
                    for number in shown {
                        let record = number.and_then(|number| origin.record(number as usize));
                        self.push(record.map(|record| (file, record)));
                    }
                }
                Source::Many(table) => {
                    let files: Vec<u32> = table.files.iter().map(|file| self.number_of(file)).collect();
                    for number in shown {
                        let base = number.map(|number| number as usize);
                        let file = base.and_then(|base| files.get(*table.file.get(base)? as usize).copied());
                        let record = base.and_then(|base| table.record.get(base).copied());
                        self.push(file.zip(record));
                    }
                }
            }
        }
        self.file.resize(length, u32::MAX);
        self.record.resize(length, 0);
    }

    fn push(&mut self, known: Option<(u32, u64)>) {
        let (file, record) = known.unwrap_or((u32::MAX, 0));
        self.file.push(file);
        self.record.push(record);
    }

    /// The place of a file among the table's own.
    fn number_of(&mut self, name: &Arc<str>) -> u32 {
        let found = self.files.iter().position(|file| file == name).unwrap_or_else(|| {
            self.files.push(name.clone());
            self.files.len() - 1
        });
        found as u32
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
