//! A component that is compiled, linked and ready to run.

use std::fmt;
use std::sync::Arc;

use wasmtime::component::InstancePre;

use crate::bindings::exports::jackfield::plugin::{codec, format, node};
use crate::inspect::Inspection;
use crate::state::State;
use crate::{Exports, LoadError};

/// A component that is compiled, linked and ready to run. Clones are cheap.
#[derive(Clone)]
pub struct Component(Arc<Loaded>);

struct Loaded {
    pre: InstancePre<State>,
    node: Option<node::GuestIndices>,
    format: Option<format::GuestIndices>,
    codec: Option<codec::GuestIndices>,
    digest: String,
    imports: Vec<String>,
    api_version: String,
    compiled: bool,
}

impl Component {
    /// Looks up what a linked component exports.
    pub(crate) fn new(
        pre: InstancePre<State>,
        name: &str,
        digest: String,
        inspection: Inspection,
        compiled: bool,
    ) -> Result<Self, LoadError> {
        let told = inspection.provides;
        let link = |error: wasmtime::Error| LoadError::Link { name: name.to_owned(), reason: format!("{error:#}") };
        Ok(Self(Arc::new(Loaded {
            node: told.node.then(|| node::GuestIndices::new(&pre)).transpose().map_err(link)?,
            format: told.format.then(|| format::GuestIndices::new(&pre)).transpose().map_err(link)?,
            codec: told.codec.then(|| codec::GuestIndices::new(&pre)).transpose().map_err(link)?,
            pre,
            digest,
            imports: inspection.imports,
            api_version: inspection.api_version.unwrap_or_default(),
            compiled,
        })))
    }

    /// SHA-256 of the component's bytes, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.0.digest
    }

    /// Which interfaces it offers.
    #[must_use]
    pub fn exports(&self) -> Exports {
        Exports { node: self.0.node.is_some(), format: self.0.format.is_some(), codec: self.0.codec.is_some() }
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
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component")
            .field("digest", &self.0.digest)
            .field("exports", &self.exports())
            .finish_non_exhaustive()
    }
}
