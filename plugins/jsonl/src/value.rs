//! One JSON value into a column of a known type.

use crate::cursor::{Cursor, Wrong};
use jackfield_sdk::Failure;
use jackfield_values::build::Column;
use jackfield_values::number;
use jackfield_values::types::{Kind, Type};

/// Why a value could not be appended. It is boxed on its way, so that success is a null pointer in a register.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The text is not JSON.
    Wrong(Wrong),
    /// The value, from here to there in the line, is none of this type.
    Type { from: usize, to: usize, of: String },
    /// An object's field that its type does not have, or has twice.
    Field { name: String, twice: bool },
}

impl From<Wrong> for Box<Refusal> {
    fn from(wrong: Wrong) -> Box<Refusal> {
        Box::new(Refusal::Wrong(wrong))
    }
}

/// Appends the value that is next. What was appended of it before a refusal stays; rows are taken back whole.
#[inline(never)]
pub(crate) fn append(
    cursor: &mut Cursor,
    of: &Type,
    column: &mut Column,
    room: &mut Vec<u8>,
) -> Result<(), Box<Refusal>> {
    match (cursor.peek(), &of.kind) {
        (Some(b'n'), _) if cursor.take_text(b"null") => column.push_null(),
        (Some(b'"'), Kind::Utf8) => column.push_bytes(cursor.string(room)?),
        (Some(b'-' | b'0'..=b'9'), Kind::Int64) => {
            if let Some(value) = cursor.short_integer() {
                column.push_bytes(&value.to_le_bytes());
                return Ok(());
            }
            let from = cursor.at();
            let found = cursor.number()?;
            match number::parse_i64(found.text).filter(|_| found.whole) {
                Some(value) => column.push_bytes(&value.to_le_bytes()),
                None => return Err(refused(from, cursor, of)),
            }
        }
        (Some(b'-' | b'0'..=b'9'), Kind::Float64) => {
            let from = cursor.at();
            let found = cursor.number()?;
            match number::parse_f64(found.text).filter(|value| value.is_finite()) {
                Some(value) => column.push_bytes(&value.to_le_bytes()),
                None => return Err(refused(from, cursor, of)),
            }
        }
        (Some(b't' | b'f'), Kind::Boolean) => column.push_bool(cursor.boolean()?),
        (Some(b'['), Kind::List) => return list(cursor, of, column, room),
        (Some(b'{'), Kind::Struct) => return object(cursor, of, column, room),
        _ => return other(cursor, of, column, room),
    }
    Ok(())
}

/// Appends the next value to a column of text: a string as it is, and all else as the JSON that stands there.
pub(crate) fn append_as_text(cursor: &mut Cursor, column: &mut Column, room: &mut Vec<u8>) -> Result<(), Box<Refusal>> {
    match cursor.peek() {
        Some(b'n') if cursor.take_text(b"null") => column.push_null(),
        Some(b'"') => column.push_bytes(cursor.string(room)?),
        _ => {
            let from = cursor.at();
            cursor.skip()?;
            column.push_bytes(cursor.since(from));
        }
    }
    Ok(())
}

/// Types that JSON has not: numbers of other widths, and what is written as a string.
fn other(cursor: &mut Cursor, of: &Type, column: &mut Column, room: &mut Vec<u8>) -> Result<(), Box<Refusal>> {
    let from = cursor.at();
    let taken = match (cursor.peek(), &of.kind) {
        (Some(b'"'), kind) if is_written_as_string(kind) => column.push_text(cursor.string(room)?),
        (Some(b'-' | b'0'..=b'9'), kind) if kind.is_number() => column.push_text(cursor.number()?.text),
        _ => {
            cursor.skip()?;
            false
        }
    };
    if taken { Ok(()) } else { Err(refused(from, cursor, of)) }
}

fn is_written_as_string(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Binary
            | Kind::FixedSizeBinary(_)
            | Kind::Date32
            | Kind::Date64
            | Kind::Time32(_)
            | Kind::Time64(_)
            | Kind::Timestamp(..)
            | Kind::Duration(_)
            | Kind::Decimal128(..)
            | Kind::Decimal256(..)
    )
}

#[cold]
fn refused(from: usize, cursor: &Cursor, of: &Type) -> Box<Refusal> {
    Box::new(Refusal::Type { from, to: cursor.at(), of: of.name() })
}

