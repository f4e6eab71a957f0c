//! Reads a file: columns and types from a sample, then blocks of the columns that are in demand.

use crate::cursor::Cursor;
use crate::lines::{Fed, Feed, Lines, Pull};
use crate::options::Options;
use crate::shape::Fields;
use crate::value::{Refusal, append};
use jackfield_sdk::{BadRow, Demand, Failure};
use jackfield_values::build::{Column, Level};
use jackfield_values::types::{MAX_DEPTH, Type};
use std::collections::{HashMap, VecDeque};

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

/// What comes next.
#[derive(Debug)]
pub(crate) enum Read {
    Block(Block),
    Pause,
    End,
}

/// Bytes of text that make a block.
const BLOCK: usize = 1 << 20;
/// Bytes of bad rows that end a block.
const BAD: usize = 1 << 20;
/// Bytes of sample that are kept to be read again.
const SAMPLE: usize = 64 << 20;
/// If the told columns are all there is in so many rows, they are all there is.
const CONFIRM_ROWS: u64 = 1000;
const MAX_COLUMNS: usize = 10_000;

/// An open file.
#[derive(Debug)]
pub(crate) struct Reader {
    feed: Feed,
    options: Options,
    demand: Demand,
    opened: Option<Opened>,
}

#[derive(Debug)]
struct Opened {
    columns: Vec<(String, Type)>,
    keys: Keys,
    /// Columns of the demand, in its order.
    wanted: Vec<usize>,
    limit: Option<u64>,
    waiting: VecDeque<Lines>,
    records: u64,
    /// The sample was larger than what is kept.
    spent: bool,
    room: Vec<u8>,
}

/// Where the values of keys go.
#[derive(Debug)]
struct Keys {
    /// By column: the key as it stands in the text, quotes included, and its place among the demanded columns.
    list: Vec<(Vec<u8>, Option<usize>)>,
    by_name: HashMap<String, usize>,
    flatten: bool,
}

impl Reader {
    pub(crate) fn new(options: Options, demand: Demand, pull: Pull) -> Reader {
        Reader { feed: Feed::new(pull), options, demand, opened: None }
    }

    /// Names and types of all columns.
    ///
    /// # Errors
    /// The source's failure, or a demand for columns that are not there.
    pub(crate) fn columns(&mut self) -> Result<&[(String, Type)], Failure> {
        Ok(&self.opened()?.columns)
    }

    /// The numbers of the demanded columns, in the demand's order.
    ///
    /// # Errors
    /// As [`columns`](Reader::columns).
    pub(crate) fn wanted(&mut self) -> Result<&[usize], Failure> {
        Ok(&self.opened()?.wanted)
    }

    fn opened(&mut self) -> Result<&mut Opened, Failure> {
        if self.opened.is_none() {
            self.opened = Some(self.open()?);
        }
        self.opened.as_mut().ok_or_else(|| Failure::internal("the file was not opened"))
    }

    fn open(&mut self) -> Result<Opened, Failure> {
        let mut waiting = VecDeque::new();
        let (columns, spent) = self.sample(&mut waiting)?;
        if columns.len() > MAX_COLUMNS {
            let message = format!("the file has {} columns; at most {MAX_COLUMNS} are read", columns.len());
            return Err(Failure::limit("too-large", message));
        }
        let names = || columns.iter().map(|(name, _)| name.as_str());
        let index =
            |name: &str| names().position(|known| known == name).ok_or_else(|| Failure::unknown_column(name, names()));
        let wanted = match &self.demand.columns {
            Some(wanted) => wanted.iter().map(|name| index(name)).collect::<Result<Vec<_>, _>>()?,
            None => (0..columns.len()).collect(),
        };
        let list = names().enumerate().map(|(at, name)| {
            let mut text = Vec::new();
            jackfield_values::json::write_string(&mut text, name.as_bytes());
            (text, wanted.iter().position(|wanted| *wanted == at))
        });
        let keys = Keys {
            list: list.collect(),
            by_name: names().enumerate().map(|(at, name)| (name.to_owned(), at)).collect(),
            flatten: self.options.flatten,
        };
        // This reader applies no predicates, so it may count rows only where there are none.
        let limit = self.demand.limit.filter(|_| self.demand.predicates.is_empty());
        Ok(Opened { columns, keys, wanted, limit, waiting, records: 0, spent, room: Vec::new() })
    }

