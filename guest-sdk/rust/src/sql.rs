//! The pipeline's SQL expressions, parsed and evaluated by the host.
//!
//! ```no_run
//! # use jackfield_sdk::{Batch, Column, Failure, Schema, sql};
//! # fn example(schema: &Schema, batch: &Batch) -> Result<Column, Failure> {
//! let late = sql::Expression::new("dep_delay > 60 and carrier = 'UA'", schema)?;
//! Ok(late.evaluate(batch.raw())?.values)
//! # }
//! ```

pub use crate::bindings::host::jackfield::plugin::sql::{Aggregate, Expression, Order, parse_aggregate, parse_order};
