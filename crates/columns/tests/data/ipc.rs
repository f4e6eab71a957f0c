//! Arrow IPC streams.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int32Array, RecordBatch, StringArray, StringViewArray,
    StringViewBuilder, StructArray, UInt32Array,
};
use arrow::buffer::{Buffer, NullBuffer};
use arrow::datatypes::{DataType, Field, Fields, Int32Type, Schema};
use arrow::ipc::writer::{DictionaryHandling, IpcWriteOptions, StreamWriter};
use jackfield_columns::{Batch, Failure, Meter, Unmetered, from_ipc, to_ipc};
use proptest::prelude::*;

use crate::sample::{ALL_TYPES, Seed, assert_same, kind, scaled_below_zero};

fn every_type(seed: u64, rows: usize) -> Batch {
    let mut seed = Seed(seed);
    let fields = ALL_TYPES.iter().map(|text| Field::new(*text, kind(text), true));
    let columns = ALL_TYPES.iter().map(|text| seed.array(&kind(text), rows)).collect();
    Batch::of(Arc::new(Schema::new(fields.collect::<Vec<_>>())), rows, columns).unwrap()
}

fn stream(schema: Schema, columns: Vec<ArrayRef>) -> Vec<u8> {
    let rows = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), rows.schema_ref()).unwrap();
    writer.write(&rows).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn batches_of_every_type_go_out_and_back() {
    let batches = [every_type(1, 50), every_type(2, 0), every_type(3, 9).slice(3, 4).unwrap()];
    let bytes = to_ipc(&batches, &mut Unmetered).unwrap();
    for ending in [&bytes[..], &bytes[..bytes.len() - 8]] {
        let back = from_ipc(ending, &mut Unmetered).unwrap();
        assert_eq!(back.len(), batches.len());
        for (one, other) in batches.iter().zip(&back) {
            assert_eq!(one.rows(), other.rows());
            for index in 0..ALL_TYPES.len() {
                let column = |batch: &Batch| batch.column(index, &mut Unmetered).unwrap();
                assert_same(&column(one), &column(other));
            }
        }
    }
}

#[test]
fn batches_of_a_stream_have_the_same_columns() {
    let one = every_type(1, 3);
    let other = one.pick(&[(1, None)]).unwrap();
    assert_eq!(to_ipc(&[one, other], &mut Unmetered).unwrap_err().code, "type-mismatch");
    assert_eq!(to_ipc(&[], &mut Unmetered).unwrap_err().code, "out-of-bounds");
}

#[test]
fn views_are_converted_on_the_way_in() {
    let views: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a text of more than twelve bytes"), None]));
    let schema = Schema::new(vec![Field::new("v", DataType::Utf8View, true)]);
    let back = from_ipc(&stream(schema, vec![views]), &mut Unmetered).unwrap();
    assert_eq!(back[0].schema().field(0).data_type(), &DataType::Utf8);
    assert_eq!(back[0].column(0, &mut Unmetered).unwrap().data_type(), &DataType::Utf8);
}

#[test]
fn columns_of_one_name_and_deep_types_are_refused() {
    let number: ArrayRef = Arc::new(UInt32Array::from(vec![1]));
    let twice = Schema::new(vec![Field::new("a", DataType::UInt32, true), Field::new("a", DataType::UInt32, true)]);
    let failure = from_ipc(&stream(twice, vec![number.clone(), number]), &mut Unmetered).unwrap_err();
    assert_eq!(failure.code, "duplicate-column");
    for (levels, code) in [(33, "invalid-type"), (1000, "invalid-buffers")] {
        let deep =
            (1..levels).fold(DataType::Int8, |inner, _| DataType::List(Arc::new(Field::new_list_field(inner, true))));
        let mut writer = StreamWriter::try_new(Vec::new(), &Schema::new(vec![Field::new("d", deep, true)])).unwrap();
        writer.finish().unwrap();
        let failure = from_ipc(writer.get_ref(), &mut Unmetered).unwrap_err();
        assert_eq!(failure.code, code, "{levels} levels: {failure}");
    }
}

#[test]
fn bytes_that_are_no_stream_are_refused() {
    for bytes in [&b""[..], b"PAR1", b"\xff\xff\xff\xff\xff\xff\xff\x7f", &[0; 64], &[0xff; 64]] {
        assert_eq!(from_ipc(bytes, &mut Unmetered).unwrap_err().code, "invalid-buffers", "{bytes:?}");
    }
}

/// Lets pass what is not too much at once, and adds up the work.
pub(crate) struct Tight {
    pub(crate) most: u64,
    pub(crate) asked: u64,
    pub(crate) worked: u64,
}

impl Meter for Tight {
    fn work(&mut self, units: u64) -> Result<(), Failure> {
        self.worked += units;
        Ok(())
    }

    fn allocate(&mut self, bytes: u64) -> Result<(), Failure> {
        self.asked += bytes;
        if bytes > self.most { Err(Failure::limit("memory", "too much")) } else { Ok(()) }
    }
}

pub(crate) fn tight(most: u64) -> Tight {
    Tight { most, asked: 0, worked: 0 }
}

fn words(keys: Int32Array, values: &[&str]) -> ArrayRef {
    Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(StringArray::from(values.to_vec()))).unwrap())
}

