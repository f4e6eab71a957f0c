//! Runs the tools of others.

use std::io;
use std::process::{Command, Stdio};

use jackfield_manifest::Problem;

use crate::failure::BuildError;

/// Runs a compiler. What it says goes to stderr as it is, its stdout too, because stdout belongs to our own result.
pub(crate) fn compile(command: &mut Command) -> Result<(), BuildError> {
    let program = program(command);
    command.stdin(Stdio::null()).stdout(io::stderr());
    let status = command.status().map_err(|error| does_not_start(&program, &error))?;
    if status.success() {
        return Ok(());
    }
    let ended = match status.code() {
        Some(code) => format!("ended with {code}"),
        None => "was killed".to_owned(),
    };
    Err(BuildError::Compiler(Box::new(Problem::error("compile-failed", format!("{program} {ended}")))))
}

/// What a tool writes to stdout; what it writes to stderr is passed on.
pub(crate) fn printed(command: &mut Command) -> Result<String, BuildError> {
    let program = program(command);
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| does_not_start(&program, &error))?;
    if !output.status.success() {
        let ended = output.status.code().map_or("was killed".to_owned(), |code| format!("ended with {code}"));
        return Err(BuildError::Compiler(Box::new(Problem::error("compile-failed", format!("{program} {ended}")))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What a tool writes to stdout, or nothing if it does not start or fails.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::piped()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

pub(crate) fn does_not_start(program: &str, error: &io::Error) -> BuildError {
    let problem = Problem::error("tool-missing", format!("{program} does not start: {error}"));
    BuildError::machine(problem.with_help("jackfield doctor --fix"))
}

fn program(command: &Command) -> String {
    let path = std::path::Path::new(command.get_program());
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
