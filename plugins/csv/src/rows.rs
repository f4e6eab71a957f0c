//! Records made regular: every row has the same number of fields, found by arithmetic; what is ragged was sorted out.

use crate::feed::Segment;
use jackfield_sdk::{BadRow, Failure};
use std::collections::VecDeque;

/// What all rows of a file have in common.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// Fields of a row.
    pub(crate) width: usize,
    pub(crate) comment: Option<u8>,
    pub(crate) trim: bool,
    /// Short rows get missing fields.
    pub(crate) pad: bool,
}

/// Rows of one segment, all with as many fields as the shape says.
#[derive(Debug)]
pub(crate) struct Rows {
    text: Vec<u8>,
    marks: Vec<u32>,
    /// Entries of `marks` from one row to the next.
    stride: usize,
    width: usize,
    trim: bool,
    /// Whether a padded row may be among them.
    padded: bool,
    pub(crate) count: usize,
    /// Of each row, the number of its record within the segment; `None`: no record is missing.
    numbers: Option<Vec<u32>>,
    /// Records of the segment, good and bad.
    pub(crate) records: u64,
    /// Number of the segment's first record in the input, from 0.
    pub(crate) first_record: u64,
    /// The records that are no rows, each with its number within the segment.
    pub(crate) bad: VecDeque<(u32, BadRow)>,
    /// Whether fields must be looked at before they count as UTF-8.
    pub(crate) doubtful: bool,
    /// Where the next search for a line begins, and the line there.
    cursor: (usize, u64),
    pub(crate) short: bool,
}

/// Cuts blanks off both ends.
#[inline]
pub(crate) fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The records of a segment as ranges of fields.
pub(crate) struct Records<'a> {
    text: &'a [u8],
    marks: &'a [u32],
    ends: &'a [u32],
}

impl<'a> Records<'a> {
    pub(crate) fn new(text: &'a [u8], marks: &'a [u32], ends: &'a [u32]) -> Self {
        Records { text, marks, ends }
    }

    /// First and last mark of a record: the first lies before its first field.
    fn span(&self, record: usize) -> Option<(usize, usize)> {
        let first = record.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).map(|e| *e as usize))?;
        Some((first, *self.ends.get(record)? as usize))
    }

    /// The whole record without its line end.
    pub(crate) fn raw(&self, record: usize) -> Option<&'a [u8]> {
        let (first, last) = self.span(record)?;
        let start = self.marks.get(first)?.wrapping_add(1) as usize;
        let raw = self.text.get(start..*self.marks.get(last)? as usize)?;
        Some(raw.strip_suffix(b"\r").unwrap_or(raw))
    }

    fn start(&self, record: usize) -> usize {
        self.span(record).and_then(|(first, _)| self.marks.get(first)).map_or(0, |m| m.wrapping_add(1) as usize)
    }

    /// Whether the record is an empty line or a comment.
    pub(crate) fn is_nothing(&self, record: usize, comment: Option<u8>) -> bool {
        self.raw(record).is_none_or(|raw| raw.is_empty() || comment.is_some() && raw.first().copied() == comment)
    }

    /// The record's fields as they stand there.
    pub(crate) fn fields(&self, record: usize) -> Vec<&'a [u8]> {
        let Some((first, last)) = self.span(record) else { return Vec::new() };
        let marks = self.marks.get(first..=last).unwrap_or_default();
        let mut fields: Vec<&[u8]> = marks
            .windows(2)
            .map(|pair| match pair {
                [a, b] => self.text.get(a.wrapping_add(1) as usize..*b as usize).unwrap_or_default(),
                _ => &[],
            })
            .collect();
        if let Some(last) = fields.last_mut() {
            *last = last.strip_suffix(b"\r").unwrap_or(last);
        }
        fields
    }
}

