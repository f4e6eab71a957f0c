//! What several targets make of their bytes: types, buffers, values, a batch, and a meter that says no.
#![allow(dead_code)] // Each target uses its part.

use std::sync::Arc;

use arbitrary::Arbitrary;
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, ListArray, StringArray,
    TimestampMicrosecondArray, UInt32Array,
};
use arrow::datatypes::{Field, Int64Type, Schema};
use jackfield_columns::compute::Scalar;
use jackfield_columns::{
    Batch, Buffers, DictionaryKey, Failure, FlatField, FlatType, IntervalUnit, Meter, TimeUnit, parse_type,
};

/// Refuses after a while, as a plugin's account does.
#[derive(Debug, Default)]
pub struct Bounded {
    worked: u64,
    allocated: u64,
}

impl Meter for Bounded {
    fn work(&mut self, units: u64) -> Result<(), Failure> {
        self.worked = self.worked.saturating_add(units);
        if self.worked > 50_000_000 { Err(Failure::limit("fuel", "enough")) } else { Ok(()) }
    }

    fn allocate(&mut self, bytes: u64) -> Result<(), Failure> {
        self.allocated = self.allocated.saturating_add(bytes);
        if self.allocated > 64 << 20 { Err(Failure::limit("memory", "enough")) } else { Ok(()) }
    }
}

/// What came of it. A kernel that panicked was caught, and is a finding all the same.
pub fn sound<T>(result: Result<T, Failure>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(failure) => {
            assert_ne!(failure.code, "panic", "{}", failure.message);
            None
        }
    }
}

/// One field of a tree.
#[derive(Arbitrary, Debug)]
pub struct Type {
    kind: u8,
    size: u32,
    text: String,
    nullable: bool,
    children: Vec<u8>,
}

impl Type {
    /// The field, whether it makes sense or not.
    pub fn field(self) -> FlatField {
        let Type { kind, size, text, nullable, children } = self;
        let unit =
            [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond][(size % 4) as usize];
        let kind = match kind % 34 {
            0 => FlatType::Null,
            1 => FlatType::Boolean,
            2 => FlatType::Int8,
            3 => FlatType::Int16,
            4 => FlatType::Int32,
            5 => FlatType::Int64,
            6 => FlatType::Uint8,
            7 => FlatType::Uint16,
            8 => FlatType::Uint32,
            9 => FlatType::Uint64,
            10 => FlatType::Float16,
            11 => FlatType::Float32,
            12 => FlatType::Float64,
            13 => FlatType::Decimal128(size as u8, (size >> 8) as i8),
            14 => FlatType::Decimal256(size as u8, (size >> 8) as i8),
            15 => FlatType::Utf8,
            16 => FlatType::LargeUtf8,
            17 => FlatType::Binary,
            18 => FlatType::LargeBinary,
            19 => FlatType::FixedSizeBinary(size),
            20 => FlatType::Date32,
            21 => FlatType::Date64,
            22 => FlatType::Time32(unit),
            23 => FlatType::Time64(unit),
            24 => FlatType::Timestamp(unit, Some(text.clone()).filter(|text| !text.is_empty())),
            25 => FlatType::Duration(unit),
            26 => FlatType::Interval(IntervalUnit::MonthDayNano),
            27 => FlatType::ListOf,
            28 => FlatType::LargeListOf,
            29 => FlatType::FixedSizeListOf(size),
            30 => FlatType::StructOf,
            31 => FlatType::MapOf,
            32 => FlatType::DictionaryOf(DictionaryKey::Int8),
            _ => FlatType::Other(text.clone()),
        };
        let children = children.into_iter().map(u32::from).collect();
        FlatField { name: text, kind, nullable, children, metadata: Vec::new() }
    }
}

/// Buffers of one level.
#[derive(Arbitrary, Debug)]
pub struct Level {
    length: u32,
    null_count: u32,
    validity: Option<Vec<u8>>,
    offsets: Option<Vec<i32>>,
    values: Vec<u8>,
}

impl Level {
    /// The buffers as a plugin would hand them over.
    pub fn buffers(self) -> Buffers {
        let Level { length, null_count, validity, offsets, values } = self;
        let offsets = offsets.map(|offsets| offsets.into_iter().flat_map(i32::to_le_bytes).collect());
        Buffers { length, null_count, validity, offsets, values }
    }
}

/// A value beside columns.
#[derive(Arbitrary, Debug)]
pub enum Value {
    Null,
    Boolean(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(String),
    Binary(Vec<u8>),
    Typed(String, String),
}

impl Value {
    /// The scalar; type text that is none becomes a null.
    pub fn scalar(&self) -> Scalar {
        match self {
            Value::Null => Scalar::Null,
            Value::Boolean(value) => Scalar::Boolean(*value),
            Value::Int(value) => Scalar::Int64(*value),
            Value::Uint(value) => Scalar::Uint64(*value),
            Value::Float(value) => Scalar::Float64(*value),
            Value::Text(value) => Scalar::Text(value.clone()),
            Value::Binary(value) => Scalar::Binary(value.clone()),
            Value::Typed(name, text) => {
                parse_type(name).map_or(Scalar::Null, |data_type| Scalar::Typed(data_type, text.clone()))
            }
        }
    }
}

/// A few rows of many types, with nulls and extremes.
pub fn sample() -> Batch {
    let lists = [Some(vec![Some(1), None]), None, Some(vec![]), Some(vec![Some(i64::MAX)])];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("x", Arc::new(Int64Array::from(vec![Some(1), None, Some(i64::MIN), Some(i64::MAX)]))),
        ("f", Arc::new(Float64Array::from(vec![Some(-0.0), Some(f64::NAN), None, Some(f64::INFINITY)]))),
        ("t", Arc::new(StringArray::from(vec![Some("a"), Some(""), None, Some("é1-🙂")]))),
        ("b", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]))),
        ("d", Arc::new(Date32Array::from(vec![Some(0), Some(i32::MIN), Some(i32::MAX), None]))),
        ("s", Arc::new(TimestampMicrosecondArray::from(vec![Some(0), Some(i64::MIN), Some(i64::MAX), None]))),
        ("u", Arc::new(UInt32Array::from(vec![Some(0), Some(u32::MAX), None, Some(3)]))),
        ("c", Arc::new(Decimal128Array::from(vec![Some(1), None, Some(i128::MAX / 10), Some(-5)]))),
        ("l", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists))),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    Batch::of(Arc::new(Schema::new(fields)), 4, arrays).expect("the sample is sound")
}
