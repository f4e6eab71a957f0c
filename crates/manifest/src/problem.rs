//! What is wrong with a file, and where.

use std::fmt;

/// Whether a problem stops the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Nothing runs.
    Error,
    /// Worth saying, but no reason to stop.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// A place in a text file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file as the caller named it, or `--set` for a value from the command line.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters; 0 where only the line is known.
    pub column: u32,
    /// The offending line without its line ending; cut after [`LINE_LIMIT`] characters.
    pub text: String,
    /// How many characters of the line are meant; at least 1, or 0 where only the line is known.
    pub length: u32,
}

impl Location {
    /// A line of a data file, as it is there, perhaps with further lines behind it.
    pub fn of_line(file: impl Into<String>, line: u64, raw: &[u8]) -> Self {
        let text = String::from_utf8_lossy(raw);
        let text = text.lines().next().unwrap_or_default().chars().take(LINE_LIMIT).collect();
        Location { file: file.into(), line: u32::try_from(line).unwrap_or(u32::MAX), column: 0, text, length: 0 }
    }
}

/// What [`Location::text`] holds at most, in characters.
pub const LINE_LIMIT: usize = 1000;

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable kebab-case code, as listed in `docs/`.
    pub code: String,
    /// Whether it stops the work.
    pub severity: Severity,
    /// Lower case, no full stop.
    pub message: String,
    /// Where, if there is a place.
    pub location: Option<Location>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// An error without a place and without help.
    pub fn error(code: &str, message: impl Into<String>) -> Self {
        Problem { code: code.into(), severity: Severity::Error, message: message.into(), location: None, help: None }
    }

    /// A warning without a place and without help.
    pub fn warning(code: &str, message: impl Into<String>) -> Self {
        Problem { severity: Severity::Warning, ..Problem::error(code, message) }
    }

    /// The same problem at a place.
    #[must_use]
    pub fn at(mut self, location: Option<Location>) -> Self {
        self.location = location;
        self
    }

    /// The same problem with a line that says what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what else to do, behind what is said already.
    pub fn add_help(&mut self, more: &str) {
        self.help = Some(match self.help.take() {
            Some(help) => format!("{help}; {more}"),
            None => more.to_owned(),
        });
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render(self))
    }
}

/// Characters of the offending line that [`render`] shows at most.
const SHOWN: usize = 160;

/// The plain text form of a problem, without a final line break:
///
/// ```text
/// error[unknown-key]: unknown key `typo` in source `a`
///   --> pipeline.toml:3:1
///    |
///  3 | typo = 1
///    | ^^^^
/// help: did you mean `type`?
/// ```
///
/// Control characters are replaced, so that no file can drive the terminal it is shown on.
pub fn render(problem: &Problem) -> String {
    let (code, message) = (printable(&problem.code), harmless(&problem.message));
    let mut out = format!("{}[{code}]: {message}", problem.severity);
    if let Some(location) = &problem.location {
        let Location { file, line, column, text, length } = location;
        out.push_str(&format!("\n  --> {}:{line}", harmless(file)));
        let gutter = " ".repeat(line.to_string().len() + 1);
        let (shown, before, marked) = window(text, *column as usize, *length as usize);
        if *column > 0 {
            out.push_str(&format!(":{column}"));
        }
        if !shown.is_empty() {
            out.push_str(&format!("\n{gutter} |\n {line} | {}", harmless(&shown)));
        }
        if *column > 0 && !shown.is_empty() {
            out.push_str(&format!("\n{gutter} | {before}{}", "^".repeat(marked)));
        }
    }
    if let Some(help) = &problem.help {
        out.push_str(&format!("\nhelp: {}", harmless(help)));
    }
    out
}

/// The part of a line to show, what stands in front of the marks below it (tabs stay tabs), and how many marks there
/// are.
fn window(text: &str, column: usize, length: usize) -> (String, String, usize) {
    let characters: Vec<char> = text.chars().collect();
    let start = column.saturating_sub(1);
    if characters.is_empty() || start > characters.len() {
        return (String::new(), String::new(), 0);
    }
    let from = if characters.len() <= SHOWN { 0 } else { start.saturating_sub(SHOWN / 2) };
    let to = characters.len().min(from + SHOWN);
    let shown = characters.get(from..to).unwrap_or_default().iter().collect();
    let before = characters.get(from..start).unwrap_or_default().iter();
    let before = before.map(|c| if *c == '\t' { '\t' } else { ' ' }).collect();
    (shown, before, length.min(to.saturating_sub(start)).max(1))
}

fn harmless(text: &str) -> String {
    text.chars().map(|c| if steers(c) && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// Whether a character could make a terminal show something else than what stands there: control characters, and those
/// that turn the direction of writing or break lines unseen.
pub fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text on one line with everything that [`steers`] spelled out, as `\u{1b}`: for whatever plugins and files say.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match steers(character) {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown
}
