//! Bitmaps: least significant bit first, starting at bit 0.

use crate::Buffers;

/// Bits, appended one by one or in runs.
#[derive(Clone, Debug, Default)]
struct Bits {
    bytes: Vec<u8>,
    length: usize,
}

impl Bits {
    #[inline]
    fn push(&mut self, bit: bool) {
        let shift = self.length % 8;
        if shift == 0 {
            self.bytes.push(u8::from(bit));
        } else if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << shift;
        }
        self.length += 1;
    }

    fn push_run(&mut self, bit: bool, count: usize) {
        let mut left = count;
        while left > 0 && !self.length.is_multiple_of(8) {
            self.push(bit);
            left -= 1;
        }
        let whole = left / 8;
        self.bytes.resize(self.bytes.len() + whole, if bit { 0xff } else { 0 });
        self.length += whole * 8;
        for _ in 0..left % 8 {
            self.push(bit);
        }
    }
}

/// Which values are there. It holds no bitmap until the first null.
#[derive(Clone, Debug, Default)]
pub struct Validity {
    bits: Option<Bits>,
    length: usize,
    nulls: usize,
}

impl Validity {
    /// Appends one value that is there (true) or null.
    #[inline]
    pub fn push(&mut self, valid: bool) {
        if !valid {
            self.bitmap().push(false);
            self.nulls += 1;
        } else if let Some(bits) = &mut self.bits {
            bits.push(true);
        }
        self.length += 1;
    }

    /// Appends `count` values that are all there or all null.
    pub fn push_run(&mut self, valid: bool, count: usize) {
        if !valid && count > 0 {
            self.bitmap().push_run(false, count);
            self.nulls += count;
        } else if let Some(bits) = &mut self.bits {
            bits.push_run(true, count);
        }
        self.length += count;
    }

    /// Number of values so far.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are no values yet.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Number of nulls so far.
    pub fn nulls(&self) -> usize {
        self.nulls
    }

    /// The level that these belong to.
    pub fn finish(self, offsets: Option<Vec<u8>>, values: Vec<u8>) -> Buffers {
        Buffers {
            length: self.length as u32,
            null_count: self.nulls as u32,
            validity: self.bits.map(|bits| bits.bytes),
            offsets,
            values,
        }
    }

    fn bitmap(&mut self) -> &mut Bits {
        self.bits.get_or_insert_with(|| {
            let mut bits = Bits::default();
            bits.push_run(true, self.length);
            bits
        })
    }
}

/// Builds the level of a `bool` column.
#[derive(Clone, Debug, Default)]
pub struct BooleanBuilder {
    bits: Bits,
    validity: Validity,
}

impl BooleanBuilder {
    /// Appends a value.
    #[inline]
    pub fn push(&mut self, value: bool) {
        self.bits.push(value);
        self.validity.push(true);
    }

    /// Appends a null.
    pub fn push_null(&mut self) {
        self.bits.push(false);
        self.validity.push(false);
    }

    /// Appends the same value many times.
    pub fn push_run(&mut self, value: bool, count: usize) {
        self.bits.push_run(value, count);
        self.validity.push_run(true, count);
    }

    /// Appends many nulls.
    pub fn push_nulls(&mut self, count: usize) {
        self.bits.push_run(false, count);
        self.validity.push_run(false, count);
    }

    /// Number of values so far.
    pub fn len(&self) -> usize {
        self.validity.len()
    }

    /// Whether there are no values yet.
    pub fn is_empty(&self) -> bool {
        self.validity.is_empty()
    }

    /// The level.
    pub fn finish(self) -> Buffers {
        self.validity.finish(None, self.bits.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_single_bits_give_the_same_bitmap() {
        let (mut single, mut runs) = (BooleanBuilder::default(), BooleanBuilder::default());
        for (value, count) in [(true, 3), (false, 9), (true, 17), (true, 1), (false, 2)] {
            (0..count).for_each(|_| single.push(value));
            runs.push_run(value, count);
        }
        assert_eq!(runs.len(), 32);
        assert_eq!(single.finish().values, runs.finish().values);
    }

    #[test]
    fn there_is_no_bitmap_without_nulls() {
        let mut validity = Validity::default();
        validity.push_run(true, 9);
        assert!(validity.clone().finish(None, Vec::new()).validity.is_none());
        validity.push(false);
        validity.push(true);
        let level = validity.finish(None, Vec::new());
        assert_eq!(level.validity, Some(vec![0xff, 0b101]));
        assert_eq!((level.length, level.null_count), (11, 1));
    }
}
