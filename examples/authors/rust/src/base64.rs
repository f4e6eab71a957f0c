//! Base64 of RFC 4648, section 4, in lines. Both ways stream: nothing but a group is kept.

use std::io::{self, Read, Write};

use jackfield_sdk::{Encode, Failure};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Groups of four characters in a line.
const GROUPS: usize = 19;

/// Bytes that are read at a time.
const CHUNK: usize = 64 << 10;

/// Writes lines of at most 76 characters.
pub(crate) struct Encoder<W> {
    output: W,
    /// Bytes that make no group yet: fewer than three.
    rest: Vec<u8>,
    /// Groups of the line that has not ended.
    groups: usize,
    text: Vec<u8>,
}

impl<W: Write> Encoder<W> {
    pub(crate) fn new(output: W) -> Self {
        Encoder { output, rest: Vec::new(), groups: 0, text: Vec::new() }
    }

    fn group(&mut self, group: &[u8]) {
        let [a, b, c] = [0, 1, 2].map(|place| group.get(place).copied().unwrap_or(0));
        let word = u32::from_be_bytes([0, a, b, c]);
        let mut four = [18, 12, 6, 0].map(|shift| ALPHABET[(word >> shift & 63) as usize]);
        for padding in four.iter_mut().skip(group.len() + 1) {
            *padding = b'=';
        }
        self.text.extend_from_slice(&four);
        self.groups += 1;
        if self.groups == GROUPS {
            self.text.push(b'\n');
            self.groups = 0;
        }
    }

    fn send(&mut self) -> io::Result<()> {
        self.output.write_all(&self.text)?;
        self.text.clear();
        Ok(())
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut data_left = data;
        while !self.rest.is_empty() && self.rest.len() < 3 {
            let Some((first, after)) = data_left.split_first() else { return Ok(data.len()) };
            self.rest.push(*first);
            data_left = after;
        }
        if self.rest.len() == 3 {
            let group = std::mem::take(&mut self.rest);
            self.group(&group);
        }
        let mut groups = data_left.chunks_exact(3);
        for group in &mut groups {
            self.group(group);
            if self.text.len() >= CHUNK {
                self.send()?;
            }
        }
        self.rest.extend_from_slice(groups.remainder());
        self.send()?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()?;
        self.output.flush()
    }
}

impl<W: Write> Encode for Encoder<W> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if !self.rest.is_empty() {
            let group = std::mem::take(&mut self.rest);
            self.group(&group);
        }
        if self.groups > 0 {
            self.text.push(b'\n');
        }
        self.send()?;
        self.output.flush()
    }
}

/// Reads what [`Encoder`] writes, and lines of any other length.
pub(crate) struct Decoder<R> {
    input: R,
    chunk: Vec<u8>,
    /// The place of the chunk's first byte in the input.
    base: u64,
    group: Group,
    /// Decoded bytes that nobody has taken yet.
    ready: Vec<u8>,
    taken: usize,
    ended: bool,
}

/// Characters of a group, as far as they have come.
#[derive(Default)]
struct Group {
    word: u32,
    digits: u32,
    padding: u32,
    /// Where the last digit stood.
    last: u64,
    /// A group with padding is the last one.
    closed: bool,
}

impl Group {
    /// Nothing of a group has come, and none was the last.
    fn is_empty(&self) -> bool {
        self.digits == 0 && self.padding == 0 && !self.closed
    }

    /// Takes a character; the bytes of the group, if it is whole.
    fn take(&mut self, byte: u8, place: u64, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        if matches!(byte, b'\r' | b'\n') {
            return Ok(());
        }
        if self.closed {
            return Err(wrong("something stands behind the padding", place));
        }
        if byte == b'=' {
            if self.digits < 2 {
                return Err(wrong("padding comes too early", place));
            }
            self.padding += 1;
        } else {
            if self.padding > 0 {
                return Err(wrong("something stands behind the padding", place));
            }
            let digit = value(byte).ok_or_else(|| wrong("this character is not of the alphabet", place))?;
            self.word = self.word << 6 | digit;
            self.digits += 1;
            self.last = place;
        }
        if self.digits + self.padding < 4 {
            return Ok(());
        }
        let surplus = 6 * self.digits % 8;
        if self.word & ((1 << surplus) - 1) != 0 {
            return Err(wrong("bits are left over", self.last));
        }
        let [_, whole @ ..] = (self.word << (6 * self.padding)).to_be_bytes();
        let count = (self.digits * 6 / 8) as usize;
        bytes.extend_from_slice(whole.get(..count).unwrap_or_default());
        *self = Group { closed: self.padding > 0, ..Group::default() };
        Ok(())
    }
}

