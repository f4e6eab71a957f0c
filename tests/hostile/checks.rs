//! `plugin check --hostile`: what it finds, and that the first-party plugins hold.

use serde_json::Value;

use crate::support::{jackfield, lay_out, text};

/// Exit code and report of a check; `guest`: a guest to lay out before.
fn check(name: &str, guest: Option<&str>, more: &[&str]) -> (Option<i32>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = jackfield(folder.path());
    if let Some(guest) = guest {
        command.env("JACKFIELD_PLUGINS", lay_out(guest, folder.path()));
    }
    let output = command.args(["plugin", "check", name, "--hostile", "--json"]).args(more).output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
    (output.status.code(), report)
}

fn defects(report: &Value) -> Vec<String> {
    let trials = report["trials"].as_array().unwrap().iter();
    let wrong = trials.filter(|trial| trial["verdict"] == "defect");
    wrong.map(|t| format!("{} on {}: {} {}", t["subject"], t["input"], t["code"], t["message"])).collect()
}

fn holds(name: &str, least: usize, more: &[&str]) {
    let (code, report) = check(name, None, more);
    assert_eq!(defects(&report), Vec::<String>::new(), "{name}");
    assert_eq!(code, Some(0));
    let tried = report["trials"].as_array().unwrap().iter().filter(|trial| trial["verdict"] != "not-tried").count();
    assert!(tried >= least, "{name}: only {tried} inputs were tried: {report:#}");
}

#[test]
fn csv_holds() {
    holds("csv", 40, &[]);
}

#[test]
fn jsonl_holds() {
    holds("jsonl", 40, &[]);
}

#[test]
fn gzip_holds() {
    holds("gzip", 35, &[]);
}

#[test]
fn zstd_holds() {
    holds("zstd", 35, &[]);
}

#[test]
fn rows_hold() {
    let params = [
        "filter={\"where\": \"a > 1 and t <> 'x'\"}",
        "select={\"columns\": [\"a\"]}",
        "derive={\"columns\": {\"c\": \"a // 7 + 1\", \"d\": \"upper(t)\"}}",
        "cast={\"columns\": {\"a\": \"utf8\"}, \"on-failure\": \"null\"}",
        "limit={\"rows\": 3}",
        "aggregate={\"by\": [\"b\"], \"columns\": {\"n\": \"count(*)\", \"s\": \"sum(f)\", \"l\": \"min(t)\"}}",
    ];
    let more: Vec<&str> = params.iter().flat_map(|one| ["--params", one]).collect();
    holds("rows", 40, &more);
}

#[test]
fn a_codec_that_crashes_is_found() {
    let (code, report) = check("codecs", Some("codecs"), &[]);
    assert_eq!(code, Some(1));
    let defects = defects(&report).join("\n");
    assert!(defects.contains("plugin-trap") && defects.contains("codec trap"), "{defects}");
    assert!(defects.contains("expansion"), "{defects}");
}

#[test]
fn a_format_that_lies_is_found() {
    let (code, report) = check("formats", Some("formats"), &[]);
    assert_eq!(code, Some(1));
    let defects = defects(&report).join("\n");
    assert!(defects.contains("format wrong-columns") && defects.contains("plugin-protocol"), "{defects}");
}

#[test]
fn d05_nondeterministic() {
    let (code, report) = check("corpus", Some("corpus"), &["--params", "corpus={\"case\": \"d05-counts-calls\"}"]);
    assert!(defects(&report).join("\n").contains("nondeterministic"), "{report:#}");
    assert_eq!(code, Some(1));
    let (code, report) = check("corpus", Some("corpus"), &["--params", "corpus={\"case\": \"honest\"}"]);
    assert_eq!((code, defects(&report)), (Some(0), Vec::new()));
}
