//! Encodes values of columns, by the schema that [`shape`](crate::shape) makes of their types.

use jackfield_sdk::Failure;
use jackfield_values::number::f16_to_f32;
use jackfield_values::types::{Kind, Unit};
use jackfield_values::view::View;

/// Appends a number of variable length, in which the lowest bit is the sign.
pub(crate) fn long(out: &mut Vec<u8>, value: i64) {
    let mut rest = (value << 1 ^ value >> 63) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Appends bytes behind their length.
pub(crate) fn sized(out: &mut Vec<u8>, bytes: &[u8]) {
    long(out, bytes.len() as i64);
    out.extend_from_slice(bytes);
}

/// Appends a value that may be null.
///
/// # Errors
/// A value that Avro's type does not hold.
pub(crate) fn nullable(out: &mut Vec<u8>, view: &View, row: usize) -> Result<(), Failure> {
    if matches!(view.kind, Kind::Null) {
        return Ok(());
    }
    let null = view.is_null(row) || matches!(view.kind, Kind::Dictionary(_)) && dictionary(view, row).is_none();
    long(out, i64::from(!null));
    if null { Ok(()) } else { value(out, view, row) }
}

fn dictionary(view: &View, row: usize) -> Option<(&View, usize)> {
    let Kind::Dictionary(bytes) = view.kind else { return None };
    view.dictionary(row, bytes).filter(|(values, key)| !values.is_null(*key))
}

fn value(out: &mut Vec<u8>, view: &View, row: usize) -> Result<(), Failure> {
    let i32s = || i32::from_le_bytes(view.fixed(row));
    let i64s = || i64::from_le_bytes(view.fixed(row));
    match &view.kind {
        Kind::Null => {}
        Kind::Boolean => out.push(u8::from(view.bit(row))),
        Kind::Int8 => long(out, i64::from(i8::from_le_bytes(view.fixed(row)))),
        Kind::Int16 => long(out, i64::from(i16::from_le_bytes(view.fixed(row)))),
        Kind::Int32 | Kind::Date32 | Kind::Time32(Unit::Millisecond) => long(out, i64::from(i32s())),
        Kind::Int64 | Kind::Time64(Unit::Microsecond) => long(out, i64s()),
        Kind::Uint8 => long(out, i64::from(u8::from_le_bytes(view.fixed(row)))),
        Kind::Uint16 => long(out, i64::from(u16::from_le_bytes(view.fixed(row)))),
        Kind::Uint32 => long(out, i64::from(u32::from_le_bytes(view.fixed(row)))),
        Kind::Uint64 => {
            let value = u64::from_le_bytes(view.fixed(row));
            let value = i64::try_from(value).map_err(|_| lost(&value.to_string(), "a long"))?;
            long(out, value);
        }
        Kind::Float16 => out.extend_from_slice(&f16_to_f32(u16::from_le_bytes(view.fixed(row))).to_le_bytes()),
        Kind::Float32 => out.extend_from_slice(&view.fixed::<4>(row)),
        Kind::Float64 => out.extend_from_slice(&view.fixed::<8>(row)),
        Kind::Decimal128(..) => decimal(out, view.fixed::<16>(row).as_slice()),
        Kind::Decimal256(..) => decimal(out, view.fixed::<32>(row).as_slice()),
        Kind::Utf8 | Kind::LargeUtf8 | Kind::Binary | Kind::LargeBinary => sized(out, view.bytes(row)),
        Kind::FixedSizeBinary(size) => out.extend_from_slice(view.sized(row, *size as usize)),
        Kind::Date64 => long(out, i64s().div_euclid(86_400_000)),
        Kind::Time32(_) => long(out, i64::from(i32s()) * 1000),
        Kind::Time64(_) => {
            let value = i64s();
            if value % 1000 != 0 {
                return Err(lost("a time with nanoseconds", "a time of microseconds"));
            }
            long(out, value / 1000);
        }
        Kind::Timestamp(Unit::Second, _) => {
            let value = i64s();
            long(out, value.checked_mul(1000).ok_or_else(|| lost(&value.to_string(), "a timestamp of milliseconds"))?);
        }
        Kind::Timestamp(..) => long(out, i64s()),
        Kind::List => items(out, view, view.range(row))?,
        Kind::LargeList => items(out, view, view.large_range(row))?,
        Kind::FixedSizeList(size) => items(out, view, (row * *size as usize, (row + 1) * *size as usize))?,
        Kind::Struct => {
            for field in &view.children {
                nullable(out, field, row)?;
            }
        }
        Kind::Map => {
            let (start, end) = view.range(row);
            let entries = view.children.first().map(|entries| entries.children.as_slice());
            if let (Some([keys, values]), true) = (entries, end > start) {
                long(out, (end - start) as i64);
                for entry in start..end {
                    sized(out, keys.bytes(entry));
                    nullable(out, values, entry)?;
                }
            }
            long(out, 0);
        }
        Kind::Dictionary(_) => {
            if let Some((values, key)) = dictionary(view, row) {
                value(out, values, key)?;
            }
        }
        Kind::Duration(_) | Kind::Interval(_) => return Err(Failure::internal("the schema has no such type")),
    }
    Ok(())
}

fn items(out: &mut Vec<u8>, view: &View, (start, end): (usize, usize)) -> Result<(), Failure> {
    if let (Some(items), true) = (view.children.first(), end > start) {
        long(out, (end - start) as i64);
        for item in start..end {
            nullable(out, items, item)?;
        }
    }
    long(out, 0);
    Ok(())
}

/// Appends a little-endian integer as the fewest big-endian bytes that tell its sign.
fn decimal(out: &mut Vec<u8>, little: &[u8]) {
    let big: Vec<u8> = little.iter().rev().copied().collect();
    let sign = if big.first().is_some_and(|first| *first >= 0x80) { 0xff } else { 0 };
    let mut begin = big.iter().take_while(|byte| **byte == sign).count();
    let tells = big.get(begin).is_some_and(|byte| (*byte >= 0x80) == (sign != 0));
    if !tells {
        begin = begin.saturating_sub(1);
    }
    sized(out, big.get(begin..).unwrap_or_default());
}

fn lost(value: &str, of: &str) -> Failure {
    Failure::invalid_input("invalid-value", format!("{value} does not fit {of} of Avro"))
        .with_help("cast the column to another type before")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Cursor, append};
    use crate::{schema, shape};
    use jackfield_values::build::Column;
    use jackfield_values::types::Type;
    use jackfield_values::view::View;
    use proptest::prelude::*;

    fn view(of: &Type, column: Column) -> View {
        View::new(of, &mut column.finish().into_iter()).unwrap()
    }

    fn column(of: &Type, texts: &[Option<String>]) -> View {
        let mut column = Column::new(of);
        for text in texts {
            match text {
                Some(text) => assert!(column.push_text(text.as_bytes()), "{text}"),
                None => column.push_null(),
            }
        }
        view(of, column)
    }

    /// The values as they are read back, as JSON.
    fn there_and_back(of: &Type, before: &View) -> (String, Vec<String>) {
        let schema = shape::of(&[("x".to_owned(), of.clone())]).unwrap();
        let node = schema::parse(schema.to_string().as_bytes()).unwrap();
        let schema::Shape::Record(fields) = node.shape else { panic!() };
        let node = &fields[0].1;
        let mut out = Vec::new();
        for row in 0..before.length() {
            nullable(&mut out, before, row).unwrap();
        }
        let mut back = Column::new(&node.of);
        let mut cursor = Cursor::new(&out, 0);
        for _ in 0..before.length() {
            append(node, &mut cursor, &mut back).unwrap();
        }
        assert_eq!((cursor.at, cursor.bad.is_none()), (out.len(), true));
        let back = view(&node.of, back);
        (node.of.name(), shown(&back))
    }

    fn shown(view: &View) -> Vec<String> {
        let json = |row| {
            let mut out = Vec::new();
            jackfield_values::json::write(&mut out, view, row);
            String::from_utf8(out).unwrap()
        };
        (0..view.length()).map(json).collect()
    }

    #[test]
    fn every_type_goes_there_and_back() {
        for (name, back, texts) in [
            ("bool", "bool", &["true", "false"][..]),
            ("int8", "int32", &["-128", "127"]),
            ("uint64", "int64", &["9223372036854775807"]),
            ("float32", "float32", &["0.5", "1e30"]),
            ("float64", "float64", &["-0.1"]),
            ("utf8", "utf8", &["", "é"]),
            ("binary", "binary", &["Zm8="]),
            ("decimal(20,3)", "decimal(20,3)", &["0", "-0.128", "0.128", "-12345678901234567.125", "127", "-128.5"]),
            ("date", "date", &["1969-12-31", "2024-02-29"]),
            ("time", "time", &["12:30:00.5"]),
            ("time[s]", "time[ms]", &["12:30:01"]),
            ("timestamp", "timestamp", &["2024-01-01T00:00:00.25"]),
            ("timestamp[s, Europe/Paris]", "timestamp[ms, UTC]", &["2024-01-01T00:00:00Z"]),
            ("timestamp[ns, UTC]", "timestamp[ns, UTC]", &["2024-01-01T00:00:00.123456789Z"]),
        ] {
            let of = Type::parse(name).unwrap();
            let mut texts: Vec<Option<String>> = texts.iter().map(|text| Some((*text).to_owned())).collect();
            texts.push(None);
            let before = column(&of, &texts);
            assert_eq!(there_and_back(&of, &before), (back.to_owned(), shown(&before)), "{name}");
        }
        let failure =
            value(&mut Vec::new(), &column(&Type::parse("uint64").unwrap(), &[Some(u64::MAX.to_string())]), 0);
        assert_eq!(failure.unwrap_err().code, "invalid-value");
    }

    #[test]
    fn nested_values_go_there_and_back() {
        let of = Type::parse("struct<a: list<struct<b: int64, c: utf8>>, d: bool>").unwrap();
        let of = Type {
            kind: Kind::Struct,
            children: [&of.children[..], &[("m".to_owned(), Type::map(Kind::Int64.into()))]].concat(),
        };
        let mut rows = Column::new(&of);
        for count in [2usize, 0] {
            let [a, d, m] = rows.children.as_mut_slice() else { panic!() };
            for n in 0..count {
                let item = &mut a.children[0];
                item.children[0].push_bytes(&(n as i64).to_le_bytes());
                item.children[1].push_null();
                item.end_struct();
                let entry = &mut m.children[0];
                entry.children[0].push_bytes(format!("k{n}").as_bytes());
                entry.children[1].push_bytes(&7i64.to_le_bytes());
                entry.end_struct();
            }
            a.end_list();
            d.push_bool(true);
            m.end_list();
            rows.end_struct();
        }
        rows.push_null();
        let before = view(&of, rows);
        assert_eq!(there_and_back(&of, &before).1, shown(&before));
    }

    proptest! {
        #[test]
        fn numbers_and_texts(longs in prop::collection::vec(any::<i64>(), 1..20), texts in prop::collection::vec(prop::option::of(".*"), 1..20), decimals in prop::collection::vec(-(10i128.pow(38) - 1)..10i128.pow(38), 1..9)) {
            let text = |values: &[i64]| values.iter().map(|value| Some(value.to_string())).collect::<Vec<_>>();
            let of = Type::parse("int64").unwrap();
            let before = column(&of, &text(&longs));
            prop_assert_eq!(there_and_back(&of, &before).1, shown(&before));
            let of = Type::parse("utf8").unwrap();
            let before = column(&of, &texts);
            prop_assert_eq!(there_and_back(&of, &before).1, shown(&before));
            let of = Type::parse("decimal(38,0)").unwrap();
            let before = column(&of, &decimals.iter().map(|value| Some(value.to_string())).collect::<Vec<_>>());
            prop_assert_eq!(there_and_back(&of, &before).1, shown(&before));
        }
    }
}
