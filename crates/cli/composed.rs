//! A pipeline's TOML that was made from a command line, and the way back from places in it to what was typed.

use std::ops::Range;

use jackfield_manifest::{LINE_LIMIT, Location, Problem};

/// Something that was typed.
#[derive(Debug, Clone)]
struct Typed {
    /// What messages call it, such as `step 2`. `None`: messages name it themselves.
    name: Option<String>,
    text: String,
}

/// Part of something that was typed: the number of the argument and its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) argument: usize,
    pub(crate) bytes: Range<usize>,
}

impl Origin {
    /// Some bytes of this part, counted from its start.
    pub(crate) fn part(&self, bytes: Range<usize>) -> Origin {
        let start = self.bytes.start;
        Origin { argument: self.argument, bytes: start + bytes.start..start + bytes.end }
    }
}

/// Bytes of the TOML and what they stand for.
#[derive(Debug)]
struct Span {
    bytes: Range<usize>,
    origin: Origin,
    /// For each character, where it starts in the TOML and in what was typed; empty where only the whole corresponds.
    characters: Vec<(usize, usize)>,
}

/// A value to be written as TOML, with where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Text.
    Text(String, Origin),
    /// A number or a boolean as TOML writes it, or a whole list or table that was typed as TOML.
    Plain(String, Origin),
    /// A list.
    List(Vec<Value>),
    /// A table: keys, where they come from, values.
    Table(Vec<(String, Origin, Value)>),
}

/// The TOML, and the map of it.
#[derive(Debug, Default)]
pub(crate) struct Composed {
    text: String,
    typed: Vec<Typed>,
    spans: Vec<Span>,
}

impl Composed {
    /// The TOML.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Notes an argument; the whole of it. Without a name, messages do not point into it.
    pub(crate) fn typed(&mut self, name: Option<&str>, text: &str) -> Origin {
        self.typed.push(Typed { name: name.map(str::to_owned), text: text.to_owned() });
        Origin { argument: self.typed.len() - 1, bytes: 0..text.len() }
    }

    /// Writes TOML that stands for nothing that was typed.
    pub(crate) fn raw(&mut self, toml: &str) {
        self.text.push_str(toml);
    }

    /// Everything that `write` writes stands for `origin`, where nothing in it stands for a part.
    pub(crate) fn region(&mut self, origin: Origin, write: impl FnOnce(&mut Composed)) {
        let start = self.text.len();
        write(self);
        self.spans.push(Span { bytes: start..self.text.len(), origin, characters: Vec::new() });
    }

    /// Writes a line `key = value`.
    pub(crate) fn entry(&mut self, key: &str, value: &Value) {
        self.raw(&written_key(key));
        self.raw(" = ");
        self.value(value);
        self.raw("\n");
    }

    /// Writes a line `key = "text"`.
    pub(crate) fn text_entry(&mut self, key: &str, text: &str, origin: Origin) {
        self.entry(key, &Value::Text(text.to_owned(), origin));
    }

    /// Writes a table: on one line with `key` in front if it is short, else below a header of its own.
    pub(crate) fn table(&mut self, path: &str, key: &str, entries: &[(String, Origin, Value)]) {
        match entries {
            [] => {}
            [(name, origin, value)] => {
                self.raw(&format!("{key} = "));
                self.value(&Value::Table(vec![(name.clone(), origin.clone(), value.clone())]));
                self.raw("\n");
            }
            _ => {
                self.raw(&format!("\n[{path}.{key}]\n"));
                for (name, origin, value) in entries {
                    self.key(name, origin);
                    self.raw(" = ");
                    self.value(value);
                    self.raw("\n");
                }
            }
        }
    }

