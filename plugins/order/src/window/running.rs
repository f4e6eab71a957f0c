//! Aggregates over the rows up to each row. Those that pick a value give row numbers, by which the host takes it; the
//! others are sums that are kept here.

mod numeric;
mod ranked;

use super::layout::Layout;
use super::ranks::NONE;
use jackfield_kit::numbers::{booleans, flags, floats, integers, numbers, optional_booleans, rows_or_null};
use jackfield_kit::values::{as_type, call, single, take};
use jackfield_sdk::compute::{Argument, Grouper, SortKey, sort_indices};
use jackfield_sdk::sql::Aggregate;
use jackfield_sdk::{Batch, Column, DataType, Failure, Field, type_name};
use numeric::Spread;
use serde_json::Value;

/// What is known of the rows so far.
pub(super) enum Running {
    /// Rows, or values that are not null.
    Count,
    CountDistinct,
    First,
    Last,
    Min,
    Max,
    Any,
    All,
    Sum(Vec<Field>),
    Mean,
    Spread(Spread),
    Quantile(f64),
}

impl Running {
    pub(super) fn bind(
        aggregate: &Aggregate,
        input: Option<&Vec<Field>>,
        result: &[Field],
    ) -> Result<Running, Failure> {
        let options: Value = serde_json::from_str(&aggregate.options).unwrap_or(Value::Null);
        let number = |key: &str, default: f64| options.get(key).and_then(Value::as_f64).unwrap_or(default);
        let spread = |root| Running::Spread(Spread { ddof: number("ddof", 1.0), root });
        Ok(match aggregate.function.as_str() {
            "count" if aggregate.distinct => Running::CountDistinct,
            "count" => Running::Count,
            "count_distinct" => Running::CountDistinct,
            // What comes twice makes no difference to these.
            "first" => Running::First,
            "last" => Running::Last,
            "min" => Running::Min,
            "max" => Running::Max,
            "any" => Running::Any,
            "all" => Running::All,
            other if aggregate.distinct => return Err(not_here(&format!("{other} of distinct values"))),
            "sum" if numeric::can_sum(result) => Running::Sum(result.to_vec()),
            "sum" => {
                return Err(not_here(&format!("sum of {}", input.map_or_else(String::new, |tree| type_name(tree)))));
            }
            "mean" => Running::Mean,
            "stddev" => spread(true),
            "variance" => spread(false),
            "median" => Running::Quantile(0.5),
            "quantile" => Running::Quantile(number("q", 0.5)),
            other => return Err(not_here(other)),
        })
    }

    /// Whether it counts different values.
    pub(super) fn counts_distinct(&self) -> bool {
        matches!(self, Running::CountDistinct)
    }

    /// Whether a chunk of rows and what is known of those before are not enough.
    pub(super) fn needs_all(&self) -> bool {
        matches!(self, Running::Quantile(_))
    }
}

/// What is known at the end of a chunk of the group that may go on behind it. Which of it is in use depends on the
/// aggregate.
#[derive(Default)]
pub(super) struct SoFar {
    /// The value, or the sum; of one row.
    value: Option<Column>,
    /// How many values there were; of one row.
    count: Option<Column>,
    sum: Option<i128>,
    truth: Option<bool>,
    spread: (f64, f64, f64),
    distinct: Option<Distinct>,
}

fn not_here(what: &str) -> Failure {
    let message = format!("{what} is not computed over the rows up to each row");
    Failure::invalid_config("not-supported", message)
        .with_help("leave `order` out, for the same value in the whole group, or use an aggregate node")
}

/// Calls `step` with each row of each group in order; `restart` before each group but one that goes on from the rows
/// before, for which `state` is known.
fn walk<S: Clone>(layout: &Layout, state: &mut S, mut restart: impl FnMut() -> S, mut step: impl FnMut(&mut S, usize)) {
    for (index, group) in layout.groups.iter().enumerate() {
        if layout.begun(index) == 0 {
            *state = restart();
        }
        layout.rows_of(group).iter().for_each(|row| step(state, *row as usize));
    }
}

