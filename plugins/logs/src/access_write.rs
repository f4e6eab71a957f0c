//! Writes rows by a pattern: null as `-`, and escapes as Apache writes them.

use crate::clock::Clock;
use crate::pattern::{Part, Pattern, What};
use jackfield_lines::assembly::shown;
use jackfield_sdk::Failure;
use jackfield_values::text;
use jackfield_values::types::{Kind, Type, Unit};
use jackfield_values::view::View;

/// Makes lines of rows.
#[derive(Debug)]
pub(crate) struct Text {
    pattern: Pattern,
    /// For each column of the pattern, its number in the rows.
    places: Vec<usize>,
}

impl Text {
    /// # Errors
    /// A field of the pattern that no column brings, a column for which it has no place, or a time that is none.
    pub(crate) fn new(pattern: Pattern, columns: &[(String, Type)]) -> Result<Text, Failure> {
        let refused = |message: String| Failure::invalid_config("invalid-option", message).with_parameter("/pattern");
        let place = |name: &str| columns.iter().position(|(known, _)| known == name);
        let missing: Vec<&str> =
            pattern.columns.iter().map(|(name, _)| name.as_str()).filter(|name| place(name).is_none()).collect();
        if !missing.is_empty() {
            return Err(refused(format!("the rows lack what the pattern has: {}", missing.join(", ")))
                .with_help("give columns these names, or say a `pattern` with fewer fields"));
        }
        let more: Vec<&str> = columns
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| pattern.columns.iter().all(|(known, _)| known != name))
            .collect();
        if !more.is_empty() {
            return Err(refused(format!("the pattern has no place for the columns {}", more.join(", ")))
                .with_help("leave them out with `columns` of the sink, or say a `pattern` that has them"));
        }
        for (name, of) in &pattern.columns {
            let found = place(name).and_then(|at| columns.get(at)).map(|(_, of)| of);
            let is_time = |of: &Type| matches!(of.kind, Kind::Timestamp(..));
            if let Some(found) = found.filter(|found| is_time(of) && !is_time(found)) {
                return Err(refused(format!("`{name}` is {}, not a timestamp", found.name())).with_column(name));
            }
        }
        let places = pattern.columns.iter().filter_map(|(name, _)| place(name)).collect();
        Ok(Text { pattern, places })
    }

    /// Appends a row.
    ///
    /// # Errors
    /// A value that would not read back, because nothing tells where it ends.
    pub(crate) fn row(&self, out: &mut Vec<u8>, columns: &[(String, View)], row: usize) -> Result<(), Failure> {
        let column = |at: usize| self.places.get(at).and_then(|place| columns.get(*place)).map(|(_, view)| view);
        let there = |at: usize| column(at).filter(|view| !view.is_null(row));
        for (number, part) in self.pattern.parts.iter().enumerate() {
            let (what, first) = match part {
                Part::Literal(literal) => {
                    out.extend_from_slice(literal);
                    continue;
                }
                Part::Field(what, first) => (what, *first),
            };
            let begin = out.len();
            match what {
                What::Text | What::Number => {
                    if let Some(view) = there(first) {
                        escaped(out, view, row);
                    }
                }
                What::Time(clock, brackets) => {
                    if let Some(view) = there(first) {
                        time(out, clock, *brackets, view, row);
                    }
                }
                What::Request => {
                    for at in first..first + 3 {
                        let Some(view) = there(at) else { continue };
                        if out.len() > begin {
                            out.push(b' ');
                        }
                        escaped(out, view, row);
                    }
                }
            }
            // An empty value in quotes is empty, elsewhere it could not be told from none.
            let empty_text = self.is_quoted(number) && there(first).is_some();
            if out.len() == begin && !empty_text {
                out.push(b'-');
            }
            let written = out.get(begin..).unwrap_or_default();
            if !self.is_quoted(number) && !matches!(what, What::Time(..)) && self.breaks(number, written) {
                let message = format!("\"{}\" cannot be written without quotes", shown(written));
                let name = self.pattern.columns.get(first).map_or("", |(name, _)| name.as_str());
                return Err(Failure::invalid_input("needs-quotes", message)
                    .with_column(name)
                    .with_help("put the field into quotes in `pattern`"));
            }
        }
        out.push(b'\n');
        Ok(())
    }

    fn neighbour(&self, number: Option<usize>) -> &[u8] {
        match number.and_then(|number| self.pattern.parts.get(number)) {
            Some(Part::Literal(literal)) => literal,
            _ => &[],
        }
    }

    fn is_quoted(&self, number: usize) -> bool {
        self.neighbour(number.checked_sub(1)).ends_with(b"\"") && self.neighbour(Some(number + 1)).starts_with(b"\"")
    }

    /// Whether a reader would find the end of the field inside it.
    fn breaks(&self, number: usize, written: &[u8]) -> bool {
        let behind = self.neighbour(Some(number + 1));
        !behind.is_empty() && memchr::memmem::find(written, behind).is_some()
    }
}

