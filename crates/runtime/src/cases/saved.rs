//! Rows that something went wrong with, as a case that can be run again: a folder with `case.toml` and the rows of each
//! port in Arrow's format, so that no value changes on the way.

use std::io::Write;
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use jackfield_columns::{Batch, Unmetered, to_ipc};
use jackfield_manifest::{Table, Value, to_toml, toml_key};

use super::bless::schema_of;

/// Saved failures that are kept in a folder; the oldest go first.
pub const MOST_KEPT: usize = 50;

/// Bytes of the rows of one saved failure at most; what is larger is not saved.
pub const MOST_BYTES: u64 = 64 << 20;

/// What a case made of saved rows expects.
#[derive(Debug, Clone, PartialEq)]
pub enum Expectation {
    /// Any answer but a crash, a limit or a broken promise.
    Survives,
    /// These rows leave by the error policy, each with its reason.
    Rejected(Vec<String>),
}

/// A case to be written.
#[derive(Debug, Clone)]
pub struct Saved {
    /// The node type, or `format:ID`, or `codec:ID`.
    pub subject: String,
    /// Its parameters.
    pub params: Table,
    /// The plugin's configuration.
    pub config: Table,
    /// The limits that were set.
    pub limits: Table,
    /// The rows of each port.
    pub inputs: Vec<SavedInput>,
    /// What happened, in a line.
    pub about: Option<String>,
    /// The rows are those of one call in the midst of a run.
    pub is_one_call: bool,
    /// What the case expects.
    pub expectation: Expectation,
}

/// The rows of one port.
#[derive(Debug, Clone)]
pub struct SavedInput {
    /// The port.
    pub port: String,
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows.
    pub batches: Vec<Batch>,
}

impl Saved {
    /// The text of the case, and the files that it names; `stem` begins their names.
    ///
    /// # Errors
    /// The rows are too many, or cannot be read.
    pub fn files(&self, name: &str, stem: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
        let text = |text: &str| to_toml(&Value::Text { text: text.to_owned(), loose: false });
        let mut files = Vec::new();
        let mut case = String::new();
        if let Some(about) = &self.about {
            let line: String = about.chars().filter(|c| !jackfield_manifest::steers(*c)).collect();
            case.push_str(&format!("# {line}\n"));
        }
        // What random rows have broken is whole.
        if self.is_one_call {
            case.push_str("# These are the rows of one call: what a node kept of rows before is not in them.\n");
        }
        case.push_str(&format!("[[case]]\nname = {}\ntype = {}\n", text(name), text(&self.subject)));
        for (key, table) in [("params", &self.params), ("config", &self.config), ("limits", &self.limits)] {
            if !table.is_empty() {
                case.push_str(&format!("{key} = {}\n", to_toml(&Value::Table(table.clone()))));
            }
        }
        for SavedInput { port, schema, batches } in &self.inputs {
            let key = toml_key(port);
            let bytes: u64 = batches.iter().map(Batch::bytes).sum();
            if bytes > MOST_BYTES {
                return Err(format!("its rows have {bytes} bytes, more than the {MOST_BYTES} that are saved"));
            }
            if batches.iter().all(|batch| batch.rows() == 0) {
                case.push_str(&format!("schema.{key} = {}\n", schema_of(schema)));
                case.push_str(&format!("input.{key} = []\n"));
                continue;
            }
            let file = format!("{stem}.{}.arrow", port.replace(['.', '/'], "-"));
            let ipc = to_ipc(batches, &mut Unmetered).map_err(|failure| failure.message)?;
            case.push_str(&format!("input.{key} = {}\n", text(&file)));
            files.push((file, ipc));
        }
        match &self.expectation {
            Expectation::Survives => case.push_str("survives = true\n"),
            Expectation::Rejected(reasons) => {
                let entries = reasons.iter().map(|reason| format!("  {{ reason = {} }},\n", text(reason)));
                case.push_str(&format!("rejected = [\n{}]\n", entries.collect::<String>()));
            }
        }
        files.insert(0, (format!("{stem}.toml"), case.into_bytes()));
        Ok(files)
    }

    /// Writes the case into a folder, each file in one step; gives the name of the file with the case.
    ///
    /// # Errors
    /// In words.
    pub fn write(&self, folder: &Path, name: &str, stem: &str) -> Result<PathBuf, String> {
        self.write_by(folder, name, stem, write_whole)
    }

    /// The same with files that only the user can read: they hold rows of somebody's data.
    pub(crate) fn write_private(&self, folder: &Path, name: &str, stem: &str) -> Result<PathBuf, String> {
        self.write_by(folder, name, stem, |path, bytes| put(path, bytes, false))
    }

    fn write_by(
        &self,
        folder: &Path,
        name: &str,
        stem: &str,
        write: fn(&Path, &[u8]) -> Result<(), String>,
    ) -> Result<PathBuf, String> {
        let files = self.files(name, stem)?;
        std::fs::create_dir_all(folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
        // The case comes last: whoever sees it finds what it names.
        for (file, bytes) in files.iter().rev() {
            write(&folder.join(file), bytes)?;
        }
        Ok(folder.join(format!("{stem}.toml")))
    }
}

/// Writes bytes to a file that appears when it is complete.
///
/// # Errors
/// In words.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), String> {
    put(path, bytes, true)
}

fn put(path: &Path, bytes: &[u8], open: bool) -> Result<(), String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = (|| {
        let mut file = tempfile::Builder::new().prefix(".jackfield-").suffix(".tmp").tempfile_in(folder)?;
        file.write_all(bytes)?;
        if open {
            crate::exec::use_permissions(file.as_file(), path)?;
        }
        file.persist(path).map_err(|error| error.error)?;
        Ok::<(), std::io::Error>(())
    })();
    written.map_err(|error| format!("{} cannot be written: {error}", path.display()))
}
