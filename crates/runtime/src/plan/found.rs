//! What planning found out about the sources, for those who want to show it.

use arrow::datatypes::SchemaRef;
use jackfield_columns::{HELP_KEY, NOTE_KEY};

use super::paths::Input;
use super::{Body, Plan};

/// Why a file is taken to be of a format or codec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The pipeline says so.
    Asked,
    /// The file's name says so.
    Name,
    /// The content says so; in the plugin's words, if it has any.
    Content(String),
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Why::Asked => f.write_str("as asked"),
            Why::Name => f.write_str("by its name"),
            Why::Content(reason) if reason.is_empty() => f.write_str("by its content"),
            Why::Content(reason) => write!(f, "by its content: {reason}"),
        }
    }
}

/// A source of a plan.
#[derive(Debug, Clone)]
pub struct SourceInfo {
    /// Its name in the pipeline.
    pub name: String,
    /// The format that it is read as.
    pub format: String,
    /// Why that one.
    pub format_why: Why,
    /// Its files, in the order in which they are read.
    pub files: Vec<FileInfo>,
    /// The columns of its rows, with that of file names if there is one.
    pub schema: SchemaRef,
    /// What the reader noted about columns that are not what one would expect.
    pub notes: Vec<ColumnNote>,
}

/// What a reader says about a column, such as the value that makes it text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnNote {
    /// The column.
    pub column: String,
    /// What is odd.
    pub note: String,
    /// What would help, if there is anything.
    pub help: Option<String>,
}

impl ColumnNote {
    /// Those of a schema as its reader gave it.
    pub(super) fn all(schema: &SchemaRef) -> Vec<ColumnNote> {
        let fields = schema.fields().iter();
        fields
            .filter_map(|field| {
                let note = field.metadata().get(NOTE_KEY)?.clone();
                let help = field.metadata().get(HELP_KEY).cloned();
                Some(ColumnNote { column: field.name().clone(), note, help })
            })
            .collect()
    }
}

/// A file of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// Its name as the user would write it; `None`: standard input.
    pub name: Option<String>,
    /// Its size, where it is known.
    pub bytes: Option<u64>,
    /// The codec that it is decompressed with, and why that one.
    pub codec: Option<(String, Why)>,
}

impl Plan {
    /// The sources, with what was found out about their files.
    pub fn sources(&self) -> Vec<SourceInfo> {
        let stages = self.stages.iter();
        stages
            .filter_map(|stage| {
                let Body::Source(source) = &stage.body else { return None };
                let files = source.files.iter().map(|file| FileInfo {
                    name: match &file.input {
                        Input::Stdin => None,
                        Input::File { shown, .. } => Some(shown.clone()),
                    },
                    bytes: super::source::size(&file.input),
                    codec: file.codec.as_ref().map(|choice| (choice.codec.clone(), file.codec_why.clone())),
                });
                Some(SourceInfo {
                    name: stage.name.clone(),
                    format: source.format.clone(),
                    format_why: source.format_why.clone(),
                    files: files.collect(),
                    schema: stage.outputs.first()?.schema.clone()?,
                    notes: source.notes.clone(),
                })
            })
            .collect()
    }
}
