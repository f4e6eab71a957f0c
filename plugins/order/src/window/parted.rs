//! A window whose rows are larger than memory: they lie on temporary storage, parted by their groups. Each part is held
//! and computed by itself; merging the parts by the rows' numbers puts all rows back into their places.

use super::Bound;
use jackfield_kit::partitions::{Merging, PARTS, Partitions, Runs, leave_merged};
use jackfield_kit::{Groups, Held, Outgoing, PIECE, Rejections};
use jackfield_sdk::spill::Spool;
use jackfield_sdk::{Batch, Column, Failure, Step};

/// Pieces that one call reads or writes.
const PIECES_AT_A_TIME: usize = 8;

/// The rows, and how far the work is.
#[derive(Debug, Default)]
pub(super) struct Parted {
    rows: Partitions,
    /// The next part.
    next: usize,
    reading: Option<(Spool, Held)>,
    writing: Option<(Outgoing, Spool)>,
    runs: Runs,
    leaving: Option<Merging>,
}

impl Parted {
    /// Takes rows.
    pub(super) fn push(&mut self, batch: &Batch, groups: &Groups) -> Result<(), Failure> {
        let keys: Result<Vec<Column>, Failure> = groups.columns().iter().map(|index| batch.column_at(*index)).collect();
        self.rows.push(batch, &keys?)
    }

    /// Goes on with a bounded piece of the work.
    pub(super) fn advance(&mut self, bound: &mut Bound) -> Result<Step, Failure> {
        for _ in 0..PIECES_AT_A_TIME {
            if let Some((mut spool, mut held)) = self.reading.take() {
                match spool.next(PIECE)? {
                    Some(rows) => {
                        let mut own = bound.own(&rows, &mut Rejections::default())?;
                        own.push(bound.groups.assign(&rows)?);
                        held.push(&rows, &own)?;
                        self.reading = Some((spool, held));
                    }
                    None => {
                        if let Some(rows) = bound.complete(&mut held)? {
                            bound.groups = bound.groups.again(&bound.schema)?;
                            let out = Spool::new(rows.schema())?;
                            self.writing = Some((Outgoing::all(rows), out));
                        }
                    }
                }
            } else if let Some((mut rows, mut out)) = self.writing.take() {
                match rows.next_piece()? {
                    Some(piece) => {
                        out.append(&piece)?;
                        self.writing = Some((rows, out));
                    }
                    None => self.runs.add(Some(out)),
                }
            } else if self.next < PARTS {
                self.reading = self.rows.take(self.next).map(|spool| (spool, Held::default()));
                self.next += 1;
            } else {
                return leave_merged(&mut self.runs, &mut self.leaving);
            }
        }
        Ok(Step::nothing().more())
    }
}
