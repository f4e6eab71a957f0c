//! `jackfield plugin list` and `plugin info`.

use comfy_table::{Table, presets};
use jackfield_manifest::{Manifest, Permissions, nearest};
use jackfield_runtime::host::{Limits, inspect};
use jackfield_runtime::{Class, Diagnosis, InstalledPlugin, Report, Runtime};
use serde_json::{Value, json};

use crate::args::{Global, PluginArguments, PluginCommand, ProvidedKind};
use crate::output::{CommandResult, Output, problem_json};
use crate::pipeline::{open_runtime, printable};
use crate::summary::{count, duration, size};

pub(crate) fn plugin(global: &Global, arguments: &PluginArguments, output: &Output) -> CommandResult {
    let runtime = open_runtime(global)?;
    match &arguments.command {
        PluginCommand::List { kind } => list(&runtime, *kind, output),
        PluginCommand::Info { name } => info(&runtime, name, output),
    }
}

fn list(runtime: &Runtime, kind: Option<ProvidedKind>, output: &Output) -> CommandResult {
    let registry = runtime.registry();
    let wanted = |plugin: &InstalledPlugin| kind.is_none_or(|kind| plugin.kinds().contains(&kind.name()));
    let plugins: Vec<&InstalledPlugin> = registry.plugins().iter().map(AsRef::as_ref).filter(|p| wanted(p)).collect();
    if output.json {
        let broken = registry.broken().iter();
        output.json_result(&json!({
            "plugins": plugins.iter().map(|plugin| plugin_json(plugin)).collect::<Vec<_>>(),
            "broken": broken.map(|b| json!({
                "folder": b.folder.display().to_string(),
                "errors": b.problems.iter().map(problem_json).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "conflicts": registry.conflicts().iter().map(|c| json!({
                "what": c.what, "winner": c.winner.name(), "loser": c.loser.name(),
            })).collect::<Vec<_>>(),
        }))?;
        return Ok(0);
    }
    if plugins.is_empty() {
        let folders: Vec<String> = runtime.settings().folders.iter().map(|f| f.path.display().to_string()).collect();
        output.note(&format!("no plugins found in {}", folders.join(", ")));
    } else {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["name", "version", "from", "provides", "description"].map(|title| output.bold(title)));
        for plugin in &plugins {
            let manifest = &plugin.manifest;
            let row = [
                plugin.name(),
                &manifest.version.to_string(),
                plugin.rank.name(),
                &provides(manifest),
                &manifest.description,
            ];
            table.add_row(row.map(printable));
        }
        output.result(&format!("{}\n", table.trim_fmt()))?;
    }
    for broken in registry.broken() {
        output.note(&format!("{} cannot be used:", broken.folder.display()));
        broken.problems.iter().for_each(|problem| output.problem(problem));
    }
    for conflict in registry.conflicts() {
        let (winner, loser) = (conflict.winner.name(), conflict.loser.name());
        output.note(&format!(
            "{} is provided by {winner} ({}) and {loser} ({}); {winner} is used",
            conflict.what,
            conflict.winner.folder.display(),
            conflict.loser.folder.display(),
        ));
    }
    Ok(0)
}

fn provides(manifest: &Manifest) -> String {
    let nodes: Vec<&str> = manifest.nodes.iter().map(|node| node.node_type.as_str()).collect();
    let formats: Vec<&str> = manifest.formats.iter().map(|format| format.id.as_str()).collect();
    let codecs: Vec<&str> = manifest.codecs.iter().map(|codec| codec.id.as_str()).collect();
    let groups = [("node", nodes), ("format", formats), ("codec", codecs)];
    let shown = groups
        .iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(kind, names)| format!("{kind}{} {}", if names.len() == 1 { "" } else { "s" }, names.join(", ")));
    shown.collect::<Vec<_>>().join("; ")
}

fn plugin_json(plugin: &InstalledPlugin) -> Value {
    let manifest = &plugin.manifest;
    json!({
        "name": plugin.name(),
        "version": manifest.version.to_string(),
        "description": manifest.description,
        "from": plugin.rank.name(),
        "folder": plugin.folder.display().to_string(),
        "nodes": manifest.nodes.iter().map(|node| &node.node_type).collect::<Vec<_>>(),
        "formats": manifest.formats.iter().map(|format| &format.id).collect::<Vec<_>>(),
        "codecs": manifest.codecs.iter().map(|codec| &codec.id).collect::<Vec<_>>(),
        "warnings": plugin.warnings.iter().map(problem_json).collect::<Vec<_>>(),
    })
}

fn info(runtime: &Runtime, name: &str, output: &Output) -> CommandResult {
    let registry = runtime.registry();
    let Some(plugin) = registry.plugin(name) else {
        let names = registry.plugins().iter().map(|plugin| plugin.name());
        let mut problem = jackfield_manifest::Problem::error("unknown-plugin", format!("there is no plugin `{name}`"));
        problem.help = match nearest(name, names.clone()).first() {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None => Some(format!("installed: {}", names.collect::<Vec<_>>().join(", "))),
        };
        return Err(Report::from(Diagnosis { problem, class: Class::Configuration }).into());
    };
    let bytes = std::fs::read(&plugin.component)?;
    let inspection = inspect(&bytes).map_err(|error| {
        let problem = jackfield_manifest::Problem::error("not-a-component", error.to_string());
        Report::from(Diagnosis { problem, class: Class::Configuration })
    })?;
    let limits = limits(runtime, plugin);
    let asked = permissions(&plugin.manifest.permissions);
    if output.json {
        let mut document = plugin_json(plugin);
        document["component"] = json!({
            "file": plugin.component.display().to_string(),
            "bytes": bytes.len(),
            "imports": inspection.imports,
            "exports": inspection.exports,
        });
        document["permissions"] = json!(asked);
        document["limits"] =
            limits.iter().map(|(key, value, from)| json!({ "name": key, "value": value, "from": from })).collect();
        output.json_result(&document)?;
        return Ok(0);
    }
    let manifest = &plugin.manifest;
    let mut text = format!("{} {}\n{}\n\n", output.bold(name), manifest.version, printable(&manifest.description));
    let mut line = |key: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&format!("  {key:12} {}\n", printable(value)));
        }
    };
    line("from", &format!("{} ({})", plugin.folder.display(), plugin.rank.name()));
    line("license", manifest.license.as_deref().unwrap_or(""));
    line("authors", &manifest.authors.join(", "));
    line("homepage", manifest.homepage.as_deref().unwrap_or(""));
    line("component", &format!("{} ({})", plugin.component.display(), size(bytes.len() as u64)));
    line("exports", &inspection.exports.join(", "));
    line("imports", &inspection.imports.join(", "));
    text.push_str("\nProvides\n");
    for node in &manifest.nodes {
        let about = node.description.as_deref().unwrap_or("");
        text.push_str(&format!("  node {:10} {}\n", printable(&node.node_type), printable(about)));
    }
    for format in &manifest.formats {
        let about = format!("files *.{}", format.extensions.join(", *."));
        text.push_str(&format!("  format {:8} {}\n", printable(&format.id), printable(&about)));
    }
    for codec in &manifest.codecs {
        let about = format!("files *.{}", codec.extensions.join(", *."));
        text.push_str(&format!("  codec {:9} {}\n", printable(&codec.id), printable(&about)));
    }
    text.push_str("\nPermissions\n");
    if asked.is_empty() {
        text.push_str("  none asked, none granted\n");
    }
    for permission in &asked {
        text.push_str(&format!("  {} (asked, not granted)\n", printable(permission)));
    }
    text.push_str("\nLimits\n");
    for (key, value, from) in &limits {
        text.push_str(&format!("  {key:16} {value:>16}  {from}\n"));
    }
    output.result(&text)?;
    Ok(0)
}

