//! Hostile use of the whole table: every function with every type, extremes, deadlines, fuel.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, make_array, new_null_array};
use arrow::datatypes::{DataType, TimeUnit};
use jackfield_columns::compute::{
    Accumulator, Argument, Grouper, Scalar, SortKey, call, functions, reduce, result_type, sort_indices,
};
use jackfield_columns::{FailureKind, Unmetered, plain_type};

use crate::every_type::{ORDERED, lists, structs, values};
use crate::suite::*;

/// Columns of all sorts of types, each of the same three rows: two values, a null.
fn columns() -> Vec<ArrayRef> {
    let mut columns: Vec<ArrayRef> = ORDERED.iter().map(|(name, low, high)| values(name, low, high)).collect();
    columns.extend([lists(), structs(), new_null_array(&DataType::Null, 3)]);
    columns.push(floats(&[Some(f64::NAN), Some(-0.0), None]));
    columns.push(floats(&[Some(f64::MAX), Some(f64::NEG_INFINITY), None]));
    columns.push(texts(&[Some("ß%\\1("), Some(""), None]));
    columns.push(decimals(&[10_i128.pow(38) - 1, 1 - 10_i128.pow(38), 0], 38, 2));
    columns.push(as_type(&small(&[i32::MAX, i32::MIN, 0]), "date"));
    let ends = ints(&[Some(i64::MAX), Some(i64::MIN), None]);
    for name in [
        "date64",
        "time[ns]",
        "timestamp[s]",
        "timestamp[ns]",
        "timestamp[s, Europe/Paris]",
        "timestamp[s, +02:00]",
        "duration[s]",
        "duration[ns]",
    ] {
        columns.push(as_type(&ends, name));
    }
    let nowhere = as_type(&ends, "timestamp[s]").to_data().into_builder();
    let nowhere = nowhere.data_type(DataType::Timestamp(TimeUnit::Second, Some("no/where".into())));
    columns.push(make_array(nowhere.build().unwrap()));
    for name in [
        "interval",
        "interval[day-time]",
        "map<utf8, int64>",
        "fixed-size-list<int8, 2>",
        "utf8-view",
        "decimal32(5,2)",
    ] {
        columns.push(new_null_array(&kind(name), 3));
    }
    columns
}

const OPTIONS: &[&str] = &[
    "",
    r#"{"to_type": "timestamp[UTC]"}"#,
    r#"{"to_type": "int8"}"#,
    r#"{"to_type": "utf8"}"#,
    r#"{"to_type": "list<utf8>"}"#,
    r#"{"to_type": "dictionary<int8, utf8>"}"#,
    r#"{"to_type": "decimal(3,2)"}"#,
    r#"{"pattern": "(a)*|[b-z]+$", "replacement": "\\1\\9", "global": true}"#,
    r#"{"pattern": "(", "group": -1}"#,
    r#"{"format": "%Y %z %Q"}"#,
    r#"{"format": "%s%+"}"#,
    r#"{"unit": "week"}"#,
    r#"{"unit": "nanosecond"}"#,
    r#"{"ndigits": 9223372036854775807, "round_mode": "half_to_odd"}"#,
    r#"{"ndigits": -37}"#,
    r#"{"start": -9223372036854775808, "stop": 9223372036854775807}"#,
    r#"{"start": 5, "stop": -9223372036854775808, "length": 1}"#,
    r#"{"value_set": [1, -1.5, "x", null, true]}"#,
    r#"{"q": 2}"#,
    r#"{"index": -9223372036854775808}"#,
    r#"{"name": "a"}"#,
    r#"{"width": 9223372036854775807, "padding": "ß"}"#,
    r#"{"timezone": "Europe/Paris", "ambiguous": "latest", "nonexistent": "earliest"}"#,
    r#"{"unit": "nanosecond", "multiple": 1000000000}"#,
    r#"{"unit": "year", "multiple": 1000000000, "week_starts_monday": false}"#,
    r#"{"offset": -9223372036854775808}"#,
    r#"{"period": 9223372036854775807}"#,
    r#"{"pattern": "a", "max_splits": 0, "reverse": true}"#,
    r#"{"pattern": "(?P<x>.)(?P<y>%)?", "ignore_case": true}"#,
    r#"{"start": -9223372036854775808, "stop": -1, "replacement": "ß"}"#,
    r#"{"start": 0, "stop": 9223372036854775807, "step": 9223372036854775807}"#,
    r#"{"skip_nulls": true}"#,
    r#"{"sort_keys": "descending", "null_placement": "at_start", "tiebreaker": "dense"}"#,
    r#"{"multiple": 1e-30, "round_mode": "up"}"#,
    r#"{"seed": -1}"#,
    r#"{"key": ""}"#,
    r#"{"biased": false}"#,
];

