//! Searching text: plain text, LIKE and regular expressions.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::DataType;

use super::options::Options;
use super::promote::mismatch;
use super::strings::all_text;
use super::table::{Function, Plan};
use super::text::{Texts, Writer, find, pieces};
use super::values::{Call, Input, Values};
use crate::Failure;

mod compiled;
mod search;
mod threads;

use compiled::{compile, like};
pub(super) use search::{Groups, Pattern, Search};

pub(super) const FUNCTIONS: &[Function] = &[
    entry("starts_with", "starts_with(text, [pattern]) -> bool", plain_types, starts_with)
        .options(&["pattern", "ignore_case"])
        .weight(3)
        .doc("whether it begins with the pattern"),
    entry("ends_with", "ends_with(text, [pattern]) -> bool", plain_types, ends_with)
        .options(&["pattern", "ignore_case"])
        .weight(3)
        .doc("whether it ends with the pattern"),
    entry("match_substring", "match_substring(text, [pattern]) -> bool", plain_types, contains)
        .options(&["pattern", "ignore_case"])
        .weight(6)
        .doc("whether the pattern occurs in it"),
    entry("match_like", "match_like(text, [pattern]) -> bool", like_types, match_like)
        .options(&["pattern", "ignore_case"])
        .weight(10)
        .doc("whether all of it is like the pattern: % is any text, _ any character, \\ takes the next one as it is"),
    entry("match_substring_regex", "match_substring_regex(text, [pattern]) -> bool", regex_types, match_regex)
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
    .options(&["pattern", "replacement", "global", "max_replacements", "ignore_case"])
    .pieces()
    .weight(40)
    .differs("Arrow replaces all matches unless `max_replacements` says otherwise")
    .doc("the first match replaced, all with `global` = true, or at most `max_replacements`; \\\\1 in the replacement is group 1"),
    entry("extract_regex_group", "extract_regex_group(text, [pattern]) -> text", extract_types, extract)
        .options(&["pattern", "group", "ignore_case"])
        .pieces()
        .weight(40)
        .doc("what group number `group` (0: all of it) of the first match holds; empty text if there is none"),
];

/// A pattern of our own.
pub(super) fn our_own(pattern: &str) -> Result<Arc<Pattern>, Failure> {
    compile(pattern, false)
}

/// A pattern of a caller's.
pub(super) fn of_case(pattern: &str, ignore_case: bool) -> Result<Arc<Pattern>, Failure> {
    compile(pattern, ignore_case)
}

/// The names of a pattern's groups, with the groups' numbers.
pub(super) fn group_names(pattern: &str, ignore_case: bool) -> Result<Vec<(String, usize)>, Failure> {
    Ok(compile(pattern, ignore_case)?.names())
}

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
    super::strings::most(options)?;
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
        let groups = compile(pattern, options.boolean("ignore_case")?)?.groups() as i64;
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
    let (mut words, mut word) = (Vec::with_capacity(call.rows.div_ceil(64)), 0_u64);
    for row in 0..call.rows {
        let valid = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        word |= u64::from(valid && test(call, texts.get(row), row)?) << (row % 64);
        if row % 64 == 63 {
            words.push(std::mem::take(&mut word));
        }
    }
    words.push(word);
    let array: ArrayRef = Arc::new(BooleanArray::new(BooleanBuffer::new(words.into(), 0, call.rows), nulls));
    Ok(Values::of(array))
}

/// Whether each text that is not null has a match.
fn search_rows(call: &mut Call, search: &mut Search) -> Result<Values, Failure> {
    let Ok((texts, nulls)) = subject(call)? else { return Ok(call.all_null()) };
    let mut words = Vec::with_capacity(call.rows.div_ceil(64));
    for from in (0..call.rows).step_by(64) {
        let rows = from..(from + 64).min(call.rows);
        // Short texts are paid for together.
        let are_short = search.pays_for(texts.bytes_of(&rows), call)?;
        let mut word = 0_u64;
        for (bit, row) in rows.enumerate() {
            if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
                let text = texts.get(row);
                let found = if are_short { search.is_quick_match(text) } else { search.is_match(text, call)? };
                word |= u64::from(found) << bit;
            }
        }
        words.push(word);
    }
    let array: ArrayRef = Arc::new(BooleanArray::new(BooleanBuffer::new(words.into(), 0, call.rows), nulls));
    Ok(Values::of(array))
}

/// Rows that are tested between looks at the deadline.
const BLOCK: usize = 4096;

