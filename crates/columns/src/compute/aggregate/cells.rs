//! One value kept for each group: the smallest, the largest, the first or the last.

use std::fmt;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType, AsArray, BinaryArray, BinaryBuilder, BooleanArray,
    PrimitiveArray, StringArray, UInt8Array,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Decimal128Type, UInt8Type};
use arrow_row::{RowConverter, SortField};

use super::super::group::{canonical, one_nan};
use super::super::numbers::numeric;
use super::super::options::Options;
use super::super::promote::{comparable_rows, internal, mismatch, relabel};
use super::super::table::Plan;
use super::{State, grow};
use crate::batch::null_row_bytes;
use crate::{Failure, Meter, type_name};

/// Which value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keep {
    Min,
    Max,
    First,
    Last,
}

impl Keep {
    /// Whether a new value takes the place of the old one, by how it compares with it.
    fn replaces(self, less: bool, greater: bool) -> bool {
        match self {
            Self::Min => less,
            Self::Max => greater,
            Self::First => false,
            Self::Last => true,
        }
    }
}

pub(super) fn make_min(plan: &Plan, _: &Options) -> Result<Box<dyn State>, Failure> {
    make(plan, Keep::Min)
}
pub(super) fn make_max(plan: &Plan, _: &Options) -> Result<Box<dyn State>, Failure> {
    make(plan, Keep::Max)
}
pub(super) fn make_first(plan: &Plan, _: &Options) -> Result<Box<dyn State>, Failure> {
    make(plan, Keep::First)
}
pub(super) fn make_last(plan: &Plan, _: &Options) -> Result<Box<dyn State>, Failure> {
    make(plan, Keep::Last)
}

fn make(plan: &Plan, keep: Keep) -> Result<Box<dyn State>, Failure> {
    let to = plan.output.clone();
    let layout = match &to {
        DataType::Boolean => DataType::UInt8,
        DataType::Date32 | DataType::Time32(_) => DataType::Int32,
        DataType::Date64 | DataType::Time64(_) | DataType::Timestamp(..) | DataType::Duration(_) => DataType::Int64,
        other => other.clone(),
    };
    numeric!(&layout, T => return Ok(Box::new(Numbers::<T> { keep, to, layout, cells: Vec::new() })), _ => {});
    if matches!(to, DataType::Decimal128(..)) {
        return Ok(Box::new(Numbers::<Decimal128Type> { keep, layout: to.clone(), to, cells: Vec::new() }));
    }
    let converter = match to {
        DataType::Utf8 | DataType::Binary => None,
        _ => {
            let converter = RowConverter::new(vec![SortField::new(to.clone())]);
            Some(converter.map_err(|_| mismatch(format!("{} cannot be kept for groups", type_name(&to))))?)
        }
    };
    Ok(Box::new(Bytes { keep, to, converter, cells: Vec::new(), held: 0 }))
}

/// Numbers, and what has their layout.
struct Numbers<T: ArrowPrimitiveType> {
    keep: Keep,
    to: DataType,
    layout: DataType,
    cells: Vec<(T::Native, bool)>,
}

impl<T: ArrowPrimitiveType> fmt::Debug for Numbers<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Numbers").field("keep", &self.keep).field("groups", &self.cells.len()).finish()
    }
}

/// A column in the layout that it is kept in.
fn in_layout(array: &ArrayRef, layout: &DataType) -> Result<ArrayRef, Failure> {
    match (array.data_type(), layout) {
        (from, to) if from == to => Ok(Arc::clone(array)),
        (DataType::Boolean, _) => {
            let bits = array.as_boolean();
            let bytes = bits.values().iter().map(u8::from).collect::<Vec<u8>>();
            Ok(Arc::new(UInt8Array::new(bytes.into(), bits.nulls().cloned())))
        }
        _ => relabel(array, layout),
    }
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    fn take(&mut self, values: &PrimitiveArray<T>, groups: &[u32]) {
        let keep = self.keep;
        let nulls = values.nulls().filter(|nulls| nulls.null_count() > 0);
        for (row, (value, group)) in values.values().iter().zip(groups).enumerate() {
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                continue;
            }
            let (kept, seen) = &mut self.cells[*group as usize];
            // Arrow's total order, in which NaN is the largest.
            if !*seen || keep.replaces(value.is_lt(*kept), value.is_gt(*kept)) {
                *kept = *value;
                *seen = true;
            }
        }
    }

    fn array(&self) -> Result<ArrayRef, Failure> {
        let valid: NullBuffer = self.cells.iter().map(|(_, seen)| *seen).collect();
        let valid = Some(valid).filter(|valid| valid.null_count() > 0);
        let values = self.cells.iter().map(|(value, _)| *value).collect::<Vec<_>>();
        if self.to == DataType::Boolean {
            let array: ArrayRef = Arc::new(PrimitiveArray::<T>::new(values.into(), valid));
            let bytes = array.as_primitive::<UInt8Type>();
            let bits = bytes.values().iter().map(|byte| *byte != 0).collect();
            return Ok(Arc::new(BooleanArray::new(bits, bytes.nulls().cloned())));
        }
        let array: ArrayRef = Arc::new(PrimitiveArray::<T>::new(values.into(), valid));
        relabel(&array, &self.to)
    }
}

