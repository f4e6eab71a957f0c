//! Writes a sink: rows through a format, perhaps a codec, into a file that appears when it is complete.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Instant;

use arrow::datatypes::{Schema, SchemaRef};
use jackfield_columns::{Batch, Failure, FailureKind};
use jackfield_host::{ByteSink, CallError, Encoder, FormatWriter, PieceReceiver, StoreOptions, Usage};
use tokio::sync::mpsc;

use super::output::write_problem;
use super::packets::Inbox;
use super::saving::Occasion;
use super::{Ended, Job, parts, taking};
use crate::diagnose::{Class, Diagnosis, ProblemExt, call_problems, failure_problem, problem};
use crate::plan::paths::reason;
use crate::plan::{CodecChoice, SinkStage, SinkTarget};
use crate::progress::StageCounters;

/// So many pieces may wait for the encoder.
const PIECES_IN_FLIGHT: usize = 4;

/// A sink stage on its way.
pub(crate) struct Writing {
    pub(crate) name: String,
    pub(crate) counters: Arc<StageCounters>,
    pub(crate) store: StoreOptions,
    /// The schema of the input, where it is known before the data.
    pub(crate) schema: Option<SchemaRef>,
}

pub(crate) async fn run(job: &Job<'_>, writing: Writing, sink: SinkStage, inboxes: Vec<Inbox>) -> Ended {
    let mut inbox = inboxes.into_iter().next();
    if let (Some(take), Some(inbox)) = (job.taking, inbox.as_mut()) {
        return taking::all(job, take, &writing, &sink, inbox).await;
    }
    let shown = match &sink.target {
        SinkTarget::Stdout => "stdout".to_owned(),
        SinkTarget::File { shown, .. } => shown.clone(),
        SinkTarget::Parts(layout) => return parts::run(job, &writing, &sink, layout, inbox).await,
    };
    let Some(mut inbox) = inbox else { return Ok(()) };
    let what = format!("sink.{}: {shown}", writing.name);
    let (bytes, position) = open(job, &sink).map_err(|d| vec![d])?;
    let counter = bytes.counter();
    let (bytes, encoder) = match &sink.codec {
        Some(codec) => {
            let (bytes, encoder) = spawn_encoder(codec, bytes, position, &what).map_err(|d| vec![d])?;
            (bytes, Some(encoder))
        }
        None => (bytes, None),
    };

    let written = write(job, &writing, &sink, &what, &mut inbox, bytes, || {
        let bytes = counter.load(Ordering::Relaxed).saturating_sub(position);
        writing.counters.bytes.store(bytes, Ordering::Relaxed);
    });
    let mut result = written.await;
    if let Some(encoder) = encoder {
        let encoded = encoder.join().unwrap_or_else(|_| {
            let crashed = problem("host", format!("{what}: the thread that compresses has crashed"));
            Err(vec![crashed.class(Class::Failed)])
        });
        match encoded {
            Ok(usage) => writing.counters.add_usage(&usage),
            // The writer only heard that its stream broke; the encoder knows why.
            Err(problems) => result = Err(problems),
        }
    }
    writing.counters.bytes.store(counter.load(Ordering::Relaxed).saturating_sub(position), Ordering::Relaxed);
    match result {
        Err(problems) if matches!(sink.target, SinkTarget::Stdout) && is_closed(&problems) => {
            job.outputs.close_stdout();
            Ok(())
        }
        other => other,
    }
}

/// The reader of standard output went away, which is its right.
fn is_closed(problems: &[Diagnosis]) -> bool {
    problems.iter().any(|d| d.problem.code == "broken-pipe")
}

/// Where the bytes go, and how many are there already.
fn open(job: &Job<'_>, sink: &SinkStage) -> Result<(ByteSink, u64), Diagnosis> {
    match &sink.target {
        SinkTarget::Stdout => Ok((ByteSink::stdout(), 0)),
        SinkTarget::File { path, shown, append } => {
            let (mut file, mut position) = job.outputs.create(path, shown, *append)?;
            if position > 0 && sink.codec.is_none() && sink.writes_lines() {
                let ended = end_line(&mut file, position);
                position += ended.map_err(|error| write_problem(shown, &reason(&error)))?;
            }
            Ok((ByteSink::from_file(shown.clone(), file, position), position))
        }
        // These are opened one by one.
        SinkTarget::Parts(_) => Ok((ByteSink::discard(), 0)),
    }
}

/// Ends the last line of a text that is to go on, where it has no end yet; gives the number of bytes written.
fn end_line(file: &mut File, position: u64) -> std::io::Result<u64> {
    let mut last = [0];
    file.read_exact_at(&mut last, position - 1)?;
    if last == *b"\n" {
        return Ok(0);
    }
    file.write_all(b"\n")?;
    Ok(1)
}

