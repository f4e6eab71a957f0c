//! `unpivot`: a row for each of some columns, with its name and its value.

use jackfield_kit::values::{as_type, common_type, named, single, take};
use jackfield_kit::{PIECE, Problems, Work, not_bound, only_input, rows_of};
use jackfield_sdk::builders::TextBuilder;
use jackfield_sdk::{
    Batch, Binding, Column, DataType, Failure, Field, InputPort, OutputPort, Params, Schema, Step, type_name,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Parameters {
    columns: Vec<String>,
    names_to: String,
    values_to: String,
}

pub(crate) struct Unpivot {
    parameters: Parameters,
    bound: Option<Bound>,
    /// A batch whose rows are more than leave at once, and how many of them have left.
    leaving: Option<(Batch<'static>, u32)>,
}

struct Bound {
    columns: Vec<u32>,
    others: Vec<u32>,
    /// Of the values.
    tree: Vec<Field>,
    names: Column,
    /// The number lists for batches of so many rows, which are mostly equally long.
    numbers: Option<(u32, Numbers)>,
}

/// For each row that comes out: the row, the place among the columns, and both in one number.
struct Numbers {
    row: Column,
    name: Column,
    value: Column,
}

impl Unpivot {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        Ok(Unpivot { parameters: params.parse()?, bound: None, leaving: None })
    }

    fn piece(&mut self, batch: &Batch) -> Result<Batch<'static>, Failure> {
        let bound = self.bound.as_mut().ok_or_else(not_bound)?;
        let rows = batch.rows();
        let count = bound.columns.len() as u32;
        if bound.numbers.as_ref().is_none_or(|(of, _)| *of != rows) {
            let all = || (0..rows).flat_map(move |row| (0..count).map(move |place| (row, place)));
            let column = |number: &dyn Fn((u32, u32)) -> u32| rows_of(&all().map(number).collect::<Vec<u32>>());
            let numbers = Numbers {
                row: column(&|(row, _)| row)?,
                name: column(&|(_, place)| place)?,
                value: column(&|(row, place)| place * rows + row)?,
            };
            bound.numbers = Some((rows, numbers));
        }
        let Some((_, numbers)) = &bound.numbers else { return Err(not_bound()) };
        let values: Result<Vec<Batch>, Failure> =
            bound.columns.iter().map(|index| single(&as_type(batch.column_at(*index)?, &bound.tree)?)).collect();
        let values = Batch::concat(&values?.iter().collect::<Vec<_>>())?.take(&numbers.value)?.column_at(0)?;
        let names = take(&bound.names, &numbers.name)?;
        let others = batch.pick(bound.others.iter().map(|index| (*index, None)))?.take(&numbers.row)?;
        others.put(&[(&self.parameters.names_to, &names), (&self.parameters.values_to, &values)])
    }

    /// Rows of the input that leave at a time.
    fn at_a_time(&self) -> u32 {
        let count = self.bound.as_ref().map_or(1, |bound| bound.columns.len() as u32);
        (PIECE / count.max(1)).max(1)
    }
}

fn names(names: &[String]) -> Result<Column, Failure> {
    let mut builder = TextBuilder::default();
    names.iter().for_each(|name| builder.push(name.as_bytes()));
    Column::of(&[Field::new("names", DataType::Utf8)], &[builder.finish()?])
}

fn values_type(schema: &Schema, columns: &[u32]) -> Result<Vec<Field>, Failure> {
    let trees: Vec<Vec<Field>> = columns.iter().map(|index| schema.tree(*index)).collect();
    common_type(&trees).map_err(|failure| {
        let name = |index: &u32| schema.names().nth(*index as usize).unwrap_or_default().to_owned();
        let types: Vec<String> = columns
            .iter()
            .zip(&trees)
            .map(|(index, tree)| format!("`{}` is {}", name(index), type_name(tree)))
            .collect();
        let message = format!("the columns have no common type: {}", types.join(", "));
        Failure { code: "type-mismatch".to_owned(), message, offset: None, ..failure }
            .with_help("cast them to one type before, as to utf8")
    })
}

impl Work for Unpivot {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let Parameters { columns, names_to, values_to } = &self.parameters;
        let mut problems = Problems::default();
        let indices = problems.columns("/columns", columns, &input.schema);
        let others: Vec<u32> = (0..input.schema.len() as u32).filter(|index| !indices.contains(index)).collect();
        let kept: Vec<&str> =
            (0..).zip(input.schema.names()).filter(|(index, _)| others.contains(index)).map(|(_, name)| name).collect();
        if kept.contains(&names_to.as_str()) {
            problems.duplicate("/names-to", names_to);
        }
        if kept.contains(&values_to.as_str()) || names_to == values_to {
            problems.duplicate("/values-to", values_to);
        }
        let tree = problems.note("/columns", values_type(&input.schema, &indices)).unwrap_or_default();
        let port = others.iter().fold(OutputPort::new("out"), |port, index| port.pass(&input.name, *index, None));
        let port = port.made(vec![Field::new(names_to, DataType::Utf8)]).made(named(tree.clone(), values_to));
        let binding = Binding::new().output(port).needs(&input.name, columns).row_wise();
        let names = problems.note("/columns", names(columns));
        self.bound = names.map(|names| Bound { columns: indices, others, tree, names, numbers: None });
        problems.or(binding)
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        if batch.rows() <= self.at_a_time() {
            return Ok(Step::from(self.piece(batch)?));
        }
        self.leaving = Some((batch.share(), 0));
        self.resume()
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        let Some((batch, sent)) = self.leaving.take() else { return Ok(Step::nothing()) };
        let count = self.at_a_time().min(batch.rows() - sent);
        let piece = self.piece(&batch.slice(sent, count)?)?;
        let step = Step::from(piece);
        if sent + count >= batch.rows() {
            return Ok(step);
        }
        self.leaving = Some((batch, sent + count));
        Ok(step.more())
    }
}
