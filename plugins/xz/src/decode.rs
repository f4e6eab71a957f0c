//! Decodes the streams of an xz file.

use jackfield_coding::Input;
use lzma_rust2::{Action, Status, XzStream};
use std::io::{self, BufRead, ErrorKind, Read};

/// The most memory that a stream may ask for, in KiB. `xz -9` asks for 64 MiB; a header may claim 4 GiB.
const MOST_MEMORY: u32 = 160 << 10;

pub(crate) struct Decoder<R> {
    input: Input<R>,
    state: State,
}

enum State {
    /// In front of a stream; the first must be there, others may be, and zeros between them in fours.
    Between {
        first: bool,
        zeros: u64,
    },
    Stream(Box<Stream>),
    Ended,
}

struct Stream {
    decoder: XzStream,
    begin: u64,
}

impl<R: BufRead> Decoder<R> {
    pub(crate) fn new(input: R) -> Self {
        Decoder { input: Input::new("xz", input), state: State::Between { first: true, zeros: 0 } }
    }

    fn between(&mut self, first: bool, zeros: u64) -> io::Result<State> {
        let at = self.input.at();
        match self.input.fill()?.first() {
            None if first => Err(self.input.truncated()),
            None if zeros.is_multiple_of(4) => Ok(State::Ended),
            None => Err(self.input.truncated()),
            Some(0) if !first => {
                self.input.consume(1);
                Ok(State::Between { first, zeros: zeros + 1 })
            }
            Some(0xfd) if zeros.is_multiple_of(4) => {
                let decoder = XzStream::new_mem_limit(false, MOST_MEMORY);
                Ok(State::Stream(Box::new(Stream { decoder, begin: at })))
            }
            Some(_) if first => Err(self.input.damaged("not-xz", "it does not begin like xz data")),
            Some(_) => Err(self.input.trailing(at)),
        }
    }

    fn failure(&self, stream: &Stream, error: &io::Error) -> io::Error {
        let inside = stream.decoder.total_in();
        let at = stream.begin + inside;
        let what = error.to_string();
        match error.kind() {
            ErrorKind::UnexpectedEof => self.input.truncated(),
            ErrorKind::OutOfMemory => {
                let needed = stream.decoder.memory_usage().unwrap_or_default().div_ceil(1 << 10);
                let most = MOST_MEMORY >> 10;
                let what = format!("{needed} MiB of memory for its dictionary, which is over {most} MiB");
                self.input.too_large(&what, "compress it with a smaller dictionary, as `xz -9` or below does")
            }
            _ if inside <= 12 && what.contains("magic") => match stream.begin {
                0 => self.input.damaged_at(0, "not-xz", "it does not begin like xz data"),
                begin => self.input.trailing(begin),
            },
            _ if what.contains("checksum") || what.contains("CRC32") => {
                self.input.damaged_at(at, "checksum", "a checksum does not match")
            }
            _ => self.input.damaged_at(at, "invalid-data", &what),
        }
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            let stream = match &mut self.state {
                State::Ended => break,
                State::Stream(stream) => stream,
                State::Between { first, zeros } => {
                    let (first, zeros) = (*first, *zeros);
                    self.state = self.between(first, zeros)?;
                    continue;
                }
            };
            let piece = self.input.fill()?;
            let action = if piece.is_empty() { Action::Finish } else { Action::Run };
            let done = match stream.decoder.process(piece, buffer, action) {
                Ok(done) => done,
                Err(error) => {
                    let State::Stream(stream) = std::mem::replace(&mut self.state, State::Ended) else { break };
                    return Err(self.failure(&stream, &error));
                }
            };
            let progress = done.bytes_consumed + done.bytes_produced;
            self.input.consume(done.bytes_consumed);
            match done.status {
                Status::StreamEnd => self.state = State::Between { first: false, zeros: 0 },
                Status::Ok if progress > 0 => {}
                Status::Ok if action == Action::Finish => return Err(self.input.truncated()),
                Status::Ok => return Err(self.input.damaged("invalid-data", "it does not go on")),
            }
            if done.bytes_produced > 0 {
                return Ok(done.bytes_produced);
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_coding::testing::{Pausing, read_all, sample};
    use jackfield_sdk::Failure;
    use lzma_rust2::{CheckType, XzOptions, XzWriter};
    use std::io::Write;

    fn xz(text: &[u8], check: CheckType) -> Vec<u8> {
        let mut options = XzOptions::with_preset(1);
        options.set_check_sum_type(check);
        let mut encoder = XzWriter::new(Vec::new(), options).unwrap();
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        read_all(&mut Decoder::new(Pausing::new(bytes, 50)))
    }

    #[test]
    fn streams_follow_one_another_with_zeros_between_them() {
        let text = sample(300_000);
        let bytes = [
            xz(b"one ", CheckType::Crc32),
            vec![0; 8],
            xz(b"", CheckType::None),
            xz(&text, CheckType::Sha256),
            vec![0; 4],
        ];
        assert!(decode(&bytes.concat()).unwrap() == [b"one ", &text[..]].concat());
    }

    #[test]
    fn whatever_is_cut_off_is_missed() {
        let bytes = xz(&b"some text, some text".repeat(50), CheckType::Crc64);
        for end in 0..bytes.len() {
            let failure = decode(&bytes[..end]).unwrap_err();
            assert_eq!(failure.code, "truncated", "cut at {end}: {failure:?}");
        }
    }

    #[test]
    fn what_is_damaged_is_found() {
        let good = xz(&sample(1000), CheckType::Crc64);
        for at in 0..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            assert!(decode(&bytes).is_err(), "byte {at}");
        }
        assert_eq!(decode(b"a,b\n1,2\n").unwrap_err().code, "not-xz");
        let failure = decode(&[&good[..], b"x"].concat()).unwrap_err();
        assert_eq!(failure.code, "trailing-data");
        assert!(failure.message.contains(&format!("at byte {}", good.len())), "{}", failure.message);
    }

    #[test]
    fn a_dictionary_that_is_claimed_too_large_is_refused() {
        let mut options = XzOptions::with_preset(1);
        options.lzma_options.dict_size = 1 << 20;
        let mut encoder = XzWriter::new(Vec::new(), options).unwrap();
        encoder.write_all(b"text").unwrap();
        let mut bytes = encoder.finish().unwrap();
        // The block's header follows the stream's twelve bytes: size, flags, filter, its size, the dictionary.
        let header = 12..12 + (usize::from(bytes[12]) + 1) * 4;
        bytes[16] = 40;
        let checked = header.start..header.end - 4;
        let crc = jackfield_sdk::checksums::crc32(0, &bytes[checked]);
        bytes[header.end - 4..header.end].copy_from_slice(&crc.to_le_bytes());
        let failure = decode(&bytes).unwrap_err();
        assert_eq!(failure.code, "too-large", "{failure:?}");
        assert!(failure.message.contains("160 MiB"), "{failure:?}");
    }
}
