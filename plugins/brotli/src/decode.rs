//! Decodes brotli streams. They have neither a magic number nor a checksum, so damage shows only where it makes no sense.

use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};
use jackfield_coding::Input;
use std::io::{self, BufRead, Read};

/// The largest window that is read, as a power of two: the format's own ends at 24, large windows at 30.
const MOST_WINDOW: u32 = 26;

type State = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

pub(crate) struct Decoder<R> {
    input: Input<R>,
    /// The stream that is being read.
    stream: Option<Box<State>>,
    /// Where it begins, and how much text it gave.
    begin: u64,
    given: usize,
    ended: bool,
}

impl<R: BufRead> Decoder<R> {
    pub(crate) fn new(input: R) -> Self {
        Decoder { input: Input::new("brotli", input), stream: None, begin: 0, given: 0, ended: false }
    }

    /// Begins the next stream, if there is one.
    fn start(&mut self) -> io::Result<()> {
        self.begin = self.input.at();
        if self.begin > 0 && self.input.peek()?.is_none() {
            self.ended = true;
            return Ok(());
        }
        let alloc = StandardAlloc::default;
        self.given = 0;
        self.stream = Some(Box::new(State::new(alloc(), alloc(), alloc())));
        Ok(())
    }

    fn failure(&self) -> io::Error {
        match (self.begin, self.given) {
            (0, 0) => self.input.damaged("invalid-data", "it is not brotli data, or damaged near its start"),
            (0, _) => self.input.damaged("invalid-data", "it makes no sense"),
            (begin, 0) => self.input.trailing(begin),
            (..) => self.input.damaged("invalid-data", "it makes no sense"),
        }
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() && !self.ended {
            let Some(stream) = &mut self.stream else {
                self.start()?;
                continue;
            };
            let piece = self.input.fill()?;
            let (mut left, mut read) = (piece.len(), 0);
            let (mut room, mut written, mut total) = (buffer.len(), 0, 0);
            let status = BrotliDecompressStream(
                &mut left,
                &mut read,
                piece,
                &mut room,
                &mut written,
                buffer,
                &mut total,
                stream,
            );
            let (at_end, window) = (piece.is_empty(), stream.window_bits);
            self.input.consume(read);
            self.given += written;
            if window > MOST_WINDOW {
                let what = format!("a window of 2^{window} bytes, which is over 2^{MOST_WINDOW}");
                return Err(self.input.too_large(&what, "compress it without --large_window"));
            }
            match status {
                BrotliResult::ResultSuccess => self.stream = None,
                BrotliResult::NeedsMoreInput if at_end && written == 0 => {
                    return Err(match (self.begin, self.given) {
                        (begin @ 1.., 0) => self.input.trailing(begin),
                        _ => self.input.truncated(),
                    });
                }
                BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
                BrotliResult::ResultFailure => return Err(self.failure()),
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
    use brotli::CompressorWriter;
    use brotli::enc::BrotliEncoderParams;
    use jackfield_coding::testing::{Pausing, read_all, sample};
    use jackfield_sdk::Failure;
    use std::io::Write;

    fn brotli(text: &[u8]) -> Vec<u8> {
        let mut encoder = CompressorWriter::new(Vec::new(), 4096, 5, 22);
        encoder.write_all(text).unwrap();
        encoder.into_inner()
    }

    fn decode(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        read_all(&mut Decoder::new(Pausing::new(bytes, 50)))
    }

    #[test]
    fn streams_follow_one_another() {
        let text = sample(300_000);
        let bytes = [brotli(b"one "), brotli(b""), brotli(&text)].concat();
        assert!(decode(&bytes).unwrap() == [b"one ", &text[..]].concat());
    }

    #[test]
    fn whatever_is_cut_off_is_missed() {
        let bytes = brotli(&b"some text, some text".repeat(50));
        for end in 0..bytes.len() {
            let failure = decode(&bytes[..end]).unwrap_err();
            assert_eq!(failure.code, "truncated", "cut at {end}: {failure:?}");
        }
    }

    #[test]
    fn what_is_damaged_is_found_or_reads_as_something() {
        let good = brotli(&sample(1000));
        for at in 0..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            let _ = decode(&bytes);
        }
        let failure = decode(&[&good[..], b"xyz"].concat()).unwrap_err();
        assert_eq!(failure.code, "trailing-data", "{failure:?}");
        assert!(failure.message.contains(&format!("at byte {}", good.len())), "{}", failure.message);
    }

    #[test]
    fn large_windows_are_read_up_to_a_bound() {
        let large = |bits| {
            let params = BrotliEncoderParams { quality: 5, lgwin: bits, large_window: true, ..Default::default() };
            let mut encoder = CompressorWriter::with_params(Vec::new(), 4096, &params);
            encoder.write_all(b"some text").unwrap();
            decode(&encoder.into_inner())
        };
        assert_eq!(large(26).unwrap(), b"some text");
        assert_eq!(large(30).unwrap_err().code, "too-large");
    }
}
