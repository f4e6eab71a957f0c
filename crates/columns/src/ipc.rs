//! Whole batches as Arrow IPC streams.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::buffer::{Buffer, MutableBuffer};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::StreamWriter;

use crate::batch::{array_bytes, plain_metered, unique_names};
use crate::buffers::without_hidden_keys;
use crate::caught::caught;
use crate::tree::MAX_FIELDS;
use crate::types::{MAX_DEPTH, depth, field_count, plain_field, sound};
use crate::{Batch, Failure, Meter, clean_array};

mod messages;

use messages::Messages;

/// Ends a stream: a continuation marker and no length.
const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// One IPC stream with a record batch per batch. All must have the same columns; those that were not demanded are left
/// out. Nothing but the rows themselves is in the bytes, as with [`crate::read_level`].
///
/// # Errors
/// `type-mismatch` where the batches differ; `out-of-bounds` where there is none; what the meter says.
pub fn to_ipc(batches: &[Batch], meter: &mut dyn Meter) -> Result<Vec<u8>, Failure> {
    let mut clean = Vec::with_capacity(batches.len());
    let mut schema: Option<SchemaRef> = None;
    for batch in batches {
        let rows = batch.materialise(meter)?;
        let bytes: u64 = rows.columns().iter().map(array_bytes).sum();
        meter.allocate(bytes.saturating_mul(2))?;
        meter.work(bytes / 4)?;
        let common = schema.get_or_insert_with(|| nullable(rows.schema_ref()));
        let rows = cleaned(&rows, common)?;
        clean.push(rows);
    }
    let Some(schema) = schema else {
        return Err(Failure::invalid_input("out-of-bounds", "expected at least one batch"));
    };
    guarded("writing", || {
        let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
        for rows in &clean {
            writer.write(rows)?;
        }
        writer.into_inner()
    })
}

/// The batches of an IPC stream, validated in full. Views, run-end arrays and unions are converted to what plugins see.
///
/// # Errors
/// `invalid-buffers` for bytes that are no such stream, `invalid-type` for types that are too large or too deep,
/// `duplicate-column`; what the meter says.
pub fn from_ipc(bytes: &[u8], meter: &mut dyn Meter) -> Result<Vec<Batch>, Failure> {
    let length = bytes.len() as u64;
    // The bytes themselves, and what of them has to be moved to be aligned or plain.
    meter.allocate(length.saturating_mul(2))?;
    meter.work(length / 4)?;
    let mut copy = MutableBuffer::with_capacity(bytes.len() + END.len());
    copy.extend_from_slice(bytes);
    if !bytes.ends_with(&END) {
        copy.extend_from_slice(&END);
    }
    let mut rest = Buffer::from(copy);
    let mut decoder = StreamDecoder::new();
    let (mut messages, mut plain) = (Messages::default(), None);
    let mut batches = Vec::new();
    while !rest.is_empty() {
        let message = messages.next(&mut rest, meter)?;
        if let Some(schema) = message.schema {
            check_schema(&schema)?;
            let fields: Vec<_> = schema.fields().iter().map(plain_field).collect();
            plain = Some(Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())));
        }
        let Some(schema) = &plain else {
            return Err(Failure::invalid_input("invalid-buffers", "expected an Arrow IPC stream, found no schema"));
        };
        let mut bytes = message.bytes;
        // A message without a body comes out when the next one begins.
        while !bytes.is_empty() {
            let Some(rows) = guarded("reading", || decoder.decode(&mut bytes))? else { break };
            let count = rows.num_rows();
            let columns = rows.columns().iter().map(|column| incoming(column, meter));
            let columns = columns.collect::<Result<Vec<_>, Failure>>()?;
            batches.push(Batch::of(Arc::clone(schema), count, columns)?);
        }
    }
    guarded("reading", || decoder.finish())?;
    Ok(batches)
}

/// A column as plugins see it, with nothing left in what nulls hide.
fn incoming(column: &ArrayRef, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
    without_hidden_keys(&plain_metered(column, meter)?, meter)
}

/// A stream has one schema, so what may be null in one batch may be null in all.
fn nullable(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()))
}

fn cleaned(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, Failure> {
    let columns = rows.columns().iter().map(clean_array).collect::<Result<Vec<_>, _>>()?;
    let same = |(one, other): (&Arc<_>, &Arc<_>)| {
        let (one, other): (&arrow::datatypes::Field, &arrow::datatypes::Field) = (one, other);
        one.name() == other.name() && one.data_type() == other.data_type()
    };
    let fields = rows.schema_ref().fields();
    if fields.len() != schema.fields().len() || !fields.iter().zip(schema.fields()).all(same) {
        return Err(Failure::invalid_input("type-mismatch", "the batches of a stream must have the same columns"));
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options)
        .map_err(|error| Failure::internal("internal", format!("writing an IPC stream: {error}")))
}

fn check_schema(schema: &Schema) -> Result<(), Failure> {
    // Depth and number come first: what follows goes down into the types.
    if schema.fields().iter().map(|field| field_count(field.data_type())).sum::<usize>() > MAX_FIELDS {
        let message = format!("a schema has at most {MAX_FIELDS} fields, children counted");
        return Err(Failure::invalid_input("invalid-type", message));
    }
    if let Some(deep) = schema.fields().iter().find(|field| depth(field.data_type()) > MAX_DEPTH) {
        let message = format!("a type has at most {MAX_DEPTH} levels");
        return Err(Failure::invalid_input("invalid-type", message).with_column(deep.name()));
    }
    for field in schema.fields() {
        let wrong = |message| Failure::invalid_input("invalid-type", message).with_column(field.name());
        sound(field.data_type()).map_err(wrong)?;
    }
    unique_names(schema.fields())
}

fn guarded<T>(what: &str, work: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, Failure> {
    match caught(work) {
        Ok(result) => result.map_err(|error| wrong(what, &error.to_string())),
        Err(_) => Err(wrong(what, "the bytes are malformed")),
    }
}

fn wrong(what: &str, message: &str) -> Failure {
    Failure::invalid_input("invalid-buffers", format!("{what} an IPC stream: {message}"))
}
