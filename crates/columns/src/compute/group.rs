//! Numbers groups of equal keys.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array, new_empty_array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Float16Type, Float32Type, Float64Type};
use arrow_row::{RowConverter, SortField};

use super::call::{guarded, joined};
use super::promote::{comparable_rows, internal, mismatch, normal, normalise};
use crate::types::sound;
use crate::{Failure, Meter, plain_type, type_name};

mod bytes;
mod numbers;
mod table;

use bytes::Bytes;
use numbers::{Numbers, width};
pub(super) use table::{NONE, add};

/// Numbers groups of equal keys by first appearance, over any number of batches. Nulls are equal, -0.0 = 0.0, NaN = NaN.
///
/// Each column's keys are numbered by themselves; several columns' numbers are numbered again in pairs.
#[derive(Debug)]
pub struct Grouper {
    /// The types as they were given, made plain.
    types: Vec<DataType>,
    columns: Vec<Column>,
    /// Pair `i` numbers the groups of columns up to `i` together with column `i + 1`.
    pairs: Vec<Numbers>,
}

/// The distinct keys of one column.
enum Column {
    Numbers(Numbers),
    Text(Bytes),
    Binary(Bytes),
    Rows(Bytes, RowConverter),
}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Column").field("keys", &self.count()).finish_non_exhaustive()
    }
}

impl Column {
    fn new(data_type: &DataType) -> Result<Self, Failure> {
        Ok(match normal(data_type) {
            DataType::Utf8 => Self::Text(Bytes::new()),
            DataType::Binary => Self::Binary(Bytes::new()),
            other if width(&other).is_some() => Self::Numbers(Numbers::new()),
            other => {
                let converter = RowConverter::new(vec![SortField::new(other)]);
                let refused = |_| mismatch(format!("{} cannot be a key", type_name(data_type)));
                Self::Rows(Bytes::new(), converter.map_err(refused)?)
            }
        })
    }

    fn count(&self) -> u32 {
        match self {
            Self::Numbers(numbers) => numbers.count(),
            Self::Text(bytes) | Self::Binary(bytes) | Self::Rows(bytes, _) => bytes.count(),
        }
    }

    /// Numbers a column of the normal type.
    fn assign(&mut self, array: &ArrayRef, insert: bool, meter: &mut dyn Meter) -> Result<Vec<u32>, Failure> {
        meter.allocate(array.len() as u64 * 4)?;
        let mut out = Vec::with_capacity(array.len());
        match self {
            Self::Numbers(numbers) => numbers::assign(numbers, array, insert, &mut out, meter)?,
            Self::Text(bytes) => bytes.assign(array.as_string::<i32>(), insert, &mut out, meter)?,
            Self::Binary(bytes) => bytes.assign(array.as_binary::<i32>(), insert, &mut out, meter)?,
            Self::Rows(bytes, converter) => {
                let rows = comparable_rows(converter, &[canonical(array)], meter)?;
                let rows = rows.try_into_binary().map_err(internal)?;
                bytes.assign(&rows, insert, &mut out, meter)?;
            }
        }
        Ok(out)
    }

    /// The distinct keys, as an array of the normal type.
    fn keys(&self, to: &DataType, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        match self {
            Self::Numbers(numbers) => numbers.array(to),
            Self::Text(bytes) => bytes.text(),
            Self::Binary(bytes) => Ok(Arc::new(bytes.binary()?)),
            Self::Rows(bytes, converter) => {
                let rows = converter.from_binary(bytes.binary()?);
                let (mut all, mut parts) = (rows.iter(), Vec::new());
                while all.len() > 0 {
                    meter.work(0)?;
                    parts.extend(converter.convert_rows(all.by_ref().take(1 << 14)).map_err(internal)?);
                }
                if parts.is_empty() { Ok(new_empty_array(to)) } else { joined(&parts, meter) }
            }
        }
    }

