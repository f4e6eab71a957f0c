//! Batches: handles on rows that the host holds.

use crate::bindings::host::jackfield::plugin::data::{self, Named, Pick};
use crate::{Column, Failure, Schema};
use std::cell::OnceCell;
use std::rc::Rc;

/// A handle on a batch. Inside a call it borrows the host's; [`share`](Batch::share) gives one to keep
/// (`Batch<'static>`). Nothing changes a batch: methods give new ones, and rows move only when somebody reads them.
#[derive(Debug)]
pub struct Batch<'a> {
    handle: Handle<'a>,
    schema: OnceCell<Rc<Schema>>,
}

#[derive(Debug)]
enum Handle<'a> {
    Borrowed(&'a data::Batch),
    Owned(data::Batch),
}

impl From<data::Batch> for Batch<'static> {
    fn from(batch: data::Batch) -> Self {
        Batch { handle: Handle::Owned(batch), schema: OnceCell::new() }
    }
}

/// The handle for the host; one that was borrowed is shared.
impl From<Batch<'_>> for data::Batch {
    fn from(batch: Batch<'_>) -> Self {
        match batch.handle {
            Handle::Owned(batch) => batch,
            Handle::Borrowed(batch) => batch.share(),
        }
    }
}

impl<'a> Batch<'a> {
    /// A handle borrowed for a call, whose schema is known already.
    pub(crate) fn borrowed(batch: &'a data::Batch, schema: Option<Rc<Schema>>) -> Self {
        Batch { handle: Handle::Borrowed(batch), schema: schema.map(OnceCell::from).unwrap_or_default() }
    }

    /// A batch of whole columns, each `rows` long, for the columns of the schema in order.
    ///
    /// # Errors
    /// Lengths or types that do not fit the schema.
    pub fn of(schema: &Schema, rows: u32, columns: &[&Column]) -> Result<Batch<'static>, Failure> {
        data::Batch::of(schema, rows, columns).map(Batch::from)
    }

    /// All rows of `parts`, one after the other, without moving any.
    ///
    /// # Errors
    /// Schemas that differ.
    pub fn concat(parts: &[&Batch]) -> Result<Batch<'static>, Failure> {
        let parts: Vec<&data::Batch> = parts.iter().map(|part| part.raw()).collect();
        data::Batch::concat(&parts).map(Batch::from)
    }

    /// The handle itself, for the functions of [`compute`](crate::compute) and [`exchange`](crate::exchange).
    pub fn raw(&self) -> &data::Batch {
        match &self.handle {
            Handle::Owned(batch) => batch,
            Handle::Borrowed(batch) => batch,
        }
    }

    /// Another handle, to keep beyond the call. What it keeps alive counts against the plugin's memory limit.
    pub fn share(&self) -> Batch<'static> {
        Batch { handle: Handle::Owned(self.raw().share()), schema: self.schema.clone() }
    }

    /// Number of rows.
    pub fn rows(&self) -> u32 {
        self.raw().rows()
    }

    /// The columns' names and types.
    pub fn schema(&self) -> &Schema {
        self.schema.get_or_init(|| Rc::new(self.raw().schema()))
    }

    /// The column of this name.
    ///
    /// # Errors
    /// `unknown-column`, or `not-demanded` for one that the binding's needs left out.
    pub fn column(&self, name: &str) -> Result<Column, Failure> {
        self.column_at(self.schema().expect_index(name)?)
    }

    /// The column of this number.
    ///
    /// # Errors
    /// `out-of-bounds`, or `not-demanded` for one that the binding's needs left out.
    pub fn column_at(&self, index: u32) -> Result<Column, Failure> {
        self.raw().column(index)
    }

    /// Keeps the rows where the boolean column is true.
    ///
    /// # Errors
    /// A mask of another type or length.
    pub fn filter(&self, mask: &Column) -> Result<Batch<'static>, Failure> {
        self.raw().filter(mask).map(|batch| self.like(batch))
    }

    /// The rows of these numbers (uint32 or uint64); a null number gives a row of nulls.
    ///
    /// # Errors
    /// `out-of-bounds`.
    pub fn take(&self, rows: &Column) -> Result<Batch<'static>, Failure> {
        self.raw().take(rows).map(|batch| self.like(batch))
    }

    /// `length` rows from `offset` on.
    ///
    /// # Errors
    /// `out-of-bounds`.
    pub fn slice(&self, offset: u32, length: u32) -> Result<Batch<'static>, Failure> {
        self.raw().slice(offset, length).map(|batch| self.like(batch))
    }

    /// The columns of these names, in this order.
    ///
    /// # Errors
    /// `unknown-column`.
    pub fn select(&self, names: &[&str]) -> Result<Batch<'static>, Failure> {
        let picks: Result<Vec<(u32, Option<String>)>, Failure> =
            names.iter().map(|name| Ok((self.schema().expect_index(name)?, None))).collect();
        self.pick(picks?)
    }

    /// The columns of these numbers, in this order, renamed where there is a name.
    ///
    /// # Errors
    /// `out-of-bounds`, or a name that occurs twice.
    pub fn pick(&self, columns: impl IntoIterator<Item = (u32, Option<String>)>) -> Result<Batch<'static>, Failure> {
        let picks: Vec<Pick> = columns.into_iter().map(|(index, name)| Pick { index, name }).collect();
        self.raw().pick(&picks).map(Batch::from)
    }

    /// Adds columns or, by name, replaces them.
    ///
    /// # Errors
    /// A column of another length.
    pub fn put(&self, columns: &[(&str, &Column)]) -> Result<Batch<'static>, Failure> {
        let named: Vec<Named> = columns.iter().map(|(name, data)| Named { name: (*name).to_owned(), data }).collect();
        self.raw().put(&named).map(Batch::from)
    }

    fn like(&self, batch: data::Batch) -> Batch<'static> {
        Batch { handle: Handle::Owned(batch), schema: self.schema.clone() }
    }
}
