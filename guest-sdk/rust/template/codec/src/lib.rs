//! {{title}}: a codec of hexadecimal digits, two for each byte, 32 bytes a line.

use std::io::{self, Read, Write};

use jackfield_sdk::{Codec, Encode, Failure, Params, SinkWriter, SourceReader};

/// Bytes of a line.
const LINE: usize = 32;

/// The plugin's codec: names the reader that decodes and the writer that encodes.
struct {{pascal}};

impl Codec for {{pascal}} {
    fn decoder(_codec: &str, _options: Params, input: SourceReader) -> Result<Box<dyn Read>, Failure> {
        Ok(Box::new(Decoder { input, high: None, place: 0 }))
    }

    fn encoder(_codec: &str, _options: Params, output: SinkWriter) -> Result<Box<dyn Encode>, Failure> {
        Ok(Box::new(Encoder { output, column: 0 }))
    }
}

jackfield_sdk::export_codec!({{pascal}});

struct Encoder<W> {
    output: W,
    /// Bytes of the line that has not ended.
    column: usize,
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut text = Vec::with_capacity(data.len() * 2 + data.len() / LINE + 1);
        for byte in data {
            text.extend_from_slice(format!("{byte:02x}").as_bytes());
            self.column += 1;
            if self.column == LINE {
                text.push(b'\n');
                self.column = 0;
            }
        }
        self.output.write_all(&text)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

impl<W: Write> Encode for Encoder<W> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if self.column > 0 {
            self.output.write_all(b"\n")?;
        }
        self.output.flush()
    }
}

struct Decoder<R> {
    input: R,
    /// The first digit of a byte whose second has not come.
    high: Option<u8>,
    /// The place of the next character, for messages.
    place: u64,
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut text = vec![0; (buffer.len() * 2).clamp(1, 64 << 10)];
        let mut filled = 0;
        // White space alone makes no bytes; no bytes would be the end.
        while filled == 0 && !buffer.is_empty() {
            let count = self.input.read(&mut text[..(buffer.len() * 2).min(64 << 10)])?;
            if count == 0 {
                return match self.high {
                    Some(_) => Err(wrong("it ends within a byte", self.place).into()),
                    None => Ok(0),
                };
            }
            for character in &text[..count] {
                let place = self.place;
                self.place += 1;
                if character.is_ascii_whitespace() {
                    continue;
                }
                let digit = char::from(*character).to_digit(16);
                let digit = digit.ok_or_else(|| wrong("this character is no hexadecimal digit", place))? as u8;
                match self.high.take() {
                    None => self.high = Some(digit),
                    Some(high) => {
                        buffer[filled] = high << 4 | digit;
                        filled += 1;
                    }
                }
            }
        }
        Ok(filled)
    }
}

fn wrong(what: &str, place: u64) -> Failure {
    let failure = Failure::invalid_input("invalid-digit", format!("{what}, at byte {place}"));
    failure.with_offset(u32::try_from(place).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        Decoder { input: text.as_bytes(), high: None, place: 0 }.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn both_ways() {
        let mut text = Vec::new();
        let mut encoder = Box::new(Encoder { output: &mut text, column: 0 });
        encoder.write_all(b"naive").unwrap();
        encoder.finish().unwrap();
        assert_eq!(text, b"6e61697665\n");
        assert_eq!(decoded("6e61 69\n7665").unwrap(), b"naive");
        assert!(decoded("6x").is_err());
    }
}
