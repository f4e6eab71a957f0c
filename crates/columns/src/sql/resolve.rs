//! Syntax tree to typed tree: names become columns, every part gets a type, constants are computed.

use arrow::datatypes::{DataType, Schema};
use sqlparser::ast::{BinaryOperator, CaseWhen, CastKind, Expr, UnaryOperator, Value, ValueWithSpan};
use sqlparser::tokenizer::Span;

use super::text::{Source, syntax};
use super::tree::{Node, Typed};
use super::{Context, fold};
use crate::Failure;
use crate::compute::{self, Scalar};
use crate::types::type_name;

/// How deep the syntax tree may be.
const MAX_DEPTH: usize = 200;
/// The most parts of a typed tree.
const MAX_PARTS: usize = 50_000;

/// Everything that resolving needs to know, and what it counts.
pub(super) struct Resolver<'a> {
    pub(super) schema: &'a Schema,
    pub(super) context: &'a Context,
    source: &'a Source<'a>,
    depth: usize,
    parts: usize,
    /// How many slots the `Let` nodes use.
    pub(super) slots: usize,
}

/// A failure with the code `type-mismatch`.
pub(super) fn mismatch(message: impl Into<String>, offset: u32) -> Failure {
    Failure::invalid_config("type-mismatch", message).with_offset(offset)
}

impl<'a> Resolver<'a> {
    pub(super) fn new(schema: &'a Schema, context: &'a Context, source: &'a Source<'a>) -> Self {
        Self { schema, context, source, depth: 0, parts: 0, slots: 0 }
    }

    /// The typed tree of a syntax tree.
    ///
    /// # Errors
    /// As `Expression::parse`.
    pub(super) fn resolve(&mut self, tree: &Expr) -> Result<Typed, Failure> {
        self.depth += 1;
        self.parts += 1;
        if self.depth > MAX_DEPTH || self.parts > MAX_PARTS {
            let message = format!("the expression is too large: at most {MAX_DEPTH} levels are allowed");
            return Err(Failure::invalid_config("too-large", message).with_offset(self.at(tree)));
        }
        let resolved = self.dispatch(tree);
        self.depth -= 1;
        resolved
    }

    fn dispatch(&mut self, tree: &Expr) -> Result<Typed, Failure> {
        match tree {
            Expr::Nested(inner) => self.resolve(inner),
            Expr::Identifier(name) => self.column(name),
            Expr::CompoundIdentifier(names) => self.path(names),
            Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            Expr::Value(value) => self.value(value, false),
            Expr::TypedString(typed) => {
                let to = self.named_type(&typed.data_type.to_string(), typed.value.span)?;
                let text = self.value(&typed.value, false)?;
                self.typed_text(text, &to)
            }
            Expr::Interval(interval) => self.interval(interval),
            Expr::BinaryOp { left, op, right } => self.binary(tree, left, op, right),
            Expr::UnaryOp { op, expr } => self.unary(op, expr),
            Expr::IsNull(inner) => self.null_test("is_null", inner),
            Expr::IsNotNull(inner) => self.null_test("is_valid", inner),
            Expr::IsUnknown(inner) => self.truth_test(inner, None),
            Expr::IsNotUnknown(inner) => self.truth_test(inner, None).and_then(|test| self.invert(test)),
            Expr::IsTrue(inner) => self.truth_test(inner, Some(true)),
            Expr::IsFalse(inner) => self.truth_test(inner, Some(false)),
            Expr::IsNotTrue(inner) => self.truth_test(inner, Some(true)).and_then(|test| self.invert(test)),
            Expr::IsNotFalse(inner) => self.truth_test(inner, Some(false)).and_then(|test| self.invert(test)),
            Expr::IsDistinctFrom(left, right) => self.distinct("is_distinct_from", left, right),
            Expr::IsNotDistinctFrom(left, right) => self.distinct("is_not_distinct_from", left, right),
            Expr::Between { expr, negated, low, high } => self.between(expr, low, high, *negated),
            Expr::InList { expr, list, negated } => self.in_list(expr, list, *negated),
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                self.like(expr, pattern, escape_char.as_deref(), *negated, false)
            }
            Expr::ILike { negated, any: false, expr, pattern, escape_char } => {
                self.like(expr, pattern, escape_char.as_deref(), *negated, true)
            }
            Expr::Cast { kind, expr, data_type, .. } => {
                let value = self.resolve(expr)?;
                let to = self.cast_type(data_type, value.offset)?;
                self.explicit_cast(value, &to, *kind == CastKind::TryCast)
            }
            Expr::Extract { field, expr, .. } => {
                let value = self.resolve(expr)?;
                let at = value.offset;
                self.date_part(&field.to_string(), value, at)
            }
            Expr::AtTimeZone { timestamp, time_zone } => self.at_time_zone(timestamp, time_zone),
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(tree, operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::Function(function) => self.function(function),
            Expr::Tuple(_) => Err(syntax("a list of values is only possible behind IN").with_offset(self.at(tree))),
            _ => Err(syntax("this form of expression is not supported").with_offset(self.at(tree))),
        }
    }

