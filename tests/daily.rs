//! `convert`, `pipe` and `peek` beyond what golden cases can show: what is printed runs the same, every format takes
//! folders, little is read.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

const FLIGHTS: &str = "carrier,flight,dep_delay,time\nUA,1,61,2013-01-01T05:00:00Z\nEV,2,,2013-01-01T06:00:00Z\n\
                       AA,3,5,2013-01-02T05:00:00Z\nUA,4,12,2013-01-02T07:00:00Z\nEV,5,200,2013-01-03T05:00:00Z\n";
const AIRLINES: &str = "carrier,name\nUA,United\nAA,American\n";

fn succeed(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = support::jackfield(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", support::text(&output));
    output.stdout
}

#[test]
fn what_is_printed_runs_the_same() {
    let lines: &[&[&str]] = &[
        &[
            "convert",
            "flights.csv",
            "OUT",
            "--where",
            "dep_delay > 10 AND carrier <> 'A''A'",
            "--select",
            "flight,\"carrier\"",
            "-n",
            "2",
        ],
        &[
            "convert",
            "flights.csv",
            "OUT",
            "--schema",
            "flight=utf8",
            "--option",
            "null-values=UA",
            "--file-name-column",
            "a file",
        ],
        &[
            "pipe",
            "flights.csv",
            "filter dep_delay > 1",
            "aggregate by=carrier n=count(*) mean=avg(dep_delay)",
            "sort n desc, carrier",
            "OUT",
        ],
        &[
            "pipe",
            "flights.csv",
            "join carrier right=airlines.csv kind=left",
            "derive who=coalesce(name, '${none}')  \"odd col\"=flight + 1, last=flight",
            "select who \"odd col\"",
            "OUT",
        ],
        &[
            "pipe",
            "flights.csv",
            "aggregate by=day=date_trunc('day', time),carrier \"by\"=sum(flight)",
            "top 1 per=carrier by=\"by\" desc",
            "OUT",
        ],
        &[
            "pipe",
            "flights.csv",
            "window by=carrier order=flight before=lag(dep_delay) rank=row_number()",
            "fill before value=0",
            "cast rank=float64",
            "OUT",
        ],
        &[
            "pipe",
            "flights.csv",
            "validate [{ column = \"dep_delay\", rule = \"range\", max = 100 }]",
            "union in=flights.csv",
            "distinct carrier,flight",
            "OUT",
        ],
        &[
            "pipe",
            "flights.csv",
            "select carrier dep_delay rename=c=carrier",
            "hash c length=8",
            "merge c,dep_delay into=x separator=' | ' nulls=null",
            "OUT",
        ],
    ];
    let folder = support::folder("", &[("flights.csv", FLIGHTS.as_bytes()), ("airlines.csv", AIRLINES.as_bytes())]);
    for line in lines {
        let with =
            |out: &'static str| line.iter().map(|part| if *part == "OUT" { out } else { part }).collect::<Vec<_>>();
        succeed(folder.path(), &with("direct.jsonl"));
        let mut printed = with("printed.jsonl");
        printed.push("--print");
        let toml = succeed(folder.path(), &printed);
        assert!(!folder.path().join("printed.jsonl").exists(), "--print runs nothing");
        fs::write(folder.path().join("printed.toml"), &toml).unwrap();
        succeed(folder.path(), &["run", "printed.toml"]);
        let read = |file: &str| fs::read_to_string(folder.path().join(file)).unwrap();
        assert_eq!(read("direct.jsonl"), read("printed.jsonl"), "{}", String::from_utf8_lossy(&toml));
        assert!(!read("direct.jsonl").is_empty(), "{line:?} writes nothing, and so shows nothing");
        fs::remove_file(folder.path().join("printed.jsonl")).unwrap();
    }
}

/// The steps of the first-party node types: each can be written, and does something.
#[test]
fn every_node_type_can_be_a_step() {
    let steps = [
        "filter dep_delay > 1",
        "select carrier flight",
        "derive m=dep_delay + 1",
        "cast flight=utf8",
        "limit 2",
        "aggregate by=carrier n=count(*)",
        "sort dep_delay desc",
        "top 1 by=flight",
        "distinct carrier",
        "sample 0.99",
        "window by=carrier n=row_number()",
        "fill dep_delay value=0",
        "join carrier right=airlines.csv",
        "union in=flights.csv",
        "flatten l",
        "pivot carrier by= values-from=dep_delay aggregate=sum",
        "unpivot dep_delay,flight names-to=what values-to=value",
        "tee dep_delay > 1",
        "validate [{ column = \"flight\", rule = \"not-null\" }]",
        "profile carrier",
        "schema flight=utf8",
        "split carrier into=a,b separator=A",
        "merge carrier,flight into=both",
        "hash carrier",
        "geo-distance from=flight,flight to=40.6,-73.8",
    ];
    let folder = support::folder("", &[("flights.csv", FLIGHTS.as_bytes()), ("airlines.csv", AIRLINES.as_bytes())]);
    let listed: Value =
        serde_json::from_slice(&succeed(folder.path(), &["plugin", "list", "--kind", "node", "--json"])).unwrap();
    let mut tried = BTreeSet::new();
    for step in steps {
        tried.insert(step.split(' ').next().unwrap().to_owned());
        let mut line = vec!["pipe", "flights.csv"];
        // No column of a CSV file is a list, and a list of no columns is written as TOML.
        if step.starts_with("flatten") {
            line.push("aggregate by=carrier l=list(flight)");
        }
        let step = step.replace("by= ", "by=[] ");
        line.extend([step.as_str(), "-", "--to", "jsonl"]);
        assert!(!succeed(folder.path(), &line).is_empty(), "{step} writes nothing");
    }
    for plugin in listed["plugins"].as_array().unwrap() {
        for node in plugin["nodes"].as_array().unwrap_or(&Vec::new()) {
            let name = node.as_str().or_else(|| node["type"].as_str()).unwrap();
            assert!(tried.contains(name), "no step of type {name} was tried");
        }
    }
}

/// Formats that cannot be written, or not without options: an example of each.
const EXAMPLES: &[(&str, &str, &[&str])] = &[
    ("fixed-width", "UA   1\nAA   3\n", &["-o", "columns=[{ name = \"carrier\", width = 5 }, { name = \"flight\" }]"]),
    ("apache", "192.0.2.1 - - [01/Jan/2013:00:00:05 +0000] \"GET / HTTP/1.1\" 200 123 \"-\" \"curl\"\n", &[]),
];

/// Formats that cannot be written, and whose files are not text.
const ELSEWHERE: &[&str] = &["xlsx"];

#[test]
fn every_format_takes_folders_and_tells_the_file() {
    let folder = support::folder("", &[("flights.csv", FLIGHTS.as_bytes())]);
    let at = folder.path();
    let listed: Value =
        serde_json::from_slice(&succeed(at, &["plugin", "list", "--kind", "format", "--json"])).unwrap();
    let formats: Vec<String> = listed["plugins"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|plugin| plugin["formats"].as_array().unwrap().clone())
        .map(|format| format.as_str().or_else(|| format["id"].as_str()).unwrap().to_owned())
        .collect();
    assert!(formats.iter().any(|format| format == "csv"), "{formats:?}");
    for format in formats.iter().filter(|format| !ELSEWHERE.contains(&format.as_str())) {
        let example = EXAMPLES.iter().find(|(name, ..)| name == format);
        let options = example.map_or(&[][..], |(_, _, options)| options);
        for file in ["a", "b"] {
            let path = at.join(format!("{format}/{file}.data"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match example {
                Some((_, text, _)) => fs::write(&path, text).unwrap(),
                None => {
                    let target = format!("{format}/{file}.data");
                    succeed(at, &["convert", "flights.csv", &target, "--to", format, "-n", "2"]);
                }
            }
        }
        for input in [format.clone(), format!("{format}/*.data")] {
            let mut line = vec!["convert", &input, "all.jsonl", "--from", format, "--file-name-column", "file"];
            line.extend(options);
            succeed(at, &line);
            let text = fs::read_to_string(at.join("all.jsonl")).unwrap();
            let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let files: Vec<&str> = rows.iter().map(|row| row["file"].as_str().unwrap()).collect();
            let half = files.len() / 2;
            assert!(half > 0, "{format}: {text}");
            let expected = [format!("{format}/a.data"), format!("{format}/b.data")];
            assert!(files[..half].iter().all(|file| *file == expected[0]), "{format}: {files:?}");
            assert!(files[half..].iter().all(|file| *file == expected[1]), "{format}: {files:?}");
        }
    }
}

#[test]
fn peek_reads_little_of_a_stream() {
    let folder = support::folder("", &[]);
    let mut command = support::jackfield(folder.path());
    command.args(["peek", "-", "--json"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        let rows = "1,some text,2013-01-01\n".repeat(10_000);
        let mut written = 0_u64;
        stdin.write_all(b"n,t,d\n").unwrap();
        // It ends when nobody reads any more.
        while stdin.write_all(rows.as_bytes()).is_ok() {
            written += rows.len() as u64;
            assert!(written < 1 << 30, "peek reads on and on");
        }
        written
    });
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", support::text(&output));
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(seen["sample"].as_array().unwrap().len(), 10);
    assert_eq!(seen["rows"], Value::Null);
    assert!(writer.join().unwrap() < 64 << 20, "it takes the head and what stands in the pipes");
}

#[test]
fn peek_counts_what_is_small_and_estimates_what_is_large() {
    let folder = support::folder("", &[]);
    let row = "1,some text,2013-01-01\n";
    for (rows, exact) in [(100_000, true), (2_000_000, false)] {
        fs::write(folder.path().join("a.csv"), format!("n,t,d\n{}", row.repeat(rows))).unwrap();
        let seen: Value = serde_json::from_slice(&succeed(folder.path(), &["peek", "a.csv", "--json"])).unwrap();
        if exact {
            assert_eq!(seen["rows"], rows, "{seen}");
        } else {
            assert_eq!(seen["rows"], Value::Null, "{seen}");
            let estimate = seen["rows-estimate"].as_f64().unwrap() / rows as f64;
            assert!((0.8..1.25).contains(&estimate), "{seen}");
        }
    }
}
