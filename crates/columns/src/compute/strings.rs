//! Text: case, trimming, lengths, parts and joining.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, StringArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Int64Type};

use super::options::Options;
use super::promote::{internal, mismatch};
use super::table::{Function, Plan};
use super::text::{PIECE, Texts, Writer, bytes, count_characters, find, parts, pieces, place_of};
use super::values::{Call, Values};
use crate::Failure;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("utf8_lower", "utf8_lower(text) -> text", to_text, lower).pieces().weight(4).doc("in lower case"),
    Function::new("utf8_upper", "utf8_upper(text) -> text", to_text, upper).pieces().weight(4).differs("ß becomes SS, as Unicode has it")
        .doc("in upper case"),
    Function::new("utf8_trim", "utf8_trim(text) -> text", trim_types, trim).options(&["characters"]).pieces().weight(4)
        .doc("without these characters (white space) at both ends"),
    Function::new("utf8_ltrim", "utf8_ltrim(text) -> text", trim_types, ltrim).options(&["characters"]).pieces().weight(4)
        .doc("without these characters (white space) at the front"),
    Function::new("utf8_rtrim", "utf8_rtrim(text) -> text", trim_types, rtrim).options(&["characters"]).pieces().weight(4)
        .doc("without these characters (white space) at the end"),
    Function::new("utf8_trim_whitespace", "utf8_trim_whitespace(text) -> text", to_text, trim).pieces().weight(4)
        .doc("without white space at both ends"),
    Function::new("utf8_ltrim_whitespace", "utf8_ltrim_whitespace(text) -> text", to_text, ltrim).pieces().weight(4)
        .doc("without white space at the front"),
    Function::new("utf8_rtrim_whitespace", "utf8_rtrim_whitespace(text) -> text", to_text, rtrim).pieces().weight(4)
        .doc("without white space at the end"),
    Function::new("utf8_length", "utf8_length(text) -> int32", length_types, utf8_length).weight(2).doc("the number of characters"),
    Function::new("binary_length", "binary_length(text or binary) -> int32", bytes_types, binary_length).doc("the number of bytes"),
    Function::new("list_value_length", "list_value_length(list) -> int32", list_types, binary_length).doc("the number of items"),
    Function::new("utf8_slice_codeunits", "utf8_slice_codeunits(text, [start, [length]]) -> text", slice_types, slice)
        .arity(1, 3).options(&["start", "stop", "length"]).pieces().weight(4)
        .doc("the characters from `start`, counted from 0 or, if negative, from the end, up to `stop` or so many"),
    Function::new("utf8_replace", "utf8_replace(text, [pattern, replacement]) -> text", replace_types, replace)
        .arity(1, 3).options(&["pattern", "replacement"]).pieces().weight(8)
        .doc("all occurrences of a text replaced; an empty pattern replaces nothing"),
    Function::new("utf8_reverse", "utf8_reverse(text) -> text", to_text, reverse).pieces().weight(6).doc("the characters from back to front"),
    Function::new("utf8_repeat", "utf8_repeat(text, integer) -> text", repeat_types, repeat).arity(2, 2).pieces().weight(4)
        .doc("the text so many times; none below 1"),
    padded("utf8_lpad", "utf8_lpad(text, [integer, [text]]) -> text", lpad).doc("padded at the front (with spaces) to so many characters"),
    padded("utf8_rpad", "utf8_rpad(text, [integer, [text]]) -> text", rpad).doc("padded at the end (with spaces) to so many characters"),
    padded("utf8_center", "utf8_center(text, [integer, [text]]) -> text", center)
        .doc("padded on both sides (with spaces) to so many characters; an odd one goes to the end"),
    padded("ascii_lpad", "ascii_lpad(text, [integer, [text]]) -> text", lpad).doc("padded at the front (with spaces) to so many bytes"),
    padded("ascii_rpad", "ascii_rpad(text, [integer, [text]]) -> text", rpad).doc("padded at the end (with spaces) to so many bytes"),
    padded("ascii_center", "ascii_center(text, [integer, [text]]) -> text", center)
        .doc("padded on both sides (with spaces) to so many bytes; an odd one goes to the end"),
    Function::new("ascii_trim", "ascii_trim(text) -> text", trim_types, trim).options(&["characters"]).pieces().weight(4)
        .doc("without these characters (ASCII white space) at both ends"),
    Function::new("ascii_ltrim", "ascii_ltrim(text) -> text", trim_types, ltrim).options(&["characters"]).pieces().weight(4)
        .doc("without these characters (ASCII white space) at the front"),
    Function::new("ascii_rtrim", "ascii_rtrim(text) -> text", trim_types, rtrim).options(&["characters"]).pieces().weight(4)
        .doc("without these characters (ASCII white space) at the end"),
    Function::new("ascii_trim_whitespace", "ascii_trim_whitespace(text) -> text", to_text, trim).pieces().weight(4)
        .doc("without ASCII white space at both ends"),
    Function::new("ascii_ltrim_whitespace", "ascii_ltrim_whitespace(text) -> text", to_text, ltrim).pieces().weight(4)
        .doc("without ASCII white space at the front"),
    Function::new("ascii_rtrim_whitespace", "ascii_rtrim_whitespace(text) -> text", to_text, rtrim).pieces().weight(4)
        .doc("without ASCII white space at the end"),
    Function::new("ascii_reverse", "ascii_reverse(text) -> text", to_text, reverse).pieces().weight(6).doc("the same as utf8_reverse")
        .differs("Arrow refuses text that is not ASCII"),
    Function::new("replace_substring", "replace_substring(text, [pattern, replacement]) -> text", replace_types, replace)
        .arity(1, 3).options(&["pattern", "replacement", "max_replacements"]).pieces().weight(8)
        .doc("the occurrences of a text replaced, at most `max_replacements` of them; an empty pattern replaces nothing"),
    Function::new("binary_join_element_wise", "binary_join_element_wise(text, …, separator) -> text", join_types, join)
        .arity(1, usize::MAX).options(&["null_handling"]).pieces().weight(4)
        .differs("with skip, pyarrow leaves out rows that have nothing but nulls")
        .doc("the texts with the last argument between them; `null_handling` = emit_null, or skip, which leaves nulls out"),
];

