//! Levels out.

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait};
use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::{ArrowNativeType, DataType, Field};

use super::level::{Level, Used};
use super::{Buffers, array_from_levels};
use crate::batch::{own_bytes, plain_metered};
use crate::tree::child_fields;
use crate::{Failure, Meter, Unmetered, plain_array};

/// Copies one level out: exactly the rows, offsets rebased, bytes under nulls and behind the end zeroed. `meter` is
/// charged with what is copied, before it is.
///
/// `path` walks into children as [`crate::tree_from_field`] orders them; empty is the array itself. Hidden rows of a
/// child that may have no nulls of its own (in a struct that may) are zeros or empty.
///
/// # Errors
/// `out-of-bounds` where the path leads to no child; `too-large` above 2^32 - 1 rows or bytes; what the meter refuses.
pub fn read_level(array: &ArrayRef, path: &[u32], meter: &mut dyn Meter) -> Result<Buffers, Failure> {
    let mut level = Level::new(plain_metered(array, meter)?, None, true);
    let mut steps = path.iter().enumerate();
    while let Some((depth, step)) = steps.next() {
        let next = path.get(depth + 1).filter(|_| *step == 0);
        if let Some(field) = next.and_then(|next| level.field_of_items(*next as usize)) {
            level = field;
            steps.next();
            continue;
        }
        let Some(child) = level.child(*step as usize, meter)? else {
            let message = format!("path {:?} leads to no child at step {depth}", shown_path(path));
            return Err(Failure::invalid_input("out-of-bounds", message));
        };
        level = child;
    }
    let bytes = own_bytes(&level.array, 0, level.array.len());
    meter.work(bytes / 8)?;
    meter.allocate(bytes)?;
    write(&level)
}

/// All levels of an array, parents before children, as [`read_level`] copies each of them, unmetered.
///
/// # Errors
/// As [`read_level`].
pub fn read_levels(array: &ArrayRef) -> Result<Vec<Buffers>, Failure> {
    let mut levels = Vec::new();
    write_all(&Level::new(plain_array(array)?, None, true), &mut levels)?;
    Ok(levels)
}

/// The same rows in buffers of their own, with nothing else in them; the array itself where that is so already.
///
/// # Errors
/// As [`read_level`].
pub fn clean_array(array: &ArrayRef) -> Result<ArrayRef, Failure> {
    if array.data_type().is_primitive() && array.null_count() == 0 && whole_buffer(array) {
        return Ok(array.clone());
    }
    let field = Field::new("", array.data_type().clone(), true);
    array_from_levels(&field, read_levels(array)?)
}

fn whole_buffer(array: &ArrayRef) -> bool {
    let data = array.to_data();
    let width = array.data_type().primitive_width().unwrap_or(0);
    data.buffers().iter().all(|buffer| buffer.len() == width * array.len() && data.offset() == 0)
}

fn shown_path(path: &[u32]) -> &[u32] {
    path.get(..path.len().min(8)).unwrap_or(path)
}

fn write_all(level: &Level, levels: &mut Vec<Buffers>) -> Result<(), Failure> {
    levels.push(write(level)?);
    for index in 0..child_fields(level.array.data_type()).len() {
        if let Some(child) = level.child(index, &mut Unmetered)? {
            write_all(&child, levels)?;
        }
    }
    Ok(())
}

fn write(level: &Level) -> Result<Buffers, Failure> {
    let array = &level.array;
    let length = array.len();
    let nulls = level.nulls.as_ref();
    let (offsets, values) = match array.data_type() {
        DataType::Null => (None, Vec::new()),
        DataType::Boolean => {
            let bits = array.as_boolean().values();
            (None, pack(&nulls.map_or_else(|| bits.clone(), |nulls| bits & nulls.inner())))
        }
        DataType::Utf8 => text(array.as_string::<i32>().offsets(), array.as_string::<i32>().values(), nulls),
        DataType::LargeUtf8 => text(array.as_string::<i64>().offsets(), array.as_string::<i64>().values(), nulls),
        DataType::Binary => text(array.as_binary::<i32>().offsets(), array.as_binary::<i32>().values(), nulls),
        DataType::LargeBinary => text(array.as_binary::<i64>().offsets(), array.as_binary::<i64>().values(), nulls),
        DataType::List(_) => (Some(rebased(array.as_list::<i32>().offsets(), nulls)), Vec::new()),
        DataType::LargeList(_) => (Some(rebased(array.as_list::<i64>().offsets(), nulls)), Vec::new()),
        DataType::Map(_, _) => (Some(rebased(array.as_map().offsets(), nulls)), Vec::new()),
        DataType::Struct(_) | DataType::FixedSizeList(_, _) => (None, Vec::new()),
        DataType::FixedSizeBinary(width) => (None, fixed(array, usize::try_from(*width).unwrap_or(0), nulls)?),
        DataType::Dictionary(key, _) => (None, keys(level, key)?),
        other => {
            let width = other
                .primitive_width()
                .ok_or_else(|| Failure::internal("internal", format!("no buffers for {}", crate::type_name(other))))?;
            (None, fixed(array, width, nulls)?)
        }
    };
    let nulls = nulls.filter(|_| level.nullable && array.data_type() != &DataType::Null);
    let null_count = match array.data_type() {
        DataType::Null => length,
        _ => nulls.map_or(0, NullBuffer::null_count),
    };
    let validity = nulls.map(|nulls| pack(nulls.inner()));
    let bytes = values.len().max(offsets.as_ref().map_or(0, Vec::len));
    let too_large = || {
        Failure::limit("too-large", "one level has more than 2^32 - 1 rows or bytes")
            .with_help("slice the column first")
    };
    u32::try_from(bytes).map_err(|_| too_large())?;
    Ok(Buffers {
        length: u32::try_from(length).map_err(|_| too_large())?,
        null_count: u32::try_from(null_count).map_err(|_| too_large())?,
        validity,
        offsets,
        values,
    })
}

