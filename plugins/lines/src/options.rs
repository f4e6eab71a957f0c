//! What the readers of these formats are told beside their own options.

use jackfield_sdk::{Failure, params::pointer};
use jackfield_values::build::unreadable;
use jackfield_values::incoming::Encoding;
use jackfield_values::types::Type;
use serde_json::{Map, Value};

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
    /// From the options `infer-rows` and `schema`.
    ///
    /// # Errors
    /// The option that is wrong.
    pub fn new(infer_rows: Option<&Value>, schema: Map<String, Value>) -> Result<ReadOptions, Failure> {
        Ok(ReadOptions { infer_rows: rows(infer_rows)?, schema: types(schema)?, skip: 0, encoding: None })
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

/// The types of the pipeline's `schema`, which must be such that one value is one text.
///
/// # Errors
/// The type that is wrong.
pub fn types(schema: Map<String, Value>) -> Result<Vec<(String, Type)>, Failure> {
    let mut types = Vec::with_capacity(schema.len());
    for (name, text) in schema {
        let wrong = |message: String| {
            let failure = Failure::invalid_config("invalid-type", message);
            failure.with_parameter(pointer("/schema", &name)).with_column(&name)
        };
        let text = text.as_str().ok_or_else(|| wrong(format!("the type of `{name}` is not text")))?;
        let of = Type::parse(text).map_err(wrong)?;
        if !of.children.is_empty() || unreadable(&of).is_some() {
            return Err(wrong(format!("text cannot be read as {}", of.name()))
                .with_help("read the column as utf8 and convert it afterwards"));
        }
        types.push((name, of));
    }
    Ok(types)
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
