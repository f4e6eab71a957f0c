//! `flatten`: a list gives a row for each of its items, a struct a column for each of its fields.

mod items;

use items::{Items, RowsOut};
use jackfield_kit::values::{named, quoted, root, take};
use jackfield_kit::{Problems, Rejections, Work, not_bound, only_input};
use jackfield_sdk::sql::Expression;
use jackfield_sdk::{
    Batch, Binding, Column, DataType, Failure, Field, InputPort, OutputPort, Params, Step, schema, type_name,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Parameters {
    column: String,
    #[serde(default)]
    keep_empty: bool,
    prefix: Option<String>,
}

pub(crate) struct Flatten {
    parameters: Parameters,
    bound: Option<Bound>,
    /// A batch whose lists have more items than leave at once.
    leaving: Option<(Batch<'static>, Items)>,
}

enum Bound {
    List(u32),
    /// The fields of a struct.
    Struct(Vec<Expression>),
}

impl Flatten {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        Ok(Flatten { parameters: params.parse()?, bound: None, leaving: None })
    }

    /// The next rows of what is leaving.
    fn next(&mut self) -> Result<Step, Failure> {
        let Some((batch, mut items)) = self.leaving.take() else { return Ok(Step::nothing()) };
        let Some(RowsOut { rows, items: values }) = items.next_rows()? else { return Ok(Step::nothing()) };
        let piece = batch.take(&rows)?.put(&[(&self.parameters.column, &values)])?;
        let step = Step::from(piece);
        if items.is_empty() {
            return Ok(step);
        }
        self.leaving = Some((batch, items));
        Ok(step.more())
    }

    fn of_struct(
        &mut self,
        input: &InputPort,
        index: u32,
        tree: &[Field],
        problems: &mut Problems,
    ) -> (OutputPort, Bound) {
        let column = &self.parameters.column;
        let prefix = self.parameters.prefix.clone().unwrap_or_else(|| format!("{column}_"));
        let mut expressions = Vec::new();
        let mut made = Vec::new();
        for child in tree.first().map(|root| root.children.as_slice()).unwrap_or_default() {
            let Some(field) = tree.get(*child as usize) else { continue };
            let text = format!("{}.{}", quoted(column), quoted(&field.name));
            let Some(expression) = problems.note("/column", Expression::new(&text, &input.schema)) else { continue };
            let name = format!("{prefix}{}", field.name);
            let taken = input.schema.index_of(&name).is_some_and(|other| other != index);
            if taken || made.iter().any(|tree: &Vec<Field>| tree.first().is_some_and(|root| root.name == name)) {
                problems.duplicate("/prefix", &name);
            }
            made.push(named(schema::subtree(tree, *child), &name));
            expressions.push(expression);
        }
        let port = (0..input.schema.len() as u32).fold(OutputPort::new("out"), |port, other| {
            if other == index {
                made.iter().fold(port, |port, tree| port.made(tree.clone()))
            } else {
                port.pass(&input.name, other, None)
            }
        });
        (port, Bound::Struct(expressions))
    }
}

impl Work for Flatten {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let mut problems = Problems::default();
        let name = self.parameters.column.clone();
        let Some(index) = problems.column("/column", &name, &input.schema) else {
            return problems.or(Binding::new());
        };
        let tree = input.schema.tree(index);
        let is_list = matches!(root(&tree), DataType::ListOf | DataType::LargeListOf | DataType::FixedSizeListOf(_));
        let misplaced = |parameter: &str, is: &str| {
            let message = format!("`{parameter}` is for {is}, and `{name}` is {}", type_name(&tree));
            Failure::invalid_config("conflicting-parameters", message)
                .with_parameter(format!("/{parameter}"))
                .with_help("leave it out")
        };
        let (port, bound) = if is_list {
            if self.parameters.prefix.is_some() {
                problems.push(misplaced("prefix", "structs"));
            }
            let item = tree.first().and_then(|root| root.children.first()).copied().unwrap_or_default();
            let port = (0..input.schema.len() as u32).fold(OutputPort::new("out"), |port, other| {
                if other == index {
                    port.made(named(schema::subtree(&tree, item), &name))
                } else {
                    port.pass(&input.name, other, None)
                }
            });
            (port, Bound::List(index))
        } else if matches!(root(&tree), DataType::StructOf) {
            if self.parameters.keep_empty {
                problems.push(misplaced("keep-empty", "lists"));
            }
            self.of_struct(input, index, &tree, &mut problems)
        } else {
            let message = format!("`{name}` is {}, expected a list or a struct", type_name(&tree));
            let failure = Failure::invalid_config("type-mismatch", message).with_column(&name);
            problems.push(failure.with_parameter("/column"));
            return problems.or(Binding::new());
        };
        let binding = Binding::new().output(port).needs(&input.name, &[&name]).row_wise();
        let binding = if matches!(bound, Bound::Struct(_)) { binding.keeps_rows() } else { binding };
        self.bound = Some(bound);
        problems.or(binding)
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        match self.bound.as_ref().ok_or_else(not_bound)? {
            Bound::Struct(expressions) => {
                let mut rejections = Rejections::default();
                let made: Result<Vec<Column>, Failure> =
                    expressions.iter().map(|expression| rejections.evaluate("/column", expression, batch)).collect();
                Ok(rejections.add_to(Step::made(made?)))
            }
            Bound::List(index) => {
                let items = Items::new(batch.column_at(*index)?, self.parameters.keep_empty)?;
                self.leaving = Some((batch.share(), items));
                self.next()
            }
        }
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        self.next()
    }
}

/// The values in rows by number, some of which may be none.
pub(crate) fn taken(values: &Column, rows: &[u32]) -> Result<Column, Failure> {
    let rows = if rows.contains(&u32::MAX) {
        jackfield_kit::numbers::rows_or_null(rows)?
    } else {
        jackfield_kit::rows_of(rows)?
    };
    take(values, &rows)
}
