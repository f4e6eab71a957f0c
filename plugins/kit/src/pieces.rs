//! Rows on temporary storage, read from any place, and put beside others.

use jackfield_sdk::spill::Spool;
use jackfield_sdk::{Batch, Failure};

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
