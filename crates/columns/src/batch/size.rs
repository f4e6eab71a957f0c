//! How many bytes rows take once they are moved: asked before anything is allocated for them.

use std::ops::BitOr;

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait, UInt32Array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType;

use super::view::View;

/// Below so many bytes a bound is as good as what rows take in fact, and quicker than adding them up: for a bitmap, all of
/// its base rows.
const SMALL: u64 = 4 << 20;

/// Bytes of the rows that `view` shows of `base`.
pub(super) fn view_bytes(base: &ArrayRef, view: &View) -> u64 {
    match view {
        View::Range { .. } => 0,
        View::Mask { offset, bits, count, .. } => {
            let Some(width) = row_bytes(base.data_type()) else {
                let bound = range_bytes(base, *offset, bits.len());
                if bound <= SMALL {
                    return bound;
                }
                return bits.set_slices().map(|(start, end)| range_bytes(base, offset + start, end - start)).sum();
            };
            width.saturating_mul(*count as u64)
        }
        View::Rows(rows) => match row_bytes(base.data_type()) {
            Some(width) => width.saturating_mul(rows.len() as u64),
            None => {
                if let Some(bytes) = text_of_rows(base, rows) {
                    return bytes;
                }
                // A row of nulls in a nested column is a copy of the first row, hidden.
                let null = match base.is_empty() || !base.data_type().is_nested() {
                    true => null_row_bytes(base.data_type()),
                    false => range_bytes(base, 0, 1),
                };
                let shown = rows.iter().map(|row| match row {
                    Some(row) if (row as usize) < base.len() => range_bytes(base, row as usize, 1),
                    _ => null + 16,
                });
                shown.fold(0, u64::saturating_add)
            }
        },
    }
}

/// Bytes of these rows of a column of text or binary; `None` for other types.
fn text_of_rows(base: &ArrayRef, rows: &UInt32Array) -> Option<u64> {
    fn sum<O: OffsetSizeTrait + BitOr<Output = O>>(offsets: &OffsetBuffer<O>, rows: &UInt32Array) -> u64 {
        let length = |row: u32| match (offsets.get(row as usize), offsets.get(row as usize + 1)) {
            (Some(start), Some(end)) => (end.as_usize() - start.as_usize()) as u64,
            _ => 0,
        };
        // A null counts for more than its offset, and a row with one for the bit.
        let each = (2 + size_of::<O>() as u64) * rows.len() as u64 + 32 * rows.null_count() as u64;
        // Of few bytes, all rows are taken to be as long as the longest, or as the bits of all lengths together, which are less
        // than twice that: looking at neighbours is much quicker.
        if offsets.len() <= 2 * rows.len() {
            let ends = offsets.iter().skip(1);
            let longest = offsets.iter().zip(ends).fold(O::zero(), |bits, (start, end)| bits | (*end - *start));
            let bound = (longest.as_usize() as u64).saturating_mul(rows.len() as u64).saturating_add(each);
            if bound <= SMALL {
                return bound;
            }
        }
        rows.values().iter().map(|row| length(*row)).fold(each, u64::saturating_add)
    }
    Some(match base.data_type() {
        DataType::Utf8 => sum(base.as_string::<i32>().offsets(), rows),
        DataType::LargeUtf8 => sum(base.as_string::<i64>().offsets(), rows),
        DataType::Binary => sum(base.as_binary::<i32>().offsets(), rows),
        DataType::LargeBinary => sum(base.as_binary::<i64>().offsets(), rows),
        _ => return None,
    })
}

/// Bytes of rows out of several arrays of one type, each named by its array and its place in it.
pub(super) fn places_bytes(arrays: &[ArrayRef], places: &[(usize, usize)]) -> u64 {
    fn sum<'a, O: OffsetSizeTrait>(
        offsets: impl Iterator<Item = &'a OffsetBuffer<O>>,
        places: &[(usize, usize)],
    ) -> u64 {
        let offsets: Vec<&[O]> = offsets.map(|offsets| &offsets[..]).collect();
        let length =
            |(array, row): &(usize, usize)| match offsets.get(*array).map(|of| (of.get(*row), of.get(*row + 1))) {
                Some((Some(start), Some(end))) => (end.as_usize() - start.as_usize()) as u64,
                _ => 0,
            };
        let each = (1 + size_of::<O>() as u64) * places.len() as u64;
        places.iter().map(length).fold(each, u64::saturating_add)
    }
    let Some(data_type) = arrays.first().map(|array| array.data_type()) else { return 0 };
    if let Some(width) = row_bytes(data_type) {
        return width.saturating_mul(places.len() as u64);
    }
    match data_type {
        DataType::Utf8 => sum(arrays.iter().map(|array| array.as_string::<i32>().offsets()), places),
        DataType::LargeUtf8 => sum(arrays.iter().map(|array| array.as_string::<i64>().offsets()), places),
        DataType::Binary => sum(arrays.iter().map(|array| array.as_binary::<i32>().offsets()), places),
        DataType::LargeBinary => sum(arrays.iter().map(|array| array.as_binary::<i64>().offsets()), places),
        _ => {
            let one = |(array, row): &(usize, usize)| arrays.get(*array).map_or(0, |array| range_bytes(array, *row, 1));
            places.iter().map(one).fold(0, u64::saturating_add)
        }
    }
}

