//! Parquet and Arrow IPC, through the binary: what pyarrow, DuckDB and Polars have written (tests/columnar, made by
//! make.py), what comes of our own files, streams, and damage.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::Value;

mod support;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/columnar")
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(fixtures().join(name)).unwrap()
}

/// Name and content of all files that others have written.
fn written_by_others() -> Vec<(String, Vec<u8>)> {
    let names = fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.ends_with(".py") && !name.ends_with(".jsonl")).collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), fixture(&name))).collect()
}

fn rows(text: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn expected() -> Vec<Value> {
    rows(&fixture("rows.jsonl"))
}

/// Runs a pipeline of one source and one sink, with a node between them if there is one.
fn run(folder: &Path, source: &str, node: &str, sink: &str, stdin: &[u8]) -> Output {
    let input = if node.is_empty() { "a" } else { "n" };
    let node = if node.is_empty() { String::new() } else { format!("[node.n]\ninput = \"a\"\n{node}\n") };
    let pipeline = format!("[source.a]\n{source}\n{node}[sink.out]\ninput = \"{input}\"\n{sink}\n");
    fs::write(folder.join("pipeline.toml"), pipeline).unwrap();
    let mut command = support::jackfield(folder);
    command.args(["run", "-q", "pipeline.toml"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut pipe, bytes) = (child.stdin.take().unwrap(), stdin.to_vec());
    // A program that does not want all of its input closes the pipe, which is its right.
    let writer = std::thread::spawn(move || drop(pipe.write_all(&bytes)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

#[track_caller]
fn read(folder: &Path, source: &str, node: &str, stdin: &[u8]) -> Vec<Value> {
    let output = run(folder, source, node, "path = \"-\"\nformat = \"jsonl\"", stdin);
    assert!(output.status.success(), "{source}: {}", support::text(&output));
    rows(&output.stdout)
}

#[test]
fn what_others_write_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in written_by_others() {
        // By content alone: the name says nothing.
        fs::write(folder.path().join("some-file"), content).unwrap();
        let found = read(folder.path(), "path = \"some-file\"", "", b"");
        assert_eq!(found.len(), expected().len(), "{name}");
        for (found, mut expected) in found.iter().zip(expected()) {
            // The old timestamps of 96 bits say nothing of zones, so there is no such column.
            if name.contains("int96") {
                expected.as_object_mut().unwrap().remove("zoned");
            }
            assert_eq!(*found, expected, "{name}");
        }
    }
}

#[test]
fn what_we_write_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("in.parquet"), fixture("pyarrow-large.parquet")).unwrap();
    let parquet = ["zstd", "snappy", "gzip", "lz4", "brotli", "none"].map(|compression| {
        ("out.parquet", format!("options = {{ compression = \"{compression}\", row-group-rows = 7 }}"))
    });
    let arrow = [("out.feather", String::new()), ("out.arrows", "options = { kind = \"stream\" }".to_owned())];
    for (name, options) in parquet.into_iter().chain(arrow) {
        let output = run(folder.path(), "path = \"in.parquet\"", "", &format!("path = \"{name}\"\n{options}"), b"");
        assert!(output.status.success(), "{name} {options}: {}", support::text(&output));
        assert_eq!(read(folder.path(), &format!("path = \"{name}\""), "", b""), expected(), "{name} {options}");
    }
}

#[test]
fn pipes_and_codecs_give_what_files_give() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["duckdb.parquet", "pyarrow.arrow", "polars.arrows"] {
        assert_eq!(read(folder.path(), "path = \"-\"", "", &fixture(name)), expected(), "{name}");
    }
    fs::write(folder.path().join("in.arrow"), fixture("pyarrow.arrow")).unwrap();
    let output = run(folder.path(), "path = \"in.arrow\"", "", "path = \"out.parquet.gz\"", b"");
    assert!(output.status.success(), "{}", support::text(&output));
    assert_eq!(read(folder.path(), "path = \"out.parquet.gz\"", "", b""), expected());
}

#[test]
fn conditions_and_limits_give_the_same_rows_with_and_without_statistics() {
    let folder = tempfile::tempdir().unwrap();
    let conditions = [
        "id > 30",
        "id = 17",
        "id in (2, 39)",
        "text = 'word 1ü'",
        "day < DATE '2013-01-05'",
        "zoned >= TIMESTAMP '2013-06-01T12:30:35Z'",
        "price > 40.5",
        "real <> 2.5 and id < 12",
        "flag",
        "small is null",
        "id > 100",
    ];
    for name in ["pyarrow-groups.parquet", "polars-lz4.parquet", "duckdb.parquet", "pyarrow.arrows"] {
        fs::write(folder.path().join("in.file"), fixture(name)).unwrap();
        let everything: String = expected().iter().map(|row| format!("{row}\n")).collect();
        fs::write(folder.path().join("in.jsonl"), everything).unwrap();
        for condition in conditions {
            let node = format!("type = \"filter\"\nparams = {{ where = \"{condition}\" }}");
            let typed = "schema = { day = \"date\", zoned = \"timestamp[UTC]\" }";
            let due = read(folder.path(), &format!("path = \"in.jsonl\"\n{typed}"), &node, b"");
            assert_eq!(read(folder.path(), "path = \"in.file\"", &node, b""), due, "{name}: {condition}");
        }
        let limited =
            read(folder.path(), "path = \"in.file\"", "type = \"limit\"\nparams = { rows = 3, offset = 12 }", b"");
        assert_eq!(limited, expected()[12..15], "{name}");
    }
}

#[test]
fn types_that_the_pipeline_tells_are_converted_to() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("in.parquet"), fixture("duckdb.parquet")).unwrap();
    let source = "path = \"in.parquet\"\nschema = { id = \"utf8\", text = \"int64\" }\non-error = { dead-letter = \"bad.jsonl\" }";
    let select = "type = \"select\"\nparams = { columns = [\"id\", \"text\"] }";
    let found = read(folder.path(), source, select, b"");
    // All texts are words, so only the rows without one are left.
    let left =
        expected().iter().filter(|row| row["text"].is_null()).map(|row| row["id"].to_string()).collect::<Vec<_>>();
    assert_eq!(found.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), left);
    let letters = rows(&fs::read(folder.path().join("bad.jsonl")).unwrap());
    assert_eq!(letters.len(), expected().len() - left.len());
}

