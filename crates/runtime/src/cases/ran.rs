//! The pipelines around what a case is about, and what they gave.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::datatypes::{Schema, SchemaRef};
use jackfield_columns::Batch;
use jackfield_host::{ByteSink, ByteSource, CallError, CancelToken, Decoder, Encoder, LogLine, LogSink, Piece, Usage};
use jackfield_manifest::{Case, Content, Problem, Table, TypeRef, Value, to_json, to_toml, toml_key};
use serde_json::Value as Json;
use tokio::sync::mpsc;

use super::{Bench, Came, content};
use crate::diagnose::{Diagnosis, Report, call_problems};
use crate::exec::{RunReport, StageReport};
use crate::lifecycle::About;
use crate::loader::Runtime;
use crate::plan::{Ends, PlanRequest};
use crate::progress::StageKind;

/// Bytes of one piece.
const PIECE_BYTES: usize = 256 << 10;

/// Pieces that may wait to be taken.
const PIECES_IN_FLIGHT: usize = 16;

/// What a pipeline around a case is given besides its data.
pub(super) struct Setting<'a> {
    pub(super) bench: &'a Bench<'a>,
    /// What messages call it.
    pub(super) name: String,
    pub(super) params: Table,
    pub(super) limits: Table,
    pub(super) config: Table,
    pub(super) deterministic: bool,
    /// Rows may leave by the error policy.
    pub(super) rejects: bool,
    pub(super) batch_rows: Option<u32>,
}

impl<'a> Setting<'a> {
    pub(super) fn of(bench: &'a Bench<'a>, case: &Case) -> Setting<'a> {
        Setting {
            bench,
            name: case.name.clone(),
            params: case.params.clone(),
            limits: case.limits.clone(),
            config: case.config.clone(),
            deterministic: case.deterministic,
            rejects: case.rejected.is_some() || case.survives,
            batch_rows: case.batch_rows,
        }
    }

    /// The head of a pipeline.
    pub(super) fn head(&self) -> String {
        let mut text = format!("name = \"test\"\ndeterministic = {}\n", self.deterministic);
        if let Some(rows) = self.batch_rows {
            text.push_str(&format!("batch-rows = {rows}\n"));
        }
        if !self.limits.is_empty() {
            text.push_str(&format!("limits = {}\n", inline(&self.limits)));
        }
        if !self.config.is_empty() {
            let plugin = toml_key(self.bench.plugin.name());
            text.push_str(&format!("plugin.{plugin}.config = {}\n", inline(&self.config)));
        }
        text
    }

    /// The name of something that the plugin under test provides, such that nobody else's is meant.
    fn own(&self, id: &str) -> String {
        format!("{}/{id}", self.bench.plugin.name())
    }
}

fn inline(table: &Table) -> String {
    to_toml(&Value::Table(table.clone()))
}

fn quoted(text: &str) -> String {
    to_toml(&Value::Text { text: text.to_owned(), loose: false })
}

/// `on-error`, with dead letters in a file.
fn letters(setting: &Setting<'_>, file: &Path) -> String {
    match setting.rejects {
        true => format!("on-error = {{ dead-letter = {} }}\n", quoted(&file.display().to_string())),
        false => String::new(),
    }
}

/// The rows of an input port.
#[derive(Clone)]
pub(super) struct Input {
    pub(super) port: String,
    pub(super) schema: SchemaRef,
    pub(super) batches: Vec<Batch>,
}

/// What came of a pipeline.
#[derive(Default)]
pub(super) struct Ran {
    pub(super) outputs: Vec<(String, Came)>,
    /// Why it failed.
    pub(super) problems: Vec<Problem>,
    /// Dead letters.
    pub(super) rejected: Vec<Json>,
    pub(super) logs: Vec<LogLine>,
    /// What a hook answered.
    pub(super) answer: Option<super::HookAnswer>,
    /// One of its instances crashed, reached a limit or broke its word.
    pub(super) broke: bool,
    pub(super) fuel: u64,
    pub(super) peak_memory_bytes: u64,
    pub(super) elapsed: Duration,
    /// Time inside calls of the plugin, without waiting.
    pub(super) busy: Duration,
}

