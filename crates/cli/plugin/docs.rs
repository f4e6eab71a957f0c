//! `jackfield plugin docs`: a reference page in Markdown, from what the manifest says and nothing else.

mod parameters;

use std::path::Path;

use jackfield_manifest::{HookKind, LimitSettings, Manifest, NodeDecl, OnFailure, PortDecl};
use jackfield_runtime::Runtime;
use serde_json::{Value as Json, json};

use super::{find, provider};
use crate::compose::values;
use crate::output::{CommandResult, Output};
use crate::pipeline::printable;
use crate::summary::{count, duration};
use parameters::{escaped, inline, table};

pub(super) fn docs(runtime: &Runtime, typed: Option<&str>, folder: Option<&Path>, output: &Output) -> CommandResult {
    let registry = runtime.registry();
    if let Some(typed) = typed {
        let (plugin, part) = match (find(&registry, typed), provider(&registry, typed)) {
            (Ok(plugin), _) => (plugin, None),
            (Err(_), Some((plugin, offered))) => (plugin.clone(), Some(format!("## {offered} {typed}"))),
            (Err(report), None) => return Err(report.into()),
        };
        let manifest = &plugin.manifest;
        let page = match part {
            None => page(manifest),
            Some(heading) => section(&page(manifest), &heading),
        };
        if output.json {
            let version = manifest.version.to_string();
            output.json_result(&json!({ "name": manifest.plugin, "version": version, "markdown": page }))?;
        } else {
            output.result(&page)?;
        }
        return Ok(0);
    }
    // Of several versions the one that names without a version mean.
    let mut manifests: Vec<&Manifest> = registry.plugins().iter().map(|plugin| &plugin.manifest).collect();
    manifests.dedup_by(|later, first| later.plugin == first.plugin);
    let index = index(&manifests);
    let Some(folder) = folder else {
        if output.json {
            output.json_result(&json!({ "markdown": index }))?;
        } else {
            output.result(&index)?;
        }
        return Ok(0);
    };
    std::fs::create_dir_all(folder)?;
    let mut written = vec![folder.join("README.md")];
    std::fs::write(folder.join("README.md"), index)?;
    for manifest in manifests {
        let file = folder.join(format!("{}.md", manifest.plugin));
        std::fs::write(&file, page(manifest))?;
        written.push(file);
    }
    if output.json {
        let files: Vec<String> = written.iter().map(|file| file.display().to_string()).collect();
        output.json_result(&json!({ "files": files }))?;
    } else {
        output.note(&format!("{} pages written to {}", written.len(), folder.display()));
    }
    Ok(0)
}

/// The page that leads to all others.
fn index(manifests: &[&Manifest]) -> String {
    let mut out = Page::default();
    out.line("# Plugins");
    out.paragraph("A page for each plugin, made from its manifest by `jackfield plugin docs`.");
    let mut rows = vec!["| plugin | provides | |".to_owned(), "|---|---|---|".to_owned()];
    for manifest in manifests {
        let link = |kind: &str, id: &str| {
            let anchor = format!("{kind}-{id}").to_lowercase();
            format!("[{id}]({}.md#{anchor})", manifest.plugin)
        };
        let nodes = manifest.nodes.iter().map(|node| link("node", &node.node_type)).collect::<Vec<_>>();
        let formats = manifest.formats.iter().map(|format| link("format", &format.id)).collect::<Vec<_>>();
        let codecs = manifest.codecs.iter().map(|codec| link("codec", &codec.id)).collect::<Vec<_>>();
        let hooks = manifest.hooks.iter().map(|hook| format!("[{}]({}.md#hooks)", hook.id, manifest.plugin));
        let kinds = [("nodes", nodes), ("formats", formats), ("codecs", codecs), ("hooks", hooks.collect())];
        let provides = kinds.into_iter().filter(|(_, links)| !links.is_empty());
        let provides: Vec<String> = provides.map(|(kind, links)| format!("{kind} {}", links.join(", "))).collect();
        let about = escaped(&manifest.description);
        rows.push(format!("| [{0}]({0}.md) | {1} | {about} |", manifest.plugin, provides.join("; ")));
    }
    out.block(&rows);
    out.text
}

/// The part of a page below a heading, with it. Nothing that a manifest says begins a line of its own.
fn section(page: &str, heading: &str) -> String {
    let own = page.lines().skip_while(|line| *line != heading);
    let until = own.clone().skip(1).position(|line| line.starts_with("## ")).map_or(usize::MAX, |lines| lines + 1);
    let lines: Vec<&str> = own.take(until).collect();
    format!("{}\n", lines.join("\n").trim_end())
}

