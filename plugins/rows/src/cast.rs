//! `cast`: gives columns another type, in place, as SQL's CAST and TRY_CAST do.

use jackfield_kit::problems::Problems;
use jackfield_kit::rejections::Rejections;
use jackfield_sdk::compute;
use jackfield_sdk::params::{Ordered, pointer};
use jackfield_sdk::sql::Expression;
use jackfield_sdk::{Batch, Binding, Failure, InputPort, OutputPort, Params, Step};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Parameters {
    columns: Ordered<String>,
    #[serde(default)]
    on_failure: OnFailure,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum OnFailure {
    #[default]
    Error,
    Null,
}

pub(crate) struct Cast {
    columns: Vec<(String, String)>,
    on_failure: OnFailure,
    casts: Vec<One>,
}

/// One column, in the order of the output.
struct One {
    index: u32,
    expression: Expression,
    pointer: String,
}

impl Cast {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let Parameters { columns, on_failure } = params.parse()?;
        Ok(Cast { columns: columns.0, on_failure, casts: Vec::new() })
    }

    pub(crate) fn bind(&mut self, input: &InputPort) -> Result<Binding, Vec<Failure>> {
        let mut problems = Problems::default();
        let mut results = Vec::new();
        for (name, to) in &self.columns {
            let pointer = pointer("/columns", name);
            let Some(index) = problems.column(&pointer, name, &input.schema) else { continue };
            // The kernel says what is wrong with a type, at its place in the type's text; what it takes can stand in SQL.
            let options = json!({ "to_type": to }).to_string();
            let result = compute::result_type("cast", &[input.schema.tree(index)], &options);
            let expression = result.and_then(|_| Expression::new(&self.sql(name, to), &input.schema));
            let expression = expression.map_err(|failure| Failure { offset: None, ..failure });
            let Some(expression) = problems.note(&pointer, expression) else { continue };
            let mut tree = expression.result_type();
            if let Some(root) = tree.first_mut() {
                root.name.clone_from(name);
            }
            results.push((One { index, expression, pointer }, tree));
        }
        results.sort_by_key(|(one, _)| one.index);
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        let mut casts = results.iter().peekable();
        let port = (0..input.schema.len() as u32).fold(OutputPort::new("out"), |port, index| {
            match casts.next_if(|(one, _)| one.index == index) {
                Some((_, tree)) => port.made(tree.clone()),
                None => port.pass(&input.name, index, None),
            }
        });
        let binding = Binding::new().output(port).needs(&input.name, &names).row_wise();
        self.casts = results.into_iter().map(|(one, _)| one).collect();
        problems.or(if self.on_failure == OnFailure::Null { binding.keeps_rows() } else { binding })
    }

    fn sql(&self, name: &str, to: &str) -> String {
        let cast = if self.on_failure == OnFailure::Null { "TRY_CAST" } else { "CAST" };
        format!("{cast}(\"{}\" AS {to})", name.replace('"', "\"\""))
    }

    pub(crate) fn process(&mut self, batch: &Batch) -> Result<Step, Failure> {
        let mut rejections = Rejections::default();
        let mut made = Vec::with_capacity(self.casts.len());
        for One { expression, pointer, .. } in &self.casts {
            made.push(rejections.evaluate(pointer, expression, batch)?);
        }
        let step = Step::nothing().change("out", rejections.kept()?, made);
        Ok(rejections.add_to(step))
    }
}
