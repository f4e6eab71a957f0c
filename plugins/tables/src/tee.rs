//! `tee`: all rows go on as they are, and a copy of them, or of some, leaves by a port of its own: to look at what passes.

use jackfield_kit::values::root;
use jackfield_kit::{Problems, Rejections, Work, names, only_input};
use jackfield_sdk::sql::Expression;
use jackfield_sdk::{Batch, Binding, Column, DataType, Failure, InputPort, OutputPort, Params, Step, type_name};
use serde::Deserialize;

const COPY: &str = "copy";
const WHERE: &str = "/where";

#[derive(Deserialize)]
struct Parameters {
    r#where: Option<String>,
    rows: Option<u64>,
}

pub(crate) struct Tee {
    text: Option<String>,
    expression: Option<Expression>,
    /// Rows that may still be copied.
    left: u64,
}

impl Tee {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let Parameters { r#where: text, rows } = params.parse()?;
        Ok(Tee { text, expression: None, left: rows.unwrap_or(u64::MAX) })
    }

    /// The rows to copy, and the batch they are rows of.
    fn copy(&mut self, batch: &Batch, wanted: Option<&Column>) -> Result<Option<Batch<'static>>, Failure> {
        if self.left == 0 {
            return Ok(None);
        }
        let rows = match wanted {
            Some(wanted) => batch.filter(wanted)?,
            None => batch.share(),
        };
        let count = self.left.min(rows.rows().into()) as u32;
        self.left -= u64::from(count);
        rows.slice(0, count).map(Some)
    }
}

impl Work for Tee {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let mut problems = Problems::default();
        let expression = self.text.as_ref().and_then(|text| problems.note(WHERE, Expression::new(text, &input.schema)));
        let result = expression.as_ref().map(Expression::result_type);
        if let Some(result) = result.filter(|result| !matches!(root(result), DataType::Boolean)) {
            let text = self.text.as_deref().unwrap_or_default();
            let message = format!("the condition `{text}` is {}, expected bool", type_name(&result));
            let help = "compare it with something, as in `x > 0` or `x is not null`";
            problems.push(Failure::invalid_config("not-boolean", message).with_parameter(WHERE).with_help(help));
        }
        let used = expression.as_ref().map(Expression::columns).unwrap_or_default();
        self.expression = expression;
        problems.or(Binding::passing(input)
            .output(OutputPort::passing(COPY, input))
            .needs(&input.name, &names::of(&input.schema, &used)))
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let mut rejections = Rejections::default();
        let wanted = match &self.expression {
            Some(expression) => Some(rejections.evaluate(WHERE, expression, batch)?),
            None => None,
        };
        let step = rejections.add_to(Step::pass());
        Ok(match self.copy(batch, wanted.as_ref())? {
            Some(copy) => step.emit(COPY, copy),
            None => step,
        })
    }
}
