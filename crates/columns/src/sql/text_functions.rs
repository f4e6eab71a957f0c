//! Functions of text.

use arrow::datatypes::DataType;

use super::coerce::Class;
use super::resolve::{Resolver, mismatch};
use super::text::syntax;
use super::tree::{Node, Typed};
use crate::Failure;
use crate::compute::Scalar;

impl Resolver<'_> {
    pub(super) fn text_function(&mut self, name: &str, arguments: Vec<Typed>, at: u32) -> Result<Typed, Failure> {
        let plain = String::new;
        match name {
            "lower" | "lcase" | "upper" | "ucase" => {
                let [value] = self.exactly(name, arguments, at)?;
                let value = self.text(name, value)?;
                let kernel = if name.starts_with('l') { "utf8_lower" } else { "utf8_upper" };
                self.kernel(kernel, vec![value], plain(), at)
            }
            "trim" | "ltrim" | "rtrim" => {
                self.arity(name, &arguments, 1, 2, at)?;
                let mut arguments = arguments.into_iter();
                let (Some(value), characters) = (arguments.next(), arguments.next()) else {
                    return Err(syntax("an argument is missing").with_offset(at));
                };
                let value = self.text(name, value)?;
                let kernel = match name {
                    "trim" => "utf8_trim",
                    "ltrim" => "utf8_ltrim",
                    _ => "utf8_rtrim",
                };
                // As in DuckDB, what is trimmed are spaces, not line ends.
                let characters = match &characters {
                    Some(characters) => self.constant_text(name, characters)?,
                    None => " ",
                };
                let options = serde_json::json!({ "characters": characters }).to_string();
                self.kernel(kernel, vec![value], options, at)
            }
            "length" | "len" | "char_length" => {
                let [value] = self.exactly(name, arguments, at)?;
                let list = matches!(value.data_type, DataType::List(_) | DataType::LargeList(_));
                let (kernel, value) = match Class::of(&value.data_type) {
                    Class::Binary => ("binary_length", value),
                    // As in DuckDB, a list is as long as it has items.
                    Class::Nested if list && name != "char_length" => ("list_value_length", value),
                    _ => ("utf8_length", self.text(name, value)?),
                };
                let length = self.kernel(kernel, vec![value], plain(), at)?;
                self.cast(length, &DataType::Int64)
            }
            "substring" | "substr" | "left" | "right" => self.substring(name, arguments, at),
            "replace" => {
                let [value, from, to] = self.exactly(name, arguments, at)?;
                let (value, from, to) = (self.text(name, value)?, self.text(name, from)?, self.text(name, to)?);
                self.kernel("utf8_replace", vec![value, from, to], plain(), at)
            }
            "starts_with" | "prefix" | "ends_with" | "suffix" | "contains" => {
                let [value, part] = self.exactly(name, arguments, at)?;
                let (value, part) = (self.text(name, value)?, self.text(name, part)?);
                let kernel = match name {
                    "starts_with" | "prefix" => "starts_with",
                    "ends_with" | "suffix" => "ends_with",
                    _ => "match_substring",
                };
                self.kernel(kernel, vec![value, part], plain(), at)
            }
            "concat" => {
                self.arity(name, &arguments, 1, usize::MAX, at)?;
                let parts = arguments
                    .into_iter()
                    .map(|part| match Class::of(&part.data_type) {
                        Class::Text | Class::Null => Ok(part),
                        _ => self.convert(part, &DataType::Utf8, false),
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                self.joined(parts, "skip", at)
            }
            _ => self.pattern_function(name, arguments, at),
        }
    }

    /// `substring` counts from 1, or from -1 at the end.
    fn substring(&mut self, name: &str, arguments: Vec<Typed>, at: u32) -> Result<Typed, Failure> {
        let (least, most) = if name.starts_with("substr") { (2, 3) } else { (2, 2) };
        self.arity(name, &arguments, least, most, at)?;
        let mut arguments = arguments.into_iter();
        let Some(value) = arguments.next() else { return Err(syntax("an argument is missing").with_offset(at)) };
        let mut parts = vec![self.text(name, value)?];
        for number in arguments {
            parts.push(self.integer(name, number)?);
        }
        Typed::new(Node::Substring { part: name.to_owned(), arguments: parts }, DataType::Utf8, at)
            .and_then(|typed| self.fold(typed))
    }

    fn pattern_function(&mut self, name: &str, arguments: Vec<Typed>, at: u32) -> Result<Typed, Failure> {
        let (least, most) = match name {
            "regexp_replace" => (3, 4),
            "regexp_extract" => (2, 4),
            _ => (2, 3),
        };
        self.arity(name, &arguments, least, most, at)?;
        let mut arguments = arguments.into_iter();
        let (Some(value), Some(pattern)) = (arguments.next(), arguments.next()) else {
            return Err(syntax("an argument is missing").with_offset(at));
        };
        let value = self.text(name, value)?;
        let pattern_at = pattern.offset;
        let pattern = self.constant_text(name, &pattern)?.to_owned();
        let rest: Vec<Typed> = arguments.collect();
        let flags = match (name, rest.as_slice()) {
            ("regexp_matches", [flags]) | ("regexp_replace" | "regexp_extract", [_, flags]) => {
                self.constant_text(name, flags)?.to_owned()
            }
            _ => String::new(),
        };
        if let Some(unknown) = flags.chars().find(|flag| !"cisgm".contains(*flag)) {
            let message = format!("`{name}` does not know the flag {unknown}");
            return Err(syntax(message)
                .with_offset(at)
                .with_help("the flags are c, i (ignore case), s, m and g (replace all)"));
        }
        let inline: String = flags.chars().filter(|flag| "ism".contains(*flag)).collect();
        let pattern = if inline.is_empty() { pattern } else { format!("(?{inline}){pattern}") };
        let located = |failure: Failure| failure.with_offset(pattern_at);
        match name {
            "regexp_matches" => {
                let options = serde_json::json!({ "pattern": pattern }).to_string();
                self.kernel("match_substring_regex", vec![value], options, at).map_err(located)
            }
            "regexp_extract" => {
                let group = match rest.first() {
                    None => 0,
                    Some(group) => match group.literal() {
                        Some(Scalar::Int64(group)) => *group,
                        _ => {
                            return Err(mismatch(
                                "the group of `regexp_extract` must be a constant number",
                                group.offset,
                            ));
                        }
                    },
                };
                let options = serde_json::json!({ "pattern": pattern, "group": group }).to_string();
                self.kernel("extract_regex_group", vec![value], options, at).map_err(located)
            }
            _ => {
                let Some(replacement) = rest.first() else {
                    return Err(syntax("an argument is missing").with_offset(at));
                };
                let replacement = self.constant_text(name, replacement)?;
                let options = serde_json::json!({
                    "pattern": pattern, "replacement": replacement, "global": flags.contains('g'),
                });
                self.kernel("replace_substring_regex", vec![value], options.to_string(), at).map_err(located)
            }
        }
    }
}
