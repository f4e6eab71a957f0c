//! What can be told of stages that are not right themselves, so that what stands behind them is looked at as well: all
//! problems of one pipeline are to be seen at once, and none that only follows from another.

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use jackfield_columns::Failure;
use jackfield_manifest::{Document, Location, Pipeline};
use std::sync::Arc;

use super::Port;

/// How far the columns that a stage gives are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trust {
    /// Neither names nor types are certain.
    Nothing,
    /// The names are, the types are not.
    Names,
    /// All is.
    Sure,
}

/// The outputs of a stage that is not right, as they may be without its mistakes.
#[derive(Debug, Clone)]
pub(crate) struct Sketch {
    pub(crate) outputs: Vec<Port>,
    pub(crate) trust: Trust,
}

impl Sketch {
    /// Outputs of these names, of which nothing else is known.
    pub(crate) fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Sketch {
        let port = |name: &str| Port { name: name.to_owned(), schema: None, wanted: None };
        Sketch { outputs: names.into_iter().map(port).collect(), trust: Trust::Nothing }
    }
}

/// Where an input's rows come from, as far as that could be planned.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    /// The stage and the number of its output; `None` where the stage is not right, or not there.
    pub(crate) place: Option<(usize, usize)>,
    /// Its columns. `None`: they come with the first batch, or nothing is known.
    pub(crate) schema: Option<SchemaRef>,
    pub(crate) trust: Trust,
}

impl Upstream {
    /// Something that is not right, and of which nothing is known.
    pub(crate) fn unknown() -> Upstream {
        Upstream { place: None, schema: None, trust: Trust::Nothing }
    }

    /// The columns; none where they are not known.
    pub(crate) fn columns(&self) -> SchemaRef {
        self.schema.clone().unwrap_or_else(|| Arc::new(Schema::empty()))
    }
}

/// Codes of failures that are the parameters' own, whatever the columns are.
const OWN: [&str; 10] = [
    "syntax",
    "unknown-function",
    "unknown-option",
    "invalid-type",
    "invalid-option",
    "invalid-parameter",
    "missing-parameter",
    "conflicting-parameters",
    "wrong-arguments",
    "duplicate-rename",
];

/// Whether a failure of a stage stands, though the columns that it was shown are trusted only so far.
pub(crate) fn stands(failure: &Failure, trust: Trust) -> bool {
    match trust {
        Trust::Sure => true,
        // A field within a column is part of its type.
        Trust::Names if failure.code == "unknown-column" => failure.column.is_some(),
        Trust::Names | Trust::Nothing => OWN.contains(&failure.code.as_str()),
    }
}

/// The columns and those that are missing among them, which may be of any type. `None` if none is missing.
pub(crate) fn with_missing(schema: &Schema, failures: &[Failure]) -> Option<SchemaRef> {
    let missing = failures.iter().filter(|failure| failure.code == "unknown-column");
    let mut fields: Vec<FieldRef> = schema.fields().to_vec();
    for name in missing.filter_map(|failure| failure.column.as_ref()) {
        if fields.iter().all(|field| field.name() != name) {
            fields.push(Arc::new(Field::new(name, DataType::Null, true)));
        }
    }
    (fields.len() > schema.fields().len()).then(|| Arc::new(Schema::new(fields)))
}

/// The keys of a pipeline that were wrong already when it was read.
#[derive(Debug, Default)]
pub(crate) struct Misread {
    paths: Vec<Vec<String>>,
    /// Something is wrong, and nobody can tell with what.
    anywhere: bool,
}

impl Misread {
    /// Where the problems with these places are.
    pub(crate) fn new<'a>(document: &Document, places: impl IntoIterator<Item = &'a Location>) -> Misread {
        let mut misread = Misread::default();
        for place in places {
            match document.path_at(place).filter(|path| path.len() > 1) {
                Some(path) => misread.paths.push(path),
                None => misread.anywhere = true,
            }
        }
        misread
    }

    /// Takes the stages out of a pipeline whose tables hold something that is wrong. `false`, and nothing done, where
    /// something else is.
    pub(crate) fn take_out(&self, pipeline: &mut Pipeline) -> bool {
        let stages = ["source", "node", "sink"];
        let of_stages = self.paths.iter().all(|path| path.first().is_some_and(|kind| stages.contains(&kind.as_str())));
        if self.anywhere || !of_stages {
            return false;
        }
        pipeline.sources.retain(|source| self.spares("source", source.name.as_str(), &[]));
        pipeline.nodes.retain(|node| self.spares("node", node.name.as_str(), &[]));
        pipeline.sinks.retain(|sink| self.spares("sink", sink.name.as_str(), &[]));
        true
    }

    /// Whether a stage is to be taken as it was read: nothing of its table is wrong but what `harmless` says.
    pub(crate) fn spares(&self, kind: &str, name: &str, harmless: &[&str]) -> bool {
        let own = |path: &&Vec<String>| matches!(path.as_slice(), [k, n, ..] if k == kind && n == name);
        let is_harmless = |path: &Vec<String>| path.get(2).is_some_and(|key| harmless.contains(&key.as_str()));
        !self.anywhere && self.paths.iter().filter(own).all(is_harmless)
    }

    /// Whether this key of a stage is wrong.
    pub(crate) fn holds(&self, kind: &str, name: &str, key: &str) -> bool {
        self.paths
            .iter()
            .any(|path| matches!(path.as_slice(), [k, n, last, ..] if k == kind && n == name && last == key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_depends_on_what_is_known() {
        let unknown = Failure::invalid_config("unknown-column", "there is no column `x`");
        let column = unknown.clone().with_column("x");
        let syntax = Failure::invalid_config("syntax", "an expression ends too early");
        let types = Failure::invalid_config("type-mismatch", "utf8 is no number");
        let kept = |trust| {
            let all = [&unknown, &column, &syntax, &types];
            all.iter().filter(|failure| stands(failure, trust)).map(|f| f.code.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(kept(Trust::Sure).len(), 4);
        assert_eq!(kept(Trust::Names), ["unknown-column", "syntax"]);
        assert_eq!(kept(Trust::Nothing), ["syntax"]);
        let schema = with_missing(&Schema::empty(), &[unknown, column.clone(), column.clone()]).unwrap();
        assert_eq!(schema.fields().len(), 1);
        assert_eq!(with_missing(&schema, &[column]), None);
    }

    #[test]
    fn what_was_misread_is_told_by_stage_and_key() {
        let text = "[source.a]\npath = \"a.csv\"\noptons = { x = 1 }\n[source.b]\npath = 3\non-error = \"x\"\n";
        let (pipeline, problems) = jackfield_manifest::parse_pipeline("p.toml", text, &[], &|_| None);
        let document = pipeline.unwrap().document;
        let placed: Vec<_> = problems.iter().filter_map(|problem| problem.location.as_ref()).collect();
        let misread = Misread::new(&document, placed);
        assert!(!misread.spares("source", "a", &["on-error"]) && !misread.spares("source", "b", &["on-error"]));
        assert!(misread.spares("source", "a", &["optons"]) && misread.spares("node", "a", &[]));
        assert!(misread.holds("source", "b", "on-error") && !misread.holds("source", "a", "on-error"));
    }
}
