//! What went wrong, for a person and for a policy: the mirror of the WIT record `failure`.

use std::fmt;

/// The sort of a failure: what a policy may do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The data is wrong; the row may be skipped or dead-lettered.
    InvalidInput,
    /// Parameters, options or configuration are wrong; retrying will not help.
    InvalidConfig,
    /// A permission said no.
    Denied,
    /// A limit said no.
    Limit,
    /// Something outside is not there now; retrying may help.
    Unavailable,
    /// The work was cancelled.
    Cancelled,
    /// A defect in the plugin or the host.
    Internal,
    /// Any kind added later.
    Other,
}

/// One failure, as plugins and the host exchange it.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What a policy may do about it.
    pub kind: FailureKind,
    /// Stable, for programs: `unknown-column`, `integer-overflow`, or the plugin's own.
    pub code: String,
    /// For people: lower case, no full stop.
    pub message: String,
    /// Row of the input of the very call that failed, from 0.
    pub row: Option<u64>,
    /// Name of the column that it is about.
    pub column: Option<String>,
    /// JSON pointer into the parameters or options.
    pub parameter: Option<String>,
    /// Byte offset into the text found at `parameter`, or into the expression's text.
    pub offset: Option<u32>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Failure {
    fn new(kind: FailureKind, code: &str, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: code.to_owned(),
            message: message.into(),
            row: None,
            column: None,
            parameter: None,
            offset: None,
            help: None,
        }
    }

    /// The data is wrong.
    pub fn invalid_input(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::InvalidInput, code, message)
    }

    /// Parameters, options or an expression are wrong.
    pub fn invalid_config(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::InvalidConfig, code, message)
    }

    /// A limit said no.
    pub fn limit(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Limit, code, message)
    }

    /// A defect.
    pub fn internal(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Internal, code, message)
    }

    /// Something outside is not there now.
    pub fn unavailable(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Unavailable, code, message)
    }

    /// Names the row, from 0, of the call's input.
    pub fn with_row(mut self, row: u64) -> Self {
        self.row = Some(row);
        self
    }

    /// Names the column.
    pub fn with_column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// Names the parameter, as a JSON pointer.
    pub fn with_parameter(mut self, parameter: impl Into<String>) -> Self {
        self.parameter = Some(parameter.into());
        self
    }

    /// Gives the byte offset into the parameter's or expression's text.
    pub fn with_offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Says what to do.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
