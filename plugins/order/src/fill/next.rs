//! Values of rows behind: a row waits until each value that it lacks has come. Few rows wait in ordinary data; those that
//! have no room in memory wait on temporary storage, are filled there from the last to the first, and leave as soon as
//! none of them lacks a value any more.

use super::neighbour::{Carried, next_rows};
use jackfield_kit::pieces::{Pile, chunk_rows};
use jackfield_kit::values::take;
use jackfield_kit::{Held, Outgoing, Room, numbers, values};
use jackfield_sdk::{Batch, Column, Failure, Step};

/// Of the memory that the plugin has, one part in so many is for rows that wait; filling them takes thrice as much.
const SHARE: u64 = 4;

/// Pieces that one call fills.
const PIECES_AT_A_TIME: usize = 8;

/// The name of the column with a row's group: no file gives a column such a name.
const GROUP: &str = "\u{1}group";

/// What is filled: the columns by number and name, and how many groups there are.
#[derive(Clone, Copy)]
pub(super) struct What<'a> {
    pub(super) columns: &'a [(u32, String)],
    pub(super) groups: u32,
}

/// Rows that wait for values, and rows that leave.
#[derive(Debug)]
pub(super) struct Waiting {
    held: Held,
    /// So many rows are held before the next look at which of them may leave.
    enough: u64,
    room: Room,
    outgoing: Option<Outgoing>,
    aside: Option<Aside>,
    ended: bool,
}

impl Default for Waiting {
    fn default() -> Self {
        let room = Room::one_of(SHARE);
        Waiting { held: Held::default(), enough: 0, room, outgoing: None, aside: None, ended: false }
    }
}

impl Waiting {
    /// Takes rows, with the group of each unless all are one group.
    pub(super) fn push(&mut self, batch: &Batch, group: Option<Column>, what: What) -> Result<Step, Failure> {
        if let Some(aside) = &mut self.aside {
            aside.push(batch, group.as_ref(), what)?;
            if aside.open.is_empty() {
                aside.end();
            }
            return self.advance(what);
        }
        self.room.open();
        if self.held.rows() == 0 {
            let columns: Result<Vec<Column>, Failure> =
                what.columns.iter().map(|(index, _)| batch.column_at(*index)).collect();
            let columns = columns?;
            if columns.iter().all(|column| column.null_count() == 0) {
                return Ok(Step::made(columns));
            }
        }
        self.held.push(batch, group.as_slice())?;
        let (rows, is_full) = (self.held.rows(), self.room.is_full());
        if is_full || rows >= self.enough {
            self.look(what)?;
        }
        // Rows of which most go on to wait would be looked at again and again.
        if is_full && 2 * self.held.rows() > rows {
            let mut aside = Aside::default();
            if let Some(whole) = self.held.take()? {
                aside.push(&whole.rows, whole.own.first(), what)?;
            }
            self.aside = Some(aside);
        }
        self.advance(what)
    }

    /// No more rows come: what lacks a value now has none.
    pub(super) fn finish(&mut self, what: What) -> Result<Step, Failure> {
        self.ended = true;
        match &mut self.aside {
            Some(aside) => aside.end(),
            None => self.look(what)?,
        }
        self.advance(what)
    }

    /// Goes on with a bounded piece of the work.
    pub(super) fn advance(&mut self, what: What) -> Result<Step, Failure> {
        let mut step = Step::nothing();
        if let Some(outgoing) = &mut self.outgoing {
            if let Some(piece) = outgoing.next_piece()? {
                step = Step::from(piece);
            }
            if !outgoing.is_empty() {
                return Ok(step.more());
            }
            self.outgoing = None;
        } else if let Some(aside) = &mut self.aside {
            match aside.advance(what)? {
                Filling::NotYet => return Ok(step),
                Filling::Busy => return Ok(step.more()),
                Filling::Piece(rows) => return Ok(Step::from(rows).more()),
                Filling::End => self.aside = None,
            }
        }
        Ok(if self.ended { step.done() } else { step })
    }

    /// Fills what is held; the rows before the first that lacks a value leave.
    fn look(&mut self, what: What) -> Result<(), Failure> {
        let Some(whole) = self.held.take()? else { return Ok(()) };
        let group = whole.own.into_iter().next();
        let of_rows = group.as_ref().map(numbers).transpose()?;
        let mut complete = whole.rows.rows();
        let mut filled = Vec::with_capacity(what.columns.len());
        for (index, _) in what.columns {
            let column = whole.rows.column_at(*index)?;
            filled.push(match next_rows(&column, of_rows.as_deref(), what.groups)? {
                Some((rows, first_open)) => {
                    complete = complete.min(first_open);
                    take(&column, &rows)?
                }
                None => column,
            });
        }
        let all = put(&whole.rows, what, &filled)?;
        if self.ended {
            complete = all.rows();
        }
        let rest = all.rows() - complete;
        if rest > 0 {
            let own = group.map(|group| group.slice(complete, rest)).transpose()?;
            self.held.push(&all.slice(complete, rest)?, own.as_slice())?;
        }
        self.enough = 2 * u64::from(rest);
        self.outgoing = Some(Outgoing::all(all.slice(0, complete)?));
        Ok(())
    }
}

