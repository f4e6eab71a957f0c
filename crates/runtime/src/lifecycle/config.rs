//! A plugin's own configuration: the operator's, the pipeline's over it, and the defaults of the manifest's schema below.

use std::collections::BTreeMap;

use jackfield_manifest::{Config, Document, Location, Manifest, Pipeline, PluginSettings, Value, to_json};
use serde_json::{Map, Value as Json};

use crate::configuration::{Violation, check_config};
use crate::diagnose::{Class, Diagnosis, ProblemExt, problem};

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
        let mut places: BTreeMap<String, &Document> = BTreeMap::new();
        for (settings, document) in sides {
            let (Some(settings), Some(document)) = (settings, document) else { continue };
            let Json::Object(own) = to_json(&Value::Table(settings.config.clone()), schema) else { continue };
            for (key, value) in own {
                if fixed && merged.contains_key(&key) && merged.get(&key) != Some(&value) {
                    found.push(fixed_key(document, name, &key));
                } else {
                    places.insert(key.clone(), document);
                    merged.insert(key, value);
                }
            }
        }
        let checked = checked(manifest, &Json::Object(merged), &|path| {
            let document = places.get(path.first()?)?;
            let path: Vec<&str> =
                ["plugin", name, "config"].into_iter().chain(path.iter().map(String::as_str)).collect();
            document.locate_key(&path)
        });
        match checked {
            Ok(config) if found.is_empty() => Ok(config),
            Ok(_) => Err(found),
            Err(more) => {
                found.extend(more);
                Err(found)
            }
        }
    }
}

/// A configuration with its defaults, if the manifest allows it. `place` finds where a value was said.
pub(crate) fn checked(
    manifest: &Manifest,
    config: &Json,
    place: &dyn Fn(&[String]) -> Option<Location>,
) -> Result<Json, Vec<Diagnosis>> {
    check_config(manifest, config).map_err(|violations| {
        let diagnosis = |violation: Violation| {
            let Violation { path, mut problem } = violation;
            if problem.code == "invalid-schema" {
                problem.location = manifest.document.locate_key(&["config"]);
            } else {
                problem.location = place(&path);
            }
            if problem.help.is_none() {
                let table = format!("[plugin.{}.config]", manifest.plugin);
                problem.help = Some(format!("say it under {table} in jackfield.toml or in the pipeline"));
            }
            problem.class(Class::Configuration)
        };
        violations.into_iter().map(diagnosis).collect()
    })
}

fn fixed_key(document: &Document, plugin: &str, key: &str) -> Diagnosis {
    let message = format!("plugin {plugin}: the operator has set `{key}`, which a pipeline cannot change");
    problem("hook-config-fixed", message)
        .with_help(format!("remove `{key}`, or ask the operator of this machine"))
        .at(document.locate_key(&["plugin", plugin, "config", key]))
        .class(Class::Configuration)
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
        assert_eq!(found.len(), 3, "{found:?}");
        let told = |part: &str| found.iter().any(|line| line.contains(part));
        assert!(told("jackfield.toml:2") && told("pipeline.toml:2") && told("\"name\" is a required"), "{found:?}");
    }
}
