//! Selections: what they cost, what they refuse, what they keep.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, StringArray, UInt32Array, UInt64Array};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use jackfield_columns::{Batch, Failure, FailureKind, Meter, Origin, Unmetered};

use crate::sample::strict_struct;

fn numbers(rows: usize) -> Batch {
    let schema = Schema::new(vec![Field::new("n", DataType::Int64, false), Field::new("t", DataType::Utf8, true)]);
    let column: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows as i64));
    let text: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("row {row}"))));
    Batch::of(Arc::new(schema), rows, vec![column, text]).unwrap()
}

fn values(batch: &Batch) -> Vec<i64> {
    batch.column(0, &mut Unmetered).unwrap().as_primitive::<Int64Type>().values().to_vec()
}

fn rows(numbers: &[u32]) -> ArrayRef {
    Arc::new(UInt32Array::from(numbers.to_vec()))
}

fn mask(rows: usize, keep: impl Fn(usize) -> bool) -> BooleanArray {
    (0..rows).map(|row| Some(keep(row))).collect()
}

fn code(result: Result<Batch, Failure>) -> String {
    result.unwrap_err().code
}

#[test]
fn a_filter_keeps_true_rows_and_drops_false_and_null_ones() {
    let mask: BooleanArray = [Some(true), None, Some(false), Some(true)].into_iter().collect();
    assert_eq!(values(&numbers(4).filter(&mask).unwrap()), [0, 3]);
}

#[test]
fn a_mask_that_keeps_all_is_no_work() {
    let batch = numbers(100);
    let kept = batch.filter(&mask(100, |_| true)).unwrap();
    let (before, after) = (batch.column(0, &mut Unmetered).unwrap(), kept.column(0, &mut Unmetered).unwrap());
    assert!(Arc::ptr_eq(&before, &after));
}

#[test]
fn a_column_moves_once_for_all_clones() {
    let kept = numbers(100).filter(&mask(100, |row| row % 3 == 0)).unwrap();
    let clone = kept.clone();
    let (one, other) = (kept.column(1, &mut Unmetered).unwrap(), clone.column(1, &mut Unmetered).unwrap());
    assert!(Arc::ptr_eq(&one, &other));
}

#[test]
fn neighbouring_rows_are_shared_with_the_base() {
    let batch = numbers(1000);
    let base = batch.column(0, &mut Unmetered).unwrap();
    for kept in [
        batch.filter(&mask(1000, |row| (100..200).contains(&row))).unwrap(),
        batch.take(&rows(&(100..200).collect::<Vec<_>>()), &mut Unmetered).unwrap(),
        batch.slice(100, 100).unwrap(),
    ] {
        let column = kept.column(0, &mut Unmetered).unwrap();
        let shared = column.as_primitive::<Int64Type>().values().as_ptr();
        assert_eq!(shared, base.as_primitive::<Int64Type>().values()[100..].as_ptr());
    }
}

#[test]
fn a_million_chained_selections_take_bounded_time_and_memory() {
    let start = Instant::now();
    let mut batch = numbers(2_000_000);
    for step in 0..1_000_000usize {
        batch = match step % 4 {
            0 => batch.slice(1, batch.rows() - 1).unwrap(),
            _ => batch.slice(0, batch.rows() - 1).unwrap(),
        };
    }
    assert_eq!(batch.rows(), 1_000_000);
    let reversed: Vec<u32> = (0..16).rev().collect();
    let (reversed, alternating) = (rows(&reversed), mask(32, |row| row % 2 == 0));
    batch = batch.filter(&mask(batch.rows(), |row| row % 5 != 0)).unwrap().slice(7, 16).unwrap();
    for _ in 0..500_000 {
        batch = Batch::concat(&[batch.clone(), batch], &mut Unmetered).unwrap();
        batch = batch.filter(&alternating).unwrap();
        batch = batch.take(&reversed, &mut Unmetered).unwrap();
    }
    assert_eq!(batch.rows(), 16);
    let mut buffers = BTreeMap::new();
    batch.visit_buffers(&mut |address, bytes| {
        buffers.insert(address, bytes);
    });
    assert!(buffers.len() < 5_000, "{} buffers", buffers.len());
    drop(batch);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn row_numbers_beyond_the_batch_are_refused_with_their_row() {
    let batch = numbers(10).filter(&mask(10, |row| row < 5)).unwrap();
    let failure = batch.take(&rows(&[4, 5]), &mut Unmetered).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.row), ("out-of-bounds", Some(1)));
    let wide: ArrayRef = Arc::new(UInt64Array::from(vec![0, 1 << 32]));
    assert_eq!(code(batch.take(&wide, &mut Unmetered)), "out-of-bounds");
    let signed: ArrayRef = Arc::new(Int64Array::from(vec![0]));
    assert_eq!(code(batch.take(&signed, &mut Unmetered)), "type-mismatch");
    let empty = batch.slice(0, 0).unwrap();
    assert_eq!(code(empty.take(&rows(&[0]), &mut Unmetered)), "out-of-bounds");
}