impl<T: ArrowPrimitiveType> State for Numbers<T> {
    fn update(
        &mut self,
        values: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        grow(&mut self.cells, count, (T::Native::default(), false), meter)?;
        let Some(values) = values.first() else { return Err(mismatch("a column is expected")) };
        let values = match self.keep {
            Keep::Min | Keep::Max => one_nan(values),
            Keep::First | Keep::Last => Arc::clone(values),
        };
        let values = in_layout(&values, &self.layout)?;
        self.take(values.as_primitive::<T>(), groups);
        Ok(())
    }

    fn state_types(&self) -> Vec<DataType> {
        vec![self.to.clone()]
    }

    fn state(&self, _: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure> {
        Ok(vec![self.array()?])
    }

    fn merge(
        &mut self,
        states: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        self.update(states, groups, count, meter)
    }

    fn finish(&mut self, _: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        let array = self.array()?;
        self.cells.clear();
        Ok(array)
    }

    fn size(&self) -> u64 {
        (self.cells.capacity() * size_of::<(T::Native, bool)>()) as u64
    }
}

/// Text, binary, and rows of whatever else: bytes that compare as the values do.
struct Bytes {
    keep: Keep,
    to: DataType,
    converter: Option<RowConverter>,
    cells: Vec<Option<Box<[u8]>>>,
    /// Bytes in the cells.
    held: u64,
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bytes").field("keep", &self.keep).field("groups", &self.cells.len()).finish()
    }
}

impl Bytes {
    fn array(&self, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        if self.held > i32::MAX as u64 {
            return Err(Failure::limit("too-large", "the groups' values are more than 2 GiB of text"));
        }
        let nulls = (self.cells.len() as u64).saturating_mul(null_row_bytes(&self.to));
        if nulls > i32::MAX as u64 && self.converter.is_some() {
            return Err(Failure::limit("too-large", "the groups' values are more than 2 GiB"));
        }
        meter.allocate(nulls)?;
        meter.allocate(self.held + self.cells.len() as u64 * 4)?;
        if let Some(converter) = &self.converter {
            let null = converter.convert_columns(&[arrow::array::new_null_array(&self.to, 1)]).map_err(internal)?;
            let null = null.row(0);
            let parser = converter.parser();
            let rows = self.cells.iter().map(|cell| cell.as_ref().map_or(null, |bytes| parser.parse(bytes)));
            let columns = converter.convert_rows(rows).map_err(internal)?;
            return columns.into_iter().next().ok_or_else(|| mismatch("a column is expected"));
        }
        let mut builder = BinaryBuilder::with_capacity(self.cells.len(), self.held as usize);
        for cell in &self.cells {
            match cell {
                Some(bytes) => builder.append_value(bytes),
                None => builder.append_null(),
            }
        }
        let array: BinaryArray = builder.finish();
        if self.to == DataType::Utf8 {
            return Ok(Arc::new(StringArray::try_from_binary(array).map_err(internal)?));
        }
        Ok(Arc::new(array))
    }
}

impl State for Bytes {
    fn update(
        &mut self,
        values: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        grow(&mut self.cells, count, None, meter)?;
        let Some(values) = values.first() else { return Err(mismatch("a column is expected")) };
        let nulls = values.logical_nulls().filter(|nulls| nulls.null_count() > 0);
        let binary = match (&self.converter, values.data_type()) {
            (Some(converter), _) => {
                let rows = comparable_rows(converter, &[canonical(values)], meter)?;
                rows.try_into_binary().map_err(internal)?
            }
            (None, DataType::Utf8) => BinaryArray::from(values.as_string::<i32>().clone()),
            (None, _) => values.as_binary::<i32>().clone(),
        };
        for (row, group) in groups.iter().enumerate() {
            if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                continue;
            }
            let value = binary.value(row);
            let cell = &mut self.cells[*group as usize];
            let old = cell.as_deref();
            if old.is_none_or(|old| self.keep.replaces(value < old, value > old)) {
                self.held += value.len() as u64;
                self.held -= old.map_or(0, |old| old.len() as u64);
                meter.allocate(value.len() as u64 + 16)?;
                *cell = Some(Box::from(value));
            }
        }
        Ok(())
    }

    fn state_types(&self) -> Vec<DataType> {
        vec![self.to.clone()]
    }

    fn state(&self, meter: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure> {
        Ok(vec![self.array(meter)?])
    }

    fn merge(
        &mut self,
        states: &[ArrayRef],
        groups: &[u32],
        count: usize,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        self.update(states, groups, count, meter)
    }

    fn finish(&mut self, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        let array = self.array(meter)?;
        self.cells.clear();
        self.held = 0;
        Ok(array)
    }

    fn size(&self) -> u64 {
        self.held + (self.cells.capacity() * 16) as u64
    }
}
