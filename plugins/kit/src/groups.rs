//! Groups of rows with equal values in some columns: numbered in order of first appearance, null being a value like any
//! other. Without columns all rows are one group.

use crate::Problems;
use crate::numbers::rows_of;
use jackfield_sdk::compute::Grouper;
use jackfield_sdk::{Batch, Column, Failure, Field, Schema};

/// A numbering that goes on from batch to batch.
#[derive(Debug)]
pub struct Groups {
    columns: Vec<u32>,
    grouper: Option<Grouper>,
    /// Zeros, as many as the longest batch so far had rows.
    zeros: Option<Column>,
}

impl Groups {
    /// By the columns that the list at `pointer` names.
    pub fn bind(pointer: &str, names: &[String], schema: &Schema, problems: &mut Problems) -> Groups {
        let columns = problems.columns(pointer, names, schema);
        Groups::of(pointer, columns, schema, problems)
    }

    /// By the columns of these numbers.
    pub fn of(pointer: &str, columns: Vec<u32>, schema: &Schema, problems: &mut Problems) -> Groups {
        let trees: Vec<Vec<Field>> = columns.iter().map(|index| schema.tree(*index)).collect();
        let grouper = match trees.is_empty() {
            true => None,
            false => problems.note(pointer, Grouper::new(&trees)),
        };
        Groups { columns, grouper, zeros: None }
    }

    /// A numbering by the same columns that begins anew.
    ///
    /// # Errors
    /// Types that cannot be keys.
    pub fn again(&self, schema: &Schema) -> Result<Groups, Failure> {
        let trees: Vec<Vec<Field>> = self.columns.iter().map(|index| schema.tree(*index)).collect();
        let grouper = self.grouper.as_ref().map(|_| Grouper::new(&trees)).transpose()?;
        Ok(Groups { columns: self.columns.clone(), grouper, zeros: None })
    }

    /// The numbers of the columns.
    pub fn columns(&self) -> &[u32] {
        &self.columns
    }

    /// Whether all rows are one group.
    pub fn is_single(&self) -> bool {
        self.grouper.is_none()
    }

    /// How many groups there are so far.
    pub fn count(&self) -> u32 {
        self.grouper.as_ref().map_or(1, Grouper::count)
    }

    /// The group of each row, uint32.
    ///
    /// # Errors
    /// What the host says.
    pub fn assign(&mut self, batch: &Batch) -> Result<Column, Failure> {
        match &self.grouper {
            Some(grouper) => {
                let keys: Result<Vec<Column>, Failure> =
                    self.columns.iter().map(|index| batch.column_at(*index)).collect();
                grouper.assign(&keys?.iter().collect::<Vec<_>>())
            }
            None => self.zeros(batch.rows()),
        }
    }

    /// The group of each row of these keys, which are what the columns of a batch hold, uint32.
    ///
    /// # Errors
    /// What the host says.
    pub fn assign_keys(&mut self, keys: &[Column]) -> Result<Column, Failure> {
        match &self.grouper {
            Some(grouper) => grouper.assign(&keys.iter().collect::<Vec<_>>()),
            None => self.zeros(keys.first().map_or(0, Column::length)),
        }
    }

    /// What the columns of a batch hold.
    ///
    /// # Errors
    /// What the host says.
    pub fn keys_of(&self, batch: &Batch) -> Result<Vec<Column>, Failure> {
        self.columns.iter().map(|index| batch.column_at(*index)).collect()
    }

    /// The values of the columns, a row per group.
    ///
    /// # Errors
    /// What the host says.
    pub fn keys(&self) -> Result<Vec<Column>, Failure> {
        self.grouper.as_ref().map_or(Ok(Vec::new()), Grouper::keys)
    }

    fn zeros(&mut self, rows: u32) -> Result<Column, Failure> {
        let zeros = match self.zeros.take() {
            Some(zeros) if zeros.length() >= rows => zeros,
            _ => rows_of(&vec![0; rows as usize])?,
        };
        let cut = zeros.slice(0, rows)?;
        self.zeros = Some(zeros);
        Ok(cut)
    }
}
