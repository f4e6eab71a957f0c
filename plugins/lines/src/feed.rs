//! Pulls bytes from the source and cuts them into blocks of whole lines; only what straddles two pieces is put together.

use jackfield_sdk::{Failure, Piece};

pub use jackfield_values::incoming::Pull;

/// Some whole lines.
#[derive(Clone, Debug)]
pub struct Lines {
    text: Vec<u8>,
    at: usize,
    end: usize,
    line: u64,
    /// Whether the source gave so little that it may have no more for now.
    pub short: bool,
}

impl Lines {
    /// The next line without its end, and its number, from 1.
    pub fn next_line(&mut self) -> Option<(u64, &[u8])> {
        let rest = self.text.get(self.at..self.end).filter(|rest| !rest.is_empty())?;
        let (line, length) = match memchr::memchr(b'\n', rest) {
            Some(newline) => (rest.get(..newline).unwrap_or_default(), newline + 1),
            None => (rest, rest.len()),
        };
        self.at += length;
        self.line += 1;
        Some((self.line - 1, line.strip_suffix(b"\r").unwrap_or(line)))
    }

    /// Bytes of text that are left.
    pub fn size(&self) -> usize {
        self.end - self.at
    }
}

/// What comes next.
#[derive(Debug)]
pub enum Fed {
    /// Lines.
    Lines(Lines),
    /// Nothing now.
    Pause,
    /// Nothing more.
    End,
}

const PIECE: u32 = 1 << 20;
/// A piece of fewer bytes says that the source is slow: what there is should go on at once.
const SHORT: usize = 32 << 10;
/// The most bytes that one line may have: the host takes at most 16 MiB at a time from a plugin.
const MAX_LINE: usize = 15 << 20;

/// The source, cut into blocks of lines.
pub struct Feed {
    pull: Pull,
    /// The beginning of a line.
    tail: Vec<u8>,
    line: u64,
    started: bool,
    ended: bool,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("line", &self.line).field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Feed {
    /// Lines of what is pulled.
    pub fn new(pull: Pull) -> Feed {
        Feed { pull, tail: Vec::new(), line: 1, started: false, ended: false }
    }

    /// The next lines.
    ///
    /// # Errors
    /// The source's failure, or a line that is too large.
    pub fn next_lines(&mut self) -> Result<Fed, Failure> {
        loop {
            if self.ended {
                let text = std::mem::take(&mut self.tail);
                let begin = self.start(&text);
                let end = text.len();
                return Ok(if end > begin { Fed::Lines(self.lines(text, begin, end, false)) } else { Fed::End });
            }
            let piece = match (self.pull)(PIECE)? {
                Piece::Data(piece) => piece,
                Piece::Pause => return Ok(Fed::Pause),
                Piece::End => {
                    self.ended = true;
                    continue;
                }
            };
            let short = piece.len() < SHORT;
            let seam = self.tail.len();
            let text = match self.tail.is_empty() {
                true => piece,
                false => {
                    self.tail.extend_from_slice(&piece);
                    std::mem::take(&mut self.tail)
                }
            };
            let fresh = text.get(seam..).unwrap_or_default();
            let Some(end) = memchr::memrchr(b'\n', fresh).map(|last| seam + last + 1).filter(|end| *end >= 3) else {
                if text.len() > MAX_LINE {
                    let message = format!("line {} has more than {} MiB", self.line, MAX_LINE >> 20);
                    return Err(Failure::limit("too-large", message).with_help("say `format` if the file is no text"));
                }
                self.tail = text;
                continue;
            };
            self.tail = text.get(end..).unwrap_or_default().to_vec();
            let begin = self.start(&text);
            return Ok(Fed::Lines(self.lines(text, begin, end, short)));
        }
    }

    /// Where the text begins behind a byte order mark.
    fn start(&mut self, text: &[u8]) -> usize {
        if self.started {
            return 0;
        }
        self.started = true;
        if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 }
    }

    fn lines(&mut self, text: Vec<u8>, at: usize, end: usize, short: bool) -> Lines {
        let line = self.line;
        self.line += memchr::memchr_iter(b'\n', text.get(at..end).unwrap_or_default()).count() as u64;
        Lines { text, at, end, line, short }
    }
}

/// For tests: the text in pieces.
pub fn pieces(text: &[u8], size: usize) -> Pull {
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
            while let Fed::Lines(mut lines) = feed.next_lines().unwrap() {
                while let Some((line, text)) = lines.next_line() {
                    found.push((line, String::from_utf8(text.to_vec()).unwrap()));
                }
            }
            let expected = [(1, "one"), (2, ""), (3, "two three"), (4, "four")];
            assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())), "{size}");
        }
        assert!(Feed::new(pieces(&vec![b'x'; 17 << 20], 1 << 20)).next_lines().is_err());
        assert!(matches!(Feed::new(pieces(b"", 1)).next_lines(), Ok(Fed::End)));
    }
}
