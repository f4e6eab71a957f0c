//! Decodes a file batch by batch: only the demanded columns, only row groups and pages that may hold rows of use.

use crate::footer;
use crate::input::File;
use crate::prune::{self, Test};
use crate::trouble::{arrow, damaged, failure};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Field, SchemaRef, TimeUnit};
use jackfield_arrays::reading::{ReadRows, Rows, in_order};
use jackfield_arrays::{Table, schema};
use jackfield_sdk::{Demand, Failure};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
    RowSelector,
};
use parquet::basic::Type as Physical;
use parquet::file::metadata::{ColumnChunkMask, PageIndexPolicy, ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::Length;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

mod check;

/// A file being read.
pub(crate) struct Reader {
    file: File,
    metadata: ArrowReaderMetadata,
    table: Table,
    /// Numbers of the demanded columns.
    demanded: Vec<usize>,
    tests: Vec<Test>,
    groups: VecDeque<usize>,
    /// Number of the first row of each row group.
    starts: Vec<u64>,
    open: Option<Open>,
    left: Option<u64>,
    batch_rows: usize,
    /// Bytes of the widest rows so far, decoded.
    row_bytes: Option<usize>,
}

/// A row group being read.
struct Open {
    group: usize,
    decoder: ParquetRecordBatchReader,
    /// Rows still to come, numbered within the row group.
    ranges: VecDeque<Range<u64>>,
    /// Rows that the decoder gives at once.
    at_once: usize,
}

/// Bytes of rows that are decoded at once, and the most before a row group is taken up again in smaller steps.
const AT_ONCE: usize = 24 << 20;
const TOO_MUCH: usize = 48 << 20;
/// Rows to begin with where nothing tells how wide they are.
const UNKNOWN: usize = 4096;

impl ReadRows for Reader {
    fn table(&self) -> &Table {
        &self.table
    }

    fn demanded(&self) -> &[usize] {
        &self.demanded
    }

    fn rows(&mut self) -> Result<Option<Rows>, Failure> {
        loop {
            if self.left == Some(0) {
                return Ok(None);
            }
            let open = match self.open.take() {
                Some(open) => open,
                None => match self.groups.pop_front() {
                    Some(group) => match self.begin(group)? {
                        Some(open) => open,
                        None => continue,
                    },
                    None => return Ok(None),
                },
            };
            if open.ranges.is_empty() {
                continue;
            }
            return self.step(open).map(Some);
        }
    }
}

/// Rows of a batch that stays in the processor's cache from decoding it to working on it.
const CACHED: usize = 16_384;

/// Rows of a batch: as many as are asked for, and fewer where that is left to the reader.
fn batch_rows(demand: &Demand) -> usize {
    let rows = (demand.batch_rows as usize).max(1);
    let is_free = demand.extra.iter().any(|(key, value)| key == "batch-rows" && value == "at-most");
    if is_free { rows.min(CACHED) } else { rows }
}

impl Reader {
    /// # Errors
    /// What is wrong with the file's footer, or with the types or columns that are asked for.
    pub(crate) fn open(file: File, told: &[(String, String)], demand: &Demand) -> Result<Reader, Failure> {
        footer::check(&file)?;
        let options = ArrowReaderOptions::new();
        let metadata = ArrowReaderMetadata::load(&file, options);
        let metadata = metadata.map_err(|error| file.fault().unwrap_or_else(|| failure(error)))?;
        check::metadata(metadata.metadata(), file.len())?;
        let metadata = with_our_types(metadata)?;
        let table = Table::new(metadata.schema().fields(), told)?;
        let demanded = table.demanded(demand.columns.as_deref())?;
        let as_in_file = |column: usize| table.is_as_in_file(column);
        let tests = prune::tests(&demand.predicates, metadata.schema(), metadata.metadata(), as_in_file);
        let groups = prune::groups(&tests, metadata.schema(), metadata.metadata())?;
        let mut reader = Reader {
            starts: starts(metadata.metadata()),
            file,
            metadata,
            table,
            demanded,
            tests,
            groups: groups.into(),
            open: None,
            // A limit counts rows that satisfy all predicates, and here rows are not looked at.
            left: demand.limit.filter(|_| demand.predicates.is_empty()),
            batch_rows: batch_rows(demand),
            row_bytes: None,
        };
        reader.load_page_index()?;
        Ok(reader)
    }

    fn step(&mut self, mut open: Open) -> Result<Rows, Failure> {
        let group = open.group;
        let name =
            |failure: Failure| Failure { message: format!("{} (row group {group})", failure.message), ..failure };
        let batch = match open.decoder.next() {
            Some(batch) => batch.map_err(|error| self.file.fault().unwrap_or_else(|| name(arrow(error))))?,
            None => {
                let missing: u64 = open.ranges.iter().map(|range| range.end - range.start).sum();
                return Err(name(damaged(format!("{missing} rows of a row group are missing"))));
            }
        };
        let count = batch.num_rows();
        let numbers = taken(&mut open.ranges, count as u64)
            .filter(|numbers| !numbers.is_empty())
            .ok_or_else(|| name(damaged("a row group has other rows than it says")))?;
        let start = self.starts.get(group).copied().unwrap_or(0);
        let first = start + numbers.first().map_or(0, |range| range.start);
        let records = (numbers.len() > 1)
            .then(|| numbers.iter().flat_map(|range| range.clone().map(|row| start + row)).collect());
        let bytes: usize = batch.columns().iter().map(weight).sum();
        self.row_bytes = Some(self.row_bytes.unwrap_or(0).max(bytes.div_ceil(count.max(1))));
        let mut arrays = in_order(&self.demanded, batch.columns());
        let mut rows = Rows { count, first, records, arrays: Vec::new() };
        if let Some(left) = &mut self.left {
            let keep = count.min(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= keep as u64;
            if keep < count {
                arrays = arrays.iter().map(|array| array.slice(0, keep)).collect();
                rows.count = keep;
                rows.records = rows.records.map(|mut records| {
                    records.truncate(keep);
                    records
                });
            }
        }
        rows.arrays = arrays;
        // Rows turned out narrower or much wider than was thought.
        let fitting = self.at_once(group);
        let left: u64 = open.ranges.iter().map(|range| range.end - range.start).sum();
        if left > open.at_once as u64 && (bytes > TOO_MUCH || fitting >= 2 * open.at_once) {
            self.open = self.resume(group, open.ranges)?;
        } else if left > 0 {
            self.open = Some(open);
        }
        Ok(rows)
    }

    fn begin(&mut self, group: usize) -> Result<Option<Open>, Failure> {
        let metadata = self.metadata.metadata();
        let rows = metadata.row_groups().get(group).map_or(0, |group| u64::try_from(group.num_rows()).unwrap_or(0));
        let ranges = prune::pages(&self.tests, self.metadata.schema(), metadata, group)?;
        let ranges: VecDeque<Range<u64>> = ranges.unwrap_or_else(|| vec![0..rows]).into();
        if ranges.iter().all(Range::is_empty) {
            return Ok(None);
        }
        self.resume(group, ranges)
    }

    /// Decodes these rows of a row group.
    fn resume(&mut self, group: usize, ranges: VecDeque<Range<u64>>) -> Result<Option<Open>, Failure> {
        let metadata = self.metadata.metadata();
        let Some(told) = metadata.row_groups().get(group) else { return Ok(None) };
        let mask = ProjectionMask::roots(metadata.file_metadata().schema_descr(), self.demanded.iter().copied());
        self.file.expect(extents(told, &mask));
        let at_once = self.at_once(group);
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), self.metadata.clone())
            .with_row_groups(vec![group])
            .with_projection(mask)
            .with_batch_size(at_once);
        let rows = u64::try_from(told.num_rows()).unwrap_or(0);
        if ranges.len() != 1 || ranges.front() != Some(&(0..rows)) {
            builder = builder.with_row_selection(selection(&ranges, rows));
        }
        if let Some(left) = self.left {
            builder = builder.with_limit(usize::try_from(left).unwrap_or(usize::MAX));
        }
        let decoder = builder.build().map_err(failure)?;
        Ok(Some(Open { group, decoder, ranges, at_once }))
    }

    /// Rows that may be decoded at once without taking too much memory.
    fn at_once(&self, group: usize) -> usize {
        let metadata = self.metadata.metadata();
        let Some(told) = metadata.row_groups().get(group) else { return self.batch_rows };
        let mask = ProjectionMask::roots(metadata.file_metadata().schema_descr(), self.demanded.iter().copied());
        let (bytes, sure) = row_bytes(told, &mask);
        let bytes = bytes.max(self.row_bytes.unwrap_or(0)).max(1);
        let most = (AT_ONCE / bytes).clamp(1, self.batch_rows);
        if sure || self.row_bytes.is_some() { most } else { most.min(UNKNOWN) }
    }

    /// Where pages are, and the figures of the columns that are tested: only where something is tested.
    fn load_page_index(&mut self) -> Result<(), Failure> {
        if self.tests.is_empty() || self.groups.is_empty() {
            return Ok(());
        }
        let parquet = self.metadata.metadata().file_metadata().schema_descr_ptr();
        let demanded = ProjectionMask::roots(&parquet, self.demanded.iter().copied());
        let tested: Vec<usize> = self.tests.iter().map(|test| test.leaf).collect();
        let leaves: Vec<usize> =
            (0..parquet.num_columns()).filter(|leaf| demanded.leaf_included(*leaf) || tested.contains(leaf)).collect();
        let options = ArrowReaderOptions::new()
            .with_page_index_policy(PageIndexPolicy::Optional)
            .with_column_index_mask(ColumnChunkMask::columns(tested))
            .with_offset_index_mask(ColumnChunkMask::columns(leaves));
        let metadata = ArrowReaderMetadata::load(&self.file, options);
        let metadata = metadata.map_err(|error| self.file.fault().unwrap_or_else(|| failure(error)))?;
        check::page_index(metadata.metadata())?;
        self.metadata = with_our_types(metadata)?;
        Ok(())
    }
}

