//! The hooks of one stage of a running pipeline: an instance of each plugin, of its own, so that stages do not wait for
//! each other.

use jackfield_columns::{Batch, Failure};
use jackfield_host::{CallError, Emission, Output, Pending, Progress, Step};
use jackfield_manifest::HookPoint;
use serde_json::json;

use super::metrics::Gathered;
use super::{Crew, Event, Middle, Nothing, Stop};
use crate::diagnose::{Class, Diagnosis};
use crate::native::RunningNode;
use crate::progress::{StageCounters, StageKind};

/// The hooks of one instance of a stage. Without any, each question is a look at an empty slot.
#[derive(Debug)]
pub(crate) struct StageHooks {
    crew: Option<Crew>,
    process: bool,
    emit: bool,
    error: bool,
    pipeline: String,
    stage: String,
    kind: StageKind,
    batches: u64,
}

impl StageHooks {
    /// `crew`: instances for this stage alone, if the pipeline has hooks that are called in stages.
    pub(crate) fn new(crew: Option<Crew>, pipeline: &str, counters: &StageCounters) -> StageHooks {
        let has = |point| crew.as_ref().is_some_and(|crew: &Crew| crew.has(point));
        StageHooks {
            process: has(HookPoint::NodeProcess),
            emit: has(HookPoint::BatchEmit),
            error: has(HookPoint::NodeError),
            crew,
            pipeline: pipeline.to_owned(),
            stage: counters.name.clone(),
            kind: counters.kind,
            batches: 0,
        }
    }

    /// Hooks stand around the node's work.
    pub(crate) fn around_process(&self) -> bool {
        self.process
    }

    /// Hooks see what the stage hands on.
    pub(crate) fn at_emit(&self) -> bool {
        self.emit
    }

    /// Hooks see the node's failures.
    pub(crate) fn at_error(&self) -> bool {
        self.error
    }

    fn what(&self) -> String {
        format!("{}.{}", self.kind.name(), self.stage)
    }

    fn problems(&self, stop: Stop) -> Vec<Diagnosis> {
        stop.diagnoses(&self.what(), Class::Failed)
    }

    /// `node.before`: the node's first batch is about to come.
    pub(crate) async fn before(&self, node: &About<'_>) -> Result<(), Vec<Diagnosis>> {
        let Some(crew) = self.crew.as_ref().filter(|crew| crew.has(HookPoint::NodeBefore)) else { return Ok(()) };
        let About { node_type, plugin, version } = node;
        let fields = json!({ "node": self.stage, "type": node_type, "plugin": plugin, "version": version });
        let event = Event::new(&self.stage, fields);
        crew.run(HookPoint::NodeBefore, event, &mut Nothing).await.map(drop).map_err(|stop| self.problems(stop))
    }

    /// `node.process`: gives the node's step and the batch that it answers.
    ///
    /// # Errors
    /// What the node said, or else what the hooks said.
    pub(crate) async fn process(
        &mut self,
        instance: &mut RunningNode,
        node_type: &str,
        port: &str,
        batch: Batch,
        output: &str,
    ) -> Result<(Step, Batch), Result<CallError, Vec<Diagnosis>>> {
        let Some(crew) = &self.crew else { return Err(Err(Vec::new())) };
        let number = self.batches;
        self.batches += 1;
        let fields = json!({ "node": self.stage, "type": node_type, "batch": number, "rows": batch.rows() });
        let event = Event::new(&self.stage, fields).with_rows(batch.clone());
        let mut middle = Processing { instance, port, step: None, error: None };
        let outcome = crew.run(HookPoint::NodeProcess, event, &mut middle).await;
        let Processing { step, error, .. } = middle;
        match outcome {
            Ok(outcome) => {
                let nothing =
                    || (Step { emissions: Vec::new(), rejected: Vec::new(), progress: Progress::Ready }, batch);
                Ok(match outcome.rows {
                    None => step.unwrap_or_else(nothing),
                    Some(rows) => {
                        let (done, input) = step.unwrap_or_else(nothing);
                        let emissions = vec![Emission { port: output.to_owned(), output: Output::Batch(rows) }];
                        (Step { emissions, rejected: Vec::new(), progress: done.progress }, input)
                    }
                })
            }
            Err(Stop::Middle(failure)) => Err(Ok(error.unwrap_or_else(|| CallError::Failures(vec![failure])))),
            Err(stop) => Err(Err(self.problems(stop))),
        }
    }

