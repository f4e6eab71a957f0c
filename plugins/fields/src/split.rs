//! `split`: parts of a text become columns, found by a separator or by the groups of a regular expression.

use crate::place::{Made, port};
use jackfield_kit::numbers::mask_of;
use jackfield_kit::values::{literal, quoted, root};
use jackfield_kit::{Problems, Rejections, Work, not_bound, only_input};
use jackfield_sdk::builders::TextBuilder;
use jackfield_sdk::sql::Expression;
use jackfield_sdk::{Batch, Binding, Buffers, Column, DataType, Failure, Field, InputPort, Params, Step, type_name};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Parameters {
    column: String,
    into: Vec<String>,
    separator: Option<String>,
    pattern: Option<String>,
    #[serde(default)]
    rest: Rest,
    #[serde(default)]
    trim: bool,
    #[serde(default)]
    keep: bool,
}

/// What becomes of more parts than there are columns.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Rest {
    /// The last column has them, with the separators.
    #[default]
    Last,
    Drop,
    Error,
}

pub(crate) struct Split {
    parameters: Parameters,
    bound: Option<Bound>,
}

enum Bound {
    /// The column that is cut.
    Separator(u32),
    /// One for each group.
    Pattern(Vec<Expression>),
}

impl Split {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let parameters: Parameters = params.parse()?;
        let wrong = |code: &str, place: &str, message: &str, help: &str| {
            Err(Failure::invalid_config(code, message).with_parameter(place).with_help(help).into())
        };
        match (&parameters.separator, &parameters.pattern) {
            (None, None) => {
                let help = "say where to cut, as in `separator = \"-\"`, or `pattern = \"(.*)-(.*)\"`";
                wrong("missing-parameter", "", "`separator` or `pattern` is needed", help)
            }
            (Some(_), Some(_)) => {
                let message = "`separator` and `pattern` exclude one another";
                wrong("conflicting-parameters", "/pattern", message, "leave one of them out")
            }
            (None, Some(_)) if parameters.rest != Rest::Last => {
                let message = "`rest` and `pattern` exclude one another";
                wrong(
                    "conflicting-parameters",
                    "/rest",
                    message,
                    "a pattern has as many groups as it has: leave `rest` out",
                )
            }
            _ => Ok(Split { parameters, bound: None }),
        }
    }

    fn groups(&self, pattern: &str, input: &InputPort, problems: &mut Problems) -> Vec<Expression> {
        let column = quoted(&self.parameters.column);
        let pattern = literal(pattern);
        let mut groups = Vec::new();
        for number in 1..=self.parameters.into.len() {
            let found = format!("regexp_extract({column}, {pattern}, {number})");
            let found = if self.parameters.trim { format!("trim({found})") } else { found };
            let text = format!("CASE WHEN regexp_matches({column}, {pattern}) THEN {found} END");
            match Expression::new(&text, &input.schema) {
                Ok(expression) => groups.push(expression),
                // The same for each group, and the text is made here.
                Err(failure) => {
                    problems.note::<()>("/pattern", Err(Failure { offset: None, parameter: None, ..failure }));
                    break;
                }
            }
        }
        groups
    }

    fn cut(&self, texts: &Buffers, separator: &str) -> Result<(Vec<Column>, Option<Vec<bool>>), Failure> {
        let count = self.parameters.into.len();
        let mut builders = vec![TextBuilder::default(); count];
        let mut too_many = vec![false; texts.length as usize];
        for (row, too_many) in too_many.iter_mut().enumerate() {
            let Some(text) = texts.text(row) else {
                builders.iter_mut().for_each(TextBuilder::push_null);
                continue;
            };
            let most = if self.parameters.rest == Rest::Last { count } else { count + 1 };
            let mut parts = text.splitn(most, separator);
            for builder in &mut builders {
                let part = parts.next().map(|part| if self.parameters.trim { part.trim() } else { part });
                builder.push_option(part.map(str::as_bytes));
            }
            *too_many = parts.next().is_some();
        }
        let column = |builder: TextBuilder| Column::of(&[Field::new("part", DataType::Utf8)], &[builder.finish()?]);
        let columns: Result<Vec<Column>, Failure> = builders.into_iter().map(column).collect();
        let wrong = self.parameters.rest == Rest::Error && too_many.contains(&true);
        Ok((columns?, wrong.then_some(too_many)))
    }
}

impl Work for Split {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let mut problems = Problems::default();
        let Some(index) = problems.column("/column", &self.parameters.column, &input.schema) else {
            return problems.or(Binding::new());
        };
        let tree = input.schema.tree(index);
        if !matches!(root(&tree), DataType::Utf8) {
            let name = &self.parameters.column;
            let message = format!("`{name}` is {}, expected utf8", type_name(&tree));
            let failure = Failure::invalid_config("type-mismatch", message).with_column(name);
            problems.push(failure.with_parameter("/column").with_help("cast it to utf8 before"));
            return problems.or(Binding::new());
        }
        let bound = match &self.parameters.pattern {
            Some(pattern) => Bound::Pattern(self.groups(pattern, input, &mut problems)),
            None => Bound::Separator(index),
        };
        let text =
            |(number, name): (usize, &String)| (format!("/into/{number}"), vec![Field::new(name, DataType::Utf8)]);
        let columns = self.parameters.into.iter().enumerate().map(text).collect();
        let made = Made { from: &[index], keep: self.parameters.keep, columns };
        let port = port(input, &made, &mut problems);
        let binding = Binding::new().output(port).needs(&input.name, &[&self.parameters.column]).row_wise();
        let binding = if self.parameters.rest == Rest::Error { binding } else { binding.keeps_rows() };
        self.bound = Some(bound);
        problems.or(binding)
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let mut rejections = Rejections::default();
        let made = match self.bound.as_ref().ok_or_else(not_bound)? {
            Bound::Pattern(groups) => {
                let made: Result<Vec<Column>, Failure> =
                    groups.iter().map(|group| rejections.evaluate("/pattern", group, batch)).collect();
                made?
            }
            Bound::Separator(index) => {
                let separator = self.parameters.separator.as_deref().unwrap_or_default();
                let (columns, too_many) = self.cut(&batch.column_at(*index)?.buffers()?, separator)?;
                if let Some(too_many) = too_many {
                    let (name, count) = (&self.parameters.column, self.parameters.into.len());
                    let message = format!("`{name}` has more than {count} parts");
                    let reason = Failure::invalid_input("invalid-value", message).with_column(name);
                    rejections.add("/rest", mask_of(&too_many)?, reason)?;
                }
                columns
            }
        };
        let step = Step::nothing().change("out", rejections.kept()?, made);
        Ok(rejections.add_to(step))
    }
}
