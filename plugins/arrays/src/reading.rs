//! What readers of arrays give to the host: chunk after chunk of the demanded columns.

use crate::Table;
use arrow_array::ArrayRef;
use jackfield_sdk::{Chunk, Failure, Next, Reader, Schema};
use std::collections::VecDeque;

/// Rows that were read, and which they are.
#[derive(Debug)]
pub struct Rows {
    /// The demanded columns, in the order of the demand.
    pub arrays: Vec<ArrayRef>,
    /// How many rows.
    pub count: usize,
    /// The number of the first row.
    pub first: u64,
    /// The number of each, where they do not follow one another.
    pub records: Option<Vec<u64>>,
}

/// A file whose rows are arrays.
pub trait ReadRows {
    /// What the file holds.
    fn table(&self) -> &Table;

    /// The numbers of the demanded columns.
    fn demanded(&self) -> &[usize];

    /// The next rows; `None` at the end.
    ///
    /// # Errors
    /// What is wrong with the file.
    fn rows(&mut self) -> Result<Option<Rows>, Failure>;
}

/// A reader as the host calls it.
#[derive(Debug)]
pub struct Chunked<R> {
    rows: R,
    ready: VecDeque<Chunk>,
}

impl<R> Chunked<R> {
    /// Nothing is read yet.
    pub fn new(rows: R) -> Self {
        Chunked { rows, ready: VecDeque::new() }
    }
}

impl<R: ReadRows> Reader for Chunked<R> {
    fn schema(&mut self) -> Result<Schema, Failure> {
        Ok(self.rows.table().schema())
    }

    fn next(&mut self) -> Result<Next, Failure> {
        while self.ready.is_empty() {
            let Some(rows) = self.rows.rows()? else { return Ok(Next::End) };
            let (table, demanded) = (self.rows.table(), self.rows.demanded());
            self.ready.extend(table.chunks(demanded, &rows.arrays, rows.count, rows.first, rows.records.as_deref())?);
        }
        Ok(self.ready.pop_front().map_or(Next::End, Next::Chunk))
    }
}

/// Columns that come in the file's order, each once, in the order of the demand.
pub fn in_order(demanded: &[usize], columns: &[ArrayRef]) -> Vec<ArrayRef> {
    let mut sorted = demanded.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let place = |column: &usize| sorted.binary_search(column).ok().and_then(|at| columns.get(at)).cloned();
    demanded.iter().filter_map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Array, Int8Array};
    use std::sync::Arc;

    #[test]
    fn columns_are_put_in_the_order_of_the_demand() {
        let of = |values: &[i8]| Arc::new(Int8Array::from(values.to_vec())) as ArrayRef;
        let columns = [of(&[1]), of(&[2, 2]), of(&[3, 3, 3])];
        let lengths: Vec<usize> = in_order(&[7, 2, 5, 2], &columns).iter().map(|array| array.len()).collect();
        assert_eq!(lengths, [3, 1, 2, 1]);
    }
}
