//! Types as people write them: `int64`, `timestamp[UTC]`, `list<utf8>`, `struct<a: int64, b: utf8>`.

use crate::{DataType, Failure, Field, TimeUnit};

/// The most bytes of a type's text, and how deep it may nest.
const LONGEST: usize = 4096;
const DEEPEST: usize = 32;

/// The types that are one word, with SQL's names for them.
const WORDS: &[(&[&str], DataType)] = &[
    (&["bool", "boolean"], DataType::Boolean),
    (&["int8", "tinyint"], DataType::Int8),
    (&["int16", "smallint"], DataType::Int16),
    (&["int32", "integer", "int"], DataType::Int32),
    (&["int64", "bigint"], DataType::Int64),
    (&["uint8"], DataType::Uint8),
    (&["uint16"], DataType::Uint16),
    (&["uint32"], DataType::Uint32),
    (&["uint64"], DataType::Uint64),
    (&["float16"], DataType::Float16),
    (&["float32", "real", "float"], DataType::Float32),
    (&["float64", "double"], DataType::Float64),
    (&["utf8", "text", "varchar", "string"], DataType::Utf8),
    (&["large-utf8"], DataType::LargeUtf8),
    (&["binary", "blob", "bytea"], DataType::Binary),
    (&["large-binary"], DataType::LargeBinary),
    (&["date"], DataType::Date32),
    (&["time"], DataType::Time64(TimeUnit::Microsecond)),
    (&["timestamp"], DataType::Timestamp((TimeUnit::Microsecond, None))),
    (&["duration"], DataType::Duration(TimeUnit::Microsecond)),
    (&["null"], DataType::Null),
];