    /// The columns: those told, in their order, and others found in the sample.
    fn sample(&mut self, waiting: &mut VecDeque<Lines>) -> Result<(Vec<(String, Type)>, bool), Failure> {
        let told = &self.options.schema;
        let most = self.options.infer_rows.unwrap_or(u64::MAX);
        let mut fields = Fields::default();
        let (mut rows, mut size, mut spent) = (0, 0, false);
        while rows < most {
            let mut lines = match self.feed.next()? {
                Fed::Lines(lines) => lines,
                Fed::Pause | Fed::End => break,
            };
            let begin = lines.mark();
            while rows < most
                && let Some((_, line)) = lines.next()
            {
                if line.trim_ascii().is_empty() {
                    continue;
                }
                // A line that is not JSON is told when it is read.
                let _ = fields.look(&mut Cursor::new(line), 0);
                rows += 1;
                if rows == CONFIRM_ROWS && confirmed(told, &fields, self.options.flatten) {
                    rows = most;
                }
            }
            lines.reset(begin);
            size += lines.size();
            spent |= size > SAMPLE;
            if spent {
                waiting.clear();
            } else {
                waiting.push_back(lines);
            }
        }
        let found = fields.columns(self.options.flatten);
        if !told.is_empty() && found.iter().all(|(name, _)| told.iter().any(|(known, _)| known == name)) {
            return Ok((told.clone(), spent));
        }
        let types: HashMap<&str, &Type> = told.iter().map(|(name, of)| (name.as_str(), of)).collect();
        let mut columns: Vec<(String, Type)> = found
            .into_iter()
            .map(|(name, of)| {
                let of = types.get(name.as_str()).map_or(of, |told| (*told).clone());
                (name, of)
            })
            .collect();
        let missing = told.iter().filter(|(name, _)| columns.iter().all(|(known, _)| known != name)).cloned();
        let missing: Vec<_> = missing.collect();
        columns.extend(missing);
        Ok((columns, spent))
    }

    /// The next rows.
    ///
    /// # Errors
    /// What makes the rest of the file unreadable; single bad rows are in the block.
    pub(crate) fn next(&mut self) -> Result<Read, Failure> {
        self.opened()?;
        let Reader { feed, demand, opened, .. } = self;
        let Some(opened) = opened else { return Ok(Read::End) };
        if opened.spent {
            return Err(Failure::internal("the sample was too large to keep: open the file again, with its schema"));
        }
        let most_rows = usize::try_from(demand.batch_rows).unwrap_or(usize::MAX).max(1);
        let mut assembly = Assembly::new(opened);
        let mut looked_at = 0;
        loop {
            if opened.limit == Some(0) {
                return Ok(assembly.end());
            }
            let Some(mut lines) = opened.waiting.pop_front() else {
                match feed.next()? {
                    Fed::Lines(lines) => opened.waiting.push_back(lines),
                    Fed::Pause if assembly.is_empty() => return Ok(Read::Pause),
                    Fed::Pause => return Ok(Read::Block(assembly.finish())),
                    Fed::End => return Ok(assembly.end()),
                }
                continue;
            };
            let done = assembly.append(&mut lines, most_rows, opened);
            let mut full = assembly.rows >= most_rows || assembly.bad_size > BAD;
            if done {
                looked_at += lines.size();
                full |= looked_at >= BLOCK || lines.short && !assembly.is_empty();
            } else {
                opened.waiting.push_front(lines);
            }
            if full {
                return Ok(Read::Block(assembly.finish()));
            }
        }
    }
}

