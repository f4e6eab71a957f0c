//! What the readers of these formats are told beside their own options.

use jackfield_sdk::Failure;
use jackfield_sdk::params::{Ordered, pointer};
use jackfield_values::incoming::Encoding;
use jackfield_values::told;
use jackfield_values::types::Type;
use serde_json::Value;

/// Rows that are looked at where nothing else is told.
const INFER_ROWS: u64 = 10_000;

/// What a reader is told.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Rows to look at for columns and types; `None` is all.
    pub infer_rows: Option<u64>,
    /// Types told by the pipeline, by column name.
    pub schema: Vec<(String, Type)>,
    /// Lines at the start that are not looked at.
    pub skip: u64,
    /// How the text is written as bytes; `None`: as its byte order mark says, else UTF-8.
    pub encoding: Option<Encoding>,
}

impl ReadOptions {
    /// From the options `infer-rows` and `schema` of a reader of `format`, whose name stands in messages.
    ///
    /// # Errors
    /// The option that is wrong.
    pub fn new(format: &str, infer_rows: Option<&Value>, schema: Ordered<String>) -> Result<ReadOptions, Failure> {
        let schema = told::types(format, told::Values::Flat, schema)?;
        Ok(ReadOptions { infer_rows: rows(infer_rows)?, schema, skip: 0, encoding: None })
    }
}

/// The option `infer-rows`: a number, or `all`, which is `None`.
///
/// # Errors
/// It is neither.
pub fn rows(infer_rows: Option<&Value>) -> Result<Option<u64>, Failure> {
    match infer_rows {
        None => Ok(Some(INFER_ROWS)),
        Some(Value::String(all)) if all == "all" => Ok(None),
        Some(number) => match number.as_u64() {
            Some(rows @ 1..) => Ok(Some(rows)),
            _ => Err(invalid("infer-rows", "`infer-rows` is a number of rows from 1 on, or \"all\"")),
        },
    }
}

/// The option `encoding`.
///
/// # Errors
/// A name that is none.
pub fn encoding(name: Option<&str>) -> Result<Option<Encoding>, Failure> {
    let known =
        |name| Encoding::parse(name).ok_or_else(|| invalid("encoding", format!("the encoding {name:?} is not known")));
    name.map(known).transpose()
}

/// An option that is wrong.
pub fn invalid(option: &str, message: impl Into<String>) -> Failure {
    Failure::invalid_config("invalid-option", message).with_parameter(pointer("", option))
}

/// The failure of options that are not what the manifest describes.
pub fn not_as_described(mut failures: Vec<Failure>) -> Failure {
    failures.pop().unwrap_or_else(|| Failure::invalid_config("invalid-option", "the options are not as expected"))
}
