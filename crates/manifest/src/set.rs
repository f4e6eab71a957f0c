//! `--set PATH=VALUE`: values that the command line puts over those of the file.

use std::str::FromStr;

use crate::problem::Problem;

/// One `--set PATH=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetOption {
    /// The keys from the top of the file, at least one.
    pub path: Vec<String>,
    /// What stands behind the `=`, as it is.
    pub value: String,
}

impl FromStr for SetOption {
    type Err = Problem;

    /// Reads `node.late.params.where=dep_delay > 60`; a segment may be quoted as in TOML.
    fn from_str(_text: &str) -> Result<Self, Problem> {
        todo!()
    }
}
