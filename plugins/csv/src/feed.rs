//! Pulls bytes from the source and cuts them into segments of complete records, almost without copying: only what
//! straddles two pieces is put together.

use crate::scan::{Dialect, Scan};
use jackfield_sdk::{Failure, Piece};

pub(crate) use jackfield_values::incoming::Pull;

/// Some complete records.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) text: Vec<u8>,
    pub(crate) scan: Scan,
    /// Physical line, from 1, on which the first record begins.
    pub(crate) line: u64,
    /// Where it begins in the text.
    pub(crate) begin: usize,
    /// Whether the text ends inside a quoted field, at the end of the input.
    pub(crate) unclosed: bool,
    /// Whether the source gave so little that it may have no more for now.
    pub(crate) short: bool,
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Fed {
    Segment(Segment),
    Pause,
    End,
}

/// What is asked of the source at a time, in bytes.
const PIECE: u32 = 1 << 20;
/// A piece of fewer bytes says that the source is slow: what there is should go on at once.
const SHORT: usize = 32 << 10;
/// How much of a new piece is put behind the beginning of a record at first, in bytes.
const SEAM: usize = 4096;
/// The most bytes that one record may have: the host takes at most 16 MiB at a time from a plugin.
pub(crate) const MAX_RECORD: usize = 15 << 20;

