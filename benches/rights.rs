//! What rights cost: at load and link time, at the opening of an instance, per call of a node, and per request that is
//! checked. `scripts/bench rights` runs it: arguments are the binary and rounds.
// A measurement that cannot go on says so by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jackfield_host::{
    Access, Component, Engine, EngineOptions, FileRight, Layers, NodeInstance, Rights, StoreOptions, Verdict,
};
use jackfield_manifest::HttpRule;
use jackfield_runtime::arrow::array::{ArrayRef, Float64Array};
use jackfield_runtime::arrow::datatypes::{DataType, Field, Schema};
use jackfield_runtime::columns::Batch;
use tokio::runtime::Runtime;

/// Rules of each kind in the larger of the two sets of rights.
const RULES: usize = 100;

/// Calls that one figure is the mean of.
const CALLS: u32 = 2_000;

fn rules() -> Vec<HttpRule> {
    let entries: Vec<String> = (0..RULES)
        .map(|n| format!("{{ host = \"h{n}.example.com\", paths = [\"/v{n}/\"], reason = \"asks\" }}"))
        .collect();
    let manifest = format!(
        "[plugin]\nname = \"p\"\nversion = \"1.0.0\"\ncomponent = \"p.wasm\"\n\n[permissions]\nnetwork.http = [{}]\n",
        entries.join(", ")
    );
    let (manifest, problems) = jackfield_manifest::parse_manifest("plugin.toml", &manifest);
    assert!(problems.iter().all(|problem| problem.code != "invalid-permission"), "{problems:?}");
    manifest.unwrap().permissions.network_http
}

/// All kinds of rights, a hundred rules each, consented to by everybody.
fn rights(folder: &Path) -> Rights {
    let rules = rules();
    let files = (0..RULES).map(|number| {
        let path = folder.join(format!("granted-{number}"));
        std::fs::create_dir_all(&path).unwrap();
        let guest = format!("/g{number}");
        FileRight::open(format!("filesystem.read {guest}"), guest, &path, Access::Read, 0).unwrap()
    });
    Rights {
        files: files.collect(),
        http: Layers { asked: rules.clone(), granted: rules.clone(), ceilings: vec![rules] },
        env: (0..RULES).map(|number| (format!("V{number}"), "value".to_owned())).collect(),
        clock: true,
        random: true,
        ..Rights::default()
    }
}

/// The quickest of so many rounds, each in turn with the others.
fn best<const N: usize>(rounds: usize, mut variants: [&mut dyn FnMut() -> Duration; N]) -> [Duration; N] {
    let mut best = [Duration::MAX; N];
    for _ in 0..rounds {
        for (best, run) in best.iter_mut().zip(&mut variants) {
            *best = (*best).min(run());
        }
    }
    best
}

fn timed(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

fn batch() -> Batch {
    let schema = Arc::new(Schema::new(vec![Field::new("amount", DataType::Float64, true)]));
    let column: ArrayRef = Arc::new(Float64Array::from_iter_values((0..1000).map(f64::from)));
    Batch::of(schema, 1000, vec![column]).unwrap()
}

async fn open(component: &Component, batch: &Batch) -> NodeInstance {
    let params = r#"{"where": "amount > 10"}"#;
    let mut node = NodeInstance::open(component, StoreOptions::default(), "filter", params).await.unwrap();
    node.bind(&[("in".to_owned(), batch.schema().clone())]).await.unwrap();
    node
}

/// A call of a filter over a thousand rows.
fn calls(executor: &Runtime, component: &Component, batch: &Batch) -> Duration {
    executor.block_on(async {
        let mut node = open(component, batch).await;
        let started = Instant::now();
        for _ in 0..CALLS {
            black_box(node.process("in", batch.clone()).await.unwrap());
        }
        started.elapsed() / CALLS
    })
}

fn row(what: &str, [without, with]: [Duration; 2]) {
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    // Next to nothing makes no ratio.
    let ratio = match without < Duration::from_nanos(100) {
        true => String::new(),
        false => format!("{:.3} ×", with.as_secs_f64() / without.as_secs_f64()),
    };
    println!("| {what} | {:.1} µs | {:.1} µs | {ratio} |", micros(without), micros(with));
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [binary, rest @ ..] = arguments.as_slice() else {
        println!("usage: rights BINARY [ROUNDS]");
        return;
    };
    let rounds = rest.first().map_or(15, |rounds| rounds.parse().expect("rounds are a number"));
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let options = EngineOptions { cache_dir: Some(cache.clone()), state_dir: Some(cache), ..EngineOptions::default() };
    let engine = Engine::new(options).unwrap();
    let bytes = std::fs::read(Path::new(binary).with_file_name("plugins").join("rows/rows.wasm")).unwrap();
    let many = Arc::new(rights(folder.path()));
    let none = || engine.load(&bytes, "rows").unwrap();
    let all = || engine.load_with(&bytes, "rows", Arc::clone(&many)).unwrap();
    let (bare, granted) = (none(), all());
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let batch = batch();
    println!("| | no rights | {RULES} rules of each kind | |\n|---|---|---|---|");
    row(
        "loading and linking, from the cache",
        best(rounds, [&mut || timed(|| drop(black_box(none()))), &mut || timed(|| drop(black_box(all())))]),
    );
    row(
        "opening an instance",
        best(
            rounds,
            [&mut || timed(|| drop(black_box(executor.block_on(open(&bare, &batch))))), &mut || {
                timed(|| drop(black_box(executor.block_on(open(&granted, &batch)))))
            }],
        ),
    );
    row(
        "a call of a filter, 1,000 rows",
        best(rounds, [&mut || calls(&executor, &bare, &batch), &mut || calls(&executor, &granted, &batch)]),
    );
    let last = format!("h{}.example.com", RULES - 1);
    let decide = |rights: &Rights| {
        let fits = |rule: &HttpRule| rule.host.matches(&last) && rule.ports.contains(&443);
        let started = Instant::now();
        for _ in 0..CALLS {
            black_box(rights.http.decide(fits));
        }
        started.elapsed() / CALLS
    };
    assert_eq!(many.http.decide(|rule| rule.host.matches(&last)), Verdict::Allowed);
    let nothing = Rights::default();
    row("looking a request up in the rules", best(rounds, [&mut || decide(&nothing), &mut || decide(&many)]));
}
