//! Sizes and durations as people write them.

use std::fmt;
use std::time::Duration;

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

const BYTE_UNITS: &[(&str, u64)] = &[
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

const TIME_UNITS: &[(&str, u64)] = &[
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

impl fmt::Display for Bytes {
    /// In the largest binary unit that it is a whole number of: `256MiB`, `1000B`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |unit: u64| self.0 != 0 && self.0.is_multiple_of(unit);
        let (name, unit) = BYTE_UNITS.iter().take(4).find(|(_, unit)| whole(*unit)).unwrap_or(&("B", 1));
        write!(f, "{}{name}", self.0 / unit)
    }
}

/// Reads a size: `64MiB`, `1.5GiB`, `10MB`, `4096B`. Binary units are `KiB MiB GiB TiB`, decimal ones `KB MB GB TB`;
/// case does not count.
///
/// # Errors
/// Another unit, no unit, or more than 2^64-1 bytes; the text says what was expected.
pub fn parse_bytes(text: &str) -> Result<Bytes, String> {
    let expected =
        || format!("expected a size such as \"64MiB\" (B, KiB, MiB, GiB, TiB, KB, MB, GB, TB), not \"{text}\"");
    number_and_unit(text, BYTE_UNITS).map(Bytes).ok_or_else(expected)
}

/// Reads a duration: `5s`, `250ms`, `1.5h`. Units are `ns us ms s m h d`.
///
/// # Errors
/// Another unit, no unit, or more than 2^64-1 nanoseconds; the text says what was expected.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let expected = || format!("expected a duration such as \"5s\" (ns, us, ms, s, m, h, d), not \"{text}\"");
    number_and_unit(text, TIME_UNITS).map(Duration::from_nanos).ok_or_else(expected)
}

/// `1.5` and a unit, as a whole number of the smallest unit, rounded down.
fn number_and_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_')?;
    let (number, unit) = text.split_at_checked(split)?;
    let (_, factor) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim_start()))?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| text.replace('_', "").parse::<u64>().ok();
    let (whole, decimals) = (digits(whole)?, digits(fraction)?);
    let scale = 10u128.checked_pow(u32::try_from(fraction.replace('_', "").len()).ok()?)?;
    let total = u128::from(whole).checked_mul(u128::from(*factor))?;
    let part = u128::from(decimals).checked_mul(u128::from(*factor))?.checked_div(scale)?;
    u64::try_from(total.checked_add(part)?).ok()
}
