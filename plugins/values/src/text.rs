//! One value of a column as plain text: what a CSV field holds, and what stands in a JSON string.

use crate::types::{IntervalUnit, Kind};
use crate::view::View;
use crate::{base64, decimal, json, number, time};

/// Appends the text of a value that is not null. Lists, structs and maps are JSON; a null inside a dictionary is nothing.
pub fn write(out: &mut Vec<u8>, column: &View, row: usize) {
    match &column.kind {
        Kind::Null => {}
        Kind::Boolean => out.extend_from_slice(if column.bit(row) { b"true" } else { b"false" }),
        Kind::Int8 => number::write_i64(out, i64::from(i8::from_le_bytes(column.fixed(row)))),
        Kind::Int16 => number::write_i64(out, i64::from(i16::from_le_bytes(column.fixed(row)))),
        Kind::Int32 => number::write_i64(out, i64::from(i32::from_le_bytes(column.fixed(row)))),
        Kind::Int64 => number::write_i64(out, i64::from_le_bytes(column.fixed(row))),
        Kind::Uint8 => number::write_u64(out, u64::from(u8::from_le_bytes(column.fixed(row)))),
        Kind::Uint16 => number::write_u64(out, u64::from(u16::from_le_bytes(column.fixed(row)))),
        Kind::Uint32 => number::write_u64(out, u64::from(u32::from_le_bytes(column.fixed(row)))),
        Kind::Uint64 => number::write_u64(out, u64::from_le_bytes(column.fixed(row))),
        Kind::Float16 => number::write_f32(out, number::f16_to_f32(u16::from_le_bytes(column.fixed(row)))),
        Kind::Float32 => number::write_f32(out, f32::from_le_bytes(column.fixed(row))),
        Kind::Float64 => number::write_f64(out, f64::from_le_bytes(column.fixed(row))),
        Kind::Decimal128(_, scale) => decimal::write(out, i128::from_le_bytes(column.fixed(row)), *scale),
        Kind::Decimal256(_, scale) => decimal::write_wide(out, &column.fixed(row), *scale),
        Kind::Utf8 | Kind::LargeUtf8 => out.extend_from_slice(column.bytes(row)),
        Kind::Binary | Kind::LargeBinary => base64::write(out, column.bytes(row)),
        Kind::FixedSizeBinary(size) => base64::write(out, column.sized(row, *size as usize)),
        Kind::Date32 => time::write_date(out, i64::from(i32::from_le_bytes(column.fixed(row)))),
        Kind::Date64 => time::write_date(out, i64::from_le_bytes(column.fixed(row)).div_euclid(86_400_000)),
        Kind::Time32(unit) => time::write_time(out, i64::from(i32::from_le_bytes(column.fixed(row))), *unit),
        Kind::Time64(unit) => time::write_time(out, i64::from_le_bytes(column.fixed(row)), *unit),
        Kind::Timestamp(unit, zone) => {
            time::write_timestamp(out, i64::from_le_bytes(column.fixed(row)), *unit, zone.is_some());
        }
        Kind::Duration(unit) => time::write_duration(out, i64::from_le_bytes(column.fixed(row)), *unit),
        Kind::Interval(unit) => write_interval(out, column, row, *unit),
        Kind::Dictionary(key_bytes) => {
            if let Some((values, key)) = column.dictionary(row, *key_bytes)
                && !values.is_null(key)
            {
                write(out, values, key);
            }
        }
        Kind::List | Kind::LargeList | Kind::FixedSizeList(_) | Kind::Struct | Kind::Map => {
            json::write(out, column, row)
        }
    }
}

/// Appends months, days and the rest as an ISO 8601 duration: `P1M-2DT3.5S`.
fn write_interval(out: &mut Vec<u8>, column: &View, row: usize, unit: IntervalUnit) {
    let bytes: [u8; 16] = match unit {
        IntervalUnit::YearMonth => with_zeros(column.fixed::<4>(row)),
        IntervalUnit::DayTime => with_zeros(column.fixed::<8>(row)),
        IntervalUnit::MonthDayNano => column.fixed(row),
    };
    let int = |at: usize| bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| i32::from_le_bytes(*b));
    let (months, days, nanoseconds) = match unit {
        IntervalUnit::YearMonth => (int(0), 0, 0),
        IntervalUnit::DayTime => (0, int(0), i64::from(int(4)) * 1_000_000),
        IntervalUnit::MonthDayNano => (int(0), int(4), i64::from(int(8)) & 0xffff_ffff | i64::from(int(12)) << 32),
    };
    out.push(b'P');
    for (number, letter) in [(months, b'M'), (days, b'D')] {
        if number != 0 {
            number::write_i64(out, i64::from(number));
            out.push(letter);
        }
    }
    if nanoseconds != 0 || months == 0 && days == 0 {
        let mut rest = Vec::new();
        time::write_duration(&mut rest, nanoseconds, crate::types::Unit::Nanosecond);
        // A sign of the whole becomes one of its only part.
        let (sign, digits) = match rest.as_slice() {
            [b'-', b'P', b'T', digits @ ..] => (&b"T-"[..], digits),
            [b'P', b'T', digits @ ..] => (&b"T"[..], digits),
            other => (&b""[..], other),
        };
        out.extend_from_slice(sign);
        out.extend_from_slice(digits);
    }
}

fn with_zeros<const N: usize>(bytes: [u8; N]) -> [u8; 16] {
    let mut all = [0; 16];
    all[..N].copy_from_slice(&bytes);
    all
}
