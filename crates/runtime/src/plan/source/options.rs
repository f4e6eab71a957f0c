//! What a source says about its format and its columns: whether it may be said, and what is left of it where it may not.

use arrow::datatypes::{Field, Schema};
use jackfield_columns::{Failure, FailureKind, parse_type, type_name};
use jackfield_host::CallError;
use jackfield_manifest::{Location, Problem, Source, Value, nearest, to_json};
use serde_json::{Map, Value as Json};

use crate::diagnose::{Class, Diagnosis, ProblemExt, decoding_problems, failure_problem, place, problem};
use crate::discover::InstalledPlugin;
use crate::plan::sketch::Trust;
use crate::plan::{Planner, params};

/// The options of a source's format as far as they can be used.
pub(super) struct Chosen {
    /// Those of the format, and under `schema` the types that the source tells.
    pub(super) options: Map<String, Json>,
    /// How far the columns are known that a reader finds with them.
    pub(super) trust: Trust,
    /// Some of what the source says is left out.
    pub(super) changed: bool,
    /// Columns of `schema` of which something was said already.
    pub(super) told: Vec<String>,
    /// Options that are left out.
    left_out: Vec<String>,
    /// The manifest's schema of the options.
    declared: Option<Json>,
}

impl Chosen {
    /// What a reader says but for that about options that were left out.
    pub(super) fn about_others(&self, error: CallError) -> CallError {
        let known = |failure: &Failure| {
            let option = failure.parameter.as_deref().and_then(|pointer| pointer.split('/').nth(1));
            option.is_none_or(|option| !self.left_out.iter().any(|known| known == option))
        };
        match error {
            CallError::Failures(failures) => CallError::Failures(failures.into_iter().filter(known).collect()),
            other => other,
        }
    }

    /// Leaves out what the failures are about, so that the others can be looked for. `false`: they are about nothing that
    /// could be left out.
    pub(super) fn leave_out(&mut self, error: &CallError) -> bool {
        let CallError::Failures(failures) = error else { return false };
        let mut left_out = false;
        for failure in failures.iter().filter(|failure| failure.kind == FailureKind::InvalidConfig) {
            let pointer = failure.parameter.as_deref().unwrap_or_default();
            let mut parts = pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~"));
            let (first, second) = (parts.next(), parts.next());
            let (removed, trust) = match (first.as_deref(), second) {
                (Some("schema"), Some(column)) => {
                    let types = self.options.get_mut("schema").and_then(Json::as_object_mut);
                    let removed = types.and_then(|types| types.shift_remove(&column)).is_some();
                    self.told.push(column);
                    (removed, Trust::Names)
                }
                (Some(option), _) => {
                    let removed = self.options.shift_remove(option).is_some();
                    self.left_out.push(option.to_owned());
                    (removed, affected(self.declared.as_ref(), option))
                }
                _ => continue,
            };
            if removed {
                self.trust = self.trust.min(trust);
                (self.changed, left_out) = (true, true);
            }
        }
        left_out
    }
}

/// What an option decides of the columns that a reader finds: its `affects` in the manifest's schema says `types` or
/// `nothing`, and otherwise it may be everything. One that is not there is taken for the one that it looks like.
fn affected(schema: Option<&Json>, option: &str) -> Trust {
    let Some(known) = schema.and_then(|schema| schema.get("properties")).and_then(Json::as_object) else {
        return Trust::Nothing;
    };
    let near = || nearest(option, known.keys().map(String::as_str)).first().and_then(|near| known.get(*near));
    let declared = known.get(option).or_else(near);
    match declared.and_then(|declared| declared.get("affects")).and_then(Json::as_str) {
        Some("nothing") => Trust::Sure,
        Some("types") => Trust::Names,
        _ => Trust::Nothing,
    }
}

