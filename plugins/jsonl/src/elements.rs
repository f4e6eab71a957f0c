//! Pulls bytes from the source and cuts a JSON array into its elements. Objects that follow one another without an array
//! around them are elements too.

use crate::cursor::special;
use crate::lines::{Fed, Lines, Pull, SHORT};
use jackfield_sdk::{Failure, Piece};

const PIECE: u32 = 1 << 20;
/// The most bytes that one element may have: the host takes at most 16 MiB at a time from a plugin.
const MAX_ELEMENT: usize = 15 << 20;
/// How deep values may be nested before an element is given up.
const MAX_DEPTH: u32 = 1024;

/// Where an element stands in its block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Physical line on which it begins, from 1.
    pub(crate) line: u64,
    /// Bytes before it on that line.
    pub(crate) column: usize,
}

/// What comes next in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing but blanks has come.
    Begin,
    /// An element; in an array that has none yet also its end.
    Element { in_array: bool, first: bool },
    /// Within an element, so deep.
    Within { in_array: bool, depth: u32 },
    /// Within a string of an element.
    Text { in_array: bool, depth: u32 },
    /// A number or a word, up to what cannot belong to it.
    Word { in_array: bool },
    /// A comma, or the end of the array.
    Behind,
    /// Nothing but blanks.
    End,
}

/// The source, cut into blocks of elements.
pub(crate) struct Elements {
    pull: Pull,
    text: Vec<u8>,
    /// Up to where the text was looked at.
    at: usize,
    state: State,
    line: u64,
    /// Where the present line begins in the text, which may be before it.
    line_start: i64,
    open: Option<Element>,
    found: Vec<Element>,
    started: bool,
    ended: bool,
}

impl std::fmt::Debug for Elements {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Elements").field("line", &self.line).field("state", &self.state).finish_non_exhaustive()
    }
}

impl Elements {
    pub(crate) fn new(pull: Pull) -> Elements {
        Elements {
            pull,
            text: Vec::new(),
            at: 0,
            state: State::Begin,
            line: 1,
            line_start: 0,
            open: None,
            found: Vec::new(),
            started: false,
            ended: false,
        }
    }

    /// The next elements.
    ///
    /// # Errors
    /// The source's failure, an element that is too large, or text that is no array of elements.
    pub(crate) fn next(&mut self) -> Result<Fed, Failure> {
        loop {
            if self.ended {
                return Ok(Fed::End);
            }
            let short = match (self.pull)(PIECE)? {
                Piece::Data(bytes) => {
                    self.text.extend_from_slice(&bytes);
                    bytes.len() < SHORT
                }
                Piece::Pause => return Ok(Fed::Pause),
                Piece::End => {
                    self.ended = true;
                    true
                }
            };
            if !self.started && !self.start()? {
                continue;
            }
            self.look()?;
            if self.ended {
                self.end()?;
            }
            if !self.found.is_empty() {
                return Ok(Fed::Lines(self.block(short)));
            }
            if self.open.is_none() {
                self.let_go(self.at);
            }
            if self.text.len() > MAX_ELEMENT {
                let message =
                    format!("the element on line {} has more than {} MiB", self.open_line(), MAX_ELEMENT >> 20);
                return Err(Failure::limit("too-large", message)
                    .with_help("what is read is an array of objects, one for each row"));
            }
        }
    }

    fn open_line(&self) -> u64 {
        self.open.map_or(self.line, |open| open.line)
    }

