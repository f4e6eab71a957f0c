//! Reads a file: columns and types from a sample, then blocks of the columns that are in demand.

use crate::assembly::{Assembly, Block, Columns};
use crate::feed::{Fed, Feed, Lines, Pull};
use crate::layout::{Cells, Layout, Place};
use crate::options::ReadOptions;
use jackfield_sdk::{Demand, Failure};
use jackfield_values::incoming;
use jackfield_values::infer::Seen;
use jackfield_values::types::Type;
use std::collections::{HashMap, VecDeque};

/// What comes next.
#[derive(Debug)]
pub enum Read {
    /// Rows.
    Block(Block),
    /// Nothing now.
    Pause,
    /// Nothing more.
    End,
}

/// Bytes of text that make a block.
const BLOCK: usize = 1 << 20;
/// Bytes of sample that are kept to be read again.
const SAMPLE: usize = 64 << 20;
const MAX_COLUMNS: usize = 10_000;

/// An open file.
#[derive(Debug)]
pub struct Reader<L> {
    feed: Feed,
    layout: L,
    options: ReadOptions,
    demand: Demand,
    opened: Option<Opened>,
}

/// What is known after the sample.
#[derive(Debug)]
struct Opened {
    columns: Columns,
    /// Rows that still may be given; `None`: all.
    limit: Option<u64>,
    waiting: VecDeque<Lines>,
    records: u64,
    /// The sample was larger than what is kept.
    spent: bool,
}

/// A column while its type is looked for.
struct Candidate {
    name: String,
    told: Option<Type>,
    seen: Seen,
}

impl<L: Layout> Reader<L> {
    /// A file of this layout.
    pub fn new(layout: L, options: ReadOptions, demand: Demand, pull: Pull) -> Reader<L> {
        let feed = Feed::new(incoming::plain(pull, options.encoding, None));
        Reader { feed, layout, options, demand, opened: None }
    }

    /// Names and types of all columns.
    ///
    /// # Errors
    /// The source's failure, or a demand for columns that are not there.
    pub fn columns(&mut self) -> Result<&[(String, Type)], Failure> {
        Ok(&self.opened()?.columns.list)
    }

    /// Names and types of the columns in demand, in its order.
    ///
    /// # Errors
    /// As [`columns`](Reader::columns).
    pub fn wanted(&mut self) -> Result<Vec<(String, Type)>, Failure> {
        let columns = &self.opened()?.columns;
        Ok(columns.wanted.iter().filter_map(|at| columns.list.get(*at).cloned()).collect())
    }

    fn opened(&mut self) -> Result<&mut Opened, Failure> {
        if self.opened.is_none() {
            self.opened = Some(self.open()?);
        }
        self.opened.as_mut().ok_or_else(|| Failure::internal("the file was not opened"))
    }

    fn open(&mut self) -> Result<Opened, Failure> {
        let mut waiting = VecDeque::new();
        self.skip(&mut waiting)?;
        let (list, spent) = self.sample(&mut waiting)?;
        if list.len() > MAX_COLUMNS {
            let message = format!("the file has {} columns; at most {MAX_COLUMNS} are read", list.len());
            return Err(Failure::limit("too-large", message));
        }
        let names = || list.iter().map(|(name, _)| name.as_str());
        let by_name: HashMap<String, usize> = names().enumerate().map(|(at, name)| (name.to_owned(), at)).collect();
        let index = |name: &String| by_name.get(name).copied().ok_or_else(|| Failure::unknown_column(name, names()));
        let wanted = match &self.demand.columns {
            Some(wanted) => wanted.iter().map(index).collect::<Result<Vec<_>, _>>()?,
            None => (0..list.len()).collect(),
        };
        let places = (0..list.len()).map(|at| wanted.iter().position(|wanted| *wanted == at)).collect();
        // This reader applies no predicates, so it may count rows only where there are none.
        let limit = self.demand.limit.filter(|_| self.demand.predicates.is_empty());
        Ok(Opened { columns: Columns { list, by_name, wanted, places }, limit, waiting, records: 0, spent })
    }

    /// Passes the lines that are not looked at.
    fn skip(&mut self, waiting: &mut VecDeque<Lines>) -> Result<(), Failure> {
        let mut left = self.options.skip;
        while left > 0 {
            let Fed::Lines(mut lines) = self.feed.next_lines()? else { break };
            while left > 0 && lines.next_line().is_some() {
                left -= 1;
            }
            if left == 0 {
                waiting.push_back(lines);
            }
        }
        Ok(())
    }

