//! Inflates the members of a gzip stream, straight into the reader's buffer.

use crate::header::Header;
use flate2::{Decompress, FlushDecompress, Status};
use jackfield_sdk::Failure;
use jackfield_sdk::checksums::crc32;
use std::io::{self, BufRead, Read};

/// Bytes behind the data: its CRC-32 and its length.
const TRAILER_BYTES: usize = 8;

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
    Header(Header),
    Member(Box<Member>),
    Trailer {
        told: Vec<u8>,
        checksum: u32,
        length: u32,
    },
    Ended,
}

/// The data of a member. The host takes the checksum, over what has just been inflated and is still close by.
struct Member {
    inflate: Decompress,
    checksum: u32,
}

impl<R: BufRead> Decoder<R> {
    pub(crate) fn new(input: R) -> Self {
        Decoder { input, at: 0, state: State::Between { first: true } }
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

    /// The next byte of a member, which must be there.
    fn byte(&mut self) -> io::Result<u8> {
        match self.input.fill_buf()?.first() {
            Some(byte) => {
                let byte = *byte;
                self.consume(1);
                Ok(byte)
            }
            None => Err(self.truncated()),
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

    /// One step in front of or behind a member's data; a pause of the input in the middle loses nothing.
    fn pass(&mut self) -> io::Result<()> {
        match &self.state {
            State::Between { first: true } => self.state = State::Header(Header::new()),
            State::Between { first: false } => {
                self.state = if self.find_member()? { State::Header(Header::new()) } else { State::Ended };
            }
            State::Header(_) => {
                let byte = self.byte()?;
                let State::Header(header) = &mut self.state else { return Ok(()) };
                match header.push(byte) {
                    Ok(false) => {}
                    Ok(true) => {
                        let member = Member { inflate: Decompress::new(false), checksum: 0 };
                        self.state = State::Member(Box::new(member));
                    }
                    Err(wrong) => return Err(self.failure("not-gzip", wrong)),
                }
            }
            State::Trailer { .. } => {
                let byte = self.byte()?;
                let State::Trailer { told, checksum, length } = &mut self.state else { return Ok(()) };
                told.push(byte);
                if told.len() == TRAILER_BYTES {
                    let right = [checksum.to_le_bytes(), length.to_le_bytes()].concat();
                    let half = TRAILER_BYTES / 2;
                    let wrong = match (told.get(..half) == right.get(..half), told.get(half..) == right.get(half..)) {
                        (false, _) => Some("its checksum does not match"),
                        (true, false) => Some("its length does not match"),
                        (true, true) => None,
                    };
                    if let Some(wrong) = wrong {
                        return Err(self.failure("checksum", wrong));
                    }
                    self.state = State::Between { first: false };
                }
            }
            State::Member(_) | State::Ended => {}
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            let member = match &mut self.state {
                State::Ended => break,
                State::Member(member) => member,
                _ => {
                    self.pass()?;
                    continue;
                }
            };
            let piece = self.input.fill_buf()?;
            if piece.is_empty() {
                return Err(self.truncated());
            }
            let inflate = &mut member.inflate;
            let (read, written) = (inflate.total_in(), inflate.total_out());
            let status = inflate.decompress(piece, buffer, FlushDecompress::None);
            let (read, written) = ((inflate.total_in() - read) as usize, (inflate.total_out() - written) as usize);
            member.checksum = crc32(member.checksum, buffer.get(..written).unwrap_or_default());
            // The trailer tells the length modulo 2^32.
            let (checksum, length) = (member.checksum, inflate.total_out() as u32);
            self.consume(read);
            match status {
                Ok(Status::StreamEnd) => self.state = State::Trailer { told: Vec::new(), checksum, length },
                Ok(Status::Ok) => {}
                Ok(Status::BufError) if read + written > 0 => {}
                Ok(Status::BufError) => return Err(self.failure("invalid-data", "it does not go on")),
                Err(error) => {
                    return Err(self.failure("invalid-data", error.message().unwrap_or("not deflate data")));
                }
            }
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
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
    fn every_part_of_a_header_is_passed_and_checked() {
        let builder = || flate2::GzBuilder::new().extra(vec![0; 300]).filename("name").comment("a comment");
        let mut encoder = builder().write(Vec::new(), Compression::default());
        encoder.write_all(b"text").unwrap();
        let plain = encoder.finish().unwrap();
        assert_eq!(decode(&plain).unwrap(), b"text");

        // The same with a checksum of the header, which `flate2` reads but does not write.
        let header = 10 + 2 + 300 + "name".len() + 1 + "a comment".len() + 1;
        let mut bytes = plain[..header].to_vec();
        bytes[3] |= 2;
        let checksum = crc32(0, &bytes) as u16;
        bytes.extend(checksum.to_le_bytes());
        bytes.extend(&plain[header..]);
        assert_eq!(decode(&bytes).unwrap(), b"text");
        bytes[20] ^= 1;
        assert_eq!(code(&bytes), "not-gzip");

        let endless = [&plain[..3], &[8, 0, 0, 0, 0, 0, 0], &[b'n'; 2 << 20][..]].concat();
        assert!(decode(&endless).unwrap_err().message.contains("its header does not end"));
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
