//! `jackfield convert`: files into a file of another format, on the way that `run` takes too.

use jackfield_runtime::Registry;

use crate::args::Global;
use crate::args::daily::ConvertArguments;
use crate::compose::{self, Policy};
use crate::composed::{Composed, Origin, Value};
use crate::output::{CommandError, CommandResult, Output};
use crate::run::{self, Manner};

pub(crate) fn convert(global: &Global, arguments: &ConvertArguments, output: &Output) -> CommandResult {
    let manner = Manner::of(&arguments.running, "convert");
    if arguments.files.len() < 2 {
        let message = "convert takes a file to read and a file to write, or - for stdin and stdout";
        return Err(CommandError::Usage(message.to_owned()));
    }
    run::composed(global, &manner, output, |registry| Ok(compose(registry, arguments)))
}

/// The pipeline: what is read, what is left out, what is written.
fn compose(registry: &Registry, arguments: &ConvertArguments) -> Composed {
    let mut out = Composed::default();
    let Some((path, inputs)) = arguments.files.split_last() else { return out };
    let policy = Policy::of(&arguments.running);
    compose::source(&mut out, registry, "in", inputs, &arguments.input, &policy);
    let mut last = "in";
    if let Some(condition) = &arguments.r#where {
        let origin = out.typed(Some("--where"), condition);
        node(&mut out, "filter", last, "where", Value::Text(condition.clone(), origin), &policy);
        last = "filter";
    }
    if let Some(columns) = &arguments.select {
        let origin = out.typed(Some("--select"), columns);
        let columns = compose::names(columns, &origin);
        node(&mut out, "select", last, "columns", columns, &Policy::default());
        last = "select";
    }
    if let Some(rows) = arguments.limit {
        let origin = out.typed(Some("--limit"), &rows.to_string());
        node(&mut out, "limit", last, "rows", Value::Plain(rows.to_string(), origin), &Policy::default());
        last = "limit";
    }
    let first = inputs.first().map_or("", String::as_str);
    let format = compose::text_format(registry, &arguments.input, first);
    compose::sink(&mut out, registry, last, path, &arguments.output, Some(&format));
    out
}

/// A node with one parameter, named after its type.
fn node(out: &mut Composed, node_type: &str, from: &str, parameter: &str, value: Value, policy: &Policy) {
    let origin = origin_of(&value);
    out.region(origin.clone(), |out| {
        out.raw(&format!("\n[node.{node_type}]\ntype = \"{node_type}\"\ninput = \"{from}\"\n"));
        policy.write(out);
        out.entry("params", &Value::Table(vec![(parameter.to_owned(), origin, value)]));
    });
}

fn origin_of(value: &Value) -> Origin {
    match value {
        Value::Text(_, origin) | Value::Plain(_, origin) => origin.clone(),
        Value::List(items) => items.first().map(origin_of).unwrap_or_default(),
        Value::Table(entries) => entries.first().map(|(_, origin, _)| origin.clone()).unwrap_or_default(),
    }
}
