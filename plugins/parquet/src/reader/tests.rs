//! Parquet read back: projection, pruning, and damaged files.

use super::*;
use crate::options::Options;
use crate::write::Writer;
use arrow_array::builder::{Int32Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int64Type};
use arrow_array::{
    BooleanArray, Decimal128Array, Decimal256Array, DictionaryArray, FixedSizeListArray, Float64Array, Int64Array,
    IntervalDayTimeArray, NullArray, RecordBatch, StringArray, StructArray, TimestampNanosecondArray, UInt32Array,
};
use arrow_buffer::{IntervalDayTime, i256};
use arrow_schema::Schema;
use jackfield_sdk::{Params, Predicate, Scalar};

fn demand(columns: Option<&[&str]>, predicates: Vec<Predicate>, limit: Option<u64>) -> Demand {
    let columns = columns.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    Demand { columns, predicates, limit, batch_rows: 1000, resume: None, extra: Vec::new() }
}

fn written(batches: &[RecordBatch], options: &str) -> Vec<u8> {
    let options = Options::parse(&Params::new(options)).unwrap();
    let mut writer = Writer::new(Vec::new(), &batches[0].schema(), &options).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.finish().unwrap()
}

fn open(bytes: &[u8], demand: &Demand) -> Result<Reader, Failure> {
    let data = bytes.to_vec();
    let read_at = move |at: u64, most: u32| {
        let from = (at as usize).min(data.len());
        Ok(data[from..(from + most as usize).min(data.len())].to_vec())
    };
    Reader::open(File::new(bytes.len() as u64, Box::new(read_at)), &[], demand)
}

fn all(bytes: &[u8], demand: &Demand) -> Result<Vec<Rows>, Failure> {
    let mut reader = open(bytes, demand)?;
    let mut out = Vec::new();
    while let Some(rows) = reader.rows()? {
        out.push(rows);
    }
    Ok(out)
}

fn numbers(rows: &[Rows], column: usize) -> Vec<i64> {
    rows.iter().flat_map(|rows| rows.arrays[column].as_primitive::<Int64Type>().values().to_vec()).collect()
}

/// Number and text, in order: 10,000 rows.
fn table() -> RecordBatch {
    let numbers = Int64Array::from_iter_values(0..10_000);
    let words = StringArray::from_iter_values((0..10_000).map(|n| format!("word {}", n / 100)));
    RecordBatch::try_from_iter([("n", Arc::new(numbers) as ArrayRef), ("t", Arc::new(words) as ArrayRef)]).unwrap()
}

fn where_n(comparison: &str, value: i64) -> Vec<Predicate> {
    vec![Predicate { column: "n".to_owned(), comparison: comparison.to_owned(), values: vec![Scalar::Int64(value)] }]
}

#[test]
fn all_compressions_and_the_columns_that_are_asked_for() {
    for compression in ["zstd", "snappy", "gzip", "lz4", "brotli", "none"] {
        let options = format!("{{\"compression\": \"{compression}\", \"row-group-rows\": 4000}}");
        let bytes = written(&[table()], &options);
        let rows = all(&bytes, &demand(Some(&["t", "n"]), vec![], None)).unwrap();
        assert_eq!(numbers(&rows, 1), (0..10_000).collect::<Vec<_>>(), "{compression}");
        assert_eq!(rows[3].arrays[0].as_string::<i32>().value(0), "word 30");
        assert!(rows.iter().all(|rows| rows.records.is_none()));
        assert_eq!(rows[4].first, 4000);
    }
}

#[test]
fn row_groups_without_rows_of_use_are_left_out() {
    let bytes = written(&[table()], "{\"row-group-rows\": 1000}");
    let rows = all(&bytes, &demand(None, where_n("=", 4500), None)).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].first, rows[0].count), (4000, 1000));
    let text = Predicate {
        column: "t".to_owned(),
        comparison: "<".to_owned(),
        values: vec![Scalar::Text("word 10".to_owned())],
    };
    // Text compares as bytes: "word 0", "word 1" and "word 10" come first.
    let rows = all(&bytes, &demand(Some(&["n"]), vec![text], None)).unwrap();
    assert_eq!(rows.iter().map(|rows| rows.first).collect::<Vec<_>>(), [0]);
    assert!(all(&bytes, &demand(None, where_n(">", 9_999), None)).unwrap().is_empty());
}

