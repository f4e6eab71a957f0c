//! Addition to remainder, signs and powers.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType, AsArray, new_empty_array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::numeric as arrow_numeric;
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, DecimalType};
use arrow::error::ArrowError;

use super::numbers::{integer, numeric, pack, rows, zip, zip_noted};
use super::options::Options;
use super::promote::{as_decimal, common, internal, mismatch};
use super::scalar::shown;
use super::table::{Function, Plan};
use super::values::{Call, Input, Values};
use crate::Failure;

mod power;
mod single;

pub(super) const FUNCTIONS: &[Function] = &[
    binary("add", "add(number, number) -> number", add)
        .doc("sum; integers wrap around; also date or timestamp + duration or interval"),
    binary("add_checked", "add_checked(number, number) -> number", add_checked)
        .doc("sum; integer overflow is a row error"),
    binary("subtract", "subtract(number, number) -> number", subtract)
        .doc("difference; integers wrap around; timestamp - timestamp is a duration"),
    binary("subtract_checked", "subtract_checked(number, number) -> number", subtract_checked)
        .doc("difference; integer overflow is a row error"),
    binary("multiply", "multiply(number, number) -> number", multiply).doc("product; integers wrap around"),
    binary("multiply_checked", "multiply_checked(number, number) -> number", multiply_checked)
        .doc("product; integer overflow is a row error"),
    binary("divide", "divide(number, number) -> number", divide)
        .weight(4)
        .differs("the smallest integer divided by -1 wraps around, which Arrow makes 0; decimals have four digits more behind the point than the dividend")
        .doc("quotient; of integers towards zero, wrapping around; integer division by zero is a row error"),
    binary("divide_checked", "divide_checked(number, number) -> number", divide_checked)
        .weight(4)
        .differs("decimals have four digits more behind the point than the dividend")
        .doc("quotient; of integers towards zero; integer overflow and division by zero are row errors"),
    binary("remainder", "remainder(number, number) -> number", remainder)
        .weight(4)
        .doc("remainder with the dividend's sign; integer division by zero is a row error"),
    binary("remainder_checked", "remainder_checked(number, number) -> number", remainder)
        .weight(4)
        .doc("the same as remainder"),
    Function::new("negate", "negate(number) -> number", single::same, single::negate)
        .doc("the number with the other sign; integers wrap around"),
    Function::new("negate_checked", "negate_checked(number) -> number", single::same, single::negate_checked)
        .doc("the number with the other sign; integer overflow is a row error"),
    Function::new("abs", "abs(number) -> number", single::same, single::abs)
        .doc("the number without its sign; integers wrap around"),
    Function::new("abs_checked", "abs_checked(number) -> number", single::same, single::abs_checked)
        .doc("the number without its sign; integer overflow is a row error"),
    Function::new("sign", "sign(number) -> number", single::same, single::sign)
        .doc("-1, 0 or 1 in the number's type; NaN stays"),
    Function::new("power", "power(number, number) -> float64", power::float_types, power::power)
        .arity(2, 2)
        .weight(20)
        .differs("the result is float64 also for integers")
        .doc("the first to the power of the second"),
    Function::new("power_checked", "power_checked(number, number) -> number", power::types, power::power_checked)
        .arity(2, 2)
        .weight(20)
        .doc("the first to the power of the second; of integers an integer, where overflow and an exponent below 0 are row errors"),
    Function::new("sqrt", "sqrt(number) -> float64", single::float, single::sqrt)
        .weight(3)
        .doc("square root; NaN below zero"),
    Function::new("ln", "ln(number) -> float64", single::float, single::ln)
        .weight(8)
        .doc("natural logarithm; -inf of 0, NaN below"),
    Function::new("log10", "log10(number) -> float64", single::float, single::log10)
        .weight(8)
        .doc("logarithm to base 10"),
    Function::new("log2", "log2(number) -> float64", single::float, single::log2).weight(8).doc("logarithm to base 2"),
    Function::new("exp", "exp(number) -> float64", single::float, single::exp)
        .weight(8)
        .doc("e to the power of the number"),
];

const fn binary(name: &'static str, signature: &'static str, kernel: super::table::Kernel) -> Function {
    Function::new(name, signature, types, kernel).arity(2, 2)
}

