//! Tight loops over columns of numbers, one or two at a time, that know nulls and scalars.

use arrow::array::{Array, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray};
use arrow::buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};

use super::values::Input;

/// Runs `$body` with `$t` bound to the Arrow type of an integer type; `$other` for any other type.
macro_rules! integer {
    ($data_type:expr, $t:ident => $body:expr, _ => $other:expr) => {{
        use arrow::datatypes as dt;
        match $data_type {
            dt::DataType::Int8 => {
                type $t = dt::Int8Type;
                $body
            }
            dt::DataType::Int16 => {
                type $t = dt::Int16Type;
                $body
            }
            dt::DataType::Int32 => {
                type $t = dt::Int32Type;
                $body
            }
            dt::DataType::Int64 => {
                type $t = dt::Int64Type;
                $body
            }
            dt::DataType::UInt8 => {
                type $t = dt::UInt8Type;
                $body
            }
            dt::DataType::UInt16 => {
                type $t = dt::UInt16Type;
                $body
            }
            dt::DataType::UInt32 => {
                type $t = dt::UInt32Type;
                $body
            }
            dt::DataType::UInt64 => {
                type $t = dt::UInt64Type;
                $body
            }
            _ => $other,
        }
    }};
}
pub(super) use integer;

/// Runs `$body` with `$t` bound to the Arrow type of a number type; `$other` for any other type.
macro_rules! numeric {
    ($data_type:expr, $t:ident => $body:expr, _ => $other:expr) => {
        match $data_type {
            arrow::datatypes::DataType::Float32 => {
                type $t = arrow::datatypes::Float32Type;
                $body
            }
            arrow::datatypes::DataType::Float64 => {
                type $t = arrow::datatypes::Float64Type;
                $body
            }
            integer => $crate::compute::numbers::integer!(integer, $t => $body, _ => $other),
        }
    };
}
pub(super) use numeric;

/// The nulls of two inputs together; `Err(())` if all rows are null.
pub(super) fn both(left: &Input, right: &Input) -> Result<Option<NullBuffer>, ()> {
    Ok(NullBuffer::union(left.nulls()?.as_ref(), right.nulls()?.as_ref()))
}

/// One value for each pair of values; `None` if all rows are null.
pub(super) fn zip<L, R, O>(
    left: &Input,
    right: &Input,
    mut f: impl FnMut(L::Native, R::Native) -> O::Native,
) -> Option<PrimitiveArray<O>>
where
    L: ArrowPrimitiveType,
    R: ArrowPrimitiveType,
    O: ArrowPrimitiveType,
{
    let nulls = both(left, right).ok()?;
    let (l, r) = (left.array.as_primitive::<L>().values(), right.array.as_primitive::<R>().values());
    let values: Vec<O::Native> = match (left.scalar, right.scalar) {
        (false, true) => {
            let right = *r.first()?;
            l.iter().map(|left| f(*left, right)).collect()
        }
        (true, false) => {
            let left = *l.first()?;
            r.iter().map(|right| f(left, *right)).collect()
        }
        _ => l.iter().zip(r.iter()).map(|(left, right)| f(*left, *right)).collect(),
    };
    Some(PrimitiveArray::new(ScalarBuffer::from(values), nulls))
}

/// The same where `f` also says whether something is wrong with a pair, and whether that was so of any, nulls included.
/// Filling what is there already keeps the note in a register, which collecting does not.
pub(super) fn zip_noted<T: ArrowPrimitiveType>(
    left: &Input,
    right: &Input,
    f: impl Fn(T::Native, T::Native) -> (T::Native, bool),
) -> Option<(PrimitiveArray<T>, bool)> {
    let nulls = both(left, right).ok()?;
    let (l, r): (&[T::Native], &[T::Native]) =
        (left.array.as_primitive::<T>().values(), right.array.as_primitive::<T>().values());
    let rows = if left.scalar { r.len() } else { l.len() };
    let (mut values, mut bad) = (vec![T::Native::default(); rows], false);
    match (left.scalar, right.scalar) {
        (false, true) => {
            let right = *r.first()?;
            for (value, left) in values.iter_mut().zip(l) {
                let (made, wrong) = f(*left, right);
                *value = made;
                bad |= wrong;
            }
        }
        (true, false) => {
            let left = *l.first()?;
            for (value, right) in values.iter_mut().zip(r) {
                let (made, wrong) = f(left, *right);
                *value = made;
                bad |= wrong;
            }
        }
        _ => {
            for ((value, left), right) in values.iter_mut().zip(l).zip(r) {
                let (made, wrong) = f(*left, *right);
                *value = made;
                bad |= wrong;
            }
        }
    }
    Some((PrimitiveArray::new(ScalarBuffer::from(values), nulls), bad))
}

