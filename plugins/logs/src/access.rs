//! Reads lines by a pattern.

use crate::pattern::{NAMED, Part, Pattern, What};
use jackfield_lines::assembly::shown;
use jackfield_lines::{Cells, Layout, Place};
use jackfield_sdk::Failure;
use jackfield_values::types::Type;
use std::borrow::Cow;

impl Layout for Pattern {
    fn known(&self) -> Vec<(String, Option<Type>)> {
        self.columns.iter().map(|(name, of)| (name.clone(), Some(of.clone()))).collect()
    }

    fn is_open(&self) -> bool {
        false
    }

    fn cells<'l>(&self, line: &'l [u8], cells: &mut Cells<'l>) -> Result<(), Failure> {
        let mut at = 0;
        for (number, part) in self.parts.iter().enumerate() {
            let rest = line.get(at..).unwrap_or_default();
            let (what, column) = match part {
                Part::Literal(literal) => {
                    if !rest.starts_with(literal) {
                        return Err(unexpected(literal, rest, at));
                    }
                    at += literal.len();
                    continue;
                }
                Part::Field(what, column) => (what, *column),
            };
            let length = self.length(number, what, rest).ok_or_else(|| self.endless(number, at))?;
            let raw = rest.get(..length).unwrap_or_default();
            at += length;
            field(what, column, raw, cells).ok_or_else(|| self.not_a_time(column, raw))?;
        }
        match line.get(at..) {
            Some([]) | None => Ok(()),
            Some(rest) => Err(unexpected(b"", rest, at)),
        }
    }

    fn help(&self, column: &str) -> String {
        format!("check `pattern`, or give the column another type with `schema = {{ {column} = \"utf8\" }}`")
    }
}

impl Pattern {
    /// How many bytes the field has with which `rest` begins.
    fn length(&self, number: usize, what: &What, rest: &[u8]) -> Option<usize> {
        if let What::Time(_, true) = what {
            return (rest.first() == Some(&b'[')).then(|| memchr::memchr(b']', rest).map(|end| end + 1)).flatten();
        }
        let before = number.checked_sub(1).and_then(|before| self.parts.get(before));
        match (before, self.parts.get(number + 1)) {
            (_, None) => Some(rest.len()),
            // Inside quotes others are escaped.
            (Some(Part::Literal(before)), Some(Part::Literal(behind)))
                if before.ends_with(b"\"") && behind.starts_with(b"\"") =>
            {
                let mut at = 0;
                loop {
                    at += memchr::memchr2(b'"', b'\\', rest.get(at..)?)?;
                    match rest.get(at..)? {
                        // Some servers do not escape: only what the pattern goes on with is an end.
                        quote if quote.starts_with(behind) => return Some(at),
                        [b'\\', _, ..] => at += 2,
                        _ => at += 1,
                    }
                }
            }
            (_, Some(Part::Literal(behind))) => {
                // A name of a user may have blanks; what follows it is the bracket of the time.
                let time_follows = matches!(self.parts.get(number + 2), Some(Part::Field(What::Time(_, true), _)));
                let mut delimiter = Cow::Borrowed(behind);
                if time_follows {
                    delimiter.to_mut().push(b'[');
                }
                memchr::memmem::find(rest, &delimiter)
            }
            (_, Some(Part::Field(..))) => memchr::memchr(b'[', rest),
        }
    }

    fn endless(&self, number: usize, at: usize) -> Failure {
        let column = match self.parts.get(number) {
            Some(Part::Field(_, column)) => self.columns.get(*column).map_or("", |(name, _)| name.as_str()),
            _ => "",
        };
        wrong(format!("the field `{column}` does not end as the pattern says, from byte {} on", at + 1))
            .with_column(column)
    }

