//! Simple conditions that a reader can apply.

use arrow::datatypes::Schema;

use super::coerce::normal;
use super::constants;
use super::tree::{Node, Typed};
use crate::compute::Scalar;

/// A condition on one column; mirrors the WIT record `predicate`.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    /// Name of the column.
    pub column: String,
    /// `=`, `<>`, `<`, `<=`, `>`, `>=`, `in`, `is-null` or `is-not-null`.
    pub comparison: String,
    /// One value for a comparison, any number for `in`, none for the null tests; of the column's type where that
    /// holds it.
    pub values: Vec<Scalar>,
}

/// The conjuncts of a boolean expression that are conditions on one column.
pub(super) fn of(tree: &Typed, schema: &Schema) -> Vec<Predicate> {
    match &tree.node {
        Node::And(parts) => parts.iter().flat_map(|part| of(part, schema)).collect(),
        _ => simple(tree, schema).into_iter().collect(),
    }
}

fn simple(tree: &Typed, schema: &Schema) -> Option<Predicate> {
    let named = |index: usize, comparison: &str, values: Vec<Scalar>| {
        let column = schema.field(index).name().clone();
        Some(Predicate { column, comparison: comparison.to_owned(), values })
    };
    match &tree.node {
        Node::Column(index) if tree.data_type == arrow::datatypes::DataType::Boolean => {
            named(*index, "=", vec![Scalar::Boolean(true)])
        }
        Node::Call { function, arguments, .. } => match (function.as_str(), arguments.as_slice()) {
            ("is_null", [value]) => named(column(value)?, "is-null", Vec::new()),
            ("is_valid", [value]) => named(column(value)?, "is-not-null", Vec::new()),
            ("invert", [value]) if column(value).is_some() => named(column(value)?, "=", vec![Scalar::Boolean(false)]),
            ("is_in", [value, set @ ..]) => {
                // A value that is NULL is in no set.
                let values = set.iter().map(Typed::literal).filter(|scalar| *scalar != Some(&Scalar::Null));
                named(column(value)?, "in", values.map(|scalar| scalar.cloned()).collect::<Option<_>>()?)
            }
            (function, [left, right]) => {
                let comparison = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]
                    .into_iter()
                    .zip(["=", "<>", "<", "<=", ">", ">="])
                    .find(|(name, _)| *name == function)?
                    .1;
                let (index, literal, comparison) = match (column(left), column(right)) {
                    (Some(index), None) => (index, right.literal()?, comparison),
                    (None, Some(index)) => (index, left.literal()?, flipped(comparison)),
                    _ => return None,
                };
                let kind = normal(schema.field(index).data_type());
                let value = constants::convert(literal, &kind).unwrap_or_else(|| literal.clone());
                // A comparison with null is true of no row; there is no predicate for that.
                if value == Scalar::Null { None } else { named(index, comparison, vec![value]) }
            }
            _ => None,
        },
        _ => None,
    }
}

/// The column's number, also behind the conversion of a dictionary or a view to its plain type.
fn column(value: &Typed) -> Option<usize> {
    match &value.node {
        Node::Column(index) => Some(*index),
        Node::Call { function, arguments, .. } if function == "cast" => match arguments.as_slice() {
            [inner] => match inner.node {
                Node::Column(index) if normal(&inner.data_type) == value.data_type => Some(index),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn flipped(comparison: &'static str) -> &'static str {
    match comparison {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        same => same,
    }
}
