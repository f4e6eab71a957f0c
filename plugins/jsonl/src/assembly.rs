//! A block under construction: lines appended to columns, value by value, and those that are bad.

use crate::cursor::Cursor;
use crate::lines::Lines;
use crate::reader::Opened;
use crate::value::{BEHIND, Refusal, append, append_as_text};
use jackfield_sdk::{BadRow, Failure};
use jackfield_values::build::{Column, Level};
use jackfield_values::types::{MAX_DEPTH, Type};
use std::collections::HashMap;

/// Bytes of bad rows that end a block.
pub(crate) const BAD: usize = 1 << 20;

/// Rows of the file as columns, before the host takes them.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Levels of each demanded column.
    pub(crate) columns: Vec<Vec<Level>>,
    pub(crate) rows: usize,
    /// Number of the first row's record, from 0.
    pub(crate) first_record: u64,
    /// The number of each row's record, where records are missing in between.
    pub(crate) records: Option<Vec<u64>>,
    pub(crate) bad: Vec<BadRow>,
}

/// Where the values of keys go.
#[derive(Debug)]
pub(crate) struct Keys {
    /// By column: the key as it stands in the text, quotes included, and its place among the demanded columns.
    pub(crate) list: Vec<(Vec<u8>, Option<usize>)>,
    pub(crate) by_name: HashMap<String, usize>,
    pub(crate) flatten: bool,
    /// By column: whether its values are taken as text, whatever they are.
    pub(crate) as_text: Vec<bool>,
}

/// A block under construction.
pub(crate) struct Assembly {
    columns: Vec<Column>,
    types: Vec<Type>,
    pub(crate) rows: usize,
    first_record: u64,
    records: Option<Vec<u64>>,
    bad: Vec<BadRow>,
    /// Bytes of the bad rows.
    pub(crate) bad_size: usize,
}

/// Why a line was refused, and the number of the column, if it was in one.
type Refused = Box<(Box<Refusal>, Option<usize>)>;

