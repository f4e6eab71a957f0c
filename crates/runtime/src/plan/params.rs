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

/// The parameters without what the schema does not allow, and the keys that are others for it: enough to look for what else
/// is wrong. A parameter that has to be there is that of the schema's example. `None`: there is no such example.
pub(crate) fn mended(value: &Value, schema: Option<&Value>) -> Option<(Value, Vec<String>)> {
    let schema = schema?;
    let validator = compile_schema(schema).ok()?;
    let mut mended = value.as_object()?.clone();
    let mut changed = Vec::new();
    for error in validator.iter_errors(value) {
        let pointer = error.instance_path().to_string();
        let first = pointer.split('/').nth(1).map(|key| key.replace("~1", "/").replace("~0", "~"));
        match (error.kind(), first) {
            (ValidationErrorKind::AdditionalProperties { unexpected }, None) => changed.extend(unexpected.clone()),
            (ValidationErrorKind::Required { property }, None) => changed.extend(property.as_str().map(str::to_owned)),
            (_, Some(first)) => changed.push(first),
            (_, None) => return None,
        }
    }
    let example = schema.get("examples").and_then(Value::as_array).and_then(|examples| examples.first());
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let required: Vec<&str> = required.collect();
    for key in &changed {
        mended.remove(key);
        if required.contains(&key.as_str()) {
            mended.insert(key.clone(), example?.get(key)?.clone());
        }
    }
    let mended = Value::Object(mended);
    validator.is_valid(&mended).then_some((mended, changed))
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

#[cfg(test)]
mod tests {
    use super::mended;
    use serde_json::json;

    #[test]
    fn parameters_are_mended_as_far_as_an_example_goes() {
        let schema = json!({ "type": "object", "required": ["rows"], "additionalProperties": false, "examples": [{ "rows": 3 }],
            "properties": { "rows": { "type": "integer", "minimum": 0 }, "by": { "type": "array" }, "per": { "type": "array" } } });
        let of = |value| mended(&value, Some(&schema));
        assert_eq!(of(json!({ "rows": 1 })), Some((json!({ "rows": 1 }), vec![])));
        let found = of(json!({ "rows": -1, "by": "x", "pre": [], "per": [1] })).unwrap();
        assert_eq!(found.0, json!({ "per": [1], "rows": 3 }));
        assert_eq!(found.1.len(), 3);
        assert_eq!(of(json!({ "by": [] })).unwrap(), (json!({ "by": [], "rows": 3 }), vec!["rows".to_owned()]));
        let without = json!({ "type": "object", "required": ["rows"] });
        assert_eq!(mended(&json!({}), Some(&without)), None);
        assert_eq!(mended(&json!([]), Some(&schema)), None);
    }
}
