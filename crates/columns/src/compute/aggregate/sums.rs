//! Sums and means. Integers are summed up in 128 bits, so that only the result can be out of range.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Decimal128Array, Float64Array, Int64Array, PrimitiveArray,
};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};

use super::super::options::Options;
use super::super::promote::{internal, mismatch, relabel};
use super::super::table::Plan;
use super::wide::Wide;
use super::{State, grow};
use crate::{Failure, Meter};

/// A sum and the number of values in it.
type Cell<S> = (S, i64);

#[derive(Debug)]
struct Integers {
    cells: Vec<Cell<i128>>,
    mean: bool,
    output: DataType,
}

#[derive(Debug)]
struct Floats {
    cells: Vec<Cell<f64>>,
    mean: bool,
}

pub(super) fn make(plan: &Plan, _: &Options) -> Result<Box<dyn State>, Failure> {
    Ok(of(plan, false))
}

pub(super) fn make_mean(plan: &Plan, _: &Options) -> Result<Box<dyn State>, Failure> {
    Ok(of(plan, true))
}

fn of(plan: &Plan, mean: bool) -> Box<dyn State> {
    match plan.inputs.first() {
        Some(DataType::Float64) => Box::new(Floats { cells: Vec::new(), mean }),
        Some(DataType::Decimal256(..)) => Box::new(Wide::new(plan.output.clone())),
        _ => Box::new(Integers { cells: Vec::new(), mean, output: plan.output.clone() }),
    }
}

/// Adds each value to its group's cell. One group alone needs no look-ups.
fn add<T: ArrowPrimitiveType, S: Copy>(
    cells: &mut [Cell<S>],
    values: &PrimitiveArray<T>,
    groups: &[u32],
    add: impl Fn(&mut S, T::Native),
) {
    let nulls = values.nulls().filter(|nulls| nulls.null_count() > 0);
    match (nulls, cells) {
        (None, [(sum, count)]) => {
            values.values().iter().for_each(|value| add(sum, *value));
            *count = count.saturating_add(values.len() as i64);
        }
        (None, cells) => {
            for (value, group) in values.values().iter().zip(groups) {
                let (sum, count) = &mut cells[*group as usize];
                add(sum, *value);
                *count = count.saturating_add(1);
            }
        }
        (Some(nulls), cells) => {
            for ((value, group), valid) in values.values().iter().zip(groups).zip(nulls.iter()) {
                if valid {
                    let (sum, count) = &mut cells[*group as usize];
                    add(sum, *value);
                    *count = count.saturating_add(1);
                }
            }
        }
    }
}

impl Integers {
    fn overflowed() -> Failure {
        Failure::invalid_input("integer-overflow", "the sum is out of range")
            .with_help("cast the column to float64 or decimal(38, 0) to sum it up")
    }

    fn add_all<T: ArrowPrimitiveType>(&mut self, values: &PrimitiveArray<T>, groups: &[u32]) -> Result<(), Failure>
    where
        T::Native: Into<i128>,
    {
        let bad = std::cell::Cell::new(false);
        add(&mut self.cells, values, groups, |sum, value| {
            let (total, overflowed) = sum.overflowing_add(value.into());
            *sum = total;
            if overflowed {
                bad.set(true);
            }
        });
        if bad.get() { Err(Self::overflowed()) } else { Ok(()) }
    }
}

