//! Text columns under construction, and their reading.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

use super::promote::internal;
use super::values::Input;
use crate::{Failure, Meter};

/// Asked for at once, at least.
const STEP: usize = 64 << 10;

/// A text column that asks for memory before it grows, and never grows beyond what its offsets can tell.
#[derive(Debug)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    offsets: Vec<i32>,
}

impl Writer {
    /// A column of `rows` rows that will need about `bytes` bytes.
    pub(super) fn new(rows: usize, bytes: usize, meter: &mut dyn Meter) -> Result<Self, Failure> {
        let bytes = bytes.min(i32::MAX as usize);
        meter.allocate((rows * 4 + 4 + bytes) as u64)?;
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Ok(Self { bytes: Vec::with_capacity(bytes), offsets })
    }

    /// Adds to the current row.
    pub(super) fn push(&mut self, text: &str, meter: &mut dyn Meter) -> Result<(), Failure> {
        let length = self.bytes.len() + text.len();
        if length > self.bytes.capacity() {
            self.make_room(length, meter)?;
        }
        self.bytes.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// Makes room for so many further bytes, so that a long row is refused before any of it is written.
    pub(super) fn reserve(&mut self, bytes: usize, meter: &mut dyn Meter) -> Result<(), Failure> {
        let length = self.bytes.len().saturating_add(bytes);
        if length > self.bytes.capacity() { self.make_room(length, meter) } else { Ok(()) }
    }

    #[cold]
    fn make_room(&mut self, length: usize, meter: &mut dyn Meter) -> Result<(), Failure> {
        if length > i32::MAX as usize {
            return Err(Failure::limit("too-large", "the result is more than 2 GiB of text; use smaller batches"));
        }
        let capacity = (self.bytes.capacity() * 2).max(length).max(STEP).min(i32::MAX as usize);
        meter.work((self.bytes.len() / 8) as u64)?;
        // The bytes move, so that for a moment there is all of the new beside the old.
        meter.allocate(capacity as u64)?;
        self.bytes.reserve_exact(capacity - self.bytes.len());
        Ok(())
    }

    /// Ends the current row.
    pub(super) fn end_row(&mut self) {
        // `make_room` keeps the length within 2 GiB.
        self.offsets.push(i32::try_from(self.bytes.len()).unwrap_or(i32::MAX));
    }

    /// The column.
    pub(super) fn finish(self, nulls: Option<NullBuffer>) -> Result<ArrayRef, Failure> {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        let array = StringArray::try_new(offsets, Buffer::from_vec(self.bytes), nulls).map_err(internal)?;
        Ok(Arc::new(array))
    }
}

/// A text argument, column or scalar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Texts<'a> {
    array: &'a StringArray,
    scalar: bool,
}

impl<'a> Texts<'a> {
    pub(super) fn of(input: &'a Input) -> Self {
        Self { array: input.array.as_string::<i32>(), scalar: input.scalar }
    }

    /// The text of a row; empty or left over where it is null.
    pub(super) fn get(&self, row: usize) -> &'a str {
        self.array.value(if self.scalar { 0 } else { row })
    }

    /// Bytes of all rows.
    pub(super) fn bytes(&self) -> usize {
        let offsets = self.array.value_offsets();
        match (offsets.first(), offsets.last()) {
            (Some(first), Some(last)) => (last - first) as usize,
            _ => 0,
        }
    }
}

/// The bytes behind a text column's rows, with its offsets from 0.
pub(super) fn parts(array: &StringArray) -> (&[u8], Vec<i32>) {
    let offsets = array.value_offsets();
    let (first, last) = (offsets.first().copied().unwrap_or(0), offsets.last().copied().unwrap_or(0));
    let bytes = array.value_data().get(first as usize..last as usize).unwrap_or_default();
    (bytes, offsets.iter().map(|offset| offset - first).collect())
}

/// The rows' bytes without their offsets.
pub(super) fn bytes(array: &StringArray) -> &[u8] {
    let offsets = array.value_offsets();
    let (first, last) = (offsets.first().copied().unwrap_or(0), offsets.last().copied().unwrap_or(0));
    array.value_data().get(first as usize..last as usize).unwrap_or_default()
}
