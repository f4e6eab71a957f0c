//! Sorting and selecting that look at the deadline: sorted pieces that are merged, and the head of an order without the
//! rest.

use std::cmp::Ordering;

use crate::{Failure, Meter};

/// Items that are sorted at once: a few milliseconds.
const PIECE: usize = 1 << 16;
/// Items that are moved between looks at the deadline.
const STEP: usize = 1 << 14;
/// A longer head is sorted out of all of the order.
const MAX_HEAD: usize = 1 << 18;

/// The first `wanted` of `count` items in order, those that `item` leaves out aside. No two items may compare as equal.
pub(super) fn head<T: Copy>(
    count: usize,
    item: impl Fn(usize) -> Option<T>,
    wanted: usize,
    compare: impl Fn(&T, &T) -> Ordering,
    meter: &mut dyn Meter,
) -> Result<Vec<T>, Failure> {
    if wanted == 0 {
        return Ok(Vec::new());
    }
    let few = wanted < count / 2 && wanted <= MAX_HEAD;
    let most = if few { wanted * 2 + STEP } else { count };
    meter.allocate((most.min(count) * size_of::<T>()) as u64)?;
    let mut kept = Vec::with_capacity(most.min(count));
    // The last of the head as it is known so far: what comes behind it is none of the head.
    let mut last: Option<T> = None;
    for from in (0..count).step_by(STEP) {
        meter.work(0)?;
        for row in from..(from + STEP).min(count) {
            let Some(item) = item(row) else { continue };
            if last.as_ref().is_none_or(|last| compare(&item, last).is_lt()) {
                kept.push(item);
            }
        }
        if few && kept.len() > wanted + STEP.min(wanted) {
            let (_, worst, _) = kept.select_nth_unstable_by(wanted - 1, &compare);
            last = Some(*worst);
            kept.truncate(wanted);
        }
    }
    let mut sorted = sort(kept, compare, meter)?;
    sorted.truncate(wanted);
    Ok(sorted)
}

/// The items in order. No two may compare as equal.
pub(super) fn sort<T: Copy>(
    mut items: Vec<T>,
    compare: impl Fn(&T, &T) -> Ordering,
    meter: &mut dyn Meter,
) -> Result<Vec<T>, Failure> {
    for piece in items.chunks_mut(PIECE) {
        meter.work(0)?;
        piece.sort_unstable_by(&compare);
    }
    if items.len() <= PIECE {
        return Ok(items);
    }
    meter.allocate((items.len() * size_of::<T>()) as u64)?;
    let mut merged = Vec::with_capacity(items.len());
    let mut sorted = PIECE;
    while sorted < items.len() {
        merged.clear();
        for pair in items.chunks(sorted * 2) {
            let (left, right) = pair.split_at(sorted.min(pair.len()));
            merge(left, right, &mut merged, &compare, meter)?;
        }
        std::mem::swap(&mut items, &mut merged);
        sorted *= 2;
    }
    Ok(items)
}

fn merge<T: Copy>(
    left: &[T],
    right: &[T],
    out: &mut Vec<T>,
    compare: impl Fn(&T, &T) -> Ordering,
    meter: &mut dyn Meter,
) -> Result<(), Failure> {
    let (mut a, mut b) = (left.iter().peekable(), right.iter().peekable());
    let mut unseen = 0;
    loop {
        unseen += 1;
        if unseen == STEP {
            unseen = 0;
            meter.work(0)?;
        }
        let next = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if compare(y, x).is_lt() => b.next(),
            (Some(_), _) => a.next(),
            (None, Some(_)) => b.next(),
            (None, None) => return Ok(()),
        };
        out.extend(next.copied());
    }
}

/// Brings the number that is at place `place` in ascending order there, with no larger one before it and no smaller
/// one behind.
pub(super) fn select(values: &mut [f64], place: usize, meter: &mut dyn Meter) -> Result<(), Failure> {
    let (mut values, mut place) = (values, place);
    while values.len() > PIECE * 4 {
        // The pivot is near the middle of a sample, so that each round leaves about a half.
        let step = values.len() / 512;
        let mut sample: Vec<f64> = values.iter().copied().step_by(step).collect();
        let middle = sample.len() / 2;
        let (_, pivot, _) = sample.select_nth_unstable_by(middle, f64::total_cmp);
        let pivot = *pivot;
        let below = partition(values, |value| value.total_cmp(&pivot).is_lt(), meter)?;
        if place < below {
            values = values.get_mut(..below).unwrap_or_default();
            continue;
        }
        let rest = values.get_mut(below..).unwrap_or_default();
        let same = partition(rest, |value| value.total_cmp(&pivot).is_eq(), meter)?;
        if place < below + same {
            return Ok(());
        }
        values = rest.get_mut(same..).unwrap_or_default();
        place -= below + same;
    }
    meter.work(values.len() as u64)?;
    if place < values.len() {
        values.select_nth_unstable_by(place, f64::total_cmp);
    }
    Ok(())
}

/// Brings the values that pass the test to the front, and tells how many they are.
fn partition(values: &mut [f64], test: impl Fn(f64) -> bool, meter: &mut dyn Meter) -> Result<usize, Failure> {
    let mut front = 0;
    for from in (0..values.len()).step_by(STEP) {
        meter.work((STEP / 4) as u64)?;
        for at in from..(from + STEP).min(values.len()) {
            if values.get(at).is_some_and(|value| test(*value)) {
                values.swap(at, front);
                front += 1;
            }
        }
    }
    Ok(front)
}
