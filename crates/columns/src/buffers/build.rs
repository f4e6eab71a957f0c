//! Levels in: everything is checked before an array exists.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, DictionaryArray, FixedSizeBinaryArray, FixedSizeListArray,
    GenericByteArray, GenericListArray, MapArray, NullArray, OffsetSizeTrait, PrimitiveArray, StructArray,
    downcast_integer, downcast_primitive,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowDictionaryKeyType, ArrowNativeType, BinaryType, ByteArrayType, DataType, Decimal128Type, Decimal256Type,
    Field, FieldRef, LargeBinaryType, LargeUtf8Type, Utf8Type,
};
use arrow::error::ArrowError;

use super::Buffers;
use crate::batch::MAX_ROWS;
use crate::types::{MAX_DEPTH, depth, plain_type, sound};
use crate::{Failure, FlatField, field_from_tree, type_name};

/// Builds an array from its levels, parents before children as [`crate::tree_from_field`] orders them. The bytes are
/// taken over without a copy where they lie aligned.
///
/// # Errors
/// `invalid-buffers`, `invalid-utf8` or `unexpected-null`, naming the level; `too-large` above 2^31 - 1 rows;
/// `invalid-type` where the field is not of a plain type.
pub fn array_from_levels(field: &Field, levels: Vec<Buffers>) -> Result<ArrayRef, Failure> {
    if plain_type(field.data_type()) != *field.data_type() || depth(field.data_type()) > MAX_DEPTH {
        let message = format!("no array of {} can be built from buffers", type_name(field.data_type()));
        return Err(Failure::invalid_input("invalid-type", message));
    }
    sound(field.data_type()).map_err(|message| Failure::invalid_input("invalid-type", message))?;
    let mut builder = Builder { given: levels.len(), next: 0, levels: levels.into_iter() };
    let array = builder.array(field)?;
    if builder.next < builder.given {
        let message = format!("expected {} levels, found {}", builder.next, builder.given);
        return Err(Failure::invalid_input("invalid-buffers", message));
    }
    Ok(array)
}

/// Like [`array_from_levels`], for a plugin's own tree: `levels[i]` belongs to `tree[i]`, in whatever order it has.
///
/// # Errors
/// As [`crate::field_from_tree`] and [`array_from_levels`].
pub fn array_from_tree(tree: &[FlatField], levels: Vec<Buffers>) -> Result<(Field, ArrayRef), Failure> {
    let field = field_from_tree(tree)?;
    if tree.len() != levels.len() {
        let message = format!("expected {} levels, one per field of the tree, found {}", tree.len(), levels.len());
        return Err(Failure::invalid_input("invalid-buffers", message));
    }
    let mut levels: Vec<Option<Buffers>> = levels.into_iter().map(Some).collect();
    let mut ordered = Vec::with_capacity(levels.len());
    // The tree was found to be one: no item comes up twice.
    let mut pending = vec![0usize];
    while let Some(index) = pending.pop() {
        ordered.extend(levels.get_mut(index).and_then(Option::take));
        let children = tree.get(index).map_or(&[][..], |field| &field.children);
        pending.extend(children.iter().rev().map(|child| *child as usize));
    }
    let array = array_from_levels(&field, ordered)?;
    Ok((field, array))
}

/// Rows of a level that has no bytes at all: of nulls, of values of no width, of structs and fixed lists. Such rows cost
/// whoever makes them nothing, and those who work on them a lot.
const MOST_ROWS_WITHOUT_BYTES: usize = 1 << 24;

struct Builder {
    levels: std::vec::IntoIter<Buffers>,
    given: usize,
    next: usize,
}

/// One level being checked, with what messages need.
struct Open<'a> {
    field: &'a Field,
    index: usize,
    length: usize,
    nulls: Option<NullBuffer>,
    offsets: Option<Vec<u8>>,
    values: Vec<u8>,
}

