//! `jackfield check`, and what `run --dry-run` shows.

use jackfield_runtime::Plan;
use jackfield_runtime::graph::Graph;
use jackfield_runtime::host::CancelToken;
use serde_json::{Value, json};

use crate::args::{Global, PipelineArguments};
use crate::output::{CommandResult, Output, problem_json};
use crate::{pipeline, signals};

pub(crate) fn check(global: &Global, arguments: &PipelineArguments, output: &Output) -> CommandResult {
    let cancel = CancelToken::new();
    signals::watch(cancel.clone())?;
    let runtime = pipeline::open_runtime_to_run(global)?;
    let plan = pipeline::plan(runtime, arguments, None, cancel, output)?;
    show(&plan, output)?;
    Ok(0)
}

/// What would run: each stage, its plugin, and the columns that reach it.
pub(crate) fn show(plan: &Plan, output: &Output) -> Result<(), std::io::Error> {
    if output.json {
        return output.json_result(&plan_json(plan));
    }
    let graph = plan.graph();
    if output.quiet {
        return Ok(());
    }
    let width = graph.nodes.iter().map(|node| node.kind.name().len() + 1 + node.name.len()).max().unwrap_or(0);
    let plugin_width = graph.nodes.iter().map(|node| node.plugin.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (number, node) in graph.nodes.iter().enumerate() {
        let name = format!("{}.{}", node.kind.name(), node.name);
        let from = inputs(&graph, number);
        let line = format!("  {name:width$}  {:plugin_width$}  {from}", node.plugin);
        text.push_str(line.trim_end());
        text.push('\n');
        if output.verbose > 0 {
            for edge in graph.edges.iter().filter(|edge| edge.to == number) {
                for (column, kind) in edge.columns.iter().flatten() {
                    let line = pipeline::printable(&format!("{column}: {kind}"));
                    text.push_str(&format!("      {line}\n"));
                }
            }
        }
    }
    // The command's result, so it goes to stderr only where stdout belongs to data.
    eprintln!("{} is fine", pipeline::printable(plan.name()));
    eprint!("{}", text);
    Ok(())
}

fn inputs(graph: &Graph, number: usize) -> String {
    let edges = graph.edges.iter().filter(|edge| edge.to == number);
    let names: Vec<String> = edges
        .map(|edge| {
            let from = &graph.nodes[edge.from].name;
            let name = edge.port.as_ref().map_or_else(|| from.clone(), |port| format!("{from}.{port}"));
            match &edge.columns {
                Some(columns) => {
                    format!("{name} ({} column{})", columns.len(), if columns.len() == 1 { "" } else { "s" })
                }
                None => format!("{name} (columns known with the data)"),
            }
        })
        .collect();
    if names.is_empty() { String::new() } else { format!("<- {}", names.join(", ")) }
}

fn plan_json(plan: &Plan) -> Value {
    let graph = plan.graph();
    let stages: Vec<Value> = graph
        .nodes
        .iter()
        .map(|node| json!({ "kind": node.kind.name(), "name": node.name, "plugin": node.plugin }))
        .collect();
    let edges: Vec<Value> = graph
        .edges
        .iter()
        .map(|edge| {
            let columns = edge.columns.as_ref().map(|columns| {
                columns.iter().map(|(name, kind)| json!({ "name": name, "type": kind })).collect::<Vec<Value>>()
            });
            json!({
                "from": graph.nodes[edge.from].name,
                "port": edge.port,
                "to": graph.nodes[edge.to].name,
                "columns": columns,
            })
        })
        .collect();
    let warnings: Vec<Value> = plan.warnings().iter().map(problem_json).collect();
    json!({ "pipeline": plan.name(), "stages": stages, "edges": edges, "warnings": warnings, "errors": [] })
}
