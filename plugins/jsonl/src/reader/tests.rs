//! Whole files, read in pieces of every size.

use super::*;
use crate::lines::pieces;
use jackfield_sdk::Params;
use jackfield_values::json;
use jackfield_values::view::View;
use proptest::prelude::*;

fn demand() -> Demand {
    Demand { columns: None, predicates: vec![], limit: None, batch_rows: 65_536, resume: None, extra: vec![] }
}

#[derive(Debug, Default, PartialEq)]
struct All {
    schema: String,
    rows: Vec<String>,
    records: Vec<u64>,
    bad: Vec<(u64, String, String)>,
}

fn read_all(text: &[u8], options: &str, demand: Demand, size: usize) -> Result<All, Failure> {
    read_as(Rows::Lines, text, options, demand, size)
}

fn read_as(rows: Rows, text: &[u8], options: &str, demand: Demand, size: usize) -> Result<All, Failure> {
    let mut reader = Reader::new(rows, Options::parse(&Params::new(options))?, demand, pieces(text, size));
    let mut all = All::default();
    let columns = reader.columns()?.to_vec();
    all.schema = columns.iter().map(|(name, of)| format!("{name}: {}", of.name())).collect::<Vec<_>>().join(", ");
    let wanted = reader.wanted()?.to_vec();
    loop {
        let block = match reader.next()? {
            Read::Block(block) => block,
            Read::Pause => continue,
            Read::End => return Ok(all),
        };
        let views: Vec<View> = wanted
            .iter()
            .zip(block.columns)
            .map(|(index, levels)| View::new(&columns[*index].1, &mut levels.into_iter()).unwrap())
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

/// Reads in pieces and batches of several sizes, which must make no difference.
fn read(text: &str, options: &str, demand: Demand) -> All {
    let all = read_all(text.as_bytes(), options, demand.clone(), 1 << 20).unwrap();
    for size in [1, 2, 3, 7, 30] {
        for batch_rows in [1, 2, 65_536] {
            let other = read_all(text.as_bytes(), options, Demand { batch_rows, ..demand.clone() }, size).unwrap();
            assert_eq!(other, all, "pieces of {size} bytes, batches of {batch_rows}");
        }
    }
    all
}

#[test]
fn columns_appear_in_order() {
    let text = "{\"x\": 1, \"s\": \"a\"}\n{\"x\": 2.5, \"s\": \"b\\u00e9\\n\", \"extra\": true}\n\n{\"s\": null}\r\n{\"extra\": false, \"x\": 3}";
    let all = read(text, "{}", demand());
    assert_eq!(all.schema, "x: float64, s: utf8, extra: bool");
    assert_eq!(all.rows, ["1.0 \"a\" null", "2.5 \"bé\\n\" true", "null null null", "3.0 null false"]);
    assert_eq!(all.records, [0, 1, 2, 3]);
    assert_eq!(read("", "{}", demand()), All::default());
    assert_eq!(read("{}\n{}\n", "{}", demand()).records, [0, 1]);
}

#[test]
fn nested_values() {
    let text = "{\"id\": 1, \"tags\": [\"a\", \"b\"], \"at\": {\"x\": 1, \"y\": 2.5}}\n{\"id\": 2, \"tags\": [], \"at\": null}\n{\"at\": {\"y\": null, \"x\": 3}, \"tags\": null, \"id\": 3}\n";
    let all = read(text, "{}", demand());
    assert_eq!(all.schema, "id: int64, tags: list<utf8>, at: struct<x: int64, y: float64>");
    let rows = ["1 [\"a\",\"b\"] {\"x\":1,\"y\":2.5}", "2 [] null", "3 null {\"x\":3,\"y\":null}"];
    assert_eq!(all.rows, rows);
    let all = read(text, r#"{"flatten": true}"#, demand());
    assert_eq!(all.schema, "id: int64, tags: list<utf8>, at_x: int64, at_y: float64");
    assert_eq!(all.rows, ["1 [\"a\",\"b\"] 1 2.5", "2 [] null null", "3 null 3 null"]);
    assert!(all.bad.is_empty());
}

#[test]
fn told_types() {
    let text = "{\"d\": \"2024-02-29\", \"n\": 1.5, \"b\": \"Zm8=\", \"u\": 18446744073709551615, \"l\": [\"12:30\"]}\n{\"d\": \"2024-02-30\"}\n{\"d\": 5}\n";
    let schema = r#"{"schema": {"d": "date", "n": "decimal(5,2)", "b": "binary", "u": "uint64", "l": "list<time>", "more": "int8"}}"#;
    let all = read(text, schema, demand());
    assert_eq!(all.schema, "d: date, n: decimal(5,2), b: binary, u: uint64, l: list<time>, more: int8");
    assert_eq!(all.rows, ["\"2024-02-29\" 1.50 \"Zm8=\" 18446744073709551615 [\"12:30:00\"] null"]);
    assert_eq!(all.bad[0].2, "d: \"2024-02-30\" is not a date");
    assert_eq!(all.bad[1].2, "d: 5 is not a date");
    let all = read("{\"a\": 1, \"b\": 2}\n", r#"{"schema": {"b": "float64"}}"#, demand());
    assert_eq!(all.schema, "a: int64, b: float64");
}

#[test]
fn columns_as_text() {
    let text = "{\"g\": {\"a\": [1, 2]}, \"n\": 1}\n{\"g\": \"x\\n\", \"n\": 2}\n{\"n\": 3}\n{\"g\": null}\n{\"g\": [ ]}\n{\"g\": tru}\n";
    for flatten in ["false", "true"] {
        let all = read(text, &format!(r#"{{"as-text": ["g", "none"], "flatten": {flatten}}}"#), demand());
        assert_eq!(all.schema, "g: utf8, n: int64");
        assert_eq!(all.rows, [r#""{\"a\": [1, 2]}" 1"#, r#""x\n" 2"#, "null 3", "null null", r#""[ ]" null"#]);
        assert_eq!(all.bad.len(), 1);
    }
    let nested = "{\"o\": {\"g\": 1, \"h\": 1}}\n{\"o\": {\"g\": [1], \"h\": 2}}\n";
    let all = read(nested, r#"{"as-text": ["o_g"], "flatten": true}"#, demand());
    assert_eq!(
        (all.schema.as_str(), all.rows),
        ("o_g: utf8, o_h: int64", vec!["\"1\" 1".to_owned(), "\"[1]\" 2".to_owned()])
    );
    // What the types of an earlier opening say is no other wish.
    let all = read(text, r#"{"as-text": ["g"], "schema": {"g": "utf8", "n": "int64"}}"#, demand());
    assert_eq!(all.rows.len(), 5);
}

#[test]
fn bad_rows() {
    let text = "{\"x\": 1}\n{\"x\": \"one\"}\n\n{\"x\": 2.5}\n{\"x\": 3\n[1]\n{\"x\": 4} 5\n{\"x\": 1, \"x\": 2}\n{\"x\": \"\\ud800\"}\n{\"x\": 9}\n{\"x\": 9223372036854775808}\n";
    let all = read(text, r#"{"infer-rows": 2}"#, demand());
    assert_eq!(all.rows, ["1", "9"]);
    assert_eq!(all.records, [0, 8]);
    let messages: Vec<(u64, &str)> = all.bad.iter().map(|(line, _, message)| (*line, message.as_str())).collect();
    let expected = [
        (2, "x: \"one\" is not an int64"),
        (4, "x: 2.5 is not an int64"),
        (5, ": the object has no end, at byte 8 of the line"),
        (6, ": the row is not a JSON object, at byte 1 of the line"),
        (7, ": something follows the object, at byte 10 of the line"),
        (8, "x: the key `x` stands there twice"),
        (9, "x: half of a surrogate pair stands alone, at byte 14 of the line"),
        (11, "x: 9223372036854775808 is not an int64"),
    ];
    assert_eq!(messages[..6], expected[..6]);
    assert_eq!(messages[7..], expected[7..]);
    assert_eq!(all.bad[2].1, "{\"x\": 3");
}

#[test]
fn half_a_row_leaves_nothing() {
    let text = "{\"a\": 1, \"o\": {\"p\": [1, 2], \"q\": 1}, \"z\": 1}\n{\"a\": 2, \"o\": {\"p\": [3, \"x\"], \"q\": 1}}\n{\"a\": 3, \"o\": {\"q\": 7, \"r\": 1}}\n{\"a\": 4, \"o\": {\"q\": 8}}\n";
    let all = read(text, r#"{"infer-rows": 1}"#, demand());
    assert_eq!(all.rows, ["1 {\"p\":[1,2],\"q\":1} 1", "4 {\"p\":null,\"q\":8} null"]);
    assert_eq!(all.bad.len(), 2);
}

#[test]
fn keys_behind_the_sample() {
    let text = format!("{}{{\"y\": 1}}\n", "{\"x\": 1}\n".repeat(10_000));
    let all = read_all(text.as_bytes(), "{}", demand(), 1 << 16).unwrap();
    assert_eq!(all.rows.len(), 10_000);
    assert_eq!(all.bad[0].0, 10_001);
    let all = read_all(text.as_bytes(), r#"{"infer-rows": "all"}"#, demand(), 1 << 16).unwrap();
    assert_eq!((all.schema.as_str(), all.rows.len()), ("x: int64, y: int64", 10_001));
}

#[test]
fn demand_is_met() {
    let text: String =
        (0..1000).map(|n| format!("{{\"x\": {n}, \"skip\": [{{\"a\": \"}}\"}}], \"y\": \"t{n}\"}}\n")).collect();
    let some = Demand { columns: Some(vec!["y".to_owned(), "x".to_owned()]), limit: Some(2), ..demand() };
    assert_eq!(read(&text, "{}", some).rows, ["\"t0\" 0", "\"t1\" 1"]);
    let none = Demand { columns: Some(vec![]), ..demand() };
    assert_eq!(read(&text, "{}", none).records.len(), 1000);
    let wrong = Demand { columns: Some(vec!["z".to_owned()]), ..demand() };
    assert_eq!(read_all(text.as_bytes(), "{}", wrong, 99).unwrap_err().code, "unknown-column");
}

#[test]
fn not_utf8() {
    let all = read_all(b"{\"a\": \"\xff\"}\n{\"a\": \"\xc3\xa9\"}\n", "{}", demand(), 3).unwrap();
    assert_eq!(all.rows, ["\"é\""]);
    assert!(all.bad[0].2.contains("UTF-8"));
}

#[test]
fn a_large_file_is_read_quickly() {
    let Ok(path) = std::env::var("JACKFIELD_LINES") else { return };
    let text = std::fs::read(path).unwrap();
    let start = std::time::Instant::now();
    let mut reader =
        Reader::new(Rows::Lines, Options::parse(&Params::default()).unwrap(), demand(), pieces(&text, 1 << 20));
    let mut rows = 0;
    while let Read::Block(block) = reader.next().unwrap() {
        rows += block.rows;
        assert!(block.bad.is_empty(), "{:?}", block.bad.first());
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{rows} rows in {seconds:.3} s, {:.0} MB/s", text.len() as f64 / seconds / 1e6);
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        rows in prop::collection::vec((any::<Option<i64>>(), any::<Option<f64>>(), any::<Option<String>>(), any::<Option<Vec<Option<bool>>>>()), 0..20),
        size in 1usize..200,
    ) {
        let mut out = Vec::new();
        let mut expected = Vec::new();
        for (i, f, t, l) in &rows {
            let f = f.filter(|f| f.is_finite());
            let mut text = b"null".to_vec();
            if let Some(t) = t {
                text.clear();
                json::write_string(&mut text, t.as_bytes());
            }
            let mut float = b"null".to_vec();
            if let Some(f) = f {
                float.clear();
                jackfield_values::number::write_f64(&mut float, f);
            }
            let integer = i.map_or("null".to_owned(), |i| i.to_string());
            let items = |l: &Vec<Option<bool>>| l.iter().map(|b| b.map_or("null".to_owned(), |b| b.to_string())).collect::<Vec<_>>().join(",");
            let list = l.as_ref().map_or("null".to_owned(), |l| format!("[{}]", items(l)));
            let (text, float) = (String::from_utf8(text).unwrap(), String::from_utf8(float).unwrap());
            out.extend_from_slice(format!("{{\"i\":{integer},\"f\":{float},\"t\":{text},\"l\":{list}}}\n").as_bytes());
            expected.push(format!("{integer} {float} {text} {list}"));
        }
        let schema = r#"{"schema": {"i": "int64", "f": "float64", "t": "utf8", "l": "list<bool>"}}"#;
        let all = read_all(&out, schema, demand(), size).unwrap();
        prop_assert_eq!(all.rows, expected);
        prop_assert_eq!(all.bad, []);
    }

    #[test]
    fn hostile_bytes(text: Vec<u8>, shaped in "(\\{\"a\":|[\\[\\]{}\",:\\\\u0-9a-f\n. -]|null|true){0,60}", size in 1usize..50) {
        for options in ["{}", r#"{"flatten": true, "schema": {"a": "struct<a: list<int64>>"}}"#] {
            let _ = read_all(&text, options, demand(), size);
            let _ = read_all(shaped.as_bytes(), options, demand(), size);
        }
    }
}

#[test]
fn text_without_any_object_is_told_at_once() {
    let failure = read_all(b"\nhello\nworld\n", "{}", demand(), 5).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.row), ("syntax", Some(1)), "{failure:?}");
    let told = read_all(b"hello\n", "{\"schema\": {\"a\": \"int64\"}}", demand(), 5).unwrap();
    assert_eq!((told.schema.as_str(), told.bad.len()), ("a: int64", 1));
}

#[test]
fn an_array_is_read_as_lines_are() {
    let lines = "{\"a\": 1, \"b\": [\"x\\n\"]}\n{\"b\": null}\n\n{\"a\": 2.5}\n";
    let array = " [ {\"a\": 1,\n\"b\": [\"x\\n\"]},\n\n{\"b\": null}, {\"a\":\t2.5}\n]\n";
    let expected = read(lines, "{}", demand());
    for size in [1, 2, 3, 7, 1 << 20] {
        assert_eq!(read_as(Rows::Elements, array.as_bytes(), "{}", demand(), size).unwrap(), expected, "{size}");
    }
}

#[test]
fn a_bad_element_is_told_with_its_line() {
    let text = "[{\"a\": 1}, {\"a\":\n \"x\"},\n 5, {\"a\" 2}, {\"a\": 3}]";
    let all = read_as(Rows::Elements, text.as_bytes(), r#"{"infer-rows": 1}"#, demand(), 4).unwrap();
    assert_eq!((all.rows, all.records), (vec!["1".to_owned(), "3".to_owned()], vec![0, 4]));
    let bad: Vec<(u64, &str)> = all.bad.iter().map(|(line, _, reason)| (*line, reason.as_str())).collect();
    let expected = [
        (2, "a: \"x\" is not an int64"),
        (3, ": the row is not a JSON object, at byte 2 of the line"),
        (3, ": a key has no value, at byte 10 of the line"),
    ];
    assert_eq!(bad, expected);
}
