//! Compares what users write for plugins with the plugins' JSON Schemas.
//!
//! Schemas come from strangers: they say all that they say themselves (nothing is fetched or opened), and their patterns
//! are matched in linear time.

use jackfield_manifest::{Manifest, Problem, nearest};
use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::{Map, Value as Json};

/// Bytes that one compiled pattern of a schema may take.
const LARGEST_PATTERN: usize = 1 << 20;

/// How deep defaults are filled in.
const DEEPEST: usize = 32;

/// One thing that a schema does not allow.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Keys and numbers that lead to the place in the value.
    pub path: Vec<String>,
    /// The problem, without a location.
    pub problem: Problem,
}

/// A schema, ready to be used. Patterns are those of linear time: without back references and look-around.
///
/// # Errors
/// What is wrong with the schema; also a reference to anything outside of it.
pub fn compile_schema(schema: &Json) -> Result<Validator, String> {
    let patterns = PatternOptions::regex().size_limit(LARGEST_PATTERN).dfa_size_limit(LARGEST_PATTERN);
    jsonschema::options().with_pattern_options(patterns).build(schema).map_err(|error| error.to_string())
}

/// The plugin's configuration with defaults filled in. Secrets stay the placeholders `${secret:NAME}` that they are
/// written as; what the schema demands of such a text's content is not asked of a placeholder.
///
/// # Errors
/// Every violation; messages begin with the path, such as `plugin.audit.config.level`.
pub fn validate_config(manifest: &Manifest, config: &Json) -> Result<Json, Vec<Problem>> {
    check_config(manifest, config).map_err(|violations| violations.into_iter().map(|v| v.problem).collect())
}

/// As [`validate_config`], with the path of each violation, so that it can be shown where it was written.
///
/// # Errors
/// Every violation.
pub fn check_config(manifest: &Manifest, config: &Json) -> Result<Json, Vec<Violation>> {
    let name = format!("plugin.{}.config", manifest.plugin);
    let Some(schema) = &manifest.config else {
        let keys = config.as_object().map(|config| config.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        let unknown = keys.into_iter().map(|key| {
            let message = format!("{name}: there is no `{key}` here");
            let problem = Problem::error("unknown-key", message).with_help("this plugin takes no configuration");
            Violation { path: vec![key], problem }
        });
        let unknown: Vec<Violation> = unknown.collect();
        return if unknown.is_empty() { Ok(Json::Object(Map::new())) } else { Err(unknown) };
    };
    let mut filled = config.clone();
    fill_in(&mut filled, schema, schema, 0);
    let mut found = Vec::new();
    placeholders(&filled, &mut Vec::new(), &mut |path, text| {
        if secret_of(text).is_none() {
            let message = format!("{}: `{text}` is not a placeholder of a secret", shown(&name, path));
            let problem =
                Problem::error("invalid-value", message).with_help("write ${secret:NAME}, as the whole value");
            found.push(Violation { path: path.to_vec(), problem });
        }
    });
    match compile_schema(schema) {
        Ok(validator) => found.extend(violations(&validator, schema, &filled, &name).into_iter().filter(|violation| {
            // The secret is put in where it leaves; nobody can say here how long it is, or what it looks like.
            let value = violation.path.iter().try_fold(&filled, |value, key| step(value, key));
            let hidden = value.and_then(Json::as_str).is_some_and(|text| secret_of(text).is_some());
            !hidden || violation.problem.code == "wrong-type"
        })),
        Err(error) => {
            let message = format!("the configuration's schema of {} is not valid: {error}", manifest.plugin);
            found.push(Violation { path: Vec::new(), problem: Problem::error("invalid-schema", message) });
        }
    }
    if found.is_empty() { Ok(filled) } else { Err(found) }
}

/// Everything in `value` that a schema does not allow. `name` is what messages call the value.
pub fn violations(validator: &Validator, schema: &Json, value: &Json, name: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for error in validator.iter_errors(value) {
        let pointer = error.instance_path().to_string();
        let path: Vec<String> = pointer.split('/').skip(1).map(|p| p.replace("~1", "/").replace("~0", "~")).collect();
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                found.extend(unexpected.iter().map(|key| unknown_key(&path, key, schema, name)));
            }
            _ => {
                let code = code_of(&error);
                let problem = Problem::error(code, format!("{}: {error}", shown(name, &path)));
                found.push(Violation { path, problem });
            }
        }
    }
    found
}

fn code_of(error: &ValidationError<'_>) -> &'static str {
    match error.kind() {
        ValidationErrorKind::Required { .. } => "missing-key",
        ValidationErrorKind::Type { .. } => "wrong-type",
        _ => "wrong-value",
    }
}

fn unknown_key(path: &[String], key: &str, schema: &Json, name: &str) -> Violation {
    let mut problem = Problem::error("unknown-key", format!("{}: there is no `{key}` here", shown(name, path)));
    let mut at = Some(schema);
    for step in path {
        at = at.and_then(|schema| schema.get("properties")?.get(step));
    }
    let names = at.and_then(|schema| schema.get("properties")).and_then(Json::as_object);
    let names: Vec<&str> = names.into_iter().flat_map(Map::keys).map(String::as_str).collect();
    problem.help = match nearest(key, names.iter().copied()).first() {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if names.is_empty() => None,
        None => Some(format!("there are: {}", names.join(", "))),
    };
    let mut path = path.to_vec();
    path.push(key.to_owned());
    Violation { path, problem }
}

fn shown(name: &str, path: &[String]) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{name}.{}", path.join(".")) }
}

fn step<'v>(value: &'v Json, key: &str) -> Option<&'v Json> {
    match value {
        Json::Array(items) => items.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    }
}