/// The source, cut into segments.
pub(crate) struct Feed {
    pull: Pull,
    dialect: Dialect,
    /// The beginning of a record, and the piece that goes on behind it from an offset on.
    tail: Vec<u8>,
    piece: Vec<u8>,
    offset: usize,
    line: u64,
    /// Lines that are still to be passed.
    skip: u64,
    started: bool,
    ended: bool,
    short: bool,
    room: Vec<u32>,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("line", &self.line).field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Feed {
    /// The text that is pulled, which is UTF-8, without its first `skip` lines.
    pub(crate) fn new(pull: Pull, dialect: Dialect, skip: u64) -> Feed {
        Feed {
            pull,
            dialect,
            tail: Vec::new(),
            piece: Vec::new(),
            offset: 0,
            line: 1,
            skip,
            started: false,
            ended: false,
            short: false,
            room: Vec::new(),
        }
    }

    /// Takes back a list of positions, to be used again.
    pub(crate) fn reuse(&mut self, room: Vec<u32>) {
        if room.len() <= PIECE as usize && room.len() > self.room.len() {
            self.room = room;
        }
    }

    /// The next complete records.
    ///
    /// # Errors
    /// The source's failure, or a record that is too large.
    pub(crate) fn next(&mut self) -> Result<Fed, Failure> {
        if !self.started
            && let Some(fed) = self.start()?
        {
            return Ok(fed);
        }
        if self.skip > 0
            && let Some(fed) = self.pass()?
        {
            return Ok(fed);
        }
        loop {
            if self.offset < self.piece.len()
                && let Some(segment) = if self.tail.is_empty() { self.in_place() } else { self.joined()? }
            {
                return Ok(Fed::Segment(segment));
            }
            if self.ended {
                return Ok(self.last());
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

    /// Reads up to the third byte and leaves a byte order mark out.
    fn start(&mut self) -> Result<Option<Fed>, Failure> {
        while self.piece.len() < 3 && !self.ended {
            match (self.pull)(PIECE)? {
                Piece::Data(bytes) if self.piece.is_empty() => {
                    self.short = bytes.len() < SHORT;
                    self.piece = bytes;
                }
                Piece::Data(bytes) => self.piece.extend_from_slice(&bytes),
                Piece::Pause => return Ok(Some(Fed::Pause)),
                Piece::End => self.ended = true,
            }
        }
        if self.piece.starts_with(b"\xef\xbb\xbf") {
            self.offset = 3;
        }
        self.started = true;
        Ok(None)
    }

    /// Passes the lines at the top that are not looked at.
    fn pass(&mut self) -> Result<Option<Fed>, Failure> {
        while self.skip > 0 {
            let rest = self.piece.get(self.offset..).unwrap_or_default();
            if let Some(newline) = memchr::memchr(b'\n', rest) {
                self.offset += newline + 1;
                self.line += 1;
                self.skip -= 1;
                continue;
            }
            self.offset = self.piece.len();
            if self.ended {
                return Ok(None);
            }
            match (self.pull)(PIECE)? {
                Piece::Data(bytes) => {
                    self.short = bytes.len() < SHORT;
                    (self.piece, self.offset) = (bytes, 0);
                }
                Piece::Pause => return Ok(Some(Fed::Pause)),
                Piece::End => self.ended = true,
            }
        }
        Ok(None)
    }

    /// The complete records of the piece, where it lies; what follows them becomes the tail.
    fn in_place(&mut self) -> Option<Segment> {
        let mut scan = Scan::new(self.offset, std::mem::take(&mut self.room));
        scan.run(&self.piece, &self.dialect);
        let end = scan.end();
        self.tail = self.piece.get(end..).unwrap_or_default().to_vec();
        let text = std::mem::take(&mut self.piece);
        let begin = std::mem::replace(&mut self.offset, 0);
        if scan.ends.is_empty() {
            self.room = scan.into_marks().0;
            return None;
        }
        Some(self.segment(text, scan, begin))
    }

    /// The tail with as much of the piece as completes its record.
    fn joined(&mut self) -> Result<Option<Segment>, Failure> {
        let mut text = std::mem::take(&mut self.tail);
        let before = text.len();
        let mut scan = Scan::new(0, Vec::new());
        let mut step = SEAM;
        scan.run(&text, &self.dialect);
        while scan.ends.is_empty() && self.offset < self.piece.len() {
            let end = self.piece.len().min(self.offset.saturating_add(step));
            text.extend_from_slice(self.piece.get(self.offset..end).unwrap_or_default());
            self.offset = end;
            step = step.saturating_mul(4);
            scan.run(&text, &self.dialect);
        }
        if scan.ends.is_empty() {
            if text.len() > MAX_RECORD {
                return Err(self.too_large());
            }
            self.tail = text;
            return Ok(None);
        }
        // What follows the record is read where it lies.
        let end = scan.end();
        self.offset -= text.len() - end.max(before);
        text.truncate(end);
        Ok(Some(self.segment(text, scan, 0)))
    }

    /// What is left at the end of the input, which may lack its newline.
    fn last(&mut self) -> Fed {
        if self.tail.is_empty() {
            return Fed::End;
        }
        let mut text = std::mem::take(&mut self.tail);
        let mut scan = Scan::new(0, Vec::new());
        scan.run(&text, &self.dialect);
        let unclosed = scan.is_open();
        if unclosed {
            // Only so does the newline that follows end a record.
            text.extend(self.dialect.quote);
        }
        text.push(b'\n');
        scan.run(&text, &self.dialect);
        let mut segment = self.segment(text, scan, 0);
        segment.unclosed = unclosed;
        Fed::Segment(segment)
    }

    fn segment(&mut self, text: Vec<u8>, scan: Scan, begin: usize) -> Segment {
        let line = self.line;
        self.line += if scan.quotes {
            let records = text.get(begin..scan.end()).unwrap_or_default();
            memchr::memchr_iter(b'\n', records).count() as u64
        } else {
            scan.ends.len() as u64
        };
        Segment { text, scan, line, begin, unclosed: false, short: self.short }
    }

    fn too_large(&self) -> Failure {
        let message = format!("the row that begins on line {} has more than {} MiB", self.line, MAX_RECORD >> 20);
        Failure::limit("too-large", message).with_help(
            "a quote that is never closed makes one row of all that follows: check the line, and the options `quote` and `delimiter`",
        )
    }
}

#[cfg(test)]
pub(crate) fn pieces(text: &[u8], size: usize) -> Pull {
    let mut pieces: std::collections::VecDeque<Vec<u8>> = text.chunks(size.max(1)).map(<[u8]>::to_vec).collect();
    Box::new(move |_| Ok(pieces.pop_front().map_or(Piece::End, Piece::Data)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIALECT: Dialect = Dialect { delimiter: b',', quote: Some(b'"'), comment: None, trim: false };

    /// The records, each with its line.
    fn records(text: &[u8], size: usize) -> Vec<(u64, Vec<u8>)> {
        let mut feed = Feed::new(pieces(text, size), DIALECT, 0);
        let mut records = Vec::new();
        while let Fed::Segment(segment) = feed.next().unwrap() {
            let (marks, ends) = segment.scan.into_marks();
            let (mut start, mut line) = (segment.begin, segment.line);
            for end in ends {
                let end = marks[end as usize] as usize + 1;
                records.push((line, segment.text[start..end].to_vec()));
                line += segment.text[start..end].iter().filter(|b| **b == b'\n').count() as u64;
                start = end;
            }
        }
        records
    }

    #[test]
    fn marks_and_missing_newlines() {
        let text = "\u{feff}a,b\n1,\"x\ny\"\n2,z".as_bytes();
        for size in 1..20 {
            let records = records(text, size);
            assert_eq!(records.iter().map(|r| r.0).collect::<Vec<_>>(), [1, 2, 4]);
            assert_eq!(records[0].1, b"a,b\n");
            assert_eq!(records[2].1, b"2,z\n");
        }
    }

    #[test]
    fn lines_at_the_top_are_passed() {
        let text = b"\xef\xbb\xbfA \"title\n\na,b\n1,2\n";
        for (skip, expected) in [(2, &[(3, "a,b\n"), (4, "1,2\n")][..]), (4, &[]), (9, &[])] {
            for size in 1..20 {
                let mut feed = Feed::new(pieces(text, size), DIALECT, skip);
                let mut found = Vec::new();
                while let Fed::Segment(segment) = feed.next().unwrap() {
                    for (at, record) in
                        segment.text[segment.begin..segment.scan.end()].split_inclusive(|b| *b == b'\n').enumerate()
                    {
                        found.push((segment.line + at as u64, String::from_utf8(record.to_vec()).unwrap()));
                    }
                }
                let expected: Vec<(u64, String)> =
                    expected.iter().map(|(line, text)| (*line, (*text).to_owned())).collect();
                assert_eq!(found, expected, "{skip} {size}");
            }
        }
    }

    #[test]
    fn a_record_without_end_is_refused() {
        let text = vec![b'x'; MAX_RECORD + (2 << 20)];
        assert_eq!(Feed::new(pieces(&text, 1 << 20), DIALECT, 0).next().unwrap_err().code, "too-large");
    }

    proptest! {
        #[test]
        fn however_it_is_cut(text in "([a\",\n]|[a-z]{0,20}){0,80}", size in 1usize..90) {
            prop_assert_eq!(records(text.as_bytes(), size), records(text.as_bytes(), 1 << 20));
        }
    }
}
