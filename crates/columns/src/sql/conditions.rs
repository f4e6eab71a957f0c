//! Conditions: AND, OR, NOT, comparisons, IN, BETWEEN, LIKE and the tests with IS.

use arrow::datatypes::DataType;
use sqlparser::ast::Expr;

use super::coerce::Class;
use super::constants;
use super::resolve::Resolver;
use super::text::syntax;
use super::tree::{Node, Typed};
use crate::Failure;
use crate::compute::Scalar;

impl Resolver<'_> {
    /// A value where only true, false or null will do.
    ///
    /// # Errors
    /// `not-boolean`.
    pub(super) fn boolean(&mut self, place: &str, value: Typed) -> Result<Typed, Failure> {
        match Class::of(&value.data_type) {
            Class::Boolean => Ok(value),
            Class::Null => self.cast(value, &DataType::Boolean),
            _ => {
                let message = format!("{place} needs a bool: {}", value.describe(self.schema));
                let help = "compare it with something, as in `x > 0` or `x IS NOT NULL`";
                Err(Failure::invalid_config("not-boolean", message).with_offset(value.offset).with_help(help))
            }
        }
    }

    pub(super) fn and(&mut self, parts: Vec<Typed>) -> Result<Typed, Failure> {
        self.connect("AND", parts, false)
    }

    pub(super) fn or(&mut self, parts: Vec<Typed>) -> Result<Typed, Failure> {
        self.connect("OR", parts, true)
    }

    /// `decisive` is the value that decides alone: false for AND, true for OR.
    fn connect(&mut self, name: &str, parts: Vec<Typed>, decisive: bool) -> Result<Typed, Failure> {
        let at = parts.first().map_or(0, |part| part.offset);
        let mut kept = Vec::new();
        for part in parts {
            let part = self.boolean(name, part)?;
            match (&part.node, decisive) {
                (Node::Literal(Scalar::Boolean(value)), _) if *value == decisive => {
                    // What stands behind it is never asked; what stands before it may still fail.
                    kept.push(part);
                    break;
                }
                (Node::Literal(Scalar::Boolean(_)), _) => {}
                (Node::And(_), false) | (Node::Or(_), true) => match part.node {
                    Node::And(inner) | Node::Or(inner) => kept.extend(inner),
                    _ => {}
                },
                _ => kept.push(part),
            }
        }
        match kept.len() {
            0 => Ok(Typed::leaf(Node::Literal(Scalar::Boolean(!decisive)), DataType::Boolean, at)),
            1 => kept.pop().ok_or_else(|| syntax("a condition is missing")),
            _ if decisive => Typed::new(Node::Or(kept), DataType::Boolean, at),
            _ => Typed::new(Node::And(kept), DataType::Boolean, at),
        }
    }

    pub(super) fn invert(&mut self, value: Typed) -> Result<Typed, Failure> {
        let at = value.offset;
        self.kernel_of_type("invert", vec![value], String::new(), DataType::Boolean, at)
    }

    pub(super) fn null_test(&mut self, function: &str, inner: &Expr) -> Result<Typed, Failure> {
        let value = self.resolve(inner)?;
        if let Some(scalar) = value.literal() {
            let is = (*scalar == Scalar::Null) == (function == "is_null");
            return Ok(Typed::leaf(Node::Literal(Scalar::Boolean(is)), DataType::Boolean, value.offset));
        }
        let at = value.offset;
        self.kernel_of_type(function, vec![value], String::new(), DataType::Boolean, at)
    }

    /// `IS TRUE`, `IS FALSE`; none for `IS UNKNOWN`.
    pub(super) fn truth_test(&mut self, inner: &Expr, wanted: Option<bool>) -> Result<Typed, Failure> {
        let value = self.resolve(inner)?;
        let value = self.boolean("IS", value)?;
        let at = value.offset;
        let Some(wanted) = wanted else {
            return self.kernel_of_type("is_null", vec![value], String::new(), DataType::Boolean, at);
        };
        let value = if wanted { value } else { self.invert(value)? };
        let not = Typed::leaf(Node::Literal(Scalar::Boolean(false)), DataType::Boolean, at);
        Typed::new(Node::Coalesce(vec![value, not]), DataType::Boolean, at)
    }

    pub(super) fn distinct(&mut self, function: &str, left: &Expr, right: &Expr) -> Result<Typed, Failure> {
        let (left, right) = (self.resolve(left)?, self.resolve(right)?);
        self.compare(function, "IS DISTINCT FROM", left, right)
    }

    /// A comparison by a kernel, its sides brought to types that meet.
    ///
    /// # Errors
    /// `type-mismatch` naming both sides.
    pub(super) fn compare(
        &mut self,
        function: &str,
        operator: &str,
        left: Typed,
        right: Typed,
    ) -> Result<Typed, Failure> {
        let at = left.offset;
        let (left, right) = self.comparable(operator, left, right)?;
        self.kernel_of_type(function, vec![left, right], String::new(), DataType::Boolean, at)
    }

    pub(super) fn between(&mut self, value: &Expr, low: &Expr, high: &Expr, negated: bool) -> Result<Typed, Failure> {
        let value = self.resolve(value)?;
        let (low, high) = (self.resolve(low)?, self.resolve(high)?);
        let (value, kept) = self.keep(value);
        let above = self.compare("greater_equal", "BETWEEN", value.clone(), low)?;
        let below = self.compare("less_equal", "BETWEEN", value, high)?;
        let mut within = self.and(vec![above, below])?;
        if negated {
            within = self.invert(within)?;
        }
        match kept {
            Some(kept) => kept.around(within),
            None => Ok(within),
        }
    }

    pub(super) fn in_list(&mut self, value: &Expr, list: &[Expr], negated: bool) -> Result<Typed, Failure> {
        let value = self.resolve(value)?;
        let (value, kept) = self.keep(value);
        let list = list.iter().map(|element| self.resolve(element)).collect::<Result<Vec<_>, _>>()?;
        let constant = list.iter().all(|element| element.literal().is_some());
        let found = if constant { self.in_set(value, list)? } else { self.in_each(value, list)? };
        let found = if negated { self.invert(found)? } else { found };
        match kept {
            Some(kept) => kept.around(found),
            None => Ok(found),
        }
    }

    /// Constants of one type with the value, by the kernel `is_in`; else each by itself.
    fn in_set(&mut self, value: Typed, list: Vec<Typed>) -> Result<Typed, Failure> {
        let at = value.offset;
        // They are checked one by one, so that the message names the one that is no such value.
        let list = list
            .into_iter()
            .map(|element| Ok(self.comparable("IN", value.clone(), element)?.1))
            .collect::<Result<Vec<_>, Failure>>()?;
        let mut all: Vec<&Typed> = vec![&value];
        all.extend(&list);
        let set = self.shared(&all).and_then(|shared| {
            let elements = list.iter().map(|element| {
                let scalar = constants::convert(element.literal()?, &shared)?;
                Some(Typed::leaf(Node::Literal(scalar), shared.clone(), element.offset))
            });
            elements.collect::<Option<Vec<_>>>().map(|elements| (shared.clone(), elements))
        });
        match set {
            Some((shared, elements)) if value.literal().is_none() => {
                let mut arguments = vec![self.cast(value, &shared)?];
                arguments.extend(elements);
                self.kernel_of_type("is_in", arguments, String::new(), DataType::Boolean, at)
            }
            _ => self.in_each(value, list),
        }
    }

    fn in_each(&mut self, value: Typed, list: Vec<Typed>) -> Result<Typed, Failure> {
        let tests = list.into_iter().map(|element| self.compare("equal", "IN", value.clone(), element));
        let tests = tests.collect::<Result<_, _>>()?;
        self.or(tests)
    }

    pub(super) fn like(
        &mut self,
        value: &Expr,
        pattern: &Expr,
        escape: Option<&Expr>,
        negated: bool,
        ignore_case: bool,
    ) -> Result<Typed, Failure> {
        let (value, pattern) = (self.resolve(value)?, self.resolve(pattern)?);
        let at = value.offset;
        let escape = match escape.map(|escape| self.resolve(escape)).transpose()? {
            None => None,
            Some(given) => {
                let mut chars = given.literal_text().unwrap_or_default().chars();
                let (Some(escape), None) = (chars.next(), chars.next()) else {
                    return Err(syntax("ESCAPE needs one character").with_offset(given.offset));
                };
                Some(escape)
            }
        };
        let value = self.text("LIKE", value)?;
        let pattern = self.text("LIKE", pattern)?;
        if pattern.is_null() {
            return Ok(Typed::leaf(Node::Literal(Scalar::Null), DataType::Boolean, at));
        }
        let found = match pattern.literal_text() {
            Some(pattern) => {
                let pattern = backslashes(pattern, escape);
                let options = serde_json::json!({ "pattern": pattern, "ignore_case": ignore_case }).to_string();
                self.kernel_of_type("match_like", vec![value], options, DataType::Boolean, at)?
            }
            None => {
                let arguments = vec![value, pattern];
                Typed::new(Node::Like { arguments, escape, ignore_case }, DataType::Boolean, at)?
            }
        };
        if negated { self.invert(found) } else { Ok(found) }
    }
}

/// The pattern with backslashes as escapes, which the kernel reads; SQL has none unless ESCAPE names one.
fn backslashes(pattern: &str, escape: Option<char>) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if Some(c) == escape {
            if let Some(next) = chars.next() {
                out.push('\\');
                out.push(next);
            }
        } else {
            if c == '\\' {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}
