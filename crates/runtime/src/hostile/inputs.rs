//! The hostile inputs: schemas, batches and bytes.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, LargeStringArray, ListArray, StringArray, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use jackfield_columns::{Batch, Failure, parse_type};
use serde_json::{Map, Value as Json, json};

/// Types that a schema of every type has columns of.
const TYPES: [&str; 28] = [
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
    "decimal(50,2)",
    "utf8",
    "large-utf8",
    "binary",
    "date",
    "date64",
    "time",
    "timestamp",
    "timestamp[ns, Europe/Paris]",
    "duration",
    "interval[month-day-nano]",
    "fixed-size-binary(3)",
    "list<struct<a: utf8, b: list<int64>>>",
    "struct<a: int64, b: utf8>",
];

/// A text that a terminal would obey, with quotes and ends.
pub(super) const ODD_TEXT: &str = "\u{1b}[2J\u{1b}]52;c;x\u{7}\r\n\u{202e}\"'\\\u{0}é🙂";

/// A text of 100 KiB.
pub(super) fn long_text() -> String {
    "long ".repeat(20 << 10)
}

/// A schema and batches of it, each with a name for the report.
pub(crate) struct Table {
    pub(super) name: &'static str,
    pub(crate) schema: SchemaRef,
    pub(crate) batches: Vec<(&'static str, Batch)>,
}

/// The columns that made-up parameters speak of: `a` int64, `b` bool, `t` utf8, `f` float64.
pub(crate) fn plain() -> Result<Table, Failure> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("a", DataType::Int64, true),
        Field::new("b", DataType::Boolean, true),
        Field::new("t", DataType::Utf8, true),
        Field::new("f", DataType::Float64, true),
    ]));
    let extremes: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), Some(0), None, Some(-1)])),
        Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true), Some(false)])),
        Arc::new(StringArray::from(vec![Some(""), Some("\0\r\n\",'\\"), None, Some("\u{202e}é🙂"), Some("NULL")])),
        Arc::new(Float64Array::from(vec![f64::NAN, -0.0, f64::INFINITY, f64::MIN_POSITIVE, f64::MAX])),
    ];
    let rows = 200_000;
    let many: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(0..rows)),
        Arc::new(BooleanArray::from_iter((0..rows).map(|row| Some(row % 2 == 0)))),
        Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("row {row}")))),
        Arc::new(Float64Array::from_iter_values((0..rows).map(|row| row as f64 / 7.0))),
    ];
    let long: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![1])),
        Arc::new(BooleanArray::from(vec![true])),
        Arc::new(StringArray::from(vec!["x".repeat(4 << 20)])),
        Arc::new(Float64Array::from(vec![1.0])),
    ];
    let batch = |columns: Vec<ArrayRef>| {
        let rows = columns.first().map_or(0, |column| column.len());
        Batch::of(schema.clone(), rows, columns)
    };
    let batches = vec![
        ("no rows", batch(nulls(&schema, 0))?),
        ("all null", batch(nulls(&schema, 1000))?),
        ("extremes", batch(extremes)?),
        ("a text of 4 MiB", batch(long)?),
        ("200,000 rows", batch(many)?),
    ];
    Ok(Table { name: "plain columns", schema, batches })
}

fn nulls(schema: &Schema, rows: usize) -> Vec<ArrayRef> {
    schema.fields().iter().map(|field| new_null_array(field.data_type(), rows)).collect()
}

/// A table of some schema with no rows, and with nulls only.
fn of_nulls(name: &'static str, fields: Vec<Field>) -> Result<Table, Failure> {
    let schema = Arc::new(Schema::new(fields));
    let batch = |rows: usize| Batch::of(schema.clone(), rows, nulls(&schema, rows));
    let batches = vec![("no rows", batch(0)?), ("all null", batch(100)?)];
    Ok(Table { name, schema, batches })
}

/// All tables.
///
/// # Errors
/// Never, unless one of them is wrong.
pub(super) fn tables() -> Result<Vec<Table>, Failure> {
    let types = TYPES.iter().enumerate();
    let every = types.map(|(number, name)| Ok(Field::new(format!("c{number}"), parse_type(name)?, true)));
    let odd = ["", " ", "a\"b", "select", "a.b", "\u{1b}[2J", "naïve 🙂", &"long".repeat(1000)];
    let odd = odd.iter().map(|name| Field::new(*name, DataType::Int64, true)).collect();
    let wide = (0..2000).map(|number| Field::new(format!("c{number}"), DataType::Int64, true)).collect();
    let mut nested = DataType::Int64;
    for _ in 0..24 {
        nested = DataType::new_list(nested, true);
    }
    Ok(vec![
        plain()?,
        of_nulls("no columns", Vec::new())?,
        of_nulls("a column of every type", every.collect::<Result<_, Failure>>()?)?,
        of_nulls("odd column names", odd)?,
        of_nulls("2,000 columns", wide)?,
        of_nulls("lists 24 deep", vec![Field::new("a", nested, true)])?,
        lists()?,
    ])
}

