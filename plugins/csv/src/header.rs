//! Names of columns: from the first row, or numbered.

use crate::cells::unquoted;
use crate::rows::trimmed;
use crate::scan::Dialect;
use jackfield_sdk::Failure;
use std::collections::{HashMap, HashSet};

/// The most columns that a schema may have.
const MAX_COLUMNS: usize = 10_000;

/// The names in a header row: unique, none empty.
///
/// # Errors
/// A name that is not UTF-8, or too many columns.
pub(crate) fn names(fields: &[&[u8]], dialect: &Dialect) -> Result<Vec<String>, Failure> {
    check_width(fields.len())?;
    let mut names = Vec::with_capacity(fields.len());
    for (index, field) in fields.iter().enumerate() {
        let field = if dialect.trim { trimmed(field) } else { field };
        let text = match dialect.quote {
            Some(quote) if field.first() == Some(&quote) => unquoted(field, quote),
            _ => field.into(),
        };
        let text = std::str::from_utf8(&text).map_err(|_| {
            let message = format!("the name of column {} in the header is not UTF-8", index + 1);
            Failure::invalid_input("invalid-utf8", message)
                .with_help("say options = { encoding = \"latin1\" } for the source, if it is that")
        })?;
        names.push(if text.is_empty() { numbered(index) } else { text.to_owned() });
    }
    Ok(unique(names))
}

/// Refuses a header that would go over several lines of text: such line ends are known by the first line alone.
///
/// # Errors
/// An unquoted field of the first row that has a carriage return in it.
pub(crate) fn check_line_ends(fields: &[&[u8]], dialect: &Dialect) -> Result<(), Failure> {
    let quoted = |field: &[u8]| dialect.quote.is_some() && field.first().copied() == dialect.quote;
    if !fields.iter().any(|field| !quoted(field) && field.contains(&b'\r')) {
        return Ok(());
    }
    Err(Failure::invalid_input("line-ending", "some lines end in carriage returns alone, and some do not")
        .with_help("all lines end as the first one does: convert the file first, or leave lines out with `skip-rows`"))
}

/// `column_1`, `column_2`, …
///
/// # Errors
/// Too many columns.
pub(crate) fn numbers(width: usize) -> Result<Vec<String>, Failure> {
    check_width(width)?;
    Ok((0..width).map(numbered).collect())
}

fn numbered(index: usize) -> String {
    format!("column_{}", index + 1)
}

fn check_width(width: usize) -> Result<(), Failure> {
    if width <= MAX_COLUMNS {
        return Ok(());
    }
    Err(Failure::limit("too-large", format!("the file has {width} columns; at most {MAX_COLUMNS} are read"))
        .with_help("check the option `delimiter`"))
}

/// Gives a repeated name `_2`, `_3`, … behind it, past those that are names themselves.
fn unique(names: Vec<String>) -> Vec<String> {
    let mut taken: HashSet<String> = names.iter().cloned().collect();
    let mut seen: HashMap<String, usize> = HashMap::new();
    names
        .into_iter()
        .map(|name| {
            let count = seen.entry(name.clone()).or_insert(0);
            *count += 1;
            if *count == 1 {
                return name;
            }
            loop {
                let other = format!("{name}_{count}");
                if taken.insert(other.clone()) {
                    return other;
                }
                *count += 1;
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        let dialect = Dialect { delimiter: b',', quote: Some(b'"'), comment: None, trim: true };
        let fields: Vec<&[u8]> = text.split(',').map(str::as_bytes).collect();
        names(&fields, &dialect).unwrap()
    }

    #[test]
    fn names_are_unique() {
        assert_eq!(of("a,a,b"), ["a", "a_2", "b"]);
        assert_eq!(of("a,a,a,a_2"), ["a", "a_3", "a_4", "a_2"]);
        assert_eq!(of(" x ,\"y\"\"\",,"), ["x", "y\"", "column_3", "column_4"]);
        assert_eq!(of("column_2,"), ["column_2", "column_2_2"]);
        assert_eq!(of(&"a,".repeat(3000)).len(), 3001);
    }

    #[test]
    fn a_name_must_be_text() {
        let dialect = Dialect { delimiter: b',', quote: None, comment: None, trim: false };
        assert!(names(&[b"\xff"], &dialect).is_err_and(|f| f.message.contains("UTF-8")));
        assert!(numbers(20_000).is_err());
    }
}
