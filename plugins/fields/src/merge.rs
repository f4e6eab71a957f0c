//! `merge`: the values of several columns become one text.

use crate::place::{Made, port};
use jackfield_kit::values::{as_type, call};
use jackfield_kit::{Problems, Work, only_input};
use jackfield_sdk::compute::Argument;
use jackfield_sdk::{Batch, Binding, Column, DataType, Failure, Field, InputPort, Params, Step, compute};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Parameters {
    columns: Vec<String>,
    into: String,
    #[serde(default = "blank")]
    separator: String,
    #[serde(default)]
    nulls: Nulls,
    #[serde(default)]
    keep: bool,
}

fn blank() -> String {
    " ".to_owned()
}

/// What becomes of a value that is null.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Nulls {
    /// It is left out, with its separator.
    #[default]
    Skip,
    /// The whole text is null.
    Null,
}

pub(crate) struct Merge {
    parameters: Parameters,
    columns: Vec<u32>,
}

fn text() -> Vec<Field> {
    vec![Field::new("text", DataType::Utf8)]
}

impl Merge {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        Ok(Merge { parameters: params.parse()?, columns: Vec::new() })
    }
}

impl Work for Merge {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let Parameters { columns, into, keep, .. } = &self.parameters;
        let mut problems = Problems::default();
        self.columns = problems.columns("/columns", columns, &input.schema);
        for (number, index) in self.columns.iter().enumerate() {
            let options = json!({ "to_type": "utf8", "safe": false }).to_string();
            let result = compute::result_type("cast", &[input.schema.tree(*index)], &options);
            problems.note(&format!("/columns/{number}"), result);
        }
        let made = vec![("/into".to_owned(), vec![Field::new(into, DataType::Utf8)])];
        let mut from = self.columns.clone();
        from.sort_unstable();
        let made = Made { from: &from, keep: *keep, columns: made };
        let port = port(input, &made, &mut problems);
        problems.or(Binding::new().output(port).needs(&input.name, columns).row_wise().keeps_rows())
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let texts: Result<Vec<Column>, Failure> =
            self.columns.iter().map(|index| as_type(batch.column_at(*index)?, &text())).collect();
        let texts = texts?;
        let mut arguments: Vec<Argument> = texts.iter().map(Argument::from).collect();
        arguments.push(self.parameters.separator.as_str().into());
        let handling = if self.parameters.nulls == Nulls::Skip { "skip" } else { "emit_null" };
        let options = json!({ "null_handling": handling }).to_string();
        Ok(Step::made([call("binary_join_element_wise", &arguments, &options)?]))
    }
}
