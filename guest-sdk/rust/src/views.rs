//! Typed views over raw buffers that were read or prefetched.
//!
//! ```
//! use jackfield_sdk::builders::PrimitiveBuilder;
//! let mut numbers = PrimitiveBuilder::default();
//! numbers.push(3i64);
//! numbers.push_null();
//! let level = numbers.finish();
//! assert_eq!(level.values::<i64>().sum::<i64>(), 3);
//! assert_eq!((level.get::<i64>(0), level.get::<i64>(1)), (Some(3), None));
//! ```

use crate::Buffers;
use crate::builders::Native;

impl Buffers {
    /// Whether row `row` is there. Rows beyond the end are not.
    #[inline]
    pub fn is_valid(&self, row: usize) -> bool {
        row < self.length as usize && self.validity.as_deref().is_none_or(|bits| bit(bits, row))
    }

    /// The numbers of all rows, zero under nulls: for loops over whole columns.
    pub fn values<T: Native>(&self) -> impl ExactSizeIterator<Item = T> + '_ {
        self.values.chunks_exact(T::WIDTH).map(T::of)
    }

    /// New numbers out of all rows, nulls included, in one loop that the compiler makes vector instructions of; what is
    /// null stays null. For what a kernel does not do.
    pub fn map<T: Native, U: Native>(&self, each: impl Fn(T) -> U) -> Buffers {
        let mut values = Vec::with_capacity(self.length as usize * U::WIDTH);
        for value in self.values::<T>() {
            each(value).append(&mut values);
        }
        Buffers { validity: self.validity.clone(), offsets: None, values, ..*self }
    }

    /// Rows that are there, in runs: what stands behind one another is worked on, and copied, together.
    pub fn valid_runs(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let length = self.length as usize;
        let mut row = 0;
        std::iter::from_fn(move || {
            let Some(bits) = self.validity.as_deref() else {
                let run = (row < length).then_some(row..length);
                row = length;
                return run;
            };
            // Whole bytes are looked at where they say the same for eight rows.
            let skip = |mut row: usize, wanted: bool| {
                let whole = if wanted { 0xff } else { 0 };
                while row < length {
                    if row.is_multiple_of(8) && row + 8 <= length && bits.get(row / 8) == Some(&whole) {
                        row += 8;
                    } else if bit(bits, row) == wanted {
                        row += 1;
                    } else {
                        break;
                    }
                }
                row
            };
            let start = skip(row, false);
            row = skip(start, true);
            (start < row).then_some(start..row)
        })
    }

    /// The number in a row, unless it is null.
    #[inline]
    pub fn get<T: Native>(&self, row: usize) -> Option<T> {
        self.is_valid(row).then(|| at(&self.values, row)).flatten()
    }

    /// The truth value in a row of a `bool` column, unless it is null.
    #[inline]
    pub fn boolean(&self, row: usize) -> Option<bool> {
        self.is_valid(row).then(|| bit(&self.values, row))
    }

    /// The bytes in a row of a text or binary column with 32-bit offsets, unless it is null.
    #[inline]
    pub fn bytes(&self, row: usize) -> Option<&[u8]> {
        if !self.is_valid(row) {
            return None;
        }
        self.values.get(self.items(row)?)
    }

    /// The bytes in a row of a `large_utf8` or `large_binary` column, which has 64-bit offsets, unless it is null.
    #[inline]
    pub fn large_bytes(&self, row: usize) -> Option<&[u8]> {
        let offsets = self.offsets.as_deref().filter(|_| self.is_valid(row))?;
        let (start, end) = (at::<u64>(offsets, row)?, at::<u64>(offsets, row + 1)?);
        self.values.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    /// The text in a row of a `utf8` column, unless it is null.
    #[inline]
    pub fn text(&self, row: usize) -> Option<&str> {
        self.bytes(row).and_then(|bytes| str::from_utf8(bytes).ok())
    }

    /// Where the items of a row of a list with 32-bit offsets stand in its child.
    #[inline]
    pub fn items(&self, row: usize) -> Option<std::ops::Range<usize>> {
        let offsets = self.offsets.as_deref()?;
        Some(at::<u32>(offsets, row)? as usize..at::<u32>(offsets, row + 1)? as usize)
    }
}

#[inline]
fn bit(bits: &[u8], at: usize) -> bool {
    bits.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1)
}

#[inline]
fn at<T: Native>(values: &[u8], index: usize) -> Option<T> {
    values.get(index * T::WIDTH..(index + 1) * T::WIDTH).map(T::of)
}

#[cfg(test)]
mod tests {
    use crate::builders::{BooleanBuilder, ListBuilder, PrimitiveBuilder, TextBuilder};

    #[test]
    fn rows_come_in_runs_and_are_mapped_together() {
        let mut builder = PrimitiveBuilder::<i64>::default();
        for row in 0..100 {
            match row % 29 {
                0 => builder.push_null(),
                _ => builder.push(row),
            }
        }
        let level = builder.finish();
        let runs: Vec<_> = level.valid_runs().collect();
        assert_eq!(runs, [1..29, 30..58, 59..87, 88..100]);
        let doubled = level.map(|value: i64| value as f64 * 2.0);
        assert_eq!((doubled.get::<f64>(0), doubled.get::<f64>(1), doubled.null_count), (None, Some(2.0), 4));
        let whole = PrimitiveBuilder::<i64>::default().finish();
        assert_eq!(whole.valid_runs().count(), 0);
    }

    #[test]
    fn text_reads_back() {
        let mut builder = TextBuilder::default();
        builder.push("grün".as_bytes());
        builder.push_null();
        builder.push(b"");
        let level = builder.finish().unwrap();
        assert_eq!((level.text(0), level.text(1), level.text(2), level.text(3)), (Some("grün"), None, Some(""), None));
    }

    #[test]
    fn truth_and_lists_read_back() {
        let mut builder = BooleanBuilder::default();
        builder.push(true);
        builder.push_null();
        let level = builder.finish();
        assert_eq!((level.boolean(0), level.boolean(1), level.boolean(2)), (Some(true), None, None));
        let mut lists = ListBuilder::default();
        lists.push(2);
        lists.push(3);
        assert_eq!(lists.finish().items(1), Some(2..5));
    }
}
