//! Rows put aside on the host's temporary storage, for sorts and joins that are larger than memory.
//!
//! ```no_run
//! # use jackfield_sdk::{Batch, Failure, spill};
//! # fn example(batch: &Batch) -> Result<(), Failure> {
//! let mut spool = spill::Spool::new(batch.schema())?;
//! if spill::memory_use().held > spill::memory_use().limit / 4 {
//!     spool.append(batch)?;
//! }
//! while let Some(rows) = spool.next(65_536)? {
//!     // …
//! }
//! # Ok(())
//! # }
//! ```

use crate::bindings::host::jackfield::plugin::spill;
use crate::{Batch, Failure, Schema};

pub use crate::bindings::host::jackfield::plugin::spill::{Memory, SortedBy, memory_use};

/// Rows one after the other, outside memory.
#[derive(Debug)]
pub struct Spool {
    spool: spill::Spool,
    rows: u64,
    read: u64,
}

impl Spool {
    /// An empty spool for rows with these columns.
    ///
    /// # Errors
    /// A schema that is none.
    pub fn new(schema: &Schema) -> Result<Spool, Failure> {
        Ok(Spool { spool: spill::Spool::new(schema)?, rows: 0, read: 0 })
    }

    /// Puts the rows of a batch behind those that are there.
    ///
    /// # Errors
    /// Other columns than the spool's; a quota that is used up (`spill-bytes`, `run-spill-bytes`); a full disk.
    pub fn append(&mut self, batch: &Batch) -> Result<(), Failure> {
        self.spool.append(batch.raw())?;
        self.rows += u64::from(batch.rows());
        Ok(())
    }

    /// Rows that lie here.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// At most so many rows from `offset` on; none only behind the last.
    ///
    /// # Errors
    /// What the system says.
    pub fn read(&self, offset: u64, max_rows: u32) -> Result<Batch<'static>, Failure> {
        self.spool.read(offset, max_rows).map(Batch::from)
    }

    /// The next rows, beginning with the first; `None` behind the last.
    ///
    /// # Errors
    /// What the system says.
    pub fn next(&mut self, max_rows: u32) -> Result<Option<Batch<'static>>, Failure> {
        if self.read >= self.rows {
            return Ok(None);
        }
        let batch = self.read(self.read, max_rows)?;
        self.read += u64::from(batch.rows());
        Ok(Some(batch))
    }

    /// Begins again with the first row.
    pub fn rewind(&mut self) {
        self.read = 0;
    }
}

/// The rows of sorted spools in order.
#[derive(Debug)]
pub struct Merger(spill::Merger);

impl Merger {
    /// Spools with the same columns, each of them sorted by `by`. Equal rows come in the order of the spools.
    ///
    /// # Errors
    /// Spools with different columns; no key.
    pub fn new<'a>(spools: impl IntoIterator<Item = &'a Spool>, by: &[SortedBy]) -> Result<Merger, Failure> {
        let spools: Vec<&spill::Spool> = spools.into_iter().map(|spool| &spool.spool).collect();
        spill::Merger::new(&spools, by).map(Merger)
    }

    /// The next rows in order; `None` behind the last.
    ///
    /// # Errors
    /// What the system says, limits.
    pub fn next(&mut self, max_rows: u32) -> Result<Option<Batch<'static>>, Failure> {
        Ok(self.0.next(max_rows)?.map(Batch::from))
    }
}
