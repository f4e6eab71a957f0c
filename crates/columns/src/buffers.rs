//! Raw buffers in and out: one array level as little-endian bytes in Arrow's layout.

use arrow::array::ArrayRef;
use arrow::datatypes::Field;

use crate::{Failure, FlatField};

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

/// Copies one level out: exactly the rows, offsets rebased, bytes under nulls and behind the end zeroed.
///
/// # Errors
/// `out-of-bounds` where the path leads to no child; `too-large` above 2^32 - 1 rows.
pub fn read_level(array: &ArrayRef, path: &[u32]) -> Result<Buffers, Failure> {
    todo!("{array:?} {path:?}")
}

/// Builds an array from its levels, parents before children as [`crate::tree_from_field`] orders them.
///
/// # Errors
/// `invalid-buffers` or `invalid-utf8`: nothing is built before everything is checked.
pub fn array_from_levels(field: &Field, levels: Vec<Buffers>) -> Result<ArrayRef, Failure> {
    todo!("{field} {levels:?}")
}

/// Like [`array_from_levels`], for a plugin's own tree: `levels[i]` belongs to `tree[i]`, in whatever order it has.
///
/// # Errors
/// As [`crate::field_from_tree`] and [`array_from_levels`].
pub fn array_from_tree(tree: &[FlatField], levels: Vec<Buffers>) -> Result<(Field, ArrayRef), Failure> {
    todo!("{tree:?} {levels:?}")
}
