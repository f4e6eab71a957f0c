//! Discovers plugins, plans pipelines and runs them: the API for those who embed Jackfield.
//!
//! [`Settings`] say where plugins, caches and limits come from. [`Runtime::open`] reads the plugins' manifests into a
//! [`Registry`], without compiling or running anything. [`Runtime::plan`] resolves a pipeline, opens its sources and
//! binds its nodes, and reports every problem at once. [`Plan::run`] moves the data.

mod diagnose;
pub mod discover;
mod exec;
pub mod graph;
pub mod hooks;
pub mod lifecycle;
mod loader;
mod plan;
pub mod progress;
pub mod registry;
pub mod settings;

pub use diagnose::{Class, Diagnosis, Report};
pub use discover::{BrokenPlugin, InstalledPlugin, Rank};
pub use exec::{RunReport, StageReport};
pub use hooks::metrics::Metric;
pub use lifecycle::{HealthWatch, Running, Standing, State, Transition};
pub use loader::{LoadedPlugin, PluginFault, Runtime};
pub use plan::{Plan, PlanRequest};
pub use progress::{Progress, StageCounters, StageKind};
pub use registry::Registry;
pub use settings::{FirstParty, Settings};

/// What callers need of the sandbox without depending on it themselves.
pub mod host {
    pub use jackfield_host::{CancelToken, Health, HealthStatus, Limits, LogLevel, LogLine, inspect};
}
