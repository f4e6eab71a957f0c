//! Hash join on row numbers.
use arrow::array::{ArrayRef, UInt32Array, UInt64Array};
use arrow::datatypes::DataType;

use crate::{Failure, Meter};

/// Which pairs a probe gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// Pairs of rows with equal keys.
    Inner,
    /// These, and probe rows without a partner, whose build number is null.
    Outer,
    /// Probe rows that have a partner, each once; no build numbers.
    Semi,
    /// Probe rows that have none; no build numbers.
    Anti,
}

/// Build once, probe batch by batch. Null keys match nothing.
#[derive(Debug)]
pub struct Joiner {}

/// The matches of one probe.
#[derive(Debug)]
pub struct Matches {}

#[allow(unused_variables)]
impl Joiner {
    /// A joiner for keys of these types.
    ///
    /// # Errors
    /// Types that cannot be keys.
    pub fn new(keys: &[DataType]) -> Result<Self, Failure> {
        todo!()
    }
    /// Adds build rows; the first is number 0.
    ///
    /// # Errors
    /// Columns of other types or lengths, limits.
    pub fn build(&mut self, keys: &[ArrayRef], meter: &mut dyn Meter) -> Result<(), Failure> {
        todo!()
    }
    /// Looks up rows.
    ///
    /// # Errors
    /// As `build`.
    pub fn probe(&mut self, keys: &[ArrayRef], kind: JoinKind, meter: &mut dyn Meter) -> Result<Matches, Failure> {
        todo!()
    }
    /// Build rows that no probe has met, ascending.
    ///
    /// # Errors
    /// Limits.
    pub fn unmatched(&self, meter: &mut dyn Meter) -> Result<UInt64Array, Failure> {
        todo!()
    }
    /// Bytes held.
    pub fn size(&self) -> u64 {
        todo!()
    }
}

#[allow(unused_variables)]
impl Matches {
    /// The next pairs (probe row, build row), at most `max_rows` of them; `None` after the last.
    ///
    /// # Errors
    /// Limits.
    pub fn next(
        &mut self,
        max_rows: u32,
        meter: &mut dyn Meter,
    ) -> Result<Option<(UInt32Array, UInt64Array)>, Failure> {
        todo!()
    }
}
