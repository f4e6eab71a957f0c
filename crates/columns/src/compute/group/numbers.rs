//! Groups of keys of up to 64 bits.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray, UInt8Array, UInt16Array, UInt32Array,
    UInt64Array,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Float16Type, Float32Type, Float64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::super::promote::{mismatch, relabel};
use super::table::{NONE, Table, add};
use crate::{Failure, Meter};

/// Rows between looks at the deadline.
const STEP: usize = 16_384;

/// Numbers keys by first appearance.
#[derive(Debug)]
pub(in super::super) struct Numbers {
    table: Table,
    /// The key of each group.
    keys: Vec<u64>,
    null: Option<u32>,
}

impl Numbers {
    pub(super) fn new() -> Self {
        Self { table: Table::new(), keys: Vec::new(), null: None }
    }

    pub(super) fn count(&self) -> u32 {
        self.keys.len() as u32
    }

    pub(super) fn keys(&self) -> &[u64] {
        &self.keys
    }

    #[cold]
    fn added(&mut self, key: u64, meter: &mut dyn Meter) -> Result<u32, Failure> {
        let group = self.count();
        self.table.insert(key, group, meter)?;
        add(&mut self.keys, &[key], meter)?;
        Ok(group)
    }

    fn null(&mut self, insert: bool, meter: &mut dyn Meter) -> Result<u32, Failure> {
        match self.null {
            Some(group) => Ok(group),
            None if insert => {
                let group = self.count();
                add(&mut self.keys, &[0], meter)?;
                self.null = Some(group);
                Ok(group)
            }
            None => Ok(NONE),
        }
    }

    /// The groups of keys; with `insert`, new ones where there is none.
    pub(super) fn assign(
        &mut self,
        keys: impl ExactSizeIterator<Item = u64>,
        nulls: Option<&NullBuffer>,
        insert: bool,
        out: &mut Vec<u32>,
        meter: &mut dyn Meter,
    ) -> Result<(), Failure> {
        let (mut last, mut group) = (0, NONE);
        for (row, key) in keys.enumerate() {
            if row % STEP == 0 {
                meter.work((STEP / 8) as u64)?;
            }
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                out.push(self.null(insert, meter)?);
                continue;
            }
            // Data is often sorted by a key: the last one's group is tried first.
            if key != last || group == NONE {
                group = match self.table.find(key, |_| true) {
                    Some(group) => group,
                    None if insert => self.added(key, meter)?,
                    None => NONE,
                };
                last = key;
            }
            out.push(group);
        }
        Ok(())
    }

    /// The keys as an array of `to`, in group order.
    pub(super) fn array(&self, to: &DataType) -> Result<ArrayRef, Failure> {
        let keys = self.keys.iter();
        let plain: ArrayRef = match width(to) {
            Some(0) => Arc::new(keys.map(|key| Some(*key != 0)).collect::<BooleanArray>()),
            Some(1) => Arc::new(UInt8Array::from_iter_values(keys.map(|key| *key as u8))),
            Some(2) => Arc::new(UInt16Array::from_iter_values(keys.map(|key| *key as u16))),
            Some(4) => Arc::new(UInt32Array::from_iter_values(keys.map(|key| *key as u32))),
            _ => Arc::new(UInt64Array::from_iter_values(keys.copied())),
        };
        let array = relabel(&plain, to)?;
        let Some(null) = self.null else { return Ok(array) };
        let mut valid = vec![true; self.keys.len()];
        if let Some(valid) = valid.get_mut(null as usize) {
            *valid = false;
        }
        super::super::values::null_where(&array, &valid.iter().map(|valid| !valid).collect())
    }

    pub(super) fn size(&self) -> u64 {
        self.table.size() + (self.keys.capacity() * 8) as u64
    }
}

/// Bytes of a type whose values are such keys (0: booleans); `None` for other types.
pub(super) fn width(data_type: &DataType) -> Option<usize> {
    match data_type {
        DataType::Boolean => Some(0),
        DataType::Interval(_) | DataType::Decimal128(..) | DataType::Decimal256(..) => None,
        other => other.primitive_width().filter(|width| *width <= 8),
    }
}

/// The column's values as keys: -0.0 is 0.0, and all NaN are one.
pub(super) fn assign(
    numbers: &mut Numbers,
    array: &ArrayRef,
    insert: bool,
    out: &mut Vec<u32>,
    meter: &mut dyn Meter,
) -> Result<(), Failure> {
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
    match array.data_type() {
        DataType::Boolean => {
            let bits = array.as_boolean().values();
            numbers.assign(bits.iter().map(u64::from), nulls, insert, out, meter)
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().values().iter();
            let key = |value: &f64| if value.is_nan() { f64::NAN.to_bits() } else { (*value + 0.0).to_bits() };
            numbers.assign(values.map(key), nulls, insert, out, meter)
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>().values().iter();
            let key =
                |value: &f32| u64::from(if value.is_nan() { f32::NAN.to_bits() } else { (*value + 0.0).to_bits() });
            numbers.assign(values.map(key), nulls, insert, out, meter)
        }
        DataType::Float16 => {
            let values = array.as_primitive::<Float16Type>().values().iter();
            let key = |value: &<Float16Type as ArrowPrimitiveType>::Native| match value.to_bits() {
                0x8000 => 0,
                _ if value.is_nan() => 0x7E00,
                bits => u64::from(bits),
            };
            numbers.assign(values.map(key), nulls, insert, out, meter)
        }
        other => match width(other) {
            Some(1) => plain::<UInt8Type>(numbers, array, &DataType::UInt8, insert, out, meter),
            Some(2) => plain::<UInt16Type>(numbers, array, &DataType::UInt16, insert, out, meter),
            Some(4) => plain::<UInt32Type>(numbers, array, &DataType::UInt32, insert, out, meter),
            Some(8) => plain::<UInt64Type>(numbers, array, &DataType::UInt64, insert, out, meter),
            _ => Err(mismatch("the type is no number")),
        },
    }
}

fn plain<T: ArrowPrimitiveType>(
    numbers: &mut Numbers,
    array: &ArrayRef,
    unsigned: &DataType,
    insert: bool,
    out: &mut Vec<u32>,
    meter: &mut dyn Meter,
) -> Result<(), Failure>
where
    T::Native: Into<u64>,
{
    let array = relabel(array, unsigned)?;
    let array: &PrimitiveArray<T> = array.as_primitive::<T>();
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
    numbers.assign(array.values().iter().map(|value| (*value).into()), nulls, insert, out, meter)
}
