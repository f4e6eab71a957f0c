//! How a text on the command line becomes a value of the kind that a JSON Schema asks for.

use std::ops::Range;

use serde_json::Value as Json;

use crate::composed::{Origin, Value};

/// What a schema takes.
#[derive(Debug, Default, Clone, Copy)]
struct Kinds {
    text: bool,
    integer: bool,
    number: bool,
    boolean: bool,
    list: bool,
    table: bool,
}

impl Kinds {
    fn of(schema: &Json) -> Kinds {
        let mut kinds = Kinds::default();
        kinds.add(schema);
        kinds
    }

    fn add(&mut self, schema: &Json) {
        let named = match schema.get("type") {
            Some(Json::String(kind)) => vec![kind.as_str()],
            Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        };
        for kind in named {
            match kind {
                "string" => self.text = true,
                "integer" => self.integer = true,
                "number" => self.number = true,
                "boolean" => self.boolean = true,
                "array" => self.list = true,
                "object" => self.table = true,
                _ => {}
            }
        }
        let listed = schema.get("enum").and_then(Json::as_array).into_iter().flatten();
        for value in listed.chain(schema.get("const")) {
            match value {
                Json::String(_) => self.text = true,
                Json::Number(_) => self.number = true,
                Json::Bool(_) => self.boolean = true,
                _ => {}
            }
        }
        for key in ["anyOf", "oneOf"] {
            schema.get(key).and_then(Json::as_array).into_iter().flatten().for_each(|choice| self.add(choice));
        }
    }

    /// A schema that says nothing takes anything.
    fn or_any(self) -> Kinds {
        let Kinds { text, integer, number, boolean, list, table } = self;
        if text || integer || number || boolean || list || table {
            return self;
        }
        Kinds { text: true, number: true, integer: true, boolean: true, list: false, table: false }
    }
}

/// Whether bare text, of many words perhaps, can be a value of this schema: text, or a table of `name=value`.
pub(crate) fn takes_words(schema: &Json) -> bool {
    let kinds = Kinds::of(schema).or_any();
    kinds.text || kinds.table
}

/// Whether it is a table whose entries are named by whoever writes it.
pub(crate) fn takes_entries(schema: &Json) -> bool {
    let kinds = Kinds::of(schema);
    kinds.table && schema.get("additionalProperties").is_some_and(|more| more != &Json::Bool(false))
}

/// Whether it may be a list.
pub(crate) fn takes_list(schema: &Json) -> bool {
    Kinds::of(schema).list
}

/// Whether a comma in it separates values.
pub(crate) fn takes_several(schema: &Json) -> bool {
    let kinds = Kinds::of(schema);
    kinds.list || kinds.table
}

/// Quotes in it are SQL's, and stay.
fn is_sql(schema: &Json) -> bool {
    matches!(ui(schema), "expression" | "expressions" | "orders" | "types")
}

fn ui(schema: &Json) -> &str {
    schema.get("ui").and_then(Json::as_str).unwrap_or_default()
}

/// The value that `text` is for this schema. What does not fit stays text, for the planner to refuse where it stands.
pub(crate) fn read(text: &str, origin: &Origin, schema: &Json) -> Value {
    let kinds = Kinds::of(schema).or_any();
    if (kinds.list || kinds.table) && text.starts_with(['[', '{']) {
        return Value::Plain(text.to_owned(), origin.clone());
    }
    if kinds.table {
        let parts = split(text, false);
        let named = parts.iter().any(|part| assignment(text.get(part.clone()).unwrap_or_default()).is_some());
        if named || !kinds.list {
            return Value::Table(parts.into_iter().map(|part| entry(text, part, origin)).collect());
        }
    }
    if kinds.list {
        let names = matches!(ui(schema), "columns" | "list");
        let items = schema.get("items").unwrap_or(&Json::Null);
        let quotes_stay = is_sql(schema);
        let parts = split(text, names);
        let item = |part: Range<usize>| {
            let origin = origin.part(part.clone());
            scalar(text.get(part).unwrap_or_default(), &origin, Kinds::of(items).or_any(), quotes_stay)
        };
        return Value::List(parts.into_iter().map(item).collect());
    }
    scalar(text, origin, kinds, is_sql(schema))
}

/// `name=value` of a table; a name alone means itself.
fn entry(text: &str, part: Range<usize>, origin: &Origin) -> (String, Origin, Value) {
    let written = text.get(part.clone()).unwrap_or_default();
    let (name, value) = match assignment(written) {
        Some(equals) => (part.start..part.start + equals, part.start + equals + 1..part.end),
        None => (part.clone(), part),
    };
    let value = trimmed(text, value);
    let key = text.get(name.clone()).unwrap_or_default();
    let key = unquoted(key).map_or_else(|| key.to_owned(), |(inside, _)| inside);
    let content = text.get(value.clone()).unwrap_or_default().to_owned();
    (key, origin.part(name), Value::Text(content, origin.part(value)))
}

/// Where the `=` stands, if a text begins with a name and `=` behind it.
pub(crate) fn assignment(text: &str) -> Option<usize> {
    let name = name_length(text)?;
    let rest = text.get(name..)?;
    (rest.starts_with('=') && !rest.starts_with("==")).then_some(name)
}

/// The length of the plain word or quoted name at the start of a text.
pub(crate) fn name_length(text: &str) -> Option<usize> {
    if text.starts_with('"') {
        return text.get(1..)?.find('"').map(|end| end + 2);
    }
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let length = text.find(|c| !word(c)).unwrap_or(text.len());
    (length > 0 && !text.starts_with(|c: char| c.is_ascii_digit() || c == '-')).then_some(length)
}

