//! The options of the format, as the manifest's schema describes them.

use jackfield_sdk::params::Ordered;
use jackfield_sdk::{Failure, Params};
use jackfield_values::told;
use jackfield_values::types::Type;
use serde::Deserialize;
use serde_json::Value;

/// What a reader is told.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Rows to look at for columns and types; `None` is all.
    pub(crate) infer_rows: Option<u64>,
    /// Whether objects within a row become columns of their own.
    pub(crate) flatten: bool,
    /// Columns whose values are taken as text, whatever they are.
    pub(crate) as_text: Vec<String>,
    /// Types told by the pipeline, by column name.
    pub(crate) schema: Vec<(String, Type)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Told {
    infer_rows: Option<Value>,
    #[serde(default)]
    flatten: bool,
    #[serde(default)]
    as_text: Vec<String>,
    #[serde(default)]
    schema: Ordered<String>,
}

/// What the reader looks at where it is told nothing else.
const INFER_ROWS: u64 = 10_000;

impl Options {
    /// # Errors
    /// The option that is wrong, as an `invalid-config` failure.
    pub(crate) fn parse(params: &Params) -> Result<Options, Failure> {
        let told: Told = params.parse().map_err(|mut failures: Vec<Failure>| {
            failures
                .pop()
                .unwrap_or_else(|| Failure::invalid_config("invalid-option", "the options are not as expected"))
        })?;
        let infer_rows = match &told.infer_rows {
            None => Some(INFER_ROWS),
            Some(Value::String(all)) if all == "all" => None,
            Some(number) => Some(number.as_u64().filter(|rows| *rows > 0).ok_or_else(|| {
                Failure::invalid_config("invalid-option", "`infer-rows` is a number of rows from 1 on, or \"all\"")
                    .with_parameter("/infer-rows")
            })?),
        };
        let schema = told::types("JSON", told::Values::Nested, told.schema)?;
        Ok(Options { infer_rows, flatten: told.flatten, as_text: told.as_text, schema })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wrong_option_is_named() {
        let wrong = |json: &str| Options::parse(&Params::new(json)).unwrap_err().parameter.unwrap_or_default();
        assert_eq!(wrong(r#"{"infer-rows": 0}"#), "/infer-rows");
        assert_eq!(wrong(r#"{"schema": {"a": "list<"}}"#), "/schema/a");
        assert_eq!(wrong(r#"{"schema": {"a": "list<interval>"}}"#), "/schema/a");
        let options =
            Options::parse(&Params::new(r#"{"schema": {"a": "list<struct<b: date>>"}, "infer-rows": "all"}"#)).unwrap();
        assert_eq!(options.schema[0].1.name(), "list<struct<b: date>>");
        assert_eq!(options.infer_rows, None);
    }
}