const fn padded(name: &'static str, signature: &'static str, kernel: super::table::Kernel) -> Function {
    Function::new(name, signature, pad_types, kernel).arity(1, 3).options(&["width", "padding"]).pieces().weight(4)
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::Null)
}

fn is_integer(data_type: &DataType) -> bool {
    data_type.is_integer() || *data_type == DataType::Null
}

pub(super) fn all_text(types: &[DataType], output: DataType) -> Result<Plan, Failure> {
    if types.iter().all(is_text) {
        Ok(Plan::uniform(types.len(), DataType::Utf8, output))
    } else {
        Err(mismatch("text is expected; cast to utf8 first"))
    }
}

fn to_text(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    all_text(types, DataType::Utf8)
}

fn trim_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    options.text("characters")?;
    all_text(types, DataType::Utf8)
}

fn length_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    all_text(types, DataType::Int32)
}

fn bytes_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    match types {
        [DataType::Null] => Ok(Plan::uniform(1, DataType::Utf8, DataType::Int32)),
        [to @ (DataType::Utf8 | DataType::Binary)] => Ok(Plan::uniform(1, to.clone(), DataType::Int32)),
        [DataType::FixedSizeBinary(_)] => Ok(Plan::uniform(1, DataType::Binary, DataType::Int32)),
        _ => Err(mismatch("text or binary is expected")),
    }
}

fn list_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    match types {
        [to @ (DataType::List(_) | DataType::FixedSizeList(..))] => Ok(Plan::uniform(1, to.clone(), DataType::Int32)),
        _ => Err(mismatch("a list is expected")),
    }
}

fn slice_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    for name in ["start", "stop", "length"] {
        options.integer(name)?;
    }
    text_and_integers(types)
}

fn text_and_integers(types: &[DataType]) -> Result<Plan, Failure> {
    match types.split_first() {
        Some((text, numbers)) if is_text(text) && numbers.iter().all(is_integer) => {
            let inputs = std::iter::once(DataType::Utf8).chain(numbers.iter().map(|_| DataType::Int64)).collect();
            Ok(Plan { inputs, output: DataType::Utf8 })
        }
        _ => Err(mismatch("text and integers are expected")),
    }
}

fn repeat_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    text_and_integers(types)
}

fn pad_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    let (width, padding) = (options.integer("width")?, options.text("padding")?);
    match types {
        [_] if width.is_some() => text_and_integers(types),
        [_] => Err(mismatch("a width is expected, as an argument or as the option `width`")),
        [_, ..] if width.is_some() => Err(mismatch("a width is expected once")),
        [_, _] => text_and_integers(types),
        [_, _, _] if padding.is_some() => Err(mismatch("a padding is expected once")),
        [text, number, padding] if is_text(text) && is_integer(number) && is_text(padding) => {
            Ok(Plan { inputs: vec![DataType::Utf8, DataType::Int64, DataType::Utf8], output: DataType::Utf8 })
        }
        _ => Err(mismatch("text, an integer and text are expected")),
    }
}

