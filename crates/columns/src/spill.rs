//! Rows as blocks of bytes for temporary storage, and back. A block is an Arrow IPC stream of its own: the columns that
//! were demanded, named by their number, and which file and record each row came from, so that messages behind a sort
//! still know. Where the bytes go is the caller's business.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::buffer::Buffer;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::StreamWriter;

use crate::batch::Origins;
use crate::caught::caught;
use crate::{Batch, Failure, Meter};

/// What goes wrong, for messages.
const READING: &str = "reading";

/// Names of the columns that say where a row came from.
const ORIGIN: [&str; 2] = ["file", "record"];

/// Rows of a block at most.
const BLOCK_ROWS: usize = 8192;

/// Rows of a batch that go into one block of about so many bytes; fewer where they are long, because a block is read as
/// a whole.
pub fn block_rows(batch: &Batch, bytes: u64) -> usize {
    let each = batch.bytes() / (batch.rows() as u64).max(1);
    usize::try_from(bytes / each.max(1)).unwrap_or(BLOCK_ROWS).clamp(16, BLOCK_ROWS)
}

/// The rows as a block.
///
/// # Errors
/// What the meter says.
pub fn to_block(batch: &Batch, meter: &mut dyn Meter) -> Result<Vec<u8>, Failure> {
    let bytes = batch.bytes();
    meter.allocate(bytes.saturating_mul(2))?;
    meter.work(bytes / 4)?;
    let (mut fields, mut columns): (Vec<Field>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
    for (index, field) in batch.schema().fields().iter().enumerate() {
        if batch.demanded(index) {
            fields.push(Field::new(index.to_string(), field.data_type().clone(), true));
            columns.push(batch.column(index, meter)?);
        }
    }
    if let Some(origins) = batch.origins() {
        for (name, column) in ORIGIN.into_iter().zip(origins.columns()?) {
            fields.push(Field::new(name, column.data_type().clone(), true));
            columns.push(column);
        }
    }
    let schema = Arc::new(Schema::new(fields));
    guarded("writing", || {
        let options = RecordBatchOptions::new().with_row_count(Some(batch.rows()));
        let rows = RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?;
        let mut writer = StreamWriter::try_new(Vec::with_capacity(bytes as usize + 4096), &schema)?;
        writer.write(&rows)?;
        writer.finish()?;
        writer.into_inner()
    })
}

/// The rows of a block that [`to_block`] made of a batch with this schema. Its columns share the block's memory.
///
/// # Errors
/// `invalid-buffers` for bytes that are no such block; what the meter says.
pub fn from_block(block: Buffer, schema: &SchemaRef, meter: &mut dyn Meter) -> Result<Batch, Failure> {
    meter.work(block.len() as u64 / 8)?;
    let mut block = block;
    let mut decoder = StreamDecoder::new();
    let rows = guarded(READING, || {
        while !block.is_empty() {
            if let Some(rows) = decoder.decode(&mut block)? {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    })?;
    let Some(rows) = rows else { return Err(wrong(READING, "it holds no rows")) };
    let mut columns: Vec<Option<ArrayRef>> = vec![None; schema.fields().len()];
    let mut origin: Vec<ArrayRef> = Vec::new();
    for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
        if ORIGIN.contains(&field.name().as_str()) {
            origin.push(Arc::clone(column));
        } else {
            let place = field.name().parse::<usize>().ok().and_then(|index| columns.get_mut(index));
            *place.ok_or_else(|| wrong(READING, "it has columns of something else"))? = Some(Arc::clone(column));
        }
    }
    let batch = Batch::partial(Arc::clone(schema), rows.num_rows(), columns)?;
    Ok(match origin.as_slice() {
        [file, record] => batch.with_origins(Origins::of(file, record.as_primitive())),
        _ => batch,
    })
}

fn guarded<T>(what: &str, work: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, Failure> {
    match caught(work) {
        Ok(result) => result.map_err(|error| wrong(what, &error.to_string())),
        Err(_) => Err(wrong(what, "it is malformed")),
    }
}

fn wrong(what: &str, message: &str) -> Failure {
    Failure::invalid_input("invalid-buffers", format!("{what} a block of temporary storage: {message}"))
}
