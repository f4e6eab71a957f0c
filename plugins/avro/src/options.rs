//! The options of the format, as the manifest's schema describes them.

use crate::block::Compression;
use jackfield_sdk::{Failure, Params};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What reader and writer are told.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Options {
    pub(crate) compression: Option<Compression>,
    #[serde(default)]
    schema: Map<String, Value>,
}

impl Options {
    /// # Errors
    /// The option that is wrong, as an `invalid-config` failure.
    pub(crate) fn parse(params: &Params) -> Result<Options, Failure> {
        params.parse_one()
    }

    /// The type that the pipeline tells for a column.
    pub(crate) fn told(&self, name: &str) -> Option<&str> {
        self.schema.get(name).and_then(Value::as_str)
    }
}
