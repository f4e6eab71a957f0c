//! The host's byte streams as `std::io` readers and writers.
//!
//! A failure of the host travels inside the `io::Error`; [`Failure::from`](crate::Failure) takes it out again. A stream
//! with nothing to give for now gives an error of the kind `WouldBlock`; where such an error comes out of a
//! [`Codec`](crate::Codec)'s reader the SDK answers the host with a pause and asks the reader again later.

use crate::{Failure, Piece, Sink, Source};
use std::io::{self, BufRead, Read, Write};

/// What is asked of the host at a time, in bytes.
const PIECE: u32 = 256 << 10;

/// A source of bytes as [`Read`] and [`BufRead`], buffered already.
#[derive(Debug)]
pub struct SourceReader {
    source: Source,
    piece: Vec<u8>,
    at: usize,
    ended: bool,
    taken: u64,
}

impl SourceReader {
    /// Reads from where the source is.
    pub fn new(source: Source) -> Self {
        SourceReader { source, piece: Vec::new(), at: 0, ended: false, taken: 0 }
    }

    /// The source itself, for its name, its size and random access.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Number of bytes consumed so far.
    pub fn position(&self) -> u64 {
        self.taken
    }
}

impl BufRead for SourceReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.piece.len() && !self.ended {
            match self.source.read(PIECE)? {
                Piece::Data(bytes) => (self.piece, self.at) = (bytes, 0),
                Piece::Pause => return Err(io::ErrorKind::WouldBlock.into()),
                Piece::End => self.ended = true,
            }
        }
        Ok(self.piece.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        let amount = amount.min(self.piece.len() - self.at);
        self.at += amount;
        self.taken += amount as u64;
    }
}

impl Read for SourceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

/// A sink of bytes as [`Write`]. Small writes are gathered; what is large goes straight to the host.
#[derive(Debug)]
pub struct SinkWriter {
    sink: Sink,
    gathered: Vec<u8>,
}

impl SinkWriter {
    /// Writes behind what the sink holds.
    pub fn new(sink: Sink) -> Self {
        SinkWriter { sink, gathered: Vec::new() }
    }

    /// Number of bytes in front of what is written next; more than none at the start where a file is appended to.
    pub fn position(&self) -> u64 {
        self.sink.position() + self.gathered.len() as u64
    }

    /// Hands what was gathered to the host.
    ///
    /// # Errors
    /// The host's failure.
    pub fn hand_over(&mut self) -> Result<(), Failure> {
        if !self.gathered.is_empty() {
            self.sink.write(&self.gathered)?;
            self.gathered.clear();
        }
        Ok(())
    }
}

impl Write for SinkWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gathered.len() + bytes.len() > PIECE as usize {
            self.hand_over()?;
        }
        if bytes.len() >= PIECE as usize {
            self.sink.write(bytes)?;
        } else {
            self.gathered.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hand_over()?;
        Ok(self.sink.flush()?)
    }
}
