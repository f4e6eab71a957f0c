//! Problems and what they mean for the exit code.

use jackfield_columns::{Failure, FailureKind};
use jackfield_host::{CallError, FaultKind};
use jackfield_manifest::{Document, Location, Problem, Severity};

use crate::discover::{InstalledPlugin, Rank};

/// What a problem means for the caller; the order is the order of precedence when several hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The pipeline, a manifest or the configuration is wrong; nothing was run.
    Configuration,
    /// A permission is missing.
    Denied,
    /// Data, a plugin or the outside world failed.
    Failed,
    /// A limit was reached.
    Limit,
    /// Somebody stopped the run.
    Cancelled,
}

/// A problem together with its class.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// What the user reads.
    pub problem: Problem,
    /// What it means.
    pub class: Class,
}

/// Why something did not work: one or more problems.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// At least one; in the order of the file where they have a place in it.
    pub diagnoses: Vec<Diagnosis>,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, diagnosis) in self.diagnoses.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", jackfield_manifest::render(&diagnosis.problem))?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}

impl Report {
    /// The class that decides about the exit code.
    pub fn class(&self) -> Class {
        self.diagnoses.iter().map(|d| d.class).min().unwrap_or(Class::Failed)
    }

    /// The problems alone.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.diagnoses.iter().map(|d| &d.problem)
    }
}

impl From<Diagnosis> for Report {
    fn from(diagnosis: Diagnosis) -> Report {
        Report { diagnoses: vec![diagnosis] }
    }
}

/// An error without a place.
pub(crate) fn problem(code: &str, message: impl Into<String>) -> Problem {
    Problem::error(code, message)
}

/// Adds to a problem what it means.
pub(crate) trait ProblemExt {
    /// Places it, unless it has a place already.
    fn or_at(self, location: Option<Location>) -> Self;
    fn class(self, class: Class) -> Diagnosis;
}

impl ProblemExt for Problem {
    fn or_at(self, location: Option<Location>) -> Problem {
        if self.location.is_some() { self } else { self.at(location) }
    }

    fn class(self, class: Class) -> Diagnosis {
        Diagnosis { problem: self, class }
    }
}

pub(crate) fn class_of(kind: FailureKind) -> Class {
    match kind {
        FailureKind::InvalidConfig => Class::Configuration,
        FailureKind::Denied => Class::Denied,
        FailureKind::Limit => Class::Limit,
        FailureKind::Cancelled => Class::Cancelled,
        FailureKind::InvalidInput | FailureKind::Unavailable | FailureKind::Internal | FailureKind::Other => {
            Class::Failed
        }
    }
}

