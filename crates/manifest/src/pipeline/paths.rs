//! Checks that no file is written twice, or read and written.

use std::collections::HashMap;

use crate::document::Spot;
use crate::problem::Problem;
use crate::reader::Report;

/// A path that a stage names.
pub(super) struct File {
    pub(super) spot: Spot,
    pub(super) path: String,
    /// For messages: `sink \`out\``.
    pub(super) owner: String,
    pub(super) role: Use,
}

/// What a stage does with a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Read,
    Write,
    /// Several stages may share a file of dead letters: each line names its stage.
    DeadLetters,
}

/// Compares the paths as text, `.` and `..` resolved. Globs, folders and links are compared when files are looked up.
pub(super) fn check(files: &[File], report: &mut Report<'_>) {
    let mut seen: HashMap<String, Vec<&File>> = HashMap::new();
    for file in files {
        let others = seen.entry(plain(&file.path)).or_default();
        if let Some(other) = others.iter().find(|other| clash(other, file)) {
            report.add(file.spot, problem(other, file));
        }
        others.push(file);
    }
}

fn clash(a: &File, b: &File) -> bool {
    match (a.role, b.role) {
        // Standard input can be read once only; standard output is another thing than standard input.
        (Use::Read, Use::Read) => a.path == "-",
        (Use::Read, _) | (_, Use::Read) => a.path != "-",
        (Use::DeadLetters, Use::DeadLetters) => false,
        _ => true,
    }
}

fn problem(first: &File, second: &File) -> Problem {
    let File { path, owner, .. } = second;
    let other = &first.owner;
    let (message, help) = match (path.as_str(), first.role) {
        ("-", Use::Read) => {
            (format!("{owner} reads standard input, and so does {other}"), "read one of them from a file")
        }
        ("-", _) => (format!("{owner} writes to standard output, and so does {other}"), "give one of them a file"),
        (_, Use::Read) => (format!("{owner} would write to {path}, which {other} reads"), "give it another file"),
        _ => (format!("{owner} would write to {path}, and so does {other}"), "give it another file"),
    };
    Problem::error("duplicate-path", message).with_help(help)
}

/// The path without `.`, `..` and repeated slashes.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("{}{}", if path.starts_with('/') { "/" } else { "" }, parts.join("/"))
}
