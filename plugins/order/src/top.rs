//! `top`: the first rows of an order, of all rows or of each group. Rows that no longer count are let go as more come; what
//! still counts and is larger than its share of memory goes to temporary storage.

mod parted;

use jackfield_kit::numbers::numbers;
use jackfield_kit::outgoing::leave;
use jackfield_kit::sorter::Advance;
use jackfield_kit::values::take;
use jackfield_kit::{
    Groups, Held, Orders, Outgoing, PIECE, Problems, Rejections, Room, Sorter, Whole, Work, names, not_bound,
    only_input, rows_of,
};
use jackfield_sdk::{Batch, Binding, Column, Failure, InputPort, Params, Schema, Step};
use parted::Parted;
use serde::Deserialize;

/// Rows beyond twice those that count, before the others are let go.
const SPARE: u64 = 2 * PIECE as u64;

/// Of the memory that the plugin has, one part in so many is for rows; sorting and moving them takes thrice as much.
const SHARE: u64 = 6;

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
    room: Room,
    aside: Aside,
}

struct Bound {
    schema: Schema,
    orders: Orders,
    groups: Groups,
    rows: u32,
}

/// What no longer had room in memory.
enum Aside {
    Nothing,
    /// The rows of groups.
    Parted(Parted),
    /// All rows, being one group, and how many of them have to leave yet.
    Sorted(Sorter, u32),
}

impl Top {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        Ok(Top {
            parameters: params.parse()?,
            bound: None,
            held: Held::default(),
            enough: SPARE,
            outgoing: None,
            room: Room::one_of(SHARE),
            aside: Aside::Nothing,
        })
    }

    /// Lets go of rows that do not count, and puts the others aside if they have no room.
    fn make_room(&mut self) -> Result<(), Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        let (rows, was_full) = (self.held.rows(), self.room.is_full());
        // As long as all rows count, none can be let go.
        if !(was_full && bound.groups.is_single() && rows <= u64::from(bound.rows)) {
            bound.prune(&mut self.held)?;
        }
        self.enough = 2 * self.held.rows() + SPARE;
        // Letting go of a few rows at a time would mean to sort all of them each time.
        if !was_full || 2 * self.held.rows() < rows {
            return Ok(());
        }
        if bound.groups.is_single() {
            let sorter = Sorter::holding(bound.orders.directions(), std::mem::take(&mut self.held))?;
            self.aside = Aside::Sorted(sorter, bound.rows);
            return Ok(());
        }
        let mut parted = Parted::default();
        for rows in self.held.take_parts()? {
            parted.push(&rows, &bound.groups)?;
        }
        bound.groups = bound.groups.again(&bound.schema)?;
        self.aside = Aside::Parted(parted);
        Ok(())
    }

    /// Goes on with what was put aside.
    fn advance(&mut self) -> Result<Step, Failure> {
        match &mut self.aside {
            Aside::Nothing => leave(&mut self.outgoing),
            Aside::Parted(parted) => {
                let bound = self.bound.as_ref().ok_or_else(not_bound)?;
                parted.advance(bound, &bound.schema)
            }
            Aside::Sorted(_, 0) => Ok(Step::nothing().done()),
            Aside::Sorted(sorter, left) => match sorter.advance()? {
                Advance::Piece(rows) => {
                    let count = rows.rows().min(*left);
                    *left -= count;
                    Ok(Step::from(rows.slice(0, count)?).more())
                }
                other => Ok(other.step()),
            },
        }
    }
}

impl Bound {
    /// Holds only the rows that count.
    fn prune(&self, held: &mut Held) -> Result<(), Failure> {
        if let Some(whole) = held.look()? {
            let first = self.first_rows(&whole)?;
            drop(whole);
            held.keep(&first)?;
        }
        Ok(())
    }

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
        self.bound = Some(Bound { schema: input.schema.clone(), orders, groups, rows });
        problems.or(binding)
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        self.room.open();
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
        let step = rejections.add_to(Step::nothing());
        match &mut self.aside {
            Aside::Parted(parted) => parted.push(batch, &bound.groups)?,
            Aside::Sorted(sorter, _) => {
                sorter.push(batch, &own)?;
                // Runs that are to be joined: one piece of it for each batch, as in sort.
                return Ok(match sorter.advance()? {
                    Advance::Busy => step.more(),
                    _ => step,
                });
            }
            Aside::Nothing => {
                if !bound.groups.is_single() {
                    own.push(bound.groups.assign(batch)?);
                }
                self.held.push(batch, &own)?;
                if self.held.rows() > self.enough || self.room.is_full() {
                    self.make_room()?;
                }
            }
        }
        Ok(step)
    }

    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        match &mut self.aside {
            Aside::Sorted(sorter, _) => sorter.finish()?,
            Aside::Parted(_) => return Ok(Step::nothing().more()),
            Aside::Nothing => {
                let bound = self.bound.as_ref().ok_or_else(not_bound)?;
                if let Some(whole) = self.held.take()? {
                    let first = bound.first_rows(&whole)?;
                    self.outgoing = Some(Outgoing::ordered(whole.rows, first));
                }
            }
        }
        self.advance()
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        self.advance()
    }
}
