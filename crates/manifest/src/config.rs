//! `jackfield.toml`.

use indexmap::IndexMap;

use crate::document::Document;
use crate::limits::{LimitSettings, PluginSettings};
use crate::permissions::Permissions;
use crate::problem::Problem;

/// The operator's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The text, to find places in.
    pub document: Document,
    /// `plugins.folders`: searched in this order.
    pub folders: Vec<String>,
    /// `plugins.prefer`: which plugin wins where several offer the same.
    pub prefer: Vec<Prefer>,
    /// `[policy]`: the ceiling; `None` if there is no such table.
    pub policy: Option<Permissions>,
    /// `[limits]`.
    pub limits: LimitSettings,
    /// `[plugin.NAME]`.
    pub plugins: IndexMap<String, PluginSettings>,
    /// `[secrets]`.
    pub secrets: IndexMap<String, Secret>,
}

/// One entry of `plugins.prefer`: `"format:csv" = "mycsv"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefer {
    /// What is offered: `format`, `codec`, `node`, …
    pub kind: OfferKind,
    /// Its id.
    pub id: String,
    /// The plugin that wins.
    pub plugin: String,
}

/// Kinds of things that plugins offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OfferKind {
    /// A file format.
    Format,
    /// A codec.
    Codec,
    /// A node type.
    Node,
    /// A capability.
    Capability,
}

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// A variable of the environment.
    Env(String),
    /// A file.
    File(String),
}

/// Reads `jackfield.toml`.
pub fn parse_config(_file: &str, _text: &str) -> (Option<Config>, Vec<Problem>) {
    todo!()
}
