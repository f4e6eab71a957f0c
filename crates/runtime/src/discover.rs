//! Finds plugins in folders by their manifests, without compiling or running any.
//!
//! A plugin is a folder with `plugin.toml`, or a single component file that carries its manifest inside. What is
//! *first-party* is decided by digests that were built into the binary, never by the folder alone.

pub mod digests;
mod embedded;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jackfield_columns::beside;
use jackfield_manifest::{Manifest, Problem, Severity};

use crate::diagnose::problem;
use crate::settings::{FirstParty, PluginFolder};
use digests::{Digests, text_digest};

/// Bytes of a manifest at most; the parser says the same.
const LARGEST_MANIFEST: u64 = 4 << 20;

/// The code of the warning that a component was built with another manifest.
pub(crate) const STALE: &str = "component-stale";

/// How much a plugin counts when two provide the same thing; the higher wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Found in the user's or the system's folder.
    Discovered,
    /// In a folder that the operator named.
    Configured,
    /// Built together with the binary, and unchanged since; or native, and so part of the host.
    FirstParty,
}

impl Rank {
    /// The word for it in listings.
    pub fn name(self) -> &'static str {
        match self {
            Rank::Discovered => "discovered",
            Rank::Configured => "configured",
            Rank::FirstParty => "first-party",
        }
    }
}

/// How a plugin lies on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A folder with `plugin.toml` and the component that it names.
    Folder,
    /// A component with the manifest in its custom section `jackfield:manifest`.
    SingleFile,
    /// Code of the host, registered by whoever embeds the runtime.
    Native,
}

/// What is known of the manifest that a component was built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BuiltWith {
    /// The binary has the digests of both.
    FirstParty,
    /// It is inside the component.
    Inside,
    /// The component says the digest of the one beside it.
    This,
    /// It says another.
    Another,
    /// It says nothing.
    Unsaid,
}

/// A plugin whose manifest could be read.
#[derive(Debug, Clone)]
pub struct InstalledPlugin {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Its folder; of a single file the folder it lies in, of a native plugin empty.
    pub folder: PathBuf,
    /// Its component's file; of a native plugin empty.
    pub component: PathBuf,
    /// How it lies on the disk.
    pub form: Form,
    /// Where it was found, and whether it is trusted.
    pub rank: Rank,
    /// The place of its folder in the order of precedence.
    pub(crate) folder_number: usize,
    /// Warnings about its manifest.
    pub warnings: Vec<Problem>,
}

impl InstalledPlugin {
    /// The plugin's name.
    pub fn name(&self) -> &str {
        &self.manifest.plugin
    }

    /// Name and version, such as `csv 1.2.0`.
    pub fn title(&self) -> String {
        format!("{} {}", self.manifest.plugin, self.manifest.version)
    }

    /// Where it came from, for people: its folder, its file, or `built in`.
    pub fn origin(&self) -> String {
        match self.form {
            Form::Folder => self.folder.display().to_string(),
            Form::SingleFile => self.component.display().to_string(),
            Form::Native => "built in".to_owned(),
        }
    }

    /// The kinds of things it provides, for listings.
    pub fn kinds(&self) -> Vec<&'static str> {
        let m = &self.manifest;
        let kinds = [
            ("node", m.nodes.len()),
            ("format", m.formats.len()),
            ("codec", m.codecs.len()),
            ("hook", m.hooks.len()),
            ("service", m.services.len()),
            ("command", m.commands.len()),
            ("route", m.routes.len()),
            ("driver", m.drivers.len()),
            ("validator", m.validators.len()),
            ("engine", m.engines.len()),
            ("capability", m.capabilities.len()),
        ];
        kinds.into_iter().filter(|(_, count)| *count > 0).map(|(kind, _)| kind).collect()
    }

    /// What its component says about the manifest that it was built with.
    pub(crate) fn built_with(&self) -> BuiltWith {
        match (self.form, self.rank) {
            (Form::Native, _) | (_, Rank::FirstParty) => return BuiltWith::FirstParty,
            (Form::SingleFile, _) => return BuiltWith::Inside,
            (Form::Folder, _) => {}
        }
        let said = File::open(&self.component).ok().and_then(|file| embedded::manifest_digest(file).ok().flatten());
        let now = std::fs::read(self.folder.join("plugin.toml")).ok();
        let (Some(built), Some(now)) = (said, now) else { return BuiltWith::Unsaid };
        let digest = built.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        if digest == digests::bytes_digest(&now) { BuiltWith::This } else { BuiltWith::Another }
    }

    /// A warning, if its component was built with another manifest than the one that lies beside it. Components that do
    /// not say what they were built with, and first-party ones, are not looked at.
    pub fn built_with_another(&self) -> Option<Problem> {
        if self.built_with() != BuiltWith::Another {
            return None;
        }
        let message =
            format!("plugin {}: its component was built with another plugin.toml than this one", self.title());
        let help = format!("build it again: jackfield plugin build {}", self.folder.display());
        let place = self.manifest.document.locate_key(&["plugin", "component"]);
        Some(Problem::warning(STALE, message).with_help(help).at(place))
    }

    /// Everything of it that should not be used any more: `plugin csv is deprecated: …`.
    pub fn deprecations(&self) -> Vec<String> {
        let m = &self.manifest;
        let mut lines = Vec::new();
        let mut add = |what: String, deprecated: &Option<jackfield_manifest::Deprecation>| {
            lines.extend(deprecated.as_ref().map(|deprecated| format!("{what} {}", deprecated.sentence())));
        };
        add(format!("plugin {}", m.plugin), &m.deprecated);
        m.nodes.iter().for_each(|node| add(format!("node {}/{}", m.plugin, node.node_type), &node.deprecated));
        m.formats.iter().for_each(|format| add(format!("format {}/{}", m.plugin, format.id), &format.deprecated));
        m.codecs.iter().for_each(|codec| add(format!("codec {}/{}", m.plugin, codec.id), &codec.deprecated));
        for capability in &m.capabilities {
            add(format!("capability {} of {}", capability.id, m.plugin), &capability.deprecated);
        }
        let others = [
            ("service", &m.services),
            ("command", &m.commands),
            ("driver", &m.drivers),
            ("validator", &m.validators),
            ("engine", &m.engines),
        ];
        for (kind, offers) in others {
            offers.iter().for_each(|offer| add(format!("{kind} {}/{}", m.plugin, offer.id), &offer.deprecated));
        }
        lines
    }
}

