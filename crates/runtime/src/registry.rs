//! Who provides what: an immutable snapshot of all installed plugins, with a typed map per kind.
//!
//! First-party counts before configured, configured before discovered; of two folders the earlier; of two versions the
//! newer. What loses is reported as a [`Conflict`], and only `prefer` or a pinned version turns it round. Plugins whose
//! requirements cannot be met provide nothing and stop no other.

mod build;
mod lookup;
pub mod offers;
mod order;
mod requirements;

use std::collections::BTreeMap;
use std::sync::Arc;

use jackfield_manifest::{
    CapabilityDecl, CodecDecl, FormatDecl, HookDecl, Location, NodeDecl, OfferDecl, OfferKind, Problem, RouteDecl,
};
use semver::VersionReq;

use crate::discover::{BrokenPlugin, InstalledPlugin};

pub use lookup::Unknown;
pub use offers::{Offer, Offers};
pub use requirements::{Requirement, Resolved};

/// Two plugins that provide the same thing.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// Such as `node:filter`, `extension:csv`, or `plugin:csv` where two have the same name.
    pub what: String,
    /// The plugin that is used.
    pub winner: Arc<InstalledPlugin>,
    /// The plugin that is not.
    pub loser: Arc<InstalledPlugin>,
}

/// A plugin whose requirements cannot be met.
#[derive(Debug, Clone)]
pub struct Unresolved {
    /// The plugin.
    pub plugin: Arc<InstalledPlugin>,
    /// Why, with the chain of requirements.
    pub problem: Problem,
}

/// What the operator, or a pipeline, decides about plugins that exclude each other.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// Such as `format:csv` to the name of the plugin that is preferred.
    pub prefer: BTreeMap<String, String>,
    /// The versions of a plugin that count, by its name.
    pub pins: BTreeMap<String, VersionReq>,
    /// Where these are said, by the key of `prefer` or `plugin.NAME`.
    pub places: BTreeMap<String, Location>,
}

/// All installed plugins and what they provide.
#[derive(Debug, Clone)]
pub struct Registry {
    plugins: Vec<Arc<InstalledPlugin>>,
    broken: Vec<BrokenPlugin>,
    unresolved: Vec<Unresolved>,
    conflicts: Vec<Conflict>,
    warnings: Vec<Problem>,
    choices: Choices,
    /// Those that count for requirements: without the versions that are set aside by a pin.
    members: Vec<Arc<InstalledPlugin>>,
    /// What each resolvable member requires and gets, by its number among the members.
    selections: BTreeMap<usize, Vec<Requirement>>,
    nodes: Offers<NodeDecl>,
    formats: Offers<FormatDecl>,
    codecs: Offers<CodecDecl>,
    hooks: Offers<HookDecl>,
    services: Offers<OfferDecl>,
    commands: Offers<OfferDecl>,
    routes: Offers<RouteDecl>,
    drivers: Offers<OfferDecl>,
    validators: Offers<OfferDecl>,
    engines: Offers<OfferDecl>,
    capabilities: Offers<CapabilityDecl>,
    extensions: BTreeMap<String, Extension>,
}

/// Who gets the files of an ending.
#[derive(Debug, Clone)]
struct Extension {
    kind: OfferKind,
    id: String,
}

impl Registry {
    /// All usable plugins, those that count most first. Those with unmet requirements are among them.
    pub fn plugins(&self) -> &[Arc<InstalledPlugin>] {
        &self.plugins
    }

    /// Plugins that cannot be used, because their manifests cannot.
    pub fn broken(&self) -> &[BrokenPlugin] {
        &self.broken
    }

    /// Plugins whose requirements cannot be met.
    pub fn unresolved(&self) -> &[Unresolved] {
        &self.unresolved
    }

    /// Things that more than one plugin provides.
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    /// What is odd about the operator's choices, and about what is required.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// A plugin by name; of several versions, the one that counts.
    pub fn plugin(&self, name: &str) -> Option<&Arc<InstalledPlugin>> {
        let counts = self.members.iter().find(|plugin| plugin.name() == name);
        counts.or_else(|| self.plugins.iter().find(|plugin| plugin.name() == name))
    }

    /// All versions of a plugin, the one that counts most first.
    pub fn versions<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r Arc<InstalledPlugin>> {
        self.plugins.iter().filter(move |plugin| plugin.name() == name)
    }

    /// Node types.
    pub fn nodes(&self) -> &Offers<NodeDecl> {
        &self.nodes
    }

    /// Hooks, of all plugins that are used; several may have one id.
    pub fn hooks(&self) -> &Offers<HookDecl> {
        &self.hooks
    }

    /// Services.
    pub fn services(&self) -> &Offers<OfferDecl> {
        &self.services
    }

    /// Commands, as `PLUGIN COMMAND`.
    pub fn commands(&self) -> &Offers<OfferDecl> {
        &self.commands
    }

    /// Routes, as `PLUGIN/PATH`.
    pub fn routes(&self) -> &Offers<RouteDecl> {
        &self.routes
    }

    /// Drivers.
    pub fn drivers(&self) -> &Offers<OfferDecl> {
        &self.drivers
    }

    /// Validators.
    pub fn validators(&self) -> &Offers<OfferDecl> {
        &self.validators
    }

    /// Engines.
    pub fn engines(&self) -> &Offers<OfferDecl> {
        &self.engines
    }

    /// Capabilities.
    pub fn capabilities(&self) -> &Offers<CapabilityDecl> {
        &self.capabilities
    }

    /// All formats, each with the plugin that counts.
    pub fn formats(&self) -> impl Iterator<Item = (&Arc<InstalledPlugin>, &FormatDecl)> {
        self.formats.winners().map(|offer| (offer.plugin, offer.declared))
    }

    /// All codecs, each with the plugin that counts.
    pub fn codecs(&self) -> impl Iterator<Item = (&Arc<InstalledPlugin>, &CodecDecl)> {
        self.codecs.winners().map(|offer| (offer.plugin, offer.declared))
    }
}
