//! `[limits]` and `[plugin.NAME]`, which pipelines, manifests and configurations share.

use std::time::Duration;

use semver::VersionReq;

use crate::units::Bytes;
use crate::value::Table;

/// What a `[limits]` table sets; `None` leaves the limit as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitSettings {
    /// `memory`: linear memory of one instance, in bytes.
    pub memory: Option<Bytes>,
    /// `fuel-per-call`: units of fuel for one call into the plugin.
    pub fuel_per_call: Option<u64>,
    /// `call-timeout`: wall-clock time of one call.
    pub call_timeout: Option<Duration>,
    /// `hostcall-memory`: bytes that one call of the plugin into the host may hand over.
    pub hostcall_memory: Option<Bytes>,
    /// `handles`: open handles on columns, batches and the like.
    pub handles: Option<u32>,
}

/// What `[plugin.NAME]` sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginSettings {
    /// `version`: the versions that will do.
    pub version: Option<VersionReq>,
    /// `config`: the plugin's own configuration.
    pub config: Table,
}
