//! Reads a file: header, types, then chunks of columns as far as they are in demand.

use crate::cells::{BadCell, NullValues, Rules, Target, parse};
use crate::feed::{Fed, Feed, Pull};
use crate::header;
use crate::infer::{Seen, look, types};
use crate::options::ReadOptions;
use crate::predicate::Test;
use crate::rows::{Records, Rows, Shape};
use jackfield_sdk::{BadRow, Demand, Failure};
use jackfield_values::build::{Column, Level};
use jackfield_values::types::Type;
use std::collections::VecDeque;

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

/// Bytes of text that make a block; enough to make calls cheap, little enough that stages overlap.
const BLOCK: usize = 1 << 20;
/// Bytes of text looked at in one call although no row was found in them: a call has a deadline.
const MOST: usize = 16 << 20;
/// Bytes of bad rows that end a block.
const BAD: usize = 1 << 20;
/// Bytes of sample that are kept to be parsed again.
const SAMPLE: usize = 64 << 20;

/// An open file.
#[derive(Debug)]
pub(crate) struct Reader {
    feed: Feed,
    options: ReadOptions,
    demand: Demand,
    rules: Rules,
    opened: Option<Opened>,
}

/// What is known after the header and the sample.
#[derive(Debug)]
struct Opened {
    shape: Shape,
    names: Vec<String>,
    types: Vec<Type>,
    targets: Vec<Target>,
    tests: Vec<Test>,
    /// Rows that still may be given; `None`: all.
    limit: Option<u64>,
    /// Rows that were cut out of the input but not parsed, and how far the first of them are done.
    waiting: VecDeque<Rows>,
    done: usize,
    records: u64,
    /// The sample was larger than what is kept.
    spent: bool,
}

impl Reader {
    pub(crate) fn new(options: ReadOptions, demand: Demand, pull: Pull) -> Reader {
        let rules = Rules { nulls: NullValues::new(options.null_values.clone()), quote: options.dialect.quote };
        Reader { feed: Feed::new(pull, options.dialect), options, demand, rules, opened: None }
    }

    /// Names and types of all columns.
    ///
    /// # Errors
    /// A file without a header, names or types that do not fit, the source's failure.
    pub(crate) fn columns(&mut self) -> Result<(&[String], &[Type]), Failure> {
        let opened = self.opened()?;
        Ok((&opened.names, &opened.types))
    }

    /// The numbers of the demanded columns, in the demand's order.
    ///
    /// # Errors
    /// As [`columns`](Reader::columns).
    pub(crate) fn demanded(&mut self) -> Result<Vec<usize>, Failure> {
        Ok(self.opened()?.targets.iter().map(|target| target.index).collect())
    }

    fn opened(&mut self) -> Result<&mut Opened, Failure> {
        if self.opened.is_none() {
            self.opened = Some(self.open()?);
        }
        self.opened.as_mut().ok_or_else(|| Failure::internal("the file was not opened"))
    }

    fn open(&mut self) -> Result<Opened, Failure> {
        let (names, first) = self.header()?;
        let shape = Shape {
            width: names.len(),
            comment: self.options.dialect.comment,
            trim: self.options.dialect.trim,
            pad: self.options.pad,
        };
        let told = self.told(&names)?;
        let mut opened = Opened {
            shape,
            names,
            types: Vec::new(),
            targets: Vec::new(),
            tests: Vec::new(),
            limit: None,
            waiting: VecDeque::new(),
            done: 0,
            records: 0,
            spent: false,
        };
        if let Some((segment, skip)) = first {
            opened.add(Rows::new(segment, skip, 0, &opened.shape));
        }
        opened.types = self.sample(&mut opened, &told)?;
        self.bind(&mut opened)?;
        Ok(opened)
    }

