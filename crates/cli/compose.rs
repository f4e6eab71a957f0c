//! Makes the sources and the sink of a pipeline from the command line, as `convert`, `pipe` and `peek` need them.

pub(crate) mod values;

use jackfield_runtime::Registry;
use jackfield_runtime::registry::Unknown;
use serde_json::Value as Json;

use crate::args::daily::{InputArguments, OnError, OutputArguments, RunningArguments, word};
use crate::composed::{Composed, Origin, Value};

/// What becomes of bad rows of every stage, where the command line says it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy {
    on_error: Option<OnError>,
    dead_letter: Option<String>,
}

impl Policy {
    pub(crate) fn of(running: &RunningArguments) -> Policy {
        Policy { on_error: running.on_error, dead_letter: running.dead_letter.clone() }
    }

    /// Leaves bad rows out, or stops at the first.
    pub(crate) fn skip(skip: bool) -> Policy {
        Policy { on_error: skip.then_some(OnError::Skip), dead_letter: None }
    }

    /// Writes `on-error`, unless it is as it would be without.
    pub(crate) fn write(&self, out: &mut Composed) {
        if let Some(path) = &self.dead_letter {
            let origin = out.typed(Some("--dead-letter"), path);
            let entry = ("dead-letter".to_owned(), origin.clone(), Value::Text(path.clone(), origin));
            out.entry("on-error", &Value::Table(vec![entry]));
        } else if self.on_error == Some(OnError::Skip) {
            out.raw("on-error = \"skip\"\n");
        }
    }
}

/// Writes `[source.NAME]`.
pub(crate) fn source(
    out: &mut Composed,
    registry: &Registry,
    name: &str,
    paths: &[String],
    input: &InputArguments,
    policy: &Policy,
) {
    out.raw(&format!("[source.{name}]\n"));
    out_paths(out, paths);
    for (key, said) in [("format", &input.from), ("codec", &input.from_codec)] {
        if let Some(said) = said {
            let origin = out.typed(Some(if key == "format" { "--from" } else { "--from-codec" }), said);
            out.text_entry(key, said, origin);
        }
    }
    let first = paths.first().map_or("", String::as_str);
    options(out, registry, "--option", &input.options, (input.from.as_deref(), first));
    let schema: Vec<(String, Origin, Value)> = input
        .schema
        .iter()
        .map(|(column, kind)| {
            let typed = format!("{column}={kind}");
            let origin = out.typed(Some("--schema"), &typed);
            let value = Value::Text(kind.clone(), origin.part(column.len() + 1..typed.len()));
            (column.clone(), origin.part(0..column.len()), value)
        })
        .collect();
    if let Some(column) = &input.file_name_column {
        let origin = out.typed(Some("--file-name-column"), column);
        out.text_entry("file-name-column", column, origin);
    }
    if let Some(drift) = input.schema_drift {
        out.raw(&format!("schema-drift = \"{}\"\n", word(drift)));
    }
    policy.write(out);
    out.table(&format!("source.{name}"), "schema", &schema);
}

/// `path = …`.
fn out_paths(out: &mut Composed, paths: &[String]) {
    let mut values: Vec<Value> = paths
        .iter()
        .map(|path| {
            let origin = out.typed(None, path);
            Value::Text(path.clone(), origin)
        })
        .collect();
    let value = match (values.pop(), values.is_empty()) {
        (Some(only), true) => only,
        (last, _) => Value::List(values.into_iter().chain(last).collect()),
    };
    out.entry("path", &value);
}

/// Writes `[sink.out]`, which reads from the stage `from`.
pub(crate) fn sink(
    out: &mut Composed,
    registry: &Registry,
    from: &str,
    path: &str,
    output: &OutputArguments,
    text_format: Option<&str>,
) {
    out.raw(&format!("\n[sink.out]\ninput = \"{from}\"\n"));
    let origin = out.typed(None, path);
    out.text_entry("path", path, origin);
    let format = output.to.as_deref().or(text_format.filter(|_| path == "-"));
    if let Some(format) = format {
        let origin = out.typed(Some("--to"), format);
        out.text_entry("format", format, origin);
    }
    if let Some(codec) = &output.to_codec {
        let origin = out.typed(Some("--to-codec"), codec);
        out.text_entry("codec", codec, origin);
    }
    if let Some(what) = output.if_exists {
        out.raw(&format!("if-exists = \"{}\"\n", word(what)));
    }
    if let Some(columns) = &output.partition_by {
        let origin = out.typed(Some("--partition-by"), columns);
        out.entry("partition-by", &names(columns, &origin));
    }
    if let Some(size) = &output.split_size {
        let origin = out.typed(Some("--split-size"), size);
        out.text_entry("split-size", size, origin);
    }
    options(out, registry, "--to-option", &output.to_options, (format, path));
}