    /// Where a tree begins, in bytes: at its leftmost leaf.
    pub(super) fn at(&self, tree: &Expr) -> u32 {
        let mut tree = tree;
        let span = loop {
            tree = match tree {
                Expr::Identifier(name) => break name.span,
                Expr::CompoundIdentifier(names) => break names.first().map_or(Span::empty(), |name| name.span),
                Expr::Value(value) => break value.span,
                Expr::TypedString(typed) => break typed.value.span,
                Expr::Case { case_token, .. } => break case_token.0.span,
                Expr::Function(function) => {
                    break function.name.0.first().and_then(|p| p.as_ident()).map_or(Span::empty(), |name| name.span);
                }
                Expr::Interval(interval) => &interval.value,
                Expr::CompoundFieldAccess { root: inner, .. }
                | Expr::Nested(inner)
                | Expr::BinaryOp { left: inner, .. }
                | Expr::UnaryOp { expr: inner, .. }
                | Expr::IsNull(inner)
                | Expr::IsNotNull(inner)
                | Expr::IsTrue(inner)
                | Expr::IsNotTrue(inner)
                | Expr::IsFalse(inner)
                | Expr::IsNotFalse(inner)
                | Expr::IsDistinctFrom(inner, _)
                | Expr::IsNotDistinctFrom(inner, _)
                | Expr::Between { expr: inner, .. }
                | Expr::InList { expr: inner, .. }
                | Expr::Like { expr: inner, .. }
                | Expr::ILike { expr: inner, .. }
                | Expr::Cast { expr: inner, .. }
                | Expr::AtTimeZone { timestamp: inner, .. }
                | Expr::Extract { expr: inner, .. } => inner,
                _ => break Span::empty(),
            };
        };
        if span == Span::empty() { 0 } else { self.offset(span) }
    }

    pub(super) fn offset(&self, span: Span) -> u32 {
        self.source.offset(span.start)
    }

    fn unary(&mut self, op: &UnaryOperator, inner: &Expr) -> Result<Typed, Failure> {
        match op {
            UnaryOperator::Not => {
                let value = self.resolve(inner)?;
                let value = self.boolean("NOT", value)?;
                self.invert(value)
            }
            UnaryOperator::Minus => {
                if let Expr::Value(value @ ValueWithSpan { value: Value::Number(..), .. }) = inner {
                    return self.value(value, true);
                }
                let value = self.resolve(inner)?;
                self.negate(value)
            }
            UnaryOperator::Plus => {
                let value = self.resolve(inner)?;
                self.numeric("+", &value)?;
                Ok(value)
            }
            _ => Err(syntax(format!("the operator `{op}` is not supported")).with_offset(self.at(inner))),
        }
    }

    fn binary(&mut self, tree: &Expr, left: &Expr, op: &BinaryOperator, right: &Expr) -> Result<Typed, Failure> {
        match op {
            BinaryOperator::And | BinaryOperator::Or | BinaryOperator::StringConcat => {
                let parts = self.chain(tree, op)?;
                match op {
                    BinaryOperator::And => self.and(parts),
                    BinaryOperator::Or => self.or(parts),
                    _ => self.join_text(parts),
                }
            }
            _ => {
                let left = self.resolve(left)?;
                let right = self.resolve(right)?;
                self.operator(op, left, right)
            }
        }
    }

