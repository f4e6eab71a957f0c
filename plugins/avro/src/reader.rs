//! Reads a file: its columns are in its header; then blocks of those that are in demand.

use crate::container::{Block, Container, Header, Pull, Stop};
use crate::decode::{Cursor, append, skip};
use crate::schema::{Node, Shape};
use jackfield_kit::recast::bad_row;
use jackfield_sdk::{BadRow, Demand, Failure};
use jackfield_values::build::{Column, Level};
use jackfield_values::types::Type;

/// Bytes of columns that make a chunk: the host takes at most 16 MiB at a time from a plugin.
const CHUNK: usize = 6 << 20;
/// Bytes of one record, likewise.
const MOST_RECORD: usize = 14 << 20;
/// Rows between two looks at how large the columns are.
const STRIDE: usize = 32;
const MAX_COLUMNS: usize = 10_000;

/// Rows as columns, before the host takes them.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<Vec<Level>>,
    pub(crate) rows: usize,
    pub(crate) first_record: u64,
    pub(crate) records: Option<Vec<u64>>,
    /// Those that are bad, each with its number.
    pub(crate) bad: Vec<(u64, BadRow)>,
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Read {
    Rows(Rows),
    Pause,
    End,
}

/// An open file.
#[derive(Debug)]
pub(crate) struct Reader {
    container: Container,
    demand: Demand,
    opened: Option<Opened>,
}

#[derive(Debug)]
struct Opened {
    header: Header,
    /// Names and nodes of the columns.
    columns: Vec<(String, Node)>,
    /// For each column its place in the demand.
    places: Vec<Option<usize>>,
    wanted: Vec<usize>,
    limit: Option<u64>,
    block: Option<Open>,
    records: u64,
}

/// A block that is being read: where, and how many records are left.
#[derive(Debug)]
struct Open {
    block: Block,
    at: usize,
    left: u64,
}

impl Reader {
    pub(crate) fn new(demand: Demand, pull: Pull) -> Reader {
        Reader { container: Container::new(pull), demand, opened: None }
    }

    /// Names and types of all columns.
    ///
    /// # Errors
    /// A header that is damaged, a schema that is not supported, a demand for columns that are not there.
    pub(crate) fn columns(&mut self) -> Result<Vec<(String, Type)>, Failure> {
        Ok(self.opened()?.columns.iter().map(|(name, node)| (name.clone(), node.of.clone())).collect())
    }

    /// The numbers of those in demand, in its order.
    ///
    /// # Errors
    /// As [`columns`](Reader::columns).
    pub(crate) fn wanted(&mut self) -> Result<Vec<usize>, Failure> {
        Ok(self.opened()?.wanted.clone())
    }

    fn opened(&mut self) -> Result<&mut Opened, Failure> {
        if self.opened.is_none() {
            let header = self.container.header().map_err(|stop| match stop {
                Stop::Pause => Failure::unavailable("no-header", "the source has no header yet"),
                Stop::Failed(failure) => failure,
            })?;
            self.opened = Some(self.open(header)?);
        }
        self.opened.as_mut().ok_or_else(|| Failure::internal("the file was not opened"))
    }

    fn open(&self, header: Header) -> Result<Opened, Failure> {
        let columns: Vec<(String, Node)> = match &header.node.shape {
            Shape::Record(fields) => fields.clone(),
            // What is no record is a column by itself.
            _ => vec![("value".to_owned(), header.node.clone())],
        };
        if columns.len() > MAX_COLUMNS {
            let message = format!("the file has {} columns; at most {MAX_COLUMNS} are read", columns.len());
            return Err(Failure::limit("too-large", message));
        }
        let names = || columns.iter().map(|(name, _)| name.as_str());
        let index = |name: &String| {
            names().position(|known| known == name).ok_or_else(|| Failure::unknown_column(name, names()))
        };
        let wanted = match &self.demand.columns {
            Some(wanted) => wanted.iter().map(index).collect::<Result<Vec<_>, _>>()?,
            None => (0..columns.len()).collect(),
        };
        let places = (0..columns.len()).map(|at| wanted.iter().position(|wanted| *wanted == at)).collect();
        // This reader applies no predicates, so it may count rows only where there are none.
        let limit = self.demand.limit.filter(|_| self.demand.predicates.is_empty());
        Ok(Opened { header, columns, places, wanted, limit, block: None, records: 0 })
    }

