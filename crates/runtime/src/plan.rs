//! Plans a pipeline: resolves names, opens sources, binds nodes, and finds every problem before any data moves.

mod demand;
mod detect;
pub(crate) mod drift;
mod ends;
mod found;
mod hooks;
pub(crate) mod layout;
mod node;
mod overlap;
pub(crate) mod params;
mod partitions;
pub(crate) mod paths;
mod several;
mod sink;
mod sketch;
mod source;
mod wiring;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use jackfield_columns::{HELP_KEY, NOTE_KEY};
use jackfield_host::{CancelToken, Limits, LogLine, StoreOptions};
use jackfield_manifest::{Deprecation, Document, Location, OnError, Pipeline, Problem, SetOption, Severity};

use crate::diagnose::{Class, Diagnosis, ProblemExt, Report};
use crate::discover::InstalledPlugin;
use crate::lifecycle::{About, Running};
use crate::loader::{LoadedPlugin, Runtime};
use crate::progress::{Progress, StageCounters, StageKind};
use crate::registry::{Choices, Registry, Resolved};

pub(crate) use demand::{Wanted, asked_rows, granted_rows};
pub(crate) use ends::Given;
pub use ends::{Ends, Kept};
pub use found::{ColumnNote, FileInfo, SourceInfo, Why};
pub(crate) use node::{NodeStage, output_ports};
pub(crate) use params::warm_up;
pub(crate) use paths::Input;
pub(crate) use sink::{SinkStage, SinkTarget};
pub(crate) use source::{CodecChoice, SourceStage};

/// What to plan.
pub struct PlanRequest<'a> {
    /// The pipeline file's name, as messages show it.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The folder that paths in it are relative to.
    pub folder: &'a Path,
    /// `--set`.
    pub sets: &'a [SetOption],
    /// Reads the variables that the pipeline may use.
    pub env: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// At most so many records of each source.
    pub limit: Option<u64>,
    /// Microseconds since 1970 that `now()` gives, unless the pipeline is `deterministic`.
    pub now_micros: i64,
    /// Stops planning and running.
    pub cancel: CancelToken,
    /// Gets what plugins log.
    pub log: Arc<dyn Fn(LogLine) + Send + Sync>,
}

impl std::fmt::Debug for PlanRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlanRequest").field("file", &self.file).field("sets", &self.sets).finish_non_exhaustive()
    }
}

/// A pipeline that is ready to run.
#[derive(Debug)]
pub struct Plan {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// Where what plugins use of their rights is remembered.
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) stages: Vec<Stage>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) limit: Option<u64>,
    /// What the pipeline says; otherwise the stages decide.
    pub(crate) batch_rows: Option<u32>,
    pub(crate) threads: u16,
    /// A folder of the user's for what goes wrong.
    pub(crate) save_failures: Option<PathBuf>,
    pub(crate) cancel: CancelToken,
    /// The plugins of all stages and what they require, in the order in which they start.
    plugins: Resolved,
    /// The plugins that were started for it.
    pub(crate) running: Arc<Running>,
    warnings: Vec<Problem>,
}

/// A source, a node or a sink.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) name: String,
    pub(crate) counters: Arc<StageCounters>,
    pub(crate) on_error: OnError,
    pub(crate) outputs: Vec<Port>,
    pub(crate) store: StoreOptions,
    pub(crate) body: Body,
}

/// What a stage does.
#[derive(Debug)]
pub(crate) enum Body {
    Source(Box<SourceStage>),
    Node(Box<NodeStage>),
    Sink(Box<SinkStage>),
    /// A source whose rows are there already.
    Given(Given),
    /// A sink whose rows stay in memory.
    Kept(Kept),
}

/// An output. The schema is `None` where it is known with the first batch only.
#[derive(Debug, Clone)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) schema: Option<SchemaRef>,
    /// What its consumers can use; `None` where nobody reads it.
    pub(crate) wanted: Option<Wanted>,
}

/// From an output to an input, by the numbers of stages and ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) output: usize,
    pub(crate) to: usize,
    pub(crate) input: usize,
    /// The consumer reads this input only after another one that hangs on the same source.
    pub(crate) waits: bool,
}

/// The rows of a batch where the pipeline does not say; large, because a call into a plugin costs the same for any size.
pub(crate) const DEFAULT_BATCH_ROWS: u32 = 65_536;

impl Plan {
    /// The pipeline's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What deserves attention though it stops nothing.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The plugins that the pipeline uses, together with all that they require, each after its requirements.
    pub fn plugins(&self) -> &Resolved {
        &self.plugins
    }

    /// Runs so many instances of each node that works row by row; order is kept.
    pub fn set_threads(&mut self, threads: u16) {
        self.threads = threads;
    }

    /// Saves rows that fail or are rejected in this folder, besides those that a plugin does not survive, which are
    /// otherwise saved in the state folder.
    pub fn save_failures(&mut self, folder: PathBuf) {
        self.save_failures = Some(folder);
    }

    /// A sink writes to standard output.
    pub fn writes_stdout(&self) -> bool {
        self.stages.iter().any(|stage| matches!(&stage.body, Body::Sink(sink) if sink.target == SinkTarget::Stdout))
    }

