//! How fast a plugin is: rows and bytes a second of each node, format and codec.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use jackfield_columns::{Batch, Unmetered, parse_type};
use jackfield_manifest::{Case, CaseBytes, Content, NodeDecl, Subject, TypeRef, Value};
use serde_json::Value as Json;

use super::ran::{Input, Ran, Setting};
use super::random::{Random, array};
use super::{Bench, Came, cut, from_json};
use crate::hostile::inputs::made_up;
use crate::loader::Runtime;

/// Rounds at least, whatever the time.
const FEWEST_ROUNDS: u32 = 3;

/// Rows of a batch, as readers make them.
const BATCH_ROWS: usize = 65_536;

/// What to measure.
#[derive(Debug, Clone)]
pub struct BenchRequest {
    /// Rows of generated data.
    pub rows: usize,
    /// Time for each measurement; there are at least three rounds.
    pub time: Duration,
    /// Only this: a node type, `format:ID` or `codec:ID`.
    pub only: Option<String>,
    /// Parameters or options, by node type, `format:ID` or `codec:ID`.
    pub params: std::collections::BTreeMap<String, Json>,
    /// Rows instead of generated ones, or bytes for a reader or codec: a file.
    pub input: Option<std::path::PathBuf>,
}

/// What one measurement gave.
#[derive(Debug, Clone)]
pub struct Rate {
    /// A node type, `format:ID` or `codec:ID`.
    pub subject: String,
    /// `process`, `write`, `read`, `encode` or `decode`.
    pub work: &'static str,
    /// Rows of the input, if it has rows.
    pub rows: Option<u64>,
    /// Bytes of the rows in memory, of the file, or of what was not compressed.
    pub bytes: u64,
    /// The time inside the plugin and the kernels that it called, in the best round.
    pub best: Duration,
    /// Fuel of a round.
    pub fuel: u64,
    /// The most memory that an instance held, in bytes.
    pub peak_memory_bytes: u64,
    /// Rounds.
    pub rounds: u32,
    /// The best round of the plugin that only hands rows on, with the same rows.
    pub nothing: Option<Duration>,
}

/// A measurement that could not be made: of what, and why.
pub type NotMeasured = (String, String);

impl Runtime {
    /// Measures everything that a plugin provides. `told` hears what is measured next.
    pub fn bench(
        &self,
        bench: &Bench<'_>,
        request: &BenchRequest,
        told: &mut dyn FnMut(&str),
    ) -> (Vec<Rate>, Vec<NotMeasured>) {
        let (mut rates, mut failed) = (Vec::new(), Vec::new());
        let wanted = |subject: &str| request.only.as_ref().is_none_or(|only| only == subject);
        let manifest = &bench.plugin.manifest;
        for node in manifest.nodes.iter().filter(|node| wanted(&node.node_type)) {
            told(&node.node_type);
            match self.bench_node(bench, request, node) {
                Ok(rate) => rates.push(rate),
                Err(why) => failed.push((node.node_type.clone(), why)),
            }
        }
        for format in &manifest.formats {
            let subject = format!("format:{}", format.id);
            if wanted(&subject) {
                told(&subject);
                self.bench_format(bench, request, &format.id, &subject, &mut rates, &mut failed);
            }
        }
        for codec in &manifest.codecs {
            let subject = format!("codec:{}", codec.id);
            if wanted(&subject) {
                told(&subject);
                self.bench_codec(bench, request, &codec.id, &subject, &mut rates, &mut failed);
            }
        }
        (rates, failed)
    }

