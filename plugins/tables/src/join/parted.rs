//! A join whose right side is larger than memory: both sides lie on temporary storage, parted by their keys. Part by part
//! the right side is held and the left one streams past it. What comes out of a part is in the order of the left, so
//! merging the parts by the left's row numbers gives the order that a join in memory has.

use super::Kind;
use super::keys::Keys;
use super::output::Output;
use jackfield_kit::PIECE;
use jackfield_kit::partitions::{Merging, PARTS, Partitions, ROW, Runs};
use jackfield_sdk::compute::{Joiner, Matches};
use jackfield_sdk::spill::Spool;
use jackfield_sdk::{Batch, Column, Failure, Step};

/// Pieces that one call works on.
const PIECES_AT_A_TIME: usize = 8;

/// Both sides, and how far the work is.
#[derive(Debug, Default)]
pub(crate) struct Parted {
    pub(crate) left: Partitions,
    pub(crate) right: Partitions,
    /// The next part.
    next: usize,
    part: Option<Part>,
    matched: Runs,
    unmatched: Runs,
    leaving: Option<Merging>,
    /// What comes behind the rows of the left is on its way.
    last: bool,
}

/// A part that is being worked on.
#[derive(Debug)]
struct Part {
    joiner: Joiner,
    /// Rows of the right that are still to be held.
    right: Option<Spool>,
    left: Option<Spool>,
    matches: Option<(Batch<'static>, Matches)>,
    out: Option<Spool>,
}

impl Parted {
    /// Goes on with a bounded piece of the work.
    pub(crate) fn advance(&mut self, kind: Kind, keys: &Keys, output: &mut Output) -> Result<Step, Failure> {
        for _ in 0..PIECES_AT_A_TIME {
            if let Some(mut part) = self.part.take() {
                if part.advance(kind, keys, output)? {
                    self.part = Some(part);
                    continue;
                }
                self.matched.add(part.out.take());
                if kind.gives_unmatched_right() {
                    self.unmatched.add(unmatched(&part.joiner, output)?);
                }
                output.forget();
                continue;
            }
            if self.next < PARTS {
                let (left, right) = (self.left.take(self.next), self.right.take(self.next));
                self.next += 1;
                if left.is_some() || right.is_some() {
                    let joiner = Joiner::new(&keys.types())?;
                    self.part = Some(Part { joiner, right, left, matches: None, out: None });
                }
                continue;
            }
            return self.leave();
        }
        Ok(Step::nothing().more())
    }

    /// The next rows of the result.
    fn leave(&mut self) -> Result<Step, Failure> {
        loop {
            if let Some(leaving) = &mut self.leaving
                && let Some(rows) = leaving.next_piece()?
            {
                return Ok(Step::from(rows).more());
            }
            self.leaving = None;
            if let Some(merging) = self.matched.merge()? {
                self.leaving = Some(merging);
            } else if self.last {
                return Ok(Step::nothing().done());
            } else {
                self.last = true;
                self.leaving = self.unmatched.merge()?;
            }
        }
    }
}

impl Part {
    /// One piece of work; `false`: there is none left.
    fn advance(&mut self, kind: Kind, keys: &Keys, output: &mut Output) -> Result<bool, Failure> {
        if let Some(right) = &mut self.right {
            match right.next(PIECE)? {
                Some(rows) => {
                    let own = keys.of_held(kind, &rows)?;
                    self.joiner.build(&own.iter().collect::<Vec<_>>())?;
                    if !kind.is_left_only() {
                        output.hold(&rows, &own)?;
                    }
                }
                None => {
                    self.right = None;
                    output.complete()?;
                }
            }
            return Ok(true);
        }
        if let Some((rows, matches)) = &self.matches {
            match matches.next(PIECE)? {
                Some((left, right)) => {
                    let piece = output.matched(rows, &left, &right)?;
                    append(&mut self.out, &piece)?;
                }
                None => self.matches = None,
            }
            return Ok(true);
        }
        let Some(left) = &mut self.left else { return Ok(false) };
        match left.next(PIECE)? {
            Some(rows) => {
                let own = keys.of_left(&rows)?;
                let matches = self.joiner.probe(&own.iter().collect::<Vec<_>>(), kind.probe())?;
                self.matches = Some((rows, matches));
            }
            None => self.left = None,
        }
        Ok(true)
    }
}

/// The rows of the right that no row of the left has met, with their numbers.
fn unmatched(joiner: &Joiner, output: &mut Output) -> Result<Option<Spool>, Failure> {
    let rows = joiner.unmatched()?;
    let mut out = None;
    let mut from = 0;
    while from < rows.length() {
        let count = PIECE.min(rows.length() - from);
        append(&mut out, &unmatched_rows(&rows.slice(from, count)?, output)?)?;
        from += count;
    }
    Ok(out)
}

/// These rows of the right as they come out, with their numbers.
pub(crate) fn unmatched_rows(rows: &Column, output: &mut Output) -> Result<Batch<'static>, Failure> {
    let numbers = output.right_numbers(rows)?;
    output.unmatched_right(rows)?.put(&[(ROW, &numbers)])
}

pub(crate) fn append(out: &mut Option<Spool>, rows: &Batch) -> Result<(), Failure> {
    let mut spool = match out.take() {
        Some(spool) => spool,
        None => Spool::new(rows.schema())?,
    };
    spool.append(rows)?;
    *out = Some(spool);
    Ok(())
}
