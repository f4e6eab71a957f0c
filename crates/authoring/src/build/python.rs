//! Python: componentize-py puts the interpreter and the author's modules into one component.

use std::process::Command;

use super::{Compiled, Job};
use crate::failure::BuildError;
use crate::world::WORLD;

/// Runs componentize-py on the module that `[build] sources` names, else `app`.
pub(super) fn compile(job: &Job<'_>) -> Result<Compiled, BuildError> {
    let componentize = job.tools.find("componentize-py")?;
    let component = job.work.join("python.wasm");
    let module = job.project.manifest.build.sources.first().map_or("app", |name| name.trim_end_matches(".py"));
    let mut command = Command::new(componentize);
    command.arg("-d").arg(job.wit).args(["-w", WORLD, "componentize", "--stub-wasi", "-p", ".", "-p", "sdk"]);
    command.args(&job.project.manifest.build.flags).arg(module).arg("-o").arg(&component);
    job.run(&mut command)?;
    Ok(Compiled::Component(job.read(&component)?))
}
