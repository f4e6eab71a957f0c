//! Reads tables key by key and notes all that is wrong with them.

use indexmap::{IndexMap, IndexSet};

use crate::document::{Data, Document, Entries, Item, Origin, Spot, loose};
use crate::problem::Problem;
use crate::set::SET_FILE;
use crate::suggest::suggestion;
use crate::value::{Table, Value};

/// More problems than this help nobody.
const MOST: usize = 100;

/// The problems found so far.
pub(crate) struct Report<'d> {
    document: &'d Document,
    problems: Vec<Problem>,
    left_out: usize,
}

impl<'d> Report<'d> {
    pub(crate) fn new(document: &'d Document, problems: Vec<Problem>) -> Self {
        Report { document, problems, left_out: 0 }
    }

    pub(crate) fn add(&mut self, spot: Spot, problem: Problem) {
        if self.problems.len() < MOST {
            let location = self.document.place(spot);
            self.problems.push(problem.at(Some(location)));
        } else {
            self.left_out += 1;
        }
    }

    /// A problem at a place whose line must not be shown any further, because a secret may follow.
    pub(crate) fn add_masked(&mut self, spot: Spot, problem: Problem) {
        let mut location = self.document.place(spot);
        let shown = (location.column + location.length - 1) as usize;
        location.text = location.text.chars().take(shown).collect();
        self.problems.push(problem.at(Some(location)));
    }

    pub(crate) fn error(&mut self, spot: Spot, code: &str, message: impl Into<String>) {
        self.add(spot, Problem::error(code, message));
    }

    /// A problem of the file as a whole.
    pub(crate) fn add_nowhere(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// All problems, in the order of their places; those without a place come last.
    pub(crate) fn finish(mut self) -> Vec<Problem> {
        let place = |problem: &Problem| match &problem.location {
            // Each `--set` option is a text of its own, so its lines and columns say nothing about order.
            Some(location) if location.file == SET_FILE => (1, 0, 0),
            Some(location) => (0, location.line, location.column),
            None => (2, 0, 0),
        };
        self.problems.sort_by_key(place);
        if self.left_out > 0 {
            let message = format!("{} further problems are not shown", self.left_out);
            self.problems.push(Problem::error("too-many-problems", message));
        }
        self.problems
    }
}

/// A table being read. Each key that is asked for counts as known; [`Section::finish`] reports the rest.
pub(crate) struct Section {
    pub(crate) spot: Spot,
    what: What,
    entries: Entries,
    known: Vec<&'static str>,
}

/// How messages call a table and its keys.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// `the pipeline`; keys are called by their names alone.
    File(&'static str),
    /// `limits`; keys are called `limits.memory`.
    Path(String),
    /// ``source `a` ``; keys are called `` `path` of source `a` ``.
    Thing(String),
}

impl What {
    /// The table.
    fn name(&self) -> String {
        match self {
            What::File(name) => (*name).into(),
            What::Path(path) => format!("`{path}`"),
            What::Thing(thing) => thing.clone(),
        }
    }

    /// A table below.
    fn below(&self, key: &str) -> What {
        match self {
            What::File(_) => What::Path(key.into()),
            What::Path(path) => What::Path(format!("{path}.{key}")),
            What::Thing(thing) => What::Thing(format!("`{key}` of {thing}")),
        }
    }
}

impl From<String> for What {
    fn from(thing: String) -> Self {
        What::Thing(thing)
    }
}

impl Section {
    /// A whole file.
    pub(crate) fn top(name: &'static str, document: &Document) -> Self {
        let start = Spot { origin: Origin::File, start: 0, end: 0 };
        Section::new(What::File(name), start, document.root.clone())
    }

    pub(crate) fn new(what: impl Into<What>, spot: Spot, entries: Entries) -> Self {
        Section { spot, what: what.into(), entries, known: Vec::new() }
    }

    /// A value that should be a table.
    pub(crate) fn of(what: impl Into<What>, item: Item, report: &mut Report<'_>) -> Option<Section> {
        let what = what.into();
        let spot = item.spot;
        match settle(item).data {
            Data::Table(entries) => Some(Section::new(what, spot, entries)),
            other => {
                wrong_type(&what.name(), "a table", spot, &other, report);
                None
            }
        }
    }

    /// The name of a key in messages.
    pub(crate) fn name(&self, key: &str) -> String {
        self.what.below(key).name()
    }

    /// Whether the key is there; it counts as known.
    pub(crate) fn has(&mut self, key: &'static str) -> bool {
        self.known.push(key);
        self.entries.contains_key(key)
    }

    /// Where a key stands.
    pub(crate) fn spot_of(&self, key: &str) -> Option<Spot> {
        self.entries.get(key).map(|entry| entry.key)
    }

    /// Where a key's value stands.
    pub(crate) fn value_spot(&self, key: &str) -> Option<Spot> {
        self.entries.get(key).map(|entry| entry.item.spot)
    }

    pub(crate) fn take(&mut self, key: &'static str) -> Option<Item> {
        self.known.push(key);
        self.entries.shift_remove(key).map(|entry| entry.item)
    }

