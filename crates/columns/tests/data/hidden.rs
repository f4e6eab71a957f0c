//! Nothing hidden leaves: what a selection, a slice or a null took away is in no buffer that a plugin gets.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, FixedSizeListArray, Int64Array, ListArray, StringArray, UInt64Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use jackfield_columns::{Batch, Buffers, Unmetered, clean_array, read_level, read_levels, to_ipc};

use crate::sample::{assert_same, strict_struct};

const SECRET: u64 = 0x5345_4352_4554_2121;

fn column_batch(column: ArrayRef) -> Batch {
    let schema = Arc::new(Schema::new(vec![Field::new("c", column.data_type().clone(), true)]));
    Batch::of(schema, column.len(), vec![column]).unwrap()
}

/// Searches every level, and the IPC stream, for the bytes.
fn assert_absent(column: &ArrayRef, secret: &[u8]) {
    let found = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
    for level in read_levels(column).unwrap() {
        assert!(!found(&level.values), "in the values of {column:?}");
    }
    let ipc = to_ipc(&[column_batch(column.clone())], &mut Unmetered).unwrap();
    assert!(!found(&ipc), "in the IPC bytes of {column:?}");
}

fn secrets() -> ArrayRef {
    Arc::new(UInt64Array::from(vec![1, SECRET, 3, SECRET, 5]))
}

fn texts() -> ArrayRef {
    Arc::new(StringArray::from(vec!["one", "SECRET!!", "three", "SECRET!!", "five"]))
}

#[test]
fn rows_that_a_filter_removed() {
    let mask = BooleanArray::from(vec![true, false, true, false, true]);
    for (column, secret) in [(secrets(), SECRET.to_le_bytes()), (texts(), *b"SECRET!!")] {
        let kept = column_batch(column).filter(&mask).unwrap().column(0, &mut Unmetered).unwrap();
        assert_absent(&kept, &secret);
    }
}

#[test]
fn rows_before_and_behind_a_slice() {
    for (column, secret) in [(secrets(), SECRET.to_le_bytes()), (texts(), *b"SECRET!!")] {
        assert_absent(&column.slice(2, 1), &secret);
        let listed: ArrayRef = Arc::new(ListArray::new(
            Arc::new(Field::new_list_field(column.data_type().clone(), true)),
            OffsetBuffer::new(vec![0, 2, 3, 5].into()),
            column,
            None,
        ));
        assert_absent(&listed.slice(1, 1), &secret);
    }
}

#[test]
fn values_under_nulls() {
    let nulls = || Some(NullBuffer::from(vec![true, false, true, false, true]));
    let numbers: ArrayRef = Arc::new(UInt64Array::new(vec![1, SECRET, 3, SECRET, 5].into(), nulls()));
    assert_absent(&numbers, &SECRET.to_le_bytes());
    let (offsets, values, _) = texts().as_any().downcast_ref::<StringArray>().unwrap().clone().into_parts();
    let hidden: ArrayRef = Arc::new(StringArray::new(offsets, values, nulls()));
    assert_absent(&hidden, b"SECRET!!");
    assert_same(&clean_array(&hidden).unwrap(), &hidden);
}

#[test]
fn items_of_lists_under_nulls() {
    let field = Arc::new(Field::new_list_field(DataType::Utf8, true));
    let offsets = OffsetBuffer::new(vec![0, 1, 2, 3, 5].into());
    let nulls = NullBuffer::from(vec![true, false, true, false]);
    let list: ArrayRef = Arc::new(ListArray::new(field.clone(), offsets, texts(), Some(nulls)));
    assert_absent(&list, b"SECRET!!");
    assert_same(&clean_array(&list).unwrap(), &list);
    let nulls = NullBuffer::from(vec![true, false, true, false, true]);
    let fixed: ArrayRef = Arc::new(FixedSizeListArray::new(field, 1, texts(), Some(nulls)));
    assert_absent(&fixed, b"SECRET!!");
    assert_same(&clean_array(&fixed).unwrap(), &fixed);
}

#[test]
fn children_of_structs_under_nulls_even_where_they_may_not_be_null() {
    let column = strict_struct(10, 3);
    assert_absent(&column, b"secret 3");
    let child = read_level(&column, &[0], &mut Unmetered).unwrap();
    assert_eq!((child.null_count, child.validity), (0, None));
    assert_same(&clean_array(&column).unwrap(), &column);
}

#[test]
fn dictionary_values_that_no_row_uses() {
    let keys = arrow::array::Int32Array::from(vec![Some(0), None, Some(2), Some(0)]);
    let values = Arc::new(StringArray::from(vec!["one", "SECRET!!", "three"]));
    let column: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::new(keys, values));
    assert_absent(&column, b"SECRET!!");
    assert_absent(&column.slice(2, 1), b"one");
    assert_same(&clean_array(&column).unwrap(), &column);
    let keys = read_level(&column, &[], &mut Unmetered).unwrap().values;
    assert_eq!(keys, [0i32, 0, 1, 0].map(i32::to_le_bytes).concat());
    let nothing = column.slice(1, 1);
    assert_same(&clean_array(&nothing).unwrap(), &nothing);
}

#[test]
fn bits_behind_the_end() {
    let column: ArrayRef = Arc::new(BooleanArray::from(vec![true; 16]));
    let three = read_level(&column.slice(3, 3), &[], &mut Unmetered).unwrap();
    assert_eq!(three, Buffers { length: 3, values: vec![0b111], ..Buffers::default() });
    let nulls = NullBuffer::from(vec![true, true, false, true, true, true, true, true, true]);
    let column: ArrayRef = Arc::new(Int64Array::new(vec![0; 9].into(), Some(nulls)));
    let level = read_level(&column.slice(1, 3), &[], &mut Unmetered).unwrap();
    assert_eq!((level.null_count, level.validity), (1, Some(vec![0b101])));
}

#[test]
fn offsets_start_at_zero() {
    let level = read_level(&texts().slice(2, 2), &[], &mut Unmetered).unwrap();
    assert_eq!(level.offsets, Some([0i32, 5, 13].map(i32::to_le_bytes).concat()));
    assert_eq!(level.values, b"threeSECRET!!");
}

#[test]
fn a_path_to_no_child_is_refused() {
    let column = strict_struct(2, 2);
    for path in [&[1][..], &[0, 0], &[u32::MAX, 1, 2, 3, 4, 5, 6, 7, 8, 9]] {
        assert_eq!(read_level(&column, path, &mut Unmetered).unwrap_err().code, "out-of-bounds");
    }
}
