//! TOML values without their places, and the way from them to JSON.

mod schema;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::document::{Data, Item, Origin, Spot, loose};

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

impl Value {
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text { text, .. } => Some(text),
            _ => None,
        }
    }
}

impl From<Data> for Value {
    fn from(data: Data) -> Self {
        match data {
            Data::Text(text) => Value::Text { text: text.text, loose: text.loose },
            Data::Integer(number) => Value::Integer(number),
            Data::Float(number) => Value::Float(number),
            Data::Boolean(value) => Value::Boolean(value),
            Data::Datetime(text) => Value::Datetime(text),
            Data::Array(items) => Value::Array(items.into_iter().map(|item| item.data.into()).collect()),
            Data::Table(entries) => {
                Value::Table(entries.into_iter().map(|(key, entry)| (key, entry.item.data.into())).collect())
            }
        }
    }
}

impl From<Item> for Value {
    fn from(item: Item) -> Self {
        item.data.into()
    }
}

/// The value as JSON. Loose text stays text where the JSON Schema allows that text or says nothing, and is read as TOML
/// elsewhere if it can be. Dates and numbers that are not finite become text.
pub fn to_json(value: &Value, schema: Option<&Json>) -> Json {
    let places = schema::Places::of(schema);
    convert(value, &places)
}

fn convert(value: &Value, places: &schema::Places<'_>) -> Json {
    match value {
        Value::Text { text, loose: true } if !places.allow_text(text) => {
            let spot = Spot { origin: Origin::File, start: 0, end: 0 };
            match loose(text, spot).map(Value::from) {
                Some(value) => convert(&value, places),
                None => Json::from(text.as_str()),
            }
        }
        Value::Text { text, .. } | Value::Datetime(text) => Json::from(text.as_str()),
        Value::Integer(number) => Json::from(*number),
        Value::Float(number) => match serde_json::Number::from_f64(*number) {
            Some(number) => Json::Number(number),
            None => Json::from(number.to_string().to_lowercase()),
        },
        Value::Boolean(value) => Json::from(*value),
        Value::Array(items) => items.iter().map(|item| convert(item, &places.item())).collect(),
        Value::Table(table) => Json::Object(
            table.iter().map(|(key, value)| (key.clone(), convert(value, &places.property(key)))).collect(),
        ),
    }
}
