//! Rows that fail by themselves, over several expressions: each row is rejected once, with its own first reason.

use crate::at;
use jackfield_sdk::builders::BooleanBuilder;
use jackfield_sdk::sql::Expression;
use jackfield_sdk::{Batch, Column, DataType, Failure, Field, Outcome, Step};
use std::collections::BTreeMap;

/// So many rows of a batch are asked one by one why they fail; each further reason costs a mask.
const ASKED: usize = 500;

/// The rows of one batch that failed, and why.
#[derive(Debug, Default)]
pub struct Rejections {
    all: Option<Column>,
    reasons: Vec<(Column, Failure)>,
}

impl Rejections {
    /// An expression's values on a batch; where rows failed, `pointer` says which parameter that was.
    ///
    /// # Errors
    /// A kernel's.
    pub fn evaluate(&mut self, pointer: &str, expression: &Expression, batch: &Batch) -> Result<Column, Failure> {
        self.explained(pointer, expression.on(batch)?, |row| expression.on(&batch.slice(row, 1)?))
    }

    /// The outcome's values. Where rows failed, `pointer` says which parameter that was, and `alone`, which works a row
    /// out on its own, what is wrong with it: an outcome tells only the first reason.
    ///
    /// # Errors
    /// A kernel's.
    pub fn explained(
        &mut self,
        pointer: &str,
        outcome: Outcome,
        alone: impl Fn(u32) -> Result<Outcome, Failure>,
    ) -> Result<Column, Failure> {
        if let Some(failed) = outcome.failed {
            let first = outcome.first.unwrap_or_else(|| Failure::invalid_input("invalid-value", "the row is wrong"));
            let (fresh, all) = match &self.all {
                None => (failed.share(), failed),
                Some(all) => (failed.and(&all.not()?)?, all.or(&failed)?),
            };
            for (rows, reason) in reasons(fresh, &first, alone)? {
                self.reasons.push((rows, at(pointer, reason)));
            }
            self.all = Some(all);
        }
        Ok(outcome.values)
    }

    /// The outcome's values; where rows failed, `pointer` says which parameter that was, and all have the first reason.
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

/// The failed rows by their reasons.
fn reasons(
    failed: Column,
    first: &Failure,
    alone: impl Fn(u32) -> Result<Outcome, Failure>,
) -> Result<Vec<(Column, Failure)>, Failure> {
    let mask = failed.buffers()?;
    let length = mask.length as usize;
    let rows: Vec<usize> = (0..length).filter(|row| mask.boolean(*row) == Some(true)).collect();
    let (asked, rest) = rows.split_at(rows.len().min(ASKED));
    let mut found: Vec<(Failure, Vec<usize>)> = Vec::new();
    let mut known: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
    for row in asked {
        let reason = if first.row == Some(*row as u64) {
            first.clone()
        } else {
            let own = alone(u32::try_from(*row).unwrap_or(u32::MAX))?.first;
            Failure { row: Some(*row as u64), ..own.unwrap_or_else(|| first.clone()) }
        };
        let place = *known.entry((reason.message.clone(), reason.column.clone())).or_insert(found.len());
        match found.get_mut(place) {
            Some((_, rows)) => rows.push(*row),
            None => found.push((reason, vec![*row])),
        }
    }
    // All of them at once: they are many, and a step for each would cost more than finding them.
    if let Some(row) = rest.first() {
        let message = format!("the row fails, as {ASKED} before it do; what is wrong with each is not looked up");
        found.push((Failure { message, row: Some(*row as u64), ..first.clone() }, rest.to_vec()));
    }
    if found.len() == 1 {
        return Ok(found.into_iter().map(|(reason, _)| (failed.share(), reason)).collect());
    }
    found.into_iter().map(|(reason, rows)| Ok((mask_of(&rows, length)?, reason))).collect()
}

/// A mask in which these rows, in ascending order, are true.
fn mask_of(rows: &[usize], length: usize) -> Result<Column, Failure> {
    let mut mask = BooleanBuilder::default();
    for row in rows {
        mask.push_run(false, row - mask.len());
        mask.push(true);
    }
    mask.push_run(false, length - mask.len());
    Column::of(&[Field::new("", DataType::Boolean)], &[mask.finish()])
}
