//! What a node promised in its binding, and whether it keeps it.

use std::collections::HashSet;

use arrow::array::{Array, BooleanArray};
use arrow::datatypes::{DataType, SchemaRef};
use jackfield_columns::{Batch, type_name};

use crate::bindings::exports::jackfield::plugin::node as wit;
use crate::convert;
use crate::{Binding, Need, OutColumn, Output, OutputPort, Step};

/// A binding as far as steps are checked against it.
#[derive(Debug)]
pub(crate) struct Bound {
    outputs: Vec<BoundOutput>,
    prefetch: Vec<(String, Vec<Vec<u32>>)>,
}

#[derive(Debug, PartialEq)]
struct BoundOutput {
    port: String,
    /// Ports that passed columns come from.
    from: HashSet<String>,
    /// Types of the made columns, in order.
    made: Vec<DataType>,
    /// Names and types; `None` until the first batch has told them.
    columns: Option<Vec<(String, DataType)>>,
    /// Whether the binding told the columns: only then can a change be applied.
    told: bool,
}

type Inputs = [(String, SchemaRef)];

fn input<'a>(inputs: &'a Inputs, port: &str) -> Result<&'a SchemaRef, String> {
    let found = inputs.iter().find(|(name, _)| name == port);
    found.map(|(_, schema)| schema).ok_or_else(|| format!("no input port is called {port}"))
}

fn unique<'a>(names: impl Iterator<Item = &'a str>, what: &str) -> Result<(), String> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("{what} {name} stands twice"));
        }
    }
    Ok(())
}

/// Converts a binding and checks that it speaks of ports and columns that exist.
pub(crate) fn check(binding: wit::Binding, inputs: &Inputs) -> Result<(Binding, Bound), String> {
    unique(binding.outputs.iter().map(|output| output.name.as_str()), "output port")?;
    let mut outputs = Vec::with_capacity(binding.outputs.len());
    let mut bound = Vec::with_capacity(binding.outputs.len());
    for output in binding.outputs {
        let columns = output
            .columns
            .map(|columns| columns.into_iter().map(|column| out_column(column, inputs)).collect::<Result<Vec<_>, _>>());
        let output = OutputPort { name: output.name, columns: columns.transpose()? };
        bound.push(bound_output(&output, inputs)?);
        outputs.push(output);
    }
    let needs = binding.needs.into_iter().map(|need| checked_need(need, inputs)).collect::<Result<Vec<_>, _>>()?;
    unique(needs.iter().map(|need| need.port.as_str()), "need of port")?;
    let prefetch: Vec<(String, Vec<Vec<u32>>)> =
        binding.prefetch.into_iter().map(|prefetch| (prefetch.port, prefetch.paths)).collect();
    unique(prefetch.iter().map(|(port, _)| port.as_str()), "prefetch of port")?;
    for (port, paths) in &prefetch {
        let columns = input(inputs, port)?.fields().len();
        if paths.iter().any(|path| path.first().is_none_or(|column| *column as usize >= columns)) {
            return Err(format!("the prefetch of port {port} names a column that is not there"));
        }
    }
    for port in &binding.drain_first {
        input(inputs, port)?;
    }
    let bound = Bound { outputs: bound, prefetch: prefetch.clone() };
    let (drain_first, row_wise, extra) = (binding.drain_first, binding.row_wise, binding.extra);
    Ok((Binding { outputs, needs, prefetch, drain_first, row_wise, extra }, bound))
}

fn out_column(column: wit::OutColumn, inputs: &Inputs) -> Result<OutColumn, String> {
    Ok(match column {
        wit::OutColumn::Passed(wit::Passed { input: origin, name }) => {
            let index = origin.index as usize;
            if index >= input(inputs, &origin.port)?.fields().len() {
                return Err(format!("input port {} has no column number {index}", origin.port));
            }
            OutColumn::Passed { port: origin.port, index, name }
        }
        wit::OutColumn::Made(tree) => OutColumn::Made(convert::tree_from_wit(tree).map_err(|failure| failure.message)?),
    })
}

fn bound_output(output: &OutputPort, inputs: &Inputs) -> Result<BoundOutput, String> {
    let told = output.columns.is_some();
    let mut bound =
        BoundOutput { port: output.name.clone(), from: HashSet::new(), made: Vec::new(), columns: None, told };
    if let Some(columns) = &output.columns {
        let mut known = Vec::with_capacity(columns.len());
        for column in columns {
            known.push(match column {
                OutColumn::Passed { port, index, name } => {
                    bound.from.insert(port.clone());
                    let field = input(inputs, port)?.field(*index);
                    (name.clone().unwrap_or_else(|| field.name().clone()), field.data_type().clone())
                }
                OutColumn::Made(field) => {
                    bound.made.push(field.data_type().clone());
                    (field.name().clone(), field.data_type().clone())
                }
            });
        }
        unique(known.iter().map(|(name, _)| name.as_str()), &format!("in output port {}, column", output.name))?;
        bound.columns = Some(known);
    }
    Ok(bound)
}

