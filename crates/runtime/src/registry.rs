//! Who provides which node type, format and codec: an immutable snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use jackfield_manifest::{CodecDecl, FormatDecl, NodeDecl, TypeRef, nearest};

use crate::discover::{BrokenPlugin, Found, InstalledPlugin};

/// A thing that a plugin provides: the plugin, and the number of the declaration in its manifest.
#[derive(Debug, Clone)]
pub struct Provider {
    /// The plugin.
    pub plugin: Arc<InstalledPlugin>,
    index: usize,
}

impl Provider {
    fn node(&self) -> Option<&NodeDecl> {
        self.plugin.manifest.nodes.get(self.index)
    }
}

/// Two plugins that provide the same thing.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// Such as `node:filter` or `format:csv`.
    pub what: String,
    /// The plugin that is used.
    pub winner: Arc<InstalledPlugin>,
    /// The plugin that is not.
    pub loser: Arc<InstalledPlugin>,
}

/// All installed plugins and what they provide.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    plugins: Vec<Arc<InstalledPlugin>>,
    broken: Vec<BrokenPlugin>,
    nodes: BTreeMap<String, Vec<Provider>>,
    formats: BTreeMap<String, Vec<Provider>>,
    codecs: BTreeMap<String, Vec<Provider>>,
    conflicts: Vec<Conflict>,
}

/// A node type could not be found.
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown {
    /// What was looked for.
    pub name: String,
    /// Names like it, the nearest first.
    pub nearest: Vec<String>,
    /// All names there are.
    pub all: Vec<String>,
}

impl Registry {
    /// Sorts what was found by what it provides. `prefer` maps `format:csv` and the like to the plugin to take.
    pub fn new(found: Found, prefer: &BTreeMap<String, String>) -> Registry {
        let mut registry = Registry { plugins: found.plugins, broken: found.broken, ..Registry::default() };
        for plugin in registry.plugins.clone() {
            let manifest = &plugin.manifest;
            let mut add = |kind: &str, names: Vec<String>, map: &mut BTreeMap<String, Vec<Provider>>| {
                for (index, name) in names.into_iter().enumerate() {
                    let providers = map.entry(name.clone()).or_default();
                    let provider = Provider { plugin: plugin.clone(), index };
                    let what = format!("{kind}:{name}");
                    let preferred = prefer.get(&what).is_some_and(|wanted| wanted == plugin.name());
                    if let Some(first) = providers.first() {
                        let (winner, loser) = if preferred {
                            (provider.plugin.clone(), first.plugin.clone())
                        } else {
                            (first.plugin.clone(), provider.plugin.clone())
                        };
                        registry.conflicts.push(Conflict { what, winner, loser });
                    }
                    providers.insert(if preferred { 0 } else { providers.len() }, provider);
                }
            };
            add("node", manifest.nodes.iter().map(|n| n.node_type.clone()).collect(), &mut registry.nodes);
            add("format", manifest.formats.iter().map(|f| f.id.clone()).collect(), &mut registry.formats);
            add("codec", manifest.codecs.iter().map(|c| c.id.clone()).collect(), &mut registry.codecs);
        }
        registry
    }

    /// All usable plugins, those that count most first.
    pub fn plugins(&self) -> &[Arc<InstalledPlugin>] {
        &self.plugins
    }

    /// Folders that look like plugins and cannot be used.
    pub fn broken(&self) -> &[BrokenPlugin] {
        &self.broken
    }

    /// Things that more than one plugin provides.
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    /// A plugin by name; of several versions, the first that counts.
    pub fn plugin(&self, name: &str) -> Option<&Arc<InstalledPlugin>> {
        self.plugins.iter().find(|plugin| plugin.name() == name)
    }

