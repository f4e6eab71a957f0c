//! The options of the format, as the manifest's schema describes them.

use jackfield_sdk::params::Ordered;
use jackfield_sdk::{Failure, Params};

/// What is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    #[default]
    File,
    Stream,
}

/// What a reader or writer is told.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) kind: Kind,
    /// Types told by the pipeline: column and type text.
    pub(crate) schema: Vec<(String, String)>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Told {
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    schema: Ordered<String>,
}

impl Options {
    /// # Errors
    /// The option that is wrong, as an `invalid-config` failure.
    pub(crate) fn parse(params: &Params) -> Result<Options, Failure> {
        let told: Told = params.parse_one()?;
        Ok(Options { kind: told.kind, schema: told.schema.0 })
    }
}
