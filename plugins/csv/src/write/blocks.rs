//! The usual case of writing, column by column: some rows of each column become text first, one type after the other in a
//! loop of its own, and then the rows are put together out of these. Short fields are copied with what is behind them,
//! because a copy of unknown length costs a call.

use super::Text;
use crate::options::{QuoteStyle, WriteOptions};
use jackfield_sdk::Failure;
use jackfield_values::types::{Kind, Unit};
use jackfield_values::view::View;
use jackfield_values::{number, text};

/// Rows that are worked on at a time.
pub(crate) const ROWS: usize = 1024;

/// Bytes that are copied at once, and room behind what is read from. A time has twenty.
const SHORT: usize = 32;

/// Days whose text is kept, by the last bits of their numbers.
const DAYS: usize = 512;

/// The fields of some rows of one column.
#[derive(Debug, Default)]
struct Fields {
    /// Where each field begins and ends, among `bytes` or the column's own.
    spans: Vec<(u32, u32)>,
    bytes: Vec<u8>,
    /// The spans are of the column's own text.
    own: bool,
    /// Days of timestamps as text.
    days: Vec<(i64, [u8; 10])>,
    /// One value as text.
    one: Vec<u8>,
}

/// What is kept from block to block.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    fields: Vec<Fields>,
}

/// Whether the options are such that numbers and times never need quotes and only some bytes of text do.
pub(crate) fn fits(options: &WriteOptions) -> bool {
    let harmless = |byte: u8| !byte.is_ascii_alphanumeric() && !b"+-.:".contains(&byte);
    options.quote_style == QuoteStyle::Necessary && harmless(options.delimiter) && harmless(options.quote)
}

impl Blocks {
    /// Appends rows `from..to`, at most [`ROWS`] of them.
    ///
    /// # Errors
    /// As [`Text::row`].
    pub(crate) fn write(
        &mut self,
        of: &Text,
        out: &mut Vec<u8>,
        columns: &[(String, View)],
        from: usize,
        to: usize,
    ) -> Result<(), Failure> {
        self.fields.resize_with(columns.len(), Fields::default);
        for ((name, column), fields) in columns.iter().zip(&mut self.fields) {
            fields.fill(of, name, column, from, to)?;
        }
        self.assemble(of, out, columns, to - from);
        Ok(())
    }

    fn assemble(&self, of: &Text, out: &mut Vec<u8>, columns: &[(String, View)], rows: usize) {
        let Text { options, .. } = of;
        let (delimiter, ending) = (options.delimiter, options.line_ending.as_slice());
        let sources: Vec<_> = columns
            .iter()
            .zip(&self.fields)
            .map(|((_, column), fields)| {
                (fields.spans.as_slice(), if fields.own { column.values() } else { fields.bytes.as_slice() })
            })
            .collect();
        let texts: usize =
            sources.iter().flat_map(|(spans, _)| *spans).map(|(start, end)| (end - start) as usize).sum();
        let begun = out.len();
        // A field is copied with what is behind it, and so is the last.
        out.resize(begun + texts + rows * (columns.len() + ending.len()) + 2 * SHORT, 0);
        let room = out.get_mut(begun..).unwrap_or_default();
        let mut used = 0;
        for row in 0..rows {
            for (spans, source) in &sources {
                let (start, end) = spans.get(row).copied().unwrap_or_default();
                let (start, length) = (start as usize, (end - start) as usize);
                let window = source.get(start..).and_then(|rest| rest.first_chunk::<SHORT>());
                let place = room.get_mut(used..).and_then(|rest| rest.first_chunk_mut::<{ 2 * SHORT }>());
                if let (Some(window), Some(place), 0..SHORT) = (window, place, length) {
                    if let Some(place) = place.first_chunk_mut::<SHORT>() {
                        *place = *window;
                    }
                    place[length % SHORT] = delimiter;
                } else {
                    let field = source.get(start..start + length);
                    if let (Some(place), Some(field)) = (room.get_mut(used..used + length), field) {
                        place.copy_from_slice(field);
                    }
                    if let Some(place) = room.get_mut(used + length) {
                        *place = delimiter;
                    }
                }
                used += length + 1;
            }
            // The last delimiter gives way to the end of the line.
            used -= usize::from(!columns.is_empty());
            for byte in ending {
                if let Some(place) = room.get_mut(used) {
                    *place = *byte;
                }
                used += 1;
            }
        }
        out.truncate(begun + used);
    }
}

