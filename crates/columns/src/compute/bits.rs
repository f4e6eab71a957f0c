//! The bits of integers.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, DataType};

use super::numbers::{integer, rows, zip};
use super::options::Options;
use super::promote::{common, mismatch};
use super::scalar::shown;
use super::table::{Function, Kernel, Literals, Plan};
use super::values::{Call, Values};
use crate::Failure;

pub(super) const FUNCTIONS: &[Function] = &[
    two("bit_wise_and", "bit_wise_and(integer, integer) -> integer", and).doc("the bits that both have"),
    two("bit_wise_or", "bit_wise_or(integer, integer) -> integer", or).doc("the bits that either has"),
    two("bit_wise_xor", "bit_wise_xor(integer, integer) -> integer", xor).doc("the bits that exactly one has"),
    Function::new("bit_wise_not", "bit_wise_not(integer) -> integer", types, not).doc("the bits that it has not"),
    two("shift_left", "shift_left(integer, integer) -> integer", shift_left)
        .differs("Arrow does not shift signed numbers by their width less 1 either")
        .doc("the bits moved up; by less than 0 or by the type's width and more, the number stays as it is"),
    two("shift_right", "shift_right(integer, integer) -> integer", shift_right).differs("Arrow does not shift signed numbers by their width less 1 either")
        .doc(
        "the bits moved down, the sign kept; by less than 0 or by the type's width and more, the number stays as it is",
    ),
    two("shift_left_checked", "shift_left_checked(integer, integer) -> integer", shift_left_checked)
        .doc("shift_left; by less than 0 or by the type's width and more is a row error"),
    two("shift_right_checked", "shift_right_checked(integer, integer) -> integer", shift_right_checked)
        .doc("shift_right; by less than 0 or by the type's width and more is a row error"),
];

const fn two(name: &'static str, signature: &'static str, kernel: Kernel) -> Function {
    Function::new(name, signature, types, kernel).arity(2, 2).literals(Literals::Number)
}

fn types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    match common(types) {
        Some(DataType::Null) => Ok(Plan::uniform(types.len(), DataType::Int64, DataType::Int64)),
        Some(to) if to.is_integer() => Ok(Plan::uniform(types.len(), to.clone(), to)),
        _ => Err(mismatch("integers are expected")),
    }
}

/// What the functions here need of an integer.
trait Bits: Copy {
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    fn not(self) -> Self;
    /// `None` where the amount is not from 0 to the width.
    fn left(self, by: Self) -> Option<Self>;
    fn right(self, by: Self) -> Option<Self>;
}

macro_rules! bits {
    ($($t:ty),*) => {$(
        impl Bits for $t {
            fn and(self, other: Self) -> Self { self & other }
            fn or(self, other: Self) -> Self { self | other }
            fn xor(self, other: Self) -> Self { self ^ other }
            fn not(self) -> Self { !self }
            fn left(self, by: Self) -> Option<Self> { self.checked_shl(u32::try_from(by).ok()?) }
            fn right(self, by: Self) -> Option<Self> { self.checked_shr(u32::try_from(by).ok()?) }
        }
    )*};
}
bits!(i8, i16, i32, i64, u8, u16, u32, u64);

/// Runs an operation on two numbers of the same type.
macro_rules! pairs {
    ($call:ident, $f:expr) => {{
        let [left, right] = $call.inputs else { return Err(mismatch("two arguments are expected")) };
        let array: Option<ArrayRef> = integer!(left.array.data_type(), T => {
            zip::<T, T, T>(left, right, $f).map(|array| Arc::new(array) as ArrayRef)
        }, _ => return Err(mismatch("integers are expected")));
        Ok(array.map_or_else(|| $call.all_null(), Values::of))
    }};
}

fn and(call: &mut Call) -> Result<Values, Failure> {
    pairs!(call, |a, b| a.and(b))
}
fn or(call: &mut Call) -> Result<Values, Failure> {
    pairs!(call, |a, b| a.or(b))
}
fn xor(call: &mut Call) -> Result<Values, Failure> {
    pairs!(call, |a, b| a.xor(b))
}
fn shift_left(call: &mut Call) -> Result<Values, Failure> {
    pairs!(call, |a, by| a.left(by).unwrap_or(a))
}
fn shift_right(call: &mut Call) -> Result<Values, Failure> {
    pairs!(call, |a, by| a.right(by).unwrap_or(a))
}

fn not(call: &mut Call) -> Result<Values, Failure> {
    fn inverted<T: ArrowPrimitiveType<Native: Bits>>(array: &ArrayRef) -> ArrayRef {
        let array: &PrimitiveArray<T> = array.as_primitive::<T>();
        Arc::new(array.unary::<_, T>(Bits::not))
    }
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    integer!(input.array.data_type(), T => Ok(Values::of(inverted::<T>(&input.array))), _ => {
        Err(mismatch("integers are expected"))
    })
}

fn checked(call: &mut Call, left_shift: bool) -> Result<Values, Failure> {
    let values = if left_shift { shift_left(call)? } else { shift_right(call)? };
    let [left, right] = call.inputs else { return Err(mismatch("two arguments are expected")) };
    let failed = integer!(left.array.data_type(), T => rows::<T>(left, right, |a, by| a.left(by).is_none()), _ => {
        return Ok(values);
    });
    // Two scalars give one row, which stands for all.
    if failed.len() != call.rows {
        return Ok(values);
    }
    let right = right.clone();
    Ok(Values::with_errors(values.array, failed, move |row| {
        let by = shown(right.array.as_ref(), right.at(row));
        let name = crate::type_name(right.array.data_type());
        Failure::invalid_input("out-of-bounds", format!("{name} cannot be shifted by {by} bits"))
    }))
}

fn shift_left_checked(call: &mut Call) -> Result<Values, Failure> {
    checked(call, true)
}
fn shift_right_checked(call: &mut Call) -> Result<Values, Failure> {
    checked(call, false)
}
