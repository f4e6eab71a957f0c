//! Dates, times, timestamps and durations in ISO 8601, in the proleptic Gregorian calendar, without a time zone database.
//!
//! A value that its type cannot hold exactly (a nanosecond in `timestamp`) is refused and never rounded.

use crate::types::Unit;

/// What a timestamp's text says about its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offset {
    /// Nothing: local time.
    None,
    /// So many seconds east of UTC.
    Seconds(i32),
}

/// Days since 1970-01-01 of a date that exists.
fn days(year: i64, month: u8, day: u8) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u8::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if day == 0 || day > length {
        return None;
    }
    // Years start in March here, so that the leap day is a year's last.
    let (month, day) = (i64::from(month), i64::from(day));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// Year, month and day of days since 1970-01-01.
fn civil(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month as u8, day as u8)
}

#[inline]
fn two(text: &[u8]) -> Option<u8> {
    let [high, low] = text else { return None };
    let (high, low) = (high.wrapping_sub(b'0'), low.wrapping_sub(b'0'));
    (high <= 9 && low <= 9).then(|| high * 10 + low)
}

/// A date at the start of the text, as days, and what follows it. Years outside 0000 to 9999 carry a sign.
#[inline]
fn leading_date(text: &[u8]) -> Option<(i64, &[u8])> {
    let (sign, rest) = match text.first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (0, text),
    };
    let width = if sign == 0 { 4 } else { rest.iter().position(|b| *b == b'-').filter(|n| (4..=6).contains(n))? };
    let (year, rest) = rest.split_at_checked(width)?;
    let mut number = 0i64;
    for byte in year {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    let number = if sign < 0 { -number } else { number };
    match rest {
        [b'-', m1, m2, b'-', d1, d2, rest @ ..] => Some((days(number, two(&[*m1, *m2])?, two(&[*d1, *d2])?)?, rest)),
        _ => None,
    }
}

/// Reads `2024-02-29` as days since 1970-01-01.
#[inline]
pub fn parse_date(text: &[u8]) -> Option<i32> {
    match leading_date(text)? {
        (days, []) => i32::try_from(days).ok(),
        _ => None,
    }
}

