//! What the language of a plugin costs: the same node in each of them, per batch and per row, its size, start and memory.
//! `scripts/bench authors` builds the plugins and runs it. Arguments: `LANGUAGE=COMPONENT,TYPE,PARAMS` for each plugin
//! whose node works with kernels, `LANGUAGE/loops=…` for one with loops in the guest; the input has the columns
//! `dep_delay` (int64), `distance` (float64) and `name` (utf8).
// A measurement that cannot go on says so by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jackfield_host::{Component, Engine, EngineOptions, NodeInstance, StoreOptions};
use jackfield_runtime::arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use jackfield_runtime::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use jackfield_runtime::columns::Batch;
use tokio::runtime::Runtime;

/// Rows of the batches: a small one, the reader's usual ones, the planner's, and what it gives to a node that asks for more.
const SIZES: [usize; 4] = [1_024, 16_384, 65_536, 262_144];
/// Rows that each measurement works on, at least.
const WORK: usize = 1 << 22;
/// The rows of a batch where no node asks for more.
const USUAL: usize = 65_536;

struct Plugin {
    language: String,
    loops: bool,
    component: Component,
    size: usize,
    node_type: String,
    params: String,
}

impl Plugin {
    fn of(argument: &str, engine: &Engine) -> Plugin {
        let (name, rest) = argument.split_once('=').expect("LANGUAGE=COMPONENT,TYPE,PARAMS");
        let mut parts = rest.splitn(3, ',');
        let file = parts.next().unwrap();
        let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        Plugin {
            language: name.trim_end_matches("/loops").to_owned(),
            loops: name.ends_with("/loops"),
            component: engine.load(&bytes, &Path::new(file).display().to_string()).unwrap(),
            size: bytes.len(),
            node_type: parts.next().expect("a node type").to_owned(),
            params: parts.next().unwrap_or("{}").to_owned(),
        }
    }

    /// The node, bound, and the rows that it asks for.
    async fn open(&self, schema: &SchemaRef) -> (NodeInstance, usize) {
        let opened = NodeInstance::open(&self.component, StoreOptions::default(), &self.node_type, &self.params).await;
        let mut node = opened.unwrap_or_else(|error| panic!("{}: {error:?}", self.language));
        let bound = node.bind(&[("in".to_owned(), schema.clone())]).await;
        let binding = bound.unwrap_or_else(|error| panic!("{}: {error:?}", self.language));
        let asked = binding.extra.iter().find(|(key, _)| key == "batch-rows");
        (node, asked.map_or(USUAL, |(_, rows)| rows.parse().unwrap()))
    }
}

#[derive(Clone, Copy)]
struct Measured {
    start: Duration,
    per_batch: [Duration; SIZES.len()],
    asked: usize,
    memory: u64,
}

fn measure(plugin: &Plugin, executor: &Runtime, batches: &[Batch]) -> Measured {
    executor.block_on(async {
        let schema = batches[0].schema().clone();
        let started = Instant::now();
        let (mut node, asked) = plugin.open(&schema).await;
        node.process("in", batches[0].clone()).await.unwrap();
        let start = started.elapsed();
        let mut per_batch = [Duration::ZERO; SIZES.len()];
        // Loops get the usual batches: they do not ask for more.
        let sizes = if plugin.loops { 3 } else { SIZES.len() };
        for (time, batch) in per_batch.iter_mut().zip(batches).take(sizes) {
            // Languages with a collector are measured as they settle, in an instance of its own for each size.
            let (mut node, _) = plugin.open(&schema).await;
            let turns = if plugin.loops { 4 } else { (WORK / batch.rows()).clamp(4, 400) };
            for _ in 0..2 {
                node.process("in", batch.clone()).await.unwrap();
            }
            let started = Instant::now();
            for _ in 0..turns {
                let step = node.process("in", batch.clone()).await.unwrap();
                assert!(step.rejected.is_empty() && step.emissions.len() == 1);
            }
            *time = started.elapsed() / u32::try_from(turns).unwrap();
        }
        let (mut node, _) = plugin.open(&schema).await;
        for _ in 0..if plugin.loops { 5 } else { 50 } {
            node.process("in", batches[2].clone()).await.unwrap();
        }
        Measured { start, per_batch, asked, memory: node.usage().peak_memory_bytes }
    })
}

