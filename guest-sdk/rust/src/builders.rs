//! Builders of raw Arrow buffers, for columns that a plugin makes itself.
//!
//! Each gives the [`Buffers`] of one level; [`Column::create`](crate::Column::create) takes a type's tree and its levels
//! in the order of the tree.
//!
//! ```no_run
//! use jackfield_sdk::builders::{PrimitiveBuilder, TextBuilder};
//! use jackfield_sdk::{Column, parse_type};
//! # fn main() -> Result<(), jackfield_sdk::Failure> {
//! let mut names = TextBuilder::default();
//! names.push(b"a");
//! names.push_null();
//! let column = Column::create(&parse_type("names", "utf8")?, &[names.finish()?])?;
//! # Ok(()) }
//! ```

mod bits;
mod nested;
mod primitive;
mod text;

pub use bits::{BooleanBuilder, Validity};
pub use nested::{ListBuilder, StructBuilder};
pub use primitive::{Native, PrimitiveBuilder};
pub use text::TextBuilder;
