//! Reads a file: header, types, then chunks of columns as far as they are in demand.

use crate::assembly::{Assembly, Block};
use crate::cells::{NullValues, Rules, Target};
use crate::feed::{Fed, Feed, Pull};
use crate::header;
use crate::infer::{Seen, Stray, look, types};
use crate::options::ReadOptions;
use crate::predicate::Test;
use crate::rows::{Records, Rows, Shape};
use jackfield_sdk::{Demand, Failure};
use jackfield_values::incoming::{self, Fields};
use jackfield_values::types::Type;
use std::collections::VecDeque;

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
/// Rows whose columns are parsed one after the other, few enough for their text to stay in the processor's cache.
const STRIDE: usize = 512;
/// Bytes of bad rows that end a block.
const BAD: usize = 1 << 20;
/// Bytes that are held to parse the sample again.
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
    /// By column, the text that kept it from being numbers.
    strays: Vec<Option<Stray>>,
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

/// The segment that held the header, and how many of its records are no rows.
type FirstRow = (crate::feed::Segment, usize);

impl Reader {
    pub(crate) fn new(options: ReadOptions, demand: Demand, pull: Pull) -> Reader {
        let rules = Rules {
            nulls: NullValues::new(options.null_values.clone()),
            quote: options.dialect.quote,
            marks: options.marks,
        };
        let fields = Fields { delimiter: options.dialect.delimiter, quote: options.dialect.quote };
        let pull = incoming::plain(pull, options.encoding, Some(fields));
        Reader { feed: Feed::new(pull, options.dialect, options.skip_rows), options, demand, rules, opened: None }
    }

    /// Names and types of all columns.
    ///
    /// # Errors
    /// A file without a header, names or types that do not fit, the source's failure.
    pub(crate) fn columns(&mut self) -> Result<(&[String], &[Type]), Failure> {
        let opened = self.opened()?;
        Ok((&opened.names, &opened.types))
    }

    /// By column, the text that kept it from being numbers.
    ///
    /// # Errors
    /// As [`columns`](Reader::columns).
    pub(crate) fn strays(&mut self) -> Result<&[Option<Stray>], Failure> {
        Ok(&self.opened()?.strays)
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
            strays: Vec::new(),
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
        let seen = self.sample(&mut opened, &told)?;
        opened.types = types(&seen, &told);
        opened.strays = seen.iter().map(|seen| seen.as_ref().and_then(Seen::stray)).collect();
        self.bind(&mut opened)?;
        Ok(opened)
    }

    /// The names, and the segment with the number of its records that are not rows.
    fn header(&mut self) -> Result<(Vec<String>, Option<FirstRow>), Failure> {
        loop {
            let segment = match self.feed.next()? {
                Fed::Segment(segment) => segment,
                // Without a header there is nothing to say: wait for the source.
                Fed::Pause => return Err(Failure::unavailable("no-header", "the source has no header yet")),
                Fed::End => {
                    let lacking = if self.options.header { "it has no header" } else { "it has no first row" };
                    return Err(Failure::invalid_input("no-header", format!("the file is empty: {lacking}"))
                        .with_help("an empty CSV file says nothing about its columns"));
                }
            };
            let comment = self.options.dialect.comment;
            let marks = segment.scan.marks();
            let records = Records::new(&segment.text, marks, &segment.scan.ends);
            let found = (0..segment.scan.ends.len()).find(|record| !records.is_nothing(*record, comment));
            let Some(record) = found else { continue };
            let fields = records.fields(record);
            header::check_line_ends(&fields, &self.options.dialect)?;
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

    /// Reads as many rows as are looked at for the types, and says what was seen of columns whose type nobody told.
    fn sample(&mut self, opened: &mut Opened, told: &[Option<Type>]) -> Result<Vec<Option<Seen>>, Failure> {
        let mut seen: Vec<Option<Seen>> = told.iter().map(|of| of.is_none().then(Seen::default)).collect();
        if seen.iter().all(Option::is_none) {
            return Ok(seen);
        }
        let mut missing = self.options.infer_rows.unwrap_or(u64::MAX);
        let mut size = 0;
        if let Some(rows) = opened.waiting.front_mut() {
            look(&mut seen, rows, usize::try_from(missing).unwrap_or(usize::MAX), &self.rules);
            missing = missing.saturating_sub(rows.count as u64);
        }
        while missing > 0 {
            let segment = match self.feed.next()? {
                Fed::Segment(segment) => segment,
                Fed::Pause | Fed::End => break,
            };
            let mut rows = Rows::new(segment, 0, opened.records, &opened.shape);
            look(&mut seen, &mut rows, usize::try_from(missing).unwrap_or(usize::MAX), &self.rules);
            missing = missing.saturating_sub(rows.count as u64);
            if rows.is_nothing() {
                self.feed.reuse(rows.into_marks());
                continue;
            }
            size += rows.held();
            if size > SAMPLE {
                opened.spent = true;
                opened.waiting.clear();
                opened.records += rows.records;
                self.feed.reuse(rows.into_marks());
            } else {
                opened.add(rows);
            }
        }
        Ok(seen)
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
        // Tests look at numbers as they stand there.
        for predicate in self.demand.predicates.iter().filter(|_| self.rules.marks.is_plain()) {
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
        let mut assembly = Assembly::new(&opened.targets);
        let mut looked_at = 0;
        loop {
            if opened.limit == Some(0) {
                return Ok(assembly.end().map_or(Read::End, Read::Block));
            }
            let Some(rows) = opened.waiting.front_mut() else {
                match feed.next()? {
                    Fed::Segment(segment) => opened.add(Rows::new(segment, 0, opened.records, &opened.shape)),
                    Fed::Pause if assembly.is_empty() => return Ok(Read::Pause),
                    Fed::Pause => return Ok(Read::Block(assembly.finish())),
                    Fed::End => return Ok(assembly.end().map_or(Read::End, Read::Block)),
                }
                continue;
            };
            let end = rows.count.min(opened.done + STRIDE.min(most_rows - assembly.rows));
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

#[cfg(test)]
mod tests;