/// Whether what was found is told already.
fn confirmed(told: &[(String, Type)], fields: &Fields, flatten: bool) -> bool {
    let found = fields.columns(flatten);
    !told.is_empty() && found.iter().all(|(name, _)| told.iter().any(|(known, _)| known == name))
}

/// A block under construction.
struct Assembly {
    columns: Vec<Column>,
    types: Vec<Type>,
    rows: usize,
    first_record: u64,
    records: Option<Vec<u64>>,
    bad: Vec<BadRow>,
    bad_size: usize,
}

impl Assembly {
    fn new(opened: &Opened) -> Assembly {
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

    fn is_empty(&self) -> bool {
        self.rows == 0 && self.bad.is_empty()
    }

    fn end(self) -> Read {
        if self.is_empty() { Read::End } else { Read::Block(self.finish()) }
    }

    fn finish(self) -> Block {
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
    fn append(&mut self, lines: &mut Lines, most_rows: usize, opened: &mut Opened) -> bool {
        let valid = lines.valid;
        let Opened { columns, keys, limit, records, room, .. } = opened;
        while self.rows < most_rows && self.bad_size <= BAD && *limit != Some(0) {
            let Some((number, line)) = lines.next() else { return true };
            let mut cursor = Cursor::new(line);
            if cursor.is_end() {
                continue;
            }
            let record = *records;
            *records += 1;
            let result = if valid || std::str::from_utf8(line).is_ok() {
                self.row(&mut cursor, keys, room).map_err(|(refusal, column)| {
                    let column = column.and_then(|at| columns.get(at)).map(|(name, _)| name.as_str());
                    refusal.failure(line, column)
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
    fn row(&mut self, cursor: &mut Cursor, keys: &Keys, room: &mut Vec<u8>) -> Result<(), (Refusal, Option<usize>)> {
        self.object(cursor, keys, ("", 0), room)?;
        if !cursor.is_end() {
            let wrong: Result<(), _> = cursor.wrong("something follows the object");
            wrong.map_err(|wrong| (wrong.into(), None))?;
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
    ) -> Result<(), (Refusal, Option<usize>)> {
        let wrong = |cursor: &Cursor, what| {
            let found: Result<(), _> = cursor.wrong(what);
            found.map_err(|wrong| (Refusal::from(wrong), None))
        };
        if !cursor.take(b'{') {
            return wrong(cursor, "the line is not a JSON object");
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
                    let key = cursor.string(room).map_err(|wrong| (wrong.into(), None))?;
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
                (None, None) => cursor.skip().map_err(|wrong| (wrong.into(), None))?,
            }
            if !cursor.take(b',') {
                break;
            }
        }
        if cursor.take(b'}') { Ok(()) } else { wrong(cursor, "the object has no end") }
    }

    #[inline]
    fn value(
        &mut self,
        cursor: &mut Cursor,
        keys: &Keys,
        at: usize,
        room: &mut Vec<u8>,
    ) -> Result<(), (Refusal, Option<usize>)> {
        let place = keys.list.get(at).and_then(|(_, place)| *place);
        let target = place.and_then(|place| Some((self.types.get(place)?, self.columns.get_mut(place)?)));
        let Some((of, column)) = target else {
            return cursor.skip().map_err(|wrong| (wrong.into(), Some(at)));
        };
        if column.length > self.rows {
            let name =
                keys.by_name.iter().find(|(_, index)| **index == at).map_or_else(String::new, |(name, _)| name.clone());
            return Err((Refusal::Field { name, twice: true }, Some(at)));
        }
        append(cursor, of, column, room).map_err(|refusal| (refusal, Some(at)))
    }

    /// A key that is no column: with `flatten` perhaps of an object whose fields are.
    fn unknown(
        &mut self,
        cursor: &mut Cursor,
        keys: &Keys,
        (name, depth): (String, usize),
        room: &mut Vec<u8>,
    ) -> Result<(), (Refusal, Option<usize>)> {
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
        Err((Refusal::Field { name, twice: false }, None))
    }
}

#[cfg(test)]
mod tests;
