//! `jackfield plugin tree`, `plugin why` and `plugin graph`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use jackfield_runtime::plugin_graph::PluginGraph;
use jackfield_runtime::{Class, Diagnosis, InstalledPlugin, Registry, Report, Runtime};
use serde_json::{Value, json};

use super::find;
use crate::output::{CommandResult, Output, problem_json};
use crate::pipeline::printable;

/// Deeper than this no tree is drawn; `plugin graph` shows it all.
const DEEPEST: usize = 64;

pub(super) fn tree(runtime: &Runtime, typed: Option<&str>, output: &Output) -> CommandResult {
    let registry = runtime.registry();
    let roots: Vec<Arc<InstalledPlugin>> = match typed {
        Some(typed) => vec![find(&registry, typed)?],
        // Those that nobody requires: the others stand below them.
        None => registry.plugins().iter().filter(|plugin| registry.required_by(plugin).is_empty()).cloned().collect(),
    };
    if let ([root], Some(_)) = (roots.as_slice(), typed) {
        refuse_unresolved(&registry, root)?;
    }
    if output.json {
        let mut seen = BTreeSet::new();
        let trees: Vec<Value> = roots.iter().map(|root| tree_json(&registry, root, &mut seen, 0)).collect();
        output.json_result(&json!({ "plugins": trees }))?;
        return Ok(0);
    }
    let mut text = String::new();
    let mut seen = BTreeSet::new();
    for root in &roots {
        let mark = if registry.why_unresolved(root).is_some() { " (cannot be used)" } else { "" };
        text.push_str(&format!("{}{mark}\n", printable(&root.title())));
        seen.insert(root.title());
        branch(&registry, root, "", &mut seen, &mut text, 0);
    }
    output.result(&text)?;
    if typed.is_none() {
        registry.unresolved().iter().for_each(|unresolved| output.problem(&unresolved.problem));
    }
    Ok(0)
}

/// The requirements of a plugin, a line each, with theirs below.
fn branch(
    registry: &Registry,
    plugin: &Arc<InstalledPlugin>,
    indent: &str,
    seen: &mut BTreeSet<String>,
    text: &mut String,
    depth: usize,
) {
    let requirements = registry.requirements(plugin);
    for (number, requirement) in requirements.iter().enumerate() {
        let last = number + 1 == requirements.len();
        let (elbow, below) = if last { ("└── ", "    ") } else { ("├── ", "│   ") };
        let wanted = &requirement.wanted;
        let what = format!("{} {}", wanted.target, wanted.version);
        let optional = if wanted.optional { ", optional" } else { "" };
        let line = match &requirement.plugin {
            Some(by) => format!("{} ({what}{optional})", by.title()),
            None if wanted.optional => format!("{what}: not there, and optional"),
            None => format!("{what}: not met"),
        };
        text.push_str(&format!("{indent}{elbow}{}", printable(&line)));
        let Some(by) = &requirement.plugin else {
            text.push('\n');
            continue;
        };
        let again = !seen.insert(by.title()) || depth >= DEEPEST;
        let has_more = !registry.requirements(by).is_empty();
        // As it was shown above.
        text.push_str(if again && has_more { " (*)\n" } else { "\n" });
        if !again {
            branch(registry, by, &format!("{indent}{below}"), seen, text, depth + 1);
        }
    }
}

/// A plugin and its requirements. What was shown before is only named, since shared requirements would multiply.
fn tree_json(registry: &Registry, plugin: &Arc<InstalledPlugin>, seen: &mut BTreeSet<String>, depth: usize) -> Value {
    let mut document = json!({ "name": plugin.name(), "version": plugin.manifest.version.to_string() });
    if !seen.insert(plugin.title()) || depth >= DEEPEST {
        document["shown-above"] = json!(true);
        return document;
    }
    document["unresolved"] = registry.why_unresolved(plugin).map(problem_json).into();
    let requirements = registry.requirements(plugin).into_iter().map(|requirement| {
        let wanted = requirement.wanted;
        json!({
            "what": wanted.target.to_string(),
            "version": wanted.version.to_string(),
            "optional": wanted.optional,
            "by": requirement.plugin.map(|by| tree_json(registry, &by, seen, depth + 1)),
        })
    });
    document["requires"] = requirements.collect();
    document
}

fn refuse_unresolved(registry: &Registry, plugin: &InstalledPlugin) -> Result<(), Report> {
    match registry.why_unresolved(plugin) {
        Some(problem) => Err(Diagnosis { problem: problem.clone(), class: Class::Configuration }.into()),
        None => Ok(()),
    }
}

pub(super) fn why(runtime: &Runtime, typed: &str, output: &Output) -> CommandResult {
    let registry = runtime.registry();
    let plugin = find(&registry, typed)?;
    refuse_unresolved(&registry, &plugin)?;
    if output.json {
        let required_by = registry.required_by(&plugin);
        output.json_result(&json!({
            "name": plugin.name(),
            "version": plugin.manifest.version.to_string(),
            "from": plugin.rank.name(),
            "origin": plugin.origin(),
            "required-by": required_by.iter().map(|(by, wanted)| json!({
                "name": by.name(),
                "version": by.manifest.version.to_string(),
                "what": wanted.target.to_string(),
                "requirement": wanted.version.to_string(),
                "optional": wanted.optional,
            })).collect::<Vec<_>>(),
        }))?;
        return Ok(0);
    }
    let mut text = format!("{} from {} ({})\n", plugin.title(), plugin.origin(), plugin.rank.name());
    if registry.required_by(&plugin).is_empty() {
        text.push_str("  no plugin requires it\n");
    }
    let mut seen = BTreeSet::from([plugin.title()]);
    requirers(&registry, &plugin, 1, &mut seen, &mut text);
    let text: String = text.lines().map(|line| printable(line) + "\n").collect();
    output.result(&text)?;
    Ok(0)
}

/// Who requires a plugin, and who requires these.
fn requirers(
    registry: &Registry,
    plugin: &Arc<InstalledPlugin>,
    depth: usize,
    seen: &mut BTreeSet<String>,
    text: &mut String,
) {
    for (by, wanted) in registry.required_by(plugin) {
        let optional = if wanted.optional { ", optional" } else { "" };
        let line = format!("{} requires {} {}{optional}", by.title(), wanted.target, wanted.version);
        text.push_str(&format!("{}{line}\n", "  ".repeat(depth)));
        if seen.insert(by.title()) && depth < DEEPEST {
            requirers(registry, &by, depth + 1, seen, text);
        }
    }
}

pub(super) fn graph(runtime: &Runtime, file: Option<&Path>, output: &Output) -> CommandResult {
    let graph = PluginGraph::new(&runtime.registry());
    if let Some(file) = file {
        std::fs::write(file, graph.to_svg()).with_context(|| format!("{} cannot be written", file.display()))?;
        if !output.json {
            output.note(&format!("{} written", file.display()));
            return Ok(0);
        }
    }
    if output.json {
        output.json_result(&json!({
            "boxes": graph.boxes.iter().map(|plugin| json!({
                "name": plugin.name, "version": plugin.version, "from": plugin.from, "unresolved": plugin.unresolved,
            })).collect::<Vec<_>>(),
            "arrows": graph.arrows.iter().map(|arrow| json!({
                "from": arrow.from, "to": arrow.to, "label": arrow.label, "optional": arrow.optional,
            })).collect::<Vec<_>>(),
        }))?;
        return Ok(0);
    }
    output.result(&graph.to_svg())?;
    Ok(0)
}
