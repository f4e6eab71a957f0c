//! Arrow's types as plain data, and their names as users write them (`timestamp[ns, Europe/Paris]`, `list<utf8>`).

/// A unit of time, of `time`, `timestamp` and `duration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Second,
    /// Milliseconds.
    Millisecond,
    /// Microseconds, what a type without a unit means.
    Microsecond,
    /// Nanoseconds.
    Nanosecond,
}

impl Unit {
    /// How many of them make a second.
    #[inline]
    pub fn per_second(self) -> i64 {
        match self {
            Unit::Second => 1,
            Unit::Millisecond => 1000,
            Unit::Microsecond => 1_000_000,
            Unit::Nanosecond => 1_000_000_000,
        }
    }

    /// Decimal places of a second: 0, 3, 6 or 9.
    pub fn digits(self) -> u32 {
        match self {
            Unit::Second => 0,
            Unit::Millisecond => 3,
            Unit::Microsecond => 6,
            Unit::Nanosecond => 9,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Unit::Second => "s",
            Unit::Millisecond => "ms",
            Unit::Microsecond => "us",
            Unit::Nanosecond => "ns",
        }
    }

    fn parse(text: &str) -> Option<Unit> {
        Some(match text.trim() {
            "s" => Unit::Second,
            "ms" => Unit::Millisecond,
            "us" | "µs" => Unit::Microsecond,
            "ns" => Unit::Nanosecond,
            _ => return None,
        })
    }
}

/// What an interval counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervalUnit {
    /// Months, as one `i32`.
    YearMonth,
    /// Days and milliseconds, two `i32`.
    DayTime,
    /// Months and days, two `i32`, and nanoseconds, an `i64`.
    MonthDayNano,
}

/// An Arrow type without its children.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are Arrow's")]
pub enum Kind {
    Null,
    Boolean,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Float16,
    Float32,
    Float64,
    Decimal128(u8, i8),
    Decimal256(u8, i8),
    Utf8,
    LargeUtf8,
    Binary,
    LargeBinary,
    FixedSizeBinary(u32),
    Date32,
    Date64,
    Time32(Unit),
    Time64(Unit),
    Timestamp(Unit, Option<String>),
    Duration(Unit),
    Interval(IntervalUnit),
    List,
    LargeList,
    FixedSizeList(u32),
    Struct,
    Map,
    /// Bytes of a key; child 0 holds the values. Whether keys are signed makes no difference to valid data.
    Dictionary(u8),
}

/// An Arrow type: its kind and its children (items of a list, fields of a struct, values of a dictionary).
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// The type itself.
    pub kind: Kind,
    /// Names and types of its children.
    pub children: Vec<(String, Type)>,
}

/// How deep types may be nested, in `schema` and in data.
pub const MAX_DEPTH: usize = 32;
const MAX_TEXT: usize = 4096;

impl Kind {
    /// Whether values of the type are numbers.
    pub fn is_number(&self) -> bool {
        matches!(
            self,
            Kind::Int8
                | Kind::Int16
                | Kind::Int32
                | Kind::Int64
                | Kind::Uint8
                | Kind::Uint16
                | Kind::Uint32
                | Kind::Uint64
                | Kind::Float16
                | Kind::Float32
                | Kind::Float64
                | Kind::Decimal128(..)
                | Kind::Decimal256(..)
        )
    }
}

impl From<Kind> for Type {
    fn from(kind: Kind) -> Type {
        Type { kind, children: Vec::new() }
    }
}

impl Type {
    /// A list of `item`.
    pub fn list(item: Type) -> Type {
        Type { kind: Kind::List, children: vec![("item".to_owned(), item)] }
    }

    /// A map from text to `value`.
    pub fn map(value: Type) -> Type {
        let children = vec![("key".to_owned(), Kind::Utf8.into()), ("value".to_owned(), value)];
        Type { kind: Kind::Map, children: vec![("entries".to_owned(), Type { kind: Kind::Struct, children })] }
    }

