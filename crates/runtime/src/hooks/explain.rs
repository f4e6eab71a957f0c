//! Which hooks would be called at a point, in which order, and why; found without running any plugin.

use std::sync::Arc;

use jackfield_manifest::HookPoint;

use super::enabled::enabled;
use super::order::{Placed, hooks_at, in_order, kind_name};
use super::point::PointSpec;
use crate::diagnose::Diagnosis;
use crate::discover::InstalledPlugin;
use crate::lifecycle::config::Said;
use crate::registry::Registry;

pub use super::enabled::Enabled;

/// A hook as it stands in a chain, or would.
#[derive(Debug, Clone)]
pub struct ExplainedHook {
    /// The hook.
    pub placed: Placed,
    /// Whether it takes part, and who says so.
    pub enabled: Enabled,
    /// Why it stands where it does: its kind, its priority, constraints.
    pub reasons: Vec<String>,
}

/// The chain of a point.
#[derive(Debug, Clone)]
pub struct ExplainedPoint {
    /// The point.
    pub spec: &'static PointSpec,
    /// The hooks that take part, in their order; not in any if there are problems.
    pub chain: Vec<ExplainedHook>,
    /// Hooks that are installed and do not take part.
    pub left_out: Vec<ExplainedHook>,
    /// What contradicts itself.
    pub problems: Vec<Diagnosis>,
}

/// The plugins with hooks, of several versions the one that counts, and whether they take part.
pub(crate) fn hook_plugins(registry: &Registry, said: &Said<'_>) -> Vec<(Arc<InstalledPlugin>, Enabled)> {
    let mut plugins: Vec<(Arc<InstalledPlugin>, Enabled)> = Vec::new();
    for plugin in registry.plugins().iter().filter(|plugin| !plugin.manifest.hooks.is_empty()) {
        let name = plugin.name();
        let settings = [said.by_pipeline(name), said.by_operator(name)];
        let pinned = settings.into_iter().flatten().find_map(|settings| settings.version.as_ref());
        let fits = pinned.is_none_or(|version| version.matches(&plugin.manifest.version));
        if fits && !plugins.iter().any(|(known, _)| known.name() == name) {
            plugins.push((plugin.clone(), enabled(plugin, said)));
        }
    }
    plugins
}

/// The chain of a point as it would run.
pub(crate) fn explain(registry: &Registry, said: &Said<'_>, point: HookPoint) -> ExplainedPoint {
    let plugins = hook_plugins(registry, said);
    let of = |taking_part: bool| {
        let plugins = plugins.iter().filter(|(_, enabled)| enabled.takes_part() == taking_part);
        hooks_at(plugins.map(|(plugin, _)| plugin), point)
    };
    let taking_part = of(true);
    let everybody = taking_part.clone();
    let explained = |placed: Placed| {
        let enabled = plugins.iter().find(|(plugin, _)| Arc::ptr_eq(plugin, &placed.plugin));
        let enabled = enabled.map_or(Enabled::No, |(_, enabled)| *enabled);
        let reasons = reasons(&placed, &everybody);
        ExplainedHook { placed, enabled, reasons }
    };
    let left_out = of(false).into_iter().map(explained).collect();
    let spec = PointSpec::of(point);
    match in_order(point, taking_part.clone()) {
        Ok(ordered) => {
            let chain = ordered.into_iter().map(explained).collect();
            ExplainedPoint { spec, chain, left_out, problems: Vec::new() }
        }
        Err(problems) => {
            let chain = taking_part.into_iter().map(explained).collect();
            ExplainedPoint { spec, chain, left_out, problems }
        }
    }
}

fn reasons(placed: &Placed, everybody: &[Placed]) -> Vec<String> {
    let mut reasons = vec![format!("priority {}", placed.hook.priority)];
    let own = placed.name();
    let meant = |constraint: &str| everybody.iter().any(|other| other.name() != own && other.is_meant_by(constraint));
    for (word, names) in [("before", &placed.hook.before), ("after", &placed.hook.after)] {
        for name in names {
            let here = if meant(name) { "" } else { " (not in this chain)" };
            reasons.push(format!("{word} {name}{here}"));
        }
    }
    for other in everybody.iter().filter(|other| other.name() != own) {
        if other.hook.before.iter().any(|name| placed.is_meant_by(name)) {
            reasons.push(format!("after {}, which says so", other.name()));
        }
        if other.hook.after.iter().any(|name| placed.is_meant_by(name)) {
            reasons.push(format!("before {}, which says so", other.name()));
        }
    }
    reasons
}

impl ExplainedHook {
    /// The hook's kind as in manifests.
    pub fn kind(&self) -> &'static str {
        kind_name(self.placed.hook.kind)
    }
}