/// A time of day at the start of the text, in units since midnight, and what follows it.
#[inline]
fn leading_time(text: &[u8], unit: Unit) -> Option<(i64, &[u8])> {
    let (hour, rest) = match text {
        [h1, h2, b':', rest @ ..] => (two(&[*h1, *h2])?, rest),
        _ => return None,
    };
    let (minute, rest) = rest.split_at_checked(2)?;
    let minute = two(minute)?;
    let (second, rest) = match rest {
        [b':', s1, s2, rest @ ..] => (two(&[*s1, *s2])?, rest),
        rest => (0, rest),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    let (fraction, rest) = match rest {
        [b'.' | b',', rest @ ..] => leading_fraction(rest, unit)?,
        rest => (0, rest),
    };
    Some((seconds * unit.per_second() + fraction, rest))
}

fn leading_fraction(text: &[u8], unit: Unit) -> Option<(i64, &[u8])> {
    let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let places = unit.digits() as usize;
    if digits.is_empty() || digits.iter().skip(places).any(|b| *b != b'0') {
        return None;
    }
    let mut value = 0;
    for at in 0..places {
        value = value * 10 + i64::from(digits.get(at).map_or(0, |b| b - b'0'));
    }
    Some((value, rest))
}

/// Reads `12:30`, `12:30:15` or `12:30:15.25` as units since midnight.
pub fn parse_time(text: &[u8], unit: Unit) -> Option<i64> {
    match leading_time(text, unit)? {
        (value, []) => Some(value),
        _ => None,
    }
}

fn parse_offset(text: &[u8]) -> Option<Offset> {
    let (sign, rest) = match text {
        [] => return Some(Offset::None),
        b"Z" | b"z" => return Some(Offset::Seconds(0)),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest {
        [h1, h2] => (two(&[*h1, *h2])?, 0),
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => (two(&[*h1, *h2])?, two(&[*m1, *m2])?),
        _ => return None,
    };
    (hours <= 18 && minutes <= 59).then(|| Offset::Seconds(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60)))
}

/// Reads a date and a time, joined by `T` or a space, with or without a zone (`Z`, `+02:00`), or a date alone (its
/// midnight), as units since 1970-01-01T00:00:00, of UTC where the text has a zone.
#[inline]
pub fn parse_timestamp(text: &[u8], unit: Unit) -> Option<(i64, Offset)> {
    let (days, rest) = leading_date(text)?;
    // Divided by so many, the limits of an `i64` are wide of a year of six digits in all units but nanoseconds; checked
    // multiplication would be a call of a 128-bit routine in WebAssembly.
    let most = match unit {
        Unit::Nanosecond => i64::MAX / 86_400_000_000_000 - 2,
        _ => i64::MAX / 86_400_000_000 - 2,
    };
    if days.abs() > most {
        return None;
    }
    let midnight = days * 86_400 * unit.per_second();
    let (time, rest) = match rest {
        [] => return Some((midnight, Offset::None)),
        [b'T' | b't' | b' ', rest @ ..] => leading_time(rest, unit)?,
        _ => return None,
    };
    let value = midnight + time;
    match parse_offset(rest)? {
        Offset::None => Some((value, Offset::None)),
        offset @ Offset::Seconds(seconds) => Some((value - i64::from(seconds) * unit.per_second(), offset)),
    }
}

#[inline]
fn push_two(out: &mut Vec<u8>, value: u8) {
    out.extend_from_slice(&[b'0' + value / 10 % 10, b'0' + value % 10]);
}

/// Appends days since 1970-01-01 as `2024-02-29`.
#[inline]
pub fn write_date(out: &mut Vec<u8>, days: i64) {
    let (year, month, day) = civil(days);
    if (0..=9999).contains(&year) {
        push_two(out, (year / 100) as u8);
        push_two(out, (year % 100) as u8);
    } else {
        out.push(if year < 0 { b'-' } else { b'+' });
        out.extend_from_slice(format!("{:04}", year.unsigned_abs()).as_bytes());
    }
    out.push(b'-');
    push_two(out, month);
    out.push(b'-');
    push_two(out, day);
}

/// Appends units since midnight as `12:30:15`, with a fraction only if there is one.
#[inline]
pub fn write_time(out: &mut Vec<u8>, value: i64, unit: Unit) {
    let seconds = value.div_euclid(unit.per_second());
    push_two(out, (seconds / 3600) as u8);
    out.push(b':');
    push_two(out, (seconds / 60 % 60) as u8);
    out.push(b':');
    push_two(out, (seconds % 60) as u8);
    write_fraction(out, value.rem_euclid(unit.per_second()), unit);
}

/// As many digits as are needed, like the host's own text of times.
fn write_fraction(out: &mut Vec<u8>, mut fraction: i64, unit: Unit) {
    if fraction == 0 {
        return;
    }
    let mut width = unit.digits() as usize;
    while fraction % 10 == 0 {
        (fraction, width) = (fraction / 10, width - 1);
    }
    out.extend_from_slice(format!(".{fraction:0width$}").as_bytes());
}

/// Appends units since the epoch as `2024-01-31T12:00:00`, and `Z` where they are of UTC.
#[inline]
pub fn write_timestamp(out: &mut Vec<u8>, value: i64, unit: Unit, utc: bool) {
    let day = 86_400 * unit.per_second();
    write_date(out, value.div_euclid(day));
    out.push(b'T');
    write_time(out, value.rem_euclid(day), unit);
    if utc {
        out.push(b'Z');
    }
}

/// Reads an ISO 8601 duration of days and smaller parts (`PT1.5S`, `-P1DT2H3M`).
pub fn parse_duration(text: &[u8], unit: Unit) -> Option<i64> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut rest = text.strip_prefix(b"P")?;
    let mut total = 0i128;
    let mut parts = [(b'D', 86_400i128), (b'H', 3600), (b'M', 60), (b'S', 1)].iter();
    let mut time = false;
    let mut any = false;
    while !rest.is_empty() {
        if let (Some(after), false) = (rest.strip_prefix(b"T"), time) {
            (time, any, rest) = (true, false, after);
            continue;
        }
        let end = rest.iter().position(|b| !b.is_ascii_digit()).filter(|n| (1..=19).contains(n))?;
        let number = i128::from(crate::number::parse_u64(&rest[..end])?);
        let (fraction, after) = match &rest[end..] {
            [b'.', after @ ..] => leading_fraction(after, unit)?,
            after => (0, after),
        };
        let [letter, after @ ..] = after else { return None };
        let (_, weight) = parts.find(|(known, _)| known == letter)?;
        if (*letter == b'D') == time || fraction != 0 && *letter != b'S' {
            return None;
        }
        total += number * weight * i128::from(unit.per_second()) + i128::from(fraction);
        (any, rest) = (true, after);
    }
    let total = if negative { -total } else { total };
    if any { i64::try_from(total).ok() } else { None }
}

