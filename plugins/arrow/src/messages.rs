//! The messages of a stream, looked at before arrow decodes them.

use crate::input::{Input, damaged, truncated};
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::{Endianness, MessageHeader, MetadataVersion, RecordBatch, Type, root_as_footer, root_as_message};
use arrow_schema::Schema;
use jackfield_sdk::Failure;

/// Stands before the length of a message, except in very old streams.
const CONTINUATION: u32 = u32::MAX;
/// Bytes of a message's description.
const LARGEST_HEADER: usize = 16 << 20;
/// Bytes of a message's body, and of what it unpacks to: it has to fit into a plugin's memory beside its columns.
const LARGEST_BODY: u64 = 96 << 20;

/// A message: its description, which is a flatbuffer, and its body.
pub(crate) struct Message {
    pub(crate) header: Vec<u8>,
    pub(crate) body: Buffer,
}

/// What an input is.
pub(crate) enum Kind {
    /// A file, whose end tells what is where.
    File,
    /// A stream whose first message has so many bytes.
    Stream(u32),
}

/// Looks at the first bytes.
///
/// # Errors
/// What is no Arrow data.
pub(crate) fn begin(input: &mut Input) -> Result<Kind, Failure> {
    let head = input.up_to(8)?;
    let not = |message: &str| Failure::invalid_input("not-arrow", message);
    if head.starts_with(b"ARROW1") {
        return Ok(Kind::File);
    }
    if head.starts_with(b"FEA1") {
        let message = "the file is Feather of version 1, which is not supported";
        return Err(Failure::invalid_input("not-supported", message).with_help("write it again as version 2"));
    }
    let number = |at: usize| {
        head.get(at..at + 4).and_then(|bytes| bytes.first_chunk::<4>()).map(|bytes| u32::from_le_bytes(*bytes))
    };
    match (head.len(), number(0), number(4)) {
        (0, ..) => Err(not("the file is empty, and no Arrow data is")),
        (8, Some(CONTINUATION), Some(length)) if length > 0 => Ok(Kind::Stream(length)),
        (..8, Some(CONTINUATION), _) => Err(truncated(input.position())),
        _ => Err(not("the file is no Arrow IPC: it begins neither with ARROW1 nor with a message")),
    }
}

/// A message's place in a file, with the lengths of its description and its body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    offset: u64,
    header: u64,
    body: u64,
}

/// The end of a file: its schema, and where its dictionaries and batches are.
///
/// # Errors
/// A file that is cut off or damaged.
pub(crate) fn end(input: &mut Input) -> Result<(Schema, Vec<Place>), Failure> {
    let size = input.size()?;
    if size < 24 {
        return Err(truncated(size));
    }
    let tail = input.at(size - 10, 10)?;
    let (length, magic) = tail.split_at(4);
    if magic != b"ARROW1" {
        return Err(truncated(size));
    }
    let length = length.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes)) as usize;
    if length > LARGEST_HEADER || length as u64 + 18 > size {
        return Err(damaged(format!("its table of contents should have {length} bytes")));
    }
    let bytes = input.at(size - 10 - length as u64, length)?;
    let footer =
        root_as_footer(&bytes).map_err(|error| damaged(format!("its table of contents cannot be read: {error}")))?;
    let schema = footer.schema().ok_or_else(|| damaged("it has no schema"))?;
    check_schema(schema)?;
    let schema = try_fb_to_schema(schema).map_err(|error| damaged(error.to_string()))?;
    let blocks = footer.dictionaries().into_iter().flatten().chain(footer.recordBatches().into_iter().flatten());
    let place = |block: &arrow_ipc::Block| {
        let offset = u64::try_from(block.offset()).ok()?;
        let header = u64::try_from(block.metaDataLength()).ok()?;
        let body = u64::try_from(block.bodyLength()).ok()?;
        let end = offset.checked_add(header)?.checked_add(body)?;
        (end <= size && header >= 8).then_some(Place { offset, header, body })
    };
    let places: Option<Vec<Place>> = blocks.map(place).collect();
    Ok((schema, places.ok_or_else(|| damaged("a message lies beyond the end of the file"))?))
}

/// The message at a place.
///
/// # Errors
/// Damaged data, or a message that is too large.
pub(crate) fn at(input: &mut Input, place: Place) -> Result<Message, Failure> {
    if place.body > LARGEST_BODY {
        return Err(too_large(place.body));
    }
    if place.header > LARGEST_HEADER as u64 {
        return Err(damaged(format!("the description of a message should have {} bytes", place.header)));
    }
    let mut header = input.at(place.offset, place.header as usize)?;
    let marked = header.starts_with(&CONTINUATION.to_le_bytes());
    header.drain(..if marked { 8 } else { 4 });
    let body = Buffer::from_vec(input.at(place.offset + place.header, place.body as usize)?);
    let message = root_as_message(&header).map_err(|error| damaged(format!("a message cannot be read: {error}")))?;
    check(&message, &body)?;
    Ok(Message { header, body })
}

fn word(input: &mut Input) -> Result<u32, Failure> {
    let bytes = input.exactly(4)?;
    Ok(bytes.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes)))
}

