//! Names of stages, ports and node types, checked once.

use std::fmt;

use semver::VersionReq;

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NameError(pub String);

/// The name of a source, node or sink: letters, digits, `_`, `-`; at most 128 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageName(String);

impl StageName {
    /// Checks a name.
    ///
    /// # Errors
    /// The text is empty, too long, or has another character.
    pub fn new(_text: &str) -> Result<Self, NameError> {
        todo!()
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An output of a stage: `late`, or `late.unmatched`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PortRef {
    /// The source or node.
    pub stage: StageName,
    /// The output port; `None` is the only or first one.
    pub port: Option<String>,
}

/// What `type` of a node says: `filter`, `rows/filter`, or `rows@1.2/filter`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TypeRef {
    /// The plugin, where the type alone is not unique.
    pub plugin: Option<String>,
    /// The versions of the plugin that will do.
    pub version: Option<VersionReq>,
    /// The node type.
    pub name: String,
}
