//! An aggregate of groups that can put aside the values it holds. Those of which the order is enough (counts of different
//! values, medians and quantiles) go to temporary storage, sorted by group and value, and are looked at once more in that
//! order when no more rows come. What is computed is the same as in memory, to the bit.

mod sorted;

use crate::sorter::{Advance, Sorter, has_order};
use crate::values::call;
use jackfield_sdk::compute::Accumulator;
use jackfield_sdk::{Column, Failure, Field};
use serde_json::Value;
use sorted::Sorted;

/// Pieces that one call works on.
const PIECES_AT_A_TIME: usize = 8;

/// An aggregate function over groups that are numbered from 0.
#[derive(Debug)]
pub struct Tally {
    function: String,
    options: String,
    inputs: Vec<Vec<Field>>,
    accumulator: Accumulator,
    sorted: Option<Sorted>,
    sorter: Option<Sorter>,
    ended: bool,
}

impl Tally {
    /// A tally without groups; `inputs` are the types of the arguments, `options` a JSON object or empty.
    ///
    /// # Errors
    /// What the host says of the function, its options and the types.
    pub fn new(function: &str, inputs: Vec<Vec<Field>>, options: &str) -> Result<Tally, Failure> {
        let accumulator = Accumulator::new(function, &inputs, options)?;
        let (function, options) = (function.to_owned(), options.to_owned());
        Ok(Tally { function, options, inputs, accumulator, sorted: None, sorter: None, ended: false })
    }

    /// The same without groups.
    ///
    /// # Errors
    /// What the host says.
    pub fn again(&self) -> Result<Tally, Failure> {
        Tally::new(&self.function, self.inputs.clone(), &self.options)
    }

    /// The type of its values.
    pub fn result_type(&self) -> Vec<Field> {
        self.accumulator.result_type()
    }

    /// Adds rows: the arguments' values, and a group for each row, less than `count`.
    ///
    /// # Errors
    /// What the host says.
    pub fn update(&self, values: &[Column], groups: &Column, count: u32) -> Result<(), Failure> {
        self.accumulator.update(&values.iter().collect::<Vec<_>>(), groups, count)
    }

    /// Adds states of a tally of the same kind: row `i` goes to group `groups[i]`.
    ///
    /// # Errors
    /// What the host says.
    pub fn merge(&self, states: &[Column], groups: &Column, count: u32) -> Result<(), Failure> {
        self.accumulator.merge(&states.iter().collect::<Vec<_>>(), groups, count)
    }

    /// What is known of the groups in memory, a row for each; it is forgotten here.
    ///
    /// # Errors
    /// What the host says.
    pub fn leave(&mut self) -> Result<Vec<Column>, Failure> {
        let state = self.accumulator.state()?;
        self.accumulator = Accumulator::new(&self.function, &self.inputs, &self.options)?;
        Ok(state)
    }

    /// Whether it holds values, and can put them aside.
    pub fn can_put_aside(&self) -> bool {
        self.fresh().is_some()
    }

    fn fresh(&self) -> Option<Sorted> {
        if !self.inputs.iter().all(|tree| has_order(tree)) {
            return None;
        }
        let options: Value = serde_json::from_str(&self.options).unwrap_or(Value::Null);
        match self.function.as_str() {
            "count_distinct" => Some(Sorted::distinct()),
            "median" => Some(Sorted::quantile(0.5)),
            "quantile" => Some(Sorted::quantile(options.get("q").and_then(Value::as_f64).unwrap_or(0.5))),
            _ => None,
        }
    }

    /// Puts the values that are held aside, if this is an aggregate that can; whether it is.
    ///
    /// # Errors
    /// What the host says: quotas, a full disk.
    pub fn put_aside(&mut self) -> Result<bool, Failure> {
        let Some(fresh) = self.fresh() else { return Ok(false) };
        let state = self.leave()?;
        let Some(lists) = state.into_iter().next() else { return Ok(false) };
        let sorter = self.sorter.get_or_insert_with(|| Sorter::by(Sorted::keys()));
        self.sorted.get_or_insert(fresh).put(&lists, sorter)?;
        sorter.put_aside()?;
        Ok(true)
    }

    /// Goes on with what is to do about values that were put aside, a bounded piece of it; whether there is more. Until
    /// there is not, no more may be put aside.
    ///
    /// # Errors
    /// What the host says.
    pub fn advance(&mut self) -> Result<bool, Failure> {
        match &mut self.sorter {
            Some(sorter) if !self.ended => Ok(matches!(sorter.advance()?, Advance::Busy)),
            _ => Ok(false),
        }
    }

    /// Whether values were put aside.
    pub fn has_aside(&self) -> bool {
        self.sorter.is_some()
    }

    /// Goes on finishing with a bounded piece of the work; the results, a row for each of `count` groups, once they are
    /// there.
    ///
    /// # Errors
    /// What the host says.
    pub fn finish(&mut self, count: u32) -> Result<Option<Column>, Failure> {
        if self.sorter.is_none() {
            return self.accumulator.finish().map(Some);
        }
        if !self.ended {
            self.put_aside()?;
        }
        let (Some(sorter), Some(sorted)) = (&mut self.sorter, &mut self.sorted) else {
            return Err(Failure::internal("nothing was put aside"));
        };
        if !self.ended {
            self.ended = true;
            sorter.finish()?;
        }
        for _ in 0..PIECES_AT_A_TIME {
            match sorter.advance()? {
                Advance::Piece(rows) => sorted.look(&rows)?,
                Advance::Busy => {}
                Advance::End | Advance::Idle => return sorted.results(count).map(Some),
            }
        }
        Ok(None)
    }

    /// Goes on giving what was put aside as states of groups, a bounded piece of it: the states, and the group of each.
    /// A group may come more than once. `None` behind the last; the tally is without groups then.
    ///
    /// # Errors
    /// What the host says.
    pub fn take_states(&mut self) -> Result<Option<(Vec<Column>, Column)>, Failure> {
        let (Some(sorter), Some(sorted)) = (&mut self.sorter, &self.sorted) else { return Ok(None) };
        if !self.ended {
            self.ended = true;
            sorter.finish()?;
        }
        loop {
            match sorter.advance()? {
                Advance::Piece(rows) => {
                    let (values, of_rows, groups) = sorted.values(&rows)?;
                    let again = Accumulator::new(&self.function, &[values.tree()], &self.options)?;
                    again.update(&[&values], &of_rows, groups.length())?;
                    return Ok(Some((again.state()?, groups)));
                }
                Advance::Busy => {}
                Advance::End | Advance::Idle => {
                    (self.sorter, self.sorted, self.ended) = (None, None, false);
                    return Ok(None);
                }
            }
        }
    }
}

/// The items of lists, and the row that each is of, as int64.
fn items(lists: &Column) -> Result<(Column, Column), Failure> {
    Ok((call("list_flatten", &[lists.into()], "")?, call("list_parent_indices", &[lists.into()], "")?))
}
