//! The map of one kind: by id, who provides it, those that count most first.

use std::collections::BTreeMap;
use std::sync::Arc;

use jackfield_manifest::{Manifest, OfferKind};

use crate::discover::InstalledPlugin;

/// One plugin's offer of something.
#[derive(Debug)]
pub struct Offer<'r, T> {
    /// What it is called: its id, with the plugin's name in front where ids stand below plugins.
    pub id: &'r str,
    /// Who provides it.
    pub plugin: &'r Arc<InstalledPlugin>,
    /// What the manifest says of it.
    pub declared: &'r T,
}

/// All offers of one kind.
#[derive(Debug, Clone)]
pub struct Offers<T> {
    kind: OfferKind,
    declared: fn(&Manifest) -> &[T],
    by_id: BTreeMap<String, Vec<Entry>>,
}

/// An offer by its number in the plugin's manifest.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) plugin: Arc<InstalledPlugin>,
    pub(super) number: usize,
    /// Another version is pinned: only who names this version gets it.
    pub(super) aside: bool,
}

impl<T> Offers<T> {
    pub(super) fn new(kind: OfferKind, declared: fn(&Manifest) -> &[T]) -> Offers<T> {
        Offers { kind, declared, by_id: BTreeMap::new() }
    }

    /// Adds all offers of a plugin; plugins come in the order of precedence.
    pub(super) fn add(&mut self, plugin: &Arc<InstalledPlugin>, aside: bool, id: impl Fn(&T) -> String) {
        for (number, declared) in (self.declared)(&plugin.manifest).iter().enumerate() {
            let entry = Entry { plugin: plugin.clone(), number, aside };
            self.by_id.entry(id(declared)).or_default().push(entry);
        }
    }

    pub(super) fn entries_mut(&mut self) -> impl Iterator<Item = (&String, &mut Vec<Entry>)> {
        self.by_id.iter_mut()
    }

    /// The kind.
    pub fn kind(&self) -> OfferKind {
        self.kind
    }

    /// All ids, in alphabetical order.
    pub fn ids(&self) -> impl Iterator<Item = &str> + Clone {
        self.by_id.keys().map(String::as_str)
    }

    /// The offer of an id that counts.
    pub fn get(&self, id: &str) -> Option<Offer<'_, T>> {
        self.of(id).next()
    }

    /// All offers of an id that are used or could be, those that count most first.
    pub fn of<'r>(&'r self, id: &str) -> impl Iterator<Item = Offer<'r, T>> {
        self.all_of(id).filter(|(_, aside)| !aside).map(|(offer, _)| offer)
    }

    /// The offers of an id that a condition on the plugin holds for, also those of versions that are not pinned.
    pub(super) fn matching(&self, id: &str, fits: impl Fn(&InstalledPlugin) -> bool) -> Option<Offer<'_, T>> {
        self.all_of(id).map(|(offer, _)| offer).find(|offer| fits(offer.plugin))
    }

    fn all_of<'r>(&'r self, id: &str) -> impl Iterator<Item = (Offer<'r, T>, bool)> {
        let found = self.by_id.get_key_value(id);
        found
            .into_iter()
            .flat_map(|(id, entries)| entries.iter().filter_map(|entry| Some((self.offer(id, entry)?, entry.aside))))
    }

    /// All ids, each with the offer that counts.
    pub fn winners(&self) -> impl Iterator<Item = Offer<'_, T>> {
        self.by_id.iter().filter_map(|(id, entries)| {
            let first = entries.iter().find(|entry| !entry.aside)?;
            self.offer(id, first)
        })
    }

    /// All offers that are used or could be.
    pub fn iter(&self) -> impl Iterator<Item = Offer<'_, T>> {
        self.by_id.iter().flat_map(|(id, entries)| {
            entries.iter().filter(|entry| !entry.aside).filter_map(|entry| self.offer(id, entry))
        })
    }

    fn offer<'r>(&'r self, id: &'r str, entry: &'r Entry) -> Option<Offer<'r, T>> {
        let declared = (self.declared)(&entry.plugin.manifest).get(entry.number)?;
        Some(Offer { id, plugin: &entry.plugin, declared })
    }
}