    fn not_a_time(&self, column: usize, raw: &[u8]) -> Failure {
        let name = self.columns.get(column).map_or("", |(name, _)| name.as_str());
        let failure = Failure::invalid_input("invalid-value", format!("\"{}\" is not a time", shown(raw)));
        failure.with_column(name).with_help("say how times are written with `%{…}t` in `pattern`")
    }
}

/// The named pattern that a line fits, if any does; where several do, one by which the user's name has no blanks.
pub(crate) fn fitting(line: &[u8], split: bool) -> Option<Pattern> {
    let fits = |pattern: &Pattern, blanks: bool| {
        let mut cells = Cells::default();
        let user = pattern.columns.iter().position(|(name, _)| name == "user");
        let is_user = |place: &Place| matches!(place, Place::Known(at) if Some(*at) == user);
        let blank = |text: &Option<Cow<[u8]>>| text.as_ref().is_some_and(|text| text.contains(&b' '));
        pattern.cells(line, &mut cells).is_ok()
            && (blanks || !cells.0.iter().any(|(place, text)| is_user(place) && blank(text)))
    };
    let patterns: Vec<Pattern> = NAMED.iter().filter_map(|(name, _)| Pattern::parse(name, split).ok()).collect();
    let found = [false, true].into_iter().find_map(|blanks| patterns.iter().find(|pattern| fits(pattern, blanks)));
    found.cloned()
}

fn wrong(message: String) -> Failure {
    let names = NAMED.map(|(name, _)| name).join(", ");
    Failure::invalid_input("syntax", message).with_help(format!(
        "say which `pattern` the log has: {names}, or its LogFormat; or skip such lines with `on-error`"
    ))
}

fn unexpected(expected: &[u8], rest: &[u8], at: usize) -> Failure {
    let found = if rest.is_empty() { "the line ends".to_owned() } else { format!("there is \"{}\"", shown(rest)) };
    let expected = match expected {
        [] => "the end of the line".to_owned(),
        expected => format!("\"{}\"", shown(expected)),
    };
    wrong(format!("{found} at byte {}, where the pattern has {expected}", at + 1))
}

/// Adds the cells of a field; `None` if it is no time where it should be one.
fn field<'l>(what: &What, column: usize, raw: &'l [u8], cells: &mut Cells<'l>) -> Option<()> {
    if raw == b"-" {
        cells.known(column, None);
        return Some(());
    }
    match what {
        What::Text => cells.known(column, Some(unescaped(raw))),
        What::Number => cells.known(column, Some(Cow::Borrowed(raw))),
        What::Time(clock, brackets) => {
            let inside = if *brackets { raw.strip_prefix(b"[")?.strip_suffix(b"]")? } else { raw };
            cells.known(column, Some(Cow::Owned(clock.iso(inside)?)));
        }
        What::Request => {
            let first = memchr::memchr(b' ', raw);
            let last = memchr::memrchr(b' ', raw).filter(|last| Some(*last) != first);
            let part = |range: std::ops::Range<usize>| Some(unescaped(raw.get(range).unwrap_or_default()));
            match (first, last) {
                (Some(first), Some(last)) if raw.get(last + 1..).is_some_and(|end| end.starts_with(b"HTTP/")) => {
                    cells.known(column, part(0..first));
                    cells.known(column + 1, part(first + 1..last));
                    cells.known(column + 2, part(last + 1..raw.len()));
                }
                // Not a request as they should be: all of it is kept, where a writer looks for it.
                _ => cells.known(column + 1, part(0..raw.len())),
            }
        }
    }
    Some(())
}

