//! What a plugin offers, as its manifest tells it.

use semver::Version;
use serde_json::Value as Json;

use super::points::HookPoint;
use crate::units::Bytes;

/// That something should not be used any more: `deprecated = "why"`, or a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deprecation {
    /// `reason`: why, for people.
    pub reason: Option<String>,
    /// `replacement`: what to use instead, such as `rows/filter`.
    pub replacement: Option<String>,
}

impl Deprecation {
    /// The end of a sentence that began with the thing's name: `is deprecated: … (use … instead)`.
    pub fn sentence(&self) -> String {
        let reason = self.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let instead = self.replacement.as_ref().map(|name| format!("; use {name} instead")).unwrap_or_default();
        format!("is deprecated{reason}{instead}")
    }
}

/// What one instance of a node would like to have; a wish that a scheduler may look at, and no right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resources {
    /// `memory`, in bytes.
    pub memory: Option<Bytes>,
    /// `cpu`: share of processor cores, more than 0; 1.0 is one core kept busy.
    pub cpu: Option<f64>,
    /// `gpu`: it works better with a graphics processor.
    pub gpu: bool,
}

/// `[[provides.capability]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapabilityDecl {
    /// Such as `text.normalise`.
    pub id: String,
    /// Its version.
    pub version: Version,
    /// `deprecated`.
    pub deprecated: Option<Deprecation>,
}

/// `[[provides.format]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct FormatDecl {
    /// Such as `csv`.
    pub id: String,
    /// One line.
    pub description: Option<String>,
    /// File name endings without the dot, lower case.
    pub extensions: Vec<String>,
    /// Such as `text/csv`.
    pub media_types: Vec<String>,
    /// First bytes that each file of the format has one of; written in hex. A plugin all of whose formats tell them is
    /// not asked about files that begin otherwise.
    pub magic: Vec<Vec<u8>>,
    /// Files say the types of their columns themselves, so that files with other types are files with another schema.
    pub own_types: bool,
    /// `deprecated`.
    pub deprecated: Option<Deprecation>,
    /// JSON Schema of the options.
    pub options: Option<Json>,
}

/// `[[provides.codec]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct CodecDecl {
    /// Such as `gzip`.
    pub id: String,
    /// One line.
    pub description: Option<String>,
    /// File name endings without the dot, lower case.
    pub extensions: Vec<String>,
    /// First bytes that tell the codec; written in hex.
    pub magic: Vec<Vec<u8>>,
    /// `deprecated`.
    pub deprecated: Option<Deprecation>,
    /// JSON Schema of the options.
    pub options: Option<Json>,
}

/// `[[provides.node]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeDecl {
    /// `type`.
    pub node_type: String,
    /// `display-name`.
    pub display_name: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `category`.
    pub category: Option<String>,
    /// `icon`.
    pub icon: Option<String>,
    /// `color`: `#rrggbb`.
    pub color: Option<String>,
    /// `inputs`; default: one, `in`.
    pub inputs: Vec<PortDecl>,
    /// `outputs`; default: one, `out`.
    pub outputs: Vec<PortDecl>,
    /// JSON Schema of the parameters.
    pub parameters: Option<Json>,
    /// Same input stream, same output.
    pub pure: bool,
    /// `main-parameter`: what bare text stands for in `jackfield pipe`.
    pub main_parameter: Option<String>,
    /// `resources`: what one instance would like to have.
    pub resources: Resources,
    /// `deprecated`.
    pub deprecated: Option<Deprecation>,
}

/// A port of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortDecl {
    /// Such as `in`.
    pub name: String,
    /// May be left unconnected.
    pub optional: bool,
    /// Takes any number of edges, as `in.0`, `in.1`, …; inputs only.
    pub multiple: bool,
    /// For palettes.
    pub display_name: Option<String>,
    /// One line.
    pub description: Option<String>,
    /// `type`: the columns that an input must have or that an output promises, as a type such as
    /// `struct<name: utf8, age: int64>`; `None`: any rows.
    pub columns: Option<String>,
}

/// `[[provides.hook]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookDecl {
    /// Such as `audit`.
    pub id: String,
    /// Where it is called.
    pub point: HookPoint,
    /// When it is called.
    pub kind: HookKind,
    /// Lower runs earlier; default 0.
    pub priority: i64,
    /// Hooks that come later.
    pub before: Vec<String>,
    /// Hooks that come earlier.
    pub after: Vec<String>,
    /// What happens when it fails.
    pub on_failure: OnFailure,
    /// Whether it sees the data.
    pub data: bool,
}

/// When a hook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookKind {
    /// Ahead of it.
    Before,
    /// Behind it.
    After,
    /// Around it, with the right to call on: never, once or several times.
    Around,
    /// In its place.
    Replace,
}

/// What happens when a hook fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The work goes on.
    FailOpen,
    /// The work fails.
    FailClosed,
}

/// `[[provides.command]]`, and likewise `service`, `driver`, `validator` and `engine`.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferDecl {
    /// Its name.
    pub id: String,
    /// One line.
    pub description: Option<String>,
    /// JSON Schema of its options.
    pub options: Option<Json>,
    /// `deprecated`.
    pub deprecated: Option<Deprecation>,
}

/// `[[provides.route]]`: an HTTP route of the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteDecl {
    /// Begins with `/`; below the plugin's own prefix.
    pub path: String,
    /// One line.
    pub description: Option<String>,
}
