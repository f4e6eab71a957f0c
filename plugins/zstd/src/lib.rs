//! The zstd codec, with `structured-zstd`.

mod decode;

use decode::Decoder;
use jackfield_sdk::{Codec, Encode, Failure, Params, SinkWriter, SourceReader};
use std::io::{self, Read, Write};
use structured_zstd::encoding::{CompressionLevel, StreamingEncoder};

#[derive(serde::Deserialize)]
struct Options {
    #[serde(default = "default_level")]
    level: i32,
}

fn default_level() -> i32 {
    3
}

/// Higher ones take more memory than a plugin has.
const HIGHEST: i32 = 19;

struct Zstd;

impl Codec for Zstd {
    fn decoder(_codec: &str, _options: Params, input: SourceReader) -> Result<Box<dyn Read>, Failure> {
        Ok(Box::new(Decoder::new(input)))
    }

    fn encoder(_codec: &str, options: Params, output: SinkWriter) -> Result<Box<dyn Encode>, Failure> {
        let Options { level } = options.parse_one()?;
        if !(1..=HIGHEST).contains(&level) {
            let message = format!("level {level} is not one of 1 to {HIGHEST}");
            return Err(Failure::invalid_config("invalid-parameter", message).with_parameter("/level"));
        }
        let mut encoder = StreamingEncoder::new(output, CompressionLevel::Level(level));
        encoder.set_content_checksum(true).map_err(Failure::from)?;
        Ok(Box::new(Encoder(encoder)))
    }
}

struct Encoder(StreamingEncoder<SinkWriter>);

impl Write for Encoder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Encode for Encoder {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.0.finish()?.flush()
    }
}

jackfield_sdk::export_codec!(Zstd);
