//! `filter`: keeps the rows for which an expression is true.

use jackfield_kit::problems::{Problems, at};
use jackfield_kit::rejections::Rejections;
use jackfield_sdk::sql::Expression;
use jackfield_sdk::{Batch, Binding, DataType, Failure, InputPort, OutputPort, Params, Step, type_name};
use serde::Deserialize;

const WHERE: &str = "/where";
const UNMATCHED: &str = "unmatched";

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Parameters {
    r#where: String,
}

pub(crate) struct Filter {
    text: String,
    expression: Option<Expression>,
}

impl Filter {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let Parameters { r#where: text } = params.parse()?;
        Ok(Filter { text, expression: None })
    }

    pub(crate) fn bind(&mut self, input: &InputPort) -> Result<Binding, Vec<Failure>> {
        let expression = Expression::new(&self.text, &input.schema).map_err(|failure| Vec::from(at(WHERE, failure)))?;
        let mut problems = Problems::default();
        let result = expression.result_type();
        if !matches!(result.first().map(|root| &root.data_type), Some(DataType::Boolean)) {
            let message = format!("the condition `{}` is {}, expected bool", self.text, type_name(&result));
            let help = "compare it with something, as in `x > 0` or `x is not null`";
            let failure = Failure::invalid_config("not-boolean", message);
            problems.push(failure.with_parameter(WHERE).with_help(help));
        }
        let names: Vec<&str> = input.schema.names().collect();
        let used: Vec<&str> =
            expression.columns().iter().filter_map(|index| names.get(*index as usize).copied()).collect();
        let binding = Binding::passing(input)
            .output(OutputPort::passing(UNMATCHED, input))
            .needs(&input.name, &used)
            .predicates(&input.name, expression.predicates())
            .row_wise();
        self.expression = Some(expression);
        problems.or(binding)
    }

    pub(crate) fn process(&mut self, batch: &Batch) -> Result<Step, Failure> {
        let expression = self.expression.as_ref().ok_or_else(not_bound)?;
        let outcome = expression.on(batch)?;
        // A row that failed is null, which would make it unmatched.
        let mut unmatched = jackfield_sdk::column::whole(jackfield_sdk::column::call(
            "is_distinct_from",
            &[(&outcome.values).into(), true.into()],
            "",
        )?)?;
        if let Some(failed) = &outcome.failed {
            unmatched = unmatched.and(&failed.not()?)?;
        }
        let mut rejections = Rejections::default();
        let kept = rejections.explained(WHERE, outcome, |row| expression.on(&batch.slice(row, 1)?))?;
        Ok(rejections.add_to(Step::keep(kept).change(UNMATCHED, Some(unmatched), Vec::new())))
    }
}

/// The host calls `bind` first; a test of the component may not.
pub(crate) fn not_bound() -> Failure {
    Failure::internal("the node was not bound")
}
