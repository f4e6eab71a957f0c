//! What rows are grouped by: names of columns, or expressions with names.

use jackfield_kit::problems::Problems;
use jackfield_kit::rejections::Rejections;
use jackfield_sdk::params::{Ordered, pointer};
use jackfield_sdk::sql::Expression;
use jackfield_sdk::{Batch, Column, Failure, Field, Schema};
use serde::Deserialize;

/// The parameter `by`.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum By {
    Names(Vec<String>),
    Expressions(Ordered<String>),
}

impl Default for By {
    fn default() -> Self {
        By::Names(Vec::new())
    }
}

/// One key.
pub(super) struct Key {
    pub(super) tree: Vec<Field>,
    pointer: String,
    of: KeyOf,
}

enum KeyOf {
    Column(u32),
    Expression(Expression),
}

impl By {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            By::Names(names) => names.is_empty(),
            By::Expressions(expressions) => expressions.0.is_empty(),
        }
    }

    /// Whether one of the keys has this name.
    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            By::Names(names) => names.iter().any(|other| other == name),
            By::Expressions(expressions) => expressions.0.iter().any(|(other, _)| other == name),
        }
    }

    pub(super) fn bind(&self, schema: &Schema, problems: &mut Problems) -> Vec<Key> {
        match self {
            By::Names(names) => {
                let mut keys = Vec::new();
                for (number, name) in names.iter().enumerate() {
                    let pointer = format!("/by/{number}");
                    if names.iter().take(number).any(|other| other == name) {
                        problems.duplicate(&pointer, name);
                    }
                    let Some(index) = problems.column(&pointer, name, schema) else { continue };
                    keys.push(Key { tree: schema.tree(index), pointer, of: KeyOf::Column(index) });
                }
                keys
            }
            By::Expressions(expressions) => {
                let mut keys = Vec::new();
                for (name, text) in &expressions.0 {
                    let pointer = pointer("/by", name);
                    let Some(expression) = problems.note(&pointer, Expression::new(text, schema)) else { continue };
                    let mut tree = expression.result_type();
                    if let Some(root) = tree.first_mut() {
                        root.name.clone_from(name);
                    }
                    keys.push(Key { tree, pointer, of: KeyOf::Expression(expression) });
                }
                keys
            }
        }
    }
}

impl Key {
    /// The numbers of the columns that it reads.
    pub(super) fn columns(&self) -> Vec<u32> {
        match &self.of {
            KeyOf::Column(index) => vec![*index],
            KeyOf::Expression(expression) => expression.columns(),
        }
    }

    pub(super) fn evaluate(&self, batch: &Batch, rejections: &mut Rejections) -> Result<Column, Failure> {
        match &self.of {
            KeyOf::Column(index) => batch.column_at(*index),
            KeyOf::Expression(expression) => rejections.evaluate(&self.pointer, expression, batch),
        }
    }
}
