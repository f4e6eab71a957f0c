//! A JSON Schema of parameters as a table.

use jackfield_manifest::toml_key;
use serde_json::Value as Json;

use crate::pipeline::printable;

/// The rows, with header; none if the schema knows no names. Names inside of lists and tables follow those around them.
pub(super) fn table(schema: Option<&Json>, title: &str) -> Vec<String> {
    let mut rows = Vec::new();
    if let Some(schema) = schema {
        add("", schema, &mut rows, 0);
    }
    if !rows.is_empty() {
        rows.splice(0..0, [format!("| {title} | type | default | |"), "|---|---|---|---|".to_owned()]);
    }
    rows
}

/// Tables and lists inside one another that are followed.
const DEEPEST: usize = 4;

fn add(prefix: &str, schema: &Json, rows: &mut Vec<String>, depth: usize) {
    let Some(properties) = schema.get("properties").and_then(Json::as_object).filter(|_| depth < DEEPEST) else {
        return;
    };
    let required: Vec<&str> = names(schema, "required");
    for (name, property) in properties {
        let full = format!("{prefix}{name}");
        let default = match property.get("default") {
            Some(default) => format!("`{}`", escaped(&default.to_string())),
            None if required.contains(&name.as_str()) => "required".to_owned(),
            None => String::new(),
        };
        let about = property.get("description").or_else(|| property.get("title")).and_then(Json::as_str);
        let about = escaped(about.unwrap_or_default());
        rows.push(format!("| `{}` | {} | {default} | {about} |", escaped(&full), escaped(&kind(property))));
        add(&format!("{full}."), property, rows, depth + 1);
        if let Some(items) = property.get("items") {
            add(&format!("{full}[]."), items, rows, depth + 1);
        }
    }
}

/// A value as TOML writes it on one line.
pub(super) fn inline(value: &Json) -> String {
    match value {
        Json::Object(table) if table.is_empty() => "{}".to_owned(),
        Json::Object(table) => {
            let entries = table.iter().map(|(key, value)| format!("{} = {}", toml_key(key), inline(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn names<'s>(schema: &'s Json, key: &str) -> Vec<&'s str> {
    schema.get(key).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect()
}

/// What a schema takes, in words.
fn kind(schema: &Json) -> String {
    if let Some(value) = schema.get("const") {
        return format!("`{value}`");
    }
    if let Some(values) = schema.get("enum").and_then(Json::as_array) {
        return values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(choices) = schema.get(key).and_then(Json::as_array) {
            return choices.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    let types: Vec<&str> = match schema.get("type") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
        _ => return "anything".to_owned(),
    };
    types.into_iter().map(|name| one(name, schema)).collect::<Vec<_>>().join(" or ")
}

fn one(name: &str, schema: &Json) -> String {
    let inner = |key: &str| match schema.get(key).filter(|inner| inner.is_object()) {
        Some(inner) if inner.get("properties").is_some() => " of tables".to_owned(),
        Some(inner) => format!(" of {}", plural(&kind(inner))),
        None => String::new(),
    };
    match name {
        "string" if schema.get("maxLength").and_then(Json::as_u64) == Some(1) => "one character".to_owned(),
        "string" => "text".to_owned(),
        "integer" => format!("whole number{}", range(schema)),
        "number" => format!("number{}", range(schema)),
        "boolean" => "true or false".to_owned(),
        "array" => format!("list{}", inner("items")),
        "object" => format!("table{}", inner("additionalProperties")),
        other => other.to_owned(),
    }
}

fn plural(kind: &str) -> String {
    match kind {
        "whole number" => "whole numbers".to_owned(),
        "number" => "numbers".to_owned(),
        other => other.to_owned(),
    }
}

fn range(schema: &Json) -> String {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" from {least}"),
        (None, Some(most)) => format!(" up to {most}"),
        (None, None) => String::new(),
    }
}

/// A text that cannot end its cell.
pub(super) fn escaped(text: &str) -> String {
    printable(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(schema: Json) -> Vec<String> {
        table(Some(&schema), "parameter").into_iter().skip(2).collect()
    }

    #[test]
    fn schemas_become_rows() {
        let schema = json!({ "type": "object", "required": ["by", "rules"], "properties": {
            "by": { "type": ["array", "object"], "items": { "type": "string" }, "additionalProperties": { "type": "string" }, "description": "a | b" },
            "level": { "type": "integer", "minimum": 0, "maximum": 9, "default": 6 },
            "rows": { "anyOf": [{ "type": "integer", "minimum": 1 }, { "const": "all" }], "default": "all" },
            "quote": { "type": "string", "maxLength": 1, "default": "\"" },
            "rules": { "type": "array", "items": { "type": "object", "required": ["rule"], "properties": {
                "rule": { "enum": ["a", "b"] } } } },
            "any": {},
        } });
        let expected = [
            "| `by` | list of text or table of text | required | a \\| b |",
            "| `level` | whole number from 0 to 9 | `6` |  |",
            "| `rows` | whole number from 1 or `\"all\"` | `\"all\"` |  |",
            "| `quote` | one character | `\"\\\"\"` |  |",
            "| `rules` | list of tables | required |  |",
            "| `rules[].rule` | `\"a\"`, `\"b\"` | required |  |",
            "| `any` | anything |  |  |",
        ];
        assert_eq!(shown(schema), expected);
        assert!(table(None, "option").is_empty());
        assert!(shown(json!({ "type": "object" })).is_empty());
    }
}