impl Planner<'_> {
    /// Type texts in `schema` that are none.
    pub(super) fn check_schema(&self, source: &Source) -> Vec<Diagnosis> {
        let mut problems = Vec::new();
        for (column, text) in &source.schema {
            if let Err(failure) = parse_type(text) {
                let at = self.document().locate(&["source", source.name.as_str(), "schema", column]);
                let wrong = problem("invalid-type", format!("schema of column `{column}`: {}", failure.message)).at(at);
                problems.push(Problem { help: failure.help, ..wrong }.class(Class::Configuration));
            }
        }
        problems
    }

    /// Columns of `schema` that the file does not have, but for those that are `told`.
    pub(super) fn check_schema_names(
        &self,
        source: &Source,
        schema: &Schema,
        partitions: &[Field],
        told: &[String],
    ) -> Vec<Diagnosis> {
        let names = schema.fields().iter().map(AsRef::as_ref).chain(partitions);
        let names: Vec<&str> = names.map(|field| field.name().as_str()).collect();
        let unknown = source.schema.keys().filter(|column| !names.contains(&column.as_str()) && !told.contains(column));
        unknown
            .map(|column| {
                let help = match nearest(column, names.iter().copied()).first() {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the columns are: {}", names.join(", ")),
                };
                problem("unknown-column", format!("source.{} has no column `{column}`", source.name))
                    .with_help(help)
                    .at(self.document().locate_key(&["source", source.name.as_str(), "schema", column]))
                    .class(Class::Configuration)
            })
            .collect()
    }

    /// The format's options as JSON, with the source's `schema`, and what is wrong with them. Without the former nothing
    /// can be read.
    pub(super) fn options(
        &self,
        source: &Source,
        plugin: &InstalledPlugin,
        format: &str,
    ) -> (Option<Chosen>, Vec<Diagnosis>) {
        let declared = plugin.manifest.formats.iter().find(|declared| declared.id == format);
        let schema = declared.and_then(|declared| declared.options.clone());
        let value = to_json(&Value::Table(source.options.clone()), schema.as_ref());
        let path = ["source", source.name.as_str(), "options"];
        let problems = params::validate(self.document(), &path, &value, schema.as_ref());
        let (value, wrong) = match problems.as_slice() {
            [] => (value, Vec::new()),
            _ => match params::mended(&value, schema.as_ref()) {
                Some(mended) => mended,
                None => return (None, problems),
            },
        };
        let trust = wrong.iter().map(|option| affected(schema.as_ref(), option)).min().unwrap_or(Trust::Sure);
        let mut options = match value {
            Json::Object(options) => options,
            _ => Map::new(),
        };
        let known = |text: &String| parse_type(text).ok().map(|of| Json::String(type_name(&of)));
        let types = source.schema.iter().filter_map(|(column, text)| Some((column.clone(), known(text)?)));
        options.insert("schema".to_owned(), Json::Object(types.collect()));
        let (changed, told) = (!wrong.is_empty(), Vec::new());
        let chosen = Chosen { options, trust, changed, told, left_out: wrong, declared: schema };
        (Some(chosen), problems)
    }

    /// What a reader said while it was opened: about its options, or about the file.
    pub(super) fn reader_problems(
        &self,
        error: CallError,
        source: &Source,
        what: &str,
        plugin: &InstalledPlugin,
    ) -> Vec<Diagnosis> {
        let name = source.name.as_str();
        let CallError::Failures(failures) = error else {
            return decoding_problems(error, what, plugin);
        };
        let mut problems = Vec::new();
        for failure in failures {
            let about_schema = failure.parameter.as_deref().is_some_and(|p| p.starts_with("/schema"));
            let section = if about_schema { "" } else { "options" };
            problems.push(match failure.kind {
                FailureKind::InvalidConfig => place(self.document(), &["source", name], section, failure),
                _ => {
                    let line = failure.row;
                    let mut diagnosis = failure_problem(failure, what);
                    if let (Some(line), Some((_, file))) = (line, what.split_once(": ")) {
                        diagnosis.problem.location = Some(Location::of_line(file, line + 1, &[]));
                    }
                    diagnosis
                }
            });
        }
        problems
    }
}
