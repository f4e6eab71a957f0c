//! Raw buffers in and out: one array level as little-endian bytes in Arrow's layout.
//!
//! - What leaves holds exactly the rows: offsets from 0, zeros under nulls and behind the end, of a dictionary only the
//!   values in use. What a selection or a null removed cannot be found in it.
//! - What comes in is checked in full before an array exists.

mod build;
mod keys;
mod level;
mod read;

pub use build::{array_from_levels, array_from_tree};
pub(crate) use keys::without_hidden_keys;
pub use read::{clean_array, read_level, read_levels};

/// One array level, the mirror of the WIT record `buffers`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buffers {
    /// Rows of this level.
    pub length: u32,
    /// Rows that are null.
    pub null_count: u32,
    /// One bit per row, least significant first; absent: no nulls.
    pub validity: Option<Vec<u8>>,
    /// `length + 1` offsets of 4 or 8 bytes from 0, for text, binary, list and map.
    pub offsets: Option<Vec<u8>>,
    /// The values; bytes under nulls are zero.
    pub values: Vec<u8>,
}
