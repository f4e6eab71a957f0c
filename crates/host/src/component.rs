//! A component that is compiled, linked and ready to run.

use std::fmt;
use std::sync::Arc;

use wasmtime::component::InstancePre;

use crate::bindings::exports::jackfield::plugin::{codec, format, health, hook, lifecycle, node, service};
use crate::inspect::Inspection;
use crate::state::State;
use crate::{Exports, LoadError, Rights};

/// A component that is compiled, linked and ready to run. Clones are cheap.
#[derive(Clone)]
pub struct Component(Arc<Loaded>);

struct Loaded {
    pre: InstancePre<State>,
    node: Option<node::GuestIndices>,
    format: Option<format::GuestIndices>,
    codec: Option<codec::GuestIndices>,
    hook: Option<hook::GuestIndices>,
    service: Option<service::GuestIndices>,
    lifecycle: Option<lifecycle::GuestIndices>,
    health: Option<health::GuestIndices>,
    rights: Arc<Rights>,
    digest: String,
    imports: Vec<String>,
    api_version: String,
    compiled: bool,
    metered: bool,
}

impl Component {
    /// Looks up what a linked component exports.
    pub(crate) fn new(
        pre: InstancePre<State>,
        name: &str,
        digest: String,
        inspection: Inspection,
        rights: Arc<Rights>,
        compiled: bool,
        metered: bool,
    ) -> Result<Self, LoadError> {
        let told = inspection.provides;
        let link =
            |error: wasmtime::Error| LoadError::MissingExport { name: name.to_owned(), reason: format!("{error:#}") };
        Ok(Self(Arc::new(Loaded {
            node: told.node.then(|| node::GuestIndices::new(&pre)).transpose().map_err(link)?,
            format: told.format.then(|| format::GuestIndices::new(&pre)).transpose().map_err(link)?,
            codec: told.codec.then(|| codec::GuestIndices::new(&pre)).transpose().map_err(link)?,
            hook: told.hook.then(|| hook::GuestIndices::new(&pre)).transpose().map_err(link)?,
            service: told.service.then(|| service::GuestIndices::new(&pre)).transpose().map_err(link)?,
            lifecycle: told.lifecycle.then(|| lifecycle::GuestIndices::new(&pre)).transpose().map_err(link)?,
            health: told.health.then(|| health::GuestIndices::new(&pre)).transpose().map_err(link)?,
            pre,
            rights,
            digest,
            imports: inspection.imports,
            api_version: inspection.api_version.unwrap_or_default(),
            compiled,
            metered,
        })))
    }

    /// SHA-256 of the component's bytes, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.0.digest
    }

    /// What its instances may do.
    #[must_use]
    pub fn rights(&self) -> &Arc<Rights> {
        &self.0.rights
    }

    /// Which interfaces it offers.
    #[must_use]
    pub fn exports(&self) -> Exports {
        let Loaded { node, format, codec, hook, service, lifecycle, health, .. } = &*self.0;
        Exports {
            node: node.is_some(),
            format: format.is_some(),
            codec: codec.is_some(),
            hook: hook.is_some(),
            service: service.is_some(),
            lifecycle: lifecycle.is_some(),
            health: health.is_some(),
        }
    }

    /// The interfaces it uses, with versions.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.0.imports
    }

    /// Whether it had to be compiled; `false`: it came from the cache.
    #[must_use]
    pub fn compiled(&self) -> bool {
        self.0.compiled
    }

    /// The version of `jackfield:plugin` it was built for.
    #[must_use]
    pub fn api_version(&self) -> &str {
        &self.0.api_version
    }

    pub(crate) fn metered(&self) -> bool {
        self.0.metered
    }

    pub(crate) fn pre(&self) -> &InstancePre<State> {
        &self.0.pre
    }

    pub(crate) fn node(&self) -> Option<&node::GuestIndices> {
        self.0.node.as_ref()
    }

    pub(crate) fn format(&self) -> Option<&format::GuestIndices> {
        self.0.format.as_ref()
    }

    pub(crate) fn codec(&self) -> Option<&codec::GuestIndices> {
        self.0.codec.as_ref()
    }

    pub(crate) fn hook(&self) -> Option<&hook::GuestIndices> {
        self.0.hook.as_ref()
    }

    pub(crate) fn service(&self) -> Option<&service::GuestIndices> {
        self.0.service.as_ref()
    }

    pub(crate) fn lifecycle(&self) -> Option<&lifecycle::GuestIndices> {
        self.0.lifecycle.as_ref()
    }

    pub(crate) fn health(&self) -> Option<&health::GuestIndices> {
        self.0.health.as_ref()
    }
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component")
            .field("digest", &self.0.digest)
            .field("exports", &self.exports())
            .finish_non_exhaustive()
    }
}
