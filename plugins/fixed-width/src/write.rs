//! Fills lines: each value in its column, with blanks around it.

use crate::options::{Align, Field, Options};
use jackfield_sdk::Failure;
use jackfield_values::text;
use jackfield_values::types::Type;
use jackfield_values::view::View;

/// Makes lines of rows.
#[derive(Debug)]
pub(crate) struct Text {
    /// The columns from left to right, with the number of each in the rows.
    fields: Vec<(Field, usize, Align)>,
    null: String,
    line_ending: String,
}

impl Text {
    /// # Errors
    /// A column that has no place in the line, or a place that has no column.
    pub(crate) fn new(options: Options, columns: &[(String, Type)]) -> Result<Text, Failure> {
        let Options { fields, null_values, line_ending, .. } = options;
        let names = || columns.iter().map(|(name, _)| name.as_str());
        if let Some(name) = names().find(|name| fields.iter().all(|field| field.name != *name)) {
            let message = format!("the option `columns` says no place for the column `{name}`");
            return Err(Failure::invalid_config("invalid-option", message)
                .with_parameter("/columns")
                .with_column(name)
                .with_help("add it there, or leave it out with `columns` of the sink"));
        }
        let mut placed = Vec::with_capacity(fields.len());
        for (number, field) in fields.into_iter().enumerate() {
            let Some(index) = names().position(|name| name == field.name) else {
                return Err(
                    Failure::unknown_column(&field.name, names()).with_parameter(format!("/columns/{number}/name"))
                );
            };
            let number = columns.get(index).is_some_and(|(_, of)| of.kind.is_number());
            let align = field.align.unwrap_or(if number { Align::Right } else { Align::Left });
            placed.push((field, index, align));
        }
        Ok(Text { fields: placed, null: null_values.into_iter().next().unwrap_or_default(), line_ending })
    }

    /// Appends a row.
    ///
    /// # Errors
    /// A value that is longer than its column, or has a line end in it.
    pub(crate) fn row(&self, out: &mut Vec<u8>, columns: &[(String, View)], row: usize) -> Result<(), Failure> {
        let mut at = 0;
        let mut value = Vec::new();
        let begin = out.len();
        for (field, index, align) in &self.fields {
            value.clear();
            match columns.get(*index) {
                Some((_, column)) if !column.is_null(row) => text::write(&mut value, column, row),
                _ => value.extend_from_slice(self.null.as_bytes()),
            }
            let length = String::from_utf8_lossy(&value).chars().count();
            if value.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
                return Err(Failure::invalid_input("line-ending", format!("{} has a line end in it", shown(&value)))
                    .with_column(&field.name)
                    .with_help("replace it before it is written, or write a format that quotes"));
            }
            let width = field.end.map_or(length, |end| end - field.start);
            if length > width {
                let message = format!("{} has {length} characters, its column has {width}", shown(&value));
                return Err(Failure::invalid_input("too-long", message)
                    .with_column(&field.name)
                    .with_help(format!("make `{}` wider in `columns`, or cut the value before", field.name)));
            }
            let blanks = width - length;
            let before = field.start - at + if *align == Align::Right { blanks } else { 0 };
            out.resize(out.len() + before, b' ');
            out.extend_from_slice(&value);
            out.resize(out.len() + if *align == Align::Right { 0 } else { blanks }, b' ');
            at = field.start + width;
        }
        if out.len() == begin {
            // A line of nothing would not be read back.
            out.push(b' ');
        }
        out.extend_from_slice(self.line_ending.as_bytes());
        Ok(())
    }
}