    /// Leaves a byte order mark out, once there is enough to tell.
    fn start(&mut self) -> Result<bool, Failure> {
        if self.text.len() < 3 && !self.ended {
            return Ok(false);
        }
        if self.text.starts_with(&[0xff, 0xfe]) || self.text.starts_with(&[0xfe, 0xff]) {
            return Err(Failure::invalid_input("invalid-utf8", "the text is in UTF-16, not in UTF-8")
                .with_help("convert it to UTF-8 first"));
        }
        if self.text.starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
        }
        self.started = true;
        Ok(true)
    }

    /// The elements found, with the text up to the end of the last.
    fn block(&mut self, short: bool) -> Lines {
        let found = std::mem::take(&mut self.found);
        let end = found.last().map_or(0, |element| element.end);
        let rest = self.text.split_off(end);
        let text = std::mem::replace(&mut self.text, rest);
        self.moved(end);
        Lines::of_elements(text, found, short)
    }

    fn let_go(&mut self, bytes: usize) {
        self.text.drain(..bytes.min(self.text.len()));
        self.moved(bytes);
    }

    fn moved(&mut self, bytes: usize) {
        self.at -= bytes;
        self.line_start -= bytes as i64;
        if let Some(open) = &mut self.open {
            open.start -= bytes;
        }
    }

    fn wrong<T>(&self, what: &str) -> Result<T, Failure> {
        let place = format!("line {}, byte {}", self.line, self.at as i64 - self.line_start + 1);
        Err(Failure::invalid_input("syntax", format!("{what}, at {place}")).with_help(
            "what is read is an array of objects, as in [{\"a\": 1}, {\"a\": 2}], or objects one after the other",
        ))
    }

    /// The text has come to its end.
    fn end(&mut self) -> Result<(), Failure> {
        match self.state {
            State::Begin | State::End | State::Element { in_array: false, .. } => Ok(()),
            State::Word { in_array: false } => {
                self.close();
                Ok(())
            }
            State::Within { .. } | State::Text { .. } => {
                let message = format!("the text ends within the element that begins on line {}", self.open_line());
                Err(Failure::invalid_input("truncated", message))
            }
            State::Element { .. } | State::Word { .. } | State::Behind => Err(Failure::invalid_input(
                "truncated",
                format!("the array has no end; the text ends on line {}", self.line),
            )),
        }
    }

    fn close(&mut self) {
        if let Some(mut element) = self.open.take() {
            element.end = self.at;
            self.found.push(element);
        }
    }

    fn open(&mut self) {
        let column = usize::try_from(self.at as i64 - self.line_start).unwrap_or(0);
        self.open = Some(Element { start: self.at, end: self.at, line: self.line, column });
    }

    fn look(&mut self) -> Result<(), Failure> {
        loop {
            if let State::Within { .. } = self.state {
                // Most of an element says nothing about where it ends.
                let rest = self.text.get(self.at..).unwrap_or_default();
                let tells = |byte: &u8| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']' | b'\n');
                self.at += rest.iter().position(tells).unwrap_or(rest.len());
            }
            let Some(byte) = self.text.get(self.at).copied() else { return Ok(()) };
            if let State::Text { in_array, depth } = self.state {
                if !self.text_goes_on(in_array, depth) {
                    return Ok(());
                }
                continue;
            }
            if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                if let State::Word { in_array } = self.state {
                    self.close();
                    self.state = if in_array { State::Behind } else { State::Element { in_array, first: false } };
                }
                self.at += 1;
                if byte == b'\n' {
                    self.line += 1;
                    self.line_start = self.at as i64;
                }
                continue;
            }
            self.state = self.step(byte)?;
            // A word ends before what is not its own, which is looked at again.
            if !matches!((self.state, byte), (State::Behind, b',' | b']') if self.found.last().is_some_and(|last| last.end == self.at))
            {
                self.at += 1;
            }
        }
    }

    /// What follows from a byte that is neither blank nor part of a string.
    fn step(&mut self, byte: u8) -> Result<State, Failure> {
        let begin = |this: &mut Elements, in_array| {
            this.open();
            match byte {
                b'{' | b'[' => Ok(State::Within { in_array, depth: 1 }),
                b'"' => Ok(State::Text { in_array, depth: 0 }),
                b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => Ok(State::Word { in_array }),
                _ => this.wrong("a value is none of JSON's"),
            }
        };
        match (self.state, byte) {
            (State::Begin, b'[') => Ok(State::Element { in_array: true, first: true }),
            (State::Begin, _) => begin(self, false),
            (State::Element { in_array: true, first: true }, b']') => Ok(State::End),
            (State::Element { in_array, .. }, _) => begin(self, in_array),
            (State::Within { in_array, depth }, b'"') => Ok(State::Text { in_array, depth }),
            (State::Within { depth: MAX_DEPTH, .. }, b'{' | b'[') => self.wrong("values are nested too deeply"),
            (State::Within { in_array, depth }, b'{' | b'[') => Ok(State::Within { in_array, depth: depth + 1 }),
            (State::Within { in_array, depth: 1 }, b'}' | b']') => {
                self.at += 1;
                self.close();
                self.at -= 1;
                Ok(if in_array { State::Behind } else { State::Element { in_array, first: false } })
            }
            (State::Within { in_array, depth }, b'}' | b']') => Ok(State::Within { in_array, depth: depth - 1 }),
            (State::Within { .. }, _) => Ok(self.state),
            (State::Word { in_array: true }, b',' | b']') => {
                self.close();
                Ok(State::Behind)
            }
            (State::Word { .. }, _) => Ok(self.state),
            (State::Behind, b',') => Ok(State::Element { in_array: true, first: false }),
            (State::Behind, b']') => Ok(State::End),
            (State::Behind, _) => self.wrong("a comma or the end of the array is missing"),
            (State::End | State::Text { .. }, _) => self.wrong("something follows the array"),
        }
    }

    /// Goes to the end of a string; `false`: it is not there yet.
    fn text_goes_on(&mut self, in_array: bool, depth: u32) -> bool {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let end = special(rest);
            match rest.get(end..) {
                Some([b'"', ..]) => {
                    self.at += end + 1;
                    if depth > 0 {
                        self.state = State::Within { in_array, depth };
                    } else {
                        self.close();
                        self.state = if in_array { State::Behind } else { State::Element { in_array, first: false } };
                    }
                    return true;
                }
                // What the backslash escapes may not have come yet.
                Some([b'\\']) => {
                    self.at += end;
                    return false;
                }
                Some([b'\\', ..]) => self.at += end + 2,
                Some([byte, ..]) => {
                    // A control character is wrong, which is said when the element is read.
                    self.at += end + 1;
                    if *byte == b'\n' {
                        self.line += 1;
                        self.line_start = self.at as i64;
                    }
                }
                Some([]) | None => {
                    self.at += rest.len();
                    return false;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::pieces;
    use proptest::prelude::*;

    fn elements(text: &str, size: usize) -> Result<Vec<(u64, String)>, String> {
        let mut elements = Elements::new(pieces(text.as_bytes(), size));
        let mut found = Vec::new();
        loop {
            match elements.next().map_err(|failure| failure.message)? {
                Fed::Lines(mut lines) => {
                    while let Some((line, text)) = lines.next() {
                        found.push((line, String::from_utf8(text.to_vec()).unwrap()));
                    }
                }
                Fed::Pause | Fed::End => return Ok(found),
            }
        }
    }

    #[test]
    fn arrays_and_sequences_are_cut() {
        let text = "\u{feff} [ {\"a\": \"]},\\\"\"},\n\n {\"b\": [1, {\n}]} ,3 , null,\"x\\\\\"\n, true]\n ";
        let expected = [
            (1, "{\"a\": \"]},\\\"\"}"),
            (3, "{\"b\": [1, {\n}]}"),
            (4, "3"),
            (4, "null"),
            (4, "\"x\\\\\""),
            (5, "true"),
        ];
        let expected: Vec<(u64, String)> = expected.map(|(line, text)| (line, text.to_owned())).to_vec();
        for size in 1..text.len() + 1 {
            assert_eq!(elements(text, size).unwrap(), expected, "{size}");
        }
        for (text, count) in [("[]", 0), ("", 0), (" [ ] ", 0), ("{}", 1), ("{}{}\n{}", 3), ("1 2", 2), ("[1]", 1)] {
            for size in 1..4 {
                assert_eq!(elements(text, size).unwrap().len(), count, "{text} {size}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let wrong = |text: &str| elements(text, 3).unwrap_err();
        assert_eq!(wrong("[1,\n2 x]"), "a comma or the end of the array is missing, at line 2, byte 3");
        assert_eq!(wrong("[1] 2"), "something follows the array, at line 1, byte 5");
        assert_eq!(wrong("[1,]"), "a value is none of JSON's, at line 1, byte 4");
        assert_eq!(wrong("[1,\n"), "the array has no end; the text ends on line 2");
        assert_eq!(wrong("[1"), "the array has no end; the text ends on line 1");
        assert_eq!(wrong("[\n{\"a\": \"x"), "the text ends within the element that begins on line 2");
        assert!(wrong(&"[".repeat(100_000)).starts_with("values are nested too deeply"));
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "[\\[\\]{},:\"\\\\a1 \n-]{0,40}", size in 1usize..20) {
            let whole = elements(&text, 1000);
            prop_assert_eq!(elements(&text, size), whole);
        }
    }
}
