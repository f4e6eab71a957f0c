//! `jackfield plugin`: what is installed, whether it is sound, and what it may do.

mod audit;
mod bench;
mod build;
mod check;
mod docs;
pub(crate) mod grants;
mod info;
mod new;
mod requirements;
mod states;
mod test;

use std::sync::Arc;

use comfy_table::{Table, presets};
use jackfield_manifest::{Manifest, Problem, nearest};
use jackfield_runtime::{Class, Diagnosis, InstalledPlugin, Registry, Report, Runtime, Standing};
use serde_json::{Value, json};

use crate::args::{Global, PluginArguments, PluginCommand, ProvidedKind};
use crate::output::{CommandResult, Output, problem_json};
use crate::pipeline::{printable, settings};
use states::states;

pub(crate) fn plugin(global: &Global, arguments: &PluginArguments, output: &Output) -> CommandResult {
    // What works on sources needs no installed plugin, and works beside a broken configuration.
    match &arguments.command {
        PluginCommand::New(arguments) => return new::new(arguments, output),
        PluginCommand::Build(arguments) => return build::build(global, arguments, output),
        _ => {}
    }
    let starts = matches!(arguments.command, PluginCommand::List { start: true, .. });
    let runtime = settings(global).map(if starts { Runtime::open_to_run } else { Runtime::open })?;
    match &arguments.command {
        PluginCommand::List { kind, capability, category, start } => {
            let (capability, category) = (capability.as_deref(), category.as_deref());
            list(&runtime, &Wanted { kind: *kind, capability, category }, *start, output)
        }
        PluginCommand::Info { name } => info::info(&runtime, name, output),
        PluginCommand::New(arguments) => new::new(arguments, output),
        PluginCommand::Build(arguments) => build::build(global, arguments, output),
        PluginCommand::Check(arguments) => check::check(global, runtime, arguments, output),
        PluginCommand::Bench(arguments) => bench::bench(global, runtime, arguments, output),
        PluginCommand::Profile(arguments) => bench::profile(global, runtime, arguments, output),
        PluginCommand::Test(arguments) => test::test(global, arguments, output),
        PluginCommand::Replay { file } => test::replay(&runtime, file, output),
        PluginCommand::Docs { name, output: folder } => {
            docs::docs(&runtime, name.as_deref(), folder.as_deref(), output)
        }
        PluginCommand::Tree { name } => requirements::tree(&runtime, name.as_deref(), output),
        PluginCommand::Why { name } => requirements::why(&runtime, name, output),
        PluginCommand::Grant(arguments) => grants::grant(&runtime, arguments, output),
        PluginCommand::Revoke { name } => grants::revoke(&runtime, name, output),
        PluginCommand::Grants => grants::list(&runtime, output),
        PluginCommand::Audit { name } => audit::audit(&runtime, name, output),
        PluginCommand::Graph { output: file } => requirements::graph(&runtime, file.as_deref(), output),
    }
}

/// Which plugins are listed.
struct Wanted<'a> {
    kind: Option<ProvidedKind>,
    capability: Option<&'a str>,
    category: Option<&'a str>,
}

impl Wanted<'_> {
    fn fits(&self, plugin: &InstalledPlugin) -> bool {
        let manifest = &plugin.manifest;
        let in_category = |name: &str| {
            let mut categories = manifest.nodes.iter().filter_map(|node| node.category.as_deref());
            categories.any(|category| category.eq_ignore_ascii_case(name))
        };
        self.kind.is_none_or(|kind| plugin.kinds().contains(&kind.name()))
            && self.capability.is_none_or(|id| manifest.capabilities.iter().any(|capability| capability.id == id))
            && self.category.is_none_or(in_category)
    }

    fn is_narrowed(&self) -> bool {
        self.kind.is_some() || self.capability.is_some() || self.category.is_some()
    }
}

