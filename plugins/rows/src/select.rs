//! `select`: keeps, orders and renames columns. No row is touched.

use crate::problems::Problems;
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
            if !kept.contains(&index) {
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
        for (position, index) in kept.iter().enumerate() {
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

    /// The numbers of the columns that stay, in order.
    fn kept(&self, input: &InputPort, problems: &mut Problems) -> Vec<u32> {
        let mut numbers = |parameter: &str, names: &[String]| -> Vec<u32> {
            let number =
                |(i, name): (usize, &String)| problems.column(&format!("/{parameter}/{i}"), name, &input.schema);
            names.iter().enumerate().filter_map(number).collect()
        };
        match (&self.columns, &self.except) {
            (Some(columns), _) => numbers("columns", columns),
            (None, Some(except)) => {
                let left_out = numbers("except", except);
                (0..input.schema.len() as u32).filter(|index| !left_out.contains(index)).collect()
            }
            (None, None) => (0..input.schema.len() as u32).collect(),
        }
    }
}
