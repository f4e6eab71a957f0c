//! `window`: columns computed over the rows of a group, in an order. The rows keep their places.
//!
//! The host sorts, evaluates what the calls are about, and moves values; what is here is the walk through the groups,
//! which gives numbers of rows or plain numbers. Rows that are larger than their share of memory go to temporary storage:
//! parted by their groups, each part worked on by itself; and a group that is larger still, or all rows where they are one
//! group, in order and chunk by chunk.

mod aggregate;
mod calls;
mod layout;
mod parted;
mod ranks;
mod running;
mod streamed;

use calls::{Before, Call};
use jackfield_kit::outgoing::leave;
use jackfield_kit::values::named;
use jackfield_kit::{
    Groups, Held, Orders, Outgoing, Problems, Rejections, Room, Work, at, names, not_bound, only_input,
};
use jackfield_sdk::params::{Ordered, pointer};
use jackfield_sdk::{Batch, Binding, Column, Failure, Field, InputPort, OutputPort, Params, Schema, Step};
use layout::Layout;
use parted::Parted;
use serde::Deserialize;
use streamed::Streamed;

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
    room: Room,
    aside: Aside,
    outgoing: Option<Outgoing>,
}

/// What no longer had room in memory.
enum Aside {
    Nothing,
    /// The rows of groups.
    Parted(Parted),
    /// All rows, being one group.
    Streamed(Box<Streamed>),
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
        let (held, room) = (Held::default(), Room::one_of(SHARE));
        Ok(Window { parameters, bound: None, held, room, aside: Aside::Nothing, outgoing: None })
    }
}

impl Bound {
    /// Whether all calls can be computed chunk by chunk.
    fn streams(&self) -> bool {
        self.calls.iter().all(|one| one.call.streams())
    }

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
            made.push(call.over(&arguments, &layout, &mut Before::default()).map_err(|failure| at(pointer, failure))?);
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
        self.room.open();
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
        let step = rejections.add_to(Step::nothing());
        match &mut self.aside {
            Aside::Nothing => {}
            Aside::Parted(parted) => {
                parted.push(batch, &bound.groups)?;
                return Ok(step);
            }
            Aside::Streamed(streamed) => {
                let group = bound.groups.assign(batch)?;
                streamed.push(bound, batch, own, &group)?;
                return Ok(if streamed.is_busy()? { step.more() } else { step });
            }
        }
        if !bound.groups.is_single() {
            own.push(bound.groups.assign(batch)?);
        }
        self.held.push(batch, &own)?;
        if self.room.is_full() && (!bound.groups.is_single() || bound.streams()) {
            self.aside = put_aside(bound, &mut self.held, &self.room)?;
        }
        Ok(step)
    }

    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        let bound = self.bound.as_ref().ok_or_else(not_bound)?;
        match &mut self.aside {
            Aside::Parted(_) => return Ok(Step::nothing().more()),
            Aside::Streamed(streamed) => {
                streamed.finish()?;
                return Ok(Step::nothing().more());
            }
            Aside::Nothing => {}
        }
        self.outgoing = bound.complete(&mut self.held)?.map(Outgoing::all);
        leave(&mut self.outgoing)
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        match &mut self.aside {
            Aside::Parted(parted) => parted.advance(bound),
            Aside::Streamed(streamed) => Ok(streamed.advance(bound)?.step()),
            Aside::Nothing => leave(&mut self.outgoing),
        }
    }
}

/// Puts rows that are held aside.
fn put_aside(bound: &mut Bound, held: &mut Held, room: &Room) -> Result<Aside, Failure> {
    let parts = held.take_parts()?;
    if bound.groups.is_single() {
        let mut streamed = Streamed::new(bound, room)?;
        for rows in parts {
            let own = bound.own(&rows, &mut Rejections::default())?;
            let group = bound.groups.assign(&rows)?;
            streamed.push(bound, &rows, own, &group)?;
        }
        return Ok(Aside::Streamed(Box::new(streamed)));
    }
    let mut parted = Parted::default();
    for rows in parts {
        parted.push(&rows, &bound.groups)?;
    }
    bound.groups = bound.groups.again(&bound.schema)?;
    Ok(Aside::Parted(parted))
}
