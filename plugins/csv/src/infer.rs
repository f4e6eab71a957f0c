//! Types of columns from a sample of their fields.

use crate::cells::{Cell, Rules};
use crate::rows::Rows;
use jackfield_values::infer;
use jackfield_values::types::{Kind, Type};

/// So many fields of a column are looked at after the first that makes it text: enough to tell whether that one strays.
const LOOKED_AT_AFTER: u32 = 256;

/// Bytes of a stray value that are shown.
const SHOWN: usize = 40;

/// Text in a column that else holds numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stray {
    /// The physical line, from 1.
    pub(crate) line: u64,
    /// The first such value, perhaps cut.
    pub(crate) value: String,
    /// The type that the others have.
    pub(crate) others: Kind,
}

/// What the fields of one column looked like so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    texts: infer::Seen,
    /// Fields that were numbers, and fields that were something else.
    numbers: u32,
    others: u32,
    /// Fields looked at since one made the column text.
    after: u32,
    /// Where that one stood, and what it was.
    first_text: Option<(u64, Vec<u8>)>,
}

impl Seen {
    /// Whether a further field could tell something.
    fn is_open(&self) -> bool {
        self.after < LOOKED_AT_AFTER
    }

    /// Takes a field into account, and says whether it is the one that makes the column text.
    pub(crate) fn look(&mut self, field: &[u8], rules: &Rules) -> bool {
        let was_text = self.texts.is_text();
        match self.classify(field, rules) {
            Some(true) => self.numbers += 1,
            Some(false) => self.others += 1,
            None => {}
        }
        self.after += u32::from(was_text);
        self.texts.is_text() && !was_text
    }

    /// The value that made a column of numbers text, if that is what happened.
    pub(crate) fn stray(&self) -> Option<Stray> {
        let (line, value) = self.first_text.as_ref()?;
        let others = self.texts.numbers().filter(|_| self.numbers > self.others)?;
        let shown = String::from_utf8_lossy(value);
        let cut = shown.char_indices().nth(SHOWN).map_or(shown.len(), |(at, _)| at);
        Some(Stray { line: *line, value: shown.get(..cut).unwrap_or_default().to_owned(), others })
    }

    /// Whether a field is a number; `None` where it is null.
    fn classify(&mut self, field: &[u8], rules: &Rules) -> Option<bool> {
        let Cell::Text(text) = rules.cell(field, true) else { return None };
        if !text.is_empty() {
            return Some(match rules.marks.plain_text(&text) {
                Some(text) => self.texts.see(&text),
                None => {
                    self.texts.make_text();
                    false
                }
            });
        }
        // Unquoted it is null in any column that is not text, so only a quoted one makes the column text.
        if field.is_empty() {
            return None;
        }
        self.texts.make_text();
        Some(false)
    }

    /// The narrowest type that holds all of them: text where they disagree, and where there was nothing.
    pub(crate) fn kind(&self) -> Kind {
        self.texts.kind()
    }
}

/// Looks at the first `most` rows, at the columns for which there is something to look for.
pub(crate) fn look(seen: &mut [Option<Seen>], rows: &mut Rows, most: usize, rules: &Rules) {
    let mut texts = Vec::new();
    for (column, seen) in seen.iter_mut().enumerate() {
        let Some(seen) = seen else { continue };
        for row in 0..rows.count.min(most) {
            if !seen.is_open() {
                break;
            }
            if seen.look(rows.field(row, column), rules) {
                texts.push((row, column));
            }
        }
    }
    // Lines are counted from above.
    texts.sort_unstable();
    for (row, column) in texts {
        let (line, value) = (rows.line(row), rows.field(row, column).to_vec());
        if let Some(Some(seen)) = seen.get_mut(column) {
            seen.first_text = Some((line, value));
        }
    }
}

/// The types that were told, and those that were seen.
pub(crate) fn types(seen: &[Option<Seen>], told: &[Option<Type>]) -> Vec<Type> {
    let found = seen.iter().map(|seen| seen.as_ref().map_or(Kind::Utf8, Seen::kind).into());
    told.iter().zip(found).map(|(told, found)| told.clone().unwrap_or(found)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::NullValues;

    fn inferred(fields: &[&str]) -> String {
        let rules = Rules {
            nulls: NullValues::new(vec![b"".to_vec(), b"NA".to_vec()]),
            quote: Some(b'"'),
            marks: crate::numbers::Marks::PLAIN,
        };
        let mut seen = Seen::default();
        fields.iter().for_each(|field| _ = seen.look(field.as_bytes(), &rules));
        Type::from(seen.kind()).name()
    }

    #[test]
    fn types_of_samples() {
        for (fields, name) in [
            (&["1", "NA", "", "-5"][..], "int64"),
            (&["9223372036854775807", "-9223372036854775808"], "int64"),
            (&["9223372036854775808", "1"], "utf8"),
            (&["92233720368547758080", "1.5"], "float64"),
            (&["1", "2.5"], "float64"),
            (&["1e3", ".5", "5."], "float64"),
            (&["1", "nan", "-inf"], "float64"),
            (&["nan", "inf"], "utf8"),
            (&["1e999"], "utf8"),
            (&["0", "0.5", "-0"], "float64"),
            (&["007"], "utf8"),
            (&["1", "01"], "utf8"),
            (&["00.5"], "utf8"),
            (&["+49"], "utf8"),
            (&["true", "FALSE"], "bool"),
            (&["true", "1"], "utf8"),
            (&["2024-01-31"], "date"),
            (&["2024-02-30"], "utf8"),
            (&["2024-01-31", "2024-01-31 12:00:00"], "timestamp"),
            (&["2024-01-31T12:00"], "timestamp"),
            (&["2024-01-31T12:00:00Z", "2024-01-31T12:00:00+02:00"], "timestamp[UTC]"),
            (&["2024-01-31T12:00:00Z", "2024-01-31T12:00:00"], "utf8"),
            (&["2024-01-31T12:00:00.123456789"], "utf8"),
            (&["12:30:00"], "utf8"),
            (&["\"1\"", "2"], "int64"),
            (&["\"\"", "2"], "utf8"),
            (&["\"NA\"", "2"], "utf8"),
            (&["", "NA"], "utf8"),
            (&["a", "b"], "utf8"),
        ] {
            assert_eq!(inferred(fields), name, "{fields:?}");
        }
    }
}
