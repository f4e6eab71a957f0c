//! Groups that are larger than memory, one after the other: the rows lie on temporary storage as they came, and beside
//! them what the calls need of each, which is brought into order and then looked at chunk by chunk, twice. First what is
//! only known at the end: how large each group is, where rows that are equal end, what all rows of a group come to. Then
//! each call computes its column, knowing of the rows before only what it carries from chunk to chunk. The columns are
//! brought back into the order of the rows, and stand beside them as they leave.

mod fresh;
mod whole;

use super::calls::{Before, Call, What};
use super::layout::{Chunk, Layout, runs};
use super::ranks::{NONE, Numbering, Other};
use super::{Bound, One};
use jackfield_kit::numbers::{flags, integers, mask_of, numbers};
use jackfield_kit::pieces::{Pile, chunk_rows};
use jackfield_kit::values::together;
use jackfield_kit::{Adjacent, Advance, Room, Sorter, at};
use jackfield_sdk::spill::SortedBy;
use jackfield_sdk::{Batch, Column, DataType, Failure};
use std::ops::Range;
use whole::Whole;

/// Pieces that one call works on.
const PIECES_AT_A_TIME: usize = 8;

/// The columns beside the rows: the place of the row among all; its group; behind these the keys and the arguments. Once
/// they are in order, whether the row equals the one before it stands in the place of the keys.
const PLACE: u32 = 0;
const GROUP: u32 = 1;
const KEYS: u32 = 2;
const SAME: u32 = 2;
const ARGUMENTS: u32 = 3;

/// The rows, and how far the work is.
pub(super) struct Streamed {
    /// As they came.
    rows: Pile,
    came: u64,
    /// What stands beside them, on its way into order; none: they lie in it.
    sorter: Option<Sorter>,
    /// What stands beside them, in order.
    ordered: Pile,
    arranged: Arranged,
    /// What each call knows of the rows before the chunk.
    before: Vec<Before>,
    cursor: Cursor,
    /// Rows in order that are computed.
    computed: u64,
    /// The computed columns, on their way back into the order of the rows.
    back: Option<Sorter>,
    /// Rows that have left.
    left: u64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Coming,
    Arranging,
    Summing,
    Computing,
    Leaving,
}

/// What is known when all rows went by in order.
struct Arranged {
    adjacent: Adjacent,
    cursor: Cursor,
    /// Of each group how many rows it has.
    sizes: Vec<u64>,
    /// See [`Chunk::ends`]: of all runs, if somebody asks.
    ends: Option<Ends>,
    wholes: Vec<Option<Whole>>,
}

/// A column of places, and those that were read.
struct Ends {
    ends: Pile,
    read: u64,
}

/// The group that the rows so far end with, and how many rows of it there are.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    group: u32,
    rows: u64,
}

impl Cursor {
    /// Goes over the groups of a chunk; how many rows of the first of them lie before it.
    fn pass(&mut self, numbers: &[u32], groups: &[Range<usize>]) -> u64 {
        let first = numbers.first().copied().unwrap_or(self.group);
        let begun = if first == self.group { self.rows } else { 0 };
        if let (Some(group), Some(last)) = (groups.last(), numbers.last()) {
            self.rows = group.len() as u64 + if groups.len() == 1 { begun } else { 0 };
            self.group = *last;
        }
        begun
    }
}

fn ascending(columns: impl IntoIterator<Item = u32>) -> Sorter {
    let by = |column| SortedBy { column, descending: false, nulls_first: false };
    Sorter::by(columns.into_iter().map(by).collect())
}

impl Streamed {
    /// No rows yet; `room` is that of the rows that come first, which are held in memory.
    pub(super) fn new(bound: &Bound, room: &Room) -> Result<Streamed, Failure> {
        let in_order = bound.orders.is_empty() && bound.groups.is_single();
        let sorter = (!in_order).then(|| {
            let group = SortedBy { column: GROUP, descending: false, nulls_first: false };
            let keys = (KEYS..).zip(bound.orders.directions());
            let keys = keys.map(|(column, (descending, nulls_first))| SortedBy { column, descending, nulls_first });
            Sorter::by(std::iter::once(group).chain(keys).collect()).measured_from(room.before())
        });
        let asks_for_ends = |one: &One| matches!(one.call.what, What::Rank(Numbering::CumeDist));
        let ends = bound.calls.iter().any(asks_for_ends).then_some(Ends { ends: Pile::default(), read: 0 });
        let wholes: Result<Vec<Option<Whole>>, Failure> =
            bound.calls.iter().map(|one| Whole::of(&one.call, !bound.orders.is_empty(), room)).collect();
        let (adjacent, cursor) = (Adjacent::default(), Cursor::default());
        Ok(Streamed {
            rows: Pile::default(),
            came: 0,
            sorter,
            ordered: Pile::default(),
            arranged: Arranged { adjacent, cursor, sizes: Vec::new(), ends, wholes: wholes? },
            before: bound.calls.iter().map(|_| Before::default()).collect(),
            cursor,
            computed: 0,
            back: (!in_order).then(|| ascending([PLACE])),
            left: 0,
            stage: Stage::Coming,
        })
    }

