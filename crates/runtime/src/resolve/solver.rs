//! The search for a selection, by `pubgrub`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::convert::Infallible;

use pubgrub::{
    Dependencies, DependencyProvider, DerivationTree, External, Map, PackageResolutionStatistics, PubGrubError, Ranges,
};

use super::links::{Package, Pick};
use super::{Edge, Universe};

/// The package that requires the roots; no other has this number.
const ROOT: Package = usize::MAX;

/// One question to the solver. Versions are places in the order of preference, so that the highest is the preferred one.
pub(super) struct Question<'a> {
    pub(super) universe: &'a Universe,
    pub(super) roots: &'a [usize],
    /// Optional requirements that have to be satisfied as well.
    pub(super) enabled: &'a HashSet<(usize, usize)>,
    /// Choices that must not be made.
    pub(super) excluded: &'a BTreeSet<(Package, Pick)>,
}

impl Question<'_> {
    /// Who satisfies which requirement.
    ///
    /// # Errors
    /// The requirements that exclude each other, as candidate and number.
    pub(super) fn solve(&self) -> Result<Vec<Edge>, Vec<(usize, usize)>> {
        match pubgrub::resolve(self, ROOT, 0u32) {
            Ok(chosen) => Ok(self.edges(&chosen.into_iter().collect())),
            Err(PubGrubError::NoSolution(tree)) => Err(self.facts(&tree)),
            // The provider below never fails and never cancels.
            Err(_) => Err(Vec::new()),
        }
    }

    fn version(&self, package: Package, pick: Pick) -> u32 {
        u32::try_from(self.universe.links.choices(package).len().saturating_sub(1 + pick)).unwrap_or_default()
    }

    fn candidate(&self, package: Package, version: u32) -> Option<usize> {
        let choices = self.universe.links.choices(package);
        choices.get(choices.len().checked_sub(1 + version as usize)?).copied()
    }

    /// The choices of a range, the most preferred first.
    fn versions<'r>(&'r self, package: Package, range: &'r Ranges<u32>) -> impl Iterator<Item = u32> + 'r {
        let all = 0..self.universe.links.choices(package).len();
        let allowed = all.filter(move |pick| !self.excluded.contains(&(package, *pick)));
        allowed.map(move |pick| self.version(package, pick)).filter(move |version| range.contains(version))
    }

    /// The requirements of a candidate that have to be satisfied.
    fn wanted(&self, candidate: usize) -> impl Iterator<Item = usize> + '_ {
        let requires = self.universe.candidates.get(candidate).map(|c| c.requires.as_slice()).unwrap_or_default();
        let counts = move |number: usize, optional: bool| !optional || self.enabled.contains(&(candidate, number));
        requires.iter().enumerate().filter(move |(number, w)| counts(*number, w.optional)).map(|(number, _)| number)
    }

    fn edges(&self, chosen: &BTreeMap<Package, u32>) -> Vec<Edge> {
        let mut edges = Vec::new();
        let mut seen = HashSet::new();
        let mut open = self.roots.to_vec();
        while let Some(from) = open.pop() {
            if !seen.insert(from) {
                continue;
            }
            for wanted in self.wanted(from) {
                let package = self.universe.links.allowed(from, wanted).package;
                let to = package.and_then(|package| self.candidate(package, *chosen.get(&package)?));
                if let Some(to) = to {
                    edges.push(Edge { from, wanted, to });
                    open.push(to);
                }
            }
        }
        edges
    }

    /// The requirements that a derivation rests on.
    fn facts(&self, tree: &DerivationTree<Package, Ranges<u32>, String>) -> Vec<(usize, usize)> {
        let mut facts = BTreeSet::new();
        let mut open = vec![tree];
        while let Some(part) = open.pop() {
            match part {
                DerivationTree::Derived(derived) => open.extend([&*derived.cause1, &*derived.cause2]),
                DerivationTree::External(External::FromDependencyOf(package, versions, required, _)) => {
                    for candidate in self.versions(*package, versions).filter_map(|v| self.candidate(*package, v)) {
                        let by = self.wanted(candidate);
                        let package_of = |wanted| self.universe.links.allowed(candidate, wanted).package;
                        facts.extend(by.filter(|w| package_of(*w) == Some(*required)).map(|w| (candidate, w)));
                    }
                }
                DerivationTree::External(External::Custom(package, versions, _)) => {
                    // What nothing of its name satisfies.
                    for candidate in self.versions(*package, versions).filter_map(|v| self.candidate(*package, v)) {
                        let by = self.wanted(candidate);
                        let allowed = |wanted| self.universe.links.allowed(candidate, wanted);
                        facts.extend(by.filter(|w| allowed(*w).package.is_none()).map(|w| (candidate, w)));
                    }
                }
                DerivationTree::External(External::NotRoot(..) | External::NoVersions(..)) => {}
            }
        }
        facts.into_iter().collect()
    }
}

impl DependencyProvider for Question<'_> {
    type P = Package;
    type V = u32;
    type VS = Ranges<u32>;
    type Priority = (u32, Reverse<usize>);
    type M = String;
    type Err = Infallible;

    fn prioritize(
        &self,
        package: &Package,
        range: &Ranges<u32>,
        statistics: &PackageResolutionStatistics,
    ) -> Self::Priority {
        (statistics.conflict_count(), Reverse(self.versions(*package, range).count()))
    }

    fn choose_version(&self, package: &Package, range: &Ranges<u32>) -> Result<Option<u32>, Infallible> {
        if *package == ROOT {
            return Ok(range.contains(&0).then_some(0));
        }
        Ok(self.versions(*package, range).next())
    }

    fn get_dependencies(
        &self,
        package: &Package,
        version: &u32,
    ) -> Result<Dependencies<Package, Ranges<u32>, String>, Infallible> {
        let links = &self.universe.links;
        let itself = |candidate: usize| {
            links.own(candidate).map(|(package, pick)| (package, Ranges::singleton(self.version(package, pick))))
        };
        if *package == ROOT {
            return Ok(Dependencies::Available(self.roots.iter().filter_map(|root| itself(*root)).collect()));
        }
        let Some(candidate) = self.candidate(*package, *version) else {
            return Ok(Dependencies::Unavailable("no such choice".to_owned()));
        };
        // A choice of a capability is one of the plugin that provides it, which has the requirements.
        if links.own(candidate).is_none_or(|(own, _)| own != *package) {
            return Ok(Dependencies::Available(itself(candidate).into_iter().collect()));
        }
        let mut required: Map<Package, Ranges<u32>> = Map::default();
        for wanted in self.wanted(candidate) {
            let allowed = links.allowed(candidate, wanted);
            let Some(package) = allowed.package else {
                return Ok(Dependencies::Unavailable("nothing of that name is installed".to_owned()));
            };
            let picks = allowed.picks.iter().map(|pick| Ranges::singleton(self.version(package, *pick)));
            let range = picks.fold(Ranges::empty(), |all: Ranges<u32>, one| all.union(&one));
            match required.get_mut(&package) {
                Some(known) => *known = known.intersection(&range),
                None => drop(required.insert(package, range)),
            }
        }
        Ok(Dependencies::Available(required.into_iter().collect()))
    }
}
