//! Calls a function by name on whole columns: types first, then chunk by chunk under the meter.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Capacities, MutableArrayData, NullArray, UInt32Array, make_array, new_empty_array,
};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::DataType;

use super::options::Options;
use super::promote::{coerce, internal, mismatch, normal, normalise, slice_bytes};
use super::table::{Body, Bound, Function, Kernel, Literals, Plan, find};
use super::values::{Call, Input, Values, null_where};
use super::{Argument, Outcome, Scalar};
use crate::batch::MAX_ROWS;
use crate::caught::caught;
use crate::types::sound;
use crate::{Failure, Meter, type_name};

/// Units of fuel in a chunk: a few milliseconds, so that a deadline is seen soon.
pub(super) const CHUNK_UNITS: u64 = 1 << 21;
/// Bytes that are copied between looks at the deadline.
const BLOCK: u64 = 1 << 20;

/// Applies `function` element by element; scalars broadcast, and `rows` is the length when all arguments are scalars.
/// With `only`, rows where it is false or null are null and cannot fail.
///
/// # Errors
/// Unknown names, wrong types or numbers of arguments, unknown options, and limits. What is wrong with single rows is in
/// the outcome.
pub fn call(
    function: &str,
    arguments: &[Argument],
    options: &str,
    rows: usize,
    only: Option<&BooleanArray>,
    meter: &mut dyn Meter,
) -> Result<Outcome, Failure> {
    guarded(function, || apply(function, arguments, options, rows, only, meter))
}

/// The type that [`call`] gives for arguments of these types; for an aggregate function, its result's.
///
/// # Errors
/// As [`call`].
pub fn result_type(function: &str, arguments: &[DataType], options: &str) -> Result<DataType, Failure> {
    guarded(function, || {
        let function = find(function)?;
        let options = Options::parse(function.name, options, function.options)?;
        let types: Vec<DataType> = arguments.iter().map(normal).collect();
        Ok(plan(function, &types, &options)?.output)
    })
}

/// Turns a panic in a kernel, which is a defect of ours, into a failure.
pub(super) fn guarded<T>(function: &str, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    caught(work).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(Failure::internal("panic", format!("the kernel {function} panicked: {text}")))
    })
}

/// Checks the number of arguments and their types.
pub(super) fn plan(function: &Function, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    for data_type in types {
        sound(data_type).map_err(|message| Failure::invalid_config("invalid-type", message))?;
    }
    let (least, most) = function.arity;
    if types.len() < least || types.len() > most {
        let wanted = match (least, most) {
            (a, b) if a == b => format!("{a}"),
            (a, usize::MAX) => format!("at least {a}"),
            (a, b) => format!("{a} to {b}"),
        };
        let message = format!("{} takes {wanted} arguments, not {}", function.name, types.len());
        return Err(mismatch(message).with_help(format!("it is {}", function.signature)));
    }
    (function.check)(function.name, types, options).map_err(|mut failure| {
        if failure.code == "type-mismatch" && failure.parameter.is_none() {
            let given: Vec<String> = types.iter().map(type_name).collect();
            failure.message = format!("{}({}): {}", function.name, given.join(", "), failure.message);
            failure.help.get_or_insert_with(|| format!("it is {}", function.signature));
        }
        failure
    })
}

