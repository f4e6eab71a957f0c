//! What a row is worth by its place in its group: row_number, rank and their like; and rows at other places.

use super::layout::Layout;

/// No row.
pub(super) const NONE: u32 = u32::MAX;

/// What a place gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbering {
    RowNumber,
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
    Ntile(u64),
}

impl Numbering {
    /// Whether it is a fraction; the others are whole numbers.
    pub(super) fn is_fraction(self) -> bool {
        matches!(self, Numbering::PercentRank | Numbering::CumeDist)
    }

    /// Whole numbers, by row.
    pub(super) fn numbers(self, layout: &Layout, ranked: &mut Ranked) -> Vec<Option<i64>> {
        let mut values = vec![None; layout.rows()];
        for (index, group) in layout.groups.iter().enumerate() {
            let (size, begun) = (layout.size(index), layout.begun(index));
            for (place, row) in group.clone().zip(layout.rows_of(group)) {
                let number = begun + (place - group.start) as u64;
                if number == 0 {
                    ranked.dense = 0;
                }
                if number == 0 || !layout.is_same(place) {
                    ranked.first = number;
                    ranked.dense += 1;
                }
                let value = match self {
                    Numbering::RowNumber => number + 1,
                    Numbering::DenseRank => ranked.dense,
                    Numbering::Ntile(parts) => tile(number, size, parts),
                    Numbering::Rank | Numbering::PercentRank | Numbering::CumeDist => ranked.first + 1,
                };
                if let Some(slot) = values.get_mut(*row as usize) {
                    *slot = Some(value as i64);
                }
            }
        }
        values
    }

    /// Fractions, by row.
    pub(super) fn fractions(self, layout: &Layout, ranked: &mut Ranked) -> Vec<Option<f64>> {
        let mut values = vec![None; layout.rows()];
        let mut ends = layout.ends().iter().copied();
        for (index, group) in layout.groups.iter().enumerate() {
            let (size, begun) = (layout.size(index), layout.begun(index));
            let rows = layout.rows_of(group);
            let mut from = 0;
            while from < rows.len() {
                let to = (from + 1..rows.len()).find(|at| !layout.is_same(group.start + at)).unwrap_or(rows.len());
                let goes_on = from == 0 && begun > 0 && layout.is_same(group.start);
                if !goes_on {
                    ranked.first = begun + from as u64;
                    ranked.end = ends.next().unwrap_or(begun + to as u64);
                }
                let value = match self {
                    Numbering::CumeDist => ranked.end as f64 / size as f64,
                    _ if size == 1 => 0.0,
                    _ => ranked.first as f64 / (size - 1) as f64,
                };
                for row in rows.get(from..to).unwrap_or_default() {
                    if let Some(slot) = values.get_mut(*row as usize) {
                        *slot = Some(value);
                    }
                }
                from = to;
            }
        }
        values
    }
}

/// The run of equal rows that the rows so far end with.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ranked {
    /// The place in its group that it begins at, and that behind its last row.
    first: u64,
    end: u64,
    /// How many runs there are in the group with it.
    dense: u64,
}

/// The part that row `number` of `size` falls into; the first parts are the larger ones.
fn tile(number: u64, size: u64, parts: u64) -> u64 {
    let (small, larger) = (size / parts, size % parts);
    let edge = larger * (small + 1);
    if number < edge { number / (small + 1) + 1 } else { larger + (number - edge) / small.max(1) + 1 }
}

/// Which other row's value a row gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// So many rows before; behind if negative.
    Before(i64),
    First,
    Last,
    Nth(u64),
}

impl Other {
    /// The row whose value each row gets, or none.
    pub(super) fn rows(self, layout: &Layout) -> Vec<u32> {
        let mut other = vec![NONE; layout.rows()];
        for group in &layout.groups {
            let rows = layout.rows_of(group);
            for (place, row) in rows.iter().enumerate() {
                // With an order the frame ends at the row itself.
                let last = if layout.ordered { place } else { rows.len() - 1 };
                let wanted = match self {
                    Other::Before(offset) => i64::try_from(place)
                        .ok()
                        .and_then(|place| place.checked_sub(offset))
                        .and_then(|at| usize::try_from(at).ok()),
                    Other::First => Some(0),
                    Other::Last => Some(last),
                    Other::Nth(number) => usize::try_from(number - 1).ok().filter(|at| *at <= last),
                };
                let found = wanted.and_then(|at| rows.get(at)).copied();
                if let (Some(slot), Some(found)) = (other.get_mut(*row as usize), found) {
                    *slot = found;
                }
            }
        }
        other
    }
}

#[cfg(test)]
mod tests {
    use super::tile;

    #[test]
    fn tiles_differ_by_one_at_most() {
        let tiles = |size, parts| (0..size).map(|number| tile(number, size, parts)).collect::<Vec<u64>>();
        assert_eq!(tiles(7, 3), [1, 1, 1, 2, 2, 3, 3]);
        assert_eq!(tiles(2, 5), [1, 2]);
        assert_eq!(tiles(4, 1), [1, 1, 1, 1]);
    }
}
