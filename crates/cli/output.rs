//! Everything that is printed: results on stdout, all else on stderr.

use std::io::{IsTerminal, Write};

use jackfield_manifest::{Problem, Severity, steers};
use jackfield_runtime::{Class, Report};
use serde_json::{Value, json};

use crate::args::{ColorChoice, Global};

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: u8,
    color_stderr: bool,
    color_stdout: bool,
}

/// Colours of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// What is wrong, or was expected and is not there.
    Red,
    /// What is right, or came.
    Green,
    /// What deserves a look.
    Yellow,
    /// What is of less interest.
    Dim,
}

/// Why a command ends early.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// Problems with their places.
    Report(Report),
    /// The command line asks for what cannot be.
    Usage(String),
    /// Anything else.
    Other(anyhow::Error),
}

impl From<Report> for CommandError {
    fn from(report: Report) -> CommandError {
        CommandError::Report(report)
    }
}

impl From<anyhow::Error> for CommandError {
    fn from(error: anyhow::Error) -> CommandError {
        CommandError::Other(error)
    }
}

impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> CommandError {
        CommandError::Other(error.into())
    }
}

/// What a command gives: the exit code.
pub(crate) type CommandResult = Result<u8, CommandError>;

/// The exit code of a class of problems.
pub(crate) fn exit_code(class: Class) -> u8 {
    match class {
        Class::Configuration => 3,
        Class::Denied => 4,
        Class::Failed => 1,
        Class::Limit => 5,
        Class::Cancelled => crate::signals::exit_code().unwrap_or(130),
    }
}

impl Output {
    pub(crate) fn new(global: &Global) -> Output {
        let allowed = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let color = |terminal: bool| match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && allowed && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
        };
        Output {
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            color_stderr: color(std::io::stderr().is_terminal()),
            color_stdout: color(std::io::stdout().is_terminal()),
        }
    }

    /// Progress is drawn where somebody watches.
    pub(crate) fn draws_progress(&self) -> bool {
        !self.quiet && !self.json && std::io::stderr().is_terminal()
    }

    /// Something that people like to know, on stderr.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            // A message that cannot be shown has nowhere to be reported.
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// A problem, on stderr.
    pub(crate) fn problem(&self, problem: &Problem) {
        if self.quiet && problem.severity == Severity::Warning {
            return;
        }
        let text = jackfield_manifest::render(problem);
        let text = if self.color_stderr { colored(&text) } else { text };
        let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
    }

    /// The result, on stdout. A reader that has gone is no failure.
    pub(crate) fn result(&self, text: &str) -> std::io::Result<()> {
        match std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// The result as JSON, on stdout.
    pub(crate) fn json_result(&self, value: &Value) -> std::io::Result<()> {
        let mut text = String::new();
        for character in format!("{value:#}\n").chars() {
            // JSON spells out most of what steers a terminal, and may spell out the rest. Line ends are its own.
            match u32::from(character) {
                number if steers(character) && character != '\n' => text.push_str(&format!("\\u{number:04x}")),
                _ => text.push(character),
            }
        }
        self.result(&text)
    }

    /// Bold text where stdout shows it.
    pub(crate) fn bold(&self, text: &str) -> String {
        if self.color_stdout { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Coloured text where stdout shows it.
    pub(crate) fn paint(&self, color: Paint, text: &str) -> String {
        let code = match color {
            Paint::Red => "31",
            Paint::Green => "32",
            Paint::Yellow => "33",
            Paint::Dim => "2",
        };
        if self.color_stdout { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Dim text where stdout shows it.
    pub(crate) fn dim(&self, text: &str) -> String {
        if self.color_stdout { format!("\u{1b}[2m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Cyan text where stdout shows it.
    pub(crate) fn cyan(&self, text: &str) -> String {
        if self.color_stdout && !text.is_empty() { format!("\u{1b}[36m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Columns of the terminal that stdout is; elsewhere what COLUMNS says, else 100.
    pub(crate) fn width(&self) -> usize {
        let terminal = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
        let said = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        terminal.or_else(said).unwrap_or(100).max(20)
    }

    /// Somebody sits at a terminal and can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        !self.json && !self.quiet && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Reports why a command ended and gives its exit code.
    pub(crate) fn fail(&self, error: &CommandError) -> u8 {
        match error {
            CommandError::Report(report) => {
                if self.json {
                    let errors: Vec<Value> = report.problems().map(problem_json).collect();
                    let _ = self.json_result(&json!({ "errors": errors }));
                } else {
                    report.problems().for_each(|problem| self.problem(problem));
                }
                exit_code(report.class())
            }
            CommandError::Usage(message) if self.json => usage_json(message),
            CommandError::Usage(message) => {
                let _ = writeln!(std::io::stderr(), "error: {message}\n\nFor more information, try '--help'.");
                2
            }
            CommandError::Other(error) => {
                if self.json {
                    let _ = self.json_result(&json!({ "errors": [{ "code": "io", "message": format!("{error:#}") }] }));
                } else {
                    self.problem(&Problem::error("io", format!("{error:#}")));
                }
                1
            }
        }
    }
}

/// Reports a command line that is wrong to somebody who asked for JSON; gives the exit code.
pub(crate) fn usage_json(message: &str) -> u8 {
    let error = problem_json(&Problem::error("usage", message.trim()).with_help("for more information, try `--help`"));
    // What cannot be shown has nowhere to be reported.
    let _ = writeln!(std::io::stdout(), "{:#}", json!({ "errors": [error] }));
    2
}

/// A problem as `--json` shows it.
pub(crate) fn problem_json(problem: &Problem) -> Value {
    let place = problem.location.as_ref();
    json!({
        "code": problem.code,
        "message": problem.message,
        "file": place.map(|p| &p.file),
        "line": place.map(|p| p.line),
        "column": place.map(|p| p.column).filter(|column| *column > 0),
        "help": problem.help,
    })
}

/// Colours the words that a rendered problem starts its lines with.
fn colored(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    for line in text.lines() {
        let (color, length) = if line.starts_with("error") {
            ("\u{1b}[1;31m", line.find(':').unwrap_or(line.len()))
        } else if line.starts_with("warning") {
            ("\u{1b}[1;33m", line.find(':').unwrap_or(line.len()))
        } else if line.starts_with("help:") {
            ("\u{1b}[1;36m", 4)
        } else if line.trim_start().starts_with("-->") {
            ("\u{1b}[1;34m", line.find("-->").unwrap_or(0) + 3)
        } else {
            ("", 0)
        };
        let (head, rest) = line.split_at(length);
        if length > 0 {
            out.push_str(color);
            out.push_str(head);
            out.push_str("\u{1b}[0m");
        }
        out.push_str(rest);
        out.push('\n');
    }
    out
}
