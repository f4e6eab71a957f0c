//! What plugins require of each other, as the registry tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jackfield_manifest::Problem;

use super::{Choices, Registry, Unresolved};
use crate::discover::InstalledPlugin;
use crate::resolve::{Candidate, Conflict, Selection, Target, Universe, Wanted};

/// A requirement of a plugin and who satisfies it.
#[derive(Debug, Clone)]
pub struct Requirement {
    /// What is required, at which versions, and whether it is optional.
    pub wanted: Wanted,
    /// Who satisfies it; `None`: nobody, and it is optional.
    pub plugin: Option<Arc<InstalledPlugin>>,
}

/// Plugins that go together.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    /// The plugins, each after all that it requires. They start in this order and stop in the reverse.
    pub order: Vec<Arc<InstalledPlugin>>,
    /// Who requires whom, as numbers in `order`.
    pub edges: Vec<(usize, usize)>,
}

/// What [`resolve`] finds out.
pub(super) struct Answers {
    pub(super) members: Vec<Arc<InstalledPlugin>>,
    pub(super) selections: BTreeMap<usize, Vec<Requirement>>,
    pub(super) unresolved: Vec<Unresolved>,
    pub(super) remarks: Vec<Problem>,
}

/// Looks for a selection for each plugin by itself; those that are pinned aside are no choice for others.
pub(super) fn resolve(plugins: &[Arc<InstalledPlugin>], aside: &BTreeSet<usize>, choices: &Choices) -> Answers {
    let (mut members, mut others) = (Vec::new(), Vec::new());
    for (number, plugin) in plugins.iter().enumerate() {
        if aside.contains(&number) { others.push(plugin.clone()) } else { members.push(plugin.clone()) }
    }
    let universe = universe(&members, choices);
    let mut answers =
        Answers { members: Vec::new(), selections: BTreeMap::new(), unresolved: Vec::new(), remarks: Vec::new() };
    // Mostly all plugins go together, and one look at all is enough: what holds for all holds for each.
    let mut seen = BTreeSet::new();
    let firsts: Vec<usize> =
        (0..members.len()).filter(|n| members.get(*n).is_some_and(|p| seen.insert(p.name()))).collect();
    let all = universe.greedy(&firsts);
    for (number, plugin) in members.iter().enumerate() {
        let selection = match &all {
            Some(all) if all.order.contains(&number) => Ok(requirements_of(&universe, &members, number, all)),
            _ => universe.solve(&[number]).map(|found| requirements_of(&universe, &members, number, &found)),
        };
        match selection {
            Ok(requirements) => {
                answers.remarks.extend(deprecated_requirements(plugin, &requirements));
                answers.selections.insert(number, requirements);
            }
            Err(conflict) => answers.unresolved.push(unresolved(plugin, &universe, &conflict, choices)),
        }
    }
    for plugin in &others {
        let (universe, number) = universe_with(&members, plugin, choices);
        if let Err(conflict) = universe.solve(&[number]) {
            answers.unresolved.push(unresolved(plugin, &universe, &conflict, choices));
        }
    }
    answers.members = members;
    answers
}

fn universe(members: &[Arc<InstalledPlugin>], choices: &Choices) -> Universe {
    let preferred = choices.prefer.iter().filter_map(|(what, name)| Some((what.strip_prefix("capability:")?, name)));
    let preferred = preferred.map(|(id, name)| (id.to_owned(), name.clone())).collect();
    Universe::new(members.iter().map(|plugin| candidate(plugin)).collect(), &preferred)
}

/// The members with a plugin instead of those of its name, and its number.
fn universe_with(
    members: &[Arc<InstalledPlugin>],
    plugin: &Arc<InstalledPlugin>,
    choices: &Choices,
) -> (Universe, usize) {
    let all = members_with(members, plugin);
    (universe(&all, choices), all.len() - 1)
}

fn members_with(members: &[Arc<InstalledPlugin>], plugin: &Arc<InstalledPlugin>) -> Vec<Arc<InstalledPlugin>> {
    let others = members.iter().filter(|other| other.name() != plugin.name());
    others.chain(std::iter::once(plugin)).cloned().collect()
}

