//! Integers and floats: strict, allocation-free readers, and writers in the shortest form that reads back.

/// Reads `[+-]digits` into an `i64`; `None` where it is anything else or does not fit.
#[inline]
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.len() > 18 {
        return long_i64(negative, digits);
    }
    if digits.is_empty() {
        return None;
    }
    let mut value = 0i64;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// Reads `[-]digits` of at most eight bytes without a branch per digit: lengths and signs of neighbouring values are hard
/// to foretell. `window` holds the text in its first `length` bytes. `None` says only that this is none of those.
#[inline(always)]
pub fn parse_short_i64(window: &[u8; 8], length: usize) -> Option<i64> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let negative = u64::from(window[0] == b'-');
    let digits = (length as u64).wrapping_sub(negative);
    if length > 8 || digits.wrapping_sub(1) > 7 {
        return None;
    }
    // The last digit goes to the highest byte; below the first there are zeros.
    let shift = 64 - 8 * digits;
    let text = (u64::from_le_bytes(*window) >> (8 * negative)) << shift | ZEROS & !(u64::MAX << shift);
    let values = text ^ ZEROS;
    if (values.wrapping_add(0x7676_7676_7676_7676) | values) & HIGHS != 0 {
        return None;
    }
    let pairs = values.wrapping_mul(10).wrapping_add(values >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    let value = (fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff) as i64;
    Some(if negative == 1 { -value } else { value })
}

#[cold]
fn long_i64(negative: bool, digits: &[u8]) -> Option<i64> {
    let magnitude = parse_digits(digits)?;
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

fn parse_digits(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Reads `[+]digits` into a `u64`.
pub fn parse_u64(text: &[u8]) -> Option<u64> {
    parse_digits(text.strip_prefix(b"+").unwrap_or(text))
}

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Reads a decimal number, `inf`, `infinity` or `nan` (in any case) into the nearest `f64`. Numbers too large for one
/// become infinite.
#[inline]
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    let (negative, digits) = match text.first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    // Up to 19 digits make an integer that fits; with at most 2^53 and a small power of ten one operation is exact.
    if digits.len() > 19 {
        return slow_f64(text);
    }
    let mut mantissa = 0u64;
    let mut point = None;
    for (at, &byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            mantissa = mantissa * 10 + u64::from(digit);
        } else if byte == b'.' && point.is_none() {
            point = Some(at);
        } else {
            return slow_f64(text);
        }
    }
    let places = point.map_or(0, |at| digits.len() - 1 - at);
    if digits.len() == usize::from(point.is_some()) || mantissa > 1 << 53 {
        return slow_f64(text);
    }
    let value = mantissa as f64 / POWERS.get(places)?;
    Some(if negative { -value } else { value })
}