fn replace_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    most(options)?;
    let given = options.text("pattern")?.is_some() && options.text("replacement")?.is_some();
    if types.len() != 3 && !(given && types.len() == 1) {
        return Err(mismatch("a pattern and its replacement are expected, both as arguments or both as options"));
    }
    all_text(types, DataType::Utf8)
}

fn join_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    options.word("null_handling", &["emit_null", "skip"])?;
    all_text(types, DataType::Utf8)
}

/// A text for each row where all inputs are valid, written by `write`.
fn write_rows(
    call: &mut Call,
    mut write: impl FnMut(&mut Call, usize, &mut Writer) -> Result<(), Failure>,
) -> Result<Values, Failure> {
    let Ok(nulls) = call.nulls(usize::MAX) else { return Ok(call.all_null()) };
    let expected = call.inputs.first().map_or(0, |input| Texts::of(input).bytes());
    let mut out = Writer::new(call.rows, expected, call.meter)?;
    for row in 0..call.rows {
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            write(call, row, &mut out)?;
        }
        out.end_row();
    }
    Ok(Values::of(out.finish(nulls)?))
}

fn first<'a>(call: &Call<'a>) -> Result<&'a super::values::Input, Failure> {
    call.inputs.first().ok_or_else(|| mismatch("an argument is expected"))
}

/// ASCII changes case byte by byte; other text character by character.
fn change_case(call: &mut Call, ascii: fn(&mut [u8]), unicode: fn(&str) -> String) -> Result<Values, Failure> {
    let input = first(call)?;
    let array = input.array.as_string::<i32>();
    let (all, offsets) = parts(array);
    if is_ascii(all, call)? {
        call.meter.allocate((all.len() + array.len() * 4) as u64)?;
        let mut changed = Vec::with_capacity(all.len());
        for piece in all.chunks(PIECE) {
            call.tick(piece.len())?;
            let from = changed.len();
            changed.extend_from_slice(piece);
            changed.get_mut(from..).into_iter().for_each(ascii);
        }
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let array = StringArray::try_new(offsets, Buffer::from_vec(changed), array.nulls().cloned());
        return Ok(Values::of(Arc::new(array.map_err(internal)?)));
    }
    let texts = Texts::of(input);
    write_rows(call, |call, row, out| {
        for piece in pieces(texts.get(row)) {
            // A character grows to at most three times its bytes.
            call.charge(piece.len() as u64 / 4)?;
            out.push(&unicode(piece), call.meter)?;
        }
        Ok(())
    })
}

