//! Rows in another order, however many they are. They are held in memory up to a share of the plugin's limit; what is
//! more goes to the host's temporary storage in sorted runs, which are merged at the end.

use crate::held::Held;
use crate::outgoing::{Outgoing, PIECE};
use crate::pieces::chunk_rows;
use crate::values::root;
use jackfield_sdk::compute::{SortKey, sort_indices};
use jackfield_sdk::spill::{Merger, SortedBy, Spool, memory_use};
use jackfield_sdk::{Batch, Column, DataType, Failure, Field, Step};

/// Of the memory that the plugin has, so much is used for rows; sorting takes as much again for keys and their order.
const SHARE: u64 = 4;

/// The same of rows that have their keys within: these are most of such rows, and sorting copies them more than once.
const SHARE_WITHIN: u64 = 8;

/// Runs that are merged at once. More of them are merged into longer ones first.
const MOST_RUNS: usize = 32;

/// Pieces that are merged in one call when runs become a longer one.
const PIECES_AT_A_TIME: usize = 16;

/// Sorts rows by columns of theirs, or by columns of the node's own that come with them. Rows with equal keys keep their
/// order.
#[derive(Debug)]
pub struct Sorter {
    /// Of each key, whether it descends and whether nulls come first.
    directions: Vec<(bool, bool)>,
    /// The keys among the columns of the rows; none: they are the node's own.
    within: Option<Vec<u32>>,
    held: Held,
    /// What the plugin held before the first row came, or less since.
    before: Option<u64>,
    /// Sorted, in the order in which their rows came.
    runs: Vec<Run>,
    joining: Option<Joining>,
    leaving: Leaving,
}

#[derive(Debug)]
struct Run {
    spool: Spool,
    /// How often its rows were merged.
    level: u32,
}

/// Runs on their way into one.
#[derive(Debug)]
struct Joining {
    merger: Merger,
    into: Run,
}

#[derive(Debug)]
enum Leaving {
    NotYet,
    /// Some runs have to be joined before all can be merged.
    Soon,
    Memory(Outgoing),
    Merged(Merger),
    Nothing,
}

/// What a sorter did.
#[derive(Debug)]
pub enum Advance {
    /// It waits for rows.
    Idle,
    /// It has to be advanced again.
    Busy,
    /// The next rows, with the input's columns only.
    Piece(Batch<'static>),
    /// All rows have left.
    End,
}

impl Advance {
    /// The step that a node answers with, its main port being where the rows leave.
    pub fn step(self) -> Step {
        match self {
            Advance::Idle => Step::nothing(),
            Advance::Busy => Step::nothing().more(),
            Advance::Piece(rows) => Step::from(rows).more(),
            Advance::End => Step::nothing().done(),
        }
    }
}

impl Sorter {
    /// A sorter for keys of which each descends or not, and has nulls first or not.
    pub fn new(directions: Vec<(bool, bool)>) -> Sorter {
        Sorter {
            directions,
            within: None,
            held: Held::default(),
            before: None,
            runs: Vec::new(),
            joining: None,
            leaving: Leaving::NotYet,
        }
    }

    /// A sorter whose keys are among the columns of the rows.
    pub fn by(keys: Vec<SortedBy>) -> Sorter {
        let directions = keys.iter().map(|key| (key.descending, key.nulls_first)).collect();
        Sorter { within: Some(keys.iter().map(|key| key.column).collect()), ..Sorter::new(directions) }
    }

    /// A sorter of rows that come out of what is held already: their room is measured from so many bytes.
    pub fn measured_from(self, before: u64) -> Sorter {
        Sorter { before: Some(before), ..self }
    }

    /// A sorter that goes on with rows that are held together with their keys, and puts them aside at once.
    ///
    /// # Errors
    /// What the host says: quotas, a full disk.
    pub fn holding(directions: Vec<(bool, bool)>, held: Held) -> Result<Sorter, Failure> {
        let mut sorter = Sorter { held, ..Sorter::new(directions) };
        sorter.put_aside()?;
        Ok(sorter)
    }

    /// Takes rows and their keys, unless these are among the rows' columns. Until [`advance`](Sorter::advance) says `Idle` no more may come.
    ///
    /// # Errors
    /// What the host says: quotas, a full disk.
    pub fn push(&mut self, batch: &Batch, keys: &[Column]) -> Result<(), Failure> {
        // What others held when the first row came, and hold no longer, is no room for more rows.
        let held = memory_use().held;
        let before = self.before.map_or(held, |before| before.min(held));
        self.before = Some(before);
        self.held.push(batch, keys)?;
        let share = if self.within.is_some() { SHARE_WITHIN } else { SHARE };
        let memory = memory_use();
        if memory.held.saturating_sub(before) > memory.limit.saturating_sub(before) / share {
            self.put_aside()?;
        }
        Ok(())
    }

    /// No more rows come.
    ///
    /// # Errors
    /// What the host says.
    pub fn finish(&mut self) -> Result<(), Failure> {
        if self.runs.is_empty() && self.joining.is_none() {
            self.leaving = match self.held.take()? {
                Some(whole) => {
                    let order = self.order(&self.keys(&whole.rows, whole.own)?)?;
                    let rows = Outgoing::ordered(whole.rows, order);
                    Leaving::Memory(if self.within.is_some() { rows.in_pieces_of(chunk_rows()) } else { rows })
                }
                None => Leaving::Nothing,
            };
            return Ok(());
        }
        self.put_aside()?;
        self.leaving = Leaving::Soon;
        Ok(())
    }

