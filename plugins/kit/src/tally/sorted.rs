//! The values of groups, in order: what is counted or picked as they go by.

use super::items;
use crate::adjacent::Adjacent;
use crate::numbers::{floats, integers, optional, rows_of};
use crate::pieces::chunk_rows;
use crate::sorter::Sorter;
use crate::values::together;
use jackfield_sdk::spill::SortedBy;
use jackfield_sdk::{Batch, Column, DataType, Failure};

/// What becomes of the values.
#[derive(Debug)]
pub(super) enum Sorted {
    Distinct(Distinct),
    Quantile(Quantile),
}

#[derive(Debug, Default)]
pub(super) struct Distinct {
    adjacent: Adjacent,
    /// By group.
    counts: Vec<i64>,
}

#[derive(Debug)]
pub(super) struct Quantile {
    /// The fraction of values below.
    fraction: f64,
    /// How many values each group has.
    sizes: Vec<u64>,
    /// Values that went by.
    passed: u64,
    /// The place of the first value of the group behind those that have results.
    start: u64,
    /// The value below the place that is wanted of that group.
    low: Option<f64>,
    results: Vec<Option<f64>>,
}

impl Sorted {
    pub(super) fn distinct() -> Sorted {
        Sorted::Distinct(Distinct::default())
    }

    pub(super) fn quantile(fraction: f64) -> Sorted {
        let (sizes, results) = (Vec::new(), Vec::new());
        Sorted::Quantile(Quantile { fraction, sizes, passed: 0, start: 0, low: None, results })
    }

    /// The order of rows: group, value.
    pub(super) fn keys() -> Vec<SortedBy> {
        let by = |column| SortedBy { column, descending: false, nulls_first: false };
        vec![by(0), by(1)]
    }

    /// Puts the values of groups aside, a list of them for each group.
    pub(super) fn put(&mut self, lists: &Column, sorter: &mut Sorter) -> Result<(), Failure> {
        let (values, parents) = items(lists)?;
        let (mut from, most) = (0, chunk_rows());
        while from < values.length() {
            let count = most.min(values.length() - from);
            let (values, parents) = (values.slice(from, count)?, parents.slice(from, count)?);
            let key = match self {
                Sorted::Distinct(_) => values,
                Sorted::Quantile(quantile) => {
                    quantile.count(&parents)?;
                    let ranks: Vec<Option<i64>> =
                        optional::<f64>(&values)?.into_iter().map(|value| value.map(rank)).collect();
                    integers(DataType::Int64, &ranks)?
                }
            };
            sorter.push(&together(&[parents, key], count)?, &[])?;
            from += count;
        }
        Ok(())
    }

    /// Looks at the next rows.
    pub(super) fn look(&mut self, rows: &Batch) -> Result<(), Failure> {
        match self {
            Sorted::Distinct(distinct) => distinct.look(rows),
            Sorted::Quantile(quantile) => {
                let ranks = optional::<i64>(&rows.column_at(1)?)?;
                quantile.look(&ranks.into_iter().flatten().map(value).collect::<Vec<f64>>());
                Ok(())
            }
        }
    }

    /// The results of so many groups, once all rows went by.
    pub(super) fn results(&mut self, count: u32) -> Result<Column, Failure> {
        match self {
            Sorted::Distinct(distinct) => {
                distinct.counts.resize(count as usize, 0);
                integers(DataType::Int64, &distinct.counts.iter().copied().map(Some).collect::<Vec<_>>())
            }
            Sorted::Quantile(quantile) => {
                quantile.results.resize(count as usize, None);
                floats(&quantile.results)
            }
        }
    }