#[test]
fn pages_without_rows_of_use_are_left_out_and_rows_keep_their_numbers() {
    let schema = table().schema();
    let properties = parquet::file::properties::WriterProperties::builder()
        .set_data_page_row_count_limit(100)
        .set_write_batch_size(100)
        .build();
    let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), schema, Some(properties)).unwrap();
    writer.write(&table()).unwrap();
    let bytes = writer.into_inner().unwrap();
    let values = vec![Scalar::Int64(250), Scalar::Int64(7_777)];
    let predicate = Predicate { column: "n".to_owned(), comparison: "in".to_owned(), values };
    let rows = all(&bytes, &demand(None, vec![predicate], None)).unwrap();
    let expected: Vec<i64> = (200..300).chain(7_700..7_800).collect();
    assert_eq!(numbers(&rows, 0), expected);
    let records: Vec<u64> = rows
        .iter()
        .flat_map(|rows| match &rows.records {
            Some(records) => records.clone(),
            None => (rows.first..rows.first + rows.count as u64).collect(),
        })
        .collect();
    assert_eq!(records, expected.iter().map(|n| *n as u64).collect::<Vec<_>>());
    assert_eq!(rows[0].arrays[1].as_string::<i32>().value(0), "word 2");
}

#[test]
fn a_limit_ends_the_reading_unless_there_are_predicates() {
    let bytes = written(&[table()], "{}");
    let count = |predicates, limit| {
        let rows = all(&bytes, &demand(Some(&[]), predicates, limit)).unwrap();
        rows.iter().map(|rows| rows.count).sum::<usize>()
    };
    assert_eq!(count(vec![], None), 10_000);
    assert_eq!(count(vec![], Some(1_234)), 1_234);
    assert_eq!(count(where_n(">", 0), Some(10)), 10_000);
}

