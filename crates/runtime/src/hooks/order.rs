//! The order of the hooks of a point.
//!
//! First `before`, then `around`, then `replace`, then `after`; among equals the lower priority, then the names. What
//! manifests say with `before` and `after` comes first of all; what contradicts itself is reported in full and never
//! settled silently.

use std::collections::BTreeSet;
use std::sync::Arc;

use jackfield_manifest::{HookDecl, HookKind, HookPoint};
use petgraph::graphmap::DiGraphMap;

use super::point::PointSpec;
use crate::diagnose::{Class, Diagnosis, ProblemExt, problem};
use crate::discover::InstalledPlugin;

/// A hook of a plugin.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The plugin.
    pub plugin: Arc<InstalledPlugin>,
    /// The number of the hook in its manifest.
    pub index: usize,
    /// The hook.
    pub hook: HookDecl,
}

impl Placed {
    /// `plugin/hook`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.plugin.name(), self.hook.id)
    }

    /// A constraint speaks of this hook: by its id, its plugin, or `plugin/id`.
    pub(crate) fn is_meant_by(&self, constraint: &str) -> bool {
        constraint == self.hook.id || constraint == self.plugin.name() || constraint == self.name()
    }
}

/// The hooks that some plugins have at a point, in no particular order.
pub(crate) fn hooks_at<'a>(
    plugins: impl IntoIterator<Item = &'a Arc<InstalledPlugin>>,
    point: HookPoint,
) -> Vec<Placed> {
    let mut placed = Vec::new();
    for plugin in plugins {
        for (index, hook) in plugin.manifest.hooks.iter().enumerate().filter(|(_, hook)| hook.point == point) {
            placed.push(Placed { plugin: plugin.clone(), index, hook: hook.clone() });
        }
    }
    placed
}

/// Puts the hooks of one point into the order in which they stand.
///
/// # Errors
/// Hooks that have to come before each other, two that both stand in the place of the same thing, and two hooks of one
/// plugin of which one would have to be called inside of the other.
pub(crate) fn in_order(point: HookPoint, mut hooks: Vec<Placed>) -> Result<Vec<Placed>, Vec<Diagnosis>> {
    hooks.sort_by_key(rank);
    let mut found = Vec::new();
    let replacing: Vec<&Placed> = hooks.iter().filter(|placed| placed.hook.kind == HookKind::Replace).collect();
    if replacing.len() > 1 {
        found.push(conflict(point, &replacing, "both stand in the place of the same thing", "enable one of them only"));
    }
    let spec = PointSpec::of(point);
    if !spec.replaces {
        found.extend(replacing.iter().map(|placed| no_replacing(point, placed)));
    }
    found.extend(nested(point, &hooks));
    let edges = constraints(&hooks);
    let mut graph = DiGraphMap::<usize, ()>::new();
    for number in 0..hooks.len() {
        graph.add_node(number);
    }
    for (first, second, _) in &edges {
        graph.add_edge(*first, *second, ());
    }
    for circle in petgraph::algo::tarjan_scc(&graph).into_iter().filter(|part| part.len() > 1) {
        found.push(contradiction(point, &hooks, &circle, &edges));
    }
    if !found.is_empty() {
        return Err(found);
    }
    // Each time the first one, by rank, that nothing which is still to come has to precede.
    let mut left: BTreeSet<usize> = (0..hooks.len()).collect();
    let mut ordered = Vec::with_capacity(hooks.len());
    while !left.is_empty() {
        let free = |number: &usize| !edges.iter().any(|(first, second, _)| second == number && left.contains(first));
        let Some(number) = left.iter().copied().find(free) else { break };
        left.remove(&number);
        ordered.extend(hooks.get(number).cloned());
    }
    Ok(ordered)
}

fn rank(placed: &Placed) -> (u8, i64, String, usize) {
    (place(placed.hook.kind), placed.hook.priority, placed.plugin.name().to_owned(), placed.index)
}

