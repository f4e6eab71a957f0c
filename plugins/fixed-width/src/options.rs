//! The options of the format, as the manifest's schema describes them.

use jackfield_lines::ReadOptions;
use jackfield_lines::options::{encoding, invalid, not_as_described};
use jackfield_sdk::params::Ordered;
use jackfield_sdk::{Failure, Params};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashSet;

/// A column: characters from `start` on, up to but without `end`, both from 0; `None` is the rest of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) start: usize,
    pub(crate) end: Option<usize>,
    pub(crate) align: Option<Align>,
}

/// On which side of its column a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Align {
    Left,
    Right,
}

/// What reader and writer are told.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) fields: Vec<Field>,
    pub(crate) trim: bool,
    pub(crate) null_values: Vec<String>,
    /// Whether a line may end before its last column does.
    pub(crate) pad: bool,
    pub(crate) line_ending: String,
    pub(crate) reading: ReadOptions,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Told {
    columns: Option<Vec<ToldField>>,
    #[serde(default)]
    skip: u64,
    encoding: Option<String>,
    trim: Option<bool>,
    null_values: Option<Vec<String>>,
    ragged: Option<String>,
    infer_rows: Option<Value>,
    line_ending: Option<String>,
    #[serde(default)]
    schema: Ordered<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ToldField {
    name: String,
    width: Option<usize>,
    start: Option<usize>,
    end: Option<usize>,
    align: Option<Align>,
}

impl Options {
    /// # Errors
    /// The option that is wrong, as an `invalid-config` failure.
    pub(crate) fn parse(params: &Params) -> Result<Options, Failure> {
        let told: Told = params.parse().map_err(not_as_described)?;
        let columns = told.columns.unwrap_or_default();
        if columns.is_empty() {
            return Err(invalid(
                "columns",
                "the option `columns` is missing: the text does not tell where columns are",
            )
            .with_help("say options = { columns = [{ name = \"id\", width = 8 }, { name = \"text\" }] }"));
        }
        let mut reading = ReadOptions::new("text of fixed width", told.infer_rows.as_ref(), told.schema)?;
        reading.skip = told.skip;
        reading.encoding = encoding(told.encoding.as_deref())?;
        Ok(Options {
            fields: fields(columns)?,
            trim: told.trim.unwrap_or(true),
            null_values: told.null_values.unwrap_or_else(|| vec![String::new()]),
            pad: told.ragged.as_deref() != Some("error"),
            line_ending: told.line_ending.unwrap_or_else(|| "\n".to_owned()),
            reading,
        })
    }
}

/// Where the columns are: each behind the one before it, where nothing else is said.
fn fields(told: Vec<ToldField>) -> Result<Vec<Field>, Failure> {
    let mut fields: Vec<Field> = Vec::with_capacity(told.len());
    let mut names = HashSet::new();
    let count = told.len();
    let mut next = Some(0);
    for (number, column) in told.into_iter().enumerate() {
        let at = |key: &str, message: String| {
            Failure::invalid_config("invalid-option", message).with_parameter(format!("/columns/{number}{key}"))
        };
        let ToldField { name, width, start, end, align } = column;
        if !names.insert(name.clone()) {
            return Err(at("/name", format!("there is a column `{name}` already")));
        }
        if start == Some(0) || end == Some(0) || width == Some(0) {
            return Err(at("", format!("`{name}`: characters are counted from 1, and a width is at least 1")));
        }
        let begin = match (start, next) {
            (Some(start), _) => start - 1,
            (None, Some(next)) => next,
            (None, None) => return Err(at("", format!("`{name}` has no start, and what is before it has no end"))),
        };
        if next.is_none_or(|next| begin < next) {
            let message = format!("`{name}` begins inside the column before it");
            return Err(at("/start", message).with_help("list the columns from left to right"));
        }
        let end = match (width, end) {
            (Some(_), Some(_)) => return Err(at("", format!("`{name}` has a width and an end: say one of them"))),
            (Some(width), None) => Some(begin.saturating_add(width)),
            (None, Some(end)) if end <= begin => return Err(at("/end", format!("`{name}` ends before it begins"))),
            (None, Some(end)) => Some(end),
            (None, None) if number + 1 == count => None,
            (None, None) => {
                return Err(at("", format!("`{name}` has neither a width nor an end; only the last column may")));
            }
        };
        next = end;
        fields.push(Field { name, start: begin, end, align });
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(json: &str) -> Result<Vec<(usize, Option<usize>)>, String> {
        let options = Options::parse(&Params::new(format!("{{\"columns\": {json}}}")));
        let fields = options.map_err(|failure| failure.parameter.unwrap_or_default())?.fields;
        Ok(fields.iter().map(|field| (field.start, field.end)).collect())
    }

    #[test]
    fn columns_stand_where_they_are_said_to() {
        let widths = r#"[{"name": "a", "width": 3}, {"name": "b", "width": 2}, {"name": "c"}]"#;
        assert_eq!(places(widths).unwrap(), [(0, Some(3)), (3, Some(5)), (5, None)]);
        let ends = r#"[{"name": "a", "start": 2, "end": 4}, {"name": "b", "start": 7, "width": 2}]"#;
        assert_eq!(places(ends).unwrap(), [(1, Some(4)), (6, Some(8))]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (json, pointer) in [
            ("[]", "/columns"),
            (r#"[{"name": "a"}, {"name": "b", "width": 1}]"#, "/columns/0"),
            (r#"[{"name": "a", "width": 2}, {"name": "a", "width": 1}]"#, "/columns/1/name"),
            (r#"[{"name": "a", "width": 2}, {"name": "b", "start": 2, "width": 1}]"#, "/columns/1/start"),
            (r#"[{"name": "a", "start": 5, "end": 4}]"#, "/columns/0/end"),
            (r#"[{"name": "a", "width": 5, "end": 4}]"#, "/columns/0"),
        ] {
            assert_eq!(places(json), Err(pointer.to_owned()), "{json}");
        }
    }
}
