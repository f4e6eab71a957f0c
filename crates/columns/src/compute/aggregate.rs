//! Aggregation, grouped and of whole columns.
use arrow::array::{ArrayRef, UInt32Array};
use arrow::datatypes::DataType;

use super::Scalar;
use crate::{Failure, Meter};

/// A whole column to one value.
///
/// # Errors
/// Unknown names, wrong types, and an integer sum that overflows.
pub fn reduce(function: &str, argument: &ArrayRef, options: &str, meter: &mut dyn Meter) -> Result<Scalar, Failure> {
    let _ = (function, argument, options, meter);
    todo!()
}

/// Grouped aggregation: a result per group, over any number of batches.
#[derive(Debug)]
pub struct Accumulator {}

#[allow(unused_variables)]
impl Accumulator {
    /// An accumulator without groups. Options are a JSON object or empty.
    ///
    /// # Errors
    /// Unknown functions, options and wrong types.
    pub fn new(function: &str, inputs: &[DataType], options: &str) -> Result<Self, Failure> {
        todo!()
    }
    /// The type of what `finish` gives.
    pub fn result_type(&self) -> DataType {
        todo!()
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
        todo!()
    }
    /// The state, a row per group: for snapshots, and to `merge`.
    ///
    /// # Errors
    /// Limits.
    pub fn state(&self, meter: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure> {
        todo!()
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
        todo!()
    }
    /// The results, a row per group; the accumulator is empty afterwards.
    ///
    /// # Errors
    /// Limits.
    pub fn finish(&mut self, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        todo!()
    }
    /// Bytes held.
    pub fn size(&self) -> u64 {
        todo!()
    }
}
