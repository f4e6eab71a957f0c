//! `jackfield plugin info`.

use jackfield_manifest::{Manifest, NodeDecl, PortDecl, Problem};
use jackfield_runtime::host::{LimitValue, Limits, inspect};
use jackfield_runtime::{Class, Diagnosis, Form, InstalledPlugin, Registry, Report, Runtime};
use serde_json::{Value, json};

use super::{find, plugin_json};
use crate::output::{CommandResult, Output, problem_json};
use crate::pipeline::printable;
use crate::summary::{count, duration, size};

/// What can be seen of a component without compiling it.
#[derive(Default)]
pub(super) struct Component {
    bytes: u64,
    pub(super) imports: Vec<String>,
    exports: Vec<String>,
}

pub(super) fn info(runtime: &Runtime, typed: &str, output: &Output) -> CommandResult {
    let registry = runtime.registry();
    let plugin = find(&registry, typed)?;
    let component = if plugin.form == Form::Native { Component::default() } else { look_into(&plugin)? };
    let digest = runtime.digest(&plugin);
    let limits = limits(runtime, &plugin);
    let (stands, grant) = runtime.stands(&plugin);
    let mut warnings = plugin.warnings.clone();
    warnings.extend(plugin.built_with_another());
    warnings.extend(runtime.limit_warnings(&plugin));
    warnings.extend(plugin.deprecations().into_iter().map(|line| Problem::warning("deprecated", line)));
    warnings.extend(registry.warnings_about(std::slice::from_ref(&plugin)));
    if output.json {
        let mut document = plugin_json(&registry, &plugin);
        let manifest = &plugin.manifest;
        for (key, value) in [
            ("license", &manifest.license),
            ("homepage", &manifest.homepage),
            ("documentation", &manifest.documentation),
            ("repository", &manifest.repository),
        ] {
            document[key] = json!(value);
        }
        document["authors"] = json!(manifest.authors);
        document["keywords"] = json!(manifest.keywords);
        document["engine"] = json!(manifest.engine.to_string());
        document["node-types"] = manifest.nodes.iter().map(node_json).collect();
        document["requires"] = requirements(&registry, &plugin)
            .into_iter()
            .map(|(what, optional, by)| json!({ "what": what, "optional": optional, "by": by }))
            .collect();
        document["component"] = json!({
            "file": plugin.component.display().to_string(),
            "bytes": component.bytes,
            "sha256": digest,
            "imports": component.imports,
            "exports": component.exports,
        });
        document["permissions"] = stands
            .iter()
            .map(|(ask, stand)| json!({ "right": ask.right, "reason": ask.reason, "status": stand.words() }))
            .collect();
        document["grant"] = grant.as_ref().map(super::grants::grant_json).into();
        document["limits"] =
            limits.iter().map(|(key, value, from)| json!({ "name": key, "value": value, "from": from })).collect();
        document["warnings"] = warnings.iter().map(problem_json).collect();
        output.json_result(&document)?;
        return Ok(0);
    }
    let manifest = &plugin.manifest;
    let title = output.bold(plugin.name());
    let mut text = format!("{title} {}\n{}\n\n", manifest.version, printable(&manifest.description));
    let mut line = |key: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&format!("  {key:13} {}\n", printable(value)));
        }
    };
    line("from", &format!("{} ({})", plugin.origin(), plugin.rank.name()));
    line("license", manifest.license.as_deref().unwrap_or(""));
    line("authors", &manifest.authors.join(", "));
    line("homepage", manifest.homepage.as_deref().unwrap_or(""));
    line("documentation", manifest.documentation.as_deref().unwrap_or(""));
    line("repository", manifest.repository.as_deref().unwrap_or(""));
    line("keywords", &manifest.keywords.join(", "));
    if manifest.engine != semver::VersionReq::STAR {
        line("engine", &manifest.engine.to_string());
    }
    if plugin.form != Form::Native {
        line("component", &format!("{} ({})", plugin.component.display(), size(component.bytes)));
        line("sha256", digest.as_deref().unwrap_or(""));
        line("exports", &component.exports.join(", "));
        line("imports", &component.imports.join(", "));
    }
    provided(manifest, &mut text);
    let requirements = requirements(&registry, &plugin);
    if !requirements.is_empty() {
        text.push_str("\nRequires\n");
    }
    for (what, optional, by) in requirements {
        let by = match (by, optional) {
            (Some(by), _) => format!(": {by}"),
            (None, true) => ": not there, and optional".to_owned(),
            (None, false) => ": not met".to_owned(),
        };
        text.push_str(&format!("  {}\n", printable(&format!("{what}{by}"))));
    }
    text.push_str("\nPermissions\n");
    if stands.is_empty() {
        text.push_str("  none asked, none granted\n");
    }
    for (ask, stand) in &stands {
        text.push_str(&format!("  {} ({})\n", printable(&ask.to_string()), stand.words()));
    }
    match &grant {
        Some(grant) => text.push_str(&format!("  {}\n", printable(&super::grants::given(grant)))),
        None if runtime.needs_grant(&plugin) => text.push_str("  it does not run until it is granted\n"),
        None => {}
    }
    text.push_str("\nLimits\n");
    for (key, value, from) in &limits {
        text.push_str(&format!("  {key:17} {value:>23}  {from}\n"));
    }
    output.result(&text)?;
    registry.why_unresolved(&plugin).into_iter().chain(&warnings).for_each(|problem| output.problem(problem));
    Ok(0)
}

