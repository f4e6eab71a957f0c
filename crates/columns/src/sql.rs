//! SQL expressions: parsed and type-checked once, evaluated batch by batch.
//!
//! The way of an expression: text, tokens and syntax tree (`text`), a tree with resolved names and checked types
//! (`resolve` and the files beside it, which also fold constants), and its evaluation through
//! [`compute::call`](crate::compute::call) (`evaluate`). Text and schema come from strangers: length, depth and the
//! number of parts are bounded, and everything wrong with them is a located [`Failure`].

mod predicate;

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};

use crate::compute::Outcome;
use crate::{Batch, Failure, Meter};

pub use predicate::Predicate;

/// What an expression may know of its run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// What `now()` gives: microseconds since 1970-01-01 in UTC.
    pub now_micros: i64,
}

/// A parsed and type-checked expression; cheap to clone.
#[derive(Clone, Debug)]
pub struct Expression {
    inner: Arc<str>,
}

impl Expression {
    /// Parses `text`, whole, over the columns of `schema`.
    ///
    /// # Errors
    /// With the byte offset of the fault: `syntax`, `unknown-column` (the nearest names are in the help),
    /// `unknown-function`, `type-mismatch`, `not-boolean`, `too-large`.
    pub fn parse(text: &str, schema: &Schema, context: &Context) -> Result<Self, Failure> {
        let _ = (text, schema, context);
        todo!()
    }

    /// Numbers of the schema's columns that it reads, ascending.
    pub fn columns(&self) -> &[usize] {
        todo!()
    }

    /// The type of its values.
    pub fn result_type(&self) -> &DataType {
        todo!()
    }

    /// What a reader could make of it: each holds for every row for which the (boolean) expression is true.
    pub fn predicates(&self) -> Vec<Predicate> {
        todo!()
    }

    /// Its value for every row of a batch with the schema that it was parsed for.
    ///
    /// # Errors
    /// What concerns the whole batch: limits, defects. What is wrong with single rows is in the outcome.
    pub fn evaluate(&self, batch: &Batch, meter: &mut dyn Meter) -> Result<Outcome, Failure> {
        let _ = (batch, meter);
        todo!()
    }

    /// The text that it was parsed from.
    pub fn text(&self) -> &str {
        &self.inner
    }
}

/// An aggregate function over expressions, for `compute::Accumulator`.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// Arrow's name: `count`, `sum`, `mean` …
    pub function: String,
    /// What it is computed over; none for `count(*)`.
    pub arguments: Vec<Expression>,
    /// Whether equal values count once.
    pub distinct: bool,
    /// JSON object, or empty.
    pub options: String,
    /// The type of its value.
    pub result_type: DataType,
}

/// Parses an aggregate such as `avg(a - b)`, `count(*)` or `count(distinct c)`.
///
/// # Errors
/// As [`Expression::parse`].
pub fn parse_aggregate(text: &str, schema: &Schema, context: &Context) -> Result<Aggregate, Failure> {
    let _ = (text, schema, context);
    todo!()
}

/// A sort key.
#[derive(Clone, Debug)]
pub struct Order {
    /// What is sorted by.
    pub key: Expression,
    /// Largest first.
    pub descending: bool,
    /// Whether nulls come before all values.
    pub nulls_first: bool,
}

/// Parses a sort key such as `dep_delay desc nulls last`; ascending and nulls last unless said otherwise.
///
/// # Errors
/// As [`Expression::parse`].
pub fn parse_order(text: &str, schema: &Schema, context: &Context) -> Result<Order, Failure> {
    let _ = (text, schema, context);
    todo!()
}
