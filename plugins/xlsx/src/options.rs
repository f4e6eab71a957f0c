//! The options of the format, as the manifest's schema describes them.

use jackfield_lines::options::rows;
use jackfield_sdk::params::Ordered;
use jackfield_sdk::{Failure, Params};
use jackfield_values::told;
use jackfield_values::types::Type;
use serde::Deserialize;
use serde_json::Value;

/// Which sheet.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub(crate) enum Which {
    Number(usize),
    Name(String),
}

/// What becomes of a cell with an error.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ErrorCells {
    #[default]
    Error,
    Null,
    Text,
}

/// What the reader is told.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) sheet: Which,
    pub(crate) header: bool,
    pub(crate) skip_rows: u32,
    /// Rows to look at for the types; `None` is all.
    pub(crate) infer_rows: Option<u64>,
    pub(crate) error_cells: ErrorCells,
    pub(crate) fill_merged: bool,
    /// Types told by the pipeline, by column name.
    pub(crate) schema: Vec<(String, Type)>,
}

impl Options {
    /// # Errors
    /// The option that is wrong, as an `invalid-config` failure.
    pub(crate) fn parse(params: &Params) -> Result<Options, Failure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        struct Told {
            sheet: Option<Which>,
            header: Option<bool>,
            #[serde(default)]
            skip_rows: u32,
            infer_rows: Option<Value>,
            #[serde(default)]
            error_cells: ErrorCells,
            #[serde(default)]
            fill_merged: bool,
            #[serde(default)]
            schema: Ordered<String>,
        }
        let told: Told = params.parse_one()?;
        Ok(Options {
            sheet: told.sheet.unwrap_or(Which::Number(1)),
            header: told.header.unwrap_or(true),
            skip_rows: told.skip_rows,
            infer_rows: rows(told.infer_rows.as_ref())?,
            error_cells: told.error_cells,
            fill_merged: told.fill_merged,
            schema: told::types("a sheet", told::Values::Flat, told.schema)?,
        })
    }
}
