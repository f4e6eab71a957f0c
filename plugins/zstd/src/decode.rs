//! Decodes the frames of a zstd stream and says in plain words what is wrong with one.

use jackfield_sdk::{Failure, SourceReader};
use std::error::Error;
use std::io::{self, BufRead, Read};
use structured_zstd::decoding::errors::FrameDecoderError;
use structured_zstd::decoding::{ContentChecksum, FrameDecoder, StreamingDecoder};

pub(crate) struct Decoder(StreamingDecoder<SourceReader, FrameDecoder>);

impl Decoder {
    pub(crate) fn new(input: SourceReader) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_content_checksum(ContentChecksum::Verify);
        Decoder(StreamingDecoder::new_with_decoder(input, decoder))
    }

    fn failure(&mut self, error: &FrameDecoderError) -> Failure {
        let at = self.0.get_ref().position();
        let ended = self.0.get_mut().fill_buf().is_ok_and(<[u8]>::is_empty);
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
            error => ("invalid-data", error.to_string().to_lowercase()),
        };
        Failure::invalid_input(code, format!("the zstd data is damaged: {what} (at byte {at})"))
    }
}

impl Read for Decoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.downcast::<FrameDecoderError>() {
            Ok(error) => self.failure(&error).into(),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                let at = self.0.get_ref().position();
                let message = format!("the zstd data is truncated: it ends in the middle (at byte {at})");
                Failure::invalid_input("truncated", message).with_help("fetch or write the file again").into()
            }
            Err(error) => error,
        })
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
