//! Python: componentize-py puts the interpreter and the author's modules into one component.

use std::path::{Path, PathBuf};
use std::process::Command;

use jackfield_manifest::Problem;

use super::{Compiled, Job, declared};
use crate::failure::{BuildError, write_changed};
use crate::world::WORLD;

/// Runs componentize-py on an entry that imports the module that `[build] sources` names, else `app.py`.
pub(super) fn compile(job: &Job<'_>) -> Result<Compiled, BuildError> {
    refuse_rights(job)?;
    let componentize = job.tools.find("componentize-py")?;
    let source = job.project.sources(&["app.py"])?.into_iter().next().unwrap_or_default();
    let folder = source.parent().unwrap_or(job.project.folder.as_path()).to_path_buf();
    let module = source.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let sdk = job.sdk()?;
    compare(job, &componentize, &module, &[&sdk, &folder])?;

    // It looks for modules named after the interfaces: they come first.
    let entry = job.work.join("python");
    write_changed(&entry.join("jackfield_entry.py"), entry_text(&module).as_bytes())?;
    let component = job.work.join("python.wasm");
    let mut command = Command::new(componentize);
    command.arg("-d").arg(job.wit).args(["-w", WORLD, "componentize", "--stub-wasi"]);
    for path in [&sdk.join("jackfield/component"), &sdk, &entry, &folder] {
        command.arg("-p").arg(path);
    }
    command.args(&job.project.manifest.build.flags).arg("jackfield_entry").arg("-o").arg(&component);
    job.run(&mut command)?;
    Ok(Compiled::Component(job.read(&component)?))
}

fn entry_text(module: &str) -> String {
    format!("from jackfield import component\n\ncomponent.prepare()\n\nimport {module}\n\nFormat = component.Format\n")
}

/// Asks the module, natively, what it declares.
fn compare(job: &Job<'_>, componentize: &Path, module: &str, paths: &[&PathBuf]) -> Result<(), BuildError> {
    // The interpreter of the environment that componentize-py lies in.
    let own = componentize.with_file_name(if cfg!(windows) { "python.exe" } else { "python3" });
    let python = if own.is_file() { own } else { PathBuf::from("python3") };
    let path = std::env::join_paths(paths).unwrap_or_default();
    let mut command = Command::new(python);
    // Nothing of it stays behind in the author's folder.
    command.args(["-B", "-m", "jackfield", module, "--json"]).env("PYTHONPATH", path);
    let help = format!("PYTHONPATH=sdk python3 -m jackfield {module} prints what plugin.toml should say");
    declared::compare(job.project, &job.printed(&mut command)?, &help)
}

/// The interpreter is built without clocks, files and the rest: a plugin that asks for them would not get them.
fn refuse_rights(job: &Job<'_>) -> Result<(), BuildError> {
    let permissions = &job.project.manifest.permissions;
    let asked = [
        ("clock", permissions.clock.is_some()),
        ("random", permissions.random.is_some()),
        ("filesystem.read", !permissions.filesystem_read.is_empty()),
        ("filesystem.write", !permissions.filesystem_write.is_empty()),
        ("network.http", !permissions.network_http.is_empty()),
        ("network.socket", !permissions.network_socket.is_empty()),
    ];
    let problems = asked.into_iter().filter(|(_, asked)| *asked).map(|(name, _)| {
        let message = format!("plugin.toml asks for `{name}`, which plugins in Python cannot use");
        Problem::error("not-in-language", message).with_help("leave it out, or write this plugin in another language")
    });
    let problems: Vec<Problem> = problems.collect();
    if problems.is_empty() { Ok(()) } else { Err(BuildError::Configuration(problems)) }
}
