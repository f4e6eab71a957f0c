//! Why a plugin could not be built.

use std::io;
use std::path::Path;

use jackfield_manifest::Problem;

/// Why a plugin could not be built, or a project not be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The manifest, the sources or the request are wrong. Everything at once.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Configuration(Vec<Problem>),
    /// A tool is missing, or the machine is in the way.
    #[error("{0}")]
    Machine(Box<Problem>),
    /// A compiler said no, in its own words, which it has already written to stderr.
    #[error("{0}")]
    Compiler(Box<Problem>),
}

impl BuildError {
    pub(crate) fn wrong(problem: Problem) -> BuildError {
        BuildError::Configuration(vec![problem])
    }

    pub(crate) fn machine(problem: Problem) -> BuildError {
        BuildError::Machine(Box::new(problem))
    }

    /// What to show, one after the other.
    pub fn problems(&self) -> &[Problem] {
        match self {
            BuildError::Configuration(problems) => problems,
            BuildError::Machine(problem) | BuildError::Compiler(problem) => std::slice::from_ref(problem),
        }
    }
}

/// A file or folder that cannot be written or read.
pub(crate) fn file_problem(doing: &str, path: &Path, error: &io::Error) -> BuildError {
    let shown = path.display();
    let (code, help) = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ("folder-not-writable", Some("make the folder writable, or copy the project to a place that is".to_owned()))
        }
        io::ErrorKind::StorageFull => ("disk-full", Some("make room on the disk".to_owned())),
        _ => ("file-not-accessible", None),
    };
    let mut problem = Problem::error(code, format!("cannot {doing} {shown}: {error}"));
    problem.help = help;
    BuildError::machine(problem)
}

/// Writes a file with its folders.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| file_problem("create the folder", folder, &error))?;
    }
    std::fs::write(path, bytes).map_err(|error| file_problem("write", path, &error))
}

/// Writes a file only if it would change, so that compilers that look at times have nothing to do.
pub(crate) fn write_changed(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    if std::fs::read(path).is_ok_and(|old| old == bytes) { Ok(()) } else { write(path, bytes) }
}
