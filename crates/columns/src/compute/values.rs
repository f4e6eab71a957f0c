//! What a kernel works on and what it gives: columns or scalars in, values and row errors out.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Datum};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::DataType;

use super::options::Options;
use crate::{Failure, Meter};

/// An argument of a kernel, already of the type that the kernel asked for.
#[derive(Clone, Debug)]
pub(super) struct Input {
    /// The values; one of them if it is a scalar.
    pub(super) array: ArrayRef,
    /// Whether the one value stands for all rows.
    pub(super) scalar: bool,
}

impl Datum for Input {
    fn get(&self) -> (&dyn Array, bool) {
        (self.array.as_ref(), self.scalar)
    }
}

impl Input {
    /// Where row `row` is in `array`.
    pub(super) fn at(&self, row: usize) -> usize {
        if self.scalar { 0 } else { row }
    }

    pub(super) fn slice(&self, offset: usize, length: usize) -> Self {
        let array = if self.scalar { Arc::clone(&self.array) } else { self.array.slice(offset, length) };
        Self { array, scalar: self.scalar }
    }

    /// Nulls row by row: `Err(())` if it is a null scalar, so that all rows are null.
    pub(super) fn nulls(&self) -> Result<Option<NullBuffer>, ()> {
        match (self.scalar, self.array.logical_nulls()) {
            (true, Some(nulls)) if nulls.null_count() > 0 => Err(()),
            (true, _) => Ok(None),
            (false, nulls) => Ok(nulls.filter(|nulls| nulls.null_count() > 0)),
        }
    }

    /// The scalar's one value as text, if it is text.
    pub(super) fn scalar_text(&self) -> Option<&str> {
        let array = self.array.as_any().downcast_ref::<arrow::array::StringArray>()?;
        (self.scalar && array.is_valid(0)).then(|| array.value(0))
    }
}

/// One application of a kernel to a chunk of rows.
pub(super) struct Call<'a> {
    pub(super) function: &'static str,
    pub(super) inputs: &'a [Input],
    pub(super) output: &'a DataType,
    pub(super) options: &'a Options,
    pub(super) rows: usize,
    pub(super) meter: &'a mut dyn Meter,
    /// Bytes worked on since the deadline was last looked at.
    pub(super) unseen: u64,
    /// Units of fuel that are not charged yet.
    pub(super) owed: u64,
}

/// Units of fuel between looks at the deadline: about 30 µs.
const LOOK: u64 = 1 << 14;

impl<'a> Call<'a> {
    pub(super) fn new(
        function: &'static str,
        inputs: &'a [Input],
        output: &'a DataType,
        options: &'a Options,
        rows: usize,
        meter: &'a mut dyn Meter,
    ) -> Self {
        Self { function, inputs, output, options, rows, meter, unseen: 0, owed: 0 }
    }

    /// Charges what the function's weight does not cover, and looks at the deadline where that was much.
    #[inline]
    pub(super) fn charge(&mut self, units: u64) -> Result<(), Failure> {
        self.owed = self.owed.saturating_add(units);
        if self.owed >= LOOK { self.settle() } else { Ok(()) }
    }

    /// Charges what is owed and looks at the deadline.
    #[cold]
    pub(super) fn settle(&mut self) -> Result<(), Failure> {
        self.meter.work(std::mem::take(&mut self.owed))
    }

    /// Looks at the deadline every 64 KiB; for loops in which a single row can be long work.
    pub(super) fn tick(&mut self, bytes: usize) -> Result<(), Failure> {
        self.unseen += bytes as u64 + 8;
        if self.unseen > 64 << 10 {
            self.unseen = 0;
            self.meter.work(1)?;
        }
        Ok(())
    }

    /// The nulls of the first `count` inputs together: `Err(())` if all rows are null.
    pub(super) fn nulls(&self, count: usize) -> Result<Option<NullBuffer>, ()> {
        let mut all = None;
        for input in self.inputs.iter().take(count) {
            all = NullBuffer::union(all.as_ref(), input.nulls()?.as_ref());
        }
        Ok(all)
    }

    pub(super) fn all_null(&self) -> Values {
        Values::of(arrow::array::new_null_array(self.output, self.rows))
    }
}

/// Says why a row failed.
pub(super) type Describe = Box<dyn Fn(usize) -> Failure>;

/// A kernel's result.
pub(super) struct Values {
    pub(super) array: ArrayRef,
    /// Rows that failed, and why.
    pub(super) errors: Option<(BooleanBuffer, Describe)>,
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values").field("array", &self.array).finish_non_exhaustive()
    }
}

impl Values {
    pub(super) fn of(array: ArrayRef) -> Self {
        Self { array, errors: None }
    }

    pub(super) fn with_errors(array: ArrayRef, rows: BooleanBuffer, why: impl Fn(usize) -> Failure + 'static) -> Self {
        let errors = (rows.count_set_bits() > 0).then(|| (rows, Box::new(why) as Describe));
        Self { array, errors }
    }

    /// Rows that are null although their input is not have failed.
    pub(super) fn nulls_are_errors(
        input: &ArrayRef,
        array: ArrayRef,
        why: impl Fn(usize) -> Failure + 'static,
    ) -> Self {
        let (before, after) = (input.logical_nulls(), array.logical_nulls());
        let count = |nulls: &Option<NullBuffer>| nulls.as_ref().map_or(0, NullBuffer::null_count);
        if count(&before) == count(&after) {
            return Self::of(array);
        }
        let Some(after) = after else { return Self::of(array) };
        let mut rows = !after.inner();
        if let Some(before) = before {
            rows = &rows & before.inner();
        }
        Self::with_errors(array, rows, why)
    }
}

/// The array with further rows made null.
pub(super) fn null_where(array: &ArrayRef, rows: &BooleanBuffer) -> Result<ArrayRef, Failure> {
    if rows.count_set_bits() == 0 || *array.data_type() == DataType::Null {
        return Ok(Arc::clone(array));
    }
    let mask = BooleanArray::new(rows.clone(), None);
    arrow::compute::nullif(array.as_ref(), &mask).map_err(super::promote::internal)
}
