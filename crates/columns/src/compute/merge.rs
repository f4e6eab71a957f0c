//! Sorted runs of rows, merged: what a sort that is larger than memory does last. The runs come block by block, when
//! they are asked for, so that a merge holds a block of each.

use arrow::array::{ArrayRef, UInt32Array};
use arrow::datatypes::DataType;
use arrow_row::{Row, RowConverter, Rows, SortField};
use std::sync::Arc;

use super::call::guarded;
use super::group::canonical;
use super::promote::{comparable_rows, mismatch, normal, normalise};
use crate::{Batch, Failure, Meter, type_name};

/// A column that the runs are sorted by, and how: as in [`super::SortKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MergeKey {
    /// Its number.
    pub column: usize,
    /// Largest first.
    pub descending: bool,
    /// Nulls before all values, else behind them, whatever the direction.
    pub nulls_first: bool,
}

/// What a merge says when it is asked for rows.
#[derive(Debug)]
pub enum Merged {
    /// It needs the next block of this run, or to hear that there is none.
    Wanted(usize),
    /// The next rows.
    Rows(Batch),
    /// There are no more.
    End,
}

/// Merges runs that are sorted by the same keys. Equal rows come in the order of the runs, so a merge of the sorted
/// pieces of a table is stable.
#[derive(Debug)]
pub struct Merge {
    keys: Vec<MergeKey>,
    converter: Option<RowConverter>,
    runs: Vec<Run>,
    /// Runs that have rows, in the order of their next rows.
    order: Vec<usize>,
    /// Blocks that `numbers` refers to, one after the other.
    blocks: Vec<Batch>,
    /// Rows of the blocks together.
    total: u32,
    numbers: Vec<u32>,
    /// Runs that wait for a block.
    wanting: usize,
    /// Changes of the run in front since the meter was last asked.
    unseen: u32,
    /// Bytes of the blocks that are used up, and stay because `numbers` refers to them.
    used_up: u64,
    /// From so many of them on the rows that were chosen leave, however few they are.
    most_used_up: u64,
}

/// Changes of the run in front between looks at the deadline.
const STEP: u32 = 4096;

#[derive(Debug)]
enum Run {
    /// It waits for its next block.
    Wanted,
    Ended,
    Ready(Ready),
}

/// A block that rows are taken from.
#[derive(Debug)]
struct Ready {
    block: Batch,
    rows: Rows,
    next: usize,
    /// Where its rows begin among those of all blocks.
    start: u32,
}

impl Run {
    fn head(&self) -> Option<Row<'_>> {
        match self {
            Run::Ready(ready) if ready.next < ready.rows.num_rows() => Some(ready.rows.row(ready.next)),
            _ => None,
        }
    }
}

impl Merge {
    /// A merge of so many runs by these keys, of which there is at least one. Rows are given when they are as many as was
    /// asked for, or when their blocks have `most_bytes`.
    ///
    /// # Errors
    /// No key.
    pub fn new(keys: Vec<MergeKey>, runs: usize, most_bytes: u64) -> Result<Merge, Failure> {
        if keys.is_empty() {
            return Err(mismatch("at least one key is expected"));
        }
        Ok(Merge {
            keys,
            converter: None,
            runs: (0..runs).map(|_| Run::Wanted).collect(),
            order: Vec::with_capacity(runs),
            blocks: Vec::new(),
            total: 0,
            numbers: Vec::new(),
            wanting: runs,
            unseen: 0,
            used_up: 0,
            most_used_up: most_bytes,
        })
    }

    /// Bytes that it holds, about.
    pub fn size(&self) -> u64 {
        let blocks: u64 = self.blocks.iter().map(Batch::bytes).sum();
        let keys = self.runs.iter().map(|run| match run {
            Run::Ready(ready) => ready.rows.size() as u64,
            _ => 0,
        });
        blocks + keys.sum::<u64>() + self.numbers.capacity() as u64 * 4
    }

    /// The next block of a run, or that there is none. A block without rows is as good as none given yet.
    ///
    /// # Errors
    /// A run that wants none, keys that have no order, limits.
    pub fn give(&mut self, run: usize, block: Option<Batch>, meter: &mut dyn Meter) -> Result<(), Failure> {
        let Some(Run::Wanted) = self.runs.get(run) else {
            return Err(Failure::internal("merge", format!("run {run} wants no block")));
        };
        let Some(block) = block else {
            self.set(run, Run::Ended);
            self.wanting -= 1;
            return Ok(());
        };
        if block.rows() == 0 {
            return Ok(());
        }
        let rows = guarded("merge", || self.comparable(&block, meter))?;
        let (start, count) = (self.total, block.rows());
        self.total = u32::try_from(count)
            .ok()
            .and_then(|count| start.checked_add(count))
            .ok_or_else(|| Failure::limit("too-large", "the blocks of a merge have more rows than can be numbered"))?;
        self.blocks.push(block.clone());
        self.set(run, Run::Ready(Ready { block, rows, next: 0, start }));
        self.wanting -= 1;
        self.enter(run);
        Ok(())
    }

