//! Every function with every type and arity, extremes, and the meter.

use arrow::array::new_null_array;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};

use super::*;
use crate::Meter;
use crate::compute::{Accumulator, functions, reduce, reference, result_type};

/// Lets so much pass, and then says no.
struct Budget {
    work: u64,
    memory: u64,
}

impl Meter for Budget {
    fn work(&mut self, units: u64) -> Result<(), Failure> {
        self.work =
            self.work.checked_sub(units).ok_or_else(|| Failure::limit("deadline", "the deadline has passed"))?;
        Ok(())
    }

    fn allocate(&mut self, bytes: u64) -> Result<(), Failure> {
        self.memory = self.memory.checked_sub(bytes).ok_or_else(|| Failure::limit("memory", "too much memory"))?;
        Ok(())
    }
}

/// Columns of all sorts of types, each of the same three rows: an extreme, something ordinary, a null.
fn columns() -> Vec<ArrayRef> {
    let numbers = ints(&[Some(i64::MIN), Some(3), None]);
    let mut columns = vec![
        new_null_array(&DataType::Null, 3),
        bools(&[Some(true), Some(false), None]),
        ints(&[Some(i64::MAX), Some(-1), None]),
        Arc::new(UInt64Array::from(vec![Some(u64::MAX), Some(0), None])),
        floats(&[Some(f64::NAN), Some(-0.0), None]),
        floats(&[Some(f64::MAX), Some(f64::NEG_INFINITY), None]),
        texts(&[Some("ß%\\1("), Some(""), None]),
        cast(&texts(&[Some("a"), Some("b"), None]), &DataType::LargeUtf8).expect("text"),
        cast(&texts(&[Some("a"), Some("a"), None]), &dictionary()).expect("a dictionary"),
        cast(&texts(&[Some("a"), Some(""), None]), &DataType::Binary).expect("binary"),
        new_null_array(&DataType::FixedSizeBinary(3), 3),
        decimals(&[10_i128.pow(38) - 1, -5, 0], 2),
        new_null_array(&DataType::Decimal256(76, 10), 3),
        new_null_array(&DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true))), 3),
        new_null_array(&DataType::Struct(vec![Field::new("a", DataType::Float64, true)].into()), 3),
    ];
    let small = ints(&[Some(100), Some(-3), None]);
    let types =
        [DataType::Int8, DataType::Int16, DataType::Int32, DataType::Float16, DataType::Float32, DataType::UInt8];
    columns.extend(types.iter().map(|to| cast(&small, to).expect("a number")));
    let units = [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];
    for unit in units {
        columns.push(cast(&numbers, &DataType::Timestamp(unit, None)).expect("a timestamp"));
        columns.push(cast(&numbers, &DataType::Duration(unit)).expect("a duration"));
    }
    for zone in ["UTC", "Europe/Paris", "+02:00", "no/where"] {
        let array = cast(&numbers, &DataType::Timestamp(TimeUnit::Second, None)).expect("a timestamp");
        let data = array.to_data().into_builder().data_type(DataType::Timestamp(TimeUnit::Second, Some(zone.into())));
        columns.push(arrow::array::make_array(data.build().expect("the same layout")));
    }
    columns
        .push(cast(&Int32Array::from(vec![Some(i32::MAX), Some(i32::MIN), None]), &DataType::Date32).expect("a date"));
    columns.push(cast(&numbers, &DataType::Date64).expect("a date"));
    columns.push(cast(&numbers, &DataType::Time64(TimeUnit::Nanosecond)).expect("a time"));
    for unit in [IntervalUnit::YearMonth, IntervalUnit::DayTime, IntervalUnit::MonthDayNano] {
        columns.push(new_null_array(&DataType::Interval(unit), 3));
    }
    columns
}

fn dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8))
}