impl State for Integers {
    fn update(
        &mut self,
        values: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        grow(&mut self.cells, count, (0, 0), meter)?;
        let Some(values) = values.first() else { return Err(mismatch("a column is expected")) };
        match values.data_type() {
            DataType::Decimal128(..) => self.add_all(values.as_primitive::<Decimal128Type>(), groups),
            DataType::Int64 => self.add_all(values.as_primitive::<Int64Type>(), groups),
            _ => self.add_all(relabel(values, &DataType::Int64)?.as_primitive::<Int64Type>(), groups),
        }
    }

    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::Decimal128(38, 0), DataType::Int64]
    }

    fn state(&self, _: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure> {
        let sums = Decimal128Array::from_iter_values(self.cells.iter().map(|(sum, _)| *sum));
        let sums = sums.with_precision_and_scale(38, 0).map_err(internal)?;
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
        grow(&mut self.cells, count, (0, 0), meter)?;
        let [sums, counts] = states else { return Err(mismatch("a state of two columns is expected")) };
        let (sums, counts) = (sums.as_primitive::<Decimal128Type>(), counts.as_primitive::<Int64Type>());
        for ((group, sum), count) in groups.iter().zip(sums.values()).zip(counts.values()) {
            let cell = &mut self.cells[*group as usize];
            cell.0 = cell.0.checked_add(*sum).ok_or_else(Self::overflowed)?;
            cell.1 = cell.1.saturating_add(*count);
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        let cells = std::mem::take(&mut self.cells);
        if self.mean {
            let mean = |(sum, count): &Cell<i128>| (*count > 0).then(|| *sum as f64 / *count as f64);
            return Ok(Arc::new(cells.iter().map(mean).collect::<Float64Array>()));
        }
        let sums = cells.iter().map(|(sum, count)| (*count > 0).then_some(*sum));
        if let DataType::Decimal128(precision, scale) = self.output {
            let sums: Decimal128Array = sums.collect();
            let sums = sums.with_precision_and_scale(precision, scale).map_err(internal)?;
            sums.validate_decimal_precision(precision).map_err(|_| Self::overflowed())?;
            return Ok(Arc::new(sums));
        }
        let narrow = |sum: Option<i128>| sum.map(|sum| i64::try_from(sum).map_err(|_| Self::overflowed())).transpose();
        let sums: ArrayRef = Arc::new(sums.map(narrow).collect::<Result<Int64Array, Failure>>()?);
        relabel(&sums, &self.output)
    }

    fn size(&self) -> u64 {
        (self.cells.capacity() * size_of::<Cell<i128>>()) as u64
    }
}

impl State for Floats {
    fn update(
        &mut self,
        values: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        grow(&mut self.cells, count, (0.0, 0), meter)?;
        let Some(values) = values.first() else { return Err(mismatch("a column is expected")) };
        let values = values.as_primitive::<Float64Type>();
        if let ([(sum, count)], 0) = (self.cells.as_mut_slice(), values.null_count()) {
            // Eight sums side by side, for one alone waits for each addition.
            let mut lanes = [0.0; 8];
            let (chunks, rest) = values.values().as_chunks::<8>();
            for chunk in chunks {
                lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane += value);
            }
            *sum += lanes.iter().sum::<f64>() + rest.iter().sum::<f64>();
            *count = count.saturating_add(values.len() as i64);
            return Ok(());
        }
        add(&mut self.cells, values, groups, |sum, value| *sum += value);
        Ok(())
    }

    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::Float64, DataType::Int64]
    }

    fn state(&self, _: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure> {
        let sums = Float64Array::from_iter_values(self.cells.iter().map(|(sum, _)| *sum));
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
        grow(&mut self.cells, count, (0.0, 0), meter)?;
        let [sums, counts] = states else { return Err(mismatch("a state of two columns is expected")) };
        let (sums, counts) = (sums.as_primitive::<Float64Type>(), counts.as_primitive::<Int64Type>());
        for ((group, sum), count) in groups.iter().zip(sums.values()).zip(counts.values()) {
            let cell = &mut self.cells[*group as usize];
            cell.0 += sum;
            cell.1 = cell.1.saturating_add(*count);
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        let cells = std::mem::take(&mut self.cells);
        let result =
            |(sum, count): &Cell<f64>| (*count > 0).then(|| if self.mean { *sum / *count as f64 } else { *sum });
        Ok(Arc::new(cells.iter().map(result).collect::<Float64Array>()))
    }

    fn size(&self) -> u64 {
        (self.cells.capacity() * size_of::<Cell<f64>>()) as u64
    }
}
