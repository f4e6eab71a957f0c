//! `distinct`: one row for each combination of values, the first or the last; in order of first appearance. What is known
//! of them is in memory as far as it has room there; rows beyond go to temporary storage.

mod parted;

use jackfield_kit::numbers::{mask_of, numbers};
use jackfield_kit::outgoing::leave;
use jackfield_kit::{Groups, Outgoing, Problems, Room, Work, names, not_bound, only_input, rows_of};
use jackfield_sdk::{Batch, Binding, Failure, InputPort, Params, Schema, Step};
use parted::{Last, Parted, first_of_groups};
use serde::Deserialize;

/// Of the memory that the plugin has, one part in so many is for what is known; putting it aside takes as much again.
const SHARE: u64 = 4;

#[derive(Deserialize)]
struct Parameters {
    by: Option<Vec<String>>,
    #[serde(default)]
    keep: Keep,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Keep {
    #[default]
    First,
    Last,
}

pub(crate) struct Distinct {
    parameters: Parameters,
    bound: Option<Bound>,
    /// Groups whose first row has passed.
    passed: u32,
    /// What `keep = "last"` holds.
    last: Last,
    outgoing: Option<Outgoing>,
    room: Room,
    parted: Option<Parted>,
}

struct Bound {
    schema: Schema,
    groups: Groups,
}

impl Distinct {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        Ok(Distinct {
            parameters: params.parse()?,
            bound: None,
            passed: 0,
            last: Last::default(),
            outgoing: None,
            room: Room::one_of(SHARE),
            parted: None,
        })
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
        self.bound = Some(Bound { schema: input.schema.clone(), groups });
        problems.or(binding)
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let Bound { schema, groups } = self.bound.as_mut().ok_or_else(not_bound)?;
        if let Some(parted) = &mut self.parted {
            parted.push(batch, groups)?;
            return Ok(Step::nothing());
        }
        self.room.open();
        let of_rows = numbers(&groups.assign(batch)?)?;
        let keep = self.parameters.keep;
        let step = match keep {
            Keep::Last => {
                self.last.add(batch, &of_rows, groups.count())?;
                Step::nothing()
            }
            Keep::First if groups.count() == self.passed => Step::nothing(),
            Keep::First => Step::keep(mask_of(&first_of_groups(&of_rows, &mut self.passed))?),
        };
        // One group alone has no values that parts could be made by.
        if !groups.is_single() && self.room.is_full() {
            self.parted = Some(Parted::new(keep, schema, groups, &mut self.last)?);
        }
        Ok(step)
    }

    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        if self.parted.is_some() {
            return Ok(Step::nothing().more());
        }
        if let Some(whole) = self.last.held.take()? {
            self.outgoing = Some(Outgoing::ordered(whole.rows, rows_of(&self.last.rows)?));
        }
        leave(&mut self.outgoing)
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        if let Some(parted) = &mut self.parted {
            return parted.advance(&self.bound.as_ref().ok_or_else(not_bound)?.groups);
        }
        leave(&mut self.outgoing)
    }
}