/// The page. Whatever the manifest says stands on one line, with nothing in it that could steer a terminal.
fn page(manifest: &Manifest) -> String {
    let mut out = Page::default();
    out.line(&format!("# {}", manifest.plugin));
    out.line("");
    out.line(&sentence(&manifest.description));
    out.line("");
    let mut about = vec![format!("Version {}", manifest.version)];
    about.extend(manifest.license.clone());
    if !manifest.authors.is_empty() {
        about.push(format!("by {}", manifest.authors.join(", ")));
    }
    out.line(&format!("{}.", said(&about.join(", "))));
    if let Some(deprecated) = &manifest.deprecated {
        out.paragraph(&format!("**This plugin {}.**", said(&deprecated.sentence())));
    }
    for (title, link) in [
        ("Homepage", &manifest.homepage),
        ("Documentation", &manifest.documentation),
        ("Repository", &manifest.repository),
    ] {
        if let Some(link) = link {
            out.paragraph(&format!("{title}: <{}>", said(link)));
        }
    }
    formats(&mut out, manifest);
    codecs(&mut out, manifest);
    manifest.nodes.iter().for_each(|node| self::node(&mut out, node));
    hooks(&mut out, manifest);
    others(&mut out, manifest);
    if let Some(config) = &manifest.config {
        out.heading("Configuration");
        out.paragraph(&format!("`[plugin.{}] config` in `jackfield.toml` or a pipeline:", manifest.plugin));
        out.block(&table(Some(config), "key"));
    }
    requires(&mut out, manifest);
    permissions(&mut out, manifest);
    limits(&mut out, &manifest.limits);
    out.text
}

/// Markdown with an empty line between paragraphs.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn paragraph(&mut self, text: &str) {
        self.line("");
        self.line(text);
    }

    fn heading(&mut self, text: &str) {
        self.paragraph(&format!("## {text}"));
    }

    /// Lines that belong together, such as a table.
    fn block(&mut self, lines: &[String]) {
        self.line("");
        lines.iter().for_each(|line| self.line(line));
    }
}

fn said(text: &str) -> String {
    printable(text)
}

/// A description as a sentence of its own.
fn sentence(text: &str) -> String {
    let text = said(text);
    let mut characters = text.chars();
    let capital = characters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{capital}{}{end}", characters.as_str())
}

fn endings(extensions: &[String]) -> String {
    extensions.iter().map(|extension| format!("`.{}`", said(extension))).collect::<Vec<_>>().join(", ")
}

fn formats(out: &mut Page, manifest: &Manifest) {
    for format in &manifest.formats {
        out.heading(&format!("Format {}", format.id));
        if let Some(about) = &format.description {
            out.paragraph(&sentence(about));
        }
        if let Some(deprecated) = &format.deprecated {
            out.paragraph(&format!("**It {}.**", said(&deprecated.sentence())));
        }
        if !format.extensions.is_empty() {
            out.paragraph(&format!("Files that end in {}.", endings(&format.extensions)));
        }
        options(out, "The format takes no options.", "option", format.options.as_ref());
        out.paragraph(&format!(
            "In a pipeline `format = \"{}\"` and `options = {{ … }}` of a source or sink; on the command line `--from` and `--option`, `--to` and `--to-option`.",
            format.id
        ));
    }
}

fn codecs(out: &mut Page, manifest: &Manifest) {
    for codec in &manifest.codecs {
        out.heading(&format!("Codec {}", codec.id));
        if let Some(about) = &codec.description {
            out.paragraph(&sentence(about));
        }
        if let Some(deprecated) = &codec.deprecated {
            out.paragraph(&format!("**It {}.**", said(&deprecated.sentence())));
        }
        let hex = |bytes: &Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut about = Vec::new();
        if !codec.extensions.is_empty() {
            about.push(format!("Files that end in {}", endings(&codec.extensions)));
        }
        if !codec.magic.is_empty() {
            let magic: Vec<String> = codec.magic.iter().map(|bytes| format!("`{}`", hex(bytes))).collect();
            about.push(format!("recognised by the first bytes {}", magic.join(" or ")));
        }
        if !about.is_empty() {
            out.paragraph(&format!("{}.", about.join("; ")));
        }
        options(out, "The codec takes no options.", "option", codec.options.as_ref());
        out.paragraph(&format!(
            "In a pipeline `codec = \"{}\"` and `codec-options = {{ … }}`; on the command line `--from-codec`, `--to-codec` and `--to-option codec.KEY=VALUE`.",
            codec.id
        ));
    }
}