fn checked_need(need: wit::Need, inputs: &Inputs) -> Result<Need, String> {
    let schema = input(inputs, &need.port)?;
    let known = |column: &str| match schema.index_of(column) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("input port {} has no column {column}", need.port)),
    };
    for column in need.columns.iter().flatten() {
        known(column)?;
    }
    let mut predicates = Vec::with_capacity(need.predicates.len());
    for predicate in need.predicates {
        known(&predicate.column)?;
        predicates.push(convert::predicate_from_wit(predicate).map_err(|failure| failure.message)?);
    }
    Ok(Need { port: need.port, columns: need.columns, predicates, limit: need.limit })
}

impl Bound {
    /// Paths of the arrays that go with a batch of this port.
    pub(crate) fn prefetch(&self, port: &str) -> &[Vec<u32>] {
        self.prefetch.iter().find(|(name, _)| name == port).map_or(&[], |(_, paths)| paths)
    }

    /// Whether another instance's binding promises the same; what that one knows by now is known to this one, too.
    pub(crate) fn takes_over(&mut self, other: &Bound) -> bool {
        let same = self.prefetch == other.prefetch && self.outputs.len() == other.outputs.len();
        same && self.outputs.iter_mut().zip(&other.outputs).all(|(output, known)| {
            if !output.told && !known.told {
                output.columns.clone_from(&known.columns);
            }
            output == known
        })
    }

    /// Whether a step is what the binding promised. `input`: port and rows of the batch it answers, if it does.
    pub(crate) fn check_step(&mut self, step: &Step, input: Option<(&str, usize)>) -> Result<(), String> {
        for emission in &step.emissions {
            let port = &emission.port;
            let Some(output) = self.outputs.iter_mut().find(|output| output.port == *port) else {
                return Err(format!("it emitted to port {port}, which its binding does not name"));
            };
            match &emission.output {
                Output::Batch(batch) => output.check_batch(batch)?,
                Output::Change { selection, made } => {
                    let Some((from, rows)) = input else {
                        return Err(format!("it emitted a change to port {port} where there is no input to change"));
                    };
                    output.check_change(selection.as_ref(), made, from, rows)?;
                }
            }
        }
        for rejected in &step.rejected {
            let Some((_, rows)) = input else { return Err("it rejected rows where there is no input".to_owned()) };
            if rejected.rows.len() != rows {
                return Err(format!("its rejected rows have length {}, the input {rows}", rejected.rows.len()));
            }
            if rejected.reason.row.is_some_and(|row| row >= rows as u64) {
                return Err(format!("it rejected a row behind the {rows} of the input"));
            }
        }
        Ok(())
    }
}

impl BoundOutput {
    fn check_batch(&mut self, batch: &Batch) -> Result<(), String> {
        let fields = batch.schema().fields();
        let Some(columns) = &self.columns else {
            self.columns = Some(fields.iter().map(|field| (field.name().clone(), field.data_type().clone())).collect());
            return Ok(());
        };
        if columns.len() != fields.len() {
            let (given, due) = (fields.len(), columns.len());
            return Err(format!("it emitted {given} columns to port {}, where {due} are due", self.port));
        }
        for (field, (name, data_type)) in fields.iter().zip(columns) {
            if field.name() != name || !field.data_type().equals_datatype(data_type) {
                return Err(format!(
                    "it emitted column {} of type {} to port {}, where {name} of type {} is due",
                    field.name(),
                    type_name(field.data_type()),
                    self.port,
                    type_name(data_type)
                ));
            }
        }
        Ok(())
    }

    fn check_change(
        &self,
        selection: Option<&BooleanArray>,
        made: &[arrow::array::ArrayRef],
        from: &str,
        rows: usize,
    ) -> Result<(), String> {
        let port = &self.port;
        if !self.told {
            return Err(format!("it emitted a change to port {port}, whose columns its binding leaves open"));
        }
        if let Some(other) = self.from.iter().find(|other| *other != from) {
            return Err(format!("it changed input {from} for port {port}, which passes columns of input {other}"));
        }
        if let Some(selection) = selection.filter(|selection| selection.len() != rows) {
            return Err(format!("its selection has length {}, the input {rows}", selection.len()));
        }
        if made.len() != self.made.len() {
            let (given, due) = (made.len(), self.made.len());
            return Err(format!("it made {given} columns for port {port}, where {due} are due"));
        }
        for (array, data_type) in made.iter().zip(&self.made) {
            if array.len() != rows {
                return Err(format!("it made a column of length {}, the input has {rows}", array.len()));
            }
            if !array.data_type().equals_datatype(data_type) {
                let (given, due) = (type_name(array.data_type()), type_name(data_type));
                return Err(format!("it made a column of type {given} for port {port}, where {due} is due"));
            }
        }
        Ok(())
    }
}
