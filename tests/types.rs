//! Values of every type through every format that can hold them: written, read back, and compared.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

mod support;

use support::{folder, jackfield, text};

/// A type, a value as JSON, the type that it is read as from there where that is another, and the type that Avro gives
/// back where that is another.
type Row = (&'static str, &'static str, Option<&'static str>, Option<&'static str>);

const TYPES: &[Row] = &[
    ("bool", "true", None, None),
    ("int8", "-128", None, Some("int32")),
    ("int16", "-32768", None, Some("int32")),
    ("int32", "-2147483648", None, None),
    ("int64", "9223372036854775807", None, None),
    ("uint8", "255", None, Some("int32")),
    ("uint16", "65535", None, Some("int32")),
    ("uint32", "4294967295", None, Some("int64")),
    ("uint64", "9007199254740993", None, Some("int64")),
    ("float16", "1.5", Some("float32"), Some("float32")),
    ("float32", "0.1", None, None),
    ("float64", "1e300", None, None),
    ("decimal(38,10)", "\"1234567890123456789012345678.0123456789\"", None, None),
    ("decimal(50,2)", "\"-123456789012345678901234567890123456789012345678.25\"", None, None),
    ("decimal256(5,2)", "\"1.25\"", None, Some("decimal(5,2)")),
    ("utf8", "\"ä\"", None, None),
    ("large-utf8", "\"b\"", Some("utf8"), Some("utf8")),
    ("binary", "\"AQI=\"", None, None),
    ("large-binary", "\"AQI=\"", Some("binary"), Some("binary")),
    ("fixed-size-binary(2)", "\"AQI=\"", None, None),
    ("date", "\"0001-01-01\"", None, None),
    ("date64", "\"2024-02-29\"", None, Some("date")),
    ("time", "\"12:30:01.000001\"", None, None),
    ("time[s]", "\"12:30:01\"", None, Some("time[ms]")),
    ("time[ms]", "\"12:30:01.001\"", None, None),
    ("time[ns]", "\"12:30:01.000001\"", None, Some("time")),
    ("timestamp", "\"2024-02-29T12:30:01.000001\"", None, None),
    ("timestamp[s]", "\"2024-02-29T12:30:01\"", None, Some("timestamp[ms]")),
    ("timestamp[ms]", "\"2024-02-29T12:30:01.001\"", None, None),
    ("timestamp[ns]", "\"2024-02-29T12:30:01.000000001\"", None, None),
    ("timestamp[UTC]", "\"2024-02-29T12:30:01.000001Z\"", None, None),
    ("timestamp[ns, Europe/Paris]", "\"2024-02-29T12:30:01.000000001+01:00\"", None, Some("timestamp[ns, UTC]")),
    ("duration", "\"PT1.000001S\"", None, NOT_IN_AVRO),
    ("duration[s]", "\"PT1S\"", None, NOT_IN_AVRO),
    ("duration[ns]", "\"PT0.000000001S\"", None, NOT_IN_AVRO),
    ("list<int64>", "[1,null,3]", None, None),
    ("large-list<int64>", "[1,null]", Some("list<int64>"), Some("list<int64>")),
    ("fixed-size-list<int64, 2>", "[1,2]", Some("list<int64>"), Some("list<int64>")),
    ("list<list<utf8>>", "[[\"a\"],[]]", None, None),
    ("struct<a: timestamp[UTC], l: list<date>>", "{\"a\":\"2024-02-29T12:30:01Z\",\"l\":[\"2024-02-29\"]}", None, None),
    ("dictionary<int32, utf8>", "\"a\"", Some("utf8"), Some("utf8")),
];

const NOT_IN_AVRO: Option<&str> = Some("");

/// Formats whose files say their types.
const OWN_TYPES: &[&str] = &["parquet", "arrow", "arrows", "avro"];
const NESTED: &[&str] = &["jsonl", "json"];
const FLAT: &[&str] = &["csv", "tsv", "logfmt", "fwf"];

fn name(at: usize) -> String {
    format!("c{at}")
}

/// Types of columns, as a table of TOML.
fn table<'t>(columns: impl IntoIterator<Item = (usize, &'t str)>) -> String {
    let entries: Vec<String> = columns.into_iter().map(|(at, of)| format!("{} = {of:?}", name(at))).collect();
    format!("{{ {} }}", entries.join(", "))
}

