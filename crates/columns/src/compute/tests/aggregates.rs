//! Aggregation: by hand, merged from states, and against a naive map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::compute::{Accumulator, Grouper, reduce};

fn aggregate(function: &str, values: &[ArrayRef], of: &[u32], count: u32, options: &str) -> String {
    let types: Vec<_> = values.iter().map(|array| array.data_type().clone()).collect();
    let make = || Accumulator::new(function, &types, options).expect("a function");
    let mut whole = make();
    whole.update(values, &groups(of), count, &mut Unmetered).expect("adds");
    let result = whole.finish(&mut Unmetered).expect("finishes");
    assert_eq!(result.data_type(), &whole.result_type(), "{function}");
    assert_eq!(result.len(), count as usize, "{function}");
    // In two halves, of which the second comes as a state.
    let (mut first, mut second, mut middle) = (make(), make(), of.len() / 2);
    if values.is_empty() {
        middle = 0;
    }
    let part = |from: usize, length: usize| values.iter().map(|array| array.slice(from, length)).collect::<Vec<_>>();
    first.update(&part(0, middle), &groups(&of[..middle]), count, &mut Unmetered).expect("adds");
    second.update(&part(middle, of.len() - middle), &groups(&of[middle..]), count, &mut Unmetered).expect("adds");
    let states = second.state(&mut Unmetered).expect("has a state");
    let all: Vec<u32> = (0..count).collect();
    first.merge(&states, &groups(&all), count, &mut Unmetered).expect("merges");
    let merged = first.finish(&mut Unmetered).expect("finishes");
    assert_eq!(shown(&merged), shown(&result), "{function} merged");
    shown(&result)
}