/// Appends a duration as `PT90.500S`.
pub fn write_duration(out: &mut Vec<u8>, value: i64, unit: Unit) {
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(b"PT");
    let per_second = unit.per_second().unsigned_abs();
    crate::number::write_u64(out, value.unsigned_abs() / per_second);
    write_fraction(out, (value.unsigned_abs() % per_second) as i64, unit);
    out.push(b'S');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn timestamp(text: &str) -> Option<(i64, Offset)> {
        parse_timestamp(text.as_bytes(), Unit::Microsecond)
    }

    #[test]
    fn dates() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("2024-02-29", 19782),
            ("1900-02-28", -25509),
            ("0000-01-01", -719_528),
            ("-0001-12-31", -719_529),
        ] {
            assert_eq!(parse_date(text.as_bytes()), Some(days), "{text}");
            let mut out = Vec::new();
            write_date(&mut out, i64::from(days));
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
        for wrong in [
            "",
            "2024-02-30",
            "2023-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-1-1",
            "20240101",
            "2024-01-01 ",
            "12024-01-01",
        ] {
            assert_eq!(parse_date(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn timestamps() {
        let noon = 1_706_702_400_000_000;
        assert_eq!(timestamp("2024-01-31T12:00:00"), Some((noon, Offset::None)));
        assert_eq!(timestamp("2024-01-31 12:00"), Some((noon, Offset::None)));
        assert_eq!(timestamp("2024-01-31T12:00:00Z"), Some((noon, Offset::Seconds(0))));
        assert_eq!(timestamp("2024-01-31T14:00:00+02:00"), Some((noon, Offset::Seconds(7200))));
        assert_eq!(timestamp("2024-01-31T06:30:00-0530"), Some((noon, Offset::Seconds(-19800))));
        assert_eq!(timestamp("2024-01-31T12:00:00.25"), Some((noon + 250_000, Offset::None)));
        assert_eq!(timestamp("2024-01-31T12:00:00.000000000"), Some((noon, Offset::None)));
        assert_eq!(timestamp("2024-01-31"), Some((noon - 43_200_000_000, Offset::None)));
        for wrong in [
            "2024-01-31T",
            "2024-01-31T24:00:00",
            "2024-01-31T12:60",
            "2024-01-31T12:00:00.",
            "2024-01-31T12:00:00.0000001",
            "2024-01-31x12:00",
            "2024-01-31T12:00:00+2",
        ] {
            assert_eq!(timestamp(wrong), None, "{wrong}");
        }
        let mut out = Vec::new();
        write_timestamp(&mut out, noon + 250_000, Unit::Microsecond, true);
        write_timestamp(&mut out, -1, Unit::Second, false);
        assert_eq!(String::from_utf8(out).unwrap(), "2024-01-31T12:00:00.25Z1969-12-31T23:59:59");
    }

    #[test]
    fn durations() {
        for (text, value) in [("PT1.5S", 1_500_000), ("-P1DT2H3M", -93_780_000_000), ("P2D", 172_800_000_000)] {
            assert_eq!(parse_duration(text.as_bytes(), Unit::Microsecond), Some(value), "{text}");
        }
        for wrong in ["", "P", "PT", "P1M", "PT1D", "1S", "PT1.5M", "PT1S2M", "P1DT"] {
            assert_eq!(parse_duration(wrong.as_bytes(), Unit::Microsecond), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn round_trips(value: i64, seconds in -20_000_000_000i64..20_000_000_000) {
            for unit in [Unit::Microsecond, Unit::Nanosecond] {
                let mut out = Vec::new();
                write_timestamp(&mut out, value, unit, true);
                if let Some((back, _)) = parse_timestamp(&out, unit) {
                    prop_assert_eq!(back, value);
                }
                let mut out = Vec::new();
                write_duration(&mut out, value, unit);
                prop_assert_eq!(parse_duration(&out, unit), Some(value));
            }
            let mut out = Vec::new();
            write_timestamp(&mut out, seconds, Unit::Second, false);
            prop_assert_eq!(parse_timestamp(&out, Unit::Second), Some((seconds, Offset::None)));
            let mut out = Vec::new();
            write_time(&mut out, value.rem_euclid(86_400_000_000), Unit::Microsecond);
            prop_assert_eq!(parse_time(&out, Unit::Microsecond), Some(value.rem_euclid(86_400_000_000)));
        }

        #[test]
        fn hostile_bytes(bytes: Vec<u8>, text in "[-+0-9TZ:. P]{0,30}") {
            for input in [&bytes[..], text.as_bytes()] {
                for unit in [Unit::Second, Unit::Nanosecond] {
                    let _ = (parse_date(input), parse_time(input, unit), parse_timestamp(input, unit), parse_duration(input, unit));
                }
            }
        }
    }
}