    /// The names, and the segment with the number of its records that are not rows.
    fn header(&mut self) -> Result<(Vec<String>, Option<(crate::feed::Segment, usize)>), Failure> {
        loop {
            let segment = match self.feed.next()? {
                Fed::Segment(segment) => segment,
                // Without a header there is nothing to say: wait for the source.
                Fed::Pause => return Err(Failure::unavailable("no-header", "the source has no header yet")),
                Fed::End => {
                    return Err(Failure::invalid_input("no-header", "the file is empty: it has no header")
                        .with_help("an empty CSV file says nothing about its columns"));
                }
            };
            let comment = self.options.dialect.comment;
            let marks = segment.scan.marks();
            let records = Records::new(&segment.text, marks, &segment.scan.ends);
            let found = (0..segment.scan.ends.len()).find(|record| !records.is_nothing(*record, comment));
            let Some(record) = found else { continue };
            let fields = records.fields(record);
            return Ok(if self.options.header {
                (header::names(&fields, &self.options.dialect)?, Some((segment, record + 1)))
            } else {
                (header::numbers(fields.len())?, Some((segment, 0)))
            });
        }
    }

    /// The told types by column.
    fn told(&self, names: &[String]) -> Result<Vec<Option<Type>>, Failure> {
        let mut told = vec![None; names.len()];
        let by_name: std::collections::HashMap<&str, usize> =
            names.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
        for (name, of) in &self.options.schema {
            match by_name.get(name.as_str()).and_then(|index| told.get_mut(*index)) {
                Some(slot) => *slot = Some(of.clone()),
                None => {
                    return Err(Failure::unknown_column(name, names.iter().map(String::as_str))
                        .with_parameter(jackfield_sdk::params::pointer("/schema", name)));
                }
            }
        }
        Ok(told)
    }

    /// Reads as many rows as are looked at for the types.
    fn sample(&mut self, opened: &mut Opened, told: &[Option<Type>]) -> Result<Vec<Type>, Failure> {
        let mut seen: Vec<Option<Seen>> = told.iter().map(|of| of.is_none().then(Seen::default)).collect();
        if seen.iter().all(Option::is_none) {
            return Ok(types(&seen, told));
        }
        let mut missing = self.options.infer_rows.unwrap_or(u64::MAX);
        let mut size = 0;
        if let Some(rows) = opened.waiting.front() {
            look(&mut seen, rows, usize::try_from(missing).unwrap_or(usize::MAX), &self.rules);
            missing = missing.saturating_sub(rows.count as u64);
        }
        while missing > 0 {
            let segment = match self.feed.next()? {
                Fed::Segment(segment) => segment,
                Fed::Pause | Fed::End => break,
            };
            let rows = Rows::new(segment, 0, opened.records, &opened.shape);
            look(&mut seen, &rows, usize::try_from(missing).unwrap_or(usize::MAX), &self.rules);
            missing = missing.saturating_sub(rows.count as u64);
            size += rows.size();
            if size > SAMPLE {
                opened.spent = true;
                opened.waiting.clear();
                opened.records += rows.records;
                self.feed.reuse(rows.into_marks());
            } else {
                opened.add(rows);
            }
        }
        Ok(types(&seen, told))
    }

