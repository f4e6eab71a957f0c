//! Columns of rows: one column is parsed in one go, in a loop made for its type.

use crate::numbers::Marks;
use crate::rows::Rows;
use jackfield_sdk::Failure;
use jackfield_values::build::{Column, timestamp};
use jackfield_values::types::{Kind, Type};
use jackfield_values::{number, time};
use std::borrow::Cow;

/// Which unquoted fields are null.
#[derive(Clone, Debug)]
pub(crate) struct NullValues {
    values: Vec<Vec<u8>>,
    empty: bool,
}

/// What a field says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    Null,
    /// Its text without quotes.
    Text(Cow<'a, [u8]>),
}

/// A column of the file: where it stands, what it is called and what it holds.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) of: Type,
    /// Whether a null value could be read as a value of this type, so that it must be looked for first.
    null_first: bool,
}

/// How fields are read.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) nulls: NullValues,
    pub(crate) quote: Option<u8>,
    pub(crate) marks: Marks,
}

/// A field that is none of its column's type.
#[derive(Debug)]
pub(crate) struct BadCell {
    pub(crate) row: usize,
    pub(crate) reason: Failure,
}

impl NullValues {
    pub(crate) fn new(values: Vec<Vec<u8>>) -> NullValues {
        NullValues { empty: values.iter().any(Vec::is_empty), values }
    }

    #[inline]
    fn holds(&self, text: &[u8]) -> bool {
        if text.is_empty() { self.empty } else { self.values.iter().any(|value| value == text) }
    }
}

impl Target {
    pub(crate) fn new(index: usize, name: String, of: Type, nulls: &NullValues) -> Target {
        let mut probe = Column::new(&of);
        let null_first = nulls.values.iter().any(|value| !value.is_empty() && probe.push_text(value));
        Target { index, name, of, null_first }
    }

    fn is_text(&self) -> bool {
        self.of.kind == Kind::Utf8
    }
}

impl Rules {
    /// What a field says in a column of text, or of anything else, where an empty unquoted field is always null.
    pub(crate) fn cell<'a>(&self, field: &'a [u8], text: bool) -> Cell<'a> {
        match (field.first(), self.quote) {
            (Some(first), Some(quote)) if *first == quote => Cell::Text(unquoted(field, quote)),
            (None, _) if !text => Cell::Null,
            _ if self.nulls.holds(field) => Cell::Null,
            _ => Cell::Text(Cow::Borrowed(field)),
        }
    }
}

/// The text of a quoted field: without the quotes, doubled ones halved, what follows the closing quote kept.
pub(crate) fn unquoted(field: &[u8], quote: u8) -> Cow<'_, [u8]> {
    let inside = field.get(1..).unwrap_or_default();
    if let Some(at) = memchr::memchr(quote, inside)
        && at + 1 == inside.len()
    {
        return Cow::Borrowed(&inside[..at]);
    }
    let mut text = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = memchr::memchr(quote, rest) {
        let (run, behind) = rest.split_at(at);
        text.extend_from_slice(run);
        match behind {
            [_, next, behind @ ..] if *next == quote => {
                text.push(quote);
                rest = behind;
            }
            behind => {
                text.extend_from_slice(behind.get(1..).unwrap_or_default());
                return Cow::Owned(text);
            }
        }
    }
    text.extend_from_slice(rest);
    Cow::Owned(text)
}

/// Appends the fields of some rows to a column; those that are none of its type become nulls and are told.
pub(crate) fn parse(
    column: &mut Column,
    target: &Target,
    rows: &Rows,
    rules: &Rules,
    selection: impl ExactSizeIterator<Item = usize>,
) -> Vec<BadCell> {
    let mut bad = Vec::new();
    match &target.of.kind {
        kind if !rules.marks.is_plain() && kind.is_number() => {
            for row in selection {
                slow(column, target, rows, rules, row, &mut bad);
            }
        }
        Kind::Int64 => {
            let quick = |start: usize, field: &[u8]| integer(rows, start, field);
            fixed(column, target, rows, rules, selection, &mut bad, quick, number::parse_i64, i64::to_le_bytes);
        }
        Kind::Float64 => {
            let quick = |_: usize, field: &[u8]| number::parse_f64(field);
            fixed(column, target, rows, rules, selection, &mut bad, quick, number::parse_f64, f64::to_le_bytes);
        }
        Kind::Date32 => {
            let quick = |_: usize, field: &[u8]| time::parse_date(field);
            fixed(column, target, rows, rules, selection, &mut bad, quick, time::parse_date, i32::to_le_bytes);
        }
        Kind::Timestamp(unit, zone) => {
            let read = |text: &[u8]| timestamp(text, *unit, zone.as_deref());
            let quick = |_: usize, field: &[u8]| read(field);
            fixed(column, target, rows, rules, selection, &mut bad, quick, read, i64::to_le_bytes);
        }
        Kind::Utf8 => text(column, target, rows, rules, selection, &mut bad),
        _ => {
            for row in selection {
                slow(column, target, rows, rules, row, &mut bad);
            }
        }
    }
    bad
}

