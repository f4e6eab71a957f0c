//! Arrays as buffers, a level per field of their tree, and back.

use arrow_array::{Array, ArrayRef, make_array};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, Buffer};
use arrow_data::ArrayData;
use arrow_schema::DataType;
use jackfield_sdk::{Buffers, Column, Failure};

/// All levels of an array of plain type, in the order of [`tree`](crate::schema::tree). Each is copied once, without
/// what lies outside the array's slice.
///
/// # Errors
/// A type that has no levels.
pub fn of(array: &dyn Array) -> Result<Vec<Buffers>, Failure> {
    let mut levels = Vec::new();
    add(&array.to_data(), &mut levels)?;
    Ok(levels)
}

fn add(data: &ArrayData, levels: &mut Vec<Buffers>) -> Result<(), Failure> {
    let (length, offset) = (data.len(), data.offset());
    let validity = data.nulls().filter(|nulls| nulls.null_count() > 0).map(|nulls| bits(nulls.inner()));
    let mut level = Buffers {
        length: length as u32,
        null_count: data.null_count() as u32,
        validity,
        offsets: None,
        values: Vec::new(),
    };
    let child =
        |index: usize| data.child_data().get(index).ok_or_else(|| Failure::internal("an array lacks its child"));
    match data.data_type() {
        DataType::Null => {
            level.null_count = length as u32;
            levels.push(level);
        }
        DataType::Boolean => {
            let values = data.buffers().first().cloned().unwrap_or_else(|| Buffer::from([]));
            level.values = bits(&BooleanBuffer::new(values, offset, length));
            levels.push(level);
        }
        DataType::Utf8 | DataType::Binary => {
            let (offsets, from, to) = rebased::<i32>(data);
            level.values = bytes(data, 1, from, to);
            level.offsets = Some(offsets);
            levels.push(level);
        }
        DataType::LargeUtf8 | DataType::LargeBinary => {
            let (offsets, from, to) = rebased::<i64>(data);
            level.values = bytes(data, 1, from, to);
            level.offsets = Some(offsets);
            levels.push(level);
        }
        DataType::List(_) | DataType::Map(..) => {
            let (offsets, from, to) = rebased::<i32>(data);
            level.offsets = Some(offsets);
            levels.push(level);
            add(&child(0)?.slice(from, to - from), levels)?;
        }
        DataType::LargeList(_) => {
            let (offsets, from, to) = rebased::<i64>(data);
            level.offsets = Some(offsets);
            levels.push(level);
            add(&child(0)?.slice(from, to - from), levels)?;
        }
        DataType::FixedSizeList(_, size) => {
            let size = usize::try_from(*size).unwrap_or(0);
            levels.push(level);
            add(&child(0)?.slice(offset * size, length * size), levels)?;
        }
        DataType::Struct(fields) => {
            levels.push(level);
            for index in 0..fields.len() {
                add(&child(index)?.slice(offset, length), levels)?;
            }
        }
        DataType::Dictionary(key, _) => {
            let width = key.primitive_width().unwrap_or(0);
            level.values = bytes(data, 0, offset * width, (offset + length) * width);
            levels.push(level);
            add(child(0)?, levels)?;
        }
        of => {
            let width = match of {
                DataType::FixedSizeBinary(width) => usize::try_from(*width).ok(),
                of => of.primitive_width(),
            };
            let width = width.ok_or_else(|| Failure::internal(format!("no buffers for {of}")))?;
            level.values = bytes(data, 0, offset * width, (offset + length) * width);
            levels.push(level);
        }
    }
    Ok(())
}

fn bytes(data: &ArrayData, buffer: usize, from: usize, to: usize) -> Vec<u8> {
    data.buffers().get(buffer).and_then(|buffer| buffer.as_slice().get(from..to)).unwrap_or_default().to_vec()
}

/// The offsets from 0 on, and the range that they span.
fn rebased<O: ArrowNativeType + std::ops::Sub<Output = O>>(data: &ArrayData) -> (Vec<u8>, usize, usize) {
    if data.is_empty() {
        return (vec![0; size_of::<O>()], 0, 0);
    }
    let offsets = data.buffers().first().map(|buffer| buffer.typed_data::<O>()).unwrap_or_default();
    let offsets = offsets.get(data.offset()..=data.offset() + data.len()).unwrap_or_default();
    let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else {
        return (vec![0; size_of::<O>()], 0, 0);
    };
    let bytes = if first.as_usize() == 0 {
        Buffer::from_slice_ref(offsets).as_slice().to_vec()
    } else {
        let moved: Vec<O> = offsets.iter().map(|offset| *offset - *first).collect();
        Buffer::from_vec(moved).as_slice().to_vec()
    };
    (bytes, first.as_usize(), last.as_usize())
}

/// The bits from bit 0 on, zero behind the last.
fn bits(of: &BooleanBuffer) -> Vec<u8> {
    let length = of.len();
    let mut bytes = of.sliced().as_slice().get(..length.div_ceil(8)).unwrap_or_default().to_vec();
    if let (Some(last), rest @ 1..) = (bytes.last_mut(), length % 8) {
        *last &= (1 << rest) - 1;
    }
    bytes
}

/// Copies a column out of the host.
///
/// # Errors
/// What the host says about it, or buffers that make no array.
pub fn read(column: &Column, of: &DataType) -> Result<ArrayRef, Failure> {
    Ok(make_array(read_level(column, of, &mut Vec::new())?))
}

fn read_level(column: &Column, of: &DataType, path: &mut Vec<u32>) -> Result<ArrayData, Failure> {
    let Buffers { length, validity, offsets, values, .. } = column.read(path)?;
    let mut children = Vec::new();
    let mut child = |index: u32, of: &DataType| {
        path.push(index);
        children.push(read_level(column, of, path)?);
        path.pop();
        Ok::<(), Failure>(())
    };
    match of {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => {
            child(0, item.data_type())?;
        }
        DataType::Struct(fields) => {
            for (index, field) in fields.iter().enumerate() {
                child(index as u32, field.data_type())?;
            }
        }
        DataType::Dictionary(_, value) => child(0, value)?,
        _ => {}
    }
    array(of, length as usize, validity, offsets, values, children)
}

/// An array of its buffers and children.
///
/// # Errors
/// Buffers that make no array of the type.
pub fn array(
    of: &DataType,
    length: usize,
    validity: Option<Vec<u8>>,
    offsets: Option<Vec<u8>>,
    values: Vec<u8>,
    children: Vec<ArrayData>,
) -> Result<ArrayData, Failure> {
    let mut data = ArrayData::builder(of.clone()).len(length).align_buffers(true).child_data(children);
    data = data.null_bit_buffer(validity.filter(|_| *of != DataType::Null).map(Buffer::from_vec));
    if let Some(offsets) = offsets {
        // An empty column may have no offsets at all.
        let none = if offsets.is_empty() { vec![0; 8] } else { offsets };
        data = data.add_buffer(Buffer::from_vec(none));
    }
    let listed = matches!(of, DataType::List(_) | DataType::LargeList(_) | DataType::Map(..));
    let empty = matches!(of, DataType::Null | DataType::Struct(_) | DataType::FixedSizeList(..));
    if !listed && !empty {
        data = data.add_buffer(Buffer::from_vec(values));
    }
    data.build().map_err(|error| Failure::internal(format!("a column's buffers are wrong: {error}")))
}

#[cfg(test)]
mod tests;
