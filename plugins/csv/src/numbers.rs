//! Numbers that are written otherwise than programs write them: `1.234,5` or `1,234.5`.

use std::borrow::Cow;

/// What stands between the digits of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Before the fraction.
    pub(crate) decimal: u8,
    /// Between groups of three digits before the fraction.
    pub(crate) thousands: Option<u8>,
}

impl Marks {
    pub(crate) const PLAIN: Marks = Marks { decimal: b'.', thousands: None };

    pub(crate) fn is_plain(self) -> bool {
        self == Marks::PLAIN
    }

    /// A number's text as programs write it; `None` for a text that is no number with these marks, though it might be
    /// one with others. Text that has nothing of a number stays as it is.
    pub(crate) fn plain_text(self, text: &[u8]) -> Option<Cow<'_, [u8]>> {
        let is_mark = |byte: &u8| *byte == b'.' || *byte == self.decimal || Some(*byte) == self.thousands;
        let of_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'e' | b'E') || is_mark(byte);
        if self.is_plain() || !text.iter().any(is_mark) || !text.iter().all(of_number) {
            return Some(Cow::Borrowed(text));
        }
        let fraction = text.iter().position(|byte| *byte == self.decimal || matches!(byte, b'e' | b'E'));
        let (whole, fraction) = text.split_at(fraction.unwrap_or(text.len()));
        let sign = usize::from(matches!(whole.first(), Some(b'+' | b'-')));
        let (sign, whole) = whole.split_at(sign);
        let mut plain = sign.to_vec();
        match self.thousands.filter(|mark| whole.contains(mark)) {
            Some(mark) => {
                for (number, group) in whole.split(|byte| *byte == mark).enumerate() {
                    let fits = if number == 0 { (1..=3).contains(&group.len()) } else { group.len() == 3 };
                    if !fits || !group.iter().all(u8::is_ascii_digit) {
                        return None;
                    }
                    plain.extend_from_slice(group);
                }
            }
            None if whole.iter().any(is_mark) => return None,
            None => plain.extend_from_slice(whole),
        }
        let (first, rest) = fraction.split_at(usize::from(!fraction.is_empty()));
        if rest.iter().any(is_mark) {
            return None;
        }
        plain.extend(first.iter().map(|byte| if *byte == self.decimal { b'.' } else { *byte }));
        plain.extend_from_slice(rest);
        Some(Cow::Owned(plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_those_of_programs() {
        let german = Marks { decimal: b',', thousands: Some(b'.') };
        let comma = Marks { decimal: b',', thousands: None };
        let english = Marks { decimal: b'.', thousands: Some(b',') };
        for (marks, text, expected) in [
            (german, "1.234.567,5", Some("1234567.5")),
            (german, "-12,5e-3", Some("-12.5e-3")),
            (german, "1.23", None),
            (german, "1234.567", None),
            (german, "1,5,6", None),
            (german, "31.12.2024", None),
            (german, "2024-01-31", Some("2024-01-31")),
            (german, "a,b", Some("a,b")),
            (german, "12:30:00,5", Some("12:30:00,5")),
            (comma, ",5", Some(".5")),
            (comma, "1.5", None),
            (comma, "15", Some("15")),
            (english, "+1,234", Some("+1234")),
            (english, "1,234.5", Some("1234.5")),
            (english, "12,34", None),
            (english, "1.234,5", None),
            (english, ",123", None),
            (Marks::PLAIN, "1,5", Some("1,5")),
        ] {
            let found = marks.plain_text(text.as_bytes()).map(|text| String::from_utf8(text.into_owned()).unwrap());
            assert_eq!(found.as_deref(), expected, "{marks:?} {text}");
        }
    }
}
