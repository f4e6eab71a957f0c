//! Rows as JSON, by the vocabulary's rules for JSON Lines.

use serde_json::Value;

use crate::{Batch, Failure, Meter};

/// One row as a JSON object, columns in order.
///
/// # Errors
/// `out-of-bounds` where there is no such row.
pub fn row_to_json(batch: &Batch, row: usize) -> Result<Value, Failure> {
    todo!("{batch:?} {row}")
}

/// All rows as JSON Lines.
///
/// # Errors
/// What the meter says.
pub fn write_rows(batch: &Batch, out: &mut Vec<u8>, meter: &mut dyn Meter) -> Result<(), Failure> {
    todo!("{batch:?} {out:?} {:?}", meter.work(0))
}
