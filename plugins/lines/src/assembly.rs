//! A block under construction: the cells of lines as columns, and the lines that are no records.

use crate::feed::Lines;
use crate::layout::{Cells, Layout, Place};
use jackfield_sdk::{BadRow, Failure};
use jackfield_values::build::{Column, Level};
use jackfield_values::types::{Kind, Type};
use std::collections::HashMap;

/// Bytes of bad lines that end a block.
pub(crate) const BAD: usize = 1 << 20;
/// The most characters of a value that a message shows.
const SHOWN: usize = 60;

/// Rows as columns, before the host takes them.
#[derive(Debug, Default)]
pub struct Block {
    /// Levels of each column in demand.
    pub columns: Vec<Vec<Level>>,
    /// How many.
    pub rows: usize,
    /// Number of the first row's record, from 0.
    pub first_record: u64,
    /// The number of each row's record, where records are missing in between.
    pub records: Option<Vec<u64>>,
    /// Lines that are no records.
    pub bad: Vec<BadRow>,
}

/// What is known of the columns.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) list: Vec<(String, Type)>,
    pub(crate) by_name: HashMap<String, usize>,
    /// Those in demand, in its order.
    pub(crate) wanted: Vec<usize>,
    /// For each column its place in the demand.
    pub(crate) places: Vec<Option<usize>>,
}

/// A block under construction.
pub(crate) struct Assembly {
    columns: Vec<Column>,
    pub(crate) rows: usize,
    first_record: u64,
    records: Option<Vec<u64>>,
    bad: Vec<BadRow>,
    bad_size: usize,
}

impl Assembly {
    pub(crate) fn new(known: &Columns, first_record: u64) -> Assembly {
        let types = known.wanted.iter().filter_map(|at| known.list.get(*at));
        Assembly {
            columns: types.map(|(_, of)| Column::new(of)).collect(),
            rows: 0,
            first_record,
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

    /// Appends lines until there are so many rows; whether the lines came to their end.
    pub(crate) fn append<L: Layout>(
        &mut self,
        lines: &mut Lines,
        layout: &L,
        known: &Columns,
        (most_rows, limit, records): (usize, &mut Option<u64>, &mut u64),
    ) -> bool {
        let mut room = Vec::new();
        while self.rows < most_rows && self.bad_size <= BAD && *limit != Some(0) {
            let Some((number, line)) = lines.next_line() else { return true };
            if line.trim_ascii().is_empty() {
                continue;
            }
            let record = *records;
            *records += 1;
            let mut cells = Cells(room);
            let result = layout.cells(line, &mut cells).and_then(|()| self.row(&cells, layout, known));
            room = emptied(cells);
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
                    self.bad_size += line.len();
                    self.bad.push(BadRow { line: Some(number), raw: line.to_vec(), reason });
                }
            }
        }
        false
    }

    fn row<L: Layout>(&mut self, cells: &Cells, layout: &L, known: &Columns) -> Result<(), Failure> {
        for (place, text) in &cells.0 {
            let index = match place {
                Place::Known(index) => *index,
                Place::Named(name) => match known.by_name.get(*name) {
                    Some(index) => *index,
                    None => return Err(new_name(name)),
                },
            };
            let Some(column) = known.places.get(index).copied().flatten().and_then(|at| self.columns.get_mut(at))
            else {
                continue;
            };
            if column.length > self.rows {
                let name = known.list.get(index).map_or("", |(name, _)| name.as_str());
                let message = format!("the line has `{}` twice", shown(name.as_bytes()));
                return Err(Failure::invalid_input("duplicate-key", message).with_column(name));
            }
            match text {
                None => column.push_null(),
                Some(text) if text.is_empty() && !matches!(column.kind, Kind::Utf8 | Kind::Binary) => {
                    column.push_null()
                }
                Some(text) => {
                    if !column.push_text(text) {
                        return Err(not_a_value(text, known.list.get(index), layout));
                    }
                }
            }
        }
        for column in &mut self.columns {
            if column.length == self.rows {
                column.push_null();
            }
        }
        Ok(())
    }
}

/// The list without its cells, to be used for another line.
fn emptied<'a>(mut cells: Cells<'_>) -> Vec<(Place<'a>, Option<std::borrow::Cow<'a, [u8]>>)> {
    cells.0.clear();
    // An empty list borrows nothing, so this moves no cell and only keeps the room.
    cells.0.into_iter().map(|_| (Place::Known(0), None)).collect()
}

fn new_name(name: &str) -> Failure {
    let message = format!("the key `{}` was not in the rows that were looked at first", shown(name.as_bytes()));
    Failure::invalid_input("unknown-key", message)
        .with_help("let more rows decide with `infer-rows`, or name it in `schema`")
}

fn not_a_value<L: Layout>(text: &[u8], column: Option<&(String, Type)>, layout: &L) -> Failure {
    let (name, of) = column.map_or(("", "utf8".to_owned()), |(name, of)| (name.as_str(), of.name()));
    if std::str::from_utf8(text).is_err() {
        return Failure::invalid_input("invalid-utf8", format!("\"{}\" is not UTF-8", shown(text)))
            .with_column(name)
            .with_help("convert the file to UTF-8, or skip such rows with `on-error`");
    }
    let article = if of.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    Failure::invalid_input("invalid-value", format!("\"{}\" is not {article} {of}", shown(text)))
        .with_column(name)
        .with_help(layout.help(name))
}

/// The beginning of a text, with what no message should hold spelled out.
pub fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let cut = text.char_indices().nth(SHOWN).map(|(at, _)| at);
    let head = text.get(..cut.unwrap_or(text.len())).unwrap_or_default();
    let more = if cut.is_some() { "…" } else { "" };
    format!("{}{more}", head.escape_debug())
}