fn is_ascii(bytes: &[u8], call: &mut Call) -> Result<bool, Failure> {
    for block in bytes.chunks(PIECE) {
        call.tick(block.len() / 8)?;
        if !block.is_ascii() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn lower(call: &mut Call) -> Result<Values, Failure> {
    change_case(call, <[u8]>::make_ascii_lowercase, str::to_lowercase)
}
fn upper(call: &mut Call) -> Result<Values, Failure> {
    change_case(call, <[u8]>::make_ascii_uppercase, str::to_uppercase)
}

fn trimmed(call: &mut Call, front: bool, back: bool) -> Result<Values, Failure> {
    let characters: Option<Vec<char>> = call.options.text("characters")?.map(|characters| characters.chars().collect());
    if characters.as_ref().is_some_and(|characters| characters.len() > 256) {
        return Err(Failure::limit("too-large", "more than 256 characters to trim").with_parameter("/characters"));
    }
    let texts = Texts::of(first(call)?);
    let ascii = call.function.starts_with("ascii");
    let goes = |character: char| match &characters {
        Some(characters) => characters.contains(&character),
        None if ascii => matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{B}' | '\u{C}'),
        None => character.is_whitespace(),
    };
    let cost = characters.as_ref().map_or(1, Vec::len);
    write_rows(call, |call, row, out| {
        let mut text = texts.get(row);
        while front && !text.is_empty() {
            let (piece, rest) = super::text::front(text);
            let kept = piece.trim_start_matches(goes);
            call.charge(((piece.len() - kept.len()) * cost / 4) as u64)?;
            text = text.get(piece.len() - kept.len()..).unwrap_or_default();
            if !kept.is_empty() || rest.is_empty() {
                break;
            }
        }
        while back && !text.is_empty() {
            let (rest, piece) = super::text::back(text);
            let kept = piece.trim_end_matches(goes);
            call.charge(((piece.len() - kept.len()) * cost / 4) as u64)?;
            text = text.get(..rest.len() + kept.len()).unwrap_or_default();
            if !kept.is_empty() || rest.is_empty() {
                break;
            }
        }
        out.push(text, call.meter)
    })
}

fn trim(call: &mut Call) -> Result<Values, Failure> {
    trimmed(call, true, true)
}
fn ltrim(call: &mut Call) -> Result<Values, Failure> {
    trimmed(call, true, false)
}
fn rtrim(call: &mut Call) -> Result<Values, Failure> {
    trimmed(call, false, true)
}

fn utf8_length(call: &mut Call) -> Result<Values, Failure> {
    let array = first(call)?.array.as_string::<i32>();
    if is_ascii(bytes(array), call)? {
        return binary_length(call);
    }
    let mut lengths = Vec::with_capacity(array.len());
    for row in 0..array.len() {
        lengths.push(count_characters(array.value(row), call)? as i32);
    }
    Ok(Values::of(Arc::new(Int32Array::new(lengths.into(), array.nulls().cloned()))))
}

fn binary_length(call: &mut Call) -> Result<Values, Failure> {
    let input = first(call)?;
    let array: ArrayRef = arrow::compute::kernels::length::length(input.array.as_ref()).map_err(internal)?;
    Ok(Values::of(array))
}

/// Where the character of a number begins, a negative one counted from the end.
fn place(text: &str, index: i64, call: &mut Call) -> Result<usize, Failure> {
    match usize::try_from(index) {
        Ok(index) => place_of(text, index, call),
        Err(_) => {
            let count = count_characters(text, call)? as i64;
            place_of(text, index.saturating_add(count).max(0) as usize, call)
        }
    }
}

fn slice(call: &mut Call) -> Result<Values, Failure> {
    let (start, stop, length) =
        (call.options.integer("start")?, call.options.integer("stop")?, call.options.integer("length")?);
    let inputs = call.inputs;
    let number = |index: usize, row: usize, otherwise: Option<i64>| match inputs.get(index) {
        Some(input) => Some(input.array.as_primitive::<Int64Type>().value(input.at(row))),
        None => otherwise,
    };
    let texts = Texts::of(first(call)?);
    write_rows(call, |call, row, out| {
        let text = texts.get(row);
        call.tick(text.len())?;
        let begin = place(text, number(1, row, start).unwrap_or(0), call)?;
        let mut end = text.len();
        if let Some(length) = number(2, row, length) {
            end = begin + place(text.get(begin..).unwrap_or_default(), length.max(0), call)?;
        }
        if let Some(stop) = stop {
            // A stop counts from the front of the whole text, or from its end.
            end = end.min(place(text, stop, call)?);
        }
        out.push(text.get(begin..end).unwrap_or_default(), call.meter)
    })
}

/// The option `max_replacements`; without limit if it is absent or negative.
pub(super) fn most(options: &Options) -> Result<usize, Failure> {
    let most = options.integer("max_replacements")?.unwrap_or(-1);
    Ok(usize::try_from(most).unwrap_or(usize::MAX))
}

fn replace(call: &mut Call) -> Result<Values, Failure> {
    let options = call.options;
    let most = most(options)?;
    let (pattern, replacement) = (options.text("pattern")?.unwrap_or(""), options.text("replacement")?.unwrap_or(""));
    let inputs = call.inputs;
    let text_at = |index: usize, row: usize, otherwise: &'static str| match inputs.get(index) {
        Some(input) => Texts::of(input).get(row),
        None => otherwise,
    };
    let (given, texts) = (inputs.len() > 1, Texts::of(first(call)?));
    write_rows(call, |call, row, out| {
        let text = texts.get(row);
        let (pattern, replacement) =
            if given { (text_at(1, row, ""), text_at(2, row, "")) } else { (pattern, replacement) };
        call.tick(text.len())?;
        if pattern.is_empty() {
            return out.push(text, call.meter);
        }
        let (mut rest, mut count) = (0, 0);
        while count < most
            && let Some(place) = find(text, pattern, rest, call)?
        {
            count += 1;
            out.push(text.get(rest..place).unwrap_or_default(), call.meter)?;
            out.push(replacement, call.meter)?;
            call.tick(replacement.len())?;
            rest = place + pattern.len();
        }
        out.push(text.get(rest..).unwrap_or_default(), call.meter)
    })
}

fn reverse(call: &mut Call) -> Result<Values, Failure> {
    let texts = Texts::of(first(call)?);
    write_rows(call, |call, row, out| {
        let (mut rest, mut buffer) = (texts.get(row), [0; 4]);
        while !rest.is_empty() {
            let piece;
            (rest, piece) = super::text::back(rest);
            call.tick(piece.len() * 2)?;
            piece.chars().rev().try_for_each(|character| out.push(character.encode_utf8(&mut buffer), call.meter))?;
        }
        Ok(())
    })
}

fn integer_at(call: &Call, index: usize, row: usize) -> i64 {
    call.inputs.get(index).map_or(0, |input| input.array.as_primitive::<Int64Type>().value(input.at(row)))
}

/// A text again and again, `count` characters of it. All of it is asked for before the first is written.
fn fill(call: &mut Call, text: &str, count: usize, out: &mut Writer) -> Result<(), Failure> {
    let characters = count_characters(text, call)?;
    if characters == 0 {
        return Ok(());
    }
    let (times, left) = (count / characters, count % characters);
    let rest = text.get(..place_of(text, left, call)?).unwrap_or_default();
    out.reserve(times.saturating_mul(text.len()).saturating_add(rest.len()), call.meter)?;
    out.push_times(text, times, call.meter)?;
    out.push(rest, call.meter)
}

fn repeat(call: &mut Call) -> Result<Values, Failure> {
    let texts = Texts::of(first(call)?);
    write_rows(call, |call, row, out| {
        let (text, times) = (texts.get(row), integer_at(call, 1, row).max(0) as usize);
        call.charge((text.len().saturating_mul(times) / 16) as u64)?;
        if text.is_empty() { Ok(()) } else { out.push_times(text, times, call.meter) }
    })
}

/// Where padding goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Front,
    Back,
    Both,
}

