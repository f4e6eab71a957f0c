//! Whole batches as Arrow IPC streams.

use crate::{Batch, Failure, Meter};

/// One IPC stream with all batches, which must have the same column types.
///
/// # Errors
/// `type-mismatch` where the batches differ; what the meter says.
pub fn to_ipc(batches: &[Batch], meter: &mut dyn Meter) -> Result<Vec<u8>, Failure> {
    todo!("{batches:?} {:?}", meter.work(0))
}

/// The batches of an IPC stream, validated in full.
///
/// # Errors
/// `invalid-buffers` whatever the bytes are; what the meter says.
pub fn from_ipc(bytes: &[u8], meter: &mut dyn Meter) -> Result<Vec<Batch>, Failure> {
    todo!("{bytes:?} {:?}", meter.work(0))
}
