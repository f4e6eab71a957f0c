//! Runs a plan: a thread per stage, bounded channels between them, output that appears when it is complete.

pub(crate) mod decode;
mod hooks;
mod letters;
mod node;
mod output;
mod packets;
mod parallel;
mod parts;
mod queue;
mod recast;
mod saving;
mod sink;
mod source;
mod taking;
mod trouble;

pub(crate) use output::use_permissions;

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use jackfield_columns::Batch;
use jackfield_host::StoreOptions;
use jackfield_manifest::{Problem, Severity};

use crate::diagnose::{Class, Diagnosis, ProblemExt, Report, failure_problem, problem};
use crate::hooks::metrics::{Gathered, Metric};
use crate::hooks::stage::StageHooks;
use crate::lifecycle::Running;
use crate::loader::LoadedPlugin;
use crate::plan::{Body, Edge, Given, Kept, Plan, Stage, asked_rows};
use crate::progress::{StageCounters, StageKind};
use crate::stops::Stop;

use letters::DeadLetters;
use output::Outputs;
use packets::{Fanout, Inbox, Outlet};
use queue::{QueueWitness, queue};
use saving::Saving;
use taking::Take;
use trouble::Failures;

/// What one stage did.
#[derive(Debug, Clone, PartialEq)]
pub struct StageReport {
    /// The stage's name in the pipeline.
    pub name: String,
    /// What it is.
    pub kind: StageKind,
    /// Plugin and version.
    pub plugin: String,
    /// Rows that came in.
    pub rows_in: u64,
    /// Rows that left, by all ports.
    pub rows_out: u64,
    /// Rows that left by the error policy.
    pub rows_rejected: u64,
    /// Bytes read from or written to the outside.
    pub bytes: u64,
    /// Time spent working.
    pub busy: Duration,
    /// Time spent waiting for its neighbours.
    pub waiting: Duration,
    /// Fuel burnt by its plugins.
    pub fuel: u64,
    /// The most memory that one of its stores held, in bytes.
    pub peak_memory_bytes: u64,
    /// How often a fresh instance of its plugin took over from one that was worn out.
    pub recycled: u64,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// The pipeline's name.
    pub pipeline: String,
    /// From the first byte to the last rename.
    pub elapsed: Duration,
    /// One per stage, in the order of the pipeline.
    pub stages: Vec<StageReport>,
    /// The reader of standard output went away before everything was written.
    pub stdout_closed: bool,
    /// Figures that hooks have added.
    pub metrics: Vec<Metric>,
    /// Hooks and plugins that did not do as they should, though that stopped nothing.
    pub warnings: Vec<Problem>,
    /// Instances that were stopped by a limit, a crash or a breach.
    pub stops: Vec<Stop>,
    /// What plugins tried and were not allowed to do.
    pub denied: Vec<Denied>,
}

/// Something that a plugin tried and was not allowed to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// The plugin, with its version.
    pub plugin: String,
    /// The key in `[permissions]` that it is about.
    pub permission: String,
    /// What was tried.
    pub what: String,
    /// How often.
    pub count: u64,
}

impl RunReport {
    /// Rows that left by an error policy, over all stages.
    pub fn rejected(&self) -> u64 {
        self.stages.iter().map(|stage| stage.rows_rejected).sum()
    }
}

impl Plan {
    /// Moves the data. Files appear when all of them are complete; a failed run leaves what was there before.
    ///
    /// # Errors
    /// What failed first; the report of what was done until then goes with it.
    pub fn run(self) -> Result<RunReport, (Report, RunReport)> {
        self.run_with(None)
    }

    /// Runs it, and hands the rows of all sinks to `take`, batch by batch, instead of writing them, until it breaks.
    /// A batch holds the sink's columns.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn run_into(
        self,
        take: &mut (dyn FnMut(Batch) -> ControlFlow<()> + Send),
    ) -> Result<RunReport, (Report, RunReport)> {
        let take = Mutex::new(take);
        self.run_with(Some(&|batch| (take.lock().unwrap_or_else(PoisonError::into_inner))(batch)))
    }

    fn run_with(self, taking: Option<Take<'_>>) -> Result<RunReport, (Report, RunReport)> {
        let start = Instant::now();
        let counters: Vec<Arc<StageCounters>> = self.stages.iter().map(|stage| stage.counters.clone()).collect();
        let pipeline = self.name.clone();
        let running = self.running.clone();
        let state = self.state_dir.clone();
        let failures = Failures::new(self.cancel.clone());
        let outputs = Outputs::default();
        let letters = DeadLetters::new(&self.folder);
        let metrics = Gathered::default();
        let saving = Saving::new(self.save_failures.clone(), state.as_deref());
        let hooked = hooks::RunHooks { running: &running, pipeline: &pipeline, counters: &counters };
        match hooked.start() {
            Ok(_watch) => run_stages(self, &failures, &outputs, &letters, &metrics, &saving, taking),
            Err(diagnoses) => failures.add(diagnoses),
        }

        let mut found = failures.take();
        // Letters tell what went wrong, so they are kept even when the run has failed.
        if let Err(diagnosis) = letters.finish() {
            found.push(diagnosis);
        }
        if found.is_empty() && failures.stopped() {
            found.push(problem("cancelled", "the run was stopped; nothing was written").class(Class::Cancelled));
        }
        found.extend(hooked.collect(&metrics));
        if found.is_empty() {
            found.extend(hooked.complete());
        }
        let stdout_closed = outputs.stdout_closed();
        if found.is_empty() {
            found.extend(outputs.publish());
        } else {
            outputs.discard();
        }
        hooked.end(&found);
        let mut warnings = running.take_warnings();
        if !found.is_empty() {
            found.extend(denials_as_errors(&mut warnings));
        }
        if let Err(error) = crate::audit::remember(state.as_deref(), &running.loaded()) {
            warnings.push(crate::audit::not_kept(&error));
        }
        let report = RunReport {
            elapsed: start.elapsed(),
            stages: counters.iter().map(|counters| stage_report(counters)).collect(),
            stdout_closed,
            metrics: metrics.take(),
            warnings,
            stops: running.take_stops(),
            denied: denied(&running),
            pipeline,
        };
        if found.is_empty() { Ok(report) } else { Err((Report { diagnoses: found }, report)) }
    }
}

