//! A plugin's own configuration: the operator's, the pipeline's over it, and the defaults of the manifest's schema below.

use jackfield_manifest::{Config, Document, Manifest, Pipeline, PluginSettings, Value, to_json};
use serde_json::{Map, Value as Json};

use crate::diagnose::{Class, Diagnosis, ProblemExt, problem};
use crate::plan::params::validate;

/// What the configurations say of plugins.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Said<'a> {
    /// `jackfield.toml`.
    pub(crate) operator: Option<&'a Config>,
    /// `pipeline.toml`.
    pub(crate) pipeline: Option<&'a Pipeline>,
}

impl<'a> Said<'a> {
    /// What the operator says of a plugin.
    pub(crate) fn by_operator(&self, plugin: &str) -> Option<&'a PluginSettings> {
        self.operator.and_then(|config| config.plugins.get(plugin))
    }

    /// What the pipeline says of a plugin.
    pub(crate) fn by_pipeline(&self, plugin: &str) -> Option<&'a PluginSettings> {
        self.pipeline.and_then(|pipeline| pipeline.plugins.get(plugin))
    }

    /// The configuration that is in force, validated and with its defaults. `fixed`: a pipeline must not set again what
    /// the operator has set, because the plugin watches over pipelines.
    ///
    /// # Errors
    /// Everything in it that the manifest does not allow, where it is said.
    pub(crate) fn config(&self, manifest: &Manifest, fixed: bool) -> Result<Json, Vec<Diagnosis>> {
        let schema = manifest.config.as_ref();
        let name = manifest.plugin.as_str();
        let mut merged = Map::new();
        let mut found = Vec::new();
        let sides = [
            (self.by_operator(name), self.operator.map(|config| &config.document)),
            (self.by_pipeline(name), self.pipeline.map(|pipeline| &pipeline.document)),
        ];
        for (settings, document) in sides {
            let (Some(settings), Some(document)) = (settings, document) else { continue };
            let own = to_json(&Value::Table(settings.config.clone()), schema);
            let path = ["plugin", name, "config"];
            if schema.is_none() && !settings.config.is_empty() {
                let message = format!("plugin {name} takes no configuration");
                let wrong = problem("unknown-key", message).with_help(format!("remove [plugin.{name}.config]"));
                found.push(wrong.at(document.locate_key(&path)).class(Class::Configuration));
            }
            // What is required may be said on the other side, so a part is looked at without that.
            let part = schema.map(without_required);
            found.extend(validate(document, &path, &own, part.as_ref()));
            let Json::Object(own) = own else { continue };
            for (key, value) in own {
                if fixed && merged.contains_key(&key) && merged.get(&key) != Some(&value) {
                    found.push(fixed_key(document, name, &key));
                } else {
                    merged.insert(key, value);
                }
            }
        }
        let mut merged = Json::Object(merged);
        if let Some(schema) = schema {
            fill(&mut merged, schema);
            if found.is_empty() {
                found.extend(whole(manifest, &merged, schema));
            }
        }
        if found.is_empty() { Ok(merged) } else { Err(found) }
    }
}

fn fixed_key(document: &Document, plugin: &str, key: &str) -> Diagnosis {
    let message = format!("plugin {plugin}: the operator has set `{key}`, which a pipeline cannot change");
    problem("hook-config-fixed", message)
        .with_help(format!("remove `{key}`, or ask the operator of this machine"))
        .at(document.locate_key(&["plugin", plugin, "config", key]))
        .class(Class::Configuration)
}

fn without_required(schema: &Json) -> Json {
    let mut schema = schema.clone();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("required");
    }
    schema
}

/// Adds the defaults of properties that are not there, in all depth.
fn fill(value: &mut Json, schema: &Json) {
    let (Some(value), Some(properties)) = (value.as_object_mut(), schema.get("properties").and_then(Json::as_object))
    else {
        return;
    };
    for (name, property) in properties {
        if !value.contains_key(name)
            && let Some(default) = property.get("default")
        {
            value.insert(name.clone(), default.clone());
        }
        if let Some(inner) = value.get_mut(name) {
            fill(inner, property);
        }
    }
}

/// What the configuration as a whole lacks.
pub(crate) fn whole(manifest: &Manifest, config: &Json, schema: &Json) -> Vec<Diagnosis> {
    let name = &manifest.plugin;
    let wrong = |message: String| problem("invalid-plugin-config", message).class(Class::Configuration);
    let validator = match jsonschema::validator_for(schema) {
        Ok(validator) => validator,
        Err(error) => return vec![wrong(format!("the schema of plugin {name}'s configuration is not valid: {error}"))],
    };
    let help = format!("say it under [plugin.{name}.config] in jackfield.toml or in the pipeline");
    validator
        .iter_errors(config)
        .map(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { String::new() } else { format!(" at {place}") };
            let mut diagnosis = wrong(format!("the configuration of plugin {name} is wrong{place}: {error}"));
            diagnosis.problem.help = Some(help.clone());
            diagnosis
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
[plugin]
name = "p"
version = "1.0.0"
component = "p.wasm"
[[provides.hook]]
id = "h"
point = "pipeline.plan"
kind = "before"
[config]
type = "object"
required = ["name"]
additionalProperties = false
[config.properties]
name = { type = "string" }
depth = { type = "integer", default = 3 }
inner = { type = "object", default = {}, properties = { on = { type = "boolean", default = true } } }
"#;

    fn said(operator: &str, pipeline: &str, fixed: bool) -> Result<Json, Vec<String>> {
        let manifest = jackfield_manifest::parse_manifest("plugin.toml", MANIFEST).0.unwrap();
        let operator = jackfield_manifest::parse_config("jackfield.toml", operator).0.unwrap();
        let pipeline = jackfield_manifest::parse_pipeline("pipeline.toml", pipeline, &[], &|_| None).0.unwrap();
        let said = Said { operator: Some(&operator), pipeline: Some(&pipeline) };
        said.config(&manifest, fixed).map_err(|found| found.into_iter().map(|d| d.problem.to_string()).collect())
    }

    #[test]
    fn the_pipeline_overrides_the_operator_and_defaults_fill_in() {
        let config = said("[plugin.p.config]\nname = \"a\"\ndepth = 1\n", "[plugin.p.config]\nname = \"b\"\n", false);
        assert_eq!(config, Ok(serde_json::json!({ "name": "b", "depth": 1, "inner": { "on": true } })));
    }

    #[test]
    fn what_the_operator_of_a_hook_has_set_is_fixed() {
        let found = said("[plugin.p.config]\nname = \"a\"\n", "[plugin.p.config]\nname = \"b\"\ndepth = 2\n", true)
            .unwrap_err();
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("hook-config-fixed") && found[0].contains("pipeline.toml:2"), "{found:?}");
    }

    #[test]
    fn all_violations_are_listed_where_they_are_said() {
        let found = said("[plugin.p.config]\ndepth = \"x\"\n", "[plugin.p.config]\nnam = \"b\"\n", false).unwrap_err();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("jackfield.toml:2") && found[1].contains("did you mean `name`?"), "{found:?}");
        let found = said("", "", false).unwrap_err();
        assert!(found[0].contains("\"name\" is a required property"), "{found:?}");
    }
}
