//! Orders: a list of SQL texts such as `dep_delay desc nulls last`.

use crate::problems::Problems;
use crate::rejections::Rejections;
use jackfield_sdk::compute::{SortKey, sort_indices};
use jackfield_sdk::sql::{Order, parse_order};
use jackfield_sdk::{Batch, Column, Failure, Schema};

/// What rows are sorted by.
#[derive(Debug)]
pub struct Orders(Vec<(String, Order)>);

impl Orders {
    /// Reads the list that the parameter at `pointer` is.
    pub fn bind(pointer: &str, texts: &[String], schema: &Schema, problems: &mut Problems) -> Orders {
        let mut orders = Vec::with_capacity(texts.len());
        for (number, text) in texts.iter().enumerate() {
            let place = format!("{pointer}/{number}");
            let order = problems.note(&place, parse_order(text, schema));
            orders.extend(order.map(|order| (place, order)));
        }
        Orders(orders)
    }

    /// Whether there is nothing to sort by.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Of each key, whether it descends and whether nulls come first.
    pub fn directions(&self) -> Vec<(bool, bool)> {
        self.0.iter().map(|(_, order)| (order.descending, order.nulls_first)).collect()
    }

    /// The place of the first key, for what is wrong with all of them.
    pub fn place(&self) -> &str {
        self.0.first().map_or("", |(place, _)| place)
    }

    /// The numbers of the columns that it reads.
    pub fn columns(&self) -> Vec<u32> {
        self.0.iter().flat_map(|(_, order)| order.key.columns()).collect()
    }

    /// The keys of a batch's rows.
    ///
    /// # Errors
    /// What ends the run.
    pub fn keys(&self, batch: &Batch, rejections: &mut Rejections) -> Result<Vec<Column>, Failure> {
        self.0.iter().map(|(pointer, order)| rejections.evaluate(pointer, &order.key, batch)).collect()
    }

    /// The numbers of the rows in order, stable; with `limit`, the first of them. `before` is sorted by first, ascending.
    ///
    /// # Errors
    /// Keys that have no order.
    pub fn sort(&self, before: Option<&Column>, keys: &[Column], limit: Option<u32>) -> Result<Column, Failure> {
        let first = before.map(|column| SortKey { column, descending: false, nulls_first: true });
        let rest = self.0.iter().zip(keys).map(|((_, order), column)| SortKey {
            column,
            descending: order.descending,
            nulls_first: order.nulls_first,
        });
        let keys: Vec<SortKey> = first.into_iter().chain(rest).collect();
        sort_indices(&keys, limit).map_err(|failure| match self.0.first() {
            Some((pointer, _)) => crate::at(pointer, failure),
            None => failure,
        })
    }
}