impl Fields {
    fn fill(&mut self, of: &Text, name: &str, column: &View, from: usize, to: usize) -> Result<(), Failure> {
        self.spans.clear();
        self.own = false;
        match &column.kind {
            Kind::Utf8 | Kind::LargeUtf8 if self.own_text(of, column, from, to) => {}
            Kind::Int8 => self.integers(column, from, to, |value| i64::from(i8::from_le_bytes(value))),
            Kind::Int16 => self.integers(column, from, to, |value| i64::from(i16::from_le_bytes(value))),
            Kind::Int32 => self.integers(column, from, to, |value| i64::from(i32::from_le_bytes(value))),
            Kind::Int64 => self.integers(column, from, to, i64::from_le_bytes),
            Kind::Float64 => self.each(column, from, to, |bytes, row| {
                number::write_f64(bytes, f64::from_le_bytes(column.fixed(row)));
                Ok(())
            })?,
            Kind::Timestamp(unit, zone) => self.timestamps(column, from, to, *unit, zone.is_some()),
            _ => self.each(column, from, to, |bytes, row| of.value(bytes, name, column, row))?,
        }
        Ok(())
    }

    /// The column's own bytes, unless one of these texts needs quotes.
    fn own_text(&mut self, of: &Text, column: &View, from: usize, to: usize) -> bool {
        let large = matches!(column.kind, Kind::LargeUtf8);
        let range = |row| if large { column.large_range(row) } else { column.range(row) };
        let (begin, _) = range(from);
        let (_, end) = range(to.saturating_sub(1));
        let Some(texts) = column.values().get(begin..end) else { return false };
        let options = &of.options;
        if memchr::memchr3(options.delimiter, options.quote, b'\n', texts).is_some()
            || memchr::memchr(b'\r', texts).is_some()
        {
            return false;
        }
        for row in from..to {
            let (start, end) = range(row);
            if column.is_null(row) {
                self.spans.push((0, 0));
            } else if start == end {
                // Empty text is not null, and says so by quotes.
                self.spans.clear();
                return false;
            } else {
                self.spans.push((start as u32, end as u32));
            }
        }
        self.own = true;
        true
    }

    /// Room for so many bytes, and for a copy of the last of them with what is behind it. What it holds is of no interest.
    fn make_room(&mut self, bytes: usize) {
        if self.bytes.len() < bytes + SHORT {
            self.bytes.resize(bytes + SHORT, 0);
        }
    }

    fn integers<const N: usize>(&mut self, column: &View, from: usize, to: usize, value: impl Fn([u8; N]) -> i64) {
        // Twenty bytes hold any of them.
        self.make_room((to - from) * 20);
        let (values, _) = column.values().get(from * N..).unwrap_or_default().as_chunks::<N>();
        let nulls = column.has_nulls();
        let room = self.bytes.as_mut_slice();
        let mut used = 0;
        for row in from..to {
            let start = used as u32;
            if !(nulls && column.is_null(row)) {
                let value = value(values.get(row - from).copied().unwrap_or([0; N]));
                if value < 0 {
                    if let Some(place) = room.get_mut(used) {
                        *place = b'-';
                    }
                    used += 1;
                }
                used += digits(room.get_mut(used..).unwrap_or_default(), value.unsigned_abs());
            }
            self.spans.push((start, used as u32));
        }
    }

    fn each(
        &mut self,
        column: &View,
        from: usize,
        to: usize,
        write: impl Fn(&mut Vec<u8>, usize) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.bytes.clear();
        for row in from..to {
            let start = self.bytes.len() as u32;
            if !column.is_null(row) {
                write(&mut self.bytes, row)?;
            }
            self.spans.push((start, self.bytes.len() as u32));
        }
        // So that the last field can be copied with what is behind it.
        self.bytes.extend_from_slice(&[0; SHORT]);
        Ok(())
    }

