//! The types that a pipeline tells for columns of a file that has none of its own.

use crate::build::unreadable;
use crate::types::{Kind, Type};
use jackfield_sdk::Failure;
use jackfield_sdk::params::{Ordered, pointer};

/// Whether one value of a format is one text, or may have others in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// As a field of a line.
    Flat,
    /// As in JSON.
    Nested,
}

/// The types of `schema`, by column, of a reader of `format`, whose name stands in messages.
///
/// # Errors
/// A text that is no type, or a type that the format cannot be read as: what it is, and what to do instead.
pub fn types(format: &str, values: Values, schema: Ordered<String>) -> Result<Vec<(String, Type)>, Failure> {
    let mut types = Vec::with_capacity(schema.0.len());
    for (name, text) in schema.0 {
        let wrong = |message: String| {
            let failure = Failure::invalid_config("invalid-type", message);
            failure.with_parameter(pointer("/schema", &name)).with_column(&name)
        };
        let of = Type::parse(&text).map_err(wrong)?;
        let nested = values == Values::Flat && !of.children.is_empty();
        if let Some(part) = unreadable(&of).or_else(|| nested.then_some(&of)) {
            let (told, part) = (of.name(), part.name());
            let message = match told == part {
                true => format!("{format} cannot be read as {told}"),
                false => format!("{format} cannot be read as {told}: not as {part} in it"),
            };
            return Err(wrong(message).with_help(instead(&of, values)));
        }
        types.push((name, of));
    }
    Ok(types)
}

/// What to do where a type cannot be read.
fn instead(of: &Type, values: Values) -> String {
    let child = of.children.first().map(|(_, child)| child);
    let item = child.filter(|child| unreadable(child).is_none()).map(Type::name);
    let other = match (&of.kind, item) {
        (Kind::LargeUtf8, _) => "utf8".to_owned(),
        (Kind::LargeBinary, _) => "binary".to_owned(),
        (Kind::Float16, _) => "float32".to_owned(),
        (Kind::Dictionary(_), Some(item)) => item,
        (Kind::LargeList | Kind::FixedSizeList(_), Some(item)) if values == Values::Nested => format!("list<{item}>"),
        (Kind::Map, _) if values == Values::Nested => {
            return "read the column as a struct, with a field for each key".to_owned();
        }
        (Kind::Null, _) => return "leave the column out of `schema`, or read it as utf8, which may be null".to_owned(),
        _ => return "read the column as utf8".to_owned(),
    };
    format!("read the column as {other}, and convert it with a node of type cast")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(values: Values, of: &str) -> String {
        let schema = Ordered(vec![("a".to_owned(), of.to_owned())]);
        types("JSON", values, schema).map(|types| types[0].1.name()).unwrap_or_else(|failure| {
            assert_eq!(failure.parameter.as_deref(), Some("/schema/a"));
            format!("{}; {}", failure.message, failure.help.unwrap_or_default())
        })
    }

    #[test]
    fn what_cannot_be_read_is_named_with_what_can() {
        assert_eq!(said(Values::Nested, "list<struct<b: date>>"), "list<struct<b: date>>");
        assert_eq!(said(Values::Flat, "decimal(5,2)"), "decimal(5,2)");
        assert_eq!(said(Values::Flat, "fixed-size-binary(2)"), "fixed-size-binary(2)");
        assert_eq!(
            said(Values::Nested, "large-binary"),
            "JSON cannot be read as large-binary; read the column as binary, and convert it with a node of type cast"
        );
        assert_eq!(
            said(Values::Nested, "list<interval>"),
            "JSON cannot be read as list<interval>: not as interval in it; read the column as utf8"
        );
        let wide = "fixed-size-list<int64, 2>";
        assert!(said(Values::Nested, wide).contains("; read the column as list<int64>, and convert it"));
        assert!(said(Values::Flat, wide).ends_with("; read the column as utf8"));
        assert!(
            said(Values::Nested, "map<utf8, int64>")
                .ends_with("; read the column as a struct, with a field for each key")
        );
        assert!(said(Values::Flat, "dictionary<int32, date>").contains("; read the column as date, and"));
        assert_eq!(said(Values::Flat, "list<utf8>"), "JSON cannot be read as list<utf8>; read the column as utf8");
        assert!(said(Values::Flat, "in64").starts_with("`in64` is not a type"));
    }
}
