//! Columns and types of a sample: what its values look like, in order of first appearance.

use crate::cursor::{Cursor, Wrong};
use jackfield_values::number;
use jackfield_values::types::{Kind, MAX_DEPTH, Type};
use std::collections::HashMap;

/// What the values in one place looked like so far. The first kind of value decides; integers widen to floats.
#[derive(Clone, Debug, Default)]
pub(crate) enum Shape {
    /// Nothing but nulls.
    #[default]
    Unknown,
    Boolean,
    Integer,
    Float,
    Text,
    List(Box<Shape>),
    Object(Fields),
}

/// Fields of objects in order of first appearance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    list: Vec<(String, Shape)>,
    index: HashMap<String, usize>,
}

impl Shape {
    /// Takes the value that is next into account.
    pub(crate) fn look(&mut self, cursor: &mut Cursor, depth: usize) -> Result<(), Wrong> {
        let next = cursor.peek();
        // The innermost level that a type may have is no list and no object.
        if depth >= MAX_DEPTH && matches!(next, Some(b'{' | b'[')) {
            return cursor.wrong("values are nested too deeply");
        }
        match next {
            Some(b'{') => {
                if matches!(self, Shape::Unknown) {
                    *self = Shape::Object(Fields::default());
                }
                match self {
                    Shape::Object(fields) => fields.look(cursor, depth),
                    _ => cursor.skip(),
                }
            }
            Some(b'[') => {
                if matches!(self, Shape::Unknown) {
                    *self = Shape::List(Box::default());
                }
                let Shape::List(items) = self else { return cursor.skip() };
                cursor.take(b'[');
                if cursor.take(b']') {
                    return Ok(());
                }
                loop {
                    items.look(cursor, depth + 1)?;
                    if !cursor.take(b',') {
                        break;
                    }
                }
                if cursor.take(b']') { Ok(()) } else { cursor.wrong("a list has no end") }
            }
            Some(b'"') => self.scalar(cursor, Shape::Text),
            Some(b't' | b'f') => self.scalar(cursor, Shape::Boolean),
            Some(b'-' | b'0'..=b'9') => {
                let number = cursor.number()?;
                let fits = number.whole && number::parse_i64(number.text).is_some();
                match (&self, fits) {
                    (Shape::Unknown, true) => *self = Shape::Integer,
                    (Shape::Unknown | Shape::Integer, false) => *self = Shape::Float,
                    _ => {}
                }
                Ok(())
            }
            _ => cursor.skip(),
        }
    }

    fn scalar(&mut self, cursor: &mut Cursor, shape: Shape) -> Result<(), Wrong> {
        if matches!(self, Shape::Unknown) {
            *self = shape;
        }
        cursor.skip()
    }

    /// The type, of at most so many levels: what a line nested deeper began is text, and the line is told of when it is
    /// read.
    fn of(&self, levels: usize) -> Type {
        match self {
            Shape::List(_) | Shape::Object(_) if levels <= 1 => Kind::Utf8.into(),
            Shape::Unknown | Shape::Text => Kind::Utf8.into(),
            Shape::Boolean => Kind::Boolean.into(),
            Shape::Integer => Kind::Int64.into(),
            Shape::Float => Kind::Float64.into(),
            Shape::List(items) => Type::list(items.of(levels - 1)),
            Shape::Object(fields) => Type {
                kind: Kind::Struct,
                children: fields.list.iter().map(|(name, shape)| (name.clone(), shape.of(levels - 1))).collect(),
            },
        }
    }
}