    fn key(&mut self, key: &str, origin: &Origin) {
        let start = self.text.len();
        self.raw(&written_key(key));
        self.spans.push(Span { bytes: start..self.text.len(), origin: origin.clone(), characters: Vec::new() });
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Text(text, origin) => self.quoted(text, origin),
            // What was typed is no template: variables are the shell's.
            Value::Plain(toml, origin) => self.mapped(toml, origin, |rest, character, out| match character {
                '$' if rest.starts_with("${") => out.push_str("$$"),
                other => out.push(other),
            }),
            Value::List(items) => {
                self.raw("[");
                for (number, item) in items.iter().enumerate() {
                    self.raw(if number > 0 { ", " } else { "" });
                    self.value(item);
                }
                self.raw("]");
            }
            Value::Table(entries) => {
                self.raw("{ ");
                for (number, (name, origin, value)) in entries.iter().enumerate() {
                    self.raw(if number > 0 { ", " } else { "" });
                    self.key(name, origin);
                    self.raw(" = ");
                    self.value(value);
                }
                self.raw(" }");
            }
        }
    }

    /// Writes a text. Of the two kinds of quotes the one that needs no escapes, if there is one.
    fn quoted(&mut self, text: &str, origin: &Origin) {
        let literal = text.contains(['"', '\\']) && !text.contains('\'') && !text.contains(char::is_control);
        let quote = if literal { "'" } else { "\"" };
        let start = self.text.len();
        self.raw(quote);
        self.mapped(text, origin, |rest, character, out| match character {
            '$' if rest.starts_with("${") => out.push_str("$$"),
            other if literal => out.push(other),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            other if other.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(other))),
            other => out.push(other),
        });
        self.raw(quote);
        self.spans.push(Span { bytes: start..self.text.len(), origin: origin.clone(), characters: Vec::new() });
    }

    /// Writes a text character by character; each stands for its own of what was typed, if that is the same text.
    fn mapped(&mut self, text: &str, origin: &Origin, escape: impl Fn(&str, char, &mut String)) {
        let same = self.slice(origin) == Some(text);
        let start = self.text.len();
        let mut characters = Vec::new();
        for (offset, character) in text.char_indices() {
            characters.push((self.text.len(), origin.bytes.start + offset));
            escape(text.get(offset..).unwrap_or_default(), character, &mut self.text);
        }
        characters.push((self.text.len(), origin.bytes.end));
        let characters = if same { characters } else { Vec::new() };
        self.spans.push(Span { bytes: start..self.text.len(), origin: origin.clone(), characters });
    }

    fn slice(&self, origin: &Origin) -> Option<&str> {
        self.typed.get(origin.argument)?.text.get(origin.bytes.clone())
    }

    /// The place of something that was typed, for messages; `None` where messages name the argument themselves.
    pub(crate) fn place(&self, origin: &Origin) -> Option<Location> {
        let typed = self.typed.get(origin.argument)?;
        let file = typed.name.clone()?;
        let before = typed.text.get(..origin.bytes.start)?;
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = typed.text.get(line_start..)?.lines().next().unwrap_or_default();
        let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let meant = typed.text.get(origin.bytes.clone()).unwrap_or_default().lines().next().unwrap_or_default();
        Some(Location {
            file,
            line: u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX).saturating_add(1),
            column: count(typed.text.get(line_start..origin.bytes.start)?) + 1,
            text: line.chars().take(LINE_LIMIT).collect(),
            length: count(meant).max(1),
        })
    }

    /// A problem of the TOML as a problem of the command line. `file` is what the TOML was called.
    pub(crate) fn told(&self, file: &str, mut problem: Problem) -> Problem {
        if let Some(location) = &problem.location
            && location.file == file
            && self
                .text
                .lines()
                .nth(location.line.saturating_sub(1) as usize)
                .is_some_and(|line| line.chars().take(LINE_LIMIT).eq(location.text.chars()))
        {
            problem.location = self.back(location).and_then(|origin| self.place(&origin));
        }
        let ends = if problem.message.starts_with("sink.") { "--to" } else { "--from" };
        problem.help = problem.help.map(|help| in_words_of_the_command_line(&help).replace("--from or --to", ends));
        problem
    }

    /// What a place in the TOML stands for.
    fn back(&self, location: &Location) -> Option<Origin> {
        let line_start: usize =
            self.text.split_inclusive('\n').take(location.line.saturating_sub(1) as usize).map(str::len).sum();
        let line = self.text.get(line_start..)?.lines().next().unwrap_or_default();
        let byte = |characters: usize| line.char_indices().nth(characters).map_or(line.len(), |(byte, _)| byte);
        let column = location.column.saturating_sub(1) as usize;
        let start = line_start + byte(column);
        let end = line_start + byte(column + location.length.max(1) as usize);
        let holds = |span: &&Span| span.bytes.start <= start && start < span.bytes.end.max(span.bytes.start + 1);
        // The narrowest span around it; one that only touches its end is no better than the whole.
        let span = self.spans.iter().filter(holds).min_by_key(|span| span.bytes.len())?;
        if span.characters.is_empty() {
            return Some(span.origin.clone());
        }
        let typed_at = |byte: usize| {
            let after = span.characters.partition_point(|(written, _)| *written <= byte);
            span.characters.get(after.saturating_sub(1)).map(|(_, typed)| *typed)
        };
        let first = typed_at(start)?;
        let last = if end >= span.bytes.end { span.origin.bytes.end } else { typed_at(end)? };
        Some(Origin { argument: span.origin.argument, bytes: first..last.max(first) })
    }
}

