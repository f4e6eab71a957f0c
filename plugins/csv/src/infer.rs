//! Types of columns from a sample of their fields.

use crate::cells::{Cell, Rules};
use crate::rows::Rows;
use jackfield_values::number;
use jackfield_values::time::{self, Offset};
use jackfield_values::types::{Kind, Type, Unit};

/// What the fields of one column looked like so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    boolean: bool,
    integer: bool,
    /// An integer that no `int64` holds.
    large: bool,
    float: bool,
    /// `nan` or `inf`.
    word: bool,
    date: bool,
    timestamp: bool,
    zoned: bool,
    text: bool,
}

impl Seen {
    /// Takes a field into account.
    pub(crate) fn look(&mut self, field: &[u8], rules: &Rules) {
        if self.text {
            return;
        }
        let Cell::Text(text) = rules.cell(field, true) else { return };
        if text.is_empty() {
            // Unquoted it is null in any column that is not text, so only a quoted one makes the column text.
            self.text |= !field.is_empty();
            return;
        }
        let starts_number = matches!(text.first(), Some(b'0'..=b'9' | b'-' | b'.' | b'+'));
        if starts_number && !text.starts_with(b"+") && !number::has_leading_zero(&text) {
            if number::parse_i64(&text).is_some() {
                self.integer = true;
                return;
            }
            if let Some(value) = number::parse_f64(&text) {
                let digits = text.strip_prefix(b"-").unwrap_or(&text);
                let whole = digits.iter().all(u8::is_ascii_digit);
                match (whole, number::is_word(&text)) {
                    (true, _) => self.large = true,
                    (_, true) => self.word = true,
                    // A finite number that would become infinite is better kept as text.
                    _ if value.is_finite() => self.float = true,
                    _ => self.text = true,
                }
                return;
            }
        }
        match text.len() {
            10 if time::parse_date(&text).is_some() => self.date = true,
            15.. => match time::parse_timestamp(&text, Unit::Microsecond) {
                Some((_, Offset::None)) => self.timestamp = true,
                Some(_) => self.zoned = true,
                None => self.text = true,
            },
            _ if number::parse_bool(&text).is_some() => self.boolean = true,
            _ if number::parse_f64(&text).is_some() && number::is_word(&text) => self.word = true,
            _ => self.text = true,
        }
    }

    /// The narrowest type that holds all of them: text where they disagree, and where there was nothing.
    pub(crate) fn kind(&self) -> Kind {
        let number = self.integer || self.large || self.float || self.word;
        let time = self.date || self.timestamp || self.zoned;
        match (self.text, self.boolean, number, time) {
            (false, true, false, false) => Kind::Boolean,
            (false, false, true, false) => match (self.float, self.integer, self.large, self.word) {
                (false, true, false, false) => Kind::Int64,
                // Identifiers beyond int64 would lose digits as floats; words alone are more likely text.
                (false, _, true, _) | (false, false, _, _) => Kind::Utf8,
                _ => Kind::Float64,
            },
            (false, false, false, true) => match (self.date, self.timestamp, self.zoned) {
                (true, false, false) => Kind::Date32,
                (_, true, false) => Kind::Timestamp(Unit::Microsecond, None),
                (false, false, true) => Kind::Timestamp(Unit::Microsecond, Some("UTC".to_owned())),
                _ => Kind::Utf8,
            },
            _ => Kind::Utf8,
        }
    }
}

/// Looks at the first `most` rows, at the columns for which there is something to look for.
pub(crate) fn look(seen: &mut [Option<Seen>], rows: &Rows, most: usize, rules: &Rules) {
    for (column, seen) in seen.iter_mut().enumerate() {
        let Some(seen) = seen else { continue };
        for row in 0..rows.count.min(most) {
            seen.look(rows.field(row, column), rules);
        }
    }
}

/// The types that were told, and those that were seen.
pub(crate) fn types(seen: &[Option<Seen>], told: &[Option<Type>]) -> Vec<Type> {
    let found = seen.iter().map(|seen| seen.map_or(Kind::Utf8, |seen| seen.kind()).into());
    told.iter().zip(found).map(|(told, found)| told.clone().unwrap_or(found)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::NullValues;

    fn inferred(fields: &[&str]) -> String {
        let rules = Rules { nulls: NullValues::new(vec![b"".to_vec(), b"NA".to_vec()]), quote: Some(b'"') };
        let mut seen = Seen::default();
        fields.iter().for_each(|field| seen.look(field.as_bytes(), &rules));
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
