//! Whether a value is one of a set.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int32Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::DataType;
use arrow_row::{RowConverter, SortField};

use super::super::Scalar;
use super::super::compare::{comparable, equal_rows};
use super::super::options::Options;
use super::super::promote::{coerce, comparable_rows, internal, mismatch, normal};
use super::super::scalar::from_text;
use super::super::table::Plan;
use super::super::values::{Call, Input, Values};
use super::{truth, valid};
use crate::Failure;

/// More values than this are looked up in a table instead of compared one by one.
const FEW: usize = 4;

pub(in super::super) fn types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    let mut to = types.first().cloned().unwrap_or(DataType::Null);
    for other in types.iter().skip(1) {
        to = comparable(&[to, other.clone()])?;
    }
    for value in value_set(options)? {
        let other = normal(&value.data_type());
        if !(to.is_temporal() && other == DataType::Utf8) {
            to = comparable(&[to, other])?;
        }
    }
    Ok(Plan::uniform(types.len(), to, DataType::Boolean))
}

/// The option `value_set` as scalars.
fn value_set(options: &Options) -> Result<Vec<Scalar>, Failure> {
    use serde_json::Value;
    let wrong =
        || mismatch("value_set must be a list of text, numbers, booleans and nulls").with_parameter("/value_set");
    let Some(value) = options.value("value_set") else { return Ok(Vec::new()) };
    let Value::Array(items) = value else { return Err(wrong()) };
    let scalar = |item: &Value| match item {
        Value::Null => Ok(Scalar::Null),
        Value::Bool(value) => Ok(Scalar::Boolean(*value)),
        Value::String(text) => Ok(Scalar::Text(text.clone())),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), ..) => Ok(Scalar::Int64(value)),
            (_, Some(value), _) => Ok(Scalar::Uint64(value)),
            (.., Some(value)) => Ok(Scalar::Float64(value)),
            _ => Err(wrong()),
        },
        Value::Array(_) | Value::Object(_) => Err(wrong()),
    };
    items.iter().map(scalar).collect()
}

pub(in super::super) fn is_in(call: &mut Call) -> Result<Values, Failure> {
    let Some((input, others)) = call.inputs.split_first() else { return Err(mismatch("an argument is expected")) };
    let mut set: Vec<Input> = others.to_vec();
    let to = input.array.data_type().clone();
    for value in value_set(call.options)? {
        call.tick(1 << 10)?;
        let array = match &value {
            Scalar::Text(text) if to.is_temporal() => from_text(text, &to)?,
            _ => coerce(&value.to_array()?, &to, call.meter)?.array,
        };
        set.push(Input { array, scalar: true });
    }
    let mut found = BooleanBuffer::new_unset(call.rows);
    let mut unknown = !&valid(input, call.rows);
    for other in set.iter().filter(|other| !other.scalar || other.array.logical_null_count() > 0) {
        call.tick(call.rows / 8)?;
        unknown = &unknown | &!&valid(other, call.rows);
    }
    let constants: Vec<ArrayRef> = set
        .iter()
        .filter(|other| other.scalar && other.array.null_count() == 0)
        .map(|o| Arc::clone(&o.array))
        .collect();
    let by_table = constants.len() > FEW && !input.scalar && !to.is_floating() && to != DataType::Null;
    if by_table {
        found = looked_up(call, &input.array, &constants)?;
    }
    for other in &set {
        if !(by_table && other.scalar) && to != DataType::Null {
            call.tick(call.rows / 8)?;
            let equal = equal_rows(call, input, other)?;
            found = &found | &truth(&Input { array: Arc::new(equal), scalar: false }, call.rows);
        }
    }
    let nulls = NullBuffer::new(&found | &!&unknown);
    let array: ArrayRef = Arc::new(BooleanArray::new(found, Some(nulls).filter(|nulls| nulls.null_count() > 0)));
    Ok(Values::of(array))
}

pub(in super::super) fn index_types(name: &str, given: &[DataType], options: &Options) -> Result<Plan, Failure> {
    Ok(Plan { output: DataType::Int32, ..types(name, given, options)? })
}

/// The others from the last to the first, so that the first that is equal stays.
pub(in super::super) fn index_in(call: &mut Call) -> Result<Values, Failure> {
    let Some((input, others)) = call.inputs.split_first() else { return Err(mismatch("an argument is expected")) };
    let to = input.array.data_type().clone();
    let mut set: Vec<Input> = others.to_vec();
    for value in value_set(call.options)? {
        call.tick(1 << 10)?;
        let array = match &value {
            Scalar::Text(text) if to.is_temporal() => from_text(text, &to)?,
            _ => coerce(&value.to_array()?, &to, call.meter)?.array,
        };
        set.push(Input { array, scalar: true });
    }
    let mut numbers: Vec<Option<i32>> = vec![None; call.rows];
    if to == DataType::Null {
        return Ok(call.all_null());
    }
    for (number, other) in set.iter().enumerate().rev() {
        call.tick(call.rows)?;
        let equal = equal_rows(call, input, other)?;
        let equal = truth(&Input { array: Arc::new(equal), scalar: false }, call.rows);
        for row in equal.set_indices() {
            if let Some(slot) = numbers.get_mut(row) {
                *slot = Some(number as i32);
            }
        }
    }
    Ok(Values::of(Arc::new(Int32Array::from(numbers))))
}

fn looked_up(call: &mut Call, column: &ArrayRef, constants: &[ArrayRef]) -> Result<BooleanBuffer, Failure> {
    let converter = RowConverter::new(vec![SortField::new(column.data_type().clone())]).map_err(internal)?;
    let constants: Vec<&dyn Array> = constants.iter().map(AsRef::as_ref).collect();
    let constants = arrow::compute::concat(&constants).map_err(internal)?;
    let constants = converter.convert_columns(&[constants]).map_err(internal)?;
    let set: HashSet<&[u8]> = constants.iter().map(|row| row.data()).collect();
    let set: HashSet<Vec<u8>> = set.into_iter().map(<[u8]>::to_vec).collect();
    let rows = comparable_rows(&converter, std::slice::from_ref(column), call.meter)?;
    let mut bits = arrow::array::BooleanBufferBuilder::new(call.rows);
    for row in rows.iter() {
        call.tick(row.data().len())?;
        bits.append(set.contains(row.data()));
    }
    Ok(bits.finish())
}
