//! `peek --plot`: a histogram of numbers and times, bars for everything else.

use std::collections::HashMap;
use std::ops::ControlFlow;

use jackfield_columns::{Failure, type_name};
use jackfield_manifest::Problem;
use jackfield_runtime::arrow::array::{Array, ArrayRef, AsArray};
use jackfield_runtime::arrow::compute::cast;
use jackfield_runtime::arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit};
use jackfield_runtime::{Class, Diagnosis, Report};
use serde_json::{Value as Json, json};

use super::chart::{Bar, draw};
use super::steps::{self, TimeStep};
use super::{BadRows, Looker, Wanted, one_column, table};
use crate::output::{CommandError, CommandResult, Output};
use crate::pipeline::printable;
use crate::summary::count;

/// So many different texts get bars of their own.
const BARS: usize = 20;

/// How a column is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drawing {
    /// A histogram; `whole` numbers get whole bins.
    Numbers { whole: bool },
    /// A histogram over time.
    Times,
    /// A bar for each value.
    Values,
}

/// The values of a column, as they are drawn.
#[derive(Debug, Default)]
struct Values {
    numbers: Vec<f64>,
    times: Vec<i64>,
    /// How often each text stands there, and when it was first seen.
    texts: HashMap<String, (u64, usize)>,
    rows: u64,
    nulls: u64,
    /// Numbers that are not finite.
    odd: u64,
}

pub(super) fn plot(looker: &Looker<'_>, column: &str) -> CommandResult {
    let output = looker.output;
    let limit = looker.arguments.plot_rows;
    let (plan, _) = looker.plan(Some(Wanted::One(column)), 65_536, Some(limit), BadRows::Skip)?;
    let kind =
        plan.sources().pop().and_then(|source| Some(source.schema.field_with_name(column).ok()?.data_type().clone()));
    let Some(kind) = kind else { return Err(anyhow::anyhow!("the plan has no column {column}").into()) };
    let drawing = drawing(&kind).ok_or_else(|| {
        let message = format!("column {column} is {}, which cannot be drawn", type_name(&kind));
        let help = "numbers, dates, timestamps, text and bool can";
        let problem = Problem::error("not-drawable", message).with_help(help);
        CommandError::from(Report::from(Diagnosis { problem, class: Class::Configuration }))
    })?;
    let mut values = Values::default();
    let mut failed = None;
    let taken = plan.run_into(&mut |batch| match one_column(&batch).and_then(|array| values.add(&array, drawing)) {
        Ok(()) => ControlFlow::Continue(()),
        Err(failure) => {
            failed = Some(failure);
            ControlFlow::Break(())
        }
    });
    let bad = looker.done(taken, failed)?.rejected();
    let chart = values.chart(drawing);
    if output.json {
        output.json_result(&chart.json(column, &kind, &values))?;
        return Ok(0);
    }
    let ascii = looker.arguments.ascii || !locale_is_utf8();
    output.result(&chart.shown(column, &kind, &values, limit, ascii, output))?;
    super::tell_left_out(bad, output);
    Ok(0)
}

fn drawing(kind: &DataType) -> Option<Drawing> {
    match kind {
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Some(Drawing::Times),
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Boolean
        | DataType::Time32(_)
        | DataType::Time64(_) => Some(Drawing::Values),
        DataType::Dictionary(_, values) => drawing(values).filter(|drawing| *drawing == Drawing::Values),
        other if other.is_integer() => Some(Drawing::Numbers { whole: true }),
        other if other.is_numeric() => Some(Drawing::Numbers { whole: false }),
        _ => None,
    }
}