/// The next message of a stream; `None` at its end. `length`: its length, where that was read already.
///
/// # Errors
/// Truncated or damaged data, or a message that is too large.
pub(crate) fn next(input: &mut Input, length: Option<u32>) -> Result<Option<Message>, Failure> {
    let length = match length {
        Some(length) => length,
        None => match input.up_to(4)?.as_slice() {
            // A stream may simply end.
            [] => return Ok(None),
            [a, b, c, d] => u32::from_le_bytes([*a, *b, *c, *d]),
            _ => return Err(truncated(input.position())),
        },
    };
    let length = if length == CONTINUATION { word(input)? } else { length } as usize;
    if length == 0 {
        return Ok(None);
    }
    if length > LARGEST_HEADER {
        return Err(damaged(format!("the description of a message should have {length} bytes")));
    }
    let header = input.exactly(length)?;
    let message = root_as_message(&header).map_err(|error| damaged(format!("a message cannot be read: {error}")))?;
    let body = u64::try_from(message.bodyLength()).map_err(|_| damaged("a message is shorter than nothing"))?;
    let body = match usize::try_from(body) {
        Ok(size) if body <= LARGEST_BODY => input.exactly(size)?,
        _ => return Err(too_large(body)),
    };
    let body = Buffer::from_vec(body);
    check(&message, &body)?;
    Ok(Some(Message { header, body }))
}

fn too_large(bytes: u64) -> Failure {
    let message = format!("a record batch of the Arrow data has {bytes} bytes, more than {LARGEST_BODY}");
    Failure::limit("too-large", message).with_help("write it again in smaller batches")
}

/// Whether a message says what can be: arrow takes some of it for granted.
fn check(message: &arrow_ipc::Message, body: &Buffer) -> Result<(), Failure> {
    if message.version() < MetadataVersion::V4 {
        return Err(Failure::invalid_input(
            "not-supported",
            "the Arrow data is of a version before 0.8, which is not supported",
        ));
    }
    match message.header_type() {
        MessageHeader::Schema => check_schema(message.header_as_schema().ok_or_else(|| damaged("it has no schema"))?),
        MessageHeader::RecordBatch => {
            check_batch(message.header_as_record_batch().ok_or_else(|| damaged("a record batch is missing"))?, body)
        }
        MessageHeader::DictionaryBatch => {
            let batch = message.header_as_dictionary_batch().ok_or_else(|| damaged("a dictionary is missing"))?;
            check_batch(batch.data().ok_or_else(|| damaged("a dictionary has no values"))?, body)
        }
        other => {
            let message =
                format!("the Arrow data holds a message of kind {}", other.variant_name().unwrap_or("unknown"));
            Err(Failure::invalid_input("not-supported", message).with_help("only tables are supported"))
        }
    }
}

fn check_schema(schema: arrow_ipc::Schema) -> Result<(), Failure> {
    if schema.endianness() != Endianness::Little {
        let message = "the Arrow data is big-endian, which is not supported";
        return Err(Failure::invalid_input("not-supported", message));
    }
    known_types(schema.fields().into_iter().flatten())
}

/// Refuses columns of types that this version does not know.
fn known_types<'a>(fields: impl Iterator<Item = arrow_ipc::Field<'a>>) -> Result<(), Failure> {
    // The depth is bounded: the flatbuffer was checked.
    for field in fields {
        let of = field.type_type();
        if of == Type::NONE || of.variant_name().is_none() {
            let name = field.name().unwrap_or_default().to_owned();
            let message = format!("the column `{name}` has a type (number {}) that is not known here", of.0);
            return Err(Failure::invalid_input("not-supported", message).with_column(name));
        }
        known_types(field.children().into_iter().flatten())?;
    }
    Ok(())
}

fn check_batch(batch: RecordBatch, body: &Buffer) -> Result<(), Failure> {
    let rows = u64::try_from(batch.length()).ok().filter(|rows| *rows <= i32::MAX as u64);
    rows.ok_or_else(|| damaged(format!("a record batch cannot have {} rows", batch.length())))?;
    for node in batch.nodes().into_iter().flatten() {
        let fits = |count: i64| (0..=i64::from(i32::MAX)).contains(&count);
        if !fits(node.length()) || !fits(node.null_count()) || node.null_count() > node.length() {
            return Err(damaged(format!(
                "a column cannot have {} rows with {} nulls",
                node.length(),
                node.null_count()
            )));
        }
    }
    let packed = batch.compression().is_some();
    let mut unpacked = 0u64;
    for buffer in batch.buffers().into_iter().flatten() {
        let part = usize::try_from(buffer.offset()).ok().zip(usize::try_from(buffer.length()).ok());
        let part = part.and_then(|(from, length)| body.as_slice().get(from..from.checked_add(length)?));
        let part = part.ok_or_else(|| damaged("a column lies beyond the message that holds it"))?;
        if packed && !part.is_empty() {
            let told = part.first_chunk::<8>().map(|bytes| i64::from_le_bytes(*bytes));
            let told = told.filter(|told| *told >= -1).ok_or_else(|| damaged("a packed column has no length"))?;
            unpacked = unpacked.saturating_add(u64::try_from(told).unwrap_or(part.len() as u64));
        } else {
            // One part of the body may be told for many columns.
            unpacked = unpacked.saturating_add(part.len() as u64);
        }
    }
    if unpacked > LARGEST_BODY.max(body.len() as u64) {
        return Err(too_large(unpacked));
    }
    Ok(())
}
