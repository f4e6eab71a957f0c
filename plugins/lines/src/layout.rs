//! How the lines of a format become cells.

use jackfield_sdk::Failure;
use jackfield_values::types::Type;
use std::borrow::Cow;

/// A format of one record per line.
pub trait Layout {
    /// The columns that are there whatever the lines hold; with a type where it need not be inferred.
    fn known(&self) -> Vec<(String, Option<Type>)>;

    /// Whether lines may bring further columns, by name.
    fn is_open(&self) -> bool;

    /// Adds the cells of a line, which is not blank and has no line end.
    ///
    /// # Errors
    /// Why the line is no record.
    fn cells<'l>(&self, line: &'l [u8], cells: &mut Cells<'l>) -> Result<(), Failure>;

    /// What to do about a value in this column that is none of its type.
    fn help(&self, column: &str) -> String;
}

/// Where a cell belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place<'l> {
    /// To the known column of this number.
    Known(usize),
    /// To the column of this name.
    Named(&'l str),
}

/// What a line holds: each cell's place and text, `None` for null.
#[derive(Clone, Debug, Default)]
pub struct Cells<'l>(pub Vec<(Place<'l>, Option<Cow<'l, [u8]>>)>);

impl<'l> Cells<'l> {
    /// Adds a cell of a known column.
    pub fn known(&mut self, column: usize, text: Option<Cow<'l, [u8]>>) {
        self.0.push((Place::Known(column), text));
    }

    /// Adds a cell of a column by name.
    pub fn named(&mut self, name: &'l str, text: Option<Cow<'l, [u8]>>) {
        self.0.push((Place::Named(name), text));
    }
}
