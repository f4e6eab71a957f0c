//! What a component says about itself, found without compiling it.

use crate::LoadError;

/// Which plugin interfaces a component exports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exports {
    /// Node types.
    pub node: bool,
    /// File formats.
    pub format: bool,
    /// Compression codecs.
    pub codec: bool,
}

/// What a component says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Imported interfaces, with versions.
    pub imports: Vec<String>,
    /// Exported interfaces, with versions.
    pub exports: Vec<String>,
    /// Which of them are plugin interfaces.
    pub provides: Exports,
    /// The version of `jackfield:plugin` it was built for.
    pub api_version: Option<String>,
    /// The manifest in the custom section `jackfield:manifest`.
    pub manifest: Option<String>,
}

/// Checks a component and lists what it imports and exports.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, LoadError> {
    todo!()
}
