//! Reads lines of `key=value`: values are plain words or quoted, a key alone is true.

use jackfield_lines::{Cells, Layout};
use jackfield_sdk::Failure;
use jackfield_values::types::Type;
use std::borrow::Cow;

/// Lines of `key=value`.
#[derive(Debug)]
pub(crate) struct Logfmt;

impl Layout for Logfmt {
    fn known(&self) -> Vec<(String, Option<Type>)> {
        Vec::new()
    }

    fn is_open(&self) -> bool {
        true
    }

    fn cells<'l>(&self, line: &'l [u8], cells: &mut Cells<'l>) -> Result<(), Failure> {
        let line = std::str::from_utf8(line).map_err(|error| {
            let message = format!("the line is not UTF-8 (at byte {})", error.valid_up_to());
            Failure::invalid_input("invalid-utf8", message)
                .with_help("convert the file to UTF-8, or skip such rows with `on-error`")
        })?;
        pairs(line, |key, value| cells.named(key, Some(value.map_or(Cow::Borrowed(b"true"), as_bytes)))).map_err(
            |(at, what)| {
                Failure::invalid_input("syntax", format!("{what}, at byte {}", at + 1))
                    .with_help("a line is key=value pairs with blanks between them; values with blanks are quoted")
            },
        )
    }

    fn help(&self, column: &str) -> String {
        format!(
            "give the column another type with `schema = {{ {column:?} = \"utf8\" }}`, or let more rows decide with `infer-rows`"
        )
    }
}

fn as_bytes(text: Cow<str>) -> Cow<[u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// Gives each pair of a line, `None` for a key alone.
///
/// # Errors
/// Where it is no logfmt, as a byte from 0, and why.
pub(crate) fn pairs<'l>(
    line: &'l str,
    mut each: impl FnMut(&'l str, Option<Cow<'l, str>>),
) -> Result<(), (usize, &'static str)> {
    let bytes = line.as_bytes();
    let part = |from: usize, to: usize| line.get(from..to).unwrap_or_default();
    let blank = |byte: &u8| *byte <= b' ';
    let mut at = 0;
    loop {
        at += bytes.get(at..).unwrap_or_default().iter().take_while(|byte| blank(byte)).count();
        if at >= bytes.len() {
            return Ok(());
        }
        let begin = at;
        at += bytes.get(at..).unwrap_or_default().iter().take_while(|b| !blank(b) && !matches!(b, b'=' | b'"')).count();
        let key = part(begin, at);
        match bytes.get(at) {
            Some(b'"') => return Err((at, "a quote stands where a key is expected")),
            Some(b'=') if key.is_empty() => return Err((at, "there is no key before `=`")),
            Some(b'=') => at += 1,
            _ => {
                each(key, None);
                continue;
            }
        }
        if bytes.get(at) == Some(&b'"') {
            let (value, end) = quoted(line, at + 1).ok_or((at, "a quoted value has no end"))?;
            if bytes.get(end).is_some_and(|byte| !blank(byte)) {
                return Err((end, "something follows a quoted value"));
            }
            each(key, Some(value));
            at = end;
        } else {
            let begin = at;
            at += bytes.get(at..).unwrap_or_default().iter().take_while(|b| !blank(b) && **b != b'"').count();
            if bytes.get(at) == Some(&b'"') {
                return Err((at, "a quote stands inside a value that is not quoted"));
            }
            each(key, Some(Cow::Borrowed(part(begin, at))));
        }
    }
}

/// The value that begins behind a quote, and where what follows it begins.
fn quoted(line: &str, begin: usize) -> Option<(Cow<'_, str>, usize)> {
    let bytes = line.as_bytes();
    let inside = bytes.get(begin..)?;
    let end = memchr::memchr2(b'"', b'\\', inside)? + begin;
    if bytes.get(end) == Some(&b'"') {
        return Some((Cow::Borrowed(line.get(begin..end)?), end + 1));
    }
    let mut text = line.get(begin..end)?.to_owned();
    let mut rest = line.get(end..)?.chars();
    loop {
        match rest.next()? {
            '"' => return Some((Cow::Owned(text), line.len() - rest.as_str().len())),
            '\\' => match rest.next()? {
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                'b' => text.push('\u{8}'),
                'f' => text.push('\u{c}'),
                'u' => text.push(unicode(&mut rest)?),
                other => text.push(other),
            },
            plain => text.push(plain),
        }
    }
}

/// Four hexadecimal digits; two such make a character beyond the first 65,536.
fn unicode(rest: &mut std::str::Chars) -> Option<char> {
    let four = |rest: &mut std::str::Chars| {
        (0..4).try_fold(0, |all, _| rest.next()?.to_digit(16).map(|digit| all << 4 | digit))
    };
    let first = four(rest)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    let mut ahead = rest.clone();
    let second = (ahead.next() == Some('\\') && ahead.next() == Some('u')).then(|| four(&mut ahead)).flatten();
    match second.filter(|second| (0xdc00..0xe000).contains(second)) {
        Some(second) => {
            *rest = ahead;
            char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
        }
        None => Some(char::REPLACEMENT_CHARACTER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(line: &str) -> Result<Vec<(String, Option<String>)>, usize> {
        let mut found = Vec::new();
        pairs(line, |key, value| found.push((key.to_owned(), value.map(Cow::into_owned)))).map_err(|(at, _)| at)?;
        Ok(found)
    }

    #[test]
    fn words_and_quoted_values() {
        let line = r#"at=info  msg="a \"b\"\n\u00e9\ud83d\ude00" path=/x?y=1 empty= q="" flag é=ü"#;
        let expected = [
            ("at", Some("info")),
            ("msg", Some("a \"b\"\né😀")),
            ("path", Some("/x?y=1")),
            ("empty", Some("")),
            ("q", Some("")),
            ("flag", None),
            ("é", Some("ü")),
        ];
        assert_eq!(all(line).unwrap(), expected.map(|(key, value)| (key.to_owned(), value.map(str::to_owned))));
        for (line, at) in
            [("a=1 =2", 4), ("a=\"x", 2), ("a=\"x\"y", 5), ("a=x\"y\"", 3), ("\"a\"=1", 0), ("a=\"\\u12\"", 2)]
        {
            assert_eq!(all(line), Err(at), "{line}");
        }
    }

    proptest! {
        #[test]
        fn hostile_lines(line in ".*", other in "[a=\"\\\\u0d8 ]{0,40}") {
            let _ = (all(&line), all(&other));
        }
    }
}
