//! Aggregates over the rows up to each row. Those that pick a value give row numbers, by which the host takes it; the
//! others are sums that are kept here.

mod numeric;
mod ranked;

use super::layout::Layout;
use super::ranks::NONE;
use jackfield_kit::numbers::{booleans, flags, floats, integers, numbers, optional_booleans, rows_or_null};
use jackfield_kit::values::{as_type, take};
use jackfield_sdk::compute::{Grouper, SortKey, sort_indices};
use jackfield_sdk::sql::Aggregate;
use jackfield_sdk::{Column, DataType, Failure, Field, type_name};
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
}

fn not_here(what: &str) -> Failure {
    let message = format!("{what} is not computed over the rows up to each row");
    Failure::invalid_config("not-supported", message)
        .with_help("leave `order` out, for the same value in the whole group, or use an aggregate node")
}

/// Calls `step` with each row of each group in order; `restart` before each group.
fn walk<S>(layout: &Layout, mut restart: impl FnMut() -> S, mut step: impl FnMut(&mut S, usize)) {
    for group in &layout.groups {
        let mut state = restart();
        layout.rows_of(group).iter().for_each(|row| step(&mut state, *row as usize));
    }
}

/// The values, by row.
pub(super) fn over(running: &Running, arguments: &[Column], layout: &Layout) -> Result<Column, Failure> {
    let Some(argument) = arguments.first() else {
        // `count(*)`: the number of the row.
        return layout.kernels(None, &[("row_number", "")]);
    };
    match running {
        Running::Count => counts(argument, layout),
        Running::CountDistinct => distinct(argument, layout),
        Running::Last => layout.kernels(Some(argument), &[("fill_null_forward", "")]),
        Running::First => {
            let valid = flags(&argument.is_valid()?)?;
            picked(argument, layout, |best, row| {
                let counts = valid.get(row).copied().unwrap_or(false) && best.is_none();
                counts.then_some(row)
            })
        }
        Running::Min if numeric::is_plain(argument) => so_far(argument, layout, "cumulative_min"),
        Running::Max if numeric::is_plain(argument) => so_far(argument, layout, "cumulative_max"),
        Running::Min | Running::Max => {
            let valid = flags(&argument.is_valid()?)?;
            let places = places(argument, matches!(running, Running::Max))?;
            let place = |row: usize| places.get(row).copied().unwrap_or(NONE);
            picked(argument, layout, |best, row| {
                let counts = valid.get(row).copied().unwrap_or(false);
                (counts && best.is_none_or(|best| place(row) < place(best))).then_some(row)
            })
        }
        Running::Any | Running::All => truth(argument, layout, matches!(running, Running::Any)),
        Running::Sum(result) => numeric::sums(argument, result, layout),
        Running::Mean => so_far(&numeric::as_floats(argument)?, layout, "cumulative_mean"),
        Running::Spread(spread) => floats(&spread.over(&numeric::values(argument)?, layout)),
        Running::Quantile(fraction) => floats(&ranked::quantiles(&numeric::values(argument)?, *fraction, layout)),
    }
}

fn counts(argument: &Column, layout: &Layout) -> Result<Column, Failure> {
    let ones = as_type(argument.is_valid()?, &[Field::new("", DataType::Int64)])?;
    layout.kernels(Some(&ones), &[("cumulative_sum", "")])
}

/// A running kernel: where the value itself is null, what holds is what the rows before it came to.
fn so_far(argument: &Column, layout: &Layout, function: &str) -> Result<Column, Failure> {
    layout.kernels(Some(argument), &[(function, SKIP_NULLS), ("fill_null_forward", "")])
}

/// A null is no end of a running value.
const SKIP_NULLS: &str = r#"{"skip_nulls":true}"#;

fn distinct(argument: &Column, layout: &Layout) -> Result<Column, Failure> {
    let valid = flags(&argument.is_valid()?)?;
    let grouper = Grouper::new(&[argument.tree()])?;
    let value_of = numbers(&grouper.assign(&[argument])?)?;
    // The number of the group in which a value was seen last.
    let mut seen = vec![NONE; grouper.count() as usize];
    let mut counts = vec![None; layout.rows()];
    let mut group = NONE;
    walk(
        layout,
        || {
            group = group.wrapping_add(1);
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

/// The value of a row that `better` picks, given the one that was best so far.
fn picked(
    argument: &Column,
    layout: &Layout,
    better: impl Fn(Option<usize>, usize) -> Option<usize>,
) -> Result<Column, Failure> {
    let mut rows = vec![NONE; layout.rows()];
    walk(
        layout,
        || None,
        |best, row| {
            *best = better(*best, row).or(*best);
            if let (Some(slot), Some(best)) = (rows.get_mut(row), *best) {
                *slot = best as u32;
            }
        },
    );
    take(argument, &rows_or_null(&rows)?)
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

fn truth(argument: &Column, layout: &Layout, any: bool) -> Result<Column, Failure> {
    let boolean = [Field::new("", DataType::Boolean)];
    let values = optional_booleans(&as_type(argument.share(), &boolean)?)?;
    let mut found = vec![None; layout.rows()];
    walk(
        layout,
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
