//! The files behind a source's `path`.

use std::path::{Path, PathBuf};

use crate::diagnose::{Class, Diagnosis, ProblemExt, problem};

/// Folders of partitions inside each other.
const DEEPEST: usize = 32;

/// Where the bytes of a source come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// Standard input.
    Stdin,
    /// A file, and its name as the user would write it.
    File { path: PathBuf, shown: String },
}

impl Input {
    pub(crate) fn shown(&self) -> &str {
        match self {
            Input::Stdin => "stdin",
            Input::File { shown, .. } => shown,
        }
    }
}

/// Files, globs and folders, each relative to `base`, as single files in byte order of their paths; and what is wrong:
/// missing files, globs without a match, patterns that are none.
pub(crate) fn resolve(base: &Path, patterns: &[String]) -> (Vec<Input>, Vec<Diagnosis>) {
    let mut inputs = Vec::new();
    let mut problems = Vec::new();
    for pattern in patterns {
        if pattern == "-" {
            inputs.push(Input::Stdin);
            continue;
        }
        let path = base.join(pattern);
        if path.is_dir() {
            match files_of(&path, pattern) {
                Ok(files) if files.is_empty() => problems.push(missing(format!("the folder {pattern} holds no files"))),
                Ok(files) => inputs.extend(files),
                Err(error) => problems.push(missing(format!("the folder {pattern} cannot be read: {error}"))),
            }
        } else if path.exists() || !pattern.contains(['*', '?', '[']) {
            match std::fs::File::open(&path) {
                Ok(_) => inputs.push(Input::File { path, shown: pattern.clone() }),
                Err(error) => problems.push(missing(format!("{pattern} cannot be read: {}", reason(&error)))),
            }
        } else {
            match expand(base, pattern) {
                Ok(files) if files.is_empty() => problems.push(missing(format!("no file matches {pattern}"))),
                Ok(files) => inputs.extend(files),
                Err(message) => problems.push(problem("invalid-glob", message).class(Class::Configuration)),
            }
        }
    }
    (inputs, problems)
}

/// An I/O error without the operating system's number.
pub(crate) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::StorageFull => "no space left on the disk".to_owned(),
        _ => error.to_string(),
    }
}

fn missing(message: String) -> Diagnosis {
    problem("file-not-found", message)
        .with_help("paths are relative to the pipeline file; check the name, or create the file first")
        .class(Class::Failed)
}

/// The files in a folder, and in those of its folders that are called `column=value`, as partitioned sinks write them.
fn files_of(folder: &Path, pattern: &str) -> std::io::Result<Vec<Input>> {
    let mut files = Vec::new();
    let mut open = vec![(folder.to_path_buf(), pattern.trim_end_matches('/').to_owned(), 0)];
    while let Some((folder, shown, depth)) = open.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let shown = format!("{shown}/{name}");
            let partition = name.split_once('=').is_some_and(|(column, _)| !column.is_empty());
            if entry.path().is_file() {
                files.push(Input::File { path: entry.path(), shown });
            } else if partition && depth < DEEPEST && entry.path().is_dir() {
                open.push((entry.path(), shown, depth + 1));
            }
        }
    }
    sort(&mut files);
    Ok(files)
}

fn expand(base: &Path, pattern: &str) -> Result<Vec<Input>, String> {
    // Only the pattern's own characters may be wild, not those of the folder it stands in.
    let absolute = Path::new(pattern).is_absolute();
    let full = if absolute {
        pattern.to_owned()
    } else {
        format!("{}/{pattern}", glob::Pattern::escape(&base.to_string_lossy()))
    };
    let options =
        glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
    let paths = glob::glob_with(&full, options).map_err(|error| format!("{pattern} is not a glob: {error}"))?;
    let mut files = Vec::new();
    for path in paths.flatten().filter(|path| path.is_file()) {
        let shown = if absolute { &path } else { path.strip_prefix(base).unwrap_or(&path) };
        files.push(Input::File { shown: shown.display().to_string(), path });
    }
    sort(&mut files);
    Ok(files)
}

fn sort(files: &mut [Input]) {
    files.sort_by(|a, b| a.shown().as_bytes().cmp(b.shown().as_bytes()));
}

/// The extensions of a file name, the last first: `a.csv.gz` gives `gz`, `csv`.
pub(crate) fn extensions(name: &str) -> impl Iterator<Item = &str> {
    let file = name.rsplit('/').next().unwrap_or(name);
    let mut parts: Vec<&str> = file.split('.').collect();
    // What stands before the first dot is the stem, even if it is empty.
    parts.remove(0);
    parts.into_iter().rev()
}
