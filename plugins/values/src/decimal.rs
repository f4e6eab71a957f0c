//! Decimals: scaled integers of 128 and 256 bits.

use std::cmp::Ordering;

/// Reads a decimal number, with or without an exponent, as an integer scaled by `10^scale`. `None` where it is no number,
/// has more digits than `precision`, or more decimal places than `scale` that are not zero.
pub fn parse(text: &[u8], precision: u8, scale: i8) -> Option<i128> {
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let mut exponent = 0i32;
    if let Some(at) = rest.iter().position(|b| matches!(b, b'e' | b'E')) {
        let power = crate::number::parse_i64(&rest[at + 1..])?;
        exponent = i32::try_from(power).ok().filter(|e| e.abs() <= 1000)?;
        rest = &rest[..at];
    }
    let mut value = 0i128;
    let mut places = None;
    let mut any = false;
    // Zeros are held back, so that those at the end need no room.
    let mut zeros = 0i32;
    for byte in rest {
        match byte {
            b'.' if places.is_none() => {
                places = Some(0i32);
                continue;
            }
            b'0' if value == 0 => {}
            b'0' => zeros = zeros.checked_add(1)?,
            b'1'..=b'9' => {
                value =
                    value.checked_mul(power_of_ten(zeros.checked_add(1)?)?)?.checked_add(i128::from(byte - b'0'))?;
                zeros = 0;
            }
            _ => return None,
        }
        any = true;
        places = places.map(|n| n + 1);
    }
    if !any {
        return None;
    }
    if value != 0 {
        let shift = i32::from(scale) + exponent - places.unwrap_or(0) + zeros;
        value = match shift.cmp(&0) {
            Ordering::Less => return None,
            _ => value.checked_mul(power_of_ten(shift)?)?,
        };
    }
    let fits = power_of_ten(i32::from(precision)).is_none_or(|limit| value < limit);
    fits.then_some(if negative { -value } else { value })
}

/// As [`parse`], as a 256-bit little-endian two's complement integer.
pub fn parse_wide(text: &[u8], precision: u8, scale: i8) -> Option<[u8; 32]> {
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let mut shift = i32::from(scale);
    if let Some(at) = rest.iter().position(|b| matches!(b, b'e' | b'E')) {
        let power = crate::number::parse_i64(rest.get(at + 1..)?)?;
        shift += i32::try_from(power).ok().filter(|e| e.abs() <= 1000)?;
        rest = rest.get(..at)?;
    }
    let point = rest.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = match point {
        Some(at) => (rest.get(..at)?, rest.get(at + 1..)?),
        None => (rest, &[][..]),
    };
    let all = whole.len() + fraction.len();
    if all == 0 || !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return None;
    }
    shift = shift.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let mut digits: Vec<u8> = whole.iter().chain(fraction).skip_while(|digit| **digit == b'0').copied().collect();
    while shift < 0 && !digits.is_empty() {
        digits.pop().filter(|digit| *digit == b'0')?;
        shift += 1;
    }
    let zeros = if digits.is_empty() { 0 } else { usize::try_from(shift).ok()? };
    if digits.len() + zeros > usize::from(precision) {
        return None;
    }
    let mut limbs = [0u32; 8];
    for digit in digits.iter().copied().chain(std::iter::repeat_n(b'0', zeros)) {
        let mut carry = u64::from(digit - b'0');
        for limb in &mut limbs {
            let value = u64::from(*limb) * 10 + carry;
            (*limb, carry) = (value as u32, value >> 32);
        }
    }
    let mut carry = negative;
    let mut bytes = [0; 32];
    for (four, limb) in bytes.chunks_exact_mut(4).zip(limbs) {
        let (limb, more) = if negative { (!limb).overflowing_add(u32::from(carry)) } else { (limb, false) };
        carry = more;
        four.copy_from_slice(&limb.to_le_bytes());
    }
    Some(bytes)
}

fn power_of_ten(exponent: i32) -> Option<i128> {
    10i128.checked_pow(u32::try_from(exponent).ok()?)
}

/// Appends an integer scaled by `10^scale`, all decimal places shown.
pub fn write(out: &mut Vec<u8>, value: i128, scale: i8) {
    write_digits(out, value < 0, &value.unsigned_abs().to_string(), scale);
}