pub(super) fn look_into(plugin: &InstalledPlugin) -> Result<Component, crate::output::CommandError> {
    let bytes = std::fs::read(&plugin.component)?;
    let inspection = inspect(&bytes).map_err(|error| {
        let problem = Problem::error("not-a-component", error.to_string());
        Report::from(Diagnosis { problem, class: Class::Configuration })
    })?;
    Ok(Component { bytes: bytes.len() as u64, imports: inspection.imports, exports: inspection.exports })
}

/// What a plugin requires, whether it is optional, and who satisfies it.
fn requirements(registry: &Registry, plugin: &std::sync::Arc<InstalledPlugin>) -> Vec<(String, bool, Option<String>)> {
    let all = registry.requirements(plugin).into_iter();
    all.map(|requirement| {
        let wanted = requirement.wanted;
        let by = requirement.plugin.map(|plugin| plugin.title());
        (format!("{} {}", wanted.target, wanted.version), wanted.optional, by)
    })
    .collect()
}

fn provided(manifest: &Manifest, text: &mut String) {
    text.push_str("\nProvides\n");
    for node in &manifest.nodes {
        let about = node.description.as_deref().unwrap_or("");
        text.push_str(&format!("  node {:10} {}\n", printable(&node.node_type), printable(about)));
        for detail in node_details(node) {
            text.push_str(&format!("       {:10} {}\n", "", printable(&detail)));
        }
    }
    for format in &manifest.formats {
        let about = format!("files *.{}", format.extensions.join(", *."));
        text.push_str(&format!("  format {:8} {}\n", printable(&format.id), printable(&about)));
    }
    for codec in &manifest.codecs {
        let about = format!("files *.{}", codec.extensions.join(", *."));
        text.push_str(&format!("  codec {:9} {}\n", printable(&codec.id), printable(&about)));
    }
    for capability in &manifest.capabilities {
        text.push_str(&format!("  capability {} {}\n", printable(&capability.id), capability.version));
    }
    for hook in &manifest.hooks {
        text.push_str(&format!("  hook {:10} {}\n", printable(&hook.id), hook.point.name()));
    }
    let others = [
        ("service", &manifest.services),
        ("command", &manifest.commands),
        ("driver", &manifest.drivers),
        ("validator", &manifest.validators),
        ("engine", &manifest.engines),
    ];
    for (kind, offers) in others {
        for offer in offers {
            let about = offer.description.as_deref().unwrap_or("");
            text.push_str(&format!("  {kind} {} {}\n", printable(&offer.id), printable(about)).replace(" \n", "\n"));
        }
    }
    for route in &manifest.routes {
        text.push_str(&format!("  route {}\n", printable(&route.path)));
    }
}

/// What is worth telling of a node's ports and wishes.
fn node_details(node: &NodeDecl) -> Vec<String> {
    let mut lines = Vec::new();
    for (side, ports) in [("in", &node.inputs), ("out", &node.outputs)] {
        let tells = |port: &&PortDecl| {
            port.optional || port.multiple || port.columns.is_some() || port.description.is_some() || ports.len() > 1
        };
        for port in ports.iter().filter(tells) {
            let mut marks = Vec::new();
            marks.extend(port.optional.then_some("optional"));
            marks.extend(port.multiple.then_some("multiple"));
            let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) };
            let columns = port.columns.as_ref().map(|columns| format!(" {columns}")).unwrap_or_default();
            let about = port.description.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
            lines.push(format!("{side} `{}`{marks}{columns}{about}", port.name));
        }
    }
    let resources = &node.resources;
    let mut wishes = Vec::new();
    wishes.extend(resources.memory.map(|memory| format!("memory {memory}")));
    wishes.extend(resources.cpu.map(|share| format!("cpu {share}")));
    wishes.extend(resources.gpu.then(|| "gpu".to_owned()));
    if !wishes.is_empty() {
        lines.push(format!("would like {}", wishes.join(", ")));
    }
    lines
}

fn node_json(node: &NodeDecl) -> Value {
    let ports = |ports: &[PortDecl]| -> Vec<Value> {
        let one = |port: &PortDecl| {
            json!({
                "name": port.name,
                "display-name": port.display_name,
                "description": port.description,
                "type": port.columns.as_deref().unwrap_or("rows"),
                "optional": port.optional,
                "multiple": port.multiple,
            })
        };
        ports.iter().map(one).collect()
    };
    let resources = &node.resources;
    json!({
        "type": node.node_type,
        "display-name": node.display_name,
        "description": node.description,
        "category": node.category,
        "inputs": ports(&node.inputs),
        "outputs": ports(&node.outputs),
        "resources": {
            "memory-bytes": resources.memory.map(|memory| memory.0),
            "cpu": resources.cpu,
            "gpu": resources.gpu,
        },
        "deprecated": node.deprecated.as_ref().map(|deprecated| deprecated.sentence()),
    })
}

/// Name, value and origin of each limit.
fn limits(runtime: &Runtime, plugin: &InstalledPlugin) -> Vec<(&'static str, String, &'static str)> {
    let effective = runtime.limits_of(plugin).entries();
    let operator = runtime.settings().limits.entries();
    let default = Limits::default().entries();
    let three = effective.iter().zip(&operator).zip(&default);
    three
        .map(|((entry, operator), default)| {
            let from = match entry {
                entry if !entry.settable => "built in",
                entry if entry.value != operator.value => "plugin.toml",
                entry if entry.value != default.value => "jackfield.toml",
                _ => "default",
            };
            let value = match entry.value {
                LimitValue::Bytes(bytes) => size(bytes),
                LimitValue::Count(number) => count(number),
                LimitValue::Time(time) if time.as_secs() >= 2 * 86_400 => format!("{} days", time.as_secs() / 86_400),
                LimitValue::Time(time) => duration(time),
                LimitValue::Times(times) => format!("{} times", count(times)),
            };
            (entry.name, value, from)
        })
        .collect()
}
