//! `jackfield hooks explain`.

use std::path::Path;

use jackfield_manifest::{HookPoint, Pipeline, Severity};
use jackfield_runtime::hooks::explain::{Enabled, ExplainedHook, ExplainedPoint};
use jackfield_runtime::{Class, Diagnosis, Report};
use serde_json::{Value, json};

use crate::args::{ExplainArguments, Global, HooksArguments, HooksCommand};
use crate::output::{CommandResult, Output, exit_code, problem_json};
use crate::pipeline;

pub(crate) fn hooks(global: &Global, arguments: &HooksArguments, output: &Output) -> CommandResult {
    match &arguments.command {
        HooksCommand::Explain(explain) => self::explain(global, explain, output),
    }
}

fn explain(global: &Global, arguments: &ExplainArguments, output: &Output) -> CommandResult {
    let runtime = pipeline::open_runtime(global)?;
    let read = arguments.pipeline.as_deref().map(read_pipeline).transpose()?;
    let points = runtime.explain_hooks(arguments.point, read.as_ref());
    let problems: Vec<Diagnosis> = points.iter().flat_map(|point| point.problems.iter().cloned()).collect();
    if output.json {
        let errors: Vec<Value> = problems.iter().map(|d| problem_json(&d.problem)).collect();
        let points: Vec<Value> = points.iter().map(point_json).collect();
        output.json_result(&json!({ "points": points, "errors": errors }))?;
    } else {
        let mut text = String::new();
        for (number, point) in points.iter().enumerate() {
            if number > 0 {
                text.push('\n');
            }
            show(point, output, &mut text);
        }
        output.result(&text)?;
        problems.iter().for_each(|d| output.problem(&d.problem));
    }
    match problems.is_empty() {
        true => Ok(0),
        false => Ok(exit_code(Report { diagnoses: problems }.class())),
    }
}

/// What the pipeline says of plugins; the rest of it may be wrong.
fn read_pipeline(file: &Path) -> Result<Pipeline, Report> {
    let (shown, bytes) = pipeline::read(file)?;
    let wrong = |problem| Report::from(Diagnosis { problem, class: Class::Configuration });
    let text = jackfield_manifest::decode(&shown, &bytes).map_err(|problem| wrong(*problem))?;
    let (read, problems) = jackfield_manifest::parse_pipeline(&shown, text, &[], &|name| std::env::var(name).ok());
    read.ok_or_else(|| {
        let errors = problems.into_iter().filter(|problem| problem.severity == Severity::Error);
        Report { diagnoses: errors.map(|problem| Diagnosis { problem, class: Class::Configuration }).collect() }
    })
}

fn show(point: &ExplainedPoint, output: &Output, text: &mut String) {
    let spec = point.spec;
    text.push_str(&format!("{}: {}\n", output.bold(spec.point.name()), spec.about));
    text.push_str(&format!("  honours {}\n", spec.outcomes().join(", ")));
    if point.chain.is_empty() && point.left_out.is_empty() {
        text.push_str("  no hooks\n");
        return;
    }
    let middle_at = point.chain.iter().position(|hook| hook.kind() == "after").unwrap_or(point.chain.len());
    let replaced = point.chain.iter().any(|hook| hook.kind() == "replace");
    let mut number = 0;
    for (place, hook) in point.chain.iter().enumerate() {
        if place == middle_at {
            middle(point, replaced, text);
        }
        number += 1;
        text.push_str(&format!("  {number}. {}\n", line(hook)));
        text.push_str(&format!("     {}\n", hook.reasons.join(", ")));
    }
    if middle_at == point.chain.len() {
        middle(point, replaced, text);
    }
    for hook in &point.left_out {
        let name = hook.placed.plugin.name();
        let why = match hook.enabled {
            Enabled::Refused => "a pipeline cannot enable it",
            _ => "not enabled",
        };
        text.push_str(&format!("  -  {}\n", line(hook)));
        text.push_str(&format!("     {why}: say [plugin.{name}] enabled = true in {}\n", where_to_say(hook)));
    }
}

fn where_to_say(hook: &ExplainedHook) -> &'static str {
    match hook.placed.plugin.rank {
        jackfield_runtime::Rank::FirstParty => "jackfield.toml or in the pipeline",
        _ => "jackfield.toml",
    }
}

/// What the chain stands around, if it is anything that is done.
fn middle(point: &ExplainedPoint, replaced: bool, text: &mut String) {
    match (point.spec.middle, replaced) {
        ("", _) | (_, true) => {}
        (middle, false) => text.push_str(&format!("  ·  {middle}\n")),
    }
}

fn line(hook: &ExplainedHook) -> String {
    let manifest = &hook.placed.plugin.manifest;
    let declared = &hook.placed.hook;
    let mut line = format!("{}  {}", hook.placed.name(), hook.kind());
    if declared.data {
        line.push_str(", sees data");
    }
    line.push_str(&format!(", {}", policy(hook)));
    line.push_str(&format!("  ({} {}, {}", manifest.plugin, manifest.version, hook.placed.plugin.rank.name()));
    line.push_str(match hook.enabled {
        Enabled::ByOperator => ", enabled by jackfield.toml)",
        Enabled::ByPipeline => ", enabled by the pipeline)",
        Enabled::No | Enabled::Refused => ")",
    });
    line
}

fn policy(hook: &ExplainedHook) -> &'static str {
    match hook.placed.hook.on_failure {
        jackfield_manifest::OnFailure::FailOpen => "fail-open",
        jackfield_manifest::OnFailure::FailClosed => "fail-closed",
    }
}

fn hook_json(hook: &ExplainedHook) -> Value {
    let manifest = &hook.placed.plugin.manifest;
    json!({
        "hook": hook.placed.name(),
        "plugin": manifest.plugin,
        "version": manifest.version.to_string(),
        "rank": hook.placed.plugin.rank.name(),
        "kind": hook.kind(),
        "priority": hook.placed.hook.priority,
        "data": hook.placed.hook.data,
        "on-failure": policy(hook),
        "enabled": match hook.enabled {
            Enabled::ByOperator => "operator",
            Enabled::ByPipeline => "pipeline",
            Enabled::No => "no",
            Enabled::Refused => "refused",
        },
        "reasons": hook.reasons,
    })
}

fn point_json(point: &ExplainedPoint) -> Value {
    json!({
        "point": point.spec.point.name(),
        "about": point.spec.about,
        "outcomes": point.spec.outcomes(),
        "changes": point.spec.changes,
        "rows": point.spec.rows,
        "fields": point.spec.schema(),
        "chain": point.chain.iter().map(hook_json).collect::<Vec<_>>(),
        "left-out": point.left_out.iter().map(hook_json).collect::<Vec<_>>(),
    })
}

/// A point's name on the command line.
pub(crate) fn point(text: &str) -> Result<HookPoint, String> {
    text.parse().map_err(|error: jackfield_manifest::NameError| error.to_string())
}