/// Tests every row with one plain pattern, in time that depends on the pattern only.
fn with_pattern(call: &mut Call, pattern: &str, test: impl Fn(&[u8], &[u8]) -> bool) -> Result<Values, Failure> {
    let Ok((texts, nulls)) = subject(call)? else { return Ok(call.all_null()) };
    let (pattern, mut words) = (pattern.as_bytes(), Vec::with_capacity(call.rows.div_ceil(64)));
    for from in (0..call.rows).step_by(64) {
        if from % BLOCK == 0 {
            call.charge((BLOCK / 8 + BLOCK * pattern.len() / 256) as u64)?;
            call.settle()?;
        }
        let mut word = 0_u64;
        for (bit, row) in (from..(from + 64).min(call.rows)).enumerate() {
            word |= u64::from(test(texts.get(row).as_bytes(), pattern)) << bit;
        }
        words.push(word);
    }
    let mut bits = BooleanBuffer::new(words.into(), 0, call.rows);
    if let Some(nulls) = &nulls {
        bits = &bits & nulls.inner();
    }
    Ok(Values::of(Arc::new(BooleanArray::new(bits, nulls))))
}

/// The pattern of all rows, if case counts.
fn same_case<'a>(call: &Call<'a>) -> Result<Option<&'a str>, Failure> {
    if call.options.boolean("ignore_case")? { Ok(None) } else { constant(call) }
}

/// Tests with a plain pattern, which may be a column's; case is ignored by lowering both sides.
fn plain(
    call: &mut Call,
    mut test: impl FnMut(&mut Call, &str, &str) -> Result<bool, Failure>,
) -> Result<Values, Failure> {
    let ignore_case = call.options.boolean("ignore_case")?;
    let (pattern, inputs) = (constant(call)?, call.inputs);
    let once = pattern.map(|pattern| lowered(pattern, call)).transpose()?;
    test_rows(call, |call, text, row| {
        let pattern = pattern.unwrap_or_else(|| inputs.get(1).map_or("", |input| Texts::of(input).get(row)));
        call.tick(64)?;
        if !ignore_case {
            return test(call, text, pattern);
        }
        let text = lowered(text, call)?;
        match &once {
            Some(pattern) => test(call, &text, pattern),
            None => {
                let pattern = lowered(pattern, call)?;
                test(call, &text, &pattern)
            }
        }
    })
}

/// A text in lower case.
fn lowered(text: &str, call: &mut Call) -> Result<String, Failure> {
    call.meter.allocate(text.len() as u64)?;
    let mut lower = String::with_capacity(text.len());
    for piece in pieces(text) {
        call.charge(piece.len() as u64 / 4)?;
        lower.push_str(&piece.to_lowercase());
    }
    Ok(lower)
}

fn starts_with(call: &mut Call) -> Result<Values, Failure> {
    if let Some(pattern) = same_case(call)? {
        return with_pattern(call, pattern, |text, pattern| text.starts_with(pattern));
    }
    plain(call, |call, text, pattern| {
        call.tick(pattern.len().min(text.len()) / 8)?;
        Ok(text.starts_with(pattern))
    })
}
fn ends_with(call: &mut Call) -> Result<Values, Failure> {
    if let Some(pattern) = same_case(call)? {
        return with_pattern(call, pattern, |text, pattern| text.ends_with(pattern));
    }
    plain(call, |call, text, pattern| {
        call.tick(pattern.len().min(text.len()) / 8)?;
        Ok(text.ends_with(pattern))
    })
}
fn contains(call: &mut Call) -> Result<Values, Failure> {
    let ignore_case = call.options.boolean("ignore_case")?;
    if let (Some(pattern), false) = (constant(call)?, ignore_case) {
        // A searcher made once is faster than one made for each row.
        if let Ok(pattern) = compile(&regex::escape(pattern), false) {
            let mut search = Search::new(&pattern, 1, call)?;
            return search_rows(call, &mut search);
        }
    }
    plain(call, |call, text, pattern| Ok(find(text, pattern, 0, call)?.is_some()))
}

fn match_like(call: &mut Call) -> Result<Values, Failure> {
    let ignore_case = call.options.boolean("ignore_case")?;
    if subject(call)?.is_err() {
        return Ok(call.all_null());
    }
    let pattern = like(the_pattern(call)?, ignore_case)?;
    let mut search = Search::new(&pattern, 1, call)?;
    search_rows(call, &mut search)
}

