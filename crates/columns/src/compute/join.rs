//! Hash join on row numbers.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, UInt32Array, UInt64Array, UInt64Builder};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;

use super::call::guarded;
use super::group::{Grouper, NONE, add};
use crate::{Failure, Meter};

/// Which pairs a probe gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// Pairs of rows with equal keys.
    Inner,
    /// These, and probe rows without a partner, whose build number is null.
    Outer,
    /// Probe rows that have a partner, each once; no build numbers.
    Semi,
    /// Probe rows that have none; no build numbers.
    Anti,
}

/// No further row of a group.
const END: u32 = u32::MAX;

/// The build side once it is complete: rows by group.
#[derive(Debug, Default)]
struct Chains {
    /// The first and the last row of each group.
    ends: Vec<(u32, u32)>,
    /// The next row of the same group, for each row.
    next: Vec<u32>,
}

/// Build once, probe batch by batch. Null keys match nothing.
#[derive(Debug)]
pub struct Joiner {
    grouper: Grouper,
    /// Shared with the matches that are still being read.
    chains: Arc<Chains>,
    /// The group of each build row.
    groups: Vec<u32>,
    /// Groups that a probe has met.
    met: Vec<bool>,
}

/// The matches of one probe, in order of probe rows, and of build rows for each.
#[derive(Debug)]
pub struct Matches {
    chains: Arc<Chains>,
    kind: JoinKind,
    /// The group of each probe row.
    groups: Vec<u32>,
    /// The probe row that is next, and its build row if it is in the midst of them.
    row: usize,
    within: Option<u32>,
}

impl Joiner {
    /// A joiner for keys of these types.
    ///
    /// # Errors
    /// Types that cannot be keys.
    pub fn new(keys: &[DataType]) -> Result<Self, Failure> {
        let grouper = Grouper::new(keys)?;
        Ok(Self { grouper, chains: Arc::default(), groups: Vec::new(), met: Vec::new() })
    }

    /// Adds build rows; the first is number 0.
    ///
    /// # Errors
    /// Columns of other types or lengths, more than 2³² rows, limits; `invalid-input` while matches are being read.
    pub fn build(&mut self, keys: &[ArrayRef], meter: &mut dyn Meter) -> Result<(), Failure> {
        guarded("joiner", || {
            let Some(chains) = Arc::get_mut(&mut self.chains) else {
                return Err(Failure::invalid_input(
                    "out-of-bounds",
                    "matches are still being read: build all rows first",
                ));
            };
            let groups = without_nulls(self.grouper.run(keys, true, meter)?, keys);
            let first = chains.next.len();
            if first + groups.len() >= END as usize {
                return Err(Failure::limit("too-large", "the build side has more than 4 294 967 294 rows"));
            }
            let count = self.grouper.count() as usize;
            if count > chains.ends.len() {
                meter.allocate(((count - chains.ends.len()) * 9) as u64)?;
                chains.ends.resize(count, (END, END));
                self.met.resize(count, false);
            }
            meter.work(groups.len() as u64)?;
            add(&mut self.groups, &groups, meter)?;
            add(&mut chains.next, &vec![END; groups.len()], meter)?;
            for (row, group) in (first..).zip(groups) {
                let row = row as u32;
                let Some((head, tail)) = chains.ends.get_mut(group as usize) else { continue };
                match chains.next.get_mut(*tail as usize) {
                    Some(next) => *next = row,
                    None => *head = row,
                }
                *tail = row;
            }
            Ok(())
        })
    }

    /// Looks up rows.
    ///
    /// # Errors
    /// As `build`.
    pub fn probe(&mut self, keys: &[ArrayRef], kind: JoinKind, meter: &mut dyn Meter) -> Result<Matches, Failure> {
        guarded("joiner", || {
            let groups = without_nulls(self.grouper.run(keys, false, meter)?, keys);
            for group in &groups {
                if let Some(met) = self.met.get_mut(*group as usize) {
                    *met = true;
                }
            }
            Ok(Matches { chains: Arc::clone(&self.chains), kind, groups, row: 0, within: None })
        })
    }

