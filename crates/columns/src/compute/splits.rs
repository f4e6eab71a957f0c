//! Where a text occurs, how often, and what lies between.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Fields};

use super::options::Options;
use super::patterns::{Search, each_match, group_names, held, our_own};
use super::promote::{internal, mismatch};
use super::strings::all_text;
use super::table::{Function, Kernel, Plan};
use super::text::{Texts, Writer, find};
use super::values::{Call, Input, Values};
use crate::Failure;

/// Longer text is not searched from its end: such a search cannot be interrupted.
const MAX_BACKWARDS: usize = 4 << 20;

pub(super) const FUNCTIONS: &[Function] = &[
    entry("find_substring", "find_substring(text, [pattern]) -> int32", number_types, find_substring).weight(6)
        .doc("the byte at which the pattern first occurs, from 0; -1 if it does not"),
    entry("find_substring_regex", "find_substring_regex(text, [pattern]) -> int32", regex_number_types, find_substring_regex).weight(20)
        .doc("the byte at which the regular expression first matches, from 0; -1 if it does not"),
    entry("count_substring", "count_substring(text, [pattern]) -> int32", number_types, count_substring).weight(8)
        .doc("how often the pattern occurs, without overlap; an empty pattern once more than there are bytes"),
    entry("count_substring_regex", "count_substring_regex(text, [pattern]) -> int32", regex_number_types, count_substring_regex).weight(20)
        .doc("how often the regular expression matches, without overlap"),
    split("split_pattern", "split_pattern(text, [pattern]) -> list<utf8>", split_types, split_pattern).arity(1, 2)
        .options(&["pattern", "max_splits", "reverse"]).weight(8)
        .doc("what lies between the occurrences of the pattern; at most `max_splits` of them count, from the end with `reverse` = true"),
    split("split_pattern_regex", "split_pattern_regex(text, [pattern]) -> list<utf8>", regex_split_types, split_regex).arity(1, 2)
        .options(&["pattern", "max_splits", "ignore_case"]).weight(20)
        .doc("what lies between the matches of the regular expression; at most `max_splits` of them count"),
    split("utf8_split_whitespace", "utf8_split_whitespace(text) -> list<utf8>", space_types, utf8_space)
        .options(&["max_splits", "reverse"]).weight(8)
        .doc("what lies between runs of white space; at most `max_splits` of them count, from the end with `reverse` = true"),
    split("ascii_split_whitespace", "ascii_split_whitespace(text) -> list<utf8>", space_types, ascii_space)
        .options(&["max_splits", "reverse"]).weight(8)
        .doc("what lies between runs of ASCII white space; at most `max_splits` of them count, from the end with `reverse` = true"),
    Function::new("extract_regex", "extract_regex(text) -> struct", extract_types, extract).options(&["pattern", "ignore_case"]).pieces().weight(40)
        .doc("the named groups of the first match of the `pattern`, each a field; null if there is no match"),
];

const fn entry(name: &'static str, signature: &'static str, check: super::table::Check, kernel: Kernel) -> Function {
    Function::new(name, signature, check, kernel).arity(1, 2).options(&["pattern", "ignore_case"])
}

const fn split(name: &'static str, signature: &'static str, check: super::table::Check, kernel: Kernel) -> Function {
    Function::new(name, signature, check, kernel).pieces()
}

/// Checks that there is one pattern, which compiles if it is a regular expression.
fn searched(types: &[DataType], options: &Options, regex: bool, output: DataType) -> Result<Plan, Failure> {
    let pattern = options.text("pattern")?;
    let ignore_case = options.boolean("ignore_case")?;
    if pattern.is_some() == (types.len() > 1) {
        return Err(mismatch("a pattern is expected, as an argument or as the option `pattern`"));
    }
    if let Some(pattern) = pattern.filter(|_| regex) {
        super::patterns::of_case(pattern, ignore_case)?;
    }
    if ignore_case && !regex && pattern.is_some_and(|pattern| pattern.len() > 1024) {
        return Err(
            Failure::limit("too-large", "a pattern without case may have at most 1 KiB").with_parameter("/pattern")
        );
    }
    all_text(types, output)
}

fn number_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    searched(types, options, false, DataType::Int32)
}

fn regex_number_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    searched(types, options, true, DataType::Int32)
}

fn text_list() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))
}

