//! The xz codec, with `lzma-rust2`.

mod decode;

use decode::Decoder;
use jackfield_sdk::{Codec, Encode, Failure, Params, SinkWriter, SourceReader};
use lzma_rust2::{XzOptions, XzWriter};
use std::io::{self, Read, Write};

#[derive(serde::Deserialize)]
struct Options {
    #[serde(default = "default_level")]
    level: u32,
}

fn default_level() -> u32 {
    6
}

/// The largest dictionary that is written: one takes about eleven times its size in memory, and levels from 7 on would
/// have larger ones than a plugin has memory for.
const DICTIONARY: u32 = 8 << 20;

struct Xz;

impl Codec for Xz {
    fn decoder(_codec: &str, _options: Params, input: SourceReader) -> Result<Box<dyn Read>, Failure> {
        Ok(Box::new(Decoder::new(input)))
    }

    fn encoder(_codec: &str, options: Params, output: SinkWriter) -> Result<Box<dyn Encode>, Failure> {
        let Options { level } = options.parse_one()?;
        if level > 9 {
            let failure = Failure::invalid_config("invalid-parameter", format!("level {level} is not one of 0 to 9"));
            return Err(failure.with_parameter("/level"));
        }
        Ok(Box::new(Encoder(XzWriter::new(output, written_with(level)).map_err(Failure::from)?)))
    }
}

fn written_with(level: u32) -> XzOptions {
    let mut options = XzOptions::with_preset(level);
    let lzma = &mut options.lzma_options;
    lzma.dict_size = lzma.dict_size.min(DICTIONARY);
    if level > 6 {
        // What they cannot spend on a larger dictionary they spend on a longer search.
        lzma.nice_len = if level == 7 { 128 } else { 273 };
    }
    options
}

struct Encoder(XzWriter<SinkWriter>);

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

jackfield_sdk::export_codec!(Xz);

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_coding::testing::{read_all, sample};

    #[test]
    fn what_is_written_reads_back() {
        for (level, bytes) in [(0, 0), (1, 1), (3, 200_000), (6, 200_000), (9, 200_000)] {
            let text = sample(bytes);
            let mut encoder = XzWriter::new(Vec::new(), written_with(level)).unwrap();
            encoder.write_all(&text).unwrap();
            let written = encoder.finish().unwrap();
            assert!(read_all(&mut Decoder::new(written.as_slice())).unwrap() == text, "level {level}");
        }
    }
}
