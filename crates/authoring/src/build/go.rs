//! Go: the ordinary compiler, for WASI's preview 1.

use std::path::Path;
use std::process::Command;

use jackfield_manifest::Problem;

use super::{Compiled, Job};
use crate::bindings;
use crate::failure::{BuildError, write_changed};

/// Builds the module in the project's folder.
pub(super) fn compile(job: &Job<'_>) -> Result<Compiled, BuildError> {
    let go = job.tools.find("go")?;
    if !job.project.folder.join("go.mod").is_file() {
        let message = format!("{} holds no go.mod", job.project.folder.display());
        let help = "jackfield plugin new NAME --lang go makes one that finds the SDK";
        return Err(BuildError::wrong(Problem::error("source-missing", message).with_help(help)));
    }
    let kinds = job.project.exports();
    // The bindings that came with the SDK are of this binary's interfaces, and the project may carry older ones.
    let sdk = job.project.folder.join("sdk");
    if sdk.join("go.mod").is_file() {
        for (name, bytes) in bindings::go(job.wit, &kinds)? {
            write_changed(&sdk.join(name), &bytes)?;
        }
    }
    let core = job.work.join("core.wasm");
    // The bindings reach into the runtime for memory before it has started, which the linker allows only if told so.
    let linker = if job.release { "-s -w -checklinkname=0" } else { "-checklinkname=0" };
    let mut command = go_command(&go);
    command.env("GOOS", "wasip1").env("GOARCH", "wasm");
    command.args(["build", "-buildmode=c-shared", "-trimpath"]).arg(format!("-ldflags={linker}"));
    let tags: Vec<String> = kinds.iter().map(|kind| format!("jackfield_{kind}")).collect();
    command.arg(format!("-tags={}", tags.join(",")));
    command.args(&job.project.manifest.build.flags).arg("-o").arg(&core);
    command.arg(job.project.manifest.build.sources.first().map_or(".", String::as_str));
    job.run(&mut command)?;
    Ok(Compiled::Module(job.read(&core)?))
}

/// This very version of Go, whatever go.mod of a neighbour or the environment would have it fetch.
fn go_command(go: &Path) -> Command {
    let mut command = Command::new(go);
    command.env("GOTOOLCHAIN", "local").env("GOWORK", "off").env_remove("GOROOT");
    command
}