/// The values, by row.
pub(super) fn over(
    running: &Running,
    arguments: &[Column],
    layout: &Layout,
    so_far: &mut SoFar,
) -> Result<Column, Failure> {
    let Some(argument) = arguments.first() else {
        // `count(*)`: the number of the row.
        if !layout.is_chunk() {
            return layout.kernels(None, &[("row_number", "")]);
        }
        let ones = integers(DataType::Int64, &vec![Some(1); layout.rows()])?;
        return kernels(&ones, layout, &[("cumulative_sum", "")], &mut so_far.count);
    };
    match running {
        Running::Count => counts(argument, layout, &mut so_far.count),
        Running::CountDistinct => distinct(argument, layout, &mut so_far.distinct),
        Running::Last => kernels(argument, layout, &[("fill_null_forward", "")], &mut so_far.value),
        Running::First => picked(argument, layout, &mut so_far.value, |argument| {
            let valid = flags(&argument.is_valid()?)?;
            Ok(move |best: Option<usize>, row: usize| best.is_none() && valid.get(row).copied().unwrap_or(false))
        }),
        Running::Min if numeric::is_plain(argument) => running_kernel(argument, layout, "cumulative_min", so_far),
        Running::Max if numeric::is_plain(argument) => running_kernel(argument, layout, "cumulative_max", so_far),
        Running::Min | Running::Max => picked(argument, layout, &mut so_far.value, |argument| {
            let valid = flags(&argument.is_valid()?)?;
            let places = places(argument, matches!(running, Running::Max))?;
            let place = move |row: usize| places.get(row).copied().unwrap_or(NONE);
            Ok(move |best: Option<usize>, row: usize| {
                valid.get(row).copied().unwrap_or(false) && best.is_none_or(|best| place(row) < place(best))
            })
        }),
        Running::Any | Running::All => truth(argument, layout, matches!(running, Running::Any), &mut so_far.truth),
        Running::Sum(result) => numeric::sums(argument, result, layout, so_far),
        Running::Mean if layout.is_chunk() => {
            let floats = numeric::as_floats(argument)?;
            let sums = running_kernel(&floats, layout, "cumulative_sum", so_far)?;
            let counts = counts(argument, layout, &mut so_far.count)?;
            call("divide", &[Argument::Column(&sums), Argument::Column(&numeric::as_floats(&counts)?)], "")
        }
        Running::Mean => running_kernel(&numeric::as_floats(argument)?, layout, "cumulative_mean", so_far),
        Running::Spread(spread) => floats(&spread.over(&numeric::values(argument)?, layout, &mut so_far.spread)),
        Running::Quantile(fraction) => floats(&ranked::quantiles(&numeric::values(argument)?, *fraction, layout)),
    }
}

/// Kernels of whole columns. In a chunk, what the rows before came to stands before the rows, as one row more.
fn kernels(
    values: &Column,
    layout: &Layout,
    kernels: &[(&str, &str)],
    before: &mut Option<Column>,
) -> Result<Column, Failure> {
    if !layout.is_chunk() {
        return layout.kernels(Some(values), kernels);
    }
    let Some(group) = &layout.group else { return Err(Failure::internal("a chunk has no groups")) };
    let goes_on = before.take().filter(|_| layout.begun(0) > 0);
    let (mut made, groups) = match &goes_on {
        Some(before) => (
            Batch::concat(&[&single(before)?, &single(values)?])?.column_at(0)?,
            Batch::concat(&[&single(&group.slice(0, 1)?)?, &single(group)?])?.column_at(0)?,
        ),
        None => (values.share(), group.share()),
    };
    for (function, options) in kernels {
        made = call(function, &[Argument::Column(&made), Argument::Column(&groups)], options)?;
    }
    let rows = values.length();
    let made = made.slice(made.length() - rows, rows)?;
    *before = Some(last_row(&made)?);
    Ok(made)
}

/// The last row by itself, so that no more than it is held.
fn last_row(column: &Column) -> Result<Column, Failure> {
    take(column, &jackfield_kit::rows_of(&[column.length().saturating_sub(1)])?)
}

fn counts(argument: &Column, layout: &Layout, before: &mut Option<Column>) -> Result<Column, Failure> {
    let ones = as_type(argument.is_valid()?, &[Field::new("", DataType::Int64)])?;
    kernels(&ones, layout, &[("cumulative_sum", "")], before)
}

/// A running kernel: where the value itself is null, what holds is what the rows before it came to.
fn running_kernel(argument: &Column, layout: &Layout, function: &str, so_far: &mut SoFar) -> Result<Column, Failure> {
    kernels(argument, layout, &[(function, SKIP_NULLS), ("fill_null_forward", "")], &mut so_far.value)
}

