//! Which versions of which plugins go together: requirements, their choices, and the order that follows from them.
//!
//! A *selection* is made for some roots, such as one plugin or all plugins of a pipeline. It has at most one version of
//! each plugin and one provider of each capability, satisfies every requirement that is not optional, and has no cycle.
//! Two selections need not agree: that is how several versions of a plugin live side by side.
//!
//! Where taking the most preferred version each time works out, that is the answer; else `pubgrub` searches, and what it
//! says when it finds nothing is the explanation. It knows no cycles, so they are excluded around it.

mod explain;
mod links;
mod solver;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use petgraph::graphmap::DiGraphMap;
use semver::{Version, VersionReq};

use links::{Links, Pick};

/// What is required: a plugin by name, or whoever provides a capability.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// The plugin of this name.
    Plugin(String),
    /// Any plugin that provides this capability.
    Capability(String),
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Plugin(name) => f.write_str(name),
            Target::Capability(id) => write!(f, "capability:{id}"),
        }
    }
}

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What is required.
    pub target: Target,
    /// The versions that will do: of the plugin, or of the capability.
    pub version: VersionReq,
    /// Whoever requires it works without it.
    pub optional: bool,
}

/// One version of a plugin, as far as requirements go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The plugin's name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// What it requires.
    pub requires: Vec<Wanted>,
    /// Capabilities that it provides, with their versions.
    pub provides: Vec<(String, Version)>,
}

/// That one candidate requires another: the number of the requirement in the first, and the candidate chosen for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// Who requires.
    pub from: usize,
    /// The number of the requirement.
    pub wanted: usize,
    /// Who was chosen.
    pub to: usize,
}

/// A set of candidates that go together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Its members, each after all that it requires.
    pub order: Vec<usize>,
    /// Who satisfies which requirement. Optional ones that nobody satisfies are left out.
    pub edges: Vec<Edge>,
}

/// Why there is no selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// Requirements that cannot be met together, as candidate and number of the requirement, those of the roots first.
    Requirements(Vec<(usize, usize)>),
    /// Each of these requires the next, and the last one the first.
    Cycle(Vec<Edge>),
    /// Two roots are versions of one plugin.
    TwoVersions(usize, usize),
}

/// So many ways around a cycle are tried.
const MOST_TRIES: usize = 256;

/// All candidates, ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct Universe {
    candidates: Vec<Candidate>,
    links: Links,
}

impl Universe {
    /// `candidates` come in the order of preference: of two that would do the earlier is taken. `preferred` maps ids of
    /// capabilities to the plugin that is preferred to provide them.
    pub fn new(candidates: Vec<Candidate>, preferred: &BTreeMap<String, String>) -> Universe {
        let links = Links::new(&candidates, preferred);
        Universe { candidates, links }
    }

    /// The candidates, as they were given.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The versions that are there of what is required, the most preferred first.
    pub fn installed(&self, target: &Target) -> Vec<usize> {
        self.links.package(target).map(|package| self.links.choices(package).to_vec()).unwrap_or_default()
    }

    /// A selection that contains all `roots`.
    ///
    /// # Errors
    /// There is none, and why.
    pub fn solve(&self, roots: &[usize]) -> Result<Selection, Conflict> {
        for (number, root) in roots.iter().enumerate() {
            let name = |index: usize| self.candidates.get(index).map(|candidate| &candidate.name);
            if let Some(other) = roots.iter().take(number).find(|other| *other != root && name(**other) == name(*root))
            {
                return Err(Conflict::TwoVersions(*other, *root));
            }
        }
        match self.greedy(roots) {
            Some(selection) => Ok(selection),
            None => self.search(roots),
        }
    }

    /// Takes the most preferred choice each time. `None`: that does not work out, which says nothing yet.
    pub fn greedy(&self, roots: &[usize]) -> Option<Selection> {
        let mut picked: Vec<Option<Pick>> = vec![None; self.links.packages()];
        let mut seen = vec![false; self.candidates.len()];
        let mut edges = Vec::new();
        let mut open: Vec<usize> = roots.iter().rev().copied().collect();
        for root in roots {
            self.pick_itself(*root, &mut picked)?;
        }
        while let Some(from) = open.pop() {
            if std::mem::replace(seen.get_mut(from)?, true) {
                continue;
            }
            for (number, wanted) in self.candidates.get(from)?.requires.iter().enumerate() {
                let allowed = self.links.allowed(from, number);
                let choice = match (allowed.package, allowed.picks.first()) {
                    (Some(package), Some(first)) => {
                        let slot = picked.get_mut(package)?;
                        let pick = *slot.get_or_insert(*first);
                        allowed.picks.contains(&pick).then(|| self.links.choices(package).get(pick)).flatten()
                    }
                    _ if wanted.optional => continue,
                    _ => None,
                };
                let to = *choice?;
                self.pick_itself(to, &mut picked)?;
                edges.push(Edge { from, wanted: number, to });
                open.push(to);
            }
        }
        self.ordered(roots, edges).ok()
    }

