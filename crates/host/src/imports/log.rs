//! Log lines of plugins: bounded in size and rate, and harmless to a terminal.

use std::time::{Duration, Instant};

use crate::bindings::jackfield::plugin::log;
use crate::state::State;
use crate::wasi::escape;
use crate::{Limits, LogLevel, LogLine};

/// Bytes of one line; what is longer is cut.
const LARGEST_LINE: usize = 8 << 10;
/// Fields of one line; further ones are left out.
const MOST_FIELDS: usize = 32;

/// What a store may still log in the present second.
#[derive(Debug)]
pub(crate) struct LogBudget {
    most_lines: u32,
    most_bytes: usize,
    since: Option<Instant>,
    lines: u32,
    bytes: usize,
    dropped: u64,
}

impl LogBudget {
    pub(crate) fn new(limits: &Limits) -> Self {
        let (most_lines, most_bytes) = (limits.log_lines, limits.log_bytes);
        Self { most_lines, most_bytes, since: None, lines: 0, bytes: 0, dropped: 0 }
    }

    /// Whether a line of so many bytes may be written at `now`; and how many were dropped before it.
    fn spend(&mut self, bytes: usize, now: Instant) -> Option<u64> {
        if self.since.is_none_or(|since| now.duration_since(since) >= Duration::from_secs(1)) {
            self.since = Some(now);
            self.lines = 0;
            self.bytes = 0;
        }
        if self.lines >= self.most_lines || self.bytes + bytes > self.most_bytes {
            self.dropped += 1;
            return None;
        }
        self.lines += 1;
        self.bytes += bytes;
        Some(std::mem::take(&mut self.dropped))
    }
}

impl Drop for State {
    /// What was dropped since the last line that was written is told at the end.
    fn drop(&mut self) {
        if self.log.dropped > 0 {
            let (message, fields) = ("log lines were dropped".to_owned(), self.log.dropped.to_string());
            let fields = vec![("dropped-lines".to_owned(), fields)];
            (self.options.log)(LogLine { level: LogLevel::Warn, message, fields, label: self.options.label.clone() });
        }
    }
}

fn bounded(text: &str, room: &mut usize) -> String {
    let mut end = text.len().min(*room);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    *room -= end;
    let mut kept = escape(text.get(..end).unwrap_or_default(), false);
    if end < text.len() {
        kept.push('…');
    }
    kept
}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Trace => LogLevel::Trace,
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        self.account.enter()?;
        // What a language's runtime writes to its standard streams comes in pieces that are no lines, and counts as in
        // WASI: it is kept, and shown if the plugin fails.
        if let [(name, stream)] = fields.as_slice()
            && name == "stream"
            && ["stdout", "stderr"].contains(&stream.as_str())
        {
            self.stderr.push(message.as_bytes());
            return Ok(());
        }
        let mut room = LARGEST_LINE;
        let message = bounded(&message, &mut room);
        let mut kept: Vec<(String, String)> = Vec::new();
        for (name, value) in fields.iter().take(MOST_FIELDS) {
            kept.push((bounded(name, &mut room), bounded(value, &mut room)));
        }
        let Some(dropped) = self.log.spend(LARGEST_LINE - room, Instant::now()) else { return Ok(()) };
        if dropped > 0 {
            kept.push(("dropped-lines".to_owned(), dropped.to_string()));
        }
        (self.options.log)(LogLine { level, message, fields: kept, label: self.options.label.clone() });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_not_written() {
        let mut budget = LogBudget::new(&Limits::default());
        let start = Instant::now();
        let written = (0..1000).filter(|_| budget.spend(10, start).is_some()).count();
        assert_eq!(written, 100);
        assert_eq!(budget.spend(10, start + Duration::from_secs(1)), Some(900));
        assert_eq!(budget.spend(64 << 10, start + Duration::from_secs(1)), None);
    }

    #[test]
    fn long_and_hostile_text_is_cut_and_escaped() {
        let mut room = 5;
        assert_eq!(bounded("ab\r\u{e9}c", &mut room), "ab\\r\u{e9}…");
        assert_eq!(room, 0);
    }
}
