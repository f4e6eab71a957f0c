//! Angles, hyperbolas and logarithms, in float64; and the same with a row error where the argument is out of the domain.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type};

use super::numbers::{pack, zip};
use super::options::Options;
use super::promote::{common, mismatch};
use super::scalar::shown;
use super::table::{Function, Kernel, Plan};
use super::values::{Call, Values};
use crate::Failure;

pub(super) const FUNCTIONS: &[Function] = &[
    one("sin", "sin(number) -> float64", sin).doc("sine of an angle in radians"),
    one("cos", "cos(number) -> float64", cos).doc("cosine of an angle in radians"),
    one("tan", "tan(number) -> float64", tan).doc("tangent of an angle in radians"),
    one("asin", "asin(number) -> float64", asin).doc("the angle of that sine; NaN beyond -1 and 1"),
    one("acos", "acos(number) -> float64", acos).doc("the angle of that cosine; NaN beyond -1 and 1"),
    one("atan", "atan(number) -> float64", atan).doc("the angle of that tangent"),
    two("atan2", "atan2(number, number) -> float64", atan2)
        .doc("the angle of the point with y = the first, x = the second"),
    one("sinh", "sinh(number) -> float64", sinh).doc("hyperbolic sine"),
    one("cosh", "cosh(number) -> float64", cosh).doc("hyperbolic cosine"),
    one("tanh", "tanh(number) -> float64", tanh).doc("hyperbolic tangent"),
    one("asinh", "asinh(number) -> float64", asinh).doc("inverse of sinh"),
    one("acosh", "acosh(number) -> float64", acosh).doc("inverse of cosh; NaN below 1"),
    one("atanh", "atanh(number) -> float64", atanh).doc("inverse of tanh; NaN beyond -1 and 1"),
    one("expm1", "expm1(number) -> float64", expm1).doc("exp(x) - 1, exact also near 0"),
    one("log1p", "log1p(number) -> float64", log1p).doc("ln(1 + x), exact also near 0; NaN below -1"),
    two("logb", "logb(number, number) -> float64", logb).doc("logarithm of the first to the base of the second"),
    one("sin_checked", "sin_checked(number) -> float64", sin_checked).doc("sin; infinity is a row error"),
    one("cos_checked", "cos_checked(number) -> float64", cos_checked).doc("cos; infinity is a row error"),
    one("tan_checked", "tan_checked(number) -> float64", tan_checked).doc("tan; infinity is a row error"),
    one("asin_checked", "asin_checked(number) -> float64", asin_checked).doc("asin; beyond -1 and 1 is a row error"),
    one("acos_checked", "acos_checked(number) -> float64", acos_checked).doc("acos; beyond -1 and 1 is a row error"),
    one("acosh_checked", "acosh_checked(number) -> float64", acosh_checked).doc("acosh; below 1 is a row error"),
    one("atanh_checked", "atanh_checked(number) -> float64", atanh_checked)
        .doc("atanh; -1, 1 and beyond are row errors"),
    one("sqrt_checked", "sqrt_checked(number) -> float64", sqrt_checked).doc("sqrt; below 0 is a row error"),
    one("ln_checked", "ln_checked(number) -> float64", ln_checked).doc("ln; 0 and below are row errors"),
    one("log10_checked", "log10_checked(number) -> float64", log10_checked).doc("log10; 0 and below are row errors"),
    one("log2_checked", "log2_checked(number) -> float64", log2_checked).doc("log2; 0 and below are row errors"),
    one("log1p_checked", "log1p_checked(number) -> float64", log1p_checked).doc("log1p; -1 and below are row errors"),
    two("logb_checked", "logb_checked(number, number) -> float64", logb_checked)
        .doc("logb; a number or a base of 0 and below is a row error"),
];

const fn one(name: &'static str, signature: &'static str, kernel: Kernel) -> Function {
    Function::new(name, signature, types, kernel).weight(10)
}

const fn two(name: &'static str, signature: &'static str, kernel: Kernel) -> Function {
    Function::new(name, signature, types, kernel).arity(2, 2).weight(12)
}

fn types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    match common(types) {
        Some(to) if to.is_numeric() || to == DataType::Null => {
            Ok(Plan::uniform(types.len(), DataType::Float64, DataType::Float64))
        }
        _ => Err(mismatch("a number is expected")),
    }
}

