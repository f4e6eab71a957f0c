//! The rows group by group, each in order.

use jackfield_kit::values::take;
use jackfield_kit::{Orders, numbers};
use jackfield_sdk::compute::Grouper;
use jackfield_sdk::{Column, Failure};
use std::ops::Range;

/// How the rows lie.
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
}

impl Layout {
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
        Ok(Layout { order, groups, same, group, group_count, ordered: !orders.is_empty() })
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

fn runs(groups: &[u32]) -> Vec<Range<usize>> {
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
