//! Rounding.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{DataType, Decimal128Type, Float32Type, Float64Type};

use super::numbers::{integer, pack};
use super::options::Options;
use super::promote::{mismatch, relabel};
use super::scalar::shown;
use super::table::{Function, Plan};
use super::values::{Call, Values};
use crate::{Failure, type_name};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("floor", "floor(number) -> number", types, floor).doc("the next whole number below, in the number's type"),
    Function::new("ceil", "ceil(number) -> number", types, ceil).doc("the next whole number above, in the number's type"),
    Function::new("trunc", "trunc(number) -> number", types, trunc).doc("the next whole number towards zero, in the number's type"),
    Function::new("round", "round(number) -> number", round_types, round).options(&["ndigits", "round_mode"]).weight(3)
        .doc("rounded to `ndigits` (0) digits behind the point; `round_mode` = half_to_even, half_towards_infinity (away from zero), half_up, half_down, half_towards_zero, half_to_odd, up, down, towards_zero or towards_infinity"),
];

const MODES: &[&str] = &[
    "half_to_even",
    "half_towards_infinity",
    "half_up",
    "half_down",
    "half_towards_zero",
    "half_to_odd",
    "up",
    "down",
    "towards_zero",
    "towards_infinity",
];

fn types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    let to = match types {
        [DataType::Null] => DataType::Int64,
        [DataType::Float16] => DataType::Float32,
        [to] if to.is_integer() || to.is_floating() || matches!(to, DataType::Decimal128(..)) => to.clone(),
        _ => return Err(mismatch("an integer, a float or a decimal of at most 38 digits is expected")),
    };
    Ok(Plan::uniform(1, to.clone(), to))
}

fn round_types(name: &str, of: &[DataType], options: &Options) -> Result<Plan, Failure> {
    options.integer("ndigits")?;
    options.word("round_mode", MODES)?;
    types(name, of, options)
}

/// A whole number near `value`.
fn whole(value: f64, mode: &str) -> f64 {
    match mode {
        "down" => return value.floor(),
        "up" => return value.ceil(),
        "towards_zero" => return value.trunc(),
        "towards_infinity" => return value.abs().ceil().copysign(value),
        "half_to_even" => return value.round_ties_even(),
        "half_towards_infinity" => return value.round(),
        _ => {}
    }
    if (value - value.trunc()).abs() != 0.5 {
        return value.round();
    }
    match mode {
        "half_up" => value.ceil(),
        "half_down" => value.floor(),
        "half_towards_zero" => value.trunc(),
        _ => {
            let even = value.round_ties_even();
            if even > value { even - 1.0 } else { even + 1.0 }
        }
    }
}

/// The multiple of `unit` near `value`, or `None` if it overflows.
fn multiple(value: i128, unit: i128, mode: &str) -> Option<i128> {
    let (below, rest) = (value.div_euclid(unit), value.rem_euclid(unit));
    if rest == 0 {
        return Some(value);
    }
    let positive = value > 0;
    let up = match mode {
        "down" => false,
        "up" => true,
        "towards_zero" => !positive,
        "towards_infinity" => positive,
        _ => match rest.cmp(&(unit - rest)) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => match mode {
                "half_up" => true,
                "half_down" => false,
                "half_towards_zero" => !positive,
                "half_towards_infinity" => positive,
                "half_to_even" => below.rem_euclid(2) != 0,
                _ => below.rem_euclid(2) == 0,
            },
        },
    };
    (below + i128::from(up)).checked_mul(unit)
}

fn to_digits(call: &mut Call, digits: i64, mode: &'static str) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let array = Arc::clone(&input.array);
    let digits = digits.clamp(-400, 400) as i32;
    let scaled = move |value: f64| {
        if digits == 0 {
            return whole(value, mode);
        }
        let power = 10_f64.powi(digits.abs());
        let rounded = if digits > 0 { whole(value * power, mode) / power } else { whole(value / power, mode) * power };
        if rounded.is_finite() {
            rounded
        } else if digits > 0 || !value.is_finite() {
            value
        } else {
            0.0
        }
    };
    match array.data_type() {
        DataType::Float64 => {
            Ok(Values::of(Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(scaled))))
        }
        DataType::Float32 => {
            let rounded =
                array.as_primitive::<Float32Type>().unary::<_, Float32Type>(|value| scaled(f64::from(value)) as f32);
            Ok(Values::of(Arc::new(rounded)))
        }
        DataType::Decimal128(precision, scale) => {
            let most = 10_i128.checked_pow(u32::from(*precision)).unwrap_or(i128::MAX);
            let places = i32::from(*scale) - digits;
            exact::<Decimal128Type>(call, &array, places, |value, unit| {
                multiple(value, unit, mode).filter(|value| value.abs() < most)
            })
        }
        other => integer!(other, T => exact::<T>(call, &array, -digits, |value, unit| {
            multiple(i128::from(value), unit, mode)?.try_into().ok()
        }), _ => Err(mismatch("a number is expected"))),
    }
}

/// Rounds whole numbers to the last `places` of their digits.
fn exact<T: ArrowPrimitiveType>(
    call: &Call,
    array: &ArrayRef,
    places: i32,
    round: impl Fn(T::Native, i128) -> Option<T::Native>,
) -> Result<Values, Failure> {
    if places <= 0 {
        return Ok(Values::of(Arc::clone(array)));
    }
    // Beyond 38 digits every number is nearest to zero, or else overflows.
    let unit = 10_i128.checked_pow(places.unsigned_abs()).unwrap_or(i128::MAX);
    let values = array.as_primitive::<T>();
    let rounded: Vec<T::Native> = values.values().iter().map(|value| round(*value, unit).unwrap_or_default()).collect();
    let failed = pack(values.values(), |value| round(value, unit).is_none());
    let failed = values.nulls().map_or(failed.clone(), |nulls| &failed & nulls.inner());
    let rounded: ArrayRef = Arc::new(PrimitiveArray::<T>::new(rounded.into(), values.nulls().cloned()));
    let rounded = if rounded.data_type() == call.output { rounded } else { relabel(&rounded, call.output)? };
    let source = Arc::clone(array);
    Ok(Values::with_errors(rounded, failed, move |row| {
        let (value, name) = (shown(source.as_ref(), row), type_name(source.data_type()));
        Failure::invalid_input("integer-overflow", format!("{value} rounded is out of the range of {name}"))
    }))
}

fn floor(call: &mut Call) -> Result<Values, Failure> {
    to_digits(call, 0, "down")
}
fn ceil(call: &mut Call) -> Result<Values, Failure> {
    to_digits(call, 0, "up")
}
fn trunc(call: &mut Call) -> Result<Values, Failure> {
    to_digits(call, 0, "towards_zero")
}
fn round(call: &mut Call) -> Result<Values, Failure> {
    let digits = call.options.integer("ndigits")?.unwrap_or(0);
    to_digits(call, digits, call.options.word("round_mode", MODES)?)
}
