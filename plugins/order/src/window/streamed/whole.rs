//! What the first look at all rows is for: what all rows of a group come to where there is no order, which is an aggregate
//! or the value of its first, last or n-th row; and which values are new.

use super::super::aggregate::{Over, counted};
use super::super::calls::{Call, What};
use super::super::layout::Layout;
use super::super::ranks::{NONE, Other};
use super::fresh::Fresh;
use jackfield_kit::numbers::{numbers, rows_or_null};
use jackfield_kit::sorter::has_order;
use jackfield_kit::values::{single, take};
use jackfield_kit::{Room, Tally};
use jackfield_sdk::{Batch, Column, Failure};

/// Of the memory that the plugin has, one part in so many is for values of aggregates.
const SHARE: u64 = 6;

/// What is known of all rows.
pub(super) enum Whole {
    Fresh(Box<Fresh>),
    Tally(Box<Tally>, Room),
    /// The value of a row of each group.
    Row(Wanted, Option<Column>),
    /// A value for each group; null for rows in front of this one in it.
    Settled(Column, u64),
}

/// Which row's value a group has.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// Its number in the group, from 0; the last one if there is none.
    number: Option<u64>,
    /// Whether rows in front of it do not know it.
    ordered: bool,
}

impl Whole {
    /// What a call needs to know of all rows, if it does.
    pub(super) fn of(call: &Call, ordered: bool, room: &Room) -> Result<Option<Whole>, Failure> {
        Ok(match &call.what {
            What::Over(Over::Group(tally)) => Some(Whole::Tally(Box::new(tally.again()?), room.shared(SHARE))),
            What::Over(Over::SoFar(running)) => {
                let sorts = call.arguments().iter().all(|argument| has_order(&argument.result_type()));
                (running.counts_distinct() && sorts).then(|| Whole::Fresh(Box::new(Fresh::new(room))))
            }
            What::Other(Other::Nth(number)) => Some(Whole::Row(Wanted { number: Some(number - 1), ordered }, None)),
            What::Other(Other::First) => Some(Whole::Row(Wanted { number: Some(0), ordered }, None)),
            // With an order the last row so far is the row itself.
            What::Other(Other::Last) => (!ordered).then_some(Whole::Row(Wanted { number: None, ordered }, None)),
            _ => None,
        })
    }

    /// Looks at the next rows, which come group by group.
    pub(super) fn look(&mut self, arguments: &[Column], layout: &Layout) -> Result<(), Failure> {
        match self {
            Whole::Fresh(fresh) => {
                let (Some(values), Some(groups)) = (arguments.first(), &layout.group) else {
                    return Err(Failure::internal("a call lacks its argument"));
                };
                fresh.look(values, groups)?;
            }
            Whole::Tally(tally, room) => {
                let Some(groups) = &layout.group else { return Err(Failure::internal("a chunk has no groups")) };
                room.open();
                tally.update(arguments, groups, counted(layout.group_count))?;
                if room.is_full() {
                    tally.put_aside()?;
                }
            }
            Whole::Row(wanted, known) => {
                let Some(values) = arguments.first() else {
                    return Err(Failure::internal("a call lacks its argument"));
                };
                let so_far = match known.take() {
                    Some(so_far) => so_far,
                    None => values.slice(0, 0)?,
                };
                let before = so_far.length();
                let mut rows: Vec<u32> =
                    (0..layout.group_count).map(|group| if group < before { group } else { NONE }).collect();
                let of_rows = layout.group.as_ref().map(jackfield_kit::numbers).transpose()?.unwrap_or_default();
                for (index, range) in layout.groups.iter().enumerate() {
                    let at = match wanted.number {
                        None => Some(range.end - 1),
                        Some(number) => number
                            .checked_sub(layout.begun(index))
                            .and_then(|number| usize::try_from(number).ok())
                            .and_then(|number| range.start.checked_add(number))
                            .filter(|at| *at < range.end),
                    };
                    let slot = of_rows.get(range.start).and_then(|group| rows.get_mut(*group as usize));
                    if let (Some(slot), Some(at)) = (slot, at) {
                        *slot = before + at as u32;
                    }
                }
                let all = Batch::concat(&[&single(&so_far)?, &single(values)?])?;
                *known = Some(all.take(&rows_or_null(&rows)?)?.column_at(0)?);
            }
            Whole::Settled(..) => {}
        }
        Ok(())
    }

    /// Goes on with what was put aside; whether there is more to do before others may come.
    pub(super) fn advance(&mut self) -> Result<bool, Failure> {
        match self {
            Whole::Fresh(fresh) => fresh.advance(),
            Whole::Tally(tally, _) => tally.advance(),
            _ => Ok(false),
        }
    }

    /// Goes on with what is to do once all rows went by; whether there is more.
    pub(super) fn settle(&mut self, groups: u32) -> Result<bool, Failure> {
        let settled = match self {
            Whole::Fresh(fresh) => return fresh.settle(),
            Whole::Tally(tally, _) => match tally.finish(counted(groups))? {
                Some(values) => (values, 0),
                None => return Ok(true),
            },
            Whole::Row(wanted, known) => {
                let from = wanted.number.filter(|_| wanted.ordered).unwrap_or(0);
                (known.take().ok_or_else(|| Failure::internal("no rows went by"))?, from)
            }
            Whole::Settled(..) => return Ok(false),
        };
        *self = Whole::Settled(settled.0, settled.1);
        Ok(true)
    }

    /// The value of each row's group, or of each row; `first` is the place of the first one.
    pub(super) fn values(&mut self, first: u64, layout: &Layout) -> Result<Column, Failure> {
        match (self, &layout.group) {
            (Whole::Fresh(fresh), Some(group)) => fresh.counts(first, &numbers(group)?),
            (Whole::Settled(values, 0), Some(group)) => take(values, group),
            (Whole::Settled(values, from), Some(group)) => {
                let mut rows = numbers(group)?;
                for (index, range) in layout.groups.iter().enumerate() {
                    for (number, row) in (layout.begun(index)..).zip(rows.get_mut(range.clone()).unwrap_or_default()) {
                        if number < *from {
                            *row = NONE;
                        }
                    }
                }
                take(values, &rows_or_null(&rows)?)
            }
            _ => Err(Failure::internal("groups are not known yet")),
        }
    }
}