/// The column `a` of lists of int64, and `t` utf8.
pub(crate) fn lists() -> Result<Table, Failure> {
    let rows = [Some(vec![Some(1), None]), None, Some(Vec::new()), Some((0..50_000).map(Some).collect())];
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(rows));
    let text: ArrayRef = Arc::new(LargeStringArray::from(vec![Some("a"), None, Some(""), Some("b")]));
    let text = cast(&text, &DataType::Utf8).map_err(|error| Failure::internal("internal", error.to_string()))?;
    let schema = Arc::new(Schema::new(vec![
        Field::new("a", list.data_type().clone(), true),
        Field::new("t", DataType::Utf8, true),
    ]));
    let batch = Batch::of(schema.clone(), 4, vec![list, text])?;
    Ok(Table { name: "lists", schema, batches: vec![("an empty, a null and a long list", batch)] })
}

/// Bytes for readers and decoders, each with a name.
pub(super) fn bytes() -> Vec<(&'static str, Vec<u8>)> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let noise = (0..64 << 10).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    });
    vec![
        ("no bytes", Vec::new()),
        ("one byte", vec![b'"']),
        ("noise", noise.collect()),
        ("64 KiB of zeros", vec![0; 64 << 10]),
        ("64 KiB of 0xff", vec![0xff; 64 << 10]),
        ("a line of 8 MiB", vec![b'a'; 8 << 20]),
        ("a million empty lines", vec![b'\n'; 1_000_000]),
        ("200,000 open brackets", vec![b'['; 200_000]),
        ("200,000 open braces", b"{\"a\":".repeat(200_000)),
        ("100,000 columns", b"a,".repeat(100_000)),
        ("an open quote", [b"a,b\n\"".as_slice(), &b"x".repeat(1 << 20)].concat()),
        ("bytes that are no UTF-8", b"a,b\n\xff\xfe,\xc3\x28\n".to_vec()),
        ("a byte order mark and nothing", b"\xef\xbb\xbf".to_vec()),
    ]
}

/// Well-formed bytes, cut and changed.
pub(super) fn damaged(whole: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for part in [1, 2, 3, 7, 8, 9] {
        let length = whole.len() * part / 10;
        found.push((format!("its own output cut at {part}0 %"), whole.get(..length).unwrap_or_default().to_vec()));
    }
    for part in 0..8 {
        let mut changed = whole.to_vec();
        let at = whole.len() * part / 8;
        if let Some(byte) = changed.get_mut(at) {
            *byte = !*byte;
            found.push((format!("its own output with byte {at} changed"), changed));
        }
    }
    found.push(("its own output twice".to_owned(), [whole, whole].concat()));
    found.push(("its own output and noise".to_owned(), [whole, &[0xaa; 100]].concat()));
    found
}

/// Parameters that a schema may accept: an example of all of them, else only what is required, and of that the first thing that fits. They speak of the
/// columns of the plain table.
pub(crate) fn made_up(schema: Option<&Json>) -> Json {
    let Some(schema) = schema else { return json!({}) };
    // What the author says as a whole fits together.
    if let Some(whole) = schema.get("examples").and_then(Json::as_array).and_then(|examples| examples.first()) {
        return whole.clone();
    }
    let required = schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    let all = schema.get("properties").and_then(Json::as_object);
    let property = |name: &str| all.and_then(|all| all.get(name)).cloned().unwrap_or(Json::Null);
    let mut made: Map<String, Json> = required.map(|name| (name.to_owned(), value(&property(name), 0))).collect();
    // Where nothing is required by itself, one of several may be.
    if made.is_empty()
        && let Some(first) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Json::as_array)
        && let Some(names) = first.first().and_then(|first| first.get("required")).and_then(Json::as_array)
    {
        made.extend(names.iter().filter_map(Json::as_str).map(|name| (name.to_owned(), value(&property(name), 0))));
    }
    Json::Object(made)
}

fn value(schema: &Json, depth: u32) -> Json {
    for key in ["default", "const"] {
        if let Some(value) = schema.get(key) {
            return value.clone();
        }
    }
    for key in ["examples", "enum"] {
        if let Some(first) = schema.get(key).and_then(Json::as_array).and_then(|values| values.first()) {
            return first.clone();
        }
    }
    for key in ["anyOf", "oneOf"] {
        if let (Some(first), true) = (schema.get(key).and_then(Json::as_array).and_then(|all| all.first()), depth < 8) {
            return value(first, depth + 1);
        }
    }
    match schema.get("type").and_then(Json::as_str) {
        Some("integer") => json!(schema.get("minimum").and_then(Json::as_i64).unwrap_or(1)),
        Some("number") => json!(schema.get("minimum").and_then(Json::as_f64).unwrap_or(0.5)),
        Some("boolean") => json!(true),
        Some("array") if depth < 8 => {
            let one = value(schema.get("items").unwrap_or(&Json::Null), depth + 1);
            json!([if one == json!("b") { json!("a") } else { one }])
        }
        Some("object") => json!({ "made": "a" }),
        // Both the name of a column and an expression that is true or false.
        _ => json!("b"),
    }
}
