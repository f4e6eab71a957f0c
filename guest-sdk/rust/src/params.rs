//! Parameters of a node, options of a format or codec: JSON that the host has checked against the manifest's schema.

use crate::Failure;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_path_to_error::Segment;
use std::fmt;
use std::marker::PhantomData;

/// Parameters or options as JSON text. Key order is the order in the user's file.
#[derive(Clone, Debug, Default)]
pub struct Params {
    json: String,
}

impl Params {
    /// Empty text means no parameters.
    pub fn new(json: impl Into<String>) -> Self {
        Params { json: json.into() }
    }

    /// The text itself.
    pub fn json(&self) -> &str {
        if self.json.trim().is_empty() { "{}" } else { &self.json }
    }

    /// Reads them as a type of the plugin's own.
    ///
    /// ```
    /// # use jackfield_sdk::Params;
    /// #[derive(serde::Deserialize, Debug)]
    /// struct Limit { rows: u64 }
    /// let limit: Limit = Params::new(r#"{"rows": 10}"#).parse().unwrap();
    /// assert_eq!(limit.rows, 10);
    /// let failures = Params::new(r#"{"rows": "ten"}"#).parse::<Limit>().unwrap_err();
    /// assert_eq!(failures[0].parameter.as_deref(), Some("/rows"));
    /// ```
    ///
    /// # Errors
    /// One `invalid-config` failure with the JSON pointer of the value that does not fit.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Vec<Failure>> {
        self.parse_one().map_err(Vec::from)
    }

    /// Like [`parse`](Self::parse), for callers that report one failure.
    ///
    /// # Errors
    /// As `parse`.
    pub fn parse_one<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let mut json = serde_json::Deserializer::from_str(self.json());
        serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let pointer: String = error.path().iter().map(segment).collect();
            let message = error.into_inner().to_string();
            let message = message.split(" at line ").next().unwrap_or_default().to_owned();
            Failure::invalid_config("invalid-parameter", message).with_parameter(pointer)
        })
    }
}

/// The entries of an object in the order of the user's file, where that order counts.
///
/// ```
/// # use jackfield_sdk::{Params, params::Ordered};
/// let columns: Ordered<String> = Params::new(r#"{"b": "1", "a": "2"}"#).parse().unwrap();
/// assert_eq!(columns.0[0].0, "b");
/// ```
#[derive(Clone, Debug)]
pub struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Ordered(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// A JSON pointer to the entry `key` of what `pointer` points at.
pub fn pointer(parent: &str, key: &str) -> String {
    format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn segment(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => pointer("", key),
        Segment::Enum { variant } => pointer("", variant),
        Segment::Unknown => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_no_parameters() {
        let value: serde_json::Value = Params::default().parse().unwrap();
        assert_eq!(value, serde_json::json!({}));
    }

    #[test]
    fn pointers_escape_what_json_pointers_escape() {
        assert_eq!(pointer("/columns", "a/b~c"), "/columns/a~1b~0c");
    }
}
