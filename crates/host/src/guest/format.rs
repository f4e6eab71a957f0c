//! A running reader or writer of a file format.

use std::sync::Arc;

use arrow::array::{Array, UInt64Array};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use jackfield_columns::{Batch, type_name};
use wasmtime::component::{Resource, ResourceAny};

use super::lacks;
use crate::bindings::exports::jackfield::plugin::format;
use crate::bindings::jackfield::plugin::flow;
use crate::convert;
use crate::session::Session;
use crate::state::{State, wrong_type};
use crate::{BadRow, ByteSink, ByteSource, CallError, Candidate, Chunk, Component, Demand, Next, StoreOptions, Usage};

/// Asks a plugin which of its formats the head of a file is in. The likeliest come first.
///
/// # Errors
/// A fault.
pub async fn detect(
    component: &Component,
    options: StoreOptions,
    name: Option<&str>,
    head: &[u8],
) -> Result<Vec<Candidate>, CallError> {
    let (mut session, instance) = Session::open(component, options).await?;
    let Some(indices) = component.format() else { return Err(lacks(&mut session, "format")) };
    let (store, watch) = session.begin()?;
    let outcome = match indices.load(&mut *store, &instance) {
        Ok(guest) => watch.run(guest.call_detect(&mut *store, name, head)).await,
        Err(error) => Ok(Err(error)),
    };
    let mut candidates: Vec<Candidate> = session
        .settle(outcome)?
        .into_iter()
        .map(|found| Candidate { format: found.format, confidence: found.confidence.min(100), reason: found.reason })
        .collect();
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.confidence));
    Ok(candidates)
}

/// A running reader.
pub struct FormatReader {
    session: Session,
    guest: format::Guest,
    reader: ResourceAny,
    /// Columns that chunks hold; `None`: all.
    demanded: Option<Vec<String>>,
    schema: Option<SchemaRef>,
    /// The schema of the chunks.
    due: Option<SchemaRef>,
}

impl FormatReader {
    /// Starts a reader of `format` with its options, a JSON object.
    ///
    /// # Errors
    /// What the plugin says of the options or of the head of the file, or a fault.
    pub async fn open(
        component: &Component,
        options: StoreOptions,
        format: &str,
        options_json: &str,
        source: ByteSource,
        demand: Demand,
    ) -> Result<Self, CallError> {
        let (mut session, instance) = Session::open_with(component, options, Some(source), None).await?;
        let Some(indices) = component.format() else { return Err(lacks(&mut session, "format")) };
        let input = session.with_state(|state| state.source_handle())?;
        let demanded = demand.columns.clone();
        let demand = convert::demand_to_wit(demand);
        let (store, watch) = session.begin()?;
        let guest = indices.load(&mut *store, &instance);
        let outcome = match &guest {
            Ok(guest) => {
                let reader = guest.reader();
                watch.run(reader.call_constructor(&mut *store, format, options_json, input, &demand)).await
            }
            Err(error) => Ok(Err(wasmtime::format_err!("{error:#}"))),
        };
        let answer = session.settle(outcome)?;
        let reader = session.answer(answer)?;
        let guest = session.guest(guest)?;
        Ok(Self { session, guest, reader, demanded, schema: None, due: None })
    }

    /// The complete schema, whatever the demand.
    ///
    /// # Errors
    /// What the plugin says of the file, or a fault.
    pub async fn schema(&mut self) -> Result<SchemaRef, CallError> {
        if let Some(schema) = &self.schema {
            return Ok(Arc::clone(schema));
        }
        let (store, watch) = self.session.begin()?;
        let outcome = watch.run(self.guest.reader().call_schema(&mut *store, self.reader)).await;
        let answer = self.session.settle(outcome)?;
        let schema = self.session.answer(answer)?;
        let schema = self.session.checked(convert::schema_from_wit(schema), "its reader's schema is wrong")?;
        let due = match &self.demanded {
            None => Arc::clone(&schema),
            Some(names) => {
                let indices: Result<Vec<usize>, _> = names.iter().map(|name| schema.index_of(name)).collect();
                match indices.and_then(|indices| schema.project(&indices)) {
                    Ok(due) => Arc::new(due),
                    Err(error) => {
                        let message = format!("its reader's schema lacks a column that was demanded: {error}");
                        return Err(self.session.protocol(message));
                    }
                }
            }
        };
        self.due = Some(due);
        self.schema = Some(Arc::clone(&schema));
        Ok(schema)
    }

