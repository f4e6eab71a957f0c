//! `fill`: puts values where there are none: always the same, or that of a neighbour.

mod neighbour;
mod next;

use jackfield_kit::values::{call, empty_column, take};
use jackfield_kit::{Groups, Problems, Work, names, not_bound, only_input, rows_of};
use jackfield_sdk::{
    Batch, Binding, Column, DataType, Failure, Field, InputPort, OutputPort, Params, Scalar, Schema, Step, type_name,
};
use neighbour::Carried;
use next::{Waiting, What};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Parameters {
    columns: Vec<String>,
    value: Option<Value>,
    method: Option<Method>,
    #[serde(default)]
    by: Vec<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Method {
    Previous,
    Next,
}

pub(crate) struct Fill {
    parameters: Parameters,
    bound: Option<Bound>,
}

struct Bound {
    /// The columns to fill, in the order of the input.
    columns: Vec<(u32, String)>,
    how: How,
}

enum How {
    /// A value for each column, in its type.
    Value(Vec<Scalar>),
    Previous {
        groups: Groups,
        carried: Carried,
    },
    Next {
        groups: Groups,
        waiting: Box<Waiting>,
    },
}

impl Fill {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let parameters: Parameters = params.parse()?;
        let wrong = |code: &str, place: &str, message: &str, help: &str| {
            Err(Failure::invalid_config(code, message).with_parameter(place).with_help(help).into())
        };
        match (&parameters.value, parameters.method) {
            (None, None) => {
                let help = "say what to fill with, as in `value = 0` or `method = \"previous\"`";
                return wrong("missing-parameter", "", "`value` or `method` is needed", help);
            }
            (Some(_), Some(_)) => {
                let message = "`value` and `method` exclude one another";
                return wrong("conflicting-parameters", "/method", message, "leave one of them out");
            }
            (Some(_), None) if !parameters.by.is_empty() => {
                let message = "`by` and `value` exclude one another";
                return wrong(
                    "conflicting-parameters",
                    "/by",
                    message,
                    "a value is the same for all rows: leave `by` out",
                );
            }
            _ => {}
        }
        Ok(Fill { parameters, bound: None })
    }
}

/// The value in the type of a column.
fn scalar(value: &Value, tree: &[Field]) -> Result<Scalar, Failure> {
    let name = tree.first().map_or("", |root| root.name.as_str());
    let of = tree.first().map_or(DataType::Null, |root| root.data_type.clone());
    let wrong = |help: &str| {
        let message = format!("`{name}` is {}, which cannot be filled with {value}", type_name(tree));
        Failure::invalid_config("type-mismatch", message).with_column(name).with_help(help)
    };
    let is_number = jackfield_kit::values::is_number(&of);
    let scalar = match (value, &of) {
        (_, DataType::ListOf | DataType::LargeListOf | DataType::StructOf | DataType::MapOf) => {
            return Err(wrong("lists and structs take a `method` only"));
        }
        (Value::Bool(value), DataType::Boolean) => Scalar::Boolean(*value),
        (Value::Number(value), _) if is_number => Scalar::Typed((of, value.to_string())),
        (Value::String(value), DataType::Utf8) => Scalar::Text(value.clone()),
        (Value::String(value), of) if !is_number && !matches!(of, DataType::Boolean) => {
            Scalar::Typed((of.clone(), value.clone()))
        }
        (_, DataType::Utf8 | DataType::LargeUtf8) => {
            return Err(wrong(&format!("write the value as text: \"{value}\"")));
        }
        _ => return Err(wrong("give a value of the column's type, or cast the column first")),
    };
    // Whether the text is a value of the type shows when it is used.
    let nothing = take(&empty_column(tree)?, &jackfield_kit::numbers::rows_or_null(&[u32::MAX])?)?;
    match call("coalesce", &[(&nothing).into(), scalar.clone().into()], "") {
        Ok(filled) if type_name(&filled.tree()) == type_name(tree) => Ok(scalar),
        Ok(_) | Err(_) => Err(wrong("give a value of the column's type, or cast the column first")),
    }
}

impl Work for Fill {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let schema: &Schema = &input.schema;
        let mut problems = Problems::default();
        let mut indices = problems.columns("/columns", &self.parameters.columns, schema);
        indices.sort_unstable();
        let groups = Groups::bind("/by", &self.parameters.by, schema, &mut problems);
        let needed: Vec<u32> = indices.iter().chain(groups.columns()).copied().collect();
        let how = match (&self.parameters.value, self.parameters.method) {
            (Some(value), _) => {
                let scalars = indices.iter();
                let scalars =
                    scalars.filter_map(|index| problems.note("/value", scalar(value, &schema.tree(*index)))).collect();
                How::Value(scalars)
            }
            (None, Some(Method::Next)) => How::Next { groups, waiting: Box::default() },
            (None, _) => How::Previous { groups, carried: Carried::default() },
        };
        let port = (0..schema.len() as u32).fold(OutputPort::new("out"), |port, index| {
            if indices.contains(&index) { port.made(schema.tree(index)) } else { port.pass(&input.name, index, None) }
        });
        let binding = Binding::new().output(port).needs(&input.name, &names::of(schema, &needed));
        let binding = match how {
            How::Value(_) => binding.row_wise().keeps_rows(),
            _ => binding,
        };
        let names: Vec<&str> = schema.names().collect();
        let columns =
            indices.iter().map(|index| (*index, names.get(*index as usize).map_or("", |name| name).to_owned()));
        self.bound = Some(Bound { columns: columns.collect(), how });
        problems.or(binding)
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let Bound { columns, how } = self.bound.as_mut().ok_or_else(not_bound)?;
        match how {
            How::Value(scalars) => {
                let filled: Result<Vec<Column>, Failure> = columns
                    .iter()
                    .zip(scalars)
                    .map(|((index, _), scalar)| {
                        let column = batch.column_at(*index)?;
                        call("coalesce", &[(&column).into(), scalar.clone().into()], "")
                    })
                    .collect();
                Ok(Step::made(filled?))
            }
            How::Previous { groups, carried } => {
                let of_rows = groups.assign(batch)?;
                let columns: Result<Vec<Column>, Failure> =
                    columns.iter().map(|(index, _)| batch.column_at(*index)).collect();
                let of_rows = (!groups.is_single()).then_some(of_rows);
                Ok(Step::made(carried.fill(&columns?, of_rows.as_ref(), groups.count(), false)?))
            }
            How::Next { groups, waiting } => {
                let of_rows = if groups.is_single() { None } else { Some(groups.assign(batch)?) };
                waiting.push(batch, of_rows, What { columns, groups: groups.count() })
            }
        }
    }

    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        match self.bound.as_mut().ok_or_else(not_bound)? {
            Bound { columns, how: How::Next { groups, waiting } } => {
                waiting.finish(What { columns, groups: groups.count() })
            }
            _ => Ok(Step::nothing().done()),
        }
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        match self.bound.as_mut().ok_or_else(not_bound)? {
            Bound { columns, how: How::Next { groups, waiting } } => {
                waiting.advance(What { columns, groups: groups.count() })
            }
            _ => Ok(Step::nothing()),
        }
    }
}

/// Used by neighbours too.
fn row_column(rows: &[u32]) -> Result<Column, Failure> {
    if rows.contains(&u32::MAX) { jackfield_kit::numbers::rows_or_null(rows) } else { rows_of(rows) }
}
