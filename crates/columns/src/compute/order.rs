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

/// So few of all items are wanted that the rest need not be sorted.
pub(super) fn is_few(wanted: usize, count: usize) -> bool {
    wanted < count / 2 && wanted <= MAX_HEAD
}

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
    let few = is_few(wanted, count);
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

/// Bits of a number that one pass looks at.
const DIGIT: u32 = 11;

/// Fewer items are compared.
const FEW: usize = 1 << 10;

/// The rows from 0 to `count - 1` that `number` does not leave out, in the order of their numbers, which have at most
/// `bits` bits; rows of equal numbers keep their order. No two are compared: they are dealt out by their digits, the
/// last first, so the time depends on the bits and the count only.
pub(super) fn by_digits(
    count: usize,
    number: impl Fn(usize) -> Option<u64>,
    bits: u32,
    meter: &mut dyn Meter,
) -> Result<Vec<u32>, Failure> {
    if bits <= 16 && 1 << bits <= count {
        return counted(count, number, 1 << bits, meter);
    }
    meter.allocate(count as u64 * 32)?;
    let mut items: Vec<(u64, u32)> = Vec::with_capacity(count);
    for from in (0..count).step_by(STEP) {
        meter.work(0)?;
        let rows = from..(from + STEP).min(count);
        items.extend(rows.filter_map(|row| Some((number(row)?, row as u32))));
    }
    if items.len() < FEW {
        items.sort_unstable();
        return Ok(items.into_iter().map(|(_, row)| row).collect());
    }
    let mut dealt = vec![(0, 0); items.len()];
    for shift in (0..bits).step_by(DIGIT as usize) {
        let digit = |number: u64| (number >> shift) as usize % (1 << DIGIT);
        let mut places = [0_usize; 1 << DIGIT];
        for some in items.chunks(STEP) {
            meter.work(some.len() as u64 / 8)?;
            some.iter().for_each(|(number, _)| places[digit(*number)] += 1);
        }
        if places.contains(&items.len()) {
            continue;
        }
        let mut next = 0;
        for place in &mut places {
            next += std::mem::replace(place, next);
        }
        for some in items.chunks(STEP) {
            meter.work(some.len() as u64 / 8)?;
            for item in some {
                let place = &mut places[digit(item.0)];
                if let Some(slot) = dealt.get_mut(*place) {
                    *slot = *item;
                }
                *place += 1;
            }
        }
        std::mem::swap(&mut items, &mut dealt);
    }
    Ok(items.into_iter().map(|(_, row)| row).collect())
}

/// The same for numbers below `most`, of which there are no more than rows: each has its place once all are counted.
fn counted(
    count: usize,
    number: impl Fn(usize) -> Option<u64>,
    most: usize,
    meter: &mut dyn Meter,
) -> Result<Vec<u32>, Failure> {
    meter.allocate(count as u64 * 12)?;
    let (mut places, mut all) = (vec![0_usize; most], 0);
    for from in (0..count).step_by(STEP) {
        meter.work((STEP / 8) as u64)?;
        for number in (from..(from + STEP).min(count)).filter_map(&number) {
            places[number as usize] += 1;
            all += 1;
        }
    }
    let mut next = 0;
    for place in &mut places {
        next += std::mem::replace(place, next);
    }
    let mut rows = vec![0; all];
    for from in (0..count).step_by(STEP) {
        meter.work((STEP / 8) as u64)?;
        for row in from..(from + STEP).min(count) {
            let Some(number) = number(row) else { continue };
            let place = &mut places[number as usize];
            rows[*place] = row as u32;
            *place += 1;
        }
    }
    Ok(rows)
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