impl Values {
    fn add(&mut self, array: &ArrayRef, drawing: Drawing) -> Result<(), Failure> {
        self.rows += array.len() as u64;
        self.nulls += array.null_count() as u64;
        let to = |array: &ArrayRef, kind: &DataType| {
            cast(array, kind).map_err(|error| Failure::internal("internal", error.to_string()))
        };
        match drawing {
            Drawing::Numbers { .. } => {
                let numbers = to(array, &DataType::Float64)?;
                for number in numbers.as_primitive::<Float64Type>().iter().flatten() {
                    if number.is_finite() {
                        self.numbers.push(number);
                    } else {
                        self.odd += 1;
                    }
                }
            }
            Drawing::Times => {
                let zone = match array.data_type() {
                    DataType::Timestamp(_, zone) => zone.clone(),
                    _ => None,
                };
                let micros = to(array, &DataType::Timestamp(TimeUnit::Microsecond, zone))?;
                let micros = to(&micros, &DataType::Int64)?;
                self.times.extend(micros.as_primitive::<Int64Type>().iter().flatten());
            }
            Drawing::Values => {
                let texts = to(array, &DataType::Utf8)?;
                for text in texts.as_string::<i32>().iter().flatten() {
                    match self.texts.get_mut(text) {
                        Some((rows, _)) => *rows += 1,
                        None => {
                            let seen = self.texts.len();
                            self.texts.insert(text.to_owned(), (1, seen));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn chart(&self, drawing: Drawing) -> Chart {
        match drawing {
            Drawing::Numbers { whole } => self.histogram(whole),
            Drawing::Times => self.over_time(),
            Drawing::Values => self.by_value(),
        }
    }

    fn histogram(&self, whole: bool) -> Chart {
        let least = self.numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if self.numbers.is_empty() {
            return Chart { bins: Vec::new(), right: true, different: None };
        }
        let edges = steps::of_numbers(least, most, whole);
        let mut rows = vec![0_u64; edges.len().saturating_sub(1).max(1)];
        for number in &self.numbers {
            let bin = edges.partition_point(|edge| edge <= number).saturating_sub(1).min(rows.len() - 1);
            if let Some(slot) = rows.get_mut(bin) {
                *slot += 1;
            }
        }
        let digits =
            edges.windows(2).filter_map(|pair| Some((pair.get(1)? - pair.first()?).abs())).fold(f64::MAX, f64::min);
        let digits = if digits >= 1.0 || digits == 0.0 { 0 } else { (-digits.log10()).ceil() as usize };
        let single = whole && edges.windows(2).all(|pair| matches!(pair, [from, to] if *to - *from <= 1.0));
        let shown =
            |number: f64| if number.abs() >= 1e15 { format!("{number:e}") } else { format!("{number:.digits$}") };
        let bins = rows.iter().zip(edges.windows(2)).map(|(rows, edge)| {
            let (from, to) = (edge.first().copied().unwrap_or(0.0), edge.last().copied().unwrap_or(0.0));
            let label = if single || from == to {
                shown_exactly(from, &shown)
            } else {
                format!("{} to {}", shown(from), shown(to))
            };
            Bin { label, from: json!(from), to: json!(to), rows: *rows }
        });
        Chart { bins: bins.collect(), right: true, different: None }
    }

    fn over_time(&self) -> Chart {
        let (Some(least), Some(most)) = (self.times.iter().min(), self.times.iter().max()) else {
            return Chart { bins: Vec::new(), right: false, different: None };
        };
        let (edges, step): (Vec<i64>, TimeStep) = steps::of_times(*least, *most);
        let mut rows = vec![0_u64; edges.len().saturating_sub(1).max(1)];
        for time in &self.times {
            let bin = edges.partition_point(|edge| edge <= time).saturating_sub(1).min(rows.len() - 1);
            if let Some(slot) = rows.get_mut(bin) {
                *slot += 1;
            }
        }
        // The last edge may stand just behind the last value, with nothing in between.
        let used = rows.iter().rposition(|rows| *rows > 0).map_or(0, |last| last + 1);
        let bins = rows.iter().take(used).zip(edges.windows(2)).map(|(rows, edge)| {
            let text = |edge: Option<&i64>| edge.map_or_else(String::new, |edge| steps::label(*edge, step));
            Bin {
                label: text(edge.first()),
                from: json!(text(edge.first())),
                to: json!(text(edge.last())),
                rows: *rows,
            }
        });
        Chart { bins: bins.collect(), right: false, different: None }
    }

    fn by_value(&self) -> Chart {
        let mut all: Vec<(&String, &(u64, usize))> = self.texts.iter().collect();
        all.sort_by_key(|(_, (rows, seen))| (std::cmp::Reverse(*rows), *seen));
        let rest: u64 = all.iter().skip(BARS).map(|(_, (rows, _))| rows).sum();
        let others = all.len().saturating_sub(BARS) as u64;
        let bins = all.iter().take(BARS).map(|(text, (rows, _))| Bin {
            label: if text.is_empty() { "\"\"".to_owned() } else { table::cut(&printable(text)) },
            from: json!(text),
            to: Json::Null,
            rows: *rows,
        });
        let mut bins: Vec<Bin> = bins.collect();
        if others > 0 {
            let label = format!("{} others", count(others));
            bins.push(Bin { label, from: Json::Null, to: Json::Null, rows: rest });
        }
        Chart { bins, right: false, different: Some(all.len() as u64) }
    }
}

/// A whole number without a point.
fn shown_exactly(number: f64, otherwise: &dyn Fn(f64) -> String) -> String {
    if number.fract() == 0.0 { otherwise(number) } else { number.to_string() }
}

/// A part of a column's values.
struct Bin {
    label: String,
    from: Json,
    to: Json,
    rows: u64,
}

/// What is drawn.
struct Chart {
    bins: Vec<Bin>,
    right: bool,
    /// How many values there are, where each is a bar.
    different: Option<u64>,
}

impl Chart {
    fn shown(
        &self,
        column: &str,
        kind: &DataType,
        values: &Values,
        limit: u64,
        ascii: bool,
        output: &Output,
    ) -> String {
        let title = output.bold(&printable(column));
        let first = if values.rows >= limit { "the first " } else { "" };
        let mut said = vec![type_name(kind), format!("{first}{} rows", count(values.rows))];
        said.extend(self.different.map(|different| format!("{} different", count(different))));
        let nulls = if values.nulls == 1 { "null" } else { "nulls" };
        said.push(if values.nulls > 0 { format!("{} {nulls}", count(values.nulls)) } else { "no nulls".to_owned() });
        if values.odd > 0 {
            said.push(format!("{} not finite", count(values.odd)));
        }
        let bars: Vec<Bar> = self.bins.iter().map(|bin| Bar { label: bin.label.clone(), rows: bin.rows }).collect();
        format!("{title}: {}\n{}", printable(&said.join(", ")), draw(&bars, self.right, ascii, output))
    }

    fn json(&self, column: &str, kind: &DataType, values: &Values) -> Json {
        let bins = self.bins.iter().map(|bin| json!({ "from": bin.from, "to": bin.to, "rows": bin.rows }));
        json!({
            "column": column,
            "type": type_name(kind),
            "rows": values.rows,
            "nulls": values.nulls,
            "different": self.different,
            "bins": bins.collect::<Vec<_>>(),
        })
    }
}

/// What the locale's variables say, the strongest first.
fn locale_is_utf8() -> bool {
    let said = ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(|name| std::env::var(name).ok());
    let first = said.into_iter().find(|value| !value.is_empty()).unwrap_or_default().to_ascii_lowercase();
    first.contains("utf-8") || first.contains("utf8")
}
