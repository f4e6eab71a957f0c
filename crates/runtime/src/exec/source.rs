//! Reads a source: opens each file with the demand of the rest of the pipeline and hands on its batches.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use arrow::array::{ArrayRef, StringArray, UInt32Array, new_null_array};
use arrow::compute::take;
use arrow::datatypes::{Schema, SchemaRef};
use jackfield_columns::{Batch, Failure, Origin, Unmetered, type_name};
use jackfield_host::{BadRow, ByteSource, Chunk, Demand, FormatReader, Next, StoreOptions};
use jackfield_manifest::{Location, OnError, Problem};

use super::decode::Trouble;
use super::letters::bad_row_letter;
use super::packets::Fanout;
use super::recast::{self, CONVERTED, Recast};
use super::{Ended, Job};
use crate::diagnose::{Class, Diagnosis, ProblemExt, decoding_problems, failure_problem};
use crate::hooks::stage::StageHooks;
use crate::plan::{Input, Port, SourceStage, Wanted, drift, granted_rows};
use crate::progress::StageCounters;

/// A source stage on its way.
pub(crate) struct Reading {
    pub(crate) name: String,
    pub(crate) counters: Arc<StageCounters>,
    pub(crate) on_error: OnError,
    pub(crate) outputs: Vec<Port>,
    pub(crate) store: StoreOptions,
    /// At most so many records.
    pub(crate) limit: Option<u64>,
    /// What the pipeline says.
    pub(crate) batch_rows: Option<u32>,
}

pub(crate) async fn run(job: &Job<'_>, reading: Reading, mut source: SourceStage, fanout: &mut Fanout) -> Ended {
    if let OnError::DeadLetter(path) = &reading.on_error {
        job.letters.open(path).map_err(|d| vec![d])?;
    }
    let Some(port) = reading.outputs.first() else { return Ok(()) };
    let Some(schema) = &port.schema else { return Ok(()) };
    let wanted = port.wanted.clone().unwrap_or_else(Wanted::all);
    let hooks = job.hooks(&reading.counters, &reading.store);
    let mut left = reading.limit;
    let files = std::mem::take(&mut source.files);
    for (number, file) in files.iter().enumerate() {
        if fanout.is_done() || left == Some(0) {
            break;
        }
        let (bytes, trouble) = match source.opened.take().filter(|_| number == 0) {
            Some(opened) => opened,
            None => {
                let trouble = Trouble::default();
                let bytes = file.open(&trouble).map_err(|d| vec![d])?;
                (bytes, trouble)
            }
        };
        let bytes_before = reading.counters.bytes.load(Ordering::Relaxed);
        let input = &file.input;
        let schema_of_file = file.schema.as_ref();
        let partition = file.partition.as_slice();
        let one = OneFile {
            job,
            reading: &reading,
            source: &source,
            input,
            wanted: &wanted,
            schema,
            limit: left,
            schema_of_file,
            partition,
            hooks: &hooks,
        };
        let result = one.read(bytes, fanout, || {
            reading.counters.bytes.store(bytes_before + trouble.bytes(), Ordering::Relaxed);
        });
        let records = result.await.map_err(|problems| trouble.instead_of(problems))?;
        reading.counters.add_usage(&trouble.usage());
        left = left.map(|left| left.saturating_sub(records));
    }
    hooks.collect(job.metrics).await
}

struct OneFile<'a> {
    job: &'a Job<'a>,
    reading: &'a Reading,
    source: &'a SourceStage,
    input: &'a Input,
    wanted: &'a Wanted,
    /// The source's schema, with the column of file names if there is one.
    schema: &'a SchemaRef,
    /// At most so many records of this file.
    limit: Option<u64>,
    /// The columns that this file has, where planning has looked because the files may differ.
    schema_of_file: Option<&'a SchemaRef>,
    /// The values that its folders say.
    partition: &'a [Option<String>],
    hooks: &'a StageHooks,
}

