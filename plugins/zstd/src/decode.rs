//! Decodes the frames of a zstd stream and says in plain words what is wrong with one.

use jackfield_sdk::Failure;
use std::error::Error;
use std::io::{self, BufRead, Read};
use structured_zstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use structured_zstd::decoding::{ContentChecksum, FrameDecoder, StreamingDecoder};

pub(crate) struct Decoder<R: BufRead>(StreamingDecoder<Counted<R>, FrameDecoder>);

impl<R: BufRead> Decoder<R> {
    pub(crate) fn new(input: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_content_checksum(ContentChecksum::Verify);
        Decoder(StreamingDecoder::new_with_decoder(Counted { input, at: 0 }, decoder))
    }

    fn failure(&mut self, error: &FrameDecoderError) -> Failure {
        let at = self.0.get_ref().at;
        let ended = self.0.get_mut().input.fill_buf().is_ok_and(<[u8]>::is_empty);
        let (code, what) = match error {
            FrameDecoderError::ChecksumMismatch { .. } => ("checksum", "its checksum does not match".to_owned()),
            FrameDecoderError::WindowSizeTooBig { requested, limit, .. } => {
                let message = format!("the zstd data needs a window of {requested} bytes, which is over {limit}");
                return Failure::limit("too-large", message).with_help("compress it without --long");
            }
            FrameDecoderError::DictNotProvided { dict_id } => {
                ("dictionary", format!("it needs the dictionary {dict_id}, and dictionaries are not supported"))
            }
            error if ended && is_early_end(error) => {
                let message = match at {
                    0 => "the zstd data is truncated: it is empty".to_owned(),
                    at => format!("the zstd data is truncated: it ends in the middle (at byte {at})"),
                };
                return Failure::invalid_input("truncated", message).with_help("fetch or write the file again");
            }
            FrameDecoderError::ReadFrameHeaderError(_) if at <= 4 => {
                ("not-zstd", "it does not begin like zstd data".to_owned())
            }
            FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::BadMagicNumber(_)) => {
                ("trailing-data", "there is something that is no zstd data behind it".to_owned())
            }
            error => ("invalid-data", error.to_string().to_lowercase()),
        };
        Failure::invalid_input(code, format!("the zstd data is damaged: {what} (at byte {at})"))
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.downcast::<FrameDecoderError>() {
            Ok(error) => self.failure(&error).into(),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                let at = self.0.get_ref().at;
                let message = format!("the zstd data is truncated: it ends in the middle (at byte {at})");
                Failure::invalid_input("truncated", message).with_help("fetch or write the file again").into()
            }
            Err(error) => error,
        })
    }
}

/// Knows how much of its input was read.
struct Counted<R> {
    input: R,
    at: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// Whether the input ended before what was being read, the reason of which may lie some errors deep.
fn is_early_end(error: &FrameDecoderError) -> bool {
    if matches!(error, FrameDecoderError::FailedToSkipFrame) {
        return true;
    }
    let mut reason: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = reason {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof) {
            return true;
        }
        reason = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Write};
    use structured_zstd::encoding::{CompressionLevel, StreamingEncoder};

    fn zstd(text: &[u8]) -> Vec<u8> {
        let mut encoder = StreamingEncoder::new(Vec::new(), CompressionLevel::Level(3));
        encoder.set_content_checksum(true).unwrap();
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut text = Vec::new();
        let mut decoder = Decoder::new(BufReader::with_capacity(3, bytes));
        let mut buffer = [0; 100];
        loop {
            match decoder.read(&mut buffer)? {
                0 => return Ok(text),
                count => text.extend_from_slice(&buffer[..count]),
            }
        }
    }

    fn code(bytes: &[u8]) -> String {
        decode(bytes).unwrap_err().code
    }

    #[test]
    fn frames_follow_one_another() {
        let skippable = b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec();
        let bytes = [skippable, zstd(b"one "), zstd(b""), zstd(b"two")].concat();
        assert_eq!(decode(&bytes).unwrap(), b"one two");
    }

    #[test]
    fn whatever_is_cut_off_is_missed() {
        let bytes = zstd(&b"some text, some text".repeat(50));
        for end in 0..bytes.len() {
            let failure = decode(&bytes[..end]).unwrap_err();
            assert_eq!(failure.code, "truncated", "cut at {end}: {failure:?}");
            assert!(failure.message.contains("zstd"));
        }
    }

    #[test]
    fn a_wrong_checksum_is_found() {
        let mut bytes = zstd(b"some text");
        *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(code(&bytes), "checksum");
    }

    #[test]
    fn other_data_is_told_from_zstd() {
        assert_eq!(code(b"a,b\n1,2\n"), "not-zstd");
        assert_eq!(code(&[zstd(b"text"), b"more".to_vec()].concat()), "trailing-data");
    }
}