    /// Takes rows, with what stands beside them, and the group of each.
    pub(super) fn push(
        &mut self,
        bound: &Bound,
        batch: &Batch,
        own: Vec<Column>,
        group: &Column,
    ) -> Result<(), Failure> {
        self.rows.append(batch)?;
        let (mut from, most) = (0, chunk_rows());
        while from < batch.rows() {
            let count = most.min(batch.rows() - from);
            let first = self.came as i64;
            self.came += u64::from(count);
            let places: Vec<Option<i64>> = (first..first + i64::from(count)).map(Some).collect();
            let mut columns = vec![integers(DataType::Int64, &places)?, group.slice(from, count)?];
            for column in &own {
                columns.push(column.slice(from, count)?);
            }
            let beside = together(&columns, count)?;
            match &mut self.sorter {
                Some(sorter) => sorter.push(&beside, &[])?,
                None => self.arrange(bound, &beside)?,
            }
            from += count;
        }
        Ok(())
    }

    /// Goes on with rows that were put aside; whether it has to be advanced again before more may come.
    pub(super) fn is_busy(&mut self) -> Result<bool, Failure> {
        match (&mut self.sorter, self.stage) {
            (Some(sorter), Stage::Coming) => Ok(matches!(sorter.advance()?, Advance::Busy)),
            (None, Stage::Coming) => self.is_looking(),
            _ => Ok(false),
        }
    }

    /// Goes on with what the first look put aside; whether there is more to do before it goes on.
    fn is_looking(&mut self) -> Result<bool, Failure> {
        for whole in self.arranged.wholes.iter_mut().flatten() {
            if whole.advance()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// No more rows come.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.stage = Stage::Arranging;
        match &mut self.sorter {
            Some(sorter) => sorter.finish(),
            None => self.end_arranging(),
        }
    }

    /// Goes on with a bounded piece of the work.
    pub(super) fn advance(&mut self, bound: &Bound) -> Result<Advance, Failure> {
        match self.stage {
            Stage::Coming => Ok(if self.is_busy()? { Advance::Busy } else { Advance::Idle }),
            Stage::Arranging => {
                for _ in 0..PIECES_AT_A_TIME {
                    if self.is_looking()? {
                        continue;
                    }
                    let advance = self.sorter.as_mut().map_or(Ok(Advance::End), Sorter::advance)?;
                    match advance {
                        Advance::Piece(beside) => self.arrange(bound, &beside)?,
                        Advance::Busy => {}
                        Advance::End | Advance::Idle => {
                            self.end_arranging()?;
                            break;
                        }
                    }
                }
                Ok(Advance::Busy)
            }
            Stage::Summing => {
                let groups = self.arranged.sizes.len() as u32;
                for (whole, one) in self.arranged.wholes.iter_mut().zip(&bound.calls) {
                    if let Some(whole) = whole
                        && whole.settle(groups).map_err(|failure| at(&one.pointer, failure))?
                    {
                        return Ok(Advance::Busy);
                    }
                }
                self.stage = Stage::Computing;
                Ok(Advance::Busy)
            }
            Stage::Computing => self.compute_on(bound),
            Stage::Leaving => {
                let advance = self.back.as_mut().map_or(Ok(Advance::End), Sorter::advance)?;
                match advance {
                    Advance::Piece(made) => self.beside_rows(bound, &made).map(Advance::Piece),
                    other => Ok(other),
                }
            }
        }
    }

    /// Computes some chunks, which leave at once if they are in the order of the rows.
    fn compute_on(&mut self, bound: &Bound) -> Result<Advance, Failure> {
        for _ in 0..PIECES_AT_A_TIME {
            let Some(made) = self.compute(bound)? else {
                self.stage = Stage::Leaving;
                if let Some(back) = &mut self.back {
                    back.finish()?;
                }
                return Ok(Advance::Busy);
            };
            match &mut self.back {
                None => return self.beside_rows(bound, &made).map(Advance::Piece),
                Some(back) => {
                    back.push(&made, &[])?;
                    if matches!(back.advance()?, Advance::Busy) {
                        return Ok(Advance::Busy);
                    }
                }
            }
        }
        Ok(Advance::Busy)
    }

    /// The next rows with the columns that are made, which are for them.
    fn beside_rows(&mut self, bound: &Bound, made: &Batch) -> Result<Batch<'static>, Failure> {
        let rows = self.rows.rows_at(self.left, made.rows())?;
        self.left += u64::from(made.rows());
        let made: Result<Vec<Column>, Failure> =
            (1..=bound.calls.len() as u32).map(|index| made.column_at(index)).collect();
        let made = made?;
        let named: Vec<(&str, &Column)> = bound.calls.iter().map(|one| one.name.as_str()).zip(&made).collect();
        rows.put(&named)
    }

