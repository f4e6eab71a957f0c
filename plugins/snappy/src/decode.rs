//! Decodes the chunks of Snappy's framing format.

use crate::checksum::masked;
use jackfield_coding::Input;
use snap::raw;
use std::io::{self, BufRead, Read};

/// The chunk that begins a stream.
pub(crate) const STREAM: &[u8] = b"\xff\x06\x00\x00sNaPpY";

/// The most bytes of text in a chunk.
const MOST_TEXT: usize = 1 << 16;
/// The most bytes of a chunk that holds text, with its checksum: incompressible text is stored, but need not be.
const MOST_DATA: usize = 4 + MOST_TEXT + MOST_TEXT / 6 + 32;

pub(crate) struct Decoder<R> {
    input: Input<R>,
    state: State,
    raw: raw::Decoder,
    /// Text of the last chunk, and how far it has been given.
    text: Vec<u8>,
    given: usize,
}

enum State {
    /// In front of a chunk; the very first must begin a stream.
    Between {
        first: bool,
    },
    Stream,
    Data {
        compressed: bool,
        length: usize,
    },
    Skip(u64),
    Ended,
}

impl<R: BufRead> Decoder<R> {
    pub(crate) fn new(input: R) -> Self {
        let state = State::Between { first: true };
        Decoder { input: Input::new("snappy", input), state, raw: raw::Decoder::new(), text: Vec::new(), given: 0 }
    }

    /// Goes on by one field. What a pause interrupts is done again.
    fn pass(&mut self) -> io::Result<()> {
        self.state = match &mut self.state {
            State::Between { first } => {
                let first = *first;
                self.between(first)?
            }
            State::Stream => {
                let begin = self.input.begin();
                if &self.input.take_array::<6>()? != b"sNaPpY" {
                    return Err(self.input.damaged_at(begin, "invalid-data", "a stream does not begin with its name"));
                }
                State::Between { first: false }
            }
            State::Data { compressed, length } => {
                let (compressed, length) = (*compressed, *length);
                let data = self.input.take(length)?;
                self.data(compressed, data)?;
                State::Between { first: false }
            }
            State::Skip(left) => {
                self.input.skip(left)?;
                State::Between { first: false }
            }
            State::Ended => State::Ended,
        };
        Ok(())
    }

    fn between(&mut self, first: bool) -> io::Result<State> {
        let begin = self.input.begin();
        // The first byte tells, so that a few stray ones behind the last chunk are not taken for a chunk that is cut off.
        match self.input.peek()? {
            None if !first => return Ok(State::Ended),
            Some(byte) if first && byte != 0xff => {
                let help = "what has no frames, as Hadoop and Kafka write it, is not read";
                let what = format!("it does not begin like framed snappy data; {help}");
                return Err(self.input.damaged_at(begin, "not-snappy", &what));
            }
            Some(0x02..=0x7f) => return Err(self.input.trailing(begin)),
            _ => {}
        }
        let [kind, length @ ..] = self.input.take_array::<4>()?;
        let length = length.iter().rev().fold(0, |all, byte| all << 8 | usize::from(*byte));
        let too_long = || self.input.damaged_at(begin, "invalid-data", "a chunk has an impossible length");
        match kind {
            0xff if length == 6 => Ok(State::Stream),
            0xff => Err(too_long()),
            0x00 | 0x01 if (4..=MOST_DATA).contains(&length) => Ok(State::Data { compressed: kind == 0, length }),
            0x00 | 0x01 => Err(too_long()),
            0x02..=0x7f => Err(self.input.trailing(begin)),
            0x80..=0xfe => Ok(State::Skip(length as u64)),
        }
    }

    /// Makes text of a chunk's data.
    fn data(&mut self, compressed: bool, mut data: Vec<u8>) -> io::Result<()> {
        let body = data.split_off(4);
        let told = data.first_chunk().map_or(0, |told| u32::from_le_bytes(*told));
        let text = match compressed {
            false => Some(body),
            true => {
                let fits = raw::decompress_len(&body).is_ok_and(|length| length <= MOST_TEXT);
                fits.then(|| self.raw.decompress_vec(&body).ok()).flatten()
            }
        };
        let Some(text) = text.filter(|text| text.len() <= MOST_TEXT) else {
            return Err(self.input.damaged("invalid-data", "a chunk cannot be decompressed"));
        };
        if masked(&text) != told {
            return Err(self.input.damaged("checksum", "a chunk's checksum does not match"));
        }
        (self.text, self.given) = (text, 0);
        Ok(())
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut rest = self.text.get(self.given..).unwrap_or_default();
            if !rest.is_empty() || buffer.is_empty() {
                let count = rest.read(buffer)?;
                self.given += count;
                return Ok(count);
            }
            if matches!(self.state, State::Ended) {
                return Ok(0);
            }
            self.pass()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_coding::testing::{Pausing, read_all, sample};
    use jackfield_sdk::Failure;
    use std::io::Write;

    fn snappy(text: &[u8]) -> Vec<u8> {
        let mut encoder = snap::write::FrameEncoder::new(Vec::new());
        encoder.write_all(text).unwrap();
        encoder.into_inner().unwrap()
    }

    fn decode(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        read_all(&mut Decoder::new(Pausing::new(bytes, 5)))
    }

    #[test]
    fn streams_follow_one_another() {
        let text = sample(200_000);
        let padding = b"\xfe\x03\0\0abc".to_vec();
        let bytes = [snappy(b"one "), padding, snappy(&text), STREAM.to_vec(), snappy(b"two")].concat();
        assert!(decode(&bytes).unwrap() == [b"one ", &text[..], b"two"].concat());
        assert_eq!(decode(STREAM).unwrap(), b"");
    }

    #[test]
    fn whatever_is_cut_off_within_a_chunk_is_missed() {
        let bytes = snappy(&b"some text, some text".repeat(50));
        for end in (0..bytes.len()).filter(|end| *end != STREAM.len()) {
            let failure = decode(&bytes[..end]).unwrap_err();
            assert_eq!(failure.code, "truncated", "cut at {end}: {failure:?}");
        }
    }

    #[test]
    fn what_is_damaged_is_found() {
        let good = snappy(&sample(1000));
        let mut bytes = good.clone();
        bytes[STREAM.len() + 5] ^= 1;
        assert_eq!(decode(&bytes).unwrap_err().code, "checksum");
        assert_eq!(decode(b"a,b\n1,2\n").unwrap_err().code, "not-snappy");
        let failure = decode(&[&good[..], b"x"].concat()).unwrap_err();
        assert_eq!(failure.code, "trailing-data");
        assert!(failure.message.contains(&format!("at byte {}", good.len())), "{}", failure.message);
        let mut bytes = good;
        bytes[STREAM.len() + 3] = 0xff;
        assert_eq!(decode(&bytes).unwrap_err().code, "invalid-data");
    }
}
