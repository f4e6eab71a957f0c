//! Turns letters by thirteen.

use jackfield_sdk::{Codec, Encode, Failure, Params, SinkWriter, SourceReader};
use std::io::{self, Read, Write};

pub(crate) struct Rot13;

struct Turned<T>(T);

fn turn(byte: &mut u8) {
    *byte = match *byte {
        b'a'..=b'm' | b'A'..=b'M' => *byte + 13,
        b'n'..=b'z' | b'N'..=b'Z' => *byte - 13,
        other => other,
    };
}

impl<T: Read> Read for Turned<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        buffer[..count].iter_mut().for_each(turn);
        Ok(count)
    }
}

impl<T: Write> Write for Turned<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut bytes = bytes.to_vec();
        bytes.iter_mut().for_each(turn);
        self.0.write_all(&bytes)?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<T: Write> Encode for Turned<T> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.flush()
    }
}

impl Codec for Rot13 {
    fn decoder(_codec: &str, _options: Params, input: SourceReader) -> Result<Box<dyn Read>, Failure> {
        Ok(Box::new(Turned(input)))
    }
    fn encoder(_codec: &str, _options: Params, output: SinkWriter) -> Result<Box<dyn Encode>, Failure> {
        Ok(Box::new(Turned(output)))
    }
}
