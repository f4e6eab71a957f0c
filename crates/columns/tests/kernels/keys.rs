//! Grouping, joining and sorting, by hand.

use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, ListArray, new_null_array};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use jackfield_columns::Unmetered;
use jackfield_columns::compute::{Grouper, JoinKind, Joiner, SortKey, sort_indices};

use crate::every_type::{ORDERED, values};
use crate::suite::*;

fn assigned(keys: &[ArrayRef], expected: &str) -> String {
    let types: Vec<DataType> = keys.iter().map(|key| key.data_type().clone()).collect();
    let mut grouper = Grouper::new(&types).unwrap();
    let groups = grouper.assign(keys, &mut Unmetered).unwrap();
    assert_eq!(shown(&groups), expected);
    let distinct = grouper.keys(&mut Unmetered).unwrap();
    // Restored from its keys, and over slices, it gives the same numbers.
    let mut again = Grouper::new(&types).unwrap();
    again.assign(&distinct, &mut Unmetered).unwrap();
    assert_eq!(shown(&again.assign(keys, &mut Unmetered).unwrap()), expected);
    let slices: Vec<ArrayRef> = keys.iter().map(sliced).collect();
    assert_eq!(shown(&again.assign(&slices, &mut Unmetered).unwrap()), expected);
    for (key, to) in distinct.iter().zip(&types) {
        assert_eq!((key.data_type(), key.len()), (to, grouper.count() as usize));
    }
    distinct.iter().map(|key| shown(key)).collect::<Vec<_>>().join(" | ")
}

#[test]
fn groups_by_first_appearance() {
    assert_eq!(assigned(&[ints(&[Some(7), None, Some(7), Some(0), None])], "0 1 0 2 1"), "7 null 0");
    assert_eq!(assigned(&[floats(&[Some(-0.0), Some(f64::NAN), Some(0.0), Some(-f64::NAN)])], "0 1 0 1"), "0.0 NaN");
    let names =
        texts(&[Some(""), Some("1234567"), Some("12345678"), None, Some("12345678"), Some(""), Some("12345679")]);
    assert_eq!(assigned(&[names], "0 1 2 3 2 0 4"), " 1234567 12345678 null 12345679");
    let pairs = [texts(&[Some("a"), Some("a"), None, Some("a")]), bools(&[Some(true), None, Some(true), Some(true)])];
    assert_eq!(assigned(&pairs, "0 1 2 0"), "a a null | true null true");
    let three = [small(&[1, 1, 2]), dates(&[0, 0, 1]), decimals(&[5, 5, 5], 38, 1)];
    assert_eq!(assigned(&three, "0 0 1"), "1 2 | 1970-01-01 1970-01-02 | 0.5 0.5");
    let dictionary: ArrayRef =
        Arc::new(vec![Some("x"), None, Some("x")].into_iter().collect::<DictionaryArray<Int32Type>>());
    assert_eq!(assigned(&[dictionary], "0 1 0"), "x null");
    let rows = vec![Some(vec![Some(1)]), None, Some(vec![Some(1)])];
    assert_eq!(assigned(&[Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(rows))], "0 1 0"), "[1] null");
    assert_eq!(assigned(&[new_null_array(&DataType::Null, 2)], "0 0"), "null");
}

#[test]
fn every_type_groups_joins_and_sorts() {
    for (name, low, high) in ORDERED {
        let a = values(name, low, high);
        let told = shown(&a);
        assert_eq!(assigned(&[a.clone()], "0 1 2"), told, "{name}");
        assert_eq!(
            assigned(&[a.clone(), ints(&[Some(1), Some(1), Some(1)])], "0 1 2"),
            format!("{told} | 1 1 1"),
            "{name}"
        );
        assert_eq!(sorted(&[(&a, true, false)], None), "1 0 2", "{name}");
        assert_eq!(sorted(&[(&a, false, true)], None), "2 0 1", "{name}");
        assert_eq!(sorted(&[(&a, true, true), (&a, false, false)], Some(2)), "2 1", "{name}");
        let mut joiner = Joiner::new(&[kind(name)]).unwrap();
        joiner.build(&[a.slice(1, 2)], &mut Unmetered).unwrap();
        let mut matches = joiner.probe(&[a], JoinKind::Outer, &mut Unmetered).unwrap();
        let (probe, build) = matches.next(10, &mut Unmetered).unwrap().unwrap();
        assert_eq!((shown(&probe).as_str(), shown(&build).as_str()), ("0 1 2", "null 0 null"), "{name}");
    }
}

#[test]
fn wrong_keys_are_refused() {
    let mut grouper = Grouper::new(&[DataType::Int64, DataType::Utf8]).unwrap();
    let one = ints(&[Some(1)]);
    let mut code = |keys: &[ArrayRef]| grouper.assign(keys, &mut Unmetered).unwrap_err().code;
    assert_eq!(code(&[Arc::clone(&one)]), "type-mismatch");
    assert_eq!(code(&[Arc::clone(&one), Arc::clone(&one)]), "type-mismatch");
    assert_eq!(code(&[one, texts(&[])]), "out-of-bounds");
    let empty = grouper.assign(&[ints(&[]), texts(&[])], &mut Unmetered).unwrap();
    assert_eq!((empty.len(), grouper.count()), (0, 0));
    assert!(Grouper::new(&[]).is_err());
    assert!(Grouper::new(&vec![DataType::Int8; 1001]).is_err());
    assert_eq!(Grouper::new(&[DataType::Decimal128(5, -2)]).unwrap_err().code, "invalid-type");
}

