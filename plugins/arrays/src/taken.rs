//! Batches from the host as arrow's record batches.

use crate::{levels, schema};
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema as ArrowSchema, SchemaRef};
use jackfield_sdk::{Batch, Failure, Schema};
use std::sync::Arc;

/// How a writer takes its batches.
#[derive(Debug)]
pub struct Taken {
    schema: SchemaRef,
}

impl Taken {
    /// For batches of this schema. All columns may be null: what a node says of its results is not always as strict.
    ///
    /// # Errors
    /// A type added to the interfaces later.
    pub fn new(of: &Schema) -> Result<Self, Failure> {
        let fields = schema::fields(of)?;
        let fields: Vec<Field> = fields.iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
        Ok(Taken { schema: Arc::new(ArrowSchema::new(fields)) })
    }

    /// The schema of what comes out.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Copies a batch out of the host.
    ///
    /// # Errors
    /// What the host says about it.
    pub fn batch(&self, batch: &Batch) -> Result<RecordBatch, Failure> {
        let mut columns = Vec::with_capacity(self.schema.fields().len());
        for (index, field) in self.schema.fields().iter().enumerate() {
            columns.push(levels::read(&batch.column_at(index as u32)?, field.data_type())?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.rows() as usize));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|error| Failure::internal(format!("the batch does not fit its schema: {error}")))
    }
}