    /// Times of whole seconds whose day was met before, and has four digits for its year, are put together here.
    fn timestamps(&mut self, column: &View, from: usize, to: usize, unit: Unit, utc: bool) {
        let second = unit.per_second();
        self.days.resize(DAYS, (i64::MIN, [0; 10]));
        // No time has more: that is a sign, six digits of a year, nine behind the second and the zone.
        self.make_room((to - from) * 40);
        let nulls = column.has_nulls();
        let mut used = 0;
        for row in from..to {
            let start = used;
            if !(nulls && column.is_null(row)) {
                let value = i64::from_le_bytes(column.fixed(row));
                let seconds = value.div_euclid(second);
                let (day, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400) as usize);
                let whole = value == seconds.wrapping_mul(second);
                let known = self.days.get_mut(day.rem_euclid(DAYS as i64) as usize);
                let place = self.bytes.get_mut(used..).unwrap_or_default();
                if whole
                    && let Some((_, date)) = known.as_deref().filter(|(known, _)| *known == day)
                    && let Some(place) = place.first_chunk_mut::<20>()
                {
                    *place = *b"0000-00-00T00:00:00Z";
                    if let Some(place) = place.first_chunk_mut::<10>() {
                        *place = *date;
                    }
                    for (at, number) in [(11, rest / 3600), (14, rest / 60 % 60), (17, rest % 60)] {
                        if let (Some(place), Some(pair)) = (place.get_mut(at..at + 2), PAIRS.get(number)) {
                            place.copy_from_slice(pair);
                        }
                    }
                    used += if utc { 20 } else { 19 };
                } else {
                    self.one.clear();
                    text::write(&mut self.one, column, row);
                    // With a year of four digits the date has ten characters, and the `T` stands behind it.
                    if let (Some(known), Some(date), Some(b'T')) =
                        (known, self.one.first_chunk::<10>(), self.one.get(10))
                    {
                        *known = (day, *date);
                    }
                    if let Some(place) = place.get_mut(..self.one.len()) {
                        place.copy_from_slice(&self.one);
                        used += self.one.len();
                    }
                }
            }
            self.spans.push((start as u32, used as u32));
        }
    }
}

/// All numbers of two digits.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

/// Two digits.
fn pair(number: u32) -> u32 {
    u32::from(PAIRS.get(number as usize).copied().map_or(0, u16::from_le_bytes))
}

