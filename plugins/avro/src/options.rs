//! The options of the format, as the manifest's schema describes them.

use crate::block::Compression;
use jackfield_sdk::params::Ordered;
use jackfield_sdk::{Failure, Params};

/// What reader and writer are told.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Options {
    pub(crate) compression: Option<Compression>,
    /// Types told by the pipeline: column and type text.
    #[serde(default)]
    pub(crate) schema: Ordered<String>,
}

impl Options {
    /// # Errors
    /// The option that is wrong, as an `invalid-config` failure.
    pub(crate) fn parse(params: &Params) -> Result<Options, Failure> {
        params.parse_one()
    }
}
