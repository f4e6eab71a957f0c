//! Rows that fail by themselves, over several expressions: each row is rejected once, with its first reason.

use crate::at;
use jackfield_sdk::{Column, Failure, Outcome, Step};

/// The rows of one batch that failed, and why.
#[derive(Debug, Default)]
pub struct Rejections {
    all: Option<Column>,
    reasons: Vec<(Column, Failure)>,
}

impl Rejections {
    /// The outcome's values; where rows failed, `pointer` says which parameter that was.
    ///
    /// # Errors
    /// A kernel's.
    pub fn values(&mut self, pointer: &str, outcome: Outcome) -> Result<Column, Failure> {
        if let Some(failed) = outcome.failed {
            let reason = outcome.first.unwrap_or_else(|| Failure::invalid_input("invalid-value", "the row is wrong"));
            self.add(pointer, failed, reason)?;
        }
        Ok(outcome.values)
    }

    /// Rejects the rows where the boolean column, which has no nulls, is true; `pointer` says which parameter that was.
    ///
    /// # Errors
    /// A kernel's.
    pub fn add(&mut self, pointer: &str, failed: Column, reason: Failure) -> Result<(), Failure> {
        let (fresh, all) = match &self.all {
            None => (failed.share(), failed),
            Some(all) => (failed.and(&all.not()?)?, all.or(&failed)?),
        };
        self.reasons.push((fresh, at(pointer, reason)));
        self.all = Some(all);
        Ok(())
    }

    /// The rows that are well, if any are not.
    ///
    /// # Errors
    /// A kernel's.
    pub fn kept(&self) -> Result<Option<Column>, Failure> {
        self.all.as_ref().map(Column::not).transpose()
    }

    /// The step that also rejects these rows.
    pub fn add_to(self, step: Step) -> Step {
        self.reasons.into_iter().fold(step, |step, (rows, reason)| step.reject(rows, reason))
    }
}
