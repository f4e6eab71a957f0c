//! What a plugin's handles stand for in the host.

#![expect(unreachable_pub, reason = "the generated bindings re-export these")]

use std::sync::Arc;

use arrow::array::ArrayRef;
use jackfield_columns::Batch;
use jackfield_columns::compute::{Accumulator, Grouper, Joiner, Matches, Merge};
use jackfield_columns::sql::Expression;

use crate::Spool;
use crate::hooking::Request;
use crate::ledger::Charge;

/// A column and what it costs the plugin to hold it.
#[derive(Debug)]
pub struct HeldColumn {
    pub(crate) array: ArrayRef,
    pub(crate) charge: Charge,
}

/// A batch and what it costs the plugin to hold it.
#[derive(Debug)]
pub struct HeldBatch {
    pub(crate) batch: Batch,
    pub(crate) charge: Charge,
}

/// Numbers groups of equal keys.
#[derive(Debug)]
pub struct HeldGrouper {
    pub(crate) grouper: Grouper,
    pub(crate) charge: Charge,
}

/// Grouped aggregation.
#[derive(Debug)]
pub struct HeldAccumulator {
    pub(crate) accumulator: Accumulator,
    pub(crate) charge: Charge,
}

/// The build side of a join.
#[derive(Debug)]
pub struct HeldJoiner {
    pub(crate) joiner: Joiner,
    pub(crate) charge: Charge,
}

/// The pairs that one probe found.
#[derive(Debug)]
pub struct HeldMatches {
    pub(crate) matches: Matches,
    pub(crate) charge: Charge,
}

/// A parsed expression.
#[derive(Debug)]
pub struct HeldExpression {
    pub(crate) expression: Expression,
    pub(crate) charge: Charge,
}

/// Rows on temporary storage.
#[derive(Debug)]
pub struct HeldSpool {
    /// Shared with the mergers that read it.
    pub(crate) spool: Arc<Spool>,
    pub(crate) charge: Charge,
}

/// Rows on temporary storage that are being merged, each spool with the number of its next row.
#[derive(Debug)]
pub struct HeldMerger {
    pub(crate) merge: Merge,
    pub(crate) runs: Vec<(Arc<Spool>, u64)>,
    pub(crate) charge: Charge,
}

/// A handle on the store's source, which itself outlives the handle.
#[derive(Debug)]
pub struct HeldSource;

/// A handle on the store's sink, which itself outlives the handle.
#[derive(Debug)]
pub struct HeldSink;

/// The rest of a chain of hooks: whoever runs the hook answers the requests.
#[derive(Debug)]
pub struct HeldChain {
    pub(crate) requests: tokio::sync::mpsc::Sender<Request>,
    /// How often the hook has called on.
    pub(crate) calls: u32,
}
