//! The reader of type text: one pass, bounded in length and depth.

use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::datatypes::{
    DECIMAL32_MAX_PRECISION, DECIMAL64_MAX_PRECISION, DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType,
    Field, Fields, IntervalUnit, TimeUnit,
};

use super::{MAX_DEPTH, MAX_TEXT};
use crate::Failure;

/// Reads type text, at most 4 KiB and 32 levels deep. Known are the vocabulary's names, SQL's (`bigint`, `text`,
/// `timestamptz`, `text[]`) and Arrow's own (`LargeUtf8`, `List(Int64)`), in any case of letters. Items and struct
/// fields may be null.
///
/// # Errors
/// `invalid-type` with the byte offset of the fault.
pub fn parse_type(text: &str) -> Result<DataType, Failure> {
    if text.len() > MAX_TEXT {
        let message = format!("a type has at most {MAX_TEXT} bytes of text, this one has {}", text.len());
        return Err(Failure::invalid_config("invalid-type", message).with_offset(0));
    }
    let mut parser = Parser { text, at: 0 };
    let parsed = parser.data_type(1)?;
    parser.skip_space();
    if parser.at < text.len() {
        return Err(parser.fault("expected the end of the type"));
    }
    Ok(parsed)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn fault(&self, expected: &str) -> Failure {
        let rest: String = self.rest().chars().take(24).collect();
        let found = if rest.is_empty() { "the end".to_owned() } else { format!("`{rest}`") };
        self.fault_at(self.at, format!("{expected}, found {found}"))
    }

    fn fault_at(&self, at: usize, message: String) -> Failure {
        Failure::invalid_config("invalid-type", message)
            .with_offset(u32::try_from(at).unwrap_or(u32::MAX))
            .with_help("types are written like int64, float64, utf8, timestamp[UTC], decimal(38,10), list<utf8>")
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, token: char) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len_utf8();
        }
        found
    }

    fn expect(&mut self, token: char) -> Result<(), Failure> {
        if self.eat(token) { Ok(()) } else { Err(self.fault(&format!("expected `{token}`"))) }
    }

    /// Letters, digits, `_`, `-` and the `/`, `+`, `:` of zone names where `zone` says so.
    fn word(&mut self, zone: bool) -> &'a str {
        self.skip_space();
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-' || zone && matches!(c, '/' | '+' | ':')))
            .unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or("")
    }

    /// Takes the words if all of them follow, in any case of letters.
    fn eat_words(&mut self, words: &[&str]) -> bool {
        let start = self.at;
        let all = words.iter().all(|word| self.word(false).eq_ignore_ascii_case(word));
        if !all {
            self.at = start;
        }
        all
    }

    /// Whatever stands between double quotes, a doubled one standing for itself.
    fn quoted(&mut self) -> Result<String, Failure> {
        self.expect('"')?;
        let mut name = String::new();
        loop {
            let Some(end) = self.rest().find('"') else { return Err(self.fault("expected a closing `\"`")) };
            name.push_str(self.rest().get(..end).unwrap_or(""));
            self.at += end + 1;
            if !self.rest().starts_with('"') {
                return Ok(name);
            }
            name.push('"');
            self.at += 1;
        }
    }

    fn integer<T: std::str::FromStr>(&mut self) -> Result<T, Failure> {
        self.skip_space();
        let start = self.at;
        let word = self.word(false);
        word.parse().map_err(|_| self.fault_at(start, format!("expected a number, found `{word}`")))
    }

    /// The opening bracket that follows, if any, as the closing one it needs.
    fn open(&mut self) -> Option<char> {
        [('<', '>'), ('(', ')'), ('[', ']')].into_iter().find(|(open, _)| self.eat(*open)).map(|(_, close)| close)
    }

    fn data_type(&mut self, depth: usize) -> Result<DataType, Failure> {
        if depth > MAX_DEPTH {
            return Err(self.fault_at(self.at, format!("a type has at most {MAX_DEPTH} levels")));
        }
        let mut parsed = self.one_type(depth)?;
        loop {
            let start = self.at;
            if !(self.eat('[') && self.eat(']')) {
                self.at = start;
                return Ok(parsed);
            }
            if depth + super::depth(&parsed) > MAX_DEPTH {
                return Err(self.fault_at(start, format!("a type has at most {MAX_DEPTH} levels")));
            }
            parsed = DataType::List(Arc::new(Field::new_list_field(parsed, true)));
        }
    }

    fn one_type(&mut self, depth: usize) -> Result<DataType, Failure> {
        self.skip_space();
        let start = self.at;
        let word = self.word(false);
        let name: String = word.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect();
        if let Some(simple) = simple_type(&name) {
            if matches!(name.as_str(), "varchar" | "char" | "character") {
                self.eat_words(&["varying"]);
                self.ignored_length()?;
            }
            return Ok(simple);
        }
        Ok(match name.as_str() {
            "double" => {
                self.eat_words(&["precision"]);
                DataType::Float64
            }
            "timestamp" => self.timestamp()?,
            "time" | "time32" | "time64" => match self.unit_in_brackets()?.unwrap_or(TimeUnit::Microsecond) {
                unit @ (TimeUnit::Second | TimeUnit::Millisecond) => DataType::Time32(unit),
                unit => DataType::Time64(unit),
            },
            "duration" => DataType::Duration(self.unit_in_brackets()?.unwrap_or(TimeUnit::Microsecond)),
            "interval" => self.interval()?,
            "decimal" | "numeric" | "decimal128" | "decimal256" | "decimal32" | "decimal64" => {
                self.decimal(&name, start)?
            }
            "fixedsizebinary" => {
                let close = self.open().ok_or_else(|| self.fault("expected `(` and a number of bytes"))?;
                let width: i32 = self.integer()?;
                self.expect(close)?;
                if width < 0 {
                    return Err(self.fault_at(start, "a width is not negative".to_owned()));
                }
                DataType::FixedSizeBinary(width)
            }
            "list" | "largelist" | "listview" | "largelistview" | "fixedsizelist" => self.list(&name, depth)?,
            "struct" => self.structure(depth)?,
            "map" => self.map(depth)?,
            "dictionary" => self.dictionary(depth)?,
            "" => return Err(self.fault("expected a type")),
            _ => return Err(self.unknown(start, word)),
        })
    }

    fn unknown(&self, start: usize, word: &str) -> Failure {
        let shown: String = word.chars().take(40).collect();
        self.fault_at(start, format!("unknown type `{shown}`"))
    }

    /// `varchar(20)`: SQL's length is read and, as in DuckDB, means nothing.
    fn ignored_length(&mut self) -> Result<(), Failure> {
        if self.eat('(') {
            self.integer::<u32>()?;
            self.expect(')')?;
        }
        Ok(())
    }

    fn unit(&mut self) -> Option<TimeUnit> {
        let start = self.at;
        let unit = match self.word(false).to_ascii_lowercase().as_str() {
            "s" | "second" | "seconds" => TimeUnit::Second,
            "ms" | "millisecond" | "milliseconds" => TimeUnit::Millisecond,
            "us" | "µs" | "μs" | "microsecond" | "microseconds" => TimeUnit::Microsecond,
            "ns" | "nanosecond" | "nanoseconds" => TimeUnit::Nanosecond,
            _ => {
                self.at = start;
                return None;
            }
        };
        Some(unit)
    }

    fn unit_in_brackets(&mut self) -> Result<Option<TimeUnit>, Failure> {
        let start = self.at;
        let Some(close) = self.open() else { return Ok(None) };
        if close == ']' && self.eat(']') {
            self.at = start;
            return Ok(None);
        }
        let unit = self.unit().ok_or_else(|| self.fault("expected s, ms, us or ns"))?;
        self.expect(close)?;
        Ok(Some(unit))
    }

    fn timestamp(&mut self) -> Result<DataType, Failure> {
        let start = self.at;
        let mut unit = TimeUnit::Microsecond;
        let mut zone = None;
        if let Some(close) = self.open() {
            if close == ']' && self.eat(']') {
                self.at = start;
                return Ok(DataType::Timestamp(unit, None));
            }
            let named = self.unit();
            unit = named.unwrap_or(unit);
            if named.is_none() || self.eat(',') {
                zone = self.zone()?;
            }
            self.expect(close)?;
        }
        if self.eat_words(&["with", "time", "zone"]) {
            zone = zone.or(Some("UTC".into()));
        } else {
            self.eat_words(&["without", "time", "zone"]);
        }
        Ok(DataType::Timestamp(unit, zone))
    }

    fn zone(&mut self) -> Result<Option<Arc<str>>, Failure> {
        self.skip_space();
        let start = self.at;
        let name = if self.rest().starts_with('"') { self.quoted()? } else { self.word(true).to_owned() };
        if name == "None" {
            return Ok(None);
        }
        zone_name(&name).map(Some).ok_or_else(|| {
            let shown: String = name.chars().take(40).collect();
            self.fault_at(start, format!("unknown time zone `{shown}`, expected a unit or a name like Europe/Paris"))
        })
    }

    fn interval(&mut self) -> Result<DataType, Failure> {
        let start = self.at;
        let Some(close) = self.open() else { return Ok(DataType::Interval(IntervalUnit::MonthDayNano)) };
        if close == ']' && self.eat(']') {
            self.at = start;
            return Ok(DataType::Interval(IntervalUnit::MonthDayNano));
        }
        let start = self.at;
        let unit = match self.word(false).replace('-', "").to_ascii_lowercase().as_str() {
            "yearmonth" => IntervalUnit::YearMonth,
            "daytime" => IntervalUnit::DayTime,
            "monthdaynano" => IntervalUnit::MonthDayNano,
            _ => return Err(self.fault_at(start, "expected year-month, day-time or month-day-nano".to_owned())),
        };
        self.expect(close)?;
        Ok(DataType::Interval(unit))
    }

    fn decimal(&mut self, name: &str, start: usize) -> Result<DataType, Failure> {
        let (mut precision, mut scale) = (18u8, 3i8);
        let before = self.at;
        if let Some(close) = self.open() {
            if close == ']' && self.eat(']') {
                self.at = before;
            } else {
                precision = self.integer()?;
                scale = if self.eat(',') { self.integer()? } else { 0 };
                self.expect(close)?;
            }
        }
        let largest = match name {
            "decimal32" => DECIMAL32_MAX_PRECISION,
            "decimal64" => DECIMAL64_MAX_PRECISION,
            "decimal128" => DECIMAL128_MAX_PRECISION,
            _ => DECIMAL256_MAX_PRECISION,
        };
        check_decimal(precision, scale, largest).map_err(|message| self.fault_at(start, message))?;
        Ok(match name {
            "decimal32" => DataType::Decimal32(precision, scale),
            "decimal64" => DataType::Decimal64(precision, scale),
            "decimal256" => DataType::Decimal256(precision, scale),
            _ if precision > DECIMAL128_MAX_PRECISION => DataType::Decimal256(precision, scale),
            _ => DataType::Decimal128(precision, scale),
        })
    }

    fn nested(&mut self) -> Result<char, Failure> {
        self.open().ok_or_else(|| self.fault("expected `<`"))
    }

    fn list(&mut self, name: &str, depth: usize) -> Result<DataType, Failure> {
        let close = self.nested()?;
        let item = Arc::new(Field::new_list_field(self.data_type(depth + 1)?, true));
        let parsed = match name {
            "list" => DataType::List(item),
            "largelist" => DataType::LargeList(item),
            "listview" => DataType::ListView(item),
            "largelistview" => DataType::LargeListView(item),
            _ => {
                self.expect(',')?;
                let start = self.at;
                let size: i32 = self.integer()?;
                if size < 0 {
                    return Err(self.fault_at(start, "a size is not negative".to_owned()));
                }
                DataType::FixedSizeList(item, size)
            }
        };
        self.expect(close)?;
        Ok(parsed)
    }

    fn structure(&mut self, depth: usize) -> Result<DataType, Failure> {
        let close = self.nested()?;
        let mut fields: Vec<Field> = Vec::new();
        while !self.eat(close) {
            if !fields.is_empty() {
                self.expect(',')?;
            }
            self.skip_space();
            let start = self.at;
            let name = if self.rest().starts_with('"') { self.quoted()? } else { self.word(false).to_owned() };
            if name.is_empty() && self.at == start {
                return Err(self.fault("expected the name of a field"));
            }
            if fields.iter().any(|field| *field.name() == name) {
                return Err(self.fault_at(start, format!("field `{name}` stands twice")));
            }
            // SQL writes `a int64`, the vocabulary `a: int64`.
            self.eat(':');
            fields.push(Field::new(name, self.data_type(depth + 1)?, true));
        }
        Ok(DataType::Struct(Fields::from(fields)))
    }

    fn map(&mut self, depth: usize) -> Result<DataType, Failure> {
        let close = self.nested()?;
        // The entries between a map and its keys are a level too.
        let key = Field::new("key", self.data_type(depth + 2)?, false);
        self.expect(',')?;
        let value = Field::new("value", self.data_type(depth + 2)?, true);
        self.expect(close)?;
        let entries = Field::new("entries", DataType::Struct(Fields::from(vec![key, value])), false);
        Ok(DataType::Map(Arc::new(entries), false))
    }

    fn dictionary(&mut self, depth: usize) -> Result<DataType, Failure> {
        let close = self.nested()?;
        self.skip_space();
        let start = self.at;
        let key = self.data_type(depth + 1)?;
        if !key.is_dictionary_key_type() {
            return Err(self.fault_at(start, "keys of a dictionary are integers".to_owned()));
        }
        self.expect(',')?;
        let value = self.data_type(depth + 1)?;
        self.expect(close)?;
        Ok(DataType::Dictionary(Box::new(key), Box::new(value)))
    }
}

