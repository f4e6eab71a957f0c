//! Takes a file apart: its header, then blocks, each behind a count and a length and in front of a marker.

use crate::block::{Compression, MOST, too_large};
use crate::decode::Cursor;
use crate::schema::{self, Node};
use jackfield_sdk::{Failure, Piece};

/// Where pieces of at most so many bytes come from.
pub(crate) type Pull = Box<dyn FnMut(u32) -> Result<Piece, Failure>>;

pub(crate) const MAGIC: &[u8] = b"Obj\x01";

const PIECE: u32 = 1 << 20;
/// The most bytes that a header may have.
const MOST_HEADER: usize = 16 << 20;

/// Why there is nothing.
#[derive(Debug)]
pub(crate) enum Stop {
    Pause,
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Failed(failure)
    }
}

/// What a file says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) node: Node,
    compression: Compression,
    marker: [u8; 16],
}

/// Some records, decompressed.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) bytes: Vec<u8>,
    pub(crate) count: u64,
    /// Where it begins in the file.
    pub(crate) begin: u64,
}

/// A file.
pub(crate) struct Container {
    pull: Pull,
    /// What was read and not used, from `start` on.
    buffer: Vec<u8>,
    start: usize,
    /// Bytes of the file in front of the buffer.
    passed: u64,
    ended: bool,
}

impl std::fmt::Debug for Container {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Container").field("at", &self.at()).field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Container {
    pub(crate) fn new(pull: Pull) -> Container {
        Container { pull, buffer: Vec::new(), start: 0, passed: 0, ended: false }
    }

    fn at(&self) -> u64 {
        self.passed + self.start as u64
    }

