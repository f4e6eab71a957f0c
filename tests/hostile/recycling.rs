//! Guests that leak: a row-wise node gets fresh instances long before a limit, and no row is lost or comes twice.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{folder, jackfield, lay_out, text};

/// Rows and batches of the run: small batches, so that there are many of them.
const ROWS: u64 = 40_000;
const BATCH: u64 = 100;

/// What came of it: the output, the report of the stage, and how it ended.
struct Leaked {
    output: Option<String>,
    stage: Value,
    code: Option<i32>,
    said: String,
}

fn run(case: &str, limits: &str, more: &[&str]) -> Leaked {
    let pipeline = format!(
        "batch-rows = {BATCH}\n\n[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"corpus\"\ninput = \"a\"\n\
         params = {{ case = \"{case}\" }}\n\n[sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n\n[limits]\n{limits}\n"
    );
    let rows: String = (0..ROWS).map(|row| format!("{row},t{row}\n")).collect();
    let folder = folder(&pipeline, &[("in.csv", format!("x,y\n{rows}").as_bytes())]);
    let plugins = lay_out("corpus", folder.path());
    let mut command = jackfield(folder.path());
    command.args(["run", "pipeline.toml", "--json"]).args(more).env("JACKFIELD_PLUGINS", plugins);
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let stages = report["stages"].as_array().cloned().unwrap_or_default();
    let stage = stages.into_iter().find(|stage| stage["name"] == "n").unwrap_or_default();
    let written = fs::read_to_string(Path::new(folder.path()).join("out.jsonl")).ok();
    Leaked { output: written, stage, code: output.status.code(), said: text(&output) }
}

fn complete(output: &str) {
    let halves = output.lines().enumerate();
    for (number, line) in halves.clone() {
        let row: Value = serde_json::from_str(line).unwrap();
        assert_eq!((row["x"].as_u64(), row["half"].as_f64()), (Some(number as u64), Some(number as f64 / 2.0)));
    }
    assert_eq!(halves.count() as u64, ROWS);
}

#[test]
fn a_guest_that_leaks_memory_and_handles_loses_no_row() {
    // A quarter of a MiB and a batch for each of 400 batches are far more than the limit.
    let leaks = run("leaks", "memory = \"32MiB\"", &[]);
    assert_eq!(leaks.code, Some(0), "{}", leaks.said);
    complete(&leaks.output.unwrap());
    let recycled = leaks.stage["recycled"].as_u64().unwrap();
    assert!((3..200).contains(&recycled), "{recycled} fresh instances");
    assert!(leaks.stage["peak-memory-bytes"].as_u64().unwrap() <= 32 << 20, "{}", leaks.stage);
    let handles = run("leaks", "handles = 64", &[]);
    assert_eq!(handles.code, Some(0), "{}", handles.said);
    complete(&handles.output.unwrap());
    assert!(handles.stage["recycled"].as_u64().unwrap() >= 400 / 32 - 1, "{}", handles.stage);
}

#[test]
fn several_instances_that_leak_keep_rows_in_order() {
    let leaks = run("leaks", "memory = \"32MiB\"", &["--threads", "3"]);
    assert_eq!(leaks.code, Some(0), "{}", leaks.said);
    complete(&leaks.output.unwrap());
    assert!(leaks.stage["recycled"].as_u64().unwrap() >= 3, "{}", leaks.stage);
}

#[test]
fn an_honest_guest_is_recycled_by_calls_and_age_only() {
    let honest = run("leaks-nothing", "memory = \"32MiB\"", &[]);
    assert_eq!((honest.code, &honest.stage["recycled"]), (Some(0), &Value::from(0)), "{}", honest.said);
    let expected = honest.output.unwrap();
    complete(&expected);
    for (limits, least, most) in [("recycle-calls = 7", 56, 58), ("recycle-age = \"1ns\"", 399, 400)] {
        let fresh = run("leaks-nothing", limits, &[]);
        assert_eq!(fresh.output.as_deref(), Some(expected.as_str()), "{limits}: {}", fresh.said);
        let recycled = fresh.stage["recycled"].as_u64().unwrap();
        assert!((least..=most).contains(&recycled), "{limits}: {recycled}");
    }
    // Where time must not count, it does not.
    let fixed = run("leaks-nothing", "recycle-age = \"1ns\"", &["--set", "deterministic=true"]);
    assert_eq!((fixed.code, &fixed.stage["recycled"]), (Some(0), &Value::from(0)), "{}", fixed.said);
}

#[test]
fn a_fresh_instance_brings_no_fresh_budget() {
    // Each instance would have enough; all of them together do not.
    let honest = run("leaks-nothing", "", &[]);
    let fuel = honest.stage["fuel"].as_u64().unwrap() / 2;
    let spent = run("leaks-nothing", &format!("recycle-calls = 7\nfuel-per-instance = {fuel}"), &[]);
    assert_eq!(spent.code, Some(5), "{}", spent.said);
    assert!(spent.said.contains("limits.fuel-per-instance"), "{}", spent.said);
    assert_eq!(spent.output, None);
}
