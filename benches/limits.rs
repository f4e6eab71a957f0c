//! What each limit of the sandbox costs: the CSV reader and a chain of three nodes, with all limits, without each of
//! them, and without any. `scripts/bench limits` runs it: arguments are the binary, a gzipped CSV file, and rounds.
// A measurement that cannot go on says so by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jackfield_host::{
    ByteSource, Component, Demand, Engine, EngineOptions, FormatReader, Limits, Next, NodeInstance, Output, Progress,
    StoreOptions, Without,
};
use jackfield_runtime::arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use jackfield_runtime::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use jackfield_runtime::columns::{Batch, Unmetered};
use tokio::runtime::Runtime;

/// A way to run: a name, whether code counts its fuel, and what the stores are given.
struct Variant {
    name: &'static str,
    metered: bool,
    options: StoreOptions,
}

fn variants() -> Vec<Variant> {
    let all = StoreOptions::default();
    let without = |without: Without| StoreOptions { without, ..StoreOptions::default() };
    let limits = |limits: Limits| StoreOptions { limits, ..StoreOptions::default() };
    let none = StoreOptions {
        without: Without { deadline: true, memory: true, expansion: true },
        limits: Limits { hostcall_fuel: usize::MAX, handles: u32::MAX, wasi_handles: usize::MAX, ..Limits::default() },
        ..StoreOptions::default()
    };
    let of = |name, metered, options| Variant { name, metered, options };
    vec![
        of("all limits", true, all.clone()),
        of("without fuel", false, all),
        of("without the deadline", true, without(Without { deadline: true, ..Without::default() })),
        of("without memory", true, without(Without { memory: true, ..Without::default() })),
        of("without hostcall fuel", true, limits(Limits { hostcall_fuel: usize::MAX, ..Limits::default() })),
        of("without handles", true, limits(Limits { handles: u32::MAX, ..Limits::default() })),
        of("without expansion", true, without(Without { expansion: true, ..Without::default() })),
        of("no limits", false, none),
    ]
}

/// Components of one plugin, with and without fuel.
struct Plugin {
    metered: Component,
    unmetered: Component,
}

impl Plugin {
    fn of(&self, variant: &Variant) -> &Component {
        if variant.metered { &self.metered } else { &self.unmetered }
    }
}

struct Bench {
    executor: Runtime,
    csv: Plugin,
    rows: Plugin,
    text: Vec<u8>,
    batch: Batch,
}

/// Rows of the chain's batch, and how often it goes through the chain.
const CHAIN_ROWS: usize = 65_536;
const CHAIN_TURNS: usize = 100;

impl Bench {
    fn read(&self, variant: &Variant) -> Duration {
        let started = Instant::now();
        let rows = self.executor.block_on(async {
            let source = ByteSource::from_bytes(Some("flights.csv".to_owned()), self.text.clone());
            let demand = Demand { batch_rows: 65_536, ..Demand::default() };
            let component = self.csv.of(variant);
            let opened = FormatReader::open(component, variant.options.clone(), "csv", "{}", source, demand).await;
            let mut reader = opened.unwrap();
            let mut rows = 0;
            while let Next::Chunk(chunk) = reader.next().await.unwrap() {
                rows += chunk.batch.rows();
            }
            rows
        });
        assert!(rows > 100_000, "{rows}");
        started.elapsed()
    }

