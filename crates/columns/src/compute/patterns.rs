//! Searching text: plain text, LIKE and regular expressions.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, BooleanBufferBuilder};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use regex::{Captures, Regex};

use super::options::Options;
use super::promote::mismatch;
use super::strings::all_text;
use super::table::{Function, Plan};
use super::text::{Texts, Writer};
use super::values::{Call, Input, Values};
use crate::Failure;

mod compiled;

use compiled::{compile, like};

/// Longer text is not searched by regular expressions: one search cannot be interrupted.
const MAX_SEARCHED: usize = 1 << 20;

pub(super) const FUNCTIONS: &[Function] = &[
    entry("starts_with", "starts_with(text, [pattern]) -> boolean", plain_types, starts_with)
        .options(&["pattern", "ignore_case"])
        .weight(3)
        .doc("whether it begins with the pattern"),
    entry("ends_with", "ends_with(text, [pattern]) -> boolean", plain_types, ends_with)
        .options(&["pattern", "ignore_case"])
        .weight(3)
        .doc("whether it ends with the pattern"),
    entry("match_substring", "match_substring(text, [pattern]) -> boolean", plain_types, contains)
        .options(&["pattern", "ignore_case"])
        .weight(6)
        .doc("whether the pattern occurs in it"),
    entry("match_like", "match_like(text, [pattern]) -> boolean", like_types, match_like)
        .options(&["pattern", "ignore_case"])
        .weight(10)
        .doc("whether all of it is like the pattern: % is any text, _ any character, \\ takes the next one as it is"),
    entry("match_substring_regex", "match_substring_regex(text, [pattern]) -> boolean", regex_types, match_regex)
        .options(&["pattern", "ignore_case"])
        .weight(20)
        .doc("whether the regular expression matches anywhere in it"),
    entry(
        "replace_substring_regex",
        "replace_substring_regex(text, [pattern, replacement]) -> text",
        replace_types,
        replace,
    )
    .arity(1, 3)
    .options(&["pattern", "replacement", "global", "ignore_case"])
    .pieces()
    .weight(40)
    .doc("the first match replaced, or all with `global` = true; \\\\1 in the replacement is group 1"),
    entry("extract_regex_group", "extract_regex_group(text, [pattern]) -> text", extract_types, extract)
        .options(&["pattern", "group", "ignore_case"])
        .pieces()
        .weight(40)
        .doc("what group number `group` (0: all of it) of the first match holds; empty text if there is none"),
];

const fn entry(
    name: &'static str,
    signature: &'static str,
    check: super::table::Check,
    kernel: super::table::Kernel,
) -> Function {
    Function::new(name, signature, check, kernel).arity(1, 2)
}

fn searched(types: &[DataType], options: &Options, output: DataType) -> Result<Plan, Failure> {
    let pattern = options.text("pattern")?;
    options.boolean("ignore_case")?;
    if pattern.is_some() == (types.len() > 1) {
        return Err(mismatch("a pattern is expected, as an argument or as the option `pattern`"));
    }
    all_text(types, output)
}

fn plain_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    searched(types, options, DataType::Boolean)
}

fn like_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    if let Some(pattern) = options.text("pattern")? {
        like(pattern, options.boolean("ignore_case")?)?;
    }
    searched(types, options, DataType::Boolean)
}

fn regex_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    if let Some(pattern) = options.text("pattern")? {
        compile(pattern, options.boolean("ignore_case")?)?;
    }
    searched(types, options, DataType::Boolean)
}

fn replace_types(name: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    options.boolean("global")?;
    let given = options.text("pattern")?.is_some() && options.text("replacement")?.is_some();
    if types.len() != 3 && !(given && types.len() == 1) {
        return Err(mismatch("a pattern and its replacement are expected, both as arguments or both as options"));
    }
    regex_types(name, types.get(..if given { 1 } else { 2 }).unwrap_or_default(), options)?;
    all_text(types, DataType::Utf8)
}

