//! Writes what the kernels say of generated columns, for `scripts/compare-pyarrow`, which asks pyarrow the same.
//!
//! `cases FOLDER` makes `cases.jsonl`, a line for each case, and `cases.arrows`, three IPC streams for each: the arguments,
//! the values, and the rows that failed; and `functions.json`, which functions there are.
// A generator that cannot go on says so by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListArray, MapArray, RecordBatch, StringArray, StructArray, UInt32Array,
    new_null_array,
};
use arrow::compute::{cast, concat, filter};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use arrow::ipc::writer::StreamWriter;
use jackfield_columns::compute::{
    Accumulator, Argument, Function, JoinKind, Joiner, SortKey, call, functions, sort_indices,
};
use jackfield_columns::{Unmetered, parse_type, type_name};
use serde_json::{Value, json};

/// The types, each with values at its edges and between.
const TYPES: &[(&str, &[&str])] = &[
    ("bool", &["true", "false"]),
    ("int8", &["-128", "127", "0", "1", "-1", "7", "64"]),
    ("int16", &["-32768", "32767", "0", "1", "-7", "100"]),
    ("int32", &["-2147483648", "2147483647", "0", "1", "-1", "12345"]),
    ("int64", &["-9223372036854775808", "9223372036854775807", "0", "1", "-1", "5", "1000003"]),
    ("uint8", &["0", "255", "1", "7", "64"]),
    ("uint16", &["0", "65535", "1", "300"]),
    ("uint32", &["0", "4294967295", "1", "70000"]),
    ("uint64", &["0", "18446744073709551615", "1", "5"]),
    ("float32", &["0", "-0.0", "1.5", "-2.5", "inf", "-inf", "NaN", "3.4e38", "1e-40", "0.1"]),
    ("float64", &["0", "-0.0", "1.5", "-2.5", "0.5", "inf", "-inf", "NaN", "1.7e308", "5e-324", "0.1", "1234.5678"]),
    ("decimal(10,2)", &["0", "1.50", "-2.25", "99999999.99", "-99999999.99", "2.50", "0.05"]),
    (
        "utf8",
        &[
            "",
            "a",
            "abc",
            "Hello World",
            " padded\t",
            "äöü ß",
            "aXbXc",
            "12",
            "ab,cd,,e",
            "\u{1F600}x",
            "AbC dEf",
            "2024-02-29",
        ],
    ),
    ("binary", &["", "a", "abc", "Hello", "aXbXc"]),
    ("date", &["1970-01-01", "1969-12-31", "2000-02-29", "2024-02-29", "1900-01-01", "2100-12-31", "2015-01-01"]),
    ("timestamp[s]", &["1970-01-01T00:00:00", "1969-12-31T23:59:59", "2024-02-29T12:34:56", "2013-12-29T23:59:58"]),
    (
        "timestamp",
        &["1970-01-01T00:00:00", "1969-12-31T23:59:59.999999", "2024-02-29T12:34:56.123456", "1900-03-01T01:01:01"],
    ),
    ("timestamp[ns]", &["1970-01-01T00:00:00", "1969-12-31T23:59:59.999999999", "2024-02-29T12:34:56.123456789"]),
    (
        "timestamp[Europe/Paris]",
        &[
            "1970-01-01T00:00:00Z",
            "2021-03-28T00:59:59Z",
            "2021-03-28T01:00:00Z",
            "2021-10-31T00:30:00Z",
            "2021-10-31T01:30:00Z",
            "2024-07-01T12:00:00Z",
        ],
    ),
    ("timestamp[ms]", &["1970-01-01T00:00:00", "1969-12-31T23:59:59.999", "2024-02-29T12:34:56.123"]),
    ("time", &["00:00:00", "23:59:59.999999", "12:34:56.789"]),
    ("time[s]", &["00:00:00", "23:59:59", "12:34:56"]),
    ("duration", &["0", "-1", "86400000000", "9000000000000000"]),
    ("decimal256(50,3)", &["0", "1.500", "-2.250", "99999999999999999999.999", "2.500"]),
];

