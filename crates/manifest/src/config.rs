//! `jackfield.toml`.

use indexmap::IndexMap;

use crate::document::{Data, Document};
use crate::limits::{LimitSettings, PluginSettings};
use crate::names::check_name;
use crate::permissions::{Permissions, Side};
use crate::problem::Problem;
use crate::reader::{Report, Section, text};
use crate::suggest::quoted;

/// The operator's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The text, to find places in.
    pub document: Document,
    /// `plugins.folders`: searched in this order.
    pub folders: Vec<String>,
    /// `plugins.prefer`: which plugin wins where several offer the same.
    pub prefer: Vec<Prefer>,
    /// `[policy]`: the ceiling; `None` if there is no such table.
    pub policy: Option<Permissions>,
    /// `[limits]`.
    pub limits: LimitSettings,
    /// `spill.folder`: where temporary files lie.
    pub spill_folder: Option<String>,
    /// `[plugin.NAME]`.
    pub plugins: IndexMap<String, PluginSettings>,
    /// `[secrets]`.
    pub secrets: IndexMap<String, Secret>,
}

/// One entry of `plugins.prefer`: `"format:csv" = "mycsv"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefer {
    /// What is offered: `format`, `codec`, `node`, …
    pub kind: OfferKind,
    /// Its id.
    pub id: String,
    /// The plugin that wins.
    pub plugin: String,
}

/// Kinds of things that plugins offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfferKind {
    /// A node type.
    Node,
    /// A file format.
    Format,
    /// A codec.
    Codec,
    /// A hook.
    Hook,
    /// A service.
    Service,
    /// A command.
    Command,
    /// An HTTP route.
    Route,
    /// A driver.
    Driver,
    /// A validator.
    Validator,
    /// An engine.
    Engine,
    /// A capability.
    Capability,
    /// The ending of file names, which a format or a codec claims.
    Extension,
}

impl OfferKind {
    /// All kinds.
    pub const ALL: [OfferKind; 12] = [
        OfferKind::Node,
        OfferKind::Format,
        OfferKind::Codec,
        OfferKind::Hook,
        OfferKind::Service,
        OfferKind::Command,
        OfferKind::Route,
        OfferKind::Driver,
        OfferKind::Validator,
        OfferKind::Engine,
        OfferKind::Capability,
        OfferKind::Extension,
    ];

    /// The word for it in `plugins.prefer` and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            OfferKind::Node => "node",
            OfferKind::Format => "format",
            OfferKind::Codec => "codec",
            OfferKind::Hook => "hook",
            OfferKind::Service => "service",
            OfferKind::Command => "command",
            OfferKind::Route => "route",
            OfferKind::Driver => "driver",
            OfferKind::Validator => "validator",
            OfferKind::Engine => "engine",
            OfferKind::Capability => "capability",
            OfferKind::Extension => "extension",
        }
    }

    /// Only one plugin's can count where several offer one of the same name. Hooks add up, and commands and routes stand
    /// below the name of their plugin.
    pub fn is_exclusive(self) -> bool {
        !matches!(self, OfferKind::Hook | OfferKind::Command | OfferKind::Route)
    }
}

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// A variable of the environment.
    Env(String),
    /// A file.
    File(String),
}

/// Reads `jackfield.toml`.
///
/// Everything wrong is in the list, and the configuration holds what could be read. Whoever meets an error in it must
/// not go on with the rest: a policy that was not understood would be one that is not there. Without a configuration,
/// the text was not TOML.
pub fn parse_config(file: &str, text: &str) -> (Option<Config>, Vec<Problem>) {
    let (document, problems) = Document::parse(file, text);
    let Some(document) = document else { return (None, problems) };
    let mut report = Report::new(&document, problems);
    let mut top = Section::top("the configuration", &document);
    let (folders, prefer) = match top.section("plugins", &mut report) {
        Some(mut section) => {
            let folders = section.texts("folders", &mut report).unwrap_or_default();
            let prefer = prefer(&mut section, &mut report);
            section.finish(&mut report);
            (folders.into_iter().map(|folder| folder.value).collect(), prefer)
        }
        None => Default::default(),
    };
    let policy = top.section("policy", &mut report);
    let policy = policy.map(|section| Permissions::read(section, Side::Allows, &mut report));
    let limits = top.section("limits", &mut report).map(|section| LimitSettings::read(section, &mut report));
    let spill_folder = top.section("spill", &mut report).and_then(|mut section| {
        let folder = section.text("folder", &mut report);
        section.finish(&mut report);
        folder.map(|folder| folder.value)
    });
    let plugins = PluginSettings::read_all(&mut top, &mut report);
    let secrets = secrets(&mut top, &mut report);
    top.finish(&mut report);
    let problems = report.finish();
    let limits = limits.unwrap_or_default();
    (Some(Config { document, folders, prefer, policy, limits, spill_folder, plugins, secrets }), problems)
}

/// `prefer = { "format:csv" = "mycsv" }`.
fn prefer(section: &mut Section, report: &mut Report<'_>) -> Vec<Prefer> {
    let mut prefer = Vec::new();
    for (key, entry) in section.section("prefer", report).map(Section::into_entries).unwrap_or_default() {
        let offer = key.split_once(':').and_then(|(kind, id)| {
            let kind = kinds().find(|known| known.name() == kind)?;
            (!id.is_empty()).then(|| (kind, id.to_owned()))
        });
        let plugin = text(&format!("`{key}` of `plugins.prefer`"), entry.item, report);
        let Some((kind, id)) = offer else {
            let problem = Problem::error("invalid-name", format!("`{key}` does not say what is preferred"));
            let kinds: Vec<&str> = kinds().map(OfferKind::name).collect();
            report.add(
                entry.key,
                problem.with_help(format!("write \"format:csv\"; kinds are {}", quoted(&kinds, "and"))),
            );
            continue;
        };
        prefer.extend(plugin.map(|plugin| Prefer { kind, id, plugin: plugin.value }));
    }
    prefer
}

/// `[secrets]`: `token = { env = "TOKEN" }` or `token = { file = "…" }`.
fn secrets(top: &mut Section, report: &mut Report<'_>) -> IndexMap<String, Secret> {
    let mut secrets = IndexMap::new();
    for (name, entry) in top.section("secrets", report).map(Section::into_entries).unwrap_or_default() {
        if let Err(why) = check_name(&name) {
            report.error(entry.key, "invalid-name", why.to_string());
        }
        let form = "write { env = \"NAME\" } or { file = \"PATH\" }, so that the secret itself stays out of the file";
        let entries = match entry.item.data {
            Data::Table(entries) if entries.keys().all(|key| key == "env" || key == "file") => entries,
            _ => {
                let message = format!("secret `{name}` does not say where the secret comes from");
                report.add_masked(entry.key, Problem::error("invalid-value", message).with_help(form));
                continue;
            }
        };
        let mut section = Section::new(format!("secret `{name}`"), entry.item.spot, entries);
        let env = section.text("env", report);
        let file = section.text("file", report);
        section.finish(report);
        match (env, file) {
            (Some(env), None) => drop(secrets.insert(name, Secret::Env(env.value))),
            (None, Some(file)) => drop(secrets.insert(name, Secret::File(file.value))),
            _ => report.error(entry.key, "invalid-value", format!("secret `{name}` needs either `env` or `file`")),
        }
    }
    secrets
}

/// What a preference can be about.
fn kinds() -> impl Iterator<Item = OfferKind> {
    OfferKind::ALL.into_iter().filter(|kind| kind.is_exclusive())
}
