//! The permutation that sorts.

mod packed;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::datatypes::{ArrowPrimitiveType, DataType};
use arrow_row::{RowConverter, SortField};

use super::call::guarded;
use super::group::canonical;
use super::numbers::numeric;
use super::order::{by_digits, head, is_few};
use super::promote::{comparable_rows, mismatch, normalise, slice_bytes};
use crate::{Failure, Meter, type_name};

/// A column to sort by, and how.
#[derive(Clone, Debug)]
pub struct SortKey {
    /// The values.
    pub column: ArrayRef,
    /// Largest first.
    pub descending: bool,
    /// Nulls before all values, else behind them, whatever the direction.
    pub nulls_first: bool,
}

/// The row numbers in sorted order, stable; with `limit`, only so many from the front.
///
/// # Errors
/// No key, columns of different lengths, types without an order, limits.
pub fn sort_indices(keys: &[SortKey], limit: Option<u32>, meter: &mut dyn Meter) -> Result<UInt32Array, Failure> {
    guarded("sort_indices", || {
        let Some(first) = keys.first() else { return Err(mismatch("at least one key is expected")) };
        let rows = first.column.len();
        if keys.iter().any(|key| key.column.len() != rows) {
            return Err(Failure::invalid_input("out-of-bounds", "the keys have different lengths"));
        }
        if rows > u32::MAX as usize {
            return Err(Failure::limit("too-large", "more than 4 294 967 295 rows cannot be sorted at once"));
        }
        let limit = limit.map_or(rows, |limit| (limit as usize).min(rows));
        // Comparisons, about the logarithm of the rows for each.
        let depth = u64::from(rows.max(2).ilog2());
        meter.work((rows as u64).saturating_mul(depth) / 4)?;
        meter.allocate(rows as u64 * 20)?;
        let mut columns = Vec::with_capacity(keys.len());
        for key in keys {
            columns.push(canonical(&normalise(&key.column, meter)?));
        }
        if let ([column], [key]) = (columns.as_slice(), keys)
            && let Some(values) = ordered_numbers(column)
        {
            return Ok(UInt32Array::from(single(&values, column, key, limit, meter)?));
        }
        let order = match packed::order(&columns, keys, limit, meter)? {
            Some(order) => order,
            None => by_rows(&columns, keys, limit, meter)?,
        };
        Ok(UInt32Array::from(order))
    })
}

/// A column of numbers, or of what has their layout, as unsigned ones of the same order; `None` for other types.
fn ordered_numbers(column: &ArrayRef) -> Option<Vec<u64>> {
    numeric!(column.data_type(), T => ordered::<T>(column), _ => match column.data_type() {
        DataType::Date32 => ordered::<arrow::datatypes::Date32Type>(column),
        DataType::Timestamp(..) | DataType::Date64 | DataType::Time64(_) | DataType::Duration(_) => {
            let plain = super::promote::relabel(column, &DataType::Int64).ok()?;
            ordered::<arrow::datatypes::Int64Type>(&plain)
        }
        _ => None,
    })
}

/// One column of numbers, as pairs of a number in the right order and the row.
fn single(
    values: &[u64],
    column: &ArrayRef,
    key: &SortKey,
    limit: usize,
    meter: &mut dyn Meter,
) -> Result<Vec<u32>, Failure> {
    let nulls = column.nulls().filter(|nulls| nulls.null_count() > 0);
    let valid = |row: usize| nulls.is_none_or(|nulls| nulls.is_valid(row));
    let null_rows: Vec<u32> = match nulls {
        Some(_) => (0..values.len()).filter(|row| !valid(*row)).map(|row| row as u32).collect(),
        None => Vec::new(),
    };
    let (before, behind) = if key.nulls_first { (null_rows, Vec::new()) } else { (Vec::new(), null_rows) };
    // The row in the pair keeps equal values in their order.
    let pair = |row: usize| {
        let value = *values.get(row).filter(|_| valid(row))?;
        Some((if key.descending { !value } else { value }, row as u32))
    };
    let wanted = limit.saturating_sub(before.len());
    let rows = if is_few(wanted, values.len()) {
        let pairs = head(values.len(), pair, wanted, Ord::cmp, meter)?;
        pairs.into_iter().map(|(_, row)| row).collect()
    } else {
        let numbers = (0..values.len()).filter_map(|row| Some(pair(row)?.0));
        let (least, most) = numbers.fold((u64::MAX, 0), |(least, most), number| (least.min(number), most.max(number)));
        let bits = u64::BITS - most.saturating_sub(least).leading_zeros();
        by_digits(values.len(), |row| Some(pair(row)?.0.wrapping_sub(least)), bits, meter)?
    };
    let order = before.into_iter().chain(rows).chain(behind);
    Ok(order.take(limit).collect())
}

