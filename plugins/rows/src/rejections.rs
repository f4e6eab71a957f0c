//! Rows that fail by themselves, over several expressions: each row is rejected once, with its own first reason.

use crate::problems::at;
use jackfield_sdk::builders::BooleanBuilder;
use jackfield_sdk::{Column, DataType, Failure, Field, Outcome, Step};
use std::collections::BTreeMap;

/// So many rows of a batch are asked one by one why they fail; each further reason costs a mask.
const ASKED: usize = 500;

#[derive(Default)]
pub(crate) struct Rejections {
    all: Option<Column>,
    reasons: Vec<(Column, Failure)>,
}

impl Rejections {
    /// The outcome's values. Where rows failed, `pointer` says which parameter that was, and `alone`, which works a row
    /// out on its own, what is wrong with it: an outcome tells only the first reason.
    pub(crate) fn values(
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
            for (rows, reason) in explained(fresh, &first, alone)? {
                self.reasons.push((rows, at(pointer, reason)));
            }
            self.all = Some(all);
        }
        Ok(outcome.values)
    }

    /// The rows that are well, if any are not.
    pub(crate) fn kept(&self) -> Result<Option<Column>, Failure> {
        self.all.as_ref().map(Column::not).transpose()
    }

    pub(crate) fn add_to(self, step: Step) -> Step {
        self.reasons.into_iter().fold(step, |step, (rows, reason)| step.reject(rows, reason))
    }
}

/// The failed rows by their reasons.
fn explained(
    failed: Column,
    first: &Failure,
    alone: impl Fn(u32) -> Result<Outcome, Failure>,
) -> Result<Vec<(Column, Failure)>, Failure> {
    let mask = failed.buffers()?;
    let length = mask.length as usize;
    let rows: Vec<usize> = (0..length).filter(|row| mask.boolean(*row) == Some(true)).collect();
    let mut reasons: Vec<(Failure, Vec<usize>)> = Vec::new();
    let mut known: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
    for (number, row) in rows.iter().enumerate() {
        let reason = if first.row == Some(*row as u64) {
            first.clone()
        } else if number < ASKED {
            let own = alone(u32::try_from(*row).unwrap_or(u32::MAX))?.first;
            Failure { row: Some(*row as u64), ..own.unwrap_or_else(|| first.clone()) }
        } else {
            let message = format!("the row fails, as {ASKED} before it do; what is wrong with each is not looked up");
            Failure { message, row: Some(*row as u64), ..first.clone() }
        };
        let place = *known.entry((reason.message.clone(), reason.column.clone())).or_insert(reasons.len());
        match reasons.get_mut(place) {
            Some((_, rows)) => rows.push(*row),
            None => reasons.push((reason, vec![*row])),
        }
    }
    if reasons.len() == 1 {
        return Ok(reasons.into_iter().map(|(reason, _)| (failed.share(), reason)).collect());
    }
    reasons.into_iter().map(|(reason, rows)| Ok((mask_of(&rows, length)?, reason))).collect()
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