    /// The next rows.
    ///
    /// # Errors
    /// What makes the rest of the file unreadable; single bad rows are among the rows.
    pub(crate) fn next(&mut self) -> Result<Read, Failure> {
        self.opened()?;
        let Reader { container, demand, opened, .. } = self;
        let Some(opened) = opened else { return Ok(Read::End) };
        let most = usize::try_from(demand.batch_rows).unwrap_or(usize::MAX).max(1);
        let types = opened.wanted.iter().filter_map(|at| opened.columns.get(*at));
        let columns = types.map(|(_, node)| Column::new(&node.of)).collect();
        let mut rows = Assembly { columns, rows: 0, first: opened.records, records: None, bad: Vec::new() };
        while rows.rows < most && opened.limit != Some(0) && rows.bad.len() < most {
            if opened.block.as_ref().is_none_or(|open| open.left == 0) {
                // What was decompressed is handed on before more is.
                if rows.size() >= CHUNK / 8 {
                    break;
                }
                match container.block(&opened.header) {
                    Ok(Some(block)) => opened.block = Some(Open { at: 0, left: block.count, block }),
                    Ok(None) => break,
                    Err(Stop::Pause) if rows.is_empty() => return Ok(Read::Pause),
                    Err(Stop::Pause) => break,
                    Err(Stop::Failed(failure)) => return Err(failure),
                }
                continue;
            }
            if rows.rows.is_multiple_of(STRIDE) && rows.size() >= CHUNK {
                break;
            }
            rows.record(opened)?;
        }
        if rows.is_empty() { Ok(Read::End) } else { Ok(Read::Rows(rows.finish())) }
    }
}

/// Rows under construction.
struct Assembly {
    columns: Vec<Column>,
    rows: usize,
    first: u64,
    records: Option<Vec<u64>>,
    bad: Vec<(u64, BadRow)>,
}

impl Assembly {
    fn is_empty(&self) -> bool {
        self.rows == 0 && self.bad.is_empty()
    }

    fn size(&self) -> usize {
        self.columns.iter().map(Column::size).sum()
    }

    fn finish(self) -> Rows {
        let first = self.records.as_ref().and_then(|records| records.first().copied());
        Rows {
            columns: self.columns.into_iter().map(Column::finish).collect(),
            rows: self.rows,
            first_record: first.unwrap_or(self.first),
            records: self.records,
            bad: self.bad,
        }
    }

    /// Appends the next record of the open block.
    fn record(&mut self, opened: &mut Opened) -> Result<(), Failure> {
        let Opened { columns, places, limit, block, records, .. } = opened;
        let Some(open) = block else { return Ok(()) };
        let begin = open.at;
        let mut cursor = Cursor::new(&open.block.bytes, begin);
        let number = *records;
        let damaged = |wrong: &str, column: &str| {
            let place = format!("record {}, in the block at byte {}", number + 1, open.block.begin);
            let message = format!("the file is damaged: {wrong} ({place})");
            Failure::invalid_input("invalid-data", message).with_column(column)
        };
        let mut bad: Option<Failure> = None;
        for ((name, node), place) in columns.iter().zip(places.iter()) {
            let done = match place.and_then(|place| self.columns.get_mut(place)) {
                Some(column) => append(node, &mut cursor, column),
                None => skip(node, &mut cursor),
            };
            done.map_err(|wrong| damaged(wrong, name))?;
            if let Some(found) = cursor.bad.take() {
                bad.get_or_insert(found.with_column(name));
            }
        }
        if cursor.at - begin > MOST_RECORD {
            let message = format!("record {} has more than {} MiB", number + 1, MOST_RECORD >> 20);
            return Err(Failure::limit("too-large", message));
        }
        let end = cursor.at;
        (open.at, open.left) = (end, open.left - 1);
        if open.left == 0 && open.at != open.block.bytes.len() {
            return Err(damaged("a block has more bytes than its records", ""));
        }
        *records += 1;
        match bad {
            None => {
                self.rows += 1;
                if let Some(numbers) = &mut self.records {
                    numbers.push(number);
                }
                if let Some(limit) = limit {
                    *limit -= 1;
                }
            }
            Some(reason) => {
                self.columns.iter_mut().for_each(|column| column.truncate(self.rows));
                let (first, rows) = (self.first, self.rows as u64);
                self.records.get_or_insert_with(|| (first..first + rows).collect());
                let raw = open.block.bytes.get(begin..end).unwrap_or_default().to_vec();
                self.bad.push((number, bad_row(number, raw, reason)));
            }
        }
        Ok(())
    }
}
