//! A host of its own: it embeds the runtime, adds a node type written in Rust, and runs a pipeline with it.
//!
//! ```sh
//! scripts/build
//! cargo run --release --example embed -- target/release/plugins
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use jackfield_runtime::arrow::array::{ArrayRef, Float64Array};
use jackfield_runtime::arrow::compute::kernels::numeric::mul;
use jackfield_runtime::arrow::datatypes::{DataType, Field, SchemaRef};
use jackfield_runtime::columns::{Batch, Failure, Unmetered};
use jackfield_runtime::host::{Binding, CancelToken, Emission, Need, OutColumn, Output, OutputPort, Progress, Step};
use jackfield_runtime::settings::PluginFolder;
use jackfield_runtime::{Choice, NativeNode, NativePlugin, PlanRequest, Rank, Runtime, Settings};
use serde_json::Value as Json;

/// What the plugin says of itself: a `plugin.toml` without `component`.
const MANIFEST: &str = r#"
[plugin]
name = "units"
version = "0.1.0"
description = "Converts units, natively"

[[provides.node]]
type = "kilometres"
description = "Adds a column in kilometres for one in miles"
category = "Units"

[provides.node.parameters]
type = "object"
required = ["column"]
additionalProperties = false
properties.column = { type = "string" }
"#;

const PIPELINE: &str = r#"
[source.flights]
path = "flights.csv"

[node.far]
type = "filter"
input = "flights"
params = { where = "distance > 1000" }

[node.km]
type = "kilometres"
input = "far"
params = { column = "distance" }

[sink.out]
input = "km"
path = "far.csv"
"#;

const FLIGHTS: &str = "flight,distance\n1545,1400.0\n1714,1416.0\n461,762.0\n725,1576.0\n";

/// Adds `km` for a column in miles.
struct Kilometres {
    column: String,
    /// Its number in the input, once that is known.
    index: usize,
}

impl NativeNode for Kilometres {
    fn bind(&mut self, inputs: &[(String, SchemaRef)]) -> Result<Binding, Vec<Failure>> {
        let Some((port, schema)) = inputs.first() else { return Err(Vec::new()) };
        // The parameter is named, so that the message shows the very place in the pipeline's file.
        let wrong =
            |code: &str, message: String| vec![Failure::invalid_config(code, message).with_parameter("/column")];
        self.index = schema
            .index_of(&self.column)
            .map_err(|_| wrong("unknown-column", format!("there is no column `{}`", self.column)))?;
        if *schema.field(self.index).data_type() != DataType::Float64 {
            return Err(wrong("type-mismatch", format!("`{}` must be float64", self.column)));
        }
        let passed = schema.fields().iter().enumerate();
        let passed = passed.map(|(index, _)| OutColumn::Passed { port: port.clone(), index, name: None });
        let made = OutColumn::Made(Field::new("km", DataType::Float64, true));
        Ok(Binding {
            outputs: vec![OutputPort { name: "out".to_owned(), columns: Some(passed.chain([made]).collect()) }],
            needs: vec![Need {
                port: port.clone(),
                columns: Some(vec![self.column.clone()]),
                predicates: Vec::new(),
                limit: None,
            }],
            prefetch: Vec::new(),
            drain_first: Vec::new(),
            row_wise: true,
            extra: vec![("keeps-rows".to_owned(), "true".to_owned())],
        })
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let miles = batch.column(self.index, &mut Unmetered)?;
        let km: ArrayRef = mul(&miles, &Float64Array::new_scalar(1.609_344))
            .map_err(|error| Failure::internal("kernel", error.to_string()))?;
        let output = Output::Change { selection: None, made: vec![km] };
        let emissions = vec![Emission { port: "out".to_owned(), output }];
        Ok(Step { emissions, rejected: Vec::new(), progress: Progress::Ready })
    }
}

/// The node's parameters were checked against the schema in the manifest before this is called.
fn kilometres(params: &Json) -> Result<Kilometres, Vec<Failure>> {
    let column = params.get("column").and_then(Json::as_str).unwrap_or_default();
    Ok(Kilometres { column: column.to_owned(), index: 0 })
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let plugins = arguments.next().unwrap_or_else(|| PathBuf::from("target/release/plugins"));
    match run(&plugins) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(plugins: &Path) -> Result<(), Box<dyn std::error::Error>> {
    // Work in a folder of its own; a real host has one for its caches and its state.
    let work = tempfile::tempdir()?;
    std::fs::write(work.path().join("flights.csv"), FLIGHTS)?;

    let units = NativePlugin::new(MANIFEST).map_err(|problems| format!("{problems:?}"))?.node("kilometres", kilometres);
    let settings = Settings {
        folders: vec![PluginFolder { path: plugins.to_owned(), rank: Rank::Configured }],
        cache_dir: Some(work.path().join("cache")),
        state_dir: Some(work.path().join("state")),
        ..Settings::default()
    };
    let runtime = Runtime::builder(settings).native(units).open();

    let registry = runtime.registry();
    for node in registry.nodes().winners() {
        println!("node {} from {} ({})", node.id, node.plugin.title(), node.plugin.rank.name());
    }

    let request = PlanRequest {
        file: "pipeline.toml",
        text: PIPELINE,
        folder: work.path(),
        sets: &[],
        env: &|_| None,
        limit: None,
        now_micros: 0,
        cancel: CancelToken::new(),
        log: Arc::new(|line| eprintln!("{}: {}", line.label.stage, line.message)),
    };
    // Plugins that are not first-party run only if somebody has granted them; this host grants them all.
    let plan = loop {
        match runtime.plan(&request) {
            Ok(plan) => break plan,
            Err(report) => {
                let strangers = runtime.strangers(&report);
                if strangers.is_empty() {
                    return Err(report.into());
                }
                for stranger in strangers {
                    println!("new: {}, asks for {} rights", stranger.plugin.title(), stranger.asks.len());
                    runtime.grant(&stranger, &Choice { by: "this host".to_owned(), ..Choice::default() })?;
                }
            }
        }
    };

    let report = plan.run().map_err(|(failure, _)| failure)?;
    for stage in &report.stages {
        println!("{} {}: {} rows in, {} out", stage.kind.name(), stage.name, stage.rows_in, stage.rows_out);
    }
    print!("{}", std::fs::read_to_string(work.path().join("far.csv"))?);
    Ok(())
}