fn run(folder: &Path, pipeline: &str) -> String {
    fs::write(folder.join("pipeline.toml"), pipeline).unwrap();
    let output = jackfield(folder).args(["run", "pipeline.toml", "-q"]).output().unwrap();
    assert!(output.status.success(), "{pipeline}\n{}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// A row of all values and one of nulls, as an Arrow file.
fn made() -> tempfile::TempDir {
    let mut row = String::from("{\"row\":1");
    for (at, (_, value, ..)) in TYPES.iter().enumerate() {
        write!(row, ",{:?}:{value}", name(at)).unwrap();
    }
    let folder = folder("", &[("base.jsonl", format!("{row}}}\n{{\"row\":2}}\n").as_bytes())]);
    let read = table(TYPES.iter().enumerate().map(|(at, (of, _, read, _))| (at, read.unwrap_or(of))));
    let cast = TYPES.iter().enumerate().filter(|(_, (_, _, read, _))| read.is_some());
    let cast = table(cast.map(|(at, (of, ..))| (at, *of)));
    run(
        folder.path(),
        &format!(
            "[source.a]\npath = \"base.jsonl\"\nschema = {read}\n[node.c]\ntype = \"cast\"\ninput = \"a\"\n\
             params = {{ columns = {cast} }}\n[sink.o]\ninput = \"c\"\npath = \"base.arrow\"\n"
        ),
    );
    folder
}

/// The rows with these columns as JSON Lines: as they are, and after they were written as `format` and read back.
fn there_and_back(folder: &Path, format: &str, columns: &[usize]) -> (String, String) {
    let mut names: Vec<String> = columns.iter().map(|at| name(*at)).collect();
    names.insert(0, "row".to_owned());
    let fields: Vec<String> = names.iter().map(|name| format!("{{ name = {name:?}, width = 70 }}")).collect();
    let options = match format {
        "fwf" => format!("options = {{ columns = [{}] }}\n", fields.join(", ")),
        _ => String::new(),
    };
    let expected = run(
        folder,
        &format!(
            "[source.a]\npath = \"base.arrow\"\n[sink.file]\ninput = \"a\"\npath = \"out.{format}\"\ncolumns = {names:?}\n{options}\
             [sink.rows]\ninput = \"a\"\npath = \"-\"\nformat = \"jsonl\"\ncolumns = {names:?}\n"
        ),
    );
    let schema = match OWN_TYPES.contains(&format) {
        true => String::new(),
        false => format!("schema = {}\n", table(columns.iter().map(|at| (*at, TYPES[*at].0)))),
    };
    let back = run(
        folder,
        &format!(
            "[source.a]\npath = \"out.{format}\"\n{options}{schema}[sink.rows]\ninput = \"a\"\npath = \"-\"\nformat = \"jsonl\"\n"
        ),
    );
    (expected, back)
}

fn those(wanted: impl Fn(&Row) -> bool) -> Vec<usize> {
    TYPES.iter().enumerate().filter(|(_, row)| wanted(row)).map(|(at, _)| at).collect()
}

#[test]
fn values_come_back_from_every_format() {
    let folder = made();
    let is_flat = |of: &str| !of.starts_with("list") && !of.starts_with("struct");
    for format in [OWN_TYPES, NESTED, FLAT].concat() {
        let columns = those(|(of, _, read, avro)| match format {
            "avro" => *avro != NOT_IN_AVRO,
            format if OWN_TYPES.contains(&format) => true,
            format if FLAT.contains(&format) => read.is_none() && is_flat(of),
            _ => read.is_none(),
        });
        let (expected, back) = there_and_back(folder.path(), format, &columns);
        assert_eq!(back, expected, "{format}");
        if !OWN_TYPES.contains(&format) {
            continue;
        }
        let output = jackfield(folder.path()).args(["peek", &format!("out.{format}"), "--json"]).output().unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        for (at, told) in columns.into_iter().zip(&told["columns"].as_array().unwrap()[1..]) {
            let (of, _, _, avro) = TYPES[at];
            let expected = if format == "avro" { avro.unwrap_or(of) } else { of };
            assert_eq!(told["type"].as_str(), Some(expected), "{format}");
        }
    }
}

/// Every type that a format cannot be read as is named, with what to do instead, all of them at once.
#[test]
fn types_that_cannot_be_read_are_named() {
    let folder = made();
    let schema = table([(0, "null"), (1, "large-utf8"), (2, "map<utf8, int64>"), (3, "list<interval>"), (4, "text[]")]);
    for (format, called) in [("csv", "CSV"), ("tsv", "TSV"), ("jsonl", "JSON"), ("json", "JSON"), ("logfmt", "logfmt")]
    {
        fs::write(folder.path().join(format!("in.{format}")), "").unwrap();
        let pipeline = format!(
            "[source.a]\npath = \"in.{format}\"\nschema = {schema}\n[sink.o]\ninput = \"a\"\npath = \"o.csv\"\n"
        );
        fs::write(folder.path().join("pipeline.toml"), pipeline).unwrap();
        let output = jackfield(folder.path()).args(["check", "pipeline.toml"]).output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(3), "{format}: {said}");
        let flat = !NESTED.contains(&format);
        for (of, help) in [
            ("null", "leave the column out of `schema`"),
            ("large-utf8", "read the column as utf8, and convert it with a node of type cast"),
            (
                "map<utf8, int64>",
                if flat { "read the column as utf8" } else { "as a struct, with a field for each key" },
            ),
            ("list<interval>", "read the column as utf8"),
        ] {
            let message = format!("{called} cannot be read as {of}");
            let rest = said.split_once(&message).unwrap_or_else(|| panic!("{format} {of}: {said}")).1;
            let own_help = rest.split_once("help: ").map(|(_, help)| help.lines().next().unwrap_or_default());
            assert!(own_help.is_some_and(|own| own.contains(help)), "{format} {of}: {said}");
        }
        assert_eq!(said.contains(&format!("{called} cannot be read as list<utf8>")), flat, "{format}: {said}");
        assert!(!said.contains("is not a type"), "{format}: {said}");
    }
}