/// Failures of a stage's parameters, placed where the pipeline says them.
///
/// `stage` is the path of the stage's table, `section` the key below it that the failures' pointers start from, if any.
pub(crate) fn place(document: &Document, stage: &[&str], section: &str, failure: Failure) -> Diagnosis {
    let mut path: Vec<String> = stage.iter().map(|s| (*s).to_owned()).collect();
    let own = path.len();
    if let Some(pointer) = &failure.parameter {
        path.extend(Some(section.to_owned()).filter(|section| !section.is_empty()));
        path.extend(pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")));
    }
    let mut keys: Vec<&str> = path.iter().map(String::as_str).collect();
    let mut location = None;
    if let (Some(offset), true) = (failure.offset, failure.parameter.is_some()) {
        location = document.locate_offset(&keys, offset);
    }
    while location.is_none() && keys.len() >= own {
        location = document.locate(&keys);
        keys.pop();
    }
    let name = stage.join(".");
    let class = class_of(failure.kind);
    let mut message = failure.message;
    if location.is_none() {
        message = format!("{name}: {message}");
    }
    Problem { code: failure.code, severity: Severity::Error, message, location, help: failure.help }.class(class)
}

/// Lines of a backtrace that a message shows, innermost first.
const MOST_SHOWN: usize = 24;

/// What a call that did not come back with a result means to a user; `what` names the stage.
pub(crate) fn call_problems(error: CallError, what: &str) -> Vec<Diagnosis> {
    match error {
        CallError::Failures(failures) => failures.into_iter().map(|f| failure_problem(f, what)).collect(),
        CallError::Fault(fault) => {
            let class = match fault.kind {
                FaultKind::Trap | FaultKind::Start | FaultKind::KeptBorrow | FaultKind::Protocol | FaultKind::Host => {
                    Class::Failed
                }
                _ => Class::Limit,
            };
            let help = fault.help();
            let mut text = fault.to_string();
            let shown = fault.backtrace.get(..MOST_SHOWN).unwrap_or(&fault.backtrace);
            let mut backtrace = shown.join("\n");
            if shown.len() < fault.backtrace.len() {
                backtrace.push_str(&format!("\n… and {} more lines", fault.backtrace.len() - shown.len()));
            }
            for (title, lines) in [("the plugin wrote", fault.stderr.trim_end()), ("backtrace", backtrace.as_str())] {
                if !lines.is_empty() {
                    text.push_str(&format!("\n  {title}:"));
                    lines.lines().for_each(|line| text.push_str(&format!("\n    {line}")));
                }
            }
            let mut problem = problem(fault_code(fault.kind), text);
            problem.help = help;
            vec![problem.class(class)]
        }
        CallError::Cancelled => vec![problem("cancelled", format!("{what} was stopped")).class(Class::Cancelled)],
    }
}

/// As [`call_problems`], for a reader on a file of a user's. What makes one of our own readers crash is a file that nobody
/// has written whole: the sandbox is there so that it ends in words.
pub(crate) fn decoding_problems(error: CallError, what: &str, plugin: &InstalledPlugin) -> Vec<Diagnosis> {
    let crash = match &error {
        CallError::Fault(fault) if plugin.rank == Rank::FirstParty => {
            matches!(fault.kind, FaultKind::Trap | FaultKind::Stack).then_some(fault)
        }
        _ => None,
    };
    let Some(fault) = crash else { return call_problems(error, what) };
    // Rust tells where on one line and why on the next.
    let mut lines = fault.stderr.lines().skip_while(|line| !line.contains("panicked at"));
    let why = lines.nth(1).map_or_else(|| fault.message.clone(), str::to_owned);
    let message =
        format!("{what} cannot be decoded: it seems to be damaged, the plugin {} gave up on it ({why})", plugin.name());
    let help = "fetch or write the file again; if other programs read it, please report it";
    vec![problem("undecodable", message).with_help(help).class(Class::Failed)]
}

/// The codes of all problems that faults become.
pub(crate) const FAULT_CODES: [&str; 20] = [
    "plugin-trap",
    "plugin-start",
    "kept-borrow",
    "open-files",
    "call-timeout",
    "instance-timeout",
    "fuel-per-call",
    "fuel-per-instance",
    "memory",
    "hostcall-fuel",
    "handles",
    "resource-table",
    "too-many-parts",
    "stack",
    "written-bytes",
    "emitted-bytes",
    "emitted-rows",
    "expansion",
    "plugin-protocol",
    "host",
];

/// The code of the problem that a fault becomes.
pub(crate) fn fault_code(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Trap => "plugin-trap",
        FaultKind::Start => "plugin-start",
        FaultKind::KeptBorrow => "kept-borrow",
        FaultKind::Timeout => "call-timeout",
        FaultKind::InstanceTimeout => "instance-timeout",
        FaultKind::Fuel => "fuel-per-call",
        FaultKind::InstanceFuel => "fuel-per-instance",
        FaultKind::Memory => "memory",
        FaultKind::HostcallFuel => "hostcall-fuel",
        FaultKind::Handles => "handles",
        FaultKind::ResourceTable => "resource-table",
        FaultKind::OpenFiles => "open-files",
        FaultKind::Parts => "too-many-parts",
        FaultKind::Stack => "stack",
        FaultKind::WrittenBytes => "written-bytes",
        FaultKind::EmittedBytes => "emitted-bytes",
        FaultKind::EmittedRows => "emitted-rows",
        FaultKind::Expansion => "expansion",
        FaultKind::Protocol => "plugin-protocol",
        FaultKind::Host => "host",
    }
}

/// A failure in the midst of a run, in words that name the stage.
pub(crate) fn failure_problem(failure: Failure, what: &str) -> Diagnosis {
    let class = match class_of(failure.kind) {
        // Whatever a plugin calls it, once data moves the pipeline was accepted.
        Class::Configuration => Class::Failed,
        class => class,
    };
    let mut message = format!("{what}: ");
    if let Some(column) = &failure.column {
        message.push_str(&format!("column {column}: "));
    }
    message.push_str(&failure.message);
    Problem { code: failure.code, severity: Severity::Error, message, location: None, help: failure.help }.class(class)
}