    /// Whoever provides a capability is chosen as the plugin that it is, too.
    fn pick_itself(&self, candidate: usize, picked: &mut [Option<Pick>]) -> Option<()> {
        let (package, pick) = self.links.own(candidate)?;
        let slot = picked.get_mut(package)?;
        (*slot.get_or_insert(pick) == pick).then_some(())
    }

    /// The search: first without what is optional, then with as much of it as goes.
    fn search(&self, roots: &[usize]) -> Result<Selection, Conflict> {
        let mut enabled = HashSet::new();
        let mut tried = HashSet::new();
        let mut best = self.without_cycle(roots, &enabled)?;
        loop {
            let optional = best.order.iter().flat_map(|member| {
                let requires = self.candidates.get(*member).map(|candidate| candidate.requires.as_slice());
                let requires = requires.unwrap_or_default().iter().enumerate();
                requires.filter(|(_, wanted)| wanted.optional).map(|(number, _)| (*member, number))
            });
            let mut open: Vec<(usize, usize)> = optional.filter(|wanted| !tried.contains(wanted)).collect();
            open.retain(|(member, number)| !self.links.allowed(*member, *number).picks.is_empty());
            let Some(next) = open.into_iter().min() else { return Ok(best) };
            tried.insert(next);
            enabled.insert(next);
            match self.without_cycle(roots, &enabled) {
                Ok(better) => best = better,
                Err(_) => drop(enabled.remove(&next)),
            }
        }
    }

    /// A selection without cycle that satisfies what is not optional and what is enabled.
    fn without_cycle(&self, roots: &[usize], enabled: &HashSet<(usize, usize)>) -> Result<Selection, Conflict> {
        let mut open = vec![BTreeSet::new()];
        let mut known = HashSet::new();
        let mut first_cycle = None;
        for _ in 0..MOST_TRIES {
            let Some(excluded) = open.pop() else { break };
            let question = solver::Question { universe: self, roots, enabled, excluded: &excluded };
            let edges = match question.solve() {
                Ok(edges) => edges,
                Err(facts) if excluded.is_empty() => {
                    return Err(Conflict::Requirements(explain::in_order(self, roots, facts)));
                }
                Err(_) => continue,
            };
            let cycle = match self.ordered(roots, edges) {
                Ok(selection) => return Ok(selection),
                Err(cycle) => cycle,
            };
            // A selection without this cycle lacks one of its members, or chooses another provider somewhere on it.
            for edge in &cycle {
                let through = self.links.allowed(edge.from, edge.wanted);
                let chosen = through.package.and_then(|package| {
                    let pick = self.links.choices(package).iter().position(|choice| *choice == edge.to)?;
                    Some((package, pick))
                });
                for choice in chosen.into_iter().chain(self.links.own(edge.to)) {
                    let mut further = excluded.clone();
                    if further.insert(choice) && known.insert(further.clone()) {
                        open.push(further);
                    }
                }
            }
            first_cycle.get_or_insert(cycle);
        }
        Err(Conflict::Cycle(first_cycle.unwrap_or_default()))
    }

    /// The members in order, or the first cycle.
    fn ordered(&self, roots: &[usize], mut edges: Vec<Edge>) -> Result<Selection, Vec<Edge>> {
        edges.sort_unstable();
        edges.dedup();
        let mut graph = DiGraphMap::<usize, ()>::new();
        for root in roots.iter().rev() {
            graph.add_node(*root);
        }
        for edge in edges.iter().rev() {
            graph.add_edge(edge.to, edge.from, ());
        }
        match petgraph::algo::toposort(&graph, None) {
            Ok(order) => Ok(Selection { order, edges }),
            Err(_) => Err(cycle(&graph, &edges)),
        }
    }
}

/// One cycle of a graph that has some.
fn cycle(graph: &DiGraphMap<usize, ()>, edges: &[Edge]) -> Vec<Edge> {
    for component in petgraph::algo::tarjan_scc(graph) {
        let inside: BTreeSet<usize> = component.iter().copied().collect();
        let next = |from: usize| edges.iter().find(|edge| edge.from == from && inside.contains(&edge.to));
        let Some(start) = inside.first().copied().filter(|start| next(*start).is_some()) else { continue };
        let mut path: Vec<Edge> = Vec::new();
        let mut at = start;
        while let Some(edge) = next(at) {
            if let Some(begin) = path.iter().position(|known| known.from == at) {
                return path.split_off(begin);
            }
            path.push(*edge);
            at = edge.to;
        }
    }
    Vec::new()
}