    /// The plugins that were started for this plan: their states, services and health.
    pub fn running(&self) -> &Arc<Running> {
        &self.running
    }

    /// The counters that a run of this plan writes.
    pub fn progress(&self) -> Progress {
        Progress { stages: self.stages.iter().map(|stage| stage.counters.clone()).collect() }
    }
}

/// What the planning functions share.
pub(crate) struct Planner<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) request: &'a PlanRequest<'a>,
    pub(crate) pipeline: &'a Pipeline,
    /// What is installed, with the pipeline's own pins.
    pub(crate) registry: Arc<Registry>,
    /// The plugins that stages use, each with the place that names it first.
    used: Vec<Arc<InstalledPlugin>>,
    pub(crate) running: Arc<Running>,
    /// Why the content of a source's first file told its format, by the source's name.
    pub(crate) detected: Vec<(String, String)>,
    pub(crate) found: Vec<Diagnosis>,
    pub(crate) warnings: Vec<Problem>,
    pub(crate) ends: &'a Ends,
    /// What was wrong with the pipeline before it was planned.
    misread: sketch::Misread,
}

impl Planner<'_> {
    pub(crate) fn document(&self) -> &Document {
        &self.pipeline.document
    }

    /// Notes a problem at a place of the pipeline, unless it has a better one.
    pub(crate) fn note(&mut self, diagnosis: Diagnosis, path: &[&str]) {
        let located = diagnosis.problem.or_at(self.pipeline.document.locate(path)).class(diagnosis.class);
        self.found.push(located);
    }

    /// Notes that a stage uses a plugin, and what deserves a warning about it.
    pub(crate) fn use_plugin(&mut self, plugin: &Arc<InstalledPlugin>, path: &[&str]) {
        if self.used.iter().any(|known| Arc::ptr_eq(known, plugin)) {
            return;
        }
        self.used.push(plugin.clone());
        self.warnings.extend(self.runtime.limit_warnings(plugin));
        self.deprecated(&format!("plugin {}", plugin.name()), &plugin.manifest.deprecated, path);
    }

    /// Warns of something that should not be used any more.
    pub(crate) fn deprecated(&mut self, what: &str, deprecated: &Option<Deprecation>, path: &[&str]) {
        if let Some(deprecated) = deprecated {
            let warning = Problem::warning("deprecated", format!("{what} {}", deprecated.sentence()));
            self.warnings.push(warning.at(self.pipeline.document.locate(path)));
        }
    }

    pub(crate) fn store(&mut self, stage: &str, plugin: &InstalledPlugin, limits: &Limits) -> StoreOptions {
        self.running.store(stage, plugin, limits, self.request.cancel.clone(), &mut self.warnings)
    }

    /// A plugin that is needed: loaded and started, behind what it requires.
    pub(crate) async fn ready(&self, plugin: &Arc<InstalledPlugin>) -> Result<LoadedPlugin, Vec<Diagnosis>> {
        self.running.ready(self.runtime, plugin).await
    }

    pub(crate) fn counters(
        name: &str,
        kind: StageKind,
        plugin: &InstalledPlugin,
        bytes_total: Option<u64>,
    ) -> Arc<StageCounters> {
        StageCounters::new(name, kind, plugin.title(), bytes_total)
    }
}

/// Codes of problems that leave a hole in a text of the pipeline.
const HOLES: [&str; 2] = ["unset-variable", "invalid-variable"];

/// What drives the calls of plugins while planning, on the thread of whoever asked.
pub(crate) fn executor() -> Result<tokio::runtime::Runtime, Diagnosis> {
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build();
    executor.map_err(|error| crate::diagnose::problem("io", error.to_string()).class(Class::Failed))
}

