//! Variance and standard deviation, by Welford's method: no large squares are subtracted from each other.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Float64Type, Int64Type};

use super::super::options::Options;
use super::super::promote::mismatch;
use super::super::table::Plan;
use super::{State, each_value, grow};
use crate::{Failure, Meter};

#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    count: i64,
    mean: f64,
    /// The sum of squared distances from the mean.
    squares: f64,
}

#[derive(Debug)]
struct Variance {
    cells: Vec<Cell>,
    ddof: i64,
    root: bool,
}

/// The option `ddof`: 1 for a sample, 0 for all there is.
pub(super) fn ddof(options: &Options) -> Result<i64, Failure> {
    match options.integer("ddof")?.unwrap_or(1) {
        ddof @ (0 | 1) => Ok(ddof),
        _ => Err(Failure::invalid_config("out-of-bounds", "ddof must be 0 or 1").with_parameter("/ddof")),
    }
}

pub(super) fn make(_: &Plan, options: &Options) -> Result<Box<dyn State>, Failure> {
    Ok(Box::new(Variance { cells: Vec::new(), ddof: ddof(options)?, root: false }))
}

pub(super) fn make_root(_: &Plan, options: &Options) -> Result<Box<dyn State>, Failure> {
    Ok(Box::new(Variance { cells: Vec::new(), ddof: ddof(options)?, root: true }))
}

impl State for Variance {
    fn update(
        &mut self,
        values: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        grow(&mut self.cells, count, Cell::default(), meter)?;
        let Some(values) = values.first() else { return Err(mismatch("a column is expected")) };
        each_value(&mut self.cells, values.as_primitive::<Float64Type>(), groups, |cell, value| {
            cell.count = cell.count.saturating_add(1);
            let before = value - cell.mean;
            cell.mean += before / cell.count as f64;
            cell.squares += before * (value - cell.mean);
            Ok(())
        })
    }

    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::Int64, DataType::Float64, DataType::Float64]
    }

    fn state(&self, _: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure> {
        let cells = || self.cells.iter();
        Ok(vec![
            Arc::new(Int64Array::from_iter_values(cells().map(|cell| cell.count))),
            Arc::new(Float64Array::from_iter_values(cells().map(|cell| cell.mean))),
            Arc::new(Float64Array::from_iter_values(cells().map(|cell| cell.squares))),
        ])
    }

    fn merge(
        &mut self,
        states: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        grow(&mut self.cells, count, Cell::default(), meter)?;
        let [counts, means, squares] = states else { return Err(mismatch("a state of three columns is expected")) };
        let counts = counts.as_primitive::<Int64Type>().values().iter();
        let (means, squares) = (means.as_primitive::<Float64Type>(), squares.as_primitive::<Float64Type>());
        let rows = counts.zip(means.values()).zip(squares.values());
        for (group, ((count, mean), squares)) in groups.iter().zip(rows) {
            if *count <= 0 {
                continue;
            }
            let cell = &mut self.cells[*group as usize];
            if cell.count == 0 {
                // Exactly: a state that was put aside comes back as it was.
                *cell = Cell { count: *count, mean: *mean, squares: *squares };
                continue;
            }
            let (here, there) = (cell.count as f64, *count as f64);
            let apart = mean - cell.mean;
            cell.count = cell.count.saturating_add(*count);
            let total = cell.count as f64;
            cell.mean += apart * there / total;
            cell.squares += squares + apart * apart * here * there / total;
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        let cells = std::mem::take(&mut self.cells);
        let result = |cell: &Cell| {
            let variance = cell.squares / (cell.count - self.ddof) as f64;
            (cell.count > self.ddof).then(|| if self.root { variance.sqrt() } else { variance })
        };
        Ok(Arc::new(cells.iter().map(result).collect::<Float64Array>()))
    }

    fn size(&self) -> u64 {
        (self.cells.capacity() * size_of::<Cell>()) as u64
    }
}
