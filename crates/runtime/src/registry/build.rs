//! Makes a snapshot of what was found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jackfield_manifest::{OfferKind, Problem, nearest};

use super::offers::{Entry, Offers};
use super::{Choices, Conflict, Extension, Registry, order, requirements};
use crate::discover::{Found, InstalledPlugin};

impl Registry {
    /// Sorts what was found by what it provides.
    pub fn new(found: Found, choices: Choices) -> Registry {
        let (plugins, mut conflicts) = order::by_precedence(found.plugins);
        let mut warnings = Vec::new();
        let aside = pinned_aside(&plugins, &choices, &mut warnings);
        let requirements::Answers { members, selections, unresolved, remarks } =
            requirements::resolve(&plugins, &aside, &choices);
        let usable: Vec<(&Arc<InstalledPlugin>, bool)> = plugins
            .iter()
            .enumerate()
            .filter(|(_, plugin)| !unresolved.iter().any(|broken| Arc::ptr_eq(&broken.plugin, plugin)))
            .map(|(number, plugin)| (plugin, aside.contains(&number)))
            .collect();

        let mut sorting =
            Sorting { usable: &usable, choices: &choices, conflicts: &mut conflicts, used: BTreeSet::new() };
        let nodes = sorting.offers(OfferKind::Node, |m| &m.nodes, |node, _| node.node_type.clone());
        let formats = sorting.offers(OfferKind::Format, |m| &m.formats, |format, _| format.id.clone());
        let codecs = sorting.offers(OfferKind::Codec, |m| &m.codecs, |codec, _| codec.id.clone());
        let hooks = sorting.offers(OfferKind::Hook, |m| &m.hooks, |hook, _| hook.id.clone());
        let services = sorting.offers(OfferKind::Service, |m| &m.services, |offer, _| offer.id.clone());
        let commands =
            sorting.offers(OfferKind::Command, |m| &m.commands, |offer, name| format!("{name} {}", offer.id));
        let routes = sorting.offers(OfferKind::Route, |m| &m.routes, |route, name| format!("{name}{}", route.path));
        let drivers = sorting.offers(OfferKind::Driver, |m| &m.drivers, |offer, _| offer.id.clone());
        let validators = sorting.offers(OfferKind::Validator, |m| &m.validators, |offer, _| offer.id.clone());
        let engines = sorting.offers(OfferKind::Engine, |m| &m.engines, |offer, _| offer.id.clone());
        let capabilities = sorting.offers(OfferKind::Capability, |m| &m.capabilities, |offer, _| offer.id.clone());
        let mut claims = Claims::default();
        for offer in formats.winners() {
            let extensions = &offer.declared.extensions;
            claims.add(offer.plugin, OfferKind::Format, offer.id, extensions);
        }
        for offer in codecs.winners() {
            let extensions = &offer.declared.extensions;
            claims.add(offer.plugin, OfferKind::Codec, offer.id, extensions);
        }
        let extensions = sorting.extensions(claims);
        let used = sorting.used;
        warnings.extend(unused_preferences(&choices, &used, &plugins));
        warnings.extend(remarks);
        Registry {
            plugins,
            broken: found.broken,
            unresolved,
            conflicts,
            warnings,
            choices,
            members,
            selections,
            nodes,
            formats,
            codecs,
            hooks,
            services,
            commands,
            routes,
            drivers,
            validators,
            engines,
            capabilities,
            extensions,
        }
    }
}

/// The numbers of plugins that count only for who names their version, because another version is pinned.
fn pinned_aside(plugins: &[Arc<InstalledPlugin>], choices: &Choices, warnings: &mut Vec<Problem>) -> BTreeSet<usize> {
    let mut aside = BTreeSet::new();
    for (name, version) in &choices.pins {
        let key = format!("plugin.{name}");
        let place = choices.places.get(&key).cloned();
        let of_name = || plugins.iter().enumerate().filter(|(_, plugin)| plugin.name() == name);
        let installed: Vec<String> = of_name().map(|(_, plugin)| plugin.manifest.version.to_string()).collect();
        if installed.is_empty() {
            // A pipeline's or operator's `[plugin.NAME]` may speak of a plugin that only some machines have.
            let mut problem =
                Problem::warning("unknown-plugin", format!("{key}: there is no plugin `{name}`")).at(place);
            let near = nearest(name, plugins.iter().map(|plugin| plugin.name()));
            problem.help = near.first().map(|near| format!("did you mean `{near}`?"));
            warnings.push(problem);
        } else if of_name().any(|(_, plugin)| version.matches(&plugin.manifest.version)) {
            aside.extend(of_name().filter(|(_, p)| !version.matches(&p.manifest.version)).map(|(number, _)| number));
        } else {
            let message = format!("{key}: no installed version of {name} fits {version}");
            let help = format!("installed: {}", installed.join(", "));
            // Nothing of it counts: another version than the pinned one would be a guess.
            aside.extend(of_name().map(|(number, _)| number));
            warnings.push(Problem::error("version-not-installed", message).with_help(help).at(place));
        }
    }
    aside
}