impl Assembly {
    pub(crate) fn new(opened: &Opened) -> Assembly {
        let of = |at: &usize| opened.columns.get(*at).map(|(_, of)| of.clone());
        let types: Vec<Type> = opened.wanted.iter().filter_map(of).collect();
        Assembly {
            columns: types.iter().map(Column::new).collect(),
            types,
            rows: 0,
            first_record: opened.records,
            records: None,
            bad: Vec::new(),
            bad_size: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0 && self.bad.is_empty()
    }

    /// The block, unless it is empty.
    pub(crate) fn end(self) -> Option<Block> {
        if self.is_empty() { None } else { Some(self.finish()) }
    }

    pub(crate) fn finish(self) -> Block {
        let first = self.records.as_ref().and_then(|records| records.first().copied());
        Block {
            columns: self.columns.into_iter().map(Column::finish).collect(),
            rows: self.rows,
            first_record: first.unwrap_or(self.first_record),
            records: self.records,
            bad: self.bad,
        }
    }

    /// Appends rows until there are so many; whether the lines came to their end.
    pub(crate) fn append(&mut self, lines: &mut Lines, most_rows: usize, opened: &mut Opened) -> bool {
        let valid = lines.valid;
        let Opened { columns, keys, limit, records, room, .. } = opened;
        while self.rows < most_rows && self.bad_size <= BAD && *limit != Some(0) {
            let before = lines.next_column();
            let Some((mut number, line)) = lines.next() else { return true };
            let mut cursor = Cursor::new(line);
            if cursor.is_end() {
                continue;
            }
            let record = *records;
            *records += 1;
            let result = if valid || std::str::from_utf8(line).is_ok() {
                self.row(&mut cursor, keys, room).map_err(|refused| {
                    let (refusal, column) = *refused;
                    let column = column.and_then(|at| columns.get(at)).map(|(name, _)| name.as_str());
                    // An element may go over several lines; what is wrong stands on one of them.
                    let passed = line.get(..refusal.at()).unwrap_or_default();
                    number += memchr::memchr_iter(b'\n', passed).count() as u64;
                    refusal.failure(line, before, column)
                })
            } else {
                Err(Failure::invalid_input("invalid-utf8", "the line is not UTF-8")
                    .with_help("convert the file to UTF-8, or skip such rows with `on-error`"))
            };
            match result {
                Ok(()) => {
                    self.rows += 1;
                    if let Some(numbers) = &mut self.records {
                        numbers.push(record);
                    }
                    if let Some(limit) = limit {
                        *limit -= 1;
                    }
                }
                Err(reason) => {
                    self.columns.iter_mut().for_each(|column| column.truncate(self.rows));
                    let (first, rows) = (self.first_record, self.rows as u64);
                    self.records.get_or_insert_with(|| (first..first + rows).collect());
                    let raw = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
                    self.bad_size += raw.len();
                    self.bad.push(BadRow { line: Some(number), raw, reason });
                }
            }
        }
        false
    }

    /// Appends the line's values; the number of the column in which it was refused, if it was in one.
    #[inline]
    fn row(&mut self, cursor: &mut Cursor, keys: &Keys, room: &mut Vec<u8>) -> Result<(), Refused> {
        self.object(cursor, keys, ("", 0), room)?;
        if !cursor.is_end() {
            let wrong: Result<(), _> = cursor.wrong(BEHIND);
            wrong.map_err(|wrong| Box::new((wrong.into(), None)))?;
        }
        for column in &mut self.columns {
            if column.length == self.rows {
                column.push_null();
            }
        }
        Ok(())
    }

    fn object(
        &mut self,
        cursor: &mut Cursor,
        keys: &Keys,
        (prefix, depth): (&str, usize),
        room: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        let wrong = |cursor: &Cursor, what| {
            let found: Result<(), _> = cursor.wrong(what);
            found.map_err(|wrong| Refused::new((wrong.into(), None)))
        };
        if !cursor.take(b'{') {
            return wrong(cursor, "the row is not a JSON object");
        }
        if cursor.take(b'}') {
            return Ok(());
        }
        // Keys mostly come in the order of the columns.
        let mut expected = 0;
        loop {
            cursor.peek();
            let mut nested = None;
            let index = match keys.list.get(expected) {
                Some((text, _)) if prefix.is_empty() && cursor.take_text(text) => Some(expected),
                _ => {
                    let key = cursor.string(room).map_err(|wrong| Refused::new((wrong.into(), None)))?;
                    let name = format!("{prefix}{}", String::from_utf8_lossy(key));
                    let index = keys.by_name.get(&name).copied();
                    nested = index.is_none().then_some(name);
                    index
                }
            };
            if !cursor.take(b':') {
                return wrong(cursor, "a key has no value");
            }
            match (index, nested) {
                (Some(at), _) => {
                    self.value(cursor, keys, at, room)?;
                    expected = at + 1;
                }
                (None, Some(name)) => self.unknown(cursor, keys, (name, depth), room)?,
                (None, None) => cursor.skip().map_err(|wrong| Refused::new((wrong.into(), None)))?,
            }
            if !cursor.take(b',') {
                break;
            }
        }
        if cursor.take(b'}') { Ok(()) } else { wrong(cursor, "the object has no end") }
    }

    #[inline]
    fn value(&mut self, cursor: &mut Cursor, keys: &Keys, at: usize, room: &mut Vec<u8>) -> Result<(), Refused> {
        let place = keys.list.get(at).and_then(|(_, place)| *place);
        let target = place.and_then(|place| Some((self.types.get(place)?, self.columns.get_mut(place)?)));
        let Some((of, column)) = target else {
            return cursor.skip().map_err(|wrong| Refused::new((wrong.into(), Some(at))));
        };
        if column.length > self.rows {
            let name =
                keys.by_name.iter().find(|(_, index)| **index == at).map_or_else(String::new, |(name, _)| name.clone());
            return Err(Box::new((Box::new(Refusal::Field { name, twice: true }), Some(at))));
        }
        let taken = match keys.as_text.get(at) {
            Some(true) => append_as_text(cursor, column, room),
            _ => append(cursor, of, column, room),
        };
        taken.map_err(|refusal| Box::new((refusal, Some(at))))
    }

    /// A key that is no column: with `flatten` perhaps of an object whose fields are.
    fn unknown(
        &mut self,
        cursor: &mut Cursor,
        keys: &Keys,
        (name, depth): (String, usize),
        room: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        if keys.flatten {
            let prefix = format!("{name}_");
            match cursor.peek() {
                Some(b'{') if depth < MAX_DEPTH => return self.object(cursor, keys, (&prefix, depth + 1), room),
                Some(b'n') if keys.by_name.keys().any(|key| key.starts_with(&prefix)) && cursor.take_text(b"null") => {
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(Box::new((Box::new(Refusal::Field { name, twice: false }), None)))
    }
}