/// Bytes of the rows that `view` shows of `base`, or, for a mask, of those that it chooses from: what is left out is
/// never more than what is there, and adding it up would cost more than it tells.
pub(super) fn shown_bytes(base: &ArrayRef, view: &View) -> u64 {
    match view {
        View::Range { offset, length } => range_bytes(base, *offset, *length),
        View::Mask { offset, bits, .. } => range_bytes(base, *offset, bits.len()),
        View::Rows(_) => view_bytes(base, view),
    }
}

/// Bytes of a row where all rows take the same, with one for the validity bit.
fn row_bytes(data_type: &DataType) -> Option<u64> {
    match data_type {
        DataType::Null => Some(0),
        DataType::Boolean => Some(2),
        DataType::FixedSizeBinary(width) => Some(1 + u64::try_from(*width).unwrap_or(0)),
        DataType::Dictionary(key, _) => row_bytes(key),
        other => other.primitive_width().map(|width| 1 + width as u64),
    }
}

/// Bytes of a null: what lists of a fixed size hold even then, down to the first list of any size.
pub(crate) fn null_row_bytes(data_type: &DataType) -> u64 {
    match data_type {
        DataType::FixedSizeList(item, size) => {
            let size = u64::try_from(*size).unwrap_or(0);
            size.saturating_mul(null_row_bytes(item.data_type())).saturating_add(size / 8 + 1)
        }
        DataType::Struct(fields) => {
            fields.iter().map(|field| null_row_bytes(field.data_type())).fold(1, u64::saturating_add)
        }
        other => row_bytes(other).unwrap_or(9),
    }
}

/// Bytes of `length` rows from `start`, children included.
pub(super) fn range_bytes(array: &ArrayRef, start: usize, length: usize) -> u64 {
    let own = own_bytes(array, start, length);
    let children = match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            spanned(list.values(), span(list.offsets(), start, length))
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            spanned(list.values(), span(list.offsets(), start, length))
        }
        DataType::Map(_, _) => {
            let (map, mut bytes) = (array.as_map(), 0_u64);
            let entries = span(map.offsets(), start, length);
            for column in map.entries().columns() {
                bytes = bytes.saturating_add(spanned(column, entries));
            }
            bytes
        }
        DataType::FixedSizeList(_, size) => {
            let size = usize::try_from(*size).unwrap_or(0);
            range_bytes(array.as_fixed_size_list().values(), start * size, length * size)
        }
        DataType::Struct(_) => {
            let columns = array.as_struct().columns().iter().map(|column| range_bytes(column, start, length));
            columns.fold(0, u64::saturating_add)
        }
        _ => 0,
    };
    own.saturating_add(children)
}

/// Bytes of `length` rows from `start` without those of children.
pub(crate) fn own_bytes(array: &ArrayRef, start: usize, length: usize) -> u64 {
    if let Some(width) = row_bytes(array.data_type()) {
        return width.saturating_mul(length as u64);
    }
    let rows = length as u64;
    match array.data_type() {
        DataType::Utf8 => text(array.as_string::<i32>().offsets(), start, length),
        DataType::LargeUtf8 => text(array.as_string::<i64>().offsets(), start, length),
        DataType::Binary => text(array.as_binary::<i32>().offsets(), start, length),
        DataType::LargeBinary => text(array.as_binary::<i64>().offsets(), start, length),
        DataType::List(_) | DataType::Map(_, _) => rows.saturating_mul(5),
        DataType::LargeList(_) => rows.saturating_mul(9),
        DataType::FixedSizeList(_, _) | DataType::Struct(_) => rows,
        // Types that no plain array has.
        _ => rows.saturating_mul(16),
    }
}

fn spanned(items: &ArrayRef, (from, to): (usize, usize)) -> u64 {
    range_bytes(items, from, to - from)
}

fn span<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>, start: usize, length: usize) -> (usize, usize) {
    let at = |row: usize| offsets.get(row).map_or(0, |offset| offset.as_usize());
    (at(start), at(start + length).max(at(start)))
}

fn text<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>, start: usize, length: usize) -> u64 {
    let (from, to) = span(offsets, start, length);
    (to - from) as u64 + (length as u64) * (1 + size_of::<O>() as u64)
}
