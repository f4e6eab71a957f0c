//! Numbers groups of equal keys.
use arrow::array::{ArrayRef, UInt32Array};
use arrow::datatypes::DataType;

use crate::{Failure, Meter};

/// Numbers groups of equal keys by first appearance, over any number of batches. Nulls are equal, -0.0 = 0.0, NaN = NaN.
#[derive(Debug)]
pub struct Grouper {}

#[allow(unused_variables)]
impl Grouper {
    /// A grouper for keys of these types.
    ///
    /// # Errors
    /// Types that cannot be keys.
    pub fn new(keys: &[DataType]) -> Result<Self, Failure> {
        todo!()
    }
    /// A group number for each row.
    ///
    /// # Errors
    /// Columns of other types or lengths, more than 2³² groups, limits.
    pub fn assign(&mut self, keys: &[ArrayRef], meter: &mut dyn Meter) -> Result<UInt32Array, Failure> {
        todo!()
    }
    /// How many groups there are.
    pub fn count(&self) -> u32 {
        todo!()
    }
    /// The keys of the groups, in group order.
    ///
    /// # Errors
    /// Limits.
    pub fn keys(&self, meter: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure> {
        todo!()
    }
    /// Bytes held.
    pub fn size(&self) -> u64 {
        todo!()
    }
}
