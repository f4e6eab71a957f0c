//! Inflates the members of a gzip stream, straight into the reader's buffer.

use flate2::{Decompress, FlushDecompress, Status};
use jackfield_sdk::Failure;
use std::io::{self, BufRead, Read};

/// The largest window there is, which reads all others.
const WINDOW_BITS: u8 = 15;

pub(crate) struct Decoder<R> {
    input: R,
    /// Bytes of the input that are behind us.
    at: u64,
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

impl<R: BufRead> Decoder<R> {
    pub(crate) fn new(input: R) -> Self {
        Decoder { input, at: 0, state: State::Between { first: true } }
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
                Some(0) => self.consume(1),
                Some(0x1f) => return Ok(true),
                Some(_) => {
                    return Err(self.failure("trailing-data", "there is something that is no gzip data behind it"));
                }
            }
        }
    }

    fn consume(&mut self, bytes: usize) {
        self.input.consume(bytes);
        self.at += bytes as u64;
    }

    fn failure(&self, code: &str, what: &str) -> io::Error {
        let at = self.at;
        Failure::invalid_input(code, format!("the gzip data is damaged: {what} (at byte {at})")).into()
    }

    fn truncated(&self) -> io::Error {
        let message = match self.at {
            0 => "the gzip data is truncated: it is empty".to_owned(),
            at => format!("the gzip data is truncated: it ends in the middle (at byte {at})"),
        };
        Failure::invalid_input("truncated", message).with_help("fetch or write the file again").into()
    }
}

impl<R: BufRead> Read for Decoder<R> {
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
            self.consume(read);
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

impl<R: BufRead> Decoder<R> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::{BufReader, Write};

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut text = Vec::new();
        // A small buffer, so that every field is cut somewhere.
        Decoder::new(BufReader::with_capacity(3, bytes)).read_to_end(&mut text)?;
        Ok(text)
    }

    fn code(bytes: &[u8]) -> String {
        decode(bytes).unwrap_err().code
    }

    #[test]
    fn members_follow_one_another_and_zeros_may_follow_them() {
        let bytes = [gzip(b"one "), gzip(b""), gzip(b"two"), vec![0; 20]].concat();
        assert_eq!(decode(&bytes).unwrap(), b"one two");
    }

    #[test]
    fn whatever_is_cut_off_is_missed() {
        let bytes = gzip(&b"some text, some text".repeat(50));
        for end in 0..bytes.len() {
            let failure = decode(&bytes[..end]).unwrap_err();
            assert_eq!(failure.code, "truncated", "cut at {end}");
            assert!(failure.message.contains("gzip"));
        }
    }

    #[test]
    fn a_wrong_checksum_or_length_is_found() {
        let bytes = gzip(b"some text");
        for behind in [1, 5] {
            let mut bytes = bytes.clone();
            let at = bytes.len() - behind;
            bytes[at] ^= 1;
            assert_eq!(code(&bytes), "checksum");
        }
    }

    #[test]
    fn other_data_is_told_from_gzip() {
        assert_eq!(code(b"a,b\n1,2\n"), "not-gzip");
        assert_eq!(code(&[gzip(b"text"), b"more".to_vec()].concat()), "trailing-data");
        let mut bytes = gzip(&b"some text, some text".repeat(50));
        bytes[10] ^= 6;
        assert!(["invalid-data", "checksum", "truncated"].contains(&code(&bytes).as_str()));
    }
}
