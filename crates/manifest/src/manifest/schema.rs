//! JSON Schemas, written as TOML tables.

use serde_json::Value as Json;

use crate::document::Spot;
use crate::problem::Problem;
use crate::reader::{Report, Section};
use crate::value::{Value, to_json};

/// Reads a table that is the JSON Schema of an object. Whether it is good in all its depth shows where it is compiled;
/// what people get wrong most is checked here, with a place.
pub(super) fn read(section: &mut Section, key: &'static str, report: &mut Report<'_>) -> Option<Json> {
    let name = section.name(key);
    let spot = section.spot_of(key).unwrap_or(section.spot);
    let table = section.table(key, report)?;
    let schema = to_json(&Value::Table(table), None);
    refuse_references(&schema, &name, spot, report);
    check(&schema, &name, spot, report);
    Some(schema)
}

/// A schema says all it says itself: nothing is fetched or opened for the sake of a plugin.
fn refuse_references(schema: &Json, name: &str, spot: Spot, report: &mut Report<'_>) {
    let mut open = vec![schema];
    while let Some(part) = open.pop() {
        match part {
            Json::Object(entries) => {
                for (key, value) in entries {
                    let refers = matches!(key.as_str(), "$ref" | "$dynamicRef" | "$recursiveRef");
                    if let (true, Some(target)) = (refers, value.as_str().filter(|target| !target.starts_with('#'))) {
                        let message = format!("{name} refers to `{target}`, outside of itself");
                        let help = "copy what is meant into `$defs` and refer to \"#/$defs/NAME\"";
                        report.add(spot, Problem::error("invalid-schema", message).with_help(help));
                    }
                    open.push(value);
                }
            }
            Json::Array(items) => open.extend(items),
            _ => {}
        }
    }
}

fn check(schema: &Json, name: &str, spot: Spot, report: &mut Report<'_>) {
    let wrong = |message: String| {
        Problem::error("invalid-schema", message)
            .with_help("write a JSON Schema: { type = \"object\", properties = { … } }")
    };
    match schema.get("type") {
        Some(kind) if kind != "object" => {
            report.add(spot, wrong(format!("{name} must describe an object, not type {kind}")));
            return;
        }
        _ => {}
    }
    let Some(properties) = schema.get("properties") else {
        let keyword = |key: &str| key.starts_with('$') || KEYWORDS.contains(&key);
        let stray = schema.as_object().and_then(|schema| schema.keys().find(|key| !keyword(key)));
        if let Some(stray) = stray {
            report.add(spot, wrong(format!("{name} is a JSON Schema, and has no `properties` but a key `{stray}`")));
        }
        return;
    };
    match properties.as_object() {
        Some(properties) => {
            for (key, property) in
                properties.iter().filter(|(_, property)| !property.is_object() && !property.is_boolean())
            {
                report.add(spot, wrong(format!("`{key}` in {name} must be a schema, not {property}")));
            }
        }
        None => report.add(spot, wrong(format!("`properties` of {name} must be a table"))),
    }
}

/// What a schema of an object may hold without `properties`.
const KEYWORDS: &[&str] = &[
    "additionalProperties",
    "allOf",
    "anyOf",
    "default",
    "description",
    "examples",
    "maxProperties",
    "minProperties",
    "not",
    "oneOf",
    "patternProperties",
    "propertyNames",
    "required",
    "title",
    "type",
    "unevaluatedProperties",
];
