//! Finds plugins in folders by their manifests, without compiling or running any.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jackfield_manifest::{Manifest, Problem, Severity};

use crate::diagnose::problem;
use crate::settings::PluginFolder;

/// How much a plugin counts when two provide the same thing; the higher wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Found in the user's or the system's folder.
    Discovered,
    /// In a folder that the operator named.
    Configured,
    /// Built together with the binary, beside it.
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

/// A plugin whose manifest could be read.
#[derive(Debug, Clone)]
pub struct InstalledPlugin {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Its folder.
    pub folder: PathBuf,
    /// Its component's file.
    pub component: PathBuf,
    /// Where it was found.
    pub rank: Rank,
    /// Warnings about its manifest.
    pub warnings: Vec<Problem>,
}

impl InstalledPlugin {
    /// The plugin's name.
    pub fn name(&self) -> &str {
        &self.manifest.plugin
    }

    /// The kinds of things it provides, for listings.
    pub fn kinds(&self) -> Vec<&'static str> {
        let manifest = &self.manifest;
        let kinds =
            [("format", manifest.formats.len()), ("codec", manifest.codecs.len()), ("node", manifest.nodes.len())];
        kinds.into_iter().filter(|(_, count)| *count > 0).map(|(kind, _)| kind).collect()
    }
}

/// A plugin folder that cannot be used, and why.
#[derive(Debug, Clone)]
pub struct BrokenPlugin {
    /// Its folder.
    pub folder: PathBuf,
    /// All that is wrong.
    pub problems: Vec<Problem>,
}

/// What a walk through the plugin folders found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Usable plugins, in order of precedence.
    pub plugins: Vec<Arc<InstalledPlugin>>,
    /// The others.
    pub broken: Vec<BrokenPlugin>,
}

/// Reads the manifests of all plugins in `folders`. A folder that is missing holds none; a broken plugin stops no other.
pub fn discover(folders: &[PluginFolder]) -> Found {
    let mut found = Found::default();
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(&folder.path) else { continue };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        // A folder may also be a single plugin itself, which is handy while developing one.
        paths.insert(0, folder.path.clone());
        for path in paths {
            if path.join("plugin.toml").is_file() {
                match read(&path, folder.rank) {
                    Ok(plugin) => found.plugins.push(Arc::new(plugin)),
                    Err(problems) => found.broken.push(BrokenPlugin { folder: path, problems }),
                }
            }
        }
    }
    found.plugins.sort_by_key(|plugin| std::cmp::Reverse(plugin.rank));
    found
}

/// Reads one plugin's manifest.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(folder: &Path, rank: Rank) -> Result<InstalledPlugin, Vec<Problem>> {
    let file = folder.join("plugin.toml");
    let name = file.display().to_string();
    let text = std::fs::read_to_string(&file)
        .map_err(|error| vec![problem("manifest-not-readable", format!("{name} cannot be read: {error}"))])?;
    let (manifest, mut problems) = jackfield_manifest::parse_manifest(&name, &text);
    let Some(manifest) = manifest else { return Err(problems) };
    let component = folder.join(&manifest.component);
    if !component.is_file() {
        let message = format!("the component {} is missing", component.display());
        let mut missing = problem("component-missing", message)
            .with_help("build the plugin, or name its file with `component` in plugin.toml");
        missing.location = manifest.document.locate(&["plugin", "component"]);
        problems.push(missing);
    }
    if !manifest.engine.matches(&engine_version()) {
        let message =
            format!("{} needs the engine {}, this one is {}", manifest.plugin, manifest.engine, engine_version());
        let mut wrong = problem("engine-version", message).with_help("install a version of the plugin for this engine");
        wrong.location = manifest.document.locate(&["plugin", "engine"]);
        problems.push(wrong);
    }
    if problems.iter().any(|p| p.severity == Severity::Error) {
        return Err(problems);
    }
    Ok(InstalledPlugin { manifest, folder: folder.to_owned(), component, rank, warnings: problems })
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
