//! Checks names and edges: unknown stages, names given twice, cycles.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use crate::document::Spot;
use crate::names::PortRef;
use crate::problem::Problem;
use crate::reader::Report;
use crate::suggest::suggestion;

use super::stages::Raw;

/// The names of all stages, of broken ones too, so that a reference to one of them is not reported as well.
pub(super) struct Names {
    /// Sources and nodes: what may be an input.
    pub(super) outputs: IndexMap<String, Spot>,
    sinks: HashSet<String>,
    pub(super) has_sinks: bool,
}

/// One reference from a stage to its input.
pub(super) struct Edge {
    pub(super) from: String,
    /// The node; `None` is a sink.
    pub(super) to: Option<String>,
    pub(super) spot: Spot,
}

impl Names {
    pub(super) fn collect(sources: &[Raw], nodes: &[Raw], sinks: &[Raw], report: &mut Report<'_>) -> Names {
        let mut outputs = IndexMap::new();
        for stage in sources.iter().chain(nodes) {
            if outputs.insert(stage.name.clone(), stage.key).is_some() {
                let message = format!("`{}` is the name of a source and of a node", stage.name);
                report.add(stage.key, Problem::error("duplicate-name", message).with_help("rename one of them"));
            }
        }
        let sinks: HashSet<String> = sinks.iter().map(|stage| stage.name.clone()).collect();
        Names { outputs, has_sinks: !sinks.is_empty(), sinks }
    }

    /// Reports a reference to a stage that is not there.
    pub(super) fn check_known(&self, from: &PortRef, spot: Spot, report: &mut Report<'_>) -> bool {
        let name = from.stage.as_str();
        if self.outputs.contains_key(name) {
            return true;
        }
        let problem = if self.sinks.contains(name) {
            Problem::error("unknown-stage", format!("`{name}` is a sink, and sinks have no output"))
                .with_help("name the source or node that the sink takes its rows from")
        } else {
            let mut problem = Problem::error("unknown-stage", format!("there is no source or node `{name}`"));
            problem.help = suggestion(name, self.outputs.keys().map(String::as_str));
            problem
        };
        report.add(spot, problem);
        false
    }
}

pub(super) fn check(names: &Names, edges: &[Edge], report: &mut Report<'_>) {
    let mut into: HashMap<&str, Vec<&Edge>> = HashMap::new();
    for edge in edges {
        if let Some(to) = &edge.to {
            into.entry(to).or_default().push(edge);
        }
    }
    report_cycles(names, &into, report);
}

/// Cycles that are named at most; a tangle has very many, and all of its names in each.
const MOST_CYCLES: usize = 10;

/// Finds cycles by walking from each node up to its inputs; iterative, since a file may hold a very long chain.
fn report_cycles(names: &Names, into: &HashMap<&str, Vec<&Edge>>, report: &mut Report<'_>) {
    let inputs = |name: &str| into.get(name).map(Vec::as_slice).unwrap_or_default();
    let mut finished: HashSet<&str> = HashSet::new();
    let mut cycles = 0;
    for start in names.outputs.keys() {
        // The stages from `start` to where the walk is now, each with the number of its next input.
        let mut walk: Vec<(&str, usize)> = vec![(start, 0)];
        let mut on_walk: HashSet<&str> = HashSet::from([start.as_str()]);
        while let Some((name, next)) = walk.last_mut() {
            let name = *name;
            let edge = inputs(name).get(*next).filter(|_| !finished.contains(name));
            *next += 1;
            let Some(edge) = edge else {
                finished.insert(name);
                on_walk.remove(name);
                walk.pop();
                continue;
            };
            let from = edge.from.as_str();
            if on_walk.contains(from) {
                cycles += 1;
                if cycles <= MOST_CYCLES {
                    report_cycle(&walk, edge, report);
                }
            } else if !finished.contains(from) {
                on_walk.insert(from);
                walk.push((from, 0));
            }
        }
    }
}

/// The walk goes against the flow of rows; the message follows it, all on one line.
fn report_cycle(walk: &[(&str, usize)], closing: &Edge, report: &mut Report<'_>) {
    let first = walk.iter().position(|(name, _)| *name == closing.from).unwrap_or_default();
    let around = walk.iter().skip(first).rev().map(|(name, _)| *name);
    let names: Vec<&str> = std::iter::once(closing.from.as_str()).chain(around).collect();
    let problem = Problem::error("cycle", format!("cycle: {}", names.join(" -> ")))
        .with_help("a node cannot take rows from itself, directly or through others");
    report.add(closing.spot, problem);
}