fn limits(options: &Options) -> Result<(usize, bool), Failure> {
    let most = options.integer("max_splits")?.unwrap_or(-1);
    Ok((usize::try_from(most).unwrap_or(usize::MAX), options.boolean("reverse")?))
}

fn split_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    limits(options)?;
    if options.text("pattern")? == Some("") {
        return Err(empty());
    }
    searched(types, options, false, text_list())
}

fn empty() -> Failure {
    Failure::invalid_config("out-of-bounds", "text cannot be split at an empty pattern").with_parameter("/pattern")
}

fn regex_split_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    limits(options)?;
    searched(types, options, true, text_list())
}

fn space_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    limits(options)?;
    all_text(types, text_list())
}

/// The pattern of all rows; `None` if it is a null or if each row has its own.
fn the_pattern<'a>(call: &Call<'a>) -> Result<Option<&'a str>, Failure> {
    Ok(match call.options.text("pattern")? {
        Some(pattern) => Some(pattern),
        None => call.inputs.get(1).and_then(Input::scalar_text),
    })
}

fn constant<'a>(call: &Call<'a>) -> Result<&'a str, Failure> {
    the_pattern(call)?.ok_or_else(|| mismatch("the pattern must be a constant"))
}

/// What finds a pattern from a place on.
enum Finder<'a> {
    Plain(&'a str),
    Regex(Box<Search>),
}

impl<'a> Finder<'a> {
    /// For a plain pattern of all rows; without case, by a regular expression that is the same text.
    fn plain(pattern: &'a str, call: &mut Call) -> Result<Self, Failure> {
        if call.options.boolean("ignore_case")? {
            return Self::regex(&regex::escape(pattern), call);
        }
        Ok(Self::Plain(pattern))
    }

    fn regex(pattern: &str, call: &mut Call) -> Result<Self, Failure> {
        let pattern = super::patterns::of_case(pattern, call.options.boolean("ignore_case")?)?;
        Ok(Self::Regex(Box::new(Search::new(&pattern, 1, call)?)))
    }

    /// The first occurrence.
    fn first(&mut self, text: &str, call: &mut Call) -> Result<Option<usize>, Failure> {
        match self {
            Self::Plain(pattern) => find(text, pattern, 0, call),
            Self::Regex(search) => {
                let found = search.groups(text, 0, call)?;
                Ok(found.and_then(|groups| Some(groups.first()?.as_ref()?.start)))
            }
        }
    }

    /// All occurrences, from left to right and without overlap, until `each` has enough.
    fn each(
        &mut self,
        text: &str,
        call: &mut Call,
        mut each: impl FnMut(&mut Call, Range<usize>) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        match self {
            Self::Plain(pattern) => {
                let mut from = 0;
                while let Some(place) = find(text, pattern, from, call)? {
                    call.tick(16)?;
                    from = place + pattern.len();
                    if !each(call, place..from)? || pattern.is_empty() {
                        break;
                    }
                }
                Ok(())
            }
            Self::Regex(search) => each_match(search, text, call, |call, groups| match groups.first() {
                Some(Some(whole)) => each(call, whole.clone()),
                _ => Ok(false),
            }),
        }
    }
}

/// A number for each row that is not null, told by a finder of its pattern.
fn numbers(
    call: &mut Call,
    regex: bool,
    mut tell: impl FnMut(&mut Finder, &str, &mut Call) -> Result<i32, Failure>,
) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let Ok(nulls) = call.nulls(usize::MAX) else { return Ok(call.all_null()) };
    let (texts, patterns) = (Texts::of(input), call.inputs.get(1).map(Texts::of));
    let constant = the_pattern(call)?;
    let mut same = match constant {
        Some(pattern) if regex => Some(Finder::regex(pattern, call)?),
        Some(pattern) => Some(Finder::plain(pattern, call)?),
        None if regex => return Err(mismatch("the pattern must be a constant")),
        None => None,
    };
    let mut found = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            found.push(0);
            continue;
        }
        call.tick(8)?;
        let number = match (&mut same, patterns) {
            (Some(finder), _) => tell(finder, texts.get(row), call)?,
            (None, Some(patterns)) => {
                let mut finder = Finder::plain(patterns.get(row), call)?;
                tell(&mut finder, texts.get(row), call)?
            }
            (None, None) => 0,
        };
        found.push(number);
    }
    let array: ArrayRef = Arc::new(Int32Array::new(found.into(), nulls));
    Ok(Values::of(array))
}