fn time(out: &mut Vec<u8>, clock: &Clock, brackets: bool, view: &View, row: usize) {
    let value = i64::from_le_bytes(view.fixed(row));
    let micros = match view.kind {
        Kind::Timestamp(Unit::Nanosecond, _) => value.div_euclid(1000),
        Kind::Timestamp(unit, _) => value.saturating_mul(1_000_000 / unit.per_second()),
        _ => value,
    };
    if brackets {
        out.push(b'[');
    }
    clock.write(out, micros);
    if brackets {
        out.push(b']');
    }
}

fn escaped(out: &mut Vec<u8>, view: &View, row: usize) {
    let begin = out.len();
    text::write(out, view, row);
    let plain = out.get(begin..).unwrap_or_default();
    if !plain.iter().any(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\' | 0x7f)) {
        return;
    }
    for byte in out.split_off(begin) {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..b' ' | 0x7f => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
            plain => out.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_lines::{Cells, Layout, Place};
    use jackfield_values::build::Column;
    use proptest::prelude::*;

    fn row_of(pattern: &Pattern, texts: &[Option<String>]) -> Vec<(String, View)> {
        let columns = pattern.columns.iter().zip(texts);
        let view = |((name, of), text): (&(String, Type), &Option<String>)| {
            let mut column = Column::new(of);
            match text {
                Some(text) => assert!(column.push_text(text.as_bytes()), "{text}"),
                None => column.push_null(),
            }
            (name.clone(), View::new(of, &mut column.finish().into_iter()).unwrap())
        };
        columns.map(view).collect()
    }

    fn line(pattern: &Pattern, texts: &[Option<String>]) -> Result<String, Failure> {
        let text = Text::new(pattern.clone(), &pattern.columns)?;
        let mut out = Vec::new();
        text.row(&mut out, &row_of(pattern, texts), 0)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn columns_must_be_those_of_the_pattern() {
        let pattern = Pattern::parse("%h %t", true).unwrap();
        let utf8 = || Type::parse("utf8").unwrap();
        let failure = Text::new(pattern.clone(), &[("host".to_owned(), utf8())]).unwrap_err();
        assert!(failure.message.contains("time"), "{failure:?}");
        let failure =
            Text::new(pattern.clone(), &[("host".to_owned(), utf8()), ("time".to_owned(), utf8())]).unwrap_err();
        assert!(failure.message.contains("not a timestamp"), "{failure:?}");
        let mut more = pattern.columns.clone();
        more.push(("x".to_owned(), utf8()));
        assert!(Text::new(pattern.clone(), &more).unwrap_err().message.contains("no place"));
        let told = [Some("a b".to_owned()), Some("2024-01-01T00:00:00Z".to_owned())];
        assert_eq!(line(&pattern, &told).unwrap_err().code, "needs-quotes");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(agent in ".{0,20}", path in "/[!-~é]{0,12}", seconds in 0i64..4_000_000_000, bytes in prop::option::of(0i64..9_999_999)) {
            prop_assume!(agent != "-");
            let pattern = Pattern::parse("combined", true).unwrap();
            let mut iso = Vec::new();
            jackfield_values::time::write_timestamp(&mut iso, seconds, Unit::Second, true);
            let iso = String::from_utf8(iso).unwrap();
            let some = |text: &str| Some(text.to_owned());
            let texts = [some("::1"), None, some("me"), Some(iso), some("GET"), Some(path), some("HTTP/1.1"), some("200"), bytes.map(|b| b.to_string()), None, Some(agent)];
            let written = line(&pattern, &texts).unwrap();
            let mut cells = Cells::default();
            pattern.cells(written.trim_end_matches('\n').as_bytes(), &mut cells).unwrap();
            let mut row: Vec<Option<String>> = vec![None; texts.len()];
            for (place, text) in &cells.0 {
                if let Place::Known(at) = place {
                    row[*at] = text.as_ref().map(|text| String::from_utf8(text.to_vec()).unwrap());
                }
            }
            row[3] = row[3].as_ref().map(|time| time.replace("+00:00", "Z"));
            prop_assert_eq!(&row[..], &texts[..]);
        }
    }
}