#[test]
fn numbers_under_nulls_may_be_anything() {
    let wild = UInt32Array::new(vec![7, u32::MAX, 2].into(), Some(vec![false, false, true].into()));
    for batch in [numbers(3), numbers(9).filter(&mask(9, |row| row % 3 == 0)).unwrap()] {
        let taken = batch.take(&(Arc::new(wild.clone()) as ArrayRef), &mut Unmetered).unwrap();
        let column = taken.column(0, &mut Unmetered).unwrap();
        assert_eq!((column.is_null(0), column.is_null(1), column.is_valid(2)), (true, true, true));
        assert!(taken.schema().field(0).is_nullable());
        taken.materialise(&mut Unmetered).unwrap();
    }
}

#[test]
fn a_null_number_gives_a_row_of_nulls_even_in_a_struct_that_has_none_below() {
    let column = strict_struct(6, 100);
    let schema = Schema::new(vec![Field::new("s", column.data_type().clone(), true)]);
    let batch = Batch::of(Arc::new(schema), 6, vec![column]).unwrap();
    let wanted: ArrayRef = Arc::new(UInt32Array::from(vec![Some(5), None]));
    for batch in [batch.clone(), Batch::concat(&[batch.slice(0, 3).unwrap(), batch], &mut Unmetered).unwrap()] {
        let taken = batch.take(&wanted, &mut Unmetered).unwrap();
        let column = taken.column(0, &mut Unmetered).unwrap();
        assert_eq!((column.is_valid(0), column.is_null(1)), (true, true));
    }
}

#[test]
fn slices_and_masks_must_fit() {
    let batch = numbers(10);
    assert_eq!(code(batch.slice(5, 6)), "out-of-bounds");
    assert_eq!(code(batch.slice(usize::MAX, 2)), "out-of-bounds");
    assert_eq!(code(batch.filter(&mask(9, |_| true))), "out-of-bounds");
    assert_eq!(batch.slice(10, 0).unwrap().rows(), 0);
}

#[test]
fn columns_of_unequal_length_or_other_type_or_with_nulls_are_refused() {
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
    let of = |array: ArrayRef| Batch::of(schema.clone(), 2, vec![array]);
    assert_eq!(code(of(Arc::new(Int64Array::from(vec![1])))), "out-of-bounds");
    assert_eq!(code(of(Arc::new(UInt32Array::from(vec![1, 2])))), "type-mismatch");
    assert_eq!(code(of(Arc::new(Int64Array::from(vec![Some(1), None])))), "unexpected-null");
    assert_eq!(code(Batch::of(schema.clone(), 2, vec![])), "type-mismatch");
    let short: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    assert_eq!(code(numbers(2).put(vec![("x".into(), short)])), "out-of-bounds");
    assert_eq!(code(numbers(2).pick(&[(2, None)])), "out-of-bounds");
    assert_eq!(code(numbers(2).pick(&[(0, None), (1, Some("n".into()))])), "duplicate-column");
    assert_eq!(code(Batch::of(Arc::new(Schema::empty()), 1 << 31, vec![])), "too-large");
}

#[test]
fn put_replaces_in_place_and_pick_orders_and_renames() {
    let batch = numbers(6).filter(&mask(6, |row| row % 2 == 1)).unwrap();
    let tens: ArrayRef = Arc::new(Int64Array::from(vec![10, 30, 50]));
    let batch = batch.put(vec![("n".into(), tens), ("m".into(), batch.column(0, &mut Unmetered).unwrap())]).unwrap();
    let batch = batch.pick(&[(2, None), (0, Some("ten".into()))]).unwrap();
    let names: Vec<_> = batch.schema().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["m", "ten"]);
    assert_eq!(values(&batch.slice(1, 2).unwrap()), [3, 5]);
}

#[test]
fn a_column_that_was_not_demanded_fails_when_touched_and_only_then() {
    let schema = numbers(0).schema().clone();
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let batch = Batch::partial(schema, 3, vec![Some(column), None]).unwrap();
    let batch = batch.filter(&mask(3, |row| row > 0)).unwrap();
    let batch = Batch::concat(&[batch.clone(), batch], &mut Unmetered).unwrap();
    let batch = batch.take(&rows(&[3, 0]), &mut Unmetered).unwrap();
    assert_eq!(values(&batch), [3, 2]);
    let failure = batch.column(1, &mut Unmetered).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.column.as_deref()), ("not-demanded", Some("t")));
    assert_eq!(batch.materialise(&mut Unmetered).unwrap().num_columns(), 1);
}