    fn size(&self) -> u64 {
        match self {
            Self::Numbers(numbers) => numbers.size(),
            Self::Text(bytes) | Self::Binary(bytes) => bytes.size(),
            Self::Rows(bytes, converter) => bytes.size() + converter.size() as u64,
        }
    }
}

/// Floats in which NaN, which processors give either sign, is larger than any number in arrow's total order.
pub(super) fn one_nan(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Float64 => {
            let floats = array.as_primitive::<Float64Type>();
            if !floats.values().iter().any(|value| value.is_nan() & value.is_sign_negative()) {
                return Arc::clone(array);
            }
            Arc::new(floats.unary::<_, Float64Type>(|value| if value.is_nan() { f64::NAN } else { value }))
        }
        DataType::Float32 => {
            let floats = array.as_primitive::<Float32Type>();
            if !floats.values().iter().any(|value| value.is_nan() & value.is_sign_negative()) {
                return Arc::clone(array);
            }
            Arc::new(floats.unary::<_, Float32Type>(|value| if value.is_nan() { f32::NAN } else { value }))
        }
        _ => Arc::clone(array),
    }
}

/// Floats in which equal values have equal bits.
pub(super) fn canonical(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Float64 => {
            let one = |value: f64| if value.is_nan() { f64::NAN } else { value + 0.0 };
            Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(one))
        }
        DataType::Float32 => {
            let one = |value: f32| if value.is_nan() { f32::NAN } else { value + 0.0 };
            Arc::new(array.as_primitive::<Float32Type>().unary::<_, Float32Type>(one))
        }
        DataType::Float16 => {
            type Half = <Float16Type as arrow::datatypes::ArrowPrimitiveType>::Native;
            let one = |value: Half| match value {
                value if value.is_nan() => Half::NAN,
                value if value == Half::ZERO => Half::ZERO,
                value => value,
            };
            Arc::new(array.as_primitive::<Float16Type>().unary::<_, Float16Type>(one))
        }
        _ => Arc::clone(array),
    }
}

impl Grouper {
    /// A grouper for keys of these types.
    ///
    /// # Errors
    /// Types that cannot be keys.
    pub fn new(keys: &[DataType]) -> Result<Self, Failure> {
        guarded("grouper", || {
            if keys.is_empty() || keys.len() > 1_000 {
                return Err(mismatch(format!("1 to 1000 keys are expected, not {}", keys.len())));
            }
            for key in keys {
                sound(key).map_err(|message| Failure::invalid_config("invalid-type", message))?;
            }
            let columns = keys.iter().map(Column::new).collect::<Result<_, _>>()?;
            let pairs = keys.iter().skip(1).map(|_| Numbers::new()).collect();
            Ok(Self { types: keys.iter().map(plain_type).collect(), columns, pairs })
        })
    }

    /// A group number for each row.
    ///
    /// # Errors
    /// Columns of other types or lengths, too many groups, limits.
    pub fn assign(&mut self, keys: &[ArrayRef], meter: &mut dyn Meter) -> Result<UInt32Array, Failure> {
        guarded("grouper", || Ok(UInt32Array::from(self.run(keys, true, meter)?)))
    }

    /// The groups of rows; without `insert`, [`NONE`] where there is none.
    pub(super) fn run(&mut self, keys: &[ArrayRef], insert: bool, meter: &mut dyn Meter) -> Result<Vec<u32>, Failure> {
        if keys.len() != self.types.len() {
            return Err(mismatch(format!("{} keys are expected, not {}", self.types.len(), keys.len())));
        }
        let rows = keys.first().map_or(0, |key| key.len());
        let mut groups: Vec<u32> = Vec::new();
        for (index, (key, to)) in keys.iter().zip(&self.types).enumerate() {
            if key.len() != rows {
                return Err(Failure::invalid_input("out-of-bounds", "the keys have different lengths"));
            }
            if normal(key.data_type()) != normal(to) {
                return Err(mismatch(format!(
                    "a key of {} is expected, not {}",
                    type_name(to),
                    type_name(key.data_type())
                )));
            }
            let Some(column) = self.columns.get_mut(index) else { continue };
            let numbers = one_column(column, key, insert, meter)?;
            let pair = index.checked_sub(1).and_then(|index| self.pairs.get_mut(index));
            groups = match pair {
                None => numbers,
                Some(pair) => {
                    meter.allocate(rows as u64 * 4)?;
                    let mut paired = Vec::with_capacity(rows);
                    let both =
                        groups.iter().zip(&numbers).map(|(left, right)| u64::from(*left) << 32 | u64::from(*right));
                    // Without `insert`, a pair with a half that there is not is not there either.
                    pair.assign(both, None, insert, &mut paired, meter)?;
                    paired
                }
            };
        }
        Ok(groups)
    }