impl Rows {
    /// The rows of a segment from record number `skip` on, of which `first_record` records came before.
    pub(crate) fn new(segment: Segment, skip: usize, first_record: u64, shape: &Shape) -> Rows {
        let Segment { text, scan, line, begin, unclosed, short } = segment;
        let high = scan.high;
        let (marks, ends) = scan.into_marks();
        let doubtful = high && std::str::from_utf8(&text).is_err();
        let mut rows = Rows {
            text,
            marks: Vec::new(),
            stride: shape.width,
            width: shape.width,
            trim: shape.trim,
            padded: false,
            count: ends.len(),
            numbers: None,
            records: ends.len() as u64,
            first_record,
            bad: VecDeque::new(),
            doubtful,
            cursor: (begin, line),
            short,
        };
        let regular = skip == 0 && !unclosed && shape.comment.is_none() && {
            let mut expected = 0;
            ends.iter().all(|end| {
                expected += shape.width;
                *end as usize == expected
            })
        };
        let records = Records::new(&rows.text, &marks, &ends);
        // Of a file with one column any row may be an empty line.
        if regular && (shape.width > 1 || !(0..ends.len()).any(|r| records.is_nothing(r, None))) {
            rows.marks = marks;
            return rows;
        }
        rows.rebuild(&marks, &ends, skip, unclosed, shape);
        rows
    }

    /// Keeps the good rows, each with a first mark of its own.
    fn rebuild(&mut self, marks: &[u32], ends: &[u32], skip: usize, unclosed: bool, shape: &Shape) {
        let text = std::mem::take(&mut self.text);
        let origin = self.cursor;
        let records = Records::new(&text, marks, ends);
        // As many as there are, and one more for each record: records times columns would be room for empty lines, too.
        let most = ends.last().map_or(0, |end| *end as usize + 1) + ends.len();
        let mut kept = Vec::with_capacity(most);
        let mut numbers = Vec::with_capacity(ends.len());
        let mut number = 0u32;
        let mut bad = Vec::new();
        for record in skip..ends.len() {
            if records.is_nothing(record, shape.comment) {
                continue;
            }
            let Some((first, last)) = records.span(record) else { continue };
            let fields = last - first;
            let open = unclosed && record + 1 == ends.len();
            let short = fields < shape.width;
            if !open && (fields == shape.width || short && shape.pad) {
                numbers.push(number);
                kept.extend_from_slice(marks.get(first..=last).unwrap_or_default());
                if short {
                    self.padded = true;
                    pad(&mut kept, &text, shape.width - fields);
                }
            } else {
                let raw = records.raw(record).unwrap_or_default();
                let reason = if open { unclosed_quote() } else { ragged(fields, shape.width) };
                let raw = if open { raw.get(..raw.len().saturating_sub(1)).unwrap_or_default() } else { raw };
                bad.push((number, records.start(record), raw.to_vec(), reason));
            }
            number += 1;
        }
        if kept.len() < most / 4 {
            kept.shrink_to_fit();
            numbers.shrink_to_fit();
        }
        self.text = text;
        self.marks = kept;
        self.stride = shape.width + 1;
        self.count = numbers.len();
        self.records = u64::from(number);
        self.numbers = (numbers.len() as u64 != self.records).then_some(numbers);
        for (number, start, raw, reason) in bad {
            let line = self.line_at(start);
            self.bad.push_back((number, BadRow { line: Some(line), raw, reason }));
        }
        self.cursor = origin;
    }

    /// A field as it stands there, quotes included.
    #[inline(always)]
    pub(crate) fn field(&self, row: usize, column: usize) -> &[u8] {
        self.located(row, column).1
    }

    /// A field and where it begins in the text.
    #[inline(always)]
    pub(crate) fn located(&self, row: usize, column: usize) -> (usize, &[u8]) {
        let at = row * self.stride + column;
        let Some([before, end]) = self.marks.get(at..).and_then(|rest| rest.first_chunk::<2>()) else {
            return (0, &[]);
        };
        let start = before.wrapping_add(1) as usize;
        let mut field = self.text.get(start..*end as usize).unwrap_or_default();
        if column + 1 == self.width
            && let [rest @ .., b'\r'] = field
        {
            field = rest;
        }
        if self.trim { self.trimmed(start, field) } else { (start, field) }
    }