impl Ran {
    fn count(&mut self, stages: &[StageReport], kind: StageKind) {
        for stage in stages.iter().filter(|stage| stage.kind == kind) {
            self.used(stage.fuel, stage.peak_memory_bytes);
            self.busy += stage.busy;
        }
    }

    pub(super) fn used(&mut self, fuel: u64, peak: u64) {
        self.fuel = self.fuel.saturating_add(fuel);
        self.peak_memory_bytes = self.peak_memory_bytes.max(peak);
    }

    pub(super) fn failed(&mut self, report: Report) {
        self.broke |= report.problems().any(|problem| is_fault(&problem.code));
        self.problems.extend(report.diagnoses.into_iter().map(|diagnosis| diagnosis.problem));
    }
}

/// Whether a code is that of an instance's end: a crash, a limit, a broken promise.
pub(super) fn is_fault(code: &str) -> bool {
    crate::diagnose::FAULT_CODES.contains(&code) || code == "invalid-binding"
}

/// A folder for what a case writes.
fn scratch() -> Result<tempfile::TempDir, String> {
    tempfile::Builder::new()
        .prefix("jackfield-test-")
        .tempdir()
        .map_err(|error| format!("no temporary folder: {error}"))
}

impl Runtime {
    /// Plans and runs a pipeline with these ends.
    fn run_text(
        &self,
        setting: &Setting<'_>,
        text: &str,
        folder: &Path,
        ends: &Ends,
        ran: &mut Ran,
    ) -> Option<RunReport> {
        let lines: Arc<Mutex<Vec<LogLine>>> = Arc::default();
        let kept = lines.clone();
        let log: LogSink = Arc::new(move |line| kept.lock().unwrap_or_else(PoisonError::into_inner).push(line));
        let name = format!("case {}", setting.name);
        let request = PlanRequest {
            file: &name,
            text,
            folder,
            sets: &[],
            env: &|_| None,
            limit: None,
            now_micros: now_micros(),
            cancel: CancelToken::new(),
            log,
        };
        let start = Instant::now();
        let ended = match self.plan_between(&request, ends) {
            Ok(mut plan) => {
                // What a test finds is no failure of a run, and what it uses is nobody's use.
                plan.state_dir = None;
                plan.run()
            }
            Err(report) => {
                ran.failed(report);
                ran.elapsed += start.elapsed();
                ran.logs.append(&mut lines.lock().unwrap_or_else(PoisonError::into_inner));
                return None;
            }
        };
        ran.elapsed += start.elapsed();
        ran.logs.append(&mut lines.lock().unwrap_or_else(PoisonError::into_inner));
        let report = match ended {
            Ok(report) => report,
            Err((failure, report)) => {
                ran.failed(failure);
                report
            }
        };
        ran.broke |= !report.stops.is_empty();
        Some(report)
    }