    pub(crate) fn text(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<Spotted<String>> {
        let item = self.take(key)?;
        text(&self.name(key), item, report)
    }

    /// Text that must be there.
    pub(crate) fn required(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<Spotted<String>> {
        if !self.has(key) {
            self.missing(key, report);
        }
        self.text(key, report)
    }

    /// Reports that a key is not there.
    pub(crate) fn missing(&self, key: &str, report: &mut Report<'_>) {
        report.error(self.spot, "missing-key", format!("{} has no `{key}`", self.what.name()));
    }

    /// A text that `parse` understands.
    pub(crate) fn parsed<T, E: ToString>(
        &mut self,
        key: &'static str,
        code: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
        report: &mut Report<'_>,
    ) -> Option<T> {
        let Spotted { spot, value } = self.text(key, report)?;
        parse(&value).map_err(|why| report.error(spot, code, why.to_string())).ok()
    }

    pub(crate) fn boolean(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<bool> {
        let item = settle(self.take(key)?);
        match item.data {
            Data::Boolean(value) => Some(value),
            other => {
                wrong_type(&self.name(key), "true or false", item.spot, &other, report);
                None
            }
        }
    }

    /// A whole number from `least` to `most`.
    pub(crate) fn integer(&mut self, key: &'static str, least: i64, most: i64, report: &mut Report<'_>) -> Option<i64> {
        let item = settle(self.take(key)?);
        match item.data {
            Data::Integer(number) if (least..=most).contains(&number) => return Some(number),
            Data::Integer(number) => {
                let range =
                    if most == i64::MAX { format!("at least {least}") } else { format!("from {least} to {most}") };
                let message = format!("{} must be {range}, not {number}", self.name(key));
                report.error(item.spot, "invalid-value", message);
            }
            other => wrong_type(&self.name(key), "a whole number", item.spot, &other, report),
        }
        None
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
        report: &mut Report<'_>,
    ) -> Option<T> {
        let text = self.text(key, report)?;
        choose(&self.name(key), &text, choices, report)
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<Vec<Spotted<String>>> {
        let name = self.name(key);
        let items = self.list(key, report)?;
        Some(items.into_iter().filter_map(|item| text(&format!("an entry of {name}"), item, report)).collect())
    }

    /// A list.
    pub(crate) fn list(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<Vec<Item>> {
        let item = settle(self.take(key)?);
        match item.data {
            Data::Array(items) => Some(items),
            other => {
                wrong_type(&self.name(key), "a list", item.spot, &other, report);
                None
            }
        }
    }

    /// A list of tables.
    pub(crate) fn sections(&mut self, key: &'static str, what: &str, report: &mut Report<'_>) -> Vec<Section> {
        let what = What::Thing(what.into());
        let items = self.list(key, report).unwrap_or_default();
        items.into_iter().filter_map(|item| Section::of(what.clone(), item, report)).collect()
    }

    /// A table that is not looked into, as values.
    pub(crate) fn table(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<Table> {
        let section = self.section(key, report)?;
        Some(section.entries.into_iter().map(|(key, entry)| (key, Value::from(entry.item))).collect())
    }

    /// A table of texts.
    pub(crate) fn text_table(&mut self, key: &'static str, report: &mut Report<'_>) -> IndexMap<String, String> {
        let Some(section) = self.section(key, report) else { return IndexMap::new() };
        let what = section.what;
        let entries = section.entries.into_iter().filter_map(|(key, entry)| {
            let value = text(&what.below(&key).name(), entry.item, report)?;
            Some((key, value.value))
        });
        entries.collect()
    }

    /// A table below this one.
    pub(crate) fn section(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<Section> {
        let item = self.take(key)?;
        Section::of(self.what.below(key), item, report)
    }

    /// What is left, with the places of the keys: for tables whose keys are names.
    pub(crate) fn into_entries(self) -> Entries {
        self.entries
    }

    /// Reports the keys that nobody asked for.
    pub(crate) fn finish(self, report: &mut Report<'_>) {
        let known: IndexSet<&str> = self.known.into_iter().collect();
        for (key, entry) in &self.entries {
            let mut problem = Problem::error("unknown-key", format!("unknown key `{key}` in {}", self.what.name()));
            problem.help = suggestion(key, known.iter().copied());
            report.add(entry.key, problem);
        }
    }
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Spotted<T> {
    pub(crate) spot: Spot,
    pub(crate) value: T,
}

/// Reads loose text as TOML, for places where other than text is due; leaves it if it is none.
pub(crate) fn settle(item: Item) -> Item {
    match &item.data {
        Data::Text(text) if text.loose => loose(&text.text, item.spot).unwrap_or(item),
        _ => item,
    }
}

pub(crate) fn text(name: &str, item: Item, report: &mut Report<'_>) -> Option<Spotted<String>> {
    match item.data {
        Data::Text(text) => Some(Spotted { spot: item.spot, value: text.text }),
        other => {
            wrong_type(name, "text", item.spot, &other, report);
            None
        }
    }
}

pub(crate) fn choose<T: Copy>(
    name: &str,
    text: &Spotted<String>,
    choices: &[(&str, T)],
    report: &mut Report<'_>,
) -> Option<T> {
    let found = choices.iter().find(|(word, _)| *word == text.value).map(|(_, value)| *value);
    if found.is_none() {
        let mut problem = Problem::error("invalid-value", format!("{name} cannot be `{}`", text.value));
        problem.help = suggestion(&text.value, choices.iter().map(|(word, _)| *word));
        report.add(text.spot, problem);
    }
    found
}

pub(crate) fn wrong_type(name: &str, expected: &str, spot: Spot, found: &Data, report: &mut Report<'_>) {
    let mut problem = Problem::error("wrong-type", format!("{name} must be {expected}, not {}", found.kind()));
    if let (Data::Integer(_) | Data::Float(_) | Data::Boolean(_) | Data::Datetime(_), "text") = (found, expected) {
        problem = problem.with_help("put it in quotes");
    }
    report.add(spot, problem);
}