    /// Makes of the demand what can be used of it.
    fn bind(&self, opened: &mut Opened) -> Result<(), Failure> {
        let target = |name: &str| {
            let index = opened.names.iter().position(|known| known == name)?;
            Some(Target::new(index, name.to_owned(), opened.types.get(index)?.clone(), &self.rules.nulls))
        };
        let wanted: Vec<&str> = match &self.demand.columns {
            Some(columns) => columns.iter().map(String::as_str).collect(),
            None => opened.names.iter().map(String::as_str).collect(),
        };
        let targets = wanted
            .iter()
            .map(|name| {
                target(name).ok_or_else(|| Failure::unknown_column(name, opened.names.iter().map(String::as_str)))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut tests = Vec::with_capacity(self.demand.predicates.len());
        for predicate in &self.demand.predicates {
            let strict = wanted.contains(&predicate.column.as_str());
            tests.extend(target(&predicate.column).and_then(|target| Test::new(predicate, target, strict)));
        }
        let limit = self.demand.limit.filter(|_| tests.len() == self.demand.predicates.len());
        (opened.targets, opened.tests, opened.limit) = (targets, tests, limit);
        Ok(())
    }

    /// The next rows.
    ///
    /// # Errors
    /// What makes the rest of the file unreadable; single bad rows are in the block.
    pub(crate) fn next(&mut self) -> Result<Read, Failure> {
        self.opened()?;
        let Reader { feed, demand, rules, opened, .. } = self;
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
            let Some(rows) = opened.waiting.front_mut() else {
                match feed.next()? {
                    Fed::Segment(segment) => opened.add(Rows::new(segment, 0, opened.records, &opened.shape)),
                    Fed::Pause if assembly.is_empty() => return Ok(Read::Pause),
                    Fed::Pause => return Ok(Read::Block(assembly.finish())),
                    Fed::End => return Ok(assembly.end()),
                }
                continue;
            };
            let end = rows.count.min(opened.done + (most_rows - assembly.rows));
            assembly.append(rows, opened.done..end, &opened.targets, &opened.tests, rules, &mut opened.limit);
            let all = end == rows.count && opened.limit != Some(0);
            assembly.take_bad(rows, all);
            opened.done = end;
            let mut full = assembly.rows >= most_rows || assembly.bad_size > BAD;
            if end == rows.count {
                looked_at += rows.size();
                full |=
                    looked_at >= if assembly.is_empty() { MOST } else { BLOCK } || rows.short && !assembly.is_empty();
                if let Some(rows) = opened.waiting.pop_front() {
                    feed.reuse(rows.into_marks());
                }
                opened.done = 0;
            }
            if full {
                return Ok(Read::Block(assembly.finish()));
            }
        }
    }
}

impl Opened {
    fn add(&mut self, rows: Rows) {
        self.records += rows.records;
        self.waiting.push_back(rows);
    }
}

/// A block under construction.
struct Assembly {
    columns: Vec<Column>,
    rows: usize,
    first_record: Option<u64>,
    next_record: u64,
    records: Option<Vec<u64>>,
    bad: Vec<BadRow>,
    bad_size: usize,
    /// Number of the last record that was looked at.
    looked_at: u64,
}

impl Assembly {
    fn new(opened: &Opened) -> Assembly {
        Assembly {
            columns: opened.targets.iter().map(|target| Column::new(&target.of)).collect(),
            rows: 0,
            first_record: None,
            next_record: 0,
            records: None,
            bad: Vec::new(),
            bad_size: 0,
            looked_at: 0,
        }
    }

    fn is_empty(&self) -> bool {
        self.rows == 0 && self.bad.is_empty()
    }

    fn end(self) -> Read {
        if self.is_empty() { Read::End } else { Read::Block(self.finish()) }
    }

    fn finish(mut self) -> Block {
        self.bad.sort_by_key(|bad| bad.line);
        Block {
            columns: self.columns.into_iter().map(Column::finish).collect(),
            rows: self.rows,
            first_record: self.first_record.unwrap_or(0),
            records: self.records,
            bad: self.bad,
        }
    }

    /// Takes the records that are no rows: all of the segment's, or those before the last row that was looked at.
    fn take_bad(&mut self, rows: &mut Rows, all: bool) {
        while let Some((number, _)) = rows.bad.front()
            && (all || rows.first_record + u64::from(*number) < self.looked_at)
        {
            if let Some((_, bad)) = rows.bad.pop_front() {
                self.bad_size += bad.raw.len();
                self.bad.push(bad);
            }
        }
    }

    /// Appends those of the rows that pass the tests.
    fn append(
        &mut self,
        rows: &mut Rows,
        range: std::ops::Range<usize>,
        targets: &[Target],
        tests: &[Test],
        rules: &Rules,
        limit: &mut Option<u64>,
    ) {
        let mut bad: Vec<BadCell> = Vec::new();
        let mut unsure = false;
        let mut selection: Option<Vec<u32>> = None;
        for test in tests {
            selection = Some(match selection {
                None => test.apply(rows, rules, range.clone(), &mut bad, &mut unsure),
                Some(rest) => test.apply(rows, rules, rest.iter().map(|r| *r as usize), &mut bad, &mut unsure),
            });
        }
        // Rows that may not pass do not count, so from here on rows cannot be counted any more.
        if unsure {
            *limit = None;
        }
        let most = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let before = self.rows;
        let mut cells = match &mut selection {
            None => self.parse(rows, range.start..range.end.min(range.start.saturating_add(most)), targets, rules),
            Some(list) => {
                if list.len() > most {
                    list.truncate(most);
                    // What lies behind the last row wanted was not read.
                    let last = list.last().map_or(0, |row| *row as usize);
                    bad.retain(|cell: &BadCell| cell.row < last);
                }
                self.parse(rows, list.iter().map(|r| *r as usize), targets, rules)
            }
        };
        bad.append(&mut cells);
        let mut kept = match selection {
            None => Kept::Range(range.start..range.end.min(range.start.saturating_add(most))),
            Some(list) => Kept::List(list),
        };
        if !bad.is_empty() {
            kept = self.without(kept, before, bad, rows, targets, rules);
        }
        let count = kept.count();
        self.rows = before + count;
        let last = match &kept {
            _ if most == usize::MAX => range.end.checked_sub(1),
            Kept::Range(range) => range.end.checked_sub(1),
            Kept::List(list) if count >= most => list.last().map(|row| *row as usize),
            Kept::List(_) => range.end.checked_sub(1),
        };
        self.looked_at = last.map_or(self.looked_at, |row| rows.record(row));
        if let Some(limit) = limit {
            *limit -= count as u64;
        }
        self.number(rows, &kept);
    }