    /// `node.error`: whether the batch counts as rejected instead of ending the run.
    pub(crate) async fn skips(&self, node_type: &str, rows: usize, failure: &Failure) -> Result<bool, Vec<Diagnosis>> {
        let Some(crew) = &self.crew else { return Ok(false) };
        let fields = json!({
            "node": self.stage,
            "type": node_type,
            "batch": self.batches.saturating_sub(1),
            "rows": rows,
            "code": failure.code,
            "message": failure.message,
            "action": "fail",
        });
        let event = Event::new(&self.stage, fields);
        let outcome = crew.run(HookPoint::NodeError, event, &mut Nothing).await.map_err(|stop| self.problems(stop))?;
        Ok(outcome.text("action") == Some("skip"))
    }

    /// `batch.emit`: the batch as it is to be handed on.
    pub(crate) async fn emit(&self, port: &str, batch: Batch) -> Result<Batch, Vec<Diagnosis>> {
        let Some(crew) = &self.crew else { return Ok(batch) };
        let fields = json!({ "stage": self.stage, "kind": self.kind.name(), "port": port, "rows": batch.rows() });
        let event = Event::new(&self.stage, fields).with_rows(batch.clone());
        let outcome = crew.run(HookPoint::BatchEmit, event, &mut Nothing).await.map_err(|stop| self.problems(stop))?;
        Ok(outcome.rows.unwrap_or(batch))
    }

    /// `metrics.collect` for this instance of the stage, which has ended.
    pub(crate) async fn collect(&self, into: &Gathered) -> Result<(), Vec<Diagnosis>> {
        let Some(crew) = self.crew.as_ref().filter(|crew| crew.has(HookPoint::MetricsCollect)) else { return Ok(()) };
        let fields = json!({
            "pipeline": self.pipeline,
            "scope": "stage",
            "stage": self.stage,
            "kind": self.kind.name(),
            "metrics": [],
        });
        let event = Event::new(&self.stage, fields);
        let outcome = crew.run(HookPoint::MetricsCollect, event, &mut Nothing).await;
        into.add(Some(&self.stage), &outcome.map_err(|stop| self.problems(stop))?);
        Ok(())
    }
}

/// What hooks are told of a node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) node_type: &'a str,
    pub(crate) plugin: &'a str,
    pub(crate) version: &'a str,
}

/// The node at the end of a chain. The last step counts: a hook that calls on twice throws the first one away.
struct Processing<'a> {
    instance: &'a mut RunningNode,
    port: &'a str,
    step: Option<(Step, Batch)>,
    error: Option<CallError>,
}

impl Middle for Processing<'_> {
    fn run(&mut self, mut event: Event) -> Pending<'_, Result<Event, Failure>> {
        Box::pin(async move {
            let Some(batch) = event.rows.take() else { return Err(Failure::internal("host", "the batch is gone")) };
            (self.step, self.error) = (None, None);
            match self.instance.process(self.port, batch.clone()).await {
                Ok(step) => {
                    event.fields.insert("rows-out".to_owned(), rows_out(&step, batch.rows()).into());
                    let rejected = step.rejected.iter().map(|rejected| rejected.rows.true_count() as u64);
                    event.fields.insert("rows-rejected".to_owned(), rejected.sum::<u64>().into());
                    self.step = Some((step, batch));
                    Ok(event)
                }
                Err(error) => {
                    let failure = match &error {
                        CallError::Failures(failures) => failures.first().cloned(),
                        CallError::Fault(fault) => Some(Failure::internal("node-fault", fault.message.clone())),
                        CallError::Cancelled => None,
                    };
                    self.error = Some(error);
                    Err(failure.unwrap_or_else(|| Failure::unavailable("cancelled", "the run was stopped")))
                }
            }
        })
    }
}

/// Rows that a step gives, over all ports.
fn rows_out(step: &Step, input: usize) -> u64 {
    let rows = |output: &Output| match output {
        Output::Batch(batch) => batch.rows(),
        Output::Change { selection: Some(selection), .. } => selection.true_count(),
        Output::Change { selection: None, .. } => input,
    };
    step.emissions.iter().map(|emission| rows(&emission.output) as u64).sum()
}