/// The plugin that somebody typed: `csv`, or `csv@1.2`.
pub(crate) fn find(registry: &Registry, typed: &str) -> Result<Arc<InstalledPlugin>, Report> {
    let wrong = |problem: Problem| Report::from(Diagnosis { problem, class: Class::Configuration });
    let (name, version) = match typed.split_once('@') {
        Some((name, version)) => {
            let parsed = version.parse::<semver::VersionReq>().map_err(|error| {
                wrong(Problem::error("invalid-version", format!("`{version}` is not a version requirement: {error}")))
            })?;
            (name, Some(parsed))
        }
        None => (typed, None),
    };
    let found = match &version {
        Some(version) => registry.versions(name).find(|plugin| version.matches(&plugin.manifest.version)),
        None => registry.plugin(name),
    };
    found.cloned().ok_or_else(|| {
        let installed: Vec<String> = registry.versions(name).map(|p| p.manifest.version.to_string()).collect();
        if let (Some(version), false) = (&version, installed.is_empty()) {
            let message = format!("no installed version of {name} fits {version}");
            let help = format!("installed: {}", installed.join(", "));
            return wrong(Problem::error("version-not-installed", message).with_help(help));
        }
        let mut names: Vec<&str> = registry.plugins().iter().map(|plugin| plugin.name()).collect();
        names.dedup();
        let help = match (provider(registry, name), nearest(name, names.iter().copied()).first()) {
            (Some((plugin, offered)), _) => {
                let (plugin, offered) = (plugin.name(), offered.to_lowercase());
                format!("the plugin `{plugin}` provides the {offered} `{name}`: say `{plugin}`")
            }
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => format!("installed: {}", names.join(", ")),
        };
        wrong(Problem::error("unknown-plugin", format!("there is no plugin `{name}`")).with_help(help))
    })
}

/// The plugin that provides a node type, format or codec of this name, and which of them it is: a heading's word.
fn provider<'r>(registry: &'r Registry, id: &str) -> Option<(&'r Arc<InstalledPlugin>, &'static str)> {
    registry.plugins().iter().find_map(|plugin| {
        let manifest = &plugin.manifest;
        let what = if manifest.nodes.iter().any(|node| node.node_type == id) {
            "Node"
        } else if manifest.formats.iter().any(|format| format.id == id) {
            "Format"
        } else if manifest.codecs.iter().any(|codec| codec.id == id) {
            "Codec"
        } else {
            return None;
        };
        Some((plugin, what))
    })
}