fn match_regex(call: &mut Call) -> Result<Values, Failure> {
    let ignore_case = call.options.boolean("ignore_case")?;
    if subject(call)?.is_err() {
        return Ok(call.all_null());
    }
    let pattern = compile(the_pattern(call)?, ignore_case)?;
    let mut search = Search::new(&pattern, 1, call)?;
    search_rows(call, &mut search)
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
            write(call, texts.get(row), &mut out)?;
        }
        out.end_row();
    }
    Ok(Values::of(out.finish(nulls)?))
}

/// Calls `each` with the matches in a text, from left to right and without overlap. An empty match directly behind
/// another one is none. `each` says whether to go on.
pub(super) fn each_match(
    search: &mut Search,
    text: &str,
    call: &mut Call,
    mut each: impl FnMut(&mut Call, &Groups) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let (mut from, mut before) = (0, None);
    while let Some(found) = search.groups(text, from, call)? {
        let Some(Some(whole)) = found.first().cloned() else { break };
        if whole.is_empty() && Some(whole.end) == before {
            let Some(next) = text.get(whole.end..).and_then(|rest| rest.chars().next()) else { break };
            from = whole.end + next.len_utf8();
            continue;
        }
        if !each(call, &found)? {
            break;
        }
        (from, before) = (whole.end, Some(whole.end));
    }
    Ok(())
}

fn replace(call: &mut Call) -> Result<Values, Failure> {
    let ignore_case = call.options.boolean("ignore_case")?;
    if subject(call)?.is_err() {
        return Ok(call.all_null());
    }
    let pattern = compile(the_pattern(call)?, ignore_case)?;
    let replacement = match call.options.text("replacement")? {
        Some(replacement) => replacement,
        None => {
            let scalar = call.inputs.get(2).and_then(Input::scalar_text);
            scalar.ok_or_else(|| mismatch("the replacement must be a constant"))?
        }
    };
    let made_of = made_of(replacement);
    let groups = made_of.iter().map(|piece| if let Piece::Group(group) = piece { group + 1 } else { 1 }).max();
    let mut search = Search::new(&pattern, groups.unwrap_or(1), call)?;
    let most = match (call.options.value("max_replacements"), call.options.boolean("global")?) {
        (Some(_), _) => super::strings::most(call.options)?,
        (None, global) => {
            if global {
                usize::MAX
            } else {
                1
            }
        }
    };
    rewrite(call, |call, text, out| {
        let (mut rest, mut count) = (0, 0);
        if most == 0 {
            return out.push(text, call.meter);
        }
        each_match(&mut search, text, call, |call, found| {
            let Some(Some(whole)) = found.first() else { return Ok(false) };
            out.push(text.get(rest..whole.start).unwrap_or_default(), call.meter)?;
            expand(&made_of, text, found, call, out)?;
            rest = whole.end;
            count += 1;
            Ok(count < most)
        })?;
        out.push(text.get(rest..).unwrap_or_default(), call.meter)
    })
}

/// A piece of a replacement.
enum Piece {
    Text(String),
    Group(usize),
}

/// Reads `\1` to `\9` and `\0` as groups and `\\` as a backslash.
fn made_of(replacement: &str) -> Vec<Piece> {
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

fn expand(pieces: &[Piece], text: &str, found: &Groups, call: &mut Call, out: &mut Writer) -> Result<(), Failure> {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push(text, call.meter)?,
            Piece::Group(group) => out.push(held(text, found, *group), call.meter)?,
        }
    }
    Ok(())
}

/// What a group holds; nothing if it is not part of the match.
pub(super) fn held<'a>(text: &'a str, found: &Groups, group: usize) -> &'a str {
    found.get(group).cloned().flatten().and_then(|range| text.get(range)).unwrap_or_default()
}

fn extract(call: &mut Call) -> Result<Values, Failure> {
    let ignore_case = call.options.boolean("ignore_case")?;
    let group = call.options.integer("group")?.unwrap_or(0);
    if subject(call)?.is_err() {
        return Ok(call.all_null());
    }
    let pattern = compile(the_pattern(call)?, ignore_case)?;
    let group = usize::try_from(group).unwrap_or(usize::MAX);
    let mut search = Search::new(&pattern, group.saturating_add(1), call)?;
    rewrite(call, |call, text, out| {
        let found = search.groups(text, 0, call)?;
        out.push(found.as_ref().map_or("", |found| held(text, found, group)), call.meter)
    })
}
