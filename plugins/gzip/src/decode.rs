//! Inflates the members of a gzip stream, straight into the reader's buffer.

use flate2::{Decompress, FlushDecompress, Status};
use jackfield_sdk::{Failure, SourceReader};
use std::io::{self, BufRead, Read};

/// The largest window there is, which reads all others.
const WINDOW_BITS: u8 = 15;

pub(crate) struct Decoder {
    input: SourceReader,
    state: State,
}

enum State {
    /// In front of a member; the first must be there, others may be.
    Between {
        first: bool,
    },
    /// `empty` while not a byte of it was seen.
    Member {
        inflate: Box<Decompress>,
        empty: bool,
    },
    Ended,
}

impl Decoder {
    pub(crate) fn new(input: SourceReader) -> Self {
        Decoder { input, state: State::Between { first: true } }
    }

    /// Opens the next member, unless the input ends, behind which some archivers pad with zeros.
    fn open(&mut self, first: bool) -> io::Result<State> {
        while !first {
            let Some(next) = self.input.fill_buf()?.first() else { return Ok(State::Ended) };
            match next {
                0 => self.input.consume(1),
                0x1f => break,
                _ => return Err(self.failure("trailing-data", "there is something that is no gzip data behind it")),
            }
        }
        Ok(State::Member { inflate: Box::new(Decompress::new_gzip(WINDOW_BITS)), empty: true })
    }

    fn failure(&self, code: &str, what: &str) -> io::Error {
        let at = self.input.position();
        Failure::invalid_input(code, format!("the gzip data is damaged: {what} (at byte {at})")).into()
    }

    fn truncated(&self, empty: bool) -> io::Error {
        let message = match (self.input.position(), empty) {
            (0, _) => "the gzip data is truncated: it is empty".to_owned(),
            (at, _) => format!("the gzip data is truncated: it ends in the middle (at byte {at})"),
        };
        Failure::invalid_input("truncated", message).with_help("fetch or write the file again").into()
    }
}

impl Read for Decoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            let (inflate, empty) = match &mut self.state {
                State::Ended => break,
                State::Between { first } => {
                    let first = *first;
                    self.state = self.open(first)?;
                    continue;
                }
                State::Member { inflate, empty } => (inflate, empty),
            };
            let piece = self.input.fill_buf()?;
            if piece.is_empty() {
                let empty = *empty;
                return Err(self.truncated(empty));
            }
            *empty = false;
            let (read, written) = (inflate.total_in(), inflate.total_out());
            let status = inflate.decompress(piece, buffer, FlushDecompress::None);
            let (read, written) = ((inflate.total_in() - read) as usize, (inflate.total_out() - written) as usize);
            self.input.consume(read);
            match status {
                Ok(Status::StreamEnd) => self.state = State::Between { first: false },
                Ok(Status::Ok) => {}
                Ok(Status::BufError) if read + written > 0 => {}
                Ok(Status::BufError) => return Err(self.failure("invalid-data", "it does not go on")),
                Err(error) => return Err(self.damaged(error.message().unwrap_or("not deflate data"))),
            }
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}

impl Decoder {
    /// `what` in the words of zlib.
    fn damaged(&self, what: &str) -> io::Error {
        match what {
            "incorrect data check" => self.failure("checksum", "its checksum does not match"),
            "incorrect length check" => self.failure("checksum", "its length does not match"),
            "incorrect header check" => self.failure("not-gzip", "it does not begin like gzip data"),
            what => self.failure("invalid-data", what),
        }
    }
}
