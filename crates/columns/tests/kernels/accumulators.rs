//! Aggregation: by hand, over slices, merged from states, and hostile states.

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::datatypes::DataType;
use jackfield_columns::compute::{Accumulator, Scalar, reduce};
use jackfield_columns::{Failure, Unmetered};

use crate::every_type::{ORDERED, lists, structs, values};
use crate::suite::*;

fn new(function: &str, types: &[DataType], options: &str) -> Accumulator {
    Accumulator::new(function, types, options).unwrap_or_else(|failure| panic!("{function}: {failure}"))
}

/// The results per group; the same must come of slices, and of two halves of which one comes as a state.
fn aggregate(suite: &mut Suite, function: &str, values: &[ArrayRef], of: &[u32], count: u32, options: &str) -> String {
    let types: Vec<_> = values.iter().map(|array| array.data_type().clone()).collect();
    suite.note(function, types.iter());
    let mut whole = new(function, &types, options);
    whole.update(values, &groups(of), count, &mut Unmetered).unwrap();
    let result = whole.finish(&mut Unmetered).unwrap();
    assert_eq!((result.data_type(), result.len()), (&whole.result_type(), count as usize), "{function}");
    result.to_data().validate_full().unwrap();
    assert_eq!(whole.finish(&mut Unmetered).unwrap().len(), 0, "{function} is empty afterwards");
    let slices: Vec<ArrayRef> = values.iter().map(sliced).collect();
    let mut again = new(function, &types, options);
    again.update(&slices, &groups(of), count, &mut Unmetered).unwrap();
    assert_eq!(shown(&again.finish(&mut Unmetered).unwrap()), shown(&result), "{function} on slices");
    let (mut first, mut second, middle) =
        (new(function, &types, options), new(function, &types, options), of.len() / 2);
    let part = |from: usize, length: usize| values.iter().map(|array| array.slice(from, length)).collect::<Vec<_>>();
    first.update(&part(0, middle), &groups(&of[..middle]), count, &mut Unmetered).unwrap();
    second.update(&part(middle, of.len() - middle), &groups(&of[middle..]), count, &mut Unmetered).unwrap();
    let states = second.state(&mut Unmetered).unwrap();
    let all: Vec<u32> = (0..count).collect();
    first.merge(&states, &groups(&all), count, &mut Unmetered).unwrap();
    assert_eq!(shown(&first.finish(&mut Unmetered).unwrap()), shown(&result), "{function} merged");
    shown(&result)
}

