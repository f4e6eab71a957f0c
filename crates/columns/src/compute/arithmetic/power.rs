//! Powers: of all numbers as float64, and of integers with a row error where the result is none.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType};
use arrow::datatypes::{DataType, Float64Type};

use super::super::numbers::{integer, rows, zip};
use super::super::options::Options;
use super::super::promote::{common, mismatch};
use super::super::scalar::shown;
use super::super::table::Plan;
use super::super::values::{Call, Input, Values};
use crate::Failure;

pub(super) fn float_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    match common(types) {
        Some(to) if to.is_numeric() || to == DataType::Null => {
            Ok(Plan::uniform(2, DataType::Float64, DataType::Float64))
        }
        _ => Err(mismatch("numbers are expected")),
    }
}

pub(super) fn types(function: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    match common(types) {
        Some(to) if to.is_integer() => Ok(Plan::uniform(2, to.clone(), to)),
        _ => float_types(function, types, options),
    }
}

pub(super) fn power(call: &mut Call) -> Result<Values, Failure> {
    let [base, exponent] = call.inputs else { return Err(mismatch("two arguments are expected")) };
    let array = zip::<Float64Type, Float64Type, Float64Type>(base, exponent, f64::powf);
    Ok(array.map_or_else(|| call.all_null(), |array| Values::of(Arc::new(array))))
}

pub(super) fn power_checked(call: &mut Call) -> Result<Values, Failure> {
    let [base, exponent] = call.inputs else { return Err(mismatch("two arguments are expected")) };
    integer!(base.array.data_type(), T => integers::<T>(call, base, exponent), _ => power(call))
}

fn integers<T: ArrowPrimitiveType>(call: &Call, base: &Input, exponent: &Input) -> Result<Values, Failure>
where
    T::Native: Into<i128> + TryFrom<i128>,
{
    let of = |a: T::Native, b: T::Native| raised(a.into(), b.into()).and_then(|power| T::Native::try_from(power).ok());
    let mut bad = false;
    let array = zip::<T, T, T>(base, exponent, |a, b| {
        of(a, b).unwrap_or_else(|| {
            bad = true;
            T::Native::ZERO
        })
    });
    let Some(array) = array else { return Ok(call.all_null()) };
    let array: ArrayRef = Arc::new(array);
    if !bad {
        return Ok(Values::of(array));
    }
    let failed = rows::<T>(base, exponent, |a, b| of(a, b).is_none());
    let (base, exponent) = (base.clone(), exponent.clone());
    Ok(Values::with_errors(array, failed, move |row| {
        let (a, b) = (shown(base.array.as_ref(), base.at(row)), shown(exponent.array.as_ref(), exponent.at(row)));
        if b.starts_with('-') {
            let message = format!("the power of {a} to {b} is no whole number");
            return Failure::invalid_input("out-of-bounds", message);
        }
        let name = crate::type_name(base.array.data_type());
        Failure::invalid_input("integer-overflow", format!("the power of {a} to {b} is out of the range of {name}"))
    }))
}

/// `None` if it is no integer, or none of 128 bits.
fn raised(base: i128, exponent: i128) -> Option<i128> {
    match base {
        _ if exponent < 0 => None,
        0 | 1 => Some(if exponent == 0 { 1 } else { base }),
        -1 => Some(if exponent % 2 == 0 { 1 } else { -1 }),
        _ => base.checked_pow(u32::try_from(exponent).ok().filter(|exponent| *exponent < 128)?),
    }
}