fn joined(kind: JoinKind, most: u32) -> String {
    let mut joiner = Joiner::new(&[DataType::Int64]).unwrap();
    joiner.build(&[ints(&[Some(1), Some(2), None])], &mut Unmetered).unwrap();
    joiner.build(&[ints(&[Some(1), Some(5)])], &mut Unmetered).unwrap();
    let probe = ints(&[Some(2), None, Some(1), Some(9), Some(1)]);
    let mut matches = joiner.probe(&[probe], kind, &mut Unmetered).unwrap();
    let (mut probes, mut builds) = (Vec::new(), Vec::new());
    while let Some((probe, build)) = matches.next(most, &mut Unmetered).unwrap() {
        assert!(probe.len() <= most as usize);
        probes.push(shown(&probe));
        builds.push(shown(&build));
    }
    assert!(matches.next(most, &mut Unmetered).unwrap().is_none());
    assert!(joiner.build(&[ints(&[])], &mut Unmetered).is_err(), "not while matches are being read");
    drop(matches);
    assert_eq!(shown(&joiner.unmatched(&mut Unmetered).unwrap()), "2 4");
    format!("{} | {}", probes.join(" "), builds.join(" ").trim()).trim().to_owned()
}

#[test]
fn joins() {
    for most in [1, 2, 3, 100] {
        assert_eq!(joined(JoinKind::Inner, most), "0 2 2 4 4 | 1 0 3 0 3");
        assert_eq!(joined(JoinKind::Outer, most), "0 1 2 2 3 4 4 | 1 null 0 3 null 0 3");
        assert_eq!(joined(JoinKind::Semi, most), "0 2 4 |");
        assert_eq!(joined(JoinKind::Anti, most), "1 3 |");
    }
    let mut joiner = Joiner::new(&[DataType::Int64]).unwrap();
    let mut matches = joiner.probe(&[ints(&[Some(1)])], JoinKind::Outer, &mut Unmetered).unwrap();
    assert_eq!(matches.next(0, &mut Unmetered).unwrap_err().code, "out-of-bounds");
    assert_eq!(joiner.probe(&[small(&[1])], JoinKind::Inner, &mut Unmetered).unwrap_err().code, "type-mismatch");
}

/// Many matches for few rows are asked for as they come, and stopped.
#[test]
fn a_join_that_explodes_is_bounded() {
    let mut joiner = Joiner::new(&[DataType::Int64]).unwrap();
    let same = ints(&vec![Some(1); 10_000]);
    joiner.build(&[same.clone()], &mut Unmetered).unwrap();
    let mut matches = joiner.probe(&[same], JoinKind::Inner, &mut Unmetered).unwrap();
    let mut budget = Budget::new(1 << 20, 16 << 20);
    let failure = matches.next(u32::MAX, &mut budget).unwrap_err();
    assert!(["memory", "deadline"].contains(&failure.code.as_str()), "{failure}");
}

pub(crate) fn sorted(keys: &[(&ArrayRef, bool, bool)], limit: Option<u32>) -> String {
    let key = |slices: bool| {
        let keys = keys.iter().map(|(column, descending, nulls_first)| SortKey {
            column: if slices { sliced(column) } else { Arc::clone(column) },
            descending: *descending,
            nulls_first: *nulls_first,
        });
        shown(&sort_indices(&keys.collect::<Vec<_>>(), limit, &mut Unmetered).unwrap())
    };
    assert_eq!(key(false), key(true), "on slices");
    key(false)
}

#[test]
fn sorts() {
    let a = floats(&[Some(2.0), None, Some(f64::NAN), Some(-0.0), Some(0.0), Some(2.0)]);
    assert_eq!(sorted(&[(&a, false, false)], None), "3 4 0 5 2 1");
    assert_eq!(sorted(&[(&a, true, false)], None), "2 0 5 3 4 1");
    assert_eq!(sorted(&[(&a, false, true)], Some(3)), "1 3 4");
    assert_eq!(sorted(&[(&a, false, false)], Some(0)), "");
    for name in ["float64", "float32", "float16"] {
        let signs = as_type(&floats(&[Some(-f64::NAN), Some(1.0), Some(f64::NAN), Some(-1.0)]), name);
        assert_eq!(sorted(&[(&signs, false, false)], None), "3 1 0 2", "{name}");
    }
    let b = ints(&[Some(i64::MIN), Some(i64::MAX), Some(-1), Some(0)]);
    assert_eq!(sorted(&[(&b, false, false)], None), "0 2 3 1");
    assert_eq!(sorted(&[(&b, true, false)], Some(2)), "1 3");
    let (c, d) = (texts(&[Some("b"), Some("a"), None, Some("b")]), small(&[1, 2, 3, 0]));
    assert_eq!(sorted(&[(&c, false, false), (&d, true, false)], None), "1 0 3 2");
    assert_eq!(sorted(&[(&c, true, true), (&d, false, false)], Some(2)), "2 3");
    let uneven = [
        SortKey { column: c, descending: false, nulls_first: false },
        SortKey { column: b.slice(0, 1), descending: false, nulls_first: false },
    ];
    assert_eq!(sort_indices(&uneven, None, &mut Unmetered).unwrap_err().code, "out-of-bounds");
    assert_eq!(sort_indices(&[], None, &mut Unmetered).unwrap_err().code, "type-mismatch");
}