    /// The operands of a chain of one operator, however long it is.
    fn chain(&mut self, tree: &Expr, op: &BinaryOperator) -> Result<Vec<Typed>, Failure> {
        let mut operands = Vec::new();
        let mut rest = tree;
        while let Expr::BinaryOp { left, op: found, right } = rest
            && found == op
        {
            operands.push(right.as_ref());
            rest = left.as_ref();
        }
        operands.push(rest);
        operands.into_iter().rev().map(|operand| self.resolve(operand)).collect()
    }

    fn case(
        &mut self,
        tree: &Expr,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Result<Typed, Failure> {
        let at = self.at(tree);
        let operand = operand.map(|operand| self.resolve(operand)).transpose()?;
        let kept = operand.map(|operand| self.keep(operand));
        let mut tests = Vec::new();
        let mut values = Vec::new();
        for CaseWhen { condition, result } in conditions {
            let test = self.resolve(condition)?;
            tests.push(match &kept {
                Some((operand, _)) => self.compare("equal", "=", operand.clone(), test)?,
                None => self.boolean("WHEN", test)?,
            });
            values.push(self.resolve(result)?);
        }
        values.push(match otherwise {
            Some(otherwise) => self.resolve(otherwise)?,
            None => Typed::leaf(Node::Literal(Scalar::Null), DataType::Null, at),
        });
        let (mut values, data_type) = self.unify("CASE", values)?;
        let Some(otherwise) = values.pop() else { return Err(syntax("CASE needs a value").with_offset(at)) };
        let branches = tests.into_iter().zip(values).collect();
        let case = Typed::new(Node::Case { branches, otherwise: Box::new(otherwise) }, data_type, at)?;
        match kept {
            Some((_, Some(kept))) => kept.around(case),
            _ => Ok(case),
        }
    }

    /// A kernel whose result type the kernels themselves know.
    ///
    /// # Errors
    /// Theirs, located.
    pub(super) fn kernel(
        &mut self,
        function: &str,
        arguments: Vec<Typed>,
        options: String,
        at: u32,
    ) -> Result<Typed, Failure> {
        let types: Vec<DataType> = arguments.iter().map(|argument| argument.data_type.clone()).collect();
        let data_type = compute::result_type(function, &types, &options).map_err(|failure| {
            // An option of the kernel is a part of this text, which has the place.
            let failure = Failure { parameter: None, ..failure }.with_offset(at);
            if failure.help.is_some() || failure.code != "type-mismatch" || types.is_empty() {
                return failure;
            }
            let given: Vec<String> = types.iter().map(type_name).collect();
            failure.with_help(format!("it was given {}", given.join(", ")))
        })?;
        self.kernel_of_type(function, arguments, options, data_type, at)
    }

    /// A kernel whose result type is known here; computed at once if all its arguments are constants.
    ///
    /// # Errors
    /// `too-large`.
    pub(super) fn kernel_of_type(
        &mut self,
        function: &str,
        arguments: Vec<Typed>,
        options: String,
        data_type: DataType,
        at: u32,
    ) -> Result<Typed, Failure> {
        if let Some(scalar) = fold::call(function, &arguments, &options, &data_type) {
            return Ok(Typed::leaf(Node::Literal(scalar), data_type, at));
        }
        Typed::new(Node::Call { function: function.to_owned(), arguments, options }, data_type, at)
    }

    /// Something that is used more than once: leaves as they are, anything else through a slot.
    pub(super) fn keep(&mut self, value: Typed) -> (Typed, Option<Kept>) {
        if matches!(value.node, Node::Column(_) | Node::Literal(_) | Node::Slot(_)) {
            return (value, None);
        }
        let slot = self.slots;
        self.slots += 1;
        (Typed::leaf(Node::Slot(slot), value.data_type.clone(), value.offset), Some(Kept { slot, value }))
    }
}

/// A value to be evaluated once, for a slot.
pub(super) struct Kept {
    slot: usize,
    value: Typed,
}

impl Kept {
    /// Evaluates the value before `body`, which reads the slot.
    pub(super) fn around(self, body: Typed) -> Result<Typed, Failure> {
        let (data_type, at) = (body.data_type.clone(), body.offset);
        Typed::new(Node::Let { slot: self.slot, value: Box::new(self.value), body: Box::new(body) }, data_type, at)
    }
}
