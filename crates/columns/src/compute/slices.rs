//! Parts of text and binary by their places: cut out, replaced, repeated, turned round.

use arrow::array::{Array, AsArray, BinaryArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Int64Type};

use super::options::Options;
use super::promote::mismatch;
use super::table::{Check, Function, Kernel, Plan};
use super::text::{PIECE, Texts, Writer, count_characters, place_of};
use super::values::{Call, Values};
use crate::Failure;

pub(super) const FUNCTIONS: &[Function] = &[
    entry("binary_reverse", "binary_reverse(binary) -> binary", one_types, reverse).doc("the bytes from back to front"),
    entry("binary_repeat", "binary_repeat(text or binary, integer) -> same", repeat_types, repeat).arity(2, 2)
        .doc("the value so many times; a negative number is a row error"),
    entry("binary_slice", "binary_slice(binary, [start, [stop]]) -> binary", slice_types, slice).arity(1, 3).options(&["start", "stop", "step"])
        .differs("pyarrow gives zero bytes for a `step` above 1")
        .doc("the bytes from `start` (0) up to but without `stop` (the end), each `step`-th (1); places are counted from 0 or, if negative, from the end"),
    entry("binary_replace_slice", "binary_replace_slice(text or binary) -> same", replace_types, replace).options(&["start", "stop", "replacement"])
        .doc("the bytes from `start` up to but without `stop` replaced by the `replacement`; places as in binary_slice"),
    entry("utf8_replace_slice", "utf8_replace_slice(text) -> text", text_replace_types, replace_text).options(&["start", "stop", "replacement"])
        .doc("the characters from `start` up to but without `stop` replaced by the `replacement`; places are counted from 0 or, if negative, from the end"),
];

const fn entry(name: &'static str, signature: &'static str, check: Check, kernel: Kernel) -> Function {
    Function::new(name, signature, check, kernel).pieces().weight(4)
}

fn binary(types: &[DataType], numbers: usize) -> Result<Plan, Failure> {
    let is_integer = |data_type: &DataType| data_type.is_integer() || *data_type == DataType::Null;
    match types {
        [DataType::Binary | DataType::FixedSizeBinary(_) | DataType::Null, rest @ ..]
            if rest.len() <= numbers && rest.iter().all(is_integer) =>
        {
            let mut inputs = vec![DataType::Binary];
            inputs.extend(rest.iter().map(|_| DataType::Int64));
            Ok(Plan { inputs, output: DataType::Binary })
        }
        _ if numbers > 0 => Err(mismatch("binary and integers are expected")),
        _ => Err(mismatch("binary is expected")),
    }
}

fn one_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    binary(types, 0)
}

/// Text is worked on as its bytes; the result is text again.
fn either(types: &[DataType], numbers: usize) -> Result<Plan, Failure> {
    match types {
        [DataType::Utf8, rest @ ..] => {
            let bytes: Vec<DataType> = std::iter::once(DataType::Binary).chain(rest.iter().cloned()).collect();
            let plan = binary(&bytes, numbers)?;
            Ok(Plan { inputs: plan.inputs, output: DataType::Utf8 })
        }
        _ => binary(types, numbers),
    }
}

fn repeat_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    either(types, 1)
}

fn places(options: &Options) -> Result<(Option<i64>, Option<i64>), Failure> {
    Ok((options.integer("start")?, options.integer("stop")?))
}

fn slice_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    places(options)?;
    if options.integer("step")?.is_some_and(|step| step < 1) {
        return Err(Failure::invalid_config("out-of-bounds", "step must be at least 1").with_parameter("/step"));
    }
    binary(types, 2)
}

fn replacement(options: &Options) -> Result<(i64, i64, &str), Failure> {
    let (Some(start), Some(stop)) = places(options)? else {
        return Err(mismatch("the options `start` and `stop` are expected"));
    };
    let Some(replacement) = options.text("replacement")? else {
        return Err(mismatch("the option `replacement` is expected").with_parameter("/replacement"));
    };
    Ok((start, stop, replacement))
}

fn replace_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    replacement(options)?;
    either(types, 0)
}

fn text_replace_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    replacement(options)?;
    super::strings::all_text(types, DataType::Utf8)
}

/// The place of a number among `length`, negative ones counted from the end.
fn place(index: i64, length: usize) -> usize {
    let length = length as i64;
    (if index < 0 { index.saturating_add(length) } else { index }).clamp(0, length) as usize
}

