//! What plugins are told and what they answer, as plain types over `jackfield_columns`.

use arrow::array::{ArrayRef, BooleanArray, UInt64Array};
use arrow::datatypes::Field;
use jackfield_columns::{Batch, Failure, Predicate};

/// A node's answer to the schemas of its inputs.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The output ports, the main one first.
    pub outputs: Vec<OutputPort>,
    /// What it needs of each input; an input that is not named is needed whole.
    pub needs: Vec<Need>,
    /// Arrays it wants as bytes with each batch: the port, and paths of a column's number followed by children's.
    pub prefetch: Vec<(String, Vec<Vec<u32>>)>,
    /// Inputs to be read to their end before the others start.
    pub drain_first: Vec<String>,
    /// Each row's fate depends on that row alone.
    pub row_wise: bool,
    /// Further promises, such as `("keeps-rows", "true")`.
    pub extra: Vec<(String, String)>,
}

/// An output of a node.
#[derive(Clone, Debug)]
pub struct OutputPort {
    /// The port's name.
    pub name: String,
    /// `None`: known with the first batch only.
    pub columns: Option<Vec<OutColumn>>,
}

/// Where a column of an output comes from.
#[derive(Clone, Debug)]
pub enum OutColumn {
    /// A column of an input, under its own name or a new one.
    Passed {
        /// The input port; one that was bound.
        port: String,
        /// The column's number there; one that exists.
        index: usize,
        /// The new name.
        name: Option<String>,
    },
    /// A column that the node makes.
    Made(Field),
}

/// What a node needs of one input.
#[derive(Clone, Debug)]
pub struct Need {
    /// The input port; one that was bound.
    pub port: String,
    /// Columns by name, all of which exist; `None`: all.
    pub columns: Option<Vec<String>>,
    /// What holds for any row that can leave by the first output port.
    pub predicates: Vec<Predicate>,
    /// Rows that satisfy the predicates, after which no more are needed.
    pub limit: Option<u64>,
}

/// What a node did with one input.
#[derive(Clone, Debug)]
pub struct Step {
    /// What leaves, in order.
    pub emissions: Vec<Emission>,
    /// Rows of this input that leave by the error policy.
    pub rejected: Vec<Rejected>,
    /// What the node wants next.
    pub progress: Progress,
}

/// One batch that leaves.
#[derive(Clone, Debug)]
pub struct Emission {
    /// The output port; one that the binding named.
    pub port: String,
    /// The batch, or what to change in the input to get it.
    pub output: Output,
}

/// A batch, or how to make it from the input.
#[derive(Clone, Debug)]
pub enum Output {
    /// The input with other columns and fewer rows.
    Change {
        /// As long as the input; rows where it is true stay. `None`: all.
        selection: Option<BooleanArray>,
        /// The columns that the binding calls made, in that order, as long as the input.
        made: Vec<ArrayRef>,
    },
    /// A batch of the schema that the binding told.
    Batch(Batch),
}

/// Rows that leave by the error policy.
#[derive(Clone, Debug)]
pub struct Rejected {
    /// As long as the input.
    pub rows: BooleanArray,
    /// Why; `row`, where it is told, is one of them.
    pub reason: Failure,
}

/// What a node wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The next input.
    Ready,
    /// A call of `resume`.
    More,
    /// Nothing more, from any input.
    Done,
}

/// A format that a plugin takes some bytes for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The format's id.
    pub format: String,
    /// 0 to 100.
    pub confidence: u8,
    /// Why, for a person.
    pub reason: String,
}

/// What the pipeline will use of a source.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    /// Columns by name, in the order in which chunks hold them; `None`: all.
    pub columns: Option<Vec<String>>,
    /// Rows for which one of these is false or null are of no use.
    pub predicates: Vec<Predicate>,
    /// Rows that satisfy all predicates, after which no more are of use.
    pub limit: Option<u64>,
    /// Rows that a chunk should have.
    pub batch_rows: u32,
    /// Go on behind this position of an earlier chunk.
    pub resume: Option<Vec<u8>>,
    /// Further hints.
    pub extra: Vec<(String, String)>,
}

/// Some rows of a source.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The rows.
    pub batch: Batch,
    /// Record number of the first row, from 0.
    pub first_row: u64,
    /// The record number of each row, where some are missing in between.
    pub rows: Option<UInt64Array>,
    /// Rows that never became any.
    pub bad: Vec<BadRow>,
    /// Where to resume behind this chunk; empty: cannot.
    pub position: Vec<u8>,
}

/// A row of a source that never became one.
#[derive(Clone, Debug, PartialEq)]
pub struct BadRow {
    /// Physical line, from 1.
    pub line: Option<u64>,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// What is wrong with it.
    pub reason: Failure,
}

/// What a reader gives.
#[derive(Clone, Debug)]
pub enum Next {
    /// Some rows.
    Chunk(Box<Chunk>),
    /// Nothing now; ask again later.
    Pause,
    /// Nothing more, ever.
    End,
}