    /// Build rows that no probe has met, ascending.
    ///
    /// # Errors
    /// Limits.
    pub fn unmatched(&self, meter: &mut dyn Meter) -> Result<UInt64Array, Failure> {
        meter.work(self.groups.len() as u64 / 4)?;
        let met = |group: u32| self.met.get(group as usize).copied().unwrap_or(false);
        let count = self.groups.iter().filter(|group| !met(**group)).count();
        meter.allocate(count as u64 * 8)?;
        let mut rows = Vec::with_capacity(count);
        rows.extend(self.groups.iter().enumerate().filter(|(_, group)| !met(**group)).map(|(row, _)| row as u64));
        Ok(UInt64Array::from(rows))
    }

    /// Bytes held.
    pub fn size(&self) -> u64 {
        let chains = self.chains.ends.capacity() * 8 + self.chains.next.capacity() * 4;
        self.grouper.size() + (chains + self.groups.capacity() * 4 + self.met.capacity()) as u64
    }
}

/// Rows with a null among their keys have no group.
fn without_nulls(mut groups: Vec<u32>, keys: &[ArrayRef]) -> Vec<u32> {
    let nulls = keys.iter().fold(None, |all, key| NullBuffer::union(all.as_ref(), key.logical_nulls().as_ref()));
    if let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) {
        for (group, valid) in groups.iter_mut().zip(nulls.iter()) {
            if !valid {
                *group = NONE;
            }
        }
    }
    groups
}

impl Matches {
    /// The next pairs (probe row, build row), at most `max_rows` of them; `None` after the last. For semi and anti, the
    /// build numbers are an empty column.
    ///
    /// # Errors
    /// `invalid-input` if `max_rows` is 0; limits.
    pub fn next(
        &mut self,
        max_rows: u32,
        meter: &mut dyn Meter,
    ) -> Result<Option<(UInt32Array, UInt64Array)>, Failure> {
        if max_rows == 0 {
            return Err(Failure::invalid_input("out-of-bounds", "at least one row must be asked for"));
        }
        let most = max_rows as usize;
        let expected = most.min((self.groups.len() - self.row.min(self.groups.len())).saturating_mul(2) + 64);
        meter.allocate(expected as u64 * 12)?;
        meter.work(expected as u64)?;
        let mut probe = Vec::with_capacity(expected);
        let mut build = UInt64Builder::with_capacity(if self.gives_build() { expected } else { 0 });
        let mut asked = expected;
        while probe.len() < most {
            let Some(group) = self.groups.get(self.row).copied() else { break };
            if probe.len() >= asked {
                // Many matches for few rows: the rest is asked for as it comes.
                let more = asked.min(1 << 18);
                meter.allocate(more as u64 * 12)?;
                meter.work(more as u64)?;
                asked += more;
            }
            let head = match self.within {
                Some(row) => row,
                None => self.chains.ends.get(group as usize).map_or(END, |(head, _)| *head),
            };
            let found = head != END;
            match self.kind {
                JoinKind::Semi | JoinKind::Anti => {
                    if found == (self.kind == JoinKind::Semi) {
                        probe.push(self.row as u32);
                    }
                    self.row += 1;
                }
                JoinKind::Inner | JoinKind::Outer => {
                    if found {
                        probe.push(self.row as u32);
                        build.append_value(u64::from(head));
                    } else if self.kind == JoinKind::Outer {
                        probe.push(self.row as u32);
                        build.append_null();
                    }
                    let next = self.chains.next.get(head as usize).copied().filter(|next| *next != END);
                    self.within = next;
                    if next.is_none() {
                        self.row += 1;
                    }
                }
            }
        }
        if probe.is_empty() {
            return Ok(None);
        }
        Ok(Some((UInt32Array::from(probe), build.finish())))
    }

    fn gives_build(&self) -> bool {
        matches!(self.kind, JoinKind::Inner | JoinKind::Outer)
    }
}
