//! `plugin.toml`.

mod build;
mod offers;
mod points;
mod read;
mod schema;

use indexmap::IndexMap;
use semver::{Version, VersionReq};
use serde_json::Value as Json;

use crate::document::{Data, Document};
use crate::limits::{LimitSettings, version_requirement};
use crate::names::NameError;
use crate::permissions::{Permissions, Side};
use crate::problem::Problem;
use crate::reader::{Report, Section, Spotted, settle, wrong_type};

pub use build::{AdapterChoice, BuildDecl};
pub use offers::{
    CapabilityDecl, CodecDecl, Deprecation, FormatDecl, HookDecl, HookKind, NodeDecl, OfferDecl, OnFailure, PortDecl,
    Resources, RouteDecl,
};

pub use points::HookPoint;

/// What a plugin says about itself.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The text, to find places in.
    pub document: Document,
    /// `plugin.name`: kebab-case.
    pub plugin: String,
    /// `plugin.version`.
    pub version: Version,
    /// `plugin.description`; may be empty.
    pub description: String,
    /// `plugin.authors`.
    pub authors: Vec<String>,
    /// `plugin.license`.
    pub license: Option<String>,
    /// `plugin.homepage`.
    pub homepage: Option<String>,
    /// `plugin.documentation`.
    pub documentation: Option<String>,
    /// `plugin.repository`.
    pub repository: Option<String>,
    /// `plugin.icon`: a file in the plugin's folder.
    pub icon: Option<String>,
    /// `plugin.keywords`.
    pub keywords: Vec<String>,
    /// `plugin.engine`: the host versions that will do; default: all.
    pub engine: VersionReq,
    /// `plugin.deprecated`.
    pub deprecated: Option<Deprecation>,
    /// `plugin.component`: a file in the plugin's folder; empty where the manifest is part of the component.
    pub component: String,
    /// `[requires]`.
    pub requires: IndexMap<String, Requirement>,
    /// `[[provides.capability]]`.
    pub capabilities: Vec<CapabilityDecl>,
    /// `[[provides.format]]`.
    pub formats: Vec<FormatDecl>,
    /// `[[provides.codec]]`.
    pub codecs: Vec<CodecDecl>,
    /// `[[provides.node]]`.
    pub nodes: Vec<NodeDecl>,
    /// `[[provides.hook]]`.
    pub hooks: Vec<HookDecl>,
    /// `[[provides.command]]`: words behind `jackfield x PLUGIN`.
    pub commands: Vec<OfferDecl>,
    /// `[[provides.service]]`: what other plugins may call.
    pub services: Vec<OfferDecl>,
    /// `[[provides.driver]]`.
    pub drivers: Vec<OfferDecl>,
    /// `[[provides.validator]]`: rules for the node `validate`.
    pub validators: Vec<OfferDecl>,
    /// `[[provides.engine]]`: what can carry out the work of others, such as a query engine.
    pub engines: Vec<OfferDecl>,
    /// `[[provides.route]]`.
    pub routes: Vec<RouteDecl>,
    /// `[permissions]`.
    pub permissions: Permissions,
    /// `[limits]`.
    pub limits: LimitSettings,
    /// `[config]`: a JSON Schema.
    pub config: Option<Json>,
    /// `[build]`: for `plugin build`; nothing that runs looks at it.
    pub build: BuildDecl,
}

/// One entry of `[requires]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The versions that will do.
    pub version: VersionReq,
    /// The plugin works without it.
    pub optional: bool,
    /// The key began with `capability:`.
    pub capability: bool,
}

/// Reads `plugin.toml`.
///
/// Everything wrong is in the list. There is no manifest if the text is not TOML or lacks a name, a version or a
/// component; what else is wrong is left out of it.
pub fn parse_manifest(file: &str, text: &str) -> (Option<Manifest>, Vec<Problem>) {
    parse(file, text, Component::Named)
}

/// Reads a manifest that is part of its component, or of the host: as [`parse_manifest`], but without `component`.
pub fn parse_embedded_manifest(file: &str, text: &str) -> (Option<Manifest>, Vec<Problem>) {
    parse(file, text, Component::Around)
}

/// Where a plugin's component is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Component {
    /// In the file that `component` names.
    Named,
    /// The manifest lies inside it.
    Around,
}

fn parse(file: &str, text: &str, component: Component) -> (Option<Manifest>, Vec<Problem>) {
    let (document, problems) = Document::parse(file, text);
    let Some(document) = document else { return (None, problems) };
    let mut report = Report::new(&document, problems);
    let mut top = Section::top("the manifest", &document);
    if !top.has("plugin") {
        top.missing("plugin", &mut report);
    }
    let about = top.section("plugin", &mut report).and_then(|section| About::read(section, component, &mut report));
    let requires = requires(&mut top, &mut report);
    let offers = read::offers(&mut top, &mut report);
    let permissions = top.section("permissions", &mut report);
    let permissions = permissions.map(|section| Permissions::read(section, Side::Asks, &mut report));
    let limits = top.section("limits", &mut report).map(|section| LimitSettings::read(section, &mut report));
    let config = schema::read(&mut top, "config", &mut report);
    let build = top.section("build", &mut report).map(|section| BuildDecl::read(section, &mut report));
    top.finish(&mut report);
    let problems = report.finish();
    let Some(about) = about else { return (None, problems) };
    let manifest = Manifest {
        document,
        plugin: about.name,
        version: about.version,
        description: about.description,
        authors: about.authors,
        license: about.license,
        homepage: about.homepage,
        documentation: about.documentation,
        repository: about.repository,
        icon: about.icon,
        keywords: about.keywords,
        engine: about.engine,
        deprecated: about.deprecated,
        component: about.component,
        requires,
        capabilities: offers.capabilities,
        formats: offers.formats,
        codecs: offers.codecs,
        nodes: offers.nodes,
        hooks: offers.hooks,
        commands: offers.commands,
        services: offers.services,
        drivers: offers.drivers,
        validators: offers.validators,
        engines: offers.engines,
        routes: offers.routes,
        permissions: permissions.unwrap_or_default(),
        limits: limits.unwrap_or_default(),
        config,
        build: build.unwrap_or_default(),
    };
    (Some(manifest), problems)
}

