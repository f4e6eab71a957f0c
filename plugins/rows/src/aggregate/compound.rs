//! Columns that are computed from aggregates, as in `sum(x) / count(*)`: the calls of aggregates are taken out of the text
//! and become measures of their own; what remains is an expression over them and the keys, a row per group.

use super::measure::Measure;
use jackfield_sdk::params::{Ordered, pointer};
use jackfield_sdk::sql::Expression;
use jackfield_sdk::{Batch, Column, Failure, Field, Schema};

/// What a column of the result is.
pub(super) enum Output {
    /// That measure.
    Measure(usize),
    /// Computed from measures and keys.
    Computed { name: String, pointer: String, expression: Expression },
}

/// The columns of the result behind the keys, and what they are computed from.
#[derive(Default)]
pub(super) struct Outputs {
    pub(super) outputs: Vec<Output>,
    pub(super) measures: Vec<Measure>,
    /// Of the keys and the measures, under the names that the expressions have for them.
    inner: Vec<Vec<Field>>,
}

impl Outputs {
    /// Reads the parameter `columns`; the types of its columns come with it, with their names.
    pub(super) fn bind(
        columns: &Ordered<String>,
        keys: &[Vec<Field>],
        schema: &Schema,
    ) -> (Outputs, Vec<Vec<Field>>, Vec<Failure>) {
        let mut bound = Outputs { inner: keys.to_vec(), ..Outputs::default() };
        let (mut trees, mut failures) = (Vec::new(), Vec::new());
        for (name, text) in &columns.0 {
            let place = pointer("/columns", name);
            match bound.column(name, &place, text, schema) {
                Ok(mut tree) => {
                    if let Some(root) = tree.first_mut() {
                        root.name.clone_from(name);
                    }
                    trees.push(tree);
                }
                Err(failure) => failures.push(jackfield_kit::problems::at(&place, failure)),
            }
        }
        (bound, trees, failures)
    }

    fn column(&mut self, name: &str, place: &str, text: &str, schema: &Schema) -> Result<Vec<Field>, Failure> {
        let alone = match Measure::bind(place, text, schema) {
            Ok((measure, tree)) => {
                self.outputs.push(Output::Measure(self.measures.len()));
                self.add(measure, tree.clone());
                return Ok(tree);
            }
            Err(failure) => failure,
        };
        let (measures, inner) = (self.measures.len(), self.inner.len());
        match self.compound(place, text, schema) {
            // Without an aggregate in it, what is wrong with it as one is what is wrong.
            Ok(None) => Err(alone),
            Ok(Some(expression)) => {
                let tree = expression.result_type();
                let (name, pointer) = (name.to_owned(), place.to_owned());
                self.outputs.push(Output::Computed { name, pointer, expression });
                Ok(tree)
            }
            Err(failure) => {
                self.measures.truncate(measures);
                self.inner.truncate(inner);
                Err(failure)
            }
        }
    }

    fn add(&mut self, measure: Measure, mut tree: Vec<Field>) {
        if let Some(root) = tree.first_mut() {
            root.name = inner_name(self.measures.len());
        }
        self.inner.push(tree);
        self.measures.push(measure);
    }

    /// `None` if no aggregate stands in the text.
    fn compound(&mut self, place: &str, text: &str, schema: &Schema) -> Result<Option<Expression>, Failure> {
        let (mut rest, mut end) = (String::new(), 0);
        // Where pieces of the text stand in `rest`: its byte, that of the text.
        let mut places = vec![(0, 0)];
        let mut unknown: Vec<(Call, Failure)> = Vec::new();
        for call in calls(text) {
            let Some(inside) = text.get(call.start..call.end).filter(|_| call.start >= end) else { continue };
            let (measure, tree) = match Measure::bind(place, inside, schema) {
                Ok(bound) => bound,
                // A function of rows or a word of the grammar, which may have aggregates in it.
                Err(failure) if matches!(failure.code.as_str(), "unknown-function" | "syntax") => {
                    if failure.message.starts_with("there is no function") {
                        unknown.push((call, failure));
                    }
                    continue;
                }
                Err(failure) => return Err(moved(failure, call.start)),
            };
            rest.push_str(text.get(end..call.start).unwrap_or_default());
            rest.push_str(&format!("\"{}\"", inner_name(self.measures.len())));
            end = call.end;
            places.push((rest.len(), end));
            self.add(measure, tree);
        }
        if end == 0 {
            return Ok(None);
        }
        rest.push_str(text.get(end..).unwrap_or_default());
        Expression::new(&rest, &Schema::of(self.inner.clone())).map(Some).map_err(|failure| {
            let offset = failure.offset.map(|offset| {
                let (from, to) = places.iter().rfind(|(from, _)| *from <= offset as usize).copied().unwrap_or_default();
                (offset as usize - from + to) as u32
            });
            let failure = Failure { offset, ..failure };
            if failure.code != "unknown-column" {
                return failure;
            }
            // An aggregate that was none because of what stands in it: that is what is wrong.
            let at = offset.unwrap_or_default() as usize;
            match unknown.into_iter().find(|(call, _)| (call.start..call.end).contains(&at)) {
                Some((call, why)) => moved(why, call.start),
                None => failure.with_help(
                    "what is computed from aggregates may name the columns of `by`; anything else stands inside of one",
                ),
            }
        })
    }