/// `before`, then `around`, then `replace`, then `after`.
fn place(kind: HookKind) -> u8 {
    match kind {
        HookKind::Before => 0,
        HookKind::Around => 1,
        HookKind::Replace => 2,
        HookKind::After => 3,
    }
}

/// Which hook has to come before which, and why.
fn constraints(hooks: &[Placed]) -> Vec<(usize, usize, String)> {
    let mut edges = Vec::new();
    for (number, placed) in hooks.iter().enumerate() {
        for (other, meant) in hooks.iter().enumerate().filter(|(other, _)| *other != number) {
            let (own, others) = (placed.name(), meant.name());
            for constraint in placed.hook.before.iter().filter(|constraint| meant.is_meant_by(constraint)) {
                edges.push((number, other, format!("{own} says before = [\"{constraint}\"]")));
            }
            for constraint in placed.hook.after.iter().filter(|constraint| meant.is_meant_by(constraint)) {
                edges.push((other, number, format!("{own} says after = [\"{constraint}\"]")));
            }
            let (kind, other_kind) = (placed.hook.kind, meant.hook.kind);
            if place(kind) < place(other_kind) {
                let why = format!("{own} is {} and {others} is {}", kind_name(kind), kind_name(other_kind));
                edges.push((number, other, why));
            }
        }
    }
    edges
}

/// The kind's name in manifests.
pub(crate) fn kind_name(kind: HookKind) -> &'static str {
    match kind {
        HookKind::Before => "before",
        HookKind::After => "after",
        HookKind::Around => "around",
        HookKind::Replace => "replace",
    }
}

fn conflict(point: HookPoint, hooks: &[&Placed], why: &str, help: &str) -> Diagnosis {
    let names: Vec<String> = hooks.iter().map(|placed| placed.name()).collect();
    let location = hooks.last().and_then(|placed| located(placed));
    let message = format!("hooks at {point}: {} {why}", names.join(" and "));
    problem("hook-conflict", message).with_help(help).at(location).class(Class::Configuration)
}

fn no_replacing(point: HookPoint, placed: &Placed) -> Diagnosis {
    let message =
        format!("hooks at {point}: {} is of the kind replace, and there is nothing to replace", placed.name());
    problem("hook-conflict", message)
        .with_help("make it a hook of the kind before, after or around")
        .at(located(placed))
        .class(Class::Configuration)
}

/// A component cannot be entered while it waits inside of a call, so of each plugin one hook at most may call on.
fn nested(point: HookPoint, hooks: &[Placed]) -> Vec<Diagnosis> {
    let inside = |placed: &&Placed| matches!(placed.hook.kind, HookKind::Around | HookKind::Replace);
    let mut found = Vec::new();
    let mut seen: Vec<&Placed> = Vec::new();
    for placed in hooks.iter().filter(inside) {
        match seen.iter().find(|known| Arc::ptr_eq(&known.plugin, &placed.plugin)) {
            Some(known) if !(known.hook.kind == HookKind::Replace && placed.hook.kind == HookKind::Replace) => {
                let why = "would be called inside of each other, which one component cannot";
                found.push(conflict(point, &[known, placed], why, "make one hook of the two"));
            }
            _ => seen.push(placed),
        }
    }
    found
}

fn contradiction(point: HookPoint, hooks: &[Placed], circle: &[usize], edges: &[(usize, usize, String)]) -> Diagnosis {
    let mut names: Vec<String> = circle.iter().filter_map(|number| hooks.get(*number)).map(Placed::name).collect();
    names.sort();
    let inside = |edge: &&(usize, usize, String)| circle.contains(&edge.0) && circle.contains(&edge.1);
    let reasons: BTreeSet<&str> = edges.iter().filter(inside).map(|(_, _, why)| why.as_str()).collect();
    let reasons: Vec<&str> = reasons.into_iter().collect();
    let message =
        format!("hooks at {point}: {} have to come before each other: {}", names.join(", "), reasons.join("; "));
    let location = circle.iter().filter_map(|number| hooks.get(*number)).find_map(located);
    problem("hook-order", message)
        .with_help("remove one of the constraints, or enable one of the plugins only")
        .at(location)
        .class(Class::Configuration)
}

