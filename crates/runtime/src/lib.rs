//! Discovers plugins, plans pipelines and runs them: the API for those who embed Jackfield.
//!
//! [`Settings`] say where plugins, caches and limits come from. [`Runtime::open`] reads the plugins' manifests into a
//! [`Registry`], without compiling or running anything; [`Runtime::builder`] adds native plugins of the host's own.
//! [`Runtime::plan`] resolves a pipeline, opens its sources and binds its nodes, and reports every problem at once.
//! [`Plan::run`] moves the data.

pub mod audit;
pub mod cases;
pub mod configuration;
mod diagnose;
pub mod discover;
mod exec;
pub mod grants;
pub mod graph;
pub mod hooks;
pub mod hostile;
pub mod lifecycle;
mod limits;
mod loader;
pub mod native;
mod plan;
pub mod plugin_graph;
pub mod progress;
pub mod registry;
pub mod resolve;
pub mod rights;
pub mod settings;
pub mod stops;

pub use diagnose::{Class, Diagnosis, Report};
pub use discover::{BrokenPlugin, Form, InstalledPlugin, Rank};
pub use exec::{Denied, RunReport, StageReport};
pub use grants::{Choice, Grant, Grants, Introduction};
pub use hooks::metrics::Metric;
pub use lifecycle::{HealthWatch, Running, Standing, State, Transition};
pub use loader::{Builder, LoadedPlugin, PluginFault, Runtime};
pub use native::{NativeNode, NativePlugin};
pub use plan::{ColumnNote, Ends, FileInfo, Kept, Plan, PlanRequest, SourceInfo, Why};
pub use progress::{Progress, StageCounters, StageKind};
pub use registry::Registry;
pub use rights::Stand;
pub use settings::{FirstParty, Settings};
pub use stops::{Stop, StopCount};

// The data that native nodes work on.
pub use arrow;
pub use jackfield_columns as columns;

/// What callers need of the sandbox without depending on it themselves.
pub mod host {
    pub use jackfield_host::{
        Binding, CancelToken, Denial, Emission, Health, HealthStatus, LimitEntry, LimitHit, LimitValue, Limits,
        LogLevel, LogLine, LogSink, Need, OutColumn, Output, OutputPort, Progress, Rejected, Step, Use, inspect,
        permission_of,
    };
}