/// Reads the integer in a field that begins at `start` of the text.
#[inline(always)]
pub(crate) fn integer(rows: &Rows, start: usize, field: &[u8]) -> Option<i64> {
    match rows.window::<8>(start).and_then(|window| number::parse_short_i64(window, field.len())) {
        Some(value) => Some(value),
        None => number::parse_i64(field),
    }
}

/// The loop for values of `N` bytes: what the quick parser does not take goes the slow way. It is a function of its own
/// for each type, and what it calls for each field is part of it: the host's compiler keeps the values of a small loop in
/// registers, but a large function's, and a call's fifth argument, on the stack.
#[expect(clippy::too_many_arguments, reason = "they are one loop's surroundings, and must be separate to be borrowed")]
#[inline(never)]
fn fixed<T, const N: usize>(
    column: &mut Column,
    target: &Target,
    rows: &Rows,
    rules: &Rules,
    selection: impl ExactSizeIterator<Item = usize>,
    bad: &mut Vec<BadCell>,
    quick: impl Fn(usize, &[u8]) -> Option<T>,
    read: impl Fn(&[u8]) -> Option<T>,
    bytes: impl Fn(T) -> [u8; N],
) {
    let begin = column.values.len();
    column.values.resize(begin + selection.len() * N, 0);
    let mut values = std::mem::take(&mut column.values);
    let slots = values.get_mut(begin..).unwrap_or_default();
    for (slot, row) in slots.chunks_exact_mut(N).zip(selection) {
        let (start, field) = rows.located(row, target.index);
        match quick(start, field) {
            Some(value) if !target.null_first => slot.copy_from_slice(&bytes(value)),
            quick => match value_of(field, quick, target, rules, &read) {
                Some(Some(value)) => slot.copy_from_slice(&bytes(value)),
                Some(None) => column.nulls.set(column.length),
                None => {
                    column.nulls.set(column.length);
                    bad.push(BadCell { row, reason: reason(field, target, rules) });
                }
            },
        }
        column.length += 1;
    }
    column.values = values;
}

/// `Some(None)` for null, `None` for a field that is none of the type.
#[inline(never)]
fn value_of<T>(
    field: &[u8],
    quick: Option<T>,
    target: &Target,
    rules: &Rules,
    read: &impl Fn(&[u8]) -> Option<T>,
) -> Option<Option<T>> {
    match rules.cell(field, target.is_text()) {
        Cell::Null => Some(None),
        Cell::Text(Cow::Borrowed(text)) if text.len() == field.len() => quick.map(Some),
        Cell::Text(text) => read(&text).map(Some),
    }
}

/// The loop for text: short fields are copied sixteen bytes at a time.
#[inline(never)]
fn text(
    column: &mut Column,
    target: &Target,
    rows: &Rows,
    rules: &Rules,
    selection: impl ExactSizeIterator<Item = usize>,
    bad: &mut Vec<BadCell>,
) {
    const SHORT: usize = 16;
    column.offsets.reserve(selection.len() * 4);
    let mut used = column.values.len();
    let only_empty_is_null = rules.nulls.empty && rules.nulls.values.len() == 1;
    for row in selection {
        let (start, field) = rows.located(row, target.index);
        let quick = match field.first() {
            None => false,
            first if rules.quote.is_some() && first == rules.quote.as_ref() => false,
            _ => !rows.doubtful && (only_empty_is_null || !rules.nulls.holds(field)),
        };
        if !quick {
            column.values.truncate(used);
            slow(column, target, rows, rules, row, bad);
            used = column.values.len();
            continue;
        }
        let length = field.len();
        if column.values.len() < used + length.max(SHORT) {
            column.values.resize((used + length.max(SHORT)).max(column.values.len() * 2), 0);
        }
        match (rows.window::<SHORT>(start), column.values.get_mut(used..)) {
            (Some(window), Some(room)) if length <= SHORT => {
                if let Some(room) = room.first_chunk_mut::<SHORT>() {
                    *room = *window;
                }
            }
            (_, Some(room)) => {
                if let Some(room) = room.get_mut(..length) {
                    room.copy_from_slice(field);
                }
            }
            _ => {}
        }
        used += length;
        column.end_value(used);
    }
    column.values.truncate(used);
}

