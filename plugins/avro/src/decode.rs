//! Appends encoded values to columns, and passes those that nobody wants.

use crate::schema::{Node, Shape};
use jackfield_sdk::Failure;
use jackfield_values::build::Column;
use jackfield_values::types::Kind;

/// The most items without any bytes in one row.
const MOST_NOTHINGS: usize = 1 << 20;

/// What is wrong with a block: nothing behind it can be read.
pub(crate) type Wrong = &'static str;

/// A place in a block.
#[derive(Debug)]
pub(crate) struct Cursor<'b> {
    pub(crate) bytes: &'b [u8],
    pub(crate) at: usize,
    /// Why this row is none, although what follows it can be read.
    pub(crate) bad: Option<Failure>,
    nothings: usize,
}

const ENDS: Wrong = "a block ends in the middle of a record";

impl<'b> Cursor<'b> {
    pub(crate) fn new(bytes: &'b [u8], at: usize) -> Cursor<'b> {
        Cursor { bytes, at, bad: None, nothings: 0 }
    }

    fn take(&mut self, count: usize) -> Result<&'b [u8], Wrong> {
        let taken = self.at.checked_add(count).and_then(|end| self.bytes.get(self.at..end)).ok_or(ENDS)?;
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Wrong> {
        self.take(N)?.first_chunk().copied().ok_or(ENDS)
    }

    /// A number of variable length, in which the lowest bit is the sign.
    pub(crate) fn long(&mut self) -> Result<i64, Wrong> {
        let mut value = 0u64;
        for place in 0..10 {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            if place == 9 && bits > 1 {
                break;
            }
            value |= bits << (7 * place);
            if byte < 0x80 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        Err("a number has too many bytes")
    }

    fn int(&mut self) -> Result<i32, Wrong> {
        i32::try_from(self.long()?).map_err(|_| "an int does not fit 32 bits")
    }

    fn size(&mut self) -> Result<usize, Wrong> {
        let size = self.long()?;
        usize::try_from(size)
            .ok()
            .filter(|size| *size <= self.bytes.len() - self.at)
            .ok_or("a length is beyond its block")
    }

    fn sized(&mut self) -> Result<&'b [u8], Wrong> {
        let size = self.size()?;
        self.take(size)
    }

    fn text(&mut self) -> Result<&'b [u8], Wrong> {
        let text = self.sized()?;
        if std::str::from_utf8(text).is_err() {
            let failure = Failure::invalid_input("invalid-utf8", "a string is not UTF-8");
            self.bad.get_or_insert(failure.with_help("skip such rows with `on-error`"));
            return Ok(b"");
        }
        Ok(text)
    }

    /// How many items follow, 0 at the end, and how many bytes they take, if that is told.
    fn items(&mut self) -> Result<(usize, Option<usize>), Wrong> {
        let count = self.long()?;
        let size = if count < 0 { Some(self.size()?) } else { None };
        let count = usize::try_from(count.unsigned_abs()).map_err(|_| "a list has too many items")?;
        Ok((count, size))
    }

    /// Counts items that may have no bytes, of which any number could be told.
    fn nothing(&mut self, before: usize) -> Result<(), Wrong> {
        if self.at == before {
            self.nothings += 1;
            if self.nothings > MOST_NOTHINGS {
                return Err("a row has too many items without any bytes");
            }
        }
        Ok(())
    }
}