fn apply(
    name: &str,
    arguments: &[Argument],
    options: &str,
    rows: usize,
    only: Option<&BooleanArray>,
    meter: &mut dyn Meter,
) -> Result<Outcome, Failure> {
    let function = find(name)?;
    let (kernel, free) = match function.body {
        Body::Element(kernel) => (kernel, None),
        Body::Whole { kernel, free } => (kernel, Some(free)),
        Body::Aggregate(_) => {
            let message = format!("{name} aggregates; it cannot be called element by element");
            return Err(Failure::invalid_config("unknown-function", message));
        }
    };
    let options = Options::parse(function.name, options, function.options)?;
    let constant = !arguments.iter().any(|argument| matches!(argument, Argument::Column(_)));
    let rows = length(arguments, rows)?;
    if only.is_some_and(|only| only.len() != rows) {
        return Err(Failure::invalid_input("out-of-bounds", "the column of rows to work on has another length"));
    }
    let raw = inputs(function, arguments, meter)?;
    let types: Vec<DataType> = raw.iter().map(|input| normal(input.array.data_type())).collect();
    let plan = plan(function, &types, &options)?;
    if rows == 0 {
        return Ok(Outcome { values: new_empty_array(&plan.output), failed: None, first: None });
    }

    if let Some(free) = free {
        if constant || only.is_some() {
            let message = format!("{name} works on whole columns: it takes a column, and no choice of rows");
            return Err(mismatch(message));
        }
        let task = Task { function, kernel, plan: &plan, options: &options };
        return whole(&task, &raw, rows, free, meter);
    }
    let work = if constant { 1 } else { rows };
    let bytes: u64 = raw.iter().map(|input| slice_bytes(input.array.as_ref())).sum();
    let units = (bytes / 8 + work as u64 / 8 + 1).saturating_mul(u64::from(function.weight));
    let chunk = (u128::from(CHUNK_UNITS) * work as u128 / u128::from(units.max(1))).clamp(1, work as u128) as usize;
    let task = Task { function, kernel, plan: &plan, options: &options };
    if chunk >= work {
        meter.work(units)?;
        let outcome = task.run(&raw, work, if constant { None } else { only }, 0, meter)?;
        return if constant { broadcast(outcome, rows, only, meter) } else { Ok(outcome) };
    }
    let mut parts: Vec<Outcome> = Vec::new();
    for offset in (0..rows).step_by(chunk) {
        let length = chunk.min(rows - offset);
        meter.work(units / (rows / chunk).max(1) as u64 + 1)?;
        let inputs: Vec<Input> = raw.iter().map(|input| input.slice(offset, length)).collect();
        let only = only.map(|only| only.slice(offset, length));
        parts.push(task.run(&inputs, length, only.as_ref(), offset, meter)?);
    }
    join(parts, meter)
}

/// A function of whole columns: all rows at once, its kernel looking at the deadline as it goes. With `free`, the result
/// has a length of its own.
fn whole(task: &Task, raw: &[Input], rows: usize, free: bool, meter: &mut dyn Meter) -> Result<Outcome, Failure> {
    let Task { function, kernel, plan, options } = task;
    let bytes: u64 = raw.iter().map(|input| slice_bytes(input.array.as_ref())).sum();
    meter.work((bytes / 8 + rows as u64 / 8 + 1).saturating_mul(u64::from(function.weight)))?;
    let bits = plan.output.primitive_width().map_or(1, |width| width as u64 * 8);
    meter.allocate((bits + 2).saturating_mul(rows as u64) / 8)?;
    let mut inputs = Vec::with_capacity(raw.len());
    for (input, to) in raw.iter().zip(&plan.inputs) {
        let Values { array, errors } = coerce(&normalise(&input.array, meter)?, to, meter)?;
        if let Some((rows, describe)) = errors {
            let row = rows.set_indices().next().unwrap_or_default();
            return Err(describe(row).with_row(row as u64));
        }
        inputs.push(Input { array, scalar: input.scalar });
    }
    let mut call = Call::new(function.name, &inputs, &plan.output, options, rows, meter);
    let Values { array, errors } = kernel(&mut call)?;
    call.settle()?;
    if (array.len() != rows && !free) || *array.data_type() != plan.output {
        let message = format!("{} gave {} rows of {}", function.name, array.len(), type_name(array.data_type()));
        return Err(Failure::internal("kernel", message));
    }
    let Some((failed, describe)) = errors else { return Ok(Outcome { values: array, failed: None, first: None }) };
    let row = failed.set_indices().next().unwrap_or_default();
    let first = Some(describe(row).with_row(row as u64));
    Ok(Outcome { values: null_where(&array, &failed)?, failed: Some(BooleanArray::new(failed, None)), first })
}

/// How many rows the arguments have.
fn length(arguments: &[Argument], rows: usize) -> Result<usize, Failure> {
    let mut lengths = arguments.iter().filter_map(|argument| match argument {
        Argument::Column(array) => Some(array.len()),
        Argument::Scalar(_) => None,
    });
    let Some(first) = lengths.next() else {
        if rows > MAX_ROWS {
            return Err(Failure::limit("too-large", format!("a column has at most {MAX_ROWS} rows, not {rows}")));
        }
        return Ok(rows);
    };
    match lengths.find(|length| *length != first) {
        Some(other) => Err(Failure::invalid_input(
            "out-of-bounds",
            format!("columns of {first} and of {other} rows do not go together"),
        )),
        None => Ok(first),
    }
}

