//! Groups that are larger than memory. What is known of those that came first, and then each row's keys and arguments, lie
//! on temporary storage, parted by the keys. Each part is summed up by itself, in the order in which its rows came, so
//! that the results are those of memory; merging the parts by the rows' numbers gives the order of first appearance.

use super::Bound;
use super::groups::Groups;
use jackfield_kit::PIECE;
use jackfield_kit::numbers::{integers, numbers};
use jackfield_kit::partitions::{Merging, PARTS, Partitions, ROW, Runs, leave_merged, note_first, spooled};
use jackfield_kit::problems::at;
use jackfield_sdk::compute::Accumulator;
use jackfield_sdk::spill::Spool;
use jackfield_sdk::{Batch, Column, DataType, Failure, Field, Schema, Step};

/// Pieces that one call works on.
const PIECES_AT_A_TIME: usize = 8;

pub(super) struct Parted {
    /// Keys, and the state of each measure.
    states: Partitions,
    /// How many columns the state of each measure has.
    widths: Vec<u32>,
    /// Keys, and the arguments of each measure.
    rows: Partitions,
    next: usize,
    part: Option<Part>,
    runs: Runs,
    leaving: Option<Merging>,
}

/// A part that is being worked on.
struct Part {
    groups: Groups,
    accumulators: Vec<Accumulator>,
    states: Option<Spool>,
    rows: Option<Spool>,
    /// The number of the row that each group began with.
    first: Vec<Option<i64>>,
}

impl Parted {
    /// Goes on with what is known in memory, where nothing remains.
    pub(super) fn new(bound: &mut Bound) -> Result<Parted, Failure> {
        let (keys, count) = bound.groups.keys()?;
        let mut columns: Vec<Column> = keys.iter().map(Column::share).collect();
        let mut widths = Vec::with_capacity(bound.outputs.measures.len());
        for measure in &mut bound.outputs.measures {
            let state = measure.leave()?;
            widths.push(state.len() as u32);
            columns.extend(state);
        }
        bound.groups = Groups::new(&bound.keys)?;
        let mut states = Partitions::default();
        states.push(&together(&columns, count)?, &keys)?;
        let rows = Partitions::numbered_from(states.next_number());
        Ok(Parted { states, widths, rows, next: 0, part: None, runs: Runs::default(), leaving: None })
    }

    /// Takes rows.
    pub(super) fn push(&mut self, keys: &[Column], arguments: &[Vec<Column>], rows: u32) -> Result<(), Failure> {
        let columns: Vec<Column> = keys.iter().chain(arguments.iter().flatten()).map(Column::share).collect();
        self.rows.push(&together(&columns, rows)?, keys)
    }

    /// Goes on with a bounded piece of the work.
    pub(super) fn advance(&mut self, bound: &Bound) -> Result<Step, Failure> {
        for _ in 0..PIECES_AT_A_TIME {
            if let Some(mut part) = self.part.take() {
                if part.advance(bound, &self.widths)? {
                    self.part = Some(part);
                } else {
                    self.runs.add(Some(part.finish(bound)?));
                }
            } else if self.next < PARTS {
                let (states, rows) = (self.states.take(self.next), self.rows.take(self.next));
                self.next += 1;
                if states.is_some() || rows.is_some() {
                    let accumulators: Result<Vec<Accumulator>, Failure> =
                        bound.outputs.measures.iter().map(super::Measure::again).collect();
                    let (groups, accumulators) = (Groups::new(&bound.keys)?, accumulators?);
                    self.part = Some(Part { groups, accumulators, states, rows, first: Vec::new() });
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
    fn advance(&mut self, bound: &Bound, widths: &[u32]) -> Result<bool, Failure> {
        if let Some(states) = &mut self.states {
            let Some(rows) = states.next(PIECE)? else {
                self.states = None;
                return Ok(true);
            };
            let (groups, count) = self.assign(bound, &rows)?;
            let mut next = bound.keys.len() as u32;
            for (accumulator, width) in self.accumulators.iter().zip(widths) {
                let state = columns(&rows, next, *width)?;
                accumulator.merge(&state.iter().collect::<Vec<_>>(), &groups, count)?;
                next += width;
            }
            return Ok(true);
        }
        let Some(spool) = &mut self.rows else { return Ok(false) };
        let Some(rows) = spool.next(PIECE)? else {
            self.rows = None;
            return Ok(false);
        };
        let (groups, count) = self.assign(bound, &rows)?;
        let mut next = bound.keys.len() as u32;
        for (accumulator, measure) in self.accumulators.iter().zip(&bound.outputs.measures) {
            let width = measure.arguments.len() as u32;
            let values = columns(&rows, next, width)?;
            let updated = accumulator.update(&values.iter().collect::<Vec<_>>(), &groups, count);
            updated.map_err(|failure| at(&measure.pointer, failure))?;
            next += width;
        }
        Ok(true)
    }

    /// The group of each row, and the number of groups so far.
    fn assign(&mut self, bound: &Bound, rows: &Batch) -> Result<(Column, u32), Failure> {
        let keys = columns(rows, 0, bound.keys.len() as u32)?;
        let (groups, count) = self.groups.assign(&keys, rows.rows())?;
        note_first(&mut self.first, &numbers(&groups)?, rows)?;
        Ok((groups, count))
    }

    /// The results of the part, each with the number of the row that its group began with.
    fn finish(self, bound: &Bound) -> Result<Spool, Failure> {
        let (keys, count) = self.groups.keys()?;
        let mut measures = Vec::with_capacity(self.accumulators.len());
        for (accumulator, measure) in self.accumulators.iter().zip(&bound.outputs.measures) {
            measures.push(accumulator.finish().map_err(|failure| at(&measure.pointer, failure))?);
        }
        let rows = bound.result(keys, measures, count)?;
        spooled(rows.put(&[(ROW, &integers(DataType::Int64, &self.first)?)])?)
    }
}

fn columns(rows: &Batch, first: u32, count: u32) -> Result<Vec<Column>, Failure> {
    (first..first + count).map(|index| rows.column_at(index)).collect()
}

/// Columns as a batch, each under its number.
fn together(columns: &[Column], rows: u32) -> Result<Batch<'static>, Failure> {
    let mut trees: Vec<Vec<Field>> = columns.iter().map(Column::tree).collect();
    for (number, tree) in trees.iter_mut().enumerate() {
        if let Some(root) = tree.first_mut() {
            root.name = number.to_string();
        }
    }
    Batch::of(&Schema::of(trees), rows, &columns.iter().collect::<Vec<_>>())
}
