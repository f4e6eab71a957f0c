//! `union`: the rows of one input after those of the other. Columns go together by name or by place.

use jackfield_kit::values::{Nulls, as_type, common_type, named};
use jackfield_kit::{Problems, Work};
use jackfield_sdk::{Batch, Binding, Column, Failure, Field, InputPort, OutputPort, Params, Schema, Step, type_name};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Parameters {
    #[serde(default = "yes")]
    by_name: bool,
}

fn yes() -> bool {
    true
}

pub(crate) struct Union {
    by_name: bool,
    columns: Vec<Out>,
    inputs: Vec<Incoming>,
}

/// A column that comes out.
struct Out {
    name: String,
    tree: Vec<Field>,
    nulls: Nulls,
}

/// How an input becomes the output.
struct Incoming {
    port: String,
    /// For each column of the output the column it comes from.
    columns: Vec<Option<u32>>,
    /// Whether its batches are the output as they are.
    as_it_is: bool,
}

impl Union {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let Parameters { by_name } = params.parse()?;
        Ok(Union { by_name, columns: Vec::new(), inputs: Vec::new() })
    }

    /// For each column of the output its name, and its number in each input.
    fn places(&self, inputs: &[InputPort], problems: &mut Problems) -> Vec<(String, Vec<Option<u32>>)> {
        if self.by_name {
            let mut names: Vec<&str> = Vec::new();
            for name in inputs.iter().flat_map(|input| input.schema.names()) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            let places = |name: &str| inputs.iter().map(|input| input.schema.index_of(name)).collect();
            return names.into_iter().map(|name| (name.to_owned(), places(name))).collect();
        }
        let Some(first) = inputs.first() else { return Vec::new() };
        for (number, other) in inputs.iter().enumerate().skip(1) {
            if other.schema.len() != first.schema.len() {
                let (due, given) = (first.schema.len(), other.schema.len());
                let message = format!("input {} has {given} columns, the first one has {due}", number + 1);
                let help = "columns go together by their place: select the same number, or leave `by-name` out";
                let failure = Failure::invalid_config("type-mismatch", message);
                problems.push(failure.with_parameter("/by-name").with_help(help));
            }
        }
        let place = |(index, name): (u32, &str)| (name.to_owned(), vec![Some(index); inputs.len()]);
        (0..).zip(first.schema.names()).map(place).collect()
    }
}

fn common(name: &str, inputs: &[InputPort], places: &[Option<u32>]) -> Result<Vec<Field>, Failure> {
    let found = || inputs.iter().enumerate().zip(places).filter_map(|(input, place)| Some((input, (*place)?)));
    let trees: Vec<Vec<Field>> = found().map(|((_, input), index)| input.schema.tree(index)).collect();
    let tree = common_type(&trees).map_err(|failure| {
        let types: Vec<String> = found()
            .zip(&trees)
            .map(|(((number, _), _), tree)| format!("{} in input {}", type_name(tree), number + 1))
            .collect();
        let message = format!("`{name}` is {}", types.join(", "));
        Failure { code: "type-mismatch".to_owned(), message, offset: None, ..failure }
            .with_column(name)
            .with_parameter("")
            .with_help("cast it to one type before the union")
    })?;
    Ok(named(tree, name))
}

impl Work for Union {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        if inputs.is_empty() {
            return Err(Failure::invalid_config("missing-input", "a union needs inputs").into());
        }
        let mut problems = Problems::default();
        let places = self.places(inputs, &mut problems);
        if !problems.is_empty() {
            return problems.or(Binding::new());
        }
        let mut port = OutputPort::new("out");
        for (name, places) in &places {
            let Some(tree) = problems.note("", common(name, inputs, places)) else { continue };
            port = port.made(tree.clone());
            self.columns.push(Out { name: name.clone(), nulls: Nulls::new(tree.clone()), tree });
        }
        self.inputs = inputs
            .iter()
            .enumerate()
            .map(|(number, input)| {
                let columns = places.iter().map(|(_, places)| places.get(number).copied().flatten()).collect();
                let as_it_is = same(&input.schema, &self.columns);
                Incoming { port: input.name.clone(), columns, as_it_is }
            })
            .collect();
        problems.or(Binding::new().output(port))
    }

    fn process(&mut self, port: &str, batch: &Batch) -> Result<Step, Failure> {
        let Some(from) = self.inputs.iter().find(|from| from.port == port) else {
            return Err(Failure::internal(format!("there is no input `{port}`")));
        };
        if from.as_it_is {
            return Ok(Step::from(batch.share()));
        }
        // Columns that are the output's already are picked, so that their rows do not move; the others are put behind.
        let mut picks = Vec::new();
        let mut put: Vec<(&str, Column)> = Vec::new();
        for (out, place) in self.columns.iter_mut().zip(&from.columns) {
            let same_type = |index: &u32| batch.schema().type_name(*index) == type_name(&out.tree);
            match place {
                Some(index) if same_type(index) => picks.push((*index, Some(out.name.clone()))),
                Some(index) => put.push((&out.name, as_type(batch.column_at(*index)?, &out.tree)?)),
                None => put.push((&out.name, out.nulls.rows(batch.rows())?)),
            }
        }
        let put: Vec<(&str, &Column)> = put.iter().map(|(name, column)| (*name, column)).collect();
        let together = batch.pick(picks)?.put(&put)?;
        let names: Vec<&str> = self.columns.iter().map(|out| out.name.as_str()).collect();
        Ok(Step::from(together.select(&names)?))
    }
}

fn same(schema: &Schema, columns: &[Out]) -> bool {
    let types = (0..).zip(schema.names()).map(|(index, name)| (name, schema.type_name(index)));
    schema.len() == columns.len()
        && types.zip(columns).all(|((name, of), out)| name == out.name && of == type_name(&out.tree))
}
