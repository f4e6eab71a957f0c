//! `pivot`: groups rows, and makes a column for each value of a column, which holds an aggregate of the rows with it.
//!
//! Each pair of a group and a name is a cell; the host numbers groups, names and cells, and aggregates by cell.

mod table;

use jackfield_kit::outgoing::leave;
use jackfield_kit::values::{empty_column, named, quoted};
use jackfield_kit::{Outgoing, Problems, Rejections, Work, at, names, not_bound, only_input};
use jackfield_sdk::compute::Accumulator;
use jackfield_sdk::sql::{Expression, parse_aggregate};
use jackfield_sdk::{Batch, Binding, Column, DataType, Failure, Field, InputPort, OutputPort, Params, Schema, Step};
use serde::Deserialize;
use table::Table;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Parameters {
    by: Vec<String>,
    names_from: String,
    values_from: Option<String>,
    aggregate: String,
    names: Option<Vec<String>>,
}

pub(crate) struct Pivot {
    parameters: Parameters,
    bound: Option<Bound>,
    outgoing: Option<Outgoing>,
}

struct Bound {
    table: Table,
    names_from: Expression,
    arguments: Vec<Expression>,
    accumulator: Accumulator,
    /// Of the columns that are kept.
    by: Schema,
}

impl Pivot {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        Ok(Pivot { parameters: params.parse()?, bound: None, outgoing: None })
    }

    /// The aggregate as SQL writes it, and the parameter that a problem with it is about.
    fn aggregate(&self) -> Result<(String, &'static str), Failure> {
        let Parameters { aggregate, values_from, .. } = &self.parameters;
        match values_from {
            _ if aggregate.contains('(') => Ok((aggregate.clone(), "/aggregate")),
            Some(column) => Ok((format!("{aggregate}({})", quoted(column)), "/aggregate")),
            None if aggregate == "count" => Ok(("count(*)".to_owned(), "/aggregate")),
            None => {
                let failure = Failure::invalid_config("missing-parameter", "`values-from` is needed");
                let help = "name the column whose values are aggregated, or write all of it, as in `aggregate = \"sum(a * b)\"`";
                Err(failure.with_parameter("").with_help(help))
            }
        }
    }

    /// A value that is no cell's: where there are no rows, a count is 0 and all else is null.
    fn is_count(function: &str) -> bool {
        matches!(function, "count" | "count_distinct")
    }
}