fn weight(array: &ArrayRef) -> usize {
    array.to_data().get_slice_memory_size().unwrap_or(0)
}

/// What arrow's schema in the file and parquet's say, made plain: no views and no run-end arrays, and the old 96-bit
/// timestamps in microseconds, in which no year overflows.
fn with_our_types(metadata: ArrowReaderMetadata) -> Result<ArrowReaderMetadata, Failure> {
    let parquet = metadata.parquet_schema();
    let old: Vec<usize> = (0..parquet.num_columns())
        .filter(|leaf| parquet.column(*leaf).physical_type() == Physical::INT96)
        .map(|leaf| parquet.get_column_root_idx(leaf))
        .collect();
    let ours = |(index, field): (usize, &Arc<Field>)| {
        let plain = schema::plain_field(field);
        match plain.data_type() {
            DataType::Timestamp(TimeUnit::Nanosecond, zone) if old.contains(&index) => {
                let of = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
                Arc::new(plain.as_ref().clone().with_data_type(of))
            }
            _ => plain,
        }
    };
    let fields: Vec<Arc<Field>> = metadata.schema().fields().iter().enumerate().map(ours).collect();
    if fields.iter().zip(metadata.schema().fields()).all(|(one, other)| one == other) {
        return Ok(metadata);
    }
    let ours: SchemaRef = Arc::new(arrow_schema::Schema::new(fields));
    let options = ArrowReaderOptions::new().with_schema(ours);
    ArrowReaderMetadata::try_new(metadata.metadata().clone(), options).map_err(failure)
}

