//! Steps: what a call of a node gives.

use super::{Change, Emission, OUTPUT, Output, Step};
use crate::{Batch, Column, Failure, Progress, Rejected};

impl Step {
    /// Nothing comes out; the node waits for more input.
    pub fn nothing() -> Self {
        Step { emissions: Vec::new(), rejected: Vec::new(), progress: Progress::Ready }
    }

    /// The input goes out of the main port as the binding says, all rows of it.
    pub fn pass() -> Self {
        Self::nothing().change(OUTPUT, None, Vec::new())
    }

    /// The rows of the input where the boolean column is true go out of the main port.
    pub fn keep(mask: Column) -> Self {
        Self::nothing().change(OUTPUT, Some(mask), Vec::new())
    }

    /// The input goes out of the main port with the columns that the binding calls made, in that order, each as long as
    /// the input.
    pub fn made(columns: impl IntoIterator<Item = Column>) -> Self {
        Self::nothing().change(OUTPUT, None, columns.into_iter().collect())
    }

    /// The rows where the boolean column is true (none: all) go out of a port, with the made columns of its binding, as
    /// long as the input. Only as the answer to `process`.
    pub fn change(mut self, port: &str, selection: Option<Column>, made: Vec<Column>) -> Self {
        let output = Output::Change(Change { selection, made });
        self.emissions.push(Emission { port: port.to_owned(), output });
        self
    }

    /// A batch of the node's own goes out of a port.
    pub fn emit(mut self, port: &str, batch: Batch) -> Self {
        self.emissions.push(Emission { port: port.to_owned(), output: Output::Batch(batch.into()) });
        self
    }

    /// The rows of the input where the boolean column is true leave by the pipeline's error policy.
    pub fn reject(mut self, rows: Column, reason: Failure) -> Self {
        self.rejected.push(Rejected { rows, reason });
        self
    }

    /// There is more: the host calls `resume`.
    pub fn more(mut self) -> Self {
        self.progress = Progress::More;
        self
    }

    /// Nothing more is needed of any input.
    pub fn done(mut self) -> Self {
        self.progress = Progress::Done;
        self
    }
}

/// The batch goes out of the main port.
impl From<Batch<'_>> for Step {
    fn from(batch: Batch<'_>) -> Self {
        Step::nothing().emit(OUTPUT, batch)
    }
}