    fn bench_node(&self, bench: &Bench<'_>, request: &BenchRequest, node: &NodeDecl) -> Result<Rate, String> {
        let inputs = self.inputs_for(request, node)?;
        let params = request.params.get(&node.node_type).cloned();
        let params = params.unwrap_or_else(|| made_up(node.parameters.as_ref()));
        let setting = setting(bench, &node.node_type, &params);
        let reference = TypeRef { plugin: None, version: None, name: node.node_type.clone() };
        let measured = rounds(bench, request, || {
            let ran = self.run_node(&setting, &reference, inputs.clone(), &[])?;
            fine(ran).map_err(|why| format!("with {params}: {why}"))
        })?;
        let registry = self.registry();
        let nothing = registry.node(&TypeRef { plugin: None, version: None, name: "tee".to_owned() }).ok();
        let nothing = nothing.map(|(plugin, _)| plugin).filter(|plugin| plugin.name() != bench.plugin.name());
        let nothing = nothing.and_then(|plugin| {
            let other = Bench { plugin: &plugin, cancel: bench.cancel.clone() };
            let first = inputs.first().cloned()?;
            let tee = TypeRef { plugin: None, version: None, name: "tee".to_owned() };
            let setting = self::setting(&other, "tee", &Json::Object(serde_json::Map::new()));
            let input = Input { port: "in".to_owned(), ..first };
            let round = || fine(self.run_node(&setting, &tee, vec![input.clone()], &[])?);
            rounds(bench, request, round).ok().map(|measured| measured.best)
        });
        let rows = inputs.iter().flat_map(|input| &input.batches).map(|batch| batch.rows() as u64).sum();
        let bytes = inputs.iter().flat_map(|input| &input.batches).map(Batch::bytes).sum();
        Ok(measured.rate(&node.node_type, "process", Some(rows), bytes, nothing))
    }

    /// The rows for a node: from the user's file, of declared columns, or a int64, b bool, t utf8, f float64.
    pub(super) fn inputs_for(&self, request: &BenchRequest, node: &NodeDecl) -> Result<Vec<Input>, String> {
        let mut inputs = Vec::new();
        for port in node.inputs.iter().filter(|port| !port.optional) {
            let declared = port.columns.as_deref().and_then(|text| parse_type(text).ok());
            let (schema, batches) = match (&request.input, declared) {
                (Some(file), _) => self.rows_of_file(file)?,
                (None, Some(DataType::Struct(fields))) => generated(&Arc::new(Schema::new(fields)), request.rows)?,
                (None, _) => ordinary(request.rows)?,
            };
            let batches = cut(&batches, BATCH_ROWS).map_err(|failure| failure.message)?;
            let name = if port.multiple { "in.0".to_owned() } else { port.name.clone() };
            inputs.push(Input { port: name, schema, batches });
        }
        Ok(inputs)
    }

    fn rows_of_file(&self, file: &std::path::Path) -> Result<(SchemaRef, Vec<Batch>), String> {
        let content = Content::File(file.display().to_string());
        let rows = self.rows_of(&content, std::path::Path::new(""), None)?;
        super::content::typed(rows, None, &content)
    }

    fn bench_format(
        &self,
        bench: &Bench<'_>,
        request: &BenchRequest,
        id: &str,
        subject: &str,
        rates: &mut Vec<Rate>,
        failed: &mut Vec<NotMeasured>,
    ) {
        let options = request.params.get(subject).cloned().unwrap_or(Json::Null);
        let setting = setting(bench, subject, &options);
        let folder = std::path::Path::new("");
        let scratch = match tempfile::Builder::new().prefix("jackfield-bench-").tempdir() {
            Ok(scratch) => scratch,
            Err(error) => return failed.push((subject.to_owned(), error.to_string())),
        };
        let file = match &request.input {
            Some(file) => file.clone(),
            None => {
                let (schema, batches) = match ordinary(request.rows) {
                    Ok(made) => made,
                    Err(why) => return failed.push((subject.to_owned(), why)),
                };
                let rows = request.rows as u64;
                let file = scratch.path().join("rows.arrow");
                let written = jackfield_columns::to_ipc(&batches, &mut Unmetered)
                    .map_err(|failure| failure.message)
                    .and_then(|bytes| std::fs::write(&file, bytes).map_err(|error| error.to_string()));
                drop(schema);
                if let Err(why) = written {
                    return failed.push((subject.to_owned(), why));
                }
                let mut case = Case::new(subject, Subject::Format(id.to_owned()));
                case.batch_rows = Some(BATCH_ROWS as u32);
                case.inputs.insert("rows".to_owned(), Content::File(file.display().to_string()));
                case.outputs.insert("file".to_owned(), Content::Lines(String::new()));
                let mut bytes = Vec::new();
                let measured = rounds(bench, request, || {
                    let ran = self.run_format(&setting, &case, id, folder)?;
                    if let Some((_, Came::Bytes(written))) = ran.outputs.first() {
                        bytes.clone_from(written);
                    }
                    fine(ran)
                });
                match measured {
                    Ok(measured) => rates.push(measured.rate(subject, "write", Some(rows), bytes.len() as u64, None)),
                    Err(why) => return failed.push((format!("{subject}, writing"), why)),
                }
                let file = scratch.path().join("bytes");
                if let Err(error) = std::fs::write(&file, &bytes) {
                    return failed.push((subject.to_owned(), error.to_string()));
                }
                file
            }
        };
        let mut case = Case::new(subject, Subject::Format(id.to_owned()));
        case.inputs.insert("file".to_owned(), Content::File(file.display().to_string()));
        case.outputs.insert("rows".to_owned(), Content::Lines(String::new()));
        let mut rows = 0;
        let measured = rounds(bench, request, || {
            let ran = self.run_format(&setting, &case, id, folder)?;
            if let Some((_, Came::Rows(_, batches))) = ran.outputs.first() {
                rows = batches.iter().map(|batch| batch.rows() as u64).sum();
            }
            fine(ran)
        });
        let bytes = std::fs::metadata(&file).map_or(0, |meta| meta.len());
        match measured {
            Ok(measured) => rates.push(measured.rate(subject, "read", Some(rows), bytes, None)),
            Err(why) => failed.push((format!("{subject}, reading"), why)),
        }
    }

