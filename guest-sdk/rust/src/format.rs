//! File formats: a reader that turns bytes into batches and a writer that does the reverse.

use crate::bindings::format::exports::jackfield::plugin::format as wit;
use crate::bindings::host::jackfield::plugin::{data, flow};
use crate::{BadRow, Batch, Column, Demand, Failure, Params, Schema, Sink, Source};
use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

pub use wit::Candidate;

/// A plugin's formats. Name the type in [`export_format!`](crate::export_format).
pub trait Format: 'static {
    /// Which of the formats some bytes may be, by the file's name and its first bytes; confidence is 0 to 100.
    fn detect(name: Option<&str>, head: &[u8]) -> Vec<Candidate>;

    /// Opens a reader. `format` is the id in the manifest; besides the format's own options there may be `schema`, an
    /// object of column names and type texts. [`SourceReader`](crate::SourceReader) makes the input a `std::io` reader.
    ///
    /// # Errors
    /// What is wrong with the options or the head of the input.
    fn reader(format: &str, options: Params, input: Source, demand: Demand) -> Result<Box<dyn Reader>, Failure>;

    /// Opens a writer. [`SinkWriter`](crate::SinkWriter) makes the output a `std::io` writer.
    ///
    /// # Errors
    /// What is wrong with the options, or a type that the format cannot hold.
    fn writer(format: &str, options: Params, schema: Schema, output: Sink) -> Result<Box<dyn Writer>, Failure>;
}

/// Reads one input.
pub trait Reader {
    /// The complete schema, whatever the demand.
    ///
    /// # Errors
    /// An input from which no schema can be told.
    fn schema(&mut self) -> Result<Schema, Failure>;

    /// The next rows. Chunks hold exactly the demanded columns, in the order of the demand.
    ///
    /// # Errors
    /// What makes the rest of the input unreadable; rows that are wrong by themselves go into [`Chunk::bad`].
    fn next(&mut self) -> Result<Next, Failure>;
}

/// Writes one output.
pub trait Writer {
    /// Appends rows.
    ///
    /// # Errors
    /// A value that the format cannot hold, or the output's failure.
    fn write(&mut self, batch: &Batch) -> Result<(), Failure>;

    /// Hands on what was written so far.
    ///
    /// # Errors
    /// The output's failure.
    fn flush(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    /// Completes the output.
    ///
    /// # Errors
    /// The output's failure.
    fn finish(&mut self) -> Result<(), Failure>;
}

/// What a reader gives.
#[derive(Debug)]
pub enum Next {
    /// Rows.
    Chunk(Chunk),
    /// Nothing now; ask again later.
    Pause,
    /// Nothing any more.
    End,
}

/// Rows of an input.
#[derive(Debug)]
pub struct Chunk {
    /// The rows that are well.
    pub batch: Batch<'static>,
    /// Record number of the first row, from 0.
    pub first_row: u64,
    /// The record number of each row (uint64), where records are missing in between.
    pub rows: Option<Column>,
    /// The rows that are not well.
    pub bad: Vec<BadRow>,
    /// Where to resume behind this chunk; empty means that this is not possible.
    pub position: Vec<u8>,
}

impl Chunk {
    /// Consecutive rows, all of them well.
    pub fn new(batch: Batch<'static>, first_row: u64) -> Self {
        Chunk { batch, first_row, rows: None, bad: Vec::new(), position: Vec::new() }
    }
}

/// Exports the formats of a type that implements [`Format`].
#[macro_export]
macro_rules! export_format {
    ($format:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::format::Exported<$format>;
    $crate::bindings::format::export_world!(Exported with_types_in $crate::bindings::format);
        };
        // Natively, where unit tests run, there is nothing to export to, and the names would trouble the linker.
        #[cfg(not(target_family = "wasm"))]
        const _: () = $crate::format::implemented::<$format>();
    };
}

#[doc(hidden)]
pub const fn implemented<T: Format>() {}

/// What [`export_format!`](crate::export_format) exports.
#[doc(hidden)]
#[derive(Debug)]
pub struct Exported<F>(PhantomData<F>);

#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct ExportedReader<F>(RefCell<Box<dyn Reader>>, PhantomData<F>);

#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct ExportedWriter<F> {
    writer: RefCell<Box<dyn Writer>>,
    schema: Rc<Schema>,
    format: PhantomData<F>,
}

impl<F: Format> wit::Guest for Exported<F> {
    type Reader = ExportedReader<F>;
    type Writer = ExportedWriter<F>;

    fn detect(name: Option<String>, head: Vec<u8>) -> Vec<Candidate> {
        F::detect(name.as_deref(), &head)
    }
}

impl<F: Format> wit::GuestReader for ExportedReader<F> {
    fn new(format: String, options: String, input: Source, demand: Demand) -> Result<Self, Failure> {
        let reader = F::reader(&format, Params::new(options), input, demand)?;
        Ok(ExportedReader(RefCell::new(reader), PhantomData))
    }

    fn schema(&self) -> Result<Schema, Failure> {
        self.0.borrow_mut().schema()
    }

    fn next(&self) -> Result<flow::Next, Failure> {
        Ok(match self.0.borrow_mut().next()? {
            Next::Chunk(Chunk { batch, first_row, rows, bad, position }) => {
                flow::Next::Chunk(flow::Chunk { batch: batch.into(), first_row, rows, bad, position })
            }
            Next::Pause => flow::Next::Pause,
            Next::End => flow::Next::End,
        })
    }
}

impl<F: Format> wit::GuestWriter for ExportedWriter<F> {
    fn new(format: String, options: String, schema: Schema, output: Sink) -> Result<Self, Failure> {
        let known = Rc::new(schema.clone());
        let writer = RefCell::new(F::writer(&format, Params::new(options), schema, output)?);
        Ok(ExportedWriter { writer, schema: known, format: PhantomData })
    }

    fn write(&self, input: &data::Batch) -> Result<(), Failure> {
        self.writer.borrow_mut().write(&Batch::borrowed(input, Some(self.schema.clone())))
    }

    fn flush(&self) -> Result<(), Failure> {
        self.writer.borrow_mut().flush()
    }

    fn finish(&self) -> Result<(), Failure> {
        self.writer.borrow_mut().finish()
    }
}
