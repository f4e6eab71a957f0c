//! Parameters of a node, options of a format or codec: JSON that the host has checked against the manifest's schema.

use crate::Failure;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

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
        let mut json = serde_json::Deserializer::from_str(self.json());
        serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let pointer: String = error.path().iter().map(segment).collect();
            let message = error.into_inner().to_string();
            let message = message.split(" at line ").next().unwrap_or_default().to_owned();
            vec![Failure::invalid_config("invalid-parameter", message).with_parameter(pointer)]
        })
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
