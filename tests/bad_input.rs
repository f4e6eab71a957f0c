//! Bad input: good files of every format and codec with bytes flipped or cut off. A run gives rows or a clear failure, in
//! bounded time and memory; no plugin traps, nothing panics.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

mod support;

use support::{folder, jackfield, text, workbook};

/// What a plugin may have here: less than usual, so that what is claimed and not there is found.
const LIMITS: &str = "[limits]\nmemory = \"96MiB\"\ncall-timeout = \"10s\"\n";
/// After so long a run hangs.
const HANGS: Duration = Duration::from_secs(60);

const FIXED: &str =
    "columns = [{ name = \"n\", width = 8 }, { name = \"x\", width = 24 }, { name = \"t\", width = 12 }]";
const PATTERN: &str = "pattern = '%h %{%F}t \\\"%{Note}i\\\" %>s'";

/// Every format and codec: the file's name, its format, the columns it takes of the rows, and the options of the format.
const FILES: &[(&str, &str, &str, &str)] = &[
    ("good.csv", "csv", "*", ""),
    ("good.tsv", "tsv", "*", ""),
    ("good.jsonl", "jsonl", "*", ""),
    ("good.json", "json", "*", ""),
    ("good.avro", "avro", "*", ""),
    ("good.parquet", "parquet", "*", ""),
    ("good.arrow", "arrow-ipc", "*", ""),
    ("good.arrows", "arrow-ipc", "*", "kind = \"stream\""),
    ("good.logfmt", "logfmt", "*", ""),
    ("good.fwf", "fixed-width", "n, x, t", FIXED),
    ("good.log", "apache", "host, time, note, status", PATTERN),
    ("good.csv.gz", "csv", "*", ""),
    ("good.csv.zst", "csv", "*", ""),
    ("good.csv.lz4", "csv", "*", ""),
    ("good.csv.sz", "csv", "*", ""),
    ("good.csv.bz2", "csv", "*", ""),
    ("good.csv.xz", "csv", "*", ""),
    ("good.csv.br", "csv", "*", ""),
];

const ROWS: usize = 60;

fn rows() -> String {
    let mut csv = "n,x,t,d,host,time,note,status,b\n".to_owned();
    for n in 0..ROWS {
        let day = n % 28 + 1;
        csv += &format!(
            "{n},{}.5,text {},2024-02-{day:02},::{n},2024-02-{day:02},\"a \"\"{n}\"\"\",20{},{}\n",
            n * 7,
            n % 5,
            n % 10,
            n % 2 == 0
        );
    }
    csv
}

fn options_of(options: &str) -> String {
    if options.is_empty() { String::new() } else { format!("options = {{ {options} }}\n") }
}

/// A pipeline that writes every one of the files.
fn writes_all() -> String {
    let mut pipeline = "[source.rows]\npath = \"rows.csv\"\n".to_owned();
    pipeline += "[node.times]\ntype = \"derive\"\ninput = \"rows\"\n";
    pipeline += "params = { columns = { time = \"cast(time as timestamp)\" } }\n";
    for (number, (name, format, columns, options)) in FILES.iter().enumerate() {
        let options = options_of(options);
        pipeline +=
            &format!("[sink.s{number}]\ninput = \"times\"\npath = \"{name}\"\nformat = \"{format}\"\n{options}");
        if *columns != "*" {
            let list: Vec<String> = columns.split(", ").map(|column| format!("\"{column}\"")).collect();
            pipeline += &format!("columns = [{}]\n", list.join(", "));
        }
    }
    pipeline
}

/// A file: its name, its format, and the options of the format.
type File = (&'static str, &'static str, &'static str);

/// A pipeline that reads one file.
fn reads((name, format, options): File) -> String {
    let options = options_of(options);
    format!(
        "[source.a]\npath = \"{name}\"\nformat = \"{format}\"\n{options}\n[sink.out]\ninput = \"a\"\npath = \"out.jsonl\"\n\n{LIMITS}"
    )
}

/// Runs a pipeline to its end, and says what it gave: exit code, outputs, rows.
fn run(file: File, content: &[u8]) -> (Option<i32>, String, Option<String>) {
    let name = file.0;
    let folder = folder(&reads(file), &[(name, content)]);
    let path = folder.path().to_owned();
    let (done, wait) = mpsc::channel();
    std::thread::spawn(move || {
        let output = jackfield(&path).args(["run", "pipeline.toml"]).output().unwrap();
        // Nobody waits any more if it took too long.
        let _ = done.send(output);
    });
    let output = wait.recv_timeout(HANGS).unwrap_or_else(|_| panic!("{name} hangs"));
    let rows = fs::read_to_string(folder.path().join("out.jsonl")).ok();
    (output.status.code(), text(&output), rows)
}

/// What must hold of a run whatever its input is.
fn problem((code, said, rows): &(Option<i32>, String, Option<String>)) -> Option<String> {
    let defects = ["panicked", "error[trap]", "error[internal]", "error[breach]", "unreachable"];
    if let Some(defect) = defects.iter().find(|defect| said.contains(**defect)) {
        return Some(format!("{defect}: {said}"));
    }
    match (code, rows) {
        (Some(0), Some(rows)) => {
            let broken = rows.lines().find(|line| serde_json::from_str::<serde_json::Value>(line).is_err());
            broken.map(|line| format!("a row is no JSON: {line}"))
        }
        (Some(1 | 3 | 5), None) if said.contains("error[") => None,
        (Some(1 | 3 | 5), Some(_)) => Some("a failed run left its output".to_owned()),
        _ => Some(format!("exit {code:?}: {said}")),
    }
}

/// Deterministic numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most.max(1)
    }
}

