//! Codecs by id: `bomb` makes 10 GiB of rows of any input, `trap` panics, `endless` makes zeros for ever of any input, `pauses` never has anything.

use jackfield_sdk::{Codec, Encode, Failure, Params, SinkWriter, SourceReader};
use std::io::{self, Read, Write};

struct Codecs;

/// Passes 4 KiB on, then panics.
struct Trap<T>(T, usize);

impl<T> Trap<T> {
    fn count(&mut self, bytes: usize) {
        self.1 += bytes;
        assert!(self.1 < 4096, "this codec panics on purpose");
    }
}

impl Read for Trap<SourceReader> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(1024);
        let count = self.0.read(&mut buffer[..most])?;
        self.count(count.max(1));
        Ok(count)
    }
}

impl Write for Trap<SinkWriter> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.count(bytes.len());
        self.0.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Encode for Trap<SinkWriter> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.count(4096);
        Ok(())
    }
}

/// The same row for ever.
struct Rows;

impl Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for row in buffer.chunks_mut(4) {
            row.copy_from_slice(&b"1,a\n"[..row.len()]);
        }
        Ok(buffer.len() / 4 * 4)
    }
}

struct Pauses;

impl Read for Pauses {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// Writes a MiB for each byte.
struct Endless(SinkWriter);

impl Write for Endless {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for _ in bytes {
            self.0.write_all(&[0; 1 << 20])?;
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Encode for Endless {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.flush()
    }
}

impl Codec for Codecs {
    fn decoder(codec: &str, _options: Params, input: SourceReader) -> Result<Box<dyn Read>, Failure> {
        Ok(match codec {
            "trap" => Box::new(Trap(input, 0)),
            "endless" => Box::new(io::repeat(0)),
            "bomb" => Box::new(Rows.take(10 << 30)),
            _ => Box::new(Pauses),
        })
    }
    fn encoder(codec: &str, _options: Params, output: SinkWriter) -> Result<Box<dyn Encode>, Failure> {
        match codec {
            "trap" => Ok(Box::new(Trap(output, 0))),
            "endless" => Ok(Box::new(Endless(output))),
            _ => Err(Failure::unavailable("unavailable", "this codec only reads")),
        }
    }
}

jackfield_sdk::export_codec!(Codecs);
