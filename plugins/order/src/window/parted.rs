//! A window whose rows are larger than memory: they lie on temporary storage, parted by their groups. Each part is held
//! and computed by itself; one that has no room, because a group is large, is computed chunk by chunk. Merging the parts
//! by the rows' numbers puts all rows back into their places.

use super::streamed::Streamed;
use super::{Bound, SHARE};
use jackfield_kit::partitions::{Partitions, Worked, Working};
use jackfield_kit::pieces::{Pile, chunk_rows};
use jackfield_kit::{Advance, Groups, Held, Outgoing, PIECE, Rejections, Room};
use jackfield_sdk::spill::Spool;
use jackfield_sdk::{Batch, Failure, Step};

/// The rows, and how far the work is.
#[derive(Default)]
pub(super) struct Parted {
    rows: Partitions,
    working: Working<Part>,
}

/// How far the work on a part is.
enum Part {
    Reading(Spool, Held, Room),
    Writing(Outgoing, Pile),
    /// It had no room: what is left of its rows, the work, and what came of it.
    Streaming(Spool, Box<Streamed>, Pile),
}

impl Parted {
    /// Takes rows.
    pub(super) fn push(&mut self, batch: &Batch, groups: &Groups) -> Result<(), Failure> {
        self.rows.push(batch, &groups.keys_of(batch)?)
    }

    /// Goes on with a bounded piece of the work.
    pub(super) fn advance(&mut self, bound: &mut Bound) -> Result<Step, Failure> {
        self.working.advance(
            &mut (bound, &mut self.rows),
            |(bound, rows), number| {
                bound.groups = bound.groups.again(&bound.schema)?;
                let mut room = Room::one_of(SHARE);
                room.open();
                Ok(rows.take(number).map(|rows| Part::Reading(rows, Held::default(), room)))
            },
            |(bound, _), part| match part {
                Part::Reading(rows, held, room) => read(bound, rows, held, room),
                Part::Writing(rows, out) => write(rows, out),
                Part::Streaming(rows, streamed, out) => stream(bound, rows, streamed, out),
            },
        )
    }
}

fn write(mut rows: Outgoing, mut out: Pile) -> Result<Worked<Part>, Failure> {
    match rows.next_piece()? {
        Some(piece) => {
            out.append(&piece)?;
            Ok(Worked::On(Part::Writing(rows, out)))
        }
        None => Ok(Worked::Run(out.take())),
    }
}

fn stream(
    bound: &mut Bound,
    mut rows: Spool,
    mut streamed: Box<Streamed>,
    mut out: Pile,
) -> Result<Worked<Part>, Failure> {
    match streamed.advance(bound)? {
        Advance::Busy => {}
        Advance::Idle => match rows.next(chunk_rows())? {
            Some(piece) => push(bound, &mut streamed, &piece)?,
            None => streamed.finish()?,
        },
        Advance::Piece(piece) => out.append(&piece)?,
        Advance::End => return Ok(Worked::Run(out.take())),
    }
    Ok(Worked::On(Part::Streaming(rows, streamed, out)))
}

fn read(bound: &mut Bound, mut rows: Spool, mut held: Held, room: Room) -> Result<Worked<Part>, Failure> {
    let Some(piece) = rows.next(PIECE)? else {
        return Ok(match bound.complete(&mut held)? {
            Some(whole) => Worked::On(Part::Writing(Outgoing::all(whole), Pile::default())),
            None => Worked::Run(None),
        });
    };
    let mut own = bound.own(&piece, &mut Rejections::default())?;
    own.push(bound.groups.assign(&piece)?);
    held.push(&piece, &own)?;
    if !room.is_full() || !bound.streams() {
        return Ok(Worked::On(Part::Reading(rows, held, room)));
    }
    let mut streamed = Box::new(Streamed::new(bound, &room)?);
    for piece in held.take_parts()? {
        push(bound, &mut streamed, &piece)?;
    }
    Ok(Worked::On(Part::Streaming(rows, streamed, Pile::default())))
}

fn push(bound: &mut Bound, streamed: &mut Streamed, rows: &Batch) -> Result<(), Failure> {
    let own = bound.own(rows, &mut Rejections::default())?;
    let group = bound.groups.assign(rows)?;
    streamed.push(bound, rows, own, &group)
}