fn pad(call: &mut Call, side: Side) -> Result<Values, Failure> {
    let texts = Texts::of(first(call)?);
    let (option, character) = (call.options.integer("width")?, call.options.text("padding")?.unwrap_or(" "));
    let padding = call.inputs.get(2).map(Texts::of);
    let bytes = call.function.starts_with("ascii");
    write_rows(call, |call, row, out| {
        let text = texts.get(row);
        let length = if bytes { text.len() } else { count_characters(text, call)? };
        let width = option.unwrap_or_else(|| integer_at(call, 1, row));
        let missing = (width.max(0) as usize).saturating_sub(length);
        let padding = padding.map_or(character, |padding| padding.get(row));
        let missing = if padding.is_empty() { 0 } else { missing };
        let front = match side {
            Side::Front => missing,
            Side::Back => 0,
            Side::Both => missing / 2,
        };
        fill(call, padding, front, out)?;
        out.push(text, call.meter)?;
        fill(call, padding, missing - front, out)
    })
}

fn lpad(call: &mut Call) -> Result<Values, Failure> {
    pad(call, Side::Front)
}
fn rpad(call: &mut Call) -> Result<Values, Failure> {
    pad(call, Side::Back)
}
fn center(call: &mut Call) -> Result<Values, Failure> {
    pad(call, Side::Both)
}

fn join(call: &mut Call) -> Result<Values, Failure> {
    let skip = call.options.word("null_handling", &["emit_null", "skip"])? == "skip";
    let Some((separator, texts)) = call.inputs.split_last() else { return Err(mismatch("a separator is expected")) };
    let Ok(separator_nulls) = separator.nulls() else { return Ok(call.all_null()) };
    let nulls = match (skip, call.nulls(usize::MAX)) {
        (true, _) => separator_nulls,
        (false, Ok(nulls)) => nulls,
        (false, Err(())) => return Ok(call.all_null()),
    };
    let columns: Vec<(Texts, Option<NullBuffer>)> =
        texts.iter().filter_map(|input| Some((Texts::of(input), input.nulls().ok()?))).collect();
    let separator = Texts::of(separator);
    let expected = columns.iter().map(|(texts, _)| texts.bytes()).sum();
    let mut out = Writer::new(call.rows, expected, call.meter)?;
    for row in 0..call.rows {
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            let mut begun = false;
            for (texts, nulls) in &columns {
                if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                    continue;
                }
                let text = texts.get(row);
                call.tick(text.len())?;
                if begun {
                    out.push(separator.get(row), call.meter)?;
                }
                out.push(text, call.meter)?;
                begun = true;
            }
        }
        out.end_row();
    }
    Ok(Values::of(out.finish(nulls)?))
}