    #[inline(never)]
    fn trimmed<'a>(&self, start: usize, field: &'a [u8]) -> (usize, &'a [u8]) {
        let blanks = field.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        (start + blanks, trimmed(field))
    }

    /// The text from a position on, if it has as many as `N` bytes more.
    #[inline(always)]
    pub(crate) fn window<const N: usize>(&self, start: usize) -> Option<&[u8; N]> {
        self.text.get(start..)?.first_chunk()
    }

    /// Whether the field is one that a short row lacks.
    pub(crate) fn is_missing(&self, row: usize, column: usize) -> bool {
        let at = row * self.stride + column;
        let marks = self.marks.get(at..).and_then(|rest| rest.first_chunk::<2>());
        self.padded && marks.is_none_or(|[before, end]| before == end)
    }

    /// The number of a row's record in the input, from 0.
    #[inline]
    pub(crate) fn record(&self, row: usize) -> u64 {
        let within = self.numbers.as_ref().map_or(row as u64, |n| n.get(row).map_or(0, |n| u64::from(*n)));
        self.first_record + within
    }

    /// Whether no record lies between two rows of which the second follows the first.
    pub(crate) fn is_dense(&self) -> bool {
        self.numbers.is_none()
    }

    /// A whole row without its line end.
    pub(crate) fn raw(&self, row: usize) -> &[u8] {
        let start = self.start(row);
        let last = self.marks.get(row * self.stride + self.width).map_or(0, |m| *m as usize);
        let raw = self.text.get(start..last).unwrap_or_default();
        raw.strip_suffix(b"\r").unwrap_or(raw)
    }

    fn start(&self, row: usize) -> usize {
        self.marks.get(row * self.stride).map_or(0, |m| m.wrapping_add(1) as usize)
    }

    /// The physical line, from 1, on which a row begins. Quick for rows in rising order.
    pub(crate) fn line(&mut self, row: usize) -> u64 {
        self.line_at(self.start(row))
    }

    fn line_at(&mut self, position: usize) -> u64 {
        let (from, line) = self.cursor;
        let between = self.text.get(from..position).unwrap_or_default();
        let line = line + memchr::memchr_iter(b'\n', between).count() as u64;
        self.cursor = (from.max(position), line);
        line
    }

    /// Bytes of text.
    pub(crate) fn size(&self) -> usize {
        self.text.len()
    }

    /// Bytes that are held for the rows.
    pub(crate) fn held(&self) -> usize {
        let numbers = self.numbers.as_ref().map_or(0, Vec::capacity);
        let bad: usize = self.bad.iter().map(|(_, bad)| bad.raw.capacity() + size_of::<BadRow>()).sum();
        self.text.capacity() + (self.marks.capacity() + numbers) * size_of::<u32>() + bad
    }

    /// Whether there is nothing in it but empty lines and comments.
    pub(crate) fn is_nothing(&self) -> bool {
        self.count == 0 && self.bad.is_empty()
    }

    /// The list of positions, to be used again.
    pub(crate) fn into_marks(self) -> Vec<u32> {
        self.marks
    }
}

/// Adds marks at the end of the last field, so that the fields between them are missing.
fn pad(marks: &mut Vec<u32>, text: &[u8], missing: usize) {
    let Some(last) = marks.last_mut() else { return };
    if last.checked_sub(1).and_then(|at| text.get(at as usize)) == Some(&b'\r') {
        *last -= 1;
    }
    let end = *last;
    marks.extend(std::iter::repeat_n(end, missing));
}

fn ragged(found: usize, expected: usize) -> Failure {
    let fields = |n: usize| if n == 1 { "1 field".to_owned() } else { format!("{n} fields") };
    let message = format!("the row has {}, not {expected}", fields(found));
    let help = if found < expected {
        "`ragged = \"pad\"` fills short rows with nulls; `on-error` can skip rows"
    } else {
        "a field that contains the delimiter must be quoted; `skip-rows` and `comment` leave out what stands above the header; `on-error` can skip rows"
    };
    Failure::invalid_input("ragged", message).with_help(help)
}

fn unclosed_quote() -> Failure {
    Failure::invalid_input("unclosed-quote", "the row begins a quoted field that never ends")
        .with_help("close the quote, or switch quoting off with `quote = \"\"`")
}
