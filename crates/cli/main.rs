//! The command line.

mod args;
mod check;
mod completions;
mod compose;
mod composed;
mod convert;
mod doctor;
mod functions;
mod graph;
mod hooks;
mod output;
mod peek;
mod pipe;
mod pipeline;
mod plugin;
mod progress;
mod run;
mod signals;
mod summary;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use output::Output;

include!(concat!(env!("OUT_DIR"), "/first_party.rs"));

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() && asks_for_json() => {
            return ExitCode::from(output::usage_json(&told(&error)));
        }
        Err(error) => error.exit(),
    };
    let output = Output::new(&arguments.global);
    let result = match &arguments.command {
        Command::Run(run) => run::run(&arguments.global, run, &output),
        Command::Convert(convert) => convert::convert(&arguments.global, convert, &output),
        Command::Pipe(pipe) => pipe::pipe(&arguments.global, pipe, &output),
        Command::Peek(peek) => peek::peek(&arguments.global, peek, &output),
        Command::Check(check) => check::check(&arguments.global, check, &output),
        Command::Graph(graph) => graph::graph(&arguments.global, graph, &output),
        Command::Hooks(hooks) => hooks::hooks(&arguments.global, hooks, &output),
        Command::Functions { name } => functions::functions(name.as_deref(), &output),
        Command::Plugin(plugin) => plugin::plugin(&arguments.global, plugin, &output),
        Command::Doctor(doctor) => doctor::doctor(doctor, &output),
        Command::Completions { shell } => completions::completions(*shell, &output),
    };
    let code = result.unwrap_or_else(|error| output.fail(&error));
    ExitCode::from(code)
}

/// Whether `--json` is among the arguments, where they cannot be read as a whole.
fn asks_for_json() -> bool {
    std::env::args_os().skip(1).take_while(|argument| argument != "--").any(|argument| argument == "--json")
}

/// What is wrong with the command line, without the usage that follows it.
fn told(error: &clap::Error) -> String {
    let text = error.to_string();
    let message = text.strip_prefix("error: ").unwrap_or(&text);
    let message = message.split("\n\nUsage:").next().unwrap_or(message);
    message.split("\n\nFor more information").next().unwrap_or(message).trim().to_owned()
}
