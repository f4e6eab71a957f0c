//! Times in logs: strftime's fields, as far as logs have them, to and from ISO 8601.

use jackfield_values::time;
use jackfield_values::types::Unit;

/// What logs have between brackets where nothing else is said.
pub(crate) const APACHE: &str = "%d/%b/%Y:%H:%M:%S %z";

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// How a time is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// By fields.
    Fields(Vec<Piece>),
    /// As a number since 1970 in UTC, in this unit.
    Since(Unit),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Year,
    Month,
    MonthName,
    Day,
    Hour,
    Minute,
    Second,
    Zone,
    Byte(u8),
}

impl Clock {
    /// From strftime's text; `None` with the field that is not known.
    pub(crate) fn parse(text: &str) -> Result<Clock, char> {
        let mut pieces = Vec::new();
        let mut rest = text.chars();
        while let Some(next) = rest.next() {
            if next != '%' {
                let mut room = [0; 4];
                pieces.extend(next.encode_utf8(&mut room).bytes().map(Piece::Byte));
                continue;
            }
            use Piece::{Byte, Day, Hour, Minute, Month, MonthName, Second, Year, Zone};
            match rest.next().unwrap_or('%') {
                'Y' => pieces.push(Year),
                'm' => pieces.push(Month),
                'b' | 'h' => pieces.push(MonthName),
                'd' | 'e' => pieces.push(Day),
                'H' => pieces.push(Hour),
                'M' => pieces.push(Minute),
                'S' => pieces.push(Second),
                'z' => pieces.push(Zone),
                'F' => pieces.extend([Year, Byte(b'-'), Month, Byte(b'-'), Day]),
                'T' => pieces.extend([Hour, Byte(b':'), Minute, Byte(b':'), Second]),
                'R' => pieces.extend([Hour, Byte(b':'), Minute]),
                '%' => pieces.push(Byte(b'%')),
                other => return Err(other),
            }
        }
        Ok(Clock::Fields(pieces))
    }

    /// Whether a text of it tells its zone.
    pub(crate) fn is_zoned(&self) -> bool {
        match self {
            Clock::Fields(pieces) => pieces.contains(&Piece::Zone),
            Clock::Since(_) => true,
        }
    }

    /// The time as ISO 8601; `None` where it is none. That the day exists is left to whoever reads that.
    pub(crate) fn iso(&self, text: &[u8]) -> Option<Vec<u8>> {
        let pieces = match self {
            Clock::Since(unit) => {
                let value = jackfield_values::number::parse_i64(text)?;
                let mut out = Vec::new();
                let micros = value.checked_mul(1_000_000 / unit.per_second())?;
                time::write_timestamp(&mut out, micros, Unit::Microsecond, true);
                return Some(out);
            }
            Clock::Fields(pieces) => pieces,
        };
        let mut out = *b"1970-01-01T00:00:00";
        let mut zone: Option<[u8; 6]> = None;
        let mut rest = text;
        let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
        let mut take = |count: usize| -> Option<&[u8]> {
            let (head, tail) = rest.split_at_checked(count)?;
            rest = tail;
            Some(head)
        };
        for piece in pieces {
            let (at, count) = match piece {
                Piece::Year => (0, 4),
                Piece::Month => (5, 2),
                Piece::Day => (8, 2),
                Piece::Hour => (11, 2),
                Piece::Minute => (14, 2),
                Piece::Second => (17, 2),
                Piece::MonthName => {
                    let name = take(3)?;
                    let month = MONTHS.iter().position(|month| month.as_bytes().eq_ignore_ascii_case(name))? + 1;
                    out[5] = b'0' + (month / 10) as u8;
                    out[6] = b'0' + (month % 10) as u8;
                    continue;
                }
                Piece::Zone => {
                    let [sign @ (b'+' | b'-'), h1, h2, m1, m2] = *take(5)? else { return None };
                    zone = Some([sign, h1, h2, b':', m1, m2]);
                    continue;
                }
                Piece::Byte(byte) => {
                    if take(1)? != [*byte] {
                        return None;
                    }
                    continue;
                }
            };
            let field = take(count)?;
            if !digits(field) {
                // A day may have a blank instead of a zero.
                match field {
                    [b' ', digit @ b'1'..=b'9'] if *piece == Piece::Day => {
                        out[8] = b'0';
                        out[9] = *digit;
                        continue;
                    }
                    _ => return None,
                }
            }
            out.get_mut(at..at + count)?.copy_from_slice(field);
        }
        if !rest.is_empty() {
            return None;
        }
        // A leap second is the last one of its minute: no calendar here knows more.
        if out.ends_with(b":60") {
            out[17..].copy_from_slice(b"59");
        }
        let mut iso = out.to_vec();
        iso.extend_from_slice(zone.as_ref().map_or(&[], |zone| zone.as_slice()));
        Some(iso)
    }

