//! Dead letters: rows that left by the error policy, as JSON Lines, each with its stage and reason.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jackfield_columns::Failure;
use serde_json::{Value, json};

use super::output::{make_folders, use_permissions, write_problem};
use crate::diagnose::Diagnosis;
use crate::plan::paths::reason;

/// The dead-letter files of a run. Several stages may use the same one.
#[derive(Debug)]
pub(crate) struct DeadLetters {
    folder: PathBuf,
    files: Mutex<BTreeMap<PathBuf, Letters>>,
}

#[derive(Debug)]
struct Letters {
    shown: String,
    writer: BufWriter<File>,
    /// The name until the end, and the final one; none for a device or a pipe, which is written as it is.
    temporary: Option<(tempfile::TempPath, PathBuf)>,
}

impl DeadLetters {
    pub(crate) fn new(folder: &Path) -> DeadLetters {
        DeadLetters { folder: folder.to_owned(), files: Mutex::new(BTreeMap::new()) }
    }

    /// Makes the file at `shown`, so that it is there even if no row ever goes to it.
    pub(crate) fn open(&self, shown: &str) -> Result<(), Diagnosis> {
        self.with(shown, |_| Ok(()))
    }

    /// Adds one letter.
    pub(crate) fn write(&self, shown: &str, letter: &Value) -> Result<(), Diagnosis> {
        self.with(shown, |writer| {
            serde_json::to_writer(&mut *writer, letter)?;
            writer.write_all(b"\n")
        })
    }

    fn with(
        &self,
        shown: &str,
        act: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
    ) -> Result<(), Diagnosis> {
        let path = self.folder.join(shown);
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let acted = (|| {
            if !files.contains_key(&path) {
                let (file, temporary) = create(&path)?;
                let letters = Letters { shown: shown.to_owned(), writer: BufWriter::new(file), temporary };
                files.insert(path.clone(), letters);
            }
            files.get_mut(&path).map_or(Ok(()), |letters| act(&mut letters.writer))
        })();
        acted.map_err(|error: std::io::Error| write_problem(shown, &reason(&error)))
    }

    /// Gives all files their names.
    pub(crate) fn finish(&self) -> Result<(), Diagnosis> {
        let files = std::mem::take(&mut *self.files.lock().unwrap_or_else(PoisonError::into_inner));
        for mut letters in files.into_values() {
            let failed = |error: &std::io::Error| write_problem(&letters.shown, &reason(error));
            letters.writer.flush().map_err(|error| failed(&error))?;
            if let Some((temporary, target)) = letters.temporary {
                temporary.persist(&target).map_err(|error| failed(&error.error))?;
            }
        }
        Ok(())
    }
}

/// A file for letters under a temporary name, and its own; a device or a pipe is opened as it is.
fn create(path: &Path) -> std::io::Result<(File, Option<(tempfile::TempPath, PathBuf)>)> {
    // A link stays a link: what it points to is replaced.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if std::fs::metadata(&target).is_ok_and(|meta| !meta.is_file()) {
        return Ok((std::fs::OpenOptions::new().write(true).open(&target)?, None));
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folders(folder)?;
    let file = tempfile::Builder::new().prefix(".jackfield-").suffix(".tmp").tempfile_in(folder)?;
    use_permissions(file.as_file(), &target)?;
    let (file, temporary) = file.into_parts();
    Ok((file, Some((temporary, target))))
}

/// The letter of a row that never became one.
pub(crate) fn bad_row_letter(stage: &str, file: &str, line: Option<u64>, reason: &Failure, raw: &[u8]) -> Value {
    json!({
        "stage": stage,
        "file": file,
        "line": line,
        "column": reason.column,
        "reason": reason.message,
        "raw": String::from_utf8_lossy(raw),
    })
}

/// The letter of a row that a node could not work on.
pub(crate) fn rejected_row_letter(stage: &str, reason: &str, row: Value) -> Value {
    json!({ "stage": stage, "reason": reason, "row": row })
}