    fn bench_codec(
        &self,
        bench: &Bench<'_>,
        request: &BenchRequest,
        id: &str,
        subject: &str,
        rates: &mut Vec<Rate>,
        failed: &mut Vec<NotMeasured>,
    ) {
        let bytes = match &request.input {
            Some(file) => std::fs::read(file).map_err(|error| format!("{} cannot be read: {error}", file.display())),
            None => Ok(lines(request.rows)),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(why) => return failed.push((subject.to_owned(), why)),
        };
        let options = request.params.get(subject).cloned().unwrap_or(Json::Null);
        let setting = setting(bench, subject, &options);
        let length = bytes.len() as u64;
        let mut given = bytes;
        for (from, to, work) in [("decoded", "encoded", "encode"), ("encoded", "decoded", "decode")] {
            let mut case = Case::new(subject, Subject::Codec(id.to_owned()));
            let content = Content::Bytes(CaseBytes { bytes: std::mem::take(&mut given), is_text: false });
            case.inputs.insert(from.to_owned(), content.clone());
            case.outputs.insert(to.to_owned(), content);
            let mut made = Vec::new();
            let measured = rounds(bench, request, || {
                let ran = self.run_codec(&setting, &case, id, std::path::Path::new(""))?;
                if let Some((_, Came::Bytes(bytes))) = ran.outputs.first() {
                    made.clone_from(bytes);
                }
                fine(ran)
            });
            match measured {
                Ok(measured) => rates.push(measured.rate(subject, work, None, length, None)),
                Err(why) => return failed.push((format!("{subject}, {work}"), why)),
            }
            given = made;
        }
    }
}