fn list(cursor: &mut Cursor, of: &Type, column: &mut Column, room: &mut Vec<u8>) -> Result<(), Box<Refusal>> {
    let (Some((_, item)), Some(items)) = (of.children.first(), column.children.first_mut()) else {
        return Ok(cursor.wrong("a list has no items")?);
    };
    cursor.take(b'[');
    if !cursor.take(b']') {
        loop {
            append(cursor, item, items, room)?;
            if !cursor.take(b',') {
                break;
            }
        }
        if !cursor.take(b']') {
            return Ok(cursor.wrong("a list has no end")?);
        }
    }
    column.end_list();
    Ok(())
}

fn object(cursor: &mut Cursor, of: &Type, column: &mut Column, room: &mut Vec<u8>) -> Result<(), Box<Refusal>> {
    cursor.take(b'{');
    let row = column.length;
    if !cursor.take(b'}') {
        // Keys mostly come in the order of the fields.
        let mut next = 0;
        loop {
            cursor.peek();
            let key = cursor.string(room)?;
            let wanted = |(name, _): &(String, Type)| name.as_bytes() == key;
            let index = match of.children.get(next).filter(|child| wanted(child)) {
                Some(_) => Some(next),
                None => of.children.iter().position(wanted),
            };
            let field = index.and_then(|at| Some((of.children.get(at)?, column.children.get_mut(at)?)));
            let Some(((name, of), child)) = field else {
                let name = String::from_utf8_lossy(key).into_owned();
                return Err(Box::new(Refusal::Field { name, twice: false }));
            };
            if child.length > row {
                return Err(Box::new(Refusal::Field { name: name.clone(), twice: true }));
            }
            next = index.map_or(0, |at| at + 1);
            if !cursor.take(b':') {
                return Ok(cursor.wrong("a key has no value")?);
            }
            append(cursor, of, child, room)?;
            if !cursor.take(b',') {
                break;
            }
        }
        if !cursor.take(b'}') {
            return Ok(cursor.wrong("an object has no end")?);
        }
    }
    column.children.iter_mut().filter(|child| child.length == row).for_each(Column::push_null);
    column.length += 1;
    Ok(())
}

/// What is wrong where an object has come to its end and its line has not.
pub(crate) const BEHIND: &str = "something follows the object";

/// The most bytes of a value that a message shows.
const SHOWN: usize = 60;

impl Refusal {
    /// Where it happened, in bytes from the beginning of the row's text; the beginning where that is not known.
    pub(crate) fn at(&self) -> usize {
        match self {
            Refusal::Wrong(Wrong { at, .. }) => *at,
            Refusal::Type { from, .. } => *from,
            Refusal::Field { .. } => 0,
        }
    }

    /// The failure that a bad row is told with; `before` are the bytes in front of the row on its line, `column` is where it happened, if that was in one.
    pub(crate) fn failure(self, line: &[u8], before: usize, column: Option<&str>) -> Failure {
        let failure = match self {
            Refusal::Wrong(Wrong { what, at }) => {
                let passed = line.get(..at).unwrap_or_default();
                let byte = match memchr::memrchr(b'\n', passed) {
                    Some(newline) => passed.len() - newline,
                    None => before + passed.len() + 1,
                };
                let failure = Failure::invalid_input("syntax", format!("{what}, at byte {byte} of the line"));
                match what {
                    BEHIND => failure.with_help("say format = \"json\" where objects follow one another on a line"),
                    _ => failure,
                }
            }
            Refusal::Type { from, to, of } => {
                let value = line.get(from..to).unwrap_or_default().trim_ascii();
                let shown = String::from_utf8_lossy(value.get(..SHOWN).unwrap_or(value));
                let dots = if value.len() > SHOWN { "…" } else { "" };
                let article = if of.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
                let as_text = serde_json::Value::from(column.unwrap_or_default());
                Failure::invalid_input("invalid-value", format!("{shown}{dots} is not {article} {of}")).with_help(format!(
                    "all values of a column have one type, that of the first unless `schema` tells another, and more \
                     `infer-rows` find wider numbers; where they differ, say options = {{ as-text = [{as_text}] }} for the \
                     source, so that the column is text"
                ))
            }
            Refusal::Field { name, twice: true } => {
                Failure::invalid_input("duplicate-key", format!("the key `{name}` stands there twice"))
            }
            Refusal::Field { name, twice: false } => Failure::invalid_input(
                "unknown-key",
                format!("the key `{name}` was not in the rows that were looked at"),
            )
            .with_help("let more rows decide with `infer-rows`, or tell the column's type with `schema`"),
        };
        match column {
            Some(column) => failure.with_column(column),
            None => failure,
        }
    }
}
