//! `--set PATH=VALUE`: values that the command line puts over those of the file.

use std::fmt;
use std::str::FromStr;

use crate::document::{Data, Document, Entries, Entry, Item, Lines, Origin, Spot, Text, loose};
use crate::problem::Problem;

/// One `--set PATH=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetOption {
    /// The keys from the top of the file, at least one.
    pub path: Vec<String>,
    /// What stands behind the `=`, as it is.
    pub value: String,
}

/// What messages call the file of a value from the command line.
pub(crate) const SET_FILE: &str = "--set";

/// Keys in a path at most.
const DEEPEST: usize = 32;

const FORM: &str = "write KEY.KEY=VALUE, for example node.late.params.where=dep_delay > 60";

impl FromStr for SetOption {
    type Err = Problem;

    /// Reads `node.late.params.where=dep_delay > 60`. A key with a dot or `=` in it is quoted:
    /// `source.a.schema."a.b"=utf8`.
    fn from_str(text: &str) -> Result<Self, Problem> {
        let wrong = |why: &str| Problem::error("invalid-set", format!("--set {text}: {why}")).with_help(FORM);
        let mut path = Vec::new();
        let mut rest = text;
        loop {
            let (key, after) = match rest.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    let body = rest.get(1..).unwrap_or_default();
                    body.split_once(quote).ok_or_else(|| wrong("a quoted key has no end"))?
                }
                _ => rest.split_at(rest.find(['.', '=']).ok_or_else(|| wrong("there is no `=`"))?),
            };
            let bare = after.len() + key.len() == rest.len();
            if bare && key.trim().is_empty() {
                return Err(wrong("a key is empty"));
            }
            path.push(if bare { key.trim().into() } else { key.into() });
            if path.len() > DEEPEST {
                return Err(wrong("the path has too many keys"));
            }
            if let Some(value) = after.strip_prefix('=') {
                return Ok(SetOption { path, value: value.into() });
            }
            rest = after.strip_prefix('.').ok_or_else(|| wrong("a key is followed by `.` or `=`"))?;
        }
    }
}

impl fmt::Display for SetOption {
    /// The option as it may be written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", dotted(&self.path), self.value)
    }
}

fn dotted(path: &[String]) -> String {
    let bare = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let quoted = |key: &String| match key {
        key if bare(key) => key.clone(),
        // A quoted key ends at its own kind of quote, so it holds the other kind at most.
        key if key.contains('"') => format!("'{key}'"),
        key => format!("\"{key}\""),
    };
    path.iter().map(quoted).collect::<Vec<String>>().join(".")
}

/// Puts the options over a document, in order. Tables on the way are made where there are none.
pub(crate) fn apply(document: &mut Document, sets: &[SetOption]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, set) in sets.iter().enumerate() {
        let path = dotted(&set.path);
        let text = set.to_string();
        let (key, value) = (0..path.len(), path.len() + 1..text.len());
        document.sets.push(Lines::new(SET_FILE, &text));
        let key = Spot { origin: Origin::Set(number), start: key.start, end: key.end };
        let data = Data::Text(Text { text: set.value.clone(), loose: true, variables: Vec::new() });
        let item = Item { spot: Spot { start: value.start, end: value.end, ..key }, data };
        if let Err(why) = put(&mut document.root, &set.path, key, item) {
            let problem = Problem::error("invalid-set", why).with_help(FORM);
            problems.push(problem.at(Some(document.place(key))));
        }
    }
    problems
}

fn put(root: &mut Entries, path: &[String], key: Spot, item: Item) -> Result<(), String> {
    let Some((last, parents)) = path.split_last() else { return Err("the path is empty".into()) };
    let table = || Item { spot: key, data: Data::Table(Entries::new()) };
    let mut steps = parents.iter().chain([last]).enumerate().peekable();
    let Some((_, first)) = steps.next() else { return Ok(()) };
    let mut place = &mut root.entry(first.clone()).or_insert_with(|| Entry { key, item: table() }).item;
    for (depth, step) in steps {
        // What an earlier option said about the parent may be a table or a list.
        if let Data::Text(text) = &place.data
            && text.loose
            && let Some(Item { data: data @ (Data::Table(_) | Data::Array(_)), .. }) = loose(&text.text, place.spot)
        {
            place.data = data;
        }
        place = match &mut place.data {
            Data::Table(entries) => {
                &mut entries.entry(step.clone()).or_insert_with(|| Entry { key, item: table() }).item
            }
            Data::Array(items) => {
                let count = items.len();
                let entry = step.parse::<usize>().ok().and_then(|index| items.get_mut(index));
                entry.ok_or_else(|| {
                    format!("`{step}` is not the number of an entry: the list has {count}, counted from 0")
                })?
            }
            other => {
                let parent = dotted(path.get(..depth).unwrap_or_default());
                return Err(format!("`{parent}` is {}, so it has no key `{step}`", other.kind()));
            }
        };
    }
    *place = item;
    Ok(())
}
