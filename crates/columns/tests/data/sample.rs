//! Arrays of every type, made from a seed.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, StringArray, StructArray, new_null_array};
use arrow::compute::{cast, nullif};
use arrow::datatypes::{DataType, Field, Fields};
use jackfield_columns::{Buffers, array_from_levels, parse_type, tree_from_field};

/// Type text of every type that a plugin may see.
pub(crate) const ALL_TYPES: &[&str] = &[
    "null",
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "decimal(38,10)",
    "decimal(50,10)",
    "utf8",
    "large-utf8",
    "binary",
    "large-binary",
    "fixed-size-binary(5)",
    "date",
    "date64",
    "time[s]",
    "time[ms]",
    "time",
    "time[ns]",
    "timestamp",
    "timestamp[s]",
    "timestamp[ms, Europe/Paris]",
    "timestamp[ns]",
    "timestamp[UTC]",
    "duration",
    "duration[ns]",
    "interval",
    "interval[year-month]",
    "interval[day-time]",
    "list<utf8>",
    "large-list<int32>",
    "fixed-size-list<int16, 3>",
    "struct<a: int64, b: utf8>",
    "map<utf8, int64>",
    "dictionary<int8, utf8>",
    "dictionary<uint64, list<int32>>",
    "list<struct<a: list<bool>, b: dictionary<int32, utf8>>>",
    "fixed-size-list<struct<a: utf8>, 2>",
    "struct<>",
];

pub(crate) fn kind(text: &str) -> DataType {
    parse_type(text).unwrap()
}

/// A generator of numbers that needs no crate (splitmix64).
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    pub(crate) fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % below.max(1)
    }

    /// About one null in four, where the field may have any.
    fn nulls(&mut self, field: &Field, length: usize) -> (u32, Option<Vec<u8>>) {
        if !field.is_nullable() || self.next(3) == 0 {
            return (0, None);
        }
        let mut bytes = vec![0u8; length.div_ceil(8)];
        let mut count = 0;
        for row in 0..length {
            if self.next(4) > 0 {
                bytes[row / 8] |= 1 << (row % 8);
            } else {
                count += 1;
            }
        }
        (count, Some(bytes))
    }

    fn offsets(&mut self, length: usize, wide: bool) -> (Vec<u8>, usize) {
        let mut end = 0i64;
        let mut bytes = Vec::new();
        for row in 0..=length {
            end += if row == 0 { 0 } else { self.next(4) as i64 };
            if wide {
                bytes.extend(end.to_le_bytes());
            } else {
                bytes.extend((end as i32).to_le_bytes());
            }
        }
        (bytes, end as usize)
    }

    fn levels(&mut self, field: &Field, length: usize, levels: &mut Vec<Buffers>) {
        let (null_count, validity) = self.nulls(field, length);
        let index = levels.len();
        levels.push(Buffers { length: length as u32, null_count, validity, offsets: None, values: Vec::new() });
        match field.data_type() {
            DataType::Null => levels[index] = Buffers { length: length as u32, ..Buffers::default() },
            DataType::Boolean => levels[index].values = self.bytes(length.div_ceil(8)),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary => {
                let wide = matches!(field.data_type(), DataType::LargeUtf8 | DataType::LargeBinary);
                let (offsets, end) = self.offsets(length, wide);
                levels[index].offsets = Some(offsets);
                levels[index].values = (0..end).map(|_| b'a' + self.next(26) as u8).collect();
            }
            DataType::FixedSizeBinary(width) => levels[index].values = self.bytes(length * *width as usize),
            DataType::List(item) | DataType::LargeList(item) | DataType::Map(item, _) => {
                let wide = matches!(field.data_type(), DataType::LargeList(_));
                let (offsets, end) = self.offsets(length, wide);
                levels[index].offsets = Some(offsets);
                self.levels(item, end, levels);
            }
            DataType::FixedSizeList(item, size) => self.levels(item, length * *size as usize, levels),
            DataType::Struct(fields) => fields.iter().for_each(|field| self.levels(field, length, levels)),
            DataType::Dictionary(key, value) => {
                let width = key.primitive_width().unwrap();
                let keys = (0..length).flat_map(|_| self.next(5).to_le_bytes()[..width].to_vec());
                levels[index].values = keys.collect();
                self.levels(&Field::new("values", value.as_ref().clone(), true), 5, levels);
            }
            DataType::Decimal128(_, _) => {
                levels[index].values = (0..length).flat_map(|_| (self.next(1 << 40) as i128).to_le_bytes()).collect();
            }
            DataType::Decimal256(_, _) => {
                let value = |seed: &mut Self| [seed.next(1 << 40).to_le_bytes(), [0; 8], [0; 8], [0; 8]].concat();
                levels[index].values = (0..length).flat_map(|_| value(self)).collect();
            }
            other => levels[index].values = self.bytes(length * other.primitive_width().unwrap()),
        }
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        // Small numbers, so that floats are no signalling NaN and times have a calendar.
        (0..length).map(|_| self.next(60) as u8).collect()
    }

    pub(crate) fn array(&mut self, data_type: &DataType, length: usize) -> ArrayRef {
        let field = Field::new("c", data_type.clone(), true);
        let mut levels = Vec::new();
        self.levels(&field, length, &mut levels);
        assert_eq!(levels.len(), tree_from_field(&field).len());
        array_from_levels(&field, levels).unwrap()
    }
}

/// A struct that may be null with a child that may not, which arrow's own kernels handle with difficulty.
pub(crate) fn strict_struct(length: usize, null_every: usize) -> ArrayRef {
    let text: ArrayRef = Arc::new(StringArray::from_iter_values((0..length).map(|row| format!("secret {row}"))));
    let fields = Fields::from(vec![Field::new("s", DataType::Utf8, false)]);
    let all: ArrayRef = Arc::new(StructArray::new(fields, vec![text], None));
    let hidden: BooleanArray = (0..length).map(|row| Some(row % null_every == 0)).collect();
    nullif(&all, &hidden).unwrap()
}

/// Equal in what rows say; the bytes under nulls may differ.
pub(crate) fn assert_same(left: &ArrayRef, right: &ArrayRef) {
    assert_eq!(left.data_type(), right.data_type());
    assert_eq!(left.len(), right.len());
    if matches!(left.data_type(), DataType::Dictionary(_, _)) {
        let DataType::Dictionary(_, value) = left.data_type() else { return };
        if value.is_nested() {
            let plain = |array: &ArrayRef| {
                let dictionary = arrow::array::AsArray::as_any_dictionary(array.as_ref());
                if array.is_empty() || dictionary.values().is_empty() {
                    return new_null_array(value, array.len());
                }
                let keys = cast(&dictionary.keys().slice(0, array.len()), &DataType::UInt64).unwrap();
                arrow::compute::take(dictionary.values(), &keys, None).unwrap()
            };
            return assert_eq!(&plain(left), &plain(right));
        }
    }
    assert_eq!(left, right);
}

/// Decimals of a scale below zero, by themselves and inside of others, as an Arrow library may send them.
pub(crate) fn scaled_below_zero() -> Vec<(DataType, ArrayRef)> {
    let types = [
        DataType::Decimal128(5, -2),
        DataType::Decimal256(50, -2),
        DataType::List(Arc::new(Field::new_list_field(DataType::Decimal128(5, -2), true))),
        DataType::Struct(Fields::from(vec![Field::new("a", DataType::Decimal128(5, -2), true)])),
    ];
    types.into_iter().map(|data_type| (data_type.clone(), new_null_array(&data_type, 2))).collect()
}