/// The schema without what readers noted for messages: that is no part of the data.
fn without_notes(schema: SchemaRef) -> SchemaRef {
    let noted = |field: &Field| [NOTE_KEY, HELP_KEY].iter().any(|key| field.metadata().contains_key(key));
    if !schema.fields().iter().any(|field| noted(field)) {
        return schema;
    }
    let plain = |field: &FieldRef| {
        let mut metadata = field.metadata().clone();
        metadata.retain(|key, _| key != NOTE_KEY && key != HELP_KEY);
        Arc::new(field.as_ref().clone().with_metadata(metadata))
    };
    let fields: Vec<FieldRef> = schema.fields().iter().map(plain).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

impl Runtime {
    /// Plans a pipeline. Reads the heads of its sources; writes nothing.
    ///
    /// # Errors
    /// Everything that is wrong with the pipeline, at once.
    pub fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan, Report> {
        self.plan_between(request, &Ends::default())
    }

    /// The same with some sources and sinks in memory.
    ///
    /// # Errors
    /// Everything that is wrong with the pipeline, at once.
    pub fn plan_between(&self, request: &PlanRequest<'_>, ends: &Ends) -> Result<Plan, Report> {
        let (pipeline, problems) =
            jackfield_manifest::parse_pipeline(request.file, request.text, request.sets, request.env);
        let (errors, mut warnings): (Vec<Problem>, Vec<Problem>) =
            problems.into_iter().partition(|p| p.severity == Severity::Error);
        let holes = errors.iter().filter(|problem| HOLES.contains(&problem.code.as_str()));
        let holes: Vec<Location> = holes.filter_map(|problem| problem.location.clone()).collect();
        let mut found: Vec<Diagnosis> = errors.into_iter().map(|p| p.class(Class::Configuration)).collect();
        let Some(mut pipeline) = pipeline else { return Err(Report { diagnoses: found }) };
        // Text with a hole in it would only be reported once more, as an expression that does not parse.
        if !sketch::Misread::new(&pipeline.document, &holes).take_out(&mut pipeline) {
            return Err(Report { diagnoses: found });
        }
        let places = found.iter().filter_map(|diagnosis| diagnosis.problem.location.as_ref());
        let misread = sketch::Misread::new(&pipeline.document, places);
        warnings.splice(0..0, self.settings().warnings.iter().cloned());

        let executor = executor()?;
        let registry = pinned(self.registry(), &pipeline, &mut found);
        self.expect(detect::named(&registry, &pipeline).into_iter());
        let about = About {
            pipeline: pipeline.name.clone(),
            limits: pipeline.limits.clone(),
            now_micros: if pipeline.deterministic { 0 } else { request.now_micros },
            deterministic: pipeline.deterministic,
            log: request.log.clone(),
            stops: self.stops(),
            denials: self.denial_events(),
            spill: self.spill_space(),
        };
        let running = self.running(about, registry.clone(), Some(Arc::new(pipeline.clone())));
        let hooked = executor.block_on(async {
            tokio::select! {
                biased;
                hooked = hooks::before_planning(self, &running, &mut pipeline) => hooked,
                () = request.cancel.cancelled() => Err(vec![cancelled()]),
            }
        });
        if let Err(more) = hooked {
            found.extend(more);
        }
        let mut planner = Planner {
            runtime: self,
            request,
            pipeline: &pipeline,
            registry,
            running: running.clone(),
            used: Vec::new(),
            detected: Vec::new(),
            found: Vec::new(),
            warnings,
            ends,
            misread,
        };
        let (mut stages, edges) = executor.block_on(wiring::assemble(&mut planner));
        found.append(&mut planner.found);
        let plugins = planner.registry.resolve(&planner.used).unwrap_or_else(|conflict| {
            found.push(conflict.class(Class::Configuration));
            Resolved::default()
        });
        let registry = planner.registry;
        planner.warnings.extend(registry.warnings_about(&plugins.order));
        let of_configuration = registry.warnings().iter().filter(|problem| problem.code != "deprecated");
        let of_configuration = of_configuration.map(|p| Problem { severity: Severity::Warning, ..p.clone() });
        planner.warnings.extend(of_configuration);
        planner.warnings.extend(running.take_warnings());
        let mut warnings: Vec<Problem> = Vec::new();
        for warning in planner.warnings {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        if !found.is_empty() {
            found.extend(crate::exec::denials_as_errors(&mut warnings));
            found.sort_by_key(|d| d.problem.location.as_ref().map_or((u32::MAX, 0), |l| (l.line, l.column)));
            found.dedup();
            executor.block_on(running.stop());
            return Err(Report { diagnoses: found });
        }
        for port in stages.iter_mut().flat_map(|stage| &mut stage.outputs) {
            port.schema = port.schema.take().map(without_notes);
        }
        Ok(Plan {
            name: pipeline.name.clone(),
            folder: request.folder.to_owned(),
            state_dir: self.settings().state_dir.clone(),
            stages,
            edges,
            limit: request.limit,
            batch_rows: pipeline.batch_rows,
            threads: 1,
            save_failures: None,
            cancel: request.cancel.clone(),
            plugins,
            running,
            warnings,
        })
    }
}

/// The registry as the pipeline's `[plugin.NAME] version` narrows it.
fn pinned(registry: Arc<Registry>, pipeline: &Pipeline, found: &mut Vec<Diagnosis>) -> Arc<Registry> {
    let mut choices = Choices::default();
    for (name, plugin) in &pipeline.plugins {
        let Some(version) = &plugin.version else { continue };
        choices.pins.insert(name.clone(), version.clone());
        let place = pipeline.document.locate(&["plugin", name, "version"]);
        choices.places.extend(place.map(|place| (format!("plugin.{name}"), place)));
    }
    if choices.pins.is_empty() {
        return registry;
    }
    let pinned = registry.pinned(&choices);
    let known = found.len();
    let about_pins = pinned.warnings().iter().filter(|problem| !registry.warnings().contains(problem));
    // In a pipeline, a plugin that is not there is not there for this run.
    found.extend(about_pins.filter(|p| p.code != "deprecated").map(|problem| {
        let problem = Problem { severity: Severity::Error, ..problem.clone() };
        problem.class(Class::Configuration)
    }));
    // With pins that cannot be, all else that is wrong is looked for without them.
    if found.len() > known { registry } else { Arc::new(pinned) }
}

fn cancelled() -> Diagnosis {
    crate::diagnose::problem("cancelled", "planning was stopped").class(Class::Cancelled)
}
