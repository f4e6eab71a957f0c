//! When an instance of a node is worn out, so that a fresh one takes over.
//!
//! Guests leak: some runtimes never give back what they hand over, others keep handles until a collector gets around to
//! it. A node that works row by row has nothing to lose between two batches, so it is made anew there, long before a
//! limit would end it. What all its instances use together counts against the limits as if they were one.

use std::time::{Duration, Instant};

use crate::Limits;

/// What is known of an instance between two batches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wear {
    since: Instant,
    batches: u64,
    /// Bytes that it held behind its first batch: what it needs to live.
    first: Option<u64>,
    /// It has answered all that it was asked.
    idle: bool,
}

impl Wear {
    pub(crate) fn new() -> Wear {
        Wear { since: Instant::now(), batches: 0, first: None, idle: true }
    }

    /// It has given an answer and now holds so many bytes; `idle`: it was the last one for a batch.
    pub(crate) fn worked(&mut self, held: u64, idle: bool) {
        self.idle = idle;
        if idle {
            self.batches = self.batches.saturating_add(1);
            self.first.get_or_insert(held);
        }
    }

    /// Whether a fresh instance should take over from one that holds so much. One that is new never is worn out, so
    /// that what a plugin needs to live cannot make every batch start with a new instance.
    pub(crate) fn is_out(&self, limits: &Limits, deterministic: bool, held: u64, handles: usize) -> bool {
        let Some(first) = self.first.filter(|_| self.idle) else { return false };
        let age = if deterministic { Duration::ZERO } else { self.since.elapsed() };
        self.batches >= limits.recycle_calls
            || age >= limits.recycle_age
            || held > first && held >= high_water(limits, first)
            || handles >= most_handles(limits)
    }
}

/// Above the bytes that it needs to live by at least a quarter of what is left above them.
fn high_water(limits: &Limits, first: u64) -> u64 {
    let (memory, quarter) = (limits.memory_bytes, limits.memory_bytes.saturating_sub(first) / 4);
    limits.recycle_memory.min(memory / 4 * 3).max(first.saturating_add(quarter))
}

fn most_handles(limits: &Limits) -> usize {
    // A limit of one handle leaves none over between two calls.
    limits.recycle_handles.min((limits.handles / 2).max(1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worn(limits: &Limits, batches: u64, first: u64, held: u64, handles: usize) -> bool {
        let mut wear = Wear::new();
        wear.worked(first, true);
        (1..batches).for_each(|_| wear.worked(held, true));
        wear.is_out(limits, true, held, handles)
    }

    #[test]
    fn calls_memory_and_handles_wear_out() {
        let limits = Limits { memory_bytes: 100 << 20, recycle_calls: 10, recycle_handles: 20, ..Limits::default() };
        assert!(!worn(&limits, 9, 1 << 20, 74 << 20, 19));
        assert!(worn(&limits, 10, 1 << 20, 1 << 20, 0));
        // Three quarters of the limit come before the setting.
        assert!(worn(&limits, 2, 1 << 20, 75 << 20, 0));
        assert!(worn(&limits, 2, 1 << 20, 1 << 20, 20));
        assert!(!Wear::new().is_out(&limits, true, 100 << 20, 1000));
    }

    #[test]
    fn what_it_needs_to_live_wears_nothing_out() {
        let limits = Limits { memory_bytes: 100 << 20, ..Limits::default() };
        assert!(!worn(&limits, 1000, 80 << 20, 80 << 20, 0));
        assert!(!worn(&limits, 1000, 80 << 20, 84 << 20, 0));
        assert!(worn(&limits, 1000, 80 << 20, 85 << 20, 0));
    }

    #[test]
    fn age_counts_only_where_time_does() {
        let limits = Limits { recycle_age: Duration::from_nanos(1), ..Limits::default() };
        let mut wear = Wear::new();
        wear.worked(1, true);
        assert!(wear.is_out(&limits, false, 1, 0) && !wear.is_out(&limits, true, 1, 0));
        // In the midst of an answer there is something to lose.
        wear.worked(1, false);
        assert!(!wear.is_out(&limits, false, 1, 0));
    }
}
