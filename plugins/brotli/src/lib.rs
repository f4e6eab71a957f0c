//! The brotli codec, with `brotli`.

mod decode;

use brotli::CompressorWriter;
use brotli::enc::BrotliEncoderParams;
use decode::Decoder;
use jackfield_sdk::{Codec, Encode, Failure, Params, SinkWriter, SourceReader};
use std::io::{self, Read, Write};

#[derive(serde::Deserialize)]
struct Options {
    #[serde(default = "default_level")]
    level: i32,
    #[serde(default = "default_window")]
    window: i32,
}

fn default_level() -> i32 {
    5
}

fn default_window() -> i32 {
    22
}

/// Bytes that are gathered before they are compressed.
const PIECE: usize = 64 << 10;

struct Brotli;

impl Codec for Brotli {
    fn decoder(_codec: &str, _options: Params, input: SourceReader) -> Result<Box<dyn Read>, Failure> {
        Ok(Box::new(Decoder::new(input)))
    }

    fn encoder(_codec: &str, options: Params, output: SinkWriter) -> Result<Box<dyn Encode>, Failure> {
        let options: Options = options.parse_one()?;
        let wrong = |pointer: &str, message: String| {
            Err(Failure::invalid_config("invalid-parameter", message).with_parameter(pointer))
        };
        if !(0..=11).contains(&options.level) {
            return wrong("/level", format!("level {} is not one of 0 to 11", options.level));
        }
        if !(10..=24).contains(&options.window) {
            return wrong("/window", format!("window {} is not one of 10 to 24", options.window));
        }
        Ok(Box::new(Encoder(Some(encoder(&options, output)))))
    }
}

fn encoder<W: Write>(options: &Options, output: W) -> CompressorWriter<W> {
    let params = BrotliEncoderParams { quality: options.level, lgwin: options.window, ..Default::default() };
    CompressorWriter::with_params(output, PIECE, &params)
}

struct Encoder(Option<CompressorWriter<SinkWriter>>);

impl Encoder {
    fn open(&mut self) -> io::Result<&mut CompressorWriter<SinkWriter>> {
        self.0.as_mut().ok_or_else(|| Failure::internal("the encoder was finished already").into())
    }
}

impl Write for Encoder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open()?.flush()
    }
}

impl Encode for Encoder {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        match self.0.take() {
            // The trailer is written by the way.
            Some(encoder) => encoder.into_inner().flush(),
            None => Ok(()),
        }
    }
}

jackfield_sdk::export_codec!(Brotli);

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_coding::testing::{read_all, sample};

    #[test]
    fn what_is_written_reads_back() {
        for (level, bytes) in [(0, 0), (1, 1), (5, 300_000), (9, 300_000), (11, 100_000)] {
            let text = sample(bytes);
            let mut encoder = encoder(&Options { level, window: 22 }, Vec::new());
            encoder.write_all(&text).unwrap();
            let written = encoder.into_inner();
            assert!(!written.is_empty());
            assert!(read_all(&mut Decoder::new(written.as_slice())).unwrap() == text, "level {level}");
        }
    }
}
