//! Reads a step of `jackfield pipe`: a node type, bare text for its main parameter, `key=value` for the others.
//!
//! What a word before `=` means follows from the manifest alone: a parameter of the type; else an input port, whose rows
//! come from a file; else, where the type has a table `columns`, a column of it. Anything else belongs to the bare text.

use std::ops::Range;

use jackfield_manifest::{NodeDecl, TypeRef, nearest};
use jackfield_runtime::Registry;
use serde_json::{Map, Value as Json};

use super::Parameter;
use crate::compose::values;
use crate::composed::{Origin, Value};

/// A step as it was typed.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) node_type: String,
    pub(super) params: Vec<Parameter>,
    /// Further files that it reads.
    pub(super) files: Vec<File>,
    pub(super) place: Place,
}

/// Where the rows of the step before go, if there are further inputs.
#[derive(Debug)]
pub(super) enum Place {
    /// The first of the inputs of a port that takes many.
    Many,
    /// The port of this name.
    Named(String),
}

/// A file that feeds a port.
#[derive(Debug)]
pub(super) struct File {
    pub(super) port: String,
    pub(super) path: String,
    pub(super) origin: Origin,
}

/// What is wrong with a step, and where in it.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) bytes: Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
}

/// What stands before an `=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Parameter,
    Port,
    /// A column of `columns`.
    Column,
    /// None of them, where bare text cannot hold it.
    Unknown,
}

/// A piece of a step: bare text, or a key and its value.
struct Piece {
    key: Option<(Key, String, Range<usize>)>,
    value: Range<usize>,
}

pub(super) fn read(registry: &Registry, text: &str, origin: &Origin) -> Result<Step, Fault> {
    let start = text.len() - text.trim_start().len();
    let end = text.get(start..).and_then(|rest| rest.find(char::is_whitespace)).map_or(text.len(), |at| start + at);
    let typed = text.get(start..end).unwrap_or_default();
    if typed.is_empty() {
        let help = "begin with a node type, as in 'filter dep_delay > 60'".to_owned();
        return Err(Fault { bytes: 0..0, message: "a step is empty".to_owned(), help });
    }
    if let Some(quote) = values::open_quote(text) {
        let help = "close it; a quote inside of quotes is written twice".to_owned();
        return Err(Fault { bytes: quote..quote + 1, message: "this quote has no end".to_owned(), help });
    }
    let mut step = Step {
        node_type: typed.to_owned(),
        params: Vec::new(),
        files: Vec::new(),
        place: Place::Named("in".to_owned()),
    };
    let wanted: Result<TypeRef, _> = typed.parse();
    let known = wanted.ok().and_then(|wanted| registry.node(&wanted).ok());
    // What the type takes is not known then; the planner says that it is not there.
    let Some((_, node)) = known else { return Ok(step) };
    let shape = Shape::of(node);
    if let Some(first) = node.inputs.first() {
        step.place = if first.multiple { Place::Many } else { Place::Named(first.name.clone()) };
    }
    let mut columns: Vec<Parameter> = Vec::new();
    for piece in shape.pieces(text, end)? {
        let value = text.get(piece.value.clone()).unwrap_or_default();
        let value_origin = origin.part(piece.value.clone());
        match piece.key {
            None => {
                let name = shape.main(text, &piece.value)?;
                let made = values::read(value, &value_origin, shape.schema(&name));
                add(&mut step.params, name, value_origin, made, &piece.value)?;
            }
            Some((Key::Parameter, name, bytes)) => {
                let made = values::read(value, &value_origin, shape.schema(&name));
                add(&mut step.params, name, origin.part(bytes.clone()), made, &bytes)?;
            }
            Some((Key::Column, name, bytes)) => {
                let made = Value::Text(value.to_owned(), value_origin);
                add(&mut columns, name, origin.part(bytes.clone()), made, &bytes)?;
            }
            Some((Key::Port, port, _)) => {
                for part in values::split(value, false) {
                    let path = value.get(part.clone()).unwrap_or_default();
                    let path = values::unquoted(path).map_or_else(|| path.to_owned(), |(inside, _)| inside);
                    step.files.push(File { port: port.clone(), path, origin: value_origin.part(part) });
                }
            }
            Some((Key::Unknown, name, bytes)) => return Err(shape.unknown(&name, bytes)),
        }
    }
    if let Some((_, first, _)) = columns.first() {
        let first = first.clone();
        match step.params.iter_mut().find(|(name, ..)| name == COLUMNS) {
            Some((_, _, Value::Table(entries))) => entries.extend(columns),
            Some((_, of, _)) => {
                let bytes = of.bytes.start - origin.bytes.start..of.bytes.end - origin.bytes.start;
                let help = "write all of them as name=expression".to_owned();
                return Err(Fault { bytes, message: "`columns` is given in two ways".to_owned(), help });
            }
            None => step.params.push((COLUMNS.to_owned(), first, Value::Table(columns))),
        }
    }
    Ok(step)
}

