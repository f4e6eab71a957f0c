//! The points of the host at which hooks are called.

use std::fmt;
use std::str::FromStr;

use crate::names::NameError;
use crate::suggest::nearest;

/// A place in the host's work where plugins may step in. What happens at each is described with its fields where the
/// host calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HookPoint {
    /// A plugin's component is loaded.
    PluginLoad,
    /// A plugin is given its configuration.
    PluginInit,
    /// A plugin starts.
    PluginStart,
    /// A plugin stops.
    PluginStop,
    /// A plugin has failed.
    PluginFail,
    /// A pipeline was read and is about to be planned.
    PipelinePlan,
    /// A planned pipeline is about to move data.
    PipelineStart,
    /// All data was moved, and the outputs are about to appear.
    PipelineComplete,
    /// A run has failed.
    PipelineFail,
    /// A node is about to get its first batch.
    NodeBefore,
    /// A node works on a batch.
    NodeProcess,
    /// A node has failed on a batch.
    NodeError,
    /// A source or node hands on a batch.
    BatchEmit,
    /// The format of a source is found out.
    FormatDetect,
    /// A plugin's configuration was put together.
    ConfigLoad,
    /// A plugin calls a service of another one.
    ServiceCall,
    /// A plugin is asked how it is.
    HealthCheck,
    /// Figures of a run are gathered.
    MetricsCollect,
}

impl HookPoint {
    /// All points, in the order of a pipeline's life.
    pub const ALL: [HookPoint; 18] = [
        HookPoint::ConfigLoad,
        HookPoint::PluginLoad,
        HookPoint::PluginInit,
        HookPoint::PluginStart,
        HookPoint::PipelinePlan,
        HookPoint::FormatDetect,
        HookPoint::PipelineStart,
        HookPoint::NodeBefore,
        HookPoint::NodeProcess,
        HookPoint::NodeError,
        HookPoint::BatchEmit,
        HookPoint::ServiceCall,
        HookPoint::HealthCheck,
        HookPoint::MetricsCollect,
        HookPoint::PipelineComplete,
        HookPoint::PipelineFail,
        HookPoint::PluginStop,
        HookPoint::PluginFail,
    ];

    /// The point's name in manifests and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            HookPoint::PluginLoad => "plugin.load",
            HookPoint::PluginInit => "plugin.init",
            HookPoint::PluginStart => "plugin.start",
            HookPoint::PluginStop => "plugin.stop",
            HookPoint::PluginFail => "plugin.fail",
            HookPoint::PipelinePlan => "pipeline.plan",
            HookPoint::PipelineStart => "pipeline.start",
            HookPoint::PipelineComplete => "pipeline.complete",
            HookPoint::PipelineFail => "pipeline.fail",
            HookPoint::NodeBefore => "node.before",
            HookPoint::NodeProcess => "node.process",
            HookPoint::NodeError => "node.error",
            HookPoint::BatchEmit => "batch.emit",
            HookPoint::FormatDetect => "format.detect",
            HookPoint::ConfigLoad => "config.load",
            HookPoint::ServiceCall => "service.call",
            HookPoint::HealthCheck => "health.check",
            HookPoint::MetricsCollect => "metrics.collect",
        }
    }
}

impl fmt::Display for HookPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HookPoint {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if let Some(point) = HookPoint::ALL.into_iter().find(|point| point.name() == text) {
            return Ok(point);
        }
        let names = HookPoint::ALL.map(HookPoint::name);
        let known = match nearest(text, names.iter().copied()).first() {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", names.join(", ")),
        };
        Err(NameError(format!("`{text}` is no hook point; {known}")))
    }
}
