//! `schema`: brings rows into a form: names, order, types, and which columns may hold nulls.

use jackfield_kit::{Problems, Rejections, Work, only_input};
use jackfield_sdk::compute;
use jackfield_sdk::params::{Ordered, pointer};
use jackfield_sdk::{Batch, Binding, Column, Failure, Field, InputPort, OutputPort, Params, Step, column};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Parameters {
    /// New name, old name.
    #[serde(default)]
    rename: Ordered<String>,
    #[serde(default)]
    types: Ordered<String>,
    #[serde(default)]
    order: Vec<String>,
    #[serde(default)]
    others: Others,
    #[serde(default)]
    not_null: Vec<String>,
}

/// What becomes of columns that `order` does not name.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Others {
    #[default]
    Keep,
    Drop,
    Error,
}

pub(crate) struct Schema {
    parameters: Parameters,
    casts: Vec<Cast>,
    not_null: Vec<NotNull>,
}

/// A column of another type, in the order of the output.
struct Cast {
    index: u32,
    options: String,
    pointer: String,
}

struct NotNull {
    index: u32,
    name: String,
    pointer: String,
}

/// A column on its way: its number in the input and its new name.
type Named = (u32, String);

impl Schema {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        Ok(Schema { parameters: params.parse()?, casts: Vec::new(), not_null: Vec::new() })
    }

    fn renamed(&self, input: &InputPort, problems: &mut Problems) -> Vec<Named> {
        let mut columns: Vec<Named> = (0..).zip(input.schema.names().map(str::to_owned)).collect();
        let mut renamed: Vec<&str> = Vec::new();
        for (new, old) in &self.parameters.rename.0 {
            let place = pointer("/rename", new);
            let Some(index) = problems.column(&place, old, &input.schema) else { continue };
            if renamed.contains(&old.as_str()) {
                let message = format!("`{old}` is renamed twice");
                problems.push(Failure::invalid_config("duplicate-rename", message).with_parameter(place));
                continue;
            }
            renamed.push(old);
            if let Some((_, name)) = columns.get_mut(index as usize) {
                name.clone_from(new);
            }
        }
        for (at, (_, name)) in columns.iter().enumerate() {
            if columns.iter().take(at).any(|(_, other)| other == name) {
                let is_new = self.parameters.rename.0.iter().any(|(new, _)| new == name);
                let place = if is_new { pointer("/rename", name) } else { "/rename".to_owned() };
                problems.duplicate(&place, name);
            }
        }
        columns
    }

    fn ordered(&self, columns: Vec<Named>, problems: &mut Problems) -> Vec<Named> {
        let Parameters { order, others, .. } = &self.parameters;
        let names: Vec<&str> = columns.iter().map(|(_, name)| name.as_str()).collect();
        let mut first = Vec::new();
        for (number, name) in order.iter().enumerate() {
            let place = format!("/order/{number}");
            match columns.iter().find(|(_, other)| other == name) {
                None => problems.push(Failure::unknown_column(name, names.iter().copied()).with_parameter(place)),
                Some(_) if order.iter().take(number).any(|other| other == name) => problems.duplicate(&place, name),
                Some(column) => first.push(column.clone()),
            }
        }
        let rest: Vec<&Named> = columns.iter().filter(|(_, name)| !order.contains(name)).collect();
        if let (Others::Error, Some(_)) = (others, rest.first()) {
            let names: Vec<String> = rest.iter().map(|(_, name)| format!("`{name}`")).collect();
            let message = format!("there are columns that `order` does not name: {}", names.join(", "));
            let failure = Failure::invalid_config("unknown-column", message);
            problems.push(failure.with_parameter("/others").with_help("name them, or say others = \"drop\""));
        }
        if *others == Others::Keep {
            first.extend(rest.into_iter().cloned());
        }
        first
    }
}

fn find(place: &str, name: &str, columns: &[Named], problems: &mut Problems) -> Option<u32> {
    let found = columns.iter().find(|(_, other)| other == name).map(|(index, _)| *index);
    if found.is_none() {
        let names = columns.iter().map(|(_, name)| name.as_str());
        problems.push(Failure::unknown_column(name, names).with_parameter(place));
    }
    found
}

impl Work for Schema {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let mut problems = Problems::default();
        let columns = self.renamed(input, &mut problems);
        if !problems.is_empty() {
            // What is said of columns whose names are wrong would only mislead.
            return problems.or(Binding::new());
        }
        let columns = self.ordered(columns, &mut problems);
        let mut types: Vec<(u32, Cast, Vec<Field>)> = Vec::new();
        for (name, to) in &self.parameters.types.0 {
            let pointer = pointer("/types", name);
            let Some(index) = find(&pointer, name, &columns, &mut problems) else { continue };
            let options = json!({ "to_type": to, "safe": false }).to_string();
            let result = compute::result_type("cast", &[input.schema.tree(index)], &options);
            let Some(tree) = problems.note(&pointer, result) else { continue };
            types.push((index, Cast { index, options, pointer }, jackfield_kit::values::named(tree, name)));
        }
        self.not_null.clear();
        for (number, name) in self.parameters.not_null.iter().enumerate() {
            let pointer = format!("/not-null/{number}");
            let Some(index) = find(&pointer, name, &columns, &mut problems) else { continue };
            self.not_null.push(NotNull { index, name: name.clone(), pointer });
        }
        let names: Vec<&str> = input.schema.names().collect();
        let used = |index: &u32| names.get(*index as usize).copied();
        let needed: Vec<&str> = types
            .iter()
            .map(|(index, ..)| index)
            .chain(self.not_null.iter().map(|column| &column.index))
            .filter_map(used)
            .collect();
        let mut port = OutputPort::new("out");
        self.casts.clear();
        for (index, name) in &columns {
            port = match types.iter().position(|(other, ..)| other == index) {
                Some(at) => {
                    let (_, cast, tree) = types.swap_remove(at);
                    self.casts.push(cast);
                    port.made(tree)
                }
                None => port.pass(&input.name, *index, Some(name)),
            };
        }
        let binding = Binding::new().output(port).needs(&input.name, &needed).row_wise();
        let keeps = self.casts.is_empty() && self.not_null.is_empty();
        problems.or(if keeps { binding.keeps_rows() } else { binding })
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let mut rejections = Rejections::default();
        let mut made: Vec<Column> = Vec::with_capacity(self.casts.len());
        for Cast { index, options, pointer } in &self.casts {
            let outcome = column::call("cast", &[(&batch.column_at(*index)?).into()], options)?;
            made.push(rejections.values(pointer, outcome)?);
        }
        for NotNull { index, name, pointer } in &self.not_null {
            let column = batch.column_at(*index)?;
            if column.null_count() > 0 {
                let reason = Failure::invalid_input("unexpected-null", format!("`{name}` is null")).with_column(name);
                rejections.add(pointer, column.is_null()?, reason)?;
            }
        }
        let step = Step::nothing().change("out", rejections.kept()?, made);
        Ok(rejections.add_to(step))
    }
}
