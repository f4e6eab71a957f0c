//! Raw buffers: every type there and back, and every lie refused.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, FixedSizeBinaryArray, Int32Array, ListViewArray, RunArray, StringArray, StringViewArray,
    UnionArray,
};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, Field, Int32Type, UnionFields};
use jackfield_columns::{
    Buffers, FailureKind, FlatField, FlatType, Unmetered, array_from_levels, array_from_tree, plain_array, read_level,
    read_levels, tree_from_field,
};
use proptest::prelude::*;

use crate::ipc::tight;
use crate::sample::{ALL_TYPES, Seed, assert_same, kind};

fn field(text: &str) -> Field {
    Field::new("c", kind(text), true)
}

fn bytes<const N: usize, T: Copy>(values: &[T], to: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|value| to(*value)).collect()
}

fn offsets(values: &[i32]) -> Option<Vec<u8>> {
    Some(bytes(values, i32::to_le_bytes))
}

#[test]
fn every_type_goes_out_and_back() {
    let mut seed = Seed(7);
    for text in ALL_TYPES {
        for length in [0, 1, 8, 37, 200] {
            let array = seed.array(&kind(text), length);
            let levels = read_levels(&array).unwrap();
            assert_eq!(levels.len(), tree_from_field(&field(text)).len(), "{text}");
            assert_same(&array_from_levels(&field(text), levels.clone()).unwrap(), &array);
            let tree = tree_from_field(&field(text));
            assert_same(&array_from_tree(&tree, levels).unwrap().1, &array);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn slices_of_every_type_go_out_and_back(
        seed in any::<u64>(), pick in 0..ALL_TYPES.len(), length in 0usize..100, from in 0usize..100, rows in 0usize..100,
    ) {
        let text = ALL_TYPES[pick];
        let array = Seed(seed).array(&kind(text), length);
        let from = from.min(length);
        let slice = array.slice(from, rows.min(length - from));
        let levels = read_levels(&slice).unwrap();
        for (path, level) in paths(&kind(text)).iter().zip(&levels) {
            prop_assert_eq!(&read_level(&slice, path, &mut Unmetered).unwrap(), level);
        }
        assert_same(&array_from_levels(&field(text), levels).unwrap(), &slice);
    }

    #[test]
    fn levels_with_any_damage_are_refused_or_sound(
        seed in any::<u64>(), pick in 0..ALL_TYPES.len(), length in 0usize..20, damages in 1usize..4,
    ) {
        let text = ALL_TYPES[pick];
        let mut seed = Seed(seed);
        let mut levels = read_levels(&seed.array(&kind(text), length)).unwrap();
        for _ in 0..damages {
            damage(&mut levels, &mut seed);
        }
        if let Ok(array) = array_from_levels(&field(text), levels) {
            array.to_data().validate_full().unwrap();
            let again = array_from_levels(&field(text), read_levels(&array).unwrap()).unwrap();
            prop_assert_eq!(again.len(), array.len());
        }
    }
}

fn damage(levels: &mut Vec<Buffers>, seed: &mut Seed) {
    let index = seed.next(levels.len() as u64) as usize;
    let amount = [1, 2, 255, u32::MAX, 1 << 31][seed.next(5) as usize];
    let Some(level) = levels.get_mut(index) else { return };
    match seed.next(9) {
        0 => level.length = level.length.wrapping_add(amount),
        1 => level.null_count = level.null_count.wrapping_add(amount),
        2 => level.validity = Some(vec![seed.next(256) as u8; level.length.min(1000).div_ceil(8) as usize]),
        3 => level.validity = None,
        4 => level.offsets = None,
        5 => drop(level.values.pop()),
        6 => level.values.push(amount as u8),
        7 => {
            let bytes = level.offsets.as_mut().unwrap_or(&mut level.values);
            let at = seed.next(bytes.len() as u64) as usize;
            bytes.get_mut(at).into_iter().for_each(|byte| *byte = amount as u8);
        }
        _ => drop(levels.remove(index)),
    }
}

/// The path of every level, parents before children.
fn paths(data_type: &DataType) -> Vec<Vec<u32>> {
    let tree = tree_from_field(&Field::new("c", data_type.clone(), true));
    let mut paths = vec![Vec::new(); tree.len()];
    for (index, field) in tree.iter().enumerate() {
        for (step, child) in field.children.iter().enumerate() {
            paths[*child as usize] = [paths[index].clone(), vec![step as u32]].concat();
        }
    }
    paths
}

fn refused(text: &str, levels: Vec<Buffers>) -> String {
    array_from_levels(&field(text), levels).unwrap_err().code
}

#[test]
fn lying_counts_are_refused() {
    let two = bytes(&[1i64, 2], i64::to_le_bytes);
    let level = Buffers { length: 2, values: two, ..Buffers::default() };
    assert!(array_from_levels(&field("int64"), vec![level.clone()]).is_ok());
    for wrong in [
        Buffers { length: 3, ..level.clone() },
        Buffers { length: 1, ..level.clone() },
        Buffers { null_count: 1, ..level.clone() },
        Buffers { validity: Some(vec![0b11]), null_count: 1, ..level.clone() },
        Buffers { validity: Some(vec![0b01]), null_count: 0, ..level.clone() },
        Buffers { validity: Some(vec![]), ..level.clone() },
        Buffers { validity: Some(vec![0b11, 0]), ..level.clone() },
        Buffers { offsets: offsets(&[0, 1, 2]), ..level.clone() },
    ] {
        assert_eq!(refused("int64", vec![wrong]), "invalid-buffers");
    }
    assert_eq!(refused("int64", vec![]), "invalid-buffers");
    assert_eq!(refused("int64", vec![level.clone(), level.clone()]), "invalid-buffers");
    assert_eq!(refused("int64", vec![Buffers { length: u32::MAX, ..level }]), "too-large");
    assert_eq!(refused("null", vec![Buffers { length: u32::MAX, ..Buffers::default() }]), "too-large");
}

#[test]
fn trailing_bytes_are_refused() {
    let text =
        |values: &[u8]| Buffers { length: 1, offsets: offsets(&[0, 2]), values: values.into(), ..Buffers::default() };
    assert!(array_from_levels(&field("utf8"), vec![text(b"ab")]).is_ok());
    assert_eq!(refused("utf8", vec![text(b"abc")]), "invalid-buffers");
    assert_eq!(
        refused("bool", vec![Buffers { length: 8, values: vec![0, 0], ..Buffers::default() }]),
        "invalid-buffers"
    );
    assert_eq!(refused("struct<>", vec![Buffers { values: vec![0], ..Buffers::default() }]), "invalid-buffers");
}

#[test]
fn hostile_offsets_are_refused() {
    let text = |bad: &[i32]| {
        let level = Buffers { length: 2, offsets: offsets(bad), values: b"abcd".into(), ..Buffers::default() };
        array_from_levels(&field("utf8"), vec![level])
    };
    assert!(text(&[0, 2, 4]).is_ok());
    for bad in [&[1, 2, 4][..], &[0, 3, 2], &[0, 5, 4], &[0, -1, 4], &[0, 2, 5], &[0, i32::MIN, 4], &[0, 4], &[]] {
        assert_eq!(text(bad).unwrap_err().code, "invalid-buffers", "{bad:?}");
    }
    let list = |bad: &[i32]| {
        let list = Buffers { length: 2, offsets: offsets(bad), ..Buffers::default() };
        let items = Buffers { length: 3, values: vec![1, 2, 3], ..Buffers::default() };
        array_from_levels(&field("list<int8>"), vec![list, items])
    };
    assert!(list(&[0, 1, 3]).is_ok());
    for bad in [&[0, 1, 4][..], &[0, 2, 1], &[0, 1, 2], &[-1, 1, 3]] {
        assert_eq!(list(bad).unwrap_err().code, "invalid-buffers", "{bad:?}");
    }
}

#[test]
fn text_must_be_utf8_row_by_row() {
    let text = |ends: &[i32], values: &[u8]| {
        let level = Buffers { length: 2, offsets: offsets(ends), values: values.into(), ..Buffers::default() };
        refused("utf8", vec![level])
    };
    assert_eq!(text(&[0, 1, 2], b"\xff\xfe"), "invalid-utf8");
    assert_eq!(text(&[0, 1, 2], "é".as_bytes()), "invalid-utf8");
}

#[test]
fn child_lengths_must_fit() {
    let fixed = |rows: u32, items: u32| {
        let items = Buffers { length: items, values: vec![0; items as usize], ..Buffers::default() };
        vec![Buffers { length: rows, ..Buffers::default() }, items]
    };
    assert!(array_from_levels(&field("fixed-size-list<int8, 3>"), fixed(2, 6)).is_ok());
    assert_eq!(refused("fixed-size-list<int8, 3>", fixed(2, 5)), "invalid-buffers");
    assert_eq!(refused("fixed-size-list<int8, 2147483647>", fixed(2147483647, 5)), "too-large");
    assert_eq!(refused("struct<a: int8>", fixed(2, 3)), "invalid-buffers");
}

#[test]
fn dictionary_keys_must_point_to_values() {
    for keys in [&[0u8, 2][..], &[255, 0]] {
        let keys = Buffers { length: 2, values: keys.into(), ..Buffers::default() };
        let values = Buffers { length: 2, values: vec![7, 8], ..Buffers::default() };
        assert_eq!(refused("dictionary<int8, int8>", vec![keys, values]), "invalid-buffers");
    }
}

#[test]
fn dictionary_keys_under_nulls_become_zeros() {
    let keys = Buffers {
        length: 3,
        null_count: 2,
        validity: Some(vec![0b001]),
        values: vec![1, 200, 77],
        ..Buffers::default()
    };
    let values = Buffers { length: 2, values: vec![7, 8], ..Buffers::default() };
    let array = array_from_levels(&field("dictionary<uint8, int8>"), vec![keys, values]).unwrap();
    let dictionary = arrow::array::AsArray::as_any_dictionary(array.as_ref());
    assert_eq!(dictionary.keys().to_data().buffers()[0].as_slice(), [1, 0, 0]);
    for moved in [array.slice(1, 2), arrow::compute::concat(&[array.as_ref(), array.as_ref()]).unwrap()] {
        let level = read_level(&moved, &[], &mut Unmetered).unwrap();
        assert!(level.values.iter().all(|key| *key < 2));
    }
}

#[test]
fn nulls_need_a_field_that_may_have_them() {
    let level = Buffers { length: 1, null_count: 1, validity: Some(vec![0]), values: vec![0], ..Buffers::default() };
    let strict = Field::new("c", DataType::Int8, false);
    assert_eq!(array_from_levels(&strict, vec![level]).unwrap_err().code, "unexpected-null");
}

#[test]
fn decimals_have_no_more_digits_than_their_type() {
    let level = Buffers { length: 1, values: 1000i128.to_le_bytes().into(), ..Buffers::default() };
    assert!(array_from_levels(&field("decimal(4,2)"), vec![level.clone()]).is_ok());
    assert_eq!(refused("decimal(3,2)", vec![level]), "invalid-buffers");
}

#[test]
fn bytes_that_do_not_lie_aligned_are_copied() {
    for start in 0..8 {
        let mut shifted = vec![0u8; start];
        shifted.extend(bytes(&[1i64, -2, 3], i64::to_le_bytes));
        let values = shifted.split_off(start);
        let level = Buffers { length: 3, values, ..Buffers::default() };
        let array = array_from_levels(&field("int64"), vec![level]).unwrap();
        assert_eq!(array.as_ref(), &arrow::array::Int64Array::from(vec![1, -2, 3]) as &dyn Array);
    }
}

#[test]
fn levels_belong_to_the_fields_of_a_tree_in_whatever_order() {
    let child = |name: &str, children: &[u32], kind| FlatField {
        name: name.into(),
        kind,
        nullable: true,
        children: children.into(),
        metadata: vec![],
    };
    let tree = [
        child("s", &[3, 1], FlatType::StructOf),
        child("list", &[2], FlatType::ListOf),
        child("item", &[], FlatType::Int8),
        child("flag", &[], FlatType::Boolean),
    ];
    let levels = vec![
        Buffers { length: 1, ..Buffers::default() },
        Buffers { length: 1, offsets: offsets(&[0, 2]), ..Buffers::default() },
        Buffers { length: 2, values: vec![5, 6], ..Buffers::default() },
        Buffers { length: 1, values: vec![1], ..Buffers::default() },
    ];
    let (field, array) = array_from_tree(&tree, levels.clone()).unwrap();
    assert_eq!(jackfield_columns::type_name(field.data_type()), "struct<flag: bool, list: list<int8>>");
    assert_eq!(array.len(), 1);
    assert_eq!(array_from_tree(&tree, levels[1..].to_vec()).unwrap_err().kind, FailureKind::InvalidInput);
}

#[test]
fn views_run_ends_and_unions_are_converted() {
    let views: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a longer text than twelve bytes"), None]));
    let expected: ArrayRef = Arc::new(StringArray::from(vec![Some("a longer text than twelve bytes"), None]));
    assert_eq!(&plain_array(&views).unwrap(), &expected);
    let runs = RunArray::<Int32Type>::try_new(&Int32Array::from(vec![2, 3, 6]), views.slice(0, 1).as_ref());
    assert!(runs.is_err());
    let values = StringViewArray::from(vec![Some("a"), None, Some("c")]);
    let runs: ArrayRef = Arc::new(RunArray::<Int32Type>::try_new(&Int32Array::from(vec![2, 3, 6]), &values).unwrap());
    let expected: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("c")]));
    assert_eq!(&plain_array(&runs.slice(1, 3)).unwrap(), &expected);
    let item = Arc::new(Field::new_list_field(DataType::Utf8View, true));
    let lists: ArrayRef =
        Arc::new(ListViewArray::new(item, ScalarBuffer::from(vec![1, 0]), ScalarBuffer::from(vec![1, 2]), views, None));
    let plain = plain_array(&lists).unwrap();
    assert_eq!(plain.data_type(), &kind("list<utf8>"));
    assert_eq!(read_level(&plain, &[], &mut Unmetered).unwrap().offsets, offsets(&[0, 1, 3]));
    let children: Vec<ArrayRef> = vec![Arc::new(Int32Array::from(vec![1, 2])), Arc::new(StringArray::from(vec!["x"]))];
    let fields =
        UnionFields::from_fields(vec![Field::new("i", DataType::Int32, false), Field::new("t", DataType::Utf8, false)]);
    let union = UnionArray::try_new(fields, vec![0, 1, 0].into(), Some(vec![0, 0, 1].into()), children).unwrap();
    let plain = plain_array(&(Arc::new(union) as ArrayRef)).unwrap();
    assert_eq!(jackfield_columns::type_name(plain.data_type()), "struct<i: int32, t: utf8>");
    let levels = read_levels(&plain).unwrap();
    assert_eq!((levels[1].null_count, levels[2].null_count), (1, 2));
}