impl Work for Pivot {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let schema = &input.schema;
        let mut problems = Problems::default();
        let parameters = &self.parameters;
        let by = problems.columns("/by", &parameters.by, schema);
        let names_from = problems.column("/names-from", &parameters.names_from, schema);
        let values_from = parameters.values_from.as_ref().map(|name| problems.column("/values-from", name, schema));
        let mut columns: Vec<u32> = by.clone();
        columns.extend(names_from);
        // Names that could not be found would only be told a second time.
        if names_from.is_none() || values_from.is_some_and(|found| found.is_none()) {
            return problems.or(Binding::new());
        }
        let (text, place) = self.aggregate()?;
        let parsed = parse_aggregate(&text, schema).map_err(|failure| match parameters.aggregate.contains('(') {
            true => failure,
            false => Failure { offset: None, parameter: None, ..failure },
        });
        let name_text = format!("CAST({} AS utf8)", quoted(&parameters.names_from));
        let name = problems.note("/names-from", Expression::new(&name_text, schema));
        let (Some(aggregate), Some(name)) = (problems.note(place, parsed), name) else {
            return problems.or(Binding::new());
        };
        columns.extend(aggregate.arguments.iter().flat_map(Expression::columns));
        let trees: Vec<Vec<Field>> = aggregate.arguments.iter().map(Expression::result_type).collect();
        let accumulator = Accumulator::new(&aggregate.function, &trees, &aggregate.options);
        let keys: Vec<Vec<Field>> = by.iter().map(|index| schema.tree(*index)).collect();
        let mut port = by.iter().zip(&keys).fold(OutputPort::new("out"), |port, (_, tree)| port.made(tree.clone()));
        let Some(accumulator) = problems.note(place, accumulator) else { return problems.or(Binding::new()) };
        let mut made: Vec<&str> = Vec::new();
        for (number, name) in parameters.names.iter().flatten().enumerate() {
            let place = format!("/names/{number}");
            if parameters.by.contains(name) || made.contains(&name.as_str()) {
                problems.duplicate(&place, name);
            }
            made.push(name);
            port = port.made(named(accumulator.result_type(), name));
        }
        if parameters.names.is_none() {
            port = OutputPort::unknown("out");
        }
        let is_count = Pivot::is_count(&aggregate.function);
        let table = Table::new(by, &keys, parameters.names.clone(), is_count);
        let binding = Binding::new().output(port).needs(&input.name, &names::of(schema, &columns));
        self.bound = problems.note("/by", table).map(|table| Bound {
            table,
            names_from: name,
            arguments: aggregate.arguments,
            accumulator,
            by: Schema::of(keys),
        });
        problems.or(binding)
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        let mut rejections = Rejections::default();
        let evaluate = |batch: &Batch, rejections: &mut Rejections| -> Result<(Column, Vec<Column>), Failure> {
            let name = rejections.evaluate("/names-from", &bound.names_from, batch)?;
            let arguments: Result<Vec<Column>, Failure> =
                bound.arguments.iter().map(|argument| rejections.evaluate("/aggregate", argument, batch)).collect();
            Ok((name, arguments?))
        };
        let (mut name, mut arguments) = evaluate(batch, &mut rejections)?;
        let well;
        let batch = match rejections.kept()? {
            None => batch,
            Some(kept) => {
                well = batch.filter(&kept)?;
                (name, arguments) = evaluate(&well, &mut Rejections::default())?;
                &well
            }
        };
        let (cells, in_table) = bound.table.cells(batch, &name)?;
        if let Some(in_table) = in_table {
            let kept = |column: &Column| jackfield_kit::values::single(column)?.filter(&in_table)?.column_at(0);
            arguments = arguments.iter().map(kept).collect::<Result<_, _>>()?;
        }
        let values: Vec<&Column> = arguments.iter().collect();
        let updated = bound.accumulator.update(&values, &cells, bound.table.cell_count());
        updated.map_err(|failure| at("/aggregate", failure))?;
        Ok(rejections.add_to(Step::nothing()))
    }

    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        let bound = self.bound.as_ref().ok_or_else(not_bound)?;
        let (mut columns, rows) = bound.table.keys()?;
        let cells = bound.accumulator.finish().map_err(|failure| at("/aggregate", failure))?;
        let cells = if cells.length() == 0 { empty_column(&bound.accumulator.result_type())? } else { cells };
        let mut trees: Vec<Vec<Field>> = (0..bound.by.len() as u32).map(|index| bound.by.tree(index)).collect();
        for (name, values) in bound.table.spread(&cells)? {
            if self.parameters.by.contains(&name) {
                let from = &self.parameters.names_from;
                let message = format!("the value `{name}` of `{from}` would make a second column of that name");
                let failure = Failure::invalid_input("duplicate-column", message).with_column(&name);
                return Err(failure.with_help("name the columns to make with `names`, or change the values before"));
            }
            trees.push(named(bound.accumulator.result_type(), &name));
            columns.push(values);
        }
        let batch = Batch::of(&Schema::of(trees), rows, &columns.iter().collect::<Vec<_>>())?;
        self.outgoing = Some(Outgoing::all(batch));
        leave(&mut self.outgoing)
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        leave(&mut self.outgoing)
    }
}

/// A text column, for names.
pub(crate) fn text_type() -> Vec<Field> {
    vec![Field::new("name", DataType::Utf8)]
}
