//! Columns of every type through what nodes do with them: as rows that are carried along, and as keys.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, UInt32Array};
use arrow::buffer::Buffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jackfield_columns::compute::{
    Accumulator, Grouper, JoinKind, Joiner, Merge, MergeKey, Merged, SortKey, sort_indices,
};
use jackfield_columns::spill::{block_rows, from_block, to_block};
use jackfield_columns::{Batch, Origin, Unmetered, from_ipc, to_ipc};

use crate::sample::{ALL_TYPES, Seed, assert_same, kind};

const ROWS: usize = 60;

/// A number that rises with every third row, and a column of each type.
fn every_type(seed: u64) -> Batch {
    let mut seed = Seed(seed);
    let mut fields = vec![Field::new("number", DataType::Int64, true)];
    let mut columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from_iter_values((0..ROWS as i64).map(|row| row / 3)))];
    for text in ALL_TYPES {
        fields.push(Field::new(*text, kind(text), true));
        columns.push(seed.array(&kind(text), ROWS));
    }
    let origin = Origin { file: format!("{}.csv", seed.next(9)).into(), first_record: 1000, records: None };
    Batch::of(Arc::new(Schema::new(fields)), ROWS, columns).unwrap().with_origin(Arc::new(origin))
}

fn column(batch: &Batch, index: usize) -> ArrayRef {
    batch.column(index, &mut Unmetered).unwrap()
}

#[track_caller]
fn same(one: &Batch, other: &Batch) {
    assert_eq!(one.rows(), other.rows());
    for index in 0..one.schema().fields().len() {
        assert_same(&column(one, index), &column(other, index));
    }
}

fn rows(numbers: impl IntoIterator<Item = u32>) -> ArrayRef {
    Arc::new(UInt32Array::from_iter_values(numbers))
}

#[test]
fn to_temporary_storage_and_back_with_their_origin() {
    let batch = every_type(1);
    for cut in [batch.clone(), batch.slice(7, 20).unwrap(), batch.take(&rows([5, 2, 2, 40]), &mut Unmetered).unwrap()] {
        let block = to_block(&cut, &mut Unmetered).unwrap();
        let back = from_block(Buffer::from(block), cut.schema(), &mut Unmetered).unwrap();
        same(&cut, &back);
        for row in 0..cut.rows() {
            assert_eq!(cut.record(row), back.record(row));
            assert!(back.record(row).is_some());
        }
    }
    assert!(block_rows(&batch, 1) == 16 && block_rows(&batch, 1 << 20) > 16);
}

#[test]
fn what_was_not_demanded_is_not_stored() {
    let schema =
        Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, true), Field::new("b", DataType::Utf8, true)]));
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let batch = Batch::partial(schema, 2, vec![Some(column), None]).unwrap();
    let block = to_block(&batch, &mut Unmetered).unwrap();
    let back = from_block(Buffer::from(block), batch.schema(), &mut Unmetered).unwrap();
    assert!(back.demanded(0) && !back.demanded(1));
    assert_eq!(back.rows(), 2);
}

#[test]
fn damaged_blocks_are_refused() {
    let batch = every_type(3);
    let block = to_block(&batch, &mut Unmetered).unwrap();
    for cut in [0, 10, block.len() / 2] {
        assert!(from_block(Buffer::from(block[..cut].to_vec()), batch.schema(), &mut Unmetered).is_err(), "{cut}");
    }
    let other = batch.pick(&[(0, None)]).unwrap();
    assert!(from_block(Buffer::from(block), other.schema(), &mut Unmetered).is_err());
}

#[test]
fn filtered_concatenated_and_exchanged() {
    let (one, other) = (every_type(4), every_type(5));
    let together = Batch::concat(&[one.clone(), other.clone()], &mut Unmetered).unwrap();
    let mask = (0..2 * ROWS).map(|row| Some(row % 2 == 0)).collect();
    let even = together.filter(&mask).unwrap();
    let back = from_ipc(&to_ipc(std::slice::from_ref(&even), &mut Unmetered).unwrap(), &mut Unmetered).unwrap();
    same(&even, &back[0]);
    for index in 0..one.schema().fields().len() {
        let numbers = UInt32Array::from_iter_values((0..ROWS as u32).step_by(2));
        let expected = |batch: &Batch| take(&column(batch, index), &numbers, None).unwrap();
        let half = ROWS / 2;
        assert_same(&column(&even, index).slice(0, half), &expected(&one));
        assert_same(&column(&even, index).slice(half, half), &expected(&other));
    }
}

/// The rows of sorted runs, each given in blocks of some rows.
fn merged(runs: &[Batch], keys: Vec<MergeKey>, block: usize, most: usize, most_bytes: u64) -> Batch {
    let mut merge = Merge::new(keys, runs.len(), most_bytes).unwrap();
    let mut given = vec![0; runs.len()];
    let mut out = Vec::new();
    loop {
        match merge.next(most, &mut Unmetered).unwrap() {
            Merged::Wanted(run) => {
                let left = runs[run].rows() - given[run];
                let next = (left > 0).then(|| runs[run].slice(given[run], left.min(block)).unwrap());
                given[run] += left.min(block);
                merge.give(run, next, &mut Unmetered).unwrap();
            }
            Merged::Rows(rows) => {
                assert!(rows.rows() > 0 && rows.rows() <= most);
                out.push(rows);
            }
            Merged::End => return Batch::concat(&out, &mut Unmetered).unwrap(),
        }
    }
}