fn list(runtime: &Runtime, wanted: &Wanted<'_>, start: bool, output: &Output) -> CommandResult {
    let registry = runtime.registry();
    let plugins: Vec<Arc<InstalledPlugin>> =
        registry.plugins().iter().filter(|plugin| wanted.fits(plugin)).cloned().collect();
    let states = states(runtime, &plugins, start, output)?;
    let failed = states.iter().any(|standing| start && !standing.state.is_running());
    let code = u8::from(failed || (start && !registry.broken().is_empty()));
    let warnings = warnings(runtime, &registry, &plugins);
    if output.json {
        let broken = registry.broken().iter();
        let listed = |(plugin, standing): (&Arc<InstalledPlugin>, &Standing)| {
            let mut document = plugin_json(&registry, plugin);
            document["state"] = standing.state.name().into();
            document["reason"] = standing.reason.as_deref().into();
            document
        };
        output.json_result(&json!({
            "plugins": plugins.iter().zip(&states).map(listed).collect::<Vec<_>>(),
            "broken": broken.map(|b| json!({
                "folder": b.folder.display().to_string(),
                "errors": b.problems.iter().map(problem_json).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "conflicts": registry.conflicts().iter().map(|c| json!({
                "what": c.what,
                "winner": c.winner.name(),
                "loser": c.loser.name(),
                "winner-plugin": side(&c.winner),
                "loser-plugin": side(&c.loser),
            })).collect::<Vec<_>>(),
            "warnings": warnings.iter().map(problem_json).collect::<Vec<_>>(),
        }))?;
        return Ok(code);
    }
    if !plugins.is_empty() {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(
            ["name", "version", "state", "from", "provides", "description"].map(|title| output.bold(title)),
        );
        for (plugin, standing) in plugins.iter().zip(&states) {
            let manifest = &plugin.manifest;
            let row = [
                plugin.name(),
                &manifest.version.to_string(),
                standing.state.name(),
                plugin.rank.name(),
                &provides(manifest),
                &manifest.description,
            ];
            table.add_row(row.map(printable));
        }
        output.result(&format!("{}\n", table.trim_fmt()))?;
    } else if wanted.is_narrowed() {
        output.note("no installed plugin is like that");
    } else {
        let folders: Vec<String> = runtime.settings().folders.iter().map(|f| f.path.display().to_string()).collect();
        output.note(&format!("no plugins found in {}", folders.join(", ")));
    }
    for standing in &states {
        if let Some(reason) = &standing.reason {
            output.note(&printable(&format!("{} {}, {}: {reason}", standing.plugin, standing.version, standing.state)));
        }
    }
    for broken in registry.broken() {
        output.note(&format!("{} cannot be used:", printable(&broken.folder.display().to_string())));
        broken.problems.iter().for_each(|problem| output.problem(problem));
    }
    registry.unresolved().iter().for_each(|unresolved| output.problem(&unresolved.problem));
    for conflict in registry.conflicts() {
        let (winner, loser) = (&conflict.winner, &conflict.loser);
        let (one, other) = if winner.name() == loser.name() {
            (winner.title(), loser.title())
        } else {
            (winner.name().to_owned(), loser.name().to_owned())
        };
        output.note(&printable(&format!(
            "{} is provided by {one} ({}) and {other} ({}); {one} is used",
            conflict.what,
            winner.origin(),
            loser.origin(),
        )));
    }
    warnings.iter().for_each(|warning| output.problem(warning));
    Ok(code)
}

/// What is odd about the configuration, about choices among plugins, and about the plugins that are listed.
fn warnings(runtime: &Runtime, registry: &Registry, plugins: &[Arc<InstalledPlugin>]) -> Vec<Problem> {
    let mut warnings = runtime.settings().warnings.clone();
    warnings.extend(registry.warnings().iter().cloned());
    for plugin in plugins {
        warnings.extend(plugin.warnings.iter().cloned().chain(plugin.built_with_another()));
        warnings.extend(plugin.deprecations().into_iter().map(|line| Problem::warning("deprecated", line)));
    }
    warnings
}

fn side(plugin: &InstalledPlugin) -> Value {
    json!({
        "name": plugin.name(),
        "version": plugin.manifest.version.to_string(),
        "from": plugin.rank.name(),
        "origin": plugin.origin(),
    })
}

fn provides(manifest: &Manifest) -> String {
    let shown = offers(manifest).into_iter().filter(|(_, names)| !names.is_empty()).map(|(kind, names)| {
        let plural = match (names.len(), kind) {
            (1, kind) => kind.to_owned(),
            (_, "capability") => "capabilities".to_owned(),
            (_, kind) => format!("{kind}s"),
        };
        format!("{plural} {}", names.join(", "))
    });
    shown.collect::<Vec<_>>().join("; ")
}

/// The names of what a manifest provides, by kind.
fn offers(m: &Manifest) -> [(&'static str, Vec<&str>); 11] {
    [
        ("node", m.nodes.iter().map(|node| node.node_type.as_str()).collect()),
        ("format", m.formats.iter().map(|format| format.id.as_str()).collect()),
        ("codec", m.codecs.iter().map(|codec| codec.id.as_str()).collect()),
        ("hook", m.hooks.iter().map(|hook| hook.id.as_str()).collect()),
        ("service", m.services.iter().map(|offer| offer.id.as_str()).collect()),
        ("command", m.commands.iter().map(|offer| offer.id.as_str()).collect()),
        ("route", m.routes.iter().map(|route| route.path.as_str()).collect()),
        ("driver", m.drivers.iter().map(|offer| offer.id.as_str()).collect()),
        ("validator", m.validators.iter().map(|offer| offer.id.as_str()).collect()),
        ("engine", m.engines.iter().map(|offer| offer.id.as_str()).collect()),
        ("capability", m.capabilities.iter().map(|capability| capability.id.as_str()).collect()),
    ]
}

fn plugin_json(registry: &Registry, plugin: &InstalledPlugin) -> Value {
    let manifest = &plugin.manifest;
    let mut document = json!({
        "name": plugin.name(),
        "version": manifest.version.to_string(),
        "description": manifest.description,
        "state": registry.state(plugin).name(),
        "from": plugin.rank.name(),
        "folder": plugin.folder.display().to_string(),
        "origin": plugin.origin(),
    });
    for (kind, names) in offers(manifest) {
        let key = if kind == "capability" { "capabilities".to_owned() } else { format!("{kind}s") };
        document[key] = json!(names);
    }
    document["unresolved"] = registry.why_unresolved(plugin).map(problem_json).into();
    document["deprecated"] = json!(plugin.deprecations());
    let stale = plugin.built_with_another();
    document["warnings"] = plugin.warnings.iter().chain(&stale).map(problem_json).collect();
    document
}