    fn chain(&self, variant: &Variant) -> Duration {
        self.executor.block_on(async {
            let component = self.rows.of(variant);
            let mut nodes = Vec::new();
            let mut schema = self.batch.schema().clone();
            for (node_type, params) in [
                ("filter", r#"{"where": "amount > 10"}"#),
                ("derive", r#"{"columns": {"tax": "amount * 0.2"}}"#),
                ("filter", r#"{"where": "tax < 15"}"#),
            ] {
                let opened = NodeInstance::open(component, variant.options.clone(), node_type, params).await;
                let mut node = opened.unwrap();
                node.bind(&[("in".to_owned(), schema.clone())]).await.unwrap();
                if node_type == "derive" {
                    schema = with_tax(&schema);
                }
                nodes.push(node);
            }
            let started = Instant::now();
            for _ in 0..CHAIN_TURNS {
                let mut batch = self.batch.clone();
                for node in &mut nodes {
                    let step = node.process("in", batch.clone()).await.unwrap();
                    assert_eq!(step.progress, Progress::Ready);
                    for emission in step.emissions.into_iter().filter(|emission| emission.port == "out") {
                        batch = match emission.output {
                            Output::Batch(batch) => batch,
                            Output::Change { selection, made } => {
                                let made = made.into_iter().map(|array| ("tax".to_owned(), array)).collect();
                                let put = batch.put(made).unwrap();
                                selection.map_or(put.clone(), |mask| put.filter(&mask).unwrap())
                            }
                        };
                    }
                }
                // What leaves a chain is moved once, by whoever writes it.
                batch.materialise(&mut Unmetered).unwrap();
            }
            started.elapsed()
        })
    }
}

fn with_tax(schema: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<_> = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
    fields.push(Field::new("tax", DataType::Float64, true));
    Arc::new(Schema::new(fields))
}

fn batch() -> Batch {
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("amount", DataType::Float64, true),
        Field::new("name", DataType::Utf8, true),
    ]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(0..CHAIN_ROWS as i64)),
        Arc::new(Float64Array::from_iter_values((0..CHAIN_ROWS).map(|row| (row % 100) as f64))),
        Arc::new(StringArray::from_iter_values((0..CHAIN_ROWS).map(|row| format!("customer {row}")))),
    ];
    Batch::of(schema, CHAIN_ROWS, columns).unwrap()
}

fn table(title: &str, rounds: usize, allowed: f64, run: impl Fn(&Variant) -> Duration) {
    let variants = variants();
    let mut best = vec![Duration::MAX; variants.len()];
    // In turns, so that whatever else the machine does meets all alike.
    for _ in 0..rounds {
        for (best, variant) in best.iter_mut().zip(&variants) {
            *best = (*best).min(run(variant));
        }
    }
    let all = best[0].as_secs_f64();
    println!("\n## {title} (best of {rounds})\n\n| | ms | all limits against it |\n|---|---|---|");
    for (variant, time) in variants.iter().zip(&best) {
        println!("| {} | {:.1} | {:.3} × |", variant.name, time.as_secs_f64() * 1e3, all / time.as_secs_f64());
    }
    let ratio = all / best[best.len() - 1].as_secs_f64();
    println!(
        "\nall default limits together: {ratio:.3} ×, allowed {allowed} ×: {}",
        if ratio <= allowed { "held" } else { "NOT HELD" }
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [binary, flights, rest @ ..] = arguments.as_slice() else {
        println!("usage: limits BINARY FLIGHTS.csv.gz [ROUNDS]");
        return;
    };
    let rounds = rest.first().map_or(15, |rounds| rounds.parse().expect("rounds are a number"));
    let gzip = Command::new("gzip").args(["-dc", flights]).output().unwrap();
    assert!(gzip.status.success());
    let plugins: PathBuf = Path::new(binary).with_file_name("plugins");
    let metered = Engine::new(EngineOptions::default()).unwrap();
    let unmetered = Engine::new(EngineOptions { unmetered: true, ..EngineOptions::default() }).unwrap();
    let load = |name: &str| {
        let file = plugins.join(name).join(format!("{name}.wasm"));
        let of = |engine: &Engine| engine.load(&std::fs::read(&file).unwrap(), name).unwrap();
        Plugin { metered: of(&metered), unmetered: of(&unmetered) }
    };
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let bench = Bench { executor, csv: load("csv"), rows: load("rows"), text: gzip.stdout, batch: batch() };
    table("CSV reader, 31 MB", rounds, 1.3, |variant| bench.read(variant));
    table("three nodes, 65,536 rows, 100 times", rounds, 1.05, |variant| bench.chain(variant));
}
