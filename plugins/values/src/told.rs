//! The types that a pipeline tells for columns of a file that has none of its own.

use crate::build::unreadable;
use crate::types::Type;
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
            let help = format!("read the column as {}, and convert it with a node of type cast", instead(&of));
            return Err(wrong(message).with_help(help));
        }
        types.push((name, of));
    }
    Ok(types)
}

/// A type that can be read, and from which the node `cast` makes this one.
fn instead(of: &Type) -> String {
    use crate::types::Kind;
    match of.kind {
        Kind::LargeBinary | Kind::FixedSizeBinary(_) => "binary".to_owned(),
        Kind::Date64 => "date".to_owned(),
        Kind::Float16 => "float32".to_owned(),
        Kind::LargeList | Kind::FixedSizeList(_) if unreadable_child(of).is_none() => {
            format!("list<{}>", of.children.first().map_or_else(String::new, |(_, item)| item.name()))
        }
        _ => "utf8".to_owned(),
    }
}

fn unreadable_child(of: &Type) -> Option<&Type> {
    of.children.iter().find_map(|(_, child)| unreadable(child))
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
        assert_eq!(
            said(Values::Nested, "fixed-size-binary(2)"),
            "JSON cannot be read as fixed-size-binary(2); read the column as binary, and convert it with a node of type cast"
        );
        assert_eq!(
            said(Values::Nested, "list<interval>"),
            "JSON cannot be read as list<interval>: not as interval in it; read the column as utf8, and convert it with a node of type cast"
        );
        assert!(said(Values::Nested, "fixed-size-list<int64, 2>").contains("read the column as list<int64>"));
        assert!(
            said(Values::Flat, "list<utf8>").starts_with("JSON cannot be read as list<utf8>; read the column as utf8")
        );
        assert!(said(Values::Flat, "in64").starts_with("`in64` is not a type"));
    }
}