/// The text with its escapes undone, unless that makes no UTF-8.
fn unescaped(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let hex = |digit: &u8| char::from(*digit).to_digit(16);
    let mut text = Vec::with_capacity(raw.len());
    let mut rest = raw;
    loop {
        rest = match rest {
            [] => break,
            [b'\\', b'x', high, low, tail @ ..] if hex(high).is_some() && hex(low).is_some() => {
                text.push((hex(high).unwrap_or(0) << 4 | hex(low).unwrap_or(0)) as u8);
                tail
            }
            [b'\\', escape, tail @ ..] => {
                text.push(match escape {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'v' => 11,
                    other => *other,
                });
                tail
            }
            [byte, tail @ ..] => {
                text.push(*byte);
                tail
            }
        };
    }
    if std::str::from_utf8(&text).is_ok() { Cow::Owned(text) } else { Cow::Borrowed(raw) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cells(pattern: &str, line: &str) -> Result<Vec<Option<String>>, Failure> {
        let pattern = Pattern::parse(pattern, true).unwrap();
        let mut cells = Cells::default();
        pattern.cells(line.as_bytes(), &mut cells)?;
        let mut row = vec![None; pattern.columns.len()];
        for (place, text) in cells.0 {
            let Place::Known(at) = place else { panic!() };
            row[at] = text.map(|text| String::from_utf8(text.into_owned()).unwrap());
        }
        Ok(row)
    }

    fn texts(row: Vec<Option<String>>) -> String {
        row.into_iter().map(|text| text.unwrap_or_else(|| "∅".to_owned())).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn lines_of_the_known_patterns() {
        let line = r#"127.0.0.1 - frank bell [10/Oct/2000:13:55:36 -0700] "GET /a b\"c HTTP/1.0" 200 2326 "-" "M/4.08 [en] (Win98; I \"x\")""#;
        assert_eq!(
            texts(cells("combined", line).unwrap()),
            "127.0.0.1|∅|frank bell|2000-10-10T13:55:36-07:00|GET|/a b\"c|HTTP/1.0|200|2326|∅|M/4.08 [en] (Win98; I \"x\")"
        );
        let line = r#"::1 - - [10/Oct/2000:13:55:36 +0000] "\x16\x03\x01" 400 -"#;
        assert_eq!(
            texts(cells("common", line).unwrap()),
            "::1|∅|∅|2000-10-10T13:55:36+00:00|∅|\u{16}\u{3}\u{1}|∅|400|∅"
        );
        let line = r#"www.example.com:80 ::1 - - [10/Oct/2000:13:55:36 +0000] "-" 408 0 "" "-""#;
        assert_eq!(
            texts(cells("vhost-combined", line).unwrap()),
            "www.example.com|80|::1|∅|∅|2000-10-10T13:55:36+00:00|∅|∅|∅|408|0||∅"
        );
        assert_eq!(texts(cells("%{sec}t %D", "12 34").unwrap()), "1970-01-01T00:00:12Z|34");
    }

    #[test]
    fn the_pattern_is_found_by_a_line() {
        let line = br#"www.example.com:80 ::1 - - [06/May/2019:06:28:20 +0000] "GET / HTTP/1.1" 301 577 "-" "x""#;
        assert_eq!(fitting(line, true).unwrap().columns[0].0, "server");
        let line = br#"::1 - frank bell [06/May/2019:06:28:20 +0000] "GET / HTTP/1.1" 301 577"#;
        assert_eq!(fitting(line, true).unwrap().columns.len(), 9);
    }

    #[test]
    fn lines_that_do_not_fit() {
        for line in ["", "x", "a b c [10/Oct/2000:13:55:36 -0700] \"GET", "a b c [1] \"x\" 1 1", "a b c d e f g"] {
            let failure = cells("common", line).unwrap_err();
            assert!(failure.help.is_some_and(|help| help.contains("pattern")), "{line}");
        }
    }

    proptest! {
        #[test]
        fn hostile_lines(line: Vec<u8>, other in "[-\\[\\]\" \\\\x0a:/]{0,60}") {
            for (name, _) in NAMED {
                let pattern = Pattern::parse(name, false).unwrap();
                let _ = pattern.cells(&line, &mut Cells::default());
                let _ = pattern.cells(other.as_bytes(), &mut Cells::default());
            }
        }
    }
}
