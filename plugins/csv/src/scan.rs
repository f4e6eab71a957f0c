//! Finds where fields and records end: 64 bytes a step, as bit masks, into a list of positions.
//!
//! Quotes count only where a field begins with one; a quote further inside is an ordinary character, and so is what
//! stands between a closing quote and the next delimiter. Blocks of 64 bytes without quotes take the short way.

/// The characters that give a file its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    /// `None`: no field is ever quoted.
    pub(crate) quote: Option<u8>,
    /// What a line to be left out starts with.
    pub(crate) comment: Option<u8>,
    /// Blanks around fields do not count.
    pub(crate) trim: bool,
}

/// The positions found so far in a growing piece of text.
#[derive(Debug)]
pub(crate) struct Scan {
    /// Positions of delimiters and of newlines that end a record, behind a first entry one before the text; meaningful up to
    /// `count`, the rest is room.
    marks: Vec<u32>,
    count: usize,
    /// For each record the index into `marks` of its newline.
    pub(crate) ends: Vec<u32>,
    /// Whether there was a byte that is not ASCII.
    pub(crate) high: bool,
    /// Whether there may be newlines that end no record.
    pub(crate) quotes: bool,
    /// How far the text was scanned.
    at: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Plain,
    Quoted,
    /// Behind a quote at this position, inside a quoted field: its end, or the first half of a doubled quote.
    Closed(u32),
    /// In a quoted field behind its closing quote: up to the delimiter nothing has a meaning.
    Rest,
    Comment,
}

/// One bit per byte of a block.
struct Masks {
    delimiters: u64,
    newlines: u64,
    quotes: u64,
    high: bool,
}

const BLOCK: usize = 64;

impl Scan {
    /// A scan that begins at position `begin` of the text. `room` is a list whose memory may be used again.
    pub(crate) fn new(begin: usize, mut room: Vec<u32>) -> Scan {
        if room.is_empty() {
            room.resize(1024, 0);
        }
        if let Some(first) = room.first_mut() {
            *first = (begin as u32).wrapping_sub(1);
        }
        Scan { marks: room, count: 1, ends: Vec::new(), high: false, quotes: false, at: begin, state: State::Plain }
    }

    /// Goes on to the end of the text, which may have grown since the last time.
    pub(crate) fn run(&mut self, text: &[u8], dialect: &Dialect) {
        let from = self.at.min(text.len());
        let mut blocks = text[from..].chunks_exact(BLOCK);
        for block in &mut blocks {
            let Some(block) = block.first_chunk::<BLOCK>() else { break };
            let masks = masks(block, dialect);
            self.block(masks, text, dialect);
            self.at += BLOCK;
        }
        let rest = blocks.remainder();
        if !rest.is_empty() {
            // Zeros behind the end mean nothing, unless one of the characters is a zero, which options do not allow.
            let mut block = [0; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            let masks = masks(&block, dialect);
            self.block(masks, text, dialect);
            self.at += rest.len();
        }
    }

    #[inline]
    fn block(&mut self, masks: Masks, text: &[u8], dialect: &Dialect) {
        self.high |= masks.high;
        if self.count + BLOCK > self.marks.len() {
            // Doubling alone is not enough for a list that was used before for a few marks only.
            self.marks.resize((self.marks.len() * 2).max(self.count + BLOCK), 0);
        }
        if masks.quotes != 0 || self.state != State::Plain || dialect.comment.is_some() {
            self.careful(&masks, text, dialect);
            return;
        }
        let all = masks.delimiters | masks.newlines;
        let base = self.at as u32;
        let mut rest = all;
        let found = rest.count_ones() as usize;
        if let Some(slots) = self.marks.get_mut(self.count..self.count + found) {
            for slot in slots {
                *slot = base + rest.trailing_zeros();
                rest &= rest - 1;
            }
        }
        let mut newlines = masks.newlines;
        while newlines != 0 {
            let lowest = newlines & newlines.wrapping_neg();
            self.ends.push(self.count as u32 + (all & (lowest - 1)).count_ones());
            newlines ^= lowest;
        }
        self.count += found;
    }

    /// Steps from one special character to the next.
    fn careful(&mut self, masks: &Masks, text: &[u8], dialect: &Dialect) {
        let mut rest = masks.delimiters | masks.newlines | masks.quotes;
        while rest != 0 {
            let bit = rest & rest.wrapping_neg();
            rest ^= bit;
            let position = self.at as u32 + bit.trailing_zeros();
            let newline = masks.newlines & bit != 0;
            let quote = masks.quotes & bit != 0;
            if self.state == State::Plain && dialect.comment.is_some() && self.in_comment(text, dialect) {
                self.state = State::Comment;
            }
            self.state = match self.state {
                State::Plain if quote => {
                    if self.at_field_start(position, text, dialect) {
                        self.quotes = true;
                        State::Quoted
                    } else {
                        State::Plain
                    }
                }
                State::Quoted if quote => State::Closed(position),
                State::Quoted => State::Quoted,
                State::Closed(before) if quote && before + 1 == position => State::Quoted,
                State::Closed(_) | State::Rest if quote => State::Rest,
                State::Comment if !newline => State::Comment,
                _ => {
                    self.mark(position, newline);
                    State::Plain
                }
            };
        }
    }

    fn mark(&mut self, position: u32, newline: bool) {
        if let Some(slot) = self.marks.get_mut(self.count) {
            *slot = position;
        }
        if newline {
            self.ends.push(self.count as u32);
        }
        self.count += 1;
    }

    fn field_start(&self) -> usize {
        self.marks.get(self.count - 1).map_or(0, |mark| mark.wrapping_add(1) as usize)
    }

    fn at_field_start(&self, position: u32, text: &[u8], dialect: &Dialect) -> bool {
        let start = self.field_start();
        let before = text.get(start..position as usize).unwrap_or(&[]);
        before.is_empty() || dialect.trim && before.iter().all(|b| matches!(b, b' ' | b'\t'))
    }

    /// Whether the record that begins where the last one ended is a comment.
    fn in_comment(&self, text: &[u8], dialect: &Dialect) -> bool {
        let last_is_newline = self.ends.last().map_or(self.count == 1, |end| *end as usize + 1 == self.count);
        last_is_newline && text.get(self.field_start()).copied() == dialect.comment
    }

    /// Whether the text ended inside a quoted field.
    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Quoted
    }

