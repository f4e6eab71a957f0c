//! `sort`: all rows in another order. They are held until the last one has come, in memory as far as they have room there,
//! the rest on temporary storage.

use jackfield_kit::{Orders, Problems, Rejections, Sorter, Work, at, names, not_bound, only_input};
use jackfield_sdk::{Batch, Binding, Failure, InputPort, Params, Step};
use serde::Deserialize;

#[derive(Deserialize)]
struct Parameters {
    by: Vec<String>,
}

pub(crate) struct Sort {
    by: Vec<String>,
    bound: Option<Bound>,
}

struct Bound {
    orders: Orders,
    sorter: Sorter,
}

impl Sort {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let Parameters { by } = params.parse()?;
        Ok(Sort { by, bound: None })
    }
}

impl Bound {
    /// Keys that have no order are wrong in the parameter.
    fn placed<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        result.map_err(|failure| match failure.code.as_str() {
            "type-mismatch" => at(self.orders.place(), failure),
            _ => failure,
        })
    }
}

impl Work for Sort {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let mut problems = Problems::default();
        let orders = Orders::bind("/by", &self.by, &input.schema, &mut problems);
        let needed = names::of(&input.schema, &orders.columns());
        let binding = Binding::passing(input).needs(&input.name, &needed);
        let sorter = Sorter::new(orders.directions());
        self.bound = Some(Bound { orders, sorter });
        problems.or(binding)
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        let mut rejections = Rejections::default();
        let keys = bound.orders.keys(batch, &mut rejections)?;
        let pushed = match rejections.kept()? {
            None => bound.sorter.push(batch, &keys),
            Some(kept) => {
                let well = batch.filter(&kept)?;
                let keys = bound.orders.keys(&well, &mut Rejections::default())?;
                bound.sorter.push(&well, &keys)
            }
        };
        bound.placed(pushed)?;
        let advance = bound.sorter.advance()?;
        Ok(rejections.add_to(advance.step()))
    }

    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        let finished = bound.sorter.finish();
        bound.placed(finished)?;
        Ok(bound.sorter.advance()?.step())
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        Ok(bound.sorter.advance()?.step())
    }
}
