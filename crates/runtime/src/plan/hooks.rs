//! The hooks of planning: what they make of the pipeline as it was read, and of the formats of its sources.

use std::sync::Arc;

use jackfield_columns::Failure;
use jackfield_host::{ByteSource, Pending};
use jackfield_manifest::{HookPoint, Pipeline, PortRef, Table, Value, to_json};
use serde_json::{Map, Value as Json, json};

use super::{Planner, detect};
use crate::diagnose::{Class, Diagnosis, ProblemExt, problem};
use crate::discover::InstalledPlugin;
use crate::hooks::chain::veto;
use crate::hooks::{Event, Middle, Nothing, Stop};
use crate::lifecycle::Running;
use crate::loader::Runtime;

/// Starts the hooks, and shows them the pipeline. They may change the parameters of its nodes.
///
/// # Errors
/// Hooks that cannot be called, and what they refuse, where it is said.
pub(crate) async fn before_planning(
    runtime: &Runtime,
    running: &Arc<Running>,
    pipeline: &mut Pipeline,
) -> Result<(), Vec<Diagnosis>> {
    running.start_hooks(runtime).await?;
    if running.crew_with(HookPoint::PipelinePlan).is_none() {
        return Ok(());
    }
    let fields = described(pipeline);
    let told = fields.get("nodes").cloned();
    let name = pipeline.name.clone();
    let outcome = match running.hooked(HookPoint::PipelinePlan, &name, fields, &mut Nothing).await {
        Ok(outcome) => outcome,
        Err(Stop::Veto { hook, reasons }) => {
            return Err(reasons.into_iter().map(|reason| refused(pipeline, &hook, reason)).collect());
        }
        Err(stop) => return Err(stop.diagnoses(&format!("pipeline {name}"), Class::Configuration)),
    };
    let told = told.as_ref().and_then(Json::as_array);
    let made = outcome.fields.get("nodes").and_then(Json::as_array);
    for (number, node) in pipeline.nodes.iter_mut().enumerate() {
        let of = |nodes: Option<&Vec<Json>>| nodes.and_then(|nodes| nodes.get(number)?.get("params").cloned());
        let (before, after) = (of(told), of(made));
        // What a hook did not touch stays as it was written: text that may be read as TOML, dates, and their places.
        if before != after
            && let Some(Json::Object(params)) = after
        {
            node.params = table(params);
        }
    }
    Ok(())
}

/// The pipeline as hooks see it.
fn described(pipeline: &Pipeline) -> Json {
    let options = |table: &Table| to_json(&Value::Table(table.clone()), None);
    let port = |reference: &PortRef| match &reference.port {
        Some(port) => format!("{}.{port}", reference.stage.as_str()),
        None => reference.stage.as_str().to_owned(),
    };
    let sources = pipeline.sources.iter().map(|source| {
        json!({
            "name": source.name.as_str(),
            "paths": source.paths,
            "format": source.format,
            "options": options(&source.options),
        })
    });
    let nodes = pipeline.nodes.iter().map(|node| {
        json!({
            "name": node.name.as_str(),
            "type": node.node_type.name,
            "inputs": node.inputs.iter().map(|input| port(&input.from)).collect::<Vec<_>>(),
            "params": options(&node.params),
        })
    });
    let sinks = pipeline.sinks.iter().map(|sink| {
        json!({
            "name": sink.name.as_str(),
            "input": port(&sink.input),
            "path": sink.path,
            "format": sink.format,
            "options": options(&sink.options),
        })
    });
    json!({
        "pipeline": pipeline.name,
        "sources": sources.collect::<Vec<_>>(),
        "nodes": nodes.collect::<Vec<_>>(),
        "sinks": sinks.collect::<Vec<_>>(),
    })
}

