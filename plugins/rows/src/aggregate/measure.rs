//! One aggregate over all groups, and all of them together.

use super::groups::{empty_column, zeros};
use jackfield_kit::problems::at;
use jackfield_kit::{Room, Tally};
use jackfield_sdk::sql::{self, Aggregate, Expression};
use jackfield_sdk::{Column, Failure, Field, Schema};

pub(super) struct Measure {
    pub(super) pointer: String,
    pub(super) arguments: Vec<Expression>,
    tally: Tally,
}

impl Measure {
    /// The aggregate that the parameter at `pointer` is, and the type of its values.
    pub(super) fn bind(pointer: &str, text: &str, schema: &Schema) -> Result<(Measure, Vec<Field>), Failure> {
        let Aggregate { function, arguments, options, .. } = sql::parse_aggregate(text, schema)?;
        let inputs = arguments.iter().map(Expression::result_type).collect();
        let tally = Tally::new(&function, inputs, &options)?;
        let tree = tally.result_type();
        Ok((Measure { pointer: pointer.to_owned(), arguments, tally }, tree))
    }

    /// Whether it holds values that can be put aside.
    pub(super) fn holds_values(&self) -> bool {
        self.tally.can_put_aside()
    }
}

/// What is known of the groups, for each measure.
pub(super) struct Tallies {
    tallies: Vec<Tally>,
    /// The results of the first ones, once no more rows come.
    finished: Vec<Column>,
    /// Rows since values were last put aside, and how many there must be before it is done again.
    rows: u64,
    wait: u64,
}

impl Tallies {
    /// Without groups.
    pub(super) fn new(measures: &[Measure]) -> Result<Tallies, Failure> {
        let tallies: Result<Vec<Tally>, Failure> = measures.iter().map(|measure| measure.tally.again()).collect();
        Ok(Tallies { tallies: tallies?, finished: Vec::new(), rows: 0, wait: 0 })
    }

    /// With the one group that there is without keys, so that it exists over no rows too.
    pub(super) fn of_one_group(measures: &[Measure]) -> Result<Tallies, Failure> {
        let tallies = Tallies::new(measures)?;
        for (tally, measure) in tallies.tallies.iter().zip(measures) {
            let values: Result<Vec<Column>, Failure> =
                measure.arguments.iter().map(|argument| empty_column(&argument.result_type())).collect();
            tally.update(&values?, &zeros(0)?, 1)?;
        }
        Ok(tallies)
    }

    /// Adds rows: the arguments of each measure, and a group for each row. Whether there is room, as with
    /// [`make_room`](Tallies::make_room).
    pub(super) fn update(
        &mut self,
        measures: &[Measure],
        arguments: Vec<Vec<Column>>,
        groups: &Column,
        count: u32,
        room: &Room,
    ) -> Result<bool, Failure> {
        self.rows += u64::from(groups.length());
        for ((tally, measure), values) in self.tallies.iter_mut().zip(measures).zip(arguments) {
            tally.update(&values, groups, count).map_err(|failure| at(&measure.pointer, failure))?;
            drop(values);
            // Before the next one takes as much again.
            if self.rows >= self.wait && room.is_full() {
                tally.put_aside()?;
            }
        }
        self.make_room(room)
    }

    /// Each by itself.
    pub(super) fn each(&mut self) -> &mut [Tally] {
        &mut self.tallies
    }

    /// Puts values aside if there is no room for them, and they are many enough for another run. Whether there is room
    /// then, for which half of it has to be free.
    pub(super) fn make_room(&mut self, room: &Room) -> Result<bool, Failure> {
        if !room.is_full() {
            return Ok(true);
        }
        if self.rows < self.wait {
            return Ok(false);
        }
        for tally in &mut self.tallies {
            tally.put_aside()?;
        }
        let has_room = !room.is_half_full();
        self.wait = if has_room { 0 } else { 2 * self.rows };
        self.rows = 0;
        Ok(has_room)
    }

    /// Goes on with values that were put aside, a bounded piece of the work; whether there is more of it.
    pub(super) fn advance(&mut self) -> Result<bool, Failure> {
        for tally in &mut self.tallies {
            if tally.advance()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Goes on finishing with a bounded piece of the work; the results, a row for each of `count` groups, once they are
    /// there.
    pub(super) fn finish(&mut self, measures: &[Measure], count: u32) -> Result<Option<Vec<Column>>, Failure> {
        let next = self.finished.len();
        let Some((tally, measure)) = self.tallies.get_mut(next).zip(measures.get(next)) else {
            return Ok(Some(std::mem::take(&mut self.finished)));
        };
        self.finished.extend(tally.finish(count).map_err(|failure| at(&measure.pointer, failure))?);
        match self.finished.len() == self.tallies.len() {
            true => Ok(Some(std::mem::take(&mut self.finished))),
            false => Ok(None),
        }
    }
}
