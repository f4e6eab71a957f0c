//! `jackfield plugin grant | revoke | grants`, and the question that `run` asks on a terminal.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;

use jackfield_manifest::{Problem, Severity};
use jackfield_runtime::{Choice, Class, Diagnosis, Grant, InstalledPlugin, Introduction, Report, Runtime};
use serde_json::{Value, json};

use super::find;
use crate::args::GrantArguments;
use crate::output::{CommandError, CommandResult, Output, problem_json};
use crate::pipeline::printable;

pub(super) fn grant(runtime: &Runtime, arguments: &GrantArguments, output: &Output) -> CommandResult {
    let registry = runtime.registry();
    let mut found = Vec::new();
    let mut granted = Vec::new();
    for name in &arguments.names {
        let one = || -> Result<Option<Grant>, Report> {
            let plugin = find(&registry, name)?;
            if !runtime.needs_grant(&plugin) {
                output.note(&printable(&format!("plugin {} needs no grant", plugin.title())));
                return Ok(None);
            }
            let introduction = runtime.introduction(&plugin)?;
            introduction.lines().iter().for_each(|line| output.note(&printable(line)));
            let only = (!arguments.only.is_empty()).then(|| arguments.only.clone());
            let paths: BTreeMap<String, PathBuf> = arguments.paths.iter().cloned().collect();
            runtime.grant(&introduction, &Choice { paths, only, by: user() }).map(Some)
        };
        match one() {
            Ok(grant) => granted.extend(grant),
            Err(report) => found.extend(report.diagnoses),
        }
    }
    if output.json && found.is_empty() {
        output.json_result(&json!({ "grants": granted.iter().map(grant_json).collect::<Vec<_>>() }))?;
    } else if !output.json {
        output.result(&granted.iter().map(shown).collect::<String>())?;
    }
    if found.is_empty() { Ok(0) } else { Err(Report { diagnoses: found }.into()) }
}

pub(super) fn revoke(runtime: &Runtime, typed: &str, output: &Output) -> CommandResult {
    let (name, version) = match typed.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (typed, None),
    };
    let fits = |grant: &Grant| grant.plugin == name && version.is_none_or(|version| version == grant.version);
    if !runtime.grants().all().iter().any(fits) {
        let grants = runtime.grants();
        let names: Vec<&str> = grants.all().iter().map(|grant| grant.plugin.as_str()).collect();
        let help = match jackfield_manifest::nearest(name, names.into_iter()).first() {
            Some(near) if *near != name => format!("did you mean `{near}`?"),
            _ => "`jackfield plugin grants` shows what there is".to_owned(),
        };
        let problem = Problem::error("not-granted", format!("nothing was granted to `{typed}`")).with_help(help);
        return Err(Report::from(Diagnosis { problem, class: Class::Configuration }).into());
    }
    let gone = runtime.revoke(fits)?;
    if output.json {
        output.json_result(&json!({ "revoked": gone.iter().map(grant_json).collect::<Vec<_>>() }))?;
    } else {
        let line = |grant: &Grant| format!("{} {}\n", printable(&grant.plugin), printable(&grant.version));
        output.result(&gone.iter().map(|grant| format!("revoked {}", line(grant))).collect::<String>())?;
    }
    Ok(0)
}

pub(super) fn list(runtime: &Runtime, output: &Output) -> CommandResult {
    let grants = runtime.grants();
    let trouble = grants.trouble().map(|trouble| {
        Problem::warning("grants-not-readable", format!("no grant counts, because the file cannot be used: {trouble}"))
            .with_help("repair or remove grants.toml in the state folder")
    });
    if output.json {
        output.json_result(&json!({
            "grants": grants.all().iter().map(grant_json).collect::<Vec<_>>(),
            "warnings": trouble.iter().map(problem_json).collect::<Vec<_>>(),
        }))?;
        return Ok(0);
    }
    trouble.iter().for_each(|trouble| output.problem(trouble));
    if grants.all().is_empty() {
        output.note("nothing was granted to anybody");
    }
    output.result(&grants.all().iter().map(shown).collect::<String>())?;
    Ok(0)
}