/// Bytes for each row where all inputs are valid, written by `write`, which says whether they are good.
fn rows(
    call: &mut Call,
    mut write: impl FnMut(&mut Call, usize, &[u8], &mut Writer) -> Result<bool, Failure>,
    why: &'static str,
) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let Ok(nulls) = call.nulls(usize::MAX) else { return Ok(call.all_null()) };
    let values: &BinaryArray = input.array.as_binary::<i32>();
    let mut out = Writer::new(call.rows, 0, call.meter)?;
    let mut failed = vec![false; call.rows];
    for (row, failed) in failed.iter_mut().enumerate() {
        call.tick(8)?;
        if nulls.as_ref().is_none_or(|nulls: &NullBuffer| nulls.is_valid(row)) {
            let good = write(call, row, values.value(input.at(row)), &mut out)?;
            *failed = !good;
        }
        out.end_row();
    }
    let array = out.finish_binary(nulls)?;
    let text = *call.output == DataType::Utf8;
    let why = move |_: usize| Failure::invalid_input("out-of-bounds", why);
    if !text {
        return Ok(Values::with_errors(array, failed.into(), why));
    }
    // Cut between bytes, it may be no text any more.
    let options = arrow::compute::CastOptions { safe: true, ..Default::default() };
    let texts =
        arrow::compute::cast_with_options(&array, &DataType::Utf8, &options).map_err(super::promote::internal)?;
    let before = array.logical_nulls();
    let torn = (0..call.rows).map(|row| texts.is_null(row) && before.as_ref().is_none_or(|nulls| nulls.is_valid(row)));
    let failed = failed.iter().zip(torn).map(|(failed, torn)| *failed || torn).collect();
    Ok(Values::with_errors(texts, failed, why))
}

fn number(call: &Call, index: usize, row: usize) -> Option<i64> {
    call.inputs.get(index).map(|input| input.array.as_primitive::<Int64Type>().value(input.at(row)))
}

fn reverse(call: &mut Call) -> Result<Values, Failure> {
    let mut turned = Vec::new();
    rows(
        call,
        |call, _, bytes, out| {
            for piece in bytes.rchunks(PIECE) {
                call.tick(piece.len())?;
                turned.clear();
                turned.extend(piece.iter().rev());
                out.push_bytes(&turned, call.meter)?;
            }
            Ok(true)
        },
        "",
    )
}

fn repeat(call: &mut Call) -> Result<Values, Failure> {
    let write = |call: &mut Call, row: usize, bytes: &[u8], out: &mut Writer| {
        let times = number(call, 1, row).unwrap_or_default();
        let Ok(times) = usize::try_from(times) else { return Ok(false) };
        out.reserve(times.saturating_mul(bytes.len()), call.meter)?;
        if bytes.is_empty() {
            return Ok(true);
        }
        // Short values are repeated in blocks, so that writing goes at the speed of memory.
        let block = bytes.repeat((PIECE / bytes.len()).clamp(1, times.max(1)));
        let mut left = times * bytes.len();
        while left > 0 {
            let part = left.min(block.len());
            call.charge(part as u64 / 16)?;
            out.push_bytes(block.get(..part).unwrap_or_default(), call.meter)?;
            left -= part;
        }
        Ok(true)
    };
    rows(call, write, "a value cannot be repeated less than 0 times")
}

fn slice(call: &mut Call) -> Result<Values, Failure> {
    let (start, stop) = places(call.options)?;
    let step = call.options.integer("step")?.unwrap_or(1).max(1) as usize;
    let mut taken = Vec::new();
    rows(
        call,
        |call, row, bytes, out| {
            let from = place(number(call, 1, row).or(start).unwrap_or(0), bytes.len());
            let to = number(call, 2, row).or(stop).map_or(bytes.len(), |stop| place(stop, bytes.len()));
            let part = bytes.get(from..to.max(from)).unwrap_or_default();
            if step == 1 {
                out.push_bytes(part, call.meter)?;
                return Ok(true);
            }
            for piece in part.chunks(PIECE.div_ceil(step).saturating_mul(step)) {
                call.tick(piece.len())?;
                taken.clear();
                taken.extend(piece.iter().step_by(step));
                out.push_bytes(&taken, call.meter)?;
            }
            Ok(true)
        },
        "",
    )
}

fn replace(call: &mut Call) -> Result<Values, Failure> {
    let (start, stop, replacement) = replacement(call.options)?;
    rows(
        call,
        |call, _, bytes, out| {
            let from = place(start, bytes.len());
            let to = place(stop, bytes.len()).max(from);
            for part in [bytes.get(..from), Some(replacement.as_bytes()), bytes.get(to..)] {
                out.push_bytes(part.unwrap_or_default(), call.meter)?;
            }
            Ok(true)
        },
        "bytes of a character are cut apart, so that the rest is no text",
    )
}

fn replace_text(call: &mut Call) -> Result<Values, Failure> {
    let (start, stop, replacement) = replacement(call.options)?;
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let (texts, nulls) = (Texts::of(input), input.array.nulls().cloned());
    let mut out = Writer::new(call.rows, texts.bytes(), call.meter)?;
    for row in 0..call.rows {
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            let text = texts.get(row);
            let length = count_characters(text, call)?;
            let from = place(start, length);
            let to = place(stop, length).max(from);
            let (from, to) = (place_of(text, from, call)?, place_of(text, to, call)?);
            for part in [text.get(..from), Some(replacement), text.get(to..)] {
                out.push(part.unwrap_or_default(), call.meter)?;
            }
        }
        out.end_row();
    }
    Ok(Values::of(out.finish(nulls)?))
}