    fn parse(
        &mut self,
        rows: &Rows,
        selection: impl ExactSizeIterator<Item = usize> + Clone,
        targets: &[Target],
        rules: &Rules,
    ) -> Vec<BadCell> {
        let mut bad = Vec::new();
        for (column, target) in self.columns.iter_mut().zip(targets) {
            bad.append(&mut parse(column, target, rows, rules, selection.clone()));
        }
        bad
    }

    /// Parses again without the rows that turned out bad, and tells those, each with its first bad field.
    fn without(
        &mut self,
        kept: Kept,
        before: usize,
        mut bad: Vec<BadCell>,
        rows: &mut Rows,
        targets: &[Target],
        rules: &Rules,
    ) -> Kept {
        bad.sort_by_key(|cell| cell.row);
        bad.dedup_by_key(|cell| cell.row);
        let is_bad = |row: usize| bad.binary_search_by_key(&row, |cell| cell.row).is_ok();
        let good: Vec<u32> = match kept {
            Kept::Range(range) => range.filter(|row| !is_bad(*row)).map(|row| row as u32).collect(),
            Kept::List(list) => list.into_iter().filter(|row| !is_bad(*row as usize)).collect(),
        };
        self.columns.iter_mut().for_each(|column| column.truncate(before));
        self.parse(rows, good.iter().map(|row| *row as usize), targets, rules);
        for cell in bad {
            let raw = rows.raw(cell.row).to_vec();
            self.bad_size += raw.len();
            self.bad.push(BadRow { line: Some(rows.line(cell.row)), raw, reason: cell.reason });
        }
        Kept::List(good)
    }

    /// Notes the numbers of the rows' records.
    fn number(&mut self, rows: &Rows, kept: &Kept) {
        let before = self.rows - kept.count();
        match kept {
            Kept::Range(range) if rows.is_dense() => {
                if range.is_empty() {
                    return;
                }
                let first = rows.record(range.start);
                if self.records.is_none() && self.first_record.is_none_or(|_| first == self.next_record) {
                    self.first_record.get_or_insert(first);
                    self.next_record = first + range.len() as u64;
                    return;
                }
                self.listed(before).extend(first..first + range.len() as u64);
            }
            Kept::Range(range) => {
                let numbers = range.clone().map(|row| rows.record(row));
                self.listed(before).extend(numbers);
            }
            Kept::List(list) => {
                let numbers = list.iter().map(|row| rows.record(*row as usize));
                self.listed(before).extend(numbers);
            }
        }
        if let Some(first) = self.records.as_ref().and_then(|numbers| numbers.first()) {
            self.first_record = Some(*first);
        }
    }

    /// The list of numbers, which begins with those of the rows so far.
    fn listed(&mut self, before: usize) -> &mut Vec<u64> {
        let first = self.first_record.unwrap_or(0);
        self.records.get_or_insert_with(|| (first..first + before as u64).collect())
    }
}

/// Rows of one segment that were taken.
enum Kept {
    Range(std::ops::Range<usize>),
    List(Vec<u32>),
}

impl Kept {
    fn count(&self) -> usize {
        match self {
            Kept::Range(range) => range.len(),
            Kept::List(list) => list.len(),
        }
    }
}

#[cfg(test)]
mod tests;
