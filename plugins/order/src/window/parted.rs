//! A window whose rows are larger than memory: they lie on temporary storage, parted by their groups. Each part is held
//! and computed by itself; one that has no room, because a group is large, is computed chunk by chunk. Merging the parts
//! by the rows' numbers puts all rows back into their places.

use super::streamed::Streamed;
use super::{Bound, SHARE};
use jackfield_kit::partitions::{Merging, PARTS, Partitions, Runs, leave_merged};
use jackfield_kit::pieces::chunk_rows;
use jackfield_kit::{Advance, Groups, Held, Outgoing, PIECE, Rejections, Room};
use jackfield_sdk::spill::Spool;
use jackfield_sdk::{Batch, Failure, Step};

/// Pieces that one call reads or writes.
const PIECES_AT_A_TIME: usize = 8;

/// The rows, and how far the work is.
#[derive(Default)]
pub(super) struct Parted {
    rows: Partitions,
    /// The next part.
    next: usize,
    part: Option<Part>,
    runs: Runs,
    leaving: Option<Merging>,
}

/// How far the work on a part is.
enum Part {
    Reading(Spool, Held, Room),
    Writing(Outgoing, Spool),
    /// It had no room: what is left of its rows, the work, and what came of it.
    Streaming(Spool, Box<Streamed>, Option<Spool>),
}

impl Parted {
    /// Takes rows.
    pub(super) fn push(&mut self, batch: &Batch, groups: &Groups) -> Result<(), Failure> {
        self.rows.push(batch, &groups.keys_of(batch)?)
    }

    /// Goes on with a bounded piece of the work.
    pub(super) fn advance(&mut self, bound: &mut Bound) -> Result<Step, Failure> {
        for _ in 0..PIECES_AT_A_TIME {
            if let Some(part) = self.part.take() {
                self.part = match part {
                    Part::Reading(rows, held, room) => read(bound, rows, held, room)?,
                    Part::Writing(rows, out) => self.write(rows, out)?,
                    Part::Streaming(rows, streamed, out) => self.stream(bound, rows, streamed, out)?,
                };
            } else if self.next < PARTS {
                bound.groups = bound.groups.again(&bound.schema)?;
                let mut room = Room::one_of(SHARE);
                room.open();
                self.part = self.rows.take(self.next).map(|rows| Part::Reading(rows, Held::default(), room));
                self.next += 1;
            } else {
                return leave_merged(&mut self.runs, &mut self.leaving);
            }
        }
        Ok(Step::nothing().more())
    }

    fn write(&mut self, mut rows: Outgoing, mut out: Spool) -> Result<Option<Part>, Failure> {
        if let Some(piece) = rows.next_piece()? {
            out.append(&piece)?;
            return Ok(Some(Part::Writing(rows, out)));
        }
        self.runs.add(Some(out));
        Ok(None)
    }

    fn stream(
        &mut self,
        bound: &mut Bound,
        mut rows: Spool,
        mut streamed: Box<Streamed>,
        mut out: Option<Spool>,
    ) -> Result<Option<Part>, Failure> {
        match streamed.advance(bound)? {
            Advance::Busy => {}
            Advance::Idle => match rows.next(chunk_rows())? {
                Some(piece) => push(bound, &mut streamed, &piece)?,
                None => streamed.finish()?,
            },
            Advance::Piece(piece) => {
                let mut spool = match out.take() {
                    Some(spool) => spool,
                    None => Spool::new(piece.schema())?,
                };
                spool.append(&piece)?;
                out = Some(spool);
            }
            Advance::End => {
                self.runs.add(out);
                return Ok(None);
            }
        }
        Ok(Some(Part::Streaming(rows, streamed, out)))
    }
}

fn read(bound: &mut Bound, mut rows: Spool, mut held: Held, room: Room) -> Result<Option<Part>, Failure> {
    let Some(piece) = rows.next(PIECE)? else {
        let Some(whole) = bound.complete(&mut held)? else { return Ok(None) };
        let out = Spool::new(whole.schema())?;
        return Ok(Some(Part::Writing(Outgoing::all(whole), out)));
    };
    let mut own = bound.own(&piece, &mut Rejections::default())?;
    own.push(bound.groups.assign(&piece)?);
    held.push(&piece, &own)?;
    if !room.is_full() || !bound.streams() {
        return Ok(Some(Part::Reading(rows, held, room)));
    }
    let mut streamed = Box::new(Streamed::new(bound)?);
    for piece in held.take_parts()? {
        push(bound, &mut streamed, &piece)?;
    }
    Ok(Some(Part::Streaming(rows, streamed, None)))
}

fn push(bound: &mut Bound, streamed: &mut Streamed, rows: &Batch) -> Result<(), Failure> {
    let own = bound.own(rows, &mut Rejections::default())?;
    let group = bound.groups.assign(rows)?;
    streamed.push(bound, rows, own, &group)
}
