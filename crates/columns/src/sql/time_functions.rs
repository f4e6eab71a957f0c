//! Functions of dates and timestamps.

use arrow::datatypes::{DataType, TimeUnit};
use sqlparser::ast::{BinaryOperator, Expr};

use super::coerce::Class;
use super::resolve::{Resolver, mismatch};
use super::text::syntax;
use super::tree::{Node, Typed};
use crate::Failure;
use crate::compute::{self, Scalar};

/// The parts of dates by the names that SQL has for them, and their kernels.
const PARTS: &[(&[&str], &str)] = &[
    (&["year", "years", "y", "yr"], "year"),
    (&["quarter", "quarters"], "quarter"),
    (&["month", "months", "mon", "mons"], "month"),
    (&["week", "weeks", "w"], "iso_week"),
    (&["isoyear"], "iso_year"),
    (&["day", "days", "d", "dayofmonth"], "day"),
    (&["dow", "dayofweek", "weekday"], "dow"),
    (&["isodow"], "isodow"),
    (&["doy", "dayofyear"], "day_of_year"),
    (&["hour", "hours", "h", "hr"], "hour"),
    (&["minute", "minutes", "m", "min", "mins"], "minute"),
    (&["second", "seconds", "s", "sec", "secs"], "second"),
    (&["millisecond", "milliseconds", "ms"], "millisecond"),
    (&["microsecond", "microseconds", "us"], "microsecond"),
    (&["epoch"], "epoch"),
];

fn part_named(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    PARTS.iter().find(|(names, _)| names.contains(&name.as_str())).map(|(_, part)| *part)
}

/// A format with each `%x` replaced by what `of` says about it and the text before it; `%%` stays.
fn rewritten(format: &str, mut of: impl FnMut(char, &mut String) -> bool) -> String {
    let mut out = String::with_capacity(format.len());
    let mut rest = format.chars();
    while let Some(next) = rest.next() {
        if next != '%' {
            out.push(next);
            continue;
        }
        match rest.next() {
            Some(field) if of(field, &mut out) => {}
            Some(field) => out.extend(['%', field]),
            None => out.push('%'),
        }
    }
    out
}

/// DuckDB's fields that the kernel `strftime` takes for something else.
fn written_format(format: &str, data_type: &DataType) -> String {
    let utc = matches!(data_type, DataType::Timestamp(_, Some(zone)) if ["UTC", "Z", "+00:00", "Etc/UTC"].contains(&zone.as_ref()));
    rewritten(format, |field, out| {
        out.push_str(match field {
            'f' => "%6f",
            'g' => "%3f",
            'n' => "%9f",
            'c' => "%Y-%m-%d %H:%M:%S",
            'x' => "%Y-%m-%d",
            'X' => "%H:%M:%S",
            'Z' if utc => "UTC",
            'z' if utc => "+00",
            _ => return false,
        });
        true
    })
}

/// Likewise for `strptime`. Behind a point a fraction has as many digits as there are.
fn read_format(format: &str) -> String {
    rewritten(format, |field, out| {
        if "fgn".contains(field) && out.ends_with('.') {
            out.pop();
            out.push_str("%.f");
            return true;
        }
        out.push_str(match field {
            'f' => "%6f",
            'g' => "%3f",
            'n' => "%9f",
            _ => return false,
        });
        true
    })
}

const MICROS: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

