//! The tree of a document: TOML values, each with its place.

use std::ops::Range;

use indexmap::IndexMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Tables and arrays inside one another at most. Everything that walks the tree may recurse.
const DEEPEST: usize = 64;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) spot: Spot,
    pub(crate) data: Data,
}

#[derive(Clone, Debug)]
pub(crate) enum Data {
    Text(Text),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime(String),
    Array(Vec<Item>),
    Table(Entries),
}

/// A table in the order of the file.
pub(crate) type Entries = IndexMap<String, Entry>;

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Spot,
    pub(crate) item: Item,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    pub(crate) text: String,
    /// It is one whole `${…}` or came from `--set`.
    pub(crate) loose: bool,
    /// What was replaced in it, in order.
    pub(crate) variables: Vec<Variable>,
}

/// A replaced `${…}`, or a `$${` that became `${`.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    /// Bytes of the text as written, escapes undone.
    pub(crate) written: Range<usize>,
    /// Bytes of the text with the value in it.
    pub(crate) replaced: Range<usize>,
}

impl Text {
    /// The bytes of the text as it was before variables were replaced that stand for the byte at `offset`.
    pub(crate) fn before_variables(&self, offset: usize) -> Range<usize> {
        let (mut written, mut replaced) = (0, 0);
        for variable in &self.variables {
            if offset < variable.replaced.start {
                break;
            }
            if variable.replaced.contains(&offset) {
                return variable.written.clone();
            }
            (written, replaced) = (variable.written.end, variable.replaced.end);
        }
        let start = written + offset.saturating_sub(replaced);
        start..start + 1
    }
}

/// Bytes of the file or of a `--set` option.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub(crate) origin: Origin,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    File,
    /// The number of the option.
    Set(usize),
}

impl Data {
    /// The kind of value, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Data::Text(_) => "text",
            Data::Integer(_) => "a whole number",
            Data::Float(_) => "a number",
            Data::Boolean(_) => "a boolean",
            Data::Datetime(_) => "a date or time",
            Data::Array(_) => "a list",
            Data::Table(_) => "a table",
        }
    }
}

/// What the parser has against a text.
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) span: Option<Range<usize>>,
    pub(super) help: Option<&'static str>,
}

impl Fault {
    fn new(code: &'static str, message: String, span: Option<Range<usize>>) -> Self {
        Fault { code, message, span, help: None }
    }
}

const DUPLICATE: &str = "duplicate key";

/// Reads a document; `None` if its syntax is broken.
pub(super) fn parse(text: &str) -> (Option<Entries>, Vec<Fault>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let span = table.span();
    let root = Spanned::new(span, DeValue::Table(table.into_inner()));
    if let Some(error) = errors.iter().find(|error| error.message() != DUPLICATE) {
        let span = error.span().unwrap_or(text.len()..text.len());
        let message = format!("the file is not TOML: {}", error.message());
        dismantle(vec![root]);
        return (None, vec![Fault::new("syntax", message, Some(span))]);
    }
    let duplicate = |error: &toml::de::Error| {
        let key = error.span().and_then(|span| text.get(span)).unwrap_or_default();
        let message = format!("the key `{key}` is given twice");
        Fault { help: Some("remove one of the two"), ..Fault::new("duplicate-key", message, error.span()) }
    };
    let mut builder = Builder { faults: errors.iter().map(duplicate).collect(), fixed: None };
    let root = match builder.item(root, 0).data {
        Data::Table(entries) => entries,
        _ => Entries::new(),
    };
    (Some(root), builder.faults)
}

/// Reads a loose text as a TOML value, all of which stands where the text stands; `None` if it is none.
pub(crate) fn loose(text: &str, spot: Spot) -> Option<Item> {
    let (value, errors) = DeValue::parse_recoverable(text.trim());
    let mut builder = Builder { faults: Vec::new(), fixed: Some(spot) };
    let item = builder.item(value, 0);
    (errors.is_empty() && builder.faults.is_empty()).then_some(item)
}

struct Builder {
    faults: Vec<Fault>,
    /// The place of everything, if the text is not the file itself.
    fixed: Option<Spot>,
}

impl Builder {
    fn item(&mut self, value: Spanned<DeValue<'_>>, depth: usize) -> Item {
        let span = value.span();
        let spot = self.spot(&span);
        let empty = Data::Text(Text::default());
        let data = match value.into_inner() {
            DeValue::String(text) => Data::Text(Text { text: text.into_owned(), ..Text::default() }),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Data::Integer(number),
                Err(_) => {
                    self.out_of_range(number.as_str(), "64 bits with sign", span);
                    Data::Integer(0)
                }
            },
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(float) if float.is_finite() || number.as_str().contains(['i', 'n']) => Data::Float(float),
                _ => {
                    self.out_of_range(number.as_str(), "float64", span);
                    Data::Float(0.0)
                }
            },
            DeValue::Boolean(value) => Data::Boolean(value),
            DeValue::Datetime(value) => Data::Datetime(value.to_string()),
            DeValue::Array(items) if depth >= DEEPEST => {
                dismantle(items.into_iter().collect());
                self.too_deep(span);
                empty
            }
            DeValue::Table(table) if depth >= DEEPEST => {
                dismantle(table.into_iter().map(|(_, value)| value).collect());
                self.too_deep(span);
                empty
            }
            DeValue::Array(items) => Data::Array(items.into_iter().map(|item| self.item(item, depth + 1)).collect()),
            DeValue::Table(table) => {
                let entries = table.into_iter().map(|(key, value)| {
                    let entry = Entry { key: self.spot(&key.span()), item: self.item(value, depth + 1) };
                    (key.into_inner().into_owned(), entry)
                });
                Data::Table(entries.collect())
            }
        };
        Item { spot, data }
    }

    fn spot(&self, span: &Range<usize>) -> Spot {
        self.fixed.unwrap_or(Spot { origin: Origin::File, start: span.start, end: span.end })
    }

    fn out_of_range(&mut self, number: &str, range: &str, span: Range<usize>) {
        self.faults.push(Fault::new(
            "number-out-of-range",
            format!("the number {number} does not fit {range}"),
            Some(span),
        ));
    }

    fn too_deep(&mut self, span: Range<usize>) {
        let message = format!("more than {DEEPEST} tables and lists inside one another");
        self.faults.push(Fault::new("too-deep", message, Some(span)));
    }
}

/// Takes a tree apart without recursion: dotted keys nest far deeper than the parser's own limit on brackets, and a
/// recursive drop would overflow the stack.
fn dismantle(mut values: Vec<Spanned<DeValue<'_>>>) {
    while let Some(value) = values.pop() {
        match value.into_inner() {
            DeValue::Array(items) => values.extend(items),
            DeValue::Table(table) => values.extend(table.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
}