fn scalar(text: &str, origin: &Origin, kinds: Kinds, quotes_stay: bool) -> Value {
    if let Some((inside, bytes)) = unquoted(text).filter(|_| !quotes_stay) {
        return Value::Text(inside, origin.part(bytes));
    }
    if kinds.boolean && matches!(text, "true" | "false") {
        return Value::Plain(text.to_owned(), origin.clone());
    }
    if kinds.integer || kinds.number {
        let digits = text.replace('_', "");
        if let Ok(whole) = digits.parse::<i64>() {
            return Value::Plain(whole.to_string(), origin.clone());
        }
        if let Some(number) = digits.parse::<f64>().ok().filter(|number| kinds.number && number.is_finite()) {
            return Value::Plain(format!("{number:?}"), origin.clone());
        }
    }
    Value::Text(text.to_owned(), origin.clone())
}

/// The inside of a text that one pair of quotes encloses, and its bytes.
pub(crate) fn unquoted(text: &str) -> Option<(String, Range<usize>)> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let inside = text.get(1..)?.strip_suffix(quote)?;
    let doubled = format!("{quote}{quote}");
    if inside.replace(&doubled, "").contains(quote) {
        return None;
    }
    Some((inside.replace(&doubled, &quote.to_string()), 1..text.len() - 1))
}

/// The bytes of a range without the white space around it.
pub(crate) fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = text.get(range.clone()).unwrap_or_default();
    let start = range.start + (part.len() - part.trim_start().len());
    start..start.max(range.start + part.trim_end().len())
}

/// The parts of a text between commas that stand in no quotes or brackets, trimmed; where `blanks` may separate too and
/// there is no comma, between blanks.
pub(crate) fn split(text: &str, blanks: bool) -> Vec<Range<usize>> {
    let open = open_characters(text);
    let commas: Vec<usize> = open.iter().filter(|(_, c)| *c == ',').map(|(at, _)| *at).collect();
    let cuts: Vec<usize> = match commas.is_empty() && blanks {
        true => open.iter().filter(|(_, c)| c.is_whitespace()).map(|(at, _)| *at).collect(),
        false => commas.clone(),
    };
    let mut parts = Vec::new();
    let mut start = 0;
    for cut in cuts.into_iter().chain([text.len()]) {
        let part = trimmed(text, start..cut);
        if !part.is_empty() || !commas.is_empty() || !blanks {
            parts.push(part);
        }
        start = cut + 1;
    }
    parts
}

/// The characters of a text that stand in no quotes and no brackets.
pub(crate) fn open_characters(text: &str) -> Vec<(usize, char)> {
    let mut found = Vec::new();
    let (mut depth, mut quote) = (0_usize, None);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) if depth == 0 => found.push((at, character)),
            _ => {}
        }
    }
    found
}

/// The place of a quote that has no end.
pub(crate) fn open_quote(text: &str) -> Option<usize> {
    let mut quote: Option<(usize, char)> = None;
    for (at, character) in text.char_indices() {
        match quote {
            Some((_, open)) if open == character => quote = None,
            None if matches!(character, '"' | '\'') => quote = Some((at, character)),
            _ => {}
        }
    }
    quote.map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn origin(text: &str) -> Origin {
        Origin { argument: 0, bytes: 0..text.len() }
    }

    fn shown(value: &Value) -> String {
        match value {
            Value::Text(text, _) => format!("{text:?}"),
            Value::Plain(text, _) => text.clone(),
            Value::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
            Value::Table(entries) => {
                let entries = entries.iter().map(|(key, _, value)| format!("{key} = {}", shown(value)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }

    #[test]
    fn schemas_decide_about_values() {
        let names = json!({ "type": "array", "items": { "type": "string" }, "ui": "columns" });
        let orders = json!({ "type": "array", "items": { "type": "string" }, "ui": "orders" });
        let pairs = json!({ "type": ["array", "object"], "items": { "type": "string" }, "ui": "pairs" });
        let fill = json!({ "type": ["string", "number", "boolean"] });
        let cases = [
            ("a b", &names, "[\"a\", \"b\"]"),
            ("a, \"b c\"", &names, "[\"a\", \"b c\"]"),
            ("a desc, \"b c\" nulls first", &orders, "[\"a desc\", \"\\\"b c\\\" nulls first\"]"),
            ("round(a, 1), b", &orders, "[\"round(a, 1)\", \"b\"]"),
            ("carrier", &pairs, "[\"carrier\"]"),
            ("a=b,\"c d\"=e", &pairs, "{a = \"b\", c d = \"e\"}"),
            ("[\"x\"]", &pairs, "[\"x\"]"),
            ("0.5", &fill, "0.5"),
            ("true", &fill, "true"),
            ("'true'", &fill, "\"true\""),
            ("none", &fill, "\"none\""),
            ("10", &json!({ "type": "string" }), "\"10\""),
            ("1_000", &json!({ "type": "integer" }), "1000"),
            ("all", &json!({ "anyOf": [{ "type": "integer" }, { "const": "all" }] }), "\"all\""),
            ("a = 'x'", &json!({ "type": "string", "ui": "expression" }), "\"a = 'x'\""),
            ("'x'", &json!({ "type": "string", "ui": "expression" }), "\"'x'\""),
            ("', '", &json!({ "type": "string", "ui": "input" }), "\", \""),
        ];
        for (text, schema, expected) in cases {
            assert_eq!(shown(&read(text, &origin(text), schema)), expected, "{text}");
        }
    }
}
