//! Numbers, dates and times.

use super::Validity;
use crate::Buffers;

/// A number of a fixed width, stored little-endian.
pub trait Native: Copy + Default + 'static {
    /// Width in bytes.
    const WIDTH: usize;
    /// Appends the value's bytes.
    fn append(self, bytes: &mut Vec<u8>);
    /// The value of `WIDTH` bytes; of fewer, the default.
    fn of(bytes: &[u8]) -> Self;
}

macro_rules! native {
    ($($number:ty),+) => {
        $(impl Native for $number {
            const WIDTH: usize = size_of::<$number>();
            #[inline]
            fn append(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
            #[inline]
            fn of(bytes: &[u8]) -> Self {
                bytes.try_into().map(Self::from_le_bytes).unwrap_or_default()
            }
        })+
    };
}
native!(i8, i16, i32, i64, i128, u8, u16, u32, u64, f32, f64);

/// Builds the level of a column of numbers; of dates (`i32` days), times and timestamps (`i64` in the type's unit).
#[derive(Clone, Debug)]
pub struct PrimitiveBuilder<T> {
    values: Vec<u8>,
    validity: Validity,
    zero: T,
}

impl<T: Native> Default for PrimitiveBuilder<T> {
    fn default() -> Self {
        PrimitiveBuilder { values: Vec::new(), validity: Validity::default(), zero: T::default() }
    }
}

impl<T: Native> PrimitiveBuilder<T> {
    /// Room for this many values.
    pub fn with_capacity(values: usize) -> Self {
        PrimitiveBuilder { values: Vec::with_capacity(values * T::WIDTH), ..Self::default() }
    }

    /// Appends a value.
    #[inline]
    pub fn push(&mut self, value: T) {
        value.append(&mut self.values);
        self.validity.push(true);
    }

    /// Appends a null.
    #[inline]
    pub fn push_null(&mut self) {
        self.zero.append(&mut self.values);
        self.validity.push(false);
    }

    /// Appends a value or a null.
    #[inline]
    pub fn push_option(&mut self, value: Option<T>) {
        value.unwrap_or(self.zero).append(&mut self.values);
        self.validity.push(value.is_some());
    }

    /// Appends values in bulk.
    pub fn extend_from_slice(&mut self, values: &[T]) {
        self.values.reserve(values.len() * T::WIDTH);
        values.iter().for_each(|value| value.append(&mut self.values));
        self.validity.push_run(true, values.len());
    }

    /// Appends many nulls.
    pub fn push_nulls(&mut self, count: usize) {
        self.values.resize(self.values.len() + count * T::WIDTH, 0);
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
        self.validity.finish(None, self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_zeros() {
        let mut builder = PrimitiveBuilder::<i16>::default();
        builder.push(-2);
        builder.push_option(None);
        builder.extend_from_slice(&[258]);
        let level = builder.finish();
        assert_eq!(level.values, [0xfe, 0xff, 0, 0, 2, 1]);
        assert_eq!(level.validity, Some(vec![0b101]));
    }
}
