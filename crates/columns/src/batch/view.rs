//! Flat selections over base rows. Composing two gives one again, never a chain, so a million of them cost no more
//! memory or stack than one.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{Array, ArrayRef, BooleanArray, UInt32Array};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow::compute::{FilterBuilder, FilterPredicate};
use arrow::error::ArrowError;

/// A bitmap is kept while it is no larger than row numbers of four bytes would be.
const BITS_PER_ROW_NUMBER: usize = 32;

/// Above so many base rows a bitmap is not expanded into an index for reuse by further columns.
const LARGEST_INDEX: usize = 1 << 20;

/// Which base rows a column shows, in which order.
#[derive(Debug)]
pub(super) enum View {
    /// Neighbouring rows.
    Range { offset: usize, length: usize },
    /// Rows of `offset..offset + bits.len()` whose bit is set: some, but neither none nor all.
    Mask { offset: usize, bits: BooleanBuffer, count: usize, prepared: Prepared },
    /// Rows by number, below 2^31; null is a row of nulls.
    Rows(UInt32Array),
}

/// What arrow's kernel makes of a bitmap before it moves rows. Making it costs as much as moving a column of numbers, so it
/// is made when a second column is read.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    read: AtomicBool,
    predicate: OnceLock<FilterPredicate>,
}

/// A mask with its nulls folded in and counted once, before it meets the views.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) bits: BooleanBuffer,
    pub(super) count: usize,
}

impl Selection {
    pub(super) fn new(mask: &BooleanArray) -> Self {
        let bits = match mask.nulls() {
            Some(nulls) if nulls.null_count() > 0 => mask.values() & nulls.inner(),
            _ => mask.values().clone(),
        };
        Self::of(bits)
    }

    pub(super) fn of(bits: BooleanBuffer) -> Self {
        let count = bits.count_set_bits();
        Self { bits, count }
    }

    pub(super) fn slice(&self, offset: usize, length: usize) -> Self {
        Self::of(self.bits.slice(offset, length))
    }
}

impl View {
    pub(super) fn whole(rows: usize) -> Self {
        Self::Range { offset: 0, length: rows }
    }

    pub(super) fn length(&self) -> usize {
        match self {
            Self::Range { length, .. } => *length,
            Self::Mask { count, .. } => *count,
            Self::Rows(rows) => rows.len(),
        }
    }

    /// The base row shown at `row`; none where that is a row of nulls or behind the end.
    pub(super) fn base_row(&self, row: usize) -> Option<usize> {
        match self {
            Self::Range { offset, length } => (row < *length).then(|| offset + row),
            Self::Mask { offset, bits, count, .. } => (row < *count).then(|| offset + position(bits, row)),
            Self::Rows(rows) => (row < rows.len() && rows.is_valid(row)).then(|| rows.value(row) as usize),
        }
    }

    /// All shown rows as numbers of base rows.
    pub(super) fn numbers(&self) -> UInt32Array {
        match self {
            Self::Range { offset, length } => (*offset as u32..).take(*length).collect::<Vec<u32>>().into(),
            Self::Mask { offset, bits, .. } => {
                let start = *offset as u32;
                bits.set_indices_u32().map(|row| row + start).collect::<Vec<u32>>().into()
            }
            Self::Rows(rows) => rows.clone(),
        }
    }

    /// Keeps the shown rows that are selected; `selection` has as many bits as rows are shown.
    pub(super) fn filter(&self, selection: &Selection) -> Self {
        let Selection { bits: inner, count } = selection;
        match self {
            Self::Range { offset, .. } => masked(*offset, inner.clone(), *count),
            Self::Mask { offset, bits, .. } => match run(inner, *count) {
                Some((start, length)) => self.slice(start, length),
                None => masked(*offset, deposit(bits, inner), *count),
            },
            Self::Rows(rows) => match run(inner, *count) {
                Some((start, length)) => self.slice(start, length),
                None => {
                    let numbers = inner.set_indices().map(|row| rows.value(row)).collect::<Vec<u32>>();
                    let valid = |nulls: &NullBuffer| inner.set_indices().map(|row| nulls.is_valid(row)).collect();
                    by_number(numbers.into(), rows.nulls().map(|nulls| NullBuffer::new(valid(nulls))))
                }
            },
        }
    }

