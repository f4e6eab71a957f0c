//! Kernels compared with results computed by hand, groups compared with a naive map, and hostile use over the whole table.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, StringArray,
    TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::{Argument, Outcome, Scalar, call};
use crate::{Failure, Unmetered};

mod aggregates;
mod hostile;
mod kernels;
mod keys;
mod speed;

fn ints(values: &[Option<i64>]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn floats(values: &[Option<f64>]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn bools(values: &[Option<bool>]) -> ArrayRef {
    Arc::new(BooleanArray::from(values.to_vec()))
}

fn dates(days: &[i32]) -> ArrayRef {
    Arc::new(Date32Array::from(days.to_vec()))
}

fn times(micros: &[i64], zone: Option<&str>) -> ArrayRef {
    let array = TimestampMicrosecondArray::from(micros.to_vec());
    match zone {
        Some(zone) => Arc::new(array.with_timezone(zone)),
        None => Arc::new(array),
    }
}

fn column(array: &ArrayRef) -> Argument {
    Argument::Column(Arc::clone(array))
}

fn run(function: &str, arguments: &[Argument], options: &str) -> Result<Outcome, Failure> {
    call(function, arguments, options, 1, None, &mut Unmetered)
}

/// The values of an array in one line.
fn shown(array: &dyn Array) -> String {
    let formatter = ArrayFormatter::try_new(array, &FormatOptions::default().with_null("null")).expect("can be shown");
    (0..array.len()).map(|row| formatter.value(row).to_string()).collect::<Vec<_>>().join(" ")
}

/// Calls a function and compares values and failed rows; a failed row is shown as `!code`.
fn check(function: &str, arguments: &[Argument], options: &str, expected: &str) {
    let outcome = run(function, arguments, options).unwrap_or_else(|failure| panic!("{function}: {failure}"));
    let mut values: Vec<String> = shown(&outcome.values).split(' ').map(str::to_owned).collect();
    if let (Some(failed), Some(first)) = (&outcome.failed, &outcome.first) {
        for row in failed.values().set_indices() {
            assert!(outcome.values.is_null(row), "{function}: failed rows are null");
            values[row] = "!".to_owned();
        }
        values[first.row.expect("a row") as usize] = format!("!{}", first.code);
    }
    assert_eq!(values.join(" "), expected, "{function} {options}");
    // The same over slices: a kernel must neither forget an offset nor read beyond the end.
    let sliced: Vec<Argument> = arguments
        .iter()
        .map(|argument| match argument {
            Argument::Column(array) => {
                let around = [array.as_ref(), array.as_ref(), array.as_ref()];
                let longer = arrow::compute::concat(&around).expect("columns of one type");
                Argument::Column(longer.slice(array.len(), array.len()))
            }
            scalar => scalar.clone(),
        })
        .collect();
    let again = run(function, &sliced, options).expect("the same on slices");
    assert_eq!(shown(&again.values), shown(&outcome.values), "{function} on slices");
    assert_eq!(again.failed, outcome.failed, "{function} on slices");
}

fn int(value: i64) -> Argument {
    Argument::Scalar(Scalar::Int64(value))
}

fn float(value: f64) -> Argument {
    Argument::Scalar(Scalar::Float64(value))
}

fn text(value: &str) -> Argument {
    Argument::Scalar(Scalar::Text(value.to_owned()))
}

fn null() -> Argument {
    Argument::Scalar(Scalar::Null)
}

fn small(values: &[i32]) -> ArrayRef {
    Arc::new(Int32Array::from(values.to_vec()))
}

fn unsigned(values: &[u64]) -> ArrayRef {
    Arc::new(UInt64Array::from(values.to_vec()))
}

fn decimals(values: &[i128], scale: i8) -> ArrayRef {
    let array = Decimal128Array::from(values.to_vec()).with_precision_and_scale(38, scale);
    Arc::new(array.expect("a decimal type"))
}

fn groups(values: &[u32]) -> UInt32Array {
    UInt32Array::from(values.to_vec())
}
