//! Rows as JSON Lines.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array,
    Float64Array, Int64Array, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray, TimestampSecondArray,
    UInt64Array,
};
use arrow::datatypes::{Field, Int8Type, Schema};
use expect_test::expect;
use jackfield_columns::{Batch, Unmetered, row_to_json, write_rows};

use crate::sample::{ALL_TYPES, Seed, kind};

fn batch(columns: Vec<(&str, ArrayRef)>) -> Batch {
    let fields = columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let rows = columns[0].1.len();
    Batch::of(schema, rows, columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

fn lines(batch: &Batch) -> String {
    let mut out = Vec::new();
    write_rows(batch, &mut out, &mut Unmetered).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn numbers_are_in_the_shortest_form_that_reads_back() {
    let batch = batch(vec![
        ("f", Arc::new(Float64Array::from(vec![2.0, 0.1, 1e300, f64::NAN, -0.0]))),
        ("g", Arc::new(Float32Array::from(vec![0.1, 16777216.0, 3.4e38, f32::INFINITY, -1.5]))),
        ("i", Arc::new(Int64Array::from(vec![i64::MIN, 0, 1, 2, i64::MAX]))),
        ("u", Arc::new(UInt64Array::from(vec![u64::MAX, 0, 1, 2, 3]))),
        (
            "d",
            Arc::new(
                Decimal128Array::from(vec![150, 7, 0, -1, 12345678901234567890])
                    .with_precision_and_scale(30, 2)
                    .unwrap(),
            ),
        ),
    ]);
    expect![[r#"
        {"f":2.0,"g":0.1,"i":-9223372036854775808,"u":18446744073709551615,"d":1.5}
        {"f":0.1,"g":16777216.0,"i":0,"u":0,"d":0.07}
        {"f":1e+300,"g":3.4e+38,"i":1,"u":1,"d":0.0}
        {"f":null,"g":null,"i":2,"u":2,"d":-0.01}
        {"f":-0.0,"g":-1.5,"i":9223372036854775807,"u":3,"d":"123456789012345678.90"}
    "#]]
    .assert_eq(&lines(&batch));
}

#[test]
fn times_have_a_zone_only_if_their_type_has_and_a_fraction_only_if_there_is_one() {
    let micros = vec![Some(1_357_034_400_000_000), Some(-1_500_000), Some(1), None];
    let batch = batch(vec![
        ("plain", Arc::new(TimestampMicrosecondArray::from(micros.clone()))),
        ("utc", Arc::new(TimestampMicrosecondArray::from(micros.clone()).with_timezone("UTC"))),
        ("paris", Arc::new(TimestampMicrosecondArray::from(micros).with_timezone("Europe/Paris"))),
        ("far", Arc::new(TimestampSecondArray::from(vec![i64::MAX, 0, 1, -1]))),
        ("date", Arc::new(Date32Array::from(vec![15_706, -1, 0, i32::MAX]))),
        ("time", Arc::new(Time64MicrosecondArray::from(vec![0, 86_399_000_000, 1_500_000, -1]))),
    ]);
    expect![[r#"
        {"plain":"2013-01-01T10:00:00","utc":"2013-01-01T10:00:00Z","paris":"2013-01-01T11:00:00+01:00","far":9223372036854775807,"date":"2013-01-01","time":"00:00:00"}
        {"plain":"1969-12-31T23:59:58.5","utc":"1969-12-31T23:59:58.5Z","paris":"1970-01-01T00:59:58.5+01:00","far":"1970-01-01T00:00:00","date":"1969-12-31","time":"23:59:59"}
        {"plain":"1970-01-01T00:00:00.000001","utc":"1970-01-01T00:00:00.000001Z","paris":"1970-01-01T01:00:00.000001+01:00","far":"1970-01-01T00:00:01","date":"1970-01-01","time":"00:00:01.5"}
        {"plain":null,"utc":null,"paris":null,"far":"1969-12-31T23:59:59","date":2147483647,"time":-1}
    "#]]
    .assert_eq(&lines(&batch));
}

#[test]
fn binary_is_base64_and_nested_values_nest() {
    let keys = arrow::array::Int8Array::from(vec![Some(1), None, Some(0), Some(1)]);
    let dictionary = DictionaryArray::<Int8Type>::new(keys, Arc::new(StringArray::from(vec!["x", "y"])));
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true, false, true, false]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a\"b", "", "é", "\u{1}"]));
    let pair = arrow::array::StructArray::from(vec![
        (Arc::new(Field::new("flag", kind("bool"), true)), flags),
        (Arc::new(Field::new("text", kind("utf8"), true)), texts),
    ]);
    let batch = batch(vec![
        ("b", Arc::new(BinaryArray::from(vec![&b""[..], b"f", b"fo", b"foob"]))),
        ("k", Arc::new(dictionary)),
        ("s", Arc::new(pair)),
        ("l", Seed(3).array(&kind("list<int8>"), 4)),
        ("m", Seed(4).array(&kind("map<utf8, int8>"), 4)),
        ("n", Seed(6).array(&kind("map<int8, int8>"), 4)),
    ]);
    expect![[r#"
        {"b":"","k":"y","s":{"flag":true,"text":"a\"b"},"l":[null],"m":null,"n":[]}
        {"b":"Zg==","k":null,"s":{"flag":false,"text":""},"l":[52],"m":{"jk":26,"s":21},"n":[]}
        {"b":"Zm8=","k":"x","s":{"flag":true,"text":"é"},"l":[18,10,null],"m":{"":4},"n":null}
        {"b":"Zm9vYg==","k":"y","s":{"flag":false,"text":"\u0001"},"l":[8,null],"m":{"a":25},"n":[{"key":22,"value":37},{"key":17,"value":43},{"key":45,"value":10}]}
    "#]]
    .assert_eq(&lines(&batch));
}

#[test]
fn every_type_has_a_json_form_and_one_row_is_its_line() {
    let mut seed = Seed(11);
    for text in ALL_TYPES {
        let batch = batch(vec![("c", seed.array(&kind(text), 20))]);
        let lines = lines(&batch);
        for (row, line) in lines.lines().enumerate() {
            assert_eq!(row_to_json(&batch, row).unwrap().to_string(), line, "{text}");
        }
        assert_eq!(row_to_json(&batch, 20).unwrap_err().code, "out-of-bounds");
    }
}

#[test]
fn columns_that_were_not_demanded_are_left_out() {
    let schema = Arc::new(Schema::new(vec![Field::new("a", kind("int64"), true), Field::new("b", kind("utf8"), true)]));
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let batch = Batch::partial(schema, 2, vec![Some(column), None]).unwrap();
    assert_eq!(row_to_json(&batch, 1).unwrap().to_string(), r#"{"a":2}"#);
}
