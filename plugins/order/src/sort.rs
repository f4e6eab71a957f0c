//! `sort`: all rows in another order. They are held until the last one has come.

use jackfield_kit::outgoing::leave;
use jackfield_kit::{Held, Orders, Outgoing, Problems, Rejections, Work, names, not_bound, only_input};
use jackfield_sdk::{Batch, Binding, Failure, InputPort, Params, Step};
use serde::Deserialize;

#[derive(Deserialize)]
struct Parameters {
    by: Vec<String>,
}

pub(crate) struct Sort {
    by: Vec<String>,
    orders: Option<Orders>,
    held: Held,
    outgoing: Option<Outgoing>,
}

impl Sort {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let Parameters { by } = params.parse()?;
        Ok(Sort { by, orders: None, held: Held::default(), outgoing: None })
    }
}

impl Work for Sort {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let mut problems = Problems::default();
        let orders = Orders::bind("/by", &self.by, &input.schema, &mut problems);
        let needed = names::of(&input.schema, &orders.columns());
        let binding = Binding::passing(input).needs(&input.name, &needed);
        self.orders = Some(orders);
        problems.or(binding)
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let orders = self.orders.as_ref().ok_or_else(not_bound)?;
        let mut rejections = Rejections::default();
        let keys = orders.keys(batch, &mut rejections)?;
        match rejections.kept()? {
            None => self.held.push(batch, &keys)?,
            Some(kept) => {
                let well = batch.filter(&kept)?;
                let keys = orders.keys(&well, &mut Rejections::default())?;
                self.held.push(&well, &keys)?;
            }
        }
        Ok(rejections.add_to(Step::nothing()))
    }

    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        let orders = self.orders.as_ref().ok_or_else(not_bound)?;
        if let Some(whole) = self.held.take()? {
            let order = orders.sort(None, &whole.own, None)?;
            self.outgoing = Some(Outgoing::ordered(whole.rows, order));
        }
        leave(&mut self.outgoing)
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        leave(&mut self.outgoing)
    }
}
