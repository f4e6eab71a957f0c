//! What one store may still spend: the meter of every kernel, and the limiter of memories and tables.

use std::fmt;
use std::sync::Arc;

use jackfield_columns::{Failure, FailureKind, Meter};

use crate::balance::{Balance, Written};
use crate::clock::CallClock;
use crate::ledger::Ledger;
use crate::limits::bytes_text;
use crate::spill::PIECE_BYTES;
use crate::{CancelToken, Limits};

/// Fuel for one call of a host function, besides what its work costs.
const ENTRY_FUEL: u64 = 100;

/// Bytes that an element of a table costs.
const TABLE_ELEMENT_BYTES: u64 = 16;

/// Why a host function stopped the guest instead of answering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Fuel,
    Timeout,
    Cancelled,
    Memory,
    Handles,
    /// One answer has so many bytes.
    EmittedBytes(u64),
    /// One answer has so many rows.
    EmittedRows(u64),
    /// So much was made of what was given.
    Expansion {
        unit: &'static str,
        given: u64,
        made: u64,
    },
    WrittenBytes,
    OpenFiles,
    Protocol(String),
    Host(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fuel => f.write_str("out of fuel"),
            Self::Timeout => f.write_str("out of time"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Memory => f.write_str("out of memory"),
            Self::Handles => f.write_str("out of handles"),
            Self::EmittedBytes(bytes) => write!(f, "an answer of {bytes} bytes"),
            Self::EmittedRows(rows) => write!(f, "an answer of {rows} rows"),
            Self::Expansion { unit, given, made } => write!(f, "{made} {unit} out of {given}"),
            Self::WrittenBytes => f.write_str("too many bytes written"),
            Self::OpenFiles => f.write_str("too many open files"),
            Self::Protocol(message) | Self::Host(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Stop {}

/// What one store has spent, and its limits.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) ledger: Ledger,
    pub(crate) clock: Arc<CallClock>,
    pub(crate) balance: Balance,
    cancel: CancelToken,
    limits: Limits,
    /// Fuel that host functions have used in this call.
    fuel: u64,
    /// Fuel that this call may use.
    budget: u64,
    stop: Option<Stop>,
    /// What was granted last, to be taken back should the growth fail.
    granted: u64,
}

impl Account {
    fn grow(&mut self, bytes: u64) -> bool {
        let fits = self.ledger.grow_guest(bytes);
        self.granted = if fits { bytes } else { 0 };
        fits
    }

    fn grow_failed(&mut self) {
        self.ledger.shrink_guest(std::mem::take(&mut self.granted));
    }

    pub(crate) fn new(limits: Limits, clock: Arc<CallClock>, cancel: CancelToken) -> Self {
        let (ledger, budget) = (Ledger::new(limits.memory_bytes), limits.fuel_per_call);
        Self { ledger, clock, balance: Balance::default(), cancel, limits, fuel: 0, budget, stop: None, granted: 0 }
    }

    /// Begins a call that may use so much fuel.
    pub(crate) fn start(&mut self, budget: u64) {
        self.fuel = 0;
        self.budget = budget;
        self.stop = None;
        self.ledger.take_refused();
    }

    /// The instance gives an answer of so much: rows, and bytes once they are moved.
    pub(crate) fn give(&mut self, rows: u64, bytes: u64) -> wasmtime::Result<()> {
        // Rows without columns are something too.
        self.balance.give(rows, bytes.max(rows), &self.limits).map_err(wasmtime::Error::new)
    }

    /// The instance writes so many bytes to its sink.
    pub(crate) fn write(&mut self, bytes: u64) -> wasmtime::Result<()> {
        self.balance.write(bytes, &self.limits).map_err(wasmtime::Error::new)
    }

    /// The instance writes so many bytes to a file.
    pub(crate) fn write_file(&self, bytes: u64) -> Result<(), Stop> {
        self.balance.written().add(bytes, self.limits.written_bytes)
    }

    /// What a stream into a file needs to count: the sum, and how large it may get.
    pub(crate) fn written(&self) -> (Written, u64) {
        (self.balance.written().clone(), self.limits.written_bytes)
    }

    /// So many folders and files are open, and one more is to be.
    pub(crate) fn open_file(&self, open: usize) -> Result<(), Stop> {
        if open < self.limits.open_files { Ok(()) } else { Err(Stop::OpenFiles) }
    }

    /// Fuel that host functions have used in this call.
    pub(crate) fn host_fuel(&self) -> u64 {
        self.fuel
    }

    /// Bytes of rows that come back from temporary storage at a time, about: a small part of what the instance may hold,
    /// because it makes copies of them.
    pub(crate) fn piece_bytes(&self) -> u64 {
        (self.limits.memory_bytes / 16).min(PIECE_BYTES)
    }

    /// Charges the call of a host function.
    pub(crate) fn enter(&mut self) -> Result<(), Stop> {
        let charged = self.work(ENTRY_FUEL);
        charged.map_err(|failure| self.stop.clone().unwrap_or(Stop::Host(failure.message)))
    }

    /// Charges the call of a host function that copies so many bytes into the guest.
    pub(crate) fn enter_copying(&mut self, bytes: usize) -> Result<(), Stop> {
        let charged = self.work(ENTRY_FUEL + bytes as u64 / 8);
        charged.map_err(|failure| self.stop.clone().unwrap_or(Stop::Host(failure.message)))
    }

    /// Why the guest has to be stopped instead of being told of a failure.
    pub(crate) fn stopped(&mut self) -> Option<Stop> {
        self.stop.take()
    }
}

impl Meter for Account {
    fn work(&mut self, units: u64) -> Result<(), Failure> {
        self.fuel = self.fuel.saturating_add(units);
        let (stop, failure) = if self.fuel > self.budget {
            (Stop::Fuel, Failure::limit("fuel", "the call has used up its fuel"))
        } else if self.clock.expired() {
            (Stop::Timeout, Failure::limit("deadline", "the call has used up its time"))
        } else if self.cancel.is_cancelled() {
            let failure = Failure::internal("cancelled", "the run was cancelled");
            (Stop::Cancelled, Failure { kind: FailureKind::Cancelled, ..failure })
        } else {
            return Ok(());
        };
        self.stop = Some(stop);
        Err(failure)
    }

    fn allocate(&mut self, bytes: u64) -> Result<(), Failure> {
        if self.ledger.fits(bytes) {
            return Ok(());
        }
        let limit = bytes_text(self.ledger.limit());
        let message = format!("{} more would exceed the plugin's memory limit of {limit}", bytes_text(bytes));
        Err(Failure::limit("memory", message).with_help("raise `limits.memory`, or use smaller batches"))
    }
}

impl wasmtime::ResourceLimiter for Account {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        Ok(self.grow(desired.saturating_sub(current) as u64))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let elements = desired.saturating_sub(current) as u64;
        Ok(self.grow(elements.saturating_mul(TABLE_ELEMENT_BYTES)))
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.grow_failed();
        Ok(())
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.grow_failed();
        Ok(())
    }

    fn instances(&self) -> usize {
        self.limits.instances
    }

    fn tables(&self) -> usize {
        self.limits.tables
    }

    fn memories(&self) -> usize {
        self.limits.memories
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::ResourceLimiter;

    use super::*;

    #[test]
    fn memories_share_one_limit() {
        let limits = Limits { memory_bytes: 64 << 20, ..Limits::default() };
        let mut account = Account::new(limits, CallClock::new(), CancelToken::new());
        let full = 64 << 20;
        assert!(account.memory_growing(0, full, None).unwrap());
        for _ in 0..7 {
            assert!(!account.memory_growing(0, 1 << 16, None).unwrap());
        }
        account.memory_grow_failed(wasmtime::Error::msg("refused, so nothing is taken back")).unwrap();
        assert!(!account.table_growing(0, 1, None).unwrap());
        assert!(!account.memory_growing(0, usize::MAX, Some(100)).unwrap());
    }

    #[test]
    fn kernels_are_charged_and_refused_memory() {
        let limits = Limits { memory_bytes: 1000, fuel_per_call: 1000, ..Limits::default() };
        let mut account = Account::new(limits, CallClock::new(), CancelToken::new());
        assert_eq!(account.allocate(1001).unwrap_err().code, "memory");
        account.allocate(1000).unwrap();
        account.work(900).unwrap();
        assert_eq!(account.enter(), Ok(()));
        assert_eq!(account.work(1).unwrap_err().code, "fuel");
        assert_eq!(account.stopped(), Some(Stop::Fuel));
        account.start(1000);
        account.work(1000).unwrap();
    }
}
