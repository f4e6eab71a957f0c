//! Rounding.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int64Type, i256};

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
    Function::new("round_binary", "round_binary(number, integer) -> number", binary_types, round_binary).arity(2, 2).options(&["round_mode"]).weight(4)
        .doc("rounded to as many digits behind the point as the second says; `round_mode` as for round"),
    Function::new("round_to_multiple", "round_to_multiple(number) -> number", multiple_types, round_to_multiple).options(&["multiple", "round_mode"]).weight(3)
        .doc("rounded to a multiple of `multiple` (1), which is above 0; `round_mode` as for round"),
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
        [to] if to.is_numeric() => to.clone(),
        _ => return Err(mismatch("a number is expected")),
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
fn multiple<N: ArrowNativeTypeOp>(value: N, unit: N, mode: &str) -> Option<N> {
    let (mut below, mut rest) = (value.div_wrapping(unit), value.mod_wrapping(unit));
    if rest.is_zero() {
        return Some(value);
    }
    if rest.is_lt(N::ZERO) {
        (below, rest) = (below.sub_wrapping(N::ONE), rest.add_wrapping(unit));
    }
    let positive = value.is_gt(N::ZERO);
    let is_even = below.mod_wrapping(N::ONE.add_wrapping(N::ONE)).is_zero();
    let up = match mode {
        "down" => false,
        "up" => true,
        "towards_zero" => !positive,
        "towards_infinity" => positive,
        _ => match rest.compare(unit.sub_wrapping(rest)) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => match mode {
                "half_up" => true,
                "half_down" => false,
                "half_towards_zero" => !positive,
                "half_towards_infinity" => positive,
                "half_to_even" => !is_even,
                _ => is_even,
            },
        },
    };
    let near = if up { below.add_wrapping(N::ONE) } else { below };
    near.mul_checked(unit).ok()
}

/// Ten to the power of so many places, or a number beyond every decimal.
fn wide_power(places: i32) -> i256 {
    i256::from_i128(10).checked_pow(places.unsigned_abs()).unwrap_or(i256::MAX)
}

/// A float rounded to so many digits behind the point.
fn scaled(value: f64, digits: i32, mode: &str) -> f64 {
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
}