#[test]
fn by_hand() {
    let of = [0, 1, 0, 2, 1, 0];
    let a = ints(&[Some(1), Some(10), None, None, Some(20), Some(4)]);
    let expected = [
        ("sum", "5 30 null 0"),
        ("min", "1 10 null"),
        ("max", "4 20 null"),
        ("mean", "2.5 15.0 null"),
        ("count", "2 2 0"),
        ("count_distinct", "2 2 0"),
        ("first", "1 10 null"),
        ("last", "4 20 null"),
        ("variance", "4.5 50.0 null"),
        ("median", "2.5 15.0 null"),
        ("list", "[1, 4] [10, 20] null"),
    ];
    for (function, expected) in expected {
        let expected =
            expected.trim_end_matches(" 0").to_owned() + if function.starts_with("count") { " 0" } else { "" };
        assert_eq!(aggregate(function, &[Arc::clone(&a)], &of, 3, ""), expected, "{function}");
    }
    assert_eq!(aggregate("count", &[Arc::clone(&a)], &of, 3, r#"{"mode": "all"}"#), "3 2 1");
    assert_eq!(aggregate("count", &[], &of, 4, ""), "3 2 1 0");
    assert_eq!(aggregate("quantile", &[a], &of, 3, r#"{"q": 0.9}"#), "3.7 19.0 null");
    let t = texts(&[Some("b"), Some("x"), Some("a"), None, Some("longer than eight bytes"), Some("c")]);
    assert_eq!(aggregate("min", &[Arc::clone(&t)], &of, 3, ""), "a longer than eight bytes null");
    assert_eq!(aggregate("string_agg", &[t], &of, 3, r#"{"separator": "+"}"#), "b+a+c x+longer than eight bytes null");
    let b = bools(&[Some(true), Some(false), Some(false), None, None, None]);
    assert_eq!(aggregate("any", &[Arc::clone(&b)], &of, 3, ""), "true false null");
    assert_eq!(aggregate("all", &[b], &of, 3, ""), "false false null");
    let f = floats(&[Some(1.5), Some(f64::NAN), Some(-0.5), None, Some(1.0), None]);
    assert_eq!(aggregate("max", &[Arc::clone(&f)], &of, 3, ""), "1.5 NaN null");
    assert_eq!(aggregate("sum", &[f], &of, 3, ""), "1.0 NaN null");
    assert_eq!(aggregate("sum", &[decimals(&[150, 250], 2)], &[0, 0], 1, ""), "4.00");
    assert_eq!(aggregate("max", &[times(&[5, 7], Some("UTC"))], &[0, 0], 1, ""), "1970-01-01T00:00:00.000007Z");
    assert_eq!(aggregate("first", &[decimals(&[1, 2], 0)], &[0, 0], 1, ""), "1");
}

#[test]
fn whole_columns() {
    let sum = |array: &ArrayRef| reduce("sum", array, "", &mut Unmetered);
    assert_eq!(sum(&ints(&[Some(1), None, Some(2)])), Ok(Scalar::Int64(3)));
    assert_eq!(sum(&ints(&[])), Ok(Scalar::Null));
    assert_eq!(reduce("count", &ints(&[None]), "", &mut Unmetered), Ok(Scalar::Int64(0)));
    assert_eq!(sum(&ints(&[Some(i64::MAX), Some(1), Some(-1)])), Ok(Scalar::Int64(i64::MAX)));
    let overflow = sum(&ints(&[Some(i64::MAX), Some(1)])).expect_err("does not fit");
    assert_eq!(overflow.code, "integer-overflow");
    assert_eq!(reduce("stddev", &ints(&[Some(1)]), "", &mut Unmetered), Ok(Scalar::Null));
}

#[test]
fn wrong_groups() {
    let mut sum = Accumulator::new("sum", &[arrow::datatypes::DataType::Int64], "").expect("a function");
    let one = ints(&[Some(1)]);
    let code = |result: Result<(), Failure>| result.expect_err("refused").code;
    assert_eq!(code(sum.update(&[Arc::clone(&one)], &groups(&[3]), 3, &mut Unmetered)), "out-of-bounds");
    assert_eq!(code(sum.update(&[Arc::clone(&one)], &groups(&[0, 0]), 3, &mut Unmetered)), "out-of-bounds");
    assert_eq!(code(sum.update(&[], &groups(&[0]), 3, &mut Unmetered)), "type-mismatch");
    assert_eq!(code(sum.update(&[texts(&[Some("x")])], &groups(&[0]), 3, &mut Unmetered)), "type-mismatch");
    assert_eq!(code(sum.merge(&[one], &groups(&[0]), 1, &mut Unmetered)), "type-mismatch");
}

type Row = (Option<u8>, Option<String>, Option<i32>);

proptest! {
    #[test]
    fn sums_are_those_of_a_map(rows in prop::collection::vec(
        (prop::option::of(0_u8..4), prop::option::of("[a-c]{0,10}"), prop::option::of(any::<i32>())), 0..300)) {
        let rows: Vec<Row> = rows;
        let numbers = ints(&rows.iter().map(|row| row.0.map(i64::from)).collect::<Vec<_>>());
        let names = texts(&rows.iter().map(|row| row.1.as_deref()).collect::<Vec<_>>());
        let values = ints(&rows.iter().map(|row| row.2.map(i64::from)).collect::<Vec<_>>());
        let types = [numbers.data_type().clone(), names.data_type().clone()];
        let mut grouper = Grouper::new(&types).expect("keys");
        let mut sum = Accumulator::new("sum", &[values.data_type().clone()], "").expect("a function");
        // In batches of 64, as a pipeline would.
        for from in (0..rows.len()).step_by(64) {
            let length = 64.min(rows.len() - from);
            let keys = [numbers.slice(from, length), names.slice(from, length)];
            let of = grouper.assign(&keys, &mut Unmetered).expect("groups");
            sum.update(&[values.slice(from, length)], &of, grouper.count(), &mut Unmetered).expect("adds");
        }
        let mut naive: BTreeMap<(Option<u8>, Option<String>), Option<i64>> = BTreeMap::new();
        let mut order = Vec::new();
        for (number, name, value) in &rows {
            let total = naive.entry((*number, name.clone())).or_insert_with(|| {
                order.push((*number, name.clone()));
                None
            });
            if let Some(value) = value {
                *total = Some(total.unwrap_or(0) + i64::from(*value));
            }
        }
        let keys = grouper.keys(&mut Unmetered).expect("keys");
        let totals = sum.finish(&mut Unmetered).expect("sums");
        prop_assert_eq!(grouper.count() as usize, order.len());
        prop_assert_eq!(shown(&keys[0]), shown(&ints(&order.iter().map(|key| key.0.map(i64::from)).collect::<Vec<_>>())));
        prop_assert_eq!(shown(&keys[1]), shown(&texts(&order.iter().map(|key| key.1.as_deref()).collect::<Vec<_>>())));
        prop_assert_eq!(shown(&totals), shown(&ints(&order.iter().map(|key| naive[key]).collect::<Vec<_>>())));
    }
}
