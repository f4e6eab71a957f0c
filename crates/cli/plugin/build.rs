//! `jackfield plugin build`.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Context;
use jackfield_authoring::{Built, Project, Request, Tools};
use jackfield_manifest::{Problem, Severity};
use jackfield_runtime::Runtime;
use jackfield_runtime::host::{CancelToken, permission_of};
use jackfield_runtime::settings::{PluginFolder, Settings};
use notify::{RecursiveMode, Watcher};
use serde_json::json;

use crate::args::{BuildArguments, Global};
use crate::doctor::{build_failure, tools};
use crate::output::{CommandError, CommandResult, Output, problem_json};
use crate::pipeline::{printable, settings};
use crate::signals;

/// How long nothing may change before a build begins: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(150);

pub(super) fn build(global: &Global, arguments: &BuildArguments, output: &Output) -> CommandResult {
    let tools = tools()?;
    if arguments.watch {
        return watch(global, arguments, &tools, output);
    }
    once(global, arguments, &tools, output)?;
    Ok(0)
}

fn once(global: &Global, arguments: &BuildArguments, tools: &Tools, output: &Output) -> Result<(), CommandError> {
    let began = Instant::now();
    let project = Project::open(&arguments.folder).map_err(build_failure)?;
    let request = Request { project: &project, tools, release: arguments.release };
    let built = jackfield_authoring::build(&request).map_err(build_failure)?;
    validate(global, &project, output)?;
    built.warnings.iter().for_each(|warning| output.problem(warning));
    if output.json {
        output.json_result(&json!({
            "plugin": project.manifest.plugin,
            "version": project.manifest.version.to_string(),
            "language": project.language.name(),
            "component": built.component.display().to_string(),
            "bytes": built.size,
            "imports": built.imports,
            "exports": built.exports,
            "seconds": began.elapsed().as_secs_f64(),
            "warnings": built.warnings.iter().map(problem_json).collect::<Vec<_>>(),
        }))?;
        return Ok(());
    }
    output.result(&summary(&project, &built, arguments, began.elapsed()))?;
    Ok(())
}

/// The component against its manifest, as when it is loaded to run.
fn validate(global: &Global, project: &Project, output: &Output) -> Result<(), CommandError> {
    let folder = PluginFolder { path: project.folder.clone(), rank: jackfield_runtime::Rank::Configured };
    // With the user's cache, so that the first run need not compile it; a broken configuration is no reason to fail here.
    let settings = settings(global).unwrap_or_default();
    let runtime = Runtime::open(Settings { folders: vec![folder], first_party: Vec::new(), ..settings });
    let registry = runtime.registry();
    let Some(plugin) = registry.plugin(&project.manifest.plugin) else {
        // What the manifest requires may be elsewhere; loading does not need it.
        let problems = registry.broken().iter().flat_map(|broken| broken.problems.clone()).collect::<Vec<_>>();
        return match problems.is_empty() {
            true => Ok(()),
            false => Err(build_failure(jackfield_authoring::BuildError::Configuration(problems))),
        };
    };
    let Err(fault) = runtime.load(plugin) else { return Ok(()) };
    // It was built as it should be; whether it may run is for somebody else to say.
    if fault.diagnoses.iter().any(|diagnosis| diagnosis.problem.code != "plugin-not-granted") {
        return Err(jackfield_runtime::Report::from(fault).into());
    }
    for diagnosis in fault.diagnoses {
        output.problem(&Problem { severity: Severity::Warning, ..diagnosis.problem });
    }
    Ok(())
}

fn summary(project: &Project, built: &Built, arguments: &BuildArguments, took: Duration) -> String {
    let component = built.component.strip_prefix(&project.folder).unwrap_or(&built.component);
    let shown = arguments.folder.join(component);
    let mut text = format!(
        "{} {}, {}, {} in {:.1} s\n",
        printable(&shown.display().to_string()),
        project.language,
        if arguments.release { "release" } else { "with names for traps" },
        size(built.size),
        took.as_secs_f64()
    );
    text.push_str(&format!("  exports {}\n", short(&built.exports)));
    text.push_str(&format!("  imports {}\n", short(&built.imports)));
    let mut permissions: Vec<&str> = built.imports.iter().filter_map(|import| permission_of(import)).collect();
    permissions.dedup();
    if !permissions.is_empty() {
        text.push_str(&format!("  needs the permissions {}\n", permissions.join(", ")));
    }
    text
}

fn size(bytes: usize) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} KB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// `jackfield:plugin/data@0.1.0` as `data`; WASI's with their package.
fn short(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    let of = |name: &String| {
        let bare = name.split('@').next().unwrap_or(name);
        printable(bare.strip_prefix("jackfield:plugin/").unwrap_or(bare))
    };
    names.iter().map(of).collect::<Vec<_>>().join(", ")
}

/// Builds now and after each change of a source, and shows what is wrong without ending.
fn watch(global: &Global, arguments: &BuildArguments, tools: &Tools, output: &Output) -> CommandResult {
    let cancel = CancelToken::new();
    signals::watch(cancel.clone())?;
    let project = Project::open(&arguments.folder).map_err(build_failure)?;
    let (sender, changes) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event| {
        // Nobody listens any more once the command ends.
        let _ = sender.send(event);
    })
    .context("files cannot be watched")?;
    watcher.watch(&project.folder, RecursiveMode::Recursive).context("the folder cannot be watched")?;
    let report = |result: Result<(), CommandError>| {
        if let Err(error) = result {
            output.fail(&error);
        }
        output.note("watching; Ctrl-C ends it");
    };
    report(once(global, arguments, tools, output));
    while !cancel.is_cancelled() {
        // Signals do not wake a channel.
        let Ok(first) = changes.recv_timeout(QUIET) else { continue };
        let mut changed = matters(&project, &first);
        while let Ok(next) = changes.recv_timeout(QUIET) {
            changed |= matters(&project, &next);
        }
        if changed {
            report(once(global, arguments, tools, output));
        }
    }
    Ok(signals::exit_code().unwrap_or(0))
}

/// Whether a change is one of the author's, not of a build.
fn matters(project: &Project, event: &notify::Result<notify::Event>) -> bool {
    let Ok(event) = event else { return true };
    if matches!(event.kind, notify::EventKind::Access(_)) {
        return false;
    }
    event.paths.iter().any(|path| {
        let inside = path.strip_prefix(&project.folder).unwrap_or(path);
        let first = inside.iter().next().unwrap_or_default();
        let made = ["build", "target", "node_modules", ".git", "__pycache__"].iter().any(|name| first == *name)
            || inside.iter().any(|part| part == "__pycache__");
        !made && !is_component(path)
    })
}

fn is_component(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "wasm" || ending == "draft")
}
