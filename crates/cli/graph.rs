//! `jackfield graph`.

use jackfield_runtime::host::CancelToken;
use serde_json::json;

use crate::args::{Global, GraphArguments, GraphFormat};
use crate::output::{CommandResult, Output};
use crate::pipeline;

pub(crate) fn graph(global: &Global, arguments: &GraphArguments, output: &Output) -> CommandResult {
    let runtime = pipeline::open_runtime_to_run(global)?;
    let plan = pipeline::plan(runtime, &arguments.pipeline, None, CancelToken::new(), output)?;
    let graph = plan.graph();
    let (language, text) = match arguments.format {
        GraphFormat::Mermaid => ("mermaid", graph.to_mermaid()),
        GraphFormat::Dot => ("dot", graph.to_dot()),
    };
    if output.json {
        output.json_result(&json!({ "pipeline": plan.name(), "format": language, "text": text }))?;
    } else {
        output.result(&text)?;
    }
    Ok(0)
}
