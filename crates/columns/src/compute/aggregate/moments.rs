//! Skewness and kurtosis, by the moments about a mean that moves with the values.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Float64Type, Int64Type};

use super::super::options::Options;
use super::super::promote::mismatch;
use super::super::table::Plan;
use super::{State, each_value, grow};
use crate::{Failure, Meter};

/// The number of values, their mean, and the sums of the second to fourth powers of their distances from it.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    count: i64,
    mean: f64,
    powers: [f64; 3],
}

impl Cell {
    /// Both together, by the formulas of Pébay for merging moments.
    fn and(self, other: Self) -> Self {
        if self.count <= 0 || other.count <= 0 {
            return if self.count <= 0 { other } else { self };
        }
        let (na, nb) = (self.count as f64, other.count as f64);
        let (n, apart) = (na + nb, other.mean - self.mean);
        let ([a2, a3, a4], [b2, b3, b4]) = (self.powers, other.powers);
        let part = apart / n;
        let second = a2 + b2 + apart * part * na * nb;
        let third = a3 + b3 + apart * part * part * na * nb * (na - nb) + 3.0 * part * (na * b2 - nb * a2);
        let fourth = a4
            + b4
            + apart * part * part * part * na * nb * (na * na - na * nb + nb * nb)
            + 6.0 * part * part * (na * na * b2 + nb * nb * a2)
            + 4.0 * part * (na * b3 - nb * a3);
        let count = self.count.saturating_add(other.count);
        Self { count, mean: self.mean + part * nb, powers: [second, third, fourth] }
    }
}

#[derive(Debug)]
struct Moments {
    cells: Vec<Cell>,
    kurtosis: bool,
    biased: bool,
}

fn of(options: &Options, kurtosis: bool) -> Result<Box<dyn State>, Failure> {
    Ok(Box::new(Moments { cells: Vec::new(), kurtosis, biased: biased(options)? }))
}

/// The option `biased`, true unless it is given.
pub(super) fn biased(options: &Options) -> Result<bool, Failure> {
    Ok(options.value("biased").is_none() || options.boolean("biased")?)
}

pub(super) fn make_skew(_: &Plan, options: &Options) -> Result<Box<dyn State>, Failure> {
    of(options, false)
}

pub(super) fn make_kurtosis(_: &Plan, options: &Options) -> Result<Box<dyn State>, Failure> {
    of(options, true)
}

impl Moments {
    fn result(&self, cell: &Cell) -> Option<f64> {
        let n = cell.count as f64;
        let [second, third, fourth] = cell.powers;
        let least = match (self.biased, self.kurtosis) {
            (true, _) => 1,
            (false, false) => 3,
            (false, true) => 4,
        };
        if cell.count < least {
            return None;
        }
        let variance = second / n;
        Some(if self.kurtosis {
            let excess = fourth / n / (variance * variance) - 3.0;
            if self.biased { excess } else { (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * excess + 6.0) }
        } else {
            let skew = third / n / variance.powf(1.5);
            if self.biased { skew } else { skew * (n * (n - 1.0)).sqrt() / (n - 2.0) }
        })
    }
}

impl State for Moments {
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
            *cell = cell.and(Cell { count: 1, mean: value, powers: [0.0; 3] });
            Ok(())
        })
    }

    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::Int64, DataType::Float64, DataType::Float64, DataType::Float64, DataType::Float64]
    }

    fn state(&self, _: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure> {
        let floats =
            |f: fn(&Cell) -> f64| -> ArrayRef { Arc::new(Float64Array::from_iter_values(self.cells.iter().map(f))) };
        Ok(vec![
            Arc::new(Int64Array::from_iter_values(self.cells.iter().map(|cell| cell.count))),
            floats(|cell| cell.mean),
            floats(|cell| cell.powers[0]),
            floats(|cell| cell.powers[1]),
            floats(|cell| cell.powers[2]),
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
        let [counts, means, second, third, fourth] = states else {
            return Err(mismatch("a state of five columns is expected"));
        };
        let counts = counts.as_primitive::<Int64Type>();
        let [means, second, third, fourth] =
            [means, second, third, fourth].map(|column| column.as_primitive::<Float64Type>());
        for (row, group) in groups.iter().enumerate() {
            let powers = [second.value(row), third.value(row), fourth.value(row)];
            let other = Cell { count: counts.value(row), mean: means.value(row), powers };
            let cell = &mut self.cells[*group as usize];
            *cell = cell.and(other);
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        let cells = std::mem::take(&mut self.cells);
        Ok(Arc::new(cells.iter().map(|cell| self.result(cell)).collect::<Float64Array>()))
    }

    fn size(&self) -> u64 {
        (self.cells.capacity() * size_of::<Cell>()) as u64
    }
}
