//! Cuts a line into its columns.

use crate::options::Options;
use jackfield_lines::{Cells, Layout};
use jackfield_sdk::Failure;
use jackfield_values::types::Type;
use std::borrow::Cow;

/// Columns of fixed width.
#[derive(Debug)]
pub(crate) struct Fixed(pub(crate) Options);

impl Layout for Fixed {
    fn known(&self) -> Vec<(String, Option<Type>)> {
        self.0.fields.iter().map(|field| (field.name.clone(), None)).collect()
    }

    fn is_open(&self) -> bool {
        false
    }

    fn cells<'l>(&self, line: &'l [u8], cells: &mut Cells<'l>) -> Result<(), Failure> {
        let options = &self.0;
        let ascii = line.is_ascii();
        if !ascii && std::str::from_utf8(line).is_err() {
            return Err(Failure::invalid_input("invalid-utf8", "the line is not UTF-8")
                .with_help("convert the file to UTF-8, or skip such rows with `on-error`"));
        }
        // Where a character begins; columns go from left to right, so each search goes on from the one before.
        let mut place = Place { characters: 0, bytes: 0 };
        for (index, field) in options.fields.iter().enumerate() {
            let start = place.go_to(line, ascii, field.start);
            let end = field.end.map_or(line.len(), |end| place.go_to(line, ascii, end));
            let short = field.end.is_some_and(|end| place.characters < end) || field.start > place.characters;
            if short && !options.pad {
                let message = format!("the line ends before the column `{}` does", field.name);
                return Err(Failure::invalid_input("ragged", message)
                    .with_column(&field.name)
                    .with_help("say options = { ragged = \"pad\" } if blanks at the end of lines were cut off"));
            }
            let text = line.get(start..end).unwrap_or_default();
            let text = if options.trim { text.trim_ascii() } else { text };
            let null = options.null_values.iter().any(|null| null.as_bytes() == text);
            cells.known(index, if null { None } else { Some(Cow::Borrowed(text)) });
        }
        Ok(())
    }

    fn help(&self, column: &str) -> String {
        format!(
            "check where `{column}` is in `columns`; a value that stands for a missing one belongs into `null-values`, \
             and `schema` gives the column another type"
        )
    }
}

struct Place {
    characters: usize,
    bytes: usize,
}

impl Place {
    /// The byte at which the character of this number begins, or the end of the line.
    fn go_to(&mut self, line: &[u8], ascii: bool, character: usize) -> usize {
        if ascii {
            self.characters = character.min(line.len());
            self.bytes = self.characters;
            return self.bytes;
        }
        while self.characters < character && self.bytes < line.len() {
            self.bytes += 1;
            while line.get(self.bytes).is_some_and(|byte| byte & 0xc0 == 0x80) {
                self.bytes += 1;
            }
            self.characters += 1;
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_lines::Place as Where;
    use jackfield_lines::feed::pieces;
    use jackfield_lines::reader::{Read, Reader};
    use jackfield_sdk::{Demand, Params};

    const COLUMNS: &str =
        r#""columns": [{"name": "a", "width": 3}, {"name": "b", "start": 5, "end": 8}, {"name": "c"}]"#;

    fn options(more: &str) -> Options {
        Options::parse(&Params::new(format!("{{{COLUMNS}{more}}}"))).unwrap()
    }

    fn cells(more: &str, line: &str) -> Result<Vec<Option<String>>, Failure> {
        let mut cells = Cells::default();
        Fixed(options(more)).cells(line.as_bytes(), &mut cells)?;
        let text = |text: Option<Cow<[u8]>>| text.map(|text| String::from_utf8(text.into_owned()).unwrap());
        assert!(cells.0.iter().enumerate().all(|(at, (place, _))| *place == Where::Known(at)));
        Ok(cells.0.into_iter().map(|(_, found)| text(found)).collect())
    }

    #[test]
    fn lines_are_cut_by_characters() {
        let of = |texts: [&str; 3]| texts.map(|text| (!text.is_empty()).then(|| text.to_owned())).to_vec();
        assert_eq!(cells("", "abcxdefgrest of it ").unwrap(), of(["abc", "defg", "rest of it"]));
        assert_eq!(cells("", "äöü é  €rest").unwrap(), of(["äöü", "é  €", "rest"]));
        assert_eq!(cells("", "a").unwrap(), of(["a", "", ""]));
        assert_eq!(cells(r#", "trim": false"#, "ab  cd  ").unwrap(), of(["ab ", "cd  ", ""]));
        assert_eq!(cells(r#", "ragged": "error""#, "abc defg").unwrap(), of(["abc", "defg", ""]));
        assert_eq!(cells(r#", "ragged": "error""#, "abc def").unwrap_err().column.as_deref(), Some("b"));
        assert_eq!(cells(r#", "null-values": ["-"]"#, "-   x").unwrap(), [None, Some("x".into()), Some(String::new())]);
    }

    #[test]
    fn types_are_inferred_and_bad_lines_told() {
        let text = "header\n 12 1.50x\r\n\n  7 2   y\n  z 3   z\n";
        let options = options(r#", "skip": 1, "infer-rows": 2"#);
        let demand = Demand {
            batch_rows: 10,
            columns: None,
            predicates: Vec::new(),
            limit: None,
            resume: None,
            extra: Vec::new(),
        };
        let mut reader = Reader::new(Fixed(options.clone()), options.reading, demand, pieces(text.as_bytes(), 7));
        let columns: Vec<String> =
            reader.columns().unwrap().iter().map(|(name, of)| format!("{name}: {}", of.name())).collect();
        assert_eq!(columns, ["a: int64", "b: float64", "c: utf8"]);
        let (mut rows, mut bad) = (0, Vec::new());
        while let Read::Block(block) = reader.next_block().unwrap() {
            rows += block.rows;
            bad.extend(block.bad.into_iter().map(|bad| (bad.line, bad.reason.message)));
        }
        assert_eq!(rows, 2);
        assert_eq!(bad, [(Some(5), "\"z\" is not an int64".to_owned())]);
    }
}
