//! An Avro schema, and the Arrow types that its values become.

use jackfield_sdk::Failure;
use jackfield_values::types::{IntervalUnit, Kind, MAX_DEPTH, Type, Unit};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The most parts that a schema may have when every name stands for what it names.
const MOST_PARTS: usize = 10_000;

/// What a value is, and the type of its column.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) shape: Shape,
    pub(crate) of: Type,
}

/// How a value is encoded.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Null,
    Boolean,
    /// A number of variable length, in a column of four bytes.
    Int,
    /// The same, of eight bytes.
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(usize),
    /// Sixteen bytes that are shown as text.
    Uuid,
    Enum(Vec<String>),
    /// A big-endian integer, in so many bytes if that is fixed.
    Decimal {
        size: Option<usize>,
        precision: u8,
    },
    /// Months, days and milliseconds.
    Duration,
    Array(Box<Node>),
    Map(Box<Node>),
    Record(Vec<(String, Node)>),
    /// Null, at this place of the union, or something else.
    Optional(usize, Box<Node>),
    /// One of several; `None` is null. The column is a struct with a field for each.
    Union(Vec<Option<Node>>),
}

/// Reads the schema of a file.
///
/// # Errors
/// What is wrong with it, or not supported.
pub(crate) fn parse(text: &[u8]) -> Result<Node, Failure> {
    let json: Value =
        serde_json::from_slice(text).map_err(|error| wrong(format!("the file's schema is no JSON: {error}")))?;
    let mut parser = Parser { named: HashMap::new(), open: Vec::new(), parts: 0 };
    parser.node(&json, "", 0)
}

fn wrong(message: impl Into<String>) -> Failure {
    Failure::invalid_input("invalid-schema", message)
}

struct Parser<'a> {
    /// Definitions by their full names, with the namespace they stand in.
    named: HashMap<String, (&'a Value, String)>,
    /// Names of the records that are being read.
    open: Vec<String>,
    parts: usize,
}

impl<'a> Parser<'a> {
    fn node(&mut self, json: &'a Value, space: &str, depth: usize) -> Result<Node, Failure> {
        self.parts += 1;
        if self.parts > MOST_PARTS || depth > MAX_DEPTH {
            return Err(wrong(format!(
                "the file's schema has more than {MOST_PARTS} parts, or is nested more than {MAX_DEPTH} deep"
            )));
        }
        match json {
            Value::String(name) => self.named(name, space, depth),
            Value::Array(branches) => self.union(branches, space, depth),
            Value::Object(object) => self.object(json, object, space, depth),
            other => Err(wrong(format!("{other} is no Avro type"))),
        }
    }

    /// A type that is only named.
    fn named(&mut self, name: &str, space: &str, depth: usize) -> Result<Node, Failure> {
        if let Some(node) = primitive(name) {
            return Ok(node);
        }
        let full = full_name(name, space);
        if self.open.contains(&full) {
            return Err(Failure::invalid_input("not-supported", format!("the type `{full}` contains itself"))
                .with_help("such types have no columns; read the file with a tool that gives trees"));
        }
        let known = self.named.get(&full).or_else(|| self.named.get(name)).cloned();
        let (json, space) = known.ok_or_else(|| wrong(format!("`{name}` is no Avro type")))?;
        // What was defined once stands for itself wherever it is named.
        match json {
            Value::Object(object) => self.definition(object, &space, depth),
            _ => Err(wrong(format!("`{name}` is no Avro type"))),
        }
    }

    fn object(
        &mut self,
        json: &'a Value,
        object: &'a Map<String, Value>,
        space: &str,
        depth: usize,
    ) -> Result<Node, Failure> {
        let kind = object.get("type").ok_or_else(|| wrong("a type in the file's schema has no `type`"))?;
        if let Value::String(kind) = kind
            && matches!(kind.as_str(), "record" | "error" | "enum" | "fixed")
        {
            let name = object.get("name").and_then(Value::as_str);
            let name = name.ok_or_else(|| wrong(format!("a {kind} in the file's schema has no name")))?;
            let own = object.get("namespace").and_then(Value::as_str).unwrap_or(space);
            let full = full_name(name, own);
            let inner = full.rsplit_once('.').map_or("", |(space, _)| space).to_owned();
            self.named.insert(full, (json, inner.clone()));
            return self.definition(object, &inner, depth);
        }
        match kind.as_str() {
            Some("array") => {
                let items = object.get("items").ok_or_else(|| wrong("an array in the file's schema has no items"))?;
                let items = self.node(items, space, depth + 1)?;
                Ok(Node { of: Type::list(items.of.clone()), shape: Shape::Array(Box::new(items)) })
            }
            Some("map") => {
                let values = object.get("values").ok_or_else(|| wrong("a map in the file's schema has no values"))?;
                let values = self.node(values, space, depth + 2)?;
                Ok(Node { of: Type::map(values.of.clone()), shape: Shape::Map(Box::new(values)) })
            }
            _ => {
                let node = self.node(kind, space, depth + 1)?;
                Ok(logical(node, object))
            }
        }
    }