impl Resolver<'_> {
    pub(super) fn time_function(&mut self, name: &str, arguments: Vec<Typed>, at: u32) -> Result<Typed, Failure> {
        match name {
            "now" | "current_timestamp" | "today" => {
                let [] = self.exactly(name, arguments, at)?;
                let now = chrono::DateTime::from_timestamp_micros(self.context.now_micros).unwrap_or_default();
                if name == "today" {
                    let scalar = Scalar::Typed(DataType::Date32, now.format("%Y-%m-%d").to_string());
                    return Ok(Typed::leaf(Node::Literal(scalar), DataType::Date32, at));
                }
                let to = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
                let scalar = Scalar::Typed(to.clone(), now.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string());
                Ok(Typed::leaf(Node::Literal(scalar), to, at))
            }
            "date_part" | "datepart" => {
                let [part, value] = self.exactly(name, arguments, at)?;
                let part_at = part.offset;
                let part = self.constant_text(name, &part)?.to_owned();
                self.date_part(&part, value, part_at)
            }
            "date_trunc" | "datetrunc" => {
                let [part, value] = self.exactly(name, arguments, at)?;
                self.date_trunc(name, &part, value, at)
            }
            "date_diff" | "datediff" => {
                let [part, from, to] = self.exactly(name, arguments, at)?;
                self.date_diff(name, &part, from, to, at)
            }
            "strftime" => {
                let [value, format] = self.exactly(name, arguments, at)?;
                // DuckDB takes both orders.
                let (value, format) = if value.literal_text().is_some() && format.literal_text().is_none() {
                    (format, value)
                } else {
                    (value, format)
                };
                let value = self.temporal_value(name, value)?;
                let format_at = format.offset;
                let format = written_format(self.constant_text(name, &format)?, &value.data_type);
                let options = serde_json::json!({ "format": format }).to_string();
                self.kernel("strftime", vec![value], options, at).map_err(|failure| failure.with_offset(format_at))
            }
            "strptime" => {
                let [value, format] = self.exactly(name, arguments, at)?;
                let value = self.text(name, value)?;
                let format_at = format.offset;
                let format = read_format(self.constant_text(name, &format)?);
                let options = serde_json::json!({ "format": format }).to_string();
                self.kernel("strptime", vec![value], options, at).map_err(|failure| failure.with_offset(format_at))
            }
            part => {
                let [value] = self.exactly(name, arguments, at)?;
                self.date_part(part, value, at)
            }
        }
    }

    /// # Errors
    /// `type-mismatch` where the value is no date and no timestamp.
    fn temporal_value(&mut self, name: &str, value: Typed) -> Result<Typed, Failure> {
        match Class::of(&value.data_type) {
            Class::Date | Class::Timestamp | Class::Time => Ok(value),
            Class::Null => self.cast(value, &MICROS),
            Class::Text => {
                let message = format!("`{name}` takes a date or timestamp: {}", value.describe(self.schema));
                let help = "convert it, as in CAST(x AS timestamp), or read it with strptime(x, '%Y-%m-%d')";
                Err(mismatch(message, value.offset).with_help(help))
            }
            _ => {
                let message = format!("`{name}` takes a date or timestamp: {}", value.describe(self.schema));
                Err(mismatch(message, value.offset))
            }
        }
    }

    fn unknown_part(&self, part: &str, at: u32) -> Failure {
        let known: Vec<&str> = PARTS.iter().filter_map(|(names, _)| names.first().copied()).collect();
        let shown: String = part.chars().take(40).collect();
        Failure::invalid_config("unknown-function", format!("there is no part of a date called '{shown}'"))
            .with_offset(at)
            .with_help(format!("the parts are {}", known.join(", ")))
    }

    /// A part of a date or timestamp, as int64; `epoch` in seconds, as float64.
    ///
    /// # Errors
    /// `unknown-function` for an unknown part, `type-mismatch`.
    /// `x AT TIME ZONE 'zone'`: of a plain timestamp the moment at which the zone's clocks show it, of a moment what they
    /// show.
    pub(super) fn at_time_zone(&mut self, timestamp: &Expr, zone: &Expr) -> Result<Typed, Failure> {
        let (value, zone) = (self.resolve(timestamp)?, self.resolve(zone)?);
        let (at, zone_at) = (value.offset, zone.offset);
        let zone = self.constant_text("AT TIME ZONE", &zone)?.to_owned();
        let value = match Class::of(&value.data_type) {
            Class::Date | Class::Null => self.cast(value, &MICROS)?,
            _ => value,
        };
        let options = serde_json::json!({ "timezone": zone }).to_string();
        // Names that are no zone have one message.
        compute::result_type("assume_timezone", &[MICROS], &options)
            .map_err(|failure| Failure { parameter: None, ..failure }.with_offset(zone_at))?;
        match value.data_type.clone() {
            DataType::Timestamp(_, None) => self.kernel("assume_timezone", vec![value], options, at),
            DataType::Timestamp(unit, Some(_)) => {
                let there = self.cast(value, &DataType::Timestamp(unit, Some(zone.into())))?;
                self.kernel("local_timestamp", vec![there], String::new(), at)
            }
            _ => {
                let message = format!("AT TIME ZONE takes a timestamp: {}", value.describe(self.schema));
                Err(mismatch(message, at).with_help("convert it, as in CAST(x AS timestamp)"))
            }
        }
    }

    pub(super) fn date_part(&mut self, part: &str, value: Typed, at: u32) -> Result<Typed, Failure> {
        let Some(kernel) = part_named(part) else { return Err(self.unknown_part(part, at)) };
        let value = self.temporal_value(part, value)?;
        let in_day = ["hour", "minute", "second", "millisecond", "microsecond", "epoch"].contains(&kernel);
        let value =
            if in_day && Class::of(&value.data_type) == Class::Date { self.cast(value, &MICROS)? } else { value };
        let of_week =
            |first: bool| serde_json::json!({ "count_from_zero": first, "week_start": if first { 7 } else { 1 } });
        let number = match kernel {
            "dow" => self.kernel("day_of_week", vec![value], of_week(true).to_string(), at)?,
            "isodow" => self.kernel("day_of_week", vec![value], of_week(false).to_string(), at)?,
            // As in DuckDB, these two count from the minute, not from the second.
            "millisecond" | "microsecond" => {
                let micros = self.keep(value);
                let (value, kept) = micros;
                let second = self.date_part("second", value.clone(), at)?;
                let scale = if kernel == "millisecond" { 1_000 } else { 1_000_000 };
                let whole = self.operator(&BinaryOperator::Multiply, second, self.int64(scale, at))?;
                let millis = self.kernel("millisecond", vec![value.clone()], String::new(), at)?;
                let mut sum = if kernel == "millisecond" {
                    self.operator(&BinaryOperator::Plus, whole, millis)?
                } else {
                    let millis = self.operator(&BinaryOperator::Multiply, millis, self.int64(1_000, at))?;
                    let rest = self.kernel("microsecond", vec![value], String::new(), at)?;
                    let sum = self.operator(&BinaryOperator::Plus, whole, millis)?;
                    self.operator(&BinaryOperator::Plus, sum, rest)?
                };
                if let Some(kept) = kept {
                    sum = kept.around(sum)?;
                }
                sum
            }
            "epoch" => return self.kernel("epoch", vec![value], String::new(), at),
            kernel => self.kernel(kernel, vec![value], String::new(), at)?,
        };
        self.cast(number, &DataType::Int64)
    }

    fn int64(&self, value: i64, at: u32) -> Typed {
        Typed::leaf(Node::Literal(Scalar::Int64(value)), DataType::Int64, at)
    }

    fn date_trunc(&mut self, name: &str, part: &Typed, value: Typed, at: u32) -> Result<Typed, Failure> {
        let text = self.constant_text(name, part)?;
        let unit = match part_named(text) {
            Some("iso_week") => "week",
            Some(
                unit @ ("year" | "quarter" | "month" | "day" | "hour" | "minute" | "second" | "millisecond"
                | "microsecond"),
            ) => unit,
            _ => return Err(self.unknown_part(text, part.offset)),
        };
        let value = self.temporal_value(name, value)?;
        // As in DuckDB, what becomes of a date is a timestamp.
        let value = if Class::of(&value.data_type) == Class::Date { self.cast(value, &MICROS)? } else { value };
        let options = serde_json::json!({ "unit": unit }).to_string();
        self.kernel("floor_temporal", vec![value], options, at)
    }

    /// How many beginnings of the unit lie between the two.
    fn date_diff(&mut self, name: &str, part: &Typed, from: Typed, to: Typed, at: u32) -> Result<Typed, Failure> {
        let text = self.constant_text(name, part)?;
        let unit = match part_named(text) {
            Some("iso_week") => "week",
            Some(
                unit @ ("year" | "quarter" | "month" | "day" | "hour" | "minute" | "second" | "millisecond"
                | "microsecond"),
            ) => unit,
            _ => return Err(self.unknown_part(text, part.offset)),
        };
        let (from, to) = match (from.literal_text().is_some(), to.literal_text().is_some()) {
            (true, false) => (self.cast(from, &to.data_type.clone())?, to),
            (false, true) => {
                let kind = from.data_type.clone();
                (from, self.cast(to, &kind)?)
            }
            _ => (from, to),
        };
        let (from, to) = (self.temporal_value(name, from)?, self.temporal_value(name, to)?);
        let (mut sides, shared) = self.unify(&format!("`{name}`"), vec![from, to])?;
        if Class::of(&shared) == Class::Date
            && ["hour", "minute", "second", "millisecond", "microsecond"].contains(&unit)
        {
            sides = sides.into_iter().map(|side| self.cast(side, &MICROS)).collect::<Result<_, _>>()?;
        }
        let [from, to]: [Typed; 2] = sides.try_into().map_err(|_| syntax("an argument is missing").with_offset(at))?;
        // As in DuckDB, weeks are seven days each, while all else counts beginnings.
        let counted = if unit == "week" { "day" } else { unit };
        let between = self.kernel(&format!("{counted}s_between"), vec![from, to], String::new(), at)?;
        let between = self.cast(between, &DataType::Int64)?;
        if unit != "week" {
            return Ok(between);
        }
        let seven = self.int64(7, at);
        self.operator(&BinaryOperator::DuckIntegerDivide, between, seven)
    }
}
