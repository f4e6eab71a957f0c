//! The options of the formats, as the manifest's schemas describe them.

use crate::pattern::Pattern;
use jackfield_lines::ReadOptions;
use jackfield_lines::options::{invalid, not_as_described};
use jackfield_sdk::params::Ordered;
use jackfield_sdk::{Failure, Params};
use serde::Deserialize;
use serde_json::Value;

/// The options of `logfmt`.
///
/// # Errors
/// The option that is wrong, as an `invalid-config` failure.
pub(crate) fn logfmt(params: &Params) -> Result<ReadOptions, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    struct Told {
        infer_rows: Option<Value>,
        #[serde(default)]
        schema: Ordered<String>,
    }
    let told: Told = params.parse().map_err(not_as_described)?;
    ReadOptions::new("logfmt", told.infer_rows.as_ref(), told.schema)
}

/// The options of `apache`.
#[derive(Debug)]
pub(crate) struct Access {
    /// `None` if the first line decides.
    pub(crate) pattern: Option<Pattern>,
    pub(crate) split: bool,
    pub(crate) reading: ReadOptions,
}

impl Access {
    /// # Errors
    /// The option that is wrong, as an `invalid-config` failure.
    pub(crate) fn parse(params: &Params) -> Result<Access, Failure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        struct Told {
            pattern: Option<String>,
            split_request: Option<bool>,
            #[serde(default)]
            schema: Ordered<String>,
        }
        let told: Told = params.parse().map_err(not_as_described)?;
        let split = told.split_request.unwrap_or(true);
        let pattern = match told.pattern.as_deref() {
            None | Some("auto") => None,
            Some(text) => Some(Pattern::parse(text, split).map_err(|(offset, wrong)| {
                invalid("pattern", wrong).with_offset(u32::try_from(offset).unwrap_or(u32::MAX))
            })?),
        };
        Ok(Access { pattern, split, reading: ReadOptions::new("an access log", None, told.schema)? })
    }
}