fn located(placed: &Placed) -> Option<jackfield_manifest::Location> {
    placed.plugin.manifest.document.locate(&["provides", "hook", &placed.index.to_string()])
}

#[cfg(test)]
mod tests {
    use crate::discover::{Form, Rank};

    use super::*;

    fn plugin(name: &str, hooks: &[(&str, &str, i64, &str)]) -> Arc<InstalledPlugin> {
        let mut text = format!("[plugin]\nname = \"{name}\"\nversion = \"1.0.0\"\ncomponent = \"p.wasm\"\n");
        for (id, kind, priority, more) in hooks {
            text.push_str(&format!(
                "[[provides.hook]]\nid = \"{id}\"\npoint = \"node.process\"\nkind = \"{kind}\"\npriority = {priority}\n{more}\n"
            ));
        }
        let (manifest, problems) = jackfield_manifest::parse_manifest("plugin.toml", &text);
        assert!(problems.is_empty(), "{problems:?}");
        let folder = std::path::PathBuf::from(name);
        let component = folder.join("p.wasm");
        Arc::new(InstalledPlugin {
            manifest: manifest.unwrap(),
            folder,
            component,
            form: Form::Folder,
            rank: Rank::Configured,
            folder_number: 0,
            warnings: Vec::new(),
        })
    }

    fn order(plugins: &[Arc<InstalledPlugin>]) -> Result<Vec<String>, Vec<String>> {
        let point = HookPoint::NodeProcess;
        let ordered = in_order(point, hooks_at(plugins, point));
        ordered
            .map(|hooks| hooks.iter().map(Placed::name).collect())
            .map_err(|found| found.into_iter().map(|d| format!("{}: {}", d.problem.code, d.problem.message)).collect())
    }

    #[test]
    fn kinds_then_priorities_then_names() {
        let b = plugin("b", &[("after", "after", -5, ""), ("low", "before", -1, ""), ("in", "replace", 0, "")]);
        let a = plugin("a", &[("before", "before", 0, ""), ("around", "around", 9, ""), ("after", "after", 0, "")]);
        let expected = ["b/low", "a/before", "a/around", "b/in", "b/after", "a/after"];
        assert_eq!(order(&[a.clone(), b.clone()]).unwrap(), expected);
        assert_eq!(order(&[b, a]).unwrap(), expected, "the order of discovery does not count");
    }

    #[test]
    fn constraints_count_more_than_priorities_and_move_as_little_as_they_can() {
        let late = plugin("late", &[("x", "before", -10, "after = [\"middle/x\", \"nobody\"]")]);
        let middle = plugin("middle", &[("x", "before", 0, "")]);
        let other = plugin("other", &[("x", "before", 1, "before = [\"middle\"]")]);
        assert_eq!(order(&[late, middle, other]).unwrap(), ["other/x", "middle/x", "late/x"]);
    }

    #[test]
    fn a_circle_names_all_its_hooks_and_constraints_and_nobody_else() {
        let a = plugin("a", &[("x", "before", 0, "before = [\"b\"]")]);
        let b = plugin("b", &[("x", "before", 0, "before = [\"c\"]")]);
        let c = plugin("c", &[("x", "before", 0, "before = [\"a\"]")]);
        let outside = plugin("outside", &[("x", "before", 0, "after = [\"a\"]")]);
        let found = order(&[a, b, c, outside]).unwrap_err();
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("hook-order: hooks at node.process: a/x, b/x, c/x have"), "{found:?}");
        for name in ["a", "b", "c"] {
            assert!(found[0].contains(&format!("{name}/x says before")), "{found:?}");
        }
        assert!(!found[0].contains("outside"), "{found:?}");
    }

    #[test]
    fn all_conflicts_are_found_at_once() {
        let a = plugin("a", &[("r", "replace", 0, ""), ("o", "around", 0, "")]);
        let b = plugin("b", &[("r", "replace", 0, "")]);
        let found = order(&[a, b]).unwrap_err();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|message| message.starts_with("hook-conflict")), "{found:?}");
    }
}