/// Gives a case of a format or codec its input, and the outputs that make it go both ways.
pub(super) fn fill(case: &mut Case, request: &BenchRequest, scratch: &std::path::Path) -> Result<(), String> {
    match (&case.subject, &request.input) {
        (Subject::Codec(_), input) => {
            let bytes = match input {
                Some(file) => {
                    std::fs::read(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?
                }
                None => lines(request.rows),
            };
            let content = Content::Bytes(CaseBytes { bytes, is_text: false });
            case.inputs.insert("decoded".to_owned(), content.clone());
            case.outputs.insert("decoded".to_owned(), content);
        }
        (_, Some(file)) => {
            let file = std::path::absolute(file).map_err(|error| error.to_string())?;
            case.inputs.insert("file".to_owned(), Content::File(file.display().to_string()));
            case.outputs.insert("rows".to_owned(), Content::Lines(String::new()));
        }
        (_, None) => {
            let (_, batches) = ordinary(request.rows)?;
            let file = scratch.join("rows.arrow");
            let bytes = jackfield_columns::to_ipc(&batches, &mut Unmetered).map_err(|failure| failure.message)?;
            std::fs::write(&file, bytes).map_err(|error| error.to_string())?;
            case.batch_rows = Some(BATCH_ROWS as u32);
            case.inputs.insert("rows".to_owned(), Content::File(file.display().to_string()));
            case.outputs.insert("rows".to_owned(), Content::Lines(String::new()));
        }
    }
    Ok(())
}

/// The best of some rounds.
struct Measured {
    best: Duration,
    fuel: u64,
    peak_memory_bytes: u64,
    rounds: u32,
}

impl Measured {
    fn rate(self, subject: &str, work: &'static str, rows: Option<u64>, bytes: u64, nothing: Option<Duration>) -> Rate {
        let Measured { best, fuel, peak_memory_bytes, rounds } = self;
        Rate { subject: subject.to_owned(), work, rows, bytes, best, fuel, peak_memory_bytes, rounds, nothing }
    }
}

fn rounds(
    bench: &Bench<'_>,
    request: &BenchRequest,
    mut round: impl FnMut() -> Result<Ran, String>,
) -> Result<Measured, String> {
    let start = Instant::now();
    let mut measured = Measured { best: Duration::MAX, fuel: 0, peak_memory_bytes: 0, rounds: 0 };
    while measured.rounds < FEWEST_ROUNDS || start.elapsed() < request.time {
        if bench.cancel.is_cancelled() {
            return Err("it was stopped".to_owned());
        }
        let ran = round()?;
        measured.best = measured.best.min(ran.busy);
        (measured.fuel, measured.peak_memory_bytes) = (ran.fuel, ran.peak_memory_bytes);
        measured.rounds += 1;
    }
    Ok(measured)
}

/// A run without problems.
fn fine(ran: Ran) -> Result<Ran, String> {
    match ran.problems.first() {
        Some(problem) => Err(problem.message.clone()),
        None => Ok(ran),
    }
}

pub(super) fn setting<'a>(bench: &'a Bench<'a>, name: &str, params: &Json) -> Setting<'a> {
    let mut case = Case::new(name, Subject::Format(String::new()));
    case.survives = true;
    if let Value::Table(params) = from_json(params) {
        case.params = params;
    }
    Setting::of(bench, &case)
}

/// Rows as they occur: a int64 counts, b bool, t utf8 short words, f float64; no nulls.
fn ordinary(rows: usize) -> Result<(SchemaRef, Vec<Batch>), String> {
    let fields = [("a", DataType::Int64), ("b", DataType::Boolean), ("t", DataType::Utf8), ("f", DataType::Float64)];
    let schema = Arc::new(Schema::new(fields.map(|(name, kind)| Field::new(name, kind, true)).to_vec()));
    let mut batches = Vec::new();
    for start in (0..rows).step_by(BATCH_ROWS) {
        let numbers = start..(start + BATCH_ROWS).min(rows);
        let count = numbers.len();
        let words = ["Robert", "Rupert", "Rubin", "Ashcraft", "Tymczak", "Pfister", "Honeyman"];
        let word = |number: usize| words.get(number % words.len()).copied().unwrap_or_default();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values(numbers.clone().map(|number| number as i64))),
            Arc::new(BooleanArray::from_iter(numbers.clone().map(|number| Some(number % 3 == 0)))),
            Arc::new(StringArray::from_iter_values(numbers.clone().map(word))),
            Arc::new(Float64Array::from_iter_values(numbers.map(|number| number as f64 / 7.0))),
        ];
        batches.push(Batch::of(schema.clone(), count, columns).map_err(|failure| failure.message)?);
    }
    Ok((schema, batches))
}

/// Rows of any columns: a block of random ones, as often as needed.
fn generated(schema: &SchemaRef, rows: usize) -> Result<(SchemaRef, Vec<Batch>), String> {
    let failed = |failure: jackfield_columns::Failure| failure.message;
    let mut random = Random::new(1);
    let block = rows.clamp(1, 4096);
    let columns = schema.fields().iter().map(|field| array(field.data_type(), block, 0, &mut random)).collect();
    let one = Batch::of(schema.clone(), block, columns).map_err(failed)?;
    let times = rows.div_ceil(block);
    let together = BATCH_ROWS / block;
    let mut batches = Vec::new();
    for start in (0..times).step_by(together.max(1)) {
        let parts = vec![one.clone(); together.min(times - start)];
        let whole = Batch::concat(&parts, &mut Unmetered).map_err(failed)?;
        let rows = whole.materialise(&mut Unmetered).map_err(failed)?;
        batches.push(Batch::new(rows));
    }
    Ok((schema.clone(), batches))
}

/// Text as it occurs, for codecs.
fn lines(rows: usize) -> Vec<u8> {
    let line = |number: usize| format!("{number},Robert {},{},true\n", number % 97, number as f64 / 7.0).into_bytes();
    (0..rows).flat_map(line).collect()
}
