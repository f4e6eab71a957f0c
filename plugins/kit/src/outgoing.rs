//! Results that are larger than a batch: they leave piece by piece.

use jackfield_sdk::{Batch, Column, Failure, Step};

/// Rows of a result that leave at a time.
pub const PIECE: u32 = 65_536;

/// Rows on their way out, in an order of their own.
#[derive(Debug)]
pub struct Outgoing {
    batch: Batch<'static>,
    order: Option<Column>,
    rows: u32,
    sent: u32,
    /// Rows of a piece at most.
    piece: u32,
}

impl Outgoing {
    /// All rows of a batch.
    pub fn all(batch: Batch<'static>) -> Outgoing {
        Outgoing { rows: batch.rows(), batch, order: None, sent: 0, piece: PIECE }
    }

    /// The rows of a batch in this order; they are moved as they leave.
    pub fn ordered(batch: Batch<'static>, order: Column) -> Outgoing {
        Outgoing { rows: order.length(), batch, order: Some(order), sent: 0, piece: PIECE }
    }

    /// The same in pieces of at most so many rows.
    pub fn in_pieces_of(self, rows: u32) -> Outgoing {
        Outgoing { piece: rows.max(1), ..self }
    }

    /// The next piece, if there is one.
    ///
    /// # Errors
    /// What the host says.
    pub fn next_piece(&mut self) -> Result<Option<Batch<'static>>, Failure> {
        let length = self.piece.min(self.rows - self.sent);
        if length == 0 {
            return Ok(None);
        }
        let piece = match &self.order {
            None => self.batch.slice(self.sent, length)?,
            Some(order) => self.batch.take(&order.slice(self.sent, length)?)?,
        };
        self.sent += length;
        Ok(Some(piece))
    }

    /// Whether everything has left.
    pub fn is_empty(&self) -> bool {
        self.sent >= self.rows
    }
}

/// The next step of what may be on its way out: a piece by the main port, until nothing is left and the node is done.
///
/// # Errors
/// What the host says.
pub fn leave(outgoing: &mut Option<Outgoing>) -> Result<Step, Failure> {
    let Some(rows) = outgoing else { return Ok(Step::nothing().done()) };
    let step = match rows.next_piece()? {
        Some(piece) => Step::from(piece),
        None => Step::nothing(),
    };
    if !rows.is_empty() {
        return Ok(step.more());
    }
    *outgoing = None;
    Ok(step.done())
}
