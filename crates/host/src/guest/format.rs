//! A running reader or writer of a file format.

use arrow::datatypes::{Schema, SchemaRef};
use jackfield_columns::Batch;

use crate::{ByteSink, ByteSource, CallError, Candidate, Component, Demand, Next, StoreOptions, Usage};

/// Asks a plugin which of its formats the head of a file is in.
pub async fn detect(
    component: &Component,
    options: StoreOptions,
    name: Option<&str>,
    head: &[u8],
) -> Result<Vec<Candidate>, CallError> {
    todo!()
}

/// A running reader.
#[derive(Debug)]
pub struct FormatReader {}

impl FormatReader {
    /// Starts a reader of `format` with its options, a JSON object.
    pub async fn open(
        component: &Component,
        options: StoreOptions,
        format: &str,
        options_json: &str,
        source: ByteSource,
        demand: Demand,
    ) -> Result<Self, CallError> {
        todo!()
    }
    /// The complete schema, whatever the demand.
    pub async fn schema(&mut self) -> Result<SchemaRef, CallError> {
        todo!()
    }
    /// The next rows.
    pub async fn next(&mut self) -> Result<Next, CallError> {
        todo!()
    }
    /// Ends the reader and gives the stream back.
    #[must_use]
    pub fn into_source(self) -> Option<ByteSource> {
        todo!()
    }
    /// What it has used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        todo!()
    }
}

/// A running writer.
#[derive(Debug)]
pub struct FormatWriter {}

impl FormatWriter {
    /// Starts a writer of `format` with its options, a JSON object.
    pub async fn open(
        component: &Component,
        options: StoreOptions,
        format: &str,
        options_json: &str,
        schema: &Schema,
        sink: ByteSink,
    ) -> Result<Self, CallError> {
        todo!()
    }
    /// Writes a batch of the schema it was opened with.
    pub async fn write(&mut self, batch: Batch) -> Result<(), CallError> {
        todo!()
    }
    /// Hands on what it has kept back.
    pub async fn flush(&mut self) -> Result<(), CallError> {
        todo!()
    }
    /// Writes the end of the file.
    pub async fn finish(&mut self) -> Result<(), CallError> {
        todo!()
    }
    /// Ends the writer and gives the stream back.
    #[must_use]
    pub fn into_sink(self) -> Option<ByteSink> {
        todo!()
    }
    /// What it has used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        todo!()
    }
}