    /// Shown rows by number; the numbers are below the length already.
    pub(super) fn take(&self, rows: &UInt32Array) -> Self {
        let numbers = rows.values();
        match self {
            Self::Range { offset: 0, .. } => by_number(own(numbers), rows.nulls().cloned()),
            Self::Range { offset, .. } => {
                let start = *offset as u32;
                let moved = numbers.iter().map(|row| row.wrapping_add(start));
                by_number(moved.collect::<Vec<u32>>().into(), rows.nulls().cloned())
            }
            Self::Mask { .. } => by_number(look_up(self.numbers().values(), numbers).into(), rows.nulls().cloned()),
            Self::Rows(shown) => {
                let nulls = shown.nulls().map(|nulls| {
                    let valid = |row: &u32| nulls.len() > *row as usize && nulls.is_valid(*row as usize);
                    NullBuffer::new(numbers.iter().map(valid).collect())
                });
                by_number(look_up(shown.values(), numbers).into(), NullBuffer::union(nulls.as_ref(), rows.nulls()))
            }
        }
    }

    /// `length` shown rows from `start`, which are there.
    pub(super) fn slice(&self, start: usize, length: usize) -> Self {
        match self {
            Self::Range { offset, .. } => Self::Range { offset: offset + start, length },
            Self::Mask { .. } | Self::Rows(_) if length == 0 => Self::whole(0),
            Self::Mask { offset, bits, .. } => {
                let from = position(bits, start);
                let to = position(bits, start + length - 1) + 1;
                masked(offset + from, bits.slice(from, to - from), length)
            }
            Self::Rows(rows) => Self::Rows(rows.slice(start, length)),
        }
    }

    /// The rows whose bit is set; `rows` has as many rows as there are bits.
    pub(super) fn filtered(bits: &BooleanBuffer, prepared: &Prepared, rows: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let builder = || FilterBuilder::new(&BooleanArray::new(bits.clone(), None));
        // Whoever reads at the same time prepares, which is only slower for one of them. Nested columns have several
        // children to filter, for which it pays at once.
        let first = !prepared.read.swap(true, Ordering::Relaxed);
        if bits.len() > LARGEST_INDEX || (first && !rows.data_type().is_nested()) {
            return builder().build().filter(rows);
        }
        prepared.predicate.get_or_init(|| builder().optimize().build()).filter(rows)
    }

    /// The buffer that the view itself takes.
    pub(super) fn buffer(&self) -> Option<&Buffer> {
        match self {
            Self::Range { .. } => None,
            Self::Mask { bits, .. } => Some(bits.inner()),
            Self::Rows(rows) => Some(rows.values().inner()),
        }
    }
}

/// Where the set bit number `nth`, from 0, is.
fn position(bits: &BooleanBuffer, nth: usize) -> usize {
    let mut before = nth;
    for (index, word) in bits.bit_chunks().iter_padded().enumerate() {
        let here = word.count_ones() as usize;
        if before < here {
            let rest = (0..before).fold(word, |rest, _| rest & rest.wrapping_sub(1));
            return index * 64 + rest.trailing_zeros() as usize;
        }
        before -= here;
    }
    bits.len()
}

/// The single run that the set bits form, if they do.
fn run(bits: &BooleanBuffer, count: usize) -> Option<(usize, usize)> {
    if count == 0 {
        return Some((0, 0));
    }
    let (start, end) = bits.set_slices().next()?;
    (end - start == count).then_some((start, count))
}

/// The smallest view of the set bits.
fn masked(offset: usize, bits: BooleanBuffer, count: usize) -> View {
    if let Some((start, length)) = run(&bits, count) {
        return View::Range { offset: offset + start, length };
    }
    if count.saturating_mul(BITS_PER_ROW_NUMBER) < bits.len() {
        let start = offset as u32;
        return View::Rows(UInt32Array::from(bits.set_indices_u32().map(|row| row + start).collect::<Vec<u32>>()));
    }
    View::Mask { offset, bits, count, prepared: Prepared::default() }
}

/// Row numbers, as a range where they are one.
fn by_number(rows: ScalarBuffer<u32>, nulls: Option<NullBuffer>) -> View {
    let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
    if nulls.is_none() {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return View::whole(0) };
        let neighbours = last.checked_sub(*first).is_some_and(|span| span as usize == rows.len() - 1)
            && rows.iter().zip(rows.iter().skip(1)).all(|(one, next)| one.wrapping_add(1) == *next);
        if neighbours {
            return View::Range { offset: *first as usize, length: rows.len() };
        }
    }
    View::Rows(UInt32Array::new(rows, nulls))
}

