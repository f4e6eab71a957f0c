//! What is wrong with a file, and where.

use std::fmt;

/// Whether a problem stops the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Nothing runs.
    Error,
    /// Worth saying, but no reason to stop.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// A place in a text file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file as the caller named it, or `--set` for a value from the command line.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// The offending line without its line ending.
    pub text: String,
    /// How many characters of the line are meant; at least 1.
    pub length: u32,
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable kebab-case code, as listed in `docs/`.
    pub code: String,
    /// Whether it stops the work.
    pub severity: Severity,
    /// Lower case, no full stop.
    pub message: String,
    /// Where, if there is a place.
    pub location: Option<Location>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// An error without a place and without help.
    pub fn error(code: &str, message: impl Into<String>) -> Self {
        Problem { code: code.into(), severity: Severity::Error, message: message.into(), location: None, help: None }
    }

    /// A warning without a place and without help.
    pub fn warning(code: &str, message: impl Into<String>) -> Self {
        Problem { severity: Severity::Warning, ..Problem::error(code, message) }
    }

    /// The same problem at a place.
    #[must_use]
    pub fn at(mut self, location: Option<Location>) -> Self {
        self.location = location;
        self
    }

    /// The same problem with a line that says what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The plain text form of a problem, without a final line break.
pub fn render(_problem: &Problem) -> String {
    todo!()
}