/// The parameter that `name=value` goes to where the name is no parameter.
const COLUMNS: &str = "columns";

fn add(to: &mut Vec<Parameter>, name: String, origin: Origin, value: Value, bytes: &Range<usize>) -> Result<(), Fault> {
    if to.iter().any(|(known, ..)| *known == name) {
        let help = "remove one of the two".to_owned();
        return Err(Fault { bytes: bytes.clone(), message: format!("`{name}` is given twice"), help });
    }
    to.push((name, origin, value));
    Ok(())
}

/// What the manifest says of a node type.
struct Shape<'m> {
    node: &'m NodeDecl,
    properties: Option<&'m Map<String, Json>>,
}

impl<'m> Shape<'m> {
    fn of(node: &'m NodeDecl) -> Shape<'m> {
        let properties = node.parameters.as_ref().and_then(|schema| schema.get("properties")?.as_object());
        Shape { node, properties }
    }

    fn schema(&self, parameter: &str) -> &'m Json {
        self.properties.and_then(|properties| properties.get(parameter)).unwrap_or(&Json::Null)
    }

    /// The parameter that bare text is for: the manifest's `main-parameter`, else the only one that must be there.
    fn main_parameter(&self) -> Option<&'m str> {
        self.node.main_parameter.as_deref().or_else(|| {
            let required = self.node.parameters.as_ref()?.get("required")?.as_array()?;
            match required.as_slice() {
                [only] => only.as_str(),
                _ => None,
            }
        })
    }

    fn main(&self, text: &str, bytes: &Range<usize>) -> Result<String, Fault> {
        let node = &self.node.node_type;
        let Some(main) = self.main_parameter() else {
            let message = format!("`{node}` has no main parameter that text without a name could be for");
            return Err(Fault { bytes: bytes.clone(), message, help: self.told() });
        };
        let bare = text.get(bytes.clone()).unwrap_or_default();
        let entries = values::takes_entries(self.schema(main)) && !values::takes_list(self.schema(main));
        if entries && !bare.starts_with('{') && values::assignment(bare).is_none() {
            let message = format!("`{node}` takes name=value here");
            let help = format!("write a name and `=` without a blank in front of it; {}", self.told());
            return Err(Fault { bytes: bytes.clone(), message, help });
        }
        Ok(main.to_owned())
    }

    /// The parameters, for messages.
    fn told(&self) -> String {
        let names: Vec<&str> = self.properties.into_iter().flat_map(Map::keys).map(String::as_str).collect();
        if names.is_empty() {
            "it takes no parameters".to_owned()
        } else {
            format!("its parameters are: {}", names.join(", "))
        }
    }

    fn unknown(&self, name: &str, bytes: Range<usize>) -> Fault {
        let names: Vec<&str> = self.properties.into_iter().flat_map(Map::keys).map(String::as_str).collect();
        let help = match nearest(name, names.iter().copied()).first() {
            Some(near) => format!("did you mean `{near}`?"),
            None => self.told(),
        };
        Fault { bytes, message: format!("`{}` has no parameter `{name}`", self.node.node_type), help }
    }

    /// What a word before `=` is; `None`: it belongs to the text around it.
    fn key(&self, name: &str, quoted: bool) -> Option<Key> {
        let columns = values::takes_entries(self.schema(COLUMNS));
        if !quoted && self.properties.is_some_and(|properties| properties.contains_key(name)) {
            return Some(Key::Parameter);
        }
        let takes = |number: usize, port: &str, multiple: bool| port == name && (number > 0 || multiple);
        let mut ports = self.node.inputs.iter().enumerate();
        if !quoted && ports.any(|(number, port)| takes(number, &port.name, port.multiple)) {
            return Some(Key::Port);
        }
        if columns {
            return Some(Key::Column);
        }
        let words = self.main_parameter().is_some_and(|main| values::takes_words(self.schema(main)));
        (!words && !quoted).then_some(Key::Unknown)
    }

    /// Cuts what stands behind the type into bare text and keys with values.
    fn pieces(&self, text: &str, from: usize) -> Result<Vec<Piece>, Fault> {
        let rest = text.get(from..).unwrap_or_default();
        let mut starts: Vec<(usize, usize, Key, String)> = Vec::new();
        let mut comma = false;
        let mut blank = true;
        let open = open_starts(rest);
        for (at, character) in open {
            let fresh = blank;
            blank = character.is_whitespace();
            if blank {
                continue;
            }
            let after_comma = std::mem::replace(&mut comma, character == ',');
            let behind = rest.get(at..).unwrap_or_default();
            let Some(equals) = values::assignment(behind).filter(|_| fresh) else { continue };
            let written = behind.get(..equals).unwrap_or_default();
            let unquoted = values::unquoted(written);
            let name = unquoted.as_ref().map_or(written, |(inside, _)| inside.as_str()).to_owned();
            let Some(key) = self.key(&name, unquoted.is_some()) else { continue };
            // Behind a comma the list that it stands in goes on, unless a comma cannot be part of the value.
            let in_list = match starts.last() {
                Some((_, _, Key::Parameter, name)) => values::takes_several(self.schema(name)),
                Some((_, _, Key::Port, _)) => true,
                Some(_) => false,
                None => self.main_parameter().is_some_and(|main| values::takes_several(self.schema(main))),
            };
            if !(after_comma && in_list) {
                starts.push((from + at, from + at + equals, key, name));
            }
        }
        let ends = starts.iter().skip(1).map(|(start, ..)| *start).chain([text.len()]);
        let bare = values::trimmed(text, from..starts.first().map_or(text.len(), |(start, ..)| *start));
        let mut pieces = Vec::new();
        if !bare.is_empty() {
            pieces.push(Piece { key: None, value: without_comma(text, bare) });
        }
        for ((start, equals, key, name), end) in starts.iter().zip(ends) {
            let value = without_comma(text, values::trimmed(text, equals + 1..end));
            if value.is_empty() {
                let message = format!("`{name}` has no value");
                let help = format!("write {name}=VALUE, without a blank behind the `=`");
                return Err(Fault { bytes: *start..equals + 1, message, help });
            }
            pieces.push(Piece { key: Some((*key, name.clone(), *start..*equals)), value });
        }
        Ok(pieces)
    }
}

/// Without a comma at the end, which stands between entries that were written as a list.
fn without_comma(text: &str, range: Range<usize>) -> Range<usize> {
    match text.get(range.clone()).and_then(|part| part.strip_suffix(',')) {
        Some(part) => values::trimmed(text, range.start..range.start + part.len()),
        None => range,
    }
}

/// The characters outside of brackets, each quoted part only with its first quote.
fn open_starts(text: &str) -> Vec<(usize, char)> {
    let mut found = Vec::new();
    let (mut depth, mut quote) = (0_usize, None);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => continue,
            (None, '"' | '\'') => {
                quote = Some(character);
                if depth == 0 {
                    found.push((at, character));
                }
                continue;
            }
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        if depth == 0 && quote.is_none() && !matches!(character, '"' | '\'') {
            found.push((at, character));
        }
    }
    found
}