fn to_digits(call: &mut Call, digits: i64, mode: &'static str) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let array = Arc::clone(&input.array);
    let digits = digits.clamp(-400, 400) as i32;
    let scaled = move |value: f64| scaled(value, digits, mode);
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
        DataType::Decimal256(precision, scale) => {
            let (most, places) = (wide_power(i32::from(*precision)), i32::from(*scale) - digits);
            if places <= 0 {
                return Ok(Values::of(array));
            }
            let unit = wide_power(places);
            in_units::<Decimal256Type>(call, &array, |value| {
                multiple(value, unit, mode).filter(|value| value.wrapping_abs() < most)
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
    in_units::<T>(call, array, |value| round(value, unit))
}

/// Rounds whole numbers; `None` is a row error.
fn in_units<T: ArrowPrimitiveType>(
    call: &Call,
    array: &ArrayRef,
    round: impl Fn(T::Native) -> Option<T::Native>,
) -> Result<Values, Failure> {
    let values = array.as_primitive::<T>();
    let rounded: Vec<T::Native> = values.values().iter().map(|value| round(*value).unwrap_or_default()).collect();
    let failed = pack(values.values(), |value| round(value).is_none());
    let failed = values.nulls().map_or(failed.clone(), |nulls| &failed & nulls.inner());
    let rounded: ArrayRef = Arc::new(PrimitiveArray::<T>::new(rounded.into(), values.nulls().cloned()));
    let rounded = if rounded.data_type() == call.output { rounded } else { relabel(&rounded, call.output)? };
    let source = Arc::clone(array);
    Ok(Values::with_errors(rounded, failed, move |row| overflow(source.as_ref(), row)))
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

fn binary_types(name: &str, of: &[DataType], options: &Options) -> Result<Plan, Failure> {
    options.word("round_mode", MODES)?;
    let [number, digits] = of else { return Err(mismatch("a number and an integer are expected")) };
    if !digits.is_integer() && *digits != DataType::Null {
        return Err(mismatch("a number and an integer are expected"));
    }
    let plan = types(name, std::slice::from_ref(number), options)?;
    Ok(Plan { inputs: vec![plan.output.clone(), DataType::Int64], output: plan.output })
}

/// A row at a time, for each has digits of its own.
fn round_binary(call: &mut Call) -> Result<Values, Failure> {
    let mode = call.options.word("round_mode", MODES)?;
    let [number, digits] = call.inputs else { return Err(mismatch("two arguments are expected")) };
    let Ok(nulls) = call.nulls(usize::MAX) else { return Ok(call.all_null()) };
    let places = digits.array.as_primitive::<Int64Type>();
    let digits_of = |row: usize| places.value(digits.at(row)).clamp(-400, 400) as i32;
    let (rows, number) = (call.rows, number.clone());
    let live = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    let mut failed = vec![false; rows];
    let array: ArrayRef = match number.array.data_type() {
        DataType::Float64 => {
            let values = number.array.as_primitive::<Float64Type>();
            let each = (0..rows).map(|row| scaled(values.value(number.at(row)), digits_of(row), mode));
            Arc::new(PrimitiveArray::<Float64Type>::new(each.collect(), nulls.clone()))
        }
        DataType::Float32 => {
            let values = number.array.as_primitive::<Float32Type>();
            let each =
                (0..rows).map(|row| scaled(f64::from(values.value(number.at(row))), digits_of(row), mode) as f32);
            Arc::new(PrimitiveArray::<Float32Type>::new(each.collect(), nulls.clone()))
        }
        DataType::Decimal128(precision, scale) => {
            let most = 10_i128.checked_pow(u32::from(*precision)).unwrap_or(i128::MAX);
            let values = number.array.as_primitive::<Decimal128Type>();
            let mut each = Vec::with_capacity(rows);
            for (row, failed) in failed.iter_mut().enumerate() {
                let value = values.value(number.at(row));
                let rounded =
                    to_places(value, i32::from(*scale) - digits_of(row), mode).filter(|value| value.abs() < most);
                *failed = live(row) && rounded.is_none();
                each.push(rounded.unwrap_or_default());
            }
            let array: ArrayRef = Arc::new(PrimitiveArray::<Decimal128Type>::new(each.into(), nulls.clone()));
            relabel(&array, call.output)?
        }
        DataType::Decimal256(precision, scale) => {
            let most = wide_power(i32::from(*precision));
            let values = number.array.as_primitive::<Decimal256Type>();
            let mut each = Vec::with_capacity(rows);
            for (row, failed) in failed.iter_mut().enumerate() {
                let (value, places) = (values.value(number.at(row)), i32::from(*scale) - digits_of(row));
                let rounded = if places > 0 { multiple(value, wide_power(places), mode) } else { Some(value) };
                let rounded = rounded.filter(|value| value.wrapping_abs() < most);
                *failed = live(row) && rounded.is_none();
                each.push(rounded.unwrap_or_default());
            }
            let array: ArrayRef = Arc::new(PrimitiveArray::<Decimal256Type>::new(each.into(), nulls.clone()));
            relabel(&array, call.output)?
        }
        other => integer!(other, T => {
            let values = number.array.as_primitive::<T>();
            let mut each = Vec::with_capacity(rows);
            for (row, failed) in failed.iter_mut().enumerate() {
                let value = i128::from(values.value(number.at(row)));
                let rounded = to_places(value, -digits_of(row), mode).and_then(|value| value.try_into().ok());
                *failed = live(row) && rounded.is_none();
                each.push(rounded.unwrap_or_default());
            }
            Arc::new(PrimitiveArray::<T>::new(each.into(), nulls.clone()))
        }, _ => return Err(mismatch("a number is expected"))),
    };
    let failed: BooleanBuffer = failed.into();
    Ok(Values::with_errors(array, failed, move |row| overflow(number.array.as_ref(), number.at(row))))
}

fn overflow(array: &dyn Array, row: usize) -> Failure {
    let (value, name) = (shown(array, row), type_name(array.data_type()));
    Failure::invalid_input("integer-overflow", format!("{value} rounded is out of the range of {name}"))
}

/// The number without its last `places` digits.
fn to_places(value: i128, places: i32, mode: &str) -> Option<i128> {
    if places <= 0 {
        return Some(value);
    }
    multiple(value, 10_i128.checked_pow(places.unsigned_abs()).unwrap_or(i128::MAX), mode)
}

/// The option `multiple`.
fn multiple_of(options: &Options) -> Result<f64, Failure> {
    let Some(value) = options.value("multiple") else { return Ok(1.0) };
    value.as_f64().filter(|multiple| *multiple > 0.0).ok_or_else(|| {
        Failure::invalid_config("out-of-bounds", "multiple must be a number above 0").with_parameter("/multiple")
    })
}

/// The multiple in units of the type's last digit.
fn units_of(options: &Options, scale: i8) -> Result<i128, Failure> {
    let wanted = multiple_of(options)?;
    let text = options.value("multiple").map_or_else(|| "1".to_owned(), ToString::to_string);
    // Read as a decimal, for a float does not hold most fractions of ten.
    let read = super::scalar::from_text(&text, &DataType::Decimal128(38, scale)).ok();
    let units = read.map_or(0, |units| units.as_primitive::<Decimal128Type>().value(0));
    if units >= 1 && (units as f64 / 10_f64.powi(i32::from(scale)) / wanted - 1.0).abs() <= 1e-9 {
        return Ok(units);
    }
    let failure = Failure::invalid_config("out-of-bounds", "multiple must be a value of the number's type, above 0");
    Err(failure.with_parameter("/multiple"))
}

fn multiple_types(name: &str, of: &[DataType], options: &Options) -> Result<Plan, Failure> {
    options.word("round_mode", MODES)?;
    multiple_of(options)?;
    let plan = types(name, of, options)?;
    match &plan.output {
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => {
            units_of(options, *scale)?;
        }
        to if to.is_integer() => {
            units_of(options, 0)?;
        }
        _ => {}
    }
    Ok(plan)
}

fn round_to_multiple(call: &mut Call) -> Result<Values, Failure> {
    let mode = call.options.word("round_mode", MODES)?;
    let of = multiple_of(call.options)?;
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let array = Arc::clone(&input.array);
    let near = move |value: f64| {
        let rounded = whole(value / of, mode) * of;
        if rounded.is_finite() || !value.is_finite() { rounded } else { value }
    };
    match array.data_type() {
        DataType::Float64 => {
            Ok(Values::of(Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(near))))
        }
        DataType::Float32 => {
            let near = |value: f32| near(f64::from(value)) as f32;
            Ok(Values::of(Arc::new(array.as_primitive::<Float32Type>().unary::<_, Float32Type>(near))))
        }
        DataType::Decimal128(precision, scale) => {
            let most = 10_i128.checked_pow(u32::from(*precision)).unwrap_or(i128::MAX);
            let unit = units_of(call.options, *scale)?;
            in_units::<Decimal128Type>(call, &array, |value| {
                multiple(value, unit, mode).filter(|value| value.abs() < most)
            })
        }
        DataType::Decimal256(precision, scale) => {
            let (most, unit) = (wide_power(i32::from(*precision)), i256::from_i128(units_of(call.options, *scale)?));
            in_units::<Decimal256Type>(call, &array, |value| {
                multiple(value, unit, mode).filter(|value| value.wrapping_abs() < most)
            })
        }
        other => {
            let unit = units_of(call.options, 0)?;
            integer!(other, T => in_units::<T>(call, &array, |value| {
                multiple(i128::from(value), unit, mode)?.try_into().ok()
            }), _ => Err(mismatch("a number is expected")))
        }
    }
}
