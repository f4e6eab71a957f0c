//! `derive`: computes columns, each from the input and those computed before it.

use crate::filter::not_bound;
use jackfield_kit::problems::{Problems, at};
use jackfield_kit::rejections::Rejections;
use jackfield_sdk::params::{Ordered, pointer};
use jackfield_sdk::sql::Expression;
use jackfield_sdk::{Batch, Binding, Column, Failure, Field, InputPort, OutputPort, Params, Schema, Step};
use serde::Deserialize;

#[derive(Deserialize)]
struct Parameters {
    columns: Ordered<String>,
}

pub(crate) struct Derive {
    columns: Vec<(String, String)>,
    bound: Option<Bound>,
}

struct Bound {
    expressions: Vec<Expression>,
    /// Which expression makes which made column, in the order of the output.
    made: Vec<usize>,
}

/// A column of the output as far as it is known.
struct Slot {
    tree: Vec<Field>,
    from: From,
}

#[derive(Clone, Copy)]
enum From {
    Input(u32),
    Expression(usize),
}

impl Derive {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let Parameters { columns } = params.parse()?;
        Ok(Derive { columns: columns.0, bound: None })
    }

    pub(crate) fn bind(&mut self, input: &InputPort) -> Result<Binding, Vec<Failure>> {
        let mut problems = Problems::default();
        let mut needed: Vec<u32> = Vec::new();
        let mut expressions = Vec::new();
        let mut wrong: Vec<&str> = Vec::new();
        let mut slots: Vec<Slot> = (0..input.schema.len() as u32)
            .map(|index| Slot { tree: input.schema.tree(index), from: From::Input(index) })
            .collect();
        for (name, text) in &self.columns {
            let schema = Schema::of(slots.iter().map(|slot| slot.tree.clone()));
            let expression = match Expression::new(text, &schema) {
                Ok(expression) => expression,
                Err(failure) => {
                    // What is missing only because an earlier column is wrong need not be told.
                    if !failure.column.as_ref().is_some_and(|column| wrong.contains(&column.as_str())) {
                        problems.push(at(&pointer("/columns", name), failure));
                    }
                    wrong.push(name.as_str());
                    continue;
                }
            };
            needed.extend(expression.columns().iter().filter_map(|index| match slots.get(*index as usize)?.from {
                From::Input(index) => Some(index),
                From::Expression(_) => None,
            }));
            let mut tree = expression.result_type();
            if let Some(root) = tree.first_mut() {
                root.name.clone_from(name);
            }
            let slot = Slot { tree, from: From::Expression(expressions.len()) };
            match schema.index_of(name).and_then(|index| slots.get_mut(index as usize)) {
                Some(replaced) => *replaced = slot,
                None => slots.push(slot),
            }
            expressions.push(expression);
        }
        let names: Vec<&str> = input.schema.names().collect();
        let needed: Vec<&str> =
            names.iter().zip(0u32..).filter(|(_, index)| needed.contains(index)).map(|(name, _)| *name).collect();
        let mut made = Vec::new();
        let port = slots.into_iter().fold(OutputPort::new("out"), |port, slot| match slot.from {
            From::Input(index) => port.pass(&input.name, index, None),
            From::Expression(number) => {
                made.push(number);
                port.made(slot.tree)
            }
        });
        self.bound = Some(Bound { expressions, made });
        problems.or(Binding::new().output(port).needs(&input.name, &needed).row_wise())
    }

    pub(crate) fn process(&mut self, batch: &Batch) -> Result<Step, Failure> {
        let Bound { expressions, made } = self.bound.as_ref().ok_or_else(not_bound)?;
        let mut rejections = Rejections::default();
        let mut values: Vec<Column> = Vec::with_capacity(expressions.len());
        let mut grown: Option<Batch> = None;
        for (expression, (name, _)) in expressions.iter().zip(&self.columns) {
            // Each expression knows the columns before it, so each column is put in before the next one is computed.
            if let (Some(value), Some((before, _))) = (values.last(), self.columns.get(values.len().wrapping_sub(1))) {
                grown = Some(grown.as_ref().unwrap_or(batch).put(&[(before, value)])?);
            }
            let input = grown.as_ref().unwrap_or(batch);
            values.push(rejections.evaluate(&pointer("/columns", name), expression, input)?);
        }
        let made = made.iter().filter_map(|number| values.get(*number)).map(Column::share).collect();
        let step = Step::nothing().change("out", rejections.kept()?, made);
        Ok(rejections.add_to(step))
    }
}
