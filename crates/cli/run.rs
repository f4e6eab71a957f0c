//! `jackfield run`, and what `convert` and `pipe` do with the pipelines that they make.

use std::path::{Path, PathBuf};

use jackfield_manifest::Problem;
use jackfield_runtime::host::CancelToken;
use jackfield_runtime::{Class, Metric, Plan, Registry, RunReport, Runtime, Stop};
use serde_json::{Value, json};

use crate::args::daily::RunningArguments;
use crate::args::{Global, RunArguments};
use crate::composed::Composed;
use crate::output::{CommandError, CommandResult, Output, exit_code, problem_json};
use crate::pipeline::Asked;
use crate::{check, pipeline, plugin, progress, signals, summary};

/// How a planned pipeline is run.
#[derive(Debug, Clone)]
pub(crate) struct Manner {
    /// What messages call the pipeline, where it has no file.
    name: &'static str,
    threads: Option<u16>,
    dry_run: bool,
    print: bool,
    fail_on_rejected: bool,
    /// Where rows go that fail or are rejected.
    save_failures: Option<PathBuf>,
}

impl Manner {
    /// That of `convert` and `pipe`.
    pub(crate) fn of(running: &RunningArguments, name: &'static str) -> Manner {
        let RunningArguments { threads, dry_run, print, fail_on_rejected, .. } = *running;
        Manner { name, threads, dry_run, print, fail_on_rejected, save_failures: None }
    }
}

pub(crate) fn run(global: &Global, arguments: &RunArguments, output: &Output) -> CommandResult {
    let cancel = CancelToken::new();
    signals::watch(cancel.clone())?;
    let runtime = pipeline::open_runtime_to_run(global)?;
    let RunArguments { threads, dry_run, fail_on_rejected, .. } = *arguments;
    let save_failures = arguments.save_failures.clone();
    let manner = Manner { name: "run", threads, dry_run, print: false, fail_on_rejected, save_failures };
    let plan = || pipeline::plan(runtime, &arguments.pipeline, arguments.limit, cancel.clone(), output);
    go(runtime, plan, &|problem| problem, &manner, output)
}

/// Runs a pipeline that `compose` makes of the command line, as `run` would run its file.
pub(crate) fn composed(
    global: &Global,
    manner: &Manner,
    output: &Output,
    compose: impl FnOnce(&Registry) -> Result<Composed, CommandError>,
) -> CommandResult {
    if manner.print {
        let composed = compose(&pipeline::open_runtime(global)?.registry())?;
        if output.json {
            output.json_result(&json!({ "pipeline": composed.text() }))?;
        } else {
            output.result(composed.text())?;
        }
        return Ok(0);
    }
    let cancel = CancelToken::new();
    signals::watch(cancel.clone())?;
    let runtime = pipeline::open_runtime_to_run(global)?;
    let composed = compose(&runtime.registry())?;
    let asked = Asked {
        shown: manner.name,
        text: composed.text(),
        folder: Path::new("."),
        sets: &[],
        limit: None,
        told: &|problem| composed.told(manner.name, problem),
    };
    go(runtime, || pipeline::plan_text(runtime, &asked, cancel.clone(), output), asked.told, manner, output)
}

/// Plans and runs. `told` says what happens in the run in words that fit where the pipeline came from.
fn go(
    runtime: &Runtime,
    plan: impl Fn() -> Result<Plan, CommandError>,
    told: &dyn Fn(Problem) -> Problem,
    manner: &Manner,
    output: &Output,
) -> CommandResult {
    let mut plan = granted(runtime, plan, output)?;
    if let Some(threads) = manner.threads {
        plan.set_threads(threads);
    }
    if let Some(folder) = &manner.save_failures {
        plan.save_failures(folder.clone());
    }
    if output.json && plan.writes_stdout() {
        let message = "--json prints on stdout, where a sink of this pipeline writes; give the sink a file";
        return Err(CommandError::Usage(message.to_owned()));
    }
    if manner.dry_run {
        check::show(&plan, output)?;
        return Ok(0);
    }
    plugin::grants::introduce(runtime, &plan.plugins().order, output);
    execute(plan, told, manner, output)
}