impl OneFile<'_> {
    /// Reads the file to its end, or until nobody wants more; gives the number of records that were read.
    async fn read(&self, bytes: ByteSource, fanout: &mut Fanout, progressed: impl Fn()) -> Result<u64, Vec<Diagnosis>> {
        let reading = self.reading;
        let (mut reader, actual) = self.open(bytes).await?;
        let fits = self.fit(&actual)?;
        let (mut busy, mut waiting) = (Default::default(), Default::default());
        let mut account = |reader: &FormatReader| {
            let usage = reader.usage();
            reading.counters.add_busy(usage.busy.saturating_sub(busy));
            reading.counters.add_waiting(usage.waiting.saturating_sub(waiting));
            (busy, waiting) = (usage.busy, usage.waiting);
        };
        let mut records = 0;
        while self.limit.is_none_or(|limit| records < limit) {
            let next = reader.next().await;
            account(&reader);
            progressed();
            match next.map_err(|error| self.problems(error))? {
                Next::Chunk(chunk) => {
                    let batch = self.accept(*chunk, &actual, &fits, &mut records)?;
                    let batch = match self.hooks.at_emit() && batch.rows() > 0 {
                        true => self.hooks.emit("out", batch).await?,
                        false => batch,
                    };
                    reading.counters.rows_out.fetch_add(batch.rows() as u64, Ordering::Relaxed);
                    let start = Instant::now();
                    if batch.rows() > 0 {
                        fanout.send(0, batch).await;
                    }
                    reading.counters.add_waiting(start.elapsed());
                    if fanout.is_done() || self.job.failures.stopped() {
                        break;
                    }
                }
                // Files and pipes wait for their bytes themselves; only a source that has nothing right now says this.
                Next::Pause => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
                Next::End => break,
            }
        }
        reading.counters.add_usage(&reader.usage());
        Ok(records)
    }

    /// Opens the file with the demand of the rest of the pipeline and all types told.
    async fn open(&self, bytes: ByteSource) -> Result<(FormatReader, SchemaRef), Vec<Diagnosis>> {
        let component = &self.source.plugin.component;
        let (format, store) = (&self.source.format, &self.reading.store);
        let options = match self.schema_of_file {
            None => self.source.options.clone(),
            // Types are told only for the columns that this file has.
            Some(schema) => with_schema(&self.source.options, &self.source.file_schema, schema),
        };
        let opened = FormatReader::open(component, store.clone(), format, &options, bytes, self.demand()).await;
        let mut reader = opened.map_err(|error| self.problems(error))?;
        let actual = reader.schema().await.map_err(|error| self.problems(error))?;
        Ok((reader, actual))
    }

    fn demand(&self) -> Demand {
        let here = |name: &String| self.schema_of_file.is_none_or(|schema| schema.field_with_name(name).is_ok());
        let names = self.source.file_schema.fields().iter().map(|field| field.name()).filter(|name| here(name));
        let columns =
            self.wanted.columns.as_ref().map(|wanted| names.filter(|name| wanted.contains(*name)).cloned().collect());
        let known = |column: &String| self.source.file_schema.field_with_name(column).is_ok() && here(column);
        let predicates: Vec<_> = self.wanted.predicates.iter().filter(|p| known(&p.column)).cloned().collect();
        // A limit counts rows that satisfy all predicates, one on records only helps a reader that gets none.
        let of_rows = self.wanted.limit.filter(|_| predicates.len() == self.wanted.predicates.len());
        let of_records = self.limit.filter(|_| predicates.is_empty());
        let limit = [of_rows, of_records].into_iter().flatten().min();
        let count = columns.as_ref().map_or(self.source.file_schema.fields().len(), Vec::len);
        let batch_rows = self.reading.batch_rows.unwrap_or_else(|| granted_rows(self.wanted.batch_rows, count));
        // Where nobody has said how many rows a batch should have, a reader may know better.
        let said = self.reading.batch_rows.or(self.wanted.batch_rows).is_some();
        let extra = if said { Vec::new() } else { vec![("batch-rows".to_owned(), "at-most".to_owned())] };
        Demand { columns, predicates, limit, batch_rows, resume: None, extra }
    }

    /// For each column of the file schema that is wanted, where it is in the file; checks that the file has the same columns.
    fn fit(&self, actual: &Schema) -> Result<Vec<Option<usize>>, Vec<Diagnosis>> {
        let expected = &self.source.file_schema;
        let wanted = |name: &String| self.wanted.columns.as_ref().is_none_or(|wanted| wanted.contains(name));
        // The file was opened with all types told; what it says itself was found in planning.
        let own = self.schema_of_file.filter(|_| self.source.own_types).map_or(actual, AsRef::as_ref);
        let differences = drift::differences(self.source.drift, expected, actual, own);
        if !differences.is_empty() {
            let found = drift::problem(&self.reading.name, self.input.shown(), &differences, self.source.drift);
            return Err(vec![found]);
        }
        // Chunks hold exactly the demanded columns, in the order of the demand.
        let in_chunk: Vec<&String> = match &self.wanted.columns {
            Some(_) => expected
                .fields()
                .iter()
                .map(|f| f.name())
                .filter(|n| wanted(n) && actual.field_with_name(n).is_ok())
                .collect(),
            None => actual.fields().iter().map(|f| f.name()).collect(),
        };
        Ok(expected.fields().iter().map(|f| in_chunk.iter().position(|name| *name == f.name())).collect())
    }

    /// Turns a reader's chunk into a batch of the source: all columns of its schema, those that nobody wants left empty.
    fn accept(
        &self,
        chunk: Chunk,
        actual: &Schema,
        fits: &[Option<usize>],
        records: &mut u64,
    ) -> Result<Batch, Vec<Diagnosis>> {
        for bad in &chunk.bad {
            self.bad_row(bad)?;
        }
        let failed = |failure: Failure| vec![failure_problem(failure, &self.what())];
        let rows = chunk.batch.rows();
        let record = |row: usize| chunk.rows.as_ref().map_or(chunk.first_row + row as u64, |rows| rows.value(row));
        // Record numbers ascend, so those within the limit stand in front.
        let keep =
            (0..rows).rev().find(|row| self.limit.is_none_or(|limit| record(*row) < limit)).map_or(0, |row| row + 1);
        if rows > 0 {
            *records = record(rows - 1) + 1;
        }
        let wanted = |name: &String| self.wanted.columns.as_ref().is_none_or(|wanted| wanted.contains(name));
        let mut recast = Recast::default();
        let mut columns: Vec<Option<ArrayRef>> = Vec::with_capacity(fits.len() + 1);
        for (field, place) in self.source.file_schema.fields().iter().zip(fits) {
            columns.push(match place {
                _ if !wanted(field.name()) => None,
                Some(index) => {
                    let column = chunk.batch.column(*index, &mut Unmetered).map_err(failed)?;
                    Some(recast.column(field.name(), column, field.data_type()).map_err(failed)?)
                }
                None if actual.field_with_name(field.name()).is_err() => Some(new_null_array(field.data_type(), rows)),
                None => None,
            });
        }
        for (field, value) in self.source.partitions.iter().zip(self.partition) {
            let one: ArrayRef = Arc::new(StringArray::from(vec![value.as_deref()]));
            let column = || {
                let one = recast::whole(one, field.data_type())?;
                let rows = UInt32Array::from(vec![0; rows]);
                take(&one, &rows, None).map_err(|error| Failure::internal("internal", error.to_string()))
            };
            columns.push(wanted(field.name()).then(column).transpose().map_err(failed)?);
        }
        if let Some(name) = &self.source.file_name_column {
            let names = || Arc::new(StringArray::from_iter_values(std::iter::repeat_n(self.input.shown(), rows)));
            columns.push(wanted(name).then(|| names() as ArrayRef));
        }
        let well = recast.kept(rows);
        for bad in recast.bad_rows(keep, record) {
            self.bad_row(&bad)?;
        }
        let origin = Origin { file: self.input.shown().into(), first_record: chunk.first_row, records: chunk.rows };
        let mut batch =
            Batch::partial(self.schema.clone(), rows, columns).map_err(failed)?.with_origin(Arc::new(origin));
        if let Some(well) = &well {
            batch = batch.filter(well).map_err(failed)?;
        }
        let keep = well.map_or(keep, |well| well.slice(0, keep).true_count());
        if keep < batch.rows() {
            batch = batch.slice(0, keep).map_err(failed)?;
        }
        Ok(batch)
    }

    fn bad_row(&self, bad: &BadRow) -> Result<(), Vec<Diagnosis>> {
        let shown = self.input.shown();
        match &self.reading.on_error {
            OnError::Stop => {
                let mut reason = bad.reason.clone();
                if reason.code == "invalid-cast" {
                    reason.help = Some(CONVERTED.to_owned());
                }
                let Some(line) = bad.line else {
                    let diagnosis = failure_problem(reason, shown);
                    return Err(vec![Diagnosis { class: Class::Failed, ..diagnosis }]);
                };
                let Failure { code, message, column, help, .. } = reason;
                let message = column.map_or(message.clone(), |column| format!("column {column}: {message}"));
                let place = Location::of_line(shown, line, &bad.raw);
                let wrong = Problem { help, ..Problem::error(&code, message) };
                return Err(vec![wrong.at(Some(place)).class(Class::Failed)]);
            }
            OnError::Skip => {}
            OnError::DeadLetter(path) => {
                let letter = bad_row_letter(&self.reading.name, shown, bad.line, &bad.reason, &bad.raw);
                job_letter(self.job, path, &letter)?;
            }
        }
        self.reading.counters.rows_rejected.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn what(&self) -> String {
        format!("source.{}: {}", self.reading.name, self.input.shown())
    }

    fn problems(&self, error: jackfield_host::CallError) -> Vec<Diagnosis> {
        let mut problems = decoding_problems(error, &self.what(), &self.source.plugin.installed);
        // What casts say is about nodes.
        for problem in problems.iter_mut().filter(|diagnosis| diagnosis.problem.code == "invalid-cast") {
            problem.problem.help = Some(CONVERTED.to_owned());
        }
        problems
    }
}

/// Writes a dead letter; a letter that cannot be written ends the run, because its row would be lost.
pub(crate) fn job_letter(job: &Job<'_>, path: &str, letter: &serde_json::Value) -> Ended {
    job.letters.write(path, letter).map_err(|diagnosis| vec![diagnosis])
}

/// Format options that tell the types of `all`, for the columns that `here` has too.
fn with_schema(options: &str, all: &Schema, here: &Schema) -> String {
    let Ok(serde_json::Value::Object(mut options)) = serde_json::from_str(options) else { return options.to_owned() };
    let known = all.fields().iter().filter(|field| here.field_with_name(field.name()).is_ok());
    let types = known.map(|field| (field.name().clone(), type_name(field.data_type()).into()));
    options.insert("schema".to_owned(), serde_json::Value::Object(types.collect()));
    serde_json::Value::Object(options).to_string()
}
