//! The narrowest type that holds some texts: what the text formats infer from a sample.

use crate::number;
use crate::time::{self, Offset};
use crate::types::{Kind, Unit};

/// What the texts of one column looked like so far.
#[derive(Clone, Debug, Default)]
pub struct Seen {
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
    /// Takes a text into account that is not empty; whether it is a number.
    pub fn see(&mut self, text: &[u8]) -> bool {
        let starts_number = matches!(text.first(), Some(b'0'..=b'9' | b'-' | b'.' | b'+'));
        if starts_number && !text.starts_with(b"+") && !number::has_leading_zero(text) {
            if number::parse_i64(text).is_some() {
                self.integer = true;
                return true;
            }
            if let Some(value) = number::parse_f64(text) {
                let digits = text.strip_prefix(b"-").unwrap_or(text);
                let whole = digits.iter().all(u8::is_ascii_digit);
                match (whole, number::is_word(text)) {
                    (true, _) => self.large = true,
                    (_, true) => self.word = true,
                    // A finite number that would become infinite is better kept as text.
                    _ if value.is_finite() => self.float = true,
                    _ => self.text = true,
                }
                return true;
            }
        }
        match text.len() {
            10 if time::parse_date(text).is_some() => self.date = true,
            15.. => match time::parse_timestamp(text, Unit::Microsecond) {
                Some((_, Offset::None)) => self.timestamp = true,
                Some(_) => self.zoned = true,
                None => self.text = true,
            },
            _ if number::parse_bool(text).is_some() => self.boolean = true,
            _ if number::parse_f64(text).is_some() && number::is_word(text) => self.word = true,
            _ => self.text = true,
        }
        false
    }

    /// The column is text, whatever else is in it.
    pub fn make_text(&mut self) {
        self.text = true;
    }

    /// Whether nothing can change its type any more.
    pub fn is_text(&self) -> bool {
        self.text
    }

    /// The type of the numbers among them, if those are numbers.
    pub fn numbers(&self) -> Option<Kind> {
        let numbers = Seen { text: false, boolean: false, date: false, timestamp: false, zoned: false, ..self.clone() };
        Some(numbers.kind()).filter(|kind| matches!(kind, Kind::Int64 | Kind::Float64))
    }

    /// The narrowest type that holds all of them: text where they disagree, and where there was nothing.
    pub fn kind(&self) -> Kind {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Type;

    #[test]
    fn types_of_samples() {
        for (texts, name) in [
            (&["1", "-5"][..], "int64"),
            (&["1", "2.5"], "float64"),
            (&["007"], "utf8"),
            (&["true", "FALSE"], "bool"),
            (&["true", "1"], "utf8"),
            (&["2024-01-31", "2024-01-31 12:00:00"], "timestamp"),
            (&["2024-01-31T12:00:00Z"], "timestamp[UTC]"),
            (&["nan"], "utf8"),
            (&[], "utf8"),
        ] {
            let mut seen = Seen::default();
            texts.iter().for_each(|text| _ = seen.see(text.as_bytes()));
            assert_eq!(Type::from(seen.kind()).name(), name, "{texts:?}");
        }
    }
}
