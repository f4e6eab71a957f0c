//! Quantiles of the rows so far: a tree of counts over the places of the values finds the n-th in few steps.

use super::{Layout, set};

/// Counts of places, in which the n-th that is there is found in as many steps as the number of places has bits.
struct Counts(Vec<u32>);

impl Counts {
    fn add(&mut self, place: usize) {
        let mut at = place + 1;
        while let Some(count) = self.0.get_mut(at) {
            *count += 1;
            at += at & at.wrapping_neg();
        }
    }

    /// The place of the n-th, from 0.
    fn nth(&self, n: u32) -> usize {
        let (mut at, mut left) = (0, n);
        let mut step = self.0.len().next_power_of_two();
        while step > 0 {
            if let Some(count) = self.0.get(at + step).filter(|count| **count <= left) {
                left -= count;
                at += step;
            }
            step /= 2;
        }
        at
    }
}

/// Interpolated between the two nearest values.
pub(super) fn quantiles(values: &[Option<f64>], fraction: f64, layout: &Layout) -> Vec<Option<f64>> {
    let mut found = vec![None; layout.rows()];
    for group in &layout.groups {
        let rows = layout.rows_of(group);
        let value = |row: &u32| values.get(*row as usize).copied().flatten();
        let mut sorted: Vec<(f64, u32)> = rows.iter().filter_map(|row| Some((value(row)?, *row))).collect();
        sorted.sort_by(|(a, i), (b, j)| a.total_cmp(b).then(i.cmp(j)));
        let mut places: Vec<(u32, usize)> = sorted.iter().enumerate().map(|(place, (_, row))| (*row, place)).collect();
        places.sort_unstable();
        let at = |place: usize| sorted.get(place).map_or(f64::NAN, |(value, _)| *value);
        let mut counts = Counts(vec![0; sorted.len() + 1]);
        let mut count = 0u32;
        for row in rows {
            if let Ok(index) = places.binary_search_by_key(row, |(row, _)| *row)
                && let Some((_, place)) = places.get(index)
            {
                counts.add(*place);
                count += 1;
            }
            if count > 0 {
                let position = fraction * f64::from(count - 1);
                let below = position.floor();
                let low = at(counts.nth(below as u32));
                let part = position - below;
                let quantile = if part == 0.0 { low } else { low + (at(counts.nth(below as u32 + 1)) - low) * part };
                set(&mut found, *row as usize, quantile);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn the_nth_is_found() {
        let mut counts = Counts(vec![0; 8]);
        for place in [6, 1, 3] {
            counts.add(place);
        }
        assert_eq!([counts.nth(0), counts.nth(1), counts.nth(2)], [1, 3, 6]);
    }
}
