//! Sums of decimals of 256 bits.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Decimal256Array, Int64Array};
use arrow::datatypes::{DataType, Decimal256Type, Int64Type, i256};

use super::super::promote::{internal, mismatch};
use super::{State, each_value, grow};
use crate::{Failure, Meter};

/// A sum and the number of values in it, for each group.
#[derive(Debug)]
pub(super) struct Wide {
    cells: Vec<(i256, i64)>,
    output: DataType,
}

impl Wide {
    pub(super) fn new(output: DataType) -> Self {
        Self { cells: Vec::new(), output }
    }
}

fn add((sum, counted): &mut (i256, i64), value: i256, count: i64) -> Result<(), Failure> {
    *sum = sum.checked_add(value).ok_or_else(overflowed)?;
    *counted = counted.saturating_add(count);
    Ok(())
}

fn overflowed() -> Failure {
    Failure::invalid_input("integer-overflow", "the sum is out of range")
        .with_help("cast the column to float64 to sum it up")
}

impl State for Wide {
    fn update(
        &mut self,
        values: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        grow(&mut self.cells, count, (i256::ZERO, 0), meter)?;
        let Some(values) = values.first() else { return Err(mismatch("a column is expected")) };
        let values = values.as_primitive::<Decimal256Type>();
        each_value(&mut self.cells, values, groups, |cell, value| add(cell, value, 1))
    }

    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::Decimal256(76, 0), DataType::Int64]
    }

    fn state(&self, _: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure> {
        let sums = Decimal256Array::from_iter_values(self.cells.iter().map(|(sum, _)| *sum));
        let sums = sums.with_precision_and_scale(76, 0).map_err(internal)?;
        let counts = Int64Array::from_iter_values(self.cells.iter().map(|(_, count)| *count));
        Ok(vec![Arc::new(sums), Arc::new(counts)])
    }

    fn merge(
        &mut self,
        states: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        grow(&mut self.cells, count, (i256::ZERO, 0), meter)?;
        let [sums, counts] = states else { return Err(mismatch("a state of two columns is expected")) };
        let (sums, counts) = (sums.as_primitive::<Decimal256Type>(), counts.as_primitive::<Int64Type>());
        for ((group, sum), count) in groups.iter().zip(sums.values()).zip(counts.values()) {
            add(&mut self.cells[*group as usize], *sum, *count)?;
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        let cells = std::mem::take(&mut self.cells);
        let DataType::Decimal256(precision, scale) = self.output else { return Err(mismatch("a decimal is summed")) };
        let sums: Decimal256Array = cells.iter().map(|(sum, count)| (*count > 0).then_some(*sum)).collect();
        let sums = sums.with_precision_and_scale(precision, scale).map_err(internal)?;
        sums.validate_decimal_precision(precision).map_err(|_| overflowed())?;
        Ok(Arc::new(sums))
    }

    fn size(&self) -> u64 {
        (self.cells.capacity() * size_of::<(i256, i64)>()) as u64
    }
}
