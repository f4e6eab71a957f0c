//! Grouping, joining and sorting.

use arrow::array::{DictionaryArray, ListArray};
use arrow::datatypes::{DataType, Int32Type, Int64Type};

use super::*;
use crate::compute::{Grouper, JoinKind, Joiner, SortKey, sort_indices};

fn assigned(keys: &[ArrayRef], expected: &str) -> String {
    let types: Vec<DataType> = keys.iter().map(|key| key.data_type().clone()).collect();
    let mut grouper = Grouper::new(&types).expect("keys");
    let groups = grouper.assign(keys, &mut Unmetered).expect("groups");
    assert_eq!(shown(&groups), expected);
    let distinct = grouper.keys(&mut Unmetered).expect("keys");
    // Restored from its keys, it gives the same numbers.
    let mut again = Grouper::new(&types).expect("keys");
    again.assign(&distinct, &mut Unmetered).expect("groups");
    assert_eq!(shown(&again.assign(keys, &mut Unmetered).expect("groups")), expected);
    distinct.iter().map(|key| shown(key)).collect::<Vec<_>>().join(" | ")
}

#[test]
fn groups_by_first_appearance() {
    assert_eq!(assigned(&[ints(&[Some(7), None, Some(7), Some(0), None])], "0 1 0 2 1"), "7 null 0");
    let nan = f64::from_bits(f64::NAN.to_bits() | 1);
    assert_eq!(assigned(&[floats(&[Some(-0.0), Some(f64::NAN), Some(0.0), Some(nan)])], "0 1 0 1"), "0.0 NaN");
    let names =
        texts(&[Some(""), Some("1234567"), Some("12345678"), None, Some("12345678"), Some(""), Some("12345679")]);
    assert_eq!(assigned(&[names], "0 1 2 3 2 0 4"), " 1234567 12345678 null 12345679");
    let pairs = [texts(&[Some("a"), Some("a"), None, Some("a")]), bools(&[Some(true), None, Some(true), Some(true)])];
    assert_eq!(assigned(&pairs, "0 1 2 0"), "a a null | true null true");
    let three = [small(&[1, 1, 2]), dates(&[0, 0, 1]), decimals(&[5, 5, 5], 1)];
    assert_eq!(assigned(&three, "0 0 1"), "1 2 | 1970-01-01 1970-01-02 | 0.5 0.5");
    let dictionary: ArrayRef =
        Arc::new(vec![Some("x"), None, Some("x")].into_iter().collect::<DictionaryArray<Int32Type>>());
    assert_eq!(assigned(&[dictionary], "0 1 0"), "x null");
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(vec![
        Some(vec![Some(1)]),
        None,
        Some(vec![Some(1)]),
    ]));
    assert_eq!(assigned(&[lists], "0 1 0"), "[1] null");
    assert!(Grouper::new(&[]).is_err());
}

#[test]
fn wrong_keys() {
    let mut grouper = Grouper::new(&[DataType::Int64, DataType::Utf8]).expect("keys");
    let one = ints(&[Some(1)]);
    assert!(grouper.assign(&[Arc::clone(&one)], &mut Unmetered).is_err());
    assert!(grouper.assign(&[Arc::clone(&one), Arc::clone(&one)], &mut Unmetered).is_err());
    assert!(grouper.assign(&[one, texts(&[])], &mut Unmetered).is_err());
    let empty = grouper.assign(&[ints(&[]), texts(&[])], &mut Unmetered).expect("no rows");
    assert_eq!((empty.len(), grouper.count()), (0, 0));
}

fn joined(kind: JoinKind, most: u32) -> String {
    let mut joiner = Joiner::new(&[DataType::Int64]).expect("keys");
    joiner.build(&[ints(&[Some(1), Some(2), None])], &mut Unmetered).expect("builds");
    joiner.build(&[ints(&[Some(1), Some(5)])], &mut Unmetered).expect("builds");
    let probe = ints(&[Some(2), None, Some(1), Some(9), Some(1)]);
    let mut matches = joiner.probe(&[probe], kind, &mut Unmetered).expect("probes");
    let (mut probes, mut builds) = (Vec::new(), Vec::new());
    while let Some((probe, build)) = matches.next(most, &mut Unmetered).expect("matches") {
        assert!(probe.len() <= most as usize);
        probes.push(shown(&probe));
        builds.push(shown(&build));
    }
    assert_eq!(shown(&joiner.unmatched(&mut Unmetered).expect("rows")), "2 4");
    format!("{} | {}", probes.join(" "), builds.join(" ").trim())
}

#[test]
fn joins() {
    for most in [1, 2, 3, 100] {
        assert_eq!(joined(JoinKind::Inner, most), "0 2 2 4 4 | 1 0 3 0 3");
        assert_eq!(joined(JoinKind::Outer, most), "0 1 2 2 3 4 4 | 1 null 0 3 null 0 3");
        assert_eq!(joined(JoinKind::Semi, most), "0 2 4 |");
        assert_eq!(joined(JoinKind::Anti, most), "1 3 |");
    }
}

fn sorted(keys: &[(&ArrayRef, bool, bool)], limit: Option<u32>) -> String {
    let keys: Vec<SortKey> = keys
        .iter()
        .map(|(column, descending, nulls_first)| SortKey {
            column: Arc::clone(column),
            descending: *descending,
            nulls_first: *nulls_first,
        })
        .collect();
    shown(&sort_indices(&keys, limit, &mut Unmetered).expect("sorts"))
}

#[test]
fn sorts() {
    let a = floats(&[Some(2.0), None, Some(f64::NAN), Some(-0.0), Some(0.0), Some(2.0)]);
    assert_eq!(sorted(&[(&a, false, false)], None), "3 4 0 5 2 1");
    assert_eq!(sorted(&[(&a, true, false)], None), "2 0 5 3 4 1");
    assert_eq!(sorted(&[(&a, false, true)], Some(3)), "1 3 4");
    assert_eq!(sorted(&[(&a, false, false)], Some(0)), "");
    let b = ints(&[Some(i64::MIN), Some(i64::MAX), Some(-1), Some(0)]);
    assert_eq!(sorted(&[(&b, false, false)], None), "0 2 3 1");
    assert_eq!(sorted(&[(&b, true, false)], Some(2)), "1 3");
    let (c, d) = (texts(&[Some("b"), Some("a"), None, Some("b")]), small(&[1, 2, 3, 0]));
    assert_eq!(sorted(&[(&c, false, false), (&d, true, false)], None), "1 0 3 2");
    assert_eq!(sorted(&[(&c, true, true), (&d, false, false)], Some(2)), "2 3");
    assert_eq!(sorted(&[(&c, false, false)], None), "1 0 3 2");
    assert!(sort_indices(&[], None, &mut Unmetered).is_err());
}