/// A key as TOML writes it.
fn written_key(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) {
        return key.to_owned();
    }
    let mut out = String::from("\"");
    for character in key.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            other if other.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(other))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// Help that speaks of a pipeline file, in words of the command line.
pub(crate) fn in_words_of_the_command_line(help: &str) -> String {
    const WORDS: &[(&str, &str)] = &[
        (
            "paths are relative to the pipeline file; check the name, or create the file first",
            "check the name, or create the file first",
        ),
        ("say if-exists = \"replace\"", "say --if-exists replace"),
        (
            "say on-error = \"skip\" or { dead-letter = \"FILE\" } for this node to go on without such rows",
            "say --on-error skip or --dead-letter FILE to go on without such rows",
        ),
        ("`ragged = \"pad\"` fills", "--option ragged=pad fills"),
        ("`skip-rows` and `comment` leave out", "--option skip-rows=N and comment=C leave out"),
        ("`on-error` can skip rows", "--on-error skip leaves such rows out"),
        (
            "say schema-drift = \"union\" or \"cast\", or read the files as sources of their own",
            "say --schema-drift union or cast, or read the files one by one",
        ),
        ("choose another name for file-name-column", "choose another name for --file-name-column"),
        ("say format = \"…\"", "say it with --from or --to"),
        ("give the types in `schema`", "give the types with --schema"),
        ("tell the column's type with `schema`", "tell the column's type with --schema"),
        ("let more rows decide with `infer-rows`", "let more rows decide with --option infer-rows=all"),
        ("check the option `delimiter`", "check --option delimiter="),
    ];
    let mut help = help.to_owned();
    for (written, typed) in WORDS {
        help = help.replace(written, typed);
    }
    for (written, typed) in [("say format = ", "say --from "), ("say codec = ", "say --from-codec ")] {
        if let Some((head, rest)) = help.split_once(written)
            && let Some((value, rest)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'))
        {
            help = format!("{head}{typed}{value}{rest}");
        }
    }
    if let Some((head, rest)) = help.split_once("say options = { ")
        && let Some((option, rest)) = rest.split_once(" } for the source")
        && let Some((key, value)) = option.split_once(" = ")
    {
        let value = value.trim_matches(['[', ']']).replace("\", \"", ",").replace('"', "");
        help = format!("{head}say --option {key}={value}{rest}");
    }
    help
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_back_to_what_was_typed() {
        let mut composed = Composed::default();
        let step = composed.typed(Some("step 1"), "filter a = 'ö\"x' and b");
        composed.region(step.clone(), |out| {
            out.raw("[node.filter]\ntype = \"filter\"\n");
            let value = Value::Text("a = 'ö\"x' and b".to_owned(), step.part(7..step.bytes.end));
            out.table("node.filter", "params", &[("where".to_owned(), step.part(0..6), value)]);
        });
        assert_eq!(composed.text(), "[node.filter]\ntype = \"filter\"\nparams = { where = \"a = 'ö\\\"x' and b\" }\n");
        let text = "params = { where = \"a = 'ö\\\"x' and b\" }";
        let at = |column, length| Location { file: "pipe".into(), line: 3, column, text: text.into(), length };
        let told = |location| composed.told("pipe", Problem::error("syntax", "x").at(Some(location))).location.unwrap();
        // The b at the end stands behind an escape.
        let column = text.chars().count() as u32 - 3;
        let place = told(at(column, 1));
        assert_eq!((place.file.as_str(), place.line, place.column, place.length), ("step 1", 1, 22, 1));
        let place = told(at(12, 5));
        assert_eq!((place.column, place.length), (1, 6));
        let place = told(at(1, 6));
        assert_eq!((place.column, place.length), (1, 22), "the whole step");
    }

    #[test]
    fn templates_are_no_variables() {
        let mut composed = Composed::default();
        let path = composed.typed(None, "${HOME}/a.csv");
        composed.text_entry("path", "${HOME}/a.csv", path);
        assert_eq!(composed.text(), "path = \"$${HOME}/a.csv\"\n");
    }
}