    /// Reads until so many unused bytes are there, or the file ends.
    fn ensure(&mut self, count: usize) -> Result<bool, Stop> {
        while self.buffer.len() - self.start < count && !self.ended {
            match (self.pull)(PIECE)? {
                Piece::Data(bytes) if self.start == self.buffer.len() => {
                    self.passed += self.buffer.len() as u64;
                    (self.buffer, self.start) = (bytes, 0);
                }
                Piece::Data(bytes) => {
                    self.passed += self.start as u64;
                    self.buffer.drain(..self.start);
                    self.start = 0;
                    self.buffer.extend_from_slice(&bytes);
                }
                Piece::Pause => return Err(Stop::Pause),
                Piece::End => self.ended = true,
            }
        }
        Ok(self.buffer.len() - self.start >= count)
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn truncated(&self) -> Failure {
        let at = self.passed + self.buffer.len() as u64;
        let message = match at {
            0 => "the file is empty".to_owned(),
            at => format!("the file ends in the middle (at byte {at})"),
        };
        Failure::invalid_input("truncated", message).with_help("fetch or write the file again")
    }

    fn damaged(&self, what: &str) -> Failure {
        Failure::invalid_input("invalid-data", format!("the file is damaged: {what} (at byte {})", self.at()))
    }

    /// The header; after a pause it is asked for again.
    pub(crate) fn header(&mut self) -> Result<Header, Stop> {
        let mut wanted = MAGIC.len();
        loop {
            let there = self.ensure(wanted)?;
            let rest = self.rest();
            let head = rest.get(..MAGIC.len().min(rest.len())).unwrap_or_default();
            if !MAGIC.starts_with(head) {
                let failure = Failure::invalid_input("not-avro", "the file does not begin like an Avro container file");
                return Err(failure.with_help("say `format` if it is of another one").into());
            }
            if !there {
                return Err(self.truncated().into());
            }
            if let Some((header, length)) = read_header(rest).map_err(|wrong| self.header_failure(wrong))? {
                self.start += length;
                return Ok(header);
            }
            if rest.len() > MOST_HEADER {
                return Err(self.damaged("its header does not end").into());
            }
            wanted = self.rest().len() + 1;
        }
    }

    fn header_failure(&self, wrong: Result<Failure, &'static str>) -> Failure {
        wrong.unwrap_or_else(|what| self.damaged(what))
    }

    /// The next block, `None` at the end; after a pause it is asked for again.
    pub(crate) fn block(&mut self, header: &Header) -> Result<Option<Block>, Stop> {
        if !self.ensure(1)? {
            return Ok(None);
        }
        // Two numbers of at most ten bytes each.
        self.ensure(20)?;
        let mut cursor = Cursor::new(self.rest(), 0);
        let (count, size) = match (cursor.long(), cursor.long()) {
            (Ok(count), Ok(size)) => (count, size),
            _ if self.rest().len() < 20 => return Err(self.truncated().into()),
            _ => return Err(self.damaged("a block has no length").into()),
        };
        let (Ok(count), Ok(size)) = (u64::try_from(count), usize::try_from(size)) else {
            return Err(self.damaged("a block has an impossible length").into());
        };
        if size > MOST {
            return Err(too_large().into());
        }
        let begin = cursor.at;
        if !self.ensure(begin + size + header.marker.len())? {
            return Err(self.truncated().into());
        }
        let rest = self.rest();
        if rest.get(begin + size..).is_none_or(|behind| !behind.starts_with(&header.marker)) {
            return Err(self.damaged("a block does not end with the file's marker").into());
        }
        let bytes = rest.get(begin..begin + size).unwrap_or_default();
        let bytes = header.compression.decompress(bytes).map_err(|failure| Failure {
            message: format!("{} (the block at byte {})", failure.message, self.at()),
            ..failure
        })?;
        let block = Block { bytes, count, begin: self.at() };
        self.start += begin + size + header.marker.len();
        Ok(Some(block))
    }
}

/// The header in front of some bytes, and its length; `None` if it does not end in them.
fn read_header(bytes: &[u8]) -> Result<Option<(Header, usize)>, Result<Failure, &'static str>> {
    let mut cursor = Cursor::new(bytes, MAGIC.len());
    let (mut schema, mut codec) = (None, "null".to_owned());
    loop {
        let Some(count) = number(&mut cursor).map_err(Err)? else { return Ok(None) };
        if count == 0 {
            break;
        }
        if count < 0 && number(&mut cursor).map_err(Err)?.is_none() {
            return Ok(None);
        }
        for _ in 0..count.unsigned_abs() {
            let Some(key) = sized(&mut cursor).map_err(Err)? else { return Ok(None) };
            let Some(value) = sized(&mut cursor).map_err(Err)? else { return Ok(None) };
            match key {
                b"avro.schema" => schema = Some(value),
                b"avro.codec" => codec = String::from_utf8_lossy(value).into_owned(),
                _ => {}
            }
        }
    }
    let Some(marker) = bytes.get(cursor.at..).and_then(|rest| rest.first_chunk::<16>()) else { return Ok(None) };
    let compression = Compression::named(&codec).ok_or_else(|| {
        let message = format!("the file's blocks are compressed with {codec:?}, which is not known");
        Ok(Failure::invalid_input("not-supported", message)
            .with_help("known are null, deflate, snappy, bzip2, xz and zstandard"))
    })?;
    let node = schema::parse(schema.ok_or(Err("its header has no schema"))?).map_err(Ok)?;
    Ok(Some((Header { node, compression, marker: *marker }, cursor.at + 16)))
}

/// A number, `None` if it does not end in the bytes.
fn number(cursor: &mut Cursor) -> Result<Option<i64>, &'static str> {
    let begin = cursor.at;
    match cursor.long() {
        Ok(number) => Ok(Some(number)),
        Err(_) if cursor.bytes.len() - begin < 10 => Ok(None),
        Err(wrong) => Err(wrong),
    }
}

fn sized<'b>(cursor: &mut Cursor<'b>) -> Result<Option<&'b [u8]>, &'static str> {
    let Some(size) = number(cursor)? else { return Ok(None) };
    let size =
        usize::try_from(size).ok().filter(|size| *size <= MOST_HEADER).ok_or("its header has an impossible length")?;
    let text = cursor.bytes.get(cursor.at..cursor.at + size);
    cursor.at += text.map_or(0, <[u8]>::len);
    Ok(text)
}