/// Options with which a function is called besides none.
fn options(name: &str) -> Vec<Value> {
    let modes = [
        "half_to_even",
        "half_towards_infinity",
        "half_up",
        "half_down",
        "half_towards_zero",
        "half_to_odd",
        "up",
        "down",
        "towards_zero",
        "towards_infinity",
    ];
    match name {
        "round" => {
            let mut all: Vec<Value> = modes.iter().map(|mode| json!({ "round_mode": mode })).collect();
            all.extend([json!({ "ndigits": 1 }), json!({ "ndigits": -1 })]);
            all
        }
        "round_to_multiple" => modes.iter().map(|mode| json!({ "multiple": 2, "round_mode": mode })).collect(),
        "round_binary" => modes.iter().map(|mode| json!({ "round_mode": mode })).collect(),
        "floor_temporal" | "ceil_temporal" | "round_temporal" => {
            let units = ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"];
            let mut all: Vec<Value> = units.iter().map(|unit| json!({ "unit": unit })).collect();
            all.extend([
                json!({ "unit": "hour", "multiple": 5 }),
                json!({ "unit": "minute", "multiple": 7 }),
                json!({ "unit": "day", "multiple": 3 }),
                json!({ "unit": "month", "multiple": 5 }),
                json!({ "unit": "year", "multiple": 3 }),
                json!({ "unit": "week", "week_starts_monday": false }),
            ]);
            all
        }
        "day_of_week" => vec![json!({ "count_from_zero": false }), json!({ "week_start": 7 })],
        "week" => vec![
            json!({ "week_starts_monday": false }),
            json!({ "count_from_zero": true }),
            json!({ "first_week_is_fully_in_year": true }),
        ],
        "assume_timezone" => {
            vec![json!({ "timezone": "Europe/Paris", "ambiguous": "earliest", "nonexistent": "latest" })]
        }
        "strptime" => vec![json!({ "format": "%Y-%m-%d" })],
        "strftime" => vec![json!({ "format": "%Y-%m-%d" }), json!({ "format": "%H:%M" })],
        "starts_with" | "ends_with" | "match_substring" | "find_substring" | "count_substring" => {
            vec![json!({ "pattern": "a" }), json!({ "pattern": "AB", "ignore_case": true })]
        }
        "match_like" => vec![json!({ "pattern": "a%" }), json!({ "pattern": "%b_" })],
        "match_substring_regex" | "find_substring_regex" | "count_substring_regex" => {
            vec![json!({ "pattern": "[a-c]+" }), json!({ "pattern": "B|d", "ignore_case": true })]
        }
        "replace_substring" => vec![
            json!({ "pattern": "X", "replacement": "--" }),
            json!({ "pattern": "X", "replacement": "", "max_replacements": 1 }),
        ],
        "replace_substring_regex" => vec![
            json!({ "pattern": "([a-z])X", "replacement": "<\\1>", "max_replacements": -1 }),
            json!({ "pattern": "[a-z]", "replacement": "", "max_replacements": 1 }),
            json!({ "pattern": "[a-z]", "replacement": "" }),
        ],
        "split_pattern" => vec![
            json!({ "pattern": "X" }),
            json!({ "pattern": ",", "max_splits": 1 }),
            json!({ "pattern": ",", "max_splits": 1, "reverse": true }),
        ],
        "split_pattern_regex" => vec![json!({ "pattern": "[X,]+" }), json!({ "pattern": "[X,]", "max_splits": 1 })],
        "utf8_split_whitespace" | "ascii_split_whitespace" => vec![json!({ "max_splits": 1 })],
        "extract_regex" => vec![json!({ "pattern": "(?P<first>[a-z])(?P<second>[A-Z])" })],
        "utf8_trim" | "utf8_ltrim" | "utf8_rtrim" | "ascii_trim" | "ascii_ltrim" | "ascii_rtrim" => {
            vec![json!({ "characters": " ac" })]
        }
        "utf8_lpad" | "utf8_rpad" | "utf8_center" | "ascii_lpad" | "ascii_rpad" | "ascii_center" => {
            vec![json!({ "width": 6 }), json!({ "width": 9, "padding": "*" })]
        }
        "utf8_slice_codeunits" => vec![json!({ "start": 1, "stop": 3 }), json!({ "start": -3 })],
        "binary_slice" => {
            vec![json!({ "start": 1, "stop": 3 }), json!({ "start": -3 }), json!({ "start": 0, "step": 2 })]
        }
        "utf8_replace_slice" | "binary_replace_slice" => vec![json!({ "start": 0, "stop": 0, "replacement": "__" })],
        "list_slice" => vec![json!({ "start": 0, "stop": 1 }), json!({ "start": 1 })],
        "list_element" => vec![json!({ "index": 0 })],
        "struct_field" => vec![json!({ "index": 0 })],
        "make_struct" => vec![json!({ "field_names": ["x", "y"] })],
        "variance" | "stddev" => vec![json!({ "ddof": 0 })],
        "quantile" | "tdigest" => vec![json!({ "q": 0.25 })],
        "skew" | "kurtosis" => vec![json!({ "biased": false })],
        "count" => vec![json!({ "mode": "all" })],
        "is_in" | "index_in" => vec![json!({ "value_set": [1, 5, 7] }), json!({ "value_set": ["a", "abc"] })],
        name if name.starts_with("cumulative") => vec![json!({ "skip_nulls": true })],
        "rank" => ["min", "max", "dense"].iter().map(|tiebreaker| json!({ "tiebreaker": tiebreaker })).collect(),
        "extract_regex_group" => {
            vec![json!({ "pattern": "([a-z])([A-Z])", "group": 2 }), json!({ "pattern": "b", "ignore_case": true })]
        }
        "base64_encode" | "base64_decode" => vec![json!({ "alphabet": "url" })],
        "sha256" => vec![json!({ "key": "secret" })],
        "lag" | "lead" => vec![json!({ "offset": 3 })],
        "pairwise_diff" | "pairwise_diff_checked" => vec![json!({ "period": 2 })],
        "string_agg" => vec![json!({ "separator": "; " })],
        "binary_join_element_wise" => vec![json!({ "null_handling": "skip" })],
        "cast" => ["utf8", "int64", "float64", "int8"].iter().map(|to| json!({ "to_type": to })).collect(),
        _ => Vec::new(),
    }
}