/// A column of each kind, with nulls.
fn kinds() -> RecordBatch {
    let count = 50;
    let some = |n: i64| (n % 3 != 0).then_some(n);
    let mut lists = ListBuilder::new(Int32Builder::new());
    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for n in 0..count {
        for item in 0..n % 4 {
            lists.values().append_option((item != 1).then_some(item as i32));
            maps.keys().append_value(format!("k{item}"));
            maps.values().append_value(n as i32);
        }
        lists.append(n % 5 != 0);
        maps.append(true).unwrap();
    }
    let numbers: Int64Array = (0..count).map(some).collect();
    let words: StringArray = (0..count).map(|n| some(n).map(|n| format!("w{}", n % 7))).collect();
    let item = Arc::new(Field::new("item", DataType::Int64, true));
    let pairs = FixedSizeListArray::new(item, 2, Arc::new(Int64Array::from_iter_values(0..2 * count)), None);
    let nested = StructArray::from(vec![
        (Arc::new(Field::new("n", DataType::Int64, true)), Arc::new(numbers.clone()) as ArrayRef),
        (Arc::new(Field::new("w", DataType::Utf8, true)), Arc::new(words.clone()) as ArrayRef),
    ]);
    let dictionary: DictionaryArray<Int8Type> = words.iter().collect();
    let decimals: Decimal128Array = (0..count).map(|n| some(n).map(i128::from)).collect();
    let wide: Decimal256Array = (0..count).map(|n| some(n).map(|n| i256::from_i128(n.into()))).collect();
    let times: TimestampNanosecondArray = (0..count).map(some).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("null", Arc::new(NullArray::new(count as usize))),
        ("bool", Arc::new((0..count).map(|n| some(n).map(|n| n % 2 == 0)).collect::<BooleanArray>())),
        ("number", Arc::new(numbers)),
        ("float", Arc::new((0..count).map(|n| some(n).map(|n| n as f64)).collect::<Float64Array>())),
        ("text", Arc::new(words)),
        ("decimal", Arc::new(decimals.with_precision_and_scale(20, 3).unwrap())),
        ("wide", Arc::new(wide.with_precision_and_scale(60, 3).unwrap())),
        ("time", Arc::new(times.with_timezone("Europe/Paris"))),
        ("interval", Arc::new(IntervalDayTimeArray::from(vec![IntervalDayTime::new(3, 4); count as usize]))),
        ("list", Arc::new(lists.finish())),
        ("map", Arc::new(maps.finish())),
        ("pair", Arc::new(pairs)),
        ("nested", Arc::new(nested)),
        ("dictionary", Arc::new(dictionary)),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

#[test]
fn every_kind_of_column_comes_back_as_it_was() {
    let kinds = kinds();
    let bytes = written(std::slice::from_ref(&kinds), "{}");
    let rows = all(&bytes, &demand(None, vec![], None)).unwrap();
    assert_eq!(rows.len(), 1);
    for ((array, expected), field) in rows[0].arrays.iter().zip(kinds.columns()).zip(kinds.schema().fields()) {
        assert_eq!(array, expected, "{}", field.name());
    }
    let rows = all(&bytes, &demand(Some(&["nested", "text"]), vec![], None)).unwrap();
    assert_eq!(&rows[0].arrays[0], kinds.column_by_name("nested").unwrap());
}

#[test]
fn wide_rows_come_in_smaller_batches() {
    let words = StringArray::from_iter_values((0..20_000).map(|n| format!("{n}").repeat(400)));
    let batch = RecordBatch::try_from_iter([("t", Arc::new(words) as ArrayRef)]).unwrap();
    let bytes = written(&[batch], "{\"compression\": \"zstd\"}");
    let wide = Demand { batch_rows: 65_536, ..demand(None, vec![], None) };
    let rows = all(&bytes, &wide).unwrap();
    assert_eq!(rows.iter().map(|rows| rows.count).sum::<usize>(), 20_000);
    assert!(rows.iter().all(|rows| weight(&rows.arrays[0]) <= TOO_MUCH));
}

#[test]
fn batches_have_as_many_rows_as_were_asked_for() {
    let numbers = UInt32Array::from_iter_values(0..40_000);
    let batch = RecordBatch::try_from_iter([("n", Arc::new(numbers) as ArrayRef)]).unwrap();
    let bytes = written(&[batch], "{}");
    let counts = |batch_rows, extra: &[(&str, &str)]| {
        let extra = extra.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let demand = Demand { batch_rows, extra, ..demand(None, vec![], None) };
        all(&bytes, &demand).unwrap().iter().map(|rows| rows.count).collect::<Vec<_>>()
    };
    let free = [("batch-rows", "at-most")];
    assert_eq!(counts(65_536, &[]), [40_000]);
    assert_eq!(counts(65_536, &free), [CACHED, CACHED, 40_000 - 2 * CACHED]);
    assert_eq!(counts(30_000, &[("other", "at-most")]), [30_000, 10_000]);
    assert_eq!(counts(15_000, &free), [15_000, 15_000, 10_000]);
}

#[test]
fn what_is_no_parquet_file_is_told_from_one_that_is_damaged() {
    let code = |bytes: &[u8]| open(bytes, &demand(None, vec![], None)).map(|_| ()).unwrap_err().code;
    assert_eq!(code(b""), "not-parquet");
    assert_eq!(code(b"a,b\n1,2\n"), "not-parquet");
    assert_eq!(code(b"PAR1\0\x01\x02\x03\x04\x05\x06\x07\x08\xff\0\0\0PAR1"), "invalid-data");
    assert_eq!(code(b"PAR1\0\x01\x02\x03\x04\x05\x06\x07\x08\x05\0\0\0PAR1"), "invalid-data");
    let bytes = written(&[table()], "{}");
    assert_eq!(code(&bytes[..bytes.len() - 1]), "truncated");
    assert_eq!(code(&bytes[..100]), "truncated");
    assert_eq!(code(&[&bytes[..bytes.len() - 4], b"PARE"].concat()), "not-supported");
}

/// A generator of numbers that are the same in each run.
fn random(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

#[test]
fn damaged_files_fail_in_words() {
    let files = [
        written(&[kinds()], "{}"),
        written(&[kinds()], "{\"compression\": \"none\"}"),
        written(&[kinds()], "{\"compression\": \"snappy\"}"),
        written(&[table().slice(0, 500)], "{\"compression\": \"lz4\", \"row-group-rows\": 200}"),
    ];
    let mut state = 1;
    let (mut failed, mut read, mut panicked) = (0, 0, 0);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for file in &files {
        for round in 0..1500 {
            let mut bytes = file.clone();
            // The footer is where most of what is believed stands.
            let from = if round % 3 == 0 { bytes.len() - bytes.len().min(1500) } else { 0 };
            for _ in 0..1 + random(&mut state) % 3 {
                let at = from + random(&mut state) % (bytes.len() - from);
                bytes[at] = random(&mut state) as u8;
            }
            if round % 10 == 0 {
                bytes.truncate(random(&mut state) % bytes.len());
            }
            let predicates = if round % 2 == 0 { vec![] } else { where_n(">", 3) };
            let outcome = std::panic::catch_unwind(|| all(&bytes, &demand(None, predicates, None)).map(|_| ()));
            match outcome {
                Ok(Ok(())) => read += 1,
                Ok(Err(failure)) => {
                    assert!(!failure.message.is_empty() && !failure.code.is_empty());
                    failed += 1;
                }
                // The decoder's own; in the sandbox it ends the instance, and the user is told that the file is damaged.
                Err(_) => panicked += 1,
            }
        }
    }
    std::panic::set_hook(hook);
    assert!(failed > 500 && read > 0, "{failed} failed, {read} could be read");
    assert!(panicked * 100 < failed, "{panicked} panicked, {failed} failed");
}
