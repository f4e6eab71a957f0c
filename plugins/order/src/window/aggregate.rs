//! Aggregates over the rows of a group: over all of them, or over those up to each row.

use super::layout::Layout;
use super::running::{self, Running, SoFar};
use jackfield_kit::values::take;
use jackfield_kit::{Tally, rows_of};
use jackfield_sdk::sql::{Aggregate, Expression};
use jackfield_sdk::{Column, Failure, Field};

/// The rows that count for a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Those from the first of the group to the row itself.
    SoFar,
    /// All of the group.
    Group,
}

/// An aggregate and its frame.
pub(super) enum Over {
    /// The host's own, once for each group; made again for each use.
    Group(Box<Tally>),
    SoFar(Running),
}

impl Over {
    /// The aggregate and the type of its values.
    pub(super) fn bind(aggregate: &Aggregate, frame: Frame) -> Result<(Over, Vec<Field>), Failure> {
        let inputs: Vec<Vec<Field>> = aggregate.arguments.iter().map(Expression::result_type).collect();
        let tally = Tally::new(&aggregate.function, inputs.clone(), &aggregate.options)?;
        let result = tally.result_type();
        let over = match frame {
            Frame::Group => Over::Group(Box::new(tally)),
            Frame::SoFar => Over::SoFar(Running::bind(aggregate, inputs.first(), &result)?),
        };
        Ok((over, result))
    }

    /// The values, by row; `so_far` is what is known of the rows before.
    pub(super) fn over(&self, arguments: &[Column], layout: &Layout, so_far: &mut SoFar) -> Result<Column, Failure> {
        match self {
            Over::SoFar(running) => running::over(running, arguments, layout, so_far),
            Over::Group(tally) => {
                let mut tally = tally.again()?;
                let groups = match &layout.group {
                    Some(group) => group.share(),
                    None => rows_of(&vec![0; layout.rows()])?,
                };
                tally.update(arguments, &groups, counted(layout.group_count))?;
                let values = tally.finish(counted(layout.group_count))?;
                take(&values.ok_or_else(|| Failure::internal("an aggregate is not there"))?, &groups)
            }
        }
    }
}

/// So many groups as an aggregate is told. The host adds floats up in another order where there is only one group, and
/// then the sum would depend on how the rows came.
pub(super) fn counted(groups: u32) -> u32 {
    groups.max(2)
}
