//! A node made of a function over a table.

use std::rc::Rc;

use serde::de::DeserializeOwned;

use super::Table;
use super::plan::{Given, Kernels, Outcome, Plan, Source};
use crate::builders::{BooleanBuilder, TextBuilder};
use crate::compute::{self, Argument};
use crate::node::OUTPUT;
use crate::{Batch, Binding, Buffers, Column, Failure, Field, InputPort, Node, OutputPort, Params, Scalar, Step};

/// A node that does to its input what a function says. `nodes!` makes it; for who writes the [`Node`] themselves it is a
/// part to delegate to.
pub struct TableNode {
    say: Box<dyn Fn(Table) -> Table>,
    plan: Option<Plan>,
}

impl std::fmt::Debug for TableNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableNode").field("bound", &self.plan.is_some()).finish_non_exhaustive()
    }
}

impl TableNode {
    /// A node with the parameters that its function takes.
    ///
    /// # Errors
    /// Parameters that do not have the shape of `P`.
    pub fn with<P: DeserializeOwned + 'static>(
        params: &Params,
        say: impl Fn(Table, &P) -> Table + 'static,
    ) -> Result<TableNode, Vec<Failure>> {
        let params: P = params.parse()?;
        Ok(TableNode::new(move |table| say(table, &params)))
    }

    /// A node without parameters.
    pub fn new(say: impl Fn(Table) -> Table + 'static) -> TableNode {
        TableNode { say: Box::new(say), plan: None }
    }
}

impl Node for TableNode {
    fn new(node_type: &str, _params: Params) -> Result<Self, Vec<Failure>> {
        Err(vec![Failure::internal(format!("`{node_type}` was exported without its function"))])
    }

    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let [input] = inputs else {
            return Err(vec![Failure::internal("a node over a table has one input")]);
        };
        let plan = Plan::of((self.say)(Table::of(&input.schema)), &Host(None))?;
        let names: Vec<String> = input.schema.names().map(str::to_owned).collect();
        let mut port = OutputPort::new(OUTPUT);
        for (name, source) in &plan.columns {
            port = match source {
                Source::Input(number) => {
                    let renamed = names.get(*number as usize).is_none_or(|own| own != name);
                    port.pass(&input.name, *number, renamed.then_some(name.as_str()))
                }
                Source::Made { tree, .. } => port.made(tree.clone()),
            };
        }
        let reads: Vec<&String> = plan.reads.iter().filter_map(|number| names.get(*number as usize)).collect();
        let mut binding = Binding::new().output(port).needs(&input.name, &reads).row_wise();
        let predicates = plan.predicates(&names);
        if !predicates.is_empty() {
            binding = binding.predicates(&input.name, predicates);
        }
        if plan.masks.is_empty() {
            binding = binding.keeps_rows();
        }
        self.plan = Some(plan);
        Ok(binding)
    }

    fn process(&mut self, _port: &str, batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        let plan = self.plan.as_ref().ok_or_else(|| Failure::internal("a batch came before the columns were known"))?;
        let worked = plan.run(&Host(Some(batch)))?;
        let own = |column: Rc<Column>| Rc::try_unwrap(column).unwrap_or_else(|shared| shared.share());
        let mut step = Step::nothing();
        for (rows, reason) in worked.failed {
            step = step.reject(own(rows), reason);
        }
        let made = worked.made.into_iter().map(own).collect();
        Ok(step.change(OUTPUT, worked.selection.map(own), made))
    }
}

/// The host's kernels, on a batch or only on types.
struct Host<'a>(Option<&'a Batch<'a>>);

impl Host<'_> {
    fn batch(&self) -> Result<&Batch<'_>, Failure> {
        self.0.ok_or_else(|| Failure::internal("there are no rows yet"))
    }
}

impl Kernels for Host<'_> {
    type Column = Rc<Column>;

    fn result_type(&self, function: &str, arguments: &[Vec<Field>], options: &str) -> Result<Vec<Field>, Failure> {
        compute::result_type(function, arguments, options)
    }

    fn input(&self, number: u32) -> Result<Rc<Column>, Failure> {
        self.batch()?.column_at(number).map(Rc::new)
    }

    fn constant(&self, value: &Scalar) -> Result<Rc<Column>, Failure> {
        let rows = self.batch()?.rows() as usize;
        let numbers = |bytes: &[u8]| Buffers {
            length: rows as u32,
            null_count: 0,
            validity: None,
            offsets: None,
            values: bytes.repeat(rows),
        };
        let (type_text, level) = match value {
            Scalar::Null => ("null", Buffers { null_count: rows as u32, ..numbers(&[]) }),
            Scalar::Boolean(value) => {
                let mut builder = BooleanBuilder::default();
                builder.push_run(*value, rows);
                ("bool", builder.finish())
            }
            Scalar::Int64(number) => ("int64", numbers(&number.to_le_bytes())),
            Scalar::Uint64(number) => ("uint64", numbers(&number.to_le_bytes())),
            Scalar::Float64(number) => ("float64", numbers(&number.to_le_bytes())),
            Scalar::Text(text) => ("utf8", texts(text.as_bytes(), rows)?),
            Scalar::Binary(bytes) => ("binary", texts(bytes, rows)?),
            Scalar::Typed((_, text)) => {
                return Err(Failure::internal(format!("the value {text} can only stand beside a column")));
            }
        };
        Column::create(&crate::parse_type("", type_text)?, &[level]).map(Rc::new)
    }

    fn call(
        &self,
        function: &str,
        arguments: &[Given<Rc<Column>>],
        options: &str,
        only: Option<&Rc<Column>>,
    ) -> Result<Outcome<Rc<Column>>, Failure> {
        let arguments: Vec<Argument> = arguments
            .iter()
            .map(|argument| match argument {
                Given::Column(column) => Argument::Column(column),
                Given::Value(value) => Argument::Scalar(value.clone()),
            })
            .collect();
        let outcome = compute::call(function, &arguments, options, only.map(|only| &**only))?;
        let failed = outcome.failed.zip(outcome.first);
        Ok(Outcome { values: Rc::new(outcome.values), failed: failed.map(|(rows, reason)| (Rc::new(rows), reason)) })
    }
}

/// The same text in all rows.
fn texts(text: &[u8], rows: usize) -> Result<Buffers, Failure> {
    let mut builder = TextBuilder::with_capacity(rows, text.len() * rows);
    (0..rows).for_each(|_| builder.push(text));
    builder.finish()
}