fn tried(function: &str, arguments: &[Argument], options: &str) {
    let types = arguments.iter().map(|argument| match argument {
        Argument::Column(array) => array.data_type().clone(),
        Argument::Scalar(scalar) => scalar.data_type(),
    });
    let types: Vec<DataType> = types.collect();
    let told_type = result_type(function, &types, options);
    // With the memory that a plugin has, so that what is made of the largest numbers stays within it.
    let mut budget = Budget::new(u64::MAX, 4 << 20);
    match call(function, arguments, options, 1, None, &mut budget) {
        Ok(outcome) => {
            let columns = arguments.iter().all(|argument| matches!(argument, Argument::Column(_)));
            if columns && !arguments.is_empty() {
                assert_eq!(told_type.as_ref(), Ok(outcome.values.data_type()), "{function} {types:?} {options}");
            }
            outcome.values.to_data().validate_full().unwrap_or_else(|error| panic!("{function} {types:?}: {error}"));
            told(&outcome);
        }
        Err(failure) => {
            assert_ne!(failure.kind, FailureKind::Internal, "{function} {types:?} {options}: {failure}");
        }
    }
}

#[test]
fn k07_every_function_with_every_type_and_arity() {
    let columns = columns();
    let flags = column(&bools(&[Some(true), Some(false), None]));
    let scalars = [null(), int(i64::MIN), float(f64::NAN), text("%("), Argument::Scalar(Scalar::Binary(vec![255]))];
    for function in functions().iter().filter(|function| !function.aggregates()) {
        let name = function.name;
        for options in OPTIONS {
            tried(name, &[], options);
            for first in &columns {
                tried(name, &[column(first)], options);
            }
        }
        for (index, first) in columns.iter().enumerate() {
            // A third of all pairs, another one for each first column, is quick enough to run always.
            for second in columns.iter().skip(index % 3).step_by(3) {
                tried(name, &[column(first), column(second)], "");
            }
            for scalar in &scalars {
                tried(name, &[column(first), scalar.clone()], "");
                tried(name, &[scalar.clone(), column(first)], "");
                tried(name, &[column(first), scalar.clone(), scalar.clone()], "");
                tried(name, &[scalar.clone(), scalar.clone(), column(first), scalar.clone()], "");
            }
            tried(name, &[flags.clone(), column(first), column(first)], "");
            tried(name, &[column(first), int(1), column(first)], "");
        }
    }
}

#[test]
fn k07_every_aggregate_sort_and_group_with_every_type() {
    for array in columns() {
        let data_type = array.data_type().clone();
        for function in functions().iter().filter(|function| function.aggregates()) {
            for options in OPTIONS {
                if let Err(failure) = reduce(function.name, &array, options, &mut Unmetered) {
                    assert_ne!(failure.kind, FailureKind::Internal, "{} {data_type:?}: {failure}", function.name);
                }
            }
            let Ok(mut accumulator) = Accumulator::new(function.name, &[data_type.clone()], "") else { continue };
            let state = accumulator.state(&mut Unmetered).unwrap();
            accumulator.merge(&state, &groups(&[]), 2, &mut Unmetered).unwrap();
            let result = accumulator.finish(&mut Unmetered).unwrap();
            assert_eq!((result.data_type(), result.len()), (&accumulator.result_type(), 2), "{}", function.name);
        }
        for descending in [false, true] {
            let key = SortKey { column: array.clone(), descending, nulls_first: false };
            match sort_indices(&[key.clone(), key], None, &mut Unmetered) {
                Ok(order) => assert_eq!(order.len(), 3),
                Err(failure) => assert_ne!(failure.kind, FailureKind::Internal, "{data_type:?}: {failure}"),
            }
        }
        if let Ok(mut grouper) = Grouper::new(&[data_type.clone()]) {
            match grouper.assign(&[array], &mut Unmetered).and_then(|_| grouper.keys(&mut Unmetered)) {
                Ok(keys) => assert_eq!(*keys[0].data_type(), plain_type(&data_type)),
                Err(failure) => assert_ne!(failure.kind, FailureKind::Internal, "{data_type:?}: {failure}"),
            }
        }
    }
}