/// The tree of a type, its root named `name`. Every field is nullable.
///
/// ```
/// let tree = jackfield_sdk::parse_type("seen", "list<timestamp[UTC]>").unwrap();
/// assert_eq!(tree.len(), 2);
/// assert_eq!(jackfield_sdk::type_name(&tree), "list<timestamp[UTC]>");
/// ```
///
/// # Errors
/// `invalid-type`, with the byte offset of what was not understood.
pub fn parse_type(name: &str, text: &str) -> Result<Vec<Field>, Failure> {
    if text.len() > LONGEST {
        return Err(Failure::invalid_config("invalid-type", format!("a type has at most {LONGEST} bytes")));
    }
    let mut parser = Parser { text, at: 0, tree: Vec::new() };
    parser.field(name, 0)?;
    parser.space();
    if parser.at < text.len() { Err(parser.expected("the end of the type")) } else { Ok(parser.tree) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    tree: Vec<Field>,
}

impl<'a> Parser<'a> {
    /// Parses one type into the tree and gives its number there.
    fn field(&mut self, name: &str, depth: usize) -> Result<u32, Failure> {
        if depth >= DEEPEST {
            return Err(self.expected(&format!("a type that nests at most {DEEPEST} deep")));
        }
        self.space();
        let start = self.at;
        let word = self.word().to_ascii_lowercase();
        let number = self.tree.len();
        self.tree.push(Field::new(name, DataType::Null));
        let (data_type, children) = match word.as_str() {
            "list" => {
                self.eat('<')?;
                let item = self.field("item", depth + 1)?;
                self.eat('>')?;
                (DataType::ListOf, vec![item])
            }
            "struct" => (DataType::StructOf, self.members(depth)?),
            "decimal" | "numeric" => (self.decimal()?, Vec::new()),
            "timestamptz" => (DataType::Timestamp((TimeUnit::Microsecond, Some("UTC".to_owned()))), Vec::new()),
            "timestamp" | "time" | "duration" if self.peek() == Some('[') => (self.time(&word)?, Vec::new()),
            word => match WORDS.iter().find(|(names, _)| names.contains(&word)) {
                Some((_, data_type)) => (data_type.clone(), Vec::new()),
                None => {
                    self.at = start;
                    return Err(self.expected("a type"));
                }
            },
        };
        if let Some(field) = self.tree.get_mut(number) {
            (field.data_type, field.children) = (data_type, children);
        }
        Ok(number as u32)
    }

    fn members(&mut self, depth: usize) -> Result<Vec<u32>, Failure> {
        self.eat('<')?;
        let mut members = Vec::new();
        loop {
            self.space();
            let name = self.name()?;
            self.eat(':')?;
            members.push(self.field(&name, depth + 1)?);
            if self.peek() != Some(',') {
                break;
            }
            self.eat(',')?;
        }
        self.eat('>')?;
        Ok(members)
    }

    fn decimal(&mut self) -> Result<DataType, Failure> {
        self.eat('(')?;
        let precision: u8 = self.number()?;
        self.eat(',')?;
        let scale: i8 = self.number()?;
        self.eat(')')?;
        match precision {
            1..=38 => Ok(DataType::Decimal128((precision, scale))),
            39..=76 => Ok(DataType::Decimal256((precision, scale))),
            _ => Err(self.expected("a precision of 1 to 76")),
        }
    }

    /// `[unit]`, `[zone]` or `[unit, zone]`.
    fn time(&mut self, word: &str) -> Result<DataType, Failure> {
        self.eat('[')?;
        let first = self.until(&[',', ']']);
        let zone = if self.peek() == Some(',') {
            self.eat(',')?;
            Some(self.until(&[']']))
        } else {
            None
        };
        self.eat(']')?;
        let (unit, zone) = match (unit_of(&first), zone) {
            (Some(unit), zone) => (unit, zone),
            (None, None) => (TimeUnit::Microsecond, Some(first)),
            (None, Some(_)) => return Err(self.expected("a unit of s, ms, us or ns in front of the zone")),
        };
        match (word, zone) {
            ("timestamp", zone) if zone.as_deref() != Some("") => Ok(DataType::Timestamp((unit, zone))),
            ("duration", None) => Ok(DataType::Duration(unit)),
            ("time", None) => Ok(match unit {
                TimeUnit::Second | TimeUnit::Millisecond => DataType::Time32(unit),
                TimeUnit::Microsecond | TimeUnit::Nanosecond => DataType::Time64(unit),
            }),
            _ => Err(self.expected("a unit of s, ms, us or ns")),
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn peek(&mut self) -> Option<char> {
        self.space();
        self.rest().chars().next()
    }

    fn eat(&mut self, mark: char) -> Result<(), Failure> {
        if self.peek() != Some(mark) {
            return Err(self.expected(&format!("`{mark}`")));
        }
        self.at += mark.len_utf8();
        Ok(())
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// A member's name, in double quotes where it is not a plain word.
    fn name(&mut self) -> Result<String, Failure> {
        let rest = self.rest();
        if let Some(quoted) = rest.strip_prefix('"') {
            let Some(end) = closing_quote(quoted) else { return Err(self.expected("a closing `\"`")) };
            self.at += end + 2;
            return Ok(quoted.get(..end).unwrap_or_default().replace("\"\"", "\""));
        }
        let name = self.until(&[':', ',', '>', '<']);
        if name.is_empty() { Err(self.expected("a name")) } else { Ok(name) }
    }

    fn until(&mut self, marks: &[char]) -> String {
        let rest = self.rest();
        let end = rest.find(marks).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default().trim().to_owned()
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T, Failure> {
        self.space();
        let start = self.at;
        self.until(&[',', ')']).parse().map_err(|_| {
            self.at = start;
            self.expected("a number")
        })
    }

    fn expected(&self, what: &str) -> Failure {
        let found = self.rest().split_whitespace().next().unwrap_or("the end");
        let found: String = found.chars().take(40).collect();
        Failure::invalid_config("invalid-type", format!("expected {what}, found `{found}`"))
            .with_offset(self.at as u32)
            .with_help("types are bool, int64, float64, utf8, date, timestamp, timestamp[UTC], decimal(38,10), list<utf8>, struct<a: int64> and their like")
    }
}

/// Where a quoted name ends; a doubled quote stands for one inside it.
fn closing_quote(text: &str) -> Option<usize> {
    let mut quotes = text.match_indices('"').map(|(at, _)| at).peekable();
    while let Some(at) = quotes.next() {
        if quotes.next_if_eq(&(at + 1)).is_none() {
            return Some(at);
        }
    }
    None
}

fn unit_of(text: &str) -> Option<TimeUnit> {
    match text {
        "s" => Some(TimeUnit::Second),
        "ms" => Some(TimeUnit::Millisecond),
        "us" => Some(TimeUnit::Microsecond),
        "ns" => Some(TimeUnit::Nanosecond),
        _ => None,
    }
}

fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}

/// The name of the type of a tree's root, in the form that [`parse_type`] reads.
pub fn type_name(tree: &[Field]) -> String {
    name_of(tree, 0, 0)
}

fn name_of(tree: &[Field], number: u32, depth: usize) -> String {
    let Some(field) = tree.get(number as usize).filter(|_| depth < DEEPEST) else { return "…".to_owned() };
    let child = |index: usize| match field.children.get(index) {
        Some(child) => name_of(tree, *child, depth + 1),
        None => "…".to_owned(),
    };
    match &field.data_type {
        DataType::Decimal128((precision, scale)) | DataType::Decimal256((precision, scale)) => {
            format!("decimal({precision},{scale})")
        }
        DataType::FixedSizeBinary(width) => format!("fixed-size-binary({width})"),
        DataType::Date64 => "date64".to_owned(),
        DataType::Time32(unit) => format!("time[{}]", unit_name(*unit)),
        DataType::Time64(TimeUnit::Nanosecond) => "time[ns]".to_owned(),
        DataType::Time64(_) => "time".to_owned(),
        DataType::Timestamp((TimeUnit::Microsecond, None)) => "timestamp".to_owned(),
        DataType::Timestamp((TimeUnit::Microsecond, Some(zone))) => format!("timestamp[{zone}]"),
        DataType::Timestamp((unit, None)) => format!("timestamp[{}]", unit_name(*unit)),
        DataType::Timestamp((unit, Some(zone))) => format!("timestamp[{}, {zone}]", unit_name(*unit)),
        DataType::Duration(TimeUnit::Microsecond) => "duration".to_owned(),
        DataType::Duration(unit) => format!("duration[{}]", unit_name(*unit)),
        DataType::Interval(_) => "interval".to_owned(),
        DataType::ListOf => format!("list<{}>", child(0)),
        DataType::LargeListOf => format!("large-list<{}>", child(0)),
        DataType::FixedSizeListOf(width) => format!("fixed-size-list<{}, {width}>", child(0)),
        DataType::MapOf => format!("map<{}>", child(0)),
        DataType::DictionaryOf(_) => format!("dictionary<{}>", child(0)),
        DataType::StructOf => {
            let member = |number: &u32| {
                let name = tree.get(*number as usize).map_or("…", |field| field.name.as_str());
                format!("{}: {}", member_name(name), name_of(tree, *number, depth + 1))
            };
            format!("struct<{}>", field.children.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        DataType::Other(name) => name.clone(),
        plain => WORDS
            .iter()
            .find(|(_, data_type)| std::mem::discriminant(data_type) == std::mem::discriminant(plain))
            .and_then(|(names, _)| names.first())
            .map_or("…", |name| name)
            .to_owned(),
    }
}

fn member_name(name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(text: &str) -> String {
        type_name(&parse_type("x", text).unwrap())
    }

    #[test]
    fn names_read_back() {
        for text in [
            "bool",
            "int8",
            "uint64",
            "float32",
            "decimal(38,10)",
            "utf8",
            "binary",
            "date",
            "time",
            "timestamp",
            "timestamp[UTC]",
            "timestamp[ms]",
            "timestamp[ns, Europe/Paris]",
            "duration",
            "duration[s]",
            "list<utf8>",
            "struct<a: int64, b: list<struct<\"c \"\"d\": date>>>",
        ] {
            assert_eq!(round(text), text);
        }
        assert_eq!(round(" LIST < bigint > "), "list<int64>");
        assert_eq!(round("timestamptz"), "timestamp[UTC]");
    }

    #[test]
    fn faults_are_located() {
        let failure = parse_type("x", "list<intt>").unwrap_err();
        assert_eq!((failure.code.as_str(), failure.offset), ("invalid-type", Some(5)));
        for text in [
            "",
            "list",
            "list<",
            "list<int64",
            "struct<>",
            "int64 x",
            "decimal(0,0)",
            "timestamp[",
            "é",
            "timestamp[x, UTC]",
        ] {
            assert!(parse_type("x", text).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        assert!(parse_type("x", &"list<".repeat(200_000)).is_err());
        assert!(parse_type("x", &"list<".repeat(40)).unwrap_err().message.contains("32 deep"));
    }
}