fn options(out: &mut Page, none: &str, title: &str, schema: Option<&Json>) {
    let rows = table(schema, title);
    if rows.is_empty() { out.paragraph(none) } else { out.block(&rows) }
}

fn node(out: &mut Page, node: &NodeDecl) {
    out.heading(&format!("Node {}", node.node_type));
    if let Some(about) = &node.description {
        out.paragraph(&sentence(about));
    }
    if let Some(deprecated) = &node.deprecated {
        out.paragraph(&format!("**It {}.**", said(&deprecated.sentence())));
    }
    let mut ports = Vec::new();
    for (side, declared) in [("input", &node.inputs), ("output", &node.outputs)] {
        ports.extend(declared.iter().map(|one| port(side, one)));
    }
    out.block(&ports);
    options(out, "It takes no parameters.", "parameter", node.parameters.as_ref());
    let examples = node.parameters.as_ref().and_then(|schema| schema.get("examples")?.as_array());
    for example in examples.into_iter().flatten() {
        out.paragraph(&format!("For example `params = {}`", said(&inline(example))));
    }
    if let Some(form) = short_form(node) {
        out.paragraph(&format!("On the command line: `jackfield pipe IN '{form}' OUT`"));
    }
    let resources = &node.resources;
    let mut wishes = Vec::new();
    wishes.extend(resources.memory.map(|memory| format!("memory {memory}")));
    wishes.extend(resources.cpu.map(|share| format!("cpu {share}")));
    wishes.extend(resources.gpu.then(|| "gpu".to_owned()));
    if !wishes.is_empty() {
        out.paragraph(&format!("An instance would like {}.", wishes.join(", ")));
    }
}

fn port(side: &str, port: &PortDecl) -> String {
    let mut marks = Vec::new();
    marks.extend(port.optional.then_some("optional"));
    marks.extend(port.multiple.then_some("takes any number of inputs"));
    let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) };
    let columns = port.columns.as_ref().map(|columns| format!(", `{}`", said(columns))).unwrap_or_default();
    let about = port.description.as_ref().map(|text| format!(": {}", said(text))).unwrap_or_default();
    format!("- {side} `{}`{marks}{columns}{about}", port.name)
}

/// How a step of this type is written, by the rule of `jackfield pipe`.
fn short_form(node: &NodeDecl) -> Option<String> {
    let schema = node.parameters.as_ref();
    let required: Vec<&str> = schema
        .and_then(|schema| schema.get("required")?.as_array())
        .map(|names| names.iter().filter_map(Json::as_str).collect())
        .unwrap_or_default();
    let property = |name: &str| schema.and_then(|schema| schema.get("properties")?.get(name)).unwrap_or(&Json::Null);
    let mut words = vec![node.node_type.clone()];
    let main = node.main_parameter.as_deref().or(match required.as_slice() {
        [only] => Some(*only),
        _ => None,
    });
    let entries = main.is_some_and(|main| main == "columns" && values::takes_entries(property(main)));
    words.extend(main.map(|main| if entries { "NAME=VALUE …".to_owned() } else { main.to_uppercase() }));
    let others = required.iter().filter(|name| Some(**name) != main);
    words.extend(others.map(|name| format!("{name}={}", name.to_uppercase())));
    let further = node.inputs.iter().enumerate().filter(|(number, port)| *number > 0 || port.multiple);
    words.extend(further.map(|(_, port)| format!("{}=FILE", port.name)));
    Some(words.join(" "))
}

fn hooks(out: &mut Page, manifest: &Manifest) {
    if manifest.hooks.is_empty() {
        return;
    }
    out.heading("Hooks");
    let mut rows =
        vec!["| hook | point | called | priority | if it fails |".to_owned(), "|---|---|---|---|---|".to_owned()];
    for hook in &manifest.hooks {
        let kind = match hook.kind {
            HookKind::Before => "before it",
            HookKind::After => "after it",
            HookKind::Around => "around it",
            HookKind::Replace => "in its place",
        };
        let failure = match hook.on_failure {
            OnFailure::FailOpen => "the work goes on",
            OnFailure::FailClosed => "the work fails",
        };
        let data = if hook.data { ", and sees the data" } else { "" };
        rows.push(format!(
            "| `{}` | `{}` | {kind}{data} | {} | {failure} |",
            hook.id,
            hook.point.name(),
            hook.priority
        ));
    }
    out.block(&rows);
}

