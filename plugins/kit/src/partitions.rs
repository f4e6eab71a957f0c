//! Rows on temporary storage, parted by the hash of some of their columns, so that rows which belong together lie together
//! and each part can be worked on in memory. Every row has its number with it, so that what comes of the parts can be put
//! into one order again.

use crate::numbers::{integers, optional};
use crate::outgoing::{Outgoing, PIECE};
use crate::pieces::Pile;
use crate::values::call;
use jackfield_sdk::compute::{Argument, SortKey, sort_indices};
use jackfield_sdk::spill::{Merger, SortedBy, Spool};
use jackfield_sdk::{Batch, Column, DataType, Failure, Scalar, Step};

/// Parts that rows go into: a power of two.
pub const PARTS: usize = 32;

/// The name of the column with the row's number, int64: no file gives a column such a name.
pub const ROW: &str = "\u{1}row";

/// Rows in [`PARTS`] parts, numbered from 0 in the order in which they came. Within a part they keep that order.
#[derive(Debug, Default)]
pub struct Partitions {
    parts: Vec<Pile>,
    rows: i64,
}

impl Partitions {
    /// Parts whose rows are numbered from here on: they come behind those of other parts.
    pub fn numbered_from(rows: i64) -> Partitions {
        Partitions { parts: Vec::new(), rows }
    }

    /// The number that the next row gets.
    pub fn next_number(&self) -> i64 {
        self.rows
    }

    /// Takes rows, parted by these columns, which are as long; the column [`ROW`] is added.
    ///
    /// # Errors
    /// What the host says: quotas, a full disk.
    pub fn push(&mut self, batch: &Batch, keys: &[Column]) -> Result<(), Failure> {
        self.parts.resize_with(PARTS, Pile::default);
        let mut from = 0;
        while from < batch.rows() {
            let count = PIECE.min(batch.rows() - from);
            let keys: Result<Vec<Column>, Failure> = keys.iter().map(|key| key.slice(from, count)).collect();
            self.push_piece(&batch.slice(from, count)?, &keys?)?;
            from += count;
        }
        Ok(())
    }

    fn push_piece(&mut self, batch: &Batch, keys: &[Column]) -> Result<(), Failure> {
        let count = i64::from(batch.rows());
        let numbers: Vec<Option<i64>> = (self.rows..self.rows + count).map(Some).collect();
        self.rows += count;
        let numbered = batch.put(&[(ROW, &integers(DataType::Int64, &numbers)?)])?;
        let hashable: Vec<Argument> = keys.iter().filter(|key| is_hashable(key)).map(Argument::Column).collect();
        if hashable.is_empty() {
            return self.append(0, &numbered);
        }
        let hash = call("hash_64", &hashable, "")?;
        let by = Scalar::Uint64(u64::from(u64::BITS - PARTS.ilog2()));
        let part = call("shift_right", &[Argument::Column(&hash), Argument::Scalar(by)], "")?;
        let order = sort_indices(&[SortKey { column: &part, descending: false, nulls_first: false }], None)?;
        let sorted = numbered.take(&order)?;
        let mut counts = [0; PARTS];
        for part in optional::<u64>(&part)?.into_iter().flatten() {
            if let Some(count) = counts.get_mut(part as usize) {
                *count += 1;
            }
        }
        let mut from = 0;
        for (number, count) in counts.into_iter().enumerate() {
            if count > 0 {
                self.append(number, &sorted.slice(from, count)?)?;
            }
            from += count;
        }
        Ok(())
    }

    fn append(&mut self, part: usize, rows: &Batch) -> Result<(), Failure> {
        match self.parts.get_mut(part) {
            Some(pile) => pile.append(rows),
            None => Err(Failure::internal("there is no such part")),
        }
    }

    /// The rows of a part, which are no longer here; `None` if there are none.
    pub fn take(&mut self, part: usize) -> Option<Spool> {
        self.parts.get_mut(part)?.take()
    }
}

/// Reads the numbers of the rows of a part and notes those that groups begin with. Groups are numbered in order of first
/// appearance, so that the next number is a new group.
///
/// # Errors
/// What the host says.
pub fn note_first(first: &mut Vec<Option<i64>>, groups: &[u32], rows: &Batch) -> Result<(), Failure> {
    let numbers = optional::<i64>(&rows.column(ROW)?)?;
    for (group, number) in groups.iter().zip(numbers) {
        if *group as usize == first.len() {
            first.push(number);
        }
    }
    Ok(())
}

