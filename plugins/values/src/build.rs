//! Columns under construction, in Arrow's layout from the first value on: what a reader appends to.

use crate::types::{IntervalUnit, Kind, Type, Unit};
use crate::{base64, decimal, number, time};

/// One level of a finished column: raw little-endian buffers, as the plugin interface wants them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Values, nulls included.
    pub length: u32,
    /// Nulls among them.
    pub null_count: u32,
    /// A bit per value, least significant first; absent without nulls.
    pub validity: Option<Vec<u8>>,
    /// `i32` offsets into the values or the child; absent where the type has none.
    pub offsets: Option<Vec<u8>>,
    /// The values; empty for lists and structs.
    pub values: Vec<u8>,
}

/// Which values are null: nothing is stored before the first null.
#[derive(Clone, Debug, Default)]
pub struct Nulls {
    bits: Vec<u8>,
    count: usize,
}

impl Nulls {
    /// Makes the value number `at` null. Each value is made null at most once, in rising order.
    #[inline]
    pub fn set(&mut self, at: usize) {
        if self.bits.len() <= at / 8 {
            self.bits.resize(at / 8 + 1, 0xff);
        }
        if let Some(byte) = self.bits.get_mut(at / 8) {
            *byte &= !(1 << (at % 8));
        }
        self.count += 1;
    }

    fn truncate(&mut self, length: usize) {
        self.bits.truncate(length.div_ceil(8));
        // Bits behind the end are ones again, as if nothing had been there.
        if self.bits.len() == length.div_ceil(8)
            && let (Some(last), used @ 1..) = (self.bits.last_mut(), length % 8)
        {
            *last |= 0xff << used;
        }
        self.count = self.bits.iter().map(|b| b.count_zeros() as usize).sum();
    }

    fn finish(mut self, length: usize) -> (u32, Option<Vec<u8>>) {
        if self.count == 0 {
            return (0, None);
        }
        self.bits.resize(length.div_ceil(8), 0xff);
        if let (Some(last), used @ 1..) = (self.bits.last_mut(), length % 8) {
            *last &= (1 << used) - 1;
        }
        (self.count as u32, Some(self.bits))
    }
}

/// A column under construction, with its children.
#[derive(Clone, Debug)]
pub struct Column {
    /// What its values are.
    pub kind: Kind,
    /// Values so far.
    pub length: usize,
    /// Which of them are null.
    pub nulls: Nulls,
    /// Bytes of the values; bits for `Boolean`.
    pub values: Vec<u8>,
    /// Little-endian `i32` ends of the values; the first offset, 0, is there from the start.
    pub offsets: Vec<u8>,
    /// Items of a list, fields of a struct.
    pub children: Vec<Column>,
}

/// Bytes of a value of this kind; 0 where values have no fixed width in bytes.
fn width(kind: &Kind) -> usize {
    match kind {
        Kind::Int8 | Kind::Uint8 => 1,
        Kind::Int16 | Kind::Uint16 => 2,
        Kind::Int32 | Kind::Uint32 | Kind::Float32 | Kind::Date32 | Kind::Time32(_) => 4,
        Kind::Int64
        | Kind::Uint64
        | Kind::Float64
        | Kind::Date64
        | Kind::Time64(_)
        | Kind::Timestamp(..)
        | Kind::Duration(_) => 8,
        Kind::Decimal128(..) | Kind::Interval(IntervalUnit::MonthDayNano) => 16,
        Kind::Decimal256(..) => 32,
        Kind::FixedSizeBinary(size) => *size as usize,
        _ => 0,
    }
}

/// Whether values of the type can be read from text: the first part of the type that cannot be, if any.
pub fn unreadable(of: &Type) -> Option<&Type> {
    match of.kind {
        Kind::List | Kind::Struct => of.children.iter().find_map(|(_, child)| unreadable(child)),
        Kind::Boolean | Kind::Utf8 | Kind::Binary => None,
        Kind::FixedSizeBinary(0) | Kind::Interval(_) => Some(of),
        ref kind if width(kind) > 0 => None,
        _ => Some(of),
    }
}

impl Column {
    /// An empty column.
    pub fn new(of: &Type) -> Column {
        let offsets = if has_offsets(&of.kind) { vec![0; 4] } else { Vec::new() };
        Column {
            kind: of.kind.clone(),
            length: 0,
            nulls: Nulls::default(),
            values: Vec::new(),
            offsets,
            children: of.children.iter().map(|(_, child)| Column::new(child)).collect(),
        }
    }

    /// Appends a null.
    pub fn push_null(&mut self) {
        self.nulls.set(self.length);
        match self.kind {
            Kind::Boolean => self.grow_bits(),
            Kind::List | Kind::Map | Kind::Utf8 | Kind::Binary => {
                self.offsets.extend_from_within(self.offsets.len() - 4..)
            }
            Kind::Struct => self.children.iter_mut().for_each(Column::push_null),
            ref kind => self.values.resize(self.values.len() + width(kind), 0),
        }
        self.length += 1;
    }

