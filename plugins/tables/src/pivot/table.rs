//! The table that a pivot makes: its rows are groups, its columns names; a cell is a pair of both.

use super::text_type;
use crate::flatten::taken;
use jackfield_kit::numbers::{mask_of, numbers};
use jackfield_kit::rows_of;
use jackfield_kit::values::call;
use jackfield_sdk::compute::Grouper;
use jackfield_sdk::{Batch, Column, DataType, Failure, Field};

/// The most columns that are made without being named, since a batch has no more.
const MOST_COLUMNS: u32 = 10_000;

/// Numbers of rows, names and cells.
pub(super) struct Table {
    by: Vec<u32>,
    /// None: all rows are one.
    rows: Option<Grouper>,
    names: Grouper,
    /// The names to make; none: those that are found.
    wanted: Option<Vec<String>>,
    /// For each name that was found its column, none if it is not wanted; as far as was looked.
    columns: Vec<Option<u32>>,
    found: Vec<String>,
    /// Of pairs of a row and a column.
    cells: Grouper,
    /// Whether a cell without rows is 0.
    zero: bool,
}

fn number_type() -> Vec<Field> {
    vec![Field::new("number", DataType::Uint32)]
}

impl Table {
    pub(super) fn new(
        by: Vec<u32>,
        keys: &[Vec<Field>],
        wanted: Option<Vec<String>>,
        zero: bool,
    ) -> Result<Table, Failure> {
        let rows = if by.is_empty() { None } else { Some(Grouper::new(keys)?) };
        let names = Grouper::new(&[text_type()])?;
        let cells = Grouper::new(&[number_type(), number_type()])?;
        Ok(Table { by, rows, names, wanted, columns: Vec::new(), found: Vec::new(), cells, zero })
    }

    /// The cell of each row; where some rows have no cell, of the others, with the mask that says which these are.
    pub(super) fn cells(&mut self, batch: &Batch, name: &Column) -> Result<(Column, Option<Column>), Failure> {
        let rows = match &self.rows {
            Some(rows) => {
                let keys: Result<Vec<Column>, Failure> = self.by.iter().map(|index| batch.column_at(*index)).collect();
                rows.assign(&keys?.iter().collect::<Vec<_>>())?
            }
            None => rows_of(&vec![0; batch.rows() as usize])?,
        };
        let names = self.names.assign(&[name])?;
        self.learn()?;
        let (row_numbers, name_numbers) = (numbers(&rows)?, numbers(&names)?);
        let column = |name: &u32| self.columns.get(*name as usize).copied().flatten();
        let in_table: Vec<bool> = name_numbers.iter().map(|name| column(name).is_some()).collect();
        let some_are_out = in_table.contains(&false);
        let columns: Vec<u32> = name_numbers.iter().filter_map(column).collect();
        let rows: Vec<u32> =
            row_numbers.into_iter().zip(&in_table).filter(|(_, is_in)| **is_in).map(|(row, _)| row).collect();
        let cells = self.cells.assign(&[&rows_of(&rows)?, &rows_of(&columns)?])?;
        Ok((cells, if some_are_out { Some(mask_of(&in_table)?) } else { None }))
    }

    /// Gives columns to names that were not seen before. A null is no name.
    fn learn(&mut self) -> Result<(), Failure> {
        let count = self.names.count();
        let known = self.columns.len() as u32;
        if count == known {
            return Ok(());
        }
        if self.wanted.is_none() && count > MOST_COLUMNS {
            let message = format!("there are more than {MOST_COLUMNS} names to make columns of");
            return Err(Failure::limit("too-large", message)
                .with_parameter("/names-from")
                .with_help("name the columns to make with `names`"));
        }
        let Some(names) = self.names.keys()?.into_iter().next() else { return Ok(()) };
        let fresh = names.slice(known, count - known)?.buffers()?;
        for row in 0..(count - known) as usize {
            let name = fresh.text(row);
            let column = match (&self.wanted, name) {
                (_, None) => None,
                (Some(wanted), Some(name)) => wanted.iter().position(|other| other == name).map(|at| at as u32),
                (None, Some(name)) => {
                    self.found.push(name.to_owned());
                    Some(self.found.len() as u32 - 1)
                }
            };
            self.columns.push(column);
        }
        Ok(())
    }

    pub(super) fn cell_count(&self) -> u32 {
        self.cells.count()
    }

    /// The values of the kept columns, and how many rows there are.
    pub(super) fn keys(&self) -> Result<(Vec<Column>, u32), Failure> {
        match &self.rows {
            Some(rows) => Ok((rows.keys()?, rows.count())),
            None => Ok((Vec::new(), 1)),
        }
    }

    /// The columns that are made, of the cells' values.
    pub(super) fn spread(&self, cells: &Column) -> Result<Vec<(String, Column)>, Failure> {
        let names = self.wanted.as_ref().unwrap_or(&self.found);
        let (_, rows) = self.keys()?;
        let mut places = vec![vec![u32::MAX; rows as usize]; names.len()];
        if let [row, column] = self.cells.keys()?.as_slice() {
            for (cell, (row, column)) in (0..).zip(numbers(row)?.into_iter().zip(numbers(column)?)) {
                if let Some(place) = places.get_mut(column as usize).and_then(|rows| rows.get_mut(row as usize)) {
                    *place = cell;
                }
            }
        }
        let mut made = Vec::with_capacity(names.len());
        for (name, places) in names.iter().zip(places) {
            let values = taken(cells, &places)?;
            let values = if self.zero { call("coalesce", &[(&values).into(), 0i64.into()], "")? } else { values };
            made.push((name.clone(), values));
        }
        Ok(made)
    }
}
