//! Row groups and pages that no row of use can be in, by what the file says of their values.
//!
//! What is left out here is of no use for certain; all else is filtered again behind the reader.

mod bound;
mod test;

pub(crate) use test::Test;

use crate::trouble::failure;
use arrow_array::{Array, ArrayRef};
use arrow_schema::Schema;
use bound::value;
use jackfield_sdk::{Failure, Predicate};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::file::metadata::ParquetMetaData;
use std::ops::Range;

/// The tests that the file has figures for.
pub(crate) fn tests(
    predicates: &[Predicate],
    schema: &Schema,
    metadata: &ParquetMetaData,
    as_in_file: impl Fn(usize) -> bool,
) -> Vec<Test> {
    let parquet = metadata.file_metadata().schema_descr();
    let one = |predicate: &Predicate| {
        let column = schema.fields().iter().position(|field| *field.name() == predicate.column)?;
        let mut leaves = (0..parquet.num_columns()).filter(|leaf| parquet.get_column_root_idx(*leaf) == column);
        let leaf = leaves.next().filter(|_| leaves.next().is_none() && as_in_file(column))?;
        let of = schema.fields().get(column)?.data_type();
        // The figures of a list or a struct are those of its leaf.
        if of.is_nested() || parquet.column(leaf).max_rep_level() > 0 {
            return None;
        }
        Test::new(predicate, column, leaf, of)
    };
    predicates.iter().filter_map(one).collect()
}

/// The row groups that rows of use may be in.
pub(crate) fn groups(tests: &[Test], schema: &Schema, metadata: &ParquetMetaData) -> Result<Vec<usize>, Failure> {
    let mut keep = vec![true; metadata.num_row_groups()];
    for test in tests {
        let Some(figures) = converter(test, schema, metadata)? else { continue };
        let mins = figures.row_group_mins(metadata.row_groups()).map_err(failure)?;
        let maxes = figures.row_group_maxes(metadata.row_groups()).map_err(failure)?;
        let nulls = figures.with_missing_null_counts_as_zero(false).row_group_null_counts(metadata.row_groups());
        let nulls = nulls.map_err(failure)?;
        for (index, (keep, group)) in keep.iter_mut().zip(metadata.row_groups()).enumerate() {
            let rows = u64::try_from(group.num_rows()).unwrap_or(0);
            let column = group.columns().get(test.leaf);
            // In old files the figures may be of another order.
            let old =
                column.and_then(|column| column.statistics()).is_some_and(|figures| figures.is_min_max_deprecated());
            let nulls = (index < nulls.len() && nulls.is_valid(index)).then(|| nulls.value(index));
            let (min, max) = if old { (None, None) } else { (value(&mins, index), value(&maxes, index)) };
            *keep &= test.may_hold(min, max, nulls, rows);
        }
    }
    Ok(keep.iter().enumerate().filter(|(_, keep)| **keep).map(|(index, _)| index).collect())
}

/// The rows of a row group that may be of use, as ranges; `None` where that is all of them.
pub(crate) fn pages(
    tests: &[Test],
    schema: &Schema,
    metadata: &ParquetMetaData,
    group: usize,
) -> Result<Option<Vec<Range<u64>>>, Failure> {
    let Some(index) = metadata.page_index() else { return Ok(None) };
    let rows = metadata.row_groups().get(group).map_or(0, |group| u64::try_from(group.num_rows()).unwrap_or(0));
    let mut kept = vec![0..rows];
    for test in tests {
        let Some(locations) = metadata.page_index_for_row_group(group).page_locations(test.leaf).cloned() else {
            continue;
        };
        let Some(figures) = converter(test, schema, metadata)? else { continue };
        let group = [group];
        let mins = figures.data_page_mins(index.as_ref(), &group).map_err(failure)?;
        let maxes = figures.data_page_maxes(index.as_ref(), &group).map_err(failure)?;
        let nulls = figures.with_missing_null_counts_as_zero(false).data_page_null_counts(index.as_ref(), &group);
        let nulls = nulls.map_err(failure)?;
        if mins.len() != locations.len() || maxes.len() != locations.len() {
            continue;
        }
        let starts: Vec<u64> = locations.iter().map(|page| u64::try_from(page.first_row_index).unwrap_or(0)).collect();
        let ordered = starts.first() == Some(&0) && starts.iter().zip(starts.iter().skip(1)).all(|(a, b)| a < b);
        if !ordered || starts.last().is_some_and(|last| *last > rows) {
            return Err(crate::trouble::damaged("the pages of a row group are not in order"));
        }
        let ends = starts.iter().skip(1).copied().chain([rows]);
        let mut may = Vec::new();
        for (page, (start, end)) in starts.iter().copied().zip(ends).enumerate() {
            let nulls = (page < nulls.len() && nulls.is_valid(page)).then(|| nulls.value(page));
            if test.may_hold(value(&mins, page), value(&maxes, page), nulls, end - start) {
                may.push(start..end);
            }
        }
        kept = both(&kept, &may);
    }
    let whole = kept.iter().map(|range| range.end - range.start).sum::<u64>() == rows;
    Ok(if whole { None } else { Some(kept) })
}

fn converter<'a>(
    test: &Test,
    schema: &'a Schema,
    metadata: &'a ParquetMetaData,
) -> Result<Option<StatisticsConverter<'a>>, Failure> {
    let Some(field) = schema.fields().get(test.column) else { return Ok(None) };
    let file = metadata.file_metadata();
    let figures = StatisticsConverter::from_column_index(test.leaf, field, file.schema_descr()).map_err(failure)?;
    Ok(Some(figures.with_column_orders(file.column_orders().map(Vec::as_slice))))
}

/// Rows that are in both, neighbours joined.
fn both(one: &[Range<u64>], other: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut out: Vec<Range<u64>> = Vec::new();
    let mut other = other.iter().peekable();
    for range in one {
        while let Some(next) = other.peek() {
            let (start, end) = (range.start.max(next.start), range.end.min(next.end));
            if start < end {
                match out.last_mut().filter(|last| last.end == start) {
                    Some(last) => last.end = end,
                    None => out.push(start..end),
                }
            }
            if next.end > range.end {
                break;
            }
            other.next();
        }
    }
    out
}

/// Arrays of figures have a row per row group or page.
fn has(array: &ArrayRef, index: usize) -> bool {
    index < array.len() && array.is_valid(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_rows() {
        assert_eq!(both(&[0..100], &[10..20, 20..30, 50..60]), [10..30, 50..60]);
        assert_eq!(both(&[0..15, 25..55], &[10..20, 20..30, 50..60]), [10..15, 25..30, 50..55]);
        assert_eq!(both(&[0..100], &[]), []);
    }
}
