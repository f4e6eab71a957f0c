//! A component that is compiled, linked and ready to run.

use crate::Exports;

/// A component that is compiled, linked and ready to run. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Component {}

impl Component {
    /// SHA-256 of the component's bytes, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> &str {
        todo!()
    }
    /// Which interfaces it offers.
    #[must_use]
    pub fn exports(&self) -> Exports {
        todo!()
    }
    /// The interfaces it uses, with versions.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        todo!()
    }
    /// Whether it had to be compiled; `false`: it came from the cache.
    #[must_use]
    pub fn compiled(&self) -> bool {
        todo!()
    }
    /// The version of `jackfield:plugin` it was built for.
    #[must_use]
    pub fn api_version(&self) -> &str {
        todo!()
    }
}
