//! Choice between values, and nulls.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Scalar as ArrowScalar};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::kernels::{cmp, zip::zip};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type};

use super::group::one_nan;
use super::numbers::pack;
use super::options::Options;
use super::promote::{common, internal, mismatch, slice_bytes};
use super::table::{Function, Literals, Plan};
use super::values::{Call, Input, Values, null_where};
use crate::Failure;

mod membership;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("if_else", "if_else(bool, any, any) -> any", if_else_types, if_else).arity(3, 3).literals(Literals::Text).pieces()
        .doc("the second where the first is true, the third where it is false, null where it is null"),
    Function::new("case_when", "case_when(bool, any, …, else) -> any", case_types, case_when).arity(2, usize::MAX).literals(Literals::Text).pieces()
        .doc("the value behind the first condition that is true; else the last argument, or null if there is none"),
    Function::new("choose", "choose(integer, any, …) -> any", choose_types, choose).arity(2, usize::MAX).literals(Literals::Text).pieces()
        .doc("the argument of that number, from 0; a number without an argument is a row error"),
    Function::new("coalesce", "coalesce(any, …) -> any", same_types, coalesce).arity(1, usize::MAX).literals(Literals::Text).pieces()
        .doc("the first that is not null"),
    Function::new("fill_null", "fill_null(any, any) -> any", same_types, coalesce).arity(2, 2).literals(Literals::Text).pieces()
        .doc("the first, or the second where it is null"),
    Function::new("nullif", "nullif(any, any) -> any", nullif_types, nullif).arity(2, 2).literals(Literals::Number).pieces()
        .doc("the first, or null where they are equal"),
    Function::new("max_element_wise", "max_element_wise(any, …) -> any", ordered_types, greatest).arity(1, usize::MAX).literals(Literals::Text).pieces()
        .differs("NaN is larger than any number; Arrow leaves it out")
        .doc("the largest; nulls are skipped, NaN is larger than any number"),
    Function::new("min_element_wise", "min_element_wise(any, …) -> any", ordered_types, least).arity(1, usize::MAX).literals(Literals::Text).pieces()
        .differs("NaN is larger than any number; Arrow leaves it out")
        .doc("the smallest; nulls are skipped"),
    Function::new("is_null", "is_null(any) -> bool", any_types, is_null).doc("whether it is null; never null itself"),
    Function::new("is_valid", "is_valid(any) -> bool", any_types, is_valid).doc("whether it is not null; never null itself"),
    Function::new("is_nan", "is_nan(number) -> bool", number_types, is_nan).doc("whether it is NaN"),
    Function::new("is_finite", "is_finite(number) -> bool", number_types, is_finite).doc("whether it is neither NaN nor infinite"),
    Function::new("is_inf", "is_inf(number) -> bool", number_types, is_inf).doc("whether it is infinite"),
    Function::new("true_unless_null", "true_unless_null(any) -> bool", any_types, true_unless_null).doc("true, or null where it is null"),
    Function::new("index_in", "index_in(any, any, …) -> int32", membership::index_types, membership::index_in)
        .arity(1, usize::MAX).literals(Literals::Number).options(&["value_set"]).weight(4)
        .differs("each row is compared with the other arguments in the same row; Arrow takes a set for all rows, as `value_set` does here, and finds nulls in it")
        .doc("the number, from 0, of the first of the others, or of the list `value_set`, that it equals; null if there is none"),
    Function::new("is_in", "is_in(any, any, …) -> bool", membership::types, membership::is_in)
        .arity(1, usize::MAX).literals(Literals::Number).options(&["value_set"]).weight(4)
        .differs("each row is compared with the other arguments in the same row; Arrow takes a set for all rows, as `value_set` does here, and finds nulls in it")
        .doc("whether it is one of the others, or of the list `value_set`; null if it is null, or if null is among them and it is none of the rest"),
];

fn any_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    Ok(Plan { inputs: types.to_vec(), output: DataType::Boolean })
}

fn number_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    match types {
        [DataType::Float16 | DataType::Null] => Ok(Plan::uniform(1, DataType::Float32, DataType::Boolean)),
        [to] if to.is_numeric() => Ok(Plan::uniform(1, to.clone(), DataType::Boolean)),
        _ => Err(mismatch("a number is expected")),
    }
}

/// The common type of the results of a choice.
pub(super) fn together<'a>(types: impl IntoIterator<Item = &'a DataType>) -> Result<DataType, Failure> {
    let types: Vec<&DataType> = types.into_iter().collect();
    let to = common(types.iter().copied()).ok_or_else(|| mismatch("these types do not mix; cast some of them"))?;
    if to.is_nested() && types.iter().any(|data_type| **data_type != to && **data_type != DataType::Null) {
        return Err(mismatch("nested types must be the same; cast some of them"));
    }
    Ok(to)
}

fn same_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    let to = together(types)?;
    Ok(Plan::uniform(types.len(), to.clone(), to))
}

fn ordered_types(name: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    let plan = same_types(name, types, options)?;
    if plan.output.is_nested() { Err(mismatch("nested types have no order")) } else { Ok(plan) }
}

