//! Why a call into a plugin did not give a result.

use std::fmt;

use jackfield_columns::Failure;

/// Who ran what: put into every fault, so that a message can name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// The pipeline's name.
    pub pipeline: String,
    /// The source, node or sink.
    pub stage: String,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub version: String,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin {}", self.plugin)?;
        if !self.version.is_empty() {
            write!(f, " {}", self.version)?;
        }
        if !self.stage.is_empty() {
            write!(f, " in stage {}", self.stage)?;
        }
        if !self.pipeline.is_empty() {
            write!(f, " of pipeline {}", self.pipeline)?;
        }
        Ok(())
    }
}

/// The kinds of fault: which rule was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The guest trapped: a panic, an illegal access, an exit.
    Trap,
    /// It trapped before its first call, in a start function or `_initialize`.
    Start,
    /// It kept handles that it was only lent beyond their call.
    KeptBorrow,
    /// The call took longer than `limits.call-timeout`.
    Timeout,
    /// The calls together took longer than `limits.instance-timeout`.
    InstanceTimeout,
    /// The call used up `limits.fuel-per-call`.
    Fuel,
    /// The calls together used up `limits.fuel-per-instance`.
    InstanceFuel,
    /// `limits.memory` was reached.
    Memory,
    /// One call copied more out of the guest than `limits.hostcall-fuel`.
    HostcallFuel,
    /// `limits.handles` was reached.
    Handles,
    /// `limits.resource-table` was reached.
    ResourceTable,
    /// `limits.open-files` was reached.
    OpenFiles,
    /// More memories, tables or instances than a plugin may have.
    Parts,
    /// The guest recursed too deep.
    Stack,
    /// More than `limits.written-bytes` were written.
    WrittenBytes,
    /// One answer had more than `limits.emitted-bytes`.
    EmittedBytes,
    /// One answer had more than `limits.emitted-rows`.
    EmittedRows,
    /// It gave more than `limits.expansion` times what it was given.
    Expansion,
    /// The plugin gave a result that does not fit what it had promised.
    Protocol,
    /// A defect of the host, caught before it could do harm.
    Host,
}

impl FaultKind {
    /// What the plugin's author can do about it.
    fn help(self) -> Option<&'static str> {
        Some(match self {
            Self::Start => {
                "look at what runs before main: constructors, static initialisers, `_initialize`, start functions; `jackfield plugin check` starts it too"
            }
            Self::KeptBorrow => {
                "drop every batch, column or chain that a call was lent before the call returns, and call `share` for what is to be kept; the SDKs do so unless a handle is leaked on purpose"
            }
            _ => return None,
        })
    }
}

/// The limit that was reached, and what to set to raise it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitHit {
    /// In words: `memory`, `fuel per call`.
    pub name: String,
    /// Its value, with the unit.
    pub value: String,
    /// The setting that holds it: `limits.memory`; empty where it is built in.
    pub setting: String,
}

/// The end of an instance: the store is gone, and a new one has to be opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Which rule was broken.
    pub kind: FaultKind,
    /// What happened, without naming the plugin.
    pub message: String,
    /// The limit, where one was reached.
    pub limit: Option<LimitHit>,
    /// The end of what the guest wrote to its standard error: a panic's text. Control characters are escaped.
    pub stderr: String,
    /// Frames of the guest, innermost first.
    pub backtrace: Vec<String>,
    /// Who ran what.
    pub label: Label,
}

impl Fault {
    /// What to do about it, where something can be done.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let Some(limit) = &self.limit else { return self.kind.help().map(str::to_owned) };
        if limit.setting.is_empty() {
            return Some("this limit is built in: the plugin has to do with less; tell its authors".to_owned());
        }
        Some(format!("raise `{}`, now {}, or give the plugin less to do", limit.setting, limit.value))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.label, self.message)?;
        if let Some(limit) = &self.limit {
            write!(f, " (limit: {} of {}", limit.name, limit.value)?;
            match limit.setting.is_empty() {
                true => f.write_str(", built in)")?,
                false => write!(f, ", set by {})", limit.setting)?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// A call that gave no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CallError {
    /// The plugin said no. It may be called again, except after a constructor or `bind`.
    #[error("{}", failures_text(.0))]
    Failures(Vec<Failure>),
    /// A trap, a limit or a breach of protocol: the store is gone.
    #[error("{0}")]
    Fault(Box<Fault>),
    /// The run was cancelled; the store is gone.
    #[error("cancelled")]
    Cancelled,
}

fn failures_text(failures: &[Failure]) -> String {
    let texts: Vec<&str> = failures.iter().map(|failure| failure.message.as_str()).collect();
    texts.join("; ")
}
