//! What has to start before a plugin can.

use std::sync::Arc;

use jackfield_manifest::Requirement;
use petgraph::graphmap::DiGraphMap;

use crate::diagnose::{Class, Diagnosis, ProblemExt, problem};
use crate::discover::InstalledPlugin;
use crate::registry::Registry;

/// A plugin and all that it requires, each behind what it requires itself; the plugin is the last.
///
/// # Errors
/// What is missing and what requires itself in a circle, with the chain that leads there.
pub(crate) fn in_order(
    registry: &Registry,
    plugin: &Arc<InstalledPlugin>,
) -> Result<Vec<Arc<InstalledPlugin>>, Vec<Diagnosis>> {
    let mut found = vec![plugin.clone()];
    let mut graph = DiGraphMap::<usize, ()>::new();
    graph.add_node(0);
    let mut problems = Vec::new();
    let mut next = 0;
    while let Some(asking) = found.get(next).cloned() {
        for (name, requirement) in &asking.manifest.requires {
            match provider(registry, name, requirement) {
                Some(provider) => {
                    let known = found.iter().position(|known| super::same(known, &provider));
                    let number = known.unwrap_or_else(|| {
                        found.push(provider);
                        found.len() - 1
                    });
                    graph.add_edge(number, next, ());
                }
                None if requirement.optional => {}
                None => problems.push(missing(&asking, name, requirement)),
            }
        }
        next += 1;
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    match petgraph::algo::toposort(&graph, None) {
        Ok(order) => Ok(order.into_iter().filter_map(|number| found.get(number).cloned()).collect()),
        Err(_) => Err(vec![cycle(&graph, &found)]),
    }
}

/// The installed plugin that meets a requirement: of several, the one that counts most.
pub(crate) fn provider(registry: &Registry, name: &str, requirement: &Requirement) -> Option<Arc<InstalledPlugin>> {
    let fits = |plugin: &&Arc<InstalledPlugin>| {
        let manifest = &plugin.manifest;
        if requirement.capability {
            let offers = |offer: &jackfield_manifest::CapabilityDecl| {
                offer.id == name.trim_start_matches("capability:") && requirement.version.matches(&offer.version)
            };
            manifest.capabilities.iter().any(offers)
        } else {
            manifest.plugin == name && requirement.version.matches(&manifest.version)
        }
    };
    registry.plugins().iter().find(fits).cloned()
}

fn missing(asking: &InstalledPlugin, name: &str, requirement: &Requirement) -> Diagnosis {
    let manifest = &asking.manifest;
    let what = if requirement.capability { "a plugin with the capability" } else { "the plugin" };
    let name = name.trim_start_matches("capability:");
    let message = format!(
        "plugin {} {} requires {what} {name} {}, which is not installed",
        manifest.plugin, manifest.version, requirement.version
    );
    problem("missing-requirement", message)
        .with_help("install it; `jackfield plugin list` shows what there is")
        .at(manifest.document.locate(&["requires"]))
        .class(Class::Configuration)
}

fn cycle(graph: &DiGraphMap<usize, ()>, found: &[Arc<InstalledPlugin>]) -> Diagnosis {
    let circle = petgraph::algo::tarjan_scc(graph).into_iter().find(|part| part.len() > 1).unwrap_or_default();
    let mut names: Vec<&str> = circle.iter().filter_map(|number| found.get(*number)).map(|p| p.name()).collect();
    names.sort_unstable();
    let message = format!("the plugins {} require each other in a circle", names.join(", "));
    problem("requirement-cycle", message).with_help("one of them has to do without").class(Class::Configuration)
}
