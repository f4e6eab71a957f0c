//! What the code of a plugin declares, against its manifest: in some languages parameters stand in both.

use jackfield_manifest::Problem;
use serde_json::Value;

use crate::failure::BuildError;
use crate::project::Project;

/// What the SDK's and the manifest's schema of a parameter have to agree in; the manifest may say more.
const COMPARED: [&str; 8] = ["type", "default", "enum", "minimum", "maximum", "items", "additionalProperties", "anyOf"];

/// Compares the manifest with what the SDK has printed: an object with lists `node`, `format` and `codec` of objects
/// with an id and a JSON Schema.
///
/// # Errors
/// `manifest-differs`, all that do.
pub(super) fn compare(project: &Project, printed: &str, help: &str) -> Result<(), BuildError> {
    let declared: Value = serde_json::from_str(printed).map_err(|error| {
        BuildError::wrong(Problem::error("manifest-differs", format!("the SDK printed no declarations: {error}")))
    })?;
    let manifest = &project.manifest;
    let nodes = manifest.nodes.iter().map(|node| (node.node_type.as_str(), node.parameters.as_ref()));
    let formats = manifest.formats.iter().map(|format| (format.id.as_str(), format.options.as_ref()));
    let codecs = manifest.codecs.iter().map(|codec| (codec.id.as_str(), codec.options.as_ref()));
    let mut messages = Vec::new();
    kind("node", "type", "parameters", &nodes.collect::<Vec<_>>(), &declared, &mut messages);
    kind("format", "id", "options", &formats.collect::<Vec<_>>(), &declared, &mut messages);
    kind("codec", "id", "options", &codecs.collect::<Vec<_>>(), &declared, &mut messages);
    if messages.is_empty() {
        return Ok(());
    }
    let of = |message: String| {
        Problem::error("manifest-differs", format!("plugin.toml and the code differ: {message}")).with_help(help)
    };
    Err(BuildError::Configuration(messages.into_iter().map(of).collect()))
}

fn kind(
    kind: &str,
    key: &str,
    schema: &str,
    manifest: &[(&str, Option<&Value>)],
    declared: &Value,
    messages: &mut Vec<String>,
) {
    let entries = declared.get(kind).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let id = |entry: &Value| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    for (name, said) in manifest {
        match entries.iter().find(|entry| id(entry) == *name) {
            None => messages.push(format!("the manifest provides the {kind} `{name}`, and the code declares none")),
            Some(entry) => {
                let what = format!("{kind} `{name}`");
                schemas(&what, *said, entry.get(schema), messages);
            }
        }
    }
    for name in entries.iter().map(id).filter(|name| !manifest.iter().any(|(known, _)| known == name)) {
        messages.push(format!("the code declares the {kind} `{name}`, and the manifest does not provide it"));
    }
}

fn schemas(what: &str, manifest: Option<&Value>, code: Option<&Value>, messages: &mut Vec<String>) {
    let properties = |schema: Option<&Value>| {
        let found = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
        found.cloned().unwrap_or_default()
    };
    let required = |schema: Option<&Value>, name: &str| {
        let list = schema.and_then(|it| it.get("required")).and_then(Value::as_array);
        list.is_some_and(|list| list.iter().any(|one| one == name))
    };
    let (said, meant) = (properties(manifest), properties(code));
    for (name, schema) in &meant {
        let Some(other) = said.get(name) else {
            messages.push(format!("{what} takes `{name}`, of which the manifest says nothing"));
            continue;
        };
        let differs = |key: &&&str| !alike(schema.get(**key), other.get(**key));
        for key in COMPARED.iter().filter(|key| schema.get(**key).is_some()).filter(differs) {
            let shown = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
            let (code, manifest) = (shown(schema.get(*key)), shown(other.get(*key)));
            messages.push(format!("{what}, `{name}`: `{key}` is {code} in the code and {manifest} in the manifest"));
        }
        if schema.get("default").is_none() && other.get("default").is_some() {
            messages.push(format!("{what}, `{name}`: only the manifest has a default"));
        }
        match (required(code, name), required(manifest, name)) {
            (true, false) => messages.push(format!("{what}, `{name}`: the code requires it, the manifest does not")),
            (false, true) => messages.push(format!("{what}, `{name}`: the manifest requires it, the code does not")),
            _ => {}
        }
    }
    for name in said.keys().filter(|name| !meant.contains_key(*name)) {
        messages.push(format!("{what}: the manifest has the parameter `{name}`, which the code does not take"));
    }
}

/// Whether two values are the same; 60 and 60.0 are.
fn alike(code: Option<&Value>, manifest: Option<&Value>) -> bool {
    match (code.and_then(Value::as_f64), manifest.and_then(Value::as_f64)) {
        (Some(a), Some(b)) => a.total_cmp(&b).is_eq(),
        _ => code == manifest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_differs_is_told_for_each_parameter() {
        let manifest = json!({"properties": {
            "column": {"type": "string", "minLength": 1},
            "above": {"type": "number", "default": 60},
            "into": {"type": "string", "default": "hours"},
            "gone": {"type": "string"},
        }, "required": ["into"]});
        let code = json!({"properties": {
            "column": {"type": "string"},
            "above": {"type": "integer", "default": 60.0},
            "into": {"type": "string"},
            "new": {"type": "boolean", "default": true},
        }, "required": ["column", "into"]});
        let mut messages = Vec::new();
        schemas("node `late`", Some(&manifest), Some(&code), &mut messages);
        assert_eq!(
            messages,
            [
                "node `late`, `column`: the code requires it, the manifest does not",
                "node `late`, `above`: `type` is \"integer\" in the code and \"number\" in the manifest",
                "node `late`, `into`: only the manifest has a default",
                "node `late` takes `new`, of which the manifest says nothing",
                "node `late`: the manifest has the parameter `gone`, which the code does not take",
            ]
        );
        messages.clear();
        schemas("node `late`", Some(&manifest), Some(&manifest), &mut messages);
        assert!(messages.is_empty(), "{messages:?}");
    }

    #[test]
    fn both_ways_everything_is_there() {
        let declared = json!({"node": [{"type": "late", "parameters": {}}, {"type": "new", "parameters": {}}]});
        let mut messages = Vec::new();
        kind("node", "type", "parameters", &[("late", None), ("old", None)], &declared, &mut messages);
        assert_eq!(
            messages,
            [
                "the manifest provides the node `old`, and the code declares none",
                "the code declares the node `new`, and the manifest does not provide it",
            ]
        );
    }
}
