//! The items of lists, one under the other, and the rows that they come from.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, ListArray};
use arrow::datatypes::DataType;

use super::super::lists::{item_type, plain_lists};
use super::super::options::Options;
use super::super::promote::{mismatch, slice_bytes};
use super::super::table::Plan;
use super::super::values::{Call, Values};
use super::{subject, taken};
use crate::Failure;

pub(super) fn flatten_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    match types {
        [DataType::Null] => Ok(Plan::uniform(1, DataType::Null, DataType::Null)),
        [from] => match item_type(from) {
            Some(item) => Ok(Plan { inputs: vec![from.clone()], output: item.clone() }),
            None => Err(mismatch("a list is expected")),
        },
        _ => Err(mismatch("a list is expected")),
    }
}

pub(super) fn parent_types(name: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    Ok(Plan { output: DataType::Int64, ..flatten_types(name, types, options)? })
}

pub(super) fn flatten(call: &mut Call) -> Result<Values, Failure> {
    let array = subject(call)?;
    if *array.data_type() == DataType::Null {
        return Ok(Values::of(array.slice(0, 0)));
    }
    let lists = plain_lists(&array)?;
    let lists = lists.as_list::<i32>();
    let mut places = Vec::new();
    ranges(lists, call, |place, _, call| {
        if places.len() == places.capacity() {
            let more = places.capacity().max(1024);
            call.meter.allocate(more as u64 * 16)?;
            places.reserve_exact(more);
        }
        places.push(Some(place as u32));
        Ok(())
    })?;
    Ok(Values::of(taken(lists.values(), places, call)?))
}

pub(super) fn parents(call: &mut Call) -> Result<Values, Failure> {
    let array = subject(call)?;
    if *array.data_type() == DataType::Null {
        return Ok(Values::of(Arc::new(Int64Array::from(Vec::<i64>::new()))));
    }
    let lists = plain_lists(&array)?;
    let lists = lists.as_list::<i32>();
    call.meter.allocate(slice_bytes(lists.values().as_ref()).max(lists.values().len() as u64 * 16))?;
    let mut rows = Vec::new();
    ranges(lists, call, |_, row, _| {
        rows.push(row as i64);
        Ok(())
    })?;
    Ok(Values::of(Arc::new(Int64Array::from(rows))))
}

/// Each item of the lists that are not null, with its row.
fn ranges(
    lists: &ListArray,
    call: &mut Call,
    mut each: impl FnMut(usize, usize, &mut Call) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for (row, pair) in lists.value_offsets().windows(2).enumerate() {
        call.tick(8)?;
        let [begin, end] = pair else { continue };
        if lists.is_null(row) {
            continue;
        }
        for place in *begin..*end {
            call.tick(8)?;
            each(place as usize, row, call)?;
        }
    }
    Ok(())
}
