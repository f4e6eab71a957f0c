//! One value of a column as JSON: numbers and booleans as such, non-finite floats as null, all else as strings.

use crate::types::Kind;
use crate::view::View;
use crate::{number, text};

/// Appends the value, `null` for a null.
#[inline]
pub fn write(out: &mut Vec<u8>, column: &View, row: usize) {
    if column.is_null(row) {
        out.extend_from_slice(b"null");
        return;
    }
    match &column.kind {
        Kind::Int64 => number::write_i64(out, i64::from_le_bytes(column.fixed(row))),
        Kind::Utf8 | Kind::LargeUtf8 => write_string(out, column.bytes(row)),
        Kind::Float64 => {
            let value = f64::from_le_bytes(column.fixed(row));
            if value.is_finite() { number::write_f64(out, value) } else { out.extend_from_slice(b"null") }
        }
        _ => write_other(out, column, row),
    }
}

fn write_other(out: &mut Vec<u8>, column: &View, row: usize) {
    match &column.kind {
        Kind::Null => out.extend_from_slice(b"null"),
        Kind::Boolean | Kind::Int8 | Kind::Int16 | Kind::Int32 => text::write(out, column, row),
        Kind::Uint8 | Kind::Uint16 | Kind::Uint32 | Kind::Uint64 => text::write(out, column, row),
        Kind::Decimal128(..) | Kind::Decimal256(..) => text::write(out, column, row),
        Kind::Float32 => write_f32(out, f32::from_le_bytes(column.fixed(row))),
        Kind::Float16 => write_f32(out, number::f16_to_f32(u16::from_le_bytes(column.fixed(row)))),
        Kind::List | Kind::Map => write_items(out, column, column.range(row)),
        Kind::LargeList => write_items(out, column, column.large_range(row)),
        Kind::FixedSizeList(size) => {
            let size = *size as usize;
            write_items(out, column, (row * size, (row + 1) * size));
        }
        Kind::Struct => {
            out.push(b'{');
            for (at, (name, field)) in column.names.iter().zip(&column.children).enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_string(out, name.as_bytes());
                out.push(b':');
                write(out, field, row);
            }
            out.push(b'}');
        }
        Kind::Dictionary(key_bytes) => match column.dictionary(row, *key_bytes) {
            Some((values, key)) => write(out, values, key),
            None => out.extend_from_slice(b"null"),
        },
        // What is left is made of letters, digits and signs that JSON does not escape.
        _ => {
            out.push(b'"');
            text::write(out, column, row);
            out.push(b'"');
        }
    }
}

fn write_f32(out: &mut Vec<u8>, value: f32) {
    if value.is_finite() { number::write_f32(out, value) } else { out.extend_from_slice(b"null") }
}

fn write_items(out: &mut Vec<u8>, column: &View, (start, end): (usize, usize)) {
    out.push(b'[');
    if let Some(items) = column.children.first() {
        for item in start..end.min(items.length()) {
            if item > start {
                out.push(b',');
            }
            write(out, items, item);
        }
    }
    out.push(b']');
}

/// Where the first byte is that JSON escapes in a string (a control character, the quote, the backslash), or the length.
#[inline]
pub fn first_escaped(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES * 0x80;
    // A byte of zero, and it first of all, sets its high bit; what borrows from it comes after.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let mut at = 0;
    let mut words = text.chunks_exact(8);
    for word in &mut words {
        let word = word.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let controls = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let found = controls | zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5c));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let special = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
    at + words.remainder().iter().position(special).unwrap_or(words.remainder().len())
}

/// Appends UTF-8 text as a JSON string; what need not be escaped is copied in runs.
#[inline]
pub fn write_string(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text;
    loop {
        let (run, tail) = rest.split_at_checked(first_escaped(rest)).unwrap_or((rest, &[]));
        out.extend_from_slice(run);
        let [byte, tail @ ..] = tail else { break };
        escape(out, *byte);
        rest = tail;
    }
    out.push(b'"');
}

