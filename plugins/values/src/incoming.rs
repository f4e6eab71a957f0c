//! Text as it comes, made plain while it is pulled: other encodings become UTF-8, and carriage returns that end lines
//! alone become newlines. Text that is plain already goes through as it is.

use jackfield_sdk::{Failure, Piece};

/// Where pieces of at most so many bytes come from.
pub type Pull = Box<dyn FnMut(u32) -> Result<Piece, Failure>>;

/// How text is written as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-16, of the byte order that its mark tells; without one, that which makes the first character ASCII.
    Utf16,
    /// ISO 8859-1: each byte is the character of its number.
    Latin1,
    /// Windows' western encoding: as Latin 1, with other characters in place of its second control characters.
    Windows1252,
}

impl Encoding {
    /// The encoding of a name, as options have it.
    pub fn parse(name: &str) -> Option<Encoding> {
        Some(match name {
            "utf-8" => Encoding::Utf8,
            "utf-16" => Encoding::Utf16,
            "latin1" => Encoding::Latin1,
            "windows-1252" => Encoding::Windows1252,
            _ => return None,
        })
    }
}

/// What tells where the first line of a file ends: fields may hold line ends within quotes.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    /// What stands between fields.
    pub delimiter: u8,
    /// What encloses fields.
    pub quote: Option<u8>,
}

/// Pulls text as UTF-8, of this encoding; where none is told, of what its byte order mark says. `fields`: whether lines
/// may end in carriage returns alone, which the first line tells.
pub fn plain(mut pull: Pull, encoding: Option<Encoding>, fields: Option<Fields>) -> Pull {
    let mut decoder = Decoder { encoding, order: None, held: Vec::new() };
    let mut ends = fields.map_or(Ends::Plain, |fields| Ends::Unknown { fields, at_start: true, quoted: false });
    let mut waiting = Vec::new();
    let mut ended = false;
    Box::new(move |most| {
        loop {
            if ended {
                return Ok(Piece::End);
            }
            let (bytes, last) = match pull(most)? {
                Piece::Data(bytes) => (bytes, false),
                Piece::Pause => return Ok(Piece::Pause),
                Piece::End => (Vec::new(), true),
            };
            ended = last;
            let text = decoder.take(bytes, last);
            let text = ends.take(&mut waiting, text, last);
            if !text.is_empty() {
                return Ok(Piece::Data(text));
            }
        }
    })
}

/// The beginning of a file as UTF-8, if its byte order mark says that it is another encoding.
pub fn head(bytes: &[u8]) -> Option<Vec<u8>> {
    marked(bytes)?;
    // A character may be cut off at the end.
    let whole = bytes.len() / 2 * 2;
    Some(Decoder { encoding: None, order: None, held: Vec::new() }.take(bytes.get(..whole)?.to_vec(), false))
}

/// Which byte of a character of UTF-16 comes first.
#[derive(Clone, Copy, Debug)]
enum Order {
    Little,
    Big,
}

fn marked(bytes: &[u8]) -> Option<Order> {
    match bytes {
        [0xff, 0xfe, ..] => Some(Order::Little),
        [0xfe, 0xff, ..] => Some(Order::Big),
        _ => None,
    }
}

struct Decoder {
    /// `None`: not known yet.
    encoding: Option<Encoding>,
    /// The order of UTF-16's bytes, once that is known.
    order: Option<Order>,
    /// Bytes that say nothing without those behind them.
    held: Vec<u8>,
}

impl Decoder {
    fn take(&mut self, bytes: Vec<u8>, last: bool) -> Vec<u8> {
        match self.encoding {
            Some(Encoding::Utf8) => return bytes,
            Some(Encoding::Latin1) => return single(&bytes, char::from),
            Some(Encoding::Windows1252) => return single(&bytes, windows),
            Some(Encoding::Utf16) | None => {}
        }
        let bytes = if self.held.is_empty() {
            bytes
        } else {
            let mut all = std::mem::take(&mut self.held);
            all.extend_from_slice(&bytes);
            all
        };
        if bytes.len() < 2 && !last {
            self.held = bytes;
            return Vec::new();
        }
        if self.encoding.is_none() {
            self.encoding = Some(if marked(&bytes).is_some() { Encoding::Utf16 } else { Encoding::Utf8 });
        }
        if self.encoding != Some(Encoding::Utf16) {
            return bytes;
        }
        let (order, from) = match (self.order, marked(&bytes)) {
            (Some(order), _) => (order, 0),
            (None, Some(order)) => (order, 2),
            (None, None) => (if bytes.first() == Some(&0) { Order::Big } else { Order::Little }, 0),
        };
        self.order = Some(order);
        self.pairs(bytes.get(from..).unwrap_or_default(), order, last)
    }

