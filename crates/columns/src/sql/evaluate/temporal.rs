//! Arithmetic of dates, timestamps, durations and intervals.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Datum, IntervalMonthDayNanoArray, Scalar as One, new_null_array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::concat;
use arrow::compute::kernels::numeric::{add, sub};
use arrow::datatypes::{Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType};

use super::{Faults, Run, Value};
use crate::Failure;
use crate::compute::{Argument, Scalar};
use crate::sql::constants;
use crate::sql::tree::Typed;

/// One side: a column, or one row for all.
enum Side {
    Column(ArrayRef),
    One(One<ArrayRef>),
}

impl Side {
    fn slice(&self, offset: usize, length: usize) -> Box<dyn Datum> {
        match self {
            Self::Column(array) => Box::new(array.slice(offset, length)),
            Self::One(one) => Box::new(One::new(one.clone().into_inner())),
        }
    }
}

impl Run<'_> {
    /// An interval so many times; what does not fit fails.
    pub(super) fn times(
        &mut self,
        typed: &Typed,
        interval: &Typed,
        count: &Typed,
        only: Option<&BooleanBuffer>,
    ) -> Result<Value, Failure> {
        let (a, b) = (self.value(interval, only)?, self.value(count, only)?);
        let mut faults = a.faults;
        faults.merge(b.faults);
        let intervals = self.column(a.argument, &interval.data_type)?;
        let counts = self.column(b.argument, &count.data_type)?;
        self.room((self.rows as u64).saturating_mul(17))?;
        let (Some(intervals), Some(counts)) =
            (intervals.as_primitive_opt::<IntervalMonthDayNanoType>(), counts.as_primitive_opt::<Int64Type>())
        else {
            return Err(Failure::internal("type-mismatch", "an interval is taken a whole number of times"));
        };
        let times = |row: usize| {
            let (interval, count) = (intervals.value(row), counts.value(row));
            let small = i32::try_from(count).ok();
            let part = |part: i32| if part == 0 { Some(0) } else { part.checked_mul(small?) };
            Some(IntervalMonthDayNano {
                months: part(interval.months)?,
                days: part(interval.days)?,
                nanoseconds: interval.nanoseconds.checked_mul(count)?,
            })
        };
        let there = |row: usize| intervals.is_valid(row) && counts.is_valid(row);
        let values: IntervalMonthDayNanoArray =
            (0..self.rows).map(|row| if there(row) { times(row) } else { None }).collect();
        let failed: Vec<bool> = (0..self.rows).map(|row| there(row) && values.is_null(row)).collect();
        self.out_of_range(typed, failed, only, &mut faults);
        Ok(Value { argument: Argument::Column(Arc::new(values)), faults })
    }

    /// Adds the rows that failed to the faults, with the reason of the first.
    fn out_of_range(&self, typed: &Typed, failed: Vec<bool>, only: Option<&BooleanBuffer>, faults: &mut Faults) {
        let mut rows = BooleanBuffer::from(failed);
        if let Some(only) = only {
            rows = &rows & only;
        }
        if let Some(first) = rows.set_indices().next() {
            let kind = crate::types::type_name(&typed.data_type);
            let failure = Failure::invalid_input("out-of-bounds", format!("the result is out of range for {kind}"));
            let failure = self.name_column(typed, failure.with_row(first as u64));
            faults.merge(Faults { rows: Some(rows), first: Some(failure) });
        }
    }

    pub(super) fn temporal(
        &mut self,
        typed: &Typed,
        subtract: bool,
        left: &Typed,
        right: &Typed,
        only: Option<&BooleanBuffer>,
    ) -> Result<Value, Failure> {
        let a = self.value(left, only)?;
        let b = self.value(right, only)?;
        let mut faults = a.faults;
        faults.merge(b.faults);
        // At least one side is a column, so that the result has all rows.
        let a = Side::Column(self.column(a.argument, &left.data_type)?);
        let b = match b.argument {
            Argument::Scalar(scalar) if scalar != Scalar::Null => match constants::one_row(&scalar, &right.data_type) {
                Some(one) => Side::One(One::new(one)),
                None => {
                    return Err(Failure::internal("type-mismatch", "a constant is not of the type that it was given"));
                }
            },
            argument => Side::Column(self.column(argument, &right.data_type)?),
        };
        self.room((self.rows as u64).saturating_mul(17))?;
        let operate = |offset: usize, length: usize| {
            let (left, right) = (a.slice(offset, length), b.slice(offset, length));
            if subtract { sub(&*left, &*right) } else { add(&*left, &*right) }
        };
        let mut failed = vec![false; self.rows];
        let mut parts: Vec<ArrayRef> = Vec::new();
        // Halves what fails until single rows are left.
        let mut pending = vec![(0, self.rows)];
        while let Some((offset, length)) = pending.pop() {
            match operate(offset, length) {
                Ok(array) => parts.push(array),
                Err(_) if length <= 1 => {
                    failed[offset..offset + length].fill(true);
                    parts.push(new_null_array(&typed.data_type, length));
                }
                Err(_) => {
                    self.meter.work(length as u64 / 8 + 1)?;
                    pending.push((offset + length / 2, length - length / 2));
                    pending.push((offset, length / 2));
                }
            }
        }
        let array = match parts.as_slice() {
            [whole] => whole.clone(),
            parts => {
                let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
                concat(&parts).map_err(|error| Failure::internal("kernel", error.to_string()))?
            }
        };
        self.out_of_range(typed, failed, only, &mut faults);
        let array = self.column(Argument::Column(array), &typed.data_type)?;
        Ok(Value { argument: Argument::Column(array), faults })
    }
}
