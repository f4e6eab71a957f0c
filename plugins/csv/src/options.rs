//! The options of both formats, for reading and for writing, as the manifest's schemas describe them.

use crate::numbers::Marks;
use crate::scan::Dialect;
use jackfield_sdk::params::{Ordered, pointer};
use jackfield_sdk::{Failure, Params};
use jackfield_values::incoming::Encoding;
use jackfield_values::told;
use jackfield_values::types::Type;
use serde::Deserialize;
use serde_json::Value;

/// What a reader is told.
#[derive(Debug, Clone)]
pub(crate) struct ReadOptions {
    pub(crate) dialect: Dialect,
    pub(crate) header: bool,
    pub(crate) null_values: Vec<Vec<u8>>,
    /// Rows to look at for the types; `None` is all.
    pub(crate) infer_rows: Option<u64>,
    pub(crate) pad: bool,
    /// Lines at the top that are not looked at.
    pub(crate) skip_rows: u64,
    /// How numbers are written.
    pub(crate) marks: Marks,
    /// How the text is written as bytes; `None`: as its byte order mark says, else UTF-8.
    pub(crate) encoding: Option<Encoding>,
    /// Types told by the pipeline, by column name.
    pub(crate) schema: Vec<(String, Type)>,
}

/// When a writer quotes.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum QuoteStyle {
    /// Where a field would not read back otherwise.
    #[default]
    Necessary,
    /// Every field that is not null.
    Always,
    /// Never; a field that would need it is an error.
    Never,
}

/// What a writer is told.
#[derive(Debug, Clone)]
pub(crate) struct WriteOptions {
    pub(crate) delimiter: u8,
    pub(crate) quote: u8,
    pub(crate) header: bool,
    pub(crate) line_ending: Vec<u8>,
    pub(crate) quote_style: QuoteStyle,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Told {
    delimiter: Option<String>,
    quote: Option<String>,
    header: Option<bool>,
    comment: Option<String>,
    null_values: Option<Vec<String>>,
    #[serde(default)]
    trim: bool,
    infer_rows: Option<Value>,
    #[serde(default)]
    ragged: Ragged,
    #[serde(default)]
    skip_rows: u64,
    encoding: Option<String>,
    decimal: Option<String>,
    thousands: Option<String>,
    #[serde(default)]
    schema: Ordered<String>,
    line_ending: Option<String>,
    #[serde(default)]
    quote_style: QuoteStyle,
}

#[derive(Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Ragged {
    #[default]
    Error,
    Pad,
}

/// What the reader looks at where it is told nothing else.
const INFER_ROWS: u64 = 10_000;

fn invalid(option: &str, message: &str) -> Failure {
    Failure::invalid_config("invalid-option", message).with_parameter(pointer("", option))
}

/// One ASCII character that is neither a line end nor zero.
fn character(option: &str, text: &str) -> Result<u8, Failure> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0) => Ok(*byte),
        _ => Err(invalid(option, &format!("`{option}` is one ASCII character, not {text:?}"))),
    }
}

fn optional(option: &str, text: Option<&str>) -> Result<Option<u8>, Failure> {
    text.filter(|text| !text.is_empty()).map(|text| character(option, text)).transpose()
}

fn parsed(params: &Params) -> Result<Told, Failure> {
    params.parse().map_err(|mut failures: Vec<Failure>| {
        failures.pop().unwrap_or_else(|| Failure::invalid_config("invalid-option", "the options are not as expected"))
    })
}

fn marks(told: &Told) -> Result<Marks, Failure> {
    let decimal = match &told.decimal {
        Some(text) => character("decimal", text)?,
        None => Marks::PLAIN.decimal,
    };
    let thousands = optional("thousands", told.thousands.as_deref())?;
    let of_numbers = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-');
    if of_numbers(decimal) {
        return Err(invalid("decimal", "`decimal` is a character that numbers do not have, such as \",\""));
    }
    if thousands.is_some_and(|mark| of_numbers(mark) || mark == decimal) {
        return Err(invalid("thousands", "`thousands` is neither `decimal` nor a character of numbers"));
    }
    Ok(Marks { decimal, thousands })
}

fn encoding(name: &str) -> Result<Encoding, Failure> {
    Encoding::parse(name).ok_or_else(|| invalid("encoding", &format!("the encoding {name:?} is not known")))
}

