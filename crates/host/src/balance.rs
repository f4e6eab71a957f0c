//! What an instance was given and what it has given: the bound on decompression bombs and on whatever else makes much of
//! little.
//!
//! * An answer (a step, a chunk, a piece) has at most so many rows and bytes.
//! * All answers together have at most so many times the rows and bytes that came in, beyond a free allowance.
//! * What is written to the sink counts like an answer, and has a sum of its own.
//! * What is written to granted files has its part in that sum.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Limits;
use crate::account::Stop;
use crate::limits::{FREE_BYTES, FREE_ROWS};

/// The sums of one store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Balance {
    bytes_in: u64,
    rows_in: u64,
    bytes_out: u64,
    rows_out: u64,
    written: Written,
}

/// Bytes that an instance has written, wherever to. Clones share the sum: streams into files carry one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written(Arc<AtomicU64>);

impl Written {
    /// So many bytes more, of at most `most` in all.
    pub(crate) fn add(&self, bytes: u64, most: u64) -> Result<(), Stop> {
        let more = |sum: u64| Some(sum.saturating_add(bytes));
        let before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).unwrap_or(u64::MAX);
        if before.saturating_add(bytes) > most { Err(Stop::WrittenBytes) } else { Ok(()) }
    }
}

impl Balance {
    /// The instance was given so much. `most`: bytes that there are at all, so that reading the same ones again and again
    /// earns nothing.
    pub(crate) fn take(&mut self, rows: u64, bytes: u64, most: Option<u64>) {
        self.rows_in = self.rows_in.saturating_add(rows);
        self.bytes_in = self.bytes_in.saturating_add(bytes);
        if let Some(most) = most {
            self.bytes_in = self.bytes_in.min(most);
        }
    }

    /// The instance gives an answer of so much.
    pub(crate) fn give(&mut self, rows: u64, bytes: u64, limits: &Limits) -> Result<(), Stop> {
        if bytes > limits.emitted_bytes {
            return Err(Stop::EmittedBytes(bytes));
        }
        if rows > limits.emitted_rows {
            return Err(Stop::EmittedRows(rows));
        }
        self.rows_out = self.rows_out.saturating_add(rows);
        self.bytes_out = self.bytes_out.saturating_add(bytes);
        self.compare(limits)
    }

    /// The instance writes so many bytes.
    pub(crate) fn write(&mut self, bytes: u64, limits: &Limits) -> Result<(), Stop> {
        self.written.add(bytes, limits.written_bytes)?;
        self.bytes_out = self.bytes_out.saturating_add(bytes);
        self.compare(limits)
    }

    /// The sum of what was written.
    pub(crate) fn written(&self) -> &Written {
        &self.written
    }

    fn compare(&self, limits: &Limits) -> Result<(), Stop> {
        let most = |given: u64, free: u64| given.saturating_mul(limits.expansion).saturating_add(free);
        if self.bytes_out > most(self.bytes_in, FREE_BYTES) {
            return Err(Stop::Expansion { unit: "bytes", given: self.bytes_in, made: self.bytes_out });
        }
        if self.rows_out > most(self.rows_in, FREE_ROWS) && self.rows_in > 0 {
            return Err(Stop::Expansion { unit: "rows", given: self.rows_in, made: self.rows_out });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_may_become_much_and_not_everything() {
        let limits = Limits { expansion: 10, emitted_bytes: 1 << 30, ..Limits::default() };
        let mut balance = Balance::default();
        balance.take(0, 1 << 20, None);
        assert_eq!(balance.give(0, FREE_BYTES, &limits), Ok(()));
        assert_eq!(balance.give(0, 10 << 20, &limits), Ok(()));
        assert!(matches!(balance.give(0, 1, &limits), Err(Stop::Expansion { unit: "bytes", .. })));
    }

    #[test]
    fn reading_again_earns_nothing() {
        let limits = Limits { expansion: 1, ..Limits::default() };
        let mut balance = Balance::default();
        for _ in 0..1000 {
            balance.take(0, 1 << 20, Some(1 << 20));
        }
        assert_eq!(balance.write(FREE_BYTES + (1 << 20), &limits), Ok(()));
        assert!(balance.write(1, &limits).is_err());
    }

    #[test]
    fn files_and_the_sink_share_one_sum() {
        let limits = Limits { written_bytes: 100, ..Limits::default() };
        let mut balance = Balance::default();
        let file = balance.written().clone();
        assert_eq!(file.add(60, limits.written_bytes), Ok(()));
        assert_eq!(balance.write(41, &limits), Err(Stop::WrittenBytes));
        assert_eq!(file.add(u64::MAX, limits.written_bytes), Err(Stop::WrittenBytes));
    }

    #[test]
    fn one_answer_and_all_writes_are_bounded() {
        let limits = Limits { emitted_bytes: 10, emitted_rows: 5, written_bytes: 100, ..Limits::default() };
        let mut balance = Balance::default();
        assert_eq!(balance.give(1, 11, &limits), Err(Stop::EmittedBytes(11)));
        assert_eq!(balance.give(6, 1, &limits), Err(Stop::EmittedRows(6)));
        assert_eq!(balance.write(100, &limits), Ok(()));
        assert_eq!(balance.write(1, &limits), Err(Stop::WrittenBytes));
    }
}