#[test]
fn a_level_costs_what_it_copies() {
    let fields: Vec<_> = (0..100).map(|number| format!("f{number}: int64")).collect();
    let of = format!("list<struct<{}>>", fields.join(", "));
    let array = Seed(3).array(&kind(&of), 500);
    for path in [&[][..], &[0], &[0, 7]] {
        let mut meter = tight(u64::MAX);
        let level = read_level(&array, path, &mut meter).unwrap();
        let bytes = level.values.len() + level.offsets.map_or(0, |offsets| offsets.len());
        let most = 2 * (bytes as u64 + u64::from(level.length) + 8);
        assert!(meter.asked <= most && meter.worked <= most, "{path:?}: {} of {most}", meter.asked);
        assert_eq!(read_level(&array, path, &mut tight(meter.asked / 2)).unwrap_err().code, "memory");
    }
}

#[test]
fn widths_of_zero_hold_rows_without_bytes() {
    let level = Buffers { length: 3, ..Buffers::default() };
    let array = array_from_levels(&field("fixed-size-binary(0)"), vec![level.clone()]).unwrap();
    assert_eq!(array.as_any().downcast_ref::<FixedSizeBinaryArray>().unwrap().len(), 3);
    let empty = Buffers::default();
    assert_eq!(array_from_levels(&field("fixed-size-list<int8, 0>"), vec![level, empty]).unwrap().len(), 3);
}

/// Found by fuzzing: 171 bytes that took 4 GiB to read back.
#[test]
fn rows_without_bytes_are_bounded() {
    let level = Buffers { length: (1 << 24) + 1, ..Buffers::default() };
    let one = Buffers { length: 1, ..Buffers::default() };
    for (kind, levels) in [
        ("null", vec![level.clone()]),
        ("fixed-size-binary(0)", vec![level.clone()]),
        ("fixed-size-list<null, 16777217>", vec![one, level.clone()]),
        ("fixed-size-list<int8, 0>", vec![level.clone(), Buffers::default()]),
        ("struct<a: null>", vec![level.clone(), level.clone()]),
    ] {
        let failure = array_from_levels(&field(kind), levels).unwrap_err();
        assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Limit, "too-large"), "{kind}: {failure}");
    }
}
