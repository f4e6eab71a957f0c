//! The seam through which work on a stranger's wishes is bounded: the host charges fuel, watches the deadline and
//! refuses memory; tests and the host's own work run unmetered.

use crate::Failure;

/// Bounds a piece of work. Implemented by the host per plugin call.
pub trait Meter {
    /// Charges `units` of fuel (about one per 8 bytes touched) and looks at the deadline.
    ///
    /// # Errors
    /// A failure of kind `limit` (code `fuel` or `deadline`) or `cancelled`: the work must stop.
    fn work(&mut self, units: u64) -> Result<(), Failure>;

    /// Asks before `bytes` are allocated.
    ///
    /// # Errors
    /// A failure of kind `limit`, code `memory`: the allocation must not be made.
    fn allocate(&mut self, bytes: u64) -> Result<(), Failure>;
}

/// Lets everything pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unmetered;

impl Meter for Unmetered {
    fn work(&mut self, _units: u64) -> Result<(), Failure> {
        Ok(())
    }

    fn allocate(&mut self, _bytes: u64) -> Result<(), Failure> {
        Ok(())
    }
}