/// Delays of flights in minutes, distances, and 2,000 different names.
fn batch(rows: usize) -> Batch {
    let schema = Arc::new(Schema::new(vec![
        Field::new("dep_delay", DataType::Int64, true),
        Field::new("distance", DataType::Float64, true),
        Field::new("name", DataType::Utf8, true),
    ]));
    let syllables = ["ro", "bert", "an", "der", "son", "mey", "smith", "ka", "lin", "ow"];
    let name = |row: usize| {
        let mut seed = row % 2_000 + 7;
        let part = |seed: &mut usize| {
            let found = syllables[*seed % syllables.len()];
            *seed /= 3;
            found
        };
        format!("{}{}{}{}", part(&mut seed), part(&mut seed), part(&mut seed), part(&mut seed))
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values((0..rows).map(|row| (row * 7_919 % 240) as i64 - 20))),
        Arc::new(Float64Array::from_iter_values((0..rows).map(|row| (row % 2_500) as f64))),
        Arc::new(StringArray::from_iter_values((0..rows).map(name))),
    ];
    Batch::of(schema, rows, columns).unwrap()
}

fn table(title: &str, found: &[(&Plugin, Measured)]) {
    let Some((_, first)) = found.first() else { return };
    let at = |measured: &Measured| SIZES.iter().position(|size| *size == measured.asked).unwrap_or(2);
    let per_row = |measured: &Measured, size: usize| measured.per_batch[size].as_secs_f64() / SIZES[size] as f64;
    println!("\n## {title}\n");
    println!(
        "| | component | start | 1,024 rows | 16,384 | 65,536 | 262,144 | rows/s | against {} | memory |",
        found[0].0.language
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (plugin, measured) in found {
        let times = measured.per_batch.iter().map(|time| if time.is_zero() { String::new() } else { shown(*time) });
        let times: Vec<String> = times.collect();
        let own = per_row(measured, at(measured));
        println!(
            "| {} | {} | {} | {} | {:.1} M | {:.2} × | {:.1} MiB |",
            plugin.language,
            bytes(plugin.size),
            shown(measured.start),
            times.join(" | "),
            1e-6 / own,
            own / per_row(first, at(first)),
            measured.memory as f64 / f64::from(1 << 20),
        );
    }
}

fn shown(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1_000.0 { format!("{micros:.0} µs") } else { format!("{:.1} ms", micros / 1e3) }
}

fn bytes(size: usize) -> String {
    if size < 1 << 20 { format!("{} KiB", size >> 10) } else { format!("{:.1} MiB", size as f64 / f64::from(1 << 20)) }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.is_empty() {
        println!("usage: authors LANGUAGE[/loops]=COMPONENT,TYPE,PARAMS…");
        return;
    }
    let engine = Engine::new(EngineOptions::default()).unwrap();
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let plugins: Vec<Plugin> = arguments.iter().map(|argument| Plugin::of(argument, &engine)).collect();
    let batches = SIZES.map(batch);
    let mut found: Vec<Option<Measured>> = plugins.iter().map(|_| None).collect();
    // In turns, so that whatever else the machine does meets all alike; the best of each counts.
    for _ in 0..3 {
        for (plugin, slot) in plugins.iter().zip(&mut found) {
            let now = measure(plugin, &executor, &batches);
            *slot = Some(match slot.take() {
                None => now,
                Some(before) => Measured {
                    start: before.start.min(now.start),
                    per_batch: std::array::from_fn(|at| before.per_batch[at].min(now.per_batch[at])),
                    ..now
                },
            });
        }
    }
    for (loops, title) in
        [(false, "filter and derive, with kernels"), (true, "a phonetic key, with loops in the guest")]
    {
        let rows = plugins.iter().zip(&found).filter(|(plugin, _)| plugin.loops == loops);
        let rows: Vec<(&Plugin, Measured)> = rows.filter_map(|(plugin, found)| Some((plugin, (*found)?))).collect();
        table(title, &rows);
    }
}