    /// The name as users write it.
    pub fn name(&self) -> String {
        let unit = |name: &str, unit: &Unit| match unit {
            Unit::Microsecond => name.to_owned(),
            unit => format!("{name}[{}]", unit.name()),
        };
        let fixed = match &self.kind {
            Kind::Null => "null",
            Kind::Boolean => "bool",
            Kind::Int8 => "int8",
            Kind::Int16 => "int16",
            Kind::Int32 => "int32",
            Kind::Int64 => "int64",
            Kind::Uint8 => "uint8",
            Kind::Uint16 => "uint16",
            Kind::Uint32 => "uint32",
            Kind::Uint64 => "uint64",
            Kind::Float16 => "float16",
            Kind::Float32 => "float32",
            Kind::Float64 => "float64",
            Kind::Utf8 => "utf8",
            Kind::LargeUtf8 => "large-utf8",
            Kind::Binary => "binary",
            Kind::LargeBinary => "large-binary",
            Kind::Date32 => "date",
            Kind::Date64 => "date64",
            Kind::Interval(IntervalUnit::MonthDayNano) => "interval",
            Kind::Interval(IntervalUnit::YearMonth) => "interval[year-month]",
            Kind::Interval(IntervalUnit::DayTime) => "interval[day-time]",
            Kind::FixedSizeBinary(width) => return format!("fixed-size-binary({width})"),
            Kind::Decimal256(precision, scale) if *precision <= 38 => {
                return format!("decimal256({precision},{scale})");
            }
            Kind::Decimal128(precision, scale) | Kind::Decimal256(precision, scale) => {
                return format!("decimal({precision},{scale})");
            }
            Kind::Time32(u) | Kind::Time64(u) => return unit("time", u),
            Kind::Timestamp(u, None) => return unit("timestamp", u),
            Kind::Timestamp(Unit::Microsecond, Some(zone)) => return format!("timestamp[{zone}]"),
            Kind::Timestamp(u, Some(zone)) => return format!("timestamp[{}, {zone}]", u.name()),
            Kind::Duration(u) => return unit("duration", u),
            Kind::List => return format!("list<{}>", self.child_name()),
            Kind::LargeList => return format!("large-list<{}>", self.child_name()),
            Kind::FixedSizeList(size) => return format!("fixed-size-list<{}, {size}>", self.child_name()),
            Kind::Dictionary(bytes) => return format!("dictionary<int{}, {}>", 8 * bytes, self.child_name()),
            Kind::Map => {
                let entry = self.children.first().map_or(&[][..], |(_, entries)| entries.children.as_slice());
                let types: Vec<String> = entry.iter().map(|(_, of)| of.name()).collect();
                return format!("map<{}>", types.join(", "));
            }
            Kind::Struct => {
                let fields: Vec<_> =
                    self.children.iter().map(|(n, t)| format!("{}: {}", quoted(n), t.name())).collect();
                return format!("struct<{}>", fields.join(", "));
            }
        };
        fixed.to_owned()
    }

    fn child_name(&self) -> String {
        self.children.first().map_or_else(String::new, |(_, child)| child.name())
    }

    /// Reads a type's name as the host writes it, bounded in length and depth.
    pub fn parse(text: &str) -> Result<Type, String> {
        if text.len() > MAX_TEXT {
            return Err(format!("a type's name has at most {MAX_TEXT} bytes"));
        }
        let mut parser = Parser { text, rest: text };
        let found = parser.one(0)?;
        if parser.rest.trim().is_empty() { Ok(found) } else { Err(parser.wrong()) }
    }
}