    /// Characters of two or four bytes; half of one at the end waits for the rest.
    fn pairs(&mut self, bytes: &[u8], order: Order, last: bool) -> Vec<u8> {
        let mut text = Vec::with_capacity(bytes.len());
        let unit = |pair: [u8; 2]| match order {
            Order::Little => u16::from_le_bytes(pair),
            Order::Big => u16::from_be_bytes(pair),
        };
        let (mut pairs, odd) = bytes.as_chunks::<2>();
        let high = |pair: &[u8; 2]| (0xd800..0xdc00).contains(&unit(*pair));
        self.held = odd.to_vec();
        if let [rest @ .., half] = pairs
            && high(half)
            && !last
        {
            self.held = [half.as_slice(), odd].concat();
            pairs = rest;
        }
        for found in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
            match found {
                Ok(found) => text.extend_from_slice(found.encode_utf8(&mut [0; 4]).as_bytes()),
                // No character: such bytes make the row a bad one.
                Err(_) => text.push(0xff),
            }
        }
        if last && !self.held.is_empty() {
            self.held.clear();
            text.push(0xff);
        }
        text
    }
}

/// Text of one byte for each character.
fn single(bytes: &[u8], character: impl Fn(u8) -> char) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() + bytes.len() / 8);
    for byte in bytes {
        match byte {
            ..0x80 => text.push(*byte),
            _ => text.extend_from_slice(character(*byte).encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    text
}

/// The characters of windows-1252 from 0x80 on; the five that it does not have are control characters, as on the web.
const WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn windows(byte: u8) -> char {
    let special = byte.checked_sub(0x80).and_then(|place| WINDOWS.get(usize::from(place)));
    special.copied().unwrap_or(char::from(byte))
}

/// What ends lines.
enum Ends {
    /// The first line has not come to its end.
    Unknown { fields: Fields, at_start: bool, quoted: bool },
    /// Newlines, with a carriage return before them or not.
    Plain,
    /// Carriage returns; a newline behind one belongs to it.
    Returns { before: bool },
}

impl Ends {
    /// Makes the line ends of a piece newlines. `waiting` keeps a carriage return of which it is not known what follows.
    fn take(&mut self, waiting: &mut Vec<u8>, text: Vec<u8>, last: bool) -> Vec<u8> {
        let mut text = if waiting.is_empty() {
            text
        } else {
            let mut all = std::mem::take(waiting);
            all.extend_from_slice(&text);
            all
        };
        // Only what follows the first line is made plain: what came before may have gone on already.
        let mut from = 0;
        if let Ends::Unknown { fields, at_start, quoted } = self {
            match first_end(&text, *fields, at_start, quoted) {
                Some(at) => match text.get(at..) {
                    // What is told by the next byte, or by the end.
                    Some([b'\r']) if !last => {
                        waiting.extend(text.split_off(at));
                        return text;
                    }
                    Some([b'\r', next, ..]) if *next != b'\n' => (from, *self) = (at, Ends::Returns { before: false }),
                    _ => *self = Ends::Plain,
                },
                None => return text,
            }
        }
        if let Ends::Returns { before } = self {
            let mut place = 0;
            text.retain_mut(|byte| {
                place += 1;
                if place <= from {
                    return true;
                }
                let returns = *byte == b'\r';
                let second = *byte == b'\n' && *before;
                *before = returns;
                if returns {
                    *byte = b'\n';
                }
                !second
            });
        }
        text
    }
}

/// Where the first line ends, in a piece that goes on where the last one has left off.
fn first_end(text: &[u8], fields: Fields, at_start: &mut bool, quoted: &mut bool) -> Option<usize> {
    for (at, byte) in text.iter().enumerate() {
        if fields.quote == Some(*byte) {
            // A quote opens at the start of a field; a second one behind a closing one opens it again.
            *quoted = !*quoted && *at_start;
            *at_start = !*quoted;
        } else if !*quoted {
            if matches!(byte, b'\r' | b'\n') {
                return Some(at);
            }
            *at_start = *byte == fields.delimiter;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: Fields = Fields { delimiter: b',', quote: Some(b'"') };

    fn read(bytes: &[u8], size: usize, encoding: Option<Encoding>, fields: Option<Fields>) -> Vec<u8> {
        let mut pieces: std::collections::VecDeque<Vec<u8>> = bytes.chunks(size).map(<[u8]>::to_vec).collect();
        let source: Pull = Box::new(move |_| Ok(pieces.pop_front().map_or(Piece::End, Piece::Data)));
        let mut pull = plain(source, encoding, fields);
        let mut all = Vec::new();
        while let Piece::Data(bytes) = pull(1 << 20).unwrap() {
            assert!(!bytes.is_empty());
            all.extend(bytes);
        }
        assert!(matches!(pull(1), Ok(Piece::End)));
        all
    }

    fn utf16(text: &str, order: Order) -> Vec<u8> {
        let bytes = |unit: u16| match order {
            Order::Little => unit.to_le_bytes(),
            Order::Big => unit.to_be_bytes(),
        };
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn encodings_become_utf8() {
        let text = "a,é\r\n😀,€\n";
        for size in 1..20 {
            for order in [Order::Little, Order::Big] {
                let marked = utf16(&format!("\u{feff}{text}"), order);
                assert_eq!(read(&marked, size, None, Some(FIELDS)), text.as_bytes(), "{size} {order:?}");
                assert_eq!(read(&marked, size, Some(Encoding::Utf16), None), text.as_bytes());
                assert_eq!(read(&utf16(text, order), size, Some(Encoding::Utf16), None), text.as_bytes());
            }
            assert_eq!(read(b"a\xe9\x80\x9f", size, Some(Encoding::Windows1252), None), "aé€Ÿ".as_bytes());
            assert_eq!(read(b"a\xe9\x80", size, Some(Encoding::Latin1), None), "aé\u{80}".as_bytes());
            assert_eq!(read(b"a\xe9\x80", size, None, Some(FIELDS)), b"a\xe9\x80");
            assert_eq!(read(text.as_bytes(), size, Some(Encoding::Utf8), None), text.as_bytes());
        }
        for text in ["", "x"] {
            assert_eq!(read(text.as_bytes(), 1, None, Some(FIELDS)), text.as_bytes());
        }
        assert_eq!(head(&utf16("\u{feff}ab\u{20ac}", Order::Big)[..7]).unwrap(), b"ab");
        assert_eq!(head(b"ab"), None);
    }

    #[test]
    fn half_characters_are_no_text() {
        for size in 1..6 {
            assert_eq!(read(b"\xff\xfea\0\x3d\xd8", size, None, None), b"a\xff", "{size}");
            assert_eq!(read(b"\xff\xfea\0b", size, None, None), b"a\xff");
            assert_eq!(read(b"\xff\xfe\x00\xdca\0", size, None, None), b"\xffa");
        }
    }

    #[test]
    fn carriage_returns_end_lines_where_the_first_line_says_so() {
        for (text, expected) in [
            ("a,b\r1,2\r3,4", "a,b\n1,2\n3,4"),
            ("a\r\r\n1\r\n\r2\r", "a\n\n1\n\n2\n"),
            ("\"a\nb\",\"c\"\"\r\"\rd\r\"\r\"", "\"a\nb\",\"c\"\"\r\"\nd\n\"\n\""),
            ("a\r\nb\rc\r\n", "a\r\nb\rc\r\n"),
            ("a\nb\rc", "a\nb\rc"),
            ("5\" pipe,b\r1,2\r", "5\" pipe,b\n1,2\n"),
            ("a,b\r", "a,b\r"),
            ("\"\r\"", "\"\r\""),
        ] {
            for size in 1..text.len() + 1 {
                let found = read(text.as_bytes(), size, None, Some(FIELDS));
                assert_eq!(String::from_utf8(found).unwrap(), expected, "{text:?} {size}");
            }
            assert_eq!(read(text.as_bytes(), 3, None, None), text.as_bytes());
        }
    }
}
