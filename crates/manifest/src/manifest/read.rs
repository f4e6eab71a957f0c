//! Reads `[[provides.…]]`.

use std::collections::HashSet;

use crate::document::Data;
use crate::limits::bytes;
use crate::names::{NameError, check_name};
use crate::problem::Problem;
use crate::reader::{Report, Section, settle, wrong_type};

use super::offers::{
    CapabilityDecl, CodecDecl, Deprecation, FormatDecl, HookDecl, HookKind, NodeDecl, OfferDecl, OnFailure, PortDecl,
    Resources, RouteDecl,
};
use super::points::HookPoint;
use super::{dotted_kebab, file_in_folder, kebab, required, schema, texts, version};

#[derive(Default)]
pub(super) struct Offers {
    pub(super) capabilities: Vec<CapabilityDecl>,
    pub(super) formats: Vec<FormatDecl>,
    pub(super) codecs: Vec<CodecDecl>,
    pub(super) nodes: Vec<NodeDecl>,
    pub(super) hooks: Vec<HookDecl>,
    pub(super) commands: Vec<OfferDecl>,
    pub(super) services: Vec<OfferDecl>,
    pub(super) drivers: Vec<OfferDecl>,
    pub(super) validators: Vec<OfferDecl>,
    pub(super) engines: Vec<OfferDecl>,
    pub(super) routes: Vec<RouteDecl>,
}

pub(super) fn offers(top: &mut Section, report: &mut Report<'_>) -> Offers {
    let Some(mut provides) = top.section("provides", report) else { return Offers::default() };
    let p = &mut provides;
    let offers = Offers {
        capabilities: all(p, "capability", "capability", report, capability),
        formats: all(p, "format", "format", report, format),
        codecs: all(p, "codec", "codec", report, codec),
        nodes: all(p, "node", "node", report, node),
        hooks: all(p, "hook", "hook", report, hook),
        commands: all(p, "command", "command", report, other),
        services: all(p, "service", "service", report, other),
        drivers: all(p, "driver", "driver", report, other),
        validators: all(p, "validator", "validator", report, other),
        engines: all(p, "engine", "engine", report, other),
        routes: all(p, "route", "route", report, route),
    };
    provides.finish(report);
    offers
}

