//! `pipeline.toml`.

mod graph;
mod paths;
mod stages;

use indexmap::IndexMap;

use crate::document::Document;
use crate::limits::{LimitSettings, PluginSettings};
use crate::names::{PortRef, StageName, TypeRef};
use crate::problem::Problem;
use crate::reader::{Report, Section};
use crate::set::{self, SetOption};
use crate::units::Bytes;
use crate::value::Table;
use crate::variables::{self, Unreplaced};

/// A pipeline as its file tells it, before anything is looked up.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// The text, to find places in.
    pub document: Document,
    /// `name`, else the file's name without folder and ending.
    pub name: String,
    /// `batch-rows`: rows of a batch that readers aim at.
    pub batch_rows: Option<u32>,
    /// `deterministic`: `now()` is 1970-01-01.
    pub deterministic: bool,
    /// In the order of the file.
    pub sources: Vec<Source>,
    /// In the order of the file.
    pub nodes: Vec<Node>,
    /// In the order of the file.
    pub sinks: Vec<Sink>,
    /// `[limits]`.
    pub limits: LimitSettings,
    /// `[plugin.NAME]`.
    pub plugins: IndexMap<String, PluginSettings>,
}

/// `[source.NAME]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The key behind `source.`.
    pub name: StageName,
    /// `path`: files, globs, folders, or `-`; at least one unless a problem says otherwise.
    pub paths: Vec<String>,
    /// `format`.
    pub format: Option<String>,
    /// `codec`; `none` switches it off.
    pub codec: Option<String>,
    /// `options` of the format.
    pub options: Table,
    /// `codec-options`.
    pub codec_options: Table,
    /// `schema`: column to type text, not parsed here.
    pub schema: IndexMap<String, String>,
    /// `on-error`.
    pub on_error: OnError,
    /// `file-name-column`: a column to add that holds the file of each row.
    pub file_name_column: Option<String>,
    /// `schema-drift`.
    pub schema_drift: SchemaDrift,
}

/// `[node.NAME]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The key behind `node.`.
    pub name: StageName,
    /// `type`.
    pub node_type: TypeRef,
    /// `input` or `inputs`.
    pub inputs: Vec<Input>,
    /// `params`.
    pub params: Table,
    /// `on-error`.
    pub on_error: OnError,
}

/// One edge into a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The node's input port: `None` for `input = "…"`, the key of `inputs = { … }`, `in.0`, `in.1`, … for `inputs =
    /// […]`.
    pub port: Option<String>,
    /// Where the rows come from.
    pub from: PortRef,
    /// The path of the reference in the document, for [`Document::locate`].
    pub path: Vec<String>,
}

/// `[sink.NAME]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sink {
    /// The key behind `sink.`.
    pub name: StageName,
    /// `input`.
    pub input: PortRef,
    /// `path`, or `-`.
    pub path: String,
    /// `format`.
    pub format: Option<String>,
    /// `codec`; `none` switches it off.
    pub codec: Option<String>,
    /// `options` of the format.
    pub options: Table,
    /// `codec-options`.
    pub codec_options: Table,
    /// `if-exists`.
    pub if_exists: IfExists,
    /// `columns`: those to keep, in this order.
    pub columns: Option<Vec<String>>,
    /// `partition-by`: columns whose values name folders; empty if not given.
    pub partition_by: Vec<String>,
    /// `split-size`: a new file beyond so many bytes.
    pub split_size: Option<Bytes>,
}

/// What becomes of a bad row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// The run fails.
    #[default]
    Stop,
    /// The row is left out and counted.
    Skip,
    /// The row goes to this file, with the reason.
    DeadLetter(String),
}

/// What a sink does with a file that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfExists {
    /// Puts the new file in its place.
    #[default]
    Replace,
    /// Refuses to run.
    Fail,
    /// Adds to it, in formats that can.
    Append,
}

/// What happens when the files of one source differ in their columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SchemaDrift {
    /// The run fails.
    #[default]
    Fail,
    /// All columns of all files; missing values are null.
    Union,
    /// Values are cast to the first file's types.
    Cast,
}

/// Rows of a batch at most, as the interfaces allow.
const MOST_ROWS: i64 = (1 << 31) - 1;

/// Reads `pipeline.toml`. `file` names it in messages; `sets` are put over it, in order; `env` looks up the variables
/// of `${VAR}`.
///
/// Everything wrong is in the list, in the order of the file; the pipeline holds what could be read. A stage without
/// what every stage needs (a name, a node's `type`, a sink's `path` and `input`) is not in it, nor are references to
/// stages that are not there, so whoever goes on with such a pipeline must not report them a second time. Without a
/// pipeline, the text was not TOML.
pub fn parse_pipeline(
    file: &str,
    text: &str,
    sets: &[SetOption],
    env: &dyn Fn(&str) -> Option<String>,
) -> (Option<Pipeline>, Vec<Problem>) {
    let (document, mut problems) = Document::parse(file, text);
    let Some(mut document) = document else { return (None, problems) };
    problems.extend(set::apply(&mut document, sets));
    let mut unreplaced = Vec::new();
    variables::replace(&mut document.root, env, &mut unreplaced);

    let mut report = Report::new(&document, problems);
    for Unreplaced { spot, inside, problem } in unreplaced {
        report.add(document.narrow(spot, inside), problem);
    }
    let mut top = Section::top("the pipeline", &document);
    let name = top.text("name", &mut report).map(|name| name.value);
    let batch_rows = top.integer("batch-rows", 1, MOST_ROWS, &mut report).and_then(|rows| u32::try_from(rows).ok());
    let deterministic = top.boolean("deterministic", &mut report).unwrap_or_default();
    let read = stages::read(&mut top, &mut report);
    let limits = top.section("limits", &mut report).map(|section| LimitSettings::read(section, &mut report));
    let plugins = PluginSettings::read_all(&mut top, &mut report);
    top.finish(&mut report);
    let stages::Stages { sources, nodes, sinks, names, edges, files } = read;
    graph::check(&names, &edges, &mut report);
    paths::check(&files, &mut report);
    if !names.has_sinks {
        report.add_nowhere(
            Problem::error("no-sink", "the pipeline has no sink, so nothing would come out of it")
                .with_help("add a [sink.NAME] with `input` and `path`"),
        );
    }
    let problems = report.finish();
    let (name, limits) = (name.unwrap_or_else(|| stem(file)), limits.unwrap_or_default());
    (Some(Pipeline { document, name, batch_rows, deterministic, sources, nodes, sinks, limits, plugins }), problems)
}

/// A file's name without folder and ending.
fn stem(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem.into(),
        _ if name.is_empty() || name == "-" => "pipeline".into(),
        _ => name.into(),
    }
}
