//! Products.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Float64Type, Int64Type};

use super::super::options::Options;
use super::super::promote::mismatch;
use super::super::table::Plan;
use super::{State, grow};
use crate::{Failure, Meter};

/// A product, and whether there are values in it.
#[derive(Debug)]
struct Product {
    integers: Vec<(i64, bool)>,
    floats: Vec<(f64, bool)>,
    output: DataType,
}

pub(super) fn make(plan: &Plan, _: &Options) -> Result<Box<dyn State>, Failure> {
    Ok(Box::new(Product { integers: Vec::new(), floats: Vec::new(), output: plan.output.clone() }))
}

impl Product {
    fn is_float(&self) -> bool {
        self.output == DataType::Float64
    }

    fn add(
        &mut self,
        values: &ArrayRef,
        counts: Option<&BooleanArray>,
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        let live = |row: usize| values.is_valid(row) && counts.is_none_or(|counts| counts.value(row));
        if self.is_float() {
            grow(&mut self.floats, count, (1.0, false), meter)?;
            for (row, (value, group)) in values.as_primitive::<Float64Type>().values().iter().zip(groups).enumerate() {
                if live(row) {
                    let (product, seen) = &mut self.floats[*group as usize];
                    (*product, *seen) = (*product * value, true);
                }
            }
            return Ok(());
        }
        grow(&mut self.integers, count, (1, false), meter)?;
        for (row, (value, group)) in values.as_primitive::<Int64Type>().values().iter().zip(groups).enumerate() {
            if live(row) {
                let (product, seen) = &mut self.integers[*group as usize];
                let next = product.checked_mul(*value).ok_or_else(|| {
                    Failure::invalid_input("integer-overflow", "the product is out of range")
                        .with_help("cast the column to float64 to multiply it")
                })?;
                (*product, *seen) = (next, true);
            }
        }
        Ok(())
    }

    fn seen(&self) -> Vec<bool> {
        if self.is_float() {
            self.floats.iter().map(|(_, seen)| *seen).collect()
        } else {
            self.integers.iter().map(|(_, seen)| *seen).collect()
        }
    }
}

impl State for Product {
    fn update(
        &mut self,
        values: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        let Some(values) = values.first() else { return Err(mismatch("a column is expected")) };
        self.add(values, None, groups, count, meter)
    }

    fn state_types(&self) -> Vec<DataType> {
        vec![self.output.clone(), DataType::Boolean]
    }

    fn state(&self, _: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure> {
        let products: ArrayRef = if self.is_float() {
            Arc::new(Float64Array::from_iter_values(self.floats.iter().map(|(product, _)| *product)))
        } else {
            Arc::new(Int64Array::from_iter_values(self.integers.iter().map(|(product, _)| *product)))
        };
        Ok(vec![products, Arc::new(BooleanArray::from(self.seen()))])
    }

    fn merge(
        &mut self,
        states: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        let [products, seen] = states else { return Err(mismatch("a state of two columns is expected")) };
        self.add(products, Some(seen.as_boolean()), groups, count, meter)
    }

    fn finish(&mut self, _: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        let (integers, floats) = (std::mem::take(&mut self.integers), std::mem::take(&mut self.floats));
        if self.is_float() {
            return Ok(Arc::new(
                floats.iter().map(|(product, seen)| seen.then_some(*product)).collect::<Float64Array>(),
            ));
        }
        Ok(Arc::new(integers.iter().map(|(product, seen)| seen.then_some(*product)).collect::<Int64Array>()))
    }

    fn size(&self) -> u64 {
        ((self.integers.capacity() + self.floats.capacity()) * 16) as u64
    }
}