/// What was denied, as reasons why something failed: whoever was denied mostly fails, and the denial says what to do.
pub(crate) fn denials_as_errors(warnings: &mut Vec<Problem>) -> Vec<Diagnosis> {
    let (denials, others) =
        std::mem::take(warnings).into_iter().partition(|problem: &Problem| problem.code == "denied");
    *warnings = others;
    let error = |problem: Problem| Problem { severity: Severity::Error, ..problem }.class(Class::Denied);
    denials.into_iter().map(error).collect()
}

fn denied(running: &Running) -> Vec<Denied> {
    let of = |loaded: LoadedPlugin| {
        let plugin = loaded.installed.title();
        let denials = loaded.component.rights().record.denials();
        denials.into_iter().map(move |((permission, what), count)| Denied {
            plugin: plugin.clone(),
            permission,
            what,
            count,
        })
    };
    running.loaded().into_iter().flat_map(of).collect()
}

fn run_stages(
    plan: Plan,
    failures: &Failures,
    outputs: &Outputs,
    letters: &DeadLetters,
    metrics: &Gathered,
    saving: &Saving,
    taking: Option<Take<'_>>,
) {
    let running = plan.running.clone();
    let running: &Running = &running;
    let pipeline = plan.name.clone();
    let pipeline = pipeline.as_str();
    let (mut inboxes, mut fanouts, queues) = connect(&plan);
    let schemas: Vec<Vec<Option<SchemaRef>>> =
        plan.stages.iter().map(|stage| stage.outputs.iter().map(|port| port.schema.clone()).collect()).collect();
    std::thread::scope(|scope| {
        for (number, stage) in plan.stages.into_iter().enumerate() {
            let inbox = std::mem::take(&mut inboxes[number]);
            let mut fanout = std::mem::take(&mut fanouts[number]);
            let schema = input_schema(&plan.edges, &schemas, number);
            let job = Job { failures, outputs, letters, metrics, saving, running, pipeline, taking };
            let settings = Settings { limit: plan.limit, batch_rows: plan.batch_rows, threads: plan.threads };
            let name = format!("{} {}", stage.counters.kind.name(), stage.name);
            let work = move || {
                let counters = stage.counters.clone();
                // Noted before the channels close, so that no neighbour takes the end of this stage for the end of the data.
                if let Err(diagnoses) = run_stage(&job, stage, settings, schema, inbox, &mut fanout) {
                    job.failures.add(diagnoses);
                }
                drop(fanout);
                counters.finished.store(true, Ordering::Release);
            };
            if let Err(error) = std::thread::Builder::new().name(name).spawn_scoped(scope, work) {
                failures.add(vec![problem("io", format!("no thread for a stage: {error}")).class(Class::Failed)]);
            }
        }
    });
    for (stage, queue) in &queues {
        if let Some(failure) = queue.failure() {
            failures.add_cause(failure_problem(failure, &format!("node.{stage}: rows that wait for it")));
        }
    }
}

/// What holds for all stages of a run.
#[derive(Debug, Clone, Copy)]
struct Settings {
    limit: Option<u64>,
    batch_rows: Option<u32>,
    threads: u16,
}

