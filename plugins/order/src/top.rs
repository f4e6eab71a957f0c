//! `top`: the first rows of an order, of all rows or of each group. What cannot be among them any more is let go from
//! time to time, so memory follows what comes out, not what goes in.

use jackfield_kit::numbers::numbers;
use jackfield_kit::outgoing::leave;
use jackfield_kit::values::take;
use jackfield_kit::{
    Groups, Held, Orders, Outgoing, PIECE, Problems, Rejections, Whole, Work, names, not_bound, only_input, rows_of,
};
use jackfield_sdk::{Batch, Binding, Column, Failure, InputPort, Params, Step};
use serde::Deserialize;

/// Rows beyond twice those that count, before the others are let go.
const SPARE: u64 = 2 * PIECE as u64;

#[derive(Deserialize)]
struct Parameters {
    rows: u64,
    by: Vec<String>,
    #[serde(default)]
    per: Vec<String>,
}

pub(crate) struct Top {
    parameters: Parameters,
    bound: Option<Bound>,
    held: Held,
    /// Rows that are held before the next look at which of them count.
    enough: u64,
    outgoing: Option<Outgoing>,
}

struct Bound {
    orders: Orders,
    groups: Groups,
    rows: u32,
}

impl Top {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        Ok(Top { parameters: params.parse()?, bound: None, held: Held::default(), enough: SPARE, outgoing: None })
    }
}

impl Bound {
    /// The numbers of the rows that count, group by group, each in order.
    fn first_rows(&self, whole: &Whole) -> Result<Column, Failure> {
        if self.groups.is_single() {
            return self.orders.sort(None, &whole.own, Some(self.rows));
        }
        let Some((group, keys)) = whole.own.split_last() else { return Err(not_bound()) };
        let order = self.orders.sort(Some(group), keys, None)?;
        let sorted_groups = numbers(&take(group, &order)?)?;
        let (mut last, mut count) = (None, 0);
        let mut first = numbers(&order)?;
        let mut groups = sorted_groups.into_iter();
        first.retain(|_| {
            let group = groups.next();
            count = if group == last { count + 1 } else { 1 };
            last = group;
            count <= self.rows
        });
        rows_of(&first)
    }
}

impl Work for Top {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let mut problems = Problems::default();
        let orders = Orders::bind("/by", &self.parameters.by, &input.schema, &mut problems);
        let groups = Groups::bind("/per", &self.parameters.per, &input.schema, &mut problems);
        let mut columns = orders.columns();
        columns.extend(groups.columns());
        let binding = Binding::passing(input).needs(&input.name, &names::of(&input.schema, &columns));
        let rows = u32::try_from(self.parameters.rows).unwrap_or(u32::MAX);
        self.bound = Some(Bound { orders, groups, rows });
        problems.or(binding)
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        let mut rejections = Rejections::default();
        let mut own = bound.orders.keys(batch, &mut rejections)?;
        let well;
        let batch = match rejections.kept()? {
            None => batch,
            Some(kept) => {
                well = batch.filter(&kept)?;
                own = bound.orders.keys(&well, &mut Rejections::default())?;
                &well
            }
        };
        if !bound.groups.is_single() {
            own.push(bound.groups.assign(batch)?);
        }
        self.held.push(batch, &own)?;
        if self.held.rows() > self.enough {
            if let Some(whole) = self.held.look()? {
                let first = bound.first_rows(&whole)?;
                drop(whole);
                self.held.keep(&first)?;
            }
            self.enough = 2 * self.held.rows() + SPARE;
        }
        Ok(rejections.add_to(Step::nothing()))
    }

    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        let bound = self.bound.as_ref().ok_or_else(not_bound)?;
        if let Some(whole) = self.held.take()? {
            let first = bound.first_rows(&whole)?;
            self.outgoing = Some(Outgoing::ordered(whole.rows, first));
        }
        leave(&mut self.outgoing)
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        leave(&mut self.outgoing)
    }
}
