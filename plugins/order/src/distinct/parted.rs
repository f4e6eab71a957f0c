//! Rows whose different combinations of values are larger than memory: those that came behind lie on temporary storage,
//! parted by their values, and each part is worked on by itself. Merging the parts by the rows' numbers gives the order of
//! first appearance.

use super::Keep;
use jackfield_kit::numbers::{integers, mask_of, numbers};
use jackfield_kit::partitions::{Merging, PARTS, Partitions, ROW, Runs, leave_merged, note_first, spooled};
use jackfield_kit::values::together;
use jackfield_kit::{Groups, Held, PIECE, rows_of};
use jackfield_sdk::spill::Spool;
use jackfield_sdk::{Batch, Column, DataType, Failure, Schema, Step};

/// Pieces that one call works on.
const PIECES_AT_A_TIME: usize = 8;

/// What was put aside, and how far the work is.
#[derive(Debug)]
pub(super) struct Parted {
    keep: Keep,
    schema: Schema,
    /// The values of rows that have left already.
    seen: Partitions,
    rows: Partitions,
    next: usize,
    part: Option<Part>,
    runs: Runs,
    leaving: Option<Merging>,
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
    out: Option<Spool>,
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
        Ok(Parted { keep, schema, seen, rows, next: 0, part: None, runs: Runs::default(), leaving: None })
    }

    /// Takes rows.
    pub(super) fn push(&mut self, batch: &Batch, groups: &Groups) -> Result<(), Failure> {
        self.rows.push(batch, &groups.keys_of(batch)?)
    }

    /// Goes on with a bounded piece of the work.
    pub(super) fn advance(&mut self, groups: &Groups) -> Result<Step, Failure> {
        for _ in 0..PIECES_AT_A_TIME {
            if let Some(mut part) = self.part.take() {
                if part.advance(self.keep)? {
                    self.part = Some(part);
                } else {
                    self.runs.add(part.finish()?);
                }
            } else if self.next < PARTS {
                let (seen, rows) = (self.seen.take(self.next), self.rows.take(self.next));
                self.next += 1;
                if rows.is_some() {
                    let groups = groups.again(&self.schema)?;
                    let last = Last::default();
                    self.part = Some(Part { groups, seen, rows, passed: 0, first: Vec::new(), out: None, last });
                }
            } else {
                return leave_merged(&mut self.runs, &mut self.leaving);
            }
        }
        Ok(Step::nothing().more())
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
            let mut out = match self.out.take() {
                Some(out) => out,
                None => Spool::new(fresh.schema())?,
            };
            out.append(&fresh)?;
            self.out = Some(out);
        }
        Ok(true)
    }

    /// The rows that stay, in the order of their groups.
    fn finish(mut self) -> Result<Option<Spool>, Failure> {
        if self.last.held.rows() == 0 {
            return Ok(self.out);
        }
        self.last.prune()?;
        let Some(whole) = self.last.held.take()? else { return Ok(self.out) };
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
