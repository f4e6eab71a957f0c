//! The typed expression tree.

use arrow::datatypes::DataType;

use crate::Failure;
use crate::compute::Scalar;
use crate::types::{NOTE_KEY, type_name};

/// How deep a typed tree may be; everything that walks one may recurse.
const MAX_DEPTH: u16 = 256;

/// A node whose names are resolved and whose type is known.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) node: Node,
    pub(super) data_type: DataType,
    /// Where it begins in the text, in bytes.
    pub(super) offset: u32,
    depth: u16,
}

/// What a node does.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// A column of the input, by number.
    Column(usize),
    /// A constant.
    Literal(Scalar),
    /// A kernel.
    Call { function: String, arguments: Vec<Typed>, options: String },
    /// True where all are true; later ones cannot fail where an earlier one is false.
    And(Vec<Typed>),
    /// True where one is true; later ones cannot fail where an earlier one is true.
    Or(Vec<Typed>),
    /// Pairs of condition and value, and the value where none holds.
    Case { branches: Vec<(Typed, Typed)>, otherwise: Box<Typed> },
    /// The first value that is not null.
    Coalesce(Vec<Typed>),
    /// A field of a struct, by number.
    Field { of: Box<Typed>, index: usize },
    /// An element of a list, from 1, or from -1 at its end; null behind its ends.
    Element { of: Box<Typed>, index: Box<Typed> },
    /// Part of a text by numbers of characters: `substring`, `left`, `right`.
    Substring { part: String, arguments: Vec<Typed> },
    /// LIKE with a pattern that is not the same for all rows: the text and the pattern.
    Like { arguments: Vec<Typed>, escape: Option<char>, ignore_case: bool },
    /// An interval so many times: the interval and a whole number.
    Times(Box<Typed>, Box<Typed>),
    /// Arithmetic of dates, timestamps, durations and intervals, which the arrow kernels do as they are.
    Temporal { subtract: bool, left: Box<Typed>, right: Box<Typed> },
    /// Evaluates `value` once and keeps it in a slot for `body`.
    Let { slot: usize, value: Box<Typed>, body: Box<Typed> },
    /// What a `Let` around it keeps.
    Slot(usize),
}

impl Typed {
    /// # Errors
    /// `too-large` for a tree deeper than is allowed.
    pub(super) fn new(node: Node, data_type: DataType, offset: u32) -> Result<Self, Failure> {
        let mut deepest = 0;
        node.each_child(&mut |child| deepest = deepest.max(child.depth));
        let depth = deepest + 1;
        if depth > MAX_DEPTH {
            let message = format!("the expression is nested too deeply: at most {MAX_DEPTH} levels are allowed");
            return Err(Failure::invalid_config("too-large", message).with_offset(offset));
        }
        Ok(Self { node, data_type, offset, depth })
    }

    /// A leaf: a column, a constant or a slot.
    pub(super) fn leaf(node: Node, data_type: DataType, offset: u32) -> Self {
        Self { node, data_type, offset, depth: 1 }
    }

    /// The constant, if it is one.
    pub(super) fn literal(&self) -> Option<&Scalar> {
        match &self.node {
            Node::Literal(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a text constant.
    pub(super) fn literal_text(&self) -> Option<&str> {
        match &self.node {
            Node::Literal(Scalar::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether it is the constant NULL, of whatever type.
    pub(super) fn is_null(&self) -> bool {
        matches!(self.node, Node::Literal(Scalar::Null))
    }

    /// The columns that it reads, ascending.
    pub(super) fn columns(&self) -> Vec<usize> {
        fn collect(typed: &Typed, found: &mut Vec<usize>) {
            if let Node::Column(index) = typed.node {
                found.push(index);
            }
            typed.node.each_child(&mut |child| collect(child, found));
        }
        let mut found = Vec::new();
        collect(self, &mut found);
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Says what it is, for messages: ``column `carrier` is utf8``.
    pub(super) fn describe(&self, schema: &arrow::datatypes::Schema) -> String {
        let kind = type_name(&self.data_type);
        match &self.node {
            Node::Column(index) => {
                let field = schema.field(*index);
                let note = field.metadata().get(NOTE_KEY).map(|note| format!(" ({note})")).unwrap_or_default();
                format!("column `{}` is {kind}{note}", field.name())
            }
            Node::Literal(Scalar::Text(text)) if text.len() <= 40 => format!("'{text}' is {kind}"),
            Node::Literal(Scalar::Int64(value)) => format!("{value} is {kind}"),
            Node::Literal(Scalar::Float64(value)) => format!("{value} is {kind}"),
            _ => match self.columns().as_slice() {
                [] => format!("the value is {kind}"),
                [only] => format!("the value computed from column `{}` is {kind}", schema.field(*only).name()),
                [first, ..] => {
                    format!("the value computed from columns `{}`, … is {kind}", schema.field(*first).name())
                }
            },
        }
    }
}

impl Node {
    pub(super) fn each_child<'a>(&'a self, visit: &mut dyn FnMut(&'a Typed)) {
        match self {
            Node::Column(_) | Node::Literal(_) | Node::Slot(_) => {}
            Node::Call { arguments, .. } | Node::Substring { arguments, .. } | Node::Like { arguments, .. } => {
                arguments.iter().for_each(visit);
            }
            Node::And(parts) | Node::Or(parts) | Node::Coalesce(parts) => parts.iter().for_each(visit),
            Node::Case { branches, otherwise } => {
                for (condition, value) in branches {
                    visit(condition);
                    visit(value);
                }
                visit(otherwise);
            }
            Node::Field { of, .. } => visit(of),
            Node::Element { of, index } => {
                visit(of);
                visit(index);
            }
            Node::Temporal { left, right, .. } | Node::Times(left, right) => {
                visit(left);
                visit(right);
            }
            Node::Let { value, body, .. } => {
                visit(value);
                visit(body);
            }
        }
    }
}
