//! The lazy batch: columns are base arrays seen through flat selections; rows move once per column, when it is read.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt64Array};
use arrow::datatypes::{Field, SchemaRef};

use crate::{Failure, Meter};

/// Where a batch's base rows came from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Name of the file, as messages give it.
    pub file: Arc<str>,
    /// Record number of the first base row, from 0.
    pub first_record: u64,
    /// Record number of each base row, where the reader left rows out.
    pub records: Option<UInt64Array>,
}

/// A table of columns of equal length. Clones are cheap and share what is cached.
#[derive(Clone, Debug)]
pub struct Batch {
    schema: SchemaRef,
    rows: usize,
}

impl Batch {
    /// A batch over a record batch of plain types.
    pub fn new(batch: RecordBatch) -> Self {
        todo!("{batch:?}")
    }

    /// A batch of columns, which must have the schema's types and `rows` rows.
    ///
    /// # Errors
    /// `type-mismatch`, `out-of-bounds` (unequal lengths), `unexpected-null`.
    pub fn of(schema: SchemaRef, rows: usize, columns: Vec<ArrayRef>) -> Result<Self, Failure> {
        Self::partial(schema, rows, columns.into_iter().map(Some).collect())
    }

    /// Like [`Batch::of`]; `None` columns were not demanded: reading one fails with code `not-demanded`.
    ///
    /// # Errors
    /// As [`Batch::of`].
    pub fn partial(schema: SchemaRef, rows: usize, columns: Vec<Option<ArrayRef>>) -> Result<Self, Failure> {
        todo!("{schema} {rows} {columns:?}")
    }

    /// Says where the rows as they are now came from.
    pub fn with_origin(self, origin: Arc<Origin>) -> Self {
        todo!("{origin:?}")
    }

    /// File and record number, from 0, of a row.
    pub fn record(&self, row: usize) -> Option<(Arc<str>, u64)> {
        todo!("{row}")
    }

    /// Number of rows, at most 2^31 - 1.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Names and types of the columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Whether column `index` exists and was demanded.
    pub fn demanded(&self, index: usize) -> bool {
        todo!("{index}")
    }

    /// The chunks as batches of their own, for work that goes chunk by chunk; what they cache is shared with this one.
    pub fn parts(&self) -> Vec<Batch> {
        todo!()
    }

    /// A column's rows, moved at most once and then shared by all clones.
    ///
    /// # Errors
    /// `out-of-bounds`, `not-demanded`, `too-large` (text over 2 GiB in one column), what the meter says.
    pub fn column(&self, index: usize, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        todo!("{index} {:?}", meter.work(0))
    }

    /// Keeps the rows where `mask` is true.
    ///
    /// # Errors
    /// `out-of-bounds` where the mask has another length.
    pub fn filter(&self, mask: &BooleanArray) -> Result<Self, Failure> {
        todo!("{mask:?}")
    }

    /// Rows by number (uint32 or uint64); a null number gives a row of nulls.
    ///
    /// # Errors
    /// `out-of-bounds`, `type-mismatch`, what the meter says.
    pub fn take(&self, rows: &ArrayRef, meter: &mut dyn Meter) -> Result<Self, Failure> {
        todo!("{rows:?} {:?}", meter.work(0))
    }

    /// `length` rows from `offset`.
    ///
    /// # Errors
    /// `out-of-bounds`.
    pub fn slice(&self, offset: usize, length: usize) -> Result<Self, Failure> {
        todo!("{offset} {length}")
    }

    /// Columns by number, renamed where a name is given.
    ///
    /// # Errors
    /// `out-of-bounds`, `duplicate-column`.
    pub fn pick(&self, columns: &[(usize, Option<String>)]) -> Result<Self, Failure> {
        todo!("{columns:?}")
    }

    /// Adds nullable columns or, by name, replaces them in place.
    ///
    /// # Errors
    /// `out-of-bounds` where a length differs.
    pub fn put(&self, columns: Vec<(String, ArrayRef)>) -> Result<Self, Failure> {
        let fields =
            columns.into_iter().map(|(name, array)| (Field::new(name, array.data_type().clone(), true), array));
        self.put_fields(fields.collect())
    }

    /// Like [`Batch::put`] with whole fields.
    ///
    /// # Errors
    /// As [`Batch::of`].
    pub fn put_fields(&self, columns: Vec<(Field, ArrayRef)>) -> Result<Self, Failure> {
        todo!("{columns:?}")
    }

    /// The rows of all parts one after the other; columns must have the same names and types in the same order.
    ///
    /// # Errors
    /// `type-mismatch`, `too-large` above 2^31 - 1 rows, what the meter says.
    pub fn concat(parts: &[Batch], meter: &mut dyn Meter) -> Result<Self, Failure> {
        todo!("{parts:?} {:?}", meter.work(0))
    }

    /// All demanded columns, their rows moved, as an Arrow record batch.
    ///
    /// # Errors
    /// As [`Batch::column`].
    pub fn materialise(&self, meter: &mut dyn Meter) -> Result<RecordBatch, Failure> {
        todo!("{:?}", meter.work(0))
    }

    /// Visits every backing buffer, whole, with its address and capacity in bytes; one address may come repeatedly.
    pub fn visit_buffers(&self, visit: &mut dyn FnMut(usize, u64)) {
        todo!("{:?}", visit(0, 0))
    }
}

/// Visits the backing buffers of an array and its children, as [`Batch::visit_buffers`] does.
pub fn visit_array_buffers(array: &ArrayRef, visit: &mut dyn FnMut(usize, u64)) {
    todo!("{array:?} {:?}", visit(0, 0))
}

/// The array in the type that a plugin sees ([`crate::plain_type`]).
///
/// # Errors
/// `too-large` where the plain type cannot hold it.
pub fn plain_array(array: &ArrayRef) -> Result<ArrayRef, Failure> {
    todo!("{array:?}")
}
