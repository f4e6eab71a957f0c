//! Writes rows as `key=value`: null as nothing, and quotes where a value would not read back without.

use jackfield_sdk::Failure;
use jackfield_values::types::{Kind, Type};
use jackfield_values::view::View;
use jackfield_values::{json, text};

/// Refuses names that are no keys.
///
/// # Errors
/// The first such name.
pub(crate) fn check(columns: &[(String, Type)]) -> Result<(), Failure> {
    let is_key =
        |name: &str| !name.is_empty() && !name.bytes().any(|b| b <= b' ' || b == b'=' || b == b'"' || b == 0x7f);
    match columns.iter().find(|(name, _)| !is_key(name)) {
        None => Ok(()),
        Some((name, _)) => Err(Failure::invalid_config("invalid-name", format!("`{name}` cannot be a key of logfmt"))
            .with_column(name)
            .with_help("rename the column: a key has no blanks, quotes and equals signs")),
    }
}

/// Appends a row.
pub(crate) fn row(out: &mut Vec<u8>, columns: &[(String, View)], row: usize) {
    let mut any = false;
    for (name, column) in columns {
        if column.is_null(row) {
            continue;
        }
        if any {
            out.push(b' ');
        }
        any = true;
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        value(out, column, row);
    }
    out.push(b'\n');
}

fn value(out: &mut Vec<u8>, column: &View, row: usize) {
    let begin = out.len();
    text::write(out, column, row);
    let written = out.get(begin..).unwrap_or_default();
    let is_text = !matches!(column.kind, Kind::Int64 | Kind::Float64 | Kind::Boolean);
    let special = |byte: &u8| *byte <= b' ' || matches!(byte, b'"' | b'=' | b'\\' | 0x7f);
    if is_text && (written.is_empty() || written.iter().any(special)) {
        let plain = out.split_off(begin);
        json::write_string(out, &plain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logfmt::pairs;
    use jackfield_values::build::Column;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back(values in prop::collection::vec(prop::option::of(".{0,12}"), 1..5)) {
            let of = Type::parse("utf8").unwrap();
            let columns: Vec<(String, View)> = values.iter().enumerate().map(|(at, value)| {
                let mut column = Column::new(&of);
                match value {
                    Some(value) => assert!(column.push_text(value.as_bytes())),
                    None => column.push_null(),
                }
                (format!("key{at}"), View::new(&of, &mut column.finish().into_iter()).unwrap())
            }).collect();
            let mut out = Vec::new();
            row(&mut out, &columns, 0);
            let line = String::from_utf8(out).unwrap();
            prop_assert!(line.ends_with('\n') && !line.trim_end_matches('\n').contains('\n'));
            let mut found = Vec::new();
            pairs(&line, |key, value| found.push((key.to_owned(), value.unwrap().into_owned()))).unwrap();
            let expected: Vec<(String, String)> = values.into_iter().enumerate()
                .filter_map(|(at, value)| Some((format!("key{at}"), value?))).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
