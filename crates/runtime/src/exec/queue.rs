//! The edge to an input that has to wait for another one of the same source: without room of their own the two would wait
//! for each other for ever. Batches wait in memory up to a share of it, and behind that on temporary storage.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jackfield_columns::{Batch, Failure, Unmetered};
use jackfield_host::{CancelToken, PIECE_BYTES, SpillShare, Spool, StoreOptions};
use tokio::sync::Notify;

/// Of the memory that the waiting plugin may have, so much is used for batches on their way to it.
const SHARE: u64 = 4;

/// Rows that come back from temporary storage at a time.
const PIECE: usize = 65_536;

#[derive(Debug)]
struct Queue {
    state: Mutex<State>,
    arrived: Notify,
    share: SpillShare,
    /// Bytes of batches in memory, at most.
    most: u64,
    cancel: CancelToken,
}

#[derive(Debug, Default)]
struct State {
    memory: VecDeque<(u64, Batch)>,
    bytes: u64,
    /// What came behind those in memory, and how many of its rows have left.
    spool: Option<(Spool, u64)>,
    ended: bool,
    unwanted: bool,
    failure: Option<Failure>,
}

/// Where batches go in.
#[derive(Debug)]
pub(super) struct QueueSender(Arc<Queue>);

/// Where they come out, in the same order.
#[derive(Debug)]
pub(super) struct QueueReceiver(Arc<Queue>);

/// Knows why a queue has failed, when all is over.
#[derive(Debug)]
pub(super) struct QueueWitness(Arc<Queue>);

/// A queue to a stage with these options.
pub(super) fn queue(store: &StoreOptions) -> (QueueSender, QueueReceiver, QueueWitness) {
    let queue = Arc::new(Queue {
        state: Mutex::default(),
        arrived: Notify::new(),
        share: SpillShare::new(&store.spill, &store.limits),
        most: store.limits.memory_bytes / SHARE,
        cancel: store.cancel.clone(),
    });
    (QueueSender(Arc::clone(&queue)), QueueReceiver(Arc::clone(&queue)), QueueWitness(queue))
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a queue cannot do ends the run.
    fn failed(&self, state: &mut State, failure: Failure) {
        state.failure.get_or_insert(failure);
        self.cancel.cancel();
    }
}

impl QueueSender {
    /// Whether there is still somebody who wants batches.
    pub(super) fn send(&self, batch: Batch) -> bool {
        let queue = &*self.0;
        let mut state = queue.state();
        if state.unwanted || state.failure.is_some() {
            return false;
        }
        let bytes = batch.bytes();
        if state.spool.is_none() && state.bytes.saturating_add(bytes) <= queue.most {
            state.bytes += bytes;
            state.memory.push_back((bytes, batch));
        } else {
            let (spool, _) =
                state.spool.get_or_insert_with(|| (Spool::new(Arc::clone(batch.schema()), &queue.share), 0));
            if let Err(failure) = spool.append(&batch, &mut Unmetered) {
                queue.failed(&mut state, failure);
                return false;
            }
        }
        drop(state);
        queue.arrived.notify_one();
        true
    }
}

impl Drop for QueueSender {
    fn drop(&mut self) {
        self.0.state().ended = true;
        self.0.arrived.notify_one();
    }
}

impl QueueReceiver {
    /// The next batch, or `None` after the last one.
    pub(super) async fn receive(&mut self) -> Option<Batch> {
        loop {
            let arrived = self.0.arrived.notified();
            if let Some(next) = self.next() {
                return next;
            }
            arrived.await;
        }
    }

    /// The next batch if there is one now; `Some(None)` after the last one.
    pub(super) fn next(&self) -> Option<Option<Batch>> {
        let mut state = self.0.state();
        if let Some((bytes, batch)) = state.memory.pop_front() {
            state.bytes -= bytes;
            return Some(Some(batch));
        }
        let Some((spool, left)) = &mut state.spool else { return state.ended.then_some(None) };
        match spool.read(*left, PIECE, PIECE_BYTES, &mut Unmetered) {
            Ok(rows) => {
                *left += rows.rows() as u64;
                if *left >= spool.rows() {
                    // What comes from now on has room in memory again.
                    state.spool = None;
                }
                Some(Some(rows))
            }
            Err(failure) => {
                self.0.failed(&mut state, failure);
                Some(None)
            }
        }
    }
}

impl Drop for QueueReceiver {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.unwanted = true;
        (state.memory, state.spool) = (VecDeque::new(), None);
    }
}

impl QueueWitness {
    /// What the queue could not do.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.0.state().failure.clone()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use jackfield_host::{Limits, SpillSpace};

    use super::*;

    fn batch(numbers: std::ops::Range<i64>) -> Batch {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
        Batch::new(RecordBatch::try_from_iter_with_nullable([("a", numbers, true)]).unwrap())
    }

    fn store(limits: Limits) -> StoreOptions {
        StoreOptions { limits, spill: SpillSpace::default(), ..StoreOptions::default() }
    }

    #[test]
    fn what_does_not_fit_into_memory_waits_on_storage_and_keeps_its_order() {
        let store = store(Limits { memory_bytes: 400_000, ..Limits::default() });
        let (sender, mut receiver, witness) = queue(&store);
        let executor = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut seen = Vec::new();
        let mut take = |receiver: &mut QueueReceiver| {
            let batch = executor.block_on(receiver.receive())?;
            let column = batch.column(0, &mut Unmetered).unwrap();
            seen.extend_from_slice(column.as_any().downcast_ref::<Int64Array>().unwrap().values());
            Some(())
        };
        for number in 0..50 {
            assert!(sender.send(batch(number * 1000..number * 1000 + 1000)));
            if number % 7 == 0 {
                take(&mut receiver).unwrap();
            }
        }
        assert!(sender.0.state().bytes <= 100_000);
        assert!(store.spill.used() > 100_000);
        drop(sender);
        while take(&mut receiver).is_some() {}
        assert_eq!(seen, (0..50_000).collect::<Vec<i64>>());
        assert_eq!(store.spill.used(), 0);
        assert_eq!(witness.failure(), None);
    }

    #[test]
    fn a_quota_that_is_used_up_stops_the_run() {
        let store = store(Limits { memory_bytes: 4, spill_bytes: 1000, ..Limits::default() });
        let (sender, _receiver, witness) = queue(&store);
        assert!(!sender.send(batch(0..10_000)));
        assert!(store.cancel.is_cancelled());
        assert_eq!(witness.failure().unwrap().code, "spill-bytes");
    }

    #[test]
    fn nobody_waits_for_nobody() {
        let (sender, receiver, _witness) = queue(&store(Limits::default()));
        drop(receiver);
        assert!(!sender.send(batch(0..10)));
    }
}
