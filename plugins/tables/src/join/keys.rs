//! The columns that a join compares: one of each side, in a type that holds the values of both.

use super::Kind;
use jackfield_kit::values::{as_type, common_type};
use jackfield_kit::{Problems, names};
use jackfield_sdk::params::{Ordered, pointer};
use jackfield_sdk::{Batch, Column, Failure, Field, Schema};
use serde::Deserialize;

/// The parameter `on`: names that both sides have, or pairs.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum On {
    Same(Vec<String>),
    Pairs(Ordered<String>),
}

/// The keys.
#[derive(Default)]
pub(crate) struct Keys(pub(crate) Vec<Key>);

/// One column of each side.
pub(crate) struct Key {
    pub(crate) left: u32,
    pub(crate) right: u32,
    /// What both are compared as.
    pub(crate) tree: Vec<Field>,
}

impl Keys {
    /// Finds the columns and their common types.
    pub(crate) fn bind(on: &On, left: &Schema, right: &Schema, problems: &mut Problems) -> Keys {
        let pairs: Vec<(String, &str, &str)> = match on {
            On::Same(names) => {
                let place = |(number, name)| (format!("/on/{number}"), name, name);
                names.iter().map(String::as_str).enumerate().map(place).collect()
            }
            On::Pairs(pairs) => {
                let place = |(left, right)| (pointer("/on", left), left, right);
                pairs.0.iter().map(|(left, right)| (left.as_str(), right.as_str())).map(place).collect()
            }
        };
        let mut keys = Vec::new();
        for (place, of_left, of_right) in pairs {
            let mut find = |side: &str, name: &str, schema: &Schema| {
                let found = schema.expect_index(name).map_err(|mut failure| {
                    failure.message = format!("the {side} input has no column `{name}`");
                    failure
                });
                problems.note(&place, found)
            };
            let (found_left, found_right) = (find("left", of_left, left), find("right", of_right, right));
            let (Some(of_left), Some(of_right)) = (found_left, found_right) else { continue };
            let trees = [left.tree(of_left), right.tree(of_right)];
            let tree = common_type(&trees).map_err(|failure| mismatch(failure, left, of_left, right, of_right));
            let Some(tree) = problems.note(&place, tree) else { continue };
            keys.push(Key { left: of_left, right: of_right, tree });
        }
        Keys(keys)
    }

    /// The types that are compared.
    pub(crate) fn types(&self) -> Vec<Vec<Field>> {
        self.0.iter().map(|key| key.tree.clone()).collect()
    }

    pub(crate) fn left_names<'a>(&self, schema: &'a Schema) -> Vec<&'a str> {
        names::of(schema, &self.0.iter().map(|key| key.left).collect::<Vec<u32>>())
    }

    pub(crate) fn right_names<'a>(&self, schema: &'a Schema) -> Vec<&'a str> {
        names::of(schema, &self.0.iter().map(|key| key.right).collect::<Vec<u32>>())
    }

    pub(crate) fn of_left(&self, batch: &Batch) -> Result<Vec<Column>, Failure> {
        self.0.iter().map(|key| as_type(batch.column_at(key.left)?, &key.tree)).collect()
    }

    pub(crate) fn of_right(&self, batch: &Batch) -> Result<Vec<Column>, Failure> {
        self.0.iter().map(|key| as_type(batch.column_at(key.right)?, &key.tree)).collect()
    }

    /// What a join of this kind holds of rows of the right: where only rows of the left come out, these keys and no more.
    pub(crate) fn held(&self, kind: Kind, batch: &Batch, keys: &[Column]) -> Result<Batch<'static>, Failure> {
        if !kind.is_left_only() {
            return Ok(batch.share());
        }
        let names: Vec<String> = (0..keys.len()).map(|number| format!("\u{1}{number}")).collect();
        let named: Vec<(&str, &Column)> = names.iter().map(String::as_str).zip(keys).collect();
        batch.pick(std::iter::empty())?.put(&named)
    }

    /// The keys of rows that were held.
    pub(crate) fn of_held(&self, kind: Kind, rows: &Batch) -> Result<Vec<Column>, Failure> {
        match kind.is_left_only() {
            true => (0..).zip(&self.0).map(|(index, _)| rows.column_at(index)).collect(),
            false => self.of_right(rows),
        }
    }
}

fn mismatch(failure: Failure, left: &Schema, of_left: u32, right: &Schema, of_right: u32) -> Failure {
    let text = |schema: &Schema, index: u32| {
        let name = schema.names().nth(index as usize).unwrap_or_default().to_owned();
        format!("`{name}` is {}", schema.type_name(index))
    };
    let message =
        format!("keys of different types: on the left {}, on the right {}", text(left, of_left), text(right, of_right));
    Failure { code: "type-mismatch".to_owned(), message, offset: None, ..failure }
        .with_help("cast one of them before the join")
}