    /// A node with these inputs. Without names of outputs, the first one that its manifest declares.
    pub(super) fn run_node(
        &self,
        setting: &Setting<'_>,
        node: &TypeRef,
        inputs: Vec<Input>,
        outputs: &[String],
    ) -> Result<Ran, String> {
        let declared = setting.bench.plugin.manifest.nodes.iter().find(|declared| declared.node_type == node.name);
        let Some(declared) = declared else {
            let names: Vec<&str> =
                setting.bench.plugin.manifest.nodes.iter().map(|node| node.node_type.as_str()).collect();
            let name = setting.bench.plugin.name();
            return Err(format!("plugin {name} has no node type `{}`; it has: {}", node.name, names.join(", ")));
        };
        let first = declared.outputs.first().map(|port| port.name.clone());
        let ports: Vec<String> = if outputs.is_empty() { first.into_iter().collect() } else { outputs.to_vec() };
        let folder = scratch()?;
        let file = folder.path().join("rejected.jsonl");
        let mut text = setting.head();
        let mut ends = Ends::default();
        let listed = inputs.iter().all(|input| input.port.starts_with("in."));
        let mut wires = Vec::new();
        for (number, Input { port, schema, batches }) in inputs.into_iter().enumerate() {
            let source = format!("given-{number}");
            text.push_str(&format!("[source.{source}]\npath = \"{source}\"\n"));
            wires.push(match listed {
                true => quoted(&source),
                false => format!("{} = {}", toml_key(&port), quoted(&source)),
            });
            ends.give(&source, schema, batches);
        }
        let (open, close) = if listed { ('[', ']') } else { ('{', '}') };
        text.push_str(&format!(
            "[node.{}]\ntype = {}\ninputs = {open} {} {close}\nparams = {}\n{}",
            node.name,
            quoted(&setting.own(&node.name)),
            wires.join(", "),
            inline(&setting.params),
            letters(setting, &file),
        ));
        let mut kept = Vec::new();
        for (number, port) in ports.iter().enumerate() {
            let input = quoted(&format!("{}.{port}", node.name));
            text.push_str(&format!("[sink.kept-{number}]\ninput = {input}\npath = \"kept-{number}\"\n"));
            kept.push((port.clone(), ends.keep(&format!("kept-{number}"))));
        }
        let mut ran = Ran::default();
        let report = self.run_text(setting, &text, folder.path(), &ends, &mut ran);
        if let Some(report) = &report {
            ran.count(&report.stages, StageKind::Node);
        }
        ran.rejected = read_letters(&file);
        ran.outputs = kept
            .into_iter()
            .map(|(port, kept)| {
                let schema = kept.schema().unwrap_or_else(|| Arc::new(Schema::empty()));
                (port, Came::Rows(schema, kept.take()))
            })
            .collect();
        Ok(ran)
    }

    /// Reads, writes, or both, as the case's ports say.
    pub(super) fn run_format(
        &self,
        setting: &Setting<'_>,
        case: &Case,
        id: &str,
        folder: &Path,
    ) -> Result<Ran, String> {
        let id = bare(id);
        let scratch = scratch()?;
        let mut ran = Ran::default();
        let (port, input) = case.inputs.first().ok_or("the case has no input")?;
        let wants = |port: &str| case.outputs.contains_key(port);
        let extension = setting.bench.plugin.manifest.formats.iter().find(|format| format.id == id);
        let extension = extension.and_then(|format| format.extensions.first()).map_or("bin", String::as_str);
        let mut file = scratch.path().join(format!("file.{extension}"));
        if port == "file" {
            match input {
                Content::File(name) => file = folder.join(name),
                Content::Bytes(bytes) => {
                    std::fs::write(&file, &bytes.bytes).map_err(|error| format!("input.file: {error}"))?;
                }
                Content::Lines(_) | Content::Rows(_) => return Err("input.file: bytes are due, not rows".to_owned()),
            }
            if !file.is_file() {
                return Err(format!("input.file: there is no file {}", file.display()));
            }
        } else {
            let (schema, batches) = self.given(case, port, input, folder)?;
            let mut ends = Ends::default();
            ends.give("rows", schema, batches);
            let text = format!(
                "{}[source.rows]\npath = \"rows\"\n[sink.file]\ninput = \"rows\"\npath = {}\nformat = {}\ncodec = \"none\"\noptions = {}\n",
                setting.head(),
                quoted(&file.display().to_string()),
                quoted(&setting.own(id)),
                inline(&setting.params),
            );
            let report = self.run_text(setting, &text, folder, &ends, &mut ran);
            if let Some(report) = &report {
                ran.count(&report.stages, StageKind::Sink);
            }
            if !ran.problems.is_empty() {
                return Ok(ran);
            }
            let bytes = std::fs::read(&file).map_err(|error| format!("output.file: {error}"))?;
            if wants("file") || !wants("rows") {
                ran.outputs.push(("file".to_owned(), Came::Bytes(bytes)));
            }
            if !wants("rows") {
                return Ok(ran);
            }
        }
        let letters_file = scratch.path().join("rejected.jsonl");
        let mut text = format!(
            "{}[source.file]\npath = {}\nformat = {}\ncodec = \"none\"\noptions = {}\n{}",
            setting.head(),
            quoted(&file.display().to_string()),
            quoted(&setting.own(id)),
            inline(&setting.params),
            letters(setting, &letters_file),
        );
        if let Some(types) = case.schemas.get("file") {
            let types = types.iter().map(|(column, text)| format!("{} = {}", toml_key(column), quoted(text)));
            text.push_str(&format!("schema = {{ {} }}\n", types.collect::<Vec<_>>().join(", ")));
        }
        text.push_str("[sink.rows]\ninput = \"file\"\npath = \"rows\"\n");
        let mut ends = Ends::default();
        let kept = ends.keep("rows");
        let report = self.run_text(setting, &text, folder, &ends, &mut ran);
        if let Some(report) = &report {
            ran.count(&report.stages, StageKind::Source);
        }
        ran.rejected = read_letters(&letters_file);
        let schema = kept.schema().unwrap_or_else(|| Arc::new(Schema::empty()));
        ran.outputs.push(("rows".to_owned(), Came::Rows(schema, kept.take())));
        Ok(ran)
    }