    /// The first look at the next rows in order.
    fn arrange(&mut self, bound: &Bound, beside: &Batch) -> Result<(), Failure> {
        let (group, rows) = (beside.column_at(GROUP)?, beside.rows());
        let of_rows = numbers(&group)?;
        let groups = runs(&of_rows);
        let Arranged { adjacent, cursor, sizes, ends, wholes } = &mut self.arranged;
        let keys = (KEYS..).take(bound.orders.len()).map(|index| beside.column_at(index));
        let keys: Result<Vec<Column>, Failure> = std::iter::once(Ok(group.share())).chain(keys).collect();
        let same = adjacent.same(&keys?, rows)?;
        let rows_before = cursor.rows;
        let begun = cursor.pass(&of_rows, &groups);
        for (range, number) in groups.iter().zip(groups.iter().filter_map(|range| of_rows.get(range.start))) {
            let number = *number as usize;
            if number >= sizes.len() {
                sizes.resize(number + 1, 0);
            }
            if let Some(size) = sizes.get_mut(number) {
                *size += range.len() as u64;
            }
        }
        if let Some(ends) = ends {
            ends.note(&groups, &same, begun, rows_before)?;
        }
        let mut arguments = Vec::new();
        for index in KEYS + bound.orders.len() as u32..beside.schema().len() as u32 {
            arguments.push(beside.column_at(index)?);
        }
        let mut columns = vec![beside.column_at(PLACE)?, group.share(), mask_of(&same)?];
        columns.extend(arguments.iter().map(Column::share));
        let chunk = Chunk { begun, ..Chunk::default() };
        let count = sizes.len() as u32;
        let layout = Layout::of_chunk(group, count, groups, same, !bound.orders.is_empty(), chunk);
        let mut arguments = arguments.as_slice();
        for (whole, one) in wholes.iter_mut().zip(&bound.calls) {
            let (own, others) = arguments.split_at(one.call.arguments().len().min(arguments.len()));
            arguments = others;
            if let Some(whole) = whole {
                whole.look(own, &layout).map_err(|failure| at(&one.pointer, failure))?;
            }
        }
        let columns = together(&columns, rows)?;
        self.ordered.append(&columns)
    }

    fn end_arranging(&mut self) -> Result<(), Failure> {
        let rows = self.arranged.cursor.rows;
        if let Some(ends) = &mut self.arranged.ends
            && rows > 0
        {
            ends.append(&[Some(rows as i64)])?;
        }
        self.sorter = None;
        self.stage = Stage::Summing;
        Ok(())
    }