/// The operations, as arrow does them for what is not a plain number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operation {
    fn of(function: &str) -> Self {
        match function.trim_end_matches("_checked") {
            "add" => Self::Add,
            "subtract" => Self::Subtract,
            "multiply" => Self::Multiply,
            "divide" => Self::Divide,
            _ => Self::Remainder,
        }
    }

    fn arrow(self, left: &Input, right: &Input) -> Result<ArrayRef, ArrowError> {
        match self {
            Self::Add => arrow_numeric::add(left, right),
            Self::Subtract => arrow_numeric::sub(left, right),
            Self::Multiply => arrow_numeric::mul(left, right),
            Self::Divide => arrow_numeric::div(left, right),
            Self::Remainder => arrow_numeric::rem(left, right),
        }
    }
}

fn types(function: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    let [left, right] = types else { return Err(mismatch("two numbers are expected")) };
    if *left == DataType::Null && *right == DataType::Null {
        return Ok(Plan::uniform(2, DataType::Int64, DataType::Int64));
    }
    let to = match common(types) {
        Some(DataType::Float16) => DataType::Float32,
        Some(to) => to,
        None => DataType::Null,
    };
    if to.is_integer() || to.is_floating() {
        return Ok(Plan::uniform(2, to.clone(), to));
    }
    let inputs = if to.is_numeric() {
        // Arrow's own rules for the scale of a result want each decimal as it is, only as wide as the other.
        let wide = matches!(to, DataType::Decimal256(..));
        let decimal = |data_type: &DataType| {
            as_decimal(data_type).map_or(to.clone(), |(precision, scale, _)| {
                if wide { DataType::Decimal256(precision, scale) } else { DataType::Decimal128(precision, scale) }
            })
        };
        [decimal(left), decimal(right)]
    } else if left.is_temporal() || right.is_temporal() {
        temporal(left, right)
    } else {
        return Err(mismatch("these types cannot be computed with"));
    };
    let [left, right] = inputs.clone().map(|data_type| Input { array: new_empty_array(&data_type), scalar: false });
    match Operation::of(function).arrow(&left, &right) {
        Ok(empty) => Ok(Plan { inputs: inputs.to_vec(), output: empty.data_type().clone() }),
        Err(_) => Err(mismatch("these types cannot be computed with")),
    }
}

/// Times of the same sort in the same unit, as arrow wants them; anything else as it is.
fn temporal(left: &DataType, right: &DataType) -> [DataType; 2] {
    use DataType::{Date32, Date64, Duration, Null, Timestamp};
    match (left, right) {
        (Null, other) | (other, Null) => [other.clone(), other.clone()],
        (Timestamp(..), Timestamp(..) | Date32 | Date64)
        | (Date32 | Date64, Timestamp(..))
        | (Duration(_), Duration(_)) => {
            let to = common([left, right]).unwrap_or(Null);
            [to.clone(), to]
        }
        (Timestamp(unit, _), Duration(_)) => [left.clone(), Duration(*unit)],
        (Duration(_), Timestamp(unit, _)) => [Duration(*unit), right.clone()],
        _ => [left.clone(), right.clone()],
    }
}

/// Rows between looks at the deadline: arrow divides a decimal in up to 40 ns.
const BLOCK: usize = 1 << 16;

/// By arrow, block by block; `None` if it fails.
fn in_blocks(call: &mut Call, operation: Operation, left: &Input, right: &Input) -> Result<Option<ArrayRef>, Failure> {
    if call.rows <= BLOCK {
        return Ok(operation.arrow(left, right).ok());
    }
    let mut parts = Vec::with_capacity(call.rows / BLOCK + 1);
    for from in (0..call.rows).step_by(BLOCK) {
        call.owed += (BLOCK / 2) as u64;
        call.settle()?;
        let length = BLOCK.min(call.rows - from);
        match operation.arrow(&left.slice(from, length), &right.slice(from, length)) {
            Ok(part) => parts.push(part),
            Err(_) => return Ok(None),
        }
    }
    super::call::joined(&parts, call.meter).map(Some)
}

/// By arrow; if it fails, row by row, to find the rows that fail.
fn by_arrow(call: &mut Call) -> Result<Values, Failure> {
    let [left, right] = call.inputs else { return Err(mismatch("two arguments are expected")) };
    let operation = Operation::of(call.function);
    let (function, explained) = (call.function, (left.clone(), right.clone()));
    let why = move |row| failure(function, &explained.0, &explained.1, row);
    if let Some(array) = in_blocks(call, operation, left, right)? {
        let failed = too_many_digits(&array);
        return Ok(Values::with_errors(array, failed, why));
    }
    let mut failed = vec![false; call.rows];
    let mut parts = Vec::with_capacity(call.rows);
    let null = arrow::array::new_null_array(call.output, 1);
    for (row, failed) in failed.iter_mut().enumerate() {
        call.tick(256)?;
        match operation.arrow(&left.slice(row, 1), &right.slice(row, 1)) {
            Ok(array) => parts.push(array),
            Err(_) => {
                *failed = true;
                parts.push(Arc::clone(&null));
            }
        }
    }
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    let array = arrow::compute::concat(&parts).map_err(internal)?;
    let failed = &BooleanBuffer::from(failed) | &too_many_digits(&array);
    Ok(Values::with_errors(array, failed, why))
}