/// Appends the next value to a column.
pub(crate) fn append(node: &Node, input: &mut Cursor, column: &mut Column) -> Result<(), Wrong> {
    match &node.shape {
        Shape::Null => column.push_null(),
        Shape::Boolean => match input.array::<1>()? {
            [0] => column.push_bool(false),
            [1] => column.push_bool(true),
            _ => return Err("a boolean is neither 0 nor 1"),
        },
        Shape::Int => {
            let value = input.int()?;
            column.push_bytes(&value.to_le_bytes());
        }
        Shape::Long => {
            let value = input.long()?;
            column.push_bytes(&value.to_le_bytes());
        }
        Shape::Float => column.push_bytes(input.take(4)?),
        Shape::Double => column.push_bytes(input.take(8)?),
        Shape::Bytes => column.push_bytes(input.sized()?),
        Shape::String => column.push_bytes(input.text()?),
        Shape::Fixed(size) => column.push_bytes(input.take(*size)?),
        Shape::Uuid => column.push_bytes(uuid(&input.array()?).as_bytes()),
        Shape::Enum(symbols) => {
            let symbol = usize::try_from(input.int()?).ok().and_then(|at| symbols.get(at));
            column.push_bytes(symbol.ok_or("an enum has no such symbol")?.as_bytes());
        }
        Shape::Decimal { size, precision } => {
            let bytes = match size {
                Some(size) => input.take(*size)?,
                None => input.sized()?,
            };
            decimal(bytes, *precision, input, column);
        }
        Shape::Duration => {
            let parts: [u8; 12] = input.array()?;
            let part =
                |at: usize| parts.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |p| u32::from_le_bytes(*p));
            let nanos = i64::from(part(8)) * 1_000_000;
            column.push_bytes(&[&parts[..8], &nanos.to_le_bytes()].concat());
        }
        Shape::Array(item) => {
            loop {
                let (count, _) = input.items()?;
                if count == 0 {
                    break;
                }
                let items = column.children.first_mut().ok_or("a list has no items")?;
                for _ in 0..count {
                    let before = input.at;
                    append(item, input, items)?;
                    input.nothing(before)?;
                }
            }
            column.end_list();
        }
        Shape::Map(value) => {
            loop {
                let (count, _) = input.items()?;
                if count == 0 {
                    break;
                }
                let entries = column.children.first_mut().ok_or("a map has no entries")?;
                for _ in 0..count {
                    let key = input.text()?;
                    let [keys, values] = entries.children.as_mut_slice() else { return Err("a map has no entries") };
                    keys.push_bytes(key);
                    append(value, input, values)?;
                    entries.end_struct();
                }
            }
            column.end_list();
        }
        Shape::Record(fields) => {
            for ((_, field), child) in fields.iter().zip(&mut column.children) {
                append(field, input, child)?;
            }
            column.end_struct();
        }
        Shape::Optional(null, inner) => match usize::try_from(input.long()?) {
            Ok(branch) if branch == *null => column.push_null(),
            Ok(0 | 1) => append(inner, input, column)?,
            _ => return Err("a union has no such branch"),
        },
        Shape::Union(branches) => {
            let chosen = usize::try_from(input.long()?).ok().filter(|branch| *branch < branches.len());
            let chosen = chosen.ok_or("a union has no such branch")?;
            let Some(Some(_)) = branches.get(chosen) else {
                column.push_null();
                return Ok(());
            };
            let places = branches.iter().enumerate().filter_map(|(at, branch)| Some((at, branch.as_ref()?)));
            for ((at, branch), child) in places.zip(&mut column.children) {
                if at == chosen { append(branch, input, child)? } else { child.push_null() }
            }
            column.end_struct();
        }
    }
    Ok(())
}

/// Passes the next value.
pub(crate) fn skip(node: &Node, input: &mut Cursor) -> Result<(), Wrong> {
    match &node.shape {
        Shape::Null => {}
        Shape::Boolean => _ = input.take(1)?,
        Shape::Int | Shape::Long | Shape::Enum(_) => _ = input.long()?,
        Shape::Float => _ = input.take(4)?,
        Shape::Double => _ = input.take(8)?,
        Shape::Bytes | Shape::String | Shape::Decimal { size: None, .. } => _ = input.sized()?,
        Shape::Fixed(size) | Shape::Decimal { size: Some(size), .. } => _ = input.take(*size)?,
        Shape::Uuid => _ = input.take(16)?,
        Shape::Duration => _ = input.take(12)?,
        Shape::Array(item) | Shape::Map(item) => loop {
            let (count, size) = input.items()?;
            match (count, size) {
                (0, _) => break,
                (_, Some(size)) => _ = input.take(size)?,
                (count, None) => {
                    for _ in 0..count {
                        let before = input.at;
                        if matches!(node.shape, Shape::Map(_)) {
                            input.sized()?;
                        }
                        skip(item, input)?;
                        input.nothing(before)?;
                    }
                }
            }
        },
        Shape::Record(fields) => {
            for (_, field) in fields {
                skip(field, input)?;
            }
        }
        Shape::Optional(null, inner) => match usize::try_from(input.long()?) {
            Ok(branch) if branch == *null => {}
            Ok(0 | 1) => skip(inner, input)?,
            _ => return Err("a union has no such branch"),
        },
        Shape::Union(branches) => {
            let chosen = usize::try_from(input.long()?).ok().and_then(|branch| branches.get(branch));
            if let Some(branch) = chosen.ok_or("a union has no such branch")? {
                skip(branch, input)?;
            }
        }
    }
    Ok(())
}