fn place(finder: &mut Finder, text: &str, call: &mut Call) -> Result<i32, Failure> {
    Ok(finder.first(text, call)?.map_or(-1, |place| place as i32))
}

fn count(finder: &mut Finder, text: &str, call: &mut Call) -> Result<i32, Failure> {
    if matches!(finder, Finder::Plain("")) {
        return Ok(i32::try_from(text.len()).unwrap_or(i32::MAX).saturating_add(1));
    }
    let mut count = 0_i32;
    finder.each(text, call, |_, _| {
        count = count.saturating_add(1);
        Ok(true)
    })?;
    Ok(count)
}

fn find_substring(call: &mut Call) -> Result<Values, Failure> {
    numbers(call, false, place)
}
fn find_substring_regex(call: &mut Call) -> Result<Values, Failure> {
    numbers(call, true, place)
}
fn count_substring(call: &mut Call) -> Result<Values, Failure> {
    numbers(call, false, count)
}
fn count_substring_regex(call: &mut Call) -> Result<Values, Failure> {
    numbers(call, true, count)
}

/// Lists of the pieces between the places that `cuts` tells of each text.
fn pieces_between(
    call: &mut Call,
    mut cuts: impl FnMut(&str, &mut Vec<Range<usize>>, &mut Call) -> Result<(), Failure>,
) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let Ok(nulls) = call.nulls(usize::MAX) else { return Ok(call.all_null()) };
    let texts = Texts::of(input);
    let mut out = Writer::new(call.rows, texts.bytes(), call.meter)?;
    call.meter.allocate(call.rows as u64 * 4)?;
    let (mut offsets, mut items, mut found) = (Vec::with_capacity(call.rows + 1), 0_i32, Vec::new());
    offsets.push(0);
    for row in 0..call.rows {
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            let text = texts.get(row);
            found.clear();
            cuts(text, &mut found, call)?;
            let mut from = 0;
            for cut in found.iter().cloned().chain(std::iter::once(text.len()..text.len())) {
                call.tick(16)?;
                out.push(text.get(from..cut.start).unwrap_or_default(), call.meter)?;
                out.end_item(call.meter)?;
                items = items.saturating_add(1);
                from = cut.end;
            }
        }
        offsets.push(items);
    }
    let DataType::List(field) = call.output else { return Err(mismatch("a list is made")) };
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let array = ListArray::try_new(Arc::clone(field), offsets, out.finish(None)?, nulls).map_err(internal)?;
    Ok(Values::of(Arc::new(array)))
}

/// Notes a cut, after asking for the room that it takes.
fn noted(found: &mut Vec<Range<usize>>, cut: Range<usize>, call: &mut Call) -> Result<(), Failure> {
    if found.len() == found.capacity() {
        let more = found.capacity().max(64);
        call.meter.allocate((more * size_of::<Range<usize>>()) as u64 * 2)?;
        found.reserve_exact(more);
    }
    found.push(cut);
    Ok(())
}

/// Keeps so many cuts, from the front or from the end.
fn limited(found: &mut Vec<Range<usize>>, most: usize, reverse: bool) {
    if reverse {
        found.drain(..found.len().saturating_sub(most));
    } else {
        found.truncate(most);
    }
}

fn split_pattern(call: &mut Call) -> Result<Values, Failure> {
    let (most, reverse) = limits(call.options)?;
    let (constant, patterns) = (the_pattern(call)?, call.inputs.get(1).map(Texts::of));
    let texts = call.inputs.first().map(Texts::of);
    let mut row = 0;
    // Rows come in order, those that are null left out.
    let Ok(nulls) = call.nulls(usize::MAX) else { return Ok(call.all_null()) };
    pieces_between(call, |text, found, call| {
        while nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            row += 1;
        }
        let pattern = match (constant, patterns) {
            (Some(pattern), _) => pattern,
            (None, Some(patterns)) => patterns.get(row),
            (None, None) => "",
        };
        debug_assert_eq!(texts.map(|texts| texts.get(row)), Some(text));
        row += 1;
        if pattern.is_empty() {
            return Err(empty());
        }
        if reverse {
            return backwards(text, pattern, most, found, call);
        }
        if most == 0 {
            return Ok(());
        }
        Finder::Plain(pattern).each(text, call, |call, cut| {
            noted(found, cut, call)?;
            Ok(found.len() < most)
        })
    })
}