/// Whether the text is digits, a point and an exponent: Rust's own parser takes words like `inf` too.
fn slow_f64(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Reads like [`parse_f64`], rounded once, to `f32`.
pub fn parse_f32(text: &[u8]) -> Option<f32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Whether a text that reads as a float is a word (`nan`, `inf`) and no number.
pub fn is_word(text: &[u8]) -> bool {
    text.iter().any(|b| matches!(b | 0x20, b'n'))
}

/// Reads `true` or `false`, in any case.
#[inline]
pub fn parse_bool(text: &[u8]) -> Option<bool> {
    match text.len() {
        4 if text.eq_ignore_ascii_case(b"true") => Some(true),
        5 if text.eq_ignore_ascii_case(b"false") => Some(false),
        _ => None,
    }
}

/// Whether a number's text starts with a zero that a number would lose (`007`, `-01.5`).
pub fn has_leading_zero(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    matches!(digits, [b'0', b'0'..=b'9', ..])
}

/// Appends an integer.
#[inline]
pub fn write_i64(out: &mut Vec<u8>, value: i64) {
    if (0..10).contains(&value) {
        out.push(b'0' + value as u8);
    } else {
        out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }
}

/// Appends an integer.
pub fn write_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends a float in the shortest form that reads back as the same `f64` (`4.0`, `1e300`, `NaN`, `inf`, `-inf`).
#[inline]
pub fn write_f64(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(zmij::Buffer::new().format(value).as_bytes());
}

/// Appends a float in the shortest form that reads back as the same `f32`.
pub fn write_f32(out: &mut Vec<u8>, value: f32) {
    out.extend_from_slice(zmij::Buffer::new().format(value).as_bytes());
}

/// Widens the bits of a 16-bit float.
pub fn f16_to_f32(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f32::from(bits & 0x3ff);
    match (exponent, fraction) {
        (0, fraction) => sign * fraction * 2f32.powi(-24),
        (31, 0.0) => sign * f32::INFINITY,
        (31, _) => f32::NAN,
        (exponent, fraction) => sign * (1024.0 + fraction) * 2f32.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers() {
        assert_eq!(parse_i64(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(parse_i64(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_i64(b"9223372036854775808"), None);
        assert_eq!(parse_i64(b"-9223372036854775809"), None);
        assert_eq!(parse_i64(b"+5"), Some(5));
        assert_eq!(parse_u64(b"18446744073709551615"), Some(u64::MAX));
        for wrong in [&b""[..], b"-", b"+", b"1.0", b" 1", b"1 ", b"1e3", b"--1", b"0x1", b"\xff"] {
            assert_eq!(parse_i64(wrong), None, "{wrong:?}");
            assert_eq!(parse_u64(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn floats() {
        for (text, value) in
            [("0.1", 0.1), ("1e300", 1e300), ("-0.5", -0.5), (".5", 0.5), ("5.", 5.0), ("-inf", f64::NEG_INFINITY)]
        {
            assert_eq!(parse_f64(text.as_bytes()), Some(value), "{text}");
        }
        assert!(parse_f64(b"NaN").is_some_and(f64::is_nan));
        assert_eq!(parse_f64(b"9007199254740993"), "9007199254740993".parse().ok());
        for wrong in [&b""[..], b".", b"-", b"1.2.3", b"1e", b"1,5", b"0x10", b"1_000", b" 1"] {
            assert_eq!(parse_f64(wrong), None, "{wrong:?}");
        }
        let written = |v: f64| {
            let mut out = Vec::new();
            write_f64(&mut out, v);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(4.0), "4.0");
        assert_eq!(written(0.1), "0.1");
        assert_eq!(written(f64::NAN), "NaN");
        assert_eq!(written(f64::NEG_INFINITY), "-inf");
    }

    #[test]
    fn half_floats() {
        assert_eq!(f16_to_f32(0x3c00), 1.0);
        assert_eq!(f16_to_f32(0xc000), -2.0);
        assert_eq!(f16_to_f32(0x7bff), 65504.0);
        assert_eq!(f16_to_f32(1), 5.960_464_5e-8);
        assert!(f16_to_f32(0x7e00).is_nan());
    }

    #[test]
    fn zeros_in_front() {
        for (text, zero) in
            [("0", false), ("0.5", false), ("-0.5", false), ("007", true), ("-00", true), ("00.5", true)]
        {
            assert_eq!(has_leading_zero(text.as_bytes()), zero, "{text}");
        }
    }

    proptest! {
        #[test]
        fn like_the_standard_library(text in "[+-]?[0-9]{0,20}(\\.[0-9]{0,20})?(e[+-]?[0-9]{1,3})?") {
            prop_assert_eq!(parse_f64(text.as_bytes()), text.parse::<f64>().ok());
            prop_assert_eq!(parse_i64(text.as_bytes()), text.parse::<i64>().ok());
        }

        #[test]
        fn short_integers(text in "-?[0-9]{0,8}", other in "[-0-9:/a]{0,8}", behind: [u8; 8]) {
            for text in [text, other] {
                let mut window = behind;
                let length = text.len().min(8);
                window[..length].copy_from_slice(&text.as_bytes()[..length]);
                prop_assert_eq!(parse_short_i64(&window, length), parse_i64(&text.as_bytes()[..length]));
            }
        }

        #[test]
        fn floats_round_trip(value: f64) {
            let mut out = Vec::new();
            write_f64(&mut out, value);
            let back = parse_f64(&out).unwrap();
            prop_assert!(back == value || back.is_nan() && value.is_nan());
        }

        #[test]
        fn hostile_bytes(bytes: Vec<u8>) {
            let _ = (parse_i64(&bytes), parse_f64(&bytes), parse_u64(&bytes), parse_bool(&bytes), has_leading_zero(&bytes));
        }
    }
}
