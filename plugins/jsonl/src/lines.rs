//! Pulls bytes from the source and cuts them into blocks of whole lines, copying only what straddles two pieces.
//! A block may hold the elements of an array instead, which [`elements`](crate::elements) cuts.

use crate::elements::Element;
use jackfield_sdk::{Failure, Piece};

/// Where pieces of at most so many bytes come from.
pub(crate) type Pull = Box<dyn FnMut(u32) -> Result<Piece, Failure>>;

/// Whole lines, each with its newline, the last perhaps without; or the elements of an array.
#[derive(Debug)]
pub(crate) struct Lines {
    text: Vec<u8>,
    /// Where the elements are; none where lines are meant.
    elements: Option<Vec<Element>>,
    /// The next byte, or the next element.
    at: usize,
    end: usize,
    /// Physical line, from 1, of what comes next.
    line: u64,
    /// Whether every byte belongs to valid UTF-8.
    pub(crate) valid: bool,
    /// Whether the source gave so little that it may have no more for now.
    pub(crate) short: bool,
}

impl Lines {
    /// Number and text of the next line.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<(u64, &[u8])> {
        if let Some(elements) = &self.elements {
            let element = elements.get(self.at)?;
            self.at += 1;
            return Some((element.line, self.text.get(element.start..element.end)?));
        }
        let rest = self.text.get(self.at..self.end).filter(|rest| !rest.is_empty())?;
        let line = match memchr::memchr(b'\n', rest) {
            Some(newline) => {
                self.at += newline + 1;
                rest.get(..newline).unwrap_or_default()
            }
            None => {
                self.at = self.end;
                rest
            }
        };
        self.line += 1;
        Some((self.line - 1, line))
    }

    /// Elements of an array, which stand in `text`.
    pub(crate) fn of_elements(text: Vec<u8>, elements: Vec<Element>, short: bool) -> Lines {
        let end = text.len();
        let valid = is_ascii(&text) || std::str::from_utf8(&text).is_ok();
        Lines { text, elements: Some(elements), at: 0, end, line: 0, valid, short }
    }

    /// Bytes before the line or element that comes next, on the physical line where it begins.
    pub(crate) fn next_column(&self) -> usize {
        let next = self.elements.as_ref().and_then(|elements| elements.get(self.at));
        next.map_or(0, |element| element.column)
    }

    /// Bytes of text.
    pub(crate) fn size(&self) -> usize {
        self.end
    }

    /// Back to the first line.
    pub(crate) fn mark(&self) -> (usize, u64) {
        (self.at, self.line)
    }

    /// Back to a place told by [`mark`](Lines::mark).
    pub(crate) fn reset(&mut self, (at, line): (usize, u64)) {
        (self.at, self.line) = (at, line);
    }
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Fed {
    Lines(Lines),
    Pause,
    End,
}

const PIECE: u32 = 1 << 20;
/// A piece of fewer bytes says that the source is slow: what there is should go on at once.
pub(crate) const SHORT: usize = 32 << 10;
/// The most bytes that one line may have: the host takes at most 16 MiB at a time from a plugin.
const MAX_LINE: usize = 15 << 20;