impl<R: Read> Decoder<R> {
    pub(crate) fn new(input: R) -> Self {
        Decoder {
            input,
            chunk: Vec::new(),
            base: 0,
            group: Group::default(),
            ready: Vec::new(),
            taken: 0,
            ended: false,
        }
    }

    /// Decodes the next chunk.
    fn fill(&mut self) -> io::Result<()> {
        self.base += self.chunk.len() as u64;
        self.chunk.resize(CHUNK, 0);
        let count = self.input.read(&mut self.chunk);
        self.chunk.truncate(*count.as_ref().unwrap_or(&0));
        if count? == 0 {
            self.ended = true;
            if self.group.digits > 0 {
                return Err(wrong("it ends within a group", self.base).into());
            }
            return Ok(());
        }
        self.ready.clear();
        self.taken = 0;
        let mut at = 0;
        while let Some(rest) = self.chunk.get(at..).filter(|rest| !rest.is_empty()) {
            // Whole groups of digits are most of what there is.
            if let (true, Some(bytes)) = (self.group.is_empty(), rest.first_chunk::<4>().and_then(whole)) {
                self.ready.extend_from_slice(&bytes);
                at += 4;
                continue;
            }
            let place = self.base + at as u64;
            self.group.take(rest.first().copied().unwrap_or_default(), place, &mut self.ready)?;
            at += 1;
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.ready.len() && !self.ended {
            self.fill()?;
        }
        let count = self.ready.get(self.taken..).unwrap_or_default().read(buffer)?;
        self.taken += count;
        Ok(count)
    }
}

/// The bytes of four digits, if all four are some.
fn whole(four: &[u8; 4]) -> Option<[u8; 3]> {
    let digits = four.map(|byte| VALUES[usize::from(byte)]);
    if digits.contains(&NONE) {
        return None;
    }
    let word = digits.iter().fold(0, |word, digit| word << 6 | u32::from(*digit));
    let [_, a, b, c] = word.to_be_bytes();
    Some([a, b, c])
}

/// No digit.
const NONE: u8 = 0xff;

/// What each byte is worth.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut digit = 0;
    while digit < 64 {
        values[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
};

fn value(byte: u8) -> Option<u32> {
    let digit = VALUES[usize::from(byte)];
    (digit != NONE).then_some(u32::from(digit))
}

fn wrong(what: &str, place: u64) -> Failure {
    let failure = Failure::invalid_input("invalid-base64", format!("{what}, at byte {place}"));
    u32::try_from(place).map_or(failure.clone(), |place| failure.with_offset(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        Decoder::new(text).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let whole: Vec<u8> = (0..200_000u32).map(|number| ((number * 7919) >> 3) as u8).collect();
        for length in [0, 1, 2, 3, 56, 57, 58, 200_000] {
            let mut text = Vec::new();
            let mut encoder = Box::new(Encoder::new(&mut text));
            for piece in whole[..length].chunks(1001) {
                encoder.write_all(piece).unwrap();
            }
            encoder.finish().unwrap();
            assert!(text.split(|byte| *byte == b'\n').all(|line| line.len() <= 76));
            assert_eq!(decoded(&text).unwrap(), &whole[..length]);
        }
    }

    #[test]
    fn mistakes_have_their_place() {
        for (text, place) in
            [("Zm9v*mFy", 4), ("Z===", 1), ("Zh==", 1), ("Zg==Zg==", 4), ("Zm9vY", 5), ("Zm9v\r\nYm!y\n", 8)]
        {
            let failure = decoded(text.as_bytes()).unwrap_err();
            assert_eq!(failure.offset, Some(place), "{text}: {}", failure.message);
        }
    }
}
