//! TOML values without their places, and the way from them to JSON.

use indexmap::IndexMap;

/// A TOML table in the order of the file.
pub type Table = IndexMap<String, Value>;

/// A TOML value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text {
        /// After the replacement of variables.
        text: String,
        /// It is one whole `${…}` or came from `--set`, and may be read as TOML where other than text is due.
        loose: bool,
    },
    /// A whole number.
    Integer(i64),
    /// A number with a point, an exponent, `inf` or `nan`.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A date, a time, or both, as written.
    Datetime(String),
    /// A list.
    Array(Vec<Value>),
    /// Keys and values, in the order of the file.
    Table(Table),
}

/// The value as JSON.
pub fn to_json(_value: &Value, _schema: Option<&serde_json::Value>) -> serde_json::Value {
    todo!()
}