impl Fields {
    /// Takes the object that is next into account.
    pub(crate) fn look(&mut self, cursor: &mut Cursor, depth: usize) -> Result<(), Wrong> {
        if !cursor.take(b'{') {
            return cursor.wrong("the row is not a JSON object");
        }
        if cursor.take(b'}') {
            return Ok(());
        }
        let mut room = Vec::new();
        loop {
            cursor.peek();
            let key = cursor.string(&mut room)?;
            let Ok(key) = std::str::from_utf8(key) else { return cursor.wrong("a key is not UTF-8") };
            let at = match self.index.get(key) {
                Some(at) => *at,
                None => {
                    self.index.insert(key.to_owned(), self.list.len());
                    self.list.push((key.to_owned(), Shape::Unknown));
                    self.list.len() - 1
                }
            };
            if !cursor.take(b':') {
                return cursor.wrong("a key has no value");
            }
            match self.list.get_mut(at) {
                Some((_, shape)) => shape.look(cursor, depth + 1)?,
                None => cursor.skip()?,
            }
            if !cursor.take(b',') {
                break;
            }
        }
        if cursor.take(b'}') { Ok(()) } else { cursor.wrong("an object has no end") }
    }

    /// Names and types of the columns; with `flatten`, objects give a column per field instead.
    pub(crate) fn columns(&self, flatten: bool, as_text: &[String]) -> Vec<(String, Type)> {
        let mut columns = Vec::new();
        self.add_columns("", flatten, as_text, &mut columns);
        columns
    }

    fn add_columns(&self, prefix: &str, flatten: bool, as_text: &[String], columns: &mut Vec<(String, Type)>) {
        for (name, shape) in &self.list {
            let name = format!("{prefix}{name}");
            let as_it_stands = as_text.contains(&name);
            let known = columns.iter().any(|(known, _)| *known == name);
            match shape {
                Shape::Object(fields) if flatten && !as_it_stands => {
                    fields.add_columns(&format!("{name}_"), flatten, as_text, columns);
                }
                _ if known => {}
                _ if as_it_stands => columns.push((name, Kind::Utf8.into())),
                shape => columns.push((name, shape.of(MAX_DEPTH))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(lines: &[&str], flatten: bool) -> String {
        let mut fields = Fields::default();
        for line in lines {
            fields.look(&mut Cursor::new(line.as_bytes()), 0).unwrap();
        }
        let columns = fields.columns(flatten, &[]);
        columns.iter().map(|(name, of)| format!("{name}: {}", of.name())).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn types_of_samples() {
        assert_eq!(
            columns(&[r#"{"x": 1, "s": "a"}"#, r#"{"x": 2.5, "e": true, "n": null}"#], false),
            "x: float64, s: utf8, e: bool, n: utf8"
        );
        assert_eq!(columns(&[r#"{"x": 9223372036854775808}"#], false), "x: float64");
        assert_eq!(columns(&[r#"{"x": 1}"#, r#"{"x": "one"}"#], false), "x: int64");
        assert_eq!(columns(&[r#"{"t": "2024-01-01"}"#], false), "t: utf8");
        let nested =
            [r#"{"a": {"x": 1, "l": []}, "b": [{"c": 1}]}"#, r#"{"a": {"y": "é", "x": 2.5}, "b": [null, {"c": 1.5}]}"#];
        assert_eq!(
            columns(&nested, false),
            "a: struct<x: float64, l: list<utf8>, y: utf8>, b: list<struct<c: float64>>"
        );
        assert_eq!(columns(&nested, true), "a_x: float64, a_l: list<utf8>, a_y: utf8, b: list<struct<c: float64>>");
    }

    #[test]
    fn depth_is_bounded() {
        let line = format!("{}1", "{\"a\":".repeat(100_000));
        assert!(Fields::default().look(&mut Cursor::new(line.as_bytes()), 0).is_err());
        let line = format!("{{\"a\":{}{}}}", "[".repeat(100), "]".repeat(100));
        let mut fields = Fields::default();
        assert!(fields.look(&mut Cursor::new(line.as_bytes()), 0).is_err());
        let name = fields.columns(false, &[])[0].1.name();
        assert_eq!(name.matches("list<").count() + 1, MAX_DEPTH, "{name}");
        assert!(Type::parse(&name).is_ok(), "{name}");
    }
}
