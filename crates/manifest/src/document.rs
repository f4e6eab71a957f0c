//! A TOML text with the place of everything in it.

mod escapes;
mod lines;
mod tree;

use std::ops::Range;

use crate::problem::{Location, Problem};

pub(crate) use lines::Lines;
pub(crate) use tree::{Data, Entries, Entry, Item, Origin, Spot, Text, Variable, loose};

/// Bytes of a text at most.
const LARGEST: usize = 4 << 20;

/// A TOML text and its tree, which knows where each key and value stands.
#[derive(Clone, Debug)]
pub struct Document {
    lines: Lines,
    /// The texts of `--set` options, which [`Origin::Set`] counts.
    pub(crate) sets: Vec<Lines>,
    pub(crate) root: Entries,
}

impl Document {
    /// Reads TOML. `None` if the syntax leaves nothing to go on with; the first such problem is the only one, since
    /// what follows it would only mislead. Repeated keys are all reported, and the rest can be used.
    pub(crate) fn parse(file: &str, text: &str) -> (Option<Document>, Vec<Problem>) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.len() > LARGEST {
            let message = format!("the file has {} bytes, more than the {LARGEST} that are read", text.len());
            return (None, vec![Problem::error("too-large", message)]);
        }
        let lines = Lines::new(file, text);
        let (root, faults) = tree::parse(text);
        let problems = faults.into_iter().map(|fault| {
            let location = fault.span.map(|span| lines.location(span));
            let problem = Problem::error(fault.code, fault.message).at(location);
            match fault.help {
                Some(help) => problem.with_help(help),
                None => problem,
            }
        });
        let problems = problems.collect();
        (root.map(|root| Document { lines, sets: Vec::new(), root }), problems)
    }

    /// The file as the caller named it.
    pub fn file(&self) -> &str {
        &self.lines.file
    }

    /// The whole text, without a byte order mark.
    pub fn text(&self) -> &str {
        &self.lines.text
    }

    /// The place of the value at a path of keys and array indices; of its nearest ancestor if there is none.
    pub fn locate(&self, path: &[&str]) -> Option<Location> {
        self.find(path).map(|found| self.place(found.value))
    }

    /// The place of the key at a path; of the nearest ancestor's if there is none.
    pub fn locate_key(&self, path: &[&str]) -> Option<Location> {
        self.find(path).map(|found| self.place(found.key))
    }

    /// The place of one byte inside a text value, counted in the text as [`crate::Value`] holds it: escapes, line
    /// breaks and variables of the file are followed back. The place of the value if the path does not lead to text.
    pub fn locate_offset(&self, path: &[&str], byte_offset: u32) -> Option<Location> {
        let found = self.find(path)?;
        let spot = match found.text {
            Some(text) => self.narrow(found.value, text.before_variables(byte_offset as usize)),
            None => found.value,
        };
        Some(self.place(spot))
    }

    /// The path of the key or value that stands just at this place, or of the text that it is in; the innermost if there
    /// are several. `None`: there is none.
    pub fn path_at(&self, location: &Location) -> Option<Vec<String>> {
        let here = |spot: Spot| self.place(spot) == *location;
        let inside = |item: &Item| {
            let place = self.place(item.spot);
            let columns = place.column..place.column + place.length;
            matches!(item.data, Data::Text(_))
                && (&place.file, place.line) == (&location.file, location.line)
                && columns.contains(&location.column)
        };
        let mut best: Option<Vec<String>> = None;
        let mut open: Vec<(Vec<String>, Spot, &Item)> = Vec::new();
        open.extend(self.root.iter().map(|(key, entry)| (vec![key.clone()], entry.key, &entry.item)));
        while let Some((path, key, item)) = open.pop() {
            let below = |step: String| [path.as_slice(), &[step]].concat();
            match &item.data {
                Data::Table(entries) => {
                    open.extend(entries.iter().map(|(key, entry)| (below(key.clone()), entry.key, &entry.item)));
                }
                Data::Array(items) => {
                    let items = items.iter().enumerate();
                    open.extend(items.map(|(number, item)| (below(number.to_string()), item.spot, item)));
                }
                _ => {}
            }
            if best.as_ref().is_none_or(|best| best.len() < path.len())
                && (here(key) || here(item.spot) || inside(item))
            {
                best = Some(path);
            }
        }
        best
    }

    pub(crate) fn place(&self, spot: Spot) -> Location {
        let lines = match spot.origin {
            Origin::File => &self.lines,
            Origin::Set(number) => self.sets.get(number).unwrap_or(&self.lines),
        };
        lines.location(spot.start..spot.end)
    }

    /// The bytes of the file that stand for some bytes of a text, counted before variables were replaced; the place of
    /// the whole text if they cannot be told.
    pub(crate) fn narrow(&self, spot: Spot, inside: Range<usize>) -> Spot {
        let offset = |offset: usize| match spot.origin {
            Origin::File => escapes::raw_offset(self.lines.text.get(spot.start..spot.end)?, offset),
            Origin::Set(_) => Some(offset),
        };
        match (offset(inside.start), offset(inside.end)) {
            (Some(start), Some(end)) => {
                let end = (spot.start + end).min(spot.end);
                Spot { start: (spot.start + start).min(end), end, ..spot }
            }
            _ => spot,
        }
    }

    fn find(&self, path: &[&str]) -> Option<Found<'_>> {
        let (first, rest) = path.split_first()?;
        let entry = self.root.get(*first)?;
        let mut found = Found { key: entry.key, value: entry.item.spot, text: None };
        let mut item = &entry.item;
        for step in rest {
            let next = match &item.data {
                Data::Table(entries) => entries.get(*step).map(|entry| (entry.key, &entry.item)),
                Data::Array(items) => {
                    step.parse::<usize>().ok().and_then(|i| items.get(i)).map(|item| (item.spot, item))
                }
                _ => None,
            };
            let Some((key, next)) = next else { return Some(found) };
            found = Found { key, value: next.spot, text: None };
            item = next;
        }
        if let Data::Text(text) = &item.data {
            found.text = Some(text);
        }
        Some(found)
    }
}

struct Found<'d> {
    key: Spot,
    value: Spot,
    text: Option<&'d Text>,
}

/// The bytes of a file as text.
///
/// # Errors
/// The bytes are not UTF-8: the problem shows the line and column of the first bad one.
pub fn decode<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, Box<Problem>> {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    let start = error.valid_up_to();
    let byte = bytes.get(start).copied().unwrap_or_default();
    // Only this line is shown, with the bad bytes replaced; what follows may be huge.
    let line_start = bytes.iter().take(start).rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
    let line = bytes.get(line_start..).unwrap_or_default().split(|b| *b == b'\n').next().unwrap_or_default();
    let before = bytes.get(..line_start).unwrap_or_default().iter().filter(|b| **b == b'\n').count();
    let lines = Lines::new(file, &String::from_utf8_lossy(line));
    let mut location = lines.location(start - line_start..start - line_start);
    location.line = u32::try_from(before + 1).unwrap_or(u32::MAX);
    let problem =
        Problem::error("invalid-utf8", format!("the file is not UTF-8: byte 0x{byte:02x} is not part of a character"))
            .at(Some(location))
            .with_help("save the file in the encoding UTF-8");
    Err(Box::new(problem))
}
