//! Names of stages, ports and node types, checked once.

use std::fmt;
use std::str::FromStr;

use semver::VersionReq;

/// Why a text is not a name; says what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NameError(pub String);

/// Bytes of a name at most.
const LONGEST: usize = 128;

/// Checks for the characters of a name: letters, digits, `_`, `-`.
pub(crate) fn check_name(text: &str) -> Result<(), NameError> {
    let wrong = |why: String| Err(NameError(why));
    if text.is_empty() {
        return wrong("a name must not be empty".into());
    }
    if text.len() > LONGEST {
        return wrong(format!("a name has at most {LONGEST} bytes, this one has {}", text.len()));
    }
    match text.chars().find(|c| !c.is_alphanumeric() && *c != '_' && *c != '-') {
        Some(c) => wrong(format!("`{text}` is not a name: {c:?} is not a letter, digit, `_` or `-`")),
        None => Ok(()),
    }
}

/// The name of a source, node or sink: letters, digits, `_`, `-`; at most 128 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageName(String);

impl StageName {
    /// Checks a name.
    ///
    /// # Errors
    /// The text is empty, too long, or has another character.
    pub fn new(text: &str) -> Result<Self, NameError> {
        check_name(text)?;
        Ok(StageName(text.into()))
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

impl AsRef<str> for StageName {
    fn as_ref(&self) -> &str {
        &self.0
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

impl FromStr for PortRef {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (stage, port) = match text.split_once('.') {
            Some((stage, port)) => (stage, Some(port)),
            None => (text, None),
        };
        // Numbered ports (`out.0`) have a dot of their own.
        for part in port.iter().flat_map(|port| port.split('.')) {
            check_name(part)?;
        }
        Ok(PortRef { stage: StageName::new(stage)?, port: port.map(String::from) })
    }
}

impl fmt::Display for PortRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.port {
            Some(port) => write!(f, "{}.{port}", self.stage),
            None => write!(f, "{}", self.stage),
        }
    }
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

impl FromStr for TypeRef {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (plugin, name) = match text.split_once('/') {
            Some((plugin, name)) => (Some(plugin), name),
            None => (None, text),
        };
        check_name(name)?;
        let Some(plugin) = plugin else { return Ok(TypeRef { plugin: None, version: None, name: name.into() }) };
        let (plugin, version) = match plugin.split_once('@') {
            Some((plugin, version)) => (plugin, Some(version)),
            None => (plugin, None),
        };
        check_name(plugin)?;
        let version = match version.map(VersionReq::parse) {
            None => None,
            Some(Ok(version)) => Some(version),
            Some(Err(why)) => return Err(NameError(format!("`{text}` does not name a version of `{plugin}`: {why}"))),
        };
        Ok(TypeRef { plugin: Some(plugin.into()), version, name: name.into() })
    }
}

impl fmt::Display for TypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(plugin) = &self.plugin {
            f.write_str(plugin)?;
            if let Some(version) = &self.version {
                write!(f, "@{version}")?;
            }
            f.write_str("/")?;
        }
        f.write_str(&self.name)
    }
}