#[cold]
fn escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        8 => out.extend_from_slice(b"\\b"),
        12 => out.extend_from_slice(b"\\f"),
        _ => {
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::{Column, Level};
    use crate::types::{IntervalUnit, Type};

    fn json(of: &Type, levels: Vec<Level>) -> String {
        let view = View::new(of, &mut levels.into_iter()).unwrap();
        let mut out = Vec::new();
        for row in 0..view.length() {
            write(&mut out, &view, row);
            out.push(b' ');
        }
        String::from_utf8(out).unwrap()
    }

    fn of_texts(name: &str, texts: &[&str]) -> String {
        let of = Type::parse(name).unwrap();
        let mut column = Column::new(&of);
        for text in texts {
            assert!(column.push_text(text.as_bytes()), "{text}");
        }
        column.push_null();
        json(&of, column.finish())
    }

    #[test]
    fn scalars() {
        assert_eq!(of_texts("int64", &["-5", "9223372036854775807"]), "-5 9223372036854775807 null ");
        assert_eq!(
            of_texts("float64", &["4", "NaN", "-inf", "1e300"]),
            "4.0 null null 1e300 null ".replace(
                "1e300",
                &1e300f64
                    .to_string()
                    .parse::<f64>()
                    .map(|v| {
                        let mut o = Vec::new();
                        number::write_f64(&mut o, v);
                        String::from_utf8(o).unwrap()
                    })
                    .unwrap()
            )
        );
        assert_eq!(of_texts("float32", &["0.1"]), "0.1 null ");
        assert_eq!(of_texts("decimal(10,2)", &["1.5"]), "1.50 null ");
        assert_eq!(of_texts("bool", &["true", "false"]), "true false null ");
        assert_eq!(of_texts("binary", &["Zm8="]), "\"Zm8=\" null ");
        assert_eq!(of_texts("date", &["2024-02-29"]), "\"2024-02-29\" null ");
        assert_eq!(of_texts("time[ms]", &["12:30:00.5"]), "\"12:30:00.5\" null ");
        assert_eq!(of_texts("timestamp", &["2024-01-01 12:00"]), "\"2024-01-01T12:00:00\" null ");
        assert_eq!(
            of_texts("timestamp[ns, Europe/Paris]", &["2024-01-01T12:00:00+01:00"]),
            "\"2024-01-01T11:00:00Z\" null "
        );
        assert_eq!(
            of_texts("utf8", &["", "é\n\"\\\u{1}/", "\u{7f}"]),
            "\"\" \"é\\n\\\"\\\\\\u0001/\" \"\u{7f}\" null "
        );
    }

    #[test]
    fn nested() {
        let of = Type::parse("struct<a: list<int64>, \"b\"\"\": utf8>").unwrap();
        let mut column = Column::new(&of);
        column.children[0].children[0].push_text(b"1");
        column.children[0].children[0].push_null();
        column.children[0].end_list();
        column.children[1].push_text(b"x");
        column.length += 1;
        column.push_null();
        assert_eq!(json(&of, column.finish()), "{\"a\":[1,null],\"b\\\"\":\"x\"} null ");
    }

    #[test]
    fn other_layouts() {
        let level = |length, offsets: &[u64], values: &[u8]| Level {
            length,
            offsets: Some(offsets.iter().flat_map(|o| o.to_le_bytes()).collect()),
            values: values.to_vec(),
            ..Level::default()
        };
        assert_eq!(json(&Kind::LargeUtf8.into(), vec![level(2, &[0, 1, 3], b"abc")]), "\"a\" \"bc\" ");
        let of = Type { kind: Kind::Dictionary(1), children: vec![("".into(), Kind::LargeUtf8.into())] };
        let keys = Level { length: 3, values: vec![1, 0, 9], ..Level::default() };
        assert_eq!(json(&of, vec![keys, level(2, &[0, 1, 3], b"abc")]), "\"bc\" \"a\" null ");
        let of = Type { kind: Kind::FixedSizeList(2), children: vec![("".into(), Kind::Int8.into())] };
        let outer = Level { length: 2, ..Level::default() };
        let items = Level { length: 4, values: vec![1, 2, 3, 255], ..Level::default() };
        assert_eq!(json(&of, vec![outer, items]), "[1,2] [3,-1] ");
        let months = [3i32.to_le_bytes(), (-2i32).to_le_bytes()].concat();
        let nanos = [months, (-1_500_000_000i64).to_le_bytes().to_vec()].concat();
        let interval = Level { length: 1, values: nanos, ..Level::default() };
        assert_eq!(json(&Kind::Interval(IntervalUnit::MonthDayNano).into(), vec![interval]), "\"P3M-2DT-1.5S\" ");
    }

    #[test]
    fn short_buffers_do_not_panic() {
        for name in ["int64", "utf8", "list<utf8>", "decimal(5,1)", "bool", "date"] {
            let of = Type::parse(name).unwrap();
            let level =
                Level { length: 3, offsets: Some(vec![9; 7]), values: vec![1], validity: Some(vec![]), null_count: 0 };
            let _ = json(&of, vec![level.clone(), level]);
        }
    }
}