    /// The columns: those of the layout, those told, and others found in the sample; whether the sample was too large.
    fn sample(&mut self, waiting: &mut VecDeque<Lines>) -> Result<(Vec<(String, Type)>, bool), Failure> {
        let told: HashMap<&str, &Type> = self.options.schema.iter().map(|(name, of)| (name.as_str(), of)).collect();
        let candidate = |name: String, of: Option<Type>| {
            let told = told.get(name.as_str()).map(|of| (*of).clone()).or(of);
            Candidate { name, told, seen: Seen::default() }
        };
        let known = self.layout.known();
        let mut found: Vec<Candidate> = known.into_iter().map(|(name, of)| candidate(name, of)).collect();
        let mut by_name: HashMap<String, usize> =
            found.iter().enumerate().map(|(at, column)| (column.name.clone(), at)).collect();
        let unknown = self.options.schema.iter().find(|(name, _)| !by_name.contains_key(name));
        if let Some((name, _)) = unknown.filter(|_| !self.layout.is_open()) {
            return Err(Failure::unknown_column(name, found.iter().map(|column| column.name.as_str()))
                .with_parameter(jackfield_sdk::params::pointer("/schema", name)));
        }
        let complete = !self.layout.is_open() && found.iter().all(|column| column.told.is_some());
        let most = if complete { 0 } else { self.options.infer_rows.unwrap_or(u64::MAX) };
        let (mut rows, mut spent) = (0, false);
        let mut first: Option<(u64, Failure)> = None;
        let mut good = 0u64;
        let mut number = 0;
        while rows < most && found.len() <= MAX_COLUMNS {
            if number == waiting.len() {
                match self.feed.next_lines()? {
                    Fed::Lines(lines) => waiting.push_back(lines),
                    Fed::Pause | Fed::End => break,
                }
            }
            let Some(mut lines) = waiting.get(number).cloned() else { break };
            while rows < most {
                let Some((line_number, line)) = lines.next_line() else { break };
                if line.trim_ascii().is_empty() {
                    continue;
                }
                rows += 1;
                let mut cells = Cells::default();
                if let Err(wrong) = self.layout.cells(line, &mut cells) {
                    // A line that is no record is told when it is read, unless there is nothing else.
                    first.get_or_insert((line_number, wrong));
                    continue;
                }
                good += 1;
                for (place, text) in cells.0 {
                    let at = match place {
                        Place::Known(at) => at,
                        Place::Named(name) => match by_name.get(name) {
                            Some(at) => *at,
                            None => {
                                by_name.insert(name.to_owned(), found.len());
                                found.push(candidate(name.to_owned(), None));
                                found.len() - 1
                            }
                        },
                    };
                    if let (Some(column), Some(text)) = (found.get_mut(at), text)
                        && column.told.is_none()
                        && !text.is_empty()
                        && !column.seen.is_text()
                    {
                        column.seen.see(&text);
                    }
                }
            }
            if waiting.iter().map(Lines::size).sum::<usize>() > SAMPLE {
                spent = true;
                waiting.clear();
                number = 0;
            } else {
                number += 1;
            }
        }
        if let Some((line, wrong)) = first.filter(|_| good == 0 && self.layout.is_open()) {
            return Err(wrong.with_row(line - 1));
        }
        let mut columns: Vec<(String, Type)> = found
            .into_iter()
            .map(|column| (column.name, column.told.unwrap_or_else(|| column.seen.kind().into())))
            .collect();
        let missing = self.options.schema.iter().filter(|(name, _)| !by_name.contains_key(name));
        columns.extend(missing.cloned());
        Ok((columns, spent))
    }

    /// The next rows.
    ///
    /// # Errors
    /// What makes the rest of the file unreadable; single bad rows are in the block.
    pub fn next_block(&mut self) -> Result<Read, Failure> {
        self.opened()?;
        let Reader { feed, layout, demand, opened, .. } = self;
        let Some(opened) = opened else { return Ok(Read::End) };
        if opened.spent {
            return Err(Failure::internal("the sample was too large to keep: open the file again, with its schema"));
        }
        let most_rows = usize::try_from(demand.batch_rows).unwrap_or(usize::MAX).max(1);
        let mut assembly = Assembly::new(&opened.columns, opened.records);
        let mut looked_at = 0;
        loop {
            if opened.limit == Some(0) {
                return Ok(assembly.end().map_or(Read::End, Read::Block));
            }
            let Some(lines) = opened.waiting.front_mut() else {
                match feed.next_lines()? {
                    Fed::Lines(lines) => opened.waiting.push_back(lines),
                    Fed::Pause if assembly.is_empty() => return Ok(Read::Pause),
                    Fed::Pause => return Ok(Read::Block(assembly.finish())),
                    Fed::End => return Ok(assembly.end().map_or(Read::End, Read::Block)),
                }
                continue;
            };
            let before = lines.size();
            let room = (most_rows, &mut opened.limit, &mut opened.records);
            let done = assembly.append(lines, layout, &opened.columns, room);
            looked_at += before - lines.size();
            let mut full = !done || looked_at >= BLOCK;
            if done {
                full |= lines.short && !assembly.is_empty();
                opened.waiting.pop_front();
            }
            if full && !assembly.is_empty() {
                return Ok(Read::Block(assembly.finish()));
            }
        }
    }
}