/// Rows whose decimal has more digits than its type, which arrow's kernels do not look at.
fn too_many_digits(array: &ArrayRef) -> BooleanBuffer {
    fn beyond<T: DecimalType>(array: &ArrayRef, precision: u8) -> BooleanBuffer {
        let decimals = array.as_primitive::<T>();
        let found = pack(decimals.values(), |value| !T::is_valid_decimal_precision(value, precision));
        decimals.nulls().map_or(found.clone(), |nulls| &found & nulls.inner())
    }
    match array.data_type() {
        DataType::Decimal128(precision, _) => beyond::<Decimal128Type>(array, *precision),
        DataType::Decimal256(precision, _) => beyond::<Decimal256Type>(array, *precision),
        _ => BooleanBuffer::new_unset(array.len()),
    }
}

/// Why a row failed: a division by zero, or else an overflow.
fn failure(function: &str, left: &Input, right: &Input, row: usize) -> Failure {
    let (a, b) = (shown(left.array.as_ref(), left.at(row)), shown(right.array.as_ref(), right.at(row)));
    let sign = match Operation::of(function) {
        Operation::Add => "+",
        Operation::Subtract => "-",
        Operation::Multiply => "*",
        Operation::Divide => "/",
        Operation::Remainder => "%",
    };
    let divides = matches!(sign, "/" | "%");
    if divides && b.trim_matches(|c| c == '0' || c == '.').is_empty() {
        Failure::invalid_input("division-by-zero", format!("{a} {sign} 0 divides by zero"))
    } else {
        let name = crate::type_name(left.array.data_type());
        Failure::invalid_input("integer-overflow", format!("{a} {sign} {b} is out of the range of {name}"))
    }
}

/// Numbers by `exact`, which says whether the result overflowed; what is no plain number, by arrow.
fn loops<const CHECKED: bool>(call: &mut Call, operation: Operation) -> Result<Values, Failure> {
    let [left, right] = call.inputs else { return Err(mismatch("two arguments are expected")) };
    // A number and an interval, as arrow multiplies them.
    if left.array.data_type() != right.array.data_type() {
        return by_arrow(call);
    }
    let array: Option<ArrayRef> = integer!(left.array.data_type(), T => {
        return integers::<T, CHECKED>(call, left, right, operation);
    }, _ => numeric!(left.array.data_type(), T => {
        match operation {
            Operation::Add => floats::<T>(left, right, ArrowNativeTypeOp::add_wrapping),
            Operation::Subtract => floats::<T>(left, right, ArrowNativeTypeOp::sub_wrapping),
            Operation::Multiply => floats::<T>(left, right, ArrowNativeTypeOp::mul_wrapping),
            Operation::Divide => floats::<T>(left, right, ArrowNativeTypeOp::div_wrapping),
            Operation::Remainder => floats::<T>(left, right, ArrowNativeTypeOp::mod_wrapping),
        }
    }, _ => return by_arrow(call)));
    Ok(array.map_or_else(|| call.all_null(), Values::of))
}

fn floats<T: ArrowPrimitiveType>(
    left: &Input,
    right: &Input,
    f: impl Fn(T::Native, T::Native) -> T::Native,
) -> Option<ArrayRef> {
    zip::<T, T, T>(left, right, f).map(|array| Arc::new(array) as ArrayRef)
}

