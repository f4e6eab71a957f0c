//! One aggregate over all groups.

use super::groups::{empty_column, zeros};
use jackfield_kit::problems::at;
use jackfield_sdk::compute::Accumulator;
use jackfield_sdk::sql::{self, Aggregate, Expression};
use jackfield_sdk::{Column, Failure, Field, Schema};

pub(super) struct Measure {
    pub(super) pointer: String,
    pub(super) arguments: Vec<Expression>,
    function: String,
    options: String,
    accumulator: Accumulator,
}

impl Measure {
    /// The aggregate that the parameter at `pointer` is, and the type of its values.
    pub(super) fn bind(pointer: &str, text: &str, schema: &Schema) -> Result<(Measure, Vec<Field>), Failure> {
        let Aggregate { function, arguments, options, .. } = sql::parse_aggregate(text, schema)?;
        let accumulator = accumulator(&function, &arguments, &options)?;
        let tree = accumulator.result_type();
        Ok((Measure { pointer: pointer.to_owned(), arguments, function, options, accumulator }, tree))
    }

    /// An accumulator of the same kind that knows no groups.
    pub(super) fn again(&self) -> Result<Accumulator, Failure> {
        accumulator(&self.function, &self.arguments, &self.options)
    }

    /// Makes the one group that there is without keys, so that it exists over no rows too.
    pub(super) fn begin(&self) -> Result<(), Failure> {
        let values: Result<Vec<Column>, Failure> =
            self.arguments.iter().map(|argument| empty_column(&argument.result_type())).collect();
        self.update(&values?, &zeros(0)?, 1)
    }

    pub(super) fn update(&self, values: &[Column], groups: &Column, count: u32) -> Result<(), Failure> {
        let values: Vec<&Column> = values.iter().collect();
        self.accumulator.update(&values, groups, count).map_err(|failure| at(&self.pointer, failure))
    }

    pub(super) fn finish(&self) -> Result<Column, Failure> {
        self.accumulator.finish().map_err(|failure| at(&self.pointer, failure))
    }

    /// What is known of the groups, a row for each; all of it is forgotten.
    pub(super) fn leave(&mut self) -> Result<Vec<Column>, Failure> {
        let state = self.accumulator.state()?;
        self.accumulator = self.again()?;
        Ok(state)
    }
}

fn accumulator(function: &str, arguments: &[Expression], options: &str) -> Result<Accumulator, Failure> {
    let inputs: Vec<Vec<Field>> = arguments.iter().map(Expression::result_type).collect();
    Accumulator::new(function, &inputs, options)
}
