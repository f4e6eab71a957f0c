//! Moving rows: what turns a base array and a view into an array.

use arrow::array::{Array, ArrayRef, BooleanArray, UInt32Array, new_null_array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::{TakeOptions, concat, nullif, take};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

use super::size::{range_bytes, view_bytes};
use super::view::View;
use crate::caught::caught;
use crate::{Failure, Meter};

/// The shown rows of `base`.
pub(super) fn gather(base: &ArrayRef, view: &View, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
    if let View::Range { offset, length } = view {
        let whole = *offset == 0 && *length == base.len();
        return Ok(if whole { base.clone() } else { base.slice(*offset, *length) });
    }
    let bytes = view_bytes(base, view);
    meter.allocate(bytes)?;
    meter.work(bytes / 8 + view.length() as u64 / 8)?;
    guarded(|| match view {
        View::Range { offset, length } => Ok(base.slice(*offset, *length)),
        View::Mask { offset, bits, prepared, .. } => View::filtered(bits, prepared, &base.slice(*offset, bits.len())),
        View::Rows(rows) if base.is_empty() => Ok(new_null_array(base.data_type(), rows.len())),
        View::Rows(rows) if rows.null_count() > 0 && base.data_type().is_nested() => take_nested(base, rows),
        View::Rows(rows) => take(base, rows, unchecked()),
    })
}

/// Arrow gives the children of a row of nulls nulls too, even where they may have none: here they get the first row's
/// values, hidden under the null.
fn take_nested(base: &ArrayRef, rows: &UInt32Array) -> Result<ArrayRef, ArrowError> {
    let Some(nulls) = rows.nulls() else { return take(base, rows, unchecked()) };
    let numbers: Vec<u32> = rows.iter().map(|row| row.unwrap_or(0)).collect();
    let taken = take(base, &UInt32Array::new(ScalarBuffer::from(numbers), None), unchecked())?;
    nullif(&taken, &BooleanArray::new(!nulls.inner(), None))
}

/// The numbers were checked when the selection was made.
fn unchecked() -> Option<TakeOptions> {
    Some(TakeOptions { check_bounds: false })
}

/// The rows of all arrays, one after the other.
pub(super) fn join(arrays: &[ArrayRef], data_type: &DataType, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
    let bytes = arrays.iter().map(|array| range_bytes(array, 0, array.len())).fold(0, u64::saturating_add);
    if matches!(data_type, DataType::Utf8 | DataType::Binary) && bytes > i32::MAX as u64 {
        return Err(too_large());
    }
    meter.allocate(bytes)?;
    meter.work(bytes / 8)?;
    let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    guarded(|| concat(&arrays))
}

/// Runs an arrow kernel; its errors and panics become failures.
pub(crate) fn guarded(kernel: impl FnOnce() -> Result<ArrayRef, ArrowError>) -> Result<ArrayRef, Failure> {
    match caught(kernel) {
        Ok(Ok(array)) => Ok(array),
        Ok(Err(ArrowError::OffsetOverflowError(_))) => Err(too_large()),
        Ok(Err(error)) => Err(Failure::internal("internal", format!("moving rows: {error}"))),
        Err(_) => Err(Failure::internal("panic", "moving rows panicked")),
    }
}

fn too_large() -> Failure {
    Failure::limit("too-large", "the rows hold more than 2 GiB of text in one column")
        .with_help("use smaller batches, or cast the column to large-utf8 or large-binary")
}
