//! A join whose right side is larger than memory, and whose left side is not: the left is held, and the right streams past
//! it from temporary storage, part by part. Pairs are found in the order of the right and sorted into that of the left,
//! by the numbers of both rows, so the result is that of a join that holds the right.

use super::Kind;
use super::keys::Keys;
use super::output::Output;
use super::parted::{append, unmatched_rows};
use jackfield_kit::numbers::integers;
use jackfield_kit::partitions::{Merging, PARTS, Partitions, Runs};
use jackfield_kit::values::Nulls;
use jackfield_kit::{Advance, Outgoing, PIECE, Sorter};
use jackfield_sdk::compute::{JoinKind, Joiner, Matches};
use jackfield_sdk::spill::Spool;
use jackfield_sdk::{Batch, Column, DataType, Failure, Field, Step};

/// Pieces that one call works on.
const PIECES_AT_A_TIME: usize = 8;

/// The left side, and how far the work is.
#[derive(Debug)]
pub(crate) struct Turned {
    left: Batch<'static>,
    joiner: Joiner,
    right: Partitions,
    /// The next part of the right.
    next: usize,
    part: Option<Spool>,
    /// Pairs of rows of the right, which the output holds, with rows of the left.
    matches: Option<Matches>,
    /// Rows of the part that have no partner.
    alone: Option<Spool>,
    pairs: Sorter,
    unmatched: Runs,
    leaving: Leaving,
}

#[derive(Debug)]
enum Leaving {
    NotYet,
    /// Rows of the left alone: of semi and anti joins.
    Left(Outgoing),
    /// In the order of the left.
    Pairs,
    /// Rows of the right that have no partner.
    Right(Option<Merging>),
}

impl Turned {
    /// A join of these rows of the left with those of the right.
    pub(crate) fn new(left: Batch<'static>, keys: &Keys, right: Partitions) -> Result<Turned, Failure> {
        let joiner = Joiner::new(&keys.types())?;
        let own = keys.of_left(&left)?;
        joiner.build(&own.iter().collect::<Vec<_>>())?;
        Ok(Turned {
            left,
            joiner,
            right,
            next: 0,
            part: None,
            matches: None,
            alone: None,
            pairs: Sorter::new(vec![(false, false); 2]),
            unmatched: Runs::default(),
            leaving: Leaving::NotYet,
        })
    }

    /// Goes on with a bounded piece of the work.
    pub(crate) fn advance(&mut self, kind: Kind, keys: &Keys, output: &mut Output) -> Result<Step, Failure> {
        for _ in 0..PIECES_AT_A_TIME {
            match &mut self.leaving {
                Leaving::NotYet => self.work(kind, keys, output)?,
                Leaving::Left(rows) => {
                    return Ok(match rows.next_piece()? {
                        Some(rows) => Step::from(rows).more(),
                        None => Step::nothing().done(),
                    });
                }
                Leaving::Pairs => match self.pairs.advance()? {
                    Advance::Piece(rows) => return Ok(Step::from(rows).more()),
                    Advance::Idle | Advance::Busy => {}
                    Advance::End => self.leaving = Leaving::Right(self.unmatched.merge()?),
                },
                Leaving::Right(rows) => {
                    let rows = rows.as_mut().map_or(Ok(None), Merging::next_piece)?;
                    return Ok(rows.map_or_else(|| Step::nothing().done(), |rows| Step::from(rows).more()));
                }
            }
        }
        Ok(Step::nothing().more())
    }

    /// One piece of what comes before the first row leaves.
    fn work(&mut self, kind: Kind, keys: &Keys, output: &mut Output) -> Result<(), Failure> {
        if let Advance::Busy = self.pairs.advance()? {
            return Ok(());
        }
        if let Some(matches) = &self.matches {
            match matches.next(PIECE)? {
                Some((right, left)) => {
                    let rows = output.matched(&self.left, &row_numbers(&left)?, &right)?;
                    self.pairs.push(&rows, &[left, output.right_numbers(&right)?])?;
                }
                None => self.matches = None,
            }
            return Ok(());
        }
        if let Some(part) = &mut self.part {
            match part.next(PIECE)? {
                Some(rows) => self.probe(&rows, kind, keys, output)?,
                None => {
                    self.part = None;
                    self.unmatched.add(self.alone.take());
                }
            }
            return Ok(());
        }
        if self.next < PARTS {
            self.part = self.right.take(self.next);
            self.next += 1;
            return Ok(());
        }
        output.forget();
        self.end(kind, output)
    }

    fn probe(&mut self, rows: &Batch, kind: Kind, keys: &Keys, output: &mut Output) -> Result<(), Failure> {
        let own = keys.of_held(kind, rows)?;
        let keys: Vec<&Column> = own.iter().collect();
        if kind.is_left_only() {
            // Which rows of the left were met is all there is to know.
            self.joiner.probe(&keys, JoinKind::Semi)?;
            return Ok(());
        }
        output.forget();
        output.hold(rows, &own)?;
        output.complete()?;
        if kind.gives_unmatched_right() {
            let alone = self.joiner.probe(&keys, JoinKind::Anti)?;
            while let Some((rows, _)) = alone.next(PIECE)? {
                append(&mut self.alone, &unmatched_rows(&rows, output)?)?;
            }
        }
        self.matches = Some(self.joiner.probe(&keys, JoinKind::Inner)?);
        Ok(())
    }

    /// All of the right has streamed past.
    fn end(&mut self, kind: Kind, output: &mut Output) -> Result<(), Failure> {
        let alone = self.joiner.unmatched()?;
        if kind.is_left_only() {
            let alone = row_numbers(&alone)?;
            let chosen = if kind == Kind::Anti { alone } else { others(&alone, self.left.rows())? };
            self.leaving = Leaving::Left(Outgoing::ordered(self.left.share(), chosen));
            return Ok(());
        }
        if matches!(kind, Kind::Left | Kind::Full) {
            let mut none = Nulls::new(vec![Field::new("rows", DataType::Uint64)]);
            let mut from = 0;
            while from < alone.length() {
                let count = PIECE.min(alone.length() - from);
                let left = alone.slice(from, count)?;
                let rows = output.matched(&self.left, &row_numbers(&left)?, &none.rows(count)?)?;
                let right = integers(DataType::Int64, &vec![Some(-1); count as usize])?;
                self.pairs.push(&rows, &[left, right])?;
                while let Advance::Busy = self.pairs.advance()? {}
                from += count;
            }
        }
        self.pairs.finish()?;
        self.leaving = Leaving::Pairs;
        Ok(())
    }
}

/// Numbers of rows as a batch takes them.
fn row_numbers(rows: &Column) -> Result<Column, Failure> {
    rows.cast("uint32")
}

/// The numbers below `rows` that are not among these, which ascend.
fn others(numbers: &Column, rows: u32) -> Result<Column, Failure> {
    let mut without = jackfield_kit::numbers(numbers)?.into_iter().peekable();
    let others: Vec<u32> = (0..rows).filter(|row| without.next_if_eq(row).is_none()).collect();
    jackfield_kit::rows_of(&others)
}
