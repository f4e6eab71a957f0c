//! `jackfield doctor`: which tools of plugin authors are there, and the installation of those that are not.

use std::path::PathBuf;

use comfy_table::{Table, presets};
use jackfield_authoring::doctor::{Finding, examine, install};
use jackfield_authoring::{BuildError, Installer, Standing, Tools};
use jackfield_runtime::{Class, Diagnosis, Report};
use serde_json::{Value, json};

use crate::args::DoctorArguments;
use crate::output::{CommandError, CommandResult, Output, problem_json};

/// The tools of this machine: those in `JACKFIELD_TOOLS` or else the user's cache, then those on the path.
pub(crate) fn tools() -> Result<Tools, CommandError> {
    let path = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = path("JACKFIELD_CACHE")
        .or_else(|| path("XDG_CACHE_HOME").filter(|path| path.is_absolute()).map(|path| path.join("jackfield")))
        .or_else(|| path("HOME").map(|home| home.join(".cache/jackfield")))
        .unwrap_or_else(|| std::env::temp_dir().join("jackfield"));
    let folder = path("JACKFIELD_TOOLS").unwrap_or_else(|| cache.join("tools"));
    Tools::new(&folder, std::env::var_os("PATH")).map_err(build_failure)
}

/// Why something could not be built, as the command line shows it.
pub(crate) fn build_failure(error: BuildError) -> CommandError {
    let class = match &error {
        BuildError::Configuration(_) => Class::Configuration,
        BuildError::Machine(_) | BuildError::Compiler(_) => Class::Failed,
    };
    let diagnoses = error.problems().iter().map(|problem| Diagnosis { problem: problem.clone(), class }).collect();
    Report { diagnoses }.into()
}

pub(crate) fn doctor(arguments: &DoctorArguments, output: &Output) -> CommandResult {
    let tools = tools()?;
    let mut findings = examine(&tools, arguments.lang);
    let mut failures = Vec::new();
    if arguments.fix {
        let mut unreachable = Vec::new();
        for finding in findings.iter_mut().filter(|finding| !finding.is_found()) {
            // Who could not be reached for one tool is not asked for the next: that takes long, and ends alike.
            if unreachable.contains(&finding.tool.from) {
                continue;
            }
            output.note(&format!("installing {}: {}", finding.name, tools.install_command(&finding.tool)));
            match install(&tools, finding) {
                Ok(standing) => finding.standing = standing,
                Err(error) => {
                    unreachable.extend((finding.tool.from != Installer::System).then_some(finding.tool.from));
                    failures.push(error);
                }
            }
        }
    }
    let problems = failures.iter().flat_map(BuildError::problems);
    if output.json {
        let errors: Vec<Value> = problems.map(problem_json).collect();
        let listed: Vec<Value> = findings.iter().map(|finding| finding_json(&tools, finding)).collect();
        let missing = listed.iter().filter(|tool| tool["state"] != "found").count();
        output.json_result(&json!({ "tools": listed, "missing": missing, "errors": errors }))?;
    } else {
        output.result(&format!("{}\n", table(&findings, output)))?;
        for finding in findings.iter().filter(|finding| !arguments.fix && !finding.is_found()) {
            output.problem(&tools.lack(&finding.name, &finding.tool, &finding.standing));
        }
        problems.for_each(|problem| output.problem(problem));
    }
    Ok(u8::from(!findings.iter().all(Finding::is_found)))
}

fn words(standing: &Standing) -> (&'static str, String, String) {
    match standing {
        Standing::Found(path, version) => ("found", version.clone(), path.display().to_string()),
        Standing::Wrong(path, version) => ("wrong-version", version.clone(), path.display().to_string()),
        Standing::Missing => ("missing", String::new(), String::new()),
    }
}

fn table(findings: &[Finding], output: &Output) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["tool", "state", "version", "for", "where"].map(|title| output.bold(title)));
    for finding in findings {
        let (state, version, path) = words(&finding.standing);
        table.add_row([&finding.name, state, &version, &finding.tool.languages.join(" "), &path]);
    }
    table.trim_fmt()
}

fn finding_json(tools: &Tools, finding: &Finding) -> Value {
    let (state, version, path) = words(&finding.standing);
    let some = |text: String| (!text.is_empty()).then_some(text);
    json!({
        "name": finding.name,
        "what": finding.tool.what,
        "state": state,
        "version": some(version),
        "wanted": finding.tool.version,
        "path": some(path),
        "languages": finding.tool.languages,
        "install": tools.install_command(&finding.tool),
    })
}
