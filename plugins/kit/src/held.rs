//! Rows that a node must hold, with columns of its own beside theirs. What is held counts against the plugin's memory
//! limit, so a run that holds too much ends with the name of the setting.

use crate::outgoing::PIECE;
use jackfield_sdk::{Batch, Column, Failure};

/// Batches joined at a time, so that many small ones do not use up the plugin's handles.
const MOST_PARTS: usize = 256;

/// Batches of one schema.
#[derive(Debug, Default)]
pub struct Held {
    parts: Vec<Batch<'static>>,
    rows: u64,
    /// Columns of the input; those of the node stand behind them.
    columns: u32,
    own: u32,
}

/// Everything that was held.
#[derive(Debug)]
pub struct Whole {
    /// The rows, with the input's columns only.
    pub rows: Batch<'static>,
    /// The node's own columns, as long.
    pub own: Vec<Column>,
}

impl Held {
    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Holds a batch, with columns as long as it.
    ///
    /// # Errors
    /// What the host says.
    pub fn push(&mut self, batch: &Batch, own: &[Column]) -> Result<(), Failure> {
        self.rows += u64::from(batch.rows());
        self.columns = batch.schema().len() as u32;
        self.own = own.len() as u32;
        let names: Vec<String> = (0..own.len()).map(own_name).collect();
        let named: Vec<(&str, &Column)> = names.iter().map(String::as_str).zip(own).collect();
        // A few rows of a large batch would otherwise hold all of it.
        let settled = settled(batch)?;
        self.parts.push(if named.is_empty() { settled } else { settled.put(&named)? });
        if self.parts.len() >= MOST_PARTS {
            self.join()?;
        }
        Ok(())
    }

    /// Holds only these rows from now on, in this order; the memory of the others is free.
    ///
    /// # Errors
    /// What the host says.
    pub fn keep(&mut self, rows: &Column) -> Result<(), Failure> {
        self.join()?;
        if let Some(all) = self.parts.pop() {
            self.rows = u64::from(rows.length());
            self.parts.push(settled(&all.take(rows)?)?);
        }
        Ok(())
    }

    /// What is held so far, which stays held; `None` if nothing ever was.
    ///
    /// # Errors
    /// More rows than a batch may have.
    pub fn look(&mut self) -> Result<Option<Whole>, Failure> {
        let rows = self.rows;
        self.join()?;
        let kept = self.parts.first().map(Batch::share);
        let whole = self.take()?;
        self.parts.extend(kept);
        self.rows = rows;
        Ok(whole)
    }

    /// All of it, which is held no longer; `None` if nothing ever was.
    ///
    /// # Errors
    /// More rows than a batch may have.
    pub fn take(&mut self) -> Result<Option<Whole>, Failure> {
        self.join()?;
        self.rows = 0;
        let Some(all) = self.parts.pop() else { return Ok(None) };
        let own: Result<Vec<Column>, Failure> = (0..self.own).map(|at| all.column_at(self.columns + at)).collect();
        let rows = if self.own == 0 { all } else { all.pick((0..self.columns).map(|index| (index, None)))? };
        Ok(Some(Whole { rows, own: own? }))
    }

    /// All rows with the node's own columns behind the input's, and these by themselves; nothing is held any longer.
    ///
    /// # Errors
    /// More rows than a batch may have.
    pub fn take_together(&mut self) -> Result<Option<(Batch<'static>, Vec<Column>)>, Failure> {
        self.join()?;
        self.rows = 0;
        let Some(all) = self.parts.pop() else { return Ok(None) };
        let own: Result<Vec<Column>, Failure> = (0..self.own).map(|at| all.column_at(self.columns + at)).collect();
        Ok(Some((all, own?)))
    }

    /// The rows as they lie, without the node's own columns; nothing is held any longer.
    ///
    /// # Errors
    /// What the host says.
    pub fn take_parts(&mut self) -> Result<Vec<Batch<'static>>, Failure> {
        self.rows = 0;
        let own = self.own;
        let columns = self.columns;
        let plain = |part: Batch<'static>| match own {
            0 => Ok(part),
            _ => part.pick((0..columns).map(|index| (index, None))),
        };
        std::mem::take(&mut self.parts).into_iter().map(plain).collect()
    }

    /// Columns of the input; those of the node stand behind them.
    pub fn columns(&self) -> u32 {
        self.columns
    }

    fn join(&mut self) -> Result<(), Failure> {
        if self.parts.len() > 1 {
            let all = Batch::concat(&self.parts.iter().collect::<Vec<_>>())?;
            self.parts = vec![all];
        }
        Ok(())
    }
}

/// The same rows, moved out of what they were selected from, so that this can be freed. Rows that are all there is of
/// their columns stay where they are.
///
/// # Errors
/// What the host says.
pub fn settled(batch: &Batch) -> Result<Batch<'static>, Failure> {
    let rows = batch.rows();
    let names: Vec<&str> = batch.schema().names().collect();
    let mut parts = Vec::new();
    let mut from = 0;
    while from < rows || parts.is_empty() {
        let count = PIECE.min(rows - from);
        let part = batch.slice(from, count)?;
        let mut columns: Vec<(&str, Column)> = Vec::with_capacity(names.len());
        for (index, name) in (0..).zip(&names) {
            match part.column_at(index) {
                Ok(column) => columns.push((name, column)),
                Err(failure) if failure.code == "not-demanded" => {}
                Err(failure) => return Err(failure),
            }
        }
        let columns: Vec<(&str, &Column)> = columns.iter().map(|(name, column)| (*name, column)).collect();
        parts.push(part.put(&columns)?);
        from += count;
    }
    Batch::concat(&parts.iter().collect::<Vec<_>>())
}

/// A name that no file gives a column.
fn own_name(number: usize) -> String {
    format!("\u{1}{number}")
}
