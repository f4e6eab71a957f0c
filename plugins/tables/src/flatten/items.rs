//! The items of the lists in a column: read out and given back to the host as a column of their own, some rows at a time,
//! because a plugin may hand over only so many bytes at once.

use super::taken;
use jackfield_kit::PIECE;
use jackfield_kit::rows_of;
use jackfield_sdk::{Buffers, Column, DataType, Failure, Field, schema};
use std::ops::Range;

/// Bytes of items that are handed over at a time, if it can be done.
const MOST_BYTES: usize = 4 << 20;

/// Lists whose items are on their way out.
pub(crate) struct Items {
    lists: Column,
    keep_empty: bool,
    /// Of each list, how many items it has.
    lengths: Vec<u32>,
    /// The next list.
    next: usize,
    /// Lists at a time; fewer where items are large.
    most: usize,
}

/// Rows that leave together.
pub(crate) struct RowsOut {
    /// The row of the batch that each comes from.
    pub(crate) rows: Column,
    /// Its item.
    pub(crate) items: Column,
}

impl Items {
    pub(crate) fn new(lists: Column, keep_empty: bool) -> Result<Items, Failure> {
        let ranges = ranges(&lists)?;
        let lengths = ranges.into_iter().map(|range| range.map_or(0, |range| range.len() as u32)).collect();
        Ok(Items { lists, keep_empty, lengths, next: 0, most: PIECE as usize })
    }

    /// Whether all have left.
    pub(crate) fn is_empty(&self) -> bool {
        self.next >= self.lengths.len()
    }

    /// The next rows; `None` if there are none left.
    ///
    /// # Errors
    /// A list whose items are too large to be handed over.
    pub(crate) fn next_rows(&mut self) -> Result<Option<RowsOut>, Failure> {
        while !self.is_empty() {
            let lists = self.next_lists();
            let (from, count) = (lists.start as u32, lists.len() as u32);
            let slice = self.lists.slice(from, count)?;
            let tree = slice.tree();
            let levels = levels(&slice, &tree)?;
            let bytes: usize = levels.iter().map(|(_, level)| size(level)).sum();
            if bytes > MOST_BYTES && lists.len() > 1 {
                self.most = (lists.len() * MOST_BYTES / bytes).clamp(1, lists.len() - 1);
                continue;
            }
            self.next = lists.end;
            let (mut rows, mut numbers) = (Vec::new(), Vec::new());
            for (row, range) in (from..).zip(ranges(&slice)?) {
                let range = range.unwrap_or_default();
                if range.is_empty() && self.keep_empty {
                    rows.push(row);
                    numbers.push(u32::MAX);
                }
                rows.extend(range.clone().map(|_| row));
                numbers.extend(range.map(|item| item as u32));
            }
            if rows.is_empty() {
                continue;
            }
            let (fields, levels): (Vec<Field>, Vec<Buffers>) = levels.into_iter().unzip();
            let items = Column::of(&fields, &levels)?;
            return Ok(Some(RowsOut { rows: rows_of(&rows)?, items: taken(&items, &numbers)? }));
        }
        Ok(None)
    }

    /// As many lists as have about a piece of items.
    fn next_lists(&self) -> Range<usize> {
        let mut items = 0u32;
        let rest = self.lengths.get(self.next..).unwrap_or_default();
        let fits = |length: &&u32| {
            items = items.saturating_add((**length).max(1));
            items <= PIECE
        };
        let count = rest.iter().take(self.most).take_while(fits).count().max(1);
        self.next..self.next + count
    }
}

fn size(level: &Buffers) -> usize {
    level.values.len() + level.offsets.as_ref().map_or(0, Vec::len) + level.validity.as_ref().map_or(0, Vec::len)
}

/// Where the items of each list stand; none for a null.
fn ranges(lists: &Column) -> Result<Vec<Option<Range<usize>>>, Failure> {
    let level = lists.buffers()?;
    let width = match lists.tree().first().map(|root| root.data_type.clone()) {
        Some(DataType::FixedSizeListOf(width)) => Some(width as usize),
        _ => None,
    };
    let large = level.offsets.as_ref().is_some_and(|offsets| offsets.len() >= (level.length as usize + 1) * 8);
    let range = |row: usize| {
        if !level.is_valid(row) {
            return None;
        }
        match width {
            Some(width) => Some(row * width..(row + 1) * width),
            None if large => large_range(&level, row),
            None => level.items(row),
        }
    };
    Ok((0..level.length as usize).map(range).collect())
}

fn large_range(level: &Buffers, row: usize) -> Option<Range<usize>> {
    let offsets = level.offsets.as_deref()?;
    let at = |row: usize| {
        let bytes = offsets.get(row * 8..row * 8 + 8)?.first_chunk()?;
        usize::try_from(u64::from_le_bytes(*bytes)).ok()
    };
    Some(at(row)?..at(row + 1)?)
}

/// The fields of the items' type, each with its level.
fn levels(lists: &Column, tree: &[Field]) -> Result<Vec<(Field, Buffers)>, Failure> {
    let Some(item) = tree.first().and_then(|root| root.children.first()) else {
        return Err(Failure::internal("a list has no type of items"));
    };
    let fields = schema::subtree(tree, *item);
    // The way to each field, from the list on.
    let mut paths: Vec<Vec<u32>> = vec![vec![0]];
    let mut found = Vec::with_capacity(fields.len());
    for (number, field) in fields.into_iter().enumerate() {
        let Some(path) = paths.get(number).cloned() else { break };
        for child in 0..field.children.len() as u32 {
            paths.push([path.as_slice(), &[child]].concat());
        }
        found.push((field, lists.read(&path)?));
    }
    Ok(found)
}
