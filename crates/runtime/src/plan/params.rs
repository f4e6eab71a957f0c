//! Compares parameters and options with the JSON Schema that a plugin's manifest gives for them.

use jackfield_manifest::{Document, Problem, nearest};
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use crate::configuration::compile_schema;
use crate::diagnose::{Class, Diagnosis, ProblemExt, problem};

/// Everything in `value` that `schema` does not allow; `path` is where the value stands in the pipeline.
pub(crate) fn validate(document: &Document, path: &[&str], value: &Value, schema: Option<&Value>) -> Vec<Diagnosis> {
    let Some(schema) = schema else { return Vec::new() };
    let validator = match compile_schema(schema) {
        Ok(validator) => validator,
        Err(error) => {
            let message = format!("the plugin's schema for {} is not valid: {error}", path.join("."));
            return vec![problem("invalid-schema", message).at(document.locate(path)).class(Class::Configuration)];
        }
    };
    let mut found = Vec::new();
    for error in validator.iter_errors(value) {
        let pointer = error.instance_path().to_string();
        let parts: Vec<String> =
            pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
        let mut keys: Vec<&str> = path.to_vec();
        keys.extend(parts.iter().map(String::as_str));
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                found.extend(unexpected.iter().map(|key| unknown_key(document, &keys, key, schema)));
            }
            _ => found.push(wrong_value(document, &keys, path.len(), &error, schema)),
        }
    }
    found.into_iter().map(|problem| problem.class(Class::Configuration)).collect()
}

/// Prepares JSON Schema's own schema, with which every other one is compared, and which takes as long as the rest of
/// planning's checks together.
pub(crate) fn warm_up() {
    let _ = compile_schema(&serde_json::json!({ "type": "object" }));
}

fn unknown_key(document: &Document, path: &[&str], key: &str, schema: &Value) -> Problem {
    let names = schema.get("properties").and_then(Value::as_object);
    let names: Vec<&str> = names.into_iter().flat_map(|names| names.keys()).map(String::as_str).collect();
    let mut keys = path.to_vec();
    keys.push(key);
    let mut unknown = problem("unknown-key", format!("{}: there is no `{key}` here", path.join(".")));
    unknown.help = match nearest(key, names.iter().copied()).first() {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if names.is_empty() => Some("it takes none".to_owned()),
        None => Some(format!("there are: {}", names.join(", "))),
    };
    unknown.location = document.locate_key(&keys);
    unknown
}

fn wrong_value(
    document: &Document,
    keys: &[&str],
    own: usize,
    error: &jsonschema::ValidationError<'_>,
    schema: &Value,
) -> Problem {
    let what = keys.join(".");
    let missing = matches!(error.kind(), ValidationErrorKind::Required { .. });
    let code = if missing { "missing-key" } else { "wrong-value" };
    let alternatives = match error.kind() {
        ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. } => {
            schema.pointer(&error.schema_path().to_string()).and_then(Value::as_array)
        }
        _ => None,
    };
    let said = match (error.kind(), alternatives) {
        (_, Some(alternatives)) => {
            let wanted: Vec<String> = alternatives.iter().map(described).collect();
            format!("{} is not {}", error.instance(), wanted.join(" or "))
        }
        (ValidationErrorKind::MinProperties { limit: 1 } | ValidationErrorKind::MinItems { limit: 1 }, _) => {
            "it is empty, and needs an entry at least".to_owned()
        }
        _ => error.to_string(),
    };
    let mut wrong = problem(code, format!("{what}: {said}"));
    let mut keys = keys;
    while wrong.location.is_none() && keys.len() + 1 >= own && !keys.is_empty() {
        wrong.location = document.locate(keys);
        keys = &keys[..keys.len() - 1];
    }
    wrong
}

/// What a simple schema takes, in words.
fn described(schema: &Value) -> String {
    if let Some(value) = schema.get("const") {
        return value.to_string();
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.iter().map(Value::to_string).collect::<Vec<_>>().join(" or ");
    }
    let kind = match schema.get("type").and_then(Value::as_str) {
        Some("integer") => "a whole number",
        Some("number") => "a number",
        Some("string") => "text",
        Some("boolean") => "true or false",
        Some("array") => "a list",
        Some("object") => "a table",
        _ => "what another of its schemas takes",
    };
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => format!("{kind} from {least} to {most}"),
        (Some(least), None) => format!("{kind} from {least} on"),
        (None, Some(most)) => format!("{kind} up to {most}"),
        (None, None) => kind.to_owned(),
    }
}