async fn write(
    job: &Job<'_>,
    writing: &Writing,
    sink: &SinkStage,
    what: &str,
    inbox: &mut Inbox,
    bytes: ByteSink,
    progressed: impl Fn(),
) -> Ended {
    let problems = |error: CallError| call_problems(error, what);
    let failed = |failure: Failure| vec![failure_problem(failure, what)];
    let mut first = None;
    let schema = match &writing.schema {
        Some(schema) => schema.clone(),
        None => {
            first = inbox.receive().await;
            first.as_ref().map_or_else(|| Arc::new(Schema::empty()), |batch: &Batch| batch.schema().clone())
        }
    };
    let written = sink.written(&schema);
    let component = &sink.plugin.component;
    let opened =
        FormatWriter::open(component, writing.store.clone(), &sink.format, &sink.options, &written, bytes).await;
    let mut writer = opened.map_err(problems)?;
    let (mut busy, mut waiting) = (Default::default(), Default::default());
    let mut account = |writer: &FormatWriter| {
        let usage = writer.usage();
        writing.counters.add_busy(usage.busy.saturating_sub(busy));
        writing.counters.add_waiting(usage.waiting.saturating_sub(waiting));
        (busy, waiting) = (usage.busy, usage.waiting);
    };
    loop {
        let start = Instant::now();
        let batch = match first.take() {
            Some(batch) => Some(batch),
            None => inbox.receive().await,
        };
        writing.counters.add_waiting(start.elapsed());
        if job.failures.stopped() {
            return Ok(());
        }
        let Some(mut batch) = batch else { break };
        if let Some(columns) = &sink.columns {
            let picks: Result<Vec<_>, _> = columns.iter().map(|name| Ok((schema.index_of(name)?, None))).collect();
            let picks =
                picks.map_err(|e: arrow::error::ArrowError| failed(Failure::internal("host", e.to_string())))?;
            batch = batch.pick(&picks).map_err(failed)?;
        }
        let rows = batch.rows() as u64;
        writing.counters.rows_in.fetch_add(rows, Ordering::Relaxed);
        if let Err(error) = writer.write(batch.clone()).await {
            let occasion = Occasion {
                stage: &writing.name,
                subject: format!("format:{}/{}", sink.plugin.installed.name(), sink.format),
                params: &sink.options,
                store: &writing.store,
                port: "rows",
                batch: &batch,
            };
            let saved = job.saving.fault(&occasion, &error);
            let mut found = problems(error);
            if let (Some(saved), Some(first)) = (saved, found.first_mut()) {
                first.problem.add_help(&saved);
            }
            return Err(found);
        }
        writing.counters.rows_out.fetch_add(rows, Ordering::Relaxed);
        account(&writer);
        progressed();
    }
    writer.finish().await.map_err(problems)?;
    account(&writer);
    writing.counters.add_usage(&writer.usage());
    Ok(())
}

pub(super) type Encoding = JoinHandle<Result<Usage, Vec<Diagnosis>>>;

/// Starts to compress into `output` what is written to the sink that comes back.
pub(super) fn spawn_encoder(
    choice: &CodecChoice,
    output: ByteSink,
    position: u64,
    what: &str,
) -> Result<(ByteSink, Encoding), Diagnosis> {
    let (sender, receiver) = mpsc::channel(PIECES_IN_FLIGHT);
    let (choice, what) = (choice.clone(), what.to_owned());
    let work = move || {
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let executor =
            executor.map_err(|error| vec![problem("io", format!("{what}: no timer: {error}")).class(Class::Failed)])?;
        executor.block_on(encode(&choice, output, receiver, &what))
    };
    let thread = std::thread::Builder::new()
        .name("encode".to_owned())
        .spawn(work)
        .map_err(|error| problem("io", format!("no thread to compress: {error}")).class(Class::Failed))?;
    Ok((ByteSink::to_channel(choice_name(position), sender).starting_at(position), thread))
}

fn choice_name(position: u64) -> String {
    if position == 0 { "new stream".to_owned() } else { "appended stream".to_owned() }
}

async fn encode(
    choice: &CodecChoice,
    output: ByteSink,
    mut pieces: PieceReceiver,
    what: &str,
) -> Result<Usage, Vec<Diagnosis>> {
    let problems = |error: CallError| call_problems(error, what);
    let component = &choice.plugin.component;
    let opened = Encoder::open(component, choice.store.clone(), &choice.codec, &choice.options, output).await;
    let mut encoder = opened.map_err(problems)?;
    while let Some(piece) = pieces.recv().await {
        match piece {
            Ok(data) => encoder.write(data).await.map_err(problems)?,
            Err(failure) if failure.kind == FailureKind::Cancelled => return Ok(encoder.usage()),
            Err(failure) => return Err(vec![failure_problem(failure, what)]),
        }
    }
    encoder.finish().await.map_err(problems)?;
    Ok(encoder.usage())
}