    /// The columns that are made of the next chunk, behind the places of its rows; `None` behind the last.
    fn compute(&mut self, bound: &Bound) -> Result<Option<Batch<'static>>, Failure> {
        let first = self.computed;
        let count = u64::from(chunk_rows()).min(self.ordered.rows() - first) as u32;
        if count == 0 {
            return Ok(None);
        }
        let beside = self.ordered.rows_at(first, count)?;
        self.computed += u64::from(count);
        let group = beside.column_at(GROUP)?;
        let of_rows = numbers(&group)?;
        let groups = runs(&of_rows);
        let same = flags(&beside.column_at(SAME)?)?;
        let begun = self.cursor.pass(&of_rows, &groups);
        let number = |range: &Range<usize>| of_rows.get(range.start).copied().unwrap_or(NONE) as usize;
        let sizes = groups.iter().map(|range| self.arranged.sizes.get(number(range)).copied().unwrap_or(0)).collect();
        let ends = match &mut self.arranged.ends {
            // The first of all rows does not equal one before it.
            Some(ends) => ends.next(same.iter().filter(|same| !**same).count() as u32)?,
            None => Vec::new(),
        };
        let chunk = Chunk { begun, sizes, ends };
        let group_count = self.arranged.sizes.len() as u32;
        let layout = Layout::of_chunk(group, group_count, groups, same, !bound.orders.is_empty(), chunk);
        let mut columns = vec![beside.column_at(PLACE)?];
        let mut next = ARGUMENTS;
        for (number, One { pointer, call, .. }) in bound.calls.iter().enumerate() {
            let width = call.arguments().len() as u32;
            let arguments: Result<Vec<Column>, Failure> =
                (next..next + width).map(|index| beside.column_at(index)).collect();
            let made = match (&call.what, self.arranged.wholes.get_mut(number), self.before.get_mut(number)) {
                (_, Some(Some(whole)), _) => whole.values(first, &layout),
                (What::Other(Other::Before(offset)), ..) => {
                    shifted(call, *offset, &self.ordered, (first, next), &arguments?, &layout)
                }
                (_, _, Some(before)) => call.over(&arguments?, &layout, before),
                _ => Err(Failure::internal("a call knows nothing of the rows before")),
            };
            columns.push(made.map_err(|failure| at(pointer, failure))?);
            next += width;
        }
        together(&columns, count).map(Some)
    }
}

/// Values of rows so many rows before, which lie on temporary storage; `first` is the place of the chunk, and `column`
/// that of the values.
fn shifted(
    call: &Call,
    offset: i64,
    ordered: &Pile,
    (first, column): (u64, u32),
    arguments: &[Column],
    layout: &Layout,
) -> Result<Column, Failure> {
    let Some(values) = arguments.first() else { return Err(Failure::internal("a call lacks its argument")) };
    let start = i128::from(first) - i128::from(offset);
    let all = i128::from(ordered.rows());
    let from = start.clamp(0, all);
    let to = (start + layout.rows() as i128).clamp(from, all);
    let values = match (to - from) as u32 {
        0 => values.slice(0, 0)?,
        count => ordered.rows_at(from as u64, count)?.column_at(column)?,
    };
    let mut rows = vec![NONE; layout.rows()];
    for (index, range) in layout.groups.iter().enumerate() {
        let (size, begun) = (i128::from(layout.size(index)), i128::from(layout.begun(index)));
        for place in range.clone() {
            let number = begun + (place - range.start) as i128 - i128::from(offset);
            if let (true, Some(row)) = ((0..size).contains(&number), rows.get_mut(place)) {
                *row = (start + place as i128 - from) as u32;
            }
        }
    }
    call.picked(&values, arguments.get(1), &rows)
}

impl Ends {
    /// Notes where runs end: in front of each row that does not equal the one before it, but the first of all.
    fn note(
        &mut self,
        groups: &[Range<usize>],
        same: &[bool],
        begun: u64,
        mut rows_before: u64,
    ) -> Result<(), Failure> {
        let mut ends = Vec::new();
        for (index, range) in groups.iter().enumerate() {
            let begun = if index == 0 { begun } else { 0 };
            for place in range.clone() {
                if rows_before > 0 && !same.get(place).copied().unwrap_or(false) {
                    ends.push(Some(rows_before as i64));
                }
                rows_before = begun + (place - range.start) as u64 + 1;
            }
        }
        self.append(&ends)
    }

    fn append(&mut self, ends: &[Option<i64>]) -> Result<(), Failure> {
        let ends = together(&[integers(DataType::Int64, ends)?], ends.len() as u32)?;
        self.ends.append(&ends)
    }

    /// The next so many.
    fn next(&mut self, count: u32) -> Result<Vec<u64>, Failure> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let ends = self.ends.rows_at(self.read, count)?;
        self.read += u64::from(count);
        let ends = jackfield_kit::numbers::optional::<i64>(&ends.column_at(0)?)?;
        Ok(ends.into_iter().flatten().map(|end| end as u64).collect())
    }
}