/// A refusal at the place that it points to: `/nodes/2/params/where` is a key of the third node.
fn refused(pipeline: &Pipeline, hook: &str, reason: Failure) -> Diagnosis {
    let pointer = reason.parameter.clone().unwrap_or_default();
    let offset = reason.offset;
    let parts: Vec<String> =
        pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
    let mut keys: Vec<String> = Vec::new();
    if let [kind, number, rest @ ..] = parts.as_slice() {
        let number: usize = number.parse().unwrap_or(usize::MAX);
        let stage = match kind.as_str() {
            "sources" => pipeline.sources.get(number).map(|source| ("source", source.name.as_str())),
            "nodes" => pipeline.nodes.get(number).map(|node| ("node", node.name.as_str())),
            "sinks" => pipeline.sinks.get(number).map(|sink| ("sink", sink.name.as_str())),
            _ => None,
        };
        if let Some((kind, name)) = stage {
            keys = vec![kind.to_owned(), name.to_owned()];
            keys.extend(rest.iter().cloned());
        }
    }
    let path: Vec<&str> = keys.iter().map(String::as_str).collect();
    let what = match path.as_slice() {
        [kind, name, ..] => format!("{kind}.{name}"),
        _ => format!("pipeline {}", pipeline.name),
    };
    let location = match (path.as_slice(), offset) {
        ([], _) => None,
        (path, Some(offset)) => pipeline.document.locate_offset(path, offset),
        (path, None) => pipeline.document.locate(path),
    };
    veto(hook, reason, &what).at(location).class(Class::Configuration)
}

fn table(params: Map<String, Json>) -> Table {
    params.into_iter().filter_map(|(key, value)| Some((key, toml(value)?))).collect()
}

/// TOML knows no null: a key without a value is left out.
fn toml(value: Json) -> Option<Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(value) => Value::Boolean(value),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Integer(whole),
            None => Value::Float(number.as_f64()?),
        },
        Json::String(text) => Value::Text { text, loose: false },
        Json::Array(items) => Value::Array(items.into_iter().filter_map(toml).collect()),
        Json::Object(entries) => Value::Table(table(entries)),
    })
}

type Detected = Result<(Arc<InstalledPlugin>, String), Vec<Diagnosis>>;

/// The format of a source, as the hooks leave it.
pub(crate) async fn format(
    planner: &mut Planner<'_>,
    asked: Option<&str>,
    stage: &str,
    name: &str,
    bytes: &mut ByteSource,
) -> Detected {
    let running = planner.running.clone();
    if running.crew_with(HookPoint::FormatDetect).is_none() {
        return detect::format(planner, asked, stage, name, bytes).await;
    }
    let fields = json!({ "source": stage, "file": name, "format": asked });
    let mut middle = Detecting { planner: &mut *planner, stage, name, bytes, found: None };
    let outcome = running.hooked(HookPoint::FormatDetect, stage, fields, &mut middle).await;
    let found = middle.found;
    let outcome = match (outcome, found) {
        (Ok(outcome), _) => outcome,
        (Err(Stop::Middle(_)), Some(Err(found))) => return Err(found),
        (Err(stop), _) => return Err(stop.diagnoses(&format!("source.{stage}"), Class::Configuration)),
    };
    let Some(format) = outcome.text("format") else {
        let message = format!("source.{stage}: the hooks at format.detect left it without a format");
        return Err(vec![problem("hook-nonsense", message).class(Class::Configuration)]);
    };
    detect::known(planner, format).map_err(|diagnosis| vec![diagnosis])
}

/// The planner's own search.
struct Detecting<'p, 'a> {
    planner: &'p mut Planner<'a>,
    stage: &'p str,
    name: &'p str,
    bytes: &'p mut ByteSource,
    found: Option<Detected>,
}

impl Middle for Detecting<'_, '_> {
    fn run(&mut self, mut event: Event) -> Pending<'_, Result<Event, Failure>> {
        Box::pin(async move {
            let asked = event.text("format").map(str::to_owned);
            let found = detect::format(self.planner, asked.as_deref(), self.stage, self.name, self.bytes).await;
            let told = match &found {
                Ok((_, format)) => {
                    event.fields.insert("format".to_owned(), format.as_str().into());
                    Ok(event)
                }
                Err(problems) => {
                    let message = problems.first().map_or_else(String::new, |d| d.problem.message.clone());
                    Err(Failure::invalid_config("unknown-format", message))
                }
            };
            self.found = Some(found);
            told
        })
    }
}