    /// The columns of the result behind the keys.
    pub(super) fn values(&self, keys: &[Column], measures: Vec<Column>, groups: u32) -> Result<Vec<Column>, Failure> {
        let inner: Vec<&Column> = keys.iter().chain(&measures).collect();
        let computes = self.outputs.iter().any(|output| matches!(output, Output::Computed { .. }));
        let rows = if computes { Some(Batch::of(&Schema::of(self.inner.clone()), groups, &inner)?) } else { None };
        let one = |output: &Output| match (output, &rows) {
            (Output::Measure(number), _) => match measures.get(*number) {
                Some(column) => Ok(column.share()),
                None => Err(Failure::internal("a measure is missing")),
            },
            (Output::Computed { name, pointer, expression }, Some(rows)) => {
                let outcome = expression.on(rows)?;
                match outcome.first {
                    // The rows are groups, and the columns inside have no names for people.
                    Some(failure) => {
                        let failure = Failure { row: None, ..failure }.with_column(name);
                        Err(jackfield_kit::problems::at(pointer, failure))
                    }
                    None => Ok(outcome.values),
                }
            }
            (Output::Computed { .. }, None) => Err(Failure::internal("there is nothing to compute from")),
        };
        self.outputs.iter().map(one).collect()
    }
}

/// The name of a measure inside: no file gives a column such a name.
fn inner_name(number: usize) -> String {
    format!("\u{1}{number}")
}

fn moved(failure: Failure, by: usize) -> Failure {
    Failure { offset: failure.offset.map(|offset| offset + by as u32), ..failure }
}

/// Where a call stands in the text, from its name to its closing parenthesis.
struct Call {
    start: usize,
    end: usize,
}

/// All calls, in the order in which they begin: an outer one before those in it. What stands in quotes is no call.
fn calls(text: &str) -> Vec<Call> {
    let (mut found, mut open): (Vec<Call>, Vec<Option<usize>>) = (Vec::new(), Vec::new());
    let (mut word, mut quote): (Option<usize>, Option<char>) = (None, None);
    for (at, c) in text.char_indices() {
        if let Some(end) = quote {
            quote = (c != end).then_some(end);
            continue;
        }
        match c {
            '\'' | '"' => (quote, word) = (Some(c), None),
            '(' => {
                open.push(word.map(|start| {
                    found.push(Call { start, end: start });
                    found.len() - 1
                }));
                word = None;
            }
            ')' => {
                if let Some(Some(call)) = open.pop()
                    && let Some(call) = found.get_mut(call)
                {
                    call.end = at + 1;
                }
                word = None;
            }
            c if c.is_alphanumeric() || c == '_' => word = word.or(Some(at)),
            _ => word = None,
        }
    }
    found.retain(|call| call.end > call.start);
    found
}

#[cfg(test)]
mod tests {
    use super::calls;

    #[test]
    fn calls_are_found_from_outside_in() {
        let of = |text: &'static str| -> Vec<&'static str> {
            calls(text).iter().map(|call| &text[call.start..call.end]).collect()
        };
        assert_eq!(of("sum(x) / count(*)"), ["sum(x)", "count(*)"]);
        assert_eq!(of("round(sum(a * (b + 1)) / 2, 1)"), ["round(sum(a * (b + 1)) / 2, 1)", "sum(a * (b + 1))"]);
        assert_eq!(of("max(x) - min(\"sum(y)\")"), ["max(x)", "min(\"sum(y)\")"]);
        assert_eq!(of("'it''s sum(x)' || max(größe)"), ["max(größe)"]);
        assert!(of("x + (y) and sum(x").is_empty());
    }
}
