//! Types as people write them: `int64`, `timestamp[UTC]`, `list<utf8>`, `struct<a: int64, b: utf8>`.

use crate::{Failure, Field};

/// The tree of a type, its root named `name`.
///
/// # Errors
/// `invalid-type`.
pub fn parse_type(name: &str, text: &str) -> Result<Vec<Field>, Failure> {
    todo!("{name} {text}")
}

/// The name of the type of a tree's root.
pub fn type_name(tree: &[Field]) -> String {
    todo!("{tree:?}")
}
