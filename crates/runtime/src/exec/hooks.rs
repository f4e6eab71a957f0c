//! The hooks of a run as a whole: its start, its end, and its figures.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jackfield_manifest::HookPoint;
use serde_json::{Value, json};

use crate::diagnose::{Class, Diagnosis};
use crate::hooks::metrics::Gathered;
use crate::hooks::{Nothing, Stop};
use crate::lifecycle::{HealthWatch, Running};
use crate::progress::StageCounters;

/// So often plugins that can say are asked how they are while a pipeline runs.
const HEALTH_EVERY: Duration = Duration::from_secs(10);

/// What the hooks of a run need.
#[derive(Debug)]
pub(super) struct RunHooks<'a> {
    pub(super) running: &'a Arc<Running>,
    pub(super) pipeline: &'a str,
    pub(super) counters: &'a [Arc<StageCounters>],
}

impl RunHooks<'_> {
    fn what(&self) -> String {
        format!("pipeline {}", self.pipeline)
    }

    fn run(&self, point: HookPoint, fields: Value) -> Result<crate::hooks::Event, Stop> {
        let executor = super::executor().map_err(|diagnosis| Stop::Hook(vec![diagnosis]))?;
        executor.block_on(self.running.hooked(point, self.pipeline, fields, &mut Nothing))
    }

    fn stages(&self, more: impl Fn(&StageCounters) -> Value) -> Vec<Value> {
        self.counters.iter().map(|counters| more(counters)).collect()
    }

    /// `pipeline.start`: data is about to move. From then on the plugins are watched.
    pub(super) fn start(&self) -> Result<Option<HealthWatch>, Vec<Diagnosis>> {
        if self.running.crew_with(HookPoint::PipelineStart).is_some() {
            let stage = |counters: &StageCounters| json!({ "name": counters.name, "kind": counters.kind.name(), "plugin": counters.plugin });
            let fields = json!({ "pipeline": self.pipeline, "stages": self.stages(stage) });
            let started = self.run(HookPoint::PipelineStart, fields);
            started.map_err(|stop| stop.diagnoses(&self.what(), Class::Failed))?;
        }
        // A run without the watch is as good.
        Ok(if self.running.has_health() { self.running.watch_health(HEALTH_EVERY).ok() } else { None })
    }

    /// `metrics.collect` for the run as a whole.
    pub(super) fn collect(&self, metrics: &Gathered) -> Vec<Diagnosis> {
        if self.running.crew_with(HookPoint::MetricsCollect).is_none() {
            return Vec::new();
        }
        let none = Value::Null;
        let fields = json!({ "pipeline": self.pipeline, "scope": "run", "stage": none, "kind": none, "metrics": [] });
        match self.run(HookPoint::MetricsCollect, fields) {
            Ok(outcome) => {
                metrics.add(None, &outcome);
                Vec::new()
            }
            Err(stop) => stop.diagnoses(&self.what(), Class::Failed),
        }
    }

    /// `pipeline.complete`: the outputs are about to appear.
    pub(super) fn complete(&self) -> Vec<Diagnosis> {
        if self.running.crew_with(HookPoint::PipelineComplete).is_none() {
            return Vec::new();
        }
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let stage = |counters: &StageCounters| {
            json!({
                "name": counters.name,
                "kind": counters.kind.name(),
                "rows-in": count(&counters.rows_in),
                "rows-out": count(&counters.rows_out),
                "rows-rejected": count(&counters.rows_rejected),
            })
        };
        let rejected: u64 = self.counters.iter().map(|counters| count(&counters.rows_rejected)).sum();
        let stages = self.stages(stage);
        let fields = json!({ "pipeline": self.pipeline, "stages": stages, "rows-rejected": rejected });
        let completed = self.run(HookPoint::PipelineComplete, fields);
        completed.err().map(|stop| stop.diagnoses(&self.what(), Class::Failed)).unwrap_or_default()
    }

    /// `pipeline.fail`, if it has, and the end of all plugins.
    pub(super) fn end(&self, found: &[Diagnosis]) {
        if !found.is_empty() && self.running.crew_with(HookPoint::PipelineFail).is_some() {
            let codes: Vec<&str> = found.iter().map(|d| d.problem.code.as_str()).collect();
            let messages: Vec<&str> = found.iter().map(|d| d.problem.message.as_str()).collect();
            let fields = json!({ "pipeline": self.pipeline, "codes": codes, "messages": messages });
            if let Err(stop) = self.run(HookPoint::PipelineFail, fields) {
                self.running.warn(stop, &self.what());
            }
        }
        if let Ok(executor) = super::executor() {
            executor.block_on(self.running.stop());
        }
    }
}
