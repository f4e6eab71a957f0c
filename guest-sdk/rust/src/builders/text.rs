//! Text and bytes of varying length.

use super::Validity;
use crate::{Buffers, Failure};

/// The most that 32-bit offsets reach, in bytes.
const MOST: usize = i32::MAX as usize;

/// Builds the level of a `utf8` or `binary` column (32-bit offsets). The host checks that text is UTF-8.
#[derive(Clone, Debug)]
pub struct TextBuilder {
    offsets: Vec<u8>,
    bytes: Vec<u8>,
    validity: Validity,
}

impl Default for TextBuilder {
    fn default() -> Self {
        Self::with_capacity(0, 0)
    }
}

impl TextBuilder {
    /// Room for this many values of this many bytes together.
    pub fn with_capacity(values: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity((values + 1) * 4);
        offsets.extend_from_slice(&[0; 4]);
        TextBuilder { offsets, bytes: Vec::with_capacity(bytes), validity: Validity::default() }
    }

    /// Appends a value.
    #[inline]
    pub fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.close(true);
    }

    /// Appends a null.
    #[inline]
    pub fn push_null(&mut self) {
        self.close(false);
    }

    /// Appends a value or a null.
    #[inline]
    pub fn push_option(&mut self, value: Option<&[u8]>) {
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.close(value.is_some());
    }

    /// Appends several values that stand one behind the other in `run`; `ends` are the ends of each in it, rising.
    pub fn push_run(&mut self, run: &[u8], ends: impl IntoIterator<Item = usize>) {
        let base = self.bytes.len();
        let mut count = 0;
        for end in ends {
            self.offsets.extend_from_slice(&offset(base + end.min(run.len())));
            count += 1;
        }
        self.bytes.extend_from_slice(run);
        self.validity.push_run(true, count);
    }

    /// Appends many nulls.
    pub fn push_nulls(&mut self, count: usize) {
        let end = offset(self.bytes.len());
        (0..count).for_each(|_| self.offsets.extend_from_slice(&end));
        self.validity.push_run(false, count);
    }

    /// The bytes of the value that is being written: append, then [`close`](Self::close).
    #[inline]
    pub fn open(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Ends the value whose bytes were appended to [`open`](Self::open); a null has none.
    #[inline]
    pub fn close(&mut self, valid: bool) {
        self.offsets.extend_from_slice(&offset(self.bytes.len()));
        self.validity.push(valid);
    }

    /// Number of values so far.
    pub fn len(&self) -> usize {
        self.validity.len()
    }

    /// Whether there are no values yet.
    pub fn is_empty(&self) -> bool {
        self.validity.is_empty()
    }

    /// Number of bytes so far.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The level.
    ///
    /// # Errors
    /// `too-large` where the bytes are more than 32-bit offsets reach.
    pub fn finish(self) -> Result<Buffers, Failure> {
        if self.bytes.len() > MOST {
            let message = "a text column of one batch holds at most 2 GiB";
            return Err(Failure::limit("too-large", message).with_help("make smaller batches"));
        }
        Ok(self.validity.finish(Some(self.offsets), self.bytes))
    }
}

/// Wraps beyond 4 GiB, which [`TextBuilder::finish`] refuses.
#[inline]
fn offset(at: usize) -> [u8; 4] {
    (at as u32).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(level: &Buffers) -> Vec<u8> {
        level.offsets.as_deref().unwrap().iter().copied().step_by(4).collect()
    }

    #[test]
    fn values_nulls_and_runs_follow_one_another() {
        let mut builder = TextBuilder::default();
        builder.push(b"one");
        builder.push_null();
        builder.push_run(b"twothree", [3, 8]);
        builder.open().extend_from_slice(b"4");
        builder.close(true);
        let level = builder.finish().unwrap();
        assert_eq!(level.values, b"onetwothree4");
        assert_eq!(offsets(&level), [0, 3, 3, 6, 11, 12]);
        assert_eq!(level.validity, Some(vec![0b11101]));
    }

    #[test]
    fn no_values_still_have_an_offset() {
        assert_eq!(offsets(&TextBuilder::default().finish().unwrap()), [0]);
    }
}