    /// Appends a value's bytes; for kinds of fixed width exactly so many.
    #[inline]
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        self.values.extend_from_slice(bytes);
        if !self.offsets.is_empty() {
            self.end_value(self.values.len());
        } else {
            self.length += 1;
        }
    }

    /// Ends a value of variable length: its bytes or items lie before `end`.
    #[inline]
    pub fn end_value(&mut self, end: usize) {
        self.offsets.extend_from_slice(&(end as u32).to_le_bytes());
        self.length += 1;
    }

    /// Ends a struct whose fields were appended to the children.
    pub fn end_struct(&mut self) {
        self.length += 1;
    }

    /// Ends a list, or a map whose entries are structs, whose items were appended to the child.
    pub fn end_list(&mut self) {
        let end = self.children.first().map_or(0, |items| items.length);
        self.end_value(end);
    }

    /// Appends a boolean.
    #[inline]
    pub fn push_bool(&mut self, value: bool) {
        self.grow_bits();
        if value && let Some(byte) = self.values.get_mut(self.length / 8) {
            *byte |= 1 << (self.length % 8);
        }
        self.length += 1;
    }

    #[inline]
    fn grow_bits(&mut self) {
        if self.length.is_multiple_of(8) {
            self.values.push(0);
        }
    }

    /// Reads a value from text and appends it; `false`, and nothing appended, where the text is none of this type.
    pub fn push_text(&mut self, text: &[u8]) -> bool {
        self.read_text(text).is_some()
    }

    fn read_text(&mut self, text: &[u8]) -> Option<()> {
        match &self.kind {
            Kind::Boolean => self.push_bool(number::parse_bool(text)?),
            Kind::Int8 => self.push_bytes(&i8::try_from(number::parse_i64(text)?).ok()?.to_le_bytes()),
            Kind::Int16 => self.push_bytes(&i16::try_from(number::parse_i64(text)?).ok()?.to_le_bytes()),
            Kind::Int32 => self.push_bytes(&i32::try_from(number::parse_i64(text)?).ok()?.to_le_bytes()),
            Kind::Int64 => self.push_bytes(&number::parse_i64(text)?.to_le_bytes()),
            Kind::Uint8 => self.push_bytes(&u8::try_from(number::parse_u64(text)?).ok()?.to_le_bytes()),
            Kind::Uint16 => self.push_bytes(&u16::try_from(number::parse_u64(text)?).ok()?.to_le_bytes()),
            Kind::Uint32 => self.push_bytes(&u32::try_from(number::parse_u64(text)?).ok()?.to_le_bytes()),
            Kind::Uint64 => self.push_bytes(&number::parse_u64(text)?.to_le_bytes()),
            Kind::Float32 => self.push_bytes(&number::parse_f32(text)?.to_le_bytes()),
            Kind::Float64 => self.push_bytes(&number::parse_f64(text)?.to_le_bytes()),
            Kind::Decimal128(precision, scale) => {
                self.push_bytes(&decimal::parse(text, *precision, *scale)?.to_le_bytes());
            }
            Kind::Decimal256(precision, scale) => {
                self.push_bytes(&decimal::parse_wide(text, *precision, *scale)?);
            }
            Kind::Utf8 => {
                std::str::from_utf8(text).ok()?;
                self.push_bytes(text);
            }
            Kind::Binary => {
                base64::parse(&mut self.values, text)?;
                self.end_value(self.values.len());
            }
            Kind::FixedSizeBinary(size) => {
                let mut bytes = Vec::with_capacity(*size as usize);
                base64::parse(&mut bytes, text)?;
                if bytes.len() != *size as usize {
                    return None;
                }
                self.push_bytes(&bytes);
            }
            Kind::Date64 => self.push_bytes(&(i64::from(time::parse_date(text)?) * 86_400_000).to_le_bytes()),
            Kind::Date32 => self.push_bytes(&time::parse_date(text)?.to_le_bytes()),
            Kind::Time32(unit) => self.push_bytes(&i32::try_from(time::parse_time(text, *unit)?).ok()?.to_le_bytes()),
            Kind::Time64(unit) => self.push_bytes(&time::parse_time(text, *unit)?.to_le_bytes()),
            Kind::Timestamp(unit, zone) => {
                let value = timestamp(text, *unit, zone.as_deref())?;
                self.push_bytes(&value.to_le_bytes());
            }
            Kind::Duration(unit) => self.push_bytes(&time::parse_duration(text, *unit)?.to_le_bytes()),
            _ => return None,
        }
        Some(())
    }

    /// Takes back all values from number `length` on, and what was appended to children of one that was not ended.
    pub fn truncate(&mut self, length: usize) {
        if length > self.length {
            return;
        }
        match self.kind {
            Kind::Boolean => {
                self.values.truncate(length.div_ceil(8));
                if let (Some(last), used @ 1..) = (self.values.last_mut(), length % 8) {
                    *last &= (1 << used) - 1;
                }
            }
            Kind::Struct => self.children.iter_mut().for_each(|child| child.truncate(length)),
            Kind::List | Kind::Map | Kind::Utf8 | Kind::Binary => {
                self.offsets.truncate(4 * length + 4);
                let end = self.offsets.last_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize);
                self.values.truncate(end);
                self.children.iter_mut().for_each(|items| items.truncate(end));
            }
            ref kind => self.values.truncate(length * width(kind)),
        }
        self.nulls.truncate(length);
        self.length = length;
    }

    /// Bytes that it holds, for bounding a batch.
    pub fn size(&self) -> usize {
        self.values.len() + self.offsets.len() + self.children.iter().map(Column::size).sum::<usize>()
    }

    /// The finished levels: itself, then each child's, depth first.
    pub fn finish(self) -> Vec<Level> {
        let mut levels = Vec::with_capacity(1 + self.children.len());
        self.finish_into(&mut levels);
        levels
    }

    fn finish_into(self, levels: &mut Vec<Level>) {
        // All values of this type are null, which no buffer says.
        let nulls = if self.kind == Kind::Null { Nulls::default() } else { self.nulls };
        let (null_count, validity) = nulls.finish(self.length);
        levels.push(Level {
            length: self.length as u32,
            null_count,
            validity,
            offsets: has_offsets(&self.kind).then_some(self.offsets),
            values: self.values,
        });
        self.children.into_iter().for_each(|child| child.finish_into(levels));
    }
}

