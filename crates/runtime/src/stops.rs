//! Instances that were stopped: an event for each, and what a run's report says of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jackfield_host::{Fault, FaultSink, LimitHit};
use tokio::sync::broadcast;

use crate::diagnose::fault_code;

/// An instance of a plugin was stopped: by a limit, or because it crashed or broke its word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The code that the problem has, such as `call-timeout`.
    pub code: &'static str,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub version: String,
    /// The source, node or sink; empty: the plugin's own main instance.
    pub stage: String,
    /// The pipeline's name; empty: none.
    pub pipeline: String,
    /// The limit that was reached.
    pub limit: Option<LimitHit>,
    /// Where in the plugin it was, innermost first, as far as that is known.
    pub frames: Vec<String>,
}

/// How many instances of a plugin were stopped for one reason, since the runtime was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopCount {
    /// The plugin's name.
    pub plugin: String,
    /// The code that the problem has, such as `call-timeout`.
    pub code: &'static str,
    /// How often.
    pub count: u64,
}

/// The counters of a runtime, by plugin and code. Both are the operator's words, so there are no more than are installed.
#[derive(Debug, Clone, Default)]
pub(crate) struct StopCounts(Arc<Mutex<BTreeMap<(String, &'static str), u64>>>);

impl StopCounts {
    fn add(&self, plugin: &str, code: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((plugin.to_owned(), code)).or_default() += 1;
    }

    pub(crate) fn all(&self) -> Vec<StopCount> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = counts.iter();
        counted.map(|((plugin, code), count)| StopCount { plugin: plugin.clone(), code, count: *count }).collect()
    }
}

/// Tells who listens, counts, and remembers for the report.
#[derive(Debug, Clone)]
pub(crate) struct Stops {
    events: broadcast::Sender<Stop>,
    counts: StopCounts,
    seen: Arc<Mutex<Vec<Stop>>>,
}

impl Stops {
    pub(crate) fn new(events: broadcast::Sender<Stop>, counts: StopCounts) -> Stops {
        Stops { events, counts, seen: Arc::default() }
    }

    /// For the stores of a pipeline.
    pub(crate) fn sink(&self) -> FaultSink {
        let stops = self.clone();
        Arc::new(move |fault: &Fault| stops.note(fault))
    }

    fn note(&self, fault: &Fault) {
        let label = fault.label.clone();
        let stop = Stop {
            code: fault_code(fault.kind),
            plugin: label.plugin,
            version: label.version,
            stage: label.stage,
            pipeline: label.pipeline,
            limit: fault.limit.clone(),
            frames: fault.backtrace.clone(),
        };
        self.counts.add(&stop.plugin, stop.code);
        // Nobody may be listening.
        let _ = self.events.send(stop.clone());
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(stop);
    }

    /// All since the last time.
    pub(crate) fn take(&self) -> Vec<Stop> {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
