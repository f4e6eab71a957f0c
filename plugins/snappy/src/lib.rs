//! The snappy codec: the framing format, with `snap` for the chunks.

mod checksum;
mod decode;

use decode::Decoder;
use jackfield_sdk::{Codec, Encode, Failure, Params, SinkWriter, SourceReader};
use snap::write::FrameEncoder;
use std::io::{self, Read, Write};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {}

struct Snappy;

impl Codec for Snappy {
    fn decoder(_codec: &str, _options: Params, input: SourceReader) -> Result<Box<dyn Read>, Failure> {
        Ok(Box::new(Decoder::new(input)))
    }

    fn encoder(_codec: &str, options: Params, output: SinkWriter) -> Result<Box<dyn Encode>, Failure> {
        let Options {} = options.parse_one()?;
        Ok(Box::new(Encoder { frame: FrameEncoder::new(output), any: false }))
    }
}

struct Encoder<W: Write> {
    frame: FrameEncoder<W>,
    any: bool,
}

impl<W: Write> Encoder<W> {
    fn end(self) -> io::Result<W> {
        let mut output = self.frame.into_inner().map_err(|error| error.into_error())?;
        if !self.any {
            // What holds nothing still begins like what it is.
            output.write_all(decode::STREAM)?;
        }
        Ok(output)
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.any |= !bytes.is_empty();
        self.frame.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.frame.flush()
    }
}

impl Encode for Encoder<SinkWriter> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.end()?.flush()
    }
}

jackfield_sdk::export_codec!(Snappy);

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_coding::testing::{read_all, sample};

    #[test]
    fn what_is_written_reads_back() {
        for bytes in [0, 1, 1 << 20] {
            let text = sample(bytes);
            let mut encoder = Encoder { frame: FrameEncoder::new(Vec::new()), any: false };
            encoder.write_all(&text).unwrap();
            let written = encoder.end().unwrap();
            assert!(!written.is_empty());
            assert!(read_all(&mut Decoder::new(written.as_slice())).unwrap() == text);
        }
    }
}