    /// How many groups there are.
    pub fn count(&self) -> u32 {
        match (self.pairs.last(), self.columns.first()) {
            (Some(pair), _) => pair.count(),
            (None, Some(column)) => column.count(),
            (None, None) => 0,
        }
    }

    /// The keys of the groups, in group order.
    ///
    /// # Errors
    /// Limits.
    pub fn keys(&self, meter: &mut dyn Meter) -> Result<Vec<ArrayRef>, Failure> {
        meter.work(self.size() / 8)?;
        meter.allocate(self.size())?;
        guarded("grouper", || {
            let mut groups: Option<Vec<u32>> = None;
            let mut keys = Vec::with_capacity(self.types.len());
            for (index, (column, to)) in self.columns.iter().zip(&self.types).enumerate().rev() {
                let distinct = column.keys(&normal(to), meter)?;
                let pair = index.checked_sub(1).and_then(|index| self.pairs.get(index));
                let numbers = match (pair, &groups) {
                    (None, groups) => groups.clone(),
                    (Some(pair), chosen) => {
                        let (left, right) = halves(pair.keys(), chosen.as_deref());
                        groups = Some(left);
                        Some(right)
                    }
                };
                let array = match numbers {
                    None => distinct,
                    Some(numbers) => {
                        let numbers = UInt32Array::from(numbers);
                        meter.allocate(super::sort::taken_bytes(&distinct, &numbers))?;
                        take(distinct.as_ref(), &numbers, None).map_err(internal)?
                    }
                };
                let array = if array.data_type() == to { array } else { packed(&array, to)? };
                keys.push(array);
            }
            keys.reverse();
            Ok(keys)
        })
    }

    /// Bytes held.
    pub fn size(&self) -> u64 {
        let columns: u64 = self.columns.iter().map(Column::size).sum();
        columns + self.pairs.iter().map(Numbers::size).sum::<u64>()
    }
}

/// Keys in the type that they came in: a dictionary again, with an entry for each where arrow cannot find equal ones.
fn packed(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Failure> {
    let DataType::Dictionary(key, value) = to else { return cast(array, to).map_err(internal) };
    if !value.is_nested() || array.data_type() != value.as_ref() {
        return cast(array, to).map_err(internal);
    }
    let places: ArrayRef = Arc::new(UInt32Array::from_iter_values(0..array.len() as u32));
    let places = cast(&places, key).map_err(internal)?;
    let data = places.to_data().into_builder().data_type(to.clone()).child_data(vec![array.to_data()]);
    Ok(arrow::array::make_array(data.build().map_err(internal)?))
}

/// The left and right numbers of pairs, of all or of the chosen ones.
fn halves(pairs: &[u64], chosen: Option<&[u32]>) -> (Vec<u32>, Vec<u32>) {
    let split = |pair: u64| ((pair >> 32) as u32, pair as u32);
    match chosen {
        None => pairs.iter().map(|pair| split(*pair)).unzip(),
        Some(chosen) => chosen.iter().map(|index| split(pairs[*index as usize])).unzip(),
    }
}

/// Numbers a column; of a dictionary, its values once and then by its keys.
fn one_column(column: &mut Column, key: &ArrayRef, insert: bool, meter: &mut dyn Meter) -> Result<Vec<u32>, Failure> {
    column.assign(&normalise(key, meter)?, insert, meter)
}
