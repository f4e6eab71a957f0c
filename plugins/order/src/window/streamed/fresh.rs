//! Which rows have a value that none before them in their group has: what a running count of different values counts. The
//! values are brought into order, where equal ones lie together, and the places of the first ones back into theirs.

use super::{Cursor, ascending};
use jackfield_kit::numbers::{integers, optional};
use jackfield_kit::values::together;
use jackfield_kit::{Adjacent, Advance, Room, Sorter};
use jackfield_sdk::{Batch, Column, DataType, Failure};

/// The columns on their way into the order of the values: these, and the places.
const GROUP_AND_VALUE: [u32; 2] = [0, 1];
const PLACE: u32 = 2;

/// Pieces that one call works on.
const PIECES_AT_A_TIME: usize = 8;

pub(super) struct Fresh {
    /// Rows with values so far.
    rows: u64,
    by_value: Option<Sorter>,
    ended: bool,
    adjacent: Adjacent,
    by_place: Sorter,
    /// Places of rows with a fresh value that came from there, and the next of them.
    places: Vec<u64>,
    next: usize,
    /// Values in the group so far.
    count: i64,
    cursor: Cursor,
}

impl Fresh {
    pub(super) fn new(room: &Room) -> Fresh {
        Fresh {
            rows: 0,
            by_value: Some(ascending(GROUP_AND_VALUE).measured_from(room.before())),
            ended: false,
            adjacent: Adjacent::default(),
            by_place: ascending([0]),
            places: Vec::new(),
            next: 0,
            count: 0,
            cursor: Cursor::default(),
        }
    }

    /// Looks at the next rows in order.
    pub(super) fn look(&mut self, values: &Column, groups: &Column) -> Result<(), Failure> {
        let first = self.rows as i64;
        let count = values.length();
        self.rows += u64::from(count);
        let places: Vec<Option<i64>> = (first..first + i64::from(count)).map(Some).collect();
        let rows = together(&[groups.share(), values.share(), integers(DataType::Int64, &places)?], count)?;
        let Some(sorter) = &mut self.by_value else { return Err(Failure::internal("all rows went by already")) };
        sorter.push(&rows.filter(&values.is_valid()?)?, &[])
    }

    /// Goes on with rows that were put aside; whether there is more to do before others may come.
    pub(super) fn advance(&mut self) -> Result<bool, Failure> {
        let busy = self.by_value.as_mut().map_or(Ok(Advance::Idle), Sorter::advance)?;
        Ok(matches!(busy, Advance::Busy))
    }

    /// Goes on once all rows went by; whether there is more to do.
    pub(super) fn settle(&mut self) -> Result<bool, Failure> {
        let Some(by_value) = &mut self.by_value else { return Ok(false) };
        if !self.ended {
            self.ended = true;
            by_value.finish()?;
        }
        for _ in 0..PIECES_AT_A_TIME {
            if matches!(self.by_place.advance()?, Advance::Busy) {
                continue;
            }
            match by_value.advance()? {
                Advance::Piece(rows) => {
                    let keys = [rows.column_at(0)?, rows.column_at(1)?];
                    let same = self.adjacent.same(&keys, rows.rows())?;
                    let places = optional::<i64>(&rows.column_at(PLACE)?)?;
                    let fresh: Vec<Option<i64>> =
                        places.into_iter().zip(same).filter(|(_, same)| !same).map(|(place, _)| place).collect();
                    let count = fresh.len() as u32;
                    self.by_place.push(&together(&[integers(DataType::Int64, &fresh)?], count)?, &[])?;
                }
                Advance::Busy => {}
                Advance::End | Advance::Idle => {
                    self.by_value = None;
                    self.by_place.finish()?;
                    break;
                }
            }
        }
        Ok(true)
    }

    /// For the next rows in order how many different values there are in their group so far.
    pub(super) fn counts(&mut self, first: u64, groups: &[u32]) -> Result<Column, Failure> {
        let mut counts = Vec::with_capacity(groups.len());
        for (place, group) in (first..).zip(groups) {
            if *group != self.cursor.group {
                (self.cursor.group, self.count) = (*group, 0);
            }
            if self.next_place()? == Some(place) {
                self.next += 1;
                self.count += 1;
            }
            counts.push(Some(self.count));
        }
        integers(DataType::Int64, &counts)
    }

    /// The place of the next row with a fresh value.
    fn next_place(&mut self) -> Result<Option<u64>, Failure> {
        while self.next >= self.places.len() {
            match self.by_place.advance()? {
                Advance::Piece(rows) => {
                    self.places = places_of(&rows)?;
                    self.next = 0;
                }
                Advance::Busy => {}
                Advance::End | Advance::Idle => return Ok(None),
            }
        }
        Ok(self.places.get(self.next).copied())
    }
}

fn places_of(rows: &Batch) -> Result<Vec<u64>, Failure> {
    Ok(optional::<i64>(&rows.column_at(0)?)?.into_iter().flatten().map(|place| place as u64).collect())
}
