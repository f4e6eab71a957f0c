//! Values of the row before or behind: row numbers are worked out here, the host moves the values.

use super::row_column;
use jackfield_kit::numbers::{flags, numbers};
use jackfield_kit::values::single;
use jackfield_sdk::{Batch, Column, Failure};

/// No row.
const NONE: u32 = u32::MAX;

/// The last value of each group, for each column.
#[derive(Debug, Default)]
pub(super) struct Carried(Vec<Column>);

impl Carried {
    /// The columns with the value before where there is none; that behind, if the batches come `backwards`. `groups`: of
    /// each row; none: all are one group.
    pub(super) fn fill(
        &mut self,
        columns: &[Column],
        groups: Option<&Column>,
        count: u32,
        backwards: bool,
    ) -> Result<Vec<Column>, Failure> {
        let groups = groups.map(numbers).transpose()?;
        let mut filled = Vec::with_capacity(columns.len());
        let mut carried = Vec::with_capacity(columns.len());
        for (number, column) in columns.iter().enumerate() {
            let (values, last) = fill(column, self.0.get(number), groups.as_deref(), count, backwards)?;
            filled.push(values);
            carried.push(last);
        }
        self.0 = carried;
        Ok(filled)
    }
}

/// The filled column, and the last value of each group; the first, going `backwards`.
fn fill(
    column: &Column,
    carried: Option<&Column>,
    groups: Option<&[u32]>,
    count: u32,
    backwards: bool,
) -> Result<(Column, Column), Failure> {
    let before = carried.map_or(0, Column::length);
    let rows = column.length();
    let mut last: Vec<u32> = (0..count).map(|group| if group < before { group } else { NONE }).collect();
    let whole = column.null_count() == 0;
    let mut source = Vec::with_capacity(if whole { 0 } else { rows as usize });
    let valid = if whole { Vec::new() } else { flags(&column.is_valid()?)? };
    for step in 0..rows {
        let row = if backwards { rows - 1 - step } else { step };
        let group = groups.map_or(Some(0), |groups| groups.get(row as usize).copied());
        let Some(last) = group.and_then(|group| last.get_mut(group as usize)) else { continue };
        if whole || valid.get(row as usize).copied().unwrap_or(false) {
            *last = before + row;
        }
        if !whole {
            source.push(*last);
        }
    }
    if backwards {
        source.reverse();
    }
    // Both in one batch, so that one number tells where a value comes from.
    let together = match carried {
        Some(carried) => Batch::concat(&[&single(carried)?, &single(column)?])?,
        None => single(column)?,
    };
    let filled = if whole { column.share() } else { together.take(&row_column(&source)?)?.column_at(0)? };
    let last = together.take(&row_column(&last)?)?.column_at(0)?;
    Ok((filled, last))
}

/// For each row the row that its value comes from, which is the next with one, and the first row that finds none; `None`
/// if no row lacks any.
pub(super) fn next_rows(column: &Column, groups: Option<&[u32]>, count: u32) -> Result<Option<(Column, u32)>, Failure> {
    if column.null_count() == 0 {
        return Ok(None);
    }
    let valid = flags(&column.is_valid()?)?;
    let mut next = vec![NONE; count as usize];
    let mut source = vec![NONE; valid.len()];
    for (row, (valid, source)) in valid.iter().zip(&mut source).enumerate().rev() {
        let group = groups.map_or(Some(0), |groups| groups.get(row).copied());
        let Some(next) = group.and_then(|group| next.get_mut(group as usize)) else { continue };
        if *valid {
            *next = row as u32;
        }
        *source = *next;
    }
    let first_open = source.iter().position(|row| *row == NONE).unwrap_or(source.len());
    Ok(Some((row_column(&source)?, first_open as u32)))
}