/// Sorts usable plugins, which come in the order of precedence, by what they provide.
struct Sorting<'a> {
    usable: &'a [(&'a Arc<InstalledPlugin>, bool)],
    choices: &'a Choices,
    conflicts: &'a mut Vec<Conflict>,
    /// Preferences that were about something.
    used: BTreeSet<String>,
}

impl Sorting<'_> {
    fn offers<T>(
        &mut self,
        kind: OfferKind,
        declared: fn(&jackfield_manifest::Manifest) -> &[T],
        id: impl Fn(&T, &str) -> String,
    ) -> Offers<T> {
        let mut offers = Offers::new(kind, declared);
        for (plugin, aside) in self.usable {
            offers.add(plugin, *aside, |declared| id(declared, plugin.name()));
        }
        if kind.is_exclusive() {
            for (id, entries) in offers.entries_mut() {
                self.settle(&format!("{}:{id}", kind.name()), entries);
            }
        }
        offers
    }

    /// Puts the preferred plugin first and reports whom the first one beats.
    fn settle(&mut self, what: &str, entries: &mut Vec<Entry>) {
        let wanted = self.choices.prefer.get(what);
        let preferred = |entry: &Entry| wanted.is_some_and(|name| entry.plugin.name() == name) && !entry.aside;
        if let Some(place) = entries.iter().position(preferred) {
            let entry = entries.remove(place);
            entries.insert(0, entry);
            self.used.insert(what.to_owned());
        }
        let mut used = entries.iter().filter(|entry| !entry.aside);
        let Some(winner) = used.next() else { return };
        for loser in used.filter(|loser| loser.plugin.name() != winner.plugin.name()) {
            let (winner, loser) = (winner.plugin.clone(), loser.plugin.clone());
            self.conflicts.push(Conflict { what: what.to_owned(), winner, loser });
        }
    }

    /// Who gets the files of each ending: formats and codecs share the endings.
    fn extensions(&mut self, claims: Claims) -> BTreeMap<String, Extension> {
        let precedence = |claim: &Claim| self.usable.iter().position(|(plugin, _)| Arc::ptr_eq(plugin, &claim.plugin));
        let mut extensions = BTreeMap::new();
        for (extension, mut claims) in claims.by_extension {
            let what = format!("{}:{extension}", OfferKind::Extension.name());
            claims.sort_by_key(precedence);
            let wanted = self.choices.prefer.get(&what);
            let preferred = |claim: &Claim| wanted.is_some_and(|name| claim.plugin.name() == name);
            if let Some(place) = claims.iter().position(preferred) {
                let claim = claims.remove(place);
                claims.insert(0, claim);
                self.used.insert(what.clone());
            }
            let mut claims = claims.into_iter();
            let Some(winner) = claims.next() else { continue };
            for loser in claims.filter(|loser| !Arc::ptr_eq(&loser.plugin, &winner.plugin)) {
                let conflict = Conflict { what: what.clone(), winner: winner.plugin.clone(), loser: loser.plugin };
                self.conflicts.push(conflict);
            }
            extensions.insert(extension, Extension { kind: winner.kind, id: winner.id });
        }
        extensions
    }
}

/// Who claims files by their endings.
#[derive(Default)]
struct Claims {
    by_extension: BTreeMap<String, Vec<Claim>>,
}

struct Claim {
    plugin: Arc<InstalledPlugin>,
    kind: OfferKind,
    id: String,
}

impl Claims {
    fn add(&mut self, plugin: &Arc<InstalledPlugin>, kind: OfferKind, id: &str, extensions: &[String]) {
        for extension in extensions {
            let claim = Claim { plugin: plugin.clone(), kind, id: id.to_owned() };
            self.by_extension.entry(extension.to_ascii_lowercase()).or_default().push(claim);
        }
    }
}

/// Preferences for plugins that are not there, or that do not provide what they are preferred for.
fn unused_preferences(choices: &Choices, used: &BTreeSet<String>, plugins: &[Arc<InstalledPlugin>]) -> Vec<Problem> {
    let unused = choices.prefer.iter().filter(|(what, _)| !used.contains(*what));
    let problems = unused.map(|(what, wanted)| {
        let place = choices.places.get(what).cloned();
        if plugins.iter().any(|plugin| plugin.name() == wanted) {
            let message = format!("`{what}` prefers `{wanted}`, which does not provide it");
            return Problem::warning("unused-preference", message).at(place);
        }
        let message = format!("`{what}` prefers `{wanted}`, which is not installed");
        let mut problem = Problem::warning("unused-preference", message).at(place);
        let near = nearest(wanted, plugins.iter().map(|plugin| plugin.name()));
        problem.help = near.first().map(|near| format!("did you mean `{near}`?"));
        problem
    });
    problems.collect()
}
