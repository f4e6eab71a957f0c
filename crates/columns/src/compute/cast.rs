//! Conversion from one type to another.

mod text;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, new_empty_array};
use arrow::buffer::{BooleanBuffer, OffsetBuffer};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::DataType;
use arrow::util::display::FormatOptions;

use super::options::Options;
use super::promote::{internal, mismatch, slice_bytes};
use super::scalar::shown;
use super::table::{Function, Plan};
use super::text::{PIECE, bytes};
use super::values::{Call, Values, null_where};
use crate::batch::null_row_bytes;
use crate::caught::caught;
use crate::{Failure, FailureKind, plain_type, type_name};

/// Bytes that are converted between looks at the deadline.
const BLOCK: u64 = 1 << 20;

pub(super) const FUNCTIONS: &[Function] = &[Function::new("cast", "cast(any) -> to_type", types, cast)
    .options(&["to_type", "safe"])
    .pieces()
    .weight(6)
    .differs("floats become text such as 1.0 and NaN where Arrow writes 1 and nan, and times have a T, and a fraction only if there is one")
        .doc("the value in the type `to_type`; one that does not convert is a row error, or null with `safe` = true")];

fn types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    let Some(to) = options.data_type("to_type")? else {
        return Err(
            Failure::invalid_config("type-mismatch", "cast needs the option to_type").with_parameter("/to_type")
        );
    };
    // Views and the like become what plugins see.
    let to = plain_type(&to);
    options.boolean("safe")?;
    match types {
        [from] if can_cast_types(from, &to) => Ok(Plan { inputs: vec![from.clone()], output: to }),
        [from] => Err(mismatch(format!("{} cannot become {}", type_name(from), type_name(&to)))),
        _ => Err(mismatch("one argument is expected")),
    }
}

fn cast(call: &mut Call) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("one argument is expected")) };
    let array = Arc::clone(&input.array);
    let rows = call.rows as u64;
    let bytes = match call.output.primitive_width() {
        Some(width) => rows.saturating_mul(width as u64),
        None if array.data_type().is_nested() => slice_bytes(array.as_ref()).saturating_mul(16),
        None => slice_bytes(array.as_ref()).saturating_add(rows.saturating_mul(48)),
    };
    let bytes = bytes.saturating_add(nulls_bytes(&array, call.output));
    if bytes > i32::MAX as u64 && has_fixed_size(call.output) {
        return Err(Failure::limit("too-large", "the result is more than 2 GiB; use smaller batches"));
    }
    call.meter.allocate(bytes)?;
    let safe = call.options.boolean("safe")?;
    let own = if *call.output == DataType::Utf8 { text::of(call, &array)? } else { None };
    let readable = without_long_texts(call, &array)?;
    let converted = match own.map_or_else(|| in_pieces(call, &readable, call.output), Ok) {
        Ok(converted) => converted,
        Err(failure) if failure.kind == FailureKind::Limit => return Err(failure),
        Err(_) => one_by_one(call, &readable)?,
    };
    if safe {
        return Ok(Values::of(converted));
    }
    let (source, to) = (Arc::clone(&array), call.output.clone());
    Ok(Values::nulls_are_errors(&array, converted, move |row| invalid(&source, row, &to)))
}

/// Texts of more than 64 KiB, in which no number or time is looked for, made null.
fn without_long_texts(call: &mut Call, array: &ArrayRef) -> Result<ArrayRef, Failure> {
    let stays = matches!(call.output, DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary);
    let Some(texts) = array.as_string_opt::<i32>().filter(|texts| !stays && bytes(texts).len() > PIECE) else {
        return Ok(Arc::clone(array));
    };
    let longest = texts.value_offsets().windows(2).fold(0, |longest, pair| match pair {
        [a, b] => longest.max(b.wrapping_sub(*a)),
        _ => longest,
    });
    if longest as usize <= PIECE {
        return Ok(Arc::clone(array));
    }
    let long = texts.value_offsets().windows(2).map(|pair| matches!(pair, [a, b] if (b - a) as usize > PIECE));
    null_where(array, &BooleanBuffer::from_iter(long))
}