fn delimiter(format: &str, told: &Told) -> Result<u8, Failure> {
    match &told.delimiter {
        Some(text) => character("delimiter", text),
        None if format == "tsv" => Ok(b'\t'),
        None => Ok(b','),
    }
}

impl ReadOptions {
    /// # Errors
    /// The option that is wrong, as an `invalid-config` failure.
    pub(crate) fn parse(format: &str, params: &Params) -> Result<ReadOptions, Failure> {
        let told = parsed(params)?;
        let dialect = Dialect {
            delimiter: delimiter(format, &told)?,
            quote: optional("quote", Some(told.quote.as_deref().unwrap_or("\"")))?,
            comment: optional("comment", told.comment.as_deref())?,
            trim: told.trim,
        };
        if dialect.quote == Some(dialect.delimiter) {
            return Err(invalid("quote", "`quote` and `delimiter` are the same character"));
        }
        let infer_rows = match &told.infer_rows {
            None => Some(INFER_ROWS),
            Some(Value::String(all)) if all == "all" => None,
            Some(number) => match number.as_u64() {
                Some(rows @ 1..) => Some(rows),
                _ => return Err(invalid("infer-rows", "`infer-rows` is a number of rows from 1 on, or \"all\"")),
            },
        };
        let marks = marks(&told)?;
        let null_values = told.null_values.unwrap_or_else(|| vec![String::new()]);
        let schema = told::types(&format.to_uppercase(), told::Values::Flat, told.schema)?;
        Ok(ReadOptions {
            dialect,
            header: told.header.unwrap_or(true),
            null_values: null_values.into_iter().map(String::into_bytes).collect(),
            infer_rows,
            pad: told.ragged == Ragged::Pad,
            skip_rows: told.skip_rows,
            marks,
            encoding: told.encoding.as_deref().map(encoding).transpose()?,
            schema,
        })
    }
}

impl WriteOptions {
    /// # Errors
    /// The option that is wrong, as an `invalid-config` failure.
    pub(crate) fn parse(format: &str, params: &Params) -> Result<WriteOptions, Failure> {
        let told = parsed(params)?;
        let line_ending = told.line_ending.clone().unwrap_or_else(|| "\n".to_owned());
        if !matches!(line_ending.as_str(), "\n" | "\r\n") {
            return Err(invalid("line-ending", "`line-ending` is \"\\n\" or \"\\r\\n\""));
        }
        let quote = character("quote", told.quote.as_deref().unwrap_or("\""))?;
        let delimiter = delimiter(format, &told)?;
        if quote == delimiter {
            return Err(invalid("quote", "`quote` and `delimiter` are the same character"));
        }
        Ok(WriteOptions {
            delimiter,
            quote,
            header: told.header.unwrap_or(true),
            line_ending: line_ending.into_bytes(),
            quote_style: told.quote_style,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(json: &str) -> String {
        ReadOptions::parse("csv", &Params::new(json)).map(|_| ()).unwrap_err().parameter.unwrap_or_default()
    }

    #[test]
    fn defaults() {
        let read = ReadOptions::parse("tsv", &Params::default()).unwrap();
        assert_eq!(read.dialect.delimiter, b'\t');
        assert_eq!(read.null_values, [b""]);
        assert_eq!(read.infer_rows, Some(10_000));
        let write = WriteOptions::parse("csv", &Params::default()).unwrap();
        assert_eq!((write.delimiter, write.quote, write.header), (b',', b'"', true));
    }

    #[test]
    fn the_wrong_option_is_named() {
        assert_eq!(wrong(r#"{"delimiter": ";;"}"#), "/delimiter");
        assert_eq!(wrong(r#"{"delimiter": "é"}"#), "/delimiter");
        assert_eq!(wrong(r#"{"quote": ","}"#), "/quote");
        assert_eq!(wrong(r#"{"decimal": "1"}"#), "/decimal");
        assert_eq!(wrong(r#"{"thousands": "."}"#), "/thousands");
        assert_eq!(wrong(r#"{"infer-rows": 0}"#), "/infer-rows");
        assert_eq!(wrong(r#"{"infer-rows": "some"}"#), "/infer-rows");
        assert_eq!(wrong(r#"{"schema": {"a": "in64"}}"#), "/schema/a");
        assert_eq!(wrong(r#"{"schema": {"a/b": "list<utf8>"}}"#), "/schema/a~1b");
        assert!(ReadOptions::parse("csv", &Params::new(r#"{"infer-rows": "all", "quote": ""}"#)).is_ok());
    }
}