/// A zone name that arrow knows: an IANA name or an offset like `+02:00`.
pub(crate) fn zone_name(name: &str) -> Option<Arc<str>> {
    if name.eq_ignore_ascii_case("utc") || name.eq_ignore_ascii_case("z") {
        return Some("UTC".into());
    }
    name.parse::<Tz>().ok().map(|_| name.into())
}

/// What is asked of precision and scale.
pub(crate) fn check_decimal(precision: u8, scale: i8, largest: u8) -> Result<(), String> {
    if precision == 0 || precision > largest {
        return Err(format!("expected a precision from 1 to {largest}, found {precision}"));
    }
    // Arrow has negative scales, which few of its kernels get right and no text of a number needs.
    if scale < 0 || scale.unsigned_abs() > precision {
        return Err(format!("expected a scale from 0 to the precision {precision}, found {scale}"));
    }
    Ok(())
}

fn simple_type(name: &str) -> Option<DataType> {
    Some(match name {
        "null" => DataType::Null,
        "bool" | "boolean" | "logical" => DataType::Boolean,
        "int8" | "tinyint" => DataType::Int8,
        "int16" | "smallint" | "int2" | "short" => DataType::Int16,
        "int32" | "integer" | "int" | "int4" => DataType::Int32,
        "int64" | "bigint" | "long" => DataType::Int64,
        "uint8" | "utinyint" => DataType::UInt8,
        "uint16" | "usmallint" => DataType::UInt16,
        "uint32" | "uinteger" => DataType::UInt32,
        "uint64" | "ubigint" => DataType::UInt64,
        "float16" | "halffloat" => DataType::Float16,
        "float32" | "float" | "float4" | "real" => DataType::Float32,
        "float64" | "float8" => DataType::Float64,
        "utf8" | "text" | "string" | "varchar" | "char" | "character" | "bpchar" => DataType::Utf8,
        "largeutf8" | "largestring" => DataType::LargeUtf8,
        "utf8view" | "stringview" => DataType::Utf8View,
        "binary" | "bytea" | "blob" | "varbinary" => DataType::Binary,
        "largebinary" => DataType::LargeBinary,
        "binaryview" => DataType::BinaryView,
        "date" | "date32" => DataType::Date32,
        "date64" => DataType::Date64,
        "datetime" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "timestamptz" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "timestamps" => DataType::Timestamp(TimeUnit::Second, None),
        "timestampms" => DataType::Timestamp(TimeUnit::Millisecond, None),
        "timestampns" => DataType::Timestamp(TimeUnit::Nanosecond, None),
        _ => return None,
    })
}
