//! `jackfield completions`.

use clap::CommandFactory;

use crate::args::Arguments;
use crate::output::{CommandResult, Output};

pub(crate) fn completions(shell: clap_complete::Shell, output: &Output) -> CommandResult {
    // Not straight to stdout: the generator panics when its reader goes away.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "jackfield", &mut script);
    let script = String::from_utf8_lossy(&script);
    if output.json {
        output.json_result(&serde_json::json!({ "shell": shell.to_string(), "script": script }))?;
    } else {
        output.result(&script)?;
    }
    Ok(0)
}