/// Everything else that a manifest can offer.
fn others(out: &mut Page, manifest: &Manifest) {
    let offers = [
        ("Service", &manifest.services),
        ("Command", &manifest.commands),
        ("Driver", &manifest.drivers),
        ("Validator", &manifest.validators),
        ("Engine", &manifest.engines),
    ];
    for (kind, offers) in offers {
        for offer in offers {
            out.heading(&format!("{kind} {}", offer.id));
            if let Some(about) = &offer.description {
                out.paragraph(&sentence(about));
            }
            if let Some(deprecated) = &offer.deprecated {
                out.paragraph(&format!("**It {}.**", said(&deprecated.sentence())));
            }
            let rows = table(offer.options.as_ref(), "option");
            if !rows.is_empty() {
                out.block(&rows);
            }
        }
    }
    if !manifest.routes.is_empty() {
        out.heading("Routes");
        let about = |text: &Option<String>| text.as_ref().map(|text| format!(": {}", said(text))).unwrap_or_default();
        let routes =
            manifest.routes.iter().map(|route| format!("- `{}`{}", said(&route.path), about(&route.description)));
        out.block(&routes.collect::<Vec<_>>());
    }
    if !manifest.capabilities.is_empty() {
        out.heading("Capabilities");
        let lines =
            manifest.capabilities.iter().map(|capability| format!("- `{}` {}", capability.id, capability.version));
        out.block(&lines.collect::<Vec<_>>());
    }
}

fn requires(out: &mut Page, manifest: &Manifest) {
    if manifest.requires.is_empty() {
        return;
    }
    out.heading("Requires");
    let lines = manifest.requires.iter().map(|(name, wanted)| {
        let optional = if wanted.optional { ", optional" } else { "" };
        format!("- {} {}{optional}", said(name), wanted.version)
    });
    out.block(&lines.collect::<Vec<_>>());
}

fn permissions(out: &mut Page, manifest: &Manifest) {
    out.heading("Permissions");
    let asks = manifest.permissions.asks();
    if asks.is_empty() {
        out.paragraph("None: it sees the rows and bytes of its own stage, and nothing else.");
        return;
    }
    let mut rows = vec!["| asks for | because |".to_owned(), "|---|---|".to_owned()];
    rows.extend(
        asks.iter().map(|ask| {
            format!("| `{}` | {} |", escaped(&ask.right), escaped(ask.reason.as_deref().unwrap_or_default()))
        }),
    );
    out.block(&rows);
}

fn limits(out: &mut Page, limits: &LimitSettings) {
    let numbers = |number: Option<u64>| number.map(count);
    let set: Vec<(&str, String)> = [
        ("memory", limits.memory.map(|bytes| bytes.to_string())),
        ("fuel-per-call", numbers(limits.fuel_per_call)),
        ("fuel-per-instance", numbers(limits.fuel_per_instance)),
        ("call-timeout", limits.call_timeout.map(duration)),
        ("instance-timeout", limits.instance_timeout.map(duration)),
        ("hostcall-fuel", limits.hostcall_fuel.map(|bytes| bytes.to_string())),
        ("handles", numbers(limits.handles.map(u64::from))),
        ("resource-table", numbers(limits.resource_table.map(u64::from))),
        ("written-bytes", limits.written_bytes.map(|bytes| bytes.to_string())),
        ("emitted-bytes", limits.emitted_bytes.map(|bytes| bytes.to_string())),
        ("emitted-rows", numbers(limits.emitted_rows)),
        ("expansion", numbers(limits.expansion)),
        ("log-lines", numbers(limits.log_lines.map(u64::from))),
        ("log-bytes", limits.log_bytes.map(|bytes| bytes.to_string())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect();
    out.heading("Limits");
    if set.is_empty() {
        out.paragraph("Those that hold for every plugin.");
        return;
    }
    out.paragraph("Lower than what holds for every plugin:");
    let mut rows = vec!["| limit | value |".to_owned(), "|---|---|".to_owned()];
    rows.extend(set.into_iter().map(|(name, value)| format!("| `{name}` | {value} |")));
    out.block(&rows);
}