/// Writes a number to the front of `out`, which has room for it and four bytes more; gives the number of its digits.
fn digits(out: &mut [u8], number: u64) -> usize {
    // Most numbers are short: four digits at once, of which those in front are shifted out.
    if number < 10_000
        && let Some(place) = out.first_chunk_mut::<4>()
    {
        let number = number as u32;
        let count = 1 + u32::from(number > 9) + u32::from(number > 99) + u32::from(number > 999);
        let text = pair(number / 100) | pair(number % 100) << 16;
        *place = (text >> (8 * (4 - count))).to_le_bytes();
        return count as usize;
    }
    let count = number.checked_ilog10().unwrap_or(0) as usize + 1;
    let (mut rest, mut at) = (number, count);
    while at >= 2 {
        at -= 2;
        if let (Some(place), Some(pair)) = (out.get_mut(at..at + 2), PAIRS.get((rest % 100) as usize)) {
            place.copy_from_slice(pair);
        }
        rest /= 100;
    }
    if at == 1
        && let Some(place) = out.first_mut()
    {
        *place = b'0' + rest as u8;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_sdk::Params;
    use jackfield_values::build::Column;
    use jackfield_values::types::Type;

    /// Rows of many kinds, written in blocks and row by row.
    fn both(json: &str, rows: usize) -> (String, String) {
        let options = || WriteOptions::parse("csv", &Params::new(json)).unwrap();
        let text = Text::new(options());
        let value = |kind: &str, row: usize| match (kind, row % 11) {
            (_, 3) => None,
            ("utf8", 5) => Some(String::new()),
            ("utf8", 7) if row.is_multiple_of(3) => Some("a \"b\", c\r\n".to_owned()),
            ("utf8", _) => Some(format!("text {} {}", row, "é".repeat(row % 17))),
            ("large", 5) => Some(String::new()),
            ("large", _) => Some(format!("{} large", "x".repeat(row % 70))),
            ("plain", _) => Some(format!("p{row}")),
            ("int8", other) => Some((other as i64 - 5).to_string()),
            ("int64", 0) => Some(i64::MIN.to_string()),
            ("int64", 1) => Some(i64::MAX.to_string()),
            ("int64", other) => Some((row as i64 * 10_i64.pow(other as u32) - 4000).to_string()),
            ("float64", other) => Some(format!("{}.5", row * other)),
            ("bool", other) => Some((other % 2 == 0).to_string()),
            ("date", other) => Some(format!("2024-01-{:02}", other + 1)),
            ("timestamp", 4) => Some("12024-01-01T00:00:00".to_owned()),
            ("timestamp", 6) => Some("2024-01-01T00:00:00.25".to_owned()),
            ("timestamp", _) => Some(format!("2024-01-01T{:02}:{:02}:{:02}", row % 24, row % 60, row * 7 % 60)),
            _ => Some(format!("1969-12-31T{:02}:00:01Z", row % 24)),
        };
        let kinds =
            ["utf8", "plain", "large", "int8", "int64", "float64", "bool", "date", "timestamp", "timestamp[UTC]"];
        let columns: Vec<(String, View)> = kinds
            .iter()
            .map(|kind| {
                let of = Type::parse(if matches!(*kind, "plain" | "large") { "utf8" } else { kind }).unwrap();
                let mut column = Column::new(&of);
                for row in 0..rows {
                    match value(kind, row) {
                        Some(value) => {
                            if !column.push_text(value.as_bytes()) {
                                column.push_null();
                            }
                        }
                        None => column.push_null(),
                    }
                }
                let mut levels = column.finish();
                let of = if *kind == "large" { Type::from(Kind::LargeUtf8) } else { of };
                if *kind == "large" {
                    let wide = |offset: &[u8; 4]| u64::from(u32::from_le_bytes(*offset)).to_le_bytes();
                    let (offsets, _) = levels[0].offsets.as_deref().unwrap().as_chunks::<4>();
                    levels[0].offsets = Some(offsets.iter().flat_map(wide).collect());
                }
                ((*kind).to_owned(), View::new(&of, &mut levels.into_iter()).unwrap())
            })
            .collect();
        let (mut one, mut other) = (b"begun\n".to_vec(), b"begun\n".to_vec());
        let mut blocks = Blocks::default();
        assert!(fits(&options()));
        for from in (0..rows).step_by(ROWS) {
            blocks.write(&text, &mut one, &columns, from, (from + ROWS).min(rows)).unwrap();
        }
        (0..rows).for_each(|row| text.row(&mut other, &columns, row).unwrap());
        (String::from_utf8(one).unwrap(), String::from_utf8(other).unwrap())
    }

    #[test]
    fn blocks_are_the_same_as_rows() {
        for json in ["{}", r#"{"delimiter": ";", "quote": "'", "line-ending": "\r\n"}"#, r#"{"delimiter": "\t"}"#] {
            for rows in [0, 1, 2, 40, 3000] {
                let (one, other) = both(json, rows);
                assert_eq!(one, other, "{json} {rows}");
            }
        }
    }

    #[test]
    fn digits_of_all_lengths() {
        for number in (0..20).flat_map(|power| [10_u64.pow(power) - 1, 10_u64.pow(power), 10_u64.pow(power) + 7]) {
            let mut out = [b'x'; 24];
            let count = digits(&mut out, number);
            assert_eq!(std::str::from_utf8(&out[..count]).unwrap(), number.to_string());
        }
        let mut out = [b'x'; 24];
        assert_eq!(digits(&mut out, u64::MAX), 20);
    }
}