/// The arguments, scalars adapted to the columns they meet and brought to their normal types.
fn inputs(function: &Function, arguments: &[Argument], meter: &mut dyn Meter) -> Result<Vec<Input>, Failure> {
    let met = arguments.iter().find_map(|argument| match argument {
        Argument::Column(array) => Some(normal(array.data_type())),
        Argument::Scalar(Scalar::Typed(data_type, _)) if data_type.is_temporal() => Some(data_type.clone()),
        Argument::Scalar(_) => None,
    });
    let mut found = Vec::with_capacity(arguments.len());
    for argument in arguments {
        found.push(match argument {
            Argument::Column(array) => Input { array: Arc::clone(array), scalar: false },
            Argument::Scalar(scalar) => {
                let array = match (&met, scalar, function.literals) {
                    (Some(to), Scalar::Text(text), Literals::Text | Literals::Number) if to.is_temporal() => {
                        super::scalar::from_text(text, to)?
                    }
                    (Some(to), Scalar::Int64(_) | Scalar::Uint64(_) | Scalar::Float64(_), Literals::Number)
                        if to.is_integer() || *to == DataType::Float32 =>
                    {
                        narrowed(&scalar.to_array()?, to)
                    }
                    _ => scalar.to_array()?,
                };
                Input { array: normalise(&array, meter)?, scalar: true }
            }
        });
    }
    Ok(found)
}

/// The number in the column's type, if it is the same number there: then the column need not be widened.
fn narrowed(value: &ArrayRef, to: &DataType) -> ArrayRef {
    let there = arrow::compute::cast(value, to).ok().filter(|there| there.null_count() == 0);
    let back = there.as_ref().and_then(|there| arrow::compute::cast(there, value.data_type()).ok());
    match (there, back) {
        (Some(there), Some(back)) if back.to_data() == value.to_data() => there,
        _ => Arc::clone(value),
    }
}

struct Task<'a> {
    function: &'static Function,
    kernel: Kernel,
    plan: &'a Plan,
    options: &'a Options,
}

impl Task<'_> {
    /// One chunk: bring to normal types, widen, compute, and sort out the row errors.
    fn run(
        &self,
        raw: &[Input],
        rows: usize,
        only: Option<&BooleanArray>,
        offset: usize,
        meter: &mut dyn Meter,
    ) -> Result<Outcome, Failure> {
        let mut inputs = Vec::with_capacity(raw.len());
        let mut errors = Vec::new();
        for (input, to) in raw.iter().zip(&self.plan.inputs) {
            let normal = normalise(&input.array, meter)?;
            let Values { array, errors: found } = coerce(&normal, to, meter)?;
            match found {
                Some((_, describe)) if input.scalar => {
                    errors.push((BooleanBuffer::new_set(rows), describe_first(describe)))
                }
                Some(found) => errors.push(found),
                None => {}
            }
            inputs.push(Input { array, scalar: input.scalar });
        }
        if self.function.bound == Bound::Width {
            let bits = self.plan.output.primitive_width().map_or(1, |width| width as u64 * 8);
            meter.allocate(bits.saturating_mul(rows as u64) / 8 + rows as u64 / 8)?;
        }
        let (function, output, options) = (self.function.name, &self.plan.output, self.options);
        let mut call = Call::new(function, &inputs, output, options, rows, meter);
        let Values { array, errors: found } = (self.kernel)(&mut call)?;
        call.settle()?;
        if array.len() != rows || array.data_type() != output {
            let message = format!("{function} gave {} rows of {}", array.len(), type_name(array.data_type()));
            return Err(Failure::internal("kernel", message));
        }
        errors.extend(found);

        let only = only.map(|only| match only.nulls() {
            Some(nulls) => only.values() & nulls.inner(),
            None => only.values().clone(),
        });
        let mut failed: Option<BooleanBuffer> = None;
        let mut first: Option<(usize, Failure)> = None;
        for (rows, describe) in errors {
            let rows = only.as_ref().map_or(rows.clone(), |only| &rows & only);
            let Some(row) = rows.set_indices().next() else { continue };
            if first.as_ref().is_none_or(|(before, _)| row < *before) {
                first = Some((row, describe(row)));
            }
            failed = Some(failed.map_or(rows.clone(), |failed| &failed | &rows));
        }
        let mut values = array;
        if let Some(only) = &only {
            values = null_where(&values, &!only)?;
        }
        if let Some(failed) = &failed {
            values = null_where(&values, failed)?;
        }
        let first = first.map(|(row, failure)| failure.with_row((row + offset) as u64));
        Ok(Outcome { values, failed: failed.map(|rows| BooleanArray::new(rows, None)), first })
    }
}

fn describe_first(describe: super::values::Describe) -> super::values::Describe {
    Box::new(move |_| describe(0))
}