    /// Encodes, decodes, or both, as the case's ports say: in stores like those of a source's or sink's codec.
    pub(super) fn run_codec(&self, setting: &Setting<'_>, case: &Case, id: &str, folder: &Path) -> Result<Ran, String> {
        let id = bare(id);
        let (port, input) = case.inputs.first().ok_or("the case has no input")?;
        let bytes = bytes_of(input, folder).map_err(|why| format!("input.{port}: {why}"))?;
        let wants = |port: &str| case.outputs.contains_key(port);
        let coding = Coding { setting, id, log: Arc::default() };
        let mut ran = Ran::default();
        let start = Instant::now();
        let mut encoded = bytes;
        let coded = (|| {
            if port == "decoded" {
                encoded = self.code(&coding, encoded.clone(), true, &mut ran)?;
                if wants("encoded") || !wants("decoded") {
                    ran.outputs.push(("encoded".to_owned(), Came::Bytes(encoded.clone())));
                }
            }
            if port == "encoded" || wants("decoded") {
                let decoded = self.code(&coding, encoded.clone(), false, &mut ran)?;
                ran.outputs.push(("decoded".to_owned(), Came::Bytes(decoded)));
            }
            Ok(())
        })();
        ran.elapsed = start.elapsed();
        if let Err(diagnoses) = coded {
            ran.failed(Report { diagnoses });
        }
        ran.logs.append(&mut coding.log.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(ran)
    }

    fn code(
        &self,
        coding: &Coding<'_>,
        bytes: Vec<u8>,
        encode: bool,
        ran: &mut Ran,
    ) -> Result<Vec<u8>, Vec<Diagnosis>> {
        let Coding { setting, id, log } = coding;
        let registry = self.registry();
        let wrong = |message: String| {
            vec![Diagnosis { problem: super::fault("unknown-codec", message), class: crate::Class::Configuration }]
        };
        let (plugin, declared) = registry
            .codec(&setting.own(id))
            .map_err(|_| wrong(format!("plugin {} has no codec `{id}`", setting.bench.plugin.name())))?;
        let options = to_json(&Value::Table(setting.params.clone()), declared.options.as_ref());
        let (pipeline, _) = jackfield_manifest::parse_pipeline("case", &setting.head(), &[], &|_| None);
        let document = pipeline.as_ref().map(|pipeline| &pipeline.document);
        if let Some(document) = document {
            let found = crate::plan::params::validate(document, &["params"], &options, declared.options.as_ref());
            if !found.is_empty() {
                return Err(found);
            }
        }
        let kept = log.clone();
        let about = About {
            pipeline: "test".to_owned(),
            limits: pipeline.as_ref().map(|pipeline| pipeline.limits.clone()).unwrap_or_default(),
            now_micros: if setting.deterministic { 0 } else { now_micros() },
            deterministic: setting.deterministic,
            log: Arc::new(move |line| kept.lock().unwrap_or_else(PoisonError::into_inner).push(line)),
            stops: self.stops(),
            denials: self.denial_events(),
            spill: self.spill_space(),
        };
        let running = self.running(about, registry.clone(), pipeline.map(Arc::new));
        let executor = crate::plan::executor().map_err(|diagnosis| vec![diagnosis])?;
        let what = format!("codec {id}");
        executor.block_on(async {
            let loaded = running.ready(self, &plugin).await?;
            let cancel = setting.bench.cancel.clone();
            let store = running.store("test", &plugin, &loaded.limits, cancel, &mut Vec::new());
            let options = options.to_string();
            let mut usage = Usage::default();
            let coded: Result<Vec<u8>, CallError> = async {
                if !encode {
                    let source = ByteSource::from_bytes(Some("test".to_owned()), bytes);
                    let mut decoder = Decoder::open(&loaded.component, store, id, &options, source).await?;
                    let mut decoded = Vec::new();
                    loop {
                        let piece = decoder.read(PIECE_BYTES as u32).await;
                        usage = decoder.usage();
                        match piece? {
                            Piece::Data(data) => decoded.extend(data),
                            Piece::Pause => tokio::task::yield_now().await,
                            Piece::End => return Ok(decoded),
                        }
                    }
                }
                let (sender, mut pieces) = mpsc::channel(PIECES_IN_FLIGHT);
                let sink = ByteSink::to_channel("test".to_owned(), sender);
                let taken = async {
                    let mut bytes = Vec::new();
                    while let Some(Ok(piece)) = pieces.recv().await {
                        bytes.extend(piece);
                    }
                    bytes
                };
                let work = async {
                    let mut encoder = Encoder::open(&loaded.component, store, id, &options, sink).await?;
                    for piece in bytes.chunks(PIECE_BYTES) {
                        encoder.write(piece.to_vec()).await?;
                    }
                    encoder.finish().await?;
                    Ok::<Usage, CallError>(encoder.usage())
                };
                let (worked, bytes) = tokio::join!(work, taken);
                usage = worked?;
                Ok(bytes)
            }
            .await;
            ran.used(usage.fuel, usage.peak_memory_bytes);
            ran.busy += usage.busy;
            running.stop().await;
            coded.map_err(|error| call_problems(error, &what))
        })
    }
}

/// An id without the plugin that saved failures name with it.
fn bare(id: &str) -> &str {
    id.rsplit_once('/').map_or(id, |(_, id)| id)
}

/// A codec at work.
struct Coding<'a> {
    setting: &'a Setting<'a>,
    id: &'a str,
    log: Arc<Mutex<Vec<LogLine>>>,
}

/// The bytes of a port.
pub(super) fn bytes_of(content: &Content, folder: &Path) -> Result<Vec<u8>, String> {
    match content {
        Content::Bytes(bytes) => Ok(bytes.bytes.clone()),
        Content::File(file) => {
            std::fs::read(folder.join(file)).map_err(|error| format!("{file} cannot be read: {error}"))
        }
        Content::Lines(_) | Content::Rows(_) => Err("bytes are due, not rows".to_owned()),
    }
}

/// Dead letters, as far as there are any.
fn read_letters(file: &Path) -> Vec<Json> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    content::lines(&text).unwrap_or_default().into_iter().map(Json::Object).collect()
}

pub(super) fn now_micros() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
