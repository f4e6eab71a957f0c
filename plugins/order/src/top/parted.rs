//! The first rows of groups where all of them are larger than memory: they lie on temporary storage, parted by their
//! groups, and each part is worked on by itself. Merging the parts by the number of the row that a group began with gives
//! the groups' order of first appearance.

use super::Bound;
use jackfield_kit::numbers::{integers, numbers, optional};
use jackfield_kit::partitions::{Partitions, ROW, Worked, Working, note_first, spooled};
use jackfield_kit::{Groups, Held, PIECE, Rejections};
use jackfield_sdk::spill::Spool;
use jackfield_sdk::{Batch, DataType, Failure, Schema, Step};

/// The rows, and how far the work is.
#[derive(Debug, Default)]
pub(super) struct Parted {
    rows: Partitions,
    working: Working<Part>,
}

/// A part that is being worked on.
#[derive(Debug)]
struct Part {
    groups: Groups,
    rows: Spool,
    held: Held,
    enough: u64,
    /// The number of the row that each group began with.
    first: Vec<Option<i64>>,
}

impl Parted {
    /// Takes rows.
    pub(super) fn push(&mut self, batch: &Batch, groups: &Groups) -> Result<(), Failure> {
        self.rows.push(batch, &groups.keys_of(batch)?)
    }

    /// Goes on with a bounded piece of the work.
    pub(super) fn advance(&mut self, bound: &Bound, schema: &Schema) -> Result<Step, Failure> {
        self.working.advance(
            &mut self.rows,
            |rows, number| {
                let Some(rows) = rows.take(number) else { return Ok(None) };
                let (groups, held) = (bound.groups.again(schema)?, Held::default());
                Ok(Some(Part { groups, rows, held, enough: super::SPARE, first: Vec::new() }))
            },
            |_, mut part| match part.advance(bound)? {
                true => Ok(Worked::On(part)),
                false => part.finish(bound).map(Worked::Run),
            },
        )
    }
}

impl Part {
    /// One piece of work; `false`: there is none left.
    fn advance(&mut self, bound: &Bound) -> Result<bool, Failure> {
        let Some(rows) = self.rows.next(PIECE)? else { return Ok(false) };
        let mut own = bound.orders.keys(&rows, &mut Rejections::default())?;
        let groups = self.groups.assign(&rows)?;
        note_first(&mut self.first, &numbers(&groups)?, &rows)?;
        own.push(groups);
        self.held.push(&rows, &own)?;
        if self.held.rows() > self.enough {
            bound.prune(&mut self.held)?;
            self.enough = 2 * self.held.rows() + super::SPARE;
        }
        Ok(true)
    }

    /// The rows that count, each with the number of the row that its group began with.
    fn finish(mut self, bound: &Bound) -> Result<Option<Spool>, Failure> {
        let Some(whole) = self.held.take()? else { return Ok(None) };
        let rows = bound.first_rows(&whole)?;
        let Some(group) = whole.own.last() else { return Ok(None) };
        let groups = optional::<u32>(&jackfield_kit::values::take(group, &rows)?)?;
        let began = |group: &Option<u32>| self.first.get((*group)? as usize).copied().flatten();
        let numbers: Vec<Option<i64>> = groups.iter().map(began).collect();
        let kept = whole.rows.take(&rows)?;
        spooled(kept.put(&[(ROW, &integers(DataType::Int64, &numbers)?)])?).map(Some)
    }
}
