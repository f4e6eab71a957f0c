//! Files that appear when they are complete.

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::diagnose::{Class, Diagnosis, ProblemExt, problem};
use crate::plan::layout::Layout;
use crate::plan::paths::reason;

/// The outputs of a run, under temporary names until the run has succeeded.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    pending: Mutex<Vec<Pending>>,
    /// Sinks of several files whose earlier files go once these are there.
    sweeps: Mutex<Vec<Layout>>,
    stdout_closed: AtomicBool,
}

#[derive(Debug)]
struct Pending {
    temporary: tempfile::TempPath,
    target: PathBuf,
    shown: String,
    made_folders: Vec<PathBuf>,
}

impl Outputs {
    /// A file to write what shall be at `target`, with what is there already if `append`; and how many bytes that is.
    pub(crate) fn create(&self, target: &Path, shown: &str, append: bool) -> Result<(File, u64), Diagnosis> {
        let failed = |what: &str, error: &std::io::Error| write_problem(shown, &format!("{what}: {}", reason(error)));
        // A link stays a link: what it points to is replaced.
        let target = std::fs::canonicalize(target).unwrap_or_else(|_| target.to_path_buf());
        // A pipe or a device cannot be replaced by a file: it is written as it is.
        if std::fs::metadata(&target).is_ok_and(|meta| !meta.is_file()) {
            let file = std::fs::OpenOptions::new().write(true).open(&target);
            return file.map(|file| (file, 0)).map_err(|error| failed("it cannot be opened", &error));
        }
        let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let made_folders = make_folders(folder).map_err(|error| failed("its folder cannot be made", &error))?;
        let temporary = tempfile::Builder::new().prefix(".jackfield-").suffix(".tmp").tempfile_in(folder);
        let (mut file, temporary) = match temporary {
            Ok(temporary) => temporary.into_parts(),
            Err(error) => {
                remove_folders(&made_folders);
                return Err(failed("it cannot be made", &error));
            }
        };
        let mut position = 0;
        let copied = (|| {
            use_permissions(&file, &target)?;
            if append && let Ok(mut old) = File::open(&target) {
                position = std::io::copy(&mut old, &mut file)?;
            }
            Ok::<_, std::io::Error>(())
        })();
        let pending = Pending { temporary, target, shown: shown.to_owned(), made_folders };
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).push(pending);
        copied.map_err(|error| failed("what is there cannot be copied", &error))?;
        Ok((file, position))
    }

    /// What an earlier run has written for such a sink goes when this run's files are there.
    pub(crate) fn sweep(&self, layout: &Layout) {
        if !layout.append {
            self.sweeps.lock().unwrap_or_else(PoisonError::into_inner).push(layout.clone());
        }
    }

    /// Moves all files to their names; what goes wrong, if anything.
    pub(crate) fn publish(&self) -> Vec<Diagnosis> {
        let pending = std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        let mut problems = Vec::new();
        let mut written = HashSet::with_capacity(pending.len());
        let mut left = Vec::new();
        for output in pending {
            if !problems.is_empty() {
                left.push(output);
                continue;
            }
            let Pending { temporary, target, shown, made_folders } = output;
            match temporary.persist(&target) {
                Ok(()) => drop(written.insert(target)),
                Err(error) => {
                    problems.push(write_problem(&shown, &reason(&error.error)));
                    left.push(Pending { temporary: error.path, target, shown, made_folders });
                }
            }
        }
        remove(left);
        if problems.is_empty() {
            for layout in std::mem::take(&mut *self.sweeps.lock().unwrap_or_else(PoisonError::into_inner)) {
                if let Err((file, error)) = layout.sweep(&written) {
                    let message = format!(
                        "{} of an earlier run cannot be removed: {}; it lies beside the new files",
                        file.display(),
                        reason(&error)
                    );
                    problems.push(problem("cannot-write", message).class(Class::Failed));
                }
            }
        }
        problems
    }

    /// Removes all that was written, and the folders that were made for it.
    pub(crate) fn discard(&self) {
        remove(std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner)));
    }

    /// The reader of standard output has gone.
    pub(crate) fn close_stdout(&self) {
        self.stdout_closed.store(true, Ordering::Release);
    }

    pub(crate) fn stdout_closed(&self) -> bool {
        self.stdout_closed.load(Ordering::Acquire)
    }
}

/// Removes files that were written, then the folders that were made for them: first those that were made last.
fn remove(outputs: Vec<Pending>) {
    let folders: Vec<Vec<PathBuf>> = outputs.into_iter().map(|output| output.made_folders).collect();
    folders.iter().rev().for_each(|made| remove_folders(made));
}

/// That a file could not be written.
pub(crate) fn write_problem(shown: &str, why: &str) -> Diagnosis {
    problem("cannot-write", format!("{shown} cannot be written: {why}")).class(Class::Failed)
}

/// Temporary files are private; an output has the permissions of what it replaces, or those of any new file.
pub(crate) fn use_permissions(file: &File, target: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = match std::fs::metadata(target) {
        Ok(old) => old.permissions(),
        Err(_) => std::fs::Permissions::from_mode(0o666 & !umask()),
    };
    file.set_permissions(permissions)
}

/// The process's file mode creation mask, which can only be read without changing it from /proc.
fn umask() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    line.and_then(|text| u32::from_str_radix(text.trim(), 8).ok()).unwrap_or(0o022)
}

/// Makes a folder and those above it; gives those that were not there, the deepest first.
pub(crate) fn make_folders(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let missing: Vec<PathBuf> =
        folder.ancestors().take_while(|f| !f.as_os_str().is_empty() && !f.exists()).map(Path::to_path_buf).collect();
    std::fs::create_dir_all(folder)?;
    Ok(missing)
}

/// Removes folders that are empty; others are somebody else's by now.
fn remove_folders(folders: &[PathBuf]) {
    for folder in folders {
        if std::fs::remove_dir(folder).is_err() {
            return;
        }
    }
}