    /// Goes on with what is to do: a bounded piece of it.
    ///
    /// # Errors
    /// What the host says.
    pub fn advance(&mut self) -> Result<Advance, Failure> {
        if let Some(joining) = self.joining.take() {
            return self.join_on(joining);
        }
        let ending = !matches!(self.leaving, Leaving::NotYet);
        if let Some(from) = self.to_be_joined(ending) {
            let level = self.runs.last().map_or(0, |run| run.level) + 1;
            let parts = self.runs.split_off(from);
            let into = Run { spool: Spool::new(parts_schema(&parts)?.schema())?, level };
            self.joining = Some(Joining { merger: self.merger(&parts)?, into });
            return Ok(Advance::Busy);
        }
        match &mut self.leaving {
            Leaving::NotYet => Ok(Advance::Idle),
            Leaving::Soon => {
                let runs = std::mem::take(&mut self.runs);
                self.leaving = Leaving::Merged(self.merger(&runs)?);
                Ok(Advance::Busy)
            }
            Leaving::Memory(outgoing) => Ok(match outgoing.next_piece()? {
                Some(piece) => Advance::Piece(piece),
                None => Advance::End,
            }),
            Leaving::Merged(merger) => {
                let columns = self.held.columns();
                // Rows that go on to be computed with are copied, those of a sort leave.
                let most = if self.within.is_some() { chunk_rows() } else { PIECE };
                Ok(match merger.next(most)? {
                    Some(rows) => Advance::Piece(rows.pick((0..columns).map(|index| (index, None)))?),
                    None => Advance::End,
                })
            }
            Leaving::Nothing => Ok(Advance::End),
        }
    }

    /// The run from which on those at the end are to become one.
    fn to_be_joined(&self, ending: bool) -> Option<usize> {
        if ending {
            return (self.runs.len() > MOST_RUNS).then(|| self.runs.len() - MOST_RUNS);
        }
        let last = self.runs.last()?.level;
        let alike = self.runs.iter().rev().take_while(|run| run.level == last).count();
        (alike >= MOST_RUNS).then(|| self.runs.len() - alike)
    }

    fn join_on(&mut self, mut joining: Joining) -> Result<Advance, Failure> {
        for _ in 0..PIECES_AT_A_TIME {
            match joining.merger.next(chunk_rows())? {
                Some(rows) => joining.into.spool.append(&rows)?,
                None => {
                    self.runs.push(joining.into);
                    return Ok(Advance::Busy);
                }
            }
        }
        self.joining = Some(joining);
        Ok(Advance::Busy)
    }

    fn merger(&self, runs: &[Run]) -> Result<Merger, Failure> {
        let behind = self.held.columns()..;
        let columns: Vec<u32> = match &self.within {
            Some(within) => within.clone(),
            None => behind.take(self.directions.len()).collect(),
        };
        let by = columns.into_iter().zip(&self.directions);
        let by = by.map(|(column, (descending, nulls_first))| SortedBy {
            column,
            descending: *descending,
            nulls_first: *nulls_first,
        });
        Merger::new(runs.iter().map(|run| &run.spool), &by.collect::<Vec<_>>())
    }

    fn keys(&self, rows: &Batch, own: Vec<Column>) -> Result<Vec<Column>, Failure> {
        match &self.within {
            Some(within) => within.iter().map(|index| rows.column_at(*index)).collect(),
            None => Ok(own),
        }
    }

    fn order(&self, keys: &[Column]) -> Result<Column, Failure> {
        let keys = self.directions.iter().zip(keys).map(|((descending, nulls_first), column)| SortKey {
            column,
            descending: *descending,
            nulls_first: *nulls_first,
        });
        sort_indices(&keys.collect::<Vec<_>>(), None)
    }

    /// Puts what is held aside as a sorted run.
    ///
    /// # Errors
    /// What the host says: quotas, a full disk.
    pub fn put_aside(&mut self) -> Result<(), Failure> {
        let Some((all, own)) = self.held.take_together()? else { return Ok(()) };
        let keys = self.keys(&all, own)?;
        let order = self.order(&keys)?;
        drop(keys);
        let mut spool = Spool::new(all.schema())?;
        let mut rows = Outgoing::ordered(all, order).in_pieces_of(chunk_rows());
        while let Some(piece) = rows.next_piece()? {
            spool.append(&piece)?;
        }
        self.runs.push(Run { spool, level: 0 });
        Ok(())
    }
}

/// Whether values of the type can be sorted.
pub fn has_order(tree: &[Field]) -> bool {
    use DataType::{FixedSizeListOf, Interval, LargeListOf, ListOf, MapOf, StructOf};
    !matches!(root(tree), FixedSizeListOf(_) | Interval(_) | LargeListOf | ListOf | MapOf | StructOf)
}

/// A row or none of the runs, to know their columns by.
fn parts_schema(runs: &[Run]) -> Result<Batch<'static>, Failure> {
    match runs.first() {
        Some(run) => run.spool.read(0, 1),
        None => Err(Failure::internal("there are no runs")),
    }
}