fn kind(name: &str) -> DataType {
    parse_type(name).unwrap_or_else(|failure| panic!("{name}: {failure}"))
}

/// Forty rows of a type: its values in an order of their own, with nulls in between.
fn generated(name: &str, values: &[&str], seed: usize) -> ArrayRef {
    let mut state = seed as u64 * 2 + 1;
    let rows = (0..40).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let drawn = (state >> 33) as usize;
        (drawn % 5 != 4).then(|| values[drawn / 5 % values.len()])
    });
    let texts: ArrayRef = Arc::new(rows.collect::<StringArray>());
    // What has no text is made of numbers.
    let numbers = name.starts_with("duration").then(|| cast(&texts, &DataType::Int64).unwrap());
    cast(&numbers.unwrap_or(texts), &kind(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn lists() -> ArrayRef {
    let rows = (0..40_i64).map(|row| {
        (row % 7 != 3).then(|| (0..row % 4).map(|item| (item != 1).then_some(row + item)).collect::<Vec<_>>())
    });
    Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(rows))
}

/// Many values, most of them small.
fn many() -> ArrayRef {
    let value = |row: i64| ((row * 7919) % 20_011) as f64;
    Arc::new(arrow::array::Float64Array::from_iter_values((0..20_000).map(|row| value(row) * value(row) / 1e3)))
}

/// Lists of texts.
fn text_lists() -> ArrayRef {
    let words = ["a", "", "äö", "b,c"];
    let mut builder = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
    for row in 0..40 {
        for item in 0..row % 4 {
            builder.values().append_option((row * item % 11 != 6).then(|| words[(row + item) % 4]));
        }
        builder.append(row % 7 != 3);
    }
    Arc::new(builder.finish())
}

/// Entries of a number and a text, keys twice among them.
fn maps() -> ArrayRef {
    let keys = arrow::array::Int64Builder::new();
    let mut builder = arrow::array::MapBuilder::new(None, keys, arrow::array::StringBuilder::new());
    for row in 0..40_i64 {
        for entry in 0..row % 4 {
            builder.keys().append_value((row + entry * 2) % 4);
            builder.values().append_option((entry != 1).then(|| format!("{row}-{entry}")));
        }
        builder.append(row % 7 != 3).unwrap();
    }
    let map: MapArray = builder.finish();
    Arc::new(map)
}

fn structs(of: &ArrayRef) -> ArrayRef {
    let field = Field::new("x", of.data_type().clone(), true);
    Arc::new(StructArray::new(vec![field].into(), vec![Arc::clone(of)], None))
}

struct Out {
    lines: BufWriter<File>,
    streams: BufWriter<File>,
    count: usize,
}

impl Out {
    fn stream(&mut self, columns: &[(String, ArrayRef)]) {
        let fields: Vec<Field> =
            columns.iter().map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
        let arrays = columns.iter().map(|(_, array)| Arc::clone(array)).collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
        let mut stream = Vec::new();
        let mut writer = StreamWriter::try_new(&mut stream, &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        drop(writer);
        // Each begins at a multiple of 64 bytes, as pyarrow wants its buffers.
        stream.resize(stream.len().next_multiple_of(64), 0);
        self.streams.write_all(&stream).unwrap();
    }

    fn case(&mut self, case: Value, arguments: &[ArrayRef], values: &ArrayRef, failed: Option<&BooleanArray>) {
        writeln!(self.lines, "{case}").unwrap();
        let arguments: Vec<(String, ArrayRef)> =
            arguments.iter().enumerate().map(|(index, array)| (format!("a{index}"), Arc::clone(array))).collect();
        self.stream(&arguments);
        self.stream(&[("values".to_owned(), Arc::clone(values))]);
        let failed: ArrayRef = match failed {
            Some(failed) => Arc::new(failed.clone()),
            None => Arc::new(BooleanArray::from(vec![false; values.len()])),
        };
        self.stream(&[("failed".to_owned(), failed)]);
        self.count += 1;
    }
}

/// The whole, a slice that begins within a byte of its bitmap, nothing, the rows without nulls, and nulls only.
fn shapes(arguments: &[ArrayRef]) -> [(&'static str, Vec<ArrayRef>); 5] {
    let slice = |from: usize, length: usize| arguments.iter().map(|array| array.slice(from, length)).collect();
    let rows = arguments.first().map_or(0, |array| array.len());
    let full = BooleanArray::from_iter((0..rows).map(|row| Some(arguments.iter().all(|array| array.is_valid(row)))));
    let dense = arguments.iter().map(|array| filter(array, &full).unwrap()).collect();
    let null = arguments.iter().map(|array| new_null_array(array.data_type(), 5)).collect();
    [("whole", arguments.to_vec()), ("slice", slice(3, 21)), ("empty", slice(5, 0)), ("dense", dense), ("null", null)]
}

fn element(out: &mut Out, function: &Function, arguments: &[ArrayRef], options: &str) {
    for (shape, arguments) in shapes(arguments) {
        let given: Vec<Argument> = arguments.iter().map(|array| Argument::Column(Arc::clone(array))).collect();
        let Ok(outcome) = call(function.name, &given, options, 0, None, &mut Unmetered) else { return };
        let case = json!({ "kind": "call", "function": function.name, "options": options, "shape": shape, "differs": function.differs,
            "row_wise": function.is_row_wise() });
        out.case(case, &arguments, &outcome.values, outcome.failed.as_ref());
    }
}

fn aggregate(out: &mut Out, function: &Function, argument: &ArrayRef, options: &str) {
    let types = [argument.data_type().clone()];
    if Accumulator::new(function.name, &types, options).is_err() {
        return;
    }
    for (shape, arguments) in shapes(std::slice::from_ref(argument)) {
        let rows = arguments[0].len() as u32;
        for (kind, groups, count) in [
            ("reduce", UInt32Array::from(vec![0; rows as usize]), 1),
            ("grouped", UInt32Array::from_iter_values((0..rows).map(|row| row % 3)), rows.min(3)),
        ] {
            let mut accumulator = Accumulator::new(function.name, &types, options).unwrap();
            let updated = accumulator.update(&arguments, &groups, count, &mut Unmetered);
            let finished = updated.and_then(|()| accumulator.finish(&mut Unmetered));
            let refused = finished.as_ref().err().map(|failure| failure.message.clone());
            let values = finished.unwrap_or_else(|_| new_null_array(&accumulator.result_type(), count as usize));
            let case = json!({ "kind": kind, "function": function.name, "options": options, "shape": shape, "differs": function.differs,
                "refused": refused });
            let groups: ArrayRef = Arc::new(groups);
            out.case(case, &[Arc::clone(&arguments[0]), groups], &values, None);
        }
    }
}

/// What the head of the functions page says of floats as keys.
fn of_floats(keys: &[&ArrayRef]) -> &'static str {
    if keys.iter().any(|key| key.data_type().is_floating()) { "NaN is equal to NaN, and -0.0 is 0.0" } else { "" }
}

fn sorts(out: &mut Out, columns: &[ArrayRef]) {
    for (index, first) in columns.iter().enumerate() {
        let second = &columns[(index + 3) % columns.len()];
        for (descending, nulls_first) in [(false, false), (true, false), (false, true)] {
            for limit in [None, Some(7)] {
                let keys =
                    [first, second].map(|column| SortKey { column: Arc::clone(column), descending, nulls_first });
                let Ok(order) = sort_indices(&keys, limit, &mut Unmetered) else { continue };
                let case = json!({ "kind": "sort", "function": "sort_indices", "descending": descending,
                    "nulls_first": nulls_first, "limit": limit, "differs": of_floats(&[first, second]) });
                let order: ArrayRef = Arc::new(order);
                out.case(case, &[Arc::clone(first), Arc::clone(second)], &order, None);
            }
        }
    }
}

/// Pairs of rows, as two columns in one list: probe rows, then build rows, -1 for none.
fn joins(out: &mut Out, columns: &[ArrayRef]) {
    for column in columns {
        let (build, probe) = (column.slice(0, 15), column.slice(15, 25));
        for (name, kind) in [
            ("inner", JoinKind::Inner),
            ("left outer", JoinKind::Outer),
            ("left semi", JoinKind::Semi),
            ("left anti", JoinKind::Anti),
        ] {
            let Ok(mut joiner) = Joiner::new(&[column.data_type().clone()]) else { continue };
            joiner.build(&[Arc::clone(&build)], &mut Unmetered).unwrap();
            let mut matches = joiner.probe(&[Arc::clone(&probe)], kind, &mut Unmetered).unwrap();
            let mut pairs: Vec<Option<i64>> = Vec::new();
            while let Some((probe, build)) = matches.next(1000, &mut Unmetered).unwrap() {
                for row in 0..probe.len() {
                    pairs.push(Some(i64::from(probe.value(row))));
                    pairs.push(
                        build
                            .as_any()
                            .downcast_ref::<arrow::array::UInt64Array>()
                            .filter(|build| row < build.len() && build.is_valid(row))
                            .map(|build| build.value(row) as i64),
                    );
                }
            }
            let pairs: ArrayRef = Arc::new(arrow::array::Int64Array::from(pairs));
            let case = json!({ "kind": "join", "function": "joiner", "join": name, "build": 15, "differs": of_floats(&[column]) });
            out.case(case, std::slice::from_ref(column), &pairs, None);
        }
    }
}

fn main() {
    let folder = std::env::args().nth(1).expect("the folder to write to");
    let open = |name: &str| BufWriter::new(File::create(Path::new(&folder).join(name)).unwrap());
    let mut out = Out { lines: open("cases.jsonl"), streams: open("cases.arrows"), count: 0 };
    let of_types = |seed: usize| -> Vec<ArrayRef> {
        TYPES.iter().enumerate().map(|(index, (name, values))| generated(name, values, seed * 100 + index)).collect()
    };
    let (first, second) = (of_types(1), of_types(2));
    let flags = &first[0];
    let small: ArrayRef =
        Arc::new(arrow::array::Int64Array::from_iter((0..40).map(|row| (row % 9 != 8).then_some(row % 4))));
    let mut nested = vec![lists(), structs(&first[4]), text_lists(), maps()];
    nested.push(cast(&nested[0], &kind("large-list<int64>")).unwrap());
    let words = &first[TYPES.iter().position(|(name, _)| *name == "utf8").unwrap()];
    let dictionary = cast(words, &kind("dictionary<int32, utf8>")).unwrap();
    let large = cast(words, &kind("large-utf8")).unwrap();
    for function in functions() {
        let mut all: Vec<String> = vec![String::new()];
        all.extend(options(function.name).iter().map(ToString::to_string));
        for options in &all {
            for (index, a) in first.iter().enumerate() {
                if function.aggregates() {
                    aggregate(&mut out, function, a, options);
                    continue;
                }
                let b = &second[index];
                for arguments in [
                    vec![Arc::clone(a)],
                    vec![Arc::clone(a), Arc::clone(b)],
                    vec![Arc::clone(flags), Arc::clone(a), Arc::clone(b)],
                    vec![Arc::clone(a), Arc::clone(&small)],
                    vec![Arc::clone(&small), Arc::clone(a), Arc::clone(b)],
                    vec![Arc::clone(a), Arc::clone(b), Arc::clone(a)],
                ] {
                    // A second column of whole-column functions is a group, which pyarrow has not.
                    if !function.is_row_wise() && arguments.len() > 1 {
                        continue;
                    }
                    element(&mut out, function, &arguments, options);
                }
            }
            if function.aggregates() {
                // What is approximate is exact of a few values.
                if ["tdigest", "approximate_median"].contains(&function.name) {
                    aggregate(&mut out, function, &many(), options);
                }
                continue;
            }
            for a in &nested {
                element(&mut out, function, std::slice::from_ref(a), options);
                element(&mut out, function, &[Arc::clone(a), Arc::clone(&small)], options);
                element(&mut out, function, &[Arc::clone(a), Arc::clone(words)], options);
            }
            for a in [&dictionary, &large] {
                element(&mut out, function, std::slice::from_ref(a), options);
            }
        }
    }
    sorts(&mut out, &first);
    joins(&mut out, &first);
    // What came of the generator itself: all types, with and without nulls.
    let everything: Vec<&dyn Array> = vec![words.as_ref(), words.as_ref()];
    assert_eq!(concat(&everything).unwrap().as_string::<i32>().len(), 80);
    assert!(
        first.iter().all(|column| column.null_count() > 0),
        "{:?}",
        first.iter().map(|c| type_name(c.data_type())).collect::<Vec<_>>()
    );
    let catalogue: serde_json::Map<String, Value> =
        functions().iter().map(|function| (function.name.to_owned(), json!({ "alone": function.alone() }))).collect();
    std::fs::write(Path::new(&folder).join("functions.json"), Value::Object(catalogue).to_string()).unwrap();
    out.lines.flush().unwrap();
    out.streams.flush().unwrap();
    assert!(out.count > 1000, "{} cases", out.count);
}
