//! What a case expects besides its output.

use crate::document::{Data, Item};
use crate::limits::bytes;
use crate::reader::{Report, Section, wrong_type};
use crate::value::{Table, Value};

/// `budget`: a case fails above it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Units of fuel, of all calls together.
    pub fuel: Option<u64>,
    /// `memory`: the most that an instance may hold at once, in bytes.
    pub memory_bytes: Option<u64>,
}

impl Budget {
    pub(super) fn read(s: &mut Section, report: &mut Report<'_>) -> Budget {
        let Some(mut section) = s.section("budget", report) else { return Budget::default() };
        let fuel = section.integer("fuel", 1, i64::MAX, report).and_then(|fuel| u64::try_from(fuel).ok());
        let memory_bytes = bytes(&mut section, "memory", report).map(|bytes| bytes.0);
        section.finish(report);
        Budget { fuel, memory_bytes }
    }

    /// What this one does not say, from another.
    pub(super) fn or(self, other: Budget) -> Budget {
        Budget { fuel: self.fuel.or(other.fuel), memory_bytes: self.memory_bytes.or(other.memory_bytes) }
    }
}

/// `error`: what the problem has to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpectedError {
    /// `code`, exactly.
    pub code: Option<String>,
    /// Text in the message.
    pub message: Option<String>,
    /// Text in the help.
    pub help: Option<String>,
}

impl ExpectedError {
    pub(super) fn read(item: Item, report: &mut Report<'_>) -> Option<ExpectedError> {
        if let Data::Text(text) = item.data {
            return Some(ExpectedError { message: Some(text.text), ..ExpectedError::default() });
        }
        let mut section = Section::of("`error`".to_owned(), item, report)?;
        let mut part = |key: &'static str| section.text(key, report).map(|text| text.value);
        let read = ExpectedError { code: part("code"), message: part("message"), help: part("help") };
        section.finish(report);
        Some(read)
    }
}

/// One entry of `rejected`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpectedRejection {
    /// The row, or some of its columns; `None`: any.
    pub row: Option<Table>,
    /// Text in the reason.
    pub reason: Option<String>,
}

impl ExpectedRejection {
    pub(super) fn read_all(s: &mut Section, report: &mut Report<'_>) -> Vec<ExpectedRejection> {
        let mut read = Vec::new();
        for mut section in s.sections("rejected", "an entry of `rejected`", report) {
            let row = section.table("row", report);
            let reason = section.text("reason", report).map(|text| text.value);
            section.finish(report);
            read.push(ExpectedRejection { row, reason });
        }
        read
    }
}

/// One entry of `logs`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpectedLog {
    /// `trace`, `debug`, `info`, `warn` or `error`; `None`: any.
    pub level: Option<&'static str>,
    /// Text in the message.
    pub message: String,
}

const LEVELS: [(&str, &str); 5] =
    [("trace", "trace"), ("debug", "debug"), ("info", "info"), ("warn", "warn"), ("error", "error")];

impl ExpectedLog {
    pub(super) fn read_all(s: &mut Section, report: &mut Report<'_>) -> Vec<ExpectedLog> {
        if !s.has("logs") {
            return Vec::new();
        }
        let mut read = Vec::new();
        for item in s.list("logs", report).unwrap_or_default() {
            match item.data {
                Data::Text(text) => read.push(ExpectedLog { level: None, message: text.text }),
                Data::Table(_) => {
                    let Some(mut section) = Section::of("an entry of `logs`".to_owned(), item, report) else {
                        continue;
                    };
                    let level = section.choice("level", &LEVELS, report);
                    let message = section.required("message", report).map(|text| text.value).unwrap_or_default();
                    section.finish(report);
                    read.push(ExpectedLog { level, message });
                }
                other => wrong_type("an entry of logs", "text or a table", item.spot, &other, report),
            }
        }
        read
    }
}

/// A value as it is written in TOML, on one line.
pub fn to_toml(value: &Value) -> String {
    match value {
        Value::Text { text, .. } => quoted(text),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) if number.is_nan() => "nan".to_owned(),
        Value::Float(number) if number.is_infinite() => if *number > 0.0 { "inf" } else { "-inf" }.to_owned(),
        Value::Float(number) => format!("{number:?}"),
        Value::Boolean(value) => value.to_string(),
        Value::Datetime(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(to_toml).collect::<Vec<_>>().join(", ")),
        Value::Table(table) if table.is_empty() => "{}".to_owned(),
        Value::Table(table) => {
            let entries = table.iter().map(|(key, value)| format!("{} = {}", toml_key(key), to_toml(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A key as it is written in TOML.
pub fn toml_key(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { key.to_owned() } else { quoted(key) }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() || crate::steers(control) => {
                out.push_str(&format!("\\U{:08x}", u32::from(control)));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
