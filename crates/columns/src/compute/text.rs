//! Text columns under construction, and their reading.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray, StringArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

use super::promote::internal;
use super::values::{Call, Input};
use crate::{Failure, Meter};

/// Asked for at once, at least.
const STEP: usize = 64 << 10;
/// Bytes that are copied between looks at the deadline.
const BLOCK: usize = 1 << 20;
/// Bytes of a text that are worked on between looks at the deadline.
pub(super) const PIECE: usize = 64 << 10;
/// A longer text is not searched for: searching begins with looking at all of it.
const MAX_SOUGHT: usize = 1 << 20;

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
        if text.len() <= BLOCK {
            self.bytes.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        for block in text.as_bytes().chunks(BLOCK) {
            meter.work(0)?;
            self.bytes.extend_from_slice(block);
        }
        Ok(())
    }

    /// Adds a text so many times. All of it is asked for before the first is written.
    pub(super) fn push_times(&mut self, text: &str, times: usize, meter: &mut dyn Meter) -> Result<(), Failure> {
        self.reserve(times.saturating_mul(text.len()), meter)?;
        let mut left = times;
        if times > 1 && text.len() < BLOCK / 2 {
            // What is written once is copied, twice as much each time.
            let begin = self.bytes.len();
            self.bytes.extend_from_slice(text.as_bytes());
            left -= 1;
            let mut block = 1;
            while left > 0 {
                if block * text.len() >= PIECE {
                    meter.work((block * text.len() / 8) as u64)?;
                }
                let copied = block.min(left);
                self.bytes.extend_from_within(begin..begin + copied * text.len());
                left -= copied;
                block = if block * 2 * text.len() < BLOCK { block * 2 } else { block };
            }
            return Ok(());
        }
        (0..left).try_for_each(|_| self.push(text, meter))
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

    /// Ends an item of a list, of which there may be more than there are rows.
    pub(super) fn end_item(&mut self, meter: &mut dyn Meter) -> Result<(), Failure> {
        if self.offsets.len() == self.offsets.capacity() {
            let more = self.offsets.capacity().max(1 << 10);
            meter.allocate(more as u64 * 8)?;
            self.offsets.reserve_exact(more);
        }
        self.end_row();
        Ok(())
    }

    /// Adds bytes, for a column of binary.
    pub(super) fn push_bytes(&mut self, bytes: &[u8], meter: &mut dyn Meter) -> Result<(), Failure> {
        let length = self.bytes.len() + bytes.len();
        if length > self.bytes.capacity() {
            self.make_room(length, meter)?;
        }
        for block in bytes.chunks(BLOCK) {
            meter.work(0)?;
            self.bytes.extend_from_slice(block);
        }
        Ok(())
    }

    /// The column as binary.
    pub(super) fn finish_binary(self, nulls: Option<NullBuffer>) -> Result<ArrayRef, Failure> {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        let array = BinaryArray::try_new(offsets, Buffer::from_vec(self.bytes), nulls).map_err(internal)?;
        Ok(Arc::new(array))
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

    /// Bytes of some rows.
    pub(super) fn bytes_of(&self, rows: &Range<usize>) -> usize {
        if self.scalar {
            return self.get(0).len().saturating_mul(rows.len());
        }
        let offsets = self.array.value_offsets();
        match (offsets.get(rows.start), offsets.get(rows.end)) {
            (Some(first), Some(last)) => (last - first) as usize,
            _ => 0,
        }
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

/// The front of a text, at most [`PIECE`] bytes of it, and the rest.
pub(super) fn front(text: &str) -> (&str, &str) {
    text.split_at(text.floor_char_boundary(PIECE))
}

/// The text without its end, and the end, at most [`PIECE`] bytes of it.
pub(super) fn back(text: &str) -> (&str, &str) {
    text.split_at(text.ceil_char_boundary(text.len().saturating_sub(PIECE)))
}

/// A text in pieces of at most [`PIECE`] bytes, cut between characters.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let piece;
        (piece, rest) = front(rest);
        Some(piece)
    })
}

/// How many characters a text has.
pub(super) fn count_characters(text: &str, call: &mut Call) -> Result<usize, Failure> {
    let mut count = 0;
    for piece in pieces(text) {
        call.tick(piece.len() / 4)?;
        count += piece.chars().count();
    }
    Ok(count)
}

/// Where character number `index`, from 0, begins; the text's length if it has not so many.
pub(super) fn place_of(text: &str, index: usize, call: &mut Call) -> Result<usize, Failure> {
    let (mut left, mut place) = (index, 0);
    for piece in pieces(text) {
        call.tick(piece.len() / 4)?;
        if piece.is_ascii() {
            if left < piece.len() {
                return Ok(place + left);
            }
            left -= piece.len();
        } else {
            let count = piece.chars().count();
            if left < count {
                return Ok(place + piece.char_indices().nth(left).map_or(0, |(byte, _)| byte));
            }
            left -= count;
        }
        place += piece.len();
    }
    Ok(place)
}

/// Where `pattern` first occurs from byte `from` on, which is a character's begin.
pub(super) fn find(text: &str, pattern: &str, from: usize, call: &mut Call) -> Result<Option<usize>, Failure> {
    if pattern.len() > MAX_SOUGHT {
        return Err(Failure::limit("too-large", "a text of more than 1 MiB cannot be searched for"));
    }
    let window = PIECE.max(pattern.len());
    let mut from = from;
    while let Some(rest) = text.get(from..).filter(|rest| rest.len() >= pattern.len()) {
        // Windows overlap by the pattern, so that no occurrence lies across an edge.
        let end = rest.ceil_char_boundary(window + pattern.len());
        call.tick(end.min(rest.len()))?;
        if let Some(found) = rest.get(..end).and_then(|window| window.find(pattern)) {
            return Ok(Some(from + found));
        }
        if end >= rest.len() {
            break;
        }
        from += rest.floor_char_boundary(window);
    }
    Ok(None)
}
