//! `distinct`: one row for each combination of values, the first or the last; in order of first appearance.

use jackfield_kit::numbers::{mask_of, numbers};
use jackfield_kit::outgoing::leave;
use jackfield_kit::{Groups, Held, Outgoing, PIECE, Problems, Work, names, not_bound, only_input, rows_of};
use jackfield_sdk::{Batch, Binding, Failure, InputPort, Params, Step};
use serde::Deserialize;

/// Rows beyond twice those that count, before the others are let go.
const SPARE: u64 = 2 * PIECE as u64;

#[derive(Deserialize)]
struct Parameters {
    by: Option<Vec<String>>,
    #[serde(default)]
    keep: Keep,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Keep {
    #[default]
    First,
    Last,
}

pub(crate) struct Distinct {
    parameters: Parameters,
    groups: Option<Groups>,
    /// Groups whose first row has passed.
    seen: u32,
    last: Last,
}

/// What `keep = "last"` holds.
#[derive(Default)]
struct Last {
    held: Held,
    /// The number of the last row of each group, among those that are held.
    rows: Vec<u32>,
    outgoing: Option<Outgoing>,
}

impl Distinct {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        Ok(Distinct { parameters: params.parse()?, groups: None, seen: 0, last: Last::default() })
    }
}

impl Last {
    fn add(&mut self, batch: &Batch, groups: Vec<u32>, count: u32) -> Result<(), Failure> {
        let first = self.held.rows() as u32;
        self.held.push(batch, &[])?;
        self.rows.resize(count as usize, 0);
        for (row, group) in (first..).zip(groups) {
            if let Some(last) = self.rows.get_mut(group as usize) {
                *last = row;
            }
        }
        if self.held.rows() > 2 * u64::from(count) + SPARE {
            self.held.keep(&rows_of(&self.rows)?)?;
            self.rows = (0..count).collect();
        }
        Ok(())
    }
}

impl Work for Distinct {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let mut problems = Problems::default();
        let groups = match &self.parameters.by {
            Some(by) => Groups::bind("/by", by, &input.schema, &mut problems),
            None => Groups::of("", (0..input.schema.len() as u32).collect(), &input.schema, &mut problems),
        };
        let needed = names::of(&input.schema, groups.columns());
        let binding = Binding::passing(input).needs(&input.name, &needed);
        self.groups = Some(groups);
        problems.or(binding)
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let groups = self.groups.as_mut().ok_or_else(not_bound)?;
        let of_rows = numbers(&groups.assign(batch)?)?;
        let count = groups.count();
        if self.parameters.keep == Keep::Last {
            self.last.add(batch, of_rows, count)?;
            return Ok(Step::nothing());
        }
        if count == self.seen {
            return Ok(Step::nothing());
        }
        let mut next = self.seen;
        // Groups are numbered in order of first appearance, so the next number is a new group.
        let first = of_rows.iter().map(|group| {
            let fresh = *group == next;
            next += u32::from(fresh);
            fresh
        });
        let first: Vec<bool> = first.collect();
        self.seen = count;
        Ok(Step::keep(mask_of(&first)?))
    }

    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        if let Some(whole) = self.last.held.take()? {
            self.last.outgoing = Some(Outgoing::ordered(whole.rows, rows_of(&self.last.rows)?));
        }
        leave(&mut self.last.outgoing)
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        leave(&mut self.last.outgoing)
    }
}
