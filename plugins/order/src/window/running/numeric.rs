//! Sums, means and spreads of the rows so far.

use super::{Layout, SoFar, set, walk};
use jackfield_kit::numbers::{column_in_slices, optional};
use jackfield_kit::values::{as_type, root};
use jackfield_sdk::builders::PrimitiveBuilder;
use jackfield_sdk::{Column, DataType, Failure, Field};

/// Whether sums of this type are kept here.
pub(super) fn can_sum(result: &[Field]) -> bool {
    matches!(root(result), DataType::Int64 | DataType::Float64 | DataType::Decimal128(_))
}

/// The sums, in the type that the host gives a sum.
pub(super) fn sums(
    argument: &Column,
    result: &[Field],
    layout: &Layout,
    so_far: &mut SoFar,
) -> Result<Column, Failure> {
    let of = root(result);
    match of {
        DataType::Float64 | DataType::Int64 => {
            let values = as_type(argument.share(), result)?;
            let sums = super::running_kernel(&values, layout, "cumulative_sum_checked", so_far);
            sums.map_err(|failure| match failure.code.as_str() {
                "integer-overflow" => overflow(),
                _ => failure,
            })
        }
        _ => {
            let values = optional::<i128>(&as_type(argument.share(), result)?)?;
            let totals = totals(&values, layout, &mut so_far.sum, 0i128, i128::checked_add)?;
            column_in_slices(of, &totals, |values| {
                let mut builder = PrimitiveBuilder::<i128>::with_capacity(values.len());
                values.iter().for_each(|value| builder.push_option(*value));
                builder.finish()
            })
        }
    }
}

/// Null until the first value.
fn totals<T: Copy>(
    values: &[Option<T>],
    layout: &Layout,
    before: &mut Option<T>,
    zero: T,
    add: impl Fn(T, T) -> Option<T>,
) -> Result<Vec<Option<T>>, Failure> {
    let mut totals = vec![None; layout.rows()];
    let mut beyond = false;
    walk(
        layout,
        before,
        || None,
        |sum: &mut Option<T>, row| {
            if let Some(value) = values.get(row).copied().flatten() {
                match add(sum.unwrap_or(zero), value) {
                    Some(total) => *sum = Some(total),
                    None => beyond = true,
                }
            }
            if let Some(slot) = totals.get_mut(row) {
                *slot = *sum;
            }
        },
    );
    if beyond { Err(overflow()) } else { Ok(totals) }
}

fn overflow() -> Failure {
    Failure::invalid_input("integer-overflow", "a sum is out of the range of its type")
        .with_help("sum the values as float64, as in sum(CAST(x AS float64))")
}

/// Whether the host's running kernels take the values as they are.
pub(super) fn is_plain(argument: &Column) -> bool {
    let of = root(&argument.tree());
    jackfield_kit::values::is_number(&of) && !matches!(of, DataType::Float16 | DataType::Decimal256(_))
}

/// The numbers as float64.
pub(super) fn as_floats(argument: &Column) -> Result<Column, Failure> {
    as_type(argument.share(), &[Field::new("", DataType::Float64)])
}

/// The same, to compute with.
pub(super) fn values(argument: &Column) -> Result<Vec<Option<f64>>, Failure> {
    optional::<f64>(&as_floats(argument)?)
}

/// A variance, or its root.
pub(in super::super) struct Spread {
    /// What is taken off the number of values that the sum is divided by.
    pub(super) ddof: f64,
    pub(super) root: bool,
}

impl Spread {
    /// By Welford's way, which does not lose small differences of large numbers.
    pub(super) fn over(
        &self,
        values: &[Option<f64>],
        layout: &Layout,
        before: &mut (f64, f64, f64),
    ) -> Vec<Option<f64>> {
        let mut spreads = vec![None; layout.rows()];
        walk(
            layout,
            before,
            || (0.0, 0.0, 0.0),
            |(count, mean, sum), row| {
                if let Some(value) = values.get(row).copied().flatten() {
                    *count += 1.0;
                    let off = value - *mean;
                    *mean += off / *count;
                    *sum += off * (value - *mean);
                }
                if *count > self.ddof {
                    let variance = *sum / (*count - self.ddof);
                    set(&mut spreads, row, if self.root { variance.sqrt() } else { variance });
                }
            },
        );
        spreads
    }
}
