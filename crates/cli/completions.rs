//! `jackfield completions`.

use clap::CommandFactory;

use crate::args::Arguments;
use crate::output::CommandResult;

pub(crate) fn completions(shell: clap_complete::Shell) -> CommandResult {
    clap_complete::generate(shell, &mut Arguments::command(), "jackfield", &mut std::io::stdout());
    Ok(0)
}
