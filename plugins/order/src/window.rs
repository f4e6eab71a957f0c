//! `window`: columns computed over the rows of a group, in an order. The rows keep their places.
//!
//! The host sorts, evaluates what the calls are about, and moves values; what is here is the walk through the groups,
//! which gives numbers of rows or plain numbers. Rows that are larger than their share of memory go to temporary storage,
//! parted by their groups, and each part is worked on by itself.

mod aggregate;
mod calls;
mod layout;
mod parted;
mod ranks;
mod running;

use calls::Call;
use jackfield_kit::outgoing::leave;
use jackfield_kit::values::named;
use jackfield_kit::{Groups, Held, Orders, Outgoing, Problems, Rejections, Work, at, names, not_bound, only_input};
use jackfield_sdk::params::{Ordered, pointer};
use jackfield_sdk::spill::memory_use;
use jackfield_sdk::{Batch, Binding, Column, Failure, Field, InputPort, OutputPort, Params, Schema, Step};
use layout::Layout;
use parted::Parted;
use serde::Deserialize;

/// Of the memory that the plugin has, so much is used for rows; computing over them takes more beside them.
const SHARE: u64 = 4;

#[derive(Deserialize)]
struct Parameters {
    #[serde(default)]
    by: Vec<String>,
    #[serde(default)]
    order: Vec<String>,
    columns: Ordered<String>,
}

pub(crate) struct Window {
    parameters: Parameters,
    bound: Option<Bound>,
    held: Held,
    /// What the plugin held before the first row came.
    before: Option<u64>,
    parted: Option<Parted>,
    outgoing: Option<Outgoing>,
}

struct Bound {
    schema: Schema,
    groups: Groups,
    orders: Orders,
    calls: Vec<One>,
}

/// One column that is made.
struct One {
    name: String,
    pointer: String,
    call: Call,
}

impl Window {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let parameters = params.parse()?;
        Ok(Window { parameters, bound: None, held: Held::default(), before: None, parted: None, outgoing: None })
    }
}

impl Bound {
    /// What is held beside the rows: their group unless there is only one, the order's keys, the calls' arguments.
    fn own(&self, batch: &Batch, rejections: &mut Rejections) -> Result<Vec<Column>, Failure> {
        let mut own = self.orders.keys(batch, rejections)?;
        for One { pointer, call, .. } in &self.calls {
            for argument in call.arguments() {
                own.push(rejections.evaluate(pointer, argument, batch)?);
            }
        }
        Ok(own)
    }

    /// The rows with the columns that are made, once all of them are held.
    fn complete(&self, held: &mut Held) -> Result<Option<Batch<'static>>, Failure> {
        let Some(whole) = held.take()? else { return Ok(None) };
        let made = self.made(whole.own, whole.rows.rows())?;
        let named: Vec<(&str, &Column)> = self.calls.iter().map(|one| one.name.as_str()).zip(&made).collect();
        whole.rows.put(&named).map(Some)
    }

    /// The made columns, in the order of the calls.
    fn made(&self, mut own: Vec<Column>, rows: u32) -> Result<Vec<Column>, Failure> {
        let group = if self.groups.is_single() { None } else { own.pop() };
        let arguments = own.split_off(self.orders.len());
        let layout = Layout::new(rows, group, self.groups.count(), &self.orders, own)?;
        let mut arguments = arguments.into_iter();
        let mut made = Vec::with_capacity(self.calls.len());
        for One { pointer, call, .. } in &self.calls {
            let arguments: Vec<Column> = arguments.by_ref().take(call.arguments().len()).collect();
            made.push(call.over(&arguments, &layout).map_err(|failure| at(pointer, failure))?);
        }
        Ok(made)
    }
}

impl Work for Window {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let mut problems = Problems::default();
        let groups = Groups::bind("/by", &self.parameters.by, &input.schema, &mut problems);
        let orders = Orders::bind("/order", &self.parameters.order, &input.schema, &mut problems);
        let mut needed = orders.columns();
        needed.extend(groups.columns());
        let mut calls = Vec::new();
        let mut made: Vec<(String, Vec<Field>)> = Vec::new();
        for (name, text) in &self.parameters.columns.0 {
            let pointer = pointer("/columns", name);
            let call = Call::bind(text, &input.schema, !self.parameters.order.is_empty());
            let Some(call) = problems.note(&pointer, call) else { continue };
            needed.extend(call.arguments().iter().flat_map(|argument| argument.columns()));
            made.push((name.clone(), named(call.result_type(), name)));
            calls.push(One { name: name.clone(), pointer, call });
        }
        let tree_of = |name: &str| made.iter().find(|(other, _)| other == name).map(|(_, tree)| tree.clone());
        let mut port = OutputPort::new("out");
        for (index, name) in (0..).zip(input.schema.names()) {
            port = match tree_of(name) {
                Some(tree) => port.made(tree),
                None => port.pass(&input.name, index, None),
            };
        }
        let fresh = made.iter().filter(|(name, _)| input.schema.index_of(name).is_none());
        port = fresh.fold(port, |port, (_, tree)| port.made(tree.clone()));
        let binding = Binding::new().output(port).needs(&input.name, &names::of(&input.schema, &needed));
        self.bound = Some(Bound { schema: input.schema.clone(), groups, orders, calls });
        problems.or(binding)
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        let before = *self.before.get_or_insert_with(|| memory_use().held);
        let mut rejections = Rejections::default();
        let mut own = bound.own(batch, &mut rejections)?;
        let well;
        let batch = match rejections.kept()? {
            None => batch,
            Some(kept) => {
                well = batch.filter(&kept)?;
                own = bound.own(&well, &mut Rejections::default())?;
                &well
            }
        };
        if let Some(parted) = &mut self.parted {
            parted.push(batch, &bound.groups)?;
            return Ok(rejections.add_to(Step::nothing()));
        }
        if !bound.groups.is_single() {
            own.push(bound.groups.assign(batch)?);
        }
        self.held.push(batch, &own)?;
        let memory = memory_use();
        if memory.held.saturating_sub(before) > memory.limit.saturating_sub(before) / SHARE && !bound.groups.is_single()
        {
            let mut parted = Parted::default();
            for rows in self.held.take_parts()? {
                parted.push(&rows, &bound.groups)?;
            }
            bound.groups = bound.groups.again(&bound.schema)?;
            self.parted = Some(parted);
        }
        Ok(rejections.add_to(Step::nothing()))
    }

    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        let bound = self.bound.as_ref().ok_or_else(not_bound)?;
        if self.parted.is_some() {
            return Ok(Step::nothing().more());
        }
        self.outgoing = bound.complete(&mut self.held)?.map(Outgoing::all);
        leave(&mut self.outgoing)
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        if let Some(parted) = &mut self.parted {
            return parted.advance(self.bound.as_mut().ok_or_else(not_bound)?);
        }
        leave(&mut self.outgoing)
    }
}