    fn set(&mut self, run: usize, state: Run) {
        if let Some(place) = self.runs.get_mut(run) {
            *place = state;
        }
    }

    fn comparable(&mut self, block: &Batch, meter: &mut dyn Meter) -> Result<Rows, Failure> {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            columns.push(canonical(&normalise(&block.column(key.column, meter)?, meter)?));
        }
        if self.converter.is_none() {
            let types: Vec<DataType> = columns.iter().map(|column| normal(column.data_type())).collect();
            let fields = types.iter().zip(&self.keys).map(|(data_type, key)| {
                let options = arrow::compute::SortOptions { descending: key.descending, nulls_first: key.nulls_first };
                SortField::new_with_options(data_type.clone(), options)
            });
            let converter = RowConverter::new(fields.collect()).map_err(|_| {
                let types: Vec<String> = types.iter().map(type_name).collect();
                mismatch(format!("{} cannot be sorted by", types.join(", ")))
            })?;
            self.converter = Some(converter);
        }
        let Some(converter) = &self.converter else { return Err(mismatch("at least one key is expected")) };
        comparable_rows(converter, &columns, meter)
    }

    /// Whether the next row of one run comes before that of another.
    fn before(&self, one: usize, other: usize) -> bool {
        let head = |run: usize| self.runs.get(run).and_then(Run::head);
        match (head(one), head(other)) {
            (Some(a), Some(b)) => a.cmp(&b).then(one.cmp(&other)).is_lt(),
            (first, _) => first.is_some(),
        }
    }

    /// Puts a run into the order.
    fn enter(&mut self, run: usize) {
        let place = self.order.partition_point(|other| self.before(*other, run));
        self.order.insert(place, run);
    }

    /// The next rows in order, at most `most`, or what is needed to find them.
    ///
    /// # Errors
    /// Limits.
    pub fn next(&mut self, most: usize, meter: &mut dyn Meter) -> Result<Merged, Failure> {
        loop {
            if self.used_up >= self.most_used_up && !self.numbers.is_empty() {
                return self.flush(meter).map(Merged::Rows);
            }
            if self.wanting > 0
                && let Some(wanted) = self.runs.iter().position(|run| matches!(run, Run::Wanted))
            {
                return Ok(Merged::Wanted(wanted));
            }
            let Some(front) = self.order.first().copied() else {
                return match self.numbers.is_empty() {
                    true => Ok(Merged::End),
                    false => self.flush(meter).map(Merged::Rows),
                };
            };
            self.unseen += 1;
            if self.unseen == STEP {
                self.unseen = 0;
                meter.work(u64::from(STEP) * 4)?;
            }
            self.draw(front, most);
            if self.numbers.len() >= most {
                return self.flush(meter).map(Merged::Rows);
            }
        }
    }

    /// Takes rows from the run in front until another one is in front, its block ends, or there are enough.
    fn draw(&mut self, front: usize, most: usize) {
        let rival = self.order.get(1).copied();
        loop {
            if let Some(Run::Ready(ready)) = self.runs.get_mut(front) {
                self.numbers.push(ready.start + ready.next as u32);
                ready.next += 1;
            }
            if self.runs.get(front).and_then(Run::head).is_none() {
                self.order.remove(0);
                if let Some(Run::Ready(ready)) = self.runs.get(front) {
                    self.used_up += ready.block.bytes();
                }
                self.set(front, Run::Wanted);
                self.wanting += 1;
                return;
            }
            if rival.is_some_and(|rival| !self.before(front, rival)) {
                self.order.remove(0);
                self.enter(front);
                return;
            }
            if self.numbers.len() >= most {
                return;
            }
        }
    }

    /// The rows that were chosen, moved out of the blocks; blocks that are used up are let go.
    fn flush(&mut self, meter: &mut dyn Meter) -> Result<Batch, Failure> {
        let numbers: ArrayRef = Arc::new(UInt32Array::from(std::mem::take(&mut self.numbers)));
        let rows = Batch::concat(&self.blocks, meter)?.take(&numbers, meter)?;
        self.blocks.clear();
        self.total = 0;
        self.used_up = 0;
        for run in &mut self.runs {
            if let Run::Ready(ready) = run {
                ready.start = self.total;
                self.total += ready.block.rows() as u32;
                self.blocks.push(ready.block.clone());
            }
        }
        Ok(rows)
    }
}