/// The outcome of one row as the outcome of all rows.
fn broadcast(
    one: Outcome,
    rows: usize,
    only: Option<&BooleanArray>,
    meter: &mut dyn Meter,
) -> Result<Outcome, Failure> {
    let bytes = slice_bytes(one.values.as_ref()).saturating_mul(rows as u64);
    if bytes > i32::MAX as u64 {
        return Err(Failure::limit("too-large", format!("{rows} copies of the result are more than 2 GiB")));
    }
    meter.allocate(bytes)?;
    let live = only.map(|only| match only.nulls() {
        Some(nulls) => only.values() & nulls.inner(),
        None => only.values().clone(),
    });
    let mut values: ArrayRef = match one.values.data_type() {
        DataType::Null => Arc::new(NullArray::new(rows)),
        _ => repeated(&one.values, rows, meter)?,
    };
    if let Some(live) = &live {
        values = null_where(&values, &!live)?;
    }
    let Some(failure) = one.first else { return Ok(Outcome { values, failed: None, first: None }) };
    let failed = live.unwrap_or_else(|| BooleanBuffer::new_set(rows));
    let row = failed.set_indices().next();
    Ok(match row {
        Some(row) => {
            let failed = Some(BooleanArray::new(failed, None));
            Outcome { values, failed, first: Some(failure.with_row(row as u64)) }
        }
        None => Outcome { values, failed: None, first: None },
    })
}

/// One row again and again: a block of it is made, and copied, with a look at the deadline after each.
pub(super) fn repeated(one: &ArrayRef, rows: usize, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
    let block = ((BLOCK / slice_bytes(one.as_ref()).max(1)).max(1) as usize).min(rows);
    let zeros = UInt32Array::from_value(0, block);
    let block = arrow::compute::take(one.as_ref(), &zeros, None).map_err(internal)?;
    if block.len() == rows {
        return Ok(block);
    }
    let data = block.to_data();
    let mut copies = MutableArrayData::new(vec![&data], false, rows);
    for from in (0..rows).step_by(block.len()) {
        meter.work(0)?;
        copies.try_extend(0, 0, block.len().min(rows - from)).map_err(internal)?;
    }
    Ok(make_array(copies.freeze()))
}

/// Chunks put together.
fn join(parts: Vec<Outcome>, meter: &mut dyn Meter) -> Result<Outcome, Failure> {
    let bytes: u64 = parts.iter().map(|part| slice_bytes(part.values.as_ref())).sum();
    if bytes > i32::MAX as u64 && parts.first().is_some_and(|part| part.values.data_type().primitive_width().is_none())
    {
        return Err(Failure::limit("too-large", "the result is more than 2 GiB; use smaller batches"));
    }
    meter.allocate(bytes)?;
    let arrays: Vec<ArrayRef> = parts.iter().map(|part| Arc::clone(&part.values)).collect();
    let values = joined(&arrays, meter)?;
    let failed = parts.iter().any(|part| part.failed.is_some()).then(|| {
        let mut rows = arrow::array::BooleanBufferBuilder::new(values.len());
        for part in &parts {
            match &part.failed {
                Some(failed) => rows.append_buffer(failed.values()),
                None => rows.append_n(part.values.len(), false),
            }
        }
        BooleanArray::new(rows.finish(), None)
    });
    let first = parts.into_iter().find_map(|part| part.first);
    Ok(Outcome { values, failed, first })
}

/// Arrays of one type in one, with a look at the deadline after each. The memory has been asked for.
pub(super) fn joined(arrays: &[ArrayRef], meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
    let [first, _, ..] = arrays else {
        return arrays.first().cloned().ok_or_else(|| mismatch("there is nothing to join"));
    };
    if first.data_type().is_null() || matches!(first.data_type(), DataType::Dictionary(..)) {
        // What these hold is small, or is to be shared.
        let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
        return arrow::compute::concat(&arrays).map_err(internal);
    }
    let data: Vec<_> = arrays.iter().map(Array::to_data).collect();
    let rows = data.iter().map(|data| data.len()).sum();
    let mut all = MutableArrayData::with_capacities(data.iter().collect(), false, capacities(arrays, rows));
    for (index, array) in arrays.iter().enumerate() {
        meter.work(0)?;
        all.try_extend(index, 0, array.len()).map_err(internal)?;
    }
    Ok(make_array(all.freeze()))
}

/// Room for all of the text of text columns, which would else move as it grows.
fn capacities(arrays: &[ArrayRef], rows: usize) -> Capacities {
    let bytes = |array: &ArrayRef| slice_bytes(array.as_ref()) as usize;
    match arrays.first().map(|array| array.data_type()) {
        Some(DataType::Utf8 | DataType::Binary) => Capacities::Binary(rows, Some(arrays.iter().map(bytes).sum())),
        _ => Capacities::Array(rows),
    }
}