/// The file cut off at some places, and with some bytes flipped: more at its start, where lengths and types are told.
fn spoilt(good: &[u8], dice: &mut Dice) -> Vec<(String, Vec<u8>)> {
    let length = good.len();
    let mut spoilt: Vec<(String, Vec<u8>)> = Vec::new();
    for cut in [0, 1, length / 3, length * 2 / 3, length.saturating_sub(5), length - 1, dice.below(length)] {
        spoilt.push((format!("cut at {cut}"), good[..cut].to_vec()));
    }
    for number in 0..14 {
        let mut bytes = good.to_vec();
        let mut flips = Vec::new();
        for _ in 0..=number % 3 {
            let at = if number % 2 == 0 { dice.below(length.min(64)) } else { dice.below(length) };
            bytes[at] ^= 1 << dice.below(8);
            flips.push(at);
        }
        spoilt.push((format!("flipped at {flips:?}"), bytes));
    }
    let at = dice.below(length);
    spoilt.push((format!("0xff from {at} on"), [&good[..at], &vec![0xff; length - at]].concat()));
    spoilt.push(("twice".to_owned(), [good, good].concat()));
    spoilt.push(("with garbage behind it".to_owned(), [good, b"\x00\xffgarbage"].concat()));
    spoilt
}

/// Runs all cases on two threads, and gives what went wrong.
fn run_all(cases: &[(String, File, Vec<u8>)]) -> Vec<String> {
    let (next, problems) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((what, file, bytes)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(problem) = problem(&run(*file, bytes)) {
                        problems.lock().unwrap().push(format!("{what}: {problem}"));
                    }
                }
            });
        }
    });
    problems.into_inner().unwrap()
}

fn good_files(target: &Path) -> Vec<(File, Vec<u8>)> {
    fs::write(target.join("pipeline.toml"), writes_all()).unwrap();
    fs::write(target.join("rows.csv"), rows()).unwrap();
    let output = jackfield(target).args(["run", "pipeline.toml"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let read = |name: &str| fs::read(target.join(name)).unwrap();
    let files = FILES.iter().map(|(name, format, _, options)| ((*name, *format, *options), read(name)));
    let mut files: Vec<(File, Vec<u8>)> = files.collect();
    files.push((("good.xlsx", "xlsx", ""), workbook(&[("xl/worksheets/sheet1.xml", sheet(), false)])));
    files
}

#[test]
fn good_files_are_read_and_spoilt_ones_do_no_harm() {
    let target = tempfile::tempdir().unwrap();
    let mut cases = Vec::new();
    let mut dice = Dice(7);
    for (file, good) in good_files(target.path()) {
        let (code, said, rows) = run(file, &good);
        let count = rows.map_or(0, |rows| rows.lines().count());
        assert_eq!((code, count), (Some(0), ROWS), "{}: {said}", file.0);
        for (what, bytes) in spoilt(&good, &mut dice) {
            cases.push((format!("{} {what}", file.0), file, bytes));
        }
    }
    let problems = run_all(&cases);
    assert!(problems.is_empty(), "{} of {}:\n{}", problems.len(), cases.len(), problems.join("\n"));
}

#[test]
fn deep_json_is_refused() {
    let deep = |open: &str, close: &str| format!("{}1{}\n", open.repeat(200_000), close.repeat(200_000));
    let cases = [
        ("jsonl", format!("{{\"a\": {}}}\n", deep("[", "]").trim_end())),
        ("jsonl", deep("{\"a\":", "}")),
        ("json", format!("[{{\"a\": {}}}]\n", deep("[", "]").trim_end())),
        ("json", "[".repeat(200_000)),
    ];
    for (format, content) in cases {
        let ran = run(("deep", format, ""), content.as_bytes());
        assert_eq!((problem(&ran), ran.0), (None, Some(1)), "{}", ran.1);
    }
}

#[test]
fn a_workbook_that_unpacks_to_gigabytes_is_refused() {
    // 40 MB of digits: gzip's data is what stands in an archive too.
    let zeros = "0".repeat(1000) + "\n";
    let folder = folder(
        "[source.a]\npath = \"in.csv\"\n\n[sink.out]\ninput = \"a\"\npath = \"out.csv.gz\"\n",
        &[("in.csv", format!("x\n{}", zeros.repeat(40_000)).as_bytes())],
    );
    let output = jackfield(folder.path()).args(["run", "pipeline.toml"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let packed = fs::read(folder.path().join("out.csv.gz")).unwrap();
    for part in ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"] {
        let ran = run(("bomb.xlsx", "xlsx", ""), &workbook(&[(part, packed.clone(), true)]));
        assert_eq!(ran.0, Some(5), "{}", ran.1);
        assert!(ran.1.contains("error[too-large]") && ran.1.contains(part), "{}", ran.1);
    }
}

/// A sheet with a header and as many rows as the other files have.
fn sheet() -> Vec<u8> {
    let mut xml = "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>\
                   <row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>n</t></is></c><c r=\"B1\" t=\"inlineStr\"><is><t>day</t></is></c></row>"
        .to_owned();
    for n in 0..ROWS {
        let row = n + 2;
        xml += &format!(
            "<row r=\"{row}\"><c r=\"A{row}\"><v>{n}</v></c><c r=\"B{row}\" s=\"1\"><v>{}</v></c></row>",
            45_000 + n
        );
    }
    (xml + "</sheetData></worksheet>").into_bytes()
}
