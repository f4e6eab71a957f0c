//! The lz4 codec: frames, with `lz4_flex` for the blocks.

mod decode;
mod header;

use decode::Decoder;
use jackfield_sdk::{Codec, Encode, Failure, Params, SinkWriter, SourceReader};
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
use std::io::{self, Read, Write};

#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Options {
    #[serde(default)]
    block_size: Block,
    #[serde(default)]
    block_checksums: bool,
}

/// Names of the block sizes that the format knows.
#[derive(Clone, Copy, Default, serde::Deserialize)]
enum Block {
    #[serde(rename = "64KiB")]
    Small,
    #[serde(rename = "256KiB")]
    Medium,
    #[serde(rename = "1MiB")]
    Large,
    #[default]
    #[serde(rename = "4MiB")]
    Largest,
}

struct Lz4;

impl Codec for Lz4 {
    fn decoder(_codec: &str, _options: Params, input: SourceReader) -> Result<Box<dyn Read>, Failure> {
        Ok(Box::new(Decoder::new(input)))
    }

    fn encoder(_codec: &str, options: Params, output: SinkWriter) -> Result<Box<dyn Encode>, Failure> {
        Ok(Box::new(Encoder::new(&options.parse_one()?, output)))
    }
}

struct Encoder<W: Write>(FrameEncoder<W>);

impl<W: Write> Encoder<W> {
    fn new(options: &Options, output: W) -> Encoder<W> {
        let size = match options.block_size {
            Block::Small => BlockSize::Max64KB,
            Block::Medium => BlockSize::Max256KB,
            Block::Large => BlockSize::Max1MB,
            Block::Largest => BlockSize::Max4MB,
        };
        let info = FrameInfo::new().content_checksum(true).block_checksums(options.block_checksums);
        let info = info.block_mode(BlockMode::Independent).block_size(size);
        Encoder(FrameEncoder::with_frame_info(info, output))
    }

    fn end(self) -> io::Result<W> {
        Ok(self.0.finish()?)
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Encode for Encoder<SinkWriter> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.end()?.flush()
    }
}

jackfield_sdk::export_codec!(Lz4);

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_coding::testing::{read_all, sample};

    #[test]
    fn what_is_written_reads_back() {
        for (json, bytes) in [("{}", 0), ("{}", 1), ("{\"block-size\": \"64KiB\", \"block-checksums\": true}", 1 << 20)]
        {
            let text = sample(bytes);
            let options: Options = Params::new(json).parse_one().unwrap();
            let mut encoder = Encoder::new(&options, Vec::new());
            encoder.write_all(&text).unwrap();
            let written = encoder.end().unwrap();
            assert!(!written.is_empty());
            assert!(read_all(&mut Decoder::new(written.as_slice())).unwrap() == text);
        }
    }
}