/// The source, cut into blocks of lines.
pub(crate) struct Feed {
    pull: Pull,
    tail: Vec<u8>,
    piece: Vec<u8>,
    offset: usize,
    line: u64,
    started: bool,
    ended: bool,
    short: bool,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("line", &self.line).field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Feed {
    pub(crate) fn new(pull: Pull) -> Feed {
        Feed {
            pull,
            tail: Vec::new(),
            piece: Vec::new(),
            offset: 0,
            line: 1,
            started: false,
            ended: false,
            short: false,
        }
    }

    /// The next lines.
    ///
    /// # Errors
    /// The source's failure, a line that is too large, or text in UTF-16.
    pub(crate) fn next(&mut self) -> Result<Fed, Failure> {
        while !self.started {
            if !self.ended && self.tail.len() < 3 {
                match (self.pull)(PIECE)? {
                    Piece::Data(bytes) => self.tail.extend_from_slice(&bytes),
                    Piece::Pause => return Ok(Fed::Pause),
                    Piece::End => self.ended = true,
                }
                continue;
            }
            self.start()?;
        }
        loop {
            if self.offset < self.piece.len()
                && let Some(lines) = if self.tail.is_empty() { self.in_place() } else { self.joined()? }
            {
                return Ok(Fed::Lines(lines));
            }
            if self.ended {
                let text = std::mem::take(&mut self.tail);
                return Ok(if text.is_empty() { Fed::End } else { Fed::Lines(self.lines(text, 0, None)) });
            }
            match (self.pull)(PIECE)? {
                Piece::Data(bytes) => {
                    self.short = bytes.len() < SHORT;
                    (self.piece, self.offset) = (bytes, 0);
                }
                Piece::Pause => return Ok(Fed::Pause),
                Piece::End => self.ended = true,
            }
        }
    }

    /// Leaves a byte order mark out.
    fn start(&mut self) -> Result<(), Failure> {
        if self.tail.starts_with(&[0xff, 0xfe]) || self.tail.starts_with(&[0xfe, 0xff]) {
            return Err(Failure::invalid_input("invalid-utf8", "the text is in UTF-16, not in UTF-8")
                .with_help("convert it to UTF-8 first"));
        }
        (self.piece, self.offset) = (std::mem::take(&mut self.tail), 0);
        self.short = self.piece.len() < SHORT;
        if self.piece.starts_with(b"\xef\xbb\xbf") {
            self.offset = 3;
        }
        self.started = true;
        Ok(())
    }

    fn in_place(&mut self) -> Option<Lines> {
        let begin = std::mem::replace(&mut self.offset, 0);
        let text = std::mem::take(&mut self.piece);
        let Some(last) = memchr::memrchr(b'\n', text.get(begin..).unwrap_or_default()) else {
            self.tail = text.get(begin..).unwrap_or_default().to_vec();
            return None;
        };
        let end = begin + last + 1;
        self.tail = text.get(end..).unwrap_or_default().to_vec();
        Some(self.lines(text, begin, Some(end)))
    }

    fn joined(&mut self) -> Result<Option<Lines>, Failure> {
        let rest = self.piece.get(self.offset..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest);
        self.tail.extend_from_slice(end.map_or(rest, |end| rest.get(..=end).unwrap_or(rest)));
        self.offset = end.map_or(self.piece.len(), |end| self.offset + end + 1);
        if self.tail.len() > MAX_LINE {
            let message = format!("line {} has more than {} MiB", self.line, MAX_LINE >> 20);
            return Err(Failure::limit("too-large", message).with_help("JSON Lines has one object per line"));
        }
        if end.is_none() {
            return Ok(None);
        }
        let text = std::mem::take(&mut self.tail);
        Ok(Some(self.lines(text, 0, None)))
    }

    fn lines(&mut self, text: Vec<u8>, at: usize, end: Option<usize>) -> Lines {
        let end = end.unwrap_or(text.len());
        let used = text.get(at..end).unwrap_or_default();
        let line = self.line;
        self.line += memchr::memchr_iter(b'\n', used).count() as u64;
        let valid = is_ascii(used) || std::str::from_utf8(used).is_ok();
        Lines { text, elements: None, at, end, line, valid, short: self.short }
    }
}

/// Whether all bytes are ASCII: in long strides, which become SIMD.
fn is_ascii(text: &[u8]) -> bool {
    text.chunks(256).all(|chunk| chunk.iter().fold(0, |all, byte| all | byte) < 0x80)
}

#[cfg(test)]
pub(crate) fn pieces(text: &[u8], size: usize) -> Pull {
    let mut pieces: std::collections::VecDeque<Vec<u8>> = text.chunks(size.max(1)).map(<[u8]>::to_vec).collect();
    Box::new(move |_| Ok(pieces.pop_front().map_or(Piece::End, Piece::Data)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_pieces_of_any_size() {
        let text = "\u{feff}one\n\ntwo three\r\nfour".as_bytes();
        for size in 1..30 {
            let mut feed = Feed::new(pieces(text, size));
            let mut found = Vec::new();
            while let Fed::Lines(mut lines) = feed.next().unwrap() {
                while let Some((line, text)) = lines.next() {
                    found.push((line, String::from_utf8(text.to_vec()).unwrap()));
                }
            }
            let expected = [(1, "one"), (2, ""), (3, "two three\r"), (4, "four")];
            assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())), "{size}");
        }
        assert!(Feed::new(pieces(&vec![b'x'; 17 << 20], 1 << 20)).next().is_err());
        assert!(matches!(Feed::new(pieces(b"", 1)).next(), Ok(Fed::End)));
    }
}