/// The rows in pieces on temporary storage.
///
/// # Errors
/// What the host says: quotas, a full disk.
pub fn spooled(rows: Batch<'static>) -> Result<Spool, Failure> {
    let mut spool = Spool::new(rows.schema())?;
    let mut rows = Outgoing::all(rows);
    while let Some(piece) = rows.next_piece()? {
        spool.append(&piece)?;
    }
    Ok(spool)
}

fn is_hashable(key: &Column) -> bool {
    use DataType::{FixedSizeListOf, Interval, LargeListOf, ListOf, MapOf, StructOf};
    let tree = key.tree();
    let nested =
        |of: &DataType| matches!(of, FixedSizeListOf(_) | Interval(_) | LargeListOf | ListOf | MapOf | StructOf);
    tree.first().is_some_and(|root| !nested(&root.data_type))
}

/// Runs of rows, each in the order of the column [`ROW`], on their way out as one. That column leaves with the rows.
#[derive(Debug, Default)]
pub struct Runs(Vec<Spool>);

impl Runs {
    /// Adds a finished run.
    pub fn add(&mut self, run: Option<Spool>) {
        self.0.extend(run.filter(|run| run.rows() > 0));
    }

    /// The rows of all runs in the order of the column [`ROW`]; `None`: there are none.
    ///
    /// # Errors
    /// What the host says.
    pub fn merge(&mut self) -> Result<Option<Merging>, Failure> {
        let runs = std::mem::take(&mut self.0);
        let Some(first) = runs.first() else { return Ok(None) };
        let sample = first.read(0, 1)?;
        let column = sample.schema().expect_index(ROW)?;
        let others: Vec<u32> = (0..sample.schema().len() as u32).filter(|index| *index != column).collect();
        let by = SortedBy { column, descending: false, nulls_first: false };
        Ok(Some(Merging { merger: Merger::new(&runs, &[by])?, others }))
    }
}

/// Pieces of the work on parts that one call does.
const PIECES_AT_A_TIME: usize = 8;

/// Parts that are worked on one after the other, and the runs that come of them, which leave as one.
#[derive(Debug)]
pub struct Working<P> {
    next: usize,
    part: Option<P>,
    runs: Runs,
    leaving: Option<Merging>,
}

/// What a piece of work comes to.
#[derive(Debug)]
pub enum Worked<P> {
    /// There is more to do on the part.
    On(P),
    /// Its rows, if there are any.
    Run(Option<Spool>),
}

impl<P> Default for Working<P> {
    fn default() -> Self {
        Working { next: 0, part: None, runs: Runs::default(), leaving: None }
    }
}

impl<P> Working<P> {
    /// Goes on with a bounded piece of the work: `begin` makes the part of a number, if it has rows, and `work` does a
    /// piece of work on it, with what both of them need.
    ///
    /// # Errors
    /// Theirs, and what the host says.
    pub fn advance<C>(
        &mut self,
        context: &mut C,
        begin: impl Fn(&mut C, usize) -> Result<Option<P>, Failure>,
        work: impl Fn(&mut C, P) -> Result<Worked<P>, Failure>,
    ) -> Result<Step, Failure> {
        for _ in 0..PIECES_AT_A_TIME {
            if let Some(part) = self.part.take() {
                match work(context, part)? {
                    Worked::On(part) => self.part = Some(part),
                    Worked::Run(run) => self.runs.add(run),
                }
            } else if self.next < PARTS {
                self.part = begin(context, self.next)?;
                self.next += 1;
            } else {
                return leave_merged(&mut self.runs, &mut self.leaving);
            }
        }
        Ok(Step::nothing().more())
    }
}

/// The next step of a node whose runs are complete: a piece of all of them in order, until none is left and it is done.
///
/// # Errors
/// What the host says.
fn leave_merged(runs: &mut Runs, leaving: &mut Option<Merging>) -> Result<Step, Failure> {
    if leaving.is_none() {
        *leaving = runs.merge()?;
    }
    match leaving.as_mut().map(Merging::next_piece).transpose()?.flatten() {
        Some(rows) => Ok(Step::from(rows).more()),
        None => Ok(Step::nothing().done()),
    }
}

/// See [`Runs::merge`].
#[derive(Debug)]
pub struct Merging {
    merger: Merger,
    others: Vec<u32>,
}

impl Merging {
    /// The next rows, without their numbers; `None` behind the last.
    ///
    /// # Errors
    /// What the host says.
    pub fn next_piece(&mut self) -> Result<Option<Batch<'static>>, Failure> {
        match self.merger.next(PIECE)? {
            Some(rows) => rows.pick(self.others.iter().map(|index| (*index, None))).map(Some),
            None => Ok(None),
        }
    }
}
