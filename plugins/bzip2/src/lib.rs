//! The bzip2 codec, with `libbz2-rs` under `bzip2`.

mod decode;

use bzip2::Compression;
use bzip2::write::BzEncoder;
use decode::Decoder;
use jackfield_sdk::{Codec, Encode, Failure, Params, SinkWriter, SourceReader};
use std::io::{self, Read, Write};

#[derive(serde::Deserialize)]
struct Options {
    #[serde(default = "default_level")]
    level: u32,
}

fn default_level() -> u32 {
    9
}

struct Bzip2;

impl Codec for Bzip2 {
    fn decoder(_codec: &str, _options: Params, input: SourceReader) -> Result<Box<dyn Read>, Failure> {
        Ok(Box::new(Decoder::new(input)))
    }

    fn encoder(_codec: &str, options: Params, output: SinkWriter) -> Result<Box<dyn Encode>, Failure> {
        let Options { level } = options.parse_one()?;
        if !(1..=9).contains(&level) {
            let failure = Failure::invalid_config("invalid-parameter", format!("level {level} is not one of 1 to 9"));
            return Err(failure.with_parameter("/level"));
        }
        Ok(Box::new(Encoder(BzEncoder::new(output, Compression::new(level)))))
    }
}

struct Encoder(BzEncoder<SinkWriter>);

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

jackfield_sdk::export_codec!(Bzip2);
