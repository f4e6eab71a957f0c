//! Files of one source whose columns or types differ, in each format that can hold such files.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

mod support;

use support::{folder, jackfield, text, workbook};

/// Formats, and whether their files say their types themselves.
const FORMATS: &[(&str, bool)] = &[
    ("csv", false),
    ("jsonl", false),
    ("json", false),
    ("logfmt", false),
    ("parquet", true),
    ("arrow", true),
    ("arrows", true),
    ("avro", true),
];

const FILES: &[(&str, &str)] = &[
    ("whole", "{\"x\":1,\"y\":\"a\"}\n{\"x\":2,\"y\":\"b\"}\n"),
    ("fraction", "{\"x\":3.5,\"y\":\"c\"}\n"),
    ("text", "{\"x\":\"five\",\"y\":\"d\"}\n{\"x\":\"6\",\"y\":\"e\"}\n"),
    ("other", "{\"x\":7,\"z\":\"f\"}\n"),
];

/// The files in a format, as the program writes it.
fn files(extension: &str) -> tempfile::TempDir {
    let folder = folder("", &[]);
    for (name, lines) in FILES {
        let from = format!("{name}.jsonl");
        fs::write(folder.path().join(&from), lines).unwrap();
        let to = format!("{name}.{extension}");
        if to != from {
            let output = jackfield(folder.path()).args(["convert", &from, &to, "-q"]).output().unwrap();
            assert!(output.status.success(), "{to}: {}", text(&output));
        }
    }
    folder
}

/// What becomes of two files: the lines, or what is said.
fn read(folder: &Path, extension: &str, names: [&str; 2], more: &str) -> Result<String, String> {
    let [first, second] = names.map(|name| format!("{name}.{extension}"));
    let pipeline = format!(
        "[source.s]\npath = [\"{first}\", \"{second}\"]\n{more}\n[sink.o]\ninput = \"s\"\npath = \"-\"\nformat = \"jsonl\"\n"
    );
    fs::write(folder.join("pipeline.toml"), pipeline).unwrap();
    let output = jackfield(folder).args(["run", "pipeline.toml", "-q"]).output().unwrap();
    match output.status.code() {
        Some(0) => Ok(String::from_utf8(output.stdout).unwrap()),
        Some(1) => Err(String::from_utf8(output.stderr).unwrap()),
        other => panic!("{extension} {names:?} {more}: {other:?} {}", text(&output)),
    }
}

fn of_every_format(each: impl Fn(&str, bool, &dyn Fn([&str; 2], &str) -> Result<String, String>)) {
    for (extension, own_types) in FORMATS {
        let folder = files(extension);
        each(extension, *own_types, &|names, more| read(folder.path(), extension, names, more));
    }
}

const CAST: &str = "schema-drift = \"cast\"";
const UNION: &str = "schema-drift = \"union\"";

#[test]
fn other_columns_fail_with_their_names() {
    of_every_format(|format, _, read| {
        for more in ["", CAST] {
            let said = read(["whole", "other"], more).unwrap_err();
            let expected = format!(
                "source.s: other.{format} differs from the first file: the column `y` is missing, the column `z` is new"
            );
            assert!(said.contains("error[schema-drift]") && said.contains(&expected), "{format} {more}: {said}");
            assert!(said.contains("schema-drift = \"union\""), "{said}");
        }
    });
}

#[test]
fn a_union_has_all_columns() {
    of_every_format(|format, _, read| {
        let expected =
            "{\"x\":1,\"y\":\"a\",\"z\":null}\n{\"x\":2,\"y\":\"b\",\"z\":null}\n{\"x\":7,\"y\":null,\"z\":\"f\"}\n";
        assert_eq!(read(["whole", "other"], UNION).as_deref(), Ok(expected), "{format}");
        let expected = "{\"x\":1.0,\"y\":\"a\"}\n{\"x\":2.0,\"y\":\"b\"}\n{\"x\":3.5,\"y\":\"c\"}\n";
        assert_eq!(read(["whole", "fraction"], UNION).as_deref(), Ok(expected), "{format}");
    });
}

#[test]
fn other_types_fail_where_files_say_them() {
    of_every_format(|format, own_types, read| {
        let read = read(["text", "whole"], "");
        if own_types {
            let said = read.unwrap_err();
            let expected = format!("source.s: whole.{format} differs from the first file: `x` is int64, not utf8");
            assert!(said.contains("error[schema-drift]") && said.contains(&expected), "{format}: {said}");
        } else if format.starts_with("json") {
            assert!(read.unwrap_err().contains("column x: 1 is not a utf8"), "{format}");
        } else {
            let expected = "{\"x\":\"five\",\"y\":\"d\"}\n{\"x\":\"6\",\"y\":\"e\"}\n{\"x\":\"1\",\"y\":\"a\"}\n{\"x\":\"2\",\"y\":\"b\"}\n";
            assert_eq!(read.as_deref(), Ok(expected), "{format}");
        }
    });
}

