//! Requirements as numbers: which choices there are for each name, and which of them each requirement allows.

use std::collections::{BTreeMap, HashMap};

use semver::Version;

use super::{Candidate, Target};

/// The number of a plugin's name or of a capability.
pub(super) type Package = usize;

/// The place of a choice in the order of preference of its package, the most preferred first.
pub(super) type Pick = usize;

/// What one requirement allows.
#[derive(Debug, Clone, Default)]
pub(super) struct Allowed {
    /// `None`: nothing of that name is there.
    pub(super) package: Option<Package>,
    /// The most preferred first.
    pub(super) picks: Vec<Pick>,
}

/// Everything about names that can be worked out beforehand.
#[derive(Debug, Clone, Default)]
pub(super) struct Links {
    numbers: HashMap<Target, Package>,
    /// By package: the candidates.
    choices: Vec<Vec<usize>>,
    /// By candidate: its own package and place.
    own: Vec<(Package, Pick)>,
    /// By candidate and requirement.
    allowed: Vec<Vec<Allowed>>,
    nothing: Allowed,
}

impl Links {
    pub(super) fn new(candidates: &[Candidate], preferred: &BTreeMap<String, String>) -> Links {
        let mut links = Links::default();
        // The versions that requirements on a package look at.
        let mut versions: Vec<Vec<&Version>> = Vec::new();
        for (index, candidate) in candidates.iter().enumerate() {
            let own =
                links.add(Target::Plugin(candidate.name.clone()), index, &candidate.version, false, &mut versions);
            links.own.push(own);
        }
        for (index, candidate) in candidates.iter().enumerate() {
            for (id, version) in &candidate.provides {
                let first = preferred.get(id) == Some(&candidate.name);
                links.add(Target::Capability(id.clone()), index, version, first, &mut versions);
            }
        }
        for candidate in candidates {
            let allowed = candidate.requires.iter().map(|wanted| {
                let Some(package) = links.numbers.get(&wanted.target).copied() else { return Allowed::default() };
                let versions = versions.get(package).map(Vec::as_slice).unwrap_or_default().iter().enumerate();
                let fits = versions.filter(|(_, version)| wanted.version.matches(version));
                Allowed { package: Some(package), picks: fits.map(|(pick, _)| pick).collect() }
            });
            let allowed = allowed.collect();
            links.allowed.push(allowed);
        }
        links
    }

    fn add<'v>(
        &mut self,
        target: Target,
        candidate: usize,
        version: &'v Version,
        first: bool,
        versions: &mut Vec<Vec<&'v Version>>,
    ) -> (Package, Pick) {
        let package = *self.numbers.entry(target).or_insert_with(|| {
            self.choices.push(Vec::new());
            versions.push(Vec::new());
            self.choices.len() - 1
        });
        let pick = match (first, self.choices.get(package)) {
            (false, Some(choices)) => choices.len(),
            _ => 0,
        };
        if let (Some(choices), Some(versions)) = (self.choices.get_mut(package), versions.get_mut(package)) {
            choices.insert(pick, candidate);
            versions.insert(pick, version);
        }
        (package, pick)
    }

    pub(super) fn packages(&self) -> usize {
        self.choices.len()
    }

    pub(super) fn package(&self, target: &Target) -> Option<Package> {
        self.numbers.get(target).copied()
    }

    /// The candidates of a package, the most preferred first.
    pub(super) fn choices(&self, package: Package) -> &[usize] {
        self.choices.get(package).map(Vec::as_slice).unwrap_or_default()
    }

    /// A candidate as a choice of its own name.
    pub(super) fn own(&self, candidate: usize) -> Option<(Package, Pick)> {
        self.own.get(candidate).copied()
    }

    /// What a candidate's requirement allows.
    pub(super) fn allowed(&self, candidate: usize, wanted: usize) -> &Allowed {
        self.allowed.get(candidate).and_then(|allowed| allowed.get(wanted)).unwrap_or(&self.nothing)
    }
}