/// Reads all entries of one kind. `read` gives an entry and its id, which must be unique.
fn all<T>(
    provides: &mut Section,
    key: &'static str,
    what: &str,
    report: &mut Report<'_>,
    read: impl Fn(&mut Section, &mut Report<'_>) -> Option<(String, T)>,
) -> Vec<T> {
    let mut seen = HashSet::new();
    let mut offers = Vec::new();
    for mut section in provides.sections(key, &format!("a provided {what}"), report) {
        let spot = section.spot;
        let offer = read(&mut section, report);
        section.finish(report);
        let Some((id, offer)) = offer else { continue };
        let message = format!("the {what} `{id}` is provided twice");
        if seen.insert(id) {
            offers.push(offer);
        } else {
            report.add(spot, Problem::error("duplicate-name", message).with_help("remove one of the two"));
        }
    }
    offers
}

fn text(s: &mut Section, key: &'static str, report: &mut Report<'_>) -> Option<String> {
    s.text(key, report).map(|text| text.value)
}

fn capability(s: &mut Section, report: &mut Report<'_>) -> Option<(String, CapabilityDecl)> {
    let id = required(s, "id", "invalid-name", dotted_kebab, report);
    let version = required(s, "version", "invalid-version", version, report);
    let deprecated = deprecated(s, report);
    let id = id?;
    Some((id.clone(), CapabilityDecl { id, version: version?, deprecated }))
}

/// `deprecated = "why"`, `deprecated = true`, or `deprecated = { reason = "…", replacement = "…" }`.
pub(super) fn deprecated(s: &mut Section, report: &mut Report<'_>) -> Option<Deprecation> {
    let name = s.name("deprecated");
    let item = settle(s.take("deprecated")?);
    match item.data {
        Data::Text(reason) => Some(Deprecation { reason: Some(reason.text), replacement: None }),
        Data::Boolean(deprecated) => deprecated.then(Deprecation::default),
        Data::Table(entries) => {
            let mut section = Section::new(name, item.spot, entries);
            let reason = text(&mut section, "reason", report);
            let replacement = text(&mut section, "replacement", report);
            section.finish(report);
            Some(Deprecation { reason, replacement })
        }
        other => {
            wrong_type(&name, "text or a table with `reason` and `replacement`", item.spot, &other, report);
            None
        }
    }
}

/// `resources = { memory = "32MiB", cpu = 0.5, gpu = true }`.
fn resources(s: &mut Section, report: &mut Report<'_>) -> Resources {
    let Some(mut section) = s.section("resources", report) else { return Resources::default() };
    let memory = bytes(&mut section, "memory", report);
    let name = section.name("cpu");
    let cpu = section.take("cpu").map(settle).and_then(|item| {
        let share = match item.data {
            #[expect(clippy::cast_precision_loss, reason = "shares of cores are small numbers")]
            Data::Integer(cores) => cores as f64,
            Data::Float(share) => share,
            other => {
                wrong_type(&name, "a number of cores such as 0.5", item.spot, &other, report);
                return None;
            }
        };
        if share > 0.0 && share <= 1024.0 {
            return Some(share);
        }
        report.error(item.spot, "invalid-value", format!("{name} must be more than 0 and at most 1024 cores"));
        None
    });
    let gpu = section.boolean("gpu", report).unwrap_or_default();
    section.finish(report);
    Resources { memory, cpu, gpu }
}

fn format(s: &mut Section, report: &mut Report<'_>) -> Option<(String, FormatDecl)> {
    let id = required(s, "id", "invalid-name", kebab, report);
    let description = text(s, "description", report);
    let extensions = extensions(s, report);
    let media_types = texts(s, "media-types", report);
    let magic = magic(s, report);
    let own_types = s.boolean("own-types", report).unwrap_or_default();
    let options = schema::read(s, "options", report);
    let deprecated = deprecated(s, report);
    let id = id?;
    Some((id.clone(), FormatDecl { id, description, extensions, media_types, magic, own_types, deprecated, options }))
}

/// `magic = ["1f8b"]`.
fn magic(s: &mut Section, report: &mut Report<'_>) -> Vec<Vec<u8>> {
    let mut magic = Vec::new();
    for text in s.texts("magic", report).unwrap_or_default() {
        match hex(&text.value) {
            Some(bytes) => magic.push(bytes),
            None => {
                let message = format!("`{}` must be 1 to 64 bytes in hex, such as \"1f8b\"", text.value);
                report.error(text.spot, "invalid-value", message);
            }
        }
    }
    magic
}

fn codec(s: &mut Section, report: &mut Report<'_>) -> Option<(String, CodecDecl)> {
    let id = required(s, "id", "invalid-name", kebab, report);
    let description = text(s, "description", report);
    let extensions = extensions(s, report);
    let magic = magic(s, report);
    let options = schema::read(s, "options", report);
    let deprecated = deprecated(s, report);
    let id = id?;
    Some((id.clone(), CodecDecl { id, description, extensions, magic, deprecated, options }))
}

fn node(s: &mut Section, report: &mut Report<'_>) -> Option<(String, NodeDecl)> {
    let node_type = required(s, "type", "invalid-name", kebab, report);
    let display_name = text(s, "display-name", report);
    let description = text(s, "description", report);
    let category = text(s, "category", report);
    let icon = text(s, "icon", report);
    let color = s.parsed("color", "invalid-value", color, report);
    let inputs = ports(s, "inputs", "in", report);
    let outputs = ports(s, "outputs", "out", report);
    let parameters = schema::read(s, "parameters", report);
    let pure = s.boolean("pure", report).unwrap_or_default();
    let main_parameter = s.text("main-parameter", report).and_then(|main| {
        let properties = parameters.as_ref().and_then(|schema| schema.get("properties"));
        if properties.is_some_and(|properties| properties.get(&main.value).is_none()) {
            let message = format!("`main-parameter` is `{}`, but there is no such parameter", main.value);
            report.error(main.spot, "invalid-value", message);
            return None;
        }
        Some(main.value)
    });
    let resources = resources(s, report);
    let deprecated = deprecated(s, report);
    let node_type = node_type?;
    let node = NodeDecl {
        node_type: node_type.clone(),
        display_name,
        description,
        category,
        icon,
        color,
        inputs,
        outputs,
        parameters,
        pure,
        main_parameter,
        resources,
        deprecated,
    };
    Some((node_type, node))
}

/// The ports of a node; one of the name `main` if nothing is said.
fn ports(s: &mut Section, key: &'static str, main: &str, report: &mut Report<'_>) -> Vec<PortDecl> {
    if !s.has(key) {
        return vec![PortDecl {
            name: main.into(),
            optional: false,
            multiple: false,
            display_name: None,
            description: None,
            columns: None,
        }];
    }
    let mut ports: Vec<PortDecl> = Vec::new();
    for mut section in s.sections(key, &format!("an entry of {}", s.name(key)), report) {
        let spot = section.spot;
        let name =
            required(&mut section, "name", "invalid-name", |text| check_name(text).map(|()| text.to_owned()), report);
        let optional = section.boolean("optional", report).unwrap_or_default();
        // Only inputs can take several edges; on an output the key is unknown.
        let multiple = key == "inputs" && section.boolean("multiple", report).unwrap_or_default();
        let display_name = text(&mut section, "display-name", report);
        let description = text(&mut section, "description", report);
        let columns = section.parsed("type", "invalid-type", port_type, report).flatten();
        section.finish(report);
        let Some(name) = name else { continue };
        if ports.iter().any(|port| port.name == name) {
            report.error(spot, "duplicate-name", format!("the port `{name}` is given twice"));
            continue;
        }
        ports.push(PortDecl { name, optional, multiple, display_name, description, columns });
    }
    ports
}

/// `rows`, or the columns as `struct<…>`, whose fields are read where types are known.
fn port_type(text: &str) -> Result<Option<String>, NameError> {
    match text {
        "rows" => Ok(None),
        text if text.starts_with("struct<") && text.ends_with('>') => Ok(Some(text.to_owned())),
        _ => {
            Err(NameError(format!("`{text}` must be \"rows\", or columns such as \"struct<name: utf8, age: int64>\"")))
        }
    }
}

fn hook(s: &mut Section, report: &mut Report<'_>) -> Option<(String, HookDecl)> {
    let id = required(s, "id", "invalid-name", kebab, report);
    let point = required(s, "point", "invalid-name", str::parse::<HookPoint>, report);
    if !s.has("kind") {
        s.missing("kind", report);
    }
    let kind = s.choice("kind", HOOK_KINDS, report);
    let priority = s.integer("priority", -1_000_000, 1_000_000, report).unwrap_or_default();
    let before = texts(s, "before", report);
    let after = texts(s, "after", report);
    let on_failure = s.choice("on-failure", ON_FAILURE, report).unwrap_or(OnFailure::FailClosed);
    let data = s.boolean("data", report).unwrap_or_default();
    let (id, point, kind) = (id?, point?, kind?);
    Some((id.clone(), HookDecl { id, point, kind, priority, before, after, on_failure, data }))
}

fn other(s: &mut Section, report: &mut Report<'_>) -> Option<(String, OfferDecl)> {
    let id = required(s, "id", "invalid-name", kebab, report);
    let description = text(s, "description", report);
    let options = schema::read(s, "options", report);
    let deprecated = deprecated(s, report);
    let id = id?;
    Some((id.clone(), OfferDecl { id, description, deprecated, options }))
}

fn route(s: &mut Section, report: &mut Report<'_>) -> Option<(String, RouteDecl)> {
    let absolute =
        |text: &str| match text.strip_prefix('/').map(|below| below.is_empty() || file_in_folder(below).is_ok()) {
            Some(true) => Ok(text.to_owned()),
            _ => Err(NameError(format!("`{text}` must be a path such as \"/status\""))),
        };
    let path = required(s, "path", "invalid-value", absolute, report);
    let description = text(s, "description", report);
    let path = path?;
    Some((path.clone(), RouteDecl { path, description }))
}

/// File name endings, lower case, without the dot.
fn extensions(s: &mut Section, report: &mut Report<'_>) -> Vec<String> {
    let mut extensions = Vec::new();
    for text in s.texts("extensions", report).unwrap_or_default() {
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.+".contains(&b);
        if text.value.is_empty() || text.value.starts_with('.') || !text.value.bytes().all(good) {
            let message = format!("`{}` must be a file name ending in lower case, without the dot", text.value);
            report.error(text.spot, "invalid-value", message);
        } else {
            extensions.push(text.value);
        }
    }
    extensions
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text.chars().filter(|c| *c != ' ').map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    if digits.is_empty() || digits.len() > 128 || !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|pair| u8::try_from(pair.iter().fold(0, |byte, digit| byte * 16 + digit)).ok()).collect()
}

fn color(text: &str) -> Result<String, NameError> {
    match text.strip_prefix('#') {
        Some(digits) if digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(text.into()),
        _ => Err(NameError(format!("`{text}` must be a colour such as \"#4c6ef5\""))),
    }
}

const HOOK_KINDS: &[(&str, HookKind)] = &[
    ("before", HookKind::Before),
    ("after", HookKind::After),
    ("around", HookKind::Around),
    ("replace", HookKind::Replace),
];

const ON_FAILURE: &[(&str, OnFailure)] = &[("fail-open", OnFailure::FailOpen), ("fail-closed", OnFailure::FailClosed)];
