//! Rows whose different combinations of values are larger than memory: those that came behind lie on temporary storage,
//! parted by their values, and each part is worked on by itself. Merging the parts by the rows' numbers gives the order of
//! first appearance.

use super::Keep;
use jackfield_kit::numbers::{integers, mask_of, numbers};
use jackfield_kit::partitions::{Partitions, ROW, Worked, Working, note_first, spooled};
use jackfield_kit::pieces::Pile;
use jackfield_kit::values::together;
use jackfield_kit::{Groups, Held, PIECE, rows_of};
use jackfield_sdk::spill::Spool;
use jackfield_sdk::{Batch, Column, DataType, Failure, Schema, Step};

/// What was put aside, and how far the work is.
#[derive(Debug)]
pub(super) struct Parted {
    keep: Keep,
    schema: Schema,
    /// The values of rows that have left already.
    seen: Partitions,
    rows: Partitions,
    working: Working<Part>,
}

/// A part that is being worked on.
#[derive(Debug)]
struct Part {
    groups: Groups,
    seen: Option<Spool>,
    rows: Option<Spool>,
    /// Groups whose first row has passed.
    passed: u32,
    first: Vec<Option<i64>>,
    out: Pile,
    last: Last,
}

/// The last row of each group.
#[derive(Debug, Default)]
pub(super) struct Last {
    pub(super) held: Held,
    /// The numbers of the rows, among those that are held.
    pub(super) rows: Vec<u32>,
}

/// Rows beyond twice those that count, before the others are let go.
const SPARE: u64 = 2 * PIECE as u64;

impl Last {
    pub(super) fn add(&mut self, batch: &Batch, groups: &[u32], count: u32) -> Result<(), Failure> {
        let first = self.held.rows() as u32;
        self.held.push(batch, &[])?;
        self.rows.resize(count as usize, 0);
        for (row, group) in (first..).zip(groups) {
            if let Some(last) = self.rows.get_mut(*group as usize) {
                *last = row;
            }
        }
        if self.held.rows() > 2 * u64::from(count) + SPARE {
            self.prune()?;
        }
        Ok(())
    }

    /// Lets go of the rows that are not the last of their group.
    pub(super) fn prune(&mut self) -> Result<(), Failure> {
        self.held.keep(&rows_of(&self.rows)?)?;
        self.rows = (0..self.rows.len() as u32).collect();
        Ok(())
    }
}

impl Parted {
    /// Goes on with what `groups` and `last` know, which begin anew.
    pub(super) fn new(keep: Keep, schema: &Schema, groups: &mut Groups, last: &mut Last) -> Result<Parted, Failure> {
        let (mut seen, mut rows) = (Partitions::default(), Partitions::default());
        if keep == Keep::First {
            let keys = groups.keys()?;
            seen.push(&together(&keys, keys.first().map_or(0, Column::length))?, &keys)?;
        }
        if keep == Keep::Last {
            last.prune()?;
            for part in last.held.take_parts()? {
                rows.push(&part, &groups.keys_of(&part)?)?;
            }
            last.rows = Vec::new();
        }
        *groups = groups.again(schema)?;
        let schema = schema.clone();
        Ok(Parted { keep, schema, seen, rows, working: Working::default() })
    }

    /// Takes rows.
    pub(super) fn push(&mut self, batch: &Batch, groups: &Groups) -> Result<(), Failure> {
        self.rows.push(batch, &groups.keys_of(batch)?)
    }

    /// Goes on with a bounded piece of the work.
    pub(super) fn advance(&mut self, groups: &Groups) -> Result<Step, Failure> {
        let Parted { keep, schema, seen, rows, working } = self;
        working.advance(
            &mut (seen, rows),
            |(seen, rows), number| {
                let (seen, rows) = (seen.take(number), rows.take(number));
                if rows.is_none() {
                    return Ok(None);
                }
                let (groups, last, out) = (groups.again(schema)?, Last::default(), Pile::default());
                Ok(Some(Part { groups, seen, rows, passed: 0, first: Vec::new(), out, last }))
            },
            |_, mut part| match part.advance(*keep)? {
                true => Ok(Worked::On(part)),
                false => part.finish().map(Worked::Run),
            },
        )
    }
}

impl Part {
    /// One piece of work; `false`: there is none left.
    fn advance(&mut self, keep: Keep) -> Result<bool, Failure> {
        if let Some(seen) = &mut self.seen {
            match seen.next(PIECE)? {
                Some(rows) => {
                    let keys: Result<Vec<Column>, Failure> =
                        (0..rows.schema().len() as u32 - 1).map(|index| rows.column_at(index)).collect();
                    self.groups.assign_keys(&keys?)?;
                    self.passed = self.groups.count();
                }
                None => self.seen = None,
            }
            return Ok(true);
        }
        let Some(spool) = &mut self.rows else { return Ok(false) };
        let Some(rows) = spool.next(PIECE)? else {
            self.rows = None;
            return Ok(false);
        };
        let of_rows = numbers(&self.groups.assign(&rows)?)?;
        if keep == Keep::Last {
            note_first(&mut self.first, &of_rows, &rows)?;
            self.last.add(&rows, &of_rows, self.groups.count())?;
            return Ok(true);
        }
        let fresh = rows.filter(&mask_of(&first_of_groups(&of_rows, &mut self.passed))?)?;
        if fresh.rows() > 0 {
            self.out.append(&fresh)?;
        }
        Ok(true)
    }

    /// The rows that stay, in the order of their groups.
    fn finish(mut self) -> Result<Option<Spool>, Failure> {
        if self.last.held.rows() == 0 {
            return Ok(self.out.take());
        }
        self.last.prune()?;
        let Some(whole) = self.last.held.take()? else { return Ok(self.out.take()) };
        spooled(whole.rows.put(&[(ROW, &integers(DataType::Int64, &self.first)?)])?).map(Some)
    }
}

/// Of each row whether it is the first of its group; `passed` groups were there before.
pub(super) fn first_of_groups(of_rows: &[u32], passed: &mut u32) -> Vec<bool> {
    // Groups are numbered in order of first appearance, so the next number is a new group.
    let first = of_rows.iter().map(|group| {
        let fresh = group == passed;
        *passed += u32::from(fresh);
        fresh
    });
    first.collect()
}
