//! The order of precedence among plugins, and which of them share a name.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use semver::Version;

use super::Conflict;
use crate::discover::{InstalledPlugin, Rank};

/// Plugins in the order of precedence, and what that order decided between plugins of one name.
///
/// By rank; of one rank by the folder in which the name is met first, so that all versions of a plugin stand together; of
/// one name the newest first. A second plugin of the same name and version is dropped.
pub(super) fn by_precedence(mut plugins: Vec<Arc<InstalledPlugin>>) -> (Vec<Arc<InstalledPlugin>>, Vec<Conflict>) {
    let mut first_folder: HashMap<(Rank, String), usize> = HashMap::new();
    for plugin in &plugins {
        let folder = first_folder.entry((plugin.rank, plugin.name().to_owned())).or_insert(usize::MAX);
        *folder = (*folder).min(plugin.folder_number);
    }
    plugins.sort_by_cached_key(|plugin| {
        let name = plugin.name().to_owned();
        let folder = first_folder.get(&(plugin.rank, name.clone())).copied();
        (Reverse(plugin.rank), folder, name, Reverse(plugin.manifest.version.clone()), plugin.folder_number)
    });

    let mut conflicts = Vec::new();
    let mut kept: Vec<Arc<InstalledPlugin>> = Vec::new();
    let mut by_version: BTreeMap<(String, Version), Arc<InstalledPlugin>> = BTreeMap::new();
    let mut by_name: BTreeMap<String, Arc<InstalledPlugin>> = BTreeMap::new();
    for plugin in plugins {
        let name = plugin.name().to_owned();
        let version = plugin.manifest.version.clone();
        if let Some(winner) = by_version.get(&(name.clone(), version.clone())) {
            let what = format!("plugin:{name}@{version}");
            let file = |plugin: &InstalledPlugin| plugin.component.canonicalize().ok();
            // A folder that is named twice is no conflict.
            if file(winner).is_none() || file(winner) != file(&plugin) {
                conflicts.push(Conflict { what, winner: winner.clone(), loser: plugin });
            }
            continue;
        }
        by_version.insert((name.clone(), version), plugin.clone());
        match by_name.get(&name) {
            // Versions side by side are no conflict; a stranger of a trusted plugin's name is one.
            Some(winner) if winner.rank != plugin.rank => {
                let (what, winner) = (format!("plugin:{name}"), winner.clone());
                conflicts.push(Conflict { what, winner, loser: plugin.clone() });
            }
            Some(_) => {}
            None => drop(by_name.insert(name, plugin.clone())),
        }
        kept.push(plugin);
    }
    (kept, conflicts)
}
