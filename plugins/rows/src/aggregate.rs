//! `aggregate`: groups rows by keys, in order of first appearance, and sums each group up. Without keys all rows are one
//! group, even if there are none.

mod groups;
mod keys;

use crate::filter::not_bound;
use groups::{Groups, empty_column};
use jackfield_kit::problems::{Problems, at};
use jackfield_kit::rejections::Rejections;
use jackfield_sdk::compute::Accumulator;
use jackfield_sdk::params::{Ordered, pointer};
use jackfield_sdk::sql::{self, Expression};
use jackfield_sdk::{Batch, Binding, Column, Failure, Field, InputPort, OutputPort, Params, Schema, Step};
use keys::{By, Key};
use serde::Deserialize;

/// Rows of a result that leave at a time.
const PIECE: u32 = 65_536;

#[derive(Deserialize)]
struct Parameters {
    #[serde(default)]
    by: By,
    #[serde(default)]
    columns: Ordered<String>,
}

pub(crate) struct Aggregate {
    parameters: Parameters,
    bound: Option<Bound>,
    result: Option<(Batch<'static>, u32)>,
}

struct Bound {
    keys: Vec<Key>,
    groups: Groups,
    measures: Vec<Measure>,
    /// Of the result.
    schema: Schema,
}

/// One aggregate over all groups.
struct Measure {
    pointer: String,
    arguments: Vec<Expression>,
    accumulator: Accumulator,
}

impl Aggregate {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let parameters: Parameters = params.parse()?;
        if parameters.by.is_empty() && parameters.columns.0.is_empty() {
            let failure = Failure::invalid_config("missing-parameter", "`columns` or `by` is needed");
            let help = "say what to compute, as in `columns = { n = \"count(*)\" }`";
            return Err(failure.with_parameter("").with_help(help).into());
        }
        Ok(Aggregate { parameters, bound: None, result: None })
    }

    pub(crate) fn bind(&mut self, input: &InputPort) -> Result<Binding, Vec<Failure>> {
        let mut problems = Problems::default();
        let keys = self.parameters.by.bind(&input.schema, &mut problems);
        let mut columns: Vec<Vec<Field>> = keys.iter().map(|key| key.tree.clone()).collect();
        let mut measures = Vec::new();
        for (name, text) in &self.parameters.columns.0 {
            let pointer = pointer("/columns", name);
            if self.parameters.by.has(name) {
                problems.duplicate(&pointer, name);
            }
            let bound = Measure::bind(&pointer, text, &input.schema);
            let Some((measure, mut tree)) = problems.note(&pointer, bound) else { continue };
            if let Some(root) = tree.first_mut() {
                root.name.clone_from(name);
            }
            columns.push(tree);
            measures.push(measure);
        }
        let used = used_names(&input.schema, &keys, &measures);
        let port = columns.iter().cloned().fold(OutputPort::new("out"), OutputPort::made);
        let binding = problems.or(Binding::new().output(port).needs(&input.name, &used))?;
        let groups = Groups::new(&keys)?;
        if keys.is_empty() {
            measures.iter().try_for_each(Measure::begin)?;
        }
        self.bound = Some(Bound { keys, groups, measures, schema: Schema::of(columns) });
        Ok(binding)
    }

    pub(crate) fn process(&mut self, batch: &Batch) -> Result<Step, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        let mut rejections = Rejections::default();
        let (mut keys, mut arguments) = bound.evaluate(batch, &mut rejections)?;
        let kept = rejections.kept()?;
        let well;
        let rows = match &kept {
            None => batch.rows(),
            Some(kept) => {
                // Rare, so it may cost: the rows that are well are worked out once more, on their own.
                well = batch.filter(kept)?;
                (keys, arguments) = bound.evaluate(&well, &mut Rejections::default())?;
                well.rows()
            }
        };
        let (groups, count) = bound.groups.assign(&keys, rows)?;
        for (measure, values) in bound.measures.iter().zip(&arguments) {
            measure.update(values, &groups, count)?;
        }
        Ok(rejections.add_to(Step::nothing()))
    }

    pub(crate) fn finish(&mut self) -> Result<Step, Failure> {
        let bound = self.bound.as_ref().ok_or_else(not_bound)?;
        let (mut columns, count) = bound.groups.keys()?;
        for measure in &bound.measures {
            columns.push(measure.finish()?);
        }
        let columns: Vec<&Column> = columns.iter().collect();
        self.result = Some((Batch::of(&bound.schema, count, &columns)?, 0));
        self.resume()
    }

    pub(crate) fn resume(&mut self) -> Result<Step, Failure> {
        let Some((batch, sent)) = &mut self.result else { return Ok(Step::nothing()) };
        let length = PIECE.min(batch.rows() - *sent);
        let piece = batch.slice(*sent, length)?;
        *sent += length;
        let step = Step::nothing().emit("out", piece);
        if *sent < batch.rows() {
            return Ok(step.more());
        }
        self.result = None;
        Ok(step.done())
    }
}

impl Bound {
    /// The keys, and the arguments of each measure.
    fn evaluate(&self, batch: &Batch, rejections: &mut Rejections) -> Result<(Vec<Column>, Vec<Vec<Column>>), Failure> {
        let keys: Result<Vec<Column>, Failure> = self.keys.iter().map(|key| key.evaluate(batch, rejections)).collect();
        let keys = keys?;
        let mut arguments = Vec::with_capacity(self.measures.len());
        for measure in &self.measures {
            let values: Result<Vec<Column>, Failure> = measure
                .arguments
                .iter()
                .map(|argument| rejections.evaluate(&measure.pointer, argument, batch))
                .collect();
            arguments.push(values?);
        }
        Ok((keys, arguments))
    }
}

impl Measure {
    fn bind(pointer: &str, text: &str, schema: &Schema) -> Result<(Measure, Vec<Field>), Failure> {
        let aggregate = sql::parse_aggregate(text, schema)?;
        let inputs: Vec<Vec<Field>> = aggregate.arguments.iter().map(Expression::result_type).collect();
        let accumulator = Accumulator::new(&aggregate.function, &inputs, &aggregate.options)?;
        let tree = accumulator.result_type();
        Ok((Measure { pointer: pointer.to_owned(), arguments: aggregate.arguments, accumulator }, tree))
    }

    /// Makes the one group that there is without keys, so that it exists over no rows too.
    fn begin(&self) -> Result<(), Failure> {
        let values: Result<Vec<Column>, Failure> =
            self.arguments.iter().map(|argument| empty_column(&argument.result_type())).collect();
        self.update(&values?, &groups::zeros(0)?, 1)
    }

    fn update(&self, values: &[Column], groups: &Column, count: u32) -> Result<(), Failure> {
        let values: Vec<&Column> = values.iter().collect();
        self.accumulator.update(&values, groups, count).map_err(|failure| at(&self.pointer, failure))
    }

    fn finish(&self) -> Result<Column, Failure> {
        self.accumulator.finish().map_err(|failure| at(&self.pointer, failure))
    }
}

/// The names of the columns that any expression reads, in the order of the input.
fn used_names<'a>(schema: &'a Schema, keys: &[Key], measures: &[Measure]) -> Vec<&'a str> {
    let mut used: Vec<u32> = keys.iter().flat_map(Key::columns).collect();
    used.extend(measures.iter().flat_map(|measure| &measure.arguments).flat_map(Expression::columns));
    schema.names().zip(0u32..).filter(|(_, index)| used.contains(index)).map(|(name, _)| name).collect()
}
