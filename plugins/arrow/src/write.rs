//! Writes files and streams.

use crate::options::Kind;
use crate::unify::Unify;
use arrow_array::RecordBatch;
use arrow_ipc::writer::{DictionaryHandling, FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::{ArrowError, SchemaRef};
use jackfield_sdk::Failure;
use std::io::Write;

/// A file or stream being written.
pub(crate) enum Writer<W: Write> {
    File(Box<FileWriter<W>>, Unify),
    Stream(Box<StreamWriter<W>>),
}

impl<W: Write> Writer<W> {
    /// # Errors
    /// A type that cannot be written, or the output's failure.
    pub(crate) fn new(out: W, schema: &SchemaRef, kind: Kind) -> Result<Self, Failure> {
        Ok(match kind {
            Kind::File => {
                let options = IpcWriteOptions::default().with_dictionary_handling(DictionaryHandling::Delta);
                let writer = FileWriter::try_new_with_options(out, schema, options).map_err(failure)?;
                Writer::File(Box::new(writer), Unify::new(schema.clone()))
            }
            Kind::Stream => Writer::Stream(Box::new(StreamWriter::try_new(out, schema).map_err(failure)?)),
        })
    }

    /// # Errors
    /// The output's failure, or a dictionary that a file cannot hold.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        match self {
            Writer::File(writer, unify) => writer.write(&unify.batch(batch)?).map_err(failure),
            Writer::Stream(writer) => writer.write(batch).map_err(failure),
        }
    }

    /// Hands on what was written.
    ///
    /// # Errors
    /// The output's failure.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        match self {
            Writer::File(writer, _) => writer.flush().map_err(failure),
            Writer::Stream(writer) => writer.flush().map_err(failure),
        }
    }

    /// Writes the end.
    ///
    /// # Errors
    /// The output's failure.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        match self {
            Writer::File(writer, _) => writer.finish().map_err(failure)?,
            Writer::Stream(writer) => writer.finish().map_err(failure)?,
        }
        self.flush()
    }
}

/// A failure of the sink as it was; the rest is about what cannot be written.
fn failure(error: ArrowError) -> Failure {
    match error {
        ArrowError::IoError(_, error) => Failure::from(error),
        ArrowError::ExternalError(inner) => match inner.downcast::<Failure>() {
            Ok(failure) => *failure,
            Err(other) => refused(&other.to_string()),
        },
        other => refused(&other.to_string()),
    }
}

fn refused(text: &str) -> Failure {
    let failure = Failure::invalid_config("type-mismatch", format!("Arrow IPC cannot hold this: {text}"));
    match text.contains("replacement") {
        true => failure.with_help("say kind = \"stream\": a file has one dictionary for each column"),
        false => failure,
    }
}
