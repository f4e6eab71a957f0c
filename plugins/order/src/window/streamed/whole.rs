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
use jackfield_kit::{Room, Tally, rows_of};
use jackfield_sdk::{Batch, Column, Failure};

/// Of the memory that the plugin has, one part in so many is for values of aggregates.
const SHARE: u64 = 6;

/// What is known of all rows.
pub(super) enum Whole {
    Fresh(Box<Fresh>),
    Tally(Box<Tally>, Room),
    /// The number of the row in its group, from 0; the last one if there is none.
    Row(Option<u64>),
    /// What is known so far: a row for each group.
    Rows(Option<u64>, Column),
    /// A value for each group.
    Settled(Column),
}

impl Whole {
    /// What a call needs to know of all rows, if it does.
    pub(super) fn of(call: &Call, ordered: bool) -> Result<Option<Whole>, Failure> {
        Ok(match &call.what {
            What::Over(Over::Group(tally)) => {
                let mut room = Room::one_of(SHARE);
                room.open();
                Some(Whole::Tally(Box::new(tally.again()?), room))
            }
            What::Over(Over::SoFar(running)) => {
                let sorts = call.arguments().iter().all(|argument| has_order(&argument.result_type()));
                (running.counts_distinct() && sorts).then(|| Whole::Fresh(Box::new(Fresh::new())))
            }
            What::Other(Other::Nth(number)) => (!ordered).then_some(Whole::Row(Some(number - 1))),
            What::Other(Other::First) => (!ordered).then_some(Whole::Row(Some(0))),
            What::Other(Other::Last) => (!ordered).then_some(Whole::Row(None)),
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
                tally.update(arguments, groups, counted(layout.group_count))?;
                if room.is_full() {
                    tally.put_aside()?;
                }
            }
            Whole::Row(number) => {
                let Some(values) = arguments.first() else {
                    return Err(Failure::internal("a call lacks its argument"));
                };
                *self = Whole::Rows(*number, values.slice(0, 0)?);
                return self.look(arguments, layout);
            }
            Whole::Rows(number, known) => {
                let Some(values) = arguments.first() else {
                    return Err(Failure::internal("a call lacks its argument"));
                };
                let before = known.length();
                let mut rows: Vec<u32> =
                    (0..layout.group_count).map(|group| if group < before { group } else { NONE }).collect();
                let of_rows = layout.group.as_ref().map(jackfield_kit::numbers).transpose()?.unwrap_or_default();
                for (index, range) in layout.groups.iter().enumerate() {
                    let at = match number {
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
                let all = Batch::concat(&[&single(known)?, &single(values)?])?;
                *known = all.take(&rows_or_null(&rows)?)?.column_at(0)?;
            }
            Whole::Settled(_) => {}
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
                Some(values) => values,
                None => return Ok(true),
            },
            Whole::Rows(_, known) => known.share(),
            Whole::Row(_) => rows_of(&[])?,
            Whole::Settled(_) => return Ok(false),
        };
        *self = Whole::Settled(settled);
        Ok(true)
    }

    /// The value of each row's group, or of each row; `first` is the place of the first one.
    pub(super) fn values(&mut self, first: u64, layout: &Layout) -> Result<Column, Failure> {
        match (self, &layout.group) {
            (Whole::Fresh(fresh), Some(group)) => fresh.counts(first, &numbers(group)?),
            (Whole::Settled(values), Some(group)) => take(values, group),
            _ => Err(Failure::internal("groups are not known yet")),
        }
    }
}