/// The loop notes whether anything overflowed, also under nulls; only then the rows are looked for.
fn integers<T: ArrowPrimitiveType, const CHECKED: bool>(
    call: &Call,
    left: &Input,
    right: &Input,
    operation: Operation,
) -> Result<Values, Failure>
where
    T::Native: Overflowing,
{
    let zero = T::Native::ZERO;
    let made = match operation {
        Operation::Add if CHECKED => zip_noted::<T>(left, right, Overflowing::adding),
        Operation::Add => zip::<T, T, T>(left, right, ArrowNativeTypeOp::add_wrapping).map(well),
        Operation::Subtract if CHECKED => zip_noted::<T>(left, right, Overflowing::subtracting),
        Operation::Subtract => zip::<T, T, T>(left, right, ArrowNativeTypeOp::sub_wrapping).map(well),
        Operation::Multiply if CHECKED => zip_noted::<T>(left, right, Overflowing::multiplying),
        Operation::Multiply => zip::<T, T, T>(left, right, ArrowNativeTypeOp::mul_wrapping).map(well),
        Operation::Divide => zip_noted::<T>(left, right, |a, b| match b == zero {
            true => (zero, true),
            false if CHECKED => a.dividing(b),
            false => (a.div_wrapping(b), false),
        }),
        Operation::Remainder => zip_noted::<T>(left, right, |a, b| (a.remaining(b), b == zero)),
    };
    let Some((array, bad)) = made else { return Ok(call.all_null()) };
    let array: ArrayRef = Arc::new(array);
    if !bad {
        return Ok(Values::of(array));
    }
    let failed = match operation {
        Operation::Add => rows::<T>(left, right, |a, b| a.adding(b).1),
        Operation::Subtract => rows::<T>(left, right, |a, b| a.subtracting(b).1),
        Operation::Multiply => rows::<T>(left, right, |a, b| a.multiplying(b).1),
        Operation::Divide => rows::<T>(left, right, |a, b| b == zero || (CHECKED && a.dividing(b).1)),
        Operation::Remainder => rows::<T>(left, right, |_, b| b == zero),
    };
    let (function, left, right) = (call.function, left.clone(), right.clone());
    Ok(Values::with_errors(array, failed, move |row| failure(function, &left, &right, row)))
}

/// With nothing wrong.
fn well<T>(made: T) -> (T, bool) {
    (made, false)
}

/// Integer arithmetic that wraps around and says so. The divisor is not zero.
pub(super) trait Overflowing: ArrowNativeTypeOp {
    fn adding(self, other: Self) -> (Self, bool);
    fn subtracting(self, other: Self) -> (Self, bool);
    fn multiplying(self, other: Self) -> (Self, bool);
    fn dividing(self, other: Self) -> (Self, bool);
    /// With the sign of `self`; 0 for a divisor of 0.
    fn remaining(self, other: Self) -> Self;
}

macro_rules! overflowing {
    ($($t:ty => $remainder:expr),*) => {$(
        impl Overflowing for $t {
            fn adding(self, other: Self) -> (Self, bool) { self.overflowing_add(other) }
            fn subtracting(self, other: Self) -> (Self, bool) { self.overflowing_sub(other) }
            fn multiplying(self, other: Self) -> (Self, bool) { self.overflowing_mul(other) }
            fn dividing(self, other: Self) -> (Self, bool) { if other == 0 { (0, true) } else { self.overflowing_div(other) } }
            fn remaining(self, other: Self) -> Self { if other == 0 { 0 } else { $remainder(self, other) } }
        }
    )*};
}
overflowing!(
    i8 => i8::wrapping_rem, i16 => i16::wrapping_rem, i32 => i32::wrapping_rem, i64 => signed_remainder,
    u8 => u8::wrapping_rem, u16 => u16::wrapping_rem, u32 => u32::wrapping_rem, u64 => remainder_of
);

/// Processors divide 32 bits in much less time than 64, and most numbers have no more. The divisor is not zero.
fn remainder_of(a: u64, b: u64) -> u64 {
    match (u32::try_from(a), u32::try_from(b)) {
        (Ok(a), Ok(b)) => u64::from(a.wrapping_rem(b)),
        _ => a.wrapping_rem(b),
    }
}

fn signed_remainder(a: i64, b: i64) -> i64 {
    let size = remainder_of(a.unsigned_abs(), b.unsigned_abs()) as i64;
    if a < 0 { size.wrapping_neg() } else { size }
}

fn add(call: &mut Call) -> Result<Values, Failure> {
    loops::<false>(call, Operation::Add)
}
fn add_checked(call: &mut Call) -> Result<Values, Failure> {
    loops::<true>(call, Operation::Add)
}
fn subtract(call: &mut Call) -> Result<Values, Failure> {
    loops::<false>(call, Operation::Subtract)
}
fn subtract_checked(call: &mut Call) -> Result<Values, Failure> {
    loops::<true>(call, Operation::Subtract)
}
fn multiply(call: &mut Call) -> Result<Values, Failure> {
    loops::<false>(call, Operation::Multiply)
}
fn multiply_checked(call: &mut Call) -> Result<Values, Failure> {
    loops::<true>(call, Operation::Multiply)
}
fn divide(call: &mut Call) -> Result<Values, Failure> {
    loops::<false>(call, Operation::Divide)
}
fn divide_checked(call: &mut Call) -> Result<Values, Failure> {
    loops::<true>(call, Operation::Divide)
}
fn remainder(call: &mut Call) -> Result<Values, Failure> {
    loops::<false>(call, Operation::Remainder)
}
