//! Arrow compute kernels by name: the loops that run natively in the host on a stranger's wishes.
//!
//! Every function stands in one table ([`functions`]) with its types, its bound on what it allocates and its weight in
//! fuel. No input makes a function panic: an unknown name, a wrong type or a wrong number of arguments is a [`Failure`].

use arrow::array::{ArrayRef, BooleanArray};
use arrow::datatypes::DataType;

use crate::Failure;

mod aggregate;
mod arithmetic;
mod bits;
mod calendar;
mod call;
mod cast;
mod compare;
mod conditional;
mod encodings;
mod group;
mod hashing;
mod join;
mod letters;
mod lists;
mod logic;
mod merge;
mod numbers;
mod options;
mod order;
mod patterns;
mod promote;
mod rounding;
mod running;
mod scalar;
mod slices;
mod sort;
mod splits;
mod strings;
mod table;
mod temporal;
mod text;
mod time_text;
mod trigonometry;
mod values;
mod zones;

pub use aggregate::{Accumulator, reduce};
pub use call::{call, result_type};
pub use group::Grouper;
pub use join::{JoinKind, Joiner, Matches};
pub use merge::{Merge, MergeKey, Merged};
pub use sort::{SortKey, sort_indices};
pub use table::{Bound, Function, functions, reference};

/// One value, outside of any column.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// No value. Takes whatever type the other arguments ask for.
    Null,
    /// True or false.
    Boolean(bool),
    /// A signed integer; takes the type of the column it meets where that holds it.
    Int64(i64),
    /// An unsigned integer.
    Uint64(u64),
    /// A floating-point number.
    Float64(f64),
    /// Text; takes the type of a date, time or timestamp it is compared with.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// A value of any other type, as text in Arrow's cast format.
    Typed(DataType, String),
}

/// An argument of [`call`].
#[derive(Clone, Debug)]
pub enum Argument {
    /// A value per row.
    Column(ArrayRef),
    /// The same value for every row; never expanded.
    Scalar(Scalar),
}

/// The result of [`call`].
#[derive(Clone, Debug)]
pub struct Outcome {
    /// A value per row; null where `failed` is true and where `only` was not.
    pub values: ArrayRef,
    /// True for the rows that failed; `None` if no row did.
    pub failed: Option<BooleanArray>,
    /// Why the first failed row failed; its `row` is that row.
    pub first: Option<Failure>,
}