    /// Appends microseconds since 1970 in UTC.
    pub(crate) fn write(&self, out: &mut Vec<u8>, micros: i64) {
        let pieces = match self {
            Clock::Since(unit) => {
                return jackfield_values::number::write_i64(out, micros.div_euclid(1_000_000 / unit.per_second()));
            }
            Clock::Fields(pieces) => pieces,
        };
        let mut iso = Vec::new();
        time::write_timestamp(&mut iso, micros.div_euclid(1_000_000) * 1_000_000, Unit::Microsecond, false);
        // Years beyond four digits have a sign and move the rest.
        let behind = iso.len() - "-MM-DDTHH:MM:SS".len();
        let (year, rest) = iso.split_at_checked(behind).unwrap_or((&[], &[]));
        let field = |at: usize| rest.get(at..at + 2).unwrap_or_default();
        for piece in pieces {
            match piece {
                Piece::Year => out.extend_from_slice(year),
                Piece::Month => out.extend_from_slice(field(1)),
                Piece::MonthName => {
                    let number = field(1).iter().fold(0, |all, digit| all * 10 + usize::from(digit - b'0'));
                    out.extend_from_slice(MONTHS.get(number.wrapping_sub(1)).unwrap_or(&"???").as_bytes());
                }
                Piece::Day => out.extend_from_slice(field(4)),
                Piece::Hour => out.extend_from_slice(field(7)),
                Piece::Minute => out.extend_from_slice(field(10)),
                Piece::Second => out.extend_from_slice(field(13)),
                Piece::Zone => out.extend_from_slice(b"+0000"),
                Piece::Byte(byte) => out.push(*byte),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn iso(format: &str, text: &str) -> Option<String> {
        Clock::parse(format).unwrap().iso(text.as_bytes()).map(|iso| String::from_utf8(iso).unwrap())
    }

    #[test]
    fn times_of_logs() {
        assert_eq!(iso(APACHE, "10/Oct/2000:13:55:36 -0700").unwrap(), "2000-10-10T13:55:36-07:00");
        assert_eq!(iso("%F %T", "2024-02-29 01:02:03").unwrap(), "2024-02-29T01:02:03");
        assert_eq!(iso("%e %b %Y", " 3 mar 2024").unwrap(), "2024-03-03T00:00:00");
        for wrong in ["10/Foo/2000:13:55:36 -0700", "10/Oct/2000:13:55:36", "10/Oct/2000:13:55:36 -0700x", "", "é/"] {
            assert_eq!(iso(APACHE, wrong), None, "{wrong}");
        }
        assert_eq!(Clock::Since(Unit::Millisecond).iso(b"1500").unwrap(), b"1970-01-01T00:00:01.5Z");
        assert_eq!(Clock::parse("%j"), Err('j'));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(seconds in -62_000_000_000i64..253_000_000_000) {
            let clock = Clock::parse(APACHE).unwrap();
            let mut out = Vec::new();
            clock.write(&mut out, seconds * 1_000_000);
            let iso = clock.iso(&out).unwrap();
            let (back, _) = time::parse_timestamp(&iso, Unit::Microsecond).unwrap();
            prop_assert_eq!(back, seconds * 1_000_000);
        }

        #[test]
        fn hostile_bytes(bytes: Vec<u8>, micros: i64) {
            let clock = Clock::parse(APACHE).unwrap();
            let _ = clock.iso(&bytes);
            clock.write(&mut Vec::new(), micros);
        }
    }
}
