//! `aggregate`: groups rows by keys, in order of first appearance, and sums each group up. Without keys all rows are one
//! group, even if there are none. What is larger than its share of memory goes to temporary storage: the values that
//! groups hold, and then the groups.

mod compound;
mod groups;
mod keys;
mod measure;
mod parted;

use crate::filter::not_bound;
use compound::Outputs;
use groups::Groups;
use jackfield_kit::outgoing::leave;
use jackfield_kit::problems::Problems;
use jackfield_kit::rejections::Rejections;
use jackfield_kit::{Outgoing, Room};
use jackfield_sdk::params::{Ordered, pointer};
use jackfield_sdk::sql::Expression;
use jackfield_sdk::{Batch, Binding, Column, Failure, Field, InputPort, OutputPort, Params, Schema, Step};
use keys::{By, Key};
use measure::{Measure, Tallies};
use parted::Parted;
use serde::Deserialize;

/// Of the memory that the plugin has, one part in so many is for groups; making the result takes as much again.
const SHARE: u64 = 4;

/// The same where groups hold values, which are copied more than once on their way to temporary storage.
const SHARE_WITH_VALUES: u64 = 6;

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
    room: Room,
    aside: Option<Parted>,
    /// No more rows come.
    ended: bool,
    result: Option<Outgoing>,
}

struct Bound {
    keys: Vec<Key>,
    groups: Groups,
    outputs: Outputs,
    tallies: Tallies,
    /// Of the result.
    schema: Schema,
}

impl Aggregate {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let parameters: Parameters = params.parse()?;
        if parameters.by.is_empty() && parameters.columns.0.is_empty() {
            let failure = Failure::invalid_config("missing-parameter", "`columns` or `by` is needed");
            let help = "say what to compute, as in `columns = { n = \"count(*)\" }`";
            return Err(failure.with_parameter("").with_help(help).into());
        }
        Ok(Aggregate { parameters, bound: None, room: Room::one_of(SHARE), aside: None, ended: false, result: None })
    }

    pub(crate) fn bind(&mut self, input: &InputPort) -> Result<Binding, Vec<Failure>> {
        let mut problems = Problems::default();
        let keys = self.parameters.by.bind(&input.schema, &mut problems);
        let mut columns: Vec<Vec<Field>> = keys.iter().map(|key| key.tree.clone()).collect();
        let (outputs, trees, failures) = Outputs::bind(&self.parameters.columns, &columns, &input.schema);
        for (name, _) in &self.parameters.columns.0 {
            if self.parameters.by.has(name) {
                problems.duplicate(&pointer("/columns", name), name);
            }
        }
        failures.into_iter().for_each(|failure| problems.push(failure));
        columns.extend(trees);
        let used = used_names(&input.schema, &keys, &outputs.measures);
        let port = columns.iter().cloned().fold(OutputPort::new("out"), OutputPort::made);
        let binding = problems.or(Binding::new().output(port).needs(&input.name, &used))?;
        let groups = Groups::new(&keys)?;
        let tallies = match keys.is_empty() {
            true => Tallies::of_one_group(&outputs.measures)?,
            false => Tallies::new(&outputs.measures)?,
        };
        if outputs.measures.iter().any(Measure::holds_values) {
            self.room = Room::one_of(SHARE_WITH_VALUES);
        }
        self.bound = Some(Bound { keys, groups, outputs, tallies, schema: Schema::of(columns) });
        Ok(binding)
    }

    pub(crate) fn process(&mut self, batch: &Batch) -> Result<Step, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        self.room.open();
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
        if let Some(parted) = &mut self.aside {
            parted.push(&keys, &arguments, rows)?;
            return Ok(rejections.add_to(Step::nothing()));
        }
        let (groups, count) = bound.groups.assign(&keys, rows)?;
        let has_room = bound.tallies.update(&bound.outputs.measures, arguments, &groups, count, &self.room)?;
        // One group alone has no keys that parts could be made by.
        if !has_room && !bound.keys.is_empty() {
            self.aside = Some(Parted::new(bound)?);
            return Ok(rejections.add_to(Step::nothing()));
        }
        let step = rejections.add_to(Step::nothing());
        Ok(if bound.tallies.advance()? { step.more() } else { step })
    }

    pub(crate) fn finish(&mut self) -> Result<Step, Failure> {
        self.ended = true;
        self.resume()
    }

    pub(crate) fn resume(&mut self) -> Result<Step, Failure> {
        if !self.ended {
            let bound = self.bound.as_mut().ok_or_else(not_bound)?;
            return Ok(if bound.tallies.advance()? { Step::nothing().more() } else { Step::nothing() });
        }
        if self.result.is_some() {
            return leave(&mut self.result);
        }
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        if let Some(parted) = &mut self.aside {
            return parted.advance(bound);
        }
        let (keys, count) = bound.groups.keys()?;
        let Some(measures) = bound.tallies.finish(&bound.outputs.measures, count)? else {
            return Ok(Step::nothing().more());
        };
        self.result = Some(Outgoing::all(bound.result(keys, measures, count)?));
        leave(&mut self.result)
    }
}

impl Bound {
    /// The result's rows, of the keys of groups and the measures' values.
    fn result(&self, keys: Vec<Column>, measures: Vec<Column>, groups: u32) -> Result<Batch<'static>, Failure> {
        let values = self.outputs.values(&keys, measures, groups)?;
        Batch::of(&self.schema, groups, &keys.iter().chain(&values).collect::<Vec<_>>())
    }

    /// The keys, and the arguments of each measure.
    fn evaluate(&self, batch: &Batch, rejections: &mut Rejections) -> Result<(Vec<Column>, Vec<Vec<Column>>), Failure> {
        let keys: Result<Vec<Column>, Failure> = self.keys.iter().map(|key| key.evaluate(batch, rejections)).collect();
        let keys = keys?;
        let mut arguments = Vec::with_capacity(self.outputs.measures.len());
        for measure in &self.outputs.measures {
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

/// The names of the columns that any expression reads, in the order of the input.
fn used_names<'a>(schema: &'a Schema, keys: &[Key], measures: &[Measure]) -> Vec<&'a str> {
    let mut used: Vec<u32> = keys.iter().flat_map(Key::columns).collect();
    used.extend(measures.iter().flat_map(|measure| &measure.arguments).flat_map(Expression::columns));
    schema.names().zip(0u32..).filter(|(_, index)| used.contains(index)).map(|(name, _)| name).collect()
}