/// The numbers as they are, or a copy where they are a small part of a buffer that a view would keep alive.
fn own(numbers: &ScalarBuffer<u32>) -> ScalarBuffer<u32> {
    if numbers.inner().capacity() <= numbers.len() * 8 { numbers.clone() } else { numbers.to_vec().into() }
}

/// `shown[row]` for each row; what stands under a null may be out of range and gives 0.
fn look_up(shown: &[u32], rows: &[u32]) -> Vec<u32> {
    rows.iter().map(|row| shown.get(*row as usize).copied().unwrap_or(0)).collect()
}

/// Spreads the bits of `inner` over the set bits of `outer`, in order.
fn deposit(outer: &BooleanBuffer, inner: &BooleanBuffer) -> BooleanBuffer {
    let mut source = inner.bit_chunks().iter_padded();
    let (mut pending, mut have) = (0u128, 0u32);
    let words = outer.bit_chunks().iter_padded().map(|word| {
        let wanted = word.count_ones();
        if have < wanted {
            pending |= u128::from(source.next().unwrap_or(0)) << have;
            have += 64;
        }
        let bits = pending as u64;
        pending >>= wanted;
        have -= wanted;
        spread(bits, word)
    });
    BooleanBuffer::new(Buffer::from_vec(words.collect::<Vec<u64>>()), 0, outer.len())
}

/// The low bits of `bits` at the places of the set bits of `mask` (the instruction PDEP, in portable words).
fn spread(bits: u64, mask: u64) -> u64 {
    if mask == u64::MAX {
        return bits;
    }
    let (mut bits, mut rest, mut spread) = (bits, mask, 0);
    while rest != 0 {
        let lowest = rest & rest.wrapping_neg();
        spread |= lowest & (bits & 1).wrapping_neg();
        bits >>= 1;
        rest ^= lowest;
    }
    spread
}

/// Row numbers of a caller as uint32, every valid one below `rows`.
pub(super) fn row_numbers(numbers: &ArrayRef, rows: usize) -> Result<UInt32Array, crate::Failure> {
    use arrow::array::AsArray;
    use arrow::datatypes::{DataType, UInt32Type, UInt64Type};
    let beyond = |row: usize, number: u64| {
        crate::Failure::invalid_input("out-of-bounds", format!("row number {number} in a batch of {rows} rows"))
            .with_row(row as u64)
    };
    let taken = match numbers.data_type() {
        DataType::UInt32 => numbers.as_primitive::<UInt32Type>().clone(),
        DataType::UInt64 => {
            let wide = numbers.as_primitive::<UInt64Type>();
            for (row, number) in wide.values().iter().enumerate() {
                if *number >= rows as u64 && wide.is_valid(row) {
                    return Err(beyond(row, *number));
                }
            }
            // Valid numbers are below 2^31 now; what stands under nulls becomes 0 below.
            let narrow = wide.values().iter().map(|number| *number as u32).collect::<Vec<u32>>();
            UInt32Array::new(ScalarBuffer::from(narrow), wide.nulls().cloned())
        }
        other => {
            let message = format!("row numbers are uint32 or uint64, not {}", crate::type_name(other));
            return Err(crate::Failure::invalid_input("type-mismatch", message));
        }
    };
    // The highest bit is set where a number has it or is larger than the last row; both are below 2^31. Unlike the largest
    // number, that is found several numbers at a time on every processor.
    let last = (rows as u32).wrapping_sub(1);
    let beyond_last = taken.values().iter().fold(0, |bits, number| bits | *number | last.wrapping_sub(*number));
    if beyond_last >> 31 == 1 {
        for (row, number) in taken.values().iter().enumerate() {
            if *number as usize >= rows && taken.is_valid(row) {
                return Err(beyond(row, u64::from(*number)));
            }
        }
    }
    match taken.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => Ok(taken),
        // What a plugin left under nulls must not be a number of anything.
        Some(nulls) => {
            let shown = taken.values().iter().zip(nulls).map(|(number, valid)| if valid { *number } else { 0 });
            Ok(UInt32Array::new(shown.collect::<Vec<u32>>().into(), Some(nulls.clone())))
        }
    }
}
