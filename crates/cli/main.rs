//! The command line.

mod args;
mod check;
mod completions;
mod graph;
mod hooks;
mod output;
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
    let arguments = Arguments::parse();
    let output = Output::new(&arguments.global);
    let result = match &arguments.command {
        Command::Run(run) => run::run(&arguments.global, run, &output),
        Command::Check(check) => check::check(&arguments.global, check, &output),
        Command::Graph(graph) => graph::graph(&arguments.global, graph, &output),
        Command::Hooks(hooks) => hooks::hooks(&arguments.global, hooks, &output),
        Command::Plugin(plugin) => plugin::plugin(&arguments.global, plugin, &output),
        Command::Completions { shell } => completions::completions(*shell, &output),
    };
    let code = result.unwrap_or_else(|error| output.fail(&error));
    ExitCode::from(code)
}
