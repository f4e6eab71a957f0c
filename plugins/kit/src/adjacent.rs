//! Rows that come in order: where they begin to differ.

use crate::held::settled;
use crate::numbers::numbers;
use crate::values::together;
use jackfield_sdk::compute::Grouper;
use jackfield_sdk::{Batch, Column, Failure, Field};

/// Compares each row with the one before it, over any number of batches.
#[derive(Debug, Default)]
pub struct Adjacent {
    /// The row that came last.
    last: Option<Batch<'static>>,
}

impl Adjacent {
    /// For each row whether it equals the one before it in all keys, null being a value like any other. The first of all
    /// rows does not.
    ///
    /// # Errors
    /// Types that cannot be keys.
    pub fn same(&mut self, keys: &[Column], rows: u32) -> Result<Vec<bool>, Failure> {
        if rows == 0 {
            return Ok(Vec::new());
        }
        let fresh = together(keys, rows)?;
        let (before, all) = match self.last.take() {
            Some(last) => (1, Batch::concat(&[&last, &fresh])?),
            None => (0, fresh.share()),
        };
        self.last = Some(settled(&fresh.slice(rows - 1, 1)?)?);
        let columns: Result<Vec<Column>, Failure> = (0..keys.len() as u32).map(|key| all.column_at(key)).collect();
        let columns = columns?;
        let trees: Vec<Vec<Field>> = columns.iter().map(Column::tree).collect();
        let numbers = numbers(&Grouper::new(&trees)?.assign(&columns.iter().collect::<Vec<_>>())?)?;
        let first = if before == 0 { Some(false) } else { None };
        let others = numbers.windows(2).map(|pair| pair.first() == pair.last());
        Ok(first.into_iter().chain(others).collect())
    }
}