/// The name of the secret, if a text is a placeholder and nothing else.
pub fn secret_of(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${secret:")?.strip_suffix('}')?;
    let good = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    (!name.is_empty() && name.chars().all(good)).then_some(name)
}

/// All texts that mention a placeholder.
fn placeholders(value: &Json, path: &mut Vec<String>, note: &mut impl FnMut(&[String], &str)) {
    match value {
        Json::String(text) if text.contains("${secret:") => note(path, text),
        Json::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                path.push(number.to_string());
                placeholders(item, path, note);
                path.pop();
            }
        }
        Json::Object(entries) => {
            for (key, entry) in entries {
                path.push(key.clone());
                placeholders(entry, path, note);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Puts in the defaults of properties that are missing, at every depth; `whole` is where references lead.
fn fill_in(value: &mut Json, schema: &Json, whole: &Json, depth: usize) {
    if depth >= DEEPEST {
        return;
    }
    let schema = match schema.get("$ref").and_then(Json::as_str).and_then(|target| target.strip_prefix('#')) {
        Some(pointer) => whole.pointer(pointer).unwrap_or(schema),
        None => schema,
    };
    match value {
        Json::Object(entries) => {
            for (key, property) in schema.get("properties").and_then(Json::as_object).into_iter().flatten() {
                if let (None, Some(default)) = (entries.get(key), property.get("default")) {
                    entries.insert(key.clone(), default.clone());
                }
                if let Some(entry) = entries.get_mut(key) {
                    fill_in(entry, property, whole, depth + 1);
                }
            }
        }
        Json::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| fill_in(item, schema, whole, depth + 1));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest(config: &str) -> Manifest {
        let text = format!("[plugin]\nname = \"audit\"\nversion = \"1.0.0\"\ncomponent = \"a.wasm\"\n\n{config}");
        let (manifest, problems) = jackfield_manifest::parse_manifest("plugin.toml", &text);
        assert_eq!(problems, []);
        manifest.unwrap()
    }

    const SCHEMA: &str = r#"
        [config]
        type = "object"
        additionalProperties = false
        required = ["region"]
        [config.properties]
        region = { type = "string" }
        level = { enum = ["low", "high"], default = "low" }
        token = { type = "string", minLength = 40 }
        port = { type = "integer" }
        [config.properties.retry]
        type = "object"
        default = {}
        properties = { times = { type = "integer", default = 3 } }
    "#;

    #[test]
    fn defaults_are_filled_in_at_every_depth() {
        let filled = validate_config(&manifest(SCHEMA), &json!({ "region": "eu" })).unwrap();
        assert_eq!(filled, json!({ "region": "eu", "level": "low", "retry": { "times": 3 } }));
    }

    #[test]
    fn every_violation_is_told() {
        let config = json!({ "levle": "x", "level": "middle", "retry": { "times": "often" } });
        let problems = validate_config(&manifest(SCHEMA), &config).unwrap_err();
        let mut told: Vec<(&str, &str)> = problems.iter().map(|p| (p.code.as_str(), p.message.as_str())).collect();
        told.sort();
        assert_eq!(told.len(), 4, "{told:?}");
        assert_eq!(told[0].0, "missing-key");
        assert_eq!(told[1], ("unknown-key", "plugin.audit.config: there is no `levle` here"));
        assert!(told[2].1.starts_with("plugin.audit.config.retry.times: "), "{told:?}");
        assert!(told[3].1.starts_with("plugin.audit.config.level: "), "{told:?}");
        let help = problems.iter().find(|p| p.code == "unknown-key").and_then(|p| p.help.clone());
        assert_eq!(help.unwrap(), "did you mean `level`?");
    }

    #[test]
    fn secrets_stay_placeholders() {
        let config = json!({ "region": "eu", "token": "${secret:api}" });
        assert_eq!(validate_config(&manifest(SCHEMA), &config).unwrap()["token"], "${secret:api}");
        for wrong in ["Bearer ${secret:api}", "${secret:}", "${secret:a b}", "${secret:a"] {
            let problems = validate_config(&manifest(SCHEMA), &json!({ "region": wrong })).unwrap_err();
            assert_eq!(problems[0].code, "invalid-value", "{wrong}");
        }
        // Where no text can stand, no secret can.
        let problems = validate_config(&manifest(SCHEMA), &json!({ "region": "eu", "port": "${secret:api}" }));
        assert_eq!(problems.unwrap_err()[0].code, "wrong-type");
    }

    #[test]
    fn a_plugin_without_a_schema_takes_no_configuration() {
        assert_eq!(validate_config(&manifest(""), &json!({})).unwrap(), json!({}));
        assert_eq!(validate_config(&manifest(""), &json!({ "a": 1 })).unwrap_err()[0].code, "unknown-key");
    }

    #[test]
    fn schemas_refer_to_nothing_outside() {
        for reference in ["file:///etc/passwd", "http://127.0.0.1:1/schema.json", "other.json"] {
            assert!(compile_schema(&json!({ "$ref": reference })).is_err(), "{reference}");
        }
        assert!(compile_schema(&json!({ "$ref": "#/$defs/a", "$defs": { "a": { "type": "object" } } })).is_ok());
    }

    #[test]
    fn patterns_take_linear_time() {
        // Only a backtracking engine has look-around and back references.
        for pattern in ["(?=a)b", "(a)\\1"] {
            assert!(compile_schema(&json!({ "type": "string", "pattern": pattern })).is_err(), "{pattern}");
        }
        let slow = compile_schema(&json!({ "type": "string", "pattern": "^(a+)+$" })).unwrap();
        let start = std::time::Instant::now();
        assert!(!slow.is_valid(&Json::from(format!("{}b", "a".repeat(50_000)))));
        assert!(start.elapsed() < std::time::Duration::from_secs(2));
    }
}
