//! Into values: fields of structs, elements of lists.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, UInt64Array, make_array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::take;
use arrow::datatypes::{DataType, Int64Type};

use super::{Run, Value, bytes_of};
use crate::Failure;
use crate::compute::Argument;
use crate::sql::tree::Typed;

fn internal(error: arrow::error::ArrowError) -> Failure {
    Failure::internal("kernel", error.to_string())
}

impl Run<'_> {
    pub(super) fn field(&mut self, of: &Typed, index: usize, only: Option<&BooleanBuffer>) -> Result<Value, Failure> {
        let Value { argument, faults } = self.value(of, only)?;
        let array = self.column(argument, &of.data_type)?;
        let missing = || Failure::internal("type-mismatch", "a struct has fewer fields than its type");
        let structs = array.as_struct_opt().ok_or_else(missing)?;
        let child = structs.columns().get(index).ok_or_else(missing)?;
        let field = match structs.nulls() {
            None => child.clone(),
            Some(_) if *child.data_type() == DataType::Null => child.clone(),
            Some(nulls) => {
                let nulls = NullBuffer::union(Some(nulls), child.nulls());
                make_array(child.to_data().into_builder().nulls(nulls).build().map_err(internal)?)
            }
        };
        Ok(Value { argument: Argument::Column(field), faults })
    }

    pub(super) fn element(
        &mut self,
        of: &Typed,
        index: &Typed,
        only: Option<&BooleanBuffer>,
    ) -> Result<Value, Failure> {
        let lists = self.value(of, only)?;
        let numbers = self.value(index, only)?;
        let mut faults = lists.faults;
        faults.merge(numbers.faults);
        let lists = self.column(lists.argument, &of.data_type)?;
        let numbers = self.column(numbers.argument, &DataType::Int64)?;
        let (values, places) = places(&lists, numbers.as_primitive::<Int64Type>())?;
        self.room(bytes_of(&values))?;
        Ok(Value { argument: Argument::Column(take(&values, &places, None).map_err(internal)?), faults })
    }
}

/// The lists' values, and which of them each row asks for.
fn places(lists: &ArrayRef, numbers: &Int64Array) -> Result<(ArrayRef, UInt64Array), Failure> {
    let (values, ranges): (ArrayRef, Vec<(i64, i64)>) = match lists.data_type() {
        DataType::List(_) => {
            let list = lists.as_list::<i32>();
            let bounds = list.value_offsets().windows(2).map(|pair| (i64::from(pair[0]), i64::from(pair[1])));
            (list.values().clone(), bounds.collect())
        }
        DataType::LargeList(_) => {
            let list = lists.as_list::<i64>();
            (list.values().clone(), list.value_offsets().windows(2).map(|pair| (pair[0], pair[1])).collect())
        }
        DataType::FixedSizeList(_, width) => {
            let list = lists.as_fixed_size_list();
            let width = i64::from(*width);
            (list.values().clone(), (0..lists.len() as i64).map(|row| (row * width, (row + 1) * width)).collect())
        }
        _ => return Err(Failure::internal("type-mismatch", "elements of something that is no list")),
    };
    let places = ranges.into_iter().enumerate().map(|(row, (start, end))| {
        if lists.is_null(row) || numbers.is_null(row) {
            return None;
        }
        let number = numbers.value(row);
        let place = match number {
            0 => return None,
            1.. => start.checked_add(number - 1)?,
            _ => end.checked_add(number)?,
        };
        (start..end).contains(&place).then_some(place as u64)
    });
    Ok((values, places.collect()))
}