#[test]
fn merged_runs_are_the_stable_sort_of_their_rows() {
    let runs: Vec<Batch> = (6..11).map(every_type).collect();
    let all = Batch::concat(&runs, &mut Unmetered).unwrap();
    for (index, field) in all.schema().fields().iter().enumerate() {
        for (descending, nulls_first) in [(false, false), (true, true)] {
            let key = |batch: &Batch| SortKey { column: column(batch, index), descending, nulls_first };
            let Ok(order) = sort_indices(&[key(&all)], None, &mut Unmetered) else {
                continue;
            };
            let expected = all.take(&(Arc::new(order) as ArrayRef), &mut Unmetered).unwrap();
            let sorted: Vec<Batch> = runs
                .iter()
                .map(|run| {
                    let order = sort_indices(&[key(run)], None, &mut Unmetered).unwrap();
                    run.take(&(Arc::new(order) as ArrayRef), &mut Unmetered).unwrap()
                })
                .collect();
            let by = vec![MergeKey { column: index, descending, nulls_first }];
            // Of few bytes the rows leave block by block.
            let found = merged(&sorted, by.clone(), 7, 13, u64::MAX);
            assert_same(&column(&merged(&sorted, by, 7, 13, 1), index), &column(&found, index));
            // The rows, told by where they come from: equal keys keep the order of the runs.
            assert_eq!(found.rows(), expected.rows(), "{}", field.name());
            for row in 0..found.rows() {
                assert_eq!(found.record(row), expected.record(row), "{} row {row}", field.name());
            }
            same(&found, &expected);
        }
    }
}

#[test]
fn a_merge_of_nothing_ends_and_one_without_keys_is_refused() {
    assert!(Merge::new(Vec::new(), 2, u64::MAX).is_err());
    let key = MergeKey { column: 0, descending: false, nulls_first: false };
    let mut merge = Merge::new(vec![key], 2, u64::MAX).unwrap();
    for _ in 0..2 {
        let Merged::Wanted(run) = merge.next(10, &mut Unmetered).unwrap() else { panic!("a block is wanted") };
        merge.give(run, None, &mut Unmetered).unwrap();
        assert!(merge.give(run, None, &mut Unmetered).is_err());
    }
    assert!(matches!(merge.next(10, &mut Unmetered).unwrap(), Merged::End));
}

/// Types that a use refuses, each by a failure that says so.
fn refused(work: impl Fn(&DataType, ArrayRef) -> Result<(), jackfield_columns::Failure>) -> Vec<&'static str> {
    let mut found = Vec::new();
    for text in ALL_TYPES {
        let array = Seed(17).array(&kind(text), ROWS);
        if let Err(failure) = work(&kind(text), array) {
            assert_eq!(failure.code, "type-mismatch", "{text}: {failure}");
            found.push(*text);
        }
    }
    found
}

/// For each row the first one that looks the same.
fn numbered(array: &ArrayRef) -> Vec<usize> {
    let options = FormatOptions::default().with_null("null");
    let shown = ArrayFormatter::try_new(array.as_ref(), &options).unwrap();
    let texts: Vec<String> = (0..array.len()).map(|row| shown.value(row).to_string()).collect();
    texts.iter().map(|text| texts.iter().position(|other| other == text).unwrap()).collect()
}

#[test]
fn groups_by_every_type() {
    let none = refused(|data_type, array| {
        let mut grouper = Grouper::new(std::slice::from_ref(data_type))?;
        let groups = grouper.assign(std::slice::from_ref(&array), &mut Unmetered)?;
        let keys = grouper.keys(&mut Unmetered)?;
        let back = take(&keys[0], &groups, None).unwrap();
        assert_eq!(back.data_type(), array.data_type());
        assert_eq!(numbered(&back), numbered(&array), "{data_type}");
        let again = grouper.assign(&[array], &mut Unmetered)?;
        assert_eq!(again, groups);
        Ok(())
    });
    assert_eq!(none, Vec::<&str>::new());
}

#[test]
fn joins_on_every_type() {
    let none = refused(|data_type, array| {
        let mut joiner = Joiner::new(std::slice::from_ref(data_type))?;
        joiner.build(std::slice::from_ref(&array), &mut Unmetered)?;
        let mut matches = joiner.probe(std::slice::from_ref(&array), JoinKind::Semi, &mut Unmetered)?;
        let found = matches.next(1000, &mut Unmetered)?.map_or(0, |(probe, _)| probe.len());
        assert_eq!(found, array.len() - array.logical_null_count(), "{data_type}");
        Ok(())
    });
    assert_eq!(none, Vec::<&str>::new());
}

#[test]
fn sorts_by_every_type() {
    let none = refused(|_, array| {
        let key = SortKey { column: array.clone(), descending: false, nulls_first: false };
        let order = sort_indices(&[key], None, &mut Unmetered)?;
        let sorted = take(&array, &order, None).unwrap();
        let nulls = array.logical_null_count();
        assert_eq!(sorted.slice(ROWS - nulls, nulls).logical_null_count(), nulls);
        Ok(())
    });
    assert_eq!(none, Vec::<&str>::new());
}

#[test]
fn aggregates_of_every_type() {
    let groups = UInt32Array::from_iter_values((0..ROWS as u32).map(|row| row % 7));
    for function in ["count", "first", "last", "list", "count_distinct"] {
        let none = refused(|data_type, array| {
            let mut accumulator = Accumulator::new(function, std::slice::from_ref(data_type), "")?;
            accumulator.update(std::slice::from_ref(&array), &groups, 7, &mut Unmetered)?;
            let result = accumulator.finish(&mut Unmetered)?;
            assert_eq!(result.len(), 7, "{function} of {data_type}");
            assert_eq!(*result.data_type(), accumulator.result_type());
            Ok(())
        });
        assert_eq!(none, Vec::<&str>::new(), "{function}");
    }
}
