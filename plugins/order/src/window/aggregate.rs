//! Aggregates over the rows of a group: over all of them, or over those up to each row.

use super::layout::Layout;
use super::running::{self, Running};
use jackfield_kit::rows_of;
use jackfield_kit::values::take;
use jackfield_sdk::compute::Accumulator;
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
    /// The host's own, once for each group. Made again for each use, since it cannot be emptied.
    Group {
        function: String,
        options: String,
    },
    SoFar(Running),
}

impl Over {
    /// The aggregate and the type of its values.
    pub(super) fn bind(aggregate: &Aggregate, frame: Frame) -> Result<(Over, Vec<Field>), Failure> {
        let inputs: Vec<Vec<Field>> = aggregate.arguments.iter().map(Expression::result_type).collect();
        let result = Accumulator::new(&aggregate.function, &inputs, &aggregate.options)?.result_type();
        let over = match frame {
            Frame::Group => Over::Group { function: aggregate.function.clone(), options: aggregate.options.clone() },
            Frame::SoFar => Over::SoFar(Running::bind(aggregate, inputs.first(), &result)?),
        };
        Ok((over, result))
    }

    /// The values, by row.
    pub(super) fn over(&self, arguments: &[Column], layout: &Layout) -> Result<Column, Failure> {
        match self {
            Over::SoFar(running) => running::over(running, arguments, layout),
            Over::Group { function, options } => {
                let inputs: Vec<Vec<Field>> = arguments.iter().map(Column::tree).collect();
                let accumulator = Accumulator::new(function, &inputs, options)?;
                let groups = match &layout.group {
                    Some(group) => group.share(),
                    None => rows_of(&vec![0; layout.rows()])?,
                };
                accumulator.update(&arguments.iter().collect::<Vec<_>>(), &groups, layout.group_count)?;
                take(&accumulator.finish()?, &groups)
            }
        }
    }
}