/// Plans the pipeline. On a terminal, plugins that nobody has granted yet are asked about, each once.
pub(crate) fn granted(
    runtime: &Runtime,
    plan: impl Fn() -> Result<Plan, CommandError>,
    output: &Output,
) -> Result<Plan, CommandError> {
    loop {
        let planned = plan();
        let Err(CommandError::Report(report)) = planned else { return planned };
        let strangers = if output.can_ask() { runtime.strangers(&report) } else { Vec::new() };
        // With anything else wrong, nothing will run whatever the answer is.
        let others = report.diagnoses.iter().any(|diagnosis| diagnosis.class == Class::Configuration);
        if strangers.is_empty() || others || !plugin::grants::ask(runtime, &strangers, output)? {
            return Err(report.into());
        }
    }
}

fn execute(plan: Plan, told: &dyn Fn(Problem) -> Problem, manner: &Manner, output: &Output) -> CommandResult {
    if output.verbose > 0 {
        let stages = plan.progress().stages.len();
        output.note(&format!("running {} with {stages} stages", pipeline::printable(plan.name())));
    }
    let drawing = output.draws_progress().then(|| progress::draw(plan.progress()));
    let result = plan.run();
    if let Some(drawing) = drawing {
        drawing.finish();
    }
    let (Ok(report) | Err((_, report))) = &result;
    if !output.json {
        report.warnings.iter().for_each(|warning| output.problem(warning));
    }
    match result {
        Ok(report) => {
            if output.json {
                output.json_result(&report_json(&report))?;
            } else {
                summary::show(&report, output);
            }
            let failed = manner.fail_on_rejected && report.rejected() > 0;
            Ok(if failed { 6 } else { 0 })
        }
        Err((failure, report)) => {
            if output.json {
                let mut document = report_json(&report);
                document["errors"] = failure.problems().map(|problem| problem_json(&told(problem.clone()))).collect();
                output.json_result(&document)?;
            } else {
                failure.problems().for_each(|problem| output.problem(&told(problem.clone())));
                if report.rejected() > 0 {
                    summary::show_rejected(&report, output);
                }
                summary::show_metrics(&report, output);
            }
            Ok(exit_code(failure.class()))
        }
    }
}

fn report_json(report: &RunReport) -> Value {
    let seconds = |time: std::time::Duration| time.as_secs_f64();
    let stages: Vec<Value> = report
        .stages
        .iter()
        .map(|stage| {
            json!({
                "kind": stage.kind.name(),
                "name": stage.name,
                "plugin": stage.plugin,
                "rows-in": stage.rows_in,
                "rows-out": stage.rows_out,
                "rows-rejected": stage.rows_rejected,
                "bytes": stage.bytes,
                "busy-seconds": seconds(stage.busy),
                "waiting-seconds": seconds(stage.waiting),
                "fuel": stage.fuel,
                "peak-memory-bytes": stage.peak_memory_bytes,
                "recycled": stage.recycled,
            })
        })
        .collect();
    json!({
        "pipeline": report.pipeline,
        "elapsed-seconds": seconds(report.elapsed),
        "rows-rejected": report.rejected(),
        "stages": stages,
        "metrics": report.metrics.iter().map(metric_json).collect::<Vec<_>>(),
        "stopped": report.stops.iter().map(stop_json).collect::<Vec<_>>(),
        "warnings": report.warnings.iter().map(problem_json).collect::<Vec<_>>(),
        "denied": report
            .denied
            .iter()
            .map(|d| json!({ "plugin": d.plugin, "permission": d.permission, "what": d.what, "count": d.count }))
            .collect::<Vec<_>>(),
    })
}

/// An instance of a plugin that was stopped.
fn stop_json(stop: &Stop) -> Value {
    json!({
        "code": stop.code,
        "plugin": stop.plugin,
        "version": stop.version,
        "stage": stop.stage,
        "limit": stop.limit.as_ref().map(|limit| json!({
            "name": limit.name, "value": limit.value, "setting": limit.setting,
        })),
    })
}

/// A figure that a hook has added. Whole numbers are shown as such.
fn metric_json(metric: &Metric) -> Value {
    let whole = metric.value.fract() == 0.0 && metric.value.abs() < 9e15;
    let value = if whole { json!(metric.value as i64) } else { json!(metric.value) };
    json!({ "name": metric.name, "stage": metric.stage, "value": value, "unit": metric.unit })
}