const OPTIONS: &[&str] = &[
    "",
    "{}",
    "[]",
    "{",
    r#"{"to_type": "timestamp[UTC]"}"#,
    r#"{"to_type": "int8"}"#,
    r#"{"to_type": "utf8"}"#,
    r#"{"pattern": "(a)*|[b-z]+$", "replacement": "\\1\\9", "global": true}"#,
    r#"{"pattern": "(", "group": -1}"#,
    r#"{"format": "%Y %z %Q"}"#,
    r#"{"format": "%s%+"}"#,
    r#"{"unit": "week"}"#,
    r#"{"ndigits": 9223372036854775807, "round_mode": "half_to_odd"}"#,
    r#"{"ndigits": -37}"#,
    r#"{"start": -9223372036854775808, "stop": 9223372036854775807}"#,
    r#"{"value_set": [1, -1.5, "x", null, true]}"#,
    r#"{"q": 2}"#,
];

fn tried(function: &str, arguments: &[Argument], options: &str) {
    let types: Vec<DataType> = arguments
        .iter()
        .map(|argument| match argument {
            Argument::Column(array) => array.data_type().clone(),
            Argument::Scalar(scalar) => scalar.data_type(),
        })
        .collect();
    let told = result_type(function, &types, options);
    match run(function, arguments, options) {
        Ok(outcome) => {
            let columns = arguments.iter().any(|argument| matches!(argument, Argument::Column(_)));
            if columns && arguments.iter().all(|argument| matches!(argument, Argument::Column(_))) {
                assert_eq!(told.as_ref(), Ok(outcome.values.data_type()), "{function} {types:?} {options}");
            }
            outcome.values.to_data().validate_full().expect("a valid array");
            assert_eq!(outcome.failed.is_some(), outcome.first.is_some(), "{function} {types:?}");
        }
        Err(failure) => {
            assert_ne!(failure.code, "panic", "{function} {types:?} {options}: {failure}");
            assert_ne!(failure.kind, crate::FailureKind::Internal, "{function} {types:?} {options}: {failure}");
        }
    }
}

#[test]
fn every_function_with_every_type() {
    let columns = columns();
    for function in functions() {
        for options in OPTIONS {
            tried(function.name, &[], options);
            for first in &columns {
                tried(function.name, &[column(first)], options);
            }
        }
        for first in &columns {
            for second in &columns {
                tried(function.name, &[column(first), column(second)], "");
            }
            for scalar in
                [null(), int(i64::MIN), float(f64::NAN), text("%("), Argument::Scalar(Scalar::Binary(vec![255]))]
            {
                tried(function.name, &[column(first), scalar.clone()], "");
                tried(function.name, &[scalar.clone(), column(first)], "");
                tried(function.name, &[column(first), scalar.clone(), scalar.clone()], "");
                tried(function.name, &[scalar.clone(), scalar.clone(), column(first), scalar], "");
            }
            tried(function.name, &[column(&columns[1]), column(first), column(first)], "");
        }
    }
}

#[test]
fn every_aggregate_with_every_type() {
    for function in functions().iter().filter(|function| function.aggregates()) {
        for column in columns() {
            for options in OPTIONS {
                if let Err(failure) = reduce(function.name, &column, options, &mut Unmetered) {
                    assert_ne!(failure.code, "panic", "{} {:?}: {failure}", function.name, column.data_type());
                }
            }
            let Ok(mut accumulator) = Accumulator::new(function.name, &[column.data_type().clone()], "") else {
                continue;
            };
            let state = accumulator.state(&mut Unmetered).expect("an empty state");
            accumulator.merge(&state, &groups(&[]), 2, &mut Unmetered).expect("merges nothing");
            let result = accumulator.finish(&mut Unmetered).expect("finishes");
            assert_eq!((result.data_type(), result.len()), (&accumulator.result_type(), 2), "{}", function.name);
        }
    }
}