fn candidate(plugin: &InstalledPlugin) -> Candidate {
    let manifest = &plugin.manifest;
    let requires = manifest.requires.iter().map(|(key, requirement)| Wanted {
        target: match key.strip_prefix("capability:").filter(|_| requirement.capability) {
            Some(id) => Target::Capability(id.to_owned()),
            None => Target::Plugin(key.clone()),
        },
        version: requirement.version.clone(),
        optional: requirement.optional,
    });
    Candidate {
        name: manifest.plugin.clone(),
        version: manifest.version.clone(),
        requires: requires.collect(),
        provides: manifest.capabilities.iter().map(|c| (c.id.clone(), c.version.clone())).collect(),
    }
}

fn requirements_of(
    universe: &Universe,
    members: &[Arc<InstalledPlugin>],
    number: usize,
    selection: &Selection,
) -> Vec<Requirement> {
    let requires = universe.candidates().get(number).map(|c| c.requires.as_slice()).unwrap_or_default();
    let satisfied = |wanted: usize| {
        let edge = selection.edges.iter().find(|edge| edge.from == number && edge.wanted == wanted)?;
        members.get(edge.to).cloned()
    };
    let found = requires.iter().enumerate();
    found.map(|(index, wanted)| Requirement { wanted: wanted.clone(), plugin: satisfied(index) }).collect()
}

fn unresolved(
    plugin: &Arc<InstalledPlugin>,
    universe: &Universe,
    conflict: &Conflict,
    choices: &Choices,
) -> Unresolved {
    let problem = conflict_problem(&plugin.title(), universe, conflict, choices);
    // The requirement of the plugin itself that the chain begins with.
    let own = |from: usize| universe.candidates().get(from).filter(|candidate| candidate.name == plugin.name());
    let first = match conflict {
        Conflict::Requirements(facts) => facts.first().copied(),
        Conflict::Cycle(edges) => edges.iter().find(|e| own(e.from).is_some()).map(|edge| (edge.from, edge.wanted)),
        Conflict::TwoVersions(..) => None,
    };
    let key = first.and_then(|(from, wanted)| Some(own(from)?.requires.get(wanted)?.target.to_string()));
    let path: Vec<&str> = std::iter::once("requires").chain(key.as_deref()).collect();
    Unresolved { plugin: plugin.clone(), problem: problem.at(plugin.manifest.document.locate_key(&path)) }
}

/// A conflict as a problem, with the chain of requirements below its first line.
fn conflict_problem(what: &str, universe: &Universe, conflict: &Conflict, choices: &Choices) -> Problem {
    let explanation = universe.explain(conflict);
    let mut message = format!("{what} cannot be used: {}", explanation.summary);
    for line in &explanation.chain {
        message.push_str(&format!("\n  {line}"));
    }
    for (name, version) in &choices.pins {
        let requires = format!(" requires {name} ");
        if explanation.chain.iter().any(|line| line.contains(&requires)) {
            message.push_str(&format!("\n  {name} is pinned to {version}"));
        }
    }
    Problem::error(explanation.code, message).with_help(explanation.help)
}

/// What a plugin requires that should not be used any more.
fn deprecated_requirements(plugin: &InstalledPlugin, requirements: &[Requirement]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for Requirement { wanted, plugin: required } in requirements {
        let Some(required) = required else { continue };
        let deprecated = match &wanted.target {
            Target::Plugin(_) => required.manifest.deprecated.as_ref(),
            Target::Capability(id) => {
                let provided = required.manifest.capabilities.iter().find(|capability| capability.id == *id);
                provided.and_then(|capability| capability.deprecated.as_ref())
            }
        };
        if let Some(deprecated) = deprecated {
            let message = format!("{} requires {}, which {}", plugin.title(), wanted.target, deprecated.sentence());
            let key = wanted.target.to_string();
            let place = plugin.manifest.document.locate_key(&["requires", &key]);
            problems.push(Problem::warning("deprecated", message).at(place));
        }
    }
    problems
}

impl Registry {
    /// Why a plugin cannot be used though its manifest is good.
    pub fn why_unresolved(&self, plugin: &InstalledPlugin) -> Option<&Problem> {
        let same = |other: &InstalledPlugin| std::ptr::eq(other, plugin);
        self.unresolved.iter().find(|unresolved| same(&unresolved.plugin)).map(|unresolved| &unresolved.problem)
    }