/// Whether each pair of values satisfies `f`; `None` if all rows are null.
pub(super) fn test<T: ArrowPrimitiveType>(
    left: &Input,
    right: &Input,
    f: impl Fn(T::Native, T::Native) -> bool,
) -> Option<BooleanArray> {
    let nulls = both(left, right).ok()?;
    let (l, r): (&[T::Native], &[T::Native]) =
        (left.array.as_primitive::<T>().values(), right.array.as_primitive::<T>().values());
    let bits = match (left.scalar, right.scalar) {
        (false, true) => {
            let right = *r.first()?;
            pack(l, |left| f(left, right))
        }
        (true, false) => {
            let left = *l.first()?;
            pack(r, |right| f(left, right))
        }
        _ => pack_pairs(l, r, f),
    };
    Some(BooleanArray::new(bits, nulls))
}

/// A bit for each value. A word of them at a time, so that the comparison vectorises.
#[allow(clippy::needless_range_loop, reason = "see below")]
pub(super) fn pack<T: Copy>(values: &[T], f: impl Fn(T) -> bool) -> BooleanBuffer {
    let mut words: Vec<u64> = Vec::with_capacity(values.len().div_ceil(64));
    let (chunks, rest) = values.as_chunks::<64>();
    for chunk in chunks {
        let mut word = 0;
        // By number and not by iterator: only so are eight values compared at once.
        for bit in 0..64 {
            word |= u64::from(f(chunk[bit])) << bit;
        }
        words.push(word);
    }
    let mut last = 0_u64;
    for (bit, value) in rest.iter().enumerate() {
        last |= u64::from(f(*value)) << bit;
    }
    if !rest.is_empty() {
        words.push(last);
    }
    BooleanBuffer::new(words.into(), 0, values.len())
}

#[allow(clippy::needless_range_loop, reason = "see above")]
fn pack_pairs<T: Copy>(left: &[T], right: &[T], f: impl Fn(T, T) -> bool) -> BooleanBuffer {
    let length = left.len().min(right.len());
    let mut words: Vec<u64> = Vec::with_capacity(length.div_ceil(64));
    let (chunks_left, rest_left) = left.as_chunks::<64>();
    let (chunks_right, rest_right) = right.as_chunks::<64>();
    for (l, r) in chunks_left.iter().zip(chunks_right) {
        let mut word = 0;
        for bit in 0..64 {
            word |= u64::from(f(l[bit], r[bit])) << bit;
        }
        words.push(word);
    }
    let mut last = 0_u64;
    for (bit, (l, r)) in rest_left.iter().zip(rest_right).enumerate() {
        last |= u64::from(f(*l, *r)) << bit;
    }
    if !length.is_multiple_of(64) {
        words.push(last);
    }
    BooleanBuffer::new(words.into(), 0, length)
}

/// Rows, valid in both inputs, that satisfy `f`: for finding what failed after a loop said that something did.
pub(super) fn rows<T: ArrowPrimitiveType>(
    left: &Input,
    right: &Input,
    f: impl Fn(T::Native, T::Native) -> bool,
) -> BooleanBuffer {
    let length = if left.scalar { right.array.len() } else { left.array.len() };
    match test::<T>(left, right, f) {
        Some(found) => match found.nulls() {
            Some(nulls) => found.values() & nulls.inner(),
            None => found.values().clone(),
        },
        None => BooleanBuffer::new_unset(length),
    }
}