#[test]
fn wrong_calls() {
    let code = |result: Result<Outcome, Failure>| result.expect_err("refused").code;
    let one = ints(&[Some(1)]);
    assert_eq!(code(run("no_such", &[], "")), "unknown-function");
    assert_eq!(code(run("sum", &[column(&one)], "")), "unknown-function");
    assert_eq!(code(run("add", &[column(&one)], "")), "type-mismatch");
    assert_eq!(code(run("add", &[column(&one), column(&ints(&[]))], "")), "out-of-bounds");
    assert_eq!(code(run("add", &[column(&one), int(1)], r#"{"x": 1}"#)), "unknown-option");
    let help = run("ad", &[], "").expect_err("refused").help;
    assert_eq!(help.as_deref(), Some("did you mean add?"));
    let only = BooleanArray::from(vec![true, true]);
    assert!(call("add", &[column(&one), int(1)], "", 0, Some(&only), &mut Unmetered).is_err());
}

#[test]
fn text_bombs_are_refused_before_they_are_made() {
    let a = texts(&[Some("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"); 1000]);
    let big = "x".repeat(1 << 20);
    let bombs: [(&str, Vec<Argument>); 5] = [
        ("utf8_replace", vec![column(&a), text("a"), text(&big)]),
        ("utf8_repeat", vec![column(&a), int(i64::MAX)]),
        ("utf8_lpad", vec![column(&a), int(i64::MAX)]),
        ("binary_join_element_wise", vec![column(&a), text(&big), text("")]),
        ("coalesce", vec![column(&a), text(&big)]),
    ];
    for (function, arguments) in bombs {
        let mut budget = Budget { work: u64::MAX, memory: 64 << 20 };
        let failure = call(function, &arguments, "", 0, None, &mut budget).expect_err("refused");
        assert_eq!(failure.code, "memory", "{function}");
    }
    let mut budget = Budget { work: u64::MAX, memory: u64::MAX };
    let failure = call("coalesce", &[text(&big), null()], "", 1 << 20, None, &mut budget).expect_err("refused");
    assert_eq!(failure.code, "too-large");
}

#[test]
fn deadlines_stop_kernels_early() {
    let rows = 1 << 22;
    let a: ArrayRef = Arc::new(Int64Array::from_value(7, rows));
    let mut budget = Budget { work: 3 << 20, memory: u64::MAX };
    let failure = call("add", &[column(&a), int(1)], "", 0, None, &mut budget).expect_err("stopped");
    assert_eq!(failure.code, "deadline");
    // Within a single long text, too.
    let long = texts(&[Some("ab".repeat(4 << 20).as_str())]);
    let mut budget = Budget { work: 8 << 20, memory: u64::MAX };
    let arguments = [column(&long), text("a"), text("b")];
    assert_eq!(call("utf8_replace", &arguments, "", 0, None, &mut budget).expect_err("stopped").code, "deadline");
    // A chunk at a time gives what the whole gives.
    let outcome = call("add", &[column(&a), int(1)], "", 0, None, &mut Unmetered).expect("values");
    assert_eq!(outcome.values.len(), rows);
    assert_eq!(reduce("min", &outcome.values, "", &mut Unmetered), Ok(Scalar::Int64(8)));
}

#[test]
fn patterns_are_limited() {
    let a = texts(&[Some("aaaa")]);
    for pattern in
        ["a".repeat(64 << 10), r"\w{1000}{1000}".to_owned(), "(".repeat(2000), "(a{0,200}){0,200}".to_owned()]
    {
        for function in ["match_substring_regex", "replace_substring_regex", "extract_regex_group"] {
            let arguments = match function {
                "replace_substring_regex" => vec![column(&a), text(&pattern), text("")],
                _ => vec![column(&a), text(&pattern)],
            };
            assert!(run(function, &arguments, "").is_err(), "{function}");
        }
    }
    assert!(run("match_like", &[column(&a), text(&"%_".repeat(32 << 10))], "").is_err());
}

#[test]
fn a_panic_becomes_a_failure() {
    let failure = crate::compute::call::guarded::<()>("test", || panic!("on purpose")).expect_err("a failure");
    assert_eq!((failure.code.as_str(), failure.message.as_str()), ("panic", "the kernel test panicked: on purpose"));
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
}
