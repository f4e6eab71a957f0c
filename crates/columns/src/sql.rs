//! SQL expressions: parsed and type-checked once, evaluated batch by batch.
//!
//! The way of an expression: text, tokens and syntax tree (`text`), a tree with resolved names and checked types
//! (`resolve` and the files beside it, which also fold constants), and its evaluation through
//! [`compute::call`](crate::compute::call) (`evaluate`). Text and schema come from strangers: length, depth and the
//! number of parts are bounded, and everything wrong with them is a located [`Failure`].

mod aggregate;
mod arithmetic;
mod catalogue;
mod coerce;
mod conditions;
mod constants;
mod evaluate;
mod fold;
mod functions;
mod literals;
mod names;
mod number_functions;
mod predicate;
mod resolve;
mod text;
mod text_functions;
mod time_functions;
mod tree;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};

use crate::compute::Outcome;
use crate::types::{HELP_KEY, NOTE_KEY};
use crate::{Batch, Failure, Meter};

use resolve::Resolver;
use text::Source;
use tree::Typed;

pub use aggregate::{Aggregate, parse_aggregate};
pub use catalogue::{SQL_FUNCTIONS, SqlFunction};
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
    parsed: Arc<Parsed>,
}

#[derive(Debug)]
struct Parsed {
    text: String,
    tree: Typed,
    slots: usize,
    columns: Vec<usize>,
    predicates: Vec<Predicate>,
}

impl Expression {
    /// Parses `text`, whole, over the columns of `schema`.
    ///
    /// # Errors
    /// With the byte offset of the fault: `syntax`, `unknown-column` (the nearest names are in the help),
    /// `unknown-function`, `type-mismatch`, `not-boolean`, `too-large`.
    pub fn parse(text: &str, schema: &Schema, context: &Context) -> Result<Self, Failure> {
        let source = Source::new(text)?;
        Self::of(text, &source.parse()?, &source, schema, context)
    }

    fn of(
        text: &str,
        tree: &sqlparser::ast::Expr,
        source: &Source<'_>,
        schema: &Schema,
        context: &Context,
    ) -> Result<Self, Failure> {
        let mut resolver = Resolver::new(schema, context, source);
        let tree = resolver.resolve(tree).map_err(|failure| with_reader_help(failure, schema))?;
        let (columns, predicates) = (tree.columns(), predicate::of(&tree, schema));
        let parsed = Parsed { text: text.to_owned(), slots: resolver.slots, columns, predicates, tree };
        Ok(Self { parsed: Arc::new(parsed) })
    }

    /// Numbers of the schema's columns that it reads, ascending.
    pub fn columns(&self) -> &[usize] {
        &self.parsed.columns
    }

    /// The type of its values.
    pub fn result_type(&self) -> &DataType {
        &self.parsed.tree.data_type
    }

    /// What a reader could make of it: each holds for every row for which the (boolean) expression is true.
    pub fn predicates(&self) -> Vec<Predicate> {
        self.parsed.predicates.clone()
    }

    /// Its value for every row of a batch with the schema that it was parsed for.
    ///
    /// # Errors
    /// What concerns the whole batch: limits, defects. What is wrong with single rows is in the outcome.
    pub fn evaluate(&self, batch: &Batch, meter: &mut dyn Meter) -> Result<Outcome, Failure> {
        evaluate::run(&self.parsed.tree, self.parsed.slots, batch, meter)
    }

    /// The text that it was parsed from.
    pub fn text(&self) -> &str {
        &self.parsed.text
    }
}

/// Where a type error names a column of which its reader said what would give it another type, that comes first.
fn with_reader_help(mut failure: Failure, schema: &Schema) -> Failure {
    let named = schema.fields().iter().find(|field| {
        let note = field.metadata().get(NOTE_KEY);
        note.is_some_and(|note| failure.message.contains(&format!("column `{}` is utf8 ({note})", field.name())))
    });
    let help = named.and_then(|field| field.metadata().get(HELP_KEY));
    if let Some(help) = help.filter(|help| failure.help.as_ref().is_none_or(|own| !own.contains(*help))) {
        failure.help = Some(match failure.help {
            Some(own) => format!("{help}; or {own}"),
            None => help.clone(),
        });
    }
    failure
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
    let source = Source::new(text)?;
    let (tree, descending, nulls_first) = source.parse_order()?;
    let key = Expression::of(text, &tree, &source, schema, context)?;
    Ok(Order { key, descending: descending.unwrap_or(false), nulls_first: nulls_first.unwrap_or(false) })
}