/// Appends a 256-bit little-endian two's complement integer scaled by `10^scale`.
pub fn write_wide(out: &mut Vec<u8>, bytes: &[u8; 32], scale: i8) {
    let mut limbs: Vec<u32> =
        bytes.chunks_exact(4).map(|c| c.iter().rev().fold(0u32, |n, b| n << 8 | u32::from(*b))).collect();
    let negative = bytes[31] & 0x80 != 0;
    if negative {
        let mut carry = true;
        for limb in &mut limbs {
            (*limb, carry) = (!*limb).overflowing_add(u32::from(carry));
        }
    }
    let mut groups = Vec::new();
    while limbs.iter().any(|limb| *limb != 0) {
        let mut remainder = 0u64;
        for limb in limbs.iter_mut().rev() {
            let part = remainder << 32 | u64::from(*limb);
            *limb = (part / 1_000_000_000) as u32;
            remainder = part % 1_000_000_000;
        }
        groups.push(remainder);
    }
    let mut digits = groups.pop().unwrap_or(0).to_string();
    for group in groups.iter().rev() {
        digits.push_str(&format!("{group:09}"));
    }
    write_digits(out, negative, &digits, scale);
}

fn write_digits(out: &mut Vec<u8>, negative: bool, digits: &str, scale: i8) {
    if negative {
        out.push(b'-');
    }
    let Ok(places) = usize::try_from(scale) else {
        out.extend_from_slice(digits.as_bytes());
        if digits != "0" {
            out.resize(out.len() + usize::from(scale.unsigned_abs()), b'0');
        }
        return;
    };
    if places == 0 {
        out.extend_from_slice(digits.as_bytes());
        return;
    }
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    out.extend_from_slice(whole.as_bytes());
    out.push(b'.');
    out.extend_from_slice(fraction.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn wide_ones_are_read_as_others_are(text in "[-+]?[0-9]{0,12}(\\.[0-9]{0,6})?(e-?[0-9]{1,2})?", precision in 1u8..=38, scale in 0i8..=10) {
            let expected = parse(text.as_bytes(), precision, scale).map(|value| {
                let mut bytes = [if value < 0 { 0xff } else { 0 }; 32];
                bytes[..16].copy_from_slice(&value.to_le_bytes());
                bytes
            });
            prop_assert_eq!(parse_wide(text.as_bytes(), precision, scale), expected);
        }
    }

    #[test]
    fn the_widest_come_back() {
        for text in
            ["0.00", "-1.50", "123456789012345678901234567890123456789012345678.01", &format!("-{}.99", "9".repeat(74))]
        {
            let mut out = Vec::new();
            write_wide(&mut out, &parse_wide(text.as_bytes(), 76, 2).unwrap(), 2);
            assert_eq!(String::from_utf8(out).unwrap(), *text);
        }
        assert_eq!(parse_wide("9".repeat(77).as_bytes(), 76, 0), None);
        assert_eq!(parse_wide(b"1.234", 76, 2), None);
    }

    #[test]
    fn reads() {
        for (text, value) in [
            ("1.5", Some(150)),
            ("-0.05", Some(-5)),
            ("1.500", Some(150)),
            ("1.505", None),
            ("1e2", Some(10_000)),
            ("12e-1", Some(120)),
            ("999.99", Some(99_999)),
            ("1000", None),
            (".5", Some(50)),
            (".", None),
            ("", None),
            ("1e999", None),
            ("0e999", Some(0)),
        ] {
            assert_eq!(parse(text.as_bytes(), 5, 2), value, "{text}");
        }
        assert_eq!(parse(b"12300", 3, -2), Some(123));
        assert_eq!(parse("9".repeat(38).as_bytes(), 38, 0), Some(10i128.pow(38) - 1));
        assert_eq!(parse("9".repeat(39).as_bytes(), 38, 0), None);
    }

    #[test]
    fn writes() {
        let text = |value, scale| {
            let mut out = Vec::new();
            write(&mut out, value, scale);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(-5, 2), "-0.05");
        assert_eq!(text(12345, 2), "123.45");
        assert_eq!(text(7, 0), "7");
        assert_eq!(text(7, -2), "700");
    }

    proptest! {
        #[test]
        fn round_trips(value in -(10i128.pow(38) - 1)..10i128.pow(38), scale in 0i8..38) {
            let mut out = Vec::new();
            write(&mut out, value, scale);
            prop_assert_eq!(parse(&out, 38, scale), Some(value));
            let mut wide = [if value < 0 { 0xff } else { 0 }; 32];
            wide[..16].copy_from_slice(&value.to_le_bytes());
            let mut again = Vec::new();
            write_wide(&mut again, &wide, scale);
            prop_assert_eq!(again, out);
        }

        #[test]
        fn hostile_bytes(bytes: Vec<u8>, text in "[-+.e0-9]{0,60}") {
            let _ = (parse(&bytes, 38, 10), parse(text.as_bytes(), 38, -38), parse(text.as_bytes(), 3, 2));
        }
    }
}
