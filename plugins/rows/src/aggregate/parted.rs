//! Groups that are larger than memory. What is known of those that came first, and then each row's keys and arguments, lie
//! on temporary storage, parted by the keys. Each part is summed up by itself, in the order in which its rows came, so
//! that the results are those of memory; merging the parts by the rows' numbers gives the order of first appearance.

use super::groups::Groups;
use super::measure::Tallies;
use super::{Bound, SHARE_WITH_VALUES};
use jackfield_kit::Room;
use jackfield_kit::numbers::{integers, numbers};
use jackfield_kit::partitions::{Partitions, ROW, Worked, Working, note_first, spooled};
use jackfield_kit::pieces::chunk_rows;
use jackfield_kit::values::{take, together};
use jackfield_sdk::spill::Spool;
use jackfield_sdk::{Batch, Column, DataType, Failure, Step};

pub(super) struct Parted {
    /// Keys, and the state of each measure; of some further states of some measures.
    states: Vec<States>,
    /// Keys, and the arguments of each measure.
    rows: Partitions,
    working: Working<Part>,
}

/// Keys of groups, and states.
struct States {
    rows: Partitions,
    /// The measures whose states these are, and how many columns each has.
    measures: Vec<(usize, u32)>,
}

/// A part that is being worked on.
struct Part {
    groups: Groups,
    tallies: Tallies,
    room: Room,
    /// With the number of the states.
    states: Vec<(usize, Spool)>,
    rows: Option<Spool>,
    /// The number of the row that each group began with.
    first: Vec<Option<i64>>,
}

impl Parted {
    /// Goes on with what is known of the groups, where nothing remains.
    pub(super) fn new(bound: &mut Bound) -> Result<Parted, Failure> {
        let (keys, count) = bound.groups.keys()?;
        let mut columns: Vec<Column> = keys.iter().map(Column::share).collect();
        let mut known = States { rows: Partitions::default(), measures: Vec::new() };
        let mut further = Vec::new();
        for (number, tally) in bound.tallies.each().iter_mut().enumerate() {
            if !tally.has_aside() {
                let state = tally.leave()?;
                known.measures.push((number, state.len() as u32));
                columns.extend(state);
                continue;
            }
            let mut states = States { rows: Partitions::default(), measures: vec![(number, 1)] };
            tally.put_aside()?;
            while let Some((state, groups)) = tally.take_states()? {
                let keys: Result<Vec<Column>, Failure> = keys.iter().map(|key| take(key, &groups)).collect();
                let keys = keys?;
                let columns: Vec<Column> = keys.iter().map(Column::share).chain(state).collect();
                states.rows.push(&together(&columns, groups.length())?, &keys)?;
            }
            further.push(states);
        }
        known.rows.push(&together(&columns, count)?, &keys)?;
        bound.groups = Groups::new(&bound.keys)?;
        let rows = Partitions::numbered_from(known.rows.next_number());
        // All groups are among those that are known: they come first, so that their order is that of appearance.
        further.insert(0, known);
        Ok(Parted { states: further, rows, working: Working::default() })
    }

    /// Takes rows.
    pub(super) fn push(&mut self, keys: &[Column], arguments: &[Vec<Column>], rows: u32) -> Result<(), Failure> {
        let columns: Vec<Column> = keys.iter().chain(arguments.iter().flatten()).map(Column::share).collect();
        self.rows.push(&together(&columns, rows)?, keys)
    }

    /// Goes on with a bounded piece of the work.
    pub(super) fn advance(&mut self, bound: &Bound) -> Result<Step, Failure> {
        let Parted { states, rows, working } = self;
        working.advance(
            &mut (states, rows),
            |(states, rows), number| {
                let states = states.iter_mut().enumerate();
                let states: Vec<(usize, Spool)> =
                    states.filter_map(|(of, states)| Some((of, states.rows.take(number)?))).collect();
                let rows = rows.take(number);
                if states.is_empty() && rows.is_none() {
                    return Ok(None);
                }
                let (groups, tallies) = (Groups::new(&bound.keys)?, Tallies::new(&bound.outputs.measures)?);
                let mut room = Room::one_of(SHARE_WITH_VALUES);
                room.open();
                Ok(Some(Part { groups, tallies, room, states, rows, first: Vec::new() }))
            },
            |(states, _), mut part| {
                if part.advance(bound, states)? {
                    return Ok(Worked::On(part));
                }
                Ok(match part.finish(bound)? {
                    Some(run) => Worked::Run(Some(run)),
                    None => Worked::On(part),
                })
            },
        )
    }
}

impl Part {
    /// One piece of work; `false`: there is none left.
    fn advance(&mut self, bound: &Bound, all: &[States]) -> Result<bool, Failure> {
        if self.tallies.advance()? {
            return Ok(true);
        }
        if let Some((number, spool)) = self.states.first_mut() {
            let Some(rows) = spool.next(chunk_rows())? else {
                self.states.remove(0);
                return Ok(true);
            };
            let measures = all.get(*number).map_or(&[][..], |states| &states.measures);
            let (groups, count) = self.assign(bound, &rows)?;
            let mut next = bound.keys.len() as u32;
            for (measure, width) in measures {
                if let Some(tally) = self.tallies.each().get_mut(*measure) {
                    tally.merge(&columns(&rows, next, *width)?, &groups, count)?;
                }
                next += width;
            }
            self.tallies.make_room(&self.room)?;
            return Ok(true);
        }
        let Some(spool) = &mut self.rows else { return Ok(false) };
        let Some(rows) = spool.next(chunk_rows())? else {
            self.rows = None;
            return Ok(false);
        };
        let (groups, count) = self.assign(bound, &rows)?;
        let mut next = bound.keys.len() as u32;
        let mut arguments = Vec::with_capacity(bound.outputs.measures.len());
        for measure in &bound.outputs.measures {
            let width = measure.arguments.len() as u32;
            arguments.push(columns(&rows, next, width)?);
            next += width;
        }
        self.tallies.update(&bound.outputs.measures, arguments, &groups, count, &self.room)?;
        Ok(true)
    }

    /// The group of each row, and the number of groups so far; two of them at least, because the host adds floats up in
    /// another order where there is only one, as there hardly is in memory.
    fn assign(&mut self, bound: &Bound, rows: &Batch) -> Result<(Column, u32), Failure> {
        let keys = columns(rows, 0, bound.keys.len() as u32)?;
        let (groups, count) = self.groups.assign(&keys, rows.rows())?;
        note_first(&mut self.first, &numbers(&groups)?, rows)?;
        Ok((groups, count.max(2)))
    }

    /// Goes on finishing; the results of the part, each with the number of the row that its group began with.
    fn finish(&mut self, bound: &Bound) -> Result<Option<Spool>, Failure> {
        let (keys, count) = self.groups.keys()?;
        let Some(measures) = self.tallies.finish(&bound.outputs.measures, count)? else { return Ok(None) };
        let measures: Result<Vec<Column>, Failure> = measures.iter().map(|column| column.slice(0, count)).collect();
        let rows = bound.result(keys, measures?, count)?;
        spooled(rows.put(&[(ROW, &integers(DataType::Int64, &self.first)?)])?).map(Some)
    }
}

fn columns(rows: &Batch, first: u32, count: u32) -> Result<Vec<Column>, Failure> {
    (first..first + count).map(|index| rows.column_at(index)).collect()
}
