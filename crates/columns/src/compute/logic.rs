//! Booleans.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::boolean;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

use super::options::Options;
use super::promote::{internal, mismatch};
use super::table::{Function, Plan};
use super::values::{Call, Values};
use crate::Failure;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("and_kleene", "and_kleene(bool, bool) -> bool", types, and_kleene)
        .arity(2, 2)
        .doc("both; false and null is false"),
    Function::new("or_kleene", "or_kleene(bool, bool) -> bool", types, or_kleene)
        .arity(2, 2)
        .doc("either; true or null is true"),
    Function::new("and", "and(bool, bool) -> bool", types, and).arity(2, 2).doc("both; null if either is"),
    Function::new("or", "or(bool, bool) -> bool", types, or).arity(2, 2).doc("either; null if either is"),
    Function::new("xor", "xor(bool, bool) -> bool", types, xor).arity(2, 2).doc("exactly one of them"),
    Function::new("invert", "invert(bool) -> bool", types, invert).doc("not"),
    Function::new("and_not", "and_not(bool, bool) -> bool", types, and_not)
        .arity(2, 2)
        .doc("the first and not the second; null if either is"),
    Function::new("and_not_kleene", "and_not_kleene(bool, bool) -> bool", types, and_not_kleene)
        .arity(2, 2)
        .doc("the first and not the second; false if the first is false or the second true, whatever the other is"),
];

fn types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    if types.iter().all(|data_type| matches!(data_type, DataType::Boolean | DataType::Null)) {
        Ok(Plan::uniform(types.len(), DataType::Boolean, DataType::Boolean))
    } else {
        Err(mismatch("bools are expected"))
    }
}

/// The argument with a value per row: bits are cheap.
fn column(call: &Call, index: usize) -> Result<BooleanArray, Failure> {
    let Some(input) = call.inputs.get(index) else { return Err(mismatch("bools are expected")) };
    let array = input.array.as_boolean();
    Ok(match (input.scalar, array.is_valid(0)) {
        (false, _) => array.clone(),
        (true, false) => BooleanArray::new_null(call.rows),
        (true, true) if array.value(0) => BooleanArray::new(BooleanBuffer::new_set(call.rows), None),
        (true, true) => BooleanArray::new(BooleanBuffer::new_unset(call.rows), None),
    })
}

fn pairs(
    call: &mut Call,
    f: impl Fn(&BooleanArray, &BooleanArray) -> Result<BooleanArray, ArrowError>,
) -> Result<Values, Failure> {
    let array: ArrayRef = Arc::new(f(&column(call, 0)?, &column(call, 1)?).map_err(internal)?);
    Ok(Values::of(array))
}

fn and_kleene(call: &mut Call) -> Result<Values, Failure> {
    pairs(call, boolean::and_kleene)
}
fn or_kleene(call: &mut Call) -> Result<Values, Failure> {
    pairs(call, boolean::or_kleene)
}
fn and(call: &mut Call) -> Result<Values, Failure> {
    pairs(call, boolean::and)
}
fn or(call: &mut Call) -> Result<Values, Failure> {
    pairs(call, boolean::or)
}
fn xor(call: &mut Call) -> Result<Values, Failure> {
    pairs(call, |left, right| {
        let nulls = arrow::buffer::NullBuffer::union(left.nulls(), right.nulls());
        Ok(BooleanArray::new(left.values() ^ right.values(), nulls))
    })
}
fn invert(call: &mut Call) -> Result<Values, Failure> {
    Ok(Values::of(Arc::new(boolean::not(&column(call, 0)?).map_err(internal)?)))
}

fn and_not(call: &mut Call) -> Result<Values, Failure> {
    pairs(call, |left, right| boolean::and(left, &boolean::not(right)?))
}
fn and_not_kleene(call: &mut Call) -> Result<Values, Failure> {
    pairs(call, |left, right| boolean::and_kleene(left, &boolean::not(right)?))
}
