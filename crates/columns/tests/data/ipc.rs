//! Arrow IPC streams.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringViewArray, UInt32Array};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::writer::StreamWriter;
use jackfield_columns::{Batch, Unmetered, from_ipc, to_ipc};
use proptest::prelude::*;

use crate::sample::{ALL_TYPES, Seed, assert_same, kind};

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
