//! Writes a sink of several files: parted by the values of columns, numbered by size. A few partitions are written as
//! their rows come; rows of the others wait on temporary storage, so that the number of open files is bounded and each
//! partition is one file, or one row of numbered ones, in the order of the input.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::datatypes::{Schema, SchemaRef};
use jackfield_columns::compute::{self, Argument, Grouper};
use jackfield_columns::{Batch, Failure, Unmetered};
use jackfield_host::{ByteSink, FormatWriter, PIECE_BYTES, SpillShare, Spool};

use super::packets::Inbox;
use super::sink::{Encoding, Writing, spawn_encoder};
use super::{Ended, Job};
use crate::diagnose::{Class, Diagnosis, ProblemExt, call_problems, failure_problem, problem};
use crate::plan::SinkStage;
use crate::plan::layout::Layout;

/// Partitions that are written as their rows come.
const MOST_OPEN: usize = 8;

/// Folders that one sink may make.
const MOST_PARTITIONS: u32 = 10_000;

/// Bytes of rows that are gathered before they are put aside partition by partition.
const GATHERED: u64 = 16 << 20;

/// Rows that come back from temporary storage at a time.
const PIECE: usize = 65_536;

pub(crate) async fn run(
    job: &Job<'_>,
    writing: &Writing,
    sink: &SinkStage,
    layout: &Layout,
    inbox: Option<Inbox>,
) -> Ended {
    let Some(mut inbox) = inbox else { return Ok(()) };
    let first = match &writing.schema {
        Some(_) => None,
        None => inbox.receive().await,
    };
    let schema = writing.schema.clone();
    if schema.is_none() && first.is_none() && !layout.partition_by.is_empty() {
        // No columns are known, and there are no rows to part by them.
        return Ok(());
    }
    let schema = schema.or_else(|| first.as_ref().map(|batch| batch.schema().clone()));
    let schema = schema.unwrap_or_else(|| Arc::new(Schema::empty()));
    let mut parts = Parts::new(job, writing, sink, layout, &schema)?;
    let mut next = first;
    loop {
        let start = Instant::now();
        let batch = match next.take() {
            Some(batch) => Some(batch),
            None => inbox.receive().await,
        };
        writing.counters.add_waiting(start.elapsed());
        if job.failures.stopped() {
            return Ok(());
        }
        let Some(batch) = batch else { break };
        let rows = batch.rows() as u64;
        writing.counters.rows_in.fetch_add(rows, Ordering::Relaxed);
        parts.take(batch).await?;
        writing.counters.rows_out.fetch_add(rows, Ordering::Relaxed);
        parts.progressed();
    }
    parts.finish().await
}

/// A sink of several files on its way.
struct Parts<'a> {
    job: &'a Job<'a>,
    writing: &'a Writing,
    sink: &'a SinkStage,
    layout: &'a Layout,
    what: String,
    /// What the files hold, and where these columns are in the input.
    written: SchemaRef,
    picks: Vec<(usize, Option<String>)>,
    keys: Vec<usize>,
    grouper: Option<Grouper>,
    partitions: Vec<Partition>,
    /// Rows for temporary storage, gathered.
    gathered: Vec<Batch>,
    gathered_bytes: u64,
    aside: Spool,
    /// Bytes of files that are finished.
    bytes: u64,
}

/// The files of one combination of values.
#[derive(Default)]
struct Partition {
    /// Its folder below the layout's; empty: this one itself.
    folder: String,
    /// The number of the next file, once it is known.
    next: Option<u64>,
    open: Option<Open>,
    /// Its rows are put aside; where they lie: the first and how many.
    waits: bool,
    aside: Vec<(u64, usize)>,
}

/// A file that is being written.
struct Open {
    writer: FormatWriter,
    encoder: Option<Encoding>,
    counter: Arc<AtomicU64>,
}

