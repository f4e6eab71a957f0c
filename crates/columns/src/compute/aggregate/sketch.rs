//! Approximate quantiles by a t-digest: some hundred centroids for each group instead of all of its values.

use std::f64::consts::PI;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Float64Type};

use super::super::options::Options;
use super::super::promote::{internal, mismatch};
use super::super::table::Plan;
use super::lists::{fraction, list_type};
use super::{State, grow};
use crate::{Failure, Meter};

/// How many centroids there are, about.
const DELTA: f64 = 200.0;
/// Values that are gathered before they are merged into the centroids.
const GATHERED: usize = 512;

/// The mean of some values and their number.
#[derive(Clone, Copy, Debug)]
struct Centroid {
    mean: f64,
    weight: f64,
}

#[derive(Clone, Debug)]
struct Digest {
    /// Ordered, and behind them what is not merged yet.
    centroids: Vec<Centroid>,
    merged: usize,
    least: f64,
    most: f64,
}

impl Default for Digest {
    fn default() -> Self {
        Self { centroids: Vec::new(), merged: 0, least: f64::INFINITY, most: f64::NEG_INFINITY }
    }
}

impl Digest {
    fn add(&mut self, mean: f64, weight: f64) {
        self.least = self.least.min(mean);
        self.most = self.most.max(mean);
        self.centroids.push(Centroid { mean, weight });
        if self.centroids.len() - self.merged >= GATHERED {
            self.compress();
        }
    }

    fn is_in_order(&self) -> bool {
        self.centroids.is_sorted_by(|a, b| a.mean.total_cmp(&b.mean).is_le())
    }

    /// Merges neighbours that together are small enough for their place: small at the ends, larger in the middle.
    fn compress(&mut self) {
        if self.merged == self.centroids.len() {
            return;
        }
        self.centroids.sort_by(|a, b| a.mean.total_cmp(&b.mean));
        let total: f64 = self.centroids.iter().map(|centroid| centroid.weight).sum();
        // The scale function k1 and its inverse.
        let scale = |q: f64| DELTA / (2.0 * PI) * (2.0 * q.clamp(0.0, 1.0) - 1.0).asin();
        let bound = |k: f64| (((k + 1.0) * 2.0 * PI / DELTA).min(PI / 2.0).sin() + 1.0) / 2.0;
        let (mut merged, mut before): (Vec<Centroid>, f64) = (Vec::with_capacity(GATHERED), 0.0);
        let mut limit = bound(scale(0.0)) * total;
        for next in self.centroids.drain(..) {
            match merged.last_mut() {
                Some(last) if before + last.weight + next.weight <= limit => {
                    last.weight += next.weight;
                    last.mean += (next.mean - last.mean) * next.weight / last.weight;
                }
                last => {
                    before += last.map_or(0.0, |last| last.weight);
                    limit = bound(scale(before / total)) * total;
                    merged.push(next);
                }
            }
        }
        self.merged = merged.len();
        self.centroids = merged;
    }

    /// The value at a fraction of all values, between the centroids by their distance.
    fn quantile(&mut self, q: f64) -> Option<f64> {
        self.compress();
        let total: f64 = self.centroids.iter().map(|centroid| centroid.weight).sum();
        let place = q * total;
        let (mut before, mut last) = (0.0, None::<(f64, f64)>);
        for centroid in &self.centroids {
            let middle = before + centroid.weight / 2.0;
            if place <= middle {
                let (from, low) = last.unwrap_or((0.0, self.least));
                let part = if middle > from { (place - from) / (middle - from) } else { 1.0 };
                return Some(low + (centroid.mean - low) * part);
            }
            last = Some((middle, centroid.mean));
            before += centroid.weight;
        }
        let (from, low) = last?;
        let part = if total > from { ((place - from) / (total - from)).min(1.0) } else { 1.0 };
        Some(low + (self.most - low) * part)
    }
}

#[derive(Debug)]
struct Sketch {
    digests: Vec<Digest>,
    q: f64,
}

pub(super) fn make(_: &Plan, options: &Options) -> Result<Box<dyn State>, Failure> {
    Ok(Box::new(Sketch { digests: Vec::new(), q: fraction(options)? }))
}

/// Bytes that a group takes at most.
const GROUP: u64 = ((DELTA as usize + GATHERED) * size_of::<Centroid>()) as u64;

