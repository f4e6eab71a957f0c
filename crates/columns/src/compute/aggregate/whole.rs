//! Sums and extremes of whole columns of numbers, without the groups that the accumulators know. What is not done here
//! is left to these.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, PrimitiveArray};
use arrow::compute::{max, min};
use arrow::datatypes::{ArrowNativeTypeOp, DataType, Float32Type, Float64Type, Int64Type};

use super::super::Scalar;
use super::super::numbers::numeric;
use crate::{Failure, Meter};

/// Rows between looks at the deadline.
const STEP: usize = 1 << 16;

/// The result of `function` over all rows; `None`: this is not the place for it.
pub(super) fn whole(function: &str, column: &ArrayRef, meter: &mut dyn Meter) -> Result<Option<Scalar>, Failure> {
    if column.null_count() == column.len() {
        return Ok(None);
    }
    match function {
        "sum" if *column.data_type() == DataType::Int64 => sum(column.as_primitive::<Int64Type>(), meter),
        "min" | "max" if !has_nan(column) => extreme(function == "min", column, meter),
        _ => Ok(None),
    }
}

/// Processors give NaN either sign, and then it is not the largest in arrow's order.
fn has_nan(column: &ArrayRef) -> bool {
    match column.data_type() {
        DataType::Float64 => {
            column.as_primitive::<Float64Type>().values().iter().fold(false, |any, x| any | x.is_nan())
        }
        DataType::Float32 => {
            column.as_primitive::<Float32Type>().values().iter().fold(false, |any, x| any | x.is_nan())
        }
        _ => false,
    }
}

fn extreme(least: bool, column: &ArrayRef, meter: &mut dyn Meter) -> Result<Option<Scalar>, Failure> {
    let found: ArrayRef = numeric!(column.data_type(), T => {
        let mut found = None;
        for from in (0..column.len()).step_by(STEP) {
            let part = column.slice(from, STEP.min(column.len() - from));
            meter.work(part.len() as u64)?;
            let part = part.as_primitive::<T>();
            let of_part = if least { min(part) } else { max(part) };
            found = match (found, of_part) {
                (Some(one), Some(other)) if least => Some(if ArrowNativeTypeOp::is_lt(other, one) { other } else { one }),
                (Some(one), Some(other)) => Some(if ArrowNativeTypeOp::is_gt(other, one) { other } else { one }),
                (one, other) => one.or(other),
            };
        }
        Arc::new(PrimitiveArray::<T>::from_iter([found]))
    }, _ => return Ok(None));
    Scalar::from_array(&found, 0).map(Some)
}

/// The upper and the lower halves are summed up apart: neither sum can overflow, and processors add several at once.
/// `None` where the result is out of range.
fn sum(column: &Int64Array, meter: &mut dyn Meter) -> Result<Option<Scalar>, Failure> {
    let (mut high, mut low) = (0_i64, 0_i64);
    let mut add = |value: i64| {
        high = high.wrapping_add(value >> 32);
        low = low.wrapping_add(value & 0xFFFF_FFFF);
    };
    let nulls = column.nulls().filter(|nulls| nulls.null_count() > 0);
    match nulls {
        None => {
            for values in column.values().chunks(STEP) {
                meter.work(values.len() as u64)?;
                values.iter().for_each(|value| add(*value));
            }
        }
        Some(nulls) => {
            for (number, (values, word)) in
                column.values().chunks(64).zip(nulls.inner().bit_chunks().iter_padded()).enumerate()
            {
                if number % (STEP / 64) == 0 {
                    meter.work(STEP.min(column.len() - number * 64) as u64)?;
                }
                for (bit, value) in (0..64_u32).zip(values) {
                    let mask = (word.wrapping_shr(bit) & 1).wrapping_neg() as i64;
                    add(value & mask);
                }
            }
        }
    }
    let total = (i128::from(high) << 32) + i128::from(low);
    Ok(i64::try_from(total).ok().map(Scalar::Int64))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, Int32Array};

    use super::super::reduce;
    use super::*;
    use crate::Unmetered;

    fn reduced(function: &str, column: impl Array + 'static) -> Result<Scalar, Failure> {
        reduce(function, &(Arc::new(column) as ArrayRef), "", &mut Unmetered)
    }

    #[test]
    fn halves_make_the_whole() {
        for values in [
            vec![Some(i64::MAX), Some(i64::MIN), Some(-1), Some(7)],
            vec![Some(i64::MAX), Some(1), Some(-1), None],
            vec![None, Some(-3), Some(1 << 40)],
            (0..1000).map(|row| (row % 7 != 3).then_some(row * 1_000_003 - 400_000_000)).collect(),
        ] {
            let expected: i128 = values.iter().flatten().map(|value| i128::from(*value)).sum();
            let found = reduced("sum", Int64Array::from(values)).unwrap();
            assert_eq!(found, Scalar::Int64(i64::try_from(expected).unwrap()));
        }
        let failure = reduced("sum", Int64Array::from(vec![i64::MAX, 1])).unwrap_err();
        assert_eq!(failure.code, "integer-overflow");
    }

    #[test]
    fn nan_of_either_sign_is_the_largest() {
        let values = Float64Array::from(vec![Some(1.5), Some(-f64::NAN), None, Some(-2.0)]);
        assert_eq!(reduced("min", values.clone()).unwrap(), Scalar::Float64(-2.0));
        assert!(matches!(reduced("max", values).unwrap(), Scalar::Float64(value) if value.is_nan()));
        let values = Float64Array::from(vec![Some(1.5), None, Some(-2.0)]);
        assert_eq!(reduced("max", values.clone()).unwrap(), Scalar::Float64(1.5));
        assert_eq!(reduced("min", values).unwrap(), Scalar::Float64(-2.0));
        assert_eq!(reduced("max", Int32Array::from(vec![None::<i32>, None])).unwrap(), Scalar::Null);
    }
}
