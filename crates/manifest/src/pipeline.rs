//! `pipeline.toml`.

use indexmap::IndexMap;

use crate::document::Document;
use crate::limits::{LimitSettings, PluginSettings};
use crate::names::{PortRef, StageName, TypeRef};
use crate::problem::Problem;
use crate::set::SetOption;
use crate::units::Bytes;
use crate::value::Table;

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
    /// The node's input port: `None` for `input = "…"`, the key of `inputs = { … }`, `in.0`, `in.1`, … for `inputs = […]`.
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

/// Reads `pipeline.toml`. Everything wrong is in the list; the pipeline holds what could be read.
pub fn parse_pipeline(
    _file: &str,
    _text: &str,
    _sets: &[SetOption],
    _env: &dyn Fn(&str) -> Option<String>,
) -> (Option<Pipeline>, Vec<Problem>) {
    todo!()
}
