//! One level of an array on its way out, and the way down to its children without what nulls hide.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder, OffsetSizeTrait, UInt64Array, new_null_array,
};
use arrow::buffer::{BooleanBuffer, MutableBuffer, NullBuffer, OffsetBuffer};
use arrow::compute::{cast, filter};
use arrow::datatypes::{DataType, UInt64Type};

use crate::batch::guarded;
use crate::{Failure, Meter, array_bytes};

/// An array of plain type with the rows that a null further up hides.
pub(super) struct Level {
    pub(super) array: ArrayRef,
    /// The rows that show, of this level and all above.
    pub(super) nulls: Option<NullBuffer>,
    /// Whether nulls may be told at this level; else hidden rows are only zeroed.
    pub(super) nullable: bool,
}

impl Level {
    pub(super) fn new(array: ArrayRef, hidden: Option<&NullBuffer>, nullable: bool) -> Self {
        let nulls = NullBuffer::union(array.nulls(), hidden).filter(|nulls| nulls.null_count() > 0);
        Self { array, nulls, nullable }
    }

    /// The child at `index`, asked for where it has to be copied; none where there is no such child.
    pub(super) fn child(&self, index: usize, meter: &mut dyn Meter) -> Result<Option<Self>, Failure> {
        if !matches!(self.array.data_type(), DataType::Struct(_)) && index > 0 {
            return Ok(None);
        }
        Ok(Some(match self.array.data_type() {
            DataType::Struct(fields) => {
                let columns = self.array.as_struct().columns();
                let (Some(column), Some(field)) = (columns.get(index), fields.get(index)) else { return Ok(None) };
                Self::new(column.clone(), self.nulls.as_ref(), field.is_nullable())
            }
            DataType::List(item) => {
                let list = self.array.as_list::<i32>();
                Self::new(self.shown(list.offsets(), list.values(), meter)?, None, item.is_nullable())
            }
            DataType::LargeList(item) => {
                let list = self.array.as_list::<i64>();
                Self::new(self.shown(list.offsets(), list.values(), meter)?, None, item.is_nullable())
            }
            DataType::Map(_, _) => {
                let map = self.array.as_map();
                let entries: ArrayRef = Arc::new(map.entries().clone());
                Self::new(self.shown(map.offsets(), &entries, meter)?, None, false)
            }
            DataType::FixedSizeList(item, size) => {
                let list = self.array.as_fixed_size_list();
                let size = usize::try_from(*size).unwrap_or(0);
                let hidden = self.nulls.as_ref().map(|nulls| nulls.expand(size));
                Self::new(list.values().slice(0, list.len() * size), hidden.as_ref(), item.is_nullable())
            }
            DataType::Dictionary(_, value) => {
                let dictionary = self.array.as_any_dictionary();
                let used = Used::of(self)?;
                let values = match used.values.count_set_bits() {
                    0 if self.array.is_empty() => dictionary.values().slice(0, 0),
                    // The keys of hidden rows are 0 and need a value to point to.
                    0 => new_null_array(value, 1),
                    _ => {
                        ask(dictionary.values(), meter)?;
                        let mask = BooleanArray::new(used.values, None);
                        guarded(|| filter(dictionary.values(), &mask))?
                    }
                };
                Self::new(values, None, true)
            }
            _ => return Ok(None),
        }))
    }

    /// Field `index` of the items of a list or map of structs: what two steps down would give, without a look at the other
    /// fields, of which there may be hundreds. `None`: the steps have to be taken one by one.
    pub(super) fn field_of_items(&self, index: usize) -> Option<Self> {
        fn range<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>, nulls: Option<&NullBuffer>) -> Option<(usize, usize)> {
            let hides = nulls.is_some_and(|nulls| offsets.has_non_empty_nulls(Some(nulls)));
            let (first, last) = (offsets.first().as_usize(), offsets.last().as_usize());
            (!hides).then_some((first, last - first))
        }
        let nulls = self.nulls.as_ref();
        let (items, range) = match self.array.data_type() {
            DataType::List(_) => {
                let list = self.array.as_list::<i32>();
                (list.values().as_struct_opt()?, range(list.offsets(), nulls)?)
            }
            DataType::LargeList(_) => {
                let list = self.array.as_list::<i64>();
                (list.values().as_struct_opt()?, range(list.offsets(), nulls)?)
            }
            DataType::Map(_, _) => {
                let map = self.array.as_map();
                (map.entries(), range(map.offsets(), nulls)?)
            }
            _ => return None,
        };
        let (first, length) = range;
        let (column, field) = (items.columns().get(index)?, items.fields().get(index)?);
        let hidden = items.nulls().map(|nulls| nulls.slice(first, length));
        Some(Self::new(column.slice(first, length), hidden.as_ref(), field.is_nullable()))
    }

    /// The items of the rows that show.
    fn shown<O: OffsetSizeTrait>(
        &self,
        offsets: &OffsetBuffer<O>,
        items: &ArrayRef,
        meter: &mut dyn Meter,
    ) -> Result<ArrayRef, Failure> {
        let (first, last) = (offsets.first().as_usize(), offsets.last().as_usize());
        let range = items.slice(first, last - first);
        let Some(nulls) = &self.nulls else { return Ok(range) };
        if !offsets.has_non_empty_nulls(Some(nulls)) {
            return Ok(range);
        }
        ask(&range, meter)?;
        let mut mask = BooleanBufferBuilder::new(range.len());
        for (row, length) in offsets.lengths().enumerate() {
            mask.append_n(length, nulls.is_valid(row));
        }
        let mask = BooleanArray::new(mask.finish(), None);
        guarded(|| filter(&range, &mask))
    }
}

/// Asks before an array is copied, children included.
fn ask(array: &ArrayRef, meter: &mut dyn Meter) -> Result<(), Failure> {
    let bytes = array_bytes(array);
    meter.work(bytes / 8)?;
    meter.allocate(bytes)
}

/// The values of a dictionary that rows which show refer to.
pub(super) struct Used {
    pub(super) values: BooleanBuffer,
    pub(super) keys: UInt64Array,
}

impl Used {
    pub(super) fn of(level: &Level) -> Result<Self, Failure> {
        let dictionary = level.array.as_any_dictionary();
        let wide = guarded(|| cast(&dictionary.keys().slice(0, dictionary.keys().len()), &DataType::UInt64))?;
        let keys = UInt64Array::new(wide.as_primitive::<UInt64Type>().values().clone(), level.nulls.clone());
        let length = dictionary.values().len();
        let mut bits = MutableBuffer::new_null(length);
        for (row, key) in keys.values().iter().enumerate() {
            let key = *key as usize;
            if key < length && level.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
                arrow::util::bit_util::set_bit(bits.as_slice_mut(), key);
            }
        }
        Ok(Self { values: BooleanBuffer::new(bits.into(), 0, length), keys })
    }
}
