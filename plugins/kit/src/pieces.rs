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

/// Exactly so many rows from `offset` on, or all that are behind it if these are fewer.
///
/// # Errors
/// What the system says.
pub fn rows_at(spool: &Spool, offset: u64, count: u32) -> Result<Batch<'static>, Failure> {
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