fn extract_types(name: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    let group = options.integer("group")?.unwrap_or(0);
    regex_types(name, types, options)?;
    if let Some(pattern) = options.text("pattern")? {
        let groups = compile(pattern, options.boolean("ignore_case")?)?.captures_len() as i64;
        if group < 0 || group >= groups {
            let message = format!("the pattern has no group {group}; it has groups 0 to {}", groups - 1);
            return Err(Failure::invalid_config("out-of-bounds", message).with_parameter("/group"));
        }
    }
    all_text(types, DataType::Utf8)
}

/// The text to search, and the nulls of all inputs; `Err(())` if all rows are null.
fn subject<'a>(call: &Call<'a>) -> Result<Result<(Texts<'a>, Option<NullBuffer>), ()>, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    Ok(call.nulls(usize::MAX).map(|nulls| (Texts::of(input), nulls)))
}

/// The pattern of all rows, if there is one: from the options or from a scalar.
fn constant<'a>(call: &Call<'a>) -> Result<Option<&'a str>, Failure> {
    Ok(match call.options.text("pattern")? {
        Some(pattern) => Some(pattern),
        None => call.inputs.get(1).and_then(Input::scalar_text),
    })
}

fn the_pattern<'a>(call: &Call<'a>) -> Result<&'a str, Failure> {
    constant(call)?.ok_or_else(|| mismatch("the pattern must be a constant"))
}

/// A boolean for each row that is not null.
fn test_rows(
    call: &mut Call,
    mut test: impl FnMut(&mut Call, &str, usize) -> Result<bool, Failure>,
) -> Result<Values, Failure> {
    let Ok((texts, nulls)) = subject(call)? else { return Ok(call.all_null()) };
    let mut bits = BooleanBufferBuilder::new(call.rows);
    for row in 0..call.rows {
        let valid = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        bits.append(valid && test(call, texts.get(row), row)?);
    }
    let array: ArrayRef = Arc::new(BooleanArray::new(bits.finish(), nulls));
    Ok(Values::of(array))
}

/// Tests with a plain pattern, which may be a column's; case is ignored by lowering both sides.
fn plain(call: &mut Call, test: fn(&str, &str) -> bool) -> Result<Values, Failure> {
    let ignore_case = call.options.boolean("ignore_case")?;
    let (pattern, inputs) = (constant(call)?, call.inputs);
    let lowered = pattern.map(str::to_lowercase);
    test_rows(call, |call, text, row| {
        let pattern = pattern.unwrap_or_else(|| inputs.get(1).map_or("", |input| Texts::of(input).get(row)));
        call.tick(text.len() + pattern.len())?;
        if !ignore_case {
            return Ok(test(text, pattern));
        }
        call.meter.allocate((text.len() + pattern.len()) as u64)?;
        match &lowered {
            Some(lowered) => Ok(test(&text.to_lowercase(), lowered)),
            None => Ok(test(&text.to_lowercase(), &pattern.to_lowercase())),
        }
    })
}

fn starts_with(call: &mut Call) -> Result<Values, Failure> {
    plain(call, |text, pattern| text.starts_with(pattern))
}
fn ends_with(call: &mut Call) -> Result<Values, Failure> {
    plain(call, |text, pattern| text.ends_with(pattern))
}
fn contains(call: &mut Call) -> Result<Values, Failure> {
    let ignore_case = call.options.boolean("ignore_case")?;
    if let (Some(pattern), false) = (constant(call)?, ignore_case) {
        // A searcher made once is faster than one made for each row.
        let finder = compile(&regex::escape(pattern), false);
        if let Ok(finder) = finder {
            return test_rows(call, |call, text, _| {
                call.tick(text.len())?;
                Ok(finder.is_match(text))
            });
        }
    }
    plain(call, |text, pattern| text.contains(pattern))
}

fn match_like(call: &mut Call) -> Result<Values, Failure> {
    let ignore_case = call.options.boolean("ignore_case")?;
    if subject(call)?.is_err() {
        return Ok(call.all_null());
    }
    let pattern = like(the_pattern(call)?, ignore_case)?;
    test_rows(call, |call, text, _| {
        call.tick(text.len())?;
        short_enough(text)?;
        Ok(pattern.is_match(text))
    })
}