fn starts(metadata: &ParquetMetaData) -> Vec<u64> {
    let mut next = 0u64;
    let one = |group: &RowGroupMetaData| {
        let start = next;
        next = next.saturating_add(u64::try_from(group.num_rows()).unwrap_or(0));
        start
    };
    metadata.row_groups().iter().map(one).collect()
}

/// The bytes of a row group's columns, each as a range of the file.
fn extents(group: &RowGroupMetaData, mask: &ProjectionMask) -> Vec<Range<u64>> {
    let chosen = group.columns().iter().enumerate().filter(|(leaf, _)| mask.leaf_included(*leaf));
    let range = |(start, length): (u64, u64)| start..start + length;
    chosen.map(|(_, column)| range(column.byte_range())).collect()
}

/// Bytes of a decoded row as far as the footer tells, and whether it tells all of it.
fn row_bytes(group: &RowGroupMetaData, mask: &ProjectionMask) -> (usize, bool) {
    let rows = u64::try_from(group.num_rows()).unwrap_or(0).max(1);
    let (mut bytes, mut sure) = (0u64, true);
    for (leaf, column) in group.columns().iter().enumerate() {
        if !mask.leaf_included(leaf) {
            continue;
        }
        let values = u64::try_from(column.num_values()).unwrap_or(0);
        let width = match column.column_type() {
            Physical::BOOLEAN => 1,
            Physical::INT32 | Physical::FLOAT => 4,
            Physical::INT64 | Physical::DOUBLE | Physical::INT96 => 8,
            Physical::FIXED_LEN_BYTE_ARRAY => u64::try_from(column.column_descr().type_length()).unwrap_or(16).max(16),
            Physical::BYTE_ARRAY => {
                let plain = column.unencoded_byte_array_data_bytes().and_then(|bytes| u64::try_from(bytes).ok());
                sure &= plain.is_some();
                let packed = u64::try_from(column.uncompressed_size()).unwrap_or(0);
                bytes = bytes.saturating_add(plain.unwrap_or(packed) / rows);
                4
            }
        };
        bytes = bytes.saturating_add(values.saturating_mul(width) / rows).saturating_add(1);
    }
    (usize::try_from(bytes).unwrap_or(usize::MAX), sure)
}

/// Takes so many rows off the front; `None` where there are fewer.
fn taken(ranges: &mut VecDeque<Range<u64>>, mut count: u64) -> Option<Vec<Range<u64>>> {
    let mut out = Vec::new();
    while count > 0 {
        let range = ranges.front_mut()?;
        let part = count.min(range.end - range.start);
        if part > 0 {
            out.push(range.start..range.start + part);
        }
        range.start += part;
        count -= part;
        if range.is_empty() {
            ranges.pop_front();
        }
    }
    Some(out)
}

fn selection(ranges: &VecDeque<Range<u64>>, rows: u64) -> RowSelection {
    let mut selectors = Vec::new();
    let mut at = 0;
    let count = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
    for range in ranges {
        if range.start > at {
            selectors.push(RowSelector::skip(count(range.start - at)));
        }
        selectors.push(RowSelector::select(count(range.end - range.start)));
        at = range.end;
    }
    if rows > at {
        selectors.push(RowSelector::skip(count(rows - at)));
    }
    RowSelection::from(selectors)
}

#[cfg(test)]
mod tests;