impl<'a> Parts<'a> {
    fn new(
        job: &'a Job<'a>,
        writing: &'a Writing,
        sink: &'a SinkStage,
        layout: &'a Layout,
        schema: &SchemaRef,
    ) -> Result<Self, Vec<Diagnosis>> {
        let what = format!("sink.{}: {}", writing.name, layout.shown);
        let failed = |failure: Failure| vec![failure_problem(failure, &what)];
        let place = |name: &String| {
            schema.index_of(name).map_err(|_| {
                failed(Failure::invalid_config("unknown-column", format!("there is no column `{name}` to part by")))
            })
        };
        let keys = layout.partition_by.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let written = sink.written(schema);
        let picks = written.fields().iter().filter_map(|field| Some((schema.index_of(field.name()).ok()?, None)));
        let picks: Vec<_> = picks.collect();
        let types: Vec<_> = keys.iter().map(|key| schema.field(*key).data_type().clone()).collect();
        let grouper = match types.is_empty() {
            true => None,
            false => Some(Grouper::new(&types).map_err(failed)?),
        };
        let partitions = if keys.is_empty() { vec![Partition::default()] } else { Vec::new() };
        let share = SpillShare::new(&writing.store.spill, &writing.store.limits);
        let aside = Spool::new(Arc::clone(&written), &share);
        let (gathered, gathered_bytes, bytes) = (Vec::new(), 0, 0);
        Ok(Self {
            job,
            writing,
            sink,
            layout,
            what,
            written,
            picks,
            keys,
            grouper,
            partitions,
            gathered,
            gathered_bytes,
            aside,
            bytes,
        })
    }

    fn failed(&self, failure: Failure) -> Vec<Diagnosis> {
        vec![failure_problem(failure, &self.what)]
    }

    /// Tells how many bytes there are.
    fn progressed(&self) {
        let open = self.partitions.iter().filter_map(|partition| partition.open.as_ref());
        let open: u64 = open.map(|open| open.counter.load(Ordering::Relaxed)).sum();
        self.writing.counters.bytes.store(self.bytes + open, Ordering::Relaxed);
    }

    /// Takes a batch of the input.
    async fn take(&mut self, batch: Batch) -> Ended {
        let groups = self.groups(&batch)?;
        let Some(groups) = groups else {
            let rows = batch.pick(&self.picks).map_err(|failure| self.failed(failure))?;
            return self.write(0, rows).await;
        };
        let mut later = Vec::new();
        for (group, rows) in chosen(&groups) {
            if self.is_direct(group) {
                let taken = batch.take(&rows, &mut Unmetered).and_then(|rows| rows.pick(&self.picks));
                let taken = taken.map_err(|failure| self.failed(failure))?;
                self.write(group, taken).await?;
            } else {
                later.push(rows);
            }
        }
        if !later.is_empty() {
            let later: Vec<u32> = later
                .iter()
                .flat_map(|rows| rows.as_primitive::<arrow::datatypes::UInt32Type>().values().iter().copied())
                .collect();
            let later: ArrayRef = Arc::new(UInt32Array::from(later));
            let rows = batch.take(&later, &mut Unmetered).map_err(|failure| self.failed(failure))?;
            self.gathered_bytes += rows.bytes();
            self.gathered.push(rows);
            if self.gathered_bytes > GATHERED {
                self.put_aside()?;
            }
        }
        Ok(())
    }

    /// The partition of each row, with its folder known; `None`: there is only one.
    fn groups(&mut self, batch: &Batch) -> Result<Option<UInt32Array>, Vec<Diagnosis>> {
        let Some(grouper) = &mut self.grouper else { return Ok(None) };
        let read = |index: &usize| batch.column(*index, &mut Unmetered);
        let keys: Result<Vec<ArrayRef>, Failure> = self.keys.iter().map(read).collect();
        let groups = keys.and_then(|keys| grouper.assign(&keys, &mut Unmetered));
        let groups = groups.map_err(|failure| vec![failure_problem(failure, &self.what)])?;
        let count = grouper.count();
        if count > MOST_PARTITIONS {
            let message = format!(
                "{}: more than {MOST_PARTITIONS} combinations of values in {}",
                self.what,
                self.layout.partition_by.join(", ")
            );
            let help = "part by columns with fewer values, such as a day instead of a time";
            return Err(vec![problem("too-many-partitions", message).with_help(help).class(Class::Limit)]);
        }
        if count as usize > self.partitions.len() {
            let fresh = self.folders(self.partitions.len()).map_err(|failure| self.failed(failure))?;
            for folder in fresh {
                let folder = folder.map_err(|column| {
                    let message = format!("{}: a value of {column} is too long for a folder's name", self.what);
                    vec![problem("cannot-write", message).class(Class::Failed)]
                })?;
                let waits = self.partitions.len() >= MOST_OPEN;
                self.partitions.push(Partition { folder, waits, ..Partition::default() });
            }
        }
        Ok(Some(groups))
    }

