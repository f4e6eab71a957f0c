//! Calls a function by name on whole columns.
use arrow::array::BooleanArray;
use arrow::datatypes::DataType;

use super::{Argument, Outcome};
use crate::{Failure, Meter};

/// Applies `function` element by element; scalars broadcast, and `rows` is the length when all arguments are scalars.
/// With `only`, rows where it is false or null are null and cannot fail.
///
/// # Errors
/// Unknown names, wrong types or numbers of arguments, unknown options, and limits. What is wrong with single rows is in
/// the outcome.
pub fn call(
    function: &str,
    arguments: &[Argument],
    options: &str,
    rows: usize,
    only: Option<&BooleanArray>,
    meter: &mut dyn Meter,
) -> Result<Outcome, Failure> {
    let _ = (function, arguments, options, rows, only, meter);
    todo!()
}

/// The type that [`call`] gives for arguments of these types; for an aggregate function, its result's.
///
/// # Errors
/// As [`call`].
pub fn result_type(function: &str, arguments: &[DataType], options: &str) -> Result<DataType, Failure> {
    let _ = (function, arguments, options);
    todo!()
}