fn quoted(name: &str) -> String {
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-');
    if !name.is_empty() && name.bytes().all(plain) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn wrong(&self) -> String {
        format!("`{}` is not a type", self.text)
    }

    fn take(&mut self, token: char) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: char) -> Result<(), String> {
        if self.take(token) { Ok(()) } else { Err(self.wrong()) }
    }

    /// Everything up to `end`, which is taken too.
    fn until(&mut self, end: char) -> Result<&'a str, String> {
        let (inside, rest) = self.rest.split_once(end).ok_or_else(|| self.wrong())?;
        self.rest = rest;
        Ok(inside.trim())
    }

    fn word(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn field_name(&mut self) -> Result<String, String> {
        if !self.take('"') {
            let end = self.rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')));
            let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
            self.rest = rest;
            return Ok(name.to_owned());
        }
        let mut name = String::new();
        loop {
            let (piece, rest) = self.rest.split_once('"').ok_or_else(|| self.wrong())?;
            name.push_str(piece);
            self.rest = rest;
            match self.rest.strip_prefix('"') {
                Some(rest) => {
                    name.push('"');
                    self.rest = rest;
                }
                None => return Ok(name),
            }
        }
    }

    fn one(&mut self, depth: usize) -> Result<Type, String> {
        if depth > MAX_DEPTH {
            return Err(format!("types are nested at most {MAX_DEPTH} deep"));
        }
        // `LargeUtf8`, `large_utf8` and `large-utf8` are one type, as for the host.
        let word = self.word().to_ascii_lowercase().replace(['-', '_'], "");
        let kind = match word.as_str() {
            "null" => Kind::Null,
            "bool" | "boolean" => Kind::Boolean,
            "int8" | "tinyint" => Kind::Int8,
            "int16" | "smallint" | "int2" => Kind::Int16,
            "int32" | "integer" | "int" | "int4" => Kind::Int32,
            "int64" | "bigint" => Kind::Int64,
            "uint8" | "utinyint" => Kind::Uint8,
            "uint16" | "usmallint" => Kind::Uint16,
            "uint32" | "uinteger" => Kind::Uint32,
            "uint64" | "ubigint" => Kind::Uint64,
            "float16" => Kind::Float16,
            "float32" | "real" | "float" | "float4" => Kind::Float32,
            "float64" | "double" | "float8" => Kind::Float64,
            "utf8" | "text" | "varchar" | "string" | "char" => Kind::Utf8,
            "largeutf8" => Kind::LargeUtf8,
            "binary" | "blob" | "bytea" | "varbinary" => Kind::Binary,
            "largebinary" => Kind::LargeBinary,
            "fixedsizebinary" => {
                self.expect('(')?;
                Kind::FixedSizeBinary(self.until(')')?.parse().map_err(|_| self.wrong())?)
            }
            "date" | "date32" => Kind::Date32,
            "date64" => Kind::Date64,
            "interval" => self.interval()?,
            "time" => match self.unit()? {
                unit @ (Unit::Second | Unit::Millisecond) => Kind::Time32(unit),
                unit => Kind::Time64(unit),
            },
            "duration" => Kind::Duration(self.unit()?),
            "datetime" => Kind::Timestamp(Unit::Microsecond, None),
            "timestamptz" => Kind::Timestamp(Unit::Microsecond, Some("UTC".to_owned())),
            "timestamp" => self.timestamp()?,
            "decimal" | "numeric" => self.decimal(false)?,
            "decimal256" => self.decimal(true)?,
            "list" => return self.list(Kind::List, depth),
            "largelist" => return self.list(Kind::LargeList, depth),
            "fixedsizelist" => return self.fixed_size_list(depth),
            "map" => return self.map(depth),
            "dictionary" => return self.dictionary(depth),
            "struct" => return self.fields(depth),
            _ => return Err(self.wrong()),
        };
        Ok(kind.into())
    }

    fn unit(&mut self) -> Result<Unit, String> {
        if !self.take('[') {
            return Ok(Unit::Microsecond);
        }
        let inside = self.until(']')?;
        Unit::parse(inside).ok_or_else(|| self.wrong())
    }

    fn timestamp(&mut self) -> Result<Kind, String> {
        if !self.take('[') {
            return Ok(Kind::Timestamp(Unit::Microsecond, None));
        }
        let inside = self.until(']')?;
        Ok(match (inside.split_once(','), Unit::parse(inside)) {
            (Some((unit, zone)), _) if !zone.trim().is_empty() => {
                Kind::Timestamp(Unit::parse(unit).ok_or_else(|| self.wrong())?, Some(zone.trim().to_owned()))
            }
            (None, Some(unit)) => Kind::Timestamp(unit, None),
            (None, None) if !inside.is_empty() => Kind::Timestamp(Unit::Microsecond, Some(inside.to_owned())),
            _ => return Err(self.wrong()),
        })
    }

    fn interval(&mut self) -> Result<Kind, String> {
        let inside = if self.take('[') { self.until(']')? } else { "month-day-nano" };
        Ok(Kind::Interval(match inside {
            "month-day-nano" => IntervalUnit::MonthDayNano,
            "year-month" => IntervalUnit::YearMonth,
            "day-time" => IntervalUnit::DayTime,
            _ => return Err(self.wrong()),
        }))
    }

    fn list(&mut self, kind: Kind, depth: usize) -> Result<Type, String> {
        self.expect('<')?;
        let item = self.one(depth + 1)?;
        self.expect('>')?;
        Ok(Type { kind, children: vec![("item".to_owned(), item)] })
    }

    fn fixed_size_list(&mut self, depth: usize) -> Result<Type, String> {
        self.expect('<')?;
        let item = self.one(depth + 1)?;
        self.expect(',')?;
        let size = self.until('>')?.parse().map_err(|_| self.wrong())?;
        Ok(Type { kind: Kind::FixedSizeList(size), children: vec![("item".to_owned(), item)] })
    }

    fn map(&mut self, depth: usize) -> Result<Type, String> {
        self.expect('<')?;
        // The entries are a level too.
        let key = self.one(depth + 2)?;
        self.expect(',')?;
        let value = self.one(depth + 2)?;
        self.expect('>')?;
        let children = vec![("key".to_owned(), key), ("value".to_owned(), value)];
        Ok(Type { kind: Kind::Map, children: vec![("entries".to_owned(), Type { kind: Kind::Struct, children })] })
    }

    fn dictionary(&mut self, depth: usize) -> Result<Type, String> {
        self.expect('<')?;
        let bytes = match self.one(depth + 1)?.kind {
            Kind::Int8 | Kind::Uint8 => 1,
            Kind::Int16 | Kind::Uint16 => 2,
            Kind::Int32 | Kind::Uint32 => 4,
            Kind::Int64 | Kind::Uint64 => 8,
            _ => return Err(self.wrong()),
        };
        self.expect(',')?;
        let values = self.one(depth + 1)?;
        self.expect('>')?;
        Ok(Type { kind: Kind::Dictionary(bytes), children: vec![("values".to_owned(), values)] })
    }

    /// Precision and scale; `wide` even where 128 bits would do.
    fn decimal(&mut self, wide: bool) -> Result<Kind, String> {
        self.expect('(')?;
        let inside = self.until(')')?;
        let (precision, scale) = inside.split_once(',').unwrap_or((inside, "0"));
        let precision = precision.trim().parse().map_err(|_| self.wrong())?;
        let scale: i8 = scale.trim().parse().map_err(|_| self.wrong())?;
        match precision {
            1..=38 if !wide && scale.unsigned_abs() <= precision => Ok(Kind::Decimal128(precision, scale)),
            1..=76 if scale.unsigned_abs() <= precision => Ok(Kind::Decimal256(precision, scale)),
            _ => Err(self.wrong()),
        }
    }

    fn fields(&mut self, depth: usize) -> Result<Type, String> {
        self.expect('<')?;
        let mut children: Vec<(String, Type)> = Vec::new();
        while !self.take('>') {
            if !children.is_empty() {
                self.expect(',')?;
            }
            let name = self.field_name()?;
            self.expect(':')?;
            let field = self.one(depth + 1)?;
            if children.iter().any(|(known, _)| *known == name) {
                return Err(format!("`{}` has the field `{name}` twice", self.text));
            }
            children.push((name, field));
        }
        Ok(Type { kind: Kind::Struct, children })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for name in [
            "bool",
            "int8",
            "uint64",
            "float32",
            "decimal(38,10)",
            "decimal(50,-3)",
            "utf8",
            "binary",
            "date",
            "time",
            "time[s]",
            "timestamp",
            "timestamp[ms]",
            "timestamp[UTC]",
            "timestamp[ns, Europe/Paris]",
            "duration[ns]",
            "list<list<int64>>",
            "null",
            "float16",
            "large-utf8",
            "large-binary",
            "fixed-size-binary(2)",
            "date64",
            "interval",
            "interval[year-month]",
            "interval[day-time]",
            "decimal256(5,2)",
            "large-list<utf8>",
            "fixed-size-list<float32, 3>",
            "map<utf8, list<int64>>",
            "dictionary<int32, utf8>",
            "struct<a-1: int64, \"b c\": list<utf8>, \"q\"\"\": bool>",
            "struct<>",
        ] {
            assert_eq!(Type::parse(name).map(|t| t.name()), Ok(name.to_owned()));
        }
    }

    #[test]
    fn wrong_names_are_refused() {
        for name in [
            "",
            "in64",
            "list<",
            "list<int64",
            "decimal(0,0)",
            "decimal(5,9)",
            "time[x]",
            "struct<a: int64",
            "int64 x",
            "fixed-size-binary",
            "fixed-size-binary(x)",
            "fixed-size-list<int8>",
            "map<utf8>",
            "interval[x]",
            "dictionary<utf8, utf8>",
        ] {
            assert!(Type::parse(name).is_err(), "{name}");
        }
        assert!(Type::parse(&"list<".repeat(600)).is_err());
        assert!(Type::parse(&"list<".repeat(200_000)).is_err());
        assert!(Type::parse("struct<a: int64, a: int64>").is_err());
    }
}
