//! The one table of functions.

/// What a function may allocate; it is asked for before it is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The width of the result's type for each row.
    Width,
    /// Variable: asked for piece by piece, before each piece, up to 2 GiB.
    Pieces,
}

/// A function of the table.
#[derive(Debug)]
pub struct Function {
    /// Arrow's name.
    pub name: &'static str,
    /// Arguments and result, for people.
    pub signature: &'static str,
    /// One line about what it does.
    pub doc: &'static str,
    /// The options it takes.
    pub options: &'static [&'static str],
    /// What it may allocate.
    pub bound: Bound,
    /// Units of fuel for each 8 bytes of input.
    pub weight: u32,
}

/// All functions, by topic.
pub fn functions() -> &'static [Function] {
    todo!()
}

/// The reference page of all functions, as Markdown.
pub fn reference() -> String {
    todo!()
}