    /// The next rows.
    ///
    /// # Errors
    /// What the plugin says of the data, or a fault.
    pub async fn next(&mut self) -> Result<Next, CallError> {
        if self.due.is_none() {
            self.schema().await?;
        }
        let (store, watch) = self.session.begin()?;
        let outcome = watch.run(self.guest.reader().call_next(&mut *store, self.reader)).await;
        let answer = self.session.settle(outcome)?;
        match self.session.answer(answer)? {
            flow::Next::Pause => Ok(Next::Pause),
            flow::Next::End => Ok(Next::End),
            flow::Next::Chunk(chunk) => {
                let due = self.due.clone();
                let taken = self.session.with_state(|state| take_chunk(state, chunk, due.as_deref()))?;
                taken.map(|chunk| Next::Chunk(Box::new(chunk))).map_err(|message| self.session.protocol(message))
            }
        }
    }

    /// Ends the reader and gives the stream back, unless it ended badly.
    #[must_use]
    pub fn into_source(self) -> Option<ByteSource> {
        self.session.into_source()
    }

    /// What it has used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.session.usage()
    }
}

/// Takes a chunk's handles from the plugin. The inner error is a breach of protocol.
fn take_chunk(state: &mut State, chunk: flow::Chunk, due: Option<&Schema>) -> wasmtime::Result<Result<Chunk, String>> {
    let batch = state.take_batch(chunk.batch)?;
    let rows = match chunk.rows {
        Some(rows) => Some(state.take_column(rows)?),
        None => None,
    };
    if let Some(message) = due.and_then(|due| mismatch(&batch, due)) {
        return Ok(Err(message));
    }
    let rows = match rows.map(|rows| match rows.as_any().downcast_ref::<UInt64Array>() {
        Some(numbers) if numbers.len() == batch.rows() && numbers.null_count() == 0 => Ok(numbers.clone()),
        Some(numbers) => Err(format!("its reader numbered {} rows of {}", numbers.len(), batch.rows())),
        None => Err(format!("its reader's row numbers: {}", wrong_type(&rows, &DataType::UInt64).message)),
    }) {
        Some(Ok(rows)) => Some(rows),
        Some(Err(message)) => return Ok(Err(message)),
        None => None,
    };
    if chunk.first_row.checked_add(batch.rows() as u64).is_none() {
        return Ok(Err(format!("its reader numbered the first row {}", chunk.first_row)));
    }
    state.gives(|| {
        let raw: u64 = chunk.bad.iter().map(|bad| bad.raw.len() as u64).sum();
        (batch.rows() as u64, batch.bytes().saturating_add(raw))
    })?;
    let bad = chunk.bad.into_iter().map(|bad| BadRow {
        line: bad.line,
        raw: bad.raw,
        reason: convert::failure_from_wit(bad.reason),
    });
    Ok(Ok(Chunk { bad: bad.collect(), batch, first_row: chunk.first_row, rows, position: chunk.position }))
}

/// How a chunk differs from what is due.
fn mismatch(batch: &Batch, due: &Schema) -> Option<String> {
    let given = batch.schema().fields();
    if given.len() != due.fields().len() {
        return Some(format!("its reader gave {} columns where {} are due", given.len(), due.fields().len()));
    }
    let differs = given
        .iter()
        .zip(due.fields())
        .find(|(given, due)| given.name() != due.name() || !given.data_type().equals_datatype(due.data_type()));
    differs.map(|(given, due)| {
        format!(
            "its reader gave column {} of type {} where {} of type {} is due",
            given.name(),
            type_name(given.data_type()),
            due.name(),
            type_name(due.data_type())
        )
    })
}