/// A plugin that cannot be used, and why.
#[derive(Debug, Clone)]
pub struct BrokenPlugin {
    /// Its folder, or the file of a single-file plugin.
    pub folder: PathBuf,
    /// All that is wrong.
    pub problems: Vec<Problem>,
}

/// What a walk through the plugin folders found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Usable plugins, in the order of the folders.
    pub plugins: Vec<Arc<InstalledPlugin>>,
    /// The others.
    pub broken: Vec<BrokenPlugin>,
}

/// Reads the manifests of all plugins in `folders`. A folder that is missing holds none; a broken plugin stops no other.
/// What has a digest in `first_party` is first-party, wherever it lies; what lies beside the binary and has none is not.
pub fn discover(folders: &[PluginFolder], first_party: &[FirstParty]) -> Found {
    discover_by(folders, first_party, &Digests::new(None))
}

/// As [`discover`], with the digests that are remembered: a start does not read the components of all plugins. What is
/// taken for first-party by memory is only loaded if its bytes have the digest.
pub(crate) fn discover_by(folders: &[PluginFolder], first_party: &[FirstParty], digests: &Digests) -> Found {
    let mut all = Vec::new();
    for (number, folder) in folders.iter().enumerate() {
        all.extend(places(&folder.path).into_iter().map(|path| (number, folder.rank, path)));
    }
    let look = |place: usize| {
        let (number, rank, path) = all.get(place)?;
        let plugin = if path.join("plugin.toml").is_file() {
            read(path)
        } else if path.extension().is_some_and(|extension| extension == "wasm") && path.is_file() {
            read_file(path)
        } else {
            return None;
        };
        let numbered = |plugin| InstalledPlugin { folder_number: *number, ..plugin };
        let plugin = plugin.map(|plugin| Arc::new(ranked(numbered(plugin), *rank, first_party, digests)));
        Some(plugin.map_err(|problems| BrokenPlugin { folder: path.clone(), problems }))
    };
    let mut found = Found::default();
    for plugin in beside(all.len(), all.len() as u64 * MANIFEST_WORK, look).into_iter().flatten() {
        match plugin {
            Ok(plugin) => found.plugins.push(plugin),
            Err(broken) => found.broken.push(broken),
        }
    }
    found
}

/// What it takes to read a manifest, in the bytes that are copied in that time.
const MANIFEST_WORK: u64 = 128 << 10;

/// What may be a plugin in a folder, or is one itself: while developing, the folder or file of one plugin may be named.
fn places(folder: &Path) -> Vec<PathBuf> {
    let itself = folder.to_owned();
    let Ok(entries) = std::fs::read_dir(folder) else { return vec![itself] };
    let mut places: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    places.sort();
    if folder.join("plugin.toml").is_file() {
        // The component beside a manifest is no plugin of its own.
        places.retain(|path| path.is_dir());
        places.insert(0, itself);
    }
    places
}

