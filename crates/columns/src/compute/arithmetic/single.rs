//! Arithmetic on one number: signs, roots and logarithms.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, Float64Type, i256};

use super::super::numbers::{numeric, pack};
use super::super::options::Options;
use super::super::promote::{mismatch, relabel};
use super::super::scalar::shown;
use super::super::table::Plan;
use super::super::values::{Call, Values};
use crate::{Failure, type_name};

/// The result has the number's type.
pub(in super::super) fn same(name: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    let to = match types {
        // The sign is a whole number, for which these have no digit.
        [DataType::Decimal128(digits @ 0..38, scale)] if name == "sign" && i16::from(*digits) == i16::from(*scale) => {
            DataType::Decimal128(digits + 1, *scale)
        }
        [DataType::Decimal128(38, 38)] if name == "sign" => DataType::Decimal256(39, 38),
        [DataType::Decimal256(digits @ 0..76, scale)] if name == "sign" && i16::from(*digits) == i16::from(*scale) => {
            DataType::Decimal256(digits + 1, *scale)
        }
        [DataType::Decimal256(76, 76)] if name == "sign" => {
            return Err(mismatch("a decimal of 76 digits behind the point has no digit for a sign"));
        }
        [DataType::Null] => DataType::Int64,
        [DataType::Float16] => DataType::Float32,
        [to] if to.is_numeric() => to.clone(),
        _ => return Err(mismatch("a number is expected")),
    };
    Ok(Plan::uniform(1, to.clone(), to))
}

/// The result is float64, whatever the number.
pub(in super::super) fn float(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    match types {
        [to] if to.is_numeric() || *to == DataType::Null => Ok(Plan::uniform(1, DataType::Float64, DataType::Float64)),
        _ => Err(mismatch("a number is expected")),
    }
}

/// What the operations on a sign need of a number.
trait Signed: ArrowNativeTypeOp {
    /// The number with the other sign, and whether it overflowed.
    fn negated(self) -> (Self, bool);
    /// -1, 0 or 1; NaN stays.
    fn sign(self) -> Self;
}

macro_rules! signed {
    ($($t:ty, $is_float:expr);*) => {$(
        impl Signed for $t {
            fn negated(self) -> (Self, bool) {
                // 0 - x would turn 0.0 into 0.0 instead of -0.0.
                if $is_float { return (self.neg_wrapping(), false) }
                (self.neg_wrapping(), self.neg_checked().is_err())
            }
            fn sign(self) -> Self {
                let zero = <$t>::ZERO;
                if self > zero { <$t>::ONE } else if self < zero { zero.sub_wrapping(<$t>::ONE) } else { self }
            }
        }
    )*};
}
signed!(i8, false; i16, false; i32, false; i64, false; u8, false; u16, false; u32, false; u64, false;
    f32, true; f64, true; i128, false; i256, false);

/// One loop that notes whether anything overflowed, and a second one for the rows if so.
fn signs<T: ArrowPrimitiveType>(
    call: &Call,
    scale: T::Native,
    f: impl Fn(T::Native, T::Native) -> (T::Native, bool) + Copy,
) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let values = input.array.as_primitive::<T>();
    let mut bad = false;
    let results: Vec<T::Native> = values
        .values()
        .iter()
        .map(|value| {
            let (result, overflowed) = f(*value, scale);
            bad |= overflowed;
            result
        })
        .collect();
    let array: ArrayRef = Arc::new(PrimitiveArray::<T>::new(results.into(), values.nulls().cloned()));
    let array = if array.data_type() == call.output { array } else { relabel(&array, call.output)? };
    if !bad {
        return Ok(Values::of(array));
    }
    let mut failed = pack(values.values(), |value| f(value, scale).1);
    if let Some(nulls) = values.nulls() {
        failed = &failed & nulls.inner();
    }
    let source = Arc::clone(&input.array);
    Ok(Values::with_errors(array, failed, move |row| {
        let (value, name) = (shown(source.as_ref(), row), type_name(source.data_type()));
        Failure::invalid_input("integer-overflow", format!("{value} with the other sign is out of the range of {name}"))
    }))
}

/// Runs an operation on a sign for all types of numbers; `$one` is bound to what the number 1 is in the type.
macro_rules! for_numbers {
    ($call:ident, $f:expr) => {{
        let data_type = $call.inputs.first().map_or(DataType::Null, |input| input.array.data_type().clone());
        numeric!(&data_type, T => signs::<T>($call, <T as ArrowPrimitiveType>::Native::ONE, $f), _ => match data_type {
            DataType::Decimal128(_, scale) => {
                let one = 10_i128.checked_pow(u32::from(scale.unsigned_abs())).unwrap_or(i128::MAX);
                signs::<Decimal128Type>($call, one, $f)
            }
            DataType::Decimal256(_, scale) => {
                let one = i256::from_i128(10).checked_pow(u32::from(scale.unsigned_abs())).unwrap_or(i256::MAX);
                signs::<Decimal256Type>($call, one, $f)
            }
            _ => Err(mismatch("a number is expected")),
        })
    }};
}

pub(in super::super) fn negate(call: &mut Call) -> Result<Values, Failure> {
    for_numbers!(call, |value, _| (value.negated().0, false))
}

pub(in super::super) fn negate_checked(call: &mut Call) -> Result<Values, Failure> {
    for_numbers!(call, |value, _| value.negated())
}

fn absolute<T: Signed>(value: T) -> (T, bool) {
    // Comparing with -0.0 must not leave its sign: 0.0 - -0.0 is 0.0, and so is 0.0 - 0.0.
    if value < T::ZERO {
        value.negated()
    } else if value.is_zero() {
        (T::ZERO, false)
    } else {
        (value, false)
    }
}

pub(in super::super) fn abs(call: &mut Call) -> Result<Values, Failure> {
    for_numbers!(call, |value, _| (absolute(value).0, false))
}

pub(in super::super) fn abs_checked(call: &mut Call) -> Result<Values, Failure> {
    for_numbers!(call, |value, _| absolute(value))
}

pub(in super::super) fn sign(call: &mut Call) -> Result<Values, Failure> {
    for_numbers!(call, |value, one| (value.sign().mul_wrapping(one), false))
}

fn floats(call: &mut Call, f: impl Fn(f64) -> f64) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let array = input.array.as_primitive::<Float64Type>().unary::<_, Float64Type>(f);
    Ok(Values::of(Arc::new(array)))
}

pub(in super::super) fn sqrt(call: &mut Call) -> Result<Values, Failure> {
    floats(call, f64::sqrt)
}
pub(in super::super) fn ln(call: &mut Call) -> Result<Values, Failure> {
    floats(call, f64::ln)
}
pub(in super::super) fn log10(call: &mut Call) -> Result<Values, Failure> {
    floats(call, f64::log10)
}
pub(in super::super) fn log2(call: &mut Call) -> Result<Values, Failure> {
    floats(call, f64::log2)
}
pub(in super::super) fn exp(call: &mut Call) -> Result<Values, Failure> {
    floats(call, f64::exp)
}