impl Builder {
    fn array(&mut self, field: &Field) -> Result<ArrayRef, Failure> {
        let index = self.next;
        let Some(level) = self.levels.next() else {
            let message = format!("expected a level for `{}`, found only {}", field.name(), self.given);
            return Err(Failure::invalid_input("invalid-buffers", message));
        };
        self.next += 1;
        let mut open = open(field, index, level)?;
        open.check_buffers()?;
        let length = open.length;
        match field.data_type() {
            DataType::Null => Ok(Arc::new(NullArray::new(length))),
            DataType::Boolean => {
                let bytes = open.exactly((length as u64).div_ceil(8))?;
                let values = BooleanBuffer::new(Buffer::from_vec(bytes), 0, length);
                Ok(Arc::new(BooleanArray::new(values, open.nulls)))
            }
            DataType::Utf8 => open.text::<Utf8Type>(),
            DataType::LargeUtf8 => open.text::<LargeUtf8Type>(),
            DataType::Binary => open.text::<BinaryType>(),
            DataType::LargeBinary => open.text::<LargeBinaryType>(),
            DataType::FixedSizeBinary(width) => {
                let bytes = open.exactly(length as u64 * u64::from(width.unsigned_abs()))?;
                let (values, nulls) = (Buffer::from_vec(bytes), open.nulls.take());
                let array = FixedSizeBinaryArray::try_new_with_len(*width, values, nulls, length);
                Ok(Arc::new(array.map_err(|error| open.arrow(error))?))
            }
            DataType::List(item) => self.list::<i32>(item, open),
            DataType::LargeList(item) => self.list::<i64>(item, open),
            DataType::FixedSizeList(item, size) => {
                let values = self.array(item)?;
                open.children(values.len(), length as u64 * u64::from(size.unsigned_abs()))?;
                let nulls = open.nulls.take();
                let array = FixedSizeListArray::try_new_with_length(item.clone(), *size, values, nulls, length);
                Ok(Arc::new(array.map_err(|error| open.arrow(error))?))
            }
            DataType::Struct(fields) => {
                let mut columns = Vec::with_capacity(fields.len());
                for field in fields {
                    let column = self.array(field)?;
                    open.children(column.len(), length as u64)?;
                    columns.push(column);
                }
                let nulls = open.nulls.take();
                let array = StructArray::try_new_with_length(fields.clone(), columns, nulls, length);
                Ok(Arc::new(array.map_err(|error| open.arrow(error))?))
            }
            DataType::Map(entries, sorted) => {
                let values = self.array(entries)?;
                let offsets = open.offsets::<i32>(values.len())?;
                let (values, nulls) = (values.as_struct().clone(), open.nulls.take());
                let array = MapArray::try_new(entries.clone(), offsets, values, nulls, *sorted);
                Ok(Arc::new(array.map_err(|error| open.arrow(error))?))
            }
            DataType::Dictionary(key, value) => {
                let values = self.array(&Field::new("values", value.as_ref().clone(), true))?;
                macro_rules! keys {
                    ($key:ty) => {
                        open.dictionary::<$key>(values)
                    };
                }
                downcast_integer! {
                    key.as_ref() => (keys),
                    other => Err(open.wrong(format!("{other} is no type of keys")))
                }
            }
            data_type => {
                macro_rules! primitive {
                    ($primitive:ty) => {
                        Ok(Arc::new(open.primitive::<$primitive>()?.with_data_type(data_type.clone())))
                    };
                }
                let array: Result<ArrayRef, Failure> = downcast_primitive! {
                    data_type => (primitive),
                    other => Err(open.wrong(format!("no buffers for {other}")))
                };
                checked_decimals(array?, field, index)
            }
        }
    }

    fn list<O: OffsetSizeTrait>(&mut self, item: &FieldRef, mut open: Open<'_>) -> Result<ArrayRef, Failure> {
        let values = self.array(item)?;
        let offsets = open.offsets::<O>(values.len())?;
        let array = GenericListArray::<O>::try_new(item.clone(), offsets, values, open.nulls.take());
        Ok(Arc::new(array.map_err(|error| open.arrow(error))?))
    }
}

