//! Types that plugins do not see (views, run-end and union arrays, small decimals), converted where data comes in.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, FixedSizeListArray, GenericListArray, MapArray, OffsetSizeTrait,
    StructArray, UInt32Array, UnionArray, downcast_dictionary_array, downcast_run_array,
};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::compute::{cast, nullif, take};
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::error::ArrowError;

use super::gather::guarded;
use crate::types::{plain_field, plain_type};
use crate::{Failure, type_name};

/// The array in the type that a plugin sees ([`crate::plain_type`]).
///
/// # Errors
/// `too-large` where the plain type cannot hold it; `invalid-type` where arrow cannot convert it.
pub fn plain_array(array: &ArrayRef) -> Result<ArrayRef, Failure> {
    let wanted = plain_type(array.data_type());
    if wanted == *array.data_type() {
        return Ok(array.clone());
    }
    let plain = guarded(|| convert(array)).map_err(|failure| match failure.code.as_str() {
        "internal" | "panic" => Failure::invalid_input("invalid-type", failure.message),
        _ => failure,
    })?;
    if plain.data_type() != &wanted {
        let message = format!("no conversion from {} to {}", type_name(array.data_type()), type_name(&wanted));
        return Err(Failure::invalid_input("invalid-type", message));
    }
    Ok(plain)
}

fn convert(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let wanted = plain_type(array.data_type());
    if wanted == *array.data_type() {
        return Ok(array.clone());
    }
    match array.data_type() {
        DataType::List(item) => list(array.as_list::<i32>(), item),
        DataType::LargeList(item) => list(array.as_list::<i64>(), item),
        DataType::ListView(item) => {
            let DataType::List(_) = &wanted else { return cast(array, &wanted) };
            convert(&cast(array, &DataType::List(item.clone()))?)
        }
        DataType::LargeListView(item) => convert(&cast(array, &DataType::LargeList(item.clone()))?),
        DataType::FixedSizeList(item, size) => {
            let list = array.as_fixed_size_list();
            let values = convert(list.values())?;
            let nulls = list.nulls().cloned();
            let converted =
                FixedSizeListArray::try_new_with_length(plain_field(item), *size, values, nulls, list.len())?;
            Ok(Arc::new(converted))
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns().iter().map(convert).collect::<Result<Vec<_>, _>>()?;
            let fields = fields.iter().map(plain_field).collect();
            let nulls = array.nulls().cloned();
            Ok(Arc::new(StructArray::try_new_with_length(fields, columns, nulls, array.len())?))
        }
        DataType::Map(entries, sorted) => {
            let map = array.as_map();
            let values: ArrayRef = Arc::new(map.entries().clone());
            let values = convert(&values)?.as_struct().clone();
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            Ok(Arc::new(MapArray::try_new(plain_field(entries), offsets, values, nulls, *sorted)?))
        }
        DataType::Dictionary(_, _) => {
            let array = array.as_ref();
            downcast_dictionary_array!(
                array => {
                    let values = convert(array.values())?;
                    Ok(Arc::new(array.with_values(values)))
                }
                other => Err(ArrowError::NotYetImplemented(format!("dictionary {other}")))
            )
        }
        DataType::RunEndEncoded(_, _) => {
            let array = array.as_ref();
            downcast_run_array!(
                array => {
                    let rows = (0..array.len()).map(|row| array.get_physical_index(row) as u32);
                    convert(&take(array.values(), &rows.collect::<UInt32Array>(), None)?)
                }
                other => Err(ArrowError::NotYetImplemented(format!("run-end array {other}")))
            )
        }
        DataType::Union(_, _) => union(array.as_union()),
        _ => cast(array, &wanted),
    }
}

fn list<O: OffsetSizeTrait>(list: &GenericListArray<O>, item: &FieldRef) -> Result<ArrayRef, ArrowError> {
    let values = convert(list.values())?;
    let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
    Ok(Arc::new(GenericListArray::<O>::try_new(plain_field(item), offsets, values, nulls)?))
}

/// A struct with one nullable field per case, of which at most one has a value in a row.
fn union(union: &UnionArray) -> Result<ArrayRef, ArrowError> {
    let DataType::Union(cases, _) = union.data_type() else {
        return Err(ArrowError::InvalidArgumentError("expected a union".to_owned()));
    };
    let mut fields: Vec<Field> = Vec::new();
    let mut columns = Vec::new();
    for (id, case) in cases.iter() {
        let live: Vec<bool> = union.type_ids().iter().map(|row| *row == id).collect();
        let child = convert(union.child(id))?;
        let column = match union.offsets() {
            Some(offsets) => {
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
