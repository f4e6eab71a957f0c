//! `jackfield plugin audit`: asked, granted, imported, used.

use jackfield_manifest::Ask;
use jackfield_runtime::audit::{Usage, minimal, usage, used};
use jackfield_runtime::grants::Identity;
use jackfield_runtime::host::permission_of;
use jackfield_runtime::{Form, Runtime, Stand};
use serde_json::json;

use super::find;
use super::info::look_into;
use crate::output::{CommandResult, Output};
use crate::pipeline::printable;

/// WASI that is linked for all plugins: the package, the permission that makes it real, and what it is without.
const ALWAYS: [(&str, &[&str], &str); 5] = [
    ("wasi:cli", &["env"], "empty: no variables, no arguments"),
    ("wasi:io", &[], "streams of what else is granted"),
    ("wasi:clocks", &["clock"], "frozen"),
    ("wasi:random", &["random"], "always the same"),
    ("wasi:filesystem", &["filesystem.read", "filesystem.write"], "empty: no folders"),
];

pub(super) fn audit(runtime: &Runtime, typed: &str, output: &Output) -> CommandResult {
    let registry = runtime.registry();
    let plugin = find(&registry, typed)?;
    let manifest = &plugin.manifest;
    let (stands, grant) = runtime.stands(&plugin);
    let (imports, usage) = match plugin.form {
        Form::Native => (Vec::new(), Usage::default()),
        _ => {
            let identity = match runtime.needs_grant(&plugin) {
                true => runtime.introduction(&plugin).map_err(jackfield_runtime::Report::from)?.identity,
                false => Identity { digest: String::new(), manifest: None },
            };
            (look_into(&plugin)?.imports, usage(runtime.settings().state_dir.as_deref(), &identity))
        }
    };
    let entries = manifest.permissions.entries();
    let rows: Vec<(&Ask, Stand, Option<String>)> =
        stands.iter().zip(&entries).map(|((ask, stand), (entry, _))| (ask, *stand, used(*entry, &usage))).collect();
    let imported: Vec<(String, String)> = wasi(&imports, &rows);
    let minimal = minimal(manifest, &usage);
    if output.json {
        let rights: Vec<_> = rows
            .iter()
            .map(|(ask, stand, used)| {
                json!({ "right": ask.right, "reason": ask.reason, "status": stand.words(), "used": used })
            })
            .collect();
        let imports: Vec<_> =
            imported.iter().map(|(import, state)| json!({ "import": import, "state": state })).collect();
        let http: Vec<_> = usage
            .http
            .iter()
            .map(|(host, port, method, path)| json!({ "host": host, "port": port, "method": method, "path": path }))
            .collect();
        output.json_result(&json!({
            "plugin": plugin.name(),
            "version": manifest.version.to_string(),
            "grant": grant.as_ref().map(super::grants::grant_json),
            "rights": rights,
            "imports": imports,
            "requests": http,
            "connections": usage.sockets.iter().map(|(host, port)| json!({ "host": host, "port": port })).collect::<Vec<_>>(),
            "denied": usage.denied.iter().map(|(what, count)| json!({ "what": what, "count": count })).collect::<Vec<_>>(),
            "minimal": minimal,
        }))?;
        return Ok(0);
    }
    let mut text = format!("{} {}\n", output.bold(plugin.name()), manifest.version);
    match &grant {
        Some(grant) => text.push_str(&format!("{}\n", printable(&super::grants::given(grant)))),
        None if runtime.needs_grant(&plugin) => text.push_str("not granted: it does not run\n"),
        None => text.push_str("first-party: it runs without a grant\n"),
    }
    text.push_str("\nAsked, granted, used in practice\n");
    if rows.is_empty() {
        text.push_str("  nothing\n");
    }
    for (ask, stand, used) in &rows {
        let used = used.as_ref().map_or_else(|| "never used".to_owned(), |used| format!("used: {used}"));
        text.push_str(&format!("  {}\n      {}; {used}\n", printable(&ask.to_string()), stand.words()));
    }
    text.push_str("\nImported of WASI\n");
    if imported.is_empty() {
        text.push_str("  nothing\n");
    }
    let width = imported.iter().map(|(import, _)| import.len()).max().unwrap_or(0);
    for (import, state) in &imported {
        text.push_str(&format!("  {:width$}  {state}\n", printable(import)));
    }
    section(
        &mut text,
        "Requests",
        usage.http.iter().map(|(host, port, method, path)| format!("{method} {host}:{port}{path}")),
    );
    section(&mut text, "Connections", usage.sockets.iter().map(|(host, port)| format!("{host}:{port}")));
    section(&mut text, "Denied", usage.denied.iter().map(|(what, count)| format!("{what} ({count} times)")));
    text.push_str("\nEnough would have been\n");
    if minimal.is_empty() {
        text.push_str("  no permissions\n");
    }
    minimal.lines().for_each(|line| text.push_str(&format!("  {}\n", printable(line))));
    output.result(&text)?;
    Ok(0)
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.map(|line| format!("  {}\n", printable(&line))).collect();
    if !lines.is_empty() {
        text.push_str(&format!("\n{title}\n{}", lines.concat()));
    }
}

/// The packages of WASI that a component imports, and what each of them is to it.
fn wasi(imports: &[String], rows: &[(&Ask, Stand, Option<String>)]) -> Vec<(String, String)> {
    let granted = |keys: &[&str]| {
        let is = |ask: &Ask| keys.iter().any(|key| ask.right.split(' ').next() == Some(key));
        rows.iter().any(|(ask, stand, _)| *stand == Stand::Granted && is(ask))
    };
    let mut packages: Vec<&str> = Vec::new();
    for import in imports.iter().filter(|import| import.starts_with("wasi:")) {
        let package = import.split(['/', '@']).next().unwrap_or(import);
        if !packages.contains(&package) {
            packages.push(package);
        }
    }
    let state = |package: &str| match (ALWAYS.iter().find(|(known, ..)| *known == package), permission_of(package)) {
        (Some((_, keys, _)), _) if granted(keys) => format!("as granted: {}", keys.join(", ")),
        (Some((_, _, without)), _) => (*without).to_owned(),
        (None, Some(key)) if granted(&[key]) => format!("as granted: {key}"),
        (None, Some(key)) => format!("needs {key}, which is not granted: it does not load"),
        (None, None) => "nothing allows it: it does not load".to_owned(),
    };
    packages.into_iter().map(|package| (package.to_owned(), state(package))).collect()
}
