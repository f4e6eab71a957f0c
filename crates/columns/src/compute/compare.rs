//! Comparisons.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Datum};
use arrow::buffer::NullBuffer;
use arrow::compute::kernels::cmp;
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::error::ArrowError;

use super::numbers::{both, test};
use super::options::Options;
use super::promote::{bounded_values, common, internal, mismatch, slice_bytes};
use super::table::{Function, Literals, Plan};
use super::values::{Call, Input, Values};
use crate::Failure;

pub(super) const FUNCTIONS: &[Function] = &[
    entry("equal", "equal(any, any) -> bool", equal).doc("whether they are the same; NaN equals nothing"),
    entry("not_equal", "not_equal(any, any) -> bool", not_equal).doc("whether they differ"),
    entry("less", "less(any, any) -> bool", less).doc("whether the first comes before the second; text by bytes"),
    entry("less_equal", "less_equal(any, any) -> bool", less_equal)
        .doc("whether the first is the second or comes before it"),
    entry("greater", "greater(any, any) -> bool", greater).doc("whether the first comes behind the second"),
    entry("greater_equal", "greater_equal(any, any) -> bool", greater_equal)
        .doc("whether the first is the second or comes behind it"),
    entry("is_distinct_from", "is_distinct_from(any, any) -> bool", distinct)
        .doc("whether they differ; null is a value like any other, so never null"),
    entry("is_not_distinct_from", "is_not_distinct_from(any, any) -> bool", not_distinct)
        .doc("whether they are the same; null is a value like any other, so never null"),
];

const fn entry(name: &'static str, signature: &'static str, kernel: super::table::Kernel) -> Function {
    Function::new(name, signature, types, kernel).arity(2, 2).literals(Literals::Number)
}

/// The type that two values are compared in.
pub(super) fn comparable(types: &[DataType]) -> Result<DataType, Failure> {
    let mixed = || mismatch("these types cannot be compared; cast one of them");
    let to = match types {
        // No integer type holds both of these.
        [DataType::UInt64, other] | [other, DataType::UInt64] if other.is_signed_integer() => {
            DataType::Decimal128(20, 0)
        }
        _ => common(types).ok_or_else(mixed)?,
    };
    match to {
        DataType::Float16 => Ok(DataType::Float32),
        to if to.is_nested() && types.iter().any(|data_type| *data_type != to && *data_type != DataType::Null) => {
            Err(mixed())
        }
        to => Ok(to),
    }
}

fn types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    Ok(Plan::uniform(2, comparable(types)?, DataType::Boolean))
}

type Comparison = fn(&dyn Datum, &dyn Datum) -> Result<BooleanArray, ArrowError>;

/// Floats by IEEE, where arrow's kernels take the total order; other types by arrow; nested ones row by row.
fn compare(
    call: &mut Call,
    single: impl Fn(f32, f32) -> bool,
    double: impl Fn(f64, f64) -> bool,
    arrow: Comparison,
    holds: impl Fn(Ordering) -> bool,
) -> Result<Values, Failure> {
    let [left, right] = call.inputs else { return Err(mismatch("two arguments are expected")) };
    let found = match left.array.data_type() {
        DataType::Float32 => test::<Float32Type>(left, right, single),
        DataType::Float64 => test::<Float64Type>(left, right, double),
        DataType::Null => None,
        other if other.is_nested() => return nested(call, holds),
        _ => Some(arrow(left, right).map_err(internal)?),
    };
    Ok(found.map_or_else(|| call.all_null(), |found| Values::of(Arc::new(sized(found, call.rows)))))
}

/// Arrow answers a null scalar with nulls of its own number.
fn sized(found: BooleanArray, rows: usize) -> BooleanArray {
    if found.len() == rows { found } else { BooleanArray::new_null(rows) }
}

