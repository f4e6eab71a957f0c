//! With `deterministic = true` two runs over the same input give the same bytes and burn the same fuel.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

use serde_json::Value;

mod support;

use support::{folder, jackfield, lay_out, text};

/// Everything that could differ: a codec in a thread of its own, hash tables, groups, the time, a guest that looks at
/// clocks and random numbers, two sinks.
const PIPELINE: &str = r#"
deterministic = true

[source.flights]
path = "flights.csv.gz"
options = { null-values = ["NA"] }

[node.late]
type = "filter"
input = "flights"
params = { where = "dep_delay > 10" }

[node.when]
type = "derive"
input = "late"
params = { columns = { seen = "now()", speed = "distance / air_time" } }

[node.groups]
type = "aggregate"
input = "when"
params = { by = ["carrier", "dest"], columns = { n = "count(*)", mean = "avg(speed)", kinds = "count(distinct origin)" } }

[node.around]
type = "look-around"
input = "late"

[sink.rows]
input = "when"
path = "rows.csv.zst"

[sink.groups]
input = "groups"
path = "groups.jsonl"

[sink.around]
input = "around"
path = "around.jsonl"
"#;

/// Output files by name, and fuel by stage.
type Told = (Vec<(String, Vec<u8>)>, Vec<(String, u64)>);

fn run() -> Told {
    let flights = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/late-flights/flights.csv.gz");
    let folder = folder(PIPELINE, &[("flights.csv.gz", &fs::read(flights).unwrap())]);
    let plugins = lay_out("surroundings", folder.path());
    let output = jackfield(folder.path())
        .args(["run", "pipeline.toml", "--json"])
        .env("JACKFIELD_PLUGINS", plugins)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let stages = report["stages"].as_array().unwrap().iter();
    let fuel = stages.map(|stage| (stage["name"].as_str().unwrap().to_owned(), stage["fuel"].as_u64().unwrap()));
    let files = ["rows.csv.zst", "groups.jsonl", "around.jsonl"];
    let files = files.map(|name| (name.to_owned(), fs::read(folder.path().join(name)).unwrap()));
    (files.to_vec(), fuel.collect())
}

#[test]
fn two_runs_give_the_same_bytes_and_burn_the_same_fuel() {
    let first = run();
    assert!(first.0.iter().all(|(_, bytes)| !bytes.is_empty()));
    assert!(first.1.iter().all(|(stage, fuel)| *fuel > 1000 || panic!("{stage} burnt {fuel}")));
    for _ in 0..3 {
        let (files, fuel) = run();
        for ((name, bytes), (_, other)) in first.0.iter().zip(&files) {
            assert!(bytes == other, "{name} differs");
        }
        assert_eq!(first.1, fuel);
    }
}