    /// A record, an enum or a fixed.
    fn definition(&mut self, object: &'a Map<String, Value>, space: &str, depth: usize) -> Result<Node, Failure> {
        let name = object.get("name").and_then(Value::as_str).unwrap_or_default();
        match object.get("type").and_then(Value::as_str) {
            Some("enum") => {
                let symbols = object.get("symbols").and_then(Value::as_array);
                let symbols: Option<Vec<String>> =
                    symbols.and_then(|all| all.iter().map(|one| one.as_str().map(str::to_owned)).collect());
                let symbols = symbols.ok_or_else(|| wrong(format!("the enum `{name}` has no symbols")))?;
                Ok(Node { shape: Shape::Enum(symbols), of: Kind::Utf8.into() })
            }
            Some("fixed") => {
                let size = object.get("size").and_then(Value::as_u64).and_then(|size| u32::try_from(size).ok());
                let size = size.filter(|size| *size <= 1 << 20);
                let size =
                    size.ok_or_else(|| wrong(format!("the fixed `{name}` has no size, or an impossible one")))?;
                let of = Kind::FixedSizeBinary(size).into();
                Ok(logical(Node { shape: Shape::Fixed(size as usize), of }, object))
            }
            _ => {
                let full = full_name(name, space);
                self.open.push(full);
                let fields = object.get("fields").and_then(Value::as_array);
                let fields = fields.ok_or_else(|| wrong(format!("the record `{name}` has no fields")))?;
                let mut found: Vec<(String, Node)> = Vec::with_capacity(fields.len());
                for field in fields {
                    let of = field.get("type").ok_or_else(|| wrong(format!("a field of `{name}` has no type")))?;
                    let field = field.get("name").and_then(Value::as_str);
                    let field = field.ok_or_else(|| wrong(format!("a field of `{name}` has no name")))?;
                    if found.iter().any(|(known, _)| known == field) {
                        return Err(wrong(format!("the record `{name}` has the field `{field}` twice")));
                    }
                    let node = self.node(of, space, depth + 1)?;
                    found.push((field.to_owned(), node));
                }
                self.open.pop();
                let children = found.iter().map(|(name, node)| (name.clone(), node.of.clone())).collect();
                Ok(Node { of: Type { kind: Kind::Struct, children }, shape: Shape::Record(found) })
            }
        }
    }

    fn union(&mut self, branches: &'a [Value], space: &str, depth: usize) -> Result<Node, Failure> {
        // A type may be written as an object that says no more than its name.
        let is_null = |branch: &Value| {
            let named = branch.as_object().filter(|object| object.len() == 1).and_then(|object| object.get("type"));
            named.unwrap_or(branch).as_str() == Some("null")
        };
        if let [first, second] = branches
            && is_null(first) != is_null(second)
        {
            let (null, other) = if is_null(first) { (0, second) } else { (1, first) };
            let node = self.node(other, space, depth)?;
            return Ok(Node { of: node.of.clone(), shape: Shape::Optional(null, Box::new(node)) });
        }
        let mut nodes = Vec::with_capacity(branches.len());
        let mut children: Vec<(String, Type)> = Vec::new();
        for branch in branches {
            if is_null(branch) {
                nodes.push(None);
                continue;
            }
            let node = self.node(branch, space, depth + 1)?;
            let name = branch_name(branch);
            if children.iter().any(|(known, _)| *known == name) {
                return Err(wrong(format!("a union in the file's schema has `{name}` twice")));
            }
            children.push((name, node.of.clone()));
            nodes.push(Some(node));
        }
        Ok(Node { of: Type { kind: Kind::Struct, children }, shape: Shape::Union(nodes) })
    }
}

/// What the field of a union is called.
fn branch_name(branch: &Value) -> String {
    let named = |object: &Map<String, Value>| {
        let name = object.get("name").or_else(|| object.get("logicalType")).or_else(|| object.get("type"));
        name.and_then(Value::as_str).map(str::to_owned)
    };
    let name = match branch {
        Value::String(name) => Some(name.clone()),
        Value::Object(object) => named(object),
        _ => None,
    };
    let name = name.unwrap_or_else(|| "value".to_owned());
    name.rsplit('.').next().unwrap_or(&name).to_owned()
}

fn full_name(name: &str, space: &str) -> String {
    if name.contains('.') || space.is_empty() { name.to_owned() } else { format!("{space}.{name}") }
}

fn primitive(name: &str) -> Option<Node> {
    let (shape, kind) = match name {
        "null" => (Shape::Null, Kind::Null),
        "boolean" => (Shape::Boolean, Kind::Boolean),
        "int" => (Shape::Int, Kind::Int32),
        "long" => (Shape::Long, Kind::Int64),
        "float" => (Shape::Float, Kind::Float32),
        "double" => (Shape::Double, Kind::Float64),
        "bytes" => (Shape::Bytes, Kind::Binary),
        "string" => (Shape::String, Kind::Utf8),
        _ => return None,
    };
    Some(Node { shape, of: kind.into() })
}