    /// The folders of the partitions from this one on.
    fn folders(&self, from: usize) -> Result<Vec<Result<String, String>>, Failure> {
        let keys = match &self.grouper {
            Some(grouper) => grouper.keys(&mut Unmetered)?,
            None => Vec::new(),
        };
        let mut texts: Vec<ArrayRef> = Vec::with_capacity(keys.len());
        for key in keys {
            let rows = key.len().saturating_sub(from);
            let key = key.slice(from, rows);
            let outcome =
                compute::call("cast", &[Argument::Column(key)], r#"{"to_type":"utf8"}"#, rows, None, &mut Unmetered)?;
            texts.push(outcome.values);
        }
        let rows = texts.first().map_or(0, |text| text.len());
        let value = |text: &ArrayRef, row: usize| {
            let text = text.as_string::<i32>();
            text.is_valid(row).then(|| text.value(row).to_owned())
        };
        Ok((0..rows)
            .map(|row| self.layout.partition(&texts.iter().map(|text| value(text, row)).collect::<Vec<_>>()))
            .collect())
    }

    fn is_direct(&self, group: usize) -> bool {
        self.partitions.get(group).is_some_and(|partition| !partition.waits)
    }

    /// Puts what was gathered aside, partition by partition.
    fn put_aside(&mut self) -> Ended {
        let gathered = std::mem::take(&mut self.gathered);
        self.gathered_bytes = 0;
        if gathered.is_empty() {
            return Ok(());
        }
        let batch = Batch::concat(&gathered, &mut Unmetered).map_err(|failure| self.failed(failure))?;
        drop(gathered);
        let Some(groups) = self.groups(&batch)? else { return Ok(()) };
        for (group, rows) in chosen(&groups) {
            let first = self.aside.rows();
            let put = batch.take(&rows, &mut Unmetered).and_then(|rows| rows.pick(&self.picks));
            let put = put.and_then(|rows| self.aside.append(&rows, &mut Unmetered));
            put.map_err(|failure| self.failed(failure))?;
            if let Some(partition) = self.partitions.get_mut(group) {
                partition.aside.push((first, rows.len()));
            }
        }
        Ok(())
    }

    /// Writes rows of the written columns to the file of a partition, and begins another one where it is large enough.
    async fn write(&mut self, number: usize, rows: Batch) -> Ended {
        let step = self.step(&rows);
        let mut from = 0;
        while from < rows.rows() {
            let count = step.min(rows.rows() - from);
            let some = rows.slice(from, count).map_err(|failure| self.failed(failure))?;
            from += count;
            let mut open = match self.partitions.get_mut(number).and_then(|partition| partition.open.take()) {
                Some(open) => open,
                None => self.open(number).await?,
            };
            open.writer.write(some).await.map_err(|error| call_problems(error, &self.what))?;
            if self.layout.split.is_some() {
                // What a writer keeps to itself would count for nothing.
                open.writer.flush().await.map_err(|error| call_problems(error, &self.what))?;
            }
            let full = self.layout.split.is_some_and(|split| open.counter.load(Ordering::Relaxed) >= split);
            if full {
                self.close(open).await?;
            } else if let Some(partition) = self.partitions.get_mut(number) {
                partition.open = Some(open);
            }
        }
        Ok(())
    }

    /// Rows that are written between looks at the size of the file.
    fn step(&self, rows: &Batch) -> usize {
        let Some(split) = self.layout.split else { return rows.rows().max(1) };
        let each = (rows.bytes() / (rows.rows() as u64).max(1)).max(1);
        usize::try_from(split / each / 16).unwrap_or(usize::MAX).max(1)
    }

    /// The next file of a partition.
    async fn open(&mut self, number: usize) -> Result<Open, Vec<Diagnosis>> {
        let (layout, folder) = (self.layout, self.partitions.get(number).map_or("", |partition| &partition.folder));
        let path = layout.folder.join(folder);
        let below = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let next = self.partitions.get(number).and_then(|partition| partition.next);
        let next = next.unwrap_or_else(|| layout.first_number(&path));
        let name = layout.name(next);
        let shown = format!("{}{below}{name}", layout.prefix);
        let (file, _) = self.job.outputs.create(&path.join(&name), &shown, false).map_err(|d| vec![d])?;
        let bytes = ByteSink::from_file(shown.clone(), file, 0);
        let counter = bytes.counter();
        let what = format!("sink.{}: {shown}", self.writing.name);
        let (bytes, encoder) = match &self.sink.codec {
            Some(codec) => {
                let (bytes, encoder) = spawn_encoder(codec, bytes, 0, &what).map_err(|d| vec![d])?;
                (bytes, Some(encoder))
            }
            None => (bytes, None),
        };
        let (component, store) = (&self.sink.plugin.component, self.writing.store.clone());
        let writer = FormatWriter::open(component, store, &self.sink.format, &self.sink.options, &self.written, bytes);
        let writer = writer.await.map_err(|error| call_problems(error, &what))?;
        if let Some(partition) = self.partitions.get_mut(number) {
            partition.next = Some(next + 1);
        }
        Ok(Open { writer, encoder, counter })
    }

    async fn close(&mut self, open: Open) -> Ended {
        let Open { mut writer, encoder, counter } = open;
        let mut result = writer.finish().await.map_err(|error| call_problems(error, &self.what));
        let usage = writer.usage();
        self.writing.counters.add_busy(usage.busy);
        self.writing.counters.add_waiting(usage.waiting);
        self.writing.counters.add_usage(&usage);
        // The encoder ends when the writer lets go of its stream.
        drop(writer);
        if let Some(encoder) = encoder {
            let encoded = encoder.join().unwrap_or_else(|_| {
                let crashed = problem("host", format!("{}: the thread that compresses has crashed", self.what));
                Err(vec![crashed.class(Class::Failed)])
            });
            match encoded {
                Ok(usage) => self.writing.counters.add_usage(&usage),
                // The writer only heard that its stream broke; the encoder knows why.
                Err(problems) => result = Err(problems),
            }
        }
        self.bytes += counter.load(Ordering::Relaxed);
        result
    }

    /// Finishes what is open, then writes what was put aside.
    async fn finish(mut self) -> Ended {
        self.put_aside()?;
        if self.keys.is_empty() && self.partitions.iter().all(|partition| partition.next.is_none()) {
            // No rows are a file too, so that whoever reads finds its columns.
            let open = self.open(0).await?;
            self.close(open).await?;
        }
        for number in 0..self.partitions.len() {
            let open = self.partitions.get_mut(number).and_then(|partition| partition.open.take());
            if let Some(open) = open {
                self.close(open).await?;
            }
        }
        for number in 0..self.partitions.len() {
            let aside = self.partitions.get_mut(number).map(|partition| std::mem::take(&mut partition.aside));
            for (first, count) in aside.into_iter().flatten() {
                let (mut from, end) = (first, first + count as u64);
                while from < end {
                    if self.job.failures.stopped() {
                        return Ok(());
                    }
                    let most = usize::try_from(end - from).unwrap_or(usize::MAX).min(PIECE);
                    let rows = self
                        .aside
                        .read(from, most, PIECE_BYTES, &mut Unmetered)
                        .map_err(|failure| self.failed(failure))?;
                    from += rows.rows() as u64;
                    self.write(number, rows).await?;
                }
            }
            let open = self.partitions.get_mut(number).and_then(|partition| partition.open.take());
            if let Some(open) = open {
                self.close(open).await?;
            }
            self.progressed();
        }
        self.job.outputs.sweep(self.layout);
        Ok(())
    }
}

/// The rows of each group, in the order in which the groups first appear.
fn chosen(groups: &UInt32Array) -> Vec<(usize, ArrayRef)> {
    let mut places: HashMap<u32, usize> = HashMap::new();
    let mut rows: Vec<(usize, Vec<u32>)> = Vec::new();
    for (row, group) in groups.values().iter().enumerate() {
        let place = *places.entry(*group).or_insert_with(|| {
            rows.push((*group as usize, Vec::new()));
            rows.len() - 1
        });
        if let Some((_, rows)) = rows.get_mut(place) {
            rows.push(row as u32);
        }
    }
    rows.into_iter().map(|(group, rows)| (group, Arc::new(UInt32Array::from(rows)) as ArrayRef)).collect()
}
