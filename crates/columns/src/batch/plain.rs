//! Types that plugins do not see (views, run-end and union arrays, small decimals), converted where data comes in.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, FixedSizeListArray, GenericListArray, GenericListViewArray, MapArray,
    OffsetSizeTrait, StructArray, UInt32Array, UnionArray, downcast_dictionary_array, downcast_run_array,
};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::compute::{cast, nullif, take};
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::error::ArrowError;

use super::gather::guarded;
use super::size::{null_row_bytes, range_bytes};
use crate::types::{is_plain, plain_field, plain_type};
use crate::{Failure, Meter, Unmetered, type_name};

/// The array in the type that a plugin sees ([`crate::plain_type`]).
///
/// # Errors
/// `too-large` where the plain type cannot hold it; `invalid-type` where arrow cannot convert it.
pub fn plain_array(array: &ArrayRef) -> Result<ArrayRef, Failure> {
    plain_metered(array, &mut Unmetered)
}

/// Like [`plain_array`], but asks before it converts: views, runs and unions may show the same bytes again and again.
pub(crate) fn plain_metered(array: &ArrayRef, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
    if is_plain(array.data_type()) {
        return Ok(array.clone());
    }
    let wanted = plain_type(array.data_type());
    let mut refused = None;
    let plain = guarded(|| convert(array, &mut Asking { meter, refused: &mut refused }));
    if let Some(failure) = refused {
        return Err(failure);
    }
    let plain = plain.map_err(|failure| match failure.code.as_str() {
        "internal" | "panic" => Failure::invalid_input("invalid-type", failure.message),
        _ => failure,
    })?;
    if plain.data_type() != &wanted {
        let message = format!("no conversion from {} to {}", type_name(array.data_type()), type_name(&wanted));
        return Err(Failure::invalid_input("invalid-type", message));
    }
    Ok(plain)
}

/// The meter where only arrow's errors pass; what it refused is kept beside.
struct Asking<'a> {
    meter: &'a mut dyn Meter,
    refused: &'a mut Option<Failure>,
}

impl Asking<'_> {
    fn ask(&mut self, bytes: u64) -> Result<(), ArrowError> {
        let asked = self.meter.allocate(bytes).and_then(|()| self.meter.work(bytes / 8));
        asked.map_err(|failure| {
            *self.refused = Some(failure);
            ArrowError::MemoryError("refused".to_owned())
        })
    }

    /// Asks for text of so many bytes, which offsets of 32 bits must be able to tell.
    fn ask_text(&mut self, bytes: u64, rows: usize) -> Result<(), ArrowError> {
        if bytes > i32::MAX as u64 {
            return Err(ArrowError::OffsetOverflowError(usize::try_from(bytes).unwrap_or(usize::MAX)));
        }
        self.ask(bytes + rows as u64 * 5)
    }
}

/// Bytes of the texts that views show: the low half of each is the length.
fn shown_bytes(views: &[u128]) -> u64 {
    views.iter().map(|view| u64::from(*view as u32)).sum()
}

/// Bytes of the rows of a list view.
fn listed_bytes<O: OffsetSizeTrait>(list: &GenericListViewArray<O>) -> u64 {
    let rows = list.value_offsets().iter().zip(list.value_sizes());
    let bytes = rows.map(|(offset, size)| range_bytes(list.values(), offset.as_usize(), size.as_usize()) + 9);
    bytes.fold(0, u64::saturating_add)
}

