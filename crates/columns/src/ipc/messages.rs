//! The messages of an IPC stream, looked at before arrow reads them: what each may cost is asked for first.

use std::collections::HashMap;

use arrow::buffer::Buffer;
use arrow::datatypes::Schema;
use arrow::ipc::convert::try_fb_to_schema;
use arrow::ipc::{MessageHeader, RecordBatch, root_as_message};

use super::{guarded, wrong};
use crate::{Failure, Meter};

/// What goes wrong, for messages.
const READING: &str = "reading";

/// Stands before the length of a message, except in very old streams.
const CONTINUATION: u32 = u32::MAX;

/// What is known of a stream so far.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// Bytes of each dictionary, by its number.
    dictionaries: HashMap<i64, u64>,
}

/// The next message of a stream.
#[derive(Debug)]
pub(super) struct Next {
    /// Its bytes, from the marker to the end of its body.
    pub(super) bytes: Buffer,
    /// What it says, if it is a schema.
    pub(super) schema: Option<Schema>,
}

impl Messages {
    /// Takes the next message off `rest` and asks for what reading it allocates: buffers may be told to overlap, and a
    /// dictionary that grows is copied whole each time.
    pub(super) fn next(&mut self, rest: &mut Buffer, meter: &mut dyn Meter) -> Result<Next, Failure> {
        let truncated = || wrong(READING, "the bytes end within a message");
        let word = |at: usize| {
            let bytes = rest.get(at..at + 4).and_then(|bytes| bytes.first_chunk::<4>());
            bytes.map(|bytes| u32::from_le_bytes(*bytes)).ok_or_else(truncated)
        };
        let (begin, length) = match word(0)? {
            CONTINUATION => (8, word(4)?),
            length => (4, length),
        };
        let end_of_stream = length == 0;
        let header = rest.get(begin..begin + length as usize).ok_or_else(truncated)?;
        let mut end = begin + header.len();
        let mut schema = None;
        meter.work(header.len() as u64 / 8 + 1)?;
        if !end_of_stream {
            let message = guarded(READING, || root_as_message(header).map_err(|error| malformed(&error)))?;
            let body = usize::try_from(message.bodyLength()).ok().and_then(|body| end.checked_add(body));
            end = body.filter(|end| *end <= rest.len()).ok_or_else(truncated)?;
            let bytes = match message.header_type() {
                MessageHeader::Schema => {
                    let told = message.header_as_schema().ok_or_else(|| wrong(READING, "a schema is expected"))?;
                    schema = Some(guarded(READING, || try_fb_to_schema(told))?);
                    0
                }
                MessageHeader::RecordBatch => message.header_as_record_batch().map_or(0, told_bytes),
                MessageHeader::DictionaryBatch => match message.header_as_dictionary_batch() {
                    Some(batch) => {
                        let bytes = batch.data().map_or(0, told_bytes);
                        let held = self.dictionaries.entry(batch.id()).or_default();
                        *held = if batch.isDelta() { held.saturating_add(bytes) } else { bytes };
                        *held
                    }
                    None => 0,
                },
                _ => 0,
            };
            meter.allocate(bytes)?;
            meter.work(bytes / 8)?;
        }
        let bytes = rest.slice_with_length(0, end);
        rest.advance(end);
        Ok(Next { bytes, schema })
    }
}

fn malformed(error: &impl std::fmt::Debug) -> arrow::error::ArrowError {
    arrow::error::ArrowError::ParseError(format!("a message is malformed: {error:?}"))
}

/// Bytes of all buffers as the message tells them; one part of the body may be told for many.
fn told_bytes(batch: RecordBatch<'_>) -> u64 {
    let lengths = batch.buffers().into_iter().flatten().map(|buffer| u64::try_from(buffer.length()).unwrap_or(0));
    lengths.fold(0, u64::saturating_add)
}
