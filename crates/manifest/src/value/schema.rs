//! What a JSON Schema says about one place in a value: only as much as tells text from everything else.

use serde_json::Value as Json;

/// How far `$ref` and `anyOf` are followed; a schema may refer to itself.
const DEEPEST: usize = 8;
/// How many subschemas are looked at.
const MOST: usize = 256;

/// All schemas that may hold at one place. None at all: nothing is known about it.
pub(super) struct Places<'s> {
    root: Option<&'s Json>,
    schemas: Vec<&'s Json>,
}

impl<'s> Places<'s> {
    pub(super) fn of(schema: Option<&'s Json>) -> Self {
        Places::new(schema, schema.into_iter())
    }

    fn new(root: Option<&'s Json>, schemas: impl Iterator<Item = &'s Json>) -> Self {
        let mut places = Places { root, schemas: Vec::new() };
        for schema in schemas {
            places.add(schema, 0);
        }
        places
    }

    /// Adds a schema and the alternatives in it.
    fn add(&mut self, schema: &'s Json, depth: usize) {
        if depth > DEEPEST || self.schemas.len() >= MOST {
            return;
        }
        self.schemas.push(schema);
        if let Some(target) = self.target(schema) {
            self.add(target, depth + 1);
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            for part in schema.get(key).and_then(Json::as_array).into_iter().flatten() {
                self.add(part, depth + 1);
            }
        }
    }

    /// What a `$ref` inside the same schema refers to.
    fn target(&self, schema: &Json) -> Option<&'s Json> {
        let pointer = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
        self.root?.pointer(pointer)
    }

    /// Whether this text may stand here: at least one schema says so, or none says anything about types.
    pub(super) fn allow_text(&self, text: &str) -> bool {
        let mut verdicts = self.schemas.iter().filter_map(|schema| text_allowed(schema, text)).peekable();
        verdicts.peek().is_none() || verdicts.any(|allowed| allowed)
    }

    /// The schemas of a key.
    pub(super) fn property(&self, key: &str) -> Places<'s> {
        let schemas = self.schemas.iter().filter_map(|schema| {
            let named = schema.get("properties").and_then(|properties| properties.get(key));
            named.or_else(|| schema.get("additionalProperties"))
        });
        Places::new(self.root, schemas)
    }

    /// The schemas of the entries of a list.
    pub(super) fn item(&self) -> Places<'s> {
        Places::new(self.root, self.schemas.iter().filter_map(|schema| schema.get("items")))
    }
}

/// `None` if the schema itself says nothing about types.
fn text_allowed(schema: &Json, text: &str) -> Option<bool> {
    // A word that stands beside other types is only itself: `5` is not `"all"`.
    if let Some(value) = schema.get("const") {
        return Some(value == text);
    }
    match schema.get("type") {
        Some(Json::String(name)) => return Some(name == "string"),
        Some(Json::Array(names)) => return Some(names.iter().any(|name| name == "string")),
        _ => {}
    }
    let values = schema.get("enum")?.as_array()?;
    Some(values.iter().any(|value| value == text))
}