/// A null is no end of a running value.
const SKIP_NULLS: &str = r#"{"skip_nulls":true}"#;

/// Values that were seen.
struct Distinct {
    values: Grouper,
    /// For each value the number of the group in which it was seen last, counted from 1.
    seen: Vec<u32>,
    /// Values in the group, and its number.
    so_far: (i64, u32),
}

fn distinct(argument: &Column, layout: &Layout, before: &mut Option<Distinct>) -> Result<Column, Failure> {
    let valid = flags(&argument.is_valid()?)?;
    if before.is_none() {
        *before = Some(Distinct { values: Grouper::new(&[argument.tree()])?, seen: Vec::new(), so_far: (0, 0) });
    }
    let Some(Distinct { values, seen, so_far }) = before else { return Err(Failure::internal("no values are seen")) };
    let value_of = numbers(&values.assign(&[argument])?)?;
    seen.resize(values.count() as usize, 0);
    let mut counts = vec![None; layout.rows()];
    let mut group = so_far.1;
    walk(
        layout,
        so_far,
        || {
            group += 1;
            (0i64, group)
        },
        |(count, group), row| {
            let seen = value_of.get(row).and_then(|value| seen.get_mut(*value as usize));
            if let (Some(seen), Some(true)) = (seen, valid.get(row))
                && *seen != *group
            {
                *seen = *group;
                *count += 1;
            }
            set(&mut counts, row, *count);
        },
    );
    integers(DataType::Int64, &counts)
}

/// The value of the row that is the best so far. `better` is made for a column, and tells whether a row of it takes the
/// place of the one that was the best.
fn picked<B: Fn(Option<usize>, usize) -> bool>(
    argument: &Column,
    layout: &Layout,
    before: &mut Option<Column>,
    better: impl Fn(&Column) -> Result<B, Failure>,
) -> Result<Column, Failure> {
    let goes_on = before.take().filter(|_| layout.begun(0) > 0);
    // The best of the rows before stands before the rows.
    let (first, all) = match &goes_on {
        Some(before) => (1, Batch::concat(&[&single(before)?, &single(argument)?])?.column_at(0)?),
        None => (0, argument.share()),
    };
    let better = better(&all)?;
    let mut rows = vec![NONE; layout.rows()];
    let mut best = goes_on.is_some().then_some(0);
    walk(
        layout,
        &mut best,
        || None,
        |best, row| {
            if better(*best, row + first) {
                *best = Some(row + first);
            }
            if let (Some(slot), Some(best)) = (rows.get_mut(row), *best) {
                *slot = best as u32;
            }
        },
    );
    if layout.is_chunk() {
        *before = best.map(|best| take(&all, &jackfield_kit::rows_of(&[best as u32])?)).transpose()?;
    }
    take(&all, &rows_or_null(&rows)?)
}

/// The place of each row in the order of its values.
fn places(argument: &Column, descending: bool) -> Result<Vec<u32>, Failure> {
    let order = numbers(&sort_indices(&[SortKey { column: argument, descending, nulls_first: false }], None)?)?;
    let mut places = vec![NONE; order.len()];
    for (place, row) in (0..).zip(order) {
        if let Some(slot) = places.get_mut(row as usize) {
            *slot = place;
        }
    }
    Ok(places)
}

fn truth(argument: &Column, layout: &Layout, any: bool, before: &mut Option<bool>) -> Result<Column, Failure> {
    let boolean = [Field::new("", DataType::Boolean)];
    let values = optional_booleans(&as_type(argument.share(), &boolean)?)?;
    let mut found = vec![None; layout.rows()];
    walk(
        layout,
        before,
        || None,
        |so_far: &mut Option<bool>, row| {
            if let Some(value) = values.get(row).copied().flatten() {
                *so_far = Some(so_far.map_or(value, |so_far| if any { so_far || value } else { so_far && value }));
            }
            if let Some(slot) = found.get_mut(row) {
                *slot = *so_far;
            }
        },
    );
    booleans(&found)
}

fn set<T>(values: &mut [Option<T>], row: usize, value: T) {
    if let Some(slot) = values.get_mut(row) {
        *slot = Some(value);
    }
}