/// Reads the manifest of a plugin that is a folder. Its rank is [`Rank::Discovered`].
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(folder: &Path) -> Result<InstalledPlugin, Vec<Problem>> {
    let file = folder.join("plugin.toml");
    let name = file.display().to_string();
    let text = File::open(&file).and_then(bounded_text);
    let text = text.map_err(|error| vec![unreadable(&name, &error)])?;
    let (manifest, mut problems) = jackfield_manifest::parse_manifest(&name, &text);
    let Some(manifest) = manifest else { return Err(problems) };
    let component = folder.join(&manifest.component);
    if !component.is_file() {
        let message = format!("the component {} is missing", component.display());
        let missing = problem("component-missing", message)
            .with_help("build the plugin, or name its file with `component` in plugin.toml")
            .at(manifest.document.locate(&["plugin", "component"]));
        problems.push(missing);
    }
    finish(manifest, problems, folder.to_owned(), component, Form::Folder)
}

/// Reads the manifest inside a component. Its rank is [`Rank::Discovered`].
///
/// # Errors
/// Everything that is wrong with it, or that there is none.
pub fn read_file(file: &Path) -> Result<InstalledPlugin, Vec<Problem>> {
    let name = file.display().to_string();
    let text = File::open(file).and_then(|file| embedded::manifest(file, LARGEST_MANIFEST));
    let text = match text {
        Ok(Some(text)) => text,
        Ok(None) => {
            let message = format!("{name} has no manifest: no custom section `{}`", embedded::SECTION);
            let help = "put it into a folder with a plugin.toml, or put the manifest into that section";
            return Err(vec![problem("manifest-missing", message).with_help(help)]);
        }
        Err(error) => return Err(vec![unreadable(&name, &error)]),
    };
    let (manifest, problems) = jackfield_manifest::parse_embedded_manifest(&format!("{name}!plugin.toml"), &text);
    let Some(manifest) = manifest else { return Err(problems) };
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    finish(manifest, problems, folder, file.to_owned(), Form::SingleFile)
}

fn finish(
    manifest: Manifest,
    mut problems: Vec<Problem>,
    folder: PathBuf,
    component: PathBuf,
    form: Form,
) -> Result<InstalledPlugin, Vec<Problem>> {
    problems.extend(wrong_engine(&manifest));
    if problems.iter().any(|p| p.severity == Severity::Error) {
        return Err(problems);
    }
    let rank = Rank::Discovered;
    Ok(InstalledPlugin { manifest, folder, component, form, rank, folder_number: 0, warnings: problems })
}

/// The manifest asks for an engine that this is not.
pub(crate) fn wrong_engine(manifest: &Manifest) -> Option<Problem> {
    let (wanted, engine) = (&manifest.engine, engine_version());
    if wanted.matches(&engine) {
        return None;
    }
    let message = format!("{} needs the engine {wanted}, this one is {engine}", manifest.plugin);
    let wrong = problem("engine-version", message).with_help("install a version of the plugin for this engine");
    Some(wrong.at(manifest.document.locate(&["plugin", "engine"])))
}

fn unreadable(name: &str, error: &io::Error) -> Problem {
    problem("manifest-not-readable", format!("{name} cannot be read: {error}"))
}

fn bounded_text(file: File) -> io::Result<String> {
    let mut text = String::new();
    // One more than the parser takes, so that it says what is too long.
    file.take(LARGEST_MANIFEST + 1).read_to_string(&mut text)?;
    Ok(text)
}

/// The plugin with the rank that it deserves.
fn ranked(mut plugin: InstalledPlugin, folder: Rank, first_party: &[FirstParty], digests: &Digests) -> InstalledPlugin {
    // Only what claims to be one is hashed; that keeps the others' listing free of their components.
    let claimed = FirstParty::claimed(first_party, &plugin);
    let manifest = || text_digest(plugin.manifest.document.text());
    let genuine = claimed.is_some_and(|own| {
        own.manifest == manifest() && digests.of(&plugin.component).is_ok_and(|digest| digest == own.digest)
    });
    plugin.rank = match (genuine, folder) {
        (true, _) => Rank::FirstParty,
        (false, Rank::FirstParty) => Rank::Discovered,
        (false, folder) => folder,
    };
    if folder == Rank::FirstParty && !genuine && !first_party.is_empty() {
        let message = format!(
            "{} lies beside the binary, but is not what the binary was built with; it counts as discovered",
            plugin.title()
        );
        let help = "install jackfield again, or move the plugin to a folder of your own";
        plugin.warnings.push(Problem::warning("not-first-party", message).with_help(help));
    }
    plugin
}

/// The version that `engine` in a manifest is compared with.
pub fn engine_version() -> semver::Version {
    let part = |text: &str| text.parse().unwrap_or(0);
    semver::Version::new(
        part(env!("CARGO_PKG_VERSION_MAJOR")),
        part(env!("CARGO_PKG_VERSION_MINOR")),
        part(env!("CARGO_PKG_VERSION_PATCH")),
    )
}