fn nested(call: &mut Call, holds: impl Fn(Ordering) -> bool) -> Result<Values, Failure> {
    let [left, right] = call.inputs else { return Err(mismatch("two arguments are expected")) };
    let Ok(nulls) = both(left, right) else { return Ok(call.all_null()) };
    bounded_values(left.array.as_ref(), call.meter)?;
    bounded_values(right.array.as_ref(), call.meter)?;
    let average = slice_bytes(left.array.as_ref()) as usize / left.array.len().max(1);
    let compare = arrow::array::make_comparator(left.array.as_ref(), right.array.as_ref(), Default::default())
        .map_err(|_| mismatch("these types cannot be compared"))?;
    let mut bits = arrow::array::BooleanBufferBuilder::new(call.rows);
    for row in 0..call.rows {
        call.tick(64 + average)?;
        bits.append(holds(compare(left.at(row), right.at(row))));
    }
    Ok(Values::of(Arc::new(BooleanArray::new(bits.finish(), nulls))))
}

fn equal(call: &mut Call) -> Result<Values, Failure> {
    compare(call, |a, b| a == b, |a, b| a == b, cmp::eq, Ordering::is_eq)
}
fn not_equal(call: &mut Call) -> Result<Values, Failure> {
    compare(call, |a, b| a != b, |a, b| a != b, cmp::neq, Ordering::is_ne)
}
fn less(call: &mut Call) -> Result<Values, Failure> {
    compare(call, |a, b| a < b, |a, b| a < b, cmp::lt, Ordering::is_lt)
}
fn less_equal(call: &mut Call) -> Result<Values, Failure> {
    compare(call, |a, b| a <= b, |a, b| a <= b, cmp::lt_eq, Ordering::is_le)
}
fn greater(call: &mut Call) -> Result<Values, Failure> {
    compare(call, |a, b| a > b, |a, b| a > b, cmp::gt, Ordering::is_gt)
}
fn greater_equal(call: &mut Call) -> Result<Values, Failure> {
    compare(call, |a, b| a >= b, |a, b| a >= b, cmp::gt_eq, Ordering::is_ge)
}

/// Differs where exactly one is null, or where neither is and they are not equal.
fn differs(call: &mut Call, when: bool) -> Result<Values, Failure> {
    let equal = equal(call)?.array;
    let [left, right] = call.inputs else { return Err(mismatch("two arguments are expected")) };
    let (left, right) = (valid(left, call.rows), valid(right, call.rows));
    let equal: &BooleanArray = equal.as_any().downcast_ref().ok_or_else(|| mismatch("a comparison gives booleans"))?;
    let same_nulls = !&(&left ^ &right);
    let neither = &left & &right;
    let same = &same_nulls & &(&!&neither | equal.values());
    let result = if when { !&same } else { same };
    Ok(Values::of(Arc::new(BooleanArray::new(result, None))))
}

fn valid(input: &Input, rows: usize) -> arrow::buffer::BooleanBuffer {
    let nulls = if *input.array.data_type() == DataType::Null { Err(()) } else { input.nulls() };
    match nulls {
        Ok(Some(nulls)) => nulls.into_inner(),
        Ok(None) => NullBuffer::new_valid(rows).into_inner(),
        Err(()) => NullBuffer::new_null(rows).into_inner(),
    }
}

fn distinct(call: &mut Call) -> Result<Values, Failure> {
    differs(call, true)
}
fn not_distinct(call: &mut Call) -> Result<Values, Failure> {
    differs(call, false)
}

/// Element by element, whether two inputs of the same type are equal: for functions that compare on the way.
pub(super) fn equal_rows(call: &mut Call, left: &Input, right: &Input) -> Result<BooleanArray, Failure> {
    let inputs = [left.clone(), right.clone()];
    let output = DataType::Boolean;
    let mut inner = Call::new(call.function, &inputs, &output, call.options, call.rows, &mut *call.meter);
    let array: ArrayRef = equal(&mut inner)?.array;
    array.as_any().downcast_ref().cloned().ok_or_else(|| mismatch("a comparison gives booleans"))
}
