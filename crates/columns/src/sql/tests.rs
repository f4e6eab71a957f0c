//! Expressions from the outside: text and columns in, values and failures out.

mod aggregates;
mod branches;
mod conditions;
mod errors;
mod hostile;
mod numbers;
mod predicates;
mod reach;
mod texts;
mod times;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, StringArray, StructArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::{Context, Expression};
use crate::types::type_name;
use crate::{Batch, Failure, Unmetered};

/// Four rows of every sort of column.
fn batch() -> Batch {
    let utc = TimestampMicrosecondArray::from(vec![
        Some(1_372_640_400_000_000), // 2013-07-01T01:00:00Z
        Some(0),
        None,
        Some(1_709_208_245_678_901), // 2024-02-29T12:04:05.678901Z
    ]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("x", Arc::new(Int64Array::from(vec![Some(7), Some(-7), None, Some(0)]))),
        ("y", Arc::new(Int64Array::from(vec![Some(2), Some(2), Some(4), None]))),
        ("big", Arc::new(Int64Array::from(vec![Some(i64::MAX), Some(1), Some(i64::MIN), Some(0)]))),
        ("small", Arc::new(Int32Array::from(vec![Some(1), Some(2), None, Some(-3)]))),
        ("f", Arc::new(Float64Array::from(vec![Some(1.5), Some(-2.5), None, Some(0.0)]))),
        ("carrier", Arc::new(StringArray::from(vec![Some("UA"), Some("B6"), None, Some("grün")]))),
        ("yes", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]))),
        ("d", Arc::new(arrow::array::Date32Array::from(vec![Some(15_706), Some(0), None, Some(19_782)]))),
        ("t", Arc::new(utc.clone())),
        ("z", Arc::new(utc.with_timezone("UTC"))),
        (
            "l",
            Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(vec![
                Some(vec![Some(1), Some(2)]),
                Some(vec![]),
                None,
                Some(vec![None, Some(5)]),
            ])),
        ),
        ("s", {
            let inner: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 4]));
            let field = Arc::new(Field::new("a", DataType::Int64, true));
            let nulls = arrow::buffer::NullBuffer::from(vec![true, true, false, true]);
            Arc::new(StructArray::new(vec![field].into(), vec![inner], Some(nulls)))
        }),
        ("odd name", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let columns = columns.into_iter().map(|(_, array)| array).collect();
    Batch::of(Arc::new(Schema::new(fields)), 4, columns).unwrap()
}

fn parse(text: &str) -> Result<Expression, Failure> {
    Expression::parse(text, batch().schema(), &Context { now_micros: 1_000_000 })
}

/// The rows as text, joined by blanks: `null` for null, `!` for a row that failed.
fn rows(text: &str) -> String {
    let expression = match parse(text) {
        Ok(expression) => expression,
        Err(failure) => return format!("{}: {}", failure.code, failure.message),
    };
    let outcome = match expression.evaluate(&batch(), &mut Unmetered) {
        Ok(outcome) => outcome,
        Err(failure) => return format!("{}: {}", failure.code, failure.message),
    };
    assert_eq!(outcome.values.data_type(), expression.result_type(), "{text}");
    assert_eq!(outcome.values.len(), 4, "{text}");
    assert_eq!(outcome.failed.is_some(), outcome.first.is_some(), "{text}");
    let options = FormatOptions::default().with_null("null");
    let formatter = ArrayFormatter::try_new(&outcome.values, &options).unwrap();
    let failed = |row: usize| outcome.failed.as_ref().is_some_and(|failed| failed.value(row));
    if let Some(first) = &outcome.first {
        let row = (0..4).find(|row| failed(*row)).map(|row| row as u64);
        assert_eq!(first.row, row, "{text}: the reason is the first failed row's");
        assert!(first.message.chars().next().is_some_and(|c| !c.is_uppercase()), "{text}: {}", first.message);
    }
    for row in (0..4).filter(|row| failed(*row)) {
        assert!(outcome.values.is_null(row), "{text}: a failed row is null");
    }
    let shown = (0..4).map(|row| if failed(row) { "!".to_owned() } else { formatter.value(row).to_string() });
    shown.collect::<Vec<_>>().join(" ")
}

/// Checks each expression's rows, and its type where one is given: `int64: 1 2 3 4`.
fn check(cases: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let (kind, expected) = match expected.split_once(": ") {
            Some((kind, rows)) if crate::parse_type(kind).is_ok() => (Some(kind), rows),
            _ => (None, *expected),
        };
        let found = rows(text);
        if found != expected {
            wrong.push(format!("{text}\n  expected {expected}\n  found    {found}"));
        } else if let (Some(kind), Ok(expression)) = (kind, parse(text)) {
            let found = type_name(expression.result_type());
            if found != kind {
                wrong.push(format!("{text}\n  expected type {kind}, found {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
