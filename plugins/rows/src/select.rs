//! `select`: keeps, orders and renames columns. No row is touched.

use jackfield_kit::problems::Problems;
use jackfield_sdk::params::{Ordered, pointer};
use jackfield_sdk::{Binding, Failure, InputPort, OutputPort, Params};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Select {
    columns: Option<Vec<String>>,
    except: Option<Vec<String>>,
    /// New name, old name.
    #[serde(default)]
    rename: Ordered<String>,
}

impl Select {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let select: Select = params.parse()?;
        if select.columns.is_some() && select.except.is_some() {
            let failure =
                Failure::invalid_config("conflicting-parameters", "`columns` and `except` exclude one another");
            return Err(failure.with_parameter("/except").with_help("leave one of them out").into());
        }
        if select.columns.is_none() && select.except.is_none() && select.rename.0.is_empty() {
            let failure = Failure::invalid_config("missing-parameter", "`columns`, `except` or `rename` is needed");
            return Err(failure
                .with_parameter("")
                .with_help("say which columns to keep, as in `columns = [\"a\"]`")
                .into());
        }
        Ok(select)
    }

    pub(crate) fn bind(&mut self, input: &InputPort) -> Result<Binding, Vec<Failure>> {
        let mut problems = Problems::default();
        let kept = self.kept(input, &mut problems);
        let mut new_names: Vec<Option<&str>> = vec![None; input.schema.len()];
        for (new, old) in &self.rename.0 {
            let place = pointer("/rename", new);
            let Some(index) = problems.column(&place, old, &input.schema) else { continue };
            if kept.iter().all(|(_, other)| *other != index) {
                let message = format!("`{old}` is renamed to `{new}`, but it is not among the columns that are kept");
                problems.push(Failure::invalid_config("unused-rename", message).with_column(old).with_parameter(place));
            } else if let Some(other) = new_names.get_mut(index as usize).and_then(|name| name.replace(new)) {
                let message = format!("`{old}` is renamed twice, to `{other}` and to `{new}`");
                problems.push(Failure::invalid_config("duplicate-rename", message).with_parameter(place));
            }
        }
        let old_names: Vec<&str> = input.schema.names().collect();
        let mut port = OutputPort::new("out");
        let mut taken: Vec<&str> = Vec::new();
        for (position, index) in &kept {
            let new = new_names.get(*index as usize).copied().flatten();
            let Some(name) = new.or(old_names.get(*index as usize).copied()) else { continue };
            if taken.contains(&name) {
                let place = match new {
                    Some(new) => pointer("/rename", new),
                    None if self.columns.is_some() => format!("/columns/{position}"),
                    None => "/rename".to_owned(),
                };
                problems.duplicate(&place, name);
            }
            taken.push(name);
            port = port.pass(&input.name, *index, new);
        }
        let none: [&str; 0] = [];
        problems.or(Binding::new().output(port).needs(&input.name, &none).row_wise().keeps_rows())
    }

    /// The columns that stay, in order: where the parameter names them, and their numbers.
    fn kept(&self, input: &InputPort, problems: &mut Problems) -> Vec<(usize, u32)> {
        let mut named = |parameter: &str, names: &[String]| -> Vec<(usize, u32)> {
            let numbered = |(place, name): (usize, &String)| {
                Some((place, problems.column(&format!("/{parameter}/{place}"), name, &input.schema)?))
            };
            names.iter().enumerate().filter_map(numbered).collect()
        };
        let all = (0..input.schema.len() as u32).enumerate();
        match (&self.columns, &self.except) {
            (Some(columns), _) => named("columns", columns),
            (None, Some(except)) => {
                let left_out = named("except", except);
                all.filter(|(_, index)| left_out.iter().all(|(_, other)| other != index)).collect()
            }
            (None, None) => all.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_sdk::node::OutColumn;
    use jackfield_sdk::{Schema, parse_type};

    fn bind(params: &str) -> Result<Vec<(u32, Option<String>)>, Vec<Failure>> {
        let columns = ["a", "b", "c"].map(|name| parse_type(name, "int64").unwrap());
        let input = InputPort { name: "in".to_owned(), schema: Schema::of(columns) };
        let binding = Select::new(Params::new(params))?.bind(&input)?;
        let columns = binding.outputs.into_iter().next().and_then(|port| port.columns).unwrap();
        let passed = columns.into_iter().map(|column| match column {
            OutColumn::Passed(passed) => (passed.input.index, passed.name),
            OutColumn::Made(_) => panic!("select makes no columns"),
        });
        Ok(passed.collect())
    }

    /// `parameter: code` of each problem.
    fn problems(params: &str) -> Vec<String> {
        let failures = bind(params).unwrap_err();
        failures
            .into_iter()
            .map(|failure| format!("{}: {}", failure.parameter.unwrap_or_default(), failure.code))
            .collect()
    }

    #[test]
    fn columns_are_kept_in_the_order_given() {
        assert_eq!(bind(r#"{"columns": ["c", "a"]}"#).unwrap(), [(2, None), (0, None)]);
        assert_eq!(bind(r#"{"except": ["b"]}"#).unwrap(), [(0, None), (2, None)]);
    }

    #[test]
    fn renaming_alone_keeps_all() {
        assert_eq!(bind(r#"{"rename": {"x": "b"}}"#).unwrap(), [(0, None), (1, Some("x".to_owned())), (2, None)]);
        assert_eq!(
            bind(r#"{"columns": ["a", "b"], "rename": {"a": "b", "b": "a"}}"#).unwrap(),
            [(0, Some("b".to_owned())), (1, Some("a".to_owned()))]
        );
    }

    #[test]
    fn all_problems_are_told_at_their_place() {
        assert_eq!(
            problems(r#"{"columns": ["a", "z", "a"], "rename": {"x/y": "c", "w": "v"}}"#),
            [
                "/columns/1: unknown-column",
                "/rename/x~1y: unused-rename",
                "/rename/w: unknown-column",
                "/columns/2: duplicate-column"
            ]
        );
        assert_eq!(problems(r#"{"rename": {"a": "b"}}"#), ["/rename/a: duplicate-column"]);
        assert_eq!(problems(r#"{"columns": ["a"], "except": ["b"]}"#), ["/except: conflicting-parameters"]);
        assert_eq!(problems("{}"), [": missing-parameter"]);
    }
}