/// Converts a column, the items of long lists piece by piece with looks at the deadline.
fn in_pieces(call: &mut Call, array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Failure> {
    let (Some(lists), DataType::List(item)) = (array.as_list_opt::<i32>(), to) else { return convert(array, to) };
    let average = slice_bytes(array.as_ref()) / (lists.len() as u64).max(1);
    if average < BLOCK {
        return convert(array, to);
    }
    let offsets = lists.value_offsets();
    let (first, last) = (offsets.first().copied().unwrap_or(0), offsets.last().copied().unwrap_or(0));
    let items = lists.values().slice(first as usize, (last - first) as usize);
    let each = (slice_bytes(items.as_ref()) / (items.len() as u64).max(1)).max(1);
    let block = (BLOCK / each).max(1) as usize;
    let mut parts = vec![new_empty_array(item.data_type())];
    for from in (0..items.len()).step_by(block) {
        call.settle()?;
        let part = items.slice(from, block.min(items.len() - from));
        let converted = in_pieces(call, &part, item.data_type())?;
        if converted.logical_null_count() > part.logical_null_count() {
            return Err(Failure::invalid_input("kernel", "an item does not convert"));
        }
        parts.push(converted);
    }
    let items = super::call::joined(&parts, call.meter)?;
    let offsets = OffsetBuffer::new(offsets.iter().map(|offset| offset - first).collect());
    let lists = ListArray::try_new(Arc::clone(item), offsets, items, lists.nulls().cloned());
    Ok(Arc::new(lists.map_err(internal)?))
}

/// What the result takes if all of its rows are null, at each level that both types have.
fn nulls_bytes(array: &ArrayRef, to: &DataType) -> u64 {
    let rows = (array.len() as u64).saturating_mul(null_row_bytes(to));
    let below = match to {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            match array.data_type() {
                DataType::List(_) => nulls_bytes(array.as_list::<i32>().values(), item.data_type()),
                DataType::LargeList(_) => nulls_bytes(array.as_list::<i64>().values(), item.data_type()),
                DataType::FixedSizeList(..) => nulls_bytes(array.as_fixed_size_list().values(), item.data_type()),
                _ => nulls_bytes(array, item.data_type()),
            }
        }
        DataType::Dictionary(_, value) => nulls_bytes(array, value),
        DataType::Struct(fields) => match array.as_struct_opt() {
            Some(from) => {
                let each = from.columns().iter().zip(fields).map(|(column, to)| nulls_bytes(column, to.data_type()));
                each.fold(0, u64::saturating_add)
            }
            None => 0,
        },
        _ => 0,
    };
    rows.saturating_add(below)
}

fn has_fixed_size(data_type: &DataType) -> bool {
    match data_type {
        DataType::FixedSizeList(..) | DataType::FixedSizeBinary(_) => true,
        DataType::List(item) | DataType::LargeList(item) => has_fixed_size(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_fixed_size(field.data_type())),
        DataType::Dictionary(_, value) => has_fixed_size(value),
        _ => false,
    }
}

/// Converts; what does not convert is null, except that nested values fail as a whole.
pub(super) fn convert(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Failure> {
    let safe = !(array.data_type().is_nested() || to.is_nested());
    let clocks;
    let array = match (array.as_string_opt::<i32>(), to) {
        // Arrow takes a bare number for a count of ticks.
        (Some(texts), DataType::Time32(_) | DataType::Time64(_)) => {
            let number = |text: Option<&str>| Some(text.is_some_and(|text| !text.contains(':')));
            let numbers: BooleanArray = texts.iter().map(number).collect();
            clocks = arrow::compute::nullif(texts, &numbers).map_err(internal)?;
            &clocks
        }
        _ => array,
    };
    let options = CastOptions { safe, format_options: FormatOptions::default() };
    // Arrow panics at times whose local form is just beyond the calendar; such rows fail like any other.
    let cast = caught(|| cast_with_options(array, to, &options).map_err(internal));
    cast.unwrap_or_else(|_| Err(Failure::invalid_input("kernel", "the value has no such form")))
}

/// For conversions that arrow fails as a whole: the rows that fail alone are null.
fn one_by_one(call: &mut Call, array: &ArrayRef) -> Result<ArrayRef, Failure> {
    let null = arrow::array::new_null_array(call.output, 1);
    let mut parts = Vec::with_capacity(array.len());
    for row in 0..array.len() {
        call.tick(256)?;
        match in_pieces(call, &array.slice(row, 1), call.output) {
            Ok(part) => parts.push(part),
            Err(failure) if failure.kind == FailureKind::Limit => return Err(failure),
            Err(_) => parts.push(Arc::clone(&null)),
        }
    }
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    arrow::compute::concat(&parts).map_err(internal)
}

/// Why the value of a row does not convert.
pub(super) fn invalid(array: &ArrayRef, row: usize, to: &DataType) -> Failure {
    let value = shown(array.as_ref(), row);
    let failure = Failure::invalid_input("invalid-cast", format!("{value} is not {}", with_article(to)));
    let text = array.as_string_opt::<i32>().map(|array| array.value(row));
    match text {
        Some(text) if text.trim().len() != text.len() => failure.with_help("there is space around it; trim it first"),
        Some("") => failure.with_help("it is empty text; nullif(x, '') makes it null"),
        _ => failure.with_help("TRY_CAST, or on-failure = \"null\" of the cast node, makes such values null"),
    }
}

fn with_article(data_type: &DataType) -> String {
    let name = type_name(data_type);
    let article = if name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {name}")
}