/// A running writer.
pub struct FormatWriter {
    session: Session,
    guest: format::Guest,
    writer: ResourceAny,
}

impl FormatWriter {
    /// Starts a writer of `format` with its options, a JSON object.
    ///
    /// # Errors
    /// What the plugin says of the options or of the schema, or a fault.
    pub async fn open(
        component: &Component,
        options: StoreOptions,
        format: &str,
        options_json: &str,
        schema: &Schema,
        sink: ByteSink,
    ) -> Result<Self, CallError> {
        let (mut session, instance) = Session::open_with(component, options, None, Some(sink)).await?;
        let Some(indices) = component.format() else { return Err(lacks(&mut session, "format")) };
        let output = session.with_state(|state| state.sink_handle())?;
        let schema = convert::schema_to_wit(schema);
        let (store, watch) = session.begin()?;
        let guest = indices.load(&mut *store, &instance);
        let outcome = match &guest {
            Ok(guest) => {
                let writer = guest.writer();
                watch.run(writer.call_constructor(&mut *store, format, options_json, &schema, output)).await
            }
            Err(error) => Ok(Err(wasmtime::format_err!("{error:#}"))),
        };
        let answer = session.settle(outcome)?;
        let writer = session.answer(answer)?;
        let guest = session.guest(guest)?;
        Ok(Self { session, guest, writer })
    }

    /// Writes a batch of the schema it was opened with. The batch is lent for the call.
    ///
    /// # Errors
    /// What the plugin or its sink says, or a fault.
    pub async fn write(&mut self, batch: Batch) -> Result<(), CallError> {
        self.session.gives_in(batch.rows(), || batch.bytes());
        let (store, watch) = self.session.begin()?;
        let (rep, outcome) = match store.data_mut().lend_batch(batch) {
            Ok(lent) => {
                let rep = lent.rep();
                let writer = self.guest.writer();
                let call = writer.call_write(&mut *store, self.writer, Resource::new_borrow(rep));
                (Some(rep), watch.run(call).await)
            }
            Err(error) => (None, Ok(Err(error))),
        };
        let answer = self.session.settle(outcome)?;
        if let Some(rep) = rep {
            self.session.with_state(|state| state.take_batch(Resource::new_own(rep)).map(drop))?;
        }
        self.session.answer(answer)
    }

    /// Hands on what it has kept back.
    ///
    /// # Errors
    /// What the plugin or its sink says, or a fault.
    pub async fn flush(&mut self) -> Result<(), CallError> {
        let (store, watch) = self.session.begin()?;
        let outcome = watch.run(self.guest.writer().call_flush(&mut *store, self.writer)).await;
        let answer = self.session.settle(outcome)?;
        self.session.answer(answer)
    }

    /// Writes the end of the file.
    ///
    /// # Errors
    /// What the plugin or its sink says, or a fault.
    pub async fn finish(&mut self) -> Result<(), CallError> {
        let (store, watch) = self.session.begin()?;
        let outcome = watch.run(self.guest.writer().call_finish(&mut *store, self.writer)).await;
        let answer = self.session.settle(outcome)?;
        self.session.answer(answer)
    }

    /// Ends the writer and gives the stream back, unless it ended badly.
    #[must_use]
    pub fn into_sink(self) -> Option<ByteSink> {
        self.session.into_sink()
    }

    /// What it has used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.session.usage()
    }
}

impl std::fmt::Debug for FormatReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FormatReader").field("session", &self.session).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for FormatWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FormatWriter").field("session", &self.session).finish_non_exhaustive()
    }
}