/// Name, value and origin of each limit.
fn limits(runtime: &Runtime, plugin: &InstalledPlugin) -> Vec<(&'static str, String, &'static str)> {
    let effective = runtime.limits_of(plugin);
    let operator = &runtime.settings().limits;
    let default = Limits::default();
    let origin = |lowered: bool, configured: bool| match (lowered, configured) {
        (true, _) => "plugin.toml",
        (false, true) => "jackfield.toml",
        (false, false) => "default",
    };
    vec![
        (
            "memory",
            size(effective.memory_bytes),
            origin(effective.memory_bytes != operator.memory_bytes, operator.memory_bytes != default.memory_bytes),
        ),
        (
            "fuel-per-call",
            count(effective.fuel_per_call),
            origin(effective.fuel_per_call != operator.fuel_per_call, operator.fuel_per_call != default.fuel_per_call),
        ),
        (
            "call-timeout",
            duration(effective.call_timeout),
            origin(effective.call_timeout != operator.call_timeout, operator.call_timeout != default.call_timeout),
        ),
        (
            "hostcall-fuel",
            size(effective.hostcall_fuel as u64),
            origin(effective.hostcall_fuel != operator.hostcall_fuel, operator.hostcall_fuel != default.hostcall_fuel),
        ),
        (
            "handles",
            count(u64::from(effective.handles)),
            origin(effective.handles != operator.handles, operator.handles != default.handles),
        ),
    ]
}

/// What the manifest asks for, a line each.
fn permissions(asked: &Permissions) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |name: &str, what: String, reason: &Option<String>| {
        let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        lines.push(format!("{name} {what}{reason}").trim().to_owned());
    };
    asked.filesystem_read.iter().for_each(|rule| add("filesystem.read", rule.path.as_str().to_owned(), &rule.reason));
    asked.filesystem_write.iter().for_each(|rule| add("filesystem.write", rule.path.as_str().to_owned(), &rule.reason));
    asked.network_http.iter().for_each(|rule| add("network.http", rule.host.to_string(), &rule.reason));
    asked
        .network_socket
        .iter()
        .for_each(|rule| add("network.socket", format!("{}:{}", rule.host, rule.port), &rule.reason));
    asked.secrets.iter().for_each(|rule| add("secrets", rule.name.clone(), &rule.reason));
    asked.env.iter().for_each(|rule| add("env", rule.name.clone(), &rule.reason));
    asked.storage.iter().for_each(|rule| add("storage", rule.url.clone(), &rule.reason));
    asked.exec.iter().for_each(|rule| add("exec", rule.command.clone(), &rule.reason));
    let flags = [
        ("clock", &asked.clock),
        ("random", &asked.random),
        ("gpu", &asked.gpu),
        ("memory.unlimited", &asked.memory_unlimited),
    ];
    for (name, flag) in flags {
        if let Some(flag) = flag {
            add(name, String::new(), &flag.reason);
        }
    }
    lines
}