/// Numbers as unsigned ones of the same order; NaN, of which there is only one, is the largest.
fn ordered<T: ArrowPrimitiveType>(column: &ArrayRef) -> Option<Vec<u64>>
where
    T::Native: Ordered,
{
    Some(column.as_primitive_opt::<T>()?.values().iter().map(|value| value.ordered()).collect())
}

trait Ordered: Copy {
    fn ordered(self) -> u64;
}

macro_rules! ordered {
    ($($t:ty),*; $($u:ty),*) => {
        $(impl Ordered for $t { fn ordered(self) -> u64 { (i64::from(self) as u64) ^ (1 << 63) } })*
        $(impl Ordered for $u { fn ordered(self) -> u64 { u64::from(self) } })*
    };
}
ordered!(i8, i16, i32, i64; u8, u16, u32, u64);

impl Ordered for f64 {
    fn ordered(self) -> u64 {
        let bits = self.to_bits();
        if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
    }
}

impl Ordered for f32 {
    fn ordered(self) -> u64 {
        f64::from(self).ordered()
    }
}

/// Any columns, by rows of bytes that compare as the values do.
fn by_rows(columns: &[ArrayRef], keys: &[SortKey], limit: usize, meter: &mut dyn Meter) -> Result<Vec<u32>, Failure> {
    let fields = columns.iter().zip(keys).map(|(column, key)| {
        let options = arrow::compute::SortOptions { descending: key.descending, nulls_first: key.nulls_first };
        SortField::new_with_options(column.data_type().clone(), options)
    });
    let converter = RowConverter::new(fields.collect()).map_err(|_| {
        let types: Vec<String> = columns.iter().map(|column| type_name(column.data_type())).collect();
        mismatch(format!("{} cannot be sorted by", types.join(", ")))
    })?;
    let rows = comparable_rows(&converter, columns, meter)?;
    let compare = |a: &u32, b: &u32| rows.row(*a as usize).cmp(&rows.row(*b as usize)).then(a.cmp(b));
    head(rows.num_rows(), |row| Some(row as u32), limit, compare, meter)
}

/// Bytes of the rows of `array` that `rows` names.
pub(super) fn taken_bytes(array: &ArrayRef, rows: &UInt32Array) -> u64 {
    let text = |offsets: &[i32]| -> u64 {
        let length = |row: u32| {
            let row = row as usize;
            match (offsets.get(row), offsets.get(row + 1)) {
                (Some(begin), Some(end)) => (end - begin) as u64,
                _ => 0,
            }
        };
        rows.values().iter().map(|row| length(*row)).sum::<u64>() + rows.len() as u64 * 4
    };
    match array.data_type() {
        DataType::Utf8 => text(array.as_string::<i32>().value_offsets()),
        DataType::Binary => text(array.as_binary::<i32>().value_offsets()),
        other => match other.primitive_width() {
            Some(width) => (width * rows.len()) as u64,
            None => {
                let average = slice_bytes(array.as_ref()) / (array.len() as u64).max(1) + 1;
                average.saturating_mul(rows.len() as u64)
            }
        },
    }
}