fn nullif_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    // The comparison decides the type, so that nullif(x, literal) keeps x's.
    let to = together(types)?;
    Ok(Plan::uniform(2, to.clone(), to))
}

fn boolean(data_type: Option<&DataType>) -> Result<(), Failure> {
    match data_type {
        Some(DataType::Boolean | DataType::Null) => Ok(()),
        _ => Err(mismatch("conditions must be bool")),
    }
}

fn if_else_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    boolean(types.first())?;
    let to = together(types.iter().skip(1))?;
    Ok(Plan { inputs: vec![DataType::Boolean, to.clone(), to.clone()], output: to })
}

fn case_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    let pairs = types.chunks(2).filter(|pair| pair.len() == 2);
    for pair in pairs.clone() {
        boolean(pair.first())?;
    }
    let last = if types.len() % 2 == 1 { types.last() } else { None };
    let to = together(pairs.filter_map(|pair| pair.get(1)).chain(last))?;
    let condition = |index: usize| index.is_multiple_of(2) && index + 1 < types.len();
    let inputs = (0..types.len()).map(|index| if condition(index) { DataType::Boolean } else { to.clone() }).collect();
    Ok(Plan { inputs, output: to })
}

fn choose_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    if !types.first().is_some_and(|first| first.is_integer() || *first == DataType::Null) {
        return Err(mismatch("the first argument must be an integer"));
    }
    let to = together(types.iter().skip(1))?;
    let inputs = std::iter::once(DataType::Int64).chain(types.iter().skip(1).map(|_| to.clone())).collect();
    Ok(Plan { inputs, output: to })
}

/// Asks for what choosing among these may take: each of them in full.
fn reserve(call: &mut Call) -> Result<(), Failure> {
    let rows = call.rows as u64;
    let bytes = |input: &Input| {
        let bytes = slice_bytes(input.array.as_ref());
        if input.scalar { bytes.saturating_mul(rows) } else { bytes }
    };
    let total = call.inputs.iter().map(bytes).fold(0_u64, u64::saturating_add);
    if total > i32::MAX as u64 && call.output.primitive_width().is_none() {
        return Err(Failure::limit("too-large", "the result may be more than 2 GiB of text; use smaller batches"));
    }
    call.meter.allocate(total)
}

/// `yes` where the mask is set, else `no`.
fn pick(mask: BooleanBuffer, yes: &Input, no: &Input) -> Result<Input, Failure> {
    let mask = BooleanArray::new(mask, None);
    let array = match (yes.scalar, no.scalar) {
        (false, false) => zip(&mask, &yes.array, &no.array),
        (true, false) => zip(&mask, &ArrowScalar::new(&yes.array), &no.array),
        (false, true) => zip(&mask, &yes.array, &ArrowScalar::new(&no.array)),
        (true, true) => zip(&mask, &ArrowScalar::new(&yes.array), &ArrowScalar::new(&no.array)),
    };
    Ok(Input { array: array.map_err(internal)?, scalar: false })
}

/// The rows where a condition is true.
fn truth(input: &Input, rows: usize) -> BooleanBuffer {
    let array = input.array.as_boolean();
    let bits = match array.nulls() {
        Some(nulls) => array.values() & nulls.inner(),
        None => array.values().clone(),
    };
    match (input.scalar, input.scalar && bits.value(0)) {
        (false, _) => bits,
        (true, true) => BooleanBuffer::new_set(rows),
        (true, false) => BooleanBuffer::new_unset(rows),
    }
}

/// The rows that are not null.
fn valid(input: &Input, rows: usize) -> BooleanBuffer {
    match if *input.array.data_type() == DataType::Null { Err(()) } else { input.nulls() } {
        Ok(Some(nulls)) => nulls.into_inner(),
        Ok(None) => BooleanBuffer::new_set(rows),
        Err(()) => BooleanBuffer::new_unset(rows),
    }
}

fn null(call: &Call) -> Input {
    Input { array: arrow::array::new_null_array(call.output, 1), scalar: true }
}

/// A value for each row.
fn full(input: Input, rows: usize) -> Result<Values, Failure> {
    if !input.scalar {
        return Ok(Values::of(input.array));
    }
    let same = input.clone();
    Ok(Values::of(pick(BooleanBuffer::new_set(rows), &same, &input)?.array))
}

fn if_else(call: &mut Call) -> Result<Values, Failure> {
    reserve(call)?;
    let [condition, yes, no] = call.inputs else { return Err(mismatch("three arguments are expected")) };
    let array = pick(truth(condition, call.rows), yes, no)?.array;
    let known = valid(condition, call.rows);
    Ok(Values::of(null_where(&array, &!&known)?))
}

fn case_when(call: &mut Call) -> Result<Values, Failure> {
    reserve(call)?;
    let (pairs, last) = call.inputs.as_chunks::<2>();
    let mut chosen = last.first().cloned().unwrap_or_else(|| null(call));
    for [condition, value] in pairs.iter().rev() {
        chosen = pick(truth(condition, call.rows), value, &chosen)?;
    }
    full(chosen, call.rows)
}

