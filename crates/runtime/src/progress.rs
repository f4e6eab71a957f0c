//! What a run has done so far, for progress bars, summaries and metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use jackfield_host::Usage;

/// What a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageKind {
    /// Reads rows.
    Source,
    /// Works on rows.
    Node,
    /// Writes rows.
    Sink,
}

impl StageKind {
    /// The word for it, which is also its table's name in a pipeline.
    pub fn name(self) -> &'static str {
        match self {
            StageKind::Source => "source",
            StageKind::Node => "node",
            StageKind::Sink => "sink",
        }
    }
}

/// Live counters of one stage; written by the stage, read by whoever wants to.
#[derive(Debug)]
pub struct StageCounters {
    /// The stage's name in the pipeline.
    pub name: String,
    /// What it is.
    pub kind: StageKind,
    /// Plugin and version, such as `csv 0.1.0`.
    pub plugin: String,
    /// Bytes that the source's files hold together, where that is known; for progress bars.
    pub bytes_total: Option<u64>,
    /// Rows that came in.
    pub rows_in: AtomicU64,
    /// Rows that left, by all ports.
    pub rows_out: AtomicU64,
    /// Rows that left by the error policy.
    pub rows_rejected: AtomicU64,
    /// Bytes read from or written to the outside.
    pub bytes: Arc<AtomicU64>,
    /// Fuel burnt by its plugins.
    pub fuel: AtomicU64,
    /// The most memory that one of its stores held, in bytes.
    pub peak_memory_bytes: AtomicU64,
    /// How often a fresh instance took over from one that was worn out.
    pub recycled: AtomicU64,
    /// Time spent working, in nanoseconds.
    pub busy_nanos: AtomicU64,
    /// Time spent waiting for input or for room in the output, in nanoseconds.
    pub waiting_nanos: AtomicU64,
    /// It has ended.
    pub finished: AtomicBool,
}

impl StageCounters {
    pub(crate) fn new(name: &str, kind: StageKind, plugin: String, bytes_total: Option<u64>) -> Arc<StageCounters> {
        Arc::new(StageCounters {
            name: name.to_owned(),
            kind,
            plugin,
            bytes_total,
            rows_in: AtomicU64::new(0),
            rows_out: AtomicU64::new(0),
            rows_rejected: AtomicU64::new(0),
            bytes: Arc::new(AtomicU64::new(0)),
            fuel: AtomicU64::new(0),
            peak_memory_bytes: AtomicU64::new(0),
            recycled: AtomicU64::new(0),
            busy_nanos: AtomicU64::new(0),
            waiting_nanos: AtomicU64::new(0),
            finished: AtomicBool::new(false),
        })
    }

    /// Adds what one of the stage's stores has used in all its life.
    pub(crate) fn add_usage(&self, usage: &Usage) {
        self.fuel.fetch_add(usage.fuel, Ordering::Relaxed);
        self.recycled.fetch_add(usage.recycled, Ordering::Relaxed);
        self.peak_memory_bytes.fetch_max(usage.peak_memory_bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_busy(&self, time: Duration) {
        self.busy_nanos.fetch_add(nanos(time), Ordering::Relaxed);
    }

    pub(crate) fn add_waiting(&self, time: Duration) {
        self.waiting_nanos.fetch_add(nanos(time), Ordering::Relaxed);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The counters of all stages of a plan, in the order of the pipeline file.
#[derive(Debug, Clone)]
pub struct Progress {
    /// One per stage.
    pub stages: Vec<Arc<StageCounters>>,
}
