//! Whole files, read in pieces of every size.

use super::*;
use crate::feed::pieces;
use crate::options::WriteOptions;
use crate::write::Text;
use jackfield_sdk::{Params, Predicate, Scalar};
use jackfield_values::build::Column;
use jackfield_values::json;
use jackfield_values::view::View;
use proptest::prelude::*;

fn demand() -> Demand {
    Demand { columns: None, predicates: vec![], limit: None, batch_rows: 65_536, resume: None, extra: vec![] }
}

fn over(column: &str, comparison: &str, value: i64) -> Predicate {
    Predicate { column: column.to_owned(), comparison: comparison.to_owned(), values: vec![Scalar::Int64(value)] }
}

#[derive(Debug, Default, PartialEq)]
struct All {
    schema: String,
    rows: Vec<String>,
    records: Vec<u64>,
    bad: Vec<(u64, String, String)>,
}

fn read_all(text: &[u8], options: &str, demand: Demand, size: usize) -> Result<All, Failure> {
    let options = ReadOptions::parse("csv", &Params::new(options))?;
    let mut reader = Reader::new(options, demand, pieces(text, size));
    let mut all = All::default();
    let (names, types) = reader.columns()?;
    let (names, types) = (names.to_vec(), types.to_vec());
    let schema: Vec<String> = names.iter().zip(&types).map(|(name, of)| format!("{name}: {}", of.name())).collect();
    all.schema = schema.join(", ");
    let wanted = reader.demanded()?;
    loop {
        let block = match reader.next()? {
            Read::Block(block) => block,
            Read::Pause => continue,
            Read::End => return Ok(all),
        };
        let views: Vec<View> = wanted
            .iter()
            .zip(block.columns)
            .map(|(index, levels)| View::new(&types[*index], &mut levels.into_iter()).unwrap())
            .collect();
        assert!(views.iter().all(|view| view.length() == block.rows));
        for row in 0..block.rows {
            let mut out = Vec::new();
            for (at, view) in views.iter().enumerate() {
                if at > 0 {
                    out.push(b' ');
                }
                json::write(&mut out, view, row);
            }
            all.rows.push(String::from_utf8(out).unwrap());
        }
        match block.records {
            Some(records) => {
                assert_eq!(records.first(), Some(&block.first_record).filter(|_| block.rows > 0));
                assert_eq!(records.len(), block.rows);
                all.records.extend(records);
            }
            None => all.records.extend(block.first_record..block.first_record + block.rows as u64),
        }
        all.bad.extend(block.bad.into_iter().map(|bad| {
            let column = bad.reason.column.unwrap_or_default();
            let raw = String::from_utf8_lossy(&bad.raw).into_owned();
            (bad.line.unwrap(), raw, format!("{column}: {}", bad.reason.message))
        }));
    }
}

/// Reads in pieces of several sizes, which must make no difference but for the order of bad rows.
fn read(text: &str, options: &str, demand: Demand) -> All {
    let mut all = read_all(text.as_bytes(), options, demand.clone(), 1 << 20).unwrap();
    all.bad.sort();
    for size in [1, 2, 3, 7, 30] {
        for batch_rows in [1, 2, 65_536] {
            let mut other = read_all(text.as_bytes(), options, Demand { batch_rows, ..demand.clone() }, size).unwrap();
            other.bad.sort();
            assert_eq!(other, all, "pieces of {size} bytes, batches of {batch_rows}");
        }
    }
    all
}

#[test]
fn odd_text() {
    let text = "\u{feff}id,text,more\r\n1,\"a, \"\"quoted\"\" one\",x\r\n2,\"two\nlines\",\r\n3,\"\",Žluťoučký 🐎\r\n4,plain,\"trailing\"\r\n";
    let all = read(text, "{}", demand());
    assert_eq!(all.schema, "id: int64, text: utf8, more: utf8");
    let rows = [
        "1 \"a, \\\"quoted\\\" one\" \"x\"",
        "2 \"two\\nlines\" null",
        "3 \"\" \"Žluťoučký 🐎\"",
        "4 \"plain\" \"trailing\"",
    ];
    assert_eq!(all.rows, rows);
    assert_eq!(all.records, [0, 1, 2, 3]);
}

