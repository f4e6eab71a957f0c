//! The options of a call: a JSON object, or empty text.

use arrow::datatypes::DataType;
use serde_json::{Map, Value};

use crate::{Failure, parse_type};

/// Larger options are refused before they are parsed.
const MAX_TEXT: usize = 1 << 20;

/// Options that were checked for unknown names.
#[derive(Clone, Debug, Default)]
pub(super) struct Options(Map<String, Value>);

impl Options {
    /// Reads `text`; `known` are the names that `function` takes.
    pub(super) fn parse(function: &str, text: &str, known: &[&str]) -> Result<Self, Failure> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        if text.len() > MAX_TEXT {
            return Err(Failure::limit("too-large", "options are longer than 1 MiB"));
        }
        let map = match serde_json::from_str(text) {
            Ok(Value::Object(map)) => map,
            Ok(Value::Null) => Map::new(),
            Ok(_) => return Err(Failure::invalid_config("syntax", "options must be a JSON object")),
            Err(error) => return Err(Failure::invalid_config("syntax", format!("options are not JSON: {error}"))),
        };
        for name in map.keys() {
            if !known.contains(&name.as_str()) {
                let name: String = name.chars().take(60).collect();
                let failure = Failure::invalid_config("unknown-option", format!("{function} has no option {name:?}"));
                return Err(failure.with_parameter(format!("/{name}")).with_help(if known.is_empty() {
                    "it takes no options".to_owned()
                } else {
                    format!("options are {}", known.join(", "))
                }));
            }
        }
        Ok(Self(map))
    }

    /// An option's value, unless it is absent or null.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn wrong(name: &str, expected: &str) -> Failure {
        Failure::invalid_config("type-mismatch", format!("option {name} must be {expected}"))
            .with_parameter(format!("/{name}"))
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        let text = |value: &'_ Value| value.as_str().is_some();
        match self.value(name) {
            None => Ok(None),
            Some(value) if text(value) => Ok(value.as_str()),
            Some(_) => Err(Self::wrong(name, "text")),
        }
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Failure> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| Self::wrong(name, "an integer")),
        }
    }

    pub(super) fn boolean(&self, name: &str) -> Result<bool, Failure> {
        match self.value(name) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| Self::wrong(name, "true or false")),
        }
    }

    /// One of a fixed set of words; the first is the default.
    pub(super) fn word(&self, name: &str, words: &[&'static str]) -> Result<&'static str, Failure> {
        let Some(text) = self.text(name)? else { return Ok(words.first().copied().unwrap_or_default()) };
        let found = words.iter().find(|word| **word == text);
        found.copied().ok_or_else(|| Self::wrong(name, &format!("one of {}", words.join(", "))))
    }

    pub(super) fn data_type(&self, name: &str) -> Result<Option<DataType>, Failure> {
        match self.text(name)? {
            None => Ok(None),
            Some(text) => parse_type(text).map(Some).map_err(|failure| failure.with_parameter(format!("/{name}"))),
        }
    }
}
