//! The calls that a window knows: `row_number()`, `lag(x, 2)`, `sum(x)`.

use super::aggregate::{Frame, Over};
use super::layout::Layout;
use super::ranks::{NONE, Numbering, Other, Ranked};
use super::running::SoFar;
use jackfield_kit::numbers::{floats, integers, rows_or_null};
use jackfield_kit::values::{as_type, common_type, single};
use jackfield_sdk::failure::nearest;
use jackfield_sdk::sql::{Expression, parse_aggregate};
use jackfield_sdk::{Batch, Column, DataType, Failure, Field, Schema, type_name};

/// A bound call.
pub(super) struct Call {
    arguments: Vec<Expression>,
    pub(super) what: What,
    result: Vec<Field>,
}

/// What a call knows of the rows before a chunk.
#[derive(Default)]
pub(super) struct Before {
    ranked: Ranked,
    so_far: SoFar,
}

pub(super) enum What {
    Rank(Numbering),
    /// The value of another row, or the second argument where there is none.
    Other(Other),
    Over(Over),
}

const RANKING: &[&str] = &[
    "row_number",
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "ntile",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "nth_value",
];

/// What the aggregates are called, for help.
const AGGREGATES: &[&str] = &[
    "count",
    "sum",
    "avg",
    "mean",
    "min",
    "max",
    "stddev",
    "variance",
    "median",
    "quantile",
    "first",
    "last",
    "any_value",
    "bool_and",
    "bool_or",
    "list",
    "string_agg",
];

impl Call {
    /// Reads the text of a call.
    pub(super) fn bind(text: &str, schema: &Schema, ordered: bool) -> Result<Call, Failure> {
        let Some(parts) = Parts::of(text) else {
            let known = parse_aggregate(text, schema).map_err(|failure| failure.with_help(HELP));
            return Call::over_group(known?, ordered);
        };
        if !parts.rest.trim().is_empty() {
            let rest = parts.rest.trim();
            let offset = text.len() - parts.rest.trim_start().len();
            let over = rest.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("over"));
            let help = if over { "leave OVER out: `by` and `order` say what it would" } else { HELP };
            let message = "a column is one call of a function, and nothing behind it";
            return Err(Failure::invalid_config("syntax", message).with_offset(offset as u32).with_help(help));
        }
        let name = parts.name.to_ascii_lowercase();
        if !RANKING.contains(&name.as_str()) {
            let known = parse_aggregate(text, schema).map_err(|failure| match failure.code.as_str() {
                "unknown-function" => {
                    let names = [RANKING, AGGREGATES].concat();
                    let near = nearest(&name, &names);
                    let help = match near.first() {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("there are {}", names.join(", ")),
                    };
                    failure.with_help(help)
                }
                _ => failure,
            });
            return Call::over_group(known?, ordered);
        }
        parts.ranking(&name, schema)
    }

    fn over_group(aggregate: jackfield_sdk::sql::Aggregate, ordered: bool) -> Result<Call, Failure> {
        let frame = if ordered { Frame::SoFar } else { Frame::Group };
        let (over, result) = Over::bind(&aggregate, frame)?;
        Ok(Call { arguments: aggregate.arguments, what: What::Over(over), result })
    }

    /// What is evaluated for each row.
    pub(super) fn arguments(&self) -> &[Expression] {
        &self.arguments
    }

    pub(super) fn result_type(&self) -> Vec<Field> {
        self.result.clone()
    }

    /// The values, by row.
    pub(super) fn over(&self, arguments: &[Column], layout: &Layout, before: &mut Before) -> Result<Column, Failure> {
        match &self.what {
            What::Rank(Numbering::RowNumber) if !layout.is_chunk() => layout.kernels(None, &[("row_number", "")]),
            What::Rank(rank) if rank.is_fraction() => floats(&rank.fractions(layout, &mut before.ranked)),
            What::Rank(rank) => integers(DataType::Int64, &rank.numbers(layout, &mut before.ranked)),
            What::Other(Other::Before(offset)) if arguments.len() == 1 => {
                let options = format!(r#"{{"offset":{offset}}}"#);
                layout.kernels(arguments.first(), &[("lag", &options)])
            }
            What::Other(other) => match arguments.first() {
                Some(values) => self.picked(values, arguments.get(1), &other.rows(layout)),
                None => Err(Failure::internal("a call lacks its argument")),
            },
            What::Over(over) => over.over(arguments, layout, &mut before.so_far),
        }
    }

    /// The values of these rows; where there is none, what `otherwise` has for the row itself, or null.
    pub(super) fn picked(&self, values: &Column, otherwise: Option<&Column>, rows: &[u32]) -> Result<Column, Failure> {
        let values = as_type(values.share(), &self.result)?;
        let Some(otherwise) = otherwise else { return single(&values)?.take(&rows_or_null(rows)?)?.column_at(0) };
        let otherwise = as_type(otherwise.share(), &self.result)?;
        // The defaults stand behind the values, so that one number tells which of them a row gets.
        let together = Batch::concat(&[&single(&values)?, &single(&otherwise)?])?;
        let first = values.length();
        let rows: Vec<u32> = (first..).zip(rows).map(|(own, row)| if *row == NONE { own } else { *row }).collect();
        together.take(&rows_or_null(&rows)?)?.column_at(0)
    }

    /// Whether it can be computed chunk by chunk.
    pub(super) fn streams(&self) -> bool {
        !matches!(&self.what, What::Over(Over::SoFar(running)) if running.needs_all())
    }
}