/// The node with the logical type that the object tells; one that does not fit is ignored, as the specification wants.
fn logical(node: Node, object: &Map<String, Value>) -> Node {
    let Some(name) = object.get("logicalType").and_then(Value::as_str) else { return node };
    let utc = || Some("UTC".to_owned());
    use Unit::{Microsecond, Millisecond, Nanosecond};
    let kind = match (name, &node.shape) {
        ("date", Shape::Int) => Kind::Date32,
        ("time-millis", Shape::Int) => Kind::Time32(Millisecond),
        ("time-micros", Shape::Long) => Kind::Time64(Microsecond),
        ("timestamp-millis", Shape::Long) => Kind::Timestamp(Millisecond, utc()),
        ("timestamp-micros", Shape::Long) => Kind::Timestamp(Microsecond, utc()),
        ("timestamp-nanos", Shape::Long) => Kind::Timestamp(Nanosecond, utc()),
        ("local-timestamp-millis", Shape::Long) => Kind::Timestamp(Millisecond, None),
        ("local-timestamp-micros", Shape::Long) => Kind::Timestamp(Microsecond, None),
        ("local-timestamp-nanos", Shape::Long) => Kind::Timestamp(Nanosecond, None),
        ("uuid", Shape::Fixed(16)) => return Node { shape: Shape::Uuid, of: Kind::Utf8.into() },
        ("duration", Shape::Fixed(12)) => {
            return Node { shape: Shape::Duration, of: Kind::Interval(IntervalUnit::MonthDayNano).into() };
        }
        ("decimal", Shape::Bytes | Shape::Fixed(_)) => {
            let number = |key: &str| object.get(key).map_or(Some(0), Value::as_u64);
            let (Some(precision @ 1..=76), Some(scale)) = (number("precision"), number("scale")) else { return node };
            if scale > precision {
                return node;
            }
            let (precision, scale) = (precision as u8, scale as i8);
            let wide = precision > 38;
            let size = if let Shape::Fixed(size) = node.shape { Some(size) } else { None };
            let kind = if wide { Kind::Decimal256(precision, scale) } else { Kind::Decimal128(precision, scale) };
            return Node { shape: Shape::Decimal { size, precision }, of: kind.into() };
        }
        _ => return node,
    };
    Node { of: kind.into(), ..node }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(json: &str) -> Result<String, String> {
        parse(json.as_bytes()).map(|node| node.of.name()).map_err(|failure| failure.message)
    }

    #[test]
    fn types() {
        for (json, expected) in [
            (r#""int""#, "int32"),
            (r#"{"type": "string"}"#, "utf8"),
            (r#"{"type": "int", "logicalType": "date"}"#, "date"),
            (r#"{"type": "long", "logicalType": "timestamp-millis"}"#, "timestamp[ms, UTC]"),
            (r#"{"type": "long", "logicalType": "local-timestamp-micros"}"#, "timestamp"),
            (r#"{"type": "long", "logicalType": "date"}"#, "int64"),
            (r#"{"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}"#, "decimal(9,2)"),
            (r#"{"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 9}"#, "binary"),
            (r#"["null", {"type": "array", "items": ["long", "null"]}]"#, "list<int64>"),
            (r#"["null", "int", "string"]"#, "struct<int: int32, string: utf8>"),
            (r#"[{"type": "null"}, {"type": "int"}]"#, "int32"),
            (
                r#"{"type": "record", "name": "a.r", "fields": [
                    {"name": "x", "type": {"type": "enum", "name": "e", "symbols": ["A"]}}, {"name": "y", "type": "e"},
                    {"name": "z", "type": "a.e"}]}"#,
                "struct<x: utf8, y: utf8, z: utf8>",
            ),
        ] {
            assert_eq!(name(json).as_deref(), Ok(expected), "{json}");
        }
    }

    #[test]
    fn what_is_wrong_or_too_much_is_refused() {
        for json in [
            "",
            "{}",
            "5",
            r#""strin""#,
            r#"{"type": "record", "name": "r"}"#,
            r#"{"type": "fixed", "name": "f", "size": -1}"#,
            r#"["int", "int"]"#,
        ] {
            assert!(name(json).is_err(), "{json}");
        }
        let list = r#"{"type": "record", "name": "r", "fields": [{"name": "next", "type": ["null", "r"]}]}"#;
        assert!(name(list).unwrap_err().contains("contains itself"));
        let deep = format!("{}\"int\"{}", r#"{"type": "array", "items": "#.repeat(100), "}".repeat(100));
        assert!(name(&deep).is_err());
        // Each record holds the one before it ten times.
        let mut laughs = r#"{"name": "a0", "type": {"type": "record", "name": "r0", "fields": []}}"#.to_owned();
        for level in 1..20 {
            let fields: Vec<String> =
                (0..10).map(|n| format!(r#"{{"name": "f{n}", "type": "r{}"}}"#, level - 1)).collect();
            laughs += &format!(
                r#", {{"name": "a{level}", "type": {{"type": "record", "name": "r{level}", "fields": [{}]}}}}"#,
                fields.join(",")
            );
        }
        let laughs = format!(r#"{{"type": "record", "name": "all", "fields": [{laughs}]}}"#);
        assert!(name(&laughs).unwrap_err().contains("parts"));
    }
}