impl Sketch {
    fn add(&mut self, mean: f64, weight: f64, group: u32, meter: &mut dyn Meter) -> Result<(), Failure> {
        // NaN has no place among numbers.
        if mean.is_nan() || weight.is_nan() || weight <= 0.0 {
            return Ok(());
        }
        let digest = &mut self.digests[group as usize];
        if digest.centroids.len() == digest.centroids.capacity() {
            meter.allocate(GROUP.min(digest.centroids.len().max(16) as u64 * 32))?;
        }
        digest.add(mean, weight);
        Ok(())
    }
}

impl State for Sketch {
    fn update(
        &mut self,
        values: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        grow(&mut self.digests, count, Digest::default(), meter)?;
        let Some(values) = values.first() else { return Err(mismatch("a column is expected")) };
        let values = values.as_primitive::<Float64Type>();
        for (row, (value, group)) in values.values().iter().zip(groups).enumerate() {
            if values.is_valid(row) {
                self.add(*value, 1.0, *group, meter)?;
            }
        }
        Ok(())
    }

    fn state_types(&self) -> Vec<DataType> {
        vec![list_type(&DataType::Float64), list_type(&DataType::Float64)]
    }

    fn state(&self, meter: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure> {
        // The smallest and the largest stand first, without a weight; a NaN parts the centroids from what is not merged yet.
        let (mut means, mut weights, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
        for (index, digest) in self.digests.iter().enumerate() {
            if index % 64 == 0 {
                meter.work(GROUP)?;
                meter.allocate(GROUP * 64)?;
            }
            lengths.push(if digest.centroids.is_empty() { 0 } else { digest.centroids.len() + 3 });
            if digest.centroids.is_empty() {
                continue;
            }
            means.extend([digest.least, digest.most]);
            weights.extend([0.0, 0.0]);
            let (merged, fresh) = digest.centroids.split_at(digest.merged.min(digest.centroids.len()));
            means.extend(merged.iter().map(|centroid| centroid.mean));
            weights.extend(merged.iter().map(|centroid| centroid.weight));
            means.push(f64::NAN);
            weights.push(0.0);
            means.extend(fresh.iter().map(|centroid| centroid.mean));
            weights.extend(fresh.iter().map(|centroid| centroid.weight));
        }
        let list = |values: Vec<f64>| -> Result<ArrayRef, Failure> {
            let DataType::List(field) = list_type(&DataType::Float64) else { return Err(mismatch("a list is made")) };
            let nulls: NullBuffer = lengths.iter().map(|length| *length > 0).collect();
            let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
            let values: ArrayRef = Arc::new(Float64Array::from(values));
            Ok(Arc::new(ListArray::try_new(field, offsets, values, Some(nulls)).map_err(internal)?))
        };
        Ok(vec![list(means)?, list(weights)?])
    }

    fn merge(
        &mut self,
        states: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        grow(&mut self.digests, count, Digest::default(), meter)?;
        let [means, weights] = states else { return Err(mismatch("a state of two columns is expected")) };
        let (means, weights) = (means.as_list::<i32>(), weights.as_list::<i32>());
        for (row, group) in groups.iter().enumerate() {
            if means.is_null(row) || weights.is_null(row) {
                continue;
            }
            let (means, weights) = (means.value(row), weights.value(row));
            meter.work(means.len() as u64 * 4)?;
            let pairs =
                means.as_primitive::<Float64Type>().values().iter().zip(weights.as_primitive::<Float64Type>().values());
            let mut was_empty = self.digests[*group as usize].centroids.is_empty();
            for (mean, weight) in pairs {
                let digest = &mut self.digests[*group as usize];
                match (*weight == 0.0, mean.is_nan()) {
                    (true, false) => {
                        digest.least = digest.least.min(*mean);
                        digest.most = digest.most.max(*mean);
                    }
                    // What was merged when the state was taken is so again, if nothing else is there.
                    (true, true) => {
                        if was_empty && digest.is_in_order() {
                            digest.merged = digest.centroids.len();
                        }
                        was_empty = false;
                    }
                    _ => self.add(*mean, *weight, *group, meter)?,
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        let mut digests = std::mem::take(&mut self.digests);
        let mut results = Vec::with_capacity(digests.len());
        for (index, digest) in digests.iter_mut().enumerate() {
            if index % 64 == 0 {
                meter.work(GROUP)?;
            }
            results.push(digest.quantile(self.q));
        }
        Ok(Arc::new(Float64Array::from(results)))
    }

    fn size(&self) -> u64 {
        let held = |digest: &Digest| (digest.centroids.capacity() * size_of::<Centroid>()) as u64;
        self.digests.iter().map(held).sum::<u64>() + (self.digests.capacity() * size_of::<Digest>()) as u64
    }
}