#[test]
fn every_row_knows_its_file_and_record_through_all_operations() {
    let origin = |file: &str, first_record, records| Arc::new(Origin { file: file.into(), first_record, records });
    let one = numbers(100).with_origin(origin("a.csv", 1000, None));
    let left_out = UInt64Array::from_iter_values((0..50).map(|row| row * 2));
    let two = numbers(50).with_origin(origin("b.csv", 0, Some(left_out)));
    let one = one.filter(&mask(100, |row| row % 10 == 3)).unwrap().slice(2, 6).unwrap();
    assert_eq!(one.record(0), Some(("a.csv".into(), 1023)));
    let both = Batch::concat(&[one, two], &mut Unmetered).unwrap();
    assert_eq!(both.record(6), Some(("b.csv".into(), 0)));
    assert_eq!(both.record(7), Some(("b.csv".into(), 2)));
    let mixed = both.take(&rows(&[55, 1, 20, 0]), &mut Unmetered).unwrap().pick(&[(0, None)]).unwrap();
    let expected = [("b.csv", 98), ("a.csv", 1033), ("b.csv", 28), ("a.csv", 1023)];
    for (row, (file, record)) in expected.into_iter().enumerate() {
        assert_eq!(mixed.record(row), Some((file.into(), record)));
    }
    let null: ArrayRef = Arc::new(UInt32Array::from(vec![None, Some(2)]));
    let with_null = mixed.take(&null, &mut Unmetered).unwrap();
    assert_eq!((with_null.record(0), with_null.record(1)), (None, Some(("b.csv".into(), 28))));
    assert_eq!(with_null.record(2), None);
}

#[test]
fn concat_moves_nothing_and_small_parts_are_joined() {
    let one = numbers(100);
    let twice = Batch::concat(&[one.clone(), one.clone()], &mut Unmetered).unwrap();
    let base = one.column(0, &mut Unmetered).unwrap();
    assert!(Arc::ptr_eq(&twice.parts()[1].column(0, &mut Unmetered).unwrap(), &base));
    let mut grown = one.clone().with_origin(Arc::new(Origin { file: "a".into(), first_record: 0, records: None }));
    for _ in 0..3000 {
        grown = Batch::concat(&[grown, one.slice(0, 1).unwrap()], &mut Unmetered).unwrap();
    }
    assert!(grown.parts().len() <= 256);
    assert_eq!((grown.rows(), values(&grown)[99], values(&grown)[3099]), (3100, 99, 0));
    assert_eq!((grown.record(99), grown.record(100)), (Some(("a".into(), 99)), None));
}

#[test]
fn concat_refuses_other_columns_and_too_many_rows() {
    let renamed = numbers(3).pick(&[(0, Some("m".into())), (1, None)]).unwrap();
    assert_eq!(code(Batch::concat(&[numbers(3), renamed], &mut Unmetered)), "type-mismatch");
    assert_eq!(code(Batch::concat(&[], &mut Unmetered)), "out-of-bounds");
    let mut doubled = Batch::of(Arc::new(Schema::empty()), 1 << 30, vec![]).unwrap();
    doubled = Batch::concat(&[doubled.slice(0, 1 << 29).unwrap(), doubled], &mut Unmetered).unwrap();
    assert_eq!(code(Batch::concat(&[doubled.clone(), doubled], &mut Unmetered)), "too-large");
}

#[test]
fn shared_buffers_are_visited_whole_and_with_the_same_address() {
    let batch = numbers(1000);
    let charge = |batches: &[&Batch]| {
        let mut buffers = BTreeMap::new();
        for batch in batches {
            batch.visit_buffers(&mut |address, bytes| {
                assert_eq!(*buffers.entry(address).or_insert(bytes), bytes);
            });
        }
        buffers.values().sum::<u64>()
    };
    let whole = charge(&[&batch]);
    assert!(whole >= 8000);
    let small = batch.slice(3, 1).unwrap();
    assert_eq!(charge(&[&small]), whole);
    assert_eq!(charge(&[&batch, &small, &batch.clone()]), whole);
    let kept = batch.filter(&mask(1000, |row| row % 2 == 0)).unwrap();
    let before = charge(&[&kept]);
    kept.column(0, &mut Unmetered).unwrap();
    assert!(charge(&[&kept]) >= before + 4000);
}

struct Limit(u64);

impl Meter for Limit {
    fn work(&mut self, _units: u64) -> Result<(), Failure> {
        Ok(())
    }

