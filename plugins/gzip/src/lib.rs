//! The gzip codec, with `flate2` over `zlib-rs`.

mod decode;
mod header;

use decode::Decoder;
use flate2::Compression;
use flate2::write::GzEncoder;
use jackfield_sdk::{Codec, Encode, Failure, Params, SinkWriter, SourceReader};
use std::io::{self, Read, Write};

#[derive(serde::Deserialize)]
struct Options {
    #[serde(default = "default_level")]
    level: u32,
}

fn default_level() -> u32 {
    6
}

struct Gzip;

impl Codec for Gzip {
    fn decoder(_codec: &str, _options: Params, input: SourceReader) -> Result<Box<dyn Read>, Failure> {
        Ok(Box::new(Decoder::new(input)))
    }

    fn encoder(_codec: &str, options: Params, output: SinkWriter) -> Result<Box<dyn Encode>, Failure> {
        let Options { level } = options.parse_one()?;
        if level > 9 {
            let failure = Failure::invalid_config("invalid-parameter", format!("level {level} is not one of 0 to 9"));
            return Err(failure.with_parameter("/level"));
        }
        Ok(Box::new(Encoder(GzEncoder::new(output, Compression::new(level)))))
    }
}

struct Encoder(GzEncoder<SinkWriter>);

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

jackfield_sdk::export_codec!(Gzip);