/// A value that does not convert is told with its file and column; it is a bad row like any other.
#[test]
fn a_cast_names_what_does_not_convert() {
    of_every_format(|format, _, read| {
        let said = read(["whole", "text"], CAST).unwrap_err();
        let (file, value) = (format!("text.{format}"), if format == "csv" { "five" } else { "\"five\"" });
        assert!(said.contains(&file) && said.contains("column x") && said.contains(value), "{format}: {said}");
        assert!(said.contains("int64") && !said.contains("cast node"), "{format}: {said}");
        let kept = read(["whole", "text"], &format!("{CAST}\non-error = \"skip\"")).unwrap();
        let sixth = if format.starts_with("json") { "" } else { "{\"x\":6,\"y\":\"e\"}\n" };
        assert_eq!(kept, format!("{{\"x\":1,\"y\":\"a\"}}\n{{\"x\":2,\"y\":\"b\"}}\n{sixth}"), "{format}");
    });
}

/// The bad rows are told one by one, with file and reason, and the summary counts them.
#[test]
fn what_does_not_convert_is_counted_and_told() {
    for (extension, own_types) in FORMATS {
        let folder = files(extension);
        let more = format!("{CAST}\non-error = {{ dead-letter = \"bad.jsonl\" }}");
        let kept = read(folder.path(), extension, ["whole", "text"], &more).unwrap();
        let letters = fs::read_to_string(folder.path().join("bad.jsonl")).unwrap();
        let letters: Vec<serde_json::Value> = letters.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(letters.len() + kept.lines().count(), 4, "{extension}: {letters:?} {kept}");
        let (letter, file) = (&letters[0], format!("text.{extension}"));
        assert_eq!((letter["stage"].as_str(), letter["file"].as_str()), (Some("s"), Some(&*file)), "{letter}");
        assert_eq!(letter["column"].as_str(), Some("x"), "{letter}");
        let reason = letter["reason"].as_str().unwrap();
        assert!(reason.contains("five") && reason.contains("int64"), "{letter}");
        assert_eq!(reason.contains("record 1"), *own_types, "{letter}");
        assert_eq!(letter["line"].is_null(), *own_types, "{letter}");
        let output = jackfield(folder.path()).args(["run", "pipeline.toml"]).output().unwrap();
        let counted =
            if letters.len() == 1 { "1 row rejected".to_owned() } else { format!("{} rows rejected", letters.len()) };
        assert!(text(&output).contains(&counted), "{extension}: {}", text(&output));
    }
}

/// Formats that are only read, or whose files need more than a name, with `{x}` in the place of the value.
#[test]
fn values_of_other_formats_are_bad_rows_too() {
    let sheet = |x: &str| {
        let cell = match x.parse::<f64>() {
            Ok(_) => format!("<v>{x}</v></c>"),
            Err(_) => format!("<is><t>{x}</t></is></c>"),
        };
        let kind = if x.parse::<f64>().is_ok() { "" } else { " t=\"inlineStr\"" };
        let xml = format!(
            "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>\
             <row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>x</t></is></c></row>\
             <row r=\"2\"><c r=\"A2\"{kind}>{cell}</row><row r=\"3\"><c r=\"A3\"><v>7</v></c></row></sheetData></worksheet>"
        );
        workbook(&[("xl/worksheets/sheet1.xml", xml.into_bytes(), false)])
    };
    let fixed = |x: &str| format!("{x:<6}\n7     \n").into_bytes();
    let log = |x: &str| {
        let line = |x: &str| format!("h - - [10/Oct/2000:13:55:36 +0000] \"GET / HTTP/1.0\" {x} 5\n");
        (line(x) + &line("7")).into_bytes()
    };
    type Made<'m> = &'m dyn Fn(&str) -> Vec<u8>;
    let formats: [(&str, &str, &str, Made<'_>); 3] = [
        ("xlsx", "", "x", &sheet),
        ("fwf", "options = { columns = [{ name = \"x\", width = 6 }] }", "x", &fixed),
        ("log", "format = \"apache\"\noptions = { pattern = \"common\" }", "status", &log),
    ];
    for (extension, options, column, made) in formats {
        let folder = folder("", &[]);
        fs::write(folder.path().join(format!("a.{extension}")), made("5")).unwrap();
        fs::write(folder.path().join(format!("b.{extension}")), made("five")).unwrap();
        let said = read(folder.path(), extension, ["a", "b"], &format!("{options}\n{CAST}")).unwrap_err();
        assert!(said.contains(&format!("b.{extension}")) && said.contains("five"), "{extension}: {said}");
        let more = format!("{options}\n{CAST}\non-error = \"skip\"");
        let kept = read(folder.path(), extension, ["a", "b"], &more).unwrap();
        let values: Vec<serde_json::Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let values: Vec<i64> = values.iter().map(|row| row[column].as_i64().unwrap()).collect();
        assert_eq!(values, [5, 7, 7], "{extension}: {kept}");
    }
}
