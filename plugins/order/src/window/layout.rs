//! The rows group by group, each in order.

use jackfield_kit::values::{call, take};
use jackfield_kit::{Orders, numbers, rows_of};
use jackfield_sdk::compute::{Argument, Grouper, SortKey, sort_indices};
use jackfield_sdk::{Column, Failure};
use std::cell::OnceCell;
use std::ops::Range;

/// How the rows lie: all of them, or a chunk of rows in order, whose first group may have begun in a chunk before.
pub(super) struct Layout {
    /// The number of each row in order, group behind group.
    pub(super) order: Vec<u32>,
    /// Where each group lies in the order.
    pub(super) groups: Vec<Range<usize>>,
    /// For each place in the order, whether its row equals the one before it in what is ordered by.
    same: Vec<bool>,
    /// The group of each row, by row.
    pub(super) group: Option<Column>,
    pub(super) group_count: u32,
    pub(super) ordered: bool,
    /// Of a chunk.
    chunk: Option<Chunk>,
    /// The order as a column; none: the rows lie in it.
    placed: Option<Column>,
    /// For each row its place in the order, and the groups in the order, once somebody asks.
    places: OnceCell<Column>,
    placed_groups: OnceCell<Column>,
}

/// What a chunk does not know of itself.
#[derive(Default)]
pub(super) struct Chunk {
    /// Rows of the first group that lie before the chunk.
    pub(super) begun: u64,
    /// How many rows each of the groups has in all.
    pub(super) sizes: Vec<u64>,
    /// Of each run of rows that are equal in what is ordered by and that begins in the chunk, the place in its group
    /// behind its last row.
    pub(super) ends: Vec<u64>,
}

impl Layout {
    /// A chunk of rows in order, with the group of each and whether it equals the row before.
    pub(super) fn of_chunk(
        group: Column,
        group_count: u32,
        groups: Vec<Range<usize>>,
        same: Vec<bool>,
        ordered: bool,
        chunk: Chunk,
    ) -> Layout {
        Layout {
            order: (0..group.length()).collect(),
            groups,
            same,
            group: Some(group),
            group_count,
            ordered,
            chunk: Some(chunk),
            placed: None,
            places: OnceCell::new(),
            placed_groups: OnceCell::new(),
        }
    }

    pub(super) fn new(
        rows: u32,
        group: Option<Column>,
        group_count: u32,
        orders: &Orders,
        keys: Vec<Column>,
    ) -> Result<Layout, Failure> {
        let (order, order_column) = if orders.is_empty() && group.is_none() {
            ((0..rows).collect(), None)
        } else {
            let order = orders.sort(group.as_ref(), &keys, None)?;
            (numbers(&order)?, Some(order))
        };
        let groups = match (&group, &order_column) {
            (Some(group), Some(order)) => runs(&numbers(&take(group, order)?)?),
            _ => std::iter::once(0..order.len()).collect(),
        };
        let same = if keys.is_empty() { vec![true; order.len()] } else { same(&keys, &order)? };
        Ok(Layout {
            order,
            groups,
            same,
            group,
            group_count,
            ordered: !orders.is_empty(),
            chunk: None,
            placed: order_column,
            places: OnceCell::new(),
            placed_groups: OnceCell::new(),
        })
    }

    /// Kernels of whole columns, over the rows in order: each gets the values of the one before, or `values`, and the
    /// groups. What comes of the last one, by row.
    pub(super) fn kernels(&self, values: Option<&Column>, kernels: &[(&str, &str)]) -> Result<Column, Failure> {
        let groups = self.placed_groups()?;
        // A kernel that only counts rows looks at no values.
        let mut values = match (values, &self.placed) {
            (Some(values), Some(order)) => take(values, order)?,
            (Some(values), None) => values.share(),
            (None, _) => groups.share(),
        };
        for (function, options) in kernels {
            values = call(function, &[Argument::Column(&values), Argument::Column(groups)], options)?;
        }
        match &self.placed {
            Some(order) => take(&values, self.places(order)?),
            None => Ok(values),
        }
    }

    fn placed_groups(&self) -> Result<&Column, Failure> {
        if self.placed_groups.get().is_none() {
            let groups = match (&self.group, &self.placed) {
                (Some(group), Some(order)) => take(group, order)?,
                (Some(group), None) => group.share(),
                (None, _) => rows_of(&vec![0; self.rows()])?,
            };
            let _ = self.placed_groups.set(groups);
        }
        self.placed_groups.get().ok_or_else(|| Failure::internal("the groups are not there"))
    }

    fn places(&self, order: &Column) -> Result<&Column, Failure> {
        if self.places.get().is_none() {
            // Sorting a permutation turns it round.
            let places = sort_indices(&[SortKey { column: order, descending: false, nulls_first: false }], None)?;
            let _ = self.places.set(places);
        }
        self.places.get().ok_or_else(|| Failure::internal("the places are not there"))
    }

    /// Whether these are not all rows.
    pub(super) fn is_chunk(&self) -> bool {
        self.chunk.is_some()
    }

    /// Rows of a group that lie before the chunk.
    pub(super) fn begun(&self, group: usize) -> u64 {
        self.chunk.as_ref().filter(|_| group == 0).map_or(0, |chunk| chunk.begun)
    }

    /// Rows of a group in all.
    pub(super) fn size(&self, group: usize) -> u64 {
        match &self.chunk {
            Some(chunk) => chunk.sizes.get(group).copied().unwrap_or(0),
            None => self.groups.get(group).map_or(0, |group| group.len() as u64),
        }
    }

    /// See [`Chunk::ends`]; none where all rows are here.
    pub(super) fn ends(&self) -> &[u64] {
        self.chunk.as_ref().map_or(&[], |chunk| &chunk.ends)
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.order.len()
    }

    /// The rows of a group in order.
    pub(super) fn rows_of(&self, group: &Range<usize>) -> &[u32] {
        self.order.get(group.clone()).unwrap_or_default()
    }

    /// Whether the row at a place equals the one before it in what is ordered by.
    pub(super) fn is_same(&self, place: usize) -> bool {
        self.same.get(place).copied().unwrap_or(false)
    }
}

/// Where each group lies among rows that come group by group.
pub(super) fn runs(groups: &[u32]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut start = 0;
    for (place, pair) in groups.windows(2).enumerate() {
        if let [a, b] = pair
            && a != b
        {
            runs.push(start..place + 1);
            start = place + 1;
        }
    }
    if start < groups.len() {
        runs.push(start..groups.len());
    }
    runs
}

fn same(keys: &[Column], order: &[u32]) -> Result<Vec<bool>, Failure> {
    let trees: Vec<_> = keys.iter().map(Column::tree).collect();
    let numbers = numbers(&Grouper::new(&trees)?.assign(&keys.iter().collect::<Vec<_>>())?)?;
    let of = |row: &u32| numbers.get(*row as usize).copied();
    let mut same = Vec::with_capacity(order.len());
    let mut before = None;
    for row in order {
        let key = of(row);
        same.push(before == key);
        before = key;
    }
    Ok(same)
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn groups_are_runs() {
        assert_eq!(runs(&[0, 0, 1, 2, 2]), [0..2, 2..3, 3..5]);
        assert!(runs(&[]).is_empty());
    }
}