/// Runs a file that may be damaged: either all is well, or the message is one for people.
#[track_caller]
fn may_fail(folder: &Path, name: &str, bytes: &[u8]) -> bool {
    fs::write(folder.join(name), bytes).unwrap();
    let output = run(folder, &format!("path = \"{name}\""), "", "path = \"out.jsonl\"", b"");
    let said = support::text(&output);
    match output.status.code() {
        Some(0) => true,
        Some(code @ (1 | 3 | 5)) => {
            assert!(said.contains(name), "exit {code}: {said}");
            for raw in ["plugin-trap", "panicked", "error[memory]", "error[internal]", "unreachable", "backtrace"] {
                assert!(!said.contains(raw), "exit {code}: {said}");
            }
            assert!(!folder.join("out.jsonl").exists(), "a failed run leaves nothing");
            false
        }
        code => panic!("exit {code:?}: {said}"),
    }
}

#[test]
fn damaged_files_fail_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = 7u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    };
    let mut failed = 0;
    for (name, rounds) in
        [("duckdb.parquet", 12), ("pyarrow-groups.parquet", 12), ("polars.arrow", 8), ("pyarrow-zstd.feather", 8)]
    {
        let whole = fixture(name);
        let ending = Path::new(name).extension().unwrap().to_str().unwrap();
        for round in 0..rounds {
            let mut bytes = whole.clone();
            for _ in 0..1 + round % 3 {
                let at = random() % bytes.len();
                bytes[at] ^= 1 << (random() % 8);
            }
            if round % 4 == 3 {
                bytes.truncate(random() % bytes.len());
            }
            let fine = may_fail(folder.path(), &format!("in.{ending}"), &bytes);
            let _ = fs::remove_file(folder.path().join("out.jsonl"));
            failed += usize::from(!fine);
        }
    }
    assert!(failed > 10, "only {failed} of the damaged files failed");
}

#[test]
fn a_footer_that_lies_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    // A schema of one group within the other, and a list that should have 2^31 elements.
    let deep =
        [vec![0x15, 0x02, 0x19, 0xfc, 0xa0, 0x8d, 0x06], [0x48, 0x01, b'x', 0x15, 0x02, 0x00].repeat(100_000)].concat();
    let long = vec![0x15, 0x02, 0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0x48, 0x01, b'x', 0x00];
    for footer in [deep, long] {
        let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
        let file = [b"PAR1".as_slice(), &footer, &length, b"PAR1"].concat();
        assert!(!may_fail(folder.path(), "in.parquet", &file));
    }
}