fn match_regex(call: &mut Call) -> Result<Values, Failure> {
    let ignore_case = call.options.boolean("ignore_case")?;
    if subject(call)?.is_err() {
        return Ok(call.all_null());
    }
    let regex = compile(the_pattern(call)?, ignore_case)?;
    test_rows(call, |call, text, _| {
        call.tick(text.len() * 4)?;
        short_enough(text)?;
        Ok(regex.is_match(text))
    })
}

fn short_enough(text: &str) -> Result<(), Failure> {
    if text.len() <= MAX_SEARCHED {
        return Ok(());
    }
    Err(Failure::limit("too-large", "patterns are not searched for in single texts of more than 1 MiB"))
}

/// A text for each row that is not null, made of its matches.
fn rewrite(
    call: &mut Call,
    mut write: impl FnMut(&mut Call, &str, &mut Writer) -> Result<(), Failure>,
) -> Result<Values, Failure> {
    let Ok((texts, nulls)) = subject(call)? else { return Ok(call.all_null()) };
    let mut out = Writer::new(call.rows, texts.bytes(), call.meter)?;
    for row in 0..call.rows {
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            let text = texts.get(row);
            call.tick(text.len() * 4)?;
            short_enough(text)?;
            write(call, text, &mut out)?;
        }
        out.end_row();
    }
    Ok(Values::of(out.finish(nulls)?))
}

fn replace(call: &mut Call) -> Result<Values, Failure> {
    let ignore_case = call.options.boolean("ignore_case")?;
    if subject(call)?.is_err() {
        return Ok(call.all_null());
    }
    let regex = compile(the_pattern(call)?, ignore_case)?;
    let replacement = match call.options.text("replacement")? {
        Some(replacement) => replacement,
        None => {
            let scalar = call.inputs.get(2).and_then(Input::scalar_text);
            scalar.ok_or_else(|| mismatch("the replacement must be a constant"))?
        }
    };
    let pieces = pieces(replacement);
    let most = if call.options.boolean("global")? { usize::MAX } else { 1 };
    rewrite(call, |call, text, out| {
        let mut rest = 0;
        for found in regex.captures_iter(text).take(most) {
            let Some(whole) = found.get(0) else { break };
            // A search may have looked at all of the rest, however short what it found.
            call.tick(text.len() - whole.start())?;
            out.push(text.get(rest..whole.start()).unwrap_or_default(), call.meter)?;
            expand(&pieces, &found, call, out)?;
            rest = whole.end();
        }
        out.push(text.get(rest..).unwrap_or_default(), call.meter)
    })
}

/// A piece of a replacement.
enum Piece {
    Text(String),
    Group(usize),
}

/// Reads `\1` to `\9` and `\0` as groups and `\\` as a backslash.
fn pieces(replacement: &str) -> Vec<Piece> {
    let (mut pieces, mut text) = (Vec::new(), String::new());
    let mut characters = replacement.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some(digit @ '0'..='9') => {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(Piece::Group(digit as usize - '0' as usize));
            }
            Some(other) => text.push(other),
            None => text.push('\\'),
        }
    }
    pieces.push(Piece::Text(text));
    pieces
}

fn expand(pieces: &[Piece], found: &Captures, call: &mut Call, out: &mut Writer) -> Result<(), Failure> {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push(text, call.meter)?,
            Piece::Group(group) => out.push(found.get(*group).map_or("", |found| found.as_str()), call.meter)?,
        }
    }
    Ok(())
}

fn extract(call: &mut Call) -> Result<Values, Failure> {
    let ignore_case = call.options.boolean("ignore_case")?;
    let group = call.options.integer("group")?.unwrap_or(0);
    if subject(call)?.is_err() {
        return Ok(call.all_null());
    }
    let regex: Arc<Regex> = compile(the_pattern(call)?, ignore_case)?;
    let group = usize::try_from(group).unwrap_or(usize::MAX);
    rewrite(call, |call, text, out| {
        let found = if group == 0 { regex.find(text) } else { regex.captures(text).and_then(|found| found.get(group)) };
        out.push(found.map_or("", |found| found.as_str()), call.meter)
    })
}