fn run_stage(
    job: &Job<'_>,
    stage: Stage,
    settings: Settings,
    schema: Option<SchemaRef>,
    mut inboxes: Vec<Inbox>,
    fanout: &mut Fanout,
) -> Ended {
    let executor = executor().map_err(|diagnosis| vec![diagnosis])?;
    let Stage { name, counters, on_error, outputs, store, body } = stage;
    match body {
        Body::Source(source) => {
            let Settings { limit, batch_rows, .. } = settings;
            let reading = source::Reading { name, counters, on_error, outputs, store, limit, batch_rows };
            executor.block_on(source::run(job, reading, *source, fanout))
        }
        Body::Node(node) => {
            // What the pipeline says of batches holds for all of them.
            let asked = node.binding.as_ref().filter(|_| settings.batch_rows.is_none()).and_then(asked_rows);
            let working = node::Working { name, counters, on_error, outputs, store, asked_rows: asked };
            match (schema, inboxes.len()) {
                (Some(schema), 1) if settings.threads > 1 && node.is_row_wise() => {
                    let turns = parallel::Turns { inbox: inboxes.remove(0), schema, threads: settings.threads };
                    parallel::run(job, working, *node, turns, fanout)
                }
                _ => executor.block_on(node::run(job, working, *node, inboxes, &mut Outlet::Next(fanout))),
            }
        }
        Body::Given(given) => {
            executor.block_on(give(given, &counters, fanout));
            Ok(())
        }
        Body::Kept(kept) => {
            executor.block_on(keep(&kept, &counters, inboxes));
            Ok(())
        }
        Body::Sink(sink) => {
            let writing = sink::Writing { name, counters, store, schema };
            executor.block_on(sink::run(job, writing, *sink, inboxes))
        }
    }
}

/// Hands on rows that are there already.
async fn give(given: Given, counters: &StageCounters, fanout: &mut Fanout) {
    for batch in given.batches {
        if fanout.is_done() {
            return;
        }
        counters.rows_out.fetch_add(batch.rows() as u64, Ordering::Relaxed);
        fanout.send(0, batch).await;
    }
}

/// Keeps all rows in memory.
async fn keep(kept: &Kept, counters: &StageCounters, inboxes: Vec<Inbox>) {
    for mut inbox in inboxes {
        while let Some(batch) = inbox.receive().await {
            counters.rows_in.fetch_add(batch.rows() as u64, Ordering::Relaxed);
            counters.rows_out.fetch_add(batch.rows() as u64, Ordering::Relaxed);
            kept.push(batch);
        }
    }
}

/// What a stage's thread waits with.
fn executor() -> Result<tokio::runtime::Runtime, Diagnosis> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| problem("io", format!("no timer for a stage: {error}")).class(Class::Failed))
}

/// The schema of what comes in by a stage's first input.
fn input_schema(edges: &[Edge], schemas: &[Vec<Option<SchemaRef>>], stage: usize) -> Option<SchemaRef> {
    let edge = edges.iter().find(|edge| edge.to == stage && edge.input == 0)?;
    schemas.get(edge.from)?.get(edge.output)?.clone()
}

/// What every stage of a run shares.
pub(crate) struct Job<'a> {
    pub(crate) failures: &'a Failures,
    pub(crate) outputs: &'a Outputs,
    pub(crate) letters: &'a DeadLetters,
    pub(crate) metrics: &'a Gathered,
    pub(crate) saving: &'a Saving,
    pub(crate) running: &'a Running,
    pub(crate) pipeline: &'a str,
    /// Who takes the rows of sinks, where they are not written.
    pub(crate) taking: Option<Take<'a>>,
}

impl Job<'_> {
    /// The hooks of one instance of a stage.
    pub(crate) fn hooks(&self, counters: &StageCounters, store: &StoreOptions) -> StageHooks {
        StageHooks::new(self.running.stage_crew(&counters.name, &store.cancel), self.pipeline, counters)
    }
}

/// Problems that end a run.
pub(crate) type Ended = Result<(), Vec<Diagnosis>>;

/// By stage, what it reads from and what it writes to; and those who know of the queues to waiting inputs.
type Channels = (Vec<Vec<Inbox>>, Vec<Fanout>, Vec<(String, QueueWitness)>);

/// A channel for each edge.
fn connect(plan: &Plan) -> Channels {
    let mut inboxes: Vec<Vec<Inbox>> = plan.stages.iter().map(|_| Vec::new()).collect();
    let mut fanouts: Vec<Fanout> = plan.stages.iter().map(|stage| Fanout::new(stage.outputs.len())).collect();
    let mut queues = Vec::new();
    let mut edges: Vec<&Edge> = plan.edges.iter().collect();
    edges.sort_by_key(|edge| (edge.to, edge.input));
    for edge in edges {
        let waiting = edge.waits.then(|| {
            let (sender, receiver, witness) = queue(&plan.stages[edge.to].store);
            queues.push((plan.stages[edge.to].name.clone(), witness));
            (sender, receiver)
        });
        let inbox = fanouts[edge.from].connect(edge.output, waiting);
        inboxes[edge.to].push(inbox);
    }
    (inboxes, fanouts, queues)
}

fn stage_report(counters: &StageCounters) -> StageReport {
    let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    StageReport {
        name: counters.name.clone(),
        kind: counters.kind,
        plugin: counters.plugin.clone(),
        rows_in: read(&counters.rows_in),
        rows_out: read(&counters.rows_out),
        rows_rejected: read(&counters.rows_rejected),
        bytes: read(&counters.bytes),
        busy: Duration::from_nanos(read(&counters.busy_nanos)),
        waiting: Duration::from_nanos(read(&counters.waiting_nanos)),
        fuel: read(&counters.fuel),
        peak_memory_bytes: read(&counters.peak_memory_bytes),
        recycled: read(&counters.recycled),
    }
}