/// One field of any type, whatever it holds.
#[inline(never)]
fn slow(column: &mut Column, target: &Target, rows: &Rows, rules: &Rules, row: usize, bad: &mut Vec<BadCell>) {
    let field = rows.field(row, target.index);
    match rules.cell(field, target.is_text()) {
        Cell::Null => column.push_null(),
        Cell::Text(_) if field.is_empty() && rows.is_missing(row, target.index) => column.push_null(),
        Cell::Text(text) => {
            let plain =
                if target.of.kind.is_number() { rules.marks.plain_text(&text) } else { Some(Cow::Borrowed(&*text)) };
            if !plain.is_some_and(|text| column.push_text(&text)) {
                column.push_null();
                bad.push(BadCell { row, reason: reason(field, target, rules) });
            }
        }
    }
}

/// The most bytes of a value that a message shows.
const SHOWN: usize = 60;

/// Why a field is none of its column's type.
pub(crate) fn reason(field: &[u8], target: &Target, rules: &Rules) -> Failure {
    let text = match rules.cell(field, true) {
        Cell::Text(text) => text,
        Cell::Null => Cow::Borrowed(field),
    };
    let shown = match std::str::from_utf8(&text) {
        Ok(text) if text.len() > SHOWN => format!("{:?}…", text.chars().take(SHOWN / 2).collect::<String>()),
        Ok(text) => format!("{text:?}"),
        Err(_) => {
            let text = String::from_utf8_lossy(text.get(..SHOWN).unwrap_or(&text)).into_owned();
            return Failure::invalid_input("invalid-utf8", format!("{text:?} is not UTF-8"))
                .with_column(&target.name)
                .with_help(
                    "say options = { encoding = \"latin1\" } for the source, if it is that; `on-error` can skip rows",
                );
        }
    };
    let name = target.of.name();
    let article = if name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    Failure::invalid_input("invalid-value", format!("{shown} is not {article} {name}"))
        .with_column(&target.name)
        .with_help(format!(
            "if it stands for a missing value, add it to `null-values`; otherwise give the column another type with \
             `schema = {{ {} = \"utf8\" }}`, or let more rows decide with `infer-rows`",
            key(&target.name)
        ))
}

/// A name as a TOML key.
fn key(name: &str) -> String {
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if plain { name.to_owned() } else { format!("{name:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(nulls: &[&str]) -> Rules {
        Rules {
            nulls: NullValues::new(nulls.iter().map(|n| n.as_bytes().to_vec()).collect()),
            quote: Some(b'"'),
            marks: Marks::PLAIN,
        }
    }

    #[test]
    fn quotes() {
        for (field, text) in
            [("\"a\"", "a"), ("\"\"", ""), ("\"a\"\"b\"", "a\"b"), ("\"a\"b\"c", "ab\"c"), ("\"a", "a"), ("\"", "")]
        {
            assert_eq!(unquoted(field.as_bytes(), b'"').as_ref(), text.as_bytes(), "{field}");
        }
    }

    #[test]
    fn nulls() {
        let default = rules(&[""]);
        assert_eq!(default.cell(b"", true), Cell::Null);
        assert_eq!(default.cell(b"\"\"", true), Cell::Text(Cow::Borrowed(b"")));
        let other = rules(&["NA"]);
        assert_eq!(other.cell(b"", true), Cell::Text(Cow::Borrowed(b"")));
        assert_eq!(other.cell(b"", false), Cell::Null);
        assert_eq!(other.cell(b"NA", true), Cell::Null);
        assert_eq!(other.cell(b"\"NA\"", true), Cell::Text(Cow::Borrowed(b"NA")));
    }

    #[test]
    fn reasons_show_the_value_and_the_type() {
        let target =
            |name: &str| Target::new(0, "n".to_owned(), Type::parse(name).unwrap(), &NullValues::new(Vec::new()));
        let failure = reason(b"oops", &target("int64"), &rules(&[""]));
        assert_eq!(failure.message, "\"oops\" is not an int64");
        assert!(failure.help.is_some_and(|h| h.contains("infer-rows") && h.contains("null-values")));
        assert_eq!(reason(b"\"x\"", &target("date"), &rules(&[])).message, "\"x\" is not a date");
        assert_eq!(reason(b"x\xff", &target("utf8"), &rules(&[])).code, "invalid-utf8");
        assert!(reason("é".repeat(500).as_bytes(), &target("bool"), &rules(&[])).message.len() < 100);
    }
}
