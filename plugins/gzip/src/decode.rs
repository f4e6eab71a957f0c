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
    Member(Box<Decompress>),
    Ended,
}

impl Decoder {
    pub(crate) fn new(input: SourceReader) -> Self {
        Decoder { input, state: State::Between { first: true } }
    }

    /// Opens the next member, unless the input ends.
    fn open(&mut self, first: bool) -> io::Result<State> {
        if !first && !self.find_member()? {
            return Ok(State::Ended);
        }
        Ok(State::Member(Box::new(Decompress::new_gzip(WINDOW_BITS))))
    }

    /// Goes to the next member and says whether there is one. Some archivers pad the last one with zeros.
    fn find_member(&mut self) -> io::Result<bool> {
        loop {
            match self.input.fill_buf()?.first() {
                None => return Ok(false),
                Some(0) => self.input.consume(1),
                Some(0x1f) => return Ok(true),
                Some(_) => {
                    return Err(self.failure("trailing-data", "there is something that is no gzip data behind it"));
                }
            }
        }
    }

    fn failure(&self, code: &str, what: &str) -> io::Error {
        let at = self.input.position();
        Failure::invalid_input(code, format!("the gzip data is damaged: {what} (at byte {at})")).into()
    }

    fn truncated(&self) -> io::Error {
        let message = match self.input.position() {
            0 => "the gzip data is truncated: it is empty".to_owned(),
            at => format!("the gzip data is truncated: it ends in the middle (at byte {at})"),
        };
        Failure::invalid_input("truncated", message).with_help("fetch or write the file again").into()
    }
}

impl Read for Decoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            let inflate = match &mut self.state {
                State::Ended => break,
                State::Between { first } => {
                    let first = *first;
                    self.state = self.open(first)?;
                    continue;
                }
                State::Member(inflate) => inflate,
            };
            let piece = self.input.fill_buf()?;
            if piece.is_empty() {
                return Err(self.truncated());
            }
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