/// Occurrences from the end of the text on, in the order of the text.
fn backwards(
    text: &str,
    pattern: &str,
    most: usize,
    found: &mut Vec<Range<usize>>,
    call: &mut Call,
) -> Result<(), Failure> {
    if text.len() > MAX_BACKWARDS {
        return Err(Failure::limit("too-large", "a text of more than 4 MiB cannot be split from its end"));
    }
    for (index, (place, _)) in text.rmatch_indices(pattern).take(most).enumerate() {
        if index == 0 {
            call.tick(text.len())?;
        }
        call.tick(pattern.len() + 16)?;
        noted(found, place..place + pattern.len(), call)?;
    }
    found.reverse();
    Ok(())
}

fn split_regex(call: &mut Call) -> Result<Values, Failure> {
    let (most, _) = limits(call.options)?;
    if call.nulls(usize::MAX).is_err() {
        return Ok(call.all_null());
    }
    let pattern = constant(call)?;
    let mut finder = Finder::regex(pattern, call)?;
    pieces_between(call, |text, found, call| {
        if most == 0 {
            return Ok(());
        }
        finder.each(text, call, |call, cut| {
            // Empty matches split nothing.
            if !cut.is_empty() {
                noted(found, cut, call)?;
            }
            Ok(found.len() < most)
        })
    })
}

fn at_space(call: &mut Call, pattern: &str) -> Result<Values, Failure> {
    let (most, reverse) = limits(call.options)?;
    let pattern = our_own(pattern)?;
    let mut finder = Finder::Regex(Box::new(Search::new(&pattern, 1, call)?));
    pieces_between(call, |text, found, call| {
        finder.each(text, call, |call, cut| {
            noted(found, cut, call)?;
            Ok(reverse || found.len() < most)
        })?;
        limited(found, most, reverse);
        Ok(())
    })
}

fn utf8_space(call: &mut Call) -> Result<Values, Failure> {
    at_space(call, r"\s+")
}
fn ascii_space(call: &mut Call) -> Result<Values, Failure> {
    at_space(call, r"[ \t\n\r\x0B\x0C]+")
}

fn extract_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    let Some(pattern) = options.text("pattern")? else {
        return Err(mismatch("the option `pattern` is expected").with_parameter("/pattern"));
    };
    let names = group_names(pattern, options.boolean("ignore_case")?)?;
    if names.is_empty() {
        let failure = Failure::invalid_config("syntax", "the pattern has no named group");
        return Err(failure.with_parameter("/pattern").with_help("groups are named like (?P<year>[0-9]+)"));
    }
    let fields: Fields = names.iter().map(|(name, _)| Field::new(name, DataType::Utf8, true)).collect();
    all_text(types, DataType::Struct(fields))
}

fn extract(call: &mut Call) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let texts = Texts::of(input);
    let (pattern, ignore_case) = (constant(call)?, call.options.boolean("ignore_case")?);
    let names = group_names(pattern, ignore_case)?;
    let compiled = super::patterns::of_case(pattern, ignore_case)?;
    let most = names.iter().map(|(_, group)| group + 1).max().unwrap_or(1);
    let mut search = Search::new(&compiled, most, call)?;
    let before = input.array.nulls().cloned();
    let mut valid = vec![false; call.rows];
    let mut outs = Vec::with_capacity(names.len());
    for _ in &names {
        outs.push(Writer::new(call.rows, 0, call.meter)?);
    }
    for (row, valid) in valid.iter_mut().enumerate() {
        if before.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            let text = texts.get(row);
            if let Some(groups) = search.groups(text, 0, call)? {
                *valid = true;
                for (out, (_, group)) in outs.iter_mut().zip(&names) {
                    out.push(held(text, &groups, *group), call.meter)?;
                }
            }
        }
        outs.iter_mut().for_each(Writer::end_row);
    }
    let nulls = Some(NullBuffer::from(valid)).filter(|nulls| nulls.null_count() > 0);
    let columns = outs.into_iter().map(|out| out.finish(nulls.clone())).collect::<Result<Vec<_>, _>>()?;
    let DataType::Struct(fields) = call.output else { return Err(mismatch("a struct is made")) };
    let array = StructArray::try_new(fields.clone(), columns, nulls).map_err(internal)?;
    debug_assert_eq!(array.len(), input.array.as_string::<i32>().len());
    Ok(Values::of(Arc::new(array)))
}
