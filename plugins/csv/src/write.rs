//! Writes rows as text: null as nothing, empty text quoted, and quotes where a field would not read back without.

pub(crate) mod blocks;

use crate::options::{QuoteStyle, WriteOptions};
use jackfield_sdk::Failure;
use jackfield_values::text;
use jackfield_values::types::Kind;
use jackfield_values::view::View;

/// Makes text of rows.
#[derive(Debug)]
pub(crate) struct Text {
    options: WriteOptions,
    /// Which bytes make quotes necessary.
    special: [bool; 256],
}

impl Text {
    pub(crate) fn new(options: WriteOptions) -> Text {
        let mut special = [false; 256];
        for byte in [options.delimiter, options.quote, b'\n', b'\r'] {
            special[usize::from(byte)] = true;
        }
        Text { options, special }
    }

    /// Whether rows can be written in [`blocks`].
    pub(crate) fn in_blocks(&self) -> bool {
        blocks::fits(&self.options)
    }

    /// Appends the header, if the options want one.
    ///
    /// # Errors
    /// A name that cannot be written without quotes, if there are to be none.
    pub(crate) fn header<'a>(&self, out: &mut Vec<u8>, names: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
        if !self.options.header {
            return Ok(());
        }
        for (index, name) in names.enumerate() {
            if index > 0 {
                out.push(self.options.delimiter);
            }
            self.field(out, name.as_bytes(), name)?;
        }
        out.extend_from_slice(&self.options.line_ending);
        Ok(())
    }

    /// Appends a row.
    ///
    /// # Errors
    /// A value that cannot be written without quotes, if there are to be none.
    pub(crate) fn row(&self, out: &mut Vec<u8>, columns: &[(String, View)], row: usize) -> Result<(), Failure> {
        for (index, (name, column)) in columns.iter().enumerate() {
            if index > 0 {
                out.push(self.options.delimiter);
            }
            if !column.is_null(row) {
                self.value(out, name, column, row)?;
            }
        }
        out.extend_from_slice(&self.options.line_ending);
        Ok(())
    }

    fn value(&self, out: &mut Vec<u8>, name: &str, column: &View, row: usize) -> Result<(), Failure> {
        if matches!(column.kind, Kind::Utf8 | Kind::LargeUtf8) {
            return self.field(out, column.bytes(row), name);
        }
        // A key may point at a null among the dictionary's values.
        if let Kind::Dictionary(key_bytes) = column.kind {
            return match column.dictionary(row, key_bytes) {
                Some((values, key)) if !values.is_null(key) => self.value(out, name, values, key),
                _ => Ok(()),
            };
        }
        let before = out.len();
        text::write(out, column, row);
        let written = out.get(before..).unwrap_or_default();
        let plain =
            self.options.quote_style != QuoteStyle::Always && !written.iter().any(|b| self.special[usize::from(*b)]);
        if plain && !written.is_empty() {
            return Ok(());
        }
        let written = out.split_off(before);
        self.field(out, &written, name)
    }

    fn field(&self, out: &mut Vec<u8>, field: &[u8], name: &str) -> Result<(), Failure> {
        let quote = self.options.quote;
        let necessary = field.is_empty() || field.iter().any(|byte| self.special[usize::from(*byte)]);
        match (self.options.quote_style, necessary) {
            (QuoteStyle::Necessary, false) | (QuoteStyle::Never, false) => out.extend_from_slice(field),
            // Without quotes empty text and null look the same.
            (QuoteStyle::Never, true) if field.is_empty() => {}
            (QuoteStyle::Never, true) => {
                let shown: String = String::from_utf8_lossy(field).chars().take(60).collect();
                let message = format!("{shown:?} cannot be written without quotes");
                return Err(Failure::invalid_input("needs-quotes", message)
                    .with_column(name)
                    .with_help("use `quote-style = \"necessary\"`, or another `delimiter`"));
            }
            _ => {
                out.push(quote);
                let mut rest = field;
                while let Some(at) = memchr::memchr(quote, rest) {
                    let (run, behind) = rest.split_at(at + 1);
                    out.extend_from_slice(run);
                    out.push(quote);
                    rest = behind;
                }
                out.extend_from_slice(rest);
                out.push(quote);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_sdk::Params;
    use jackfield_values::build::Column;
    use jackfield_values::types::Type;

    fn written(json: &str, columns: &[(&str, &[Option<&str>])]) -> Result<String, Failure> {
        let text = Text::new(WriteOptions::parse("csv", &Params::new(json)).unwrap());
        let columns: Vec<(String, View)> = columns
            .iter()
            .map(|(of, values)| {
                let of = Type::parse(of).unwrap();
                let mut column = Column::new(&of);
                for value in *values {
                    match value {
                        Some(value) => assert!(column.push_text(value.as_bytes())),
                        None => column.push_null(),
                    }
                }
                (of.name(), View::new(&of, &mut column.finish().into_iter()).unwrap())
            })
            .collect();
        let mut out = Vec::new();
        text.header(&mut out, columns.iter().map(|c| c.0.as_str()))?;
        for row in 0..columns[0].1.length() {
            text.row(&mut out, &columns, row)?;
        }
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn quotes_only_where_they_are_needed() {
        let texts = ("utf8", &[Some(""), None, Some("a,b"), Some("x\"y"), Some("é z"), Some("\r")][..]);
        assert_eq!(written("{}", &[texts]).unwrap(), "utf8\n\"\"\n\n\"a,b\"\n\"x\"\"y\"\né z\n\"\r\"\n");
        let always = r#"{"quote-style": "always", "quote": "'", "delimiter": ";", "line-ending": "\r\n"}"#;
        let columns = [("int64", &[Some("1"), None][..]), ("utf8", &[Some("it's"), Some("")])];
        assert_eq!(written(always, &columns).unwrap(), "'int64';'utf8'\r\n'1';'it''s'\r\n;''\r\n");
        let never = r#"{"quote-style": "never", "header": false}"#;
        assert_eq!(written(never, &[("utf8", &[Some("a"), Some("")])]).unwrap(), "a\n\n");
        assert_eq!(written(never, &[("utf8", &[Some("a,b")])]).unwrap_err().column.as_deref(), Some("utf8"));
    }

    #[test]
    fn values() {
        let columns = [
            ("float64", &[Some("4"), Some("nan")][..]),
            ("decimal(5,2)", &[Some("-1.5"), None]),
            ("timestamp[UTC]", &[Some("2024-01-01T00:00:00.5Z"), None]),
            ("bool", &[Some("true"), Some("false")]),
        ];
        let expected =
            "float64,\"decimal(5,2)\",timestamp[UTC],bool\n4.0,-1.50,2024-01-01T00:00:00.5Z,true\nNaN,,,false\n";
        assert_eq!(written("{}", &columns).unwrap(), expected);
    }
}
