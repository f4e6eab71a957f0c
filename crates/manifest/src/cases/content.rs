//! What a port is given or has to give: rows or bytes, in the case or in a file.

use crate::document::{Data, Entries, Item};
use crate::reader::{Report, text, wrong_type};
use crate::value::{Table, Value};

/// Bytes that a case holds at most, repetitions counted.
const MOST_BYTES: usize = 1 << 30;

/// What goes into a port, or comes out.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A file, relative to the file of the case.
    File(String),
    /// Rows as JSON Lines.
    Lines(String),
    /// Rows as tables; a key that is missing is null.
    Rows(Vec<Table>),
    /// Bytes.
    Bytes(Bytes),
}

/// Bytes, and how they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// They were written as text.
    pub is_text: bool,
}

impl Content {
    pub(super) fn read(name: &str, item: Item, bytes: bool, report: &mut Report<'_>) -> Option<Content> {
        match item.data {
            Data::Text(text) if !bytes && text.text.contains('\n') => Some(Content::Lines(text.text)),
            Data::Text(text) => Some(Content::File(text.text)),
            Data::Table(mut entries) if entries.contains_key("file") && entries.len() == 1 => {
                let entry = entries.shift_remove("file")?;
                text(&format!("{name}.file"), entry.item, report).map(|file| Content::File(file.value))
            }
            Data::Table(entries) if bytes => {
                let mut read = Bytes { bytes: Vec::new(), is_text: true };
                read.add(name, Item { spot: item.spot, data: Data::Table(entries) }, report)?;
                Some(Content::Bytes(read))
            }
            Data::Array(items) if bytes => {
                let mut read = Bytes { bytes: Vec::new(), is_text: true };
                for item in items {
                    read.add(name, item, report)?;
                }
                Some(Content::Bytes(read))
            }
            Data::Array(items) => {
                let mut rows = Vec::new();
                for row in items {
                    let spot = row.spot;
                    match Value::from(row.clone()) {
                        Value::Table(table) => rows.push(table),
                        _ => wrong_type(&format!("a row of {name}"), "a table", spot, &row.data, report),
                    }
                }
                Some(Content::Rows(rows))
            }
            other => {
                let wanted = if bytes {
                    "a file's name or a table with `text`, `base64` or `hex`"
                } else {
                    "rows or a file's name"
                };
                wrong_type(name, wanted, item.spot, &other, report);
                None
            }
        }
    }
}

impl Bytes {
    /// Adds `{ text = "…", times = 3 }`, or `base64`, or `hex`.
    fn add(&mut self, name: &str, item: Item, report: &mut Report<'_>) -> Option<()> {
        let spot = item.spot;
        let mut wrong = |message: String| {
            report.error(spot, "invalid-value", message);
            None
        };
        let Data::Table(mut entries) = item.data else {
            return wrong(format!("{name}: expected a table with `text`, `base64` or `hex`"));
        };
        let times = match entries.shift_remove("times").map(|entry| entry.item.data) {
            None => 1,
            Some(Data::Integer(times)) if times >= 0 => usize::try_from(times).unwrap_or(usize::MAX),
            Some(_) => return wrong(format!("{name}: `times` must be a whole number")),
        };
        let Some((key, written)) = only(entries) else {
            return wrong(format!("{name}: expected one of `text`, `base64` and `hex`"));
        };
        let piece = match key.as_str() {
            "text" => Some(written.into_bytes()),
            "base64" => base64(&written),
            "hex" => hex(&written),
            _ => return wrong(format!("{name}: expected one of `text`, `base64` and `hex`, not `{key}`")),
        };
        let Some(piece) = piece else { return wrong(format!("{name}: this is no {key}")) };
        self.is_text &= key == "text";
        let length = piece.len().saturating_mul(times).saturating_add(self.bytes.len());
        if length > MOST_BYTES {
            return wrong(format!("{name}: {length} bytes are more than a case may hold"));
        }
        for _ in 0..times {
            self.bytes.extend_from_slice(&piece);
        }
        Some(())
    }
}

fn only(entries: Entries) -> Option<(String, String)> {
    let mut entries = entries.into_iter();
    let (key, entry) = entries.next()?;
    match (entries.next(), entry.item.data) {
        (None, Data::Text(text)) => Some((key, text.text)),
        _ => None,
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> =
        text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    pairs.collect()
}

/// RFC 4648, section 4; line breaks between groups do not count.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let letters = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - letters.len() > 2 {
        return None;
    }
    let mut bytes = Vec::new();
    let (mut word, mut bits) = (0u32, 0);
    for letter in letters.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        word = (word << 6 | u32::from(value)) & 0xff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((word >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}