fn has_offsets(kind: &Kind) -> bool {
    matches!(kind, Kind::List | Kind::Map | Kind::Utf8 | Kind::Binary)
}

/// Reads a timestamp for a column with or without a zone. Text without a zone counts as UTC in a column that has one,
/// if that is UTC itself; text with a zone is none for a column without.
#[inline]
pub fn timestamp(text: &[u8], unit: Unit, zone: Option<&str>) -> Option<i64> {
    match (time::parse_timestamp(text, unit)?, zone) {
        ((value, time::Offset::None), None) => Some(value),
        ((value, time::Offset::Seconds(_)), Some(_)) => Some(value),
        ((value, time::Offset::None), Some(zone)) if is_utc(zone) => Some(value),
        _ => None,
    }
}

fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "Etc/UTC" | "Z" | "+00:00" | "GMT")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> Column {
        Column::new(&Type::parse(name).unwrap())
    }

    #[test]
    fn values_of_every_readable_type() {
        for (name, good, bad) in [
            ("bool", "True", "yes"),
            ("int8", "-128", "128"),
            ("uint8", "255", "-1"),
            ("int64", "7", "7.0"),
            ("uint64", "18446744073709551615", "1e3"),
            ("float32", "0.5", "x"),
            ("float64", "1e3", "1,5"),
            ("decimal(5,2)", "1.25", "1.255"),
            ("decimal(50,2)", "-123456789012345678901234567890123456789012345678.25", "1.255"),
            ("decimal256(5,2)", "1.25", "1000"),
            ("fixed-size-binary(2)", "AQI=", "AQ=="),
            ("date64", "2024-02-29", "2024-02-30"),
            ("utf8", "", "?"),
            ("binary", "Zm8=", "*"),
            ("date", "2024-02-29", "2024-02-30"),
            ("time", "12:30", "25:00"),
            ("time[s]", "12:30:01", "12:30:01.5"),
            ("timestamp", "2024-01-01T00:00:00", "2024-01-01T00:00:00Z"),
            ("timestamp[UTC]", "2024-01-01 00:00", "2024"),
            ("timestamp[ns, Europe/Paris]", "2024-01-01T00:00:00+01:00", "2024-01-01T00:00:00"),
            ("duration", "PT1S", "1"),
        ] {
            let mut column = column(name);
            assert!(column.push_text(good.as_bytes()), "{name}");
            if name != "utf8" {
                assert!(!column.push_text(bad.as_bytes()), "{name}");
            }
            assert_eq!(column.length, 1);
        }
        assert!(!column("utf8").push_text(b"\xff"));
    }

    #[test]
    fn rows_are_taken_back() {
        let mut list = column("list<struct<a: int64, b: bool, c: utf8>>");
        let row = |list: &mut Column, n: usize| {
            for _ in 0..n {
                let fields = &mut list.children[0];
                fields.children[0].push_text(b"5");
                fields.children[1].push_bool(true);
                fields.children[2].push_null();
                fields.length += 1;
            }
            list.end_list();
        };
        row(&mut list, 2);
        list.push_null();
        let kept = list.clone().finish();
        row(&mut list, 3);
        list.push_null();
        list.truncate(2);
        list.children[0].children[0].push_text(b"7");
        list.truncate(2);
        assert_eq!(list.finish(), kept);
        assert_eq!(kept[0].null_count, 1);
        assert_eq!(kept[0].validity, Some(vec![1]));
        assert_eq!(kept[2].length, 2);
        assert_eq!(kept[4].null_count, 2);
    }
}