fn choose(call: &mut Call) -> Result<Values, Failure> {
    reserve(call)?;
    let Some((index, values)) = call.inputs.split_first() else { return Err(mismatch("an index is expected")) };
    let numbers = index.array.as_primitive::<Int64Type>();
    let is = |number: i64| {
        let bits = pack(numbers.values(), |value| value == number);
        let one = BooleanArray::new(bits, numbers.nulls().cloned());
        truth(&Input { array: Arc::new(one), scalar: index.scalar }, call.rows)
    };
    let (mut chosen, mut known) = (null(call), !&valid(index, call.rows));
    for (number, value) in values.iter().enumerate() {
        let here = is(number as i64);
        known = &known | &here;
        chosen = pick(here, value, &chosen)?;
    }
    let (index, count) = (index.clone(), values.len());
    let array = full(chosen, call.rows)?.array;
    Ok(Values::with_errors(array, !&known, move |row| {
        let number = super::scalar::shown(index.array.as_ref(), index.at(row));
        Failure::invalid_input(
            "out-of-bounds",
            format!("{number} is not the number of one of {count} arguments, from 0"),
        )
    }))
}

fn coalesce(call: &mut Call) -> Result<Values, Failure> {
    reserve(call)?;
    let Some((last, before)) = call.inputs.split_last() else { return Err(mismatch("an argument is expected")) };
    let mut chosen = last.clone();
    for input in before.iter().rev() {
        let mask = valid(input, call.rows);
        chosen = if mask.count_set_bits() == call.rows { input.clone() } else { pick(mask, input, &chosen)? };
    }
    full(chosen, call.rows)
}

fn nullif(call: &mut Call) -> Result<Values, Failure> {
    reserve(call)?;
    let [left, right] = call.inputs else { return Err(mismatch("two arguments are expected")) };
    let equal = super::compare::equal_rows(call, left, right)?;
    let array = full(left.clone(), call.rows)?.array;
    Ok(Values::of(arrow::compute::nullif(array.as_ref(), &equal).map_err(internal)?))
}

/// The extreme by arrow's total order, in which NaN is the largest.
fn extreme(call: &mut Call, largest: bool) -> Result<Values, Failure> {
    reserve(call)?;
    let Some((first, rest)) = call.inputs.split_first() else { return Err(mismatch("an argument is expected")) };
    let ordered = |input: &Input| Input { array: one_nan(&input.array), scalar: input.scalar };
    let mut best = ordered(first);
    for input in rest {
        let input = &ordered(input);
        if *call.output == DataType::Null {
            break;
        }
        let better = if largest { cmp::gt_eq(&best, input) } else { cmp::lt_eq(&best, input) }.map_err(internal)?;
        let better = match better.len() == call.rows {
            true => truth(&Input { array: Arc::new(better), scalar: false }, call.rows),
            false if better.len() == 1 => truth(&Input { array: Arc::new(better), scalar: true }, call.rows),
            false => BooleanBuffer::new_unset(call.rows),
        };
        let (here, there) = (valid(&best, call.rows), valid(input, call.rows));
        best = pick(&here & &(&better | &!&there), &best, input)?;
    }
    full(best, call.rows)
}

fn greatest(call: &mut Call) -> Result<Values, Failure> {
    extreme(call, true)
}
fn least(call: &mut Call) -> Result<Values, Failure> {
    extreme(call, false)
}

fn bits(bits: BooleanBuffer, nulls: Option<NullBuffer>) -> Values {
    let array: ArrayRef = Arc::new(BooleanArray::new(bits, nulls));
    Values::of(array)
}

fn is_null(call: &mut Call) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    Ok(bits(!&valid(input, call.rows), None))
}
fn is_valid(call: &mut Call) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    Ok(bits(valid(input, call.rows), None))
}
fn true_unless_null(call: &mut Call) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let nulls = NullBuffer::new(valid(input, call.rows));
    Ok(bits(BooleanBuffer::new_set(call.rows), Some(nulls).filter(|nulls| nulls.null_count() > 0)))
}

/// A test of floats; `exact` is what it says of other numbers.
fn of_floats(
    call: &mut Call,
    single: impl Fn(f32) -> bool,
    double: impl Fn(f64) -> bool,
    exact: bool,
) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let found = match input.array.data_type() {
        DataType::Float32 => pack(input.array.as_primitive::<Float32Type>().values(), single),
        DataType::Float64 => pack(input.array.as_primitive::<Float64Type>().values(), double),
        _ if exact => BooleanBuffer::new_set(call.rows),
        _ => BooleanBuffer::new_unset(call.rows),
    };
    Ok(bits(found, input.array.nulls().cloned()))
}

fn is_nan(call: &mut Call) -> Result<Values, Failure> {
    of_floats(call, f32::is_nan, f64::is_nan, false)
}
fn is_finite(call: &mut Call) -> Result<Values, Failure> {
    of_floats(call, f32::is_finite, f64::is_finite, true)
}
fn is_inf(call: &mut Call) -> Result<Values, Failure> {
    of_floats(call, f32::is_infinite, f64::is_infinite, false)
}
