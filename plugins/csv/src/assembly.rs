//! A block under construction: the rows of segments that pass the tests, parsed into columns, and those that are bad.

use crate::cells::{BadCell, Rules, Target, parse};
use crate::predicate::Test;
use crate::rows::Rows;
use jackfield_sdk::BadRow;
use jackfield_values::build::{Column, Level};

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

/// A block under construction.
pub(crate) struct Assembly {
    columns: Vec<Column>,
    pub(crate) rows: usize,
    first_record: Option<u64>,
    next_record: u64,
    records: Option<Vec<u64>>,
    bad: Vec<BadRow>,
    /// Bytes of the bad rows.
    pub(crate) bad_size: usize,
    /// Number of the last record that was looked at.
    looked_at: u64,
}

impl Assembly {
    pub(crate) fn new(targets: &[Target]) -> Assembly {
        Assembly {
            columns: targets.iter().map(|target| Column::new(&target.of)).collect(),
            rows: 0,
            first_record: None,
            next_record: 0,
            records: None,
            bad: Vec::new(),
            bad_size: 0,
            looked_at: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0 && self.bad.is_empty()
    }

    /// The block, unless it is empty.
    pub(crate) fn end(self) -> Option<Block> {
        if self.is_empty() { None } else { Some(self.finish()) }
    }

    pub(crate) fn finish(mut self) -> Block {
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
    pub(crate) fn take_bad(&mut self, rows: &mut Rows, all: bool) {
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
    pub(crate) fn append(
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
