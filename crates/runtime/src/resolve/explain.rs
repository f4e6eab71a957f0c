//! Why plugins do not go together, in words.

use std::collections::{BTreeMap, BTreeSet};

use super::{Candidate, Conflict, Target, Universe, Wanted};

/// Facts in the order in which somebody would follow them: from the roots along the requirements.
pub(super) fn in_order(universe: &Universe, roots: &[usize], facts: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let mut by_candidate: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (candidate, wanted) in facts {
        by_candidate.entry(candidate).or_default().push(wanted);
    }
    let mut ordered = Vec::new();
    let mut open: Vec<usize> = roots.iter().rev().copied().collect();
    while let Some(candidate) = open.pop() {
        let Some(wanted) = by_candidate.remove(&candidate) else { continue };
        for wanted in wanted.iter().rev() {
            let allowed = universe.links.allowed(candidate, *wanted);
            let choices = allowed.package.map(|package| universe.links.choices(package)).unwrap_or_default();
            open.extend(allowed.picks.iter().rev().filter_map(|pick| choices.get(*pick)));
        }
        ordered.extend(wanted.into_iter().map(|wanted| (candidate, wanted)));
    }
    // What the roots do not lead to is there because other versions of a name do not help either.
    ordered.extend(by_candidate.into_iter().flat_map(|(c, wanted)| wanted.into_iter().map(move |w| (c, w))));
    ordered
}

/// A conflict in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The stable code of the problem.
    pub code: &'static str,
    /// What is wrong, on one line.
    pub summary: String,
    /// The chain of requirements, a line each.
    pub chain: Vec<String>,
    /// What to do.
    pub help: String,
}

impl Universe {
    /// Says in words why there is no selection.
    pub fn explain(&self, conflict: &Conflict) -> Explanation {
        match conflict {
            Conflict::Cycle(edges) => {
                let mut names: Vec<String> = edges.iter().map(|edge| self.name(edge.from)).collect();
                names.extend(edges.first().map(|edge| self.name(edge.from)));
                let lines = edges.iter().filter_map(|edge| self.line(edge.from, edge.wanted));
                Explanation {
                    code: "requirement-cycle",
                    summary: format!("plugins require each other in a circle: {}", names.join(" -> ")),
                    chain: lines.collect(),
                    help: "remove one of these requirements, or make it optional".to_owned(),
                }
            }
            Conflict::TwoVersions(one, other) => Explanation {
                code: "conflicting-requirements",
                summary: format!("{} and {} are asked for at once", self.name(*one), self.name(*other)),
                chain: Vec::new(),
                help: "name one version".to_owned(),
            },
            Conflict::Requirements(facts) => self.explain_requirements(facts),
        }
    }

    fn explain_requirements(&self, facts: &[(usize, usize)]) -> Explanation {
        let mut chain: Vec<String> = facts.iter().filter_map(|(from, wanted)| self.line(*from, *wanted)).collect();
        let targets: BTreeSet<&Target> =
            facts.iter().filter_map(|(from, wanted)| self.wanted(*from, *wanted)).map(|w| &w.target).collect();
        for target in &targets {
            chain.push(self.installed_line(target));
        }
        let unmet = facts.iter().find(|(from, wanted)| self.links.allowed(*from, *wanted).picks.is_empty());
        let unmet = unmet.and_then(|(from, number)| Some((*from, self.wanted(*from, *number)?)));
        if let Some((from, wanted)) = unmet {
            let Wanted { target, version, .. } = wanted;
            let there = self.installed(target);
            let (summary, help) = match (there.is_empty(), target) {
                (true, Target::Plugin(name)) => (
                    format!("{} requires {name} {version}, which is not installed", self.name(from)),
                    format!("install {name} in a version that fits {version}"),
                ),
                (true, Target::Capability(_)) => (
                    format!("{} requires {target} {version}, which no installed plugin provides", self.name(from)),
                    format!("install a plugin that provides {target}"),
                ),
                (false, _) => (
                    format!("{} requires {target} {version}, and no installed version fits", self.name(from)),
                    format!("install a version of {target} that fits {version}"),
                ),
            };
            return Explanation { code: "missing-requirement", summary, chain, help };
        }
        Explanation {
            code: "conflicting-requirements",
            summary: "no set of versions satisfies all that is required".to_owned(),
            help: "install versions that go together; `jackfield plugin why NAME` shows who requires what".to_owned(),
            chain,
        }
    }

    fn line(&self, from: usize, number: usize) -> Option<String> {
        let wanted = self.wanted(from, number)?;
        Some(format!("{} requires {} {}", self.name(from), wanted.target, wanted.version))
    }

    fn installed_line(&self, target: &Target) -> String {
        let there = self.installed(target);
        if there.is_empty() {
            return format!("installed of {target}: nothing");
        }
        let mut versions: Vec<String> = there.iter().map(|index| self.choice(*index, target)).collect();
        versions.dedup();
        format!("installed of {target}: {}", versions.join(", "))
    }

    /// A candidate as a choice for what is required.
    fn choice(&self, index: usize, target: &Target) -> String {
        let Some(candidate) = self.candidates.get(index) else { return String::new() };
        match target {
            Target::Plugin(_) => candidate.version.to_string(),
            Target::Capability(id) => {
                let version = candidate.provides.iter().find(|(known, _)| known == id).map(|(_, version)| version);
                let version = version.map(ToString::to_string).unwrap_or_default();
                format!("{version} by {}", self.name(index))
            }
        }
    }

    fn wanted(&self, from: usize, number: usize) -> Option<&Wanted> {
        self.candidates.get(from)?.requires.get(number)
    }

    /// Name and version of a candidate.
    pub fn name(&self, index: usize) -> String {
        self.candidates
            .get(index)
            .map(|Candidate { name, version, .. }| format!("{name} {version}"))
            .unwrap_or_default()
    }
}
