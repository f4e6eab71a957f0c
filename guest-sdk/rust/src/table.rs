//! The short way to a node: say what becomes of the columns, once, with operators; the host's kernels do it to every batch.
//!
//! ```
//! use jackfield_sdk::table::Table;
//!
//! #[derive(serde::Deserialize)]
//! struct Late { minutes: i64 }
//!
//! fn late(rows: Table, params: &Late) -> Table {
//!     let delay = rows.col("dep_delay");
//!     rows.filter(delay.gt(params.minutes)).with_column("hours", delay.float() / 60.0)
//! }
//! # use jackfield_sdk::table::testing::{Rows, run};
//! # let rows = Rows::new().int("dep_delay", [Some(90), Some(5), None]);
//! # let made = run(late, &Late { minutes: 60 }, &rows).unwrap();
//! # assert_eq!(made.rows, 1);
//! ```
//!
//! In the plugin `jackfield_sdk::nodes! { "late" => table(late) }` makes a node type of it. The function is called once,
//! before data flows, with the columns that there will be. What it says is then type-checked by the host, so that a
//! mistake names the column and its type, and carried out batch by batch. Nothing in it may depend on the data itself.
//!
//! Nulls follow SQL. A row for which an operation fails (an overflow, a division by zero, a text that is no number) leaves
//! by the pipeline's error policy, unless a `filter` has removed it before. Integers divide towards zero;
//! [`Col::float`] makes floats of them.

mod column;
mod node;
mod plan;
pub mod testing;

pub use column::{Col, IntoCol, if_else, lit};
pub use node::TableNode;

use std::rc::Rc;

use crate::{Failure, Field, Schema};

/// Columns and rows of which only names and types are known yet.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<(String, Col)>,
    /// Each keeps the rows of those before it for which it is true.
    masks: Vec<Col>,
    /// What the columns of the input are, for messages.
    input: Rc<Vec<(String, Vec<Field>)>>,
    failures: Vec<Failure>,
}

impl Table {
    /// All columns of an input.
    pub(crate) fn of(schema: &Schema) -> Table {
        let names = schema.names().zip(0u32..);
        let input: Vec<(String, Vec<Field>)> =
            names.map(|(name, number)| (name.to_owned(), schema.tree(number))).collect();
        let columns = (0u32..).zip(&input).map(|(number, (name, _))| (name.clone(), Col::input(number))).collect();
        Table { columns, masks: Vec::new(), input: Rc::new(input), failures: Vec::new() }
    }

    /// The column of this name, as it is now.
    pub fn col(&self, name: &str) -> Col {
        match self.columns.iter().find(|(known, _)| known == name) {
            Some((_, column)) => column.clone(),
            None => Col::wrong(Failure::unknown_column(name, self.names())),
        }
    }

    /// The columns' names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// Whether there is a column of this name.
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// Keeps the rows for which the column is true; null counts as false.
    #[must_use]
    pub fn filter(mut self, mask: impl IntoCol) -> Table {
        self.masks.push(mask.into_col());
        self
    }

    /// Adds a column, or puts it in the place of the one of this name.
    #[must_use]
    pub fn with_column(mut self, name: &str, column: impl IntoCol) -> Table {
        let column = column.into_col().under(self.masks.len());
        match self.columns.iter_mut().find(|(known, _)| known == name) {
            Some((_, place)) => *place = column,
            None => self.columns.push((name.to_owned(), column)),
        }
        self
    }

    /// Keeps these columns, in this order.
    #[must_use]
    pub fn select(mut self, names: &[&str]) -> Table {
        let mut kept = Vec::with_capacity(names.len());
        for name in names {
            match self.columns.iter().find(|(known, _)| known == name) {
                Some(column) => kept.push(column.clone()),
                None => self.failures.push(Failure::unknown_column(name, self.columns.iter().map(|(n, _)| n.as_str()))),
            }
        }
        self.columns = kept;
        self
    }

    /// Leaves a column out.
    #[must_use]
    pub fn drop(mut self, name: &str) -> Table {
        if !self.has(name) {
            self.failures.push(Failure::unknown_column(name, self.names()));
        }
        self.columns.retain(|(known, _)| known != name);
        self
    }

    /// Gives a column another name.
    #[must_use]
    pub fn rename(mut self, from: &str, to: &str) -> Table {
        if !self.has(from) {
            self.failures.push(Failure::unknown_column(from, self.names()));
        }
        for (name, _) in self.columns.iter_mut().filter(|(name, _)| name == from) {
            to.clone_into(name);
        }
        self
    }

    /// Says that this cannot be done, such as because of parameters that do not fit together.
    #[must_use]
    pub fn fail(mut self, failure: Failure) -> Table {
        self.failures.push(failure);
        self
    }
}