    fn allocate(&mut self, bytes: u64) -> Result<(), Failure> {
        if bytes > self.0 { Err(Failure::limit("memory", "too much")) } else { Ok(()) }
    }
}

#[test]
fn memory_is_asked_for_before_rows_are_multiplied() {
    let long: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(1 << 20)]));
    let schema = Arc::new(Schema::new(vec![Field::new("t", DataType::Utf8, false)]));
    let batch = Batch::of(schema, 1, vec![long]).unwrap();
    let bomb = batch.take(&rows(&vec![0; 100_000]), &mut Limit(1 << 20)).unwrap();
    let failure = bomb.column(0, &mut Limit(1 << 30)).unwrap_err();
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Limit, "memory"));
    let refused = batch.take(&rows(&vec![0; 1_000_000]), &mut Limit(1 << 20));
    assert_eq!(refused.unwrap_err().code, "memory");
    let parts = Batch::concat(&[batch.clone(), batch], &mut Unmetered).unwrap();
    let mut mixed = vec![1u32, 0];
    mixed.resize(3000, 0);
    assert_eq!(parts.take(&rows(&mixed), &mut Limit(1 << 30)).unwrap_err().code, "memory");
}

#[test]
fn text_beyond_two_gibibytes_is_refused_before_it_is_allocated() {
    let long: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(1 << 20)]));
    let schema = Arc::new(Schema::new(vec![Field::new("t", DataType::Utf8, false)]));
    let batch = Batch::of(schema, 1, vec![long]).unwrap();
    let bomb = batch.take(&rows(&vec![0; 3000]), &mut Unmetered).unwrap();
    assert_eq!(bomb.column(0, &mut Unmetered).unwrap_err().code, "too-large");
}

/// K02: row numbers under nulls may be anything, in either width, also after further selections.
#[test]
fn k02_row_numbers_under_nulls_are_no_numbers() {
    use arrow::array::{AsArray, UInt32Array, UInt64Array};
    let nulls = arrow::buffer::NullBuffer::from(vec![true, false, true, false]);
    let narrow: ArrayRef = Arc::new(UInt32Array::new(vec![1, u32::MAX, 0, 2].into(), Some(nulls.clone())));
    let wide: ArrayRef = Arc::new(UInt64Array::new(vec![1, u64::MAX, 0, 1 << 40].into(), Some(nulls)));
    let texts: ArrayRef = Arc::new(arrow::array::StringArray::from(vec!["a", "b"]));
    let field = Field::new("t", DataType::Utf8, true);
    let batch = Batch::of(Arc::new(Schema::new(vec![field])), 2, vec![texts]).unwrap();
    for numbers in [narrow, wide] {
        let taken = batch.take(&numbers, &mut Unmetered).unwrap();
        let again = taken.take(&(Arc::new(UInt32Array::from(vec![3, 2, 1, 0])) as ArrayRef), &mut Unmetered).unwrap();
        let joined = Batch::concat(&[taken, again], &mut Unmetered).unwrap();
        let column = joined.take(&numbers, &mut Unmetered).unwrap().column(0, &mut Unmetered).unwrap();
        let found: Vec<Option<&str>> = column.as_string::<i32>().iter().collect();
        assert_eq!(found, [None, None, Some("b"), None]);
    }
}

/// K03: a row of nulls in a nested column is as large as a list of a fixed size, or as the row that it hides.
#[test]
fn k03_rows_of_nulls_are_asked_for() {
    struct Small;
    impl Meter for Small {
        fn work(&mut self, _: u64) -> Result<(), Failure> {
            Ok(())
        }
        fn allocate(&mut self, bytes: u64) -> Result<(), Failure> {
            if bytes > 64 << 20 { Err(Failure::limit("memory", "too much")) } else { Ok(()) }
        }
    }
    let numbers = arrow::array::new_null_array(&DataType::UInt32, 100_000);
    let list = arrow::array::ListArray::from_iter_primitive::<arrow::datatypes::Int64Type, _, _>(vec![Some(vec![
            Some(1);
            100_000
        ])]);
    let empty = crate::sample::kind("fixed-size-list<int64, 1000000>");
    for (column, rows) in [(Arc::new(list) as ArrayRef, 1), (arrow::array::new_null_array(&empty, 0), 0)] {
        let field = Field::new("c", column.data_type().clone(), true);
        let batch = Batch::of(Arc::new(Schema::new(vec![field])), rows, vec![column]).unwrap();
        let taken = batch.take(&numbers, &mut Small).unwrap();
        assert_eq!(taken.column(0, &mut Small).unwrap_err().code, "memory");
    }
}