/// A list of column names as it was typed.
pub(crate) fn names(text: &str, origin: &Origin) -> Value {
    let schema = serde_json::json!({ "type": "array", "items": { "type": "string" }, "ui": "columns" });
    values::read(text, origin, &schema)
}

/// Writes `options` and `codec-options` of a stage, each value of the kind that the format's manifest asks for. `of` is
/// the format that was asked for and the file's name.
fn options(
    out: &mut Composed,
    registry: &Registry,
    flag: &str,
    options: &[(String, String)],
    of: (Option<&str>, &str),
) {
    let (format, codec) = (format_options(registry, of), codec_options(registry, of.1));
    let mut of_format = Vec::new();
    let mut of_codec = Vec::new();
    for (key, text) in options {
        let origin = out.typed(Some(flag), &format!("{key}={text}"));
        let (start, length) = (key.len() + 1, key.len() + 1 + text.len());
        let (schema, entries, name) = match key.strip_prefix("codec.") {
            Some(name) => (&codec, &mut of_codec, name),
            None => (&format, &mut of_format, key.as_str()),
        };
        let value = origin.part(start..length);
        let value = match schema.as_ref().and_then(|schema| schema.get("properties")?.get(name)) {
            Some(schema) => values::read(&spelled_out(text), &value, schema),
            None => values::read(text, &value, &Json::Null),
        };
        entries.push((name.to_owned(), origin.part(0..key.len()), value));
    }
    inline(out, "options", of_format);
    inline(out, "codec-options", of_codec);
}

/// Options stand on one line, so that what follows them still belongs to the stage.
fn inline(out: &mut Composed, key: &str, entries: Vec<(String, Origin, Value)>) {
    if !entries.is_empty() {
        out.entry(key, &Value::Table(entries));
    }
}

/// A text that is nothing but escapes, as shells make it hard to type a tab.
fn spelled_out(text: &str) -> String {
    match text {
        "\\t" | "\\n" | "\\r\\n" => text.replace("\\t", "\t").replace("\\n", "\n").replace("\\r", "\r"),
        _ => text.to_owned(),
    }
}

fn format_options(registry: &Registry, (asked, path): (Option<&str>, &str)) -> Option<Json> {
    let format = asked.or_else(|| format_by_name(registry, path))?;
    let found: Result<_, Unknown> = registry.format(format);
    found.ok()?.1.options.clone()
}

fn codec_options(registry: &Registry, path: &str) -> Option<Json> {
    let codec = extensions(path).next().and_then(|extension| registry.codec_by_extension(extension))?;
    registry.codec(codec).ok()?.1.options.clone()
}

/// The format that a file's name tells.
pub(crate) fn format_by_name<'r>(registry: &'r Registry, path: &str) -> Option<&'r str> {
    extensions(path).find_map(|extension| registry.format_by_extension(extension))
}

/// The extensions of a file name, the last first.
fn extensions(path: &str) -> impl Iterator<Item = &str> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.split('.').next().map_or(0, str::len);
    file.get(stem..).unwrap_or_default().rsplit('.').filter(|extension| !extension.is_empty())
}

/// What is written to stdout where nobody says a format: the input's, if that is text with lines, else JSON Lines.
pub(crate) fn text_format(registry: &Registry, input: &InputArguments, path: &str) -> String {
    let format = input.from.as_deref().or_else(|| format_by_name(registry, path));
    match format {
        Some(format @ ("csv" | "tsv" | "jsonl")) => format.to_owned(),
        _ => "jsonl".to_owned(),
    }
}