fn convert(array: &ArrayRef, asking: &mut Asking<'_>) -> Result<ArrayRef, ArrowError> {
    if is_plain(array.data_type()) {
        return Ok(array.clone());
    }
    let wanted = plain_type(array.data_type());
    match array.data_type() {
        DataType::Utf8View => {
            asking.ask_text(shown_bytes(array.as_string_view().views()), array.len())?;
            cast(array, &wanted)
        }
        DataType::BinaryView => {
            asking.ask_text(shown_bytes(array.as_binary_view().views()), array.len())?;
            cast(array, &wanted)
        }
        DataType::List(item) => list(array.as_list::<i32>(), item, asking),
        DataType::LargeList(item) => list(array.as_list::<i64>(), item, asking),
        DataType::ListView(item) => {
            asking.ask(listed_bytes(array.as_list_view::<i32>()))?;
            convert(&cast(array, &DataType::List(item.clone()))?, asking)
        }
        DataType::LargeListView(item) => {
            asking.ask(listed_bytes(array.as_list_view::<i64>()))?;
            convert(&cast(array, &DataType::LargeList(item.clone()))?, asking)
        }
        DataType::FixedSizeList(item, size) => {
            let list = array.as_fixed_size_list();
            let values = convert(list.values(), asking)?;
            let nulls = list.nulls().cloned();
            let converted =
                FixedSizeListArray::try_new_with_length(plain_field(item), *size, values, nulls, list.len())?;
            Ok(Arc::new(converted))
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns().iter().map(|column| convert(column, asking));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let fields = fields.iter().map(plain_field).collect();
            let nulls = array.nulls().cloned();
            Ok(Arc::new(StructArray::try_new_with_length(fields, columns, nulls, array.len())?))
        }
        DataType::Map(entries, sorted) => {
            let map = array.as_map();
            let values: ArrayRef = Arc::new(map.entries().clone());
            let values = convert(&values, asking)?.as_struct().clone();
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            Ok(Arc::new(MapArray::try_new(plain_field(entries), offsets, values, nulls, *sorted)?))
        }
        DataType::Dictionary(_, _) => {
            let array = array.as_ref();
            downcast_dictionary_array!(
                array => {
                    let values = convert(array.values(), asking)?;
                    Ok(Arc::new(array.with_values(values)))
                }
                other => Err(ArrowError::NotYetImplemented(format!("dictionary {other}")))
            )
        }
        DataType::RunEndEncoded(_, _) => {
            let array = array.as_ref();
            downcast_run_array!(
                array => {
                    asking.ask(array.len() as u64 * 4)?;
                    let rows = (0..array.len()).map(|row| array.get_physical_index(row) as u32);
                    let rows = rows.collect::<UInt32Array>();
                    let values = convert(array.values(), asking)?;
                    let bytes = rows.values().iter().map(|row| range_bytes(&values, *row as usize, 1));
                    asking.ask(bytes.fold(0, u64::saturating_add))?;
                    take(&values, &rows, None)
                }
                other => Err(ArrowError::NotYetImplemented(format!("run-end array {other}")))
            )
        }
        DataType::Union(_, _) => union(array.as_union(), asking),
        _ => {
            asking.ask(array.len() as u64 * 16)?;
            cast(array, &wanted)
        }
    }
}

fn list<O: OffsetSizeTrait>(
    list: &GenericListArray<O>,
    item: &FieldRef,
    asking: &mut Asking<'_>,
) -> Result<ArrayRef, ArrowError> {
    let values = convert(list.values(), asking)?;
    let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
    Ok(Arc::new(GenericListArray::<O>::try_new(plain_field(item), offsets, values, nulls)?))
}

/// A struct with one nullable field per case, of which at most one has a value in a row.
fn union(union: &UnionArray, asking: &mut Asking<'_>) -> Result<ArrayRef, ArrowError> {
    let DataType::Union(cases, _) = union.data_type() else {
        return Err(ArrowError::InvalidArgumentError("expected a union".to_owned()));
    };
    let mut fields: Vec<Field> = Vec::new();
    let mut columns = Vec::new();
    for (id, case) in cases.iter() {
        let live: Vec<bool> = union.type_ids().iter().map(|row| *row == id).collect();
        let child = convert(union.child(id), asking)?;
        asking.ask(union.len() as u64 * 6)?;
        let column = match union.offsets() {
            Some(offsets) => {
                let shown = offsets.iter().zip(&live).filter(|(_, live)| **live);
                let bytes = shown.map(|(offset, _)| range_bytes(&child, *offset as usize, 1));
                let nulls = null_row_bytes(child.data_type()).saturating_mul(union.len() as u64);
                asking.ask(bytes.fold(nulls, u64::saturating_add))?;
                let numbers = offsets.iter().zip(&live).map(|(offset, live)| if *live { *offset as u32 } else { 0 });
                let numbers: Vec<u32> = numbers.collect();
                take(&child, &UInt32Array::new(ScalarBuffer::from(numbers), Some(NullBuffer::from(live))), None)?
            }
            None => {
                let dead: Vec<bool> = live.iter().map(|live| !live).collect();
                nullif(&child, &BooleanArray::from(dead))?
            }
        };
        fields.push(plain_field(case).as_ref().clone().with_nullable(true));
        columns.push(column);
    }
    Ok(Arc::new(StructArray::try_new_with_length(fields.into(), columns, None, union.len())?))
}