/// Checks length and nulls.
fn open(field: &Field, index: usize, level: Buffers) -> Result<Open<'_>, Failure> {
    let Buffers { length, null_count, validity, offsets, values } = level;
    let length = length as usize;
    let mut open = Open { field, index, length, nulls: None, offsets, values };
    if length > MAX_ROWS {
        let message = format!("level {index}: at most {MAX_ROWS} rows, found {length}");
        return Err(Failure::limit("too-large", message));
    }
    let bytes = open.values.len() + open.offsets.as_ref().map_or(0, Vec::len) + validity.as_ref().map_or(0, Vec::len);
    if bytes == 0 && length > MOST_ROWS_WITHOUT_BYTES {
        let message = format!(
            "level {index}: at most {MOST_ROWS_WITHOUT_BYTES} rows that no buffer holds anything of, found {length}"
        );
        return Err(Failure::limit("too-large", message));
    }
    if field.data_type() == &DataType::Null {
        return match validity {
            Some(_) => Err(open.wrong("a column of type null has no validity".to_owned())),
            None => Ok(open),
        };
    }
    let nulls = match validity {
        None => None,
        Some(bytes) => {
            let expected = length.div_ceil(8);
            if bytes.len() != expected {
                let message = format!("validity: expected {expected} bytes for {length} rows, found {}", bytes.len());
                return Err(open.wrong(message));
            }
            Some(NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(bytes), 0, length)))
        }
    };
    let found = nulls.as_ref().map_or(0, NullBuffer::null_count);
    if found != null_count as usize {
        return Err(open.wrong(format!("null count: validity has {found} nulls, told are {null_count}")));
    }
    if found > 0 && !field.is_nullable() {
        let message = format!("level {index}: {found} nulls in `{}`, which may have none", field.name());
        return Err(Failure::invalid_input("unexpected-null", message));
    }
    open.nulls = nulls.filter(|_| found > 0);
    Ok(open)
}