fn single(call: &mut Call, f: impl Fn(f64) -> f64) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    Ok(Values::of(Arc::new(input.array.as_primitive::<Float64Type>().unary::<_, Float64Type>(f))))
}

/// With a row error where `outside` holds of the argument.
fn checked(call: &mut Call, f: impl Fn(f64) -> f64, outside: impl Fn(f64) -> bool) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let values = input.array.as_primitive::<Float64Type>();
    let result: ArrayRef = Arc::new(values.unary::<_, Float64Type>(f));
    let failed = pack(values.values(), outside);
    let failed = values.nulls().map_or(failed.clone(), |nulls| &failed & nulls.inner());
    let (source, function) = (Arc::clone(&input.array), call.function);
    Ok(Values::with_errors(result, failed, move |row| beyond(function, &shown(source.as_ref(), row))))
}

fn beyond(function: &str, arguments: &str) -> Failure {
    let function = function.trim_end_matches("_checked");
    Failure::invalid_input("out-of-bounds", format!("{function}({arguments}) is not defined"))
}

fn pairs(call: &mut Call, f: impl Fn(f64, f64) -> f64) -> Result<Values, Failure> {
    let [left, right] = call.inputs else { return Err(mismatch("two arguments are expected")) };
    let array = zip::<Float64Type, Float64Type, Float64Type>(left, right, f);
    Ok(array.map_or_else(|| call.all_null(), |array| Values::of(Arc::new(array))))
}

macro_rules! singles {
    ($($name:ident = $f:expr;)*) => {$(
        fn $name(call: &mut Call) -> Result<Values, Failure> {
            single(call, $f)
        }
    )*};
}
singles! {
    sin = f64::sin; cos = f64::cos; tan = f64::tan; asin = f64::asin; acos = f64::acos; atan = f64::atan;
    sinh = f64::sinh; cosh = f64::cosh; tanh = f64::tanh; asinh = f64::asinh; acosh = f64::acosh; atanh = f64::atanh;
    expm1 = f64::exp_m1; log1p = f64::ln_1p;
}

macro_rules! checks {
    ($($name:ident = $f:expr, $outside:expr;)*) => {$(
        fn $name(call: &mut Call) -> Result<Values, Failure> {
            checked(call, $f, $outside)
        }
    )*};
}
checks! {
    sin_checked = f64::sin, f64::is_infinite;
    cos_checked = f64::cos, f64::is_infinite;
    tan_checked = f64::tan, f64::is_infinite;
    asin_checked = f64::asin, |x| x.abs() > 1.0;
    acos_checked = f64::acos, |x| x.abs() > 1.0;
    acosh_checked = f64::acosh, |x| x < 1.0;
    atanh_checked = f64::atanh, |x| x.abs() >= 1.0;
    sqrt_checked = f64::sqrt, |x| x < 0.0;
    ln_checked = f64::ln, |x| x <= 0.0;
    log10_checked = f64::log10, |x| x <= 0.0;
    log2_checked = f64::log2, |x| x <= 0.0;
    log1p_checked = f64::ln_1p, |x| x <= -1.0;
}

fn atan2(call: &mut Call) -> Result<Values, Failure> {
    pairs(call, f64::atan2)
}

/// The quotient of the logarithms; of 0 it is -inf to every base, as Arrow has it.
fn logarithm(value: f64, base: f64) -> f64 {
    match value == 0.0 {
        true if base > 0.0 => f64::NEG_INFINITY,
        true => f64::NAN,
        false => value.ln() / base.ln(),
    }
}

fn logb(call: &mut Call) -> Result<Values, Failure> {
    pairs(call, logarithm)
}

fn logb_checked(call: &mut Call) -> Result<Values, Failure> {
    let values = pairs(call, logarithm)?;
    let [left, right] = call.inputs else { return Err(mismatch("two arguments are expected")) };
    let failed = super::numbers::rows::<Float64Type>(left, right, |value, base| value <= 0.0 || base <= 0.0);
    if failed.len() != call.rows {
        return Ok(values);
    }
    let (function, left, right) = (call.function, left.clone(), right.clone());
    Ok(Values::with_errors(values.array, failed, move |row| {
        let (value, base) = (shown(left.array.as_ref(), left.at(row)), shown(right.array.as_ref(), right.at(row)));
        beyond(function, &format!("{value}, {base}"))
    }))
}
