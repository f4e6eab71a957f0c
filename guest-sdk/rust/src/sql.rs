//! The pipeline's SQL expressions, parsed and evaluated by the host.
//!
//! ```no_run
//! # use jackfield_sdk::{Batch, Column, Failure, Schema, sql};
//! # fn example(schema: &Schema, batch: &Batch) -> Result<Column, Failure> {
//! let late = sql::Expression::new("dep_delay > 60 and carrier = 'UA'", schema)?;
//! Ok(late.on(batch)?.values)
//! # }
//! ```

use crate::{Batch, Failure, Outcome};

pub use crate::bindings::host::jackfield::plugin::sql::{Aggregate, Expression, Order, parse_aggregate, parse_order};

impl Expression {
    /// Evaluates it over a batch with the schema it was parsed for.
    ///
    /// # Errors
    /// What ends the run; rows that are wrong by themselves are in the outcome.
    pub fn on(&self, batch: &Batch) -> Result<Outcome, Failure> {
        self.evaluate(batch.raw())
    }
}
