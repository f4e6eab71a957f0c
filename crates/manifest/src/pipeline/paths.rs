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
    let (a, b, path) = (&first.owner, &second.owner, &second.path);
    let (message, help) = match (first.role, second.role) {
        (Use::Read, Use::Read) => (
            format!("standard input is read by {a} and by {b}"),
            "let one of them read a file, or both share one source",
        ),
        (Use::Read, _) => (format!("{path} is read by {a} and written by {b}"), "write to another file"),
        (_, Use::Read) => (format!("{path} is written by {a} and read by {b}"), "write to another file"),
        _ if path == "-" => (format!("{a} and {b} both write to standard output"), "let one of them write to a file"),
        _ => (format!("{path} is written by {a} and by {b}"), "write to another file"),
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