const HELP: &str =
    "write one call, as in row_number(), lag(x) or sum(x - y); what is computed from it goes into a derive behind";

/// A call taken apart.
struct Parts<'a> {
    name: &'a str,
    /// Where each argument begins, and its text.
    arguments: Vec<(usize, &'a str)>,
    rest: &'a str,
}

impl<'a> Parts<'a> {
    /// `name(arguments)rest`; `None` if it is not of that form.
    fn of(text: &'a str) -> Option<Parts<'a>> {
        let open = text.find('(')?;
        let name = text.get(..open)?.trim();
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain {
            return None;
        }
        let mut arguments = Vec::new();
        let (mut depth, mut quote, mut start) = (0u32, None, open + 1);
        for (at, c) in text.char_indices().skip_while(|(at, _)| *at <= open) {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(c),
                (None, '(' | '[') => depth += 1,
                (None, ')') if depth == 0 => {
                    let last = text.get(start..at)?;
                    if !(arguments.is_empty() && last.trim().is_empty()) {
                        arguments.push((start, last));
                    }
                    return Some(Parts { name, arguments, rest: text.get(at + 1..)? });
                }
                (None, ')' | ']') => depth = depth.saturating_sub(1),
                (None, ',') if depth == 0 => {
                    arguments.push((start, text.get(start..at)?));
                    start = at + 1;
                }
                _ => {}
            }
        }
        None
    }

    fn ranking(&self, name: &str, schema: &Schema) -> Result<Call, Failure> {
        let (least, most) = match name {
            "lag" | "lead" => (1, 3),
            "nth_value" => (2, 2),
            "ntile" | "first_value" | "last_value" => (1, 1),
            _ => (0, 0),
        };
        if self.arguments.len() < least || self.arguments.len() > most {
            let due = match (least, most) {
                (0, 0) => "no argument".to_owned(),
                (1, 1) => "one argument".to_owned(),
                (2, 2) => "two arguments".to_owned(),
                (least, most) => format!("{least} to {most} arguments"),
            };
            let message = format!("`{name}` takes {due}, given are {}", self.arguments.len());
            return Err(Failure::invalid_config("wrong-arguments", message).with_offset(0));
        }
        let rank = match name {
            "row_number" => Some(Numbering::RowNumber),
            "rank" => Some(Numbering::Rank),
            "dense_rank" => Some(Numbering::DenseRank),
            "percent_rank" => Some(Numbering::PercentRank),
            "cume_dist" => Some(Numbering::CumeDist),
            "ntile" => Some(Numbering::Ntile(self.number(0, 1)?)),
            _ => None,
        };
        if let Some(rank) = rank {
            let of = if rank.is_fraction() { DataType::Float64 } else { DataType::Int64 };
            return Ok(Call { arguments: Vec::new(), what: What::Rank(rank), result: vec![Field::new("", of)] });
        }
        let value = self.expression(0, schema)?;
        let mut result = value.result_type();
        let mut arguments = vec![value];
        let offset = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let other = match name {
            "first_value" => Other::First,
            "last_value" => Other::Last,
            "nth_value" => Other::Nth(self.number(1, 1)?),
            "lead" => Other::Before(-offset(self.number(1, 0)?)),
            _ => Other::Before(offset(self.number(1, 0)?)),
        };
        if self.arguments.len() == 3 {
            let otherwise = self.expression(2, schema)?;
            let both = [result, otherwise.result_type()];
            result = common_type(&both).map_err(|_| {
                let [value, otherwise] = &both;
                let message =
                    format!("the default of `{name}` is {}, its value {}", type_name(otherwise), type_name(value));
                Failure::invalid_config("type-mismatch", message)
                    .with_offset(self.offset(2))
                    .with_help("cast one of them")
            })?;
            arguments.push(otherwise);
        }
        Ok(Call { arguments, what: What::Other(other), result })
    }

    fn offset(&self, number: usize) -> u32 {
        self.arguments.get(number).map_or(0, |(at, text)| (at + text.len() - text.trim_start().len()) as u32)
    }

    fn expression(&self, number: usize, schema: &Schema) -> Result<Expression, Failure> {
        let text = self.arguments.get(number).map_or("", |(_, text)| text.trim());
        Expression::new(text, schema).map_err(|mut failure| {
            failure.offset = Some(self.offset(number) + failure.offset.unwrap_or(0));
            failure
        })
    }

    /// A number that must stand there as such; 1 where it is left out.
    fn number(&self, number: usize, least: u64) -> Result<u64, Failure> {
        let Some((_, text)) = self.arguments.get(number) else { return Ok(1) };
        text.trim().parse().ok().filter(|value| *value >= least).ok_or_else(|| {
            let message = format!("expected a whole number from {least} on, found `{}`", text.trim());
            Failure::invalid_config("wrong-arguments", message).with_offset(self.offset(number))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Parts;

    #[test]
    fn calls_are_taken_apart() {
        let parts = |text| Parts::of(text).map(|parts| (parts.name.to_owned(), parts.arguments, parts.rest.to_owned()));
        assert_eq!(
            parts("lag(coalesce(a, ','), 2 , \"b,)\") x"),
            Some(("lag".to_owned(), vec![(4, "coalesce(a, ',')"), (21, " 2 "), (25, " \"b,)\"")], " x".to_owned()))
        );
        assert_eq!(parts("row_number ( )"), Some(("row_number".to_owned(), vec![], String::new())));
        assert!(parts("lag(x").is_none());
        assert!(parts("x + 1").is_none());
        assert!(parts("1 + lag(x)").is_none());
    }
}
