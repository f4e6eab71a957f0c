//! How calls go, whatever the function: lengths, names, masks, constants, chunks.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array};
use jackfield_columns::compute::{Outcome, Scalar, call, functions, reduce, reference, result_type};
use jackfield_columns::{Failure, Unmetered};

use crate::suite::*;

#[test]
fn wrong_calls_are_refused() {
    let code = |result: Result<Outcome, Failure>| result.unwrap_err().code;
    let one = ints(&[Some(1)]);
    assert_eq!(code(run("no_such", &[], "")), "unknown-function");
    assert_eq!(code(run("sum", &[column(&one)], "")), "unknown-function");
    assert_eq!(code(run("add", &[column(&one)], "")), "type-mismatch");
    assert_eq!(code(run("add", &[column(&one), int(1), int(1)], "")), "type-mismatch");
    assert_eq!(code(run("add", &[column(&one), int(1)], r#"{"x": 1}"#)), "unknown-option");
    for (options, expected) in [("[]", "syntax"), ("{", "syntax"), ("1", "syntax"), ("null", ""), (" ", "")] {
        match run("add", &[column(&one), int(1)], options) {
            Ok(outcome) => assert_eq!((shown(&outcome.values).as_str(), expected), ("2", "")),
            Err(failure) => assert_eq!(failure.code, expected, "{options}"),
        }
    }
    let deep = "[".repeat(100_000);
    assert_eq!(code(run("add", &[column(&one), int(1)], &format!(r#"{{"x": {deep}}}"#))), "syntax");
    assert_eq!(run("ad", &[], "").unwrap_err().help.as_deref(), Some("did you mean add?"));
}

/// What a plugin says comes back shortened.
#[test]
fn messages_are_short() {
    let long = "x".repeat(1 << 19);
    let one = column(&ints(&[Some(1)]));
    for failure in [
        run(&long, &[], "").unwrap_err(),
        run("add", &[one.clone(), int(1)], &format!(r#"{{"{long}": 1}}"#)).unwrap_err(),
        run("equal", &[column(&dates(&[0])), text(&long)], "").unwrap_err(),
        run("cast", &[text(&long)], r#"{"to_type": "int8"}"#).unwrap().first.unwrap(),
        run("cast", &[one], &format!(r#"{{"to_type": "{}"}}"#, "x".repeat(4000))).unwrap_err(),
    ] {
        let told = failure.message.len()
            + failure.parameter.map_or(0, |text| text.len())
            + failure.help.map_or(0, |text| text.len());
        assert!(told < 600, "{told} bytes");
    }
}

#[test]
fn k02_columns_of_another_length_are_refused() {
    let (one, two) = (ints(&[Some(1)]), ints(&[Some(1), Some(2)]));
    for function in functions().iter().filter(|function| !function.aggregates()) {
        for arguments in [vec![column(&one), column(&two)], vec![int(1), column(&two), column(&one)]] {
            let failure = run(function.name, &arguments, "").unwrap_err();
            assert_eq!(failure.code, "out-of-bounds", "{}", function.name);
        }
        for only in [BooleanArray::from(vec![true; 2]), BooleanArray::from(Vec::<bool>::new())] {
            let failure = call(function.name, &[column(&one)], "", 1, Some(&only), &mut Unmetered).unwrap_err();
            assert_eq!(failure.code, "out-of-bounds", "{}", function.name);
        }
    }
}

#[test]
fn only_some_rows() {
    let a = ints(&[Some(1), Some(0), Some(0), Some(2)]);
    let only = BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]);
    let outcome = call("divide", &[int(8), column(&a)], "", 0, Some(&only), &mut Unmetered).unwrap();
    assert_eq!(told(&outcome), "8 null null 4");
    let only = BooleanArray::from(vec![false, false, true, true]);
    let outcome = call("divide", &[int(8), column(&a)], "", 0, Some(&only), &mut Unmetered).unwrap();
    assert_eq!(told(&outcome), "null null !division-by-zero 4");
    let constant = call("divide", &[int(8), int(0)], "", 3, None, &mut Unmetered).unwrap();
    assert_eq!(told(&constant), "!division-by-zero ! !");
    let only = BooleanArray::from(vec![Some(false), None, Some(true)]);
    let constant = call("divide", &[int(8), int(0)], "", 3, Some(&only), &mut Unmetered).unwrap();
    assert_eq!(told(&constant), "null null !division-by-zero");
    let none =
        call("divide", &[int(8), int(0)], "", 3, Some(&BooleanArray::from(vec![false; 3])), &mut Unmetered).unwrap();
    assert_eq!(told(&none), "null null null");
    let nothing = call("divide", &[int(8), int(0)], "", 0, None, &mut Unmetered).unwrap();
    assert!(nothing.values.is_empty() && nothing.failed.is_none());
}

/// Chunk by chunk is what the whole is, also where rows fail in a later chunk.
#[test]
fn chunks_are_put_together() {
    let rows = 1 << 22;
    let values: Vec<i64> = (0..rows).map(|row| if row % 1_500_000 == 1_499_999 { i64::MAX } else { row }).collect();
    let a: ArrayRef = Arc::new(Int64Array::from(values));
    let mut budget = Budget::new(u64::MAX, u64::MAX);
    let outcome = call("add_checked", &[column(&a), int(1)], "", 0, None, &mut budget).unwrap();
    assert!(budget.looks > 1, "it is more than one chunk");
    let failed: Vec<usize> = outcome.failed.as_ref().unwrap().values().set_indices().collect();
    assert_eq!(failed, [1_499_999, 2_999_999]);
    assert_eq!(outcome.first.unwrap().row, Some(1_499_999));
    assert_eq!(outcome.values.len(), rows as usize);
    assert_eq!(reduce("max", &outcome.values, "", &mut Unmetered), Ok(Scalar::Int64(rows)));
    assert_eq!(outcome.values.null_count(), 2);
}

#[test]
fn typed_scalars() {
    let date = |text: &str| jackfield_columns::compute::Argument::Scalar(Scalar::Typed(kind("date"), text.to_owned()));
    let outcome = run("less", &[column(&dates(&[0, 20_000])), date("2000-01-01")], "").unwrap();
    assert_eq!(told(&outcome), "true false");
    assert_eq!(run("less", &[column(&dates(&[0])), date("soon")], "").unwrap_err().code, "invalid-cast");
    let negative = Scalar::Typed(arrow::datatypes::DataType::Decimal128(5, -2), "100".to_owned());
    assert_eq!(negative.to_array().unwrap_err().code, "invalid-type");
}

#[test]
fn the_table_is_complete() {
    let page = reference();
    let mut names: Vec<&str> = functions().iter().map(|function| function.name).collect();
    for function in functions() {
        assert!(!function.doc.is_empty() && function.weight > 0, "{}", function.name);
        assert!(page.contains(&format!("| `{}` |", function.name)), "{}", function.name);
    }
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "names are unique");
    assert_eq!(result_type("sum", &[kind("int8")], "").unwrap(), kind("int64"));
}