#[test]
fn k06_deadlines_stop_kernels_early() {
    let rows = 1 << 22;
    let a: ArrayRef = Arc::new(Int64Array::from_value(7, rows));
    let mut budget = Budget::new(3 << 20, u64::MAX);
    let failure = call("add", &[column(&a), int(1)], "", 0, None, &mut budget).unwrap_err();
    assert_eq!(failure.code, "deadline");
    // Within a single long text, too.
    let long = texts(&[Some("ab".repeat(4 << 20).as_str())]);
    let mut budget = Budget::new(0, u64::MAX);
    assert_eq!(
        call("utf8_replace", &[text("a"), text("a"), text("b")], "", 1, None, &mut budget).unwrap_err().code,
        "deadline"
    );
    let arguments = [column(&long), text("a"), text("b")];
    let weight = (8 << 20) / 8 * 8 + 100;
    let mut budget = Budget::new(weight, u64::MAX);
    assert_eq!(call("utf8_replace", &arguments, "", 0, None, &mut budget).unwrap_err().code, "deadline");
    let key = SortKey { column: a.clone(), descending: false, nulls_first: false };
    assert_eq!(sort_indices(&[key], None, &mut Budget::new(1 << 20, u64::MAX)).unwrap_err().code, "deadline");
    let mut grouper = Grouper::new(&[DataType::Int64]).unwrap();
    assert_eq!(grouper.assign(&[a.clone()], &mut Budget::new(1 << 18, u64::MAX)).unwrap_err().code, "deadline");
    assert_eq!(reduce("sum", &a, "", &mut Budget::new(1 << 20, u64::MAX)).unwrap_err().code, "deadline");
}

/// Fuel follows bytes and the function's weight.
#[test]
fn fuel_is_charged_by_bytes() {
    let charged = |function: &str, arguments: &[Argument]| {
        let mut budget = Budget::new(u64::MAX, u64::MAX);
        call(function, arguments, "", 1, None, &mut budget).unwrap();
        budget.worked
    };
    let thousand = ints(&[Some(3); 1000]);
    let add = charged("add", &[column(&thousand), column(&thousand)]);
    assert!((2000..2600).contains(&add), "{add}");
    let divide = charged("divide", &[column(&thousand), column(&thousand)]);
    assert!((add * 4..add * 4 + 10).contains(&divide), "four times as much: {divide}");
    let slice = charged("add", &[column(&thousand.slice(7, 100)), column(&thousand.slice(9, 100))]);
    assert!((200..300).contains(&slice), "of a slice the slice's: {slice}");
    let (short, long) = (texts(&[Some("a"); 100]), texts(&[Some(&*"a".repeat(1000)); 100]));
    let (short, long) = (charged("utf8_upper", &[column(&short)]), charged("utf8_upper", &[column(&long)]));
    assert!(long > 100 * 1000 / 8 * 4 && short < 1000, "{short} {long}");
    for function in functions() {
        assert!(function.weight > 0, "{}", function.name);
    }
}

#[test]
fn results_are_asked_for_before_they_are_made() {
    let a: ArrayRef = Arc::new(Int64Array::from_value(7, 1 << 20));
    for (function, arguments) in [
        ("add", vec![column(&a), int(1)]),
        ("greater", vec![column(&a), int(1)]),
        ("coalesce", vec![column(&a), int(1)]),
        ("negate", vec![column(&a)]),
        ("sqrt", vec![column(&a)]),
    ] {
        let failure = call(function, &arguments, "", 0, None, &mut Budget::new(u64::MAX, 1 << 10)).unwrap_err();
        assert_eq!(failure.code, "memory", "{function}");
    }
    let mut grouper = Grouper::new(&[DataType::Utf8]).unwrap();
    let mut budget = Budget::new(u64::MAX, 4 << 20);
    let failed = (0..1000).find_map(|batch| {
        let keys: Vec<String> = (0..100).map(|row| format!("{batch} {row} {}", "x".repeat(1024))).collect();
        let keys = texts(&keys.iter().map(|key| Some(key.as_str())).collect::<Vec<_>>());
        grouper.assign(&[keys], &mut budget).err()
    });
    assert_eq!(failed.unwrap().code, "memory", "K05: endless distinct keys of a kilobyte");
}