/// A stream in which the dictionary is told anew, or grows, with each batch.
fn dictionaries(handling: DictionaryHandling, batches: usize) -> Vec<u8> {
    let options = IpcWriteOptions::default().with_dictionary_handling(handling);
    let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let schema = Arc::new(Schema::new(vec![Field::new("d", kind, true)]));
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &schema, options).unwrap();
    let all: Vec<String> = (0..batches).map(|batch| format!("{batch:01000}")).collect();
    for batch in 1..=batches {
        let values: Vec<&str> = all[..batch].iter().map(String::as_str).collect();
        let column = words(Int32Array::from(vec![batch as i32 - 1]), &values);
        writer.write(&RecordBatch::try_new(schema.clone(), vec![column]).unwrap()).unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn dictionaries_that_grow_or_are_replaced_are_paid_for() {
    for handling in [DictionaryHandling::Delta, DictionaryHandling::Resend] {
        let bytes = dictionaries(handling, 200);
        let mut meter = tight(u64::MAX);
        let read = from_ipc(&bytes, &mut meter).unwrap();
        assert_eq!(read.len(), 200);
        let last = read[199].column(0, &mut Unmetered).unwrap();
        assert_eq!(last.as_any_dictionary().values().len(), 200);
        // Each of them is copied whole: 200 * 201 / 2 times a kilobyte.
        assert!(meter.asked > 20_000_000 && meter.worked > 2_500_000, "{} {}", meter.asked, meter.worked);
        let largest = if bytes.len() < 1 << 20 { 100_000 } else { bytes.len() as u64 };
        assert_eq!(from_ipc(&bytes, &mut tight(largest)).unwrap_err().code, "memory");
    }
}

#[test]
fn keys_under_nulls_are_zeros_on_the_way_in() {
    let nulls = NullBuffer::from(vec![true, false, false]);
    let keys = Int32Array::new(vec![1, i32::MAX, -1].into(), Some(nulls.clone()));
    let plain = words(keys, &["a", "b"]);
    let field = Field::new("d", plain.data_type().clone(), true);
    let fields = Fields::from(vec![field.clone()]);
    let nested: ArrayRef = Arc::new(StructArray::new(fields.clone(), vec![plain.clone()], None));
    let schema = Schema::new(vec![field, Field::new("s", DataType::Struct(fields), true)]);
    let read = from_ipc(&stream(schema, vec![plain.clone(), nested]), &mut Unmetered).unwrap();
    let one = read[0].column(0, &mut Unmetered).unwrap();
    let inner = read[0].column(1, &mut Unmetered).unwrap().as_struct().column(0).clone();
    for column in [one, inner] {
        let dictionary = column.as_any_dictionary_opt().unwrap();
        assert_eq!(dictionary.keys().as_primitive::<Int32Type>().values(), &[1, 0, 0]);
        assert_eq!(column.nulls(), Some(&nulls));
        // Nothing that moves rows trips over them.
        for rows in [vec![Some(1)], vec![Some(2), None, Some(0)]] {
            let rows: ArrayRef = Arc::new(UInt32Array::from(rows));
            read[0].take(&rows, &mut Unmetered).unwrap().materialise(&mut Unmetered).unwrap();
        }
    }
    let out = to_ipc(&read, &mut Unmetered).unwrap();
    assert!(!out.windows(4).any(|bytes| bytes == i32::MAX.to_le_bytes()), "the key is gone");
}

#[test]
fn decimals_scaled_below_zero_are_refused() {
    for (data_type, column) in scaled_below_zero() {
        let schema = Schema::new(vec![Field::new("d", data_type, true)]);
        let failure = from_ipc(&stream(schema, vec![column]), &mut Unmetered).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.column.as_deref()), ("invalid-type", Some("d")));
    }
}

/// Views may show the same bytes again and again: what they unfold to is asked for.
#[test]
fn views_are_paid_for_as_what_they_show() {
    let long = "x".repeat(1 << 20);
    let mut builder = StringViewBuilder::new();
    let block = builder.append_block(Buffer::from(long.as_bytes()));
    for _ in 0..4000 {
        builder.try_append_view(block, 0, 1 << 20).unwrap();
    }
    let views: ArrayRef = Arc::new(builder.finish());
    let bytes = stream(Schema::new(vec![Field::new("v", DataType::Utf8View, true)]), vec![views.clone()]);
    assert!(bytes.len() < 2 << 20);
    assert_eq!(from_ipc(&bytes, &mut tight(64 << 20)).unwrap_err().code, "too-large");
    let bytes = stream(Schema::new(vec![Field::new("v", DataType::Utf8View, true)]), vec![views.slice(0, 100)]);
    assert_eq!(from_ipc(&bytes, &mut tight(64 << 20)).unwrap_err().code, "memory");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_streams_are_refused_or_sound(seed in any::<u64>(), damages in 1usize..6, cut in 0usize..4) {
        let mut seed = Seed(seed);
        let mut bytes = to_ipc(&[every_type(seed.next(u64::MAX), 5)], &mut Unmetered).unwrap();
        if cut == 0 {
            bytes.truncate(seed.next(bytes.len() as u64) as usize);
        }
        for _ in 0..damages {
            let at = seed.next(bytes.len() as u64) as usize;
            if let Some(byte) = bytes.get_mut(at) {
                *byte = [0, 1, 0x7f, 0x80, 0xff, seed.next(256) as u8][seed.next(6) as usize];
            }
        }
        for batch in from_ipc(&bytes, &mut Unmetered).unwrap_or_default() {
            for column in batch.materialise(&mut Unmetered).unwrap().columns() {
                column.to_data().validate_full().unwrap();
            }
        }
    }
}
