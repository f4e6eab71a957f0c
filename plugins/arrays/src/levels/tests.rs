//! Nested arrays taken apart into levels, and put together again.

use super::*;
use crate::schema;
use arrow_array::builder::{Int32Builder, MapBuilder, StringBuilder};
use arrow_array::types::Int8Type;
use arrow_array::{
    BooleanArray, Decimal256Array, DictionaryArray, FixedSizeListArray, Int64Array, IntervalMonthDayNanoArray,
    LargeStringArray, ListArray, NullArray, StringArray, StructArray,
};
use arrow_buffer::{IntervalMonthDayNano, i256};
use arrow_schema::Field;
use std::sync::Arc;

/// Builds the array again from the levels, as the host would.
fn back(of: &DataType, levels: &mut impl Iterator<Item = Buffers>) -> ArrayData {
    let level = levels.next().unwrap();
    let children = match of {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => {
            vec![back(item.data_type(), levels)]
        }
        DataType::Struct(fields) => fields.iter().map(|field| back(field.data_type(), levels)).collect(),
        DataType::Dictionary(_, value) => vec![back(value, levels)],
        _ => Vec::new(),
    };
    array(of, level.length as usize, level.validity, level.offsets, level.values, children).unwrap()
}

fn samples() -> Vec<ArrayRef> {
    let text = StringArray::from(vec![Some("a"), None, Some(""), Some("long text"), Some("ü")]);
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for row in 0..5 {
        for key in 0..row {
            map.keys().append_value(format!("k{key}"));
            map.values().append_option((key != 1).then_some(key));
        }
        map.append(row != 2).unwrap();
    }
    let numbers = Int64Array::from(vec![Some(1), None, Some(3), Some(4), Some(5)]);
    let item = Arc::new(Field::new("item", DataType::Int64, true));
    let ten = Int64Array::from_iter_values(0..10);
    vec![
        Arc::new(NullArray::new(5)),
        Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true), Some(true)])),
        Arc::new(numbers.clone()),
        Arc::new(text.clone()),
        Arc::new(LargeStringArray::from(vec!["a", "b", "c", "d", "e"])),
        Arc::new(Decimal256Array::from(vec![Some(i256::MAX), None, Some(i256::ZERO), Some(i256::MIN), None])),
        Arc::new(IntervalMonthDayNanoArray::from(vec![IntervalMonthDayNano::new(1, -2, 3); 5])),
        Arc::new(ListArray::from_iter_primitive::<arrow_array::types::Int32Type, _, _>(vec![
            Some(vec![Some(1), None]),
            None,
            Some(vec![]),
            Some(vec![Some(2)]),
            Some(vec![Some(3), Some(4)]),
        ])),
        Arc::new(FixedSizeListArray::new(item, 2, Arc::new(ten), None)),
        Arc::new(map.finish()),
        Arc::new(
            vec![Some("x"), None, Some("y"), Some("x"), Some("y")].into_iter().collect::<DictionaryArray<Int8Type>>(),
        ),
        Arc::new(StructArray::from(vec![
            (Arc::new(Field::new("n", DataType::Int64, true)), Arc::new(numbers) as ArrayRef),
            (Arc::new(Field::new("t", DataType::Utf8, true)), Arc::new(text) as ArrayRef),
        ])),
    ]
}

#[test]
fn arrays_go_there_and_back_whole_and_sliced() {
    for sample in samples() {
        for (from, count) in [(0, 5), (1, 3), (2, 0), (3, 2)] {
            let slice = sample.slice(from, count);
            let tree = schema::tree(&Field::new("x", slice.data_type().clone(), true)).unwrap();
            let levels = of(&slice).unwrap();
            assert_eq!(levels.len(), tree.len(), "{}", slice.data_type());
            let again = make_array(back(slice.data_type(), &mut levels.into_iter()));
            assert_eq!(again.as_ref(), slice.as_ref(), "{} {from} {count}", slice.data_type());
        }
    }
}

#[test]
fn types_go_there_and_back() {
    for sample in samples() {
        let field = Field::new("x", sample.data_type().clone(), true);
        assert_eq!(schema::field(&schema::tree(&field).unwrap()).unwrap(), field);
    }
}

#[test]
fn what_lies_outside_a_slice_is_not_handed_over() {
    let text = StringArray::from(vec!["secret", "shown", "hidden"]);
    let levels = of(&text.slice(1, 1)).unwrap();
    assert_eq!(levels[0].values, b"shown");
    assert_eq!(levels[0].offsets.as_deref(), Some([0, 0, 0, 0, 5, 0, 0, 0].as_slice()));
}