fn shown(value: &[u8]) -> String {
    format!("\"{}\"", jackfield_lines::assembly::shown(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Fixed;
    use jackfield_lines::feed::pieces;
    use jackfield_lines::reader::{Read, Reader};
    use jackfield_sdk::{Demand, Params};
    use jackfield_values::build::Column;
    use proptest::prelude::*;

    fn view(of: &str, values: &[Option<String>]) -> (Type, View) {
        let of = Type::parse(of).unwrap();
        let mut column = Column::new(&of);
        for value in values {
            match value {
                Some(value) => assert!(column.push_text(value.as_bytes())),
                None => column.push_null(),
            }
        }
        let view = View::new(&of, &mut column.finish().into_iter()).unwrap();
        (of, view)
    }

    fn written(json: &str, columns: &[(&str, &str, Vec<Option<String>>)]) -> Result<String, Failure> {
        let made: Vec<(String, Type, View)> = columns
            .iter()
            .map(|(name, of, values)| {
                let (of, view) = view(of, values);
                ((*name).to_owned(), of, view)
            })
            .collect();
        let types: Vec<_> = made.iter().map(|(name, of, _)| (name.clone(), of.clone())).collect();
        let text = Text::new(Options::parse(&Params::new(json)).unwrap(), &types)?;
        let views: Vec<_> = made.into_iter().map(|(name, _, view)| (name, view)).collect();
        let mut out = Vec::new();
        for row in 0..views[0].1.length() {
            text.row(&mut out, &views, row)?;
        }
        Ok(String::from_utf8(out).unwrap())
    }

    fn some(values: &[&str]) -> Vec<Option<String>> {
        values.iter().map(|value| Some((*value).to_owned())).collect()
    }

    const OPTIONS: &str = r#"{"columns": [{"name": "t", "width": 4}, {"name": "n", "start": 6, "end": 10}]}"#;

    #[test]
    fn values_stand_in_their_columns() {
        let columns = [("n", "int64", vec![Some("-12".to_owned()), None]), ("t", "utf8", some(&["é", "abcd"]))];
        assert_eq!(written(OPTIONS, &columns).unwrap(), "é      -12\nabcd      \n");
        let failure = written(OPTIONS, &[("n", "int64", some(&["1"])), ("t", "utf8", some(&["abcde"]))]).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.column.as_deref()), ("too-long", Some("t")));
        let failure = written(OPTIONS, &[("n", "int64", some(&["1"])), ("x", "utf8", some(&["a"]))]).unwrap_err();
        assert_eq!(failure.column.as_deref(), Some("x"));
        assert!(written(OPTIONS, &[("n", "int64", some(&["1"]))]).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(rows in prop::collection::vec(("[a-zéx]{1,4}", -9999i64..99_999), 1..20)) {
            let texts: Vec<_> = rows.iter().map(|(text, _)| Some(text.clone())).collect();
            let numbers: Vec<_> = rows.iter().map(|(_, number)| Some(number.to_string())).collect();
            let text = written(OPTIONS, &[("t", "utf8", texts), ("n", "int64", numbers)]).unwrap();
            let json = format!("{}, \"schema\": {{\"t\": \"utf8\", \"n\": \"int64\"}}}}", OPTIONS.strip_suffix('}').unwrap());
            let options = Options::parse(&Params::new(json)).unwrap();
            let demand = Demand { batch_rows: 100, columns: None, predicates: Vec::new(), limit: None, resume: None, extra: Vec::new() };
            let mut reader = Reader::new(Fixed(options.clone()), options.reading, demand, pieces(text.as_bytes(), 50));
            let types: Vec<Type> = reader.wanted().unwrap().into_iter().map(|(_, of)| of).collect();
            let mut found = Vec::new();
            while let Read::Block(block) = reader.next_block().unwrap() {
                prop_assert!(block.bad.is_empty());
                let views: Vec<View> = types.iter().zip(block.columns).map(|(of, levels)| View::new(of, &mut levels.into_iter()).unwrap()).collect();
                for row in 0..block.rows {
                    let text = String::from_utf8(views[0].bytes(row).to_vec()).unwrap();
                    found.push((text, i64::from_le_bytes(views[1].fixed(row))));
                }
            }
            prop_assert_eq!(found, rows);
        }

        #[test]
        fn hostile_bytes(bytes: Vec<u8>) {
            let options = Options::parse(&Params::new(OPTIONS)).unwrap();
            let demand = Demand { batch_rows: 3, columns: None, predicates: Vec::new(), limit: None, resume: None, extra: Vec::new() };
            let mut reader = Reader::new(Fixed(options.clone()), options.reading, demand, pieces(&bytes, 5));
            while let Ok(Read::Block(_)) = reader.next_block() {}
        }
    }
}