impl Open<'_> {
    fn wrong(&self, message: String) -> Failure {
        let (index, name) = (self.index, self.field.name());
        let kind = type_name(self.field.data_type());
        Failure::invalid_input("invalid-buffers", format!("level {index} (`{name}`, {kind}): {message}"))
    }

    fn arrow(&self, error: ArrowError) -> Failure {
        match self.field.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 => {
                Failure { code: "invalid-utf8".to_owned(), ..self.wrong(error.to_string()) }
            }
            _ => self.wrong(error.to_string()),
        }
    }

    /// Refuses buffers that the type has no use for.
    fn check_buffers(&self) -> Result<(), Failure> {
        let kind = self.field.data_type();
        let listed = matches!(kind, DataType::List(_) | DataType::LargeList(_) | DataType::Map(_, _));
        let text = matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary);
        if self.offsets.is_some() != (listed || text) {
            let expected = if listed || text { "expected" } else { "unexpected" };
            return Err(self.wrong(format!("{expected} offsets")));
        }
        let empty = matches!(kind, DataType::Null | DataType::Struct(_) | DataType::FixedSizeList(_, _));
        if (listed || empty) && !self.values.is_empty() {
            return Err(self.wrong(format!("expected no values, found {} bytes", self.values.len())));
        }
        Ok(())
    }

    fn exactly(&mut self, expected: u64) -> Result<Vec<u8>, Failure> {
        let found = self.values.len();
        if found as u64 != expected {
            let message = format!("values: expected {expected} bytes for {} rows, found {found}", self.length);
            return Err(self.wrong(message));
        }
        Ok(std::mem::take(&mut self.values))
    }

    fn children(&self, found: usize, expected: u64) -> Result<(), Failure> {
        if found as u64 == expected {
            return Ok(());
        }
        Err(self.wrong(format!("expected {expected} rows in the child, found {found}")))
    }

    fn primitive<T: ArrowPrimitiveType>(&mut self) -> Result<PrimitiveArray<T>, Failure> {
        let bytes = self.exactly(self.length as u64 * size_of::<T::Native>() as u64)?;
        let values = scalars::<T::Native>(bytes, self.length);
        PrimitiveArray::<T>::try_new(values, self.nulls.take()).map_err(|error| self.arrow(error))
    }

    fn dictionary<K: ArrowDictionaryKeyType>(&mut self, values: ArrayRef) -> Result<ArrayRef, Failure> {
        let keys = super::keys::zeroed(&self.primitive::<K>()?);
        let array = DictionaryArray::<K>::try_new(keys, values);
        Ok(Arc::new(array.map_err(|error| self.arrow(error))?))
    }

    fn text<T: ByteArrayType>(&mut self) -> Result<ArrayRef, Failure> {
        let offsets = self.offsets::<T::Offset>(self.values.len())?;
        let values = Buffer::from_vec(std::mem::take(&mut self.values));
        let array = GenericByteArray::<T>::try_new(offsets, values, self.nulls.take());
        Ok(Arc::new(array.map_err(|error| self.arrow(error))?))
    }

    /// Offsets from 0 to `end` that never fall.
    fn offsets<O: OffsetSizeTrait>(&mut self, end: usize) -> Result<OffsetBuffer<O>, Failure> {
        let bytes = self.offsets.take().unwrap_or_default();
        let rows = self.length;
        let expected = (rows as u64 + 1) * size_of::<O>() as u64;
        let offsets = match bytes.len() {
            0 if rows == 0 => ScalarBuffer::from(vec![O::zero()]),
            found if found as u64 == expected => scalars::<O>(bytes, rows + 1),
            found => {
                let message = format!("offsets: expected {expected} bytes for {rows} rows, found {found}");
                return Err(self.wrong(message));
            }
        };
        if offsets.first() != Some(&O::zero()) {
            return Err(self.wrong("offsets: the first is not 0".to_owned()));
        }
        if let Some(row) = offsets.iter().zip(offsets.iter().skip(1)).position(|(from, to)| from > to) {
            return Err(self.wrong(format!("offsets: they fall at row {row}")).with_row(row as u64));
        }
        match offsets.last().and_then(|last| last.to_usize()) {
            Some(last) if last == end => Ok(OffsetBuffer::new(offsets)),
            last => {
                let last = last.unwrap_or(usize::MAX);
                Err(self.wrong(format!("offsets: the last is {last}, expected {end} as values are there")))
            }
        }
    }
}

/// The bytes as values; they are copied only where they are not aligned.
fn scalars<T: ArrowNativeType>(bytes: Vec<u8>, length: usize) -> ScalarBuffer<T> {
    let taken = Buffer::from_vec(bytes);
    let aligned = taken.as_ptr().align_offset(align_of::<T>()) == 0;
    let buffer = if aligned { taken } else { Buffer::from(taken.as_slice()) };
    ScalarBuffer::new(buffer, 0, length)
}

/// A decimal holds no more digits than its type says: kernels count on that.
fn checked_decimals(array: ArrayRef, field: &Field, index: usize) -> Result<ArrayRef, Failure> {
    let checked = match array.data_type() {
        DataType::Decimal128(precision, _) => {
            array.as_primitive::<Decimal128Type>().validate_decimal_precision(*precision)
        }
        DataType::Decimal256(precision, _) => {
            array.as_primitive::<Decimal256Type>().validate_decimal_precision(*precision)
        }
        _ => Ok(()),
    };
    checked.map_err(|error| {
        let error = match error {
            ArrowError::InvalidArgumentError(message) => message,
            other => other.to_string(),
        };
        Failure::invalid_input("invalid-buffers", format!("level {index} (`{}`): {error}", field.name()))
            .with_help("a decimal has no more digits than its type says: give the column a wider one where it is made")
    })?;
    Ok(array)
}