pub(crate) fn cases(suite: &mut Suite) {
    let of = [0, 1, 0, 2, 1, 0];
    let a = ints(&[Some(1), Some(10), None, None, Some(20), Some(4)]);
    for (function, options, expected) in [
        ("sum", "", "5 30 null"),
        ("min", "", "1 10 null"),
        ("max", "", "4 20 null"),
        ("mean", "", "2.5 15.0 null"),
        ("count", "", "2 2 0"),
        ("count", r#"{"mode": "all"}"#, "3 2 1"),
        ("count_distinct", "", "2 2 0"),
        ("first", "", "1 10 null"),
        ("last", "", "4 20 null"),
        ("variance", "", "4.5 50.0 null"),
        ("variance", r#"{"ddof": 0}"#, "2.25 25.0 null"),
        ("stddev", r#"{"ddof": 0}"#, "1.5 5.0 null"),
        ("median", "", "2.5 15.0 null"),
        ("quantile", r#"{"q": 0.9}"#, "3.7 19.0 null"),
        ("quantile", r#"{"q": 0}"#, "1.0 10.0 null"),
        ("list", "", "[1, 4] [10, 20] null"),
        ("product", "", "4 200 null"),
        ("tdigest", "", "2.5 15.0 null"),
        ("tdigest", r#"{"q": 0}"#, "1.0 10.0 null"),
        ("tdigest", r#"{"q": 1}"#, "4.0 20.0 null"),
        ("approximate_median", "", "2.5 15.0 null"),
        ("skew", "", "0.0 0.0 null"),
        ("kurtosis", "", "-2.0 -2.0 null"),
        ("kurtosis", r#"{"biased": false}"#, "null null null"),
    ] {
        assert_eq!(aggregate(suite, function, &[a.clone()], &of, 3, options), expected, "{function} {options}");
    }
    assert_eq!(aggregate(suite, "count", &[], &of, 4, ""), "3 2 1 0");
    let t = texts(&[Some("b"), Some("x"), Some("a"), None, Some("longer than eight bytes"), Some("c")]);
    assert_eq!(aggregate(suite, "min", &[t.clone()], &of, 3, ""), "a longer than eight bytes null");
    assert_eq!(
        aggregate(suite, "string_agg", &[t], &of, 3, r#"{"separator": "+"}"#),
        "b+a+c x+longer than eight bytes null"
    );
    let b = bools(&[Some(true), Some(false), Some(false), None, None, None]);
    assert_eq!(aggregate(suite, "any", &[b.clone()], &of, 3, ""), "true false null");
    assert_eq!(aggregate(suite, "all", &[b], &of, 3, ""), "false false null");
    assert_eq!(aggregate(suite, "sum", &[decimals(&[150, 250], 5, 2)], &[0, 0], 1, ""), "4.00");
    for nan in [f64::NAN, -f64::NAN] {
        for name in ["float64", "float32"] {
            let f = as_type(&floats(&[Some(1.5), Some(nan), Some(-0.5), None, Some(1.0), None]), name);
            assert_eq!(aggregate(suite, "max", &[f.clone()], &of, 3, ""), "1.5 NaN null");
            assert_eq!(aggregate(suite, "min", &[f.clone()], &of, 3, ""), "-0.5 1.0 null");
            assert_eq!(aggregate(suite, "quantile", &[f.clone()], &of, 3, r#"{"q": 1}"#), "1.5 NaN null");
            assert_eq!(aggregate(suite, "count_distinct", &[f], &of, 3, ""), "2 2 0");
        }
    }
    assert_eq!(aggregate(suite, "list", &[lists()], &[1, 1, 1], 2, ""), "null [[1, null], [2]]");
    assert_eq!(aggregate(suite, "list", &[structs()], &[1, 1, 1], 2, ""), "null [{a: 1}, {a: 2}]");
    every_type(suite);
}

/// What two numbers multiply to, where their middle is, and that they lie evenly about it.
fn shaped(suite: &mut Suite, name: &str, two: &[ArrayRef], of: &[u32]) {
    let fractions = name == "decimal(38,38)";
    let whole = !name.starts_with("float") && !name.starts_with("decimal");
    let (product, middle) = match (fractions, whole) {
        (true, _) => ("0.0", "0.125"),
        (false, true) => ("8", "3.0"),
        (false, false) => ("8.0", "3.0"),
    };
    for (function, expected) in [
        ("product", product),
        ("tdigest", middle),
        ("approximate_median", middle),
        ("skew", "0.0"),
        ("kurtosis", "-2.0"),
    ] {
        assert_eq!(aggregate(suite, function, two, of, 2, ""), format!("null {expected}"), "{function} of {name}");
    }
}

fn every_type(suite: &mut Suite) {
    let of = [1, 1, 1];
    for (name, low, high) in ORDERED {
        let a = [values(name, low, high)];
        let three = each(&a[0]);
        let (low, high) = (three[0].as_str(), three[1].as_str());
        for (function, expected) in [("min", low), ("max", high), ("first", low), ("last", high)] {
            assert_eq!(aggregate(suite, function, &a, &of, 2, ""), format!("null {expected}"), "{function} of {name}");
        }
        assert_eq!(aggregate(suite, "list", &a, &of, 2, ""), format!("null [{low}, {high}]"), "list of {name}");
        assert_eq!(aggregate(suite, "count", &a, &of, 2, ""), "0 2", "{name}");
        assert_eq!(aggregate(suite, "count_distinct", &a, &of, 2, ""), "0 2", "{name}");
        match name.split(['[', '<', '(']).next().unwrap() {
            "int8" | "int16" | "int32" | "uint8" | "uint16" | "uint32" | "float16" | "float32" | "float64"
            | "decimal" => {
                let small = [as_type(&floats(&[Some(0.0), Some(0.25), None]), "decimal(38,38)")];
                let small =
                    if *name == "decimal(38,38)" { small } else { [as_type(&ints(&[Some(2), Some(4), None]), name)] };
                let exact =
                    if *name == "decimal(38,38)" { ["0.125", "0.03125", "0.125"] } else { ["3.0", "2.0", "3.0"] };
                for (function, expected) in
                    [("mean", exact[0]), ("variance", exact[1]), ("median", exact[2]), ("quantile", exact[2])]
                {
                    assert_eq!(
                        aggregate(suite, function, &small, &of, 2, ""),
                        format!("null {expected}"),
                        "{function} of {name}"
                    );
                }
                aggregate(suite, "stddev", &small, &of, 2, "");
                shaped(suite, name, &small, &of);
                let sum = aggregate(suite, "sum", &small, &of, 2, "");
                assert!(sum.starts_with("null 6") || sum.starts_with("null 0.2"), "sum of {name}: {sum}");
            }
            "int64" | "uint64" => {
                let small = [as_type(&ints(&[Some(2), Some(4), None]), name)];
                shaped(suite, name, &small, &of);
                for (function, expected) in [
                    ("sum", "6"),
                    ("mean", "3.0"),
                    ("variance", "2.0"),
                    ("stddev", "1.4142135623730951"),
                    ("median", "3.0"),
                    ("quantile", "3.0"),
                ] {
                    assert_eq!(
                        aggregate(suite, function, &small, &of, 2, ""),
                        format!("null {expected}"),
                        "{function} of {name}"
                    );
                }
            }
            "bool" => {
                for (function, expected) in
                    [("product", "0"), ("sum", "1"), ("mean", "0.5"), ("any", "true"), ("all", "false")]
                {
                    assert_eq!(
                        aggregate(suite, function, &a, &of, 2, ""),
                        format!("null {expected}"),
                        "{function} of {name}"
                    );
                }
            }
            "duration" => assert!(aggregate(suite, "sum", &a, &of, 2, "").starts_with("null PT")),
            "utf8" | "large-utf8" => assert_eq!(aggregate(suite, "string_agg", &a, &of, 2, ""), "null a,b"),
            "dictionary" if name.contains("utf8") => {
                assert_eq!(aggregate(suite, "string_agg", &a, &of, 2, ""), "null a,b")
            }
            "dictionary" => {
                for (function, expected) in [
                    ("product", "-5"),
                    ("skew", "0.0"),
                    ("kurtosis", "-2.0"),
                    ("tdigest", "2.0"),
                    ("approximate_median", "2.0"),
                    ("sum", "4"),
                    ("mean", "2.0"),
                    ("variance", "18.0"),
                    ("stddev", "4.242640687119285"),
                    ("median", "2.0"),
                    ("quantile", "2.0"),
                ] {
                    assert_eq!(
                        aggregate(suite, function, &a, &of, 2, ""),
                        format!("null {expected}"),
                        "{function} of {name}"
                    );
                }
            }
            _ => {}
        }
    }
    for nested in [lists(), structs()] {
        let three = each(&nested);
        assert_eq!(aggregate(suite, "first", &[nested.clone()], &of, 2, ""), format!("null {}", three[0]));
        assert_eq!(aggregate(suite, "last", &[nested.clone()], &of, 2, ""), format!("null {}", three[1]));
        assert_eq!(aggregate(suite, "count_distinct", &[nested.clone()], &of, 2, ""), "0 2");
        assert_eq!(aggregate(suite, "count", &[nested], &of, 2, ""), "0 2");
    }
    for function in [
        "sum",
        "mean",
        "min",
        "max",
        "first",
        "last",
        "any",
        "all",
        "variance",
        "stddev",
        "median",
        "quantile",
        "list",
        "string_agg",
    ] {
        let nothing = [new_null_array(&DataType::Null, 3)];
        assert_eq!(aggregate(suite, function, &nothing, &of, 2, ""), "null null", "{function}");
    }
}

#[test]
fn by_hand() {
    all(cases);
}

#[test]
fn whole_columns() {
    let sum = |array: &ArrayRef| reduce("sum", array, "", &mut Unmetered);
    assert_eq!(sum(&ints(&[Some(1), None, Some(2)])), Ok(Scalar::Int64(3)));
    assert_eq!(sum(&ints(&[])), Ok(Scalar::Null));
    assert_eq!(reduce("count", &ints(&[None]), "", &mut Unmetered), Ok(Scalar::Int64(0)));
    assert_eq!(reduce("count", &ints(&[]), "", &mut Unmetered), Ok(Scalar::Int64(0)));
    assert_eq!(sum(&ints(&[Some(i64::MAX), Some(1), Some(-1)])), Ok(Scalar::Int64(i64::MAX)));
    assert_eq!(sum(&ints(&[Some(i64::MAX), Some(1)])).unwrap_err().code, "integer-overflow");
    let most = decimals(&[10_i128.pow(38) - 1, 1], 38, 0);
    assert_eq!(sum(&most).unwrap_err().code, "integer-overflow");
    let failure = sum(&unsigned(&[1, u64::MAX])).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.row), ("invalid-cast", Some(1)));
    assert_eq!(reduce("stddev", &ints(&[Some(1)]), "", &mut Unmetered), Ok(Scalar::Null));
    assert_eq!(reduce("add", &ints(&[]), "", &mut Unmetered).unwrap_err().code, "unknown-function");
    assert_eq!(reduce("sum", &ints(&[]), r#"{"q": 1}"#, &mut Unmetered).unwrap_err().code, "unknown-option");
    for (options, code) in [(r#"{"q": 1.5}"#, "out-of-bounds"), (r#"{"q": "x"}"#, "out-of-bounds")] {
        assert_eq!(reduce("quantile", &ints(&[]), options, &mut Unmetered).unwrap_err().code, code);
    }
    assert_eq!(reduce("variance", &ints(&[]), r#"{"ddof": 2}"#, &mut Unmetered).unwrap_err().code, "out-of-bounds");
}

#[test]
fn k02_wrong_groups_are_refused() {
    let mut sum = new("sum", &[DataType::Int64], "");
    let one = ints(&[Some(1)]);
    let code = |result: Result<(), Failure>| result.unwrap_err().code;
    assert_eq!(code(sum.update(&[one.clone()], &groups(&[3]), 3, &mut Unmetered)), "out-of-bounds");
    assert_eq!(code(sum.update(&[one.clone()], &groups(&[0, 0]), 3, &mut Unmetered)), "out-of-bounds");
    let null = arrow::array::UInt32Array::from(vec![None]);
    assert_eq!(code(sum.update(&[one.clone()], &null, 3, &mut Unmetered)), "out-of-bounds");
    assert_eq!(code(sum.update(&[], &groups(&[0]), 3, &mut Unmetered)), "type-mismatch");
    assert_eq!(code(sum.update(&[texts(&[Some("x")])], &groups(&[0]), 3, &mut Unmetered)), "type-mismatch");
    assert_eq!(code(sum.merge(&[one], &groups(&[0]), 1, &mut Unmetered)), "type-mismatch");
}

/// A state comes from a plugin: counts that no rows have, nulls, and more groups than there are.
#[test]
fn states_that_lie_do_no_harm() {
    let most = ints(&[Some(i64::MAX)]);
    for value in [ints(&[Some(1), None]), floats(&[Some(1.0), None])] {
        for function in ["count", "sum", "mean", "variance", "stddev"] {
            let mut accumulator = new(function, &[value.data_type().clone()], "");
            let state = accumulator.state(&mut Unmetered).unwrap();
            let state: Vec<ArrayRef> = state
                .iter()
                .map(|column| {
                    if *column.data_type() == DataType::Int64 {
                        most.clone()
                    } else {
                        new_null_array(column.data_type(), 1)
                    }
                })
                .collect();
            for _ in 0..2 {
                accumulator.merge(&state, &groups(&[0]), 1, &mut Unmetered).unwrap();
                for of in [&[0, 0][..], &[1, 0]] {
                    accumulator.update(&[value.clone()], &groups(of), 2, &mut Unmetered).unwrap();
                }
            }
            accumulator.finish(&mut Unmetered).unwrap();
        }
    }
}

/// So many groups that nobody has rows for are asked for before they are made, when adding or at the end.
#[test]
fn k05_groups_without_rows_are_asked_for() {
    for function in [
        "count",
        "count_distinct",
        "sum",
        "mean",
        "min",
        "max",
        "first",
        "last",
        "variance",
        "stddev",
        "median",
        "quantile",
        "list",
        "string_agg",
    ] {
        for name in ["int64", "utf8", "fixed-size-list<int64, 100000>"] {
            let Ok(mut accumulator) = Accumulator::new(function, &[kind(name)], "") else { continue };
            let nothing = new_null_array(&kind(name), 0);
            let mut budget = Budget::new(u64::MAX, 64 << 20);
            let added = accumulator.update(&[nothing], &groups(&[]), u32::MAX - 1, &mut budget);
            let failure = match added {
                Ok(()) => accumulator.finish(&mut budget).unwrap_err(),
                Err(failure) => failure,
            };
            assert_eq!(failure.code, "memory", "{function} of {name}");
        }
    }
    let mut first = new("first", &[kind("fixed-size-list<int64, 100000000>")], "");
    let nothing = new_null_array(&kind("fixed-size-list<int64, 100000000>"), 0);
    first.update(&[nothing], &groups(&[]), 1000, &mut Unmetered).unwrap();
    assert_eq!(first.finish(&mut Unmetered).unwrap_err().code, "too-large");
}

/// Moments of a sample, by their definition, whether gathered at once or merged.
#[test]
fn moments_are_those_of_a_model() {
    let values: Vec<f64> = (0..101).map(|row| f64::from((row * row) % 37) - 3.5).collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let power = |k: i32| values.iter().map(|value| (value - mean).powi(k)).sum::<f64>() / n;
    let (skew, kurtosis) = (power(3) / power(2).powf(1.5), power(4) / power(2).powi(2) - 3.0);
    let unbiased = (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * kurtosis + 6.0);
    let column_of = floats(&values.iter().map(|value| Some(*value)).collect::<Vec<_>>());
    for (function, options, expected) in [
        ("skew", "", skew),
        ("skew", r#"{"biased": false}"#, skew * (n * (n - 1.0)).sqrt() / (n - 2.0)),
        ("kurtosis", "", kurtosis),
        ("kurtosis", r#"{"biased": false}"#, unbiased),
    ] {
        let Scalar::Float64(found) = reduce(function, &column_of, options, &mut Unmetered).unwrap() else { panic!() };
        assert!((found - expected).abs() < 1e-9, "{function}: {found}, {expected}");
    }
}

/// A t-digest tells quantiles to about a hundredth of the rank, and its memory does not grow with the values.
#[test]
fn approximate_quantiles_are_near() {
    let rows = 200_000_i64;
    // All numbers to 200 000 once, in an order of their own.
    let values: Vec<Option<i64>> = (0..rows).map(|row| Some(row * 7_919 % rows)).collect();
    let column_of = ints(&values);
    for q in [0.0, 0.001, 0.1, 0.5, 0.9, 0.999, 1.0] {
        let mut sketch = new("tdigest", &[column_of.data_type().clone()], &format!(r#"{{"q": {q}}}"#));
        let (mut first, half) =
            (new("tdigest", &[column_of.data_type().clone()], &format!(r#"{{"q": {q}}}"#)), rows as usize / 2);
        sketch.update(&[column_of.slice(0, half)], &groups(&vec![0; half]), 1, &mut Unmetered).unwrap();
        first.update(&[column_of.slice(half, half)], &groups(&vec![0; half]), 1, &mut Unmetered).unwrap();
        let state = first.state(&mut Unmetered).unwrap();
        sketch.merge(&state, &groups(&[0]), 1, &mut Unmetered).unwrap();
        assert!(sketch.size() < 64 << 10, "{} bytes", sketch.size());
        let found: f64 = shown(&sketch.finish(&mut Unmetered).unwrap()).parse().unwrap();
        let expected = q * (rows - 1) as f64;
        assert!((found - expected).abs() <= rows as f64 * 0.01, "{q}: {found}, {expected}");
        if q == 0.0 || q == 1.0 {
            assert_eq!(found, expected);
        }
    }
}