/// `[plugin]`.
struct About {
    name: String,
    version: Version,
    description: String,
    authors: Vec<String>,
    license: Option<String>,
    homepage: Option<String>,
    documentation: Option<String>,
    repository: Option<String>,
    icon: Option<String>,
    keywords: Vec<String>,
    engine: VersionReq,
    deprecated: Option<Deprecation>,
    component: String,
}

impl About {
    fn read(mut section: Section, component: Component, report: &mut Report<'_>) -> Option<About> {
        let s = &mut section;
        let name = required(s, "name", "invalid-name", kebab, report);
        let version = required(s, "version", "invalid-version", version, report);
        let engine = version_requirement(s, "engine", report).unwrap_or(VersionReq::STAR);
        let component = match component {
            Component::Named => required(s, "component", "invalid-value", file_in_folder, report),
            // A tool that embeds a manifest need not edit it first: what it says of the component's file is ignored.
            Component::Around => {
                s.text("component", report);
                Some(String::new())
            }
        };
        let deprecated = read::deprecated(s, report);
        let text = |s: &mut Section, key, report: &mut Report<'_>| s.text(key, report).map(|text| text.value);
        let description = text(s, "description", report).unwrap_or_default();
        let authors = texts(s, "authors", report);
        let license = text(s, "license", report);
        let homepage = text(s, "homepage", report);
        let documentation = text(s, "documentation", report);
        let repository = text(s, "repository", report);
        let icon = s.parsed("icon", "invalid-value", file_in_folder, report);
        let keywords = texts(s, "keywords", report);
        section.finish(report);
        let (name, version, component) = (name?, version?, component?);
        Some(About {
            name,
            version,
            description,
            authors,
            license,
            homepage,
            documentation,
            repository,
            icon,
            keywords,
            engine,
            deprecated,
            component,
        })
    }
}

/// `[requires]`: `name = "^1"`, or `name = { version = "^1", optional = true }`.
fn requires(top: &mut Section, report: &mut Report<'_>) -> IndexMap<String, Requirement> {
    let mut requires = IndexMap::new();
    for (key, entry) in top.section("requires", report).map(Section::into_entries).unwrap_or_default() {
        let (capability, named) = match key.strip_prefix("capability:") {
            Some(id) => (true, dotted_kebab(id)),
            None => (false, kebab(&key)),
        };
        if let Err(why) = named {
            report.error(entry.key, "invalid-name", why.to_string());
            continue;
        }
        let name = format!("the requirement `{key}`");
        let item = settle(entry.item);
        let spot = item.spot;
        let (version, optional) = match item.data {
            Data::Text(text) => {
                let parsed = VersionReq::parse(&text.text).map_err(|why| {
                    let message = format!("{name} must be a version requirement such as \"^1.2\": {why}");
                    report.error(spot, "invalid-version", message);
                });
                (parsed.ok(), false)
            }
            Data::Table(entries) => {
                let mut section = Section::new(name, spot, entries);
                if !section.has("version") {
                    section.missing("version", report);
                }
                let version = version_requirement(&mut section, "version", report);
                let optional = section.boolean("optional", report).unwrap_or_default();
                section.finish(report);
                (version, optional)
            }
            other => {
                wrong_type(&name, "a version requirement or a table", spot, &other, report);
                (None, false)
            }
        };
        if let Some(version) = version {
            requires.insert(key, Requirement { version, optional, capability });
        }
    }
    requires
}

/// A text that must be there and that `parse` understands.
fn required<T>(
    section: &mut Section,
    key: &'static str,
    code: &str,
    parse: impl FnOnce(&str) -> Result<T, NameError>,
    report: &mut Report<'_>,
) -> Option<T> {
    let Spotted { spot, value } = section.required(key, report)?;
    parse(&value).map_err(|why| report.error(spot, code, why.to_string())).ok()
}

fn texts(section: &mut Section, key: &'static str, report: &mut Report<'_>) -> Vec<String> {
    section.texts(key, report).unwrap_or_default().into_iter().map(|text| text.value).collect()
}

fn version(text: &str) -> Result<Version, NameError> {
    let wrong = |why| NameError(format!("`{text}` is not a version such as \"1.2.0\": {why}"));
    Version::parse(text).map_err(wrong)
}

/// A kebab-case word: lower-case letters and digits, `-` between them, at most 64 bytes.
fn kebab(text: &str) -> Result<String, NameError> {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.split('-').all(part) {
        return Ok(text.into());
    }
    Err(NameError(format!(
        "`{text}` must be lower-case letters and digits with single `-` between them, such as `my-plugin`"
    )))
}

/// Kebab-case words with dots between them.
fn dotted_kebab(text: &str) -> Result<String, NameError> {
    text.split('.').try_for_each(|part| kebab(part).map(|_| ()))?;
    Ok(text.into())
}

/// A file inside the plugin's folder.
fn file_in_folder(text: &str) -> Result<String, NameError> {
    let odd = |part: &str| part.is_empty() || part == "." || part == ".." || part.contains(['\\', ':', '\0']);
    if text.split('/').any(odd) {
        let message = format!("`{text}` must be a file inside the plugin's folder, such as \"plugin.wasm\"");
        return Err(NameError(message));
    }
    Ok(text.into())
}
