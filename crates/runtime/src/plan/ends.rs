//! Rows that a plan is given, or gives, in memory: for tests of plugins and for whoever embeds the runtime.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::datatypes::SchemaRef;
use jackfield_columns::Batch;
use jackfield_host::StoreOptions;
use jackfield_manifest::{OnError, Sink, Source};

use super::{Body, Port, Stage};
use crate::progress::{StageCounters, StageKind};

/// What takes the place of a pipeline's sources and sinks, by their names. The others are files as ever.
#[derive(Debug, Clone, Default)]
pub struct Ends {
    given: BTreeMap<String, Given>,
    kept: BTreeMap<String, Kept>,
}

/// The rows of a source.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    schema: SchemaRef,
    pub(crate) batches: Vec<Batch>,
}

/// The rows that a sink got.
#[derive(Debug, Clone, Default)]
pub struct Kept(Arc<Mutex<Rows>>);

#[derive(Debug, Default)]
struct Rows {
    schema: Option<SchemaRef>,
    batches: Vec<Batch>,
}

impl Ends {
    /// A source gives these batches, all of this schema, instead of reading files.
    pub fn give(&mut self, source: &str, schema: SchemaRef, batches: Vec<Batch>) {
        self.given.insert(source.to_owned(), Given { schema, batches });
    }

    /// A sink keeps its rows in memory instead of writing a file.
    pub fn keep(&mut self, sink: &str) -> Kept {
        self.kept.entry(sink.to_owned()).or_default().clone()
    }

    /// The stage of a source that is given its rows.
    pub(super) fn source(&self, source: &Source) -> Option<Stage> {
        let given = self.given.get(source.name.as_str())?;
        let outputs = vec![Port { name: "out".to_owned(), schema: Some(given.schema.clone()), wanted: None }];
        Some(stage(source.name.as_str(), StageKind::Source, outputs, Body::Given(given.clone())))
    }

    /// The sink keeps its rows.
    pub(super) fn keeps(&self, sink: &Sink) -> bool {
        self.kept.contains_key(sink.name.as_str())
    }

    /// The stage of a sink that keeps its rows. `schema` is that of its input, where it is known before the data.
    pub(super) fn sink(&self, sink: &Sink, schema: Option<SchemaRef>) -> Option<Stage> {
        let kept = self.kept.get(sink.name.as_str())?;
        kept.rows().schema = schema;
        Some(stage(sink.name.as_str(), StageKind::Sink, Vec::new(), Body::Kept(kept.clone())))
    }
}

fn stage(name: &str, kind: StageKind, outputs: Vec<Port>, body: Body) -> Stage {
    let counters = StageCounters::new(name, kind, "memory".to_owned(), None);
    let (on_error, store) = (OnError::Stop, StoreOptions::default());
    Stage { name: name.to_owned(), counters, on_error, outputs, store, body }
}

impl Kept {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, batch: Batch) {
        let mut rows = self.rows();
        rows.schema = Some(batch.schema().clone());
        rows.batches.push(batch);
    }

    /// The columns, as far as they are known: after planning, or with the first batch.
    pub fn schema(&self) -> Option<SchemaRef> {
        self.rows().schema.clone()
    }

    /// What has come so far; what comes after is kept anew.
    pub fn take(&self) -> Vec<Batch> {
        std::mem::take(&mut self.rows().batches)
    }
}