    /// The operator's choices that are odd, and what is odd about the requirements of some plugins.
    pub fn warnings_about(&self, plugins: &[Arc<InstalledPlugin>]) -> Vec<Problem> {
        let mut warnings = Vec::new();
        for plugin in plugins {
            warnings.extend(deprecated_requirements(plugin, &self.requirements(plugin)));
        }
        warnings
    }

    /// What a plugin requires, and who satisfies it where it is used by itself.
    pub fn requirements(&self, plugin: &Arc<InstalledPlugin>) -> Vec<Requirement> {
        let number = self.members.iter().position(|member| Arc::ptr_eq(member, plugin));
        if let Some(requirements) = number.and_then(|number| self.selections.get(&number)) {
            return requirements.clone();
        }
        let members = members_with(&self.members, plugin);
        let (universe, number) = universe_with(&self.members, plugin, &self.choices);
        let selection = universe.solve(&[number]).unwrap_or_default();
        requirements_of(&universe, &members, number, &selection)
    }

    /// Who requires a plugin, and how, where each is used by itself.
    pub fn required_by(&self, plugin: &Arc<InstalledPlugin>) -> Vec<(Arc<InstalledPlugin>, Wanted)> {
        let mut found = Vec::new();
        for (number, requirements) in &self.selections {
            for Requirement { wanted, plugin: satisfied } in requirements {
                if satisfied.as_ref().is_some_and(|by| Arc::ptr_eq(by, plugin)) {
                    found.extend(self.members.get(*number).map(|member| (member.clone(), wanted.clone())));
                }
            }
        }
        found
    }

    /// The plugins that `roots` need to be used together, each after all that it requires. Versions of one plugin that
    /// are named side by side are looked at one by one.
    ///
    /// # Errors
    /// There is no such set; the problem shows the chain of requirements.
    pub fn resolve(&self, roots: &[Arc<InstalledPlugin>]) -> Result<Resolved, Problem> {
        if let [root] = roots
            && root.manifest.requires.is_empty()
        {
            return Ok(Resolved { order: vec![root.clone()], edges: Vec::new() });
        }
        let mut groups: Vec<Vec<Arc<InstalledPlugin>>> = Vec::new();
        for root in roots {
            if groups.iter().flatten().any(|known| Arc::ptr_eq(known, root)) {
                continue;
            }
            match groups.iter_mut().find(|group| group.iter().all(|known| known.name() != root.name())) {
                Some(group) => group.push(root.clone()),
                None => groups.push(vec![root.clone()]),
            }
        }
        let mut resolved = Resolved::default();
        for group in groups {
            let members = group.iter().fold(self.members.clone(), |members, root| {
                if members.iter().any(|member| Arc::ptr_eq(member, root)) {
                    members
                } else {
                    members_with(&members, root)
                }
            });
            let universe = universe(&members, &self.choices);
            let number = |root: &Arc<InstalledPlugin>| members.iter().position(|member| Arc::ptr_eq(member, root));
            let roots: Vec<usize> = group.iter().filter_map(number).collect();
            let selection = universe.solve(&roots).map_err(|conflict| {
                let names: Vec<String> = group.iter().map(|plugin| plugin.title()).collect();
                conflict_problem(&names.join(" with "), &universe, &conflict, &self.choices)
            })?;
            resolved.add(&members, &selection);
        }
        Ok(resolved)
    }
}

impl Resolved {
    fn add(&mut self, members: &[Arc<InstalledPlugin>], selection: &Selection) {
        for member in selection.order.iter().filter_map(|number| members.get(*number)) {
            if self.number(member).is_none() {
                self.order.push(member.clone());
            }
        }
        for edge in &selection.edges {
            let ends = (members.get(edge.from), members.get(edge.to));
            if let (Some(from), Some(to)) = ends {
                let pair = self.number(from).zip(self.number(to));
                self.edges.extend(pair.filter(|pair| !self.edges.contains(pair)).into_iter().collect::<Vec<_>>());
            }
        }
    }

    fn number(&self, plugin: &Arc<InstalledPlugin>) -> Option<usize> {
        self.order.iter().position(|known| Arc::ptr_eq(known, plugin))
    }
}