    /// The values of rows, numbers from 0 for the groups that they are of, and these groups.
    pub(super) fn values(&self, rows: &Batch) -> Result<(Column, Column, Column), Failure> {
        let values = match self {
            Sorted::Distinct(_) => rows.column_at(1)?,
            Sorted::Quantile(_) => {
                let ranks = optional::<i64>(&rows.column_at(1)?)?;
                floats(&ranks.into_iter().map(|rank| rank.map(value)).collect::<Vec<_>>())?
            }
        };
        let mut groups: Vec<u32> = Vec::new();
        let mut of_rows = Vec::with_capacity(rows.rows() as usize);
        for group in optional::<i64>(&rows.column_at(0)?)?.into_iter().flatten() {
            if groups.last().copied() != Some(group as u32) {
                groups.push(group as u32);
            }
            of_rows.push(groups.len() as u32 - 1);
        }
        Ok((values, rows_of(&of_rows)?, rows_of(&groups)?))
    }
}

impl Distinct {
    fn look(&mut self, rows: &Batch) -> Result<(), Failure> {
        let (groups, values) = (rows.column_at(0)?, rows.column_at(1)?);
        let of_rows = optional::<i64>(&groups)?;
        let same = self.adjacent.same(&[groups, values], rows.rows())?;
        for (group, same) in of_rows.into_iter().flatten().zip(same) {
            let group = group as usize;
            if group >= self.counts.len() {
                self.counts.resize(group + 1, 0);
            }
            if let (Some(count), false) = (self.counts.get_mut(group), same) {
                *count += 1;
            }
        }
        Ok(())
    }
}

impl Quantile {
    fn count(&mut self, parents: &Column) -> Result<(), Failure> {
        for group in optional::<i64>(parents)?.into_iter().flatten() {
            let group = group as usize;
            if group >= self.sizes.len() {
                self.sizes.resize(group + 1, 0);
            }
            if let Some(size) = self.sizes.get_mut(group) {
                *size += 1;
            }
        }
        Ok(())
    }

    /// Interpolated between the two values next to the place of the fraction, as the host does it in memory.
    fn look(&mut self, values: &[f64]) {
        let first = self.passed;
        self.passed += values.len() as u64;
        let at = |place: u64| usize::try_from(place.checked_sub(first)?).ok().and_then(|at| values.get(at)).copied();
        while let Some(size) = self.sizes.get(self.results.len()).copied() {
            if size == 0 {
                self.results.push(None);
                continue;
            }
            let place = self.fraction * (size - 1) as f64;
            let (below, rest) = (place.floor() as u64, place.fract());
            self.low = self.low.or_else(|| at(self.start + below));
            let (Some(low), Some(high)) = (self.low, at(self.start + (below + 1).min(size - 1))) else { return };
            self.results.push(Some(if rest == 0.0 { low } else { low + (high - low) * rest }));
            self.start += size;
            self.low = None;
        }
    }
}

/// A number that has the place of a float among all floats: -0.0 before 0.0, NaN behind all.
fn rank(value: f64) -> i64 {
    let bits = if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() } as i64;
    turned(bits)
}

fn value(rank: i64) -> f64 {
    f64::from_bits(turned(rank) as u64)
}

/// Negative floats have rising bits towards lower values; turned twice a number is itself.
fn turned(bits: i64) -> i64 {
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_have_the_order_of_floats() {
        let floats = [f64::NEG_INFINITY, -2.5, -f64::MIN_POSITIVE, -0.0, 0.0, 1e-300, 7.0, f64::INFINITY, f64::NAN];
        let ranks: Vec<i64> = floats.iter().map(|float| rank(*float)).collect();
        assert!(ranks.is_sorted_by(|a, b| a < b));
        assert_eq!(rank(-f64::NAN), rank(f64::NAN));
        for float in floats {
            assert_eq!(value(rank(float)).to_bits(), float.to_bits());
        }
    }

    #[test]
    fn quantiles_go_by_in_pieces() {
        let all = [1.0, 2.0, 4.0, 8.0, -1.0, 5.0, 6.0];
        for piece in 1..=all.len() {
            let Sorted::Quantile(mut quantile) = Sorted::quantile(0.5) else { unreachable!() };
            quantile.sizes = vec![4, 0, 1, 2];
            all.chunks(piece).for_each(|values| quantile.look(values));
            assert_eq!(quantile.results, [Some(3.0), None, Some(-1.0), Some(5.5)]);
        }
    }
}