/// A grant as lines.
fn shown(grant: &Grant) -> String {
    let mut text = format!("{}\n", printable(&format!("{} {} {}", grant.plugin, grant.version, given(grant))));
    text.push_str(&format!("  sha256  {}\n", printable(&grant.digest)));
    if grant.rights.is_empty() {
        text.push_str("  to run, and nothing beyond that\n");
    }
    for right in &grant.rights {
        let host = right.host.as_ref().map(|host| format!(" = {}", host.display())).unwrap_or_default();
        let reason = right.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        text.push_str(&format!("  {}\n", printable(&format!("{}{host}{reason}", right.right))));
    }
    for right in grant.asked.iter().filter(|asked| !grant.rights.iter().any(|right| right.right == **asked)) {
        text.push_str(&format!("  not {}\n", printable(right)));
    }
    text
}

/// When something was granted, and by whom.
pub(super) fn given(grant: &Grant) -> String {
    format!("granted by {} at {}", grant.by, grant.at)
}

pub(super) fn grant_json(grant: &Grant) -> Value {
    let rights: Vec<Value> = grant
        .rights
        .iter()
        .map(|right| {
            let host = right.host.as_ref().map(|host| host.display().to_string());
            json!({ "right": right.right, "reason": right.reason, "host": host })
        })
        .collect();
    json!({
        "plugin": grant.plugin,
        "version": grant.version,
        "sha256": grant.digest,
        "manifest-sha256": grant.manifest,
        "from": grant.from,
        "by": grant.by,
        "at": grant.at,
        "asked": grant.asked,
        "rights": rights,
    })
}

/// Shows the plugins that ask for nothing and that nobody has seen yet, once, and remembers them.
pub(crate) fn introduce(runtime: &Runtime, plugins: &[Arc<InstalledPlugin>], output: &Output) {
    for newcomer in runtime.newcomers(plugins) {
        newcomer.lines().iter().for_each(|line| output.note(&printable(line)));
        let choice = Choice { by: "first use".to_owned(), ..Choice::default() };
        if let Err(report) = runtime.grant(&newcomer, &choice) {
            // It runs all the same, and is shown again the next time.
            report.problems().for_each(|problem| {
                output.problem(&Problem { severity: Severity::Warning, ..problem.clone() });
            });
        }
    }
}

/// Asks about each plugin whether it may run with what it asks for. `false`: somebody said no.
pub(crate) fn ask(runtime: &Runtime, strangers: &[Introduction], output: &Output) -> Result<bool, CommandError> {
    for stranger in strangers {
        stranger.lines().iter().for_each(|line| output.note(&printable(line)));
        let mut paths = BTreeMap::new();
        for (guest, host) in &stranger.paths {
            let question = format!("which folder or file of this machine is {guest}? [{}] ", host.display());
            let Some(answer) = answer(&question)? else { return Ok(false) };
            let place = if answer.is_empty() { host.clone() } else { PathBuf::from(answer) };
            paths.insert(guest.clone(), place);
        }
        let what = if stranger.asks.is_empty() { "may it run?" } else { "may it run, with what it asks for?" };
        let yes = answer(&format!("{what} [y/N] "))?;
        if !yes.is_some_and(|answer| matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes")) {
            return Ok(false);
        }
        runtime.grant(stranger, &Choice { paths, only: None, by: user() })?;
    }
    Ok(true)
}

/// What somebody types; `None`: nobody is there any more.
fn answer(question: &str) -> Result<Option<String>, std::io::Error> {
    let mut stderr = std::io::stderr();
    stderr.write_all(printable(question).as_bytes())?;
    stderr.flush()?;
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim().to_owned()))
}

/// The name that a grant is noted under.
fn user() -> String {
    let name = ["USER", "LOGNAME"].iter().find_map(|variable| std::env::var(variable).ok());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "somebody".to_owned())
}