#[test]
fn options() {
    let options = r##"{"delimiter": ";", "header": false, "comment": "#", "null-values": ["-"], "trim": true}"##;
    let all = read("# a comment\n1 ; x ; 2.5\n- ; y;-\n\n# more\n3; ;4", options, demand());
    assert_eq!(all.schema, "column_1: int64, column_2: utf8, column_3: float64");
    assert_eq!(all.rows, ["1 \"x\" 2.5", "null \"y\" null", "3 \"\" 4.0"]);
    let all = read("a\n\n1\r\n\r\n2\n", "{}", demand());
    assert_eq!(all.rows, ["1", "2"]);
    let all = read("a,b\n1,\"x\"\n", r#"{"quote": ""}"#, demand());
    assert_eq!(all.rows, ["1 \"\\\"x\\\"\""]);
    let all = read("a,b\n1,-1\n-1,\"-1\"\n", r#"{"null-values": ["-1"], "schema": {"b": "int64"}}"#, demand());
    assert_eq!(all.rows, ["1 null", "null -1"]);
}

#[test]
fn empty_lines_are_not_kept() {
    let text = format!("a,b,c,d,e\n{}1,2,3,4,5\n", "\n".repeat(8 << 20));
    let all = read_all(text.as_bytes(), "{}", demand(), 1 << 20).unwrap();
    assert_eq!((all.rows, all.records), (vec!["1 2 3 4 5".to_owned()], vec![0]));
    // A segment of them holds its text and little more.
    let mut feed = Feed::new(
        pieces("\n".repeat(1 << 20).as_bytes(), 1 << 20),
        ReadOptions::parse("csv", &Params::new("{}")).unwrap().dialect,
        0,
    );
    let Fed::Segment(segment) = feed.next().unwrap() else { panic!("there is a segment") };
    let rows = Rows::new(segment, 0, 0, &Shape { width: 100, comment: None, trim: false, pad: false });
    assert!(rows.is_nothing() && rows.held() < 3 << 20, "{}", rows.held());
}

#[test]
fn numbers_of_other_countries() {
    let text = "n;x;d\n1.234;1,5;2024-01-31\n-5;1.000.000,25;\n;\"2,5\";2024-02-01\n12;1.5;\n";
    let german = r#"{"delimiter": ";", "decimal": ",", "thousands": ".", "infer-rows": 3}"#;
    let all = read(text, german, demand());
    assert_eq!(all.schema, "n: int64, x: float64, d: date");
    assert_eq!(all.rows, ["1234 1.5 \"2024-01-31\"", "-5 1000000.25 null", "null 2.5 \"2024-02-01\""]);
    assert_eq!(all.bad[0].0, 5);
    let some = Demand { predicates: vec![over("n", "greater", 100)], ..demand() };
    assert!(read(text, german, some).rows.contains(&"1234 1.5 \"2024-01-31\"".to_owned()));
    let told = r#"{"delimiter": ";", "decimal": ",", "schema": {"x": "decimal(9,2)", "n": "utf8"}, "infer-rows": 3}"#;
    let all = read("n;x\n1,5;1,5\n", told, demand());
    assert_eq!(all.rows, ["\"1,5\" 1.50"]);
    assert_eq!(read("x\n1.5\n", r#"{"decimal": ","}"#, demand()).schema, "x: utf8");
    assert_eq!(read("x\n\"1,234,567.5\"\n", r#"{"thousands": ","}"#, demand()).rows, ["1234567.5"]);
}

#[test]
fn other_encodings_and_line_ends() {
    let expected = ["\"é\" 1", "\"€\" 2"];
    let utf16: Vec<u8> = "\u{feff}n,x\r\né,1\r\n€,2\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, options) in [
        (utf16.as_slice(), "{}"),
        (b"n,x\n\xe9,1\n\x80,2\n", r#"{"encoding": "windows-1252"}"#),
        ("n,x\ré,1\r€,2".as_bytes(), "{}"),
        ("Title, of \"it\n\nn,x\né,1\n€,2".as_bytes(), r#"{"skip-rows": 1}"#),
    ] {
        for size in [1, 2, 3, 1 << 20] {
            let all = read_all(bytes, options, demand(), size).unwrap();
            assert_eq!(
                (all.schema.as_str(), all.rows.as_slice()),
                ("n: utf8, x: int64", &expected.map(str::to_owned)[..])
            );
        }
    }
    // Bytes that are none of the encoding make bad rows, with the line as it is counted everywhere.
    let all = read_all(b"n,x\r\xe9,1\rb,2\r", "{}", demand(), 4).unwrap();
    assert_eq!((all.rows.len(), all.bad[0].0), (1, 2));
    let all = read_all(b"t\n\nn,x\nb,2\nc,z\n", r#"{"skip-rows": 1, "infer-rows": 1}"#, demand(), 4).unwrap();
    assert_eq!((all.rows.len(), all.bad[0].0), (1, 5));
    assert_eq!(read_all(b"t\n\n", r#"{"skip-rows": 5}"#, demand(), 4).unwrap_err().code, "no-header");
    assert_eq!(read_all(b"t\n\na\rb\n", "{}", demand(), 4).unwrap().schema, "t: utf8");
}

#[test]
fn ragged_rows() {
    let text = "a,b\n1,2\n3\n5,6,7\n\"x\n\",8,9\n10,11\n";
    let all = read(text, "{}", demand());
    assert_eq!(all.rows, ["1 2", "10 11"]);
    assert_eq!(all.records, [0, 4]);
    assert_eq!(all.bad[0], (3, "3".to_owned(), ": the row has 1 field, not 2".to_owned()));
    assert_eq!(all.bad[1], (4, "5,6,7".to_owned(), ": the row has 3 fields, not 2".to_owned()));
    assert_eq!(all.bad[2].0, 5);
    assert_eq!(all.bad[2].1, "\"x\n\",8,9");
    let all = read("a,b,c\r\nx\r\ny,z\r\n1,2,3,4\r\n", r#"{"ragged": "pad", "null-values": ["NA"]}"#, demand());
    assert_eq!(all.rows, ["\"x\" null null", "\"y\" \"z\" null"]);
    assert_eq!(all.bad.len(), 1);
}

#[test]
fn bad_values() {
    let text = "id,n,t\n1,10,a\n2,ten,\"b\nb\"\n3,30,c\n4,\"4 0\",d\n5,,e\n";
    let schema = r#"{"schema": {"n": "int64"}}"#;
    let all = read(text, schema, demand());
    assert_eq!(all.rows, ["1 10 \"a\"", "3 30 \"c\"", "5 null \"e\""]);
    assert_eq!(all.records, [0, 2, 4]);
    assert_eq!(all.bad[0], (3, "2,ten,\"b\nb\"".to_owned(), "n: \"ten\" is not an int64".to_owned()));
    assert_eq!(all.bad[1], (6, "4,\"4 0\",d".to_owned(), "n: \"4 0\" is not an int64".to_owned()));
    let only = Demand { columns: Some(vec!["id".to_owned()]), ..demand() };
    let all = read(text, schema, only);
    assert_eq!(all.rows, ["1", "2", "3", "4", "5"]);
    let positive = Demand { predicates: vec![over("n", ">", 10)], ..demand() };
    let all = read(text, schema, positive.clone());
    assert_eq!(all.rows, ["3 30 \"c\""]);
    assert_eq!(all.records, [2]);
    assert_eq!(all.bad.len(), 2);
    let unused = Demand { columns: Some(vec!["id".to_owned()]), ..positive };
    let all = read(text, schema, unused);
    assert_eq!(all.rows, ["2", "3", "4"]);
    assert!(all.bad.is_empty());
}

#[test]
fn not_utf8() {
    let all = read_all(b"a,b\n1,x\xff(\n2,\xc3\xa9\n", "{}", demand(), 3).unwrap();
    assert_eq!(all.rows, ["2 \"é\""]);
    assert_eq!(all.bad[0].0, 2);
    assert!(all.bad[0].2.contains("is not UTF-8"), "{:?}", all.bad);
    let only = Demand { columns: Some(vec!["a".to_owned()]), ..demand() };
    assert_eq!(read_all(b"a,b\n1,\xff\n", "{}", only, 99).unwrap().rows, ["1"]);
    assert_eq!(read_all(b"a\xff,b\n1,2\n", "{}", demand(), 99).unwrap_err().code, "invalid-utf8");
}

#[test]
fn failures() {
    assert_eq!(read_all(b"", "{}", demand(), 1).unwrap_err().code, "no-header");
    assert_eq!(read_all(b"\n\n", "{}", demand(), 1).unwrap_err().code, "no-header");
    let unknown = read_all(b"dep_delay\n1\n", r#"{"schema": {"dep_dealy": "int64"}}"#, demand(), 9).unwrap_err();
    assert_eq!((unknown.code.as_str(), unknown.parameter.as_deref()), ("unknown-column", Some("/schema/dep_dealy")));
    let all = read_all(b"a,b\n1,2\n3,\"4\n5,6\n", "{}", demand(), 100).unwrap();
    assert_eq!(all.rows, ["1 2"]);
    assert_eq!(all.bad[0].1, "3,\"4\n5,6\n");
    assert_eq!(all.bad[0].0, 3);
}

#[test]
fn demand_is_met() {
    let text: String = std::iter::once("x,y\n".to_owned()).chain((0..1000).map(|n| format!("{n},t{n}\n"))).collect();
    let some = Demand { columns: Some(vec!["y".to_owned(), "x".to_owned()]), limit: Some(2), ..demand() };
    assert_eq!(read(&text, "{}", some.clone()).rows, ["\"t0\" 0", "\"t1\" 1"]);
    let late = Demand { predicates: vec![over("x", ">=", 995), over("x", "<>", 996)], ..some };
    let all = read(&text, "{}", late.clone());
    assert_eq!(all.rows, ["\"t995\" 995", "\"t997\" 997"]);
    assert_eq!(all.records, [995, 997]);
    let unknown = Demand { predicates: vec![over("x", ">=", 998), over("x", "like", 1)], limit: Some(1), ..demand() };
    assert_eq!(read(&text, "{}", unknown).rows.len(), 2);
    let nothing = Demand { columns: Some(vec![]), ..demand() };
    assert_eq!(read(&text, "{}", nothing).records.len(), 1000);
    let wrong = Demand { columns: Some(vec!["z".to_owned()]), ..demand() };
    assert_eq!(read_all(text.as_bytes(), "{}", wrong, 99).unwrap_err().code, "unknown-column");
}

#[test]
fn a_bad_row_behind_the_limit_is_not_seen() {
    let first = Demand { limit: Some(1), ..demand() };
    let all = read("a,b\n1,2\n3\n4,5\n", "{}", first);
    assert_eq!((all.rows.len(), all.bad.len()), (1, 0));
}

#[test]
fn the_sample_decides() {
    let text = format!("n\n{}oops\n", "1\n".repeat(30_000));
    let all = read_all(text.as_bytes(), "{}", demand(), 1 << 20).unwrap();
    assert_eq!(all.rows.len(), 30_000);
    assert_eq!(all.bad[0], (30_002, "oops".to_owned(), "n: \"oops\" is not an int64".to_owned()));
    let all = read_all(text.as_bytes(), r#"{"infer-rows": "all"}"#, demand(), 1 << 16).unwrap();
    assert_eq!((all.schema.as_str(), all.rows.len()), ("n: utf8", 30_001));
    let all = read_all(b"a,b\n", "{}", demand(), 1).unwrap();
    assert_eq!((all.schema.as_str(), all.rows.len()), ("a: utf8, b: utf8", 0));
}

#[test]
fn the_flights_are_read() {
    let Ok(path) = std::env::var("JACKFIELD_FLIGHTS") else { return };
    let text = std::fs::read(path).unwrap();
    let na = r#"{"null-values": ["NA", ""]}"#;
    let late = Demand { predicates: vec![over("dep_delay", ">", 60)], ..demand() };
    for (what, demand, rows) in [("late", late, 26_581), ("all", demand(), 336_776)] {
        let start = std::time::Instant::now();
        let options = ReadOptions::parse("csv", &Params::new(na)).unwrap();
        let mut reader = Reader::new(options, demand, pieces(&text, 1 << 20));
        let mut found = 0;
        while let Read::Block(block) = reader.next().unwrap() {
            found += block.rows;
        }
        println!("{what}: {:?}", start.elapsed());
        assert_eq!(found, rows);
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        rows in prop::collection::vec((any::<Option<i64>>(), any::<Option<f64>>(), any::<Option<String>>(), any::<Option<bool>>()), 0..20),
        style in prop::sample::select(vec!["necessary", "always"]),
        size in 1usize..200,
    ) {
        let schema = r#"{"schema": {"i": "int64", "f": "float64", "t": "utf8", "b": "bool"}}"#;
        let names = ["i", "f", "t", "b"];
        let types: Vec<Type> = ["int64", "float64", "utf8", "bool"].iter().map(|name| Type::parse(name).unwrap()).collect();
        let mut columns: Vec<Column> = types.iter().map(Column::new).collect();
        for (i, f, t, b) in &rows {
            match i { Some(i) => columns[0].push_bytes(&i.to_le_bytes()), None => columns[0].push_null() }
            match f { Some(f) => columns[1].push_bytes(&f.to_le_bytes()), None => columns[1].push_null() }
            match t { Some(t) => columns[2].push_bytes(t.as_bytes()), None => columns[2].push_null() }
            match b { Some(b) => columns[3].push_bool(*b), None => columns[3].push_null() }
        }
        let views: Vec<(String, View)> = names.iter().zip(types.iter().zip(columns)).map(|(name, (of, column))| {
            (name.to_string(), View::new(of, &mut column.finish().into_iter()).unwrap())
        }).collect();
        let options = WriteOptions::parse("csv", &Params::new(format!(r#"{{"quote-style": "{style}"}}"#))).unwrap();
        let text = Text::new(options);
        let mut out = Vec::new();
        text.header(&mut out, names.iter().copied()).unwrap();
        for row in 0..rows.len() {
            text.row(&mut out, &views, row).unwrap();
        }
        let all = read_all(&out, schema, demand(), size).unwrap();
        let expected: Vec<String> = (0..rows.len()).map(|row| {
            let mut line = Vec::new();
            for (at, (_, view)) in views.iter().enumerate() {
                if at > 0 { line.push(b' ') }
                json::write(&mut line, view, row);
            }
            String::from_utf8(line).unwrap()
        }).collect();
        prop_assert_eq!(all.rows, expected);
        prop_assert!(all.bad.is_empty());
    }

    #[test]
    fn hostile_bytes(text: Vec<u8>, shaped in "([a1\",\n\r#-]|NA){0,100}", size in 1usize..50) {
        for options in ["{}", r##"{"comment": "#", "trim": true, "ragged": "pad", "header": false}"##] {
            let _ = read_all(&text, options, demand(), size);
            let _ = read_all(shaped.as_bytes(), options, demand(), size);
        }
    }

    #[test]
    fn cutting_makes_no_difference(shaped in "a,b\n([a1\",\n\r#-]|NA|[a-z0-9]{1,9},){0,60}", size in 1usize..50) {
        let whole = read_all(shaped.as_bytes(), "{}", demand(), 1 << 20);
        let cut = read_all(shaped.as_bytes(), "{}", demand(), size);
        match (whole, cut) {
            (Ok(mut whole), Ok(mut cut)) => {
                whole.bad.sort();
                cut.bad.sort();
                prop_assert_eq!(whole, cut);
            }
            (whole, cut) => prop_assert_eq!(whole.is_err(), cut.is_err()),
        }
    }
}
