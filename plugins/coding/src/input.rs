//! Compressed input: it counts what is behind it, and gathers the fields of a frame however the source cuts them.

use jackfield_sdk::Failure;
use std::io::{self, BufRead};

/// The most that is reserved for a field before its bytes have come: its length is only a claim.
const RESERVED: usize = 64 << 10;

/// The compressed bytes of a codec.
#[derive(Debug)]
pub struct Input<R> {
    reader: R,
    /// The codec's name, for messages.
    codec: &'static str,
    at: u64,
    gathered: Vec<u8>,
}

impl<R: BufRead> Input<R> {
    /// Input of the codec of this name.
    pub fn new(codec: &'static str, reader: R) -> Input<R> {
        Input { reader, codec, at: 0, gathered: Vec::new() }
    }

    /// Bytes that are behind us.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// What is there to be read, nothing at the end.
    ///
    /// # Errors
    /// The source's; `WouldBlock` for a pause.
    pub fn fill(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    /// Goes past some bytes of what [`fill`](Input::fill) gave.
    pub fn consume(&mut self, bytes: usize) {
        self.reader.consume(bytes);
        self.at += bytes as u64;
    }

    /// Where the field begins that is being gathered, or the next one.
    pub fn begin(&self) -> u64 {
        self.at - self.gathered.len() as u64
    }

    /// The first byte of the field that is being gathered, or the next one; `None` at the end.
    ///
    /// # Errors
    /// The source's.
    pub fn peek(&mut self) -> io::Result<Option<u8>> {
        match self.gathered.first() {
            Some(first) => Ok(Some(*first)),
            None => Ok(self.fill()?.first().copied()),
        }
    }

    /// The next `count` bytes, which must be there. After a pause it is called again with the same count, and goes on.
    ///
    /// # Errors
    /// The source's, or `truncated`.
    pub fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        self.gather(count)?;
        Ok(std::mem::take(&mut self.gathered))
    }

    /// Like [`take`](Input::take) for a field of fixed size.
    ///
    /// # Errors
    /// The source's, or `truncated`.
    pub fn take_array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        self.gather(N)?;
        let field = self.gathered.first_chunk().copied().unwrap_or([0; N]);
        self.gathered.clear();
        Ok(field)
    }

    fn gather(&mut self, count: usize) -> io::Result<()> {
        self.gathered.reserve(count.min(RESERVED).saturating_sub(self.gathered.len()));
        while self.gathered.len() < count {
            let piece = self.reader.fill_buf()?;
            if piece.is_empty() {
                return Err(self.truncated());
            }
            let taken = piece.len().min(count - self.gathered.len());
            self.gathered.extend_from_slice(piece.get(..taken).unwrap_or_default());
            self.consume(taken);
        }
        Ok(())
    }

    /// Goes past `left` bytes, counting them down, so that it can be called again after a pause.
    ///
    /// # Errors
    /// The source's, or `truncated`.
    pub fn skip(&mut self, left: &mut u64) -> io::Result<()> {
        while *left > 0 {
            let piece = self.reader.fill_buf()?.len();
            if piece == 0 {
                return Err(self.truncated());
            }
            let passed = usize::try_from(*left).unwrap_or(usize::MAX).min(piece);
            self.consume(passed);
            *left -= passed as u64;
        }
        Ok(())
    }

    /// The data is damaged here.
    pub fn damaged(&self, code: &str, what: &str) -> io::Error {
        self.damaged_at(self.at, code, what)
    }

    /// The data is damaged at this byte.
    pub fn damaged_at(&self, at: u64, code: &str, what: &str) -> io::Error {
        Failure::invalid_input(code, format!("the {} data is damaged: {what} (at byte {at})", self.codec)).into()
    }

    /// Something else follows the data.
    pub fn trailing(&self, at: u64) -> io::Error {
        let what = format!("there is something that is no {} data behind it", self.codec);
        let failure = Failure::invalid_input(
            "trailing-data",
            format!("the {} data is damaged: {what} (at byte {at})", self.codec),
        );
        failure.with_help(format!("cut the file at byte {at}, or write it again")).into()
    }

    /// The data ends before its end.
    pub fn truncated(&self) -> io::Error {
        let message = match self.at {
            0 => format!("the {} data is truncated: it is empty", self.codec),
            at => format!("the {} data is truncated: it ends in the middle (at byte {at})", self.codec),
        };
        Failure::invalid_input("truncated", message).with_help("fetch or write the file again").into()
    }

    /// It would take more memory than there is.
    pub fn too_large(&self, what: &str, help: &str) -> io::Error {
        Failure::limit("too-large", format!("the {} data needs {what}", self.codec)).with_help(help).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Pausing;

    #[test]
    fn fields_are_gathered_across_pauses() {
        let mut input = Input::new("test", Pausing::new(b"abcdefghij", 3));
        let mut again = |count: usize| loop {
            match input.take(count) {
                Ok(bytes) => return bytes,
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        };
        assert_eq!(again(4), b"abcd");
        assert_eq!(again(5), b"efghi");
        let left = loop {
            match input.take(4) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                left => break left,
            }
        };
        assert_eq!(Failure::from(left.unwrap_err()).code, "truncated");
        assert_eq!(input.at(), 10);
    }
}
