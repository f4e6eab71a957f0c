//! Decodes the streams of a bzip2 file: parallel compressors write one per block.

use bzip2::{Decompress, Error, Status};
use jackfield_coding::Input;
use std::io::{self, BufRead, Read};

pub(crate) struct Decoder<R> {
    input: Input<R>,
    state: State,
}

enum State {
    /// In front of a stream; the first must be there, others may be.
    Between {
        first: bool,
    },
    Stream(Box<Decompress>),
    Ended,
}

impl<R: BufRead> Decoder<R> {
    pub(crate) fn new(input: R) -> Self {
        Decoder { input: Input::new("bzip2", input), state: State::Between { first: true } }
    }

    fn between(&mut self, first: bool) -> io::Result<State> {
        loop {
            let at = self.input.at();
            match self.input.fill()?.first() {
                Some(b'B') => return Ok(State::Stream(Box::new(Decompress::new(false)))),
                Some(_) if first => {
                    return Err(self.input.damaged("not-bzip2", "it does not begin like bzip2 data"));
                }
                // Some archivers pad the last stream with zeros.
                Some(0) => self.input.consume(1),
                Some(_) => return Err(self.input.trailing(at)),
                None if first => return Err(self.input.truncated()),
                None => return Ok(State::Ended),
            }
        }
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            let stream = match &mut self.state {
                State::Ended => break,
                State::Stream(stream) => stream,
                State::Between { first } => {
                    let first = *first;
                    self.state = self.between(first)?;
                    continue;
                }
            };
            let piece = self.input.fill()?;
            let at_end = piece.is_empty();
            let (read, written) = (stream.total_in(), stream.total_out());
            let status = stream.decompress(piece, buffer);
            let (read, written) = ((stream.total_in() - read) as usize, (stream.total_out() - written) as usize);
            let begun = stream.total_in() <= 4;
            self.input.consume(read);
            match status {
                Ok(Status::StreamEnd) => self.state = State::Between { first: false },
                // Text may be left inside when all input has been taken.
                Ok(_) if read + written > 0 => {}
                Ok(_) if at_end => return Err(self.input.truncated()),
                Ok(_) => return Err(self.input.damaged("invalid-data", "it does not go on")),
                Err(Error::DataMagic) if begun => {
                    return Err(self.input.damaged("not-bzip2", "it does not begin like bzip2 data"));
                }
                Err(_) => return Err(self.input.damaged("invalid-data", "a block or its checksum is wrong")),
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
    use bzip2::Compression;
    use bzip2::write::BzEncoder;
    use jackfield_coding::testing::{Pausing, read_all, sample};
    use jackfield_sdk::Failure;
    use std::io::Write;

    fn bzip2(text: &[u8]) -> Vec<u8> {
        let mut encoder = BzEncoder::new(Vec::new(), Compression::new(1));
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        read_all(&mut Decoder::new(Pausing::new(bytes, 50)))
    }

    #[test]
    fn streams_follow_one_another_and_zeros_may_follow_them() {
        let text = sample(300_000);
        let bytes = [bzip2(b"one "), bzip2(b""), bzip2(&text), vec![0; 20]].concat();
        assert!(decode(&bytes).unwrap() == [b"one ", &text[..]].concat());
    }

    #[test]
    fn whatever_is_cut_off_is_missed() {
        let bytes = bzip2(&b"some text, some text".repeat(50));
        for end in 0..bytes.len() {
            let failure = decode(&bytes[..end]).unwrap_err();
            assert_eq!(failure.code, "truncated", "cut at {end}: {failure:?}");
        }
    }

    #[test]
    fn what_is_damaged_is_found() {
        let text = sample(1000);
        let good = bzip2(&text);
        for at in 0..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            let failure = match decode(&bytes) {
                // The last byte may hold a few bits that mean nothing.
                Ok(same) if at + 1 == good.len() => {
                    assert!(same == text);
                    continue;
                }
                other => other.unwrap_err(),
            };
            assert!(["not-bzip2", "invalid-data", "truncated"].contains(&failure.code.as_str()), "{at}: {failure:?}");
        }
        assert_eq!(decode(b"a,b\n1,2\n").unwrap_err().code, "not-bzip2");
        let failure = decode(&[&good[..], b"x"].concat()).unwrap_err();
        assert_eq!(failure.code, "trailing-data");
        assert!(failure.message.contains(&format!("at byte {}", good.len())), "{}", failure.message);
    }
}