fn uuid(bytes: &[u8; 16]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// Appends a big-endian two's complement integer, which must have no more digits than the precision.
fn decimal(bytes: &[u8], precision: u8, input: &mut Cursor, column: &mut Column) {
    let sign = if bytes.first().is_some_and(|first| *first >= 0x80) { 0xff } else { 0 };
    let width = if matches!(column.kind, Kind::Decimal256(..)) { 32 } else { 16 };
    let digits = bytes.iter().position(|byte| *byte != sign).map_or(&[][..], |at| bytes.get(at..).unwrap_or_default());
    let mut value = vec![sign; width];
    let mut fits = digits.len() <= width;
    for (to, from) in value.iter_mut().zip(digits.iter().rev()) {
        *to = *from;
    }
    // The first bit that is left must still tell the sign.
    fits &= digits.len() < width || value.last().is_some_and(|last| (*last >= 0x80) == (sign != 0));
    if width == 16 {
        let whole = value.first_chunk().map_or(0, |bytes| i128::from_le_bytes(*bytes));
        fits &= 10u128.checked_pow(u32::from(precision)).is_none_or(|limit| whole.unsigned_abs() < limit);
    }
    if fits {
        column.push_bytes(&value);
    } else {
        let message = format!("a decimal has more than {precision} digits");
        input.bad.get_or_insert(Failure::invalid_input("invalid-value", message));
        column.push_null();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;
    use jackfield_values::json;
    use jackfield_values::view::View;
    use proptest::prelude::*;

    fn node(json: &str) -> Node {
        schema::parse(json.as_bytes()).unwrap()
    }

    fn shown(json_schema: &str, bytes: &[u8]) -> Result<String, String> {
        let node = node(json_schema);
        let mut column = Column::new(&node.of);
        let mut input = Cursor::new(bytes, 0);
        append(&node, &mut input, &mut column)?;
        let mut other = Cursor::new(bytes, 0);
        skip(&node, &mut other)?;
        assert_eq!((input.at, other.at), (bytes.len(), bytes.len()));
        if let Some(bad) = input.bad {
            return Err(bad.message);
        }
        let view = View::new(&node.of, &mut column.finish().into_iter()).unwrap();
        let mut out = Vec::new();
        json::write(&mut out, &view, 0);
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn values() {
        for (schema, bytes, expected) in [
            (r#""long""#, &[0x01][..], "-1"),
            (r#""long""#, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], "9223372036854775807"),
            (r#"["null", "string"]"#, &[0x02, 0x04, b'h', b'i'], "\"hi\""),
            (r#"["string", "null"]"#, &[0x02], "null"),
            (r#"["null", "int", "string"]"#, &[0x02, 0x06], "{\"int\":3,\"string\":null}"),
            (r#"{"type": "array", "items": "int"}"#, &[0x03, 0x04, 0x02, 0x04, 0x02, 0x06, 0x00], "[1,2,3]"),
            (r#"{"type": "map", "values": "int"}"#, &[0x02, 0x02, b'k', 0x04, 0x00], "[{\"key\":\"k\",\"value\":2}]"),
            (
                r#"{"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}"#,
                &[0x04, 0xff, 0x85],
                "-1.23",
            ),
            (r#"{"type": "fixed", "name": "f", "size": 3, "logicalType": "decimal", "precision": 4}"#, &[0, 0, 7], "7"),
            (r#"{"type": "int", "logicalType": "date"}"#, &[0x02], "\"1970-01-02\""),
        ] {
            assert_eq!(shown(schema, bytes).as_deref(), Ok(expected), "{schema}");
        }
        assert!(shown(r#""string""#, &[0x02, 0xff]).unwrap_err().contains("UTF-8"));
        let decimal = r#"{"type": "bytes", "logicalType": "decimal", "precision": 2}"#;
        assert!(shown(decimal, &[0x04, 0x7f, 0xff]).unwrap_err().contains("digits"));
    }

    const EVERYTHING: &str = r#"{"type": "record", "name": "r", "fields": [
        {"name": "a", "type": ["null", "int", {"type": "map", "values": "string"}]},
        {"name": "b", "type": {"type": "array", "items": {"type": "array", "items": ["null", "null2"]}}},
        {"name": "c", "type": {"type": "enum", "name": "e", "symbols": ["A", "B"]}},
        {"name": "d", "type": {"type": "fixed", "name": "u", "size": 16, "logicalType": "uuid"}},
        {"name": "n", "type": {"type": "array", "items": "null"}}]}"#;

    proptest! {
        #[test]
        fn hostile_bytes(bytes: Vec<u8>) {
            let node = node(&EVERYTHING.replace("null2", "boolean"));
            let mut column = Column::new(&node.of);
            let mut input = Cursor::new(&bytes, 0);
            let appended = append(&node, &mut input, &mut column);
            let mut other = Cursor::new(&bytes, 0);
            let skipped = skip(&node, &mut other);
            if appended.is_ok() {
                prop_assert!(skipped.is_ok());
                prop_assert!(View::new(&node.of, &mut column.finish().into_iter()).is_some());
            }
        }
    }
}
