//! Rows on temporary storage, read from any place, and put beside others.

use crate::outgoing::PIECE;
use jackfield_sdk::spill::{Spool, memory_use};
use jackfield_sdk::{Batch, Failure};

/// Rows to work on at a time, where several copies of them are made: fewer than usual where the plugin has little memory.
pub fn chunk_rows() -> u32 {
    const FEWEST: u32 = 1024;
    // With the usual limit as many as usual.
    u32::try_from(memory_use().limit >> 12).unwrap_or(PIECE).clamp(FEWEST, PIECE)
}

fn rows_at(spool: &Spool, offset: u64, count: u32) -> Result<Batch<'static>, Failure> {
    let first = spool.read(offset, count)?;
    let mut rows = first.rows();
    if rows == count || rows == 0 {
        return Ok(first);
    }
    let mut parts = vec![first];
    while rows < count {
        let part = spool.read(offset + u64::from(rows), count - rows)?;
        if part.rows() == 0 {
            break;
        }
        rows += part.rows();
        parts.push(part);
    }
    Batch::concat(&parts.iter().collect::<Vec<_>>())
}

/// Rows on temporary storage, of whatever columns the first ones have.
#[derive(Debug, Default)]
pub struct Pile(Option<Spool>);

impl Pile {
    /// Puts rows behind those that are there.
    ///
    /// # Errors
    /// What the host says: other columns, quotas, a full disk.
    pub fn append(&mut self, rows: &Batch) -> Result<(), Failure> {
        let mut spool = match self.0.take() {
            Some(spool) => spool,
            None => Spool::new(rows.schema())?,
        };
        spool.append(rows)?;
        self.0 = Some(spool);
        Ok(())
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.0.as_ref().map_or(0, Spool::rows)
    }

    /// The rows, which are no longer here; `None` if there never were any.
    pub fn take(&mut self) -> Option<Spool> {
        self.0.take()
    }

    /// Exactly so many rows from `offset` on, or all that are behind it if these are fewer.
    ///
    /// # Errors
    /// There are no rows; what the system says.
    pub fn rows_at(&self, offset: u64, count: u32) -> Result<Batch<'static>, Failure> {
        match &self.0 {
            Some(spool) => rows_at(spool, offset, count),
            None => Err(Failure::internal("no rows were put aside")),
        }
    }
}
