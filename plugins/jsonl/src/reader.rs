//! Reads a file: columns and types from a sample, then blocks of the columns that are in demand.

use crate::assembly::{Assembly, BAD, Block, Keys};
use crate::cursor::Cursor;
use crate::elements::Elements;
use crate::lines::{Fed, Feed, Lines, Pull};
use crate::options::Options;
use crate::shape::Fields;
use crate::value::Refusal;
use jackfield_sdk::{Demand, Failure};
use jackfield_values::types::Type;
use std::collections::{HashMap, VecDeque};

/// What comes next.
#[derive(Debug)]
pub(crate) enum Read {
    Block(Block),
    Pause,
    End,
}

/// Bytes of text that make a block.
const BLOCK: usize = 1 << 20;
/// Bytes of sample that are kept to be read again.
const SAMPLE: usize = 64 << 20;
/// If the told columns are all there is in so many rows, they are all there is.
const CONFIRM_ROWS: u64 = 1000;
const MAX_COLUMNS: usize = 10_000;

/// How the rows stand in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rows {
    /// One on each line.
    Lines,
    /// As elements of an array.
    Elements,
}

/// Where the rows come from.
#[derive(Debug)]
enum Input {
    Lines(Feed),
    Elements(Elements),
}

impl Input {
    fn next(&mut self) -> Result<Fed, Failure> {
        match self {
            Input::Lines(feed) => feed.next(),
            Input::Elements(elements) => elements.next(),
        }
    }
}

/// An open file.
#[derive(Debug)]
pub(crate) struct Reader {
    feed: Input,
    options: Options,
    demand: Demand,
    opened: Option<Opened>,
}

/// What is known after the sample.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) columns: Vec<(String, Type)>,
    pub(crate) keys: Keys,
    /// Columns of the demand, in its order.
    pub(crate) wanted: Vec<usize>,
    /// Rows that still may be given; `None`: all.
    pub(crate) limit: Option<u64>,
    waiting: VecDeque<Lines>,
    /// Records so far.
    pub(crate) records: u64,
    /// The sample was larger than what is kept.
    spent: bool,
    /// For strings with escapes.
    pub(crate) room: Vec<u8>,
}

impl Reader {
    pub(crate) fn new(rows: Rows, options: Options, demand: Demand, pull: Pull) -> Reader {
        let feed = match rows {
            Rows::Lines => Input::Lines(Feed::new(pull)),
            Rows::Elements => Input::Elements(Elements::new(pull)),
        };
        Reader { feed, options, demand, opened: None }
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
            as_text: names().map(|name| self.options.as_text.iter().any(|wanted| wanted == name)).collect(),
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
        let mut wrong: Option<Failure> = None;
        let (mut rows, mut size, mut spent) = (0, 0, false);
        while rows < most {
            let mut lines = match self.feed.next()? {
                Fed::Lines(lines) => lines,
                Fed::Pause | Fed::End => break,
            };
            let begin = lines.mark();
            while rows < most {
                let before = lines.next_column();
                let Some((number, line)) = lines.next() else { break };
                if line.trim_ascii().is_empty() {
                    continue;
                }
                // A line that is not JSON is told when it is read, unless there is nothing else.
                if let Err(found) = fields.look(&mut Cursor::new(line), 0)
                    && wrong.is_none()
                {
                    wrong = Some(Refusal::Wrong(found).failure(line, before, None).with_row(number - 1));
                }
                rows += 1;
                if rows == CONFIRM_ROWS && confirmed(told, &fields, &self.options) {
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
        let found = fields.columns(self.options.flatten, &self.options.as_text);
        if let Some(wrong) = wrong.filter(|_| found.is_empty() && told.is_empty()) {
            return Err(
                wrong.with_help("each line of JSON Lines is an object; say `format` if the file is of another one")
            );
        }
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
                return Ok(assembly.end().map_or(Read::End, Read::Block));
            }
            let Some(mut lines) = opened.waiting.pop_front() else {
                match feed.next()? {
                    Fed::Lines(lines) => opened.waiting.push_back(lines),
                    Fed::Pause if assembly.is_empty() => return Ok(Read::Pause),
                    Fed::Pause => return Ok(Read::Block(assembly.finish())),
                    Fed::End => return Ok(assembly.end().map_or(Read::End, Read::Block)),
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
fn confirmed(told: &[(String, Type)], fields: &Fields, options: &Options) -> bool {
    let found = fields.columns(options.flatten, &options.as_text);
    !told.is_empty() && found.iter().all(|(name, _)| told.iter().any(|(known, _)| known == name))
}

#[cfg(test)]
mod tests;