    /// The provider of a node type.
    ///
    /// # Errors
    /// No plugin provides it, or not the one or the version that was asked for.
    pub fn node(&self, wanted: &TypeRef) -> Result<(Arc<InstalledPlugin>, &NodeDecl), Unknown> {
        let fits = |provider: &&Provider| {
            let manifest = &provider.plugin.manifest;
            wanted.plugin.as_ref().is_none_or(|name| *name == manifest.plugin)
                && wanted.version.as_ref().is_none_or(|version| version.matches(&manifest.version))
        };
        let provider = self.nodes.get(&wanted.name).and_then(|providers| providers.iter().find(fits));
        provider
            .and_then(|p| self.nodes.get(&wanted.name)?.iter().find(fits)?.node().map(|n| (p.plugin.clone(), n)))
            .ok_or_else(|| unknown(&wanted.name, self.nodes.keys()))
    }

    /// The provider of a format.
    ///
    /// # Errors
    /// No plugin provides it.
    pub fn format(&self, name: &str) -> Result<(Arc<InstalledPlugin>, &FormatDecl), Unknown> {
        let provider = self.formats.get(name).and_then(|providers| providers.first());
        provider
            .and_then(|p| p.plugin.manifest.formats.get(p.index).map(|f| (p.plugin.clone(), f)))
            .ok_or_else(|| unknown(name, self.formats.keys()))
    }

    /// The provider of a codec.
    ///
    /// # Errors
    /// No plugin provides it.
    pub fn codec(&self, name: &str) -> Result<(Arc<InstalledPlugin>, &CodecDecl), Unknown> {
        let provider = self.codecs.get(name).and_then(|providers| providers.first());
        provider
            .and_then(|p| p.plugin.manifest.codecs.get(p.index).map(|c| (p.plugin.clone(), c)))
            .ok_or_else(|| unknown(name, self.codecs.keys()))
    }

    /// All formats and codecs, each with the plugin that counts.
    pub fn formats(&self) -> impl Iterator<Item = (&Arc<InstalledPlugin>, &FormatDecl)> {
        let first = self.formats.values().filter_map(|providers| providers.first());
        first.filter_map(|p| p.plugin.manifest.formats.get(p.index).map(|f| (&p.plugin, f)))
    }

    /// All codecs, each with the plugin that counts.
    pub fn codecs(&self) -> impl Iterator<Item = (&Arc<InstalledPlugin>, &CodecDecl)> {
        let first = self.codecs.values().filter_map(|providers| providers.first());
        first.filter_map(|p| p.plugin.manifest.codecs.get(p.index).map(|c| (&p.plugin, c)))
    }

    /// The format that claims a file name's extension.
    pub fn format_by_extension(&self, extension: &str) -> Option<&str> {
        self.formats()
            .find(|(_, format)| format.extensions.iter().any(|e| e.eq_ignore_ascii_case(extension)))
            .map(|(_, format)| format.id.as_str())
    }

    /// The codec that claims a file name's extension.
    pub fn codec_by_extension(&self, extension: &str) -> Option<&str> {
        self.codecs()
            .find(|(_, codec)| codec.extensions.iter().any(|e| e.eq_ignore_ascii_case(extension)))
            .map(|(_, codec)| codec.id.as_str())
    }

    /// The codec whose magic number starts `head`.
    pub fn codec_by_magic(&self, head: &[u8]) -> Option<&str> {
        self.codecs()
            .find(|(_, codec)| codec.magic.iter().any(|magic| !magic.is_empty() && head.starts_with(magic)))
            .map(|(_, codec)| codec.id.as_str())
    }
}

fn unknown<'a>(name: &str, names: impl Iterator<Item = &'a String> + Clone) -> Unknown {
    Unknown {
        name: name.to_owned(),
        nearest: nearest(name, names.clone().map(String::as_str)).into_iter().map(str::to_owned).collect(),
        all: names.cloned().collect(),
    }
}

impl Unknown {
    /// What to do: the nearest names, else all of them.
    pub fn help(&self, what: &str) -> String {
        match (self.nearest.as_slice(), self.all.as_slice()) {
            ([], []) => format!("no plugin that provides a {what} is installed; see `jackfield plugin list`"),
            ([], all) => format!("installed: {}", all.join(", ")),
            (nearest, _) => format!("did you mean `{}`?", nearest.join("` or `")),
        }
    }
}
