//! `limit`: some rows from some row on, and then nothing more is read.

use jackfield_sdk::{Batch, Binding, Failure, InputPort, Params, Step};
use serde::Deserialize;

#[derive(Deserialize)]
struct Parameters {
    rows: u64,
    #[serde(default)]
    offset: u64,
}

pub(crate) struct Limit {
    skip: u64,
    left: u64,
}

impl Limit {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let Parameters { rows, offset } = params.parse()?;
        Ok(Limit { skip: offset, left: rows })
    }

    pub(crate) fn bind(&mut self, input: &InputPort) -> Binding {
        let none: [&str; 0] = [];
        Binding::passing(input).needs(&input.name, &none).limit(&input.name, self.skip.saturating_add(self.left))
    }

    pub(crate) fn process(&mut self, batch: &Batch) -> Result<Step, Failure> {
        let rows = batch.rows();
        let start = self.skip.min(rows.into()) as u32;
        let length = self.left.min((rows - start).into()) as u32;
        self.skip -= u64::from(start);
        self.left -= u64::from(length);
        let step = match (start, length) {
            (_, 0) => Step::nothing(),
            (0, length) if length == rows => Step::pass(),
            (start, length) => Step::from(batch.slice(start, length)?),
        };
        Ok(if self.left == 0 { step.done() } else { step })
    }
}
