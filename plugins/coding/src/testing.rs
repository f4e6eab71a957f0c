//! For unit tests of codecs: input that comes in small pieces with pauses between them, and what must hold of every codec.

use jackfield_sdk::Failure;
use std::io::{self, BufRead, Read};

/// Bytes in pieces of some size, with a pause in front of each.
#[derive(Debug)]
pub struct Pausing<'a> {
    rest: &'a [u8],
    piece: usize,
    /// What is left of this piece.
    left: usize,
    paused: bool,
}

impl<'a> Pausing<'a> {
    /// The bytes in pieces of `piece` bytes.
    pub fn new(bytes: &'a [u8], piece: usize) -> Pausing<'a> {
        Pausing { rest: bytes, piece, left: 0, paused: false }
    }
}

impl BufRead for Pausing<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 && !self.rest.is_empty() {
            self.paused = !self.paused;
            if self.paused {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.left = self.piece.min(self.rest.len());
        }
        Ok(self.rest.get(..self.left).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.rest = self.rest.get(amount..).unwrap_or_default();
        self.left -= amount.min(self.left);
    }
}

impl Read for Pausing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

/// All that a decoder gives, asked for in odd amounts and again after pauses.
///
/// # Errors
/// The decoder's failure.
pub fn read_all(decoder: &mut dyn Read) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let mut buffer = vec![0; 777];
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) => return Ok(text),
            Ok(count) => text.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Text that compresses, with parts that do not.
pub fn sample(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut text = Vec::with_capacity(bytes + 64);
    while text.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let line = format!("{},{:x},carrier {}\n", text.len(), state, state >> 61);
        text.extend_from_slice(line.as_bytes());
    }
    text.truncate(bytes);
    text
}