fn put(rows: &Batch, what: What, filled: &[Column]) -> Result<Batch<'static>, Failure> {
    let named: Vec<(&str, &Column)> = what.columns.iter().map(|(_, name)| name.as_str()).zip(filled).collect();
    rows.put(&named)
}

/// Which columns lack a value in which groups, behind the rows so far.
#[derive(Debug, Default)]
struct Open {
    lacking: Vec<Vec<bool>>,
    count: u64,
}

impl Open {
    fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn note(&mut self, batch: &Batch, groups: Option<&[u32]>, what: What) -> Result<(), Failure> {
        self.lacking.resize(what.columns.len(), Vec::new());
        for ((index, _), lacking) in what.columns.iter().zip(&mut self.lacking) {
            lacking.resize(what.groups as usize, false);
            let column = batch.column_at(*index)?;
            let valid = match column.null_count() {
                0 => None,
                _ => Some(jackfield_kit::numbers::flags(&column.is_valid()?)?),
            };
            for row in 0..batch.rows() as usize {
                let lacks = valid.as_ref().is_some_and(|valid| !valid.get(row).copied().unwrap_or(false));
                let group = groups.map_or(Some(0), |groups| groups.get(row).copied());
                let Some(slot) = group.and_then(|group| lacking.get_mut(group as usize)) else { continue };
                match (*slot, lacks) {
                    (false, true) => self.count += 1,
                    (true, false) => self.count -= 1,
                    _ => {}
                }
                *slot = lacks;
            }
        }
        Ok(())
    }
}

/// Rows that wait on temporary storage.
#[derive(Debug, Default)]
struct Aside {
    rows: Pile,
    open: Open,
    filling: Option<Backwards>,
}

/// What rows that were put aside do next.
enum Filling {
    NotYet,
    Busy,
    Piece(Batch<'static>),
    End,
}

/// The pieces of the rows: filled from the last to the first, then on their way out from the first to the last.
#[derive(Debug)]
struct Backwards {
    rows: Pile,
    /// The filled columns, the last piece of the rows first.
    filled: Pile,
    carried: Carried,
    /// Rows that are not filled yet, being the first ones.
    unfilled: u64,
    /// Rows that have left.
    left: u64,
    /// Rows of a piece, the last one of which may have fewer.
    piece: u64,
}

impl Aside {
    fn push(&mut self, batch: &Batch, group: Option<&Column>, what: What) -> Result<(), Failure> {
        let of_rows = group.map(numbers).transpose()?;
        self.open.note(batch, of_rows.as_deref(), what)?;
        let grouped;
        let rows = match group {
            Some(group) => {
                grouped = batch.put(&[(GROUP, group)])?;
                &grouped
            }
            None => batch,
        };
        self.rows.append(rows)
    }

    /// The rows wait no longer.
    fn end(&mut self) {
        let (rows, filled, carried) = (std::mem::take(&mut self.rows), Pile::default(), Carried::default());
        let (unfilled, piece) = (rows.rows(), u64::from(chunk_rows()));
        self.filling = Some(Backwards { rows, filled, carried, unfilled, left: 0, piece });
    }

    fn advance(&mut self, what: What) -> Result<Filling, Failure> {
        match &mut self.filling {
            None => Ok(Filling::NotYet),
            Some(filling) if filling.unfilled > 0 => {
                for _ in 0..PIECES_AT_A_TIME {
                    filling.fill(what)?;
                }
                Ok(Filling::Busy)
            }
            Some(filling) => Ok(filling.next_piece(what)?.map_or(Filling::End, Filling::Piece)),
        }
    }
}

impl Backwards {
    /// Fills the last piece that is not filled yet.
    fn fill(&mut self, what: What) -> Result<(), Failure> {
        if self.unfilled == 0 {
            return Ok(());
        }
        let from = (self.unfilled - 1) / self.piece * self.piece;
        let rows = self.rows.rows_at(from, (self.unfilled - from) as u32)?;
        let group = rows.schema().index_of(GROUP).map(|index| rows.column_at(index)).transpose()?;
        let columns: Result<Vec<Column>, Failure> =
            what.columns.iter().map(|(index, _)| rows.column_at(*index)).collect();
        let filled = self.carried.fill(&columns?, group.as_ref(), what.groups, true)?;
        let filled = values::together(&filled, rows.rows())?;
        self.filled.append(&filled)?;
        self.unfilled = from;
        Ok(())
    }

    fn next_piece(&mut self, what: What) -> Result<Option<Batch<'static>>, Failure> {
        let all = self.rows.rows();
        let count = self.piece.min(all - self.left) as u32;
        if count == 0 {
            return Ok(None);
        }
        let rows = self.rows.rows_at(self.left, count)?;
        self.left += u64::from(count);
        let made = self.filled.rows_at(all - self.left, count)?;
        let filled: Result<Vec<Column>, Failure> =
            (0..what.columns.len() as u32).map(|index| made.column_at(index)).collect();
        let rows = match rows.schema().index_of(GROUP) {
            Some(group) => rows.pick((0..group).map(|index| (index, None)))?,
            None => rows,
        };
        put(&rows, what, &filled?).map(Some)
    }
}
