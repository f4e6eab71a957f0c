//! Aggregation, grouped and of whole columns. An aggregate function's entry makes a [`State`], which holds something for
//! each group; an [`Accumulator`] is the function's plan and its state.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray, UInt32Array, new_empty_array};
use arrow::datatypes::DataType;

use super::Scalar;
use super::call::{CHUNK_UNITS, guarded, plan};
use super::options::Options;
use super::promote::{coerce, common, mismatch, normal, normalise, slice_bytes};
use super::table::{Body, Function, Plan, find};
use crate::{Failure, Meter, type_name};

mod cells;
mod count;
mod distinct;
mod functions;
mod lists;
mod moments;
mod product;
mod sketch;
mod sums;
mod variance;
mod whole;
mod wide;

pub(super) use functions::FUNCTIONS;

/// What an aggregate function holds for each group. Group numbers are checked: all are less than `count`.
pub(super) trait State: fmt::Debug + Send {
    /// Adds rows: values of the plan's types, and a group for each row.
    fn update(
        &mut self,
        values: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure>;
    /// The types of the state's columns.
    fn state_types(&self) -> Vec<DataType>;
    /// Columns with a row per group.
    fn state(&self, meter: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure>;
    /// Adds rows of another state's columns.
    fn merge(
        &mut self,
        states: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure>;
    /// The results; empties the state.
    fn finish(&mut self, meter: &mut dyn Meter) -> Result<ArrayRef, Failure>;
    /// Bytes held.
    fn size(&self) -> u64;
}

/// Makes the state of a function for checked types.
pub(super) type Make = fn(&Plan, &Options) -> Result<Box<dyn State>, Failure>;

/// Grouped aggregation: a result per group, over any number of batches.
#[derive(Debug)]
pub struct Accumulator {
    function: &'static Function,
    /// The normal types that were told; a batch may have narrower ones.
    types: Vec<DataType>,
    plan: Plan,
    state: Box<dyn State>,
}

/// A whole column to one value.
///
/// # Errors
/// Unknown names, wrong types, and an integer sum that overflows.
pub fn reduce(function: &str, argument: &ArrayRef, options: &str, meter: &mut dyn Meter) -> Result<Scalar, Failure> {
    let mut accumulator = Accumulator::new(function, &[argument.data_type().clone()], options)?;
    if accumulator.result_type() == *argument.data_type()
        && let Some(found) = guarded(function, || whole::whole(accumulator.function.name, argument, meter))?
    {
        return Ok(found);
    }
    meter.allocate(argument.len() as u64 * 4)?;
    let groups = UInt32Array::from_value(0, argument.len());
    accumulator.update(&[Arc::clone(argument)], &groups, 1, meter)?;
    Scalar::from_array(&accumulator.finish(meter)?, 0)
}

impl Accumulator {
    /// An accumulator without groups. Options are a JSON object or empty.
    ///
    /// # Errors
    /// Unknown functions, options and wrong types.
    pub fn new(function: &str, inputs: &[DataType], options: &str) -> Result<Self, Failure> {
        guarded(function, || {
            let function = find(function)?;
            let Body::Aggregate(make) = function.body else {
                let message = format!("{} works element by element; it does not aggregate", function.name);
                return Err(Failure::invalid_config("unknown-function", message));
            };
            let options = Options::parse(function.name, options, function.options)?;
            let types: Vec<DataType> = inputs.iter().map(normal).collect();
            let plan = plan(function, &types, &options)?;
            let state = make(&plan, &options)?;
            Ok(Self { function, types, plan, state })
        })
    }

    /// The type of what `finish` gives.
    pub fn result_type(&self) -> DataType {
        self.plan.output.clone()
    }

    /// Adds a batch: `groups` has a group number, less than `group_count`, for each row.
    ///
    /// # Errors
    /// Columns of other types or lengths, group numbers out of bounds, integer overflow, limits.
    pub fn update(
        &mut self,
        values: &[ArrayRef],
        groups: &UInt32Array,
        group_count: u32,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        guarded(self.function.name, || {
            if values.len() != self.plan.inputs.len() {
                let message = format!("{} columns are expected, not {}", self.plan.inputs.len(), values.len());
                return Err(mismatch(message));
            }
            for (value, told) in values.iter().zip(&self.types) {
                let given = normal(value.data_type());
                if given != *told && common([told, &given]).as_ref() != Some(told) {
                    let message = format!("a column of {} is expected, not {}", type_name(told), type_name(&given));
                    return Err(mismatch(message));
                }
            }
            check(values, groups, group_count)?;
            let block = block(values, self.function.weight, groups.len());
            for from in (0..groups.len()).step_by(block) {
                let length = block.min(groups.len() - from);
                let mut columns = Vec::with_capacity(values.len());
                for (value, to) in values.iter().zip(&self.plan.inputs) {
                    let converted = coerce(&normalise(&value.slice(from, length), meter)?, to, meter)?;
                    if let Some((rows, describe)) = converted.errors {
                        let row = rows.set_indices().next().unwrap_or_default();
                        return Err(describe(row).with_row((row + from) as u64));
                    }
                    columns.push(converted.array);
                }
                charge(&columns, length, self.function.weight, meter)?;
                let groups = groups.values().get(from..from + length).unwrap_or_default();
                self.state.update(&columns, groups, group_count as usize, meter)?;
            }
            if groups.is_empty() {
                let columns: Vec<ArrayRef> = self.plan.inputs.iter().map(new_empty_array).collect();
                self.state.update(&columns, &[], group_count as usize, meter)?;
            }
            Ok(())
        })
    }

    /// The state, a row per group: for snapshots, and to `merge`.
    ///
    /// # Errors
    /// Limits.
    pub fn state(&self, meter: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure> {
        meter.work(self.state.size() / 8)?;
        meter.allocate(self.state.size())?;
        guarded(self.function.name, || self.state.state(meter))
    }

    /// Adds states of an accumulator of the same kind: row `i` goes to group `groups[i]`.
    ///
    /// # Errors
    /// As `update`.
    pub fn merge(
        &mut self,
        states: &[ArrayRef],
        groups: &UInt32Array,
        group_count: u32,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        let expected = self.state.state_types();
        if states.len() != expected.len() || states.iter().zip(&expected).any(|(state, to)| state.data_type() != to) {
            let expected: Vec<String> = expected.iter().map(type_name).collect();
            return Err(mismatch(format!("a state of {} is expected", expected.join(", "))));
        }
        guarded(self.function.name, || {
            check(states, groups, group_count)?;
            let block = block(states, self.function.weight, groups.len());
            for from in (0..groups.len()).step_by(block) {
                let length = block.min(groups.len() - from);
                let states: Vec<ArrayRef> = states.iter().map(|state| state.slice(from, length)).collect();
                charge(&states, length, self.function.weight, meter)?;
                let groups = groups.values().get(from..from + length).unwrap_or_default();
                self.state.merge(&states, groups, group_count as usize, meter)?;
            }
            if groups.is_empty() {
                self.state.merge(states, &[], group_count as usize, meter)?;
            }
            Ok(())
        })
    }

    /// The results, a row per group; the accumulator is empty afterwards.
    ///
    /// # Errors
    /// Limits.
    pub fn finish(&mut self, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        meter.work(self.state.size() / 8)?;
        meter.allocate(self.state.size())?;
        guarded(self.function.name, || {
            let result = self.state.finish(meter)?;
            // A dictionary inside of lists and structs was worked on as what it holds.
            match *result.data_type() == self.plan.output {
                true => Ok(result),
                false => arrow::compute::cast(&result, &self.plan.output).map_err(super::promote::internal),
            }
        })
    }

    /// Bytes held.
    pub fn size(&self) -> u64 {
        self.state.size()
    }
}

/// Checks lengths and group numbers.
fn check(columns: &[ArrayRef], groups: &UInt32Array, count: u32) -> Result<(), Failure> {
    if columns.iter().any(|column| column.len() != groups.len()) {
        return Err(Failure::invalid_input("out-of-bounds", "the columns and the groups have different lengths"));
    }
    if groups.null_count() > 0 || groups.values().iter().copied().max().is_some_and(|largest| largest >= count) {
        let message = format!("a group number is null or not less than the number of groups, {count}");
        return Err(Failure::invalid_input("out-of-bounds", message));
    }
    Ok(())
}

fn units(bytes: u64, rows: usize, weight: u32) -> u64 {
    (bytes / 8 + rows as u64 / 2 + 1).saturating_mul(u64::from(weight))
}

/// How many rows are worked on between looks at the deadline.
fn block(columns: &[ArrayRef], weight: u32, rows: usize) -> usize {
    let bytes = columns.iter().map(|column| slice_bytes(column.as_ref())).sum();
    let blocks = units(bytes, rows, weight).div_ceil(CHUNK_UNITS).max(1);
    (rows as u64).div_ceil(blocks).max(1) as usize
}

/// Pays for rows.
fn charge(columns: &[ArrayRef], rows: usize, weight: u32, meter: &mut dyn Meter) -> Result<(), Failure> {
    let bytes = columns.iter().map(|column| slice_bytes(column.as_ref())).sum();
    meter.work(units(bytes, rows, weight))
}

/// Calls `add` with each value that is not null and the cell of its group.
fn each_value<T: ArrowPrimitiveType, C>(
    cells: &mut [C],
    values: &PrimitiveArray<T>,
    groups: &[u32],
    mut add: impl FnMut(&mut C, T::Native) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for (row, (value, group)) in values.values().iter().zip(groups).enumerate() {
        if values.is_valid(row) {
            add(&mut cells[*group as usize], *value)?;
        }
    }
    Ok(())
}

/// Asks for the growth of a vector of `size` byte items to `count` of them, and grows it.
fn grow<T: Clone>(items: &mut Vec<T>, count: usize, fresh: T, meter: &mut dyn Meter) -> Result<(), Failure> {
    if count > items.len() {
        if count > items.capacity() {
            meter.allocate(((count - items.len()) * size_of::<T>()) as u64)?;
        }
        items.resize(count, fresh);
    }
    Ok(())
}