    /// Behind the last complete record.
    pub(crate) fn end(&self) -> usize {
        let last = self.ends.last().and_then(|end| self.marks.get(*end as usize)).or(self.marks.first());
        last.map_or(0, |mark| mark.wrapping_add(1) as usize)
    }

    /// The positions so far, behind the first entry, and room behind them.
    pub(crate) fn marks(&self) -> &[u32] {
        &self.marks
    }

    /// The positions, and the index of each record's newline among them.
    pub(crate) fn into_marks(self) -> (Vec<u32>, Vec<u32>) {
        (self.marks, self.ends)
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline]
fn masks(block: &[u8; BLOCK], dialect: &Dialect) -> Masks {
    use core::arch::wasm32::{i64x2, u8x16_bitmask, u8x16_eq, u8x16_splat, v128, v128_and, v128_any_true, v128_or};
    let part = |at: usize| -> v128 {
        let half = |at: usize| block.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| i64::from_le_bytes(*b));
        i64x2(half(at), half(at + 8))
    };
    let parts = [part(0), part(16), part(32), part(48)];
    let mask = |byte: u8| {
        let wanted = u8x16_splat(byte);
        let bits = |part: v128| u64::from(u8x16_bitmask(u8x16_eq(part, wanted)));
        bits(parts[0]) | bits(parts[1]) << 16 | bits(parts[2]) << 32 | bits(parts[3]) << 48
    };
    let any = v128_or(v128_or(parts[0], parts[1]), v128_or(parts[2], parts[3]));
    Masks {
        delimiters: mask(dialect.delimiter),
        newlines: mask(b'\n'),
        quotes: dialect.quote.map_or(0, mask),
        high: v128_any_true(v128_and(any, u8x16_splat(0x80))),
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn masks(block: &[u8; BLOCK], dialect: &Dialect) -> Masks {
    let mask = |byte: u8| block.iter().rev().fold(0u64, |bits, b| bits << 1 | u64::from(*b == byte));
    Masks {
        delimiters: mask(dialect.delimiter),
        newlines: mask(b'\n'),
        quotes: dialect.quote.map_or(0, mask),
        high: !block.is_ascii(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: Dialect = Dialect { delimiter: b',', quote: Some(b'"'), comment: None, trim: false };

    fn scan(text: &[u8], dialect: &Dialect, step: usize) -> (Vec<u32>, Vec<u32>, bool) {
        let mut scan = Scan::new(0, Vec::new());
        for end in (0..text.len()).step_by(step).chain([text.len()]) {
            scan.run(&text[..end], dialect);
        }
        let (count, open) = (scan.count, scan.is_open());
        let (marks, ends) = scan.into_marks();
        (marks[1..count].to_vec(), ends, open)
    }

    #[test]
    fn quotes_hide_what_they_enclose() {
        let (marks, ends, open) = scan(b"a,\"b,\n\"\"c\",d\"e\n\"x\" y,\n", &PLAIN, 1);
        assert_eq!(marks, [1, 10, 14, 20, 21]);
        assert_eq!(ends, [3, 5]);
        assert!(!open);
        assert!(scan(b"a,\"b", &PLAIN, 1).2);
    }

    #[test]
    fn comments_hide_their_line() {
        let dialect = Dialect { comment: Some(b'#'), ..PLAIN };
        let (marks, ends, _) = scan(b"#a,\"b\nc,#d\n#\n", &dialect, 100);
        assert_eq!(marks, [5, 7, 10, 12]);
        assert_eq!(ends, [1, 3, 4]);
    }

    #[test]
    fn blanks_before_a_quote_count_only_untrimmed() {
        assert_eq!(scan(b"a, \"b,c\"\n", &PLAIN, 9).0, [1, 5, 8]);
        assert_eq!(scan(b"a, \"b,c\"\n", &Dialect { trim: true, ..PLAIN }, 9).0, [1, 8]);
    }

    /// The same rules, one byte at a time.
    fn naive(text: &[u8]) -> Vec<u32> {
        let (mut marks, mut start, mut at) = (Vec::new(), true, 0);
        let mut quoted = false;
        while at < text.len() {
            match text[at] {
                b'"' if quoted && text.get(at + 1) == Some(&b'"') => at += 1,
                b'"' if quoted => quoted = false,
                b'"' if start => quoted = true,
                b',' | b'\n' if !quoted => {
                    marks.push(at as u32);
                    start = true;
                    at += 1;
                    continue;
                }
                _ => {}
            }
            start = false;
            at += 1;
        }
        marks
    }

    proptest! {
        #[test]
        fn like_one_byte_at_a_time(text in "([a\",\n]|[a-z ]{0,30}|\",){0,60}", step in 1usize..100) {
            let (marks, ..) = scan(text.as_bytes(), &PLAIN, step);
            prop_assert_eq!(marks, naive(text.as_bytes()));
        }

        #[test]
        fn hostile_bytes(text: Vec<u8>, trim: bool) {
            let dialect = Dialect { delimiter: b';', quote: Some(b'\''), comment: Some(b'#'), trim };
            scan(&text, &dialect, 7);
        }
    }
}
