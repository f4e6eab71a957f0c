//! Whether a plugin's hooks take part. A hook has power over everything that passes by it, so installing it is not enough.

use jackfield_manifest::Manifest;

use crate::diagnose::{Class, Diagnosis, ProblemExt, problem};
use crate::discover::{InstalledPlugin, Rank};
use crate::lifecycle::config::Said;

/// Whether a plugin's hooks take part, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enabled {
    /// `jackfield.toml` says so; a pipeline cannot switch it off.
    ByOperator,
    /// The pipeline says so, which is enough for first-party plugins.
    ByPipeline,
    /// Nobody says so.
    No,
    /// The pipeline says so, and it is not first-party.
    Refused,
}

impl Enabled {
    /// The hooks take part.
    pub fn takes_part(self) -> bool {
        matches!(self, Enabled::ByOperator | Enabled::ByPipeline)
    }
}

/// Whether the hooks of a plugin take part.
pub(crate) fn enabled(plugin: &InstalledPlugin, said: &Said<'_>) -> Enabled {
    let name = plugin.name();
    let operator = said.by_operator(name).and_then(|settings| settings.enabled);
    let pipeline = said.by_pipeline(name).and_then(|settings| settings.enabled);
    match (operator, pipeline) {
        (Some(true), _) => Enabled::ByOperator,
        (_, Some(true)) if plugin.rank == Rank::FirstParty && operator.is_none() => Enabled::ByPipeline,
        (_, Some(true)) => Enabled::Refused,
        _ => Enabled::No,
    }
}

/// What is wrong with what configurations say about taking part.
pub(crate) fn problems(manifest: &Manifest, enabled: Enabled, said: &Said<'_>) -> Option<Diagnosis> {
    let name = manifest.plugin.as_str();
    let place = said.pipeline.and_then(|pipeline| pipeline.document.locate(&["plugin", name, "enabled"]));
    let off = said.by_pipeline(name).and_then(|settings| settings.enabled) == Some(false);
    match enabled {
        Enabled::Refused => {
            let message = format!("a pipeline cannot enable the hooks of plugin {name}, which is not first-party");
            let help = format!("the operator enables them: [plugin.{name}] enabled = true in jackfield.toml");
            Some(problem("hook-not-enabled", message).with_help(help).at(place).class(Class::Denied))
        }
        Enabled::ByOperator if off => {
            let message =
                format!("a pipeline cannot switch off the hooks of plugin {name}: the operator has enabled them");
            let help = format!("remove `enabled`, or ask the operator to take [plugin.{name}] out of jackfield.toml");
            Some(problem("hook-not-disabled", message).with_help(help).at(place).class(Class::Denied))
        }
        _ => None,
    }
}
