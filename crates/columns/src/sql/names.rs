//! Columns, fields of structs and elements of lists, by name and number.

use arrow::datatypes::DataType;
use sqlparser::ast::{AccessExpr, Expr, Ident, Subscript};

use super::coerce::{Class, normal};
use super::resolve::{Resolver, mismatch};
use super::text::syntax;
use super::tree::{Node, Typed};
use crate::Failure;

impl Resolver<'_> {
    pub(super) fn column(&mut self, name: &Ident) -> Result<Typed, Failure> {
        let at = self.offset(name.span);
        let Some((index, field)) = self.schema.column_with_name(&name.value) else {
            let failure = self.unknown_column(&name.value, at);
            let quoted = name.quote_style == Some('"');
            return Err(match failure.help.clone().filter(|_| quoted) {
                Some(help) => failure.with_help(format!("{help}; a text stands in single quotes: '{}'", name.value)),
                None => failure,
            });
        };
        let column = Typed::leaf(Node::Column(index), field.data_type().clone(), at);
        let plain = normal(field.data_type());
        if plain == *field.data_type() { Ok(column) } else { self.convert(column, &plain, false) }
    }

    fn unknown_column(&self, name: &str, at: u32) -> Failure {
        let names = self.schema.fields().iter().map(|field| field.name().as_str());
        let failure = Failure::invalid_config("unknown-column", format!("there is no column `{name}`"))
            .with_column(name)
            .with_offset(at);
        match nearest(name, names.clone()).as_slice() {
            [] if self.schema.fields().is_empty() => failure.with_help("the input has no columns"),
            [] => {
                let mut listed: Vec<String> = names.take(12).map(|name| format!("`{name}`")).collect();
                if self.schema.fields().len() > listed.len() {
                    listed.push("…".to_owned());
                }
                failure.with_help(format!("the columns are {}", listed.join(", ")))
            }
            near => {
                let near: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
                failure.with_help(format!("did you mean {}? Names are case-sensitive", near.join(" or ")))
            }
        }
    }

    /// `s.field.inner`.
    pub(super) fn path(&mut self, names: &[Ident]) -> Result<Typed, Failure> {
        let Some((first, fields)) = names.split_first() else {
            return Err(syntax("a name is missing"));
        };
        let mut value = self.column(first)?;
        for field in fields {
            value = self.field(value, field)?;
        }
        Ok(value)
    }

    fn field(&mut self, of: Typed, name: &Ident) -> Result<Typed, Failure> {
        let at = self.offset(name.span);
        let DataType::Struct(fields) = &of.data_type else {
            let message = format!("`.{}` needs a struct: {}", name.value, of.describe(self.schema));
            let help = format!("quote a name with a dot in it: \"x.{}\"", name.value);
            return Err(mismatch(message, at).with_help(help));
        };
        let Some((index, field)) = fields.find(&name.value) else {
            let names: Vec<String> = fields.iter().map(|field| format!("`{}`", field.name())).collect();
            let message = format!("the struct has no field `{}`", name.value);
            let help = format!("its fields are {}", names.join(", "));
            return Err(Failure::invalid_config("unknown-column", message).with_offset(at).with_help(help));
        };
        let data_type = field.data_type().clone();
        Typed::new(Node::Field { of: Box::new(of), index }, data_type, at)
    }

    pub(super) fn access(&mut self, root: &Expr, chain: &[AccessExpr]) -> Result<Typed, Failure> {
        let mut value = self.resolve(root)?;
        for access in chain {
            value = match access {
                AccessExpr::Dot(Expr::Identifier(name)) => self.field(value, name)?,
                AccessExpr::Subscript(Subscript::Index { index }) => self.element(value, index)?,
                AccessExpr::Dot(_) | AccessExpr::Subscript(_) => {
                    let help = "write s.field for a field, l[1] for an element";
                    return Err(syntax("this way into a value is not supported")
                        .with_offset(value.offset)
                        .with_help(help));
                }
            };
        }
        Ok(value)
    }

    fn element(&mut self, of: Typed, index: &Expr) -> Result<Typed, Failure> {
        let index = self.resolve(index)?;
        let at = of.offset;
        let item = match &of.data_type {
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                item.data_type().clone()
            }
            DataType::Struct(_) => {
                let Some(name) = index.literal_text() else {
                    return Err(mismatch("a field of a struct is named by text, as in s['field']", index.offset));
                };
                return self.field(of.clone(), &Ident::with_quote('"', name));
            }
            _ => {
                let message = format!("`[…]` needs a list: {}", of.describe(self.schema));
                return Err(mismatch(message, at));
            }
        };
        if !matches!(Class::of(&index.data_type), Class::Integer | Class::Null) {
            let message =
                format!("an element of a list is named by its number, from 1: {}", index.describe(self.schema));
            return Err(mismatch(message, index.offset));
        }
        let index = self.cast(index, &DataType::Int64)?;
        Typed::new(Node::Element { of: Box::new(of), index: Box::new(index) }, item, at)
    }
}

/// The names that are close to a misspelt one, nearest first, at most three.
pub(super) fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    /// Longer words are not compared: the work grows with the product of the lengths.
    const LONGEST: usize = 64;
    if word.len() > LONGEST {
        return Vec::new();
    }
    let lower = word.to_lowercase();
    let mut near: Vec<(usize, &str)> = names
        .filter(|name| name.len() <= LONGEST)
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= (word.chars().count() / 3).max(1))
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().take(3).map(|(_, name)| name).collect()
}