/// The bits from bit 0, zeros behind the end.
fn pack(bits: &BooleanBuffer) -> Vec<u8> {
    let bytes = bits.len().div_ceil(8);
    let sliced = bits.sliced();
    let mut packed = sliced.as_slice().get(..bytes).unwrap_or_default().to_vec();
    if let (Some(last), rest @ 1..) = (packed.last_mut(), bits.len() % 8) {
        *last &= (1 << rest) - 1;
    }
    packed
}

/// Values of `width` bytes, zero under nulls.
fn fixed(array: &ArrayRef, width: usize, nulls: Option<&NullBuffer>) -> Result<Vec<u8>, Failure> {
    let data = array.to_data();
    let bytes = data.buffers().first().map_or(&[][..], |buffer| buffer.as_slice());
    let range = bytes.get(data.offset() * width..(data.offset() + data.len()) * width);
    let mut values = range.ok_or_else(|| Failure::internal("internal", "a buffer is shorter than its array"))?.to_vec();
    zero(&mut values, width, nulls);
    Ok(values)
}

fn zero(values: &mut [u8], width: usize, nulls: Option<&NullBuffer>) {
    let Some(nulls) = nulls else { return };
    for (start, end) in (!nulls.inner()).set_slices() {
        if let Some(hidden) = values.get_mut(start * width..end * width) {
            hidden.fill(0);
        }
    }
}

fn bytes_of<O: ArrowNativeType>(offsets: Vec<O>) -> Vec<u8> {
    arrow::buffer::Buffer::from_vec(offsets).as_slice().to_vec()
}

/// Offsets from 0, rows under nulls empty.
fn rebased<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>, nulls: Option<&NullBuffer>) -> Vec<u8> {
    let hidden = offsets.has_non_empty_nulls(nulls);
    if !hidden {
        let first = offsets.first();
        if first == O::zero() {
            return offsets.inner().inner().as_slice().to_vec();
        }
        return bytes_of(offsets.iter().map(|offset| *offset - first).collect());
    }
    let mut end = O::zero();
    let mut rebased = vec![end];
    for (row, pair) in offsets.windows(2).enumerate() {
        if let [from, to] = pair
            && nulls.is_none_or(|nulls| nulls.is_valid(row))
        {
            end += *to - *from;
        }
        rebased.push(end);
    }
    bytes_of(rebased)
}

type OffsetsAndValues = (Option<Vec<u8>>, Vec<u8>);

fn text<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>, bytes: &[u8], nulls: Option<&NullBuffer>) -> OffsetsAndValues {
    let range = |from: O, to: O| bytes.get(from.as_usize()..to.as_usize()).unwrap_or_default();
    let values = if offsets.has_non_empty_nulls(nulls) {
        let mut shown = Vec::new();
        for (row, pair) in offsets.windows(2).enumerate() {
            if let [from, to] = pair
                && nulls.is_none_or(|nulls| nulls.is_valid(row))
            {
                shown.extend_from_slice(range(*from, *to));
            }
        }
        shown
    } else {
        range(offsets.first(), offsets.last()).to_vec()
    };
    (Some(rebased(offsets, nulls)), values)
}

/// Keys into the values in use, which keep their order.
fn keys(level: &Level, key: &DataType) -> Result<Vec<u8>, Failure> {
    let dictionary = level.array.as_any_dictionary();
    let keys: ArrayRef = dictionary.keys().slice(0, dictionary.keys().len());
    let width = key.primitive_width().unwrap_or(0);
    let used = Used::of(level)?;
    let mut values = fixed(&keys, width, level.nulls.as_ref())?;
    if used.values.count_set_bits() == used.values.len() || width == 0 {
        return Ok(values);
    }
    let mut rank = Vec::with_capacity(used.values.len());
    let mut next = 0u64;
    for bit in &used.values {
        rank.push(next);
        next += u64::from(bit);
    }
    for (row, place) in values.chunks_exact_mut(width).enumerate() {
        let shows = level.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        let old = used.keys.values().get(row).copied().unwrap_or(0) as usize;
        let new = if shows { rank.get(old).copied().unwrap_or(0) } else { 0 };
        // A rank is no larger than the key it replaces, so it fits in the key's bytes.
        let bytes = new.to_le_bytes();
        place.copy_from_slice(bytes.get(..width).unwrap_or_default());
    }
    Ok(values)
}
