//! The lazy batch: columns are base arrays seen through flat selections; rows move once per column, when it is read.
//!
//! - A selection (filter, take, slice) composes at once into the flat view of each column: there are no chains.
//! - Columns made at different times may have different base arrays; columns with the same view compose it once.
//! - A batch consists of chunks, so that concat moves nothing and text never overflows by it.
//! - Clones share what was moved.

mod gather;
mod part;
mod plain;
mod provenance;
mod select;
mod size;
mod view;

use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_empty_array};
use arrow::datatypes::{Field, Schema, SchemaRef};

use crate::{Failure, Meter, type_name};
pub(crate) use gather::guarded;
use part::Part;
pub use plain::plain_array;
pub(crate) use plain::plain_metered;
pub use provenance::Origin;
pub(crate) use provenance::Table as Origins;
pub(crate) use select::unique_names;
pub(crate) use size::{null_row_bytes, own_bytes};

/// Rows that a batch may have.
pub const MAX_ROWS: usize = i32::MAX as usize;

/// A table of columns of equal length. Clones are cheap and share what is cached.
#[derive(Clone, Debug)]
pub struct Batch {
    schema: SchemaRef,
    rows: usize,
    /// At least one, even without rows.
    parts: Arc<[Part]>,
    /// Where there are several parts: the columns whose rows were joined.
    joined: Arc<[OnceLock<ArrayRef>]>,
    /// Where each row came from, once somebody has asked for rows out of several parts.
    table: Arc<OnceLock<Option<Arc<Origins>>>>,
}

impl Batch {
    /// A batch over a record batch of plain types, as the host itself makes them; [`Batch::of`] converts others.
    pub fn new(batch: RecordBatch) -> Self {
        let rows = batch.num_rows();
        let (schema, columns, _) = batch.into_parts();
        Self::from_parts(schema, rows, vec![Part::new(rows, columns.into_iter().map(Some).collect())])
    }

    /// A batch of columns, which must have the schema's types and `rows` rows, at most 2^31 - 1.
    ///
    /// # Errors
    /// `type-mismatch`, `out-of-bounds` (unequal lengths), `unexpected-null`, `too-large`.
    pub fn of(schema: SchemaRef, rows: usize, columns: Vec<ArrayRef>) -> Result<Self, Failure> {
        Self::partial(schema, rows, columns.into_iter().map(Some).collect())
    }

    /// Like [`Batch::of`]; `None` columns were not demanded: reading one fails with code `not-demanded`.
    ///
    /// # Errors
    /// As [`Batch::of`].
    pub fn partial(schema: SchemaRef, rows: usize, columns: Vec<Option<ArrayRef>>) -> Result<Self, Failure> {
        check_rows(rows)?;
        if columns.len() != schema.fields().len() {
            let message = format!("the schema has {} columns, given are {}", schema.fields().len(), columns.len());
            return Err(Failure::invalid_input("type-mismatch", message));
        }
        let mut plain = Vec::with_capacity(columns.len());
        let mut converted = false;
        for (field, column) in schema.fields().iter().zip(columns) {
            let Some(column) = column else {
                converted |= crate::plain_type(field.data_type()) != *field.data_type();
                plain.push(None);
                continue;
            };
            check_column(field, &column, rows)?;
            let array = plain_array(&column).map_err(|failure| failure.with_column(field.name()))?;
            converted |= array.data_type() != column.data_type();
            plain.push(Some(array));
        }
        let schema = if converted {
            let fields: Vec<_> = schema.fields().iter().map(crate::types::plain_field).collect();
            Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
        } else {
            schema
        };
        Ok(Self::from_parts(schema, rows, vec![Part::new(rows, plain)]))
    }

    fn from_parts(schema: SchemaRef, rows: usize, parts: Vec<Part>) -> Self {
        let joined = if parts.len() > 1 { schema.fields().len() } else { 0 };
        let joined = (0..joined).map(|_| OnceLock::new()).collect();
        Self { schema, rows, parts: parts.into(), joined, table: Arc::default() }
    }

    /// Says where the rows as they are now came from.
    pub fn with_origin(self, origin: Arc<Origin>) -> Self {
        let mut parts = self.parts.to_vec();
        let mut offset = 0;
        for part in &mut parts {
            part.set_origin(origin.clone(), offset);
            offset += part.rows;
        }
        Self { parts: parts.into(), table: Arc::default(), ..self }
    }

    /// File and record of every row, if anything is known.
    pub(crate) fn origins(&self) -> Option<Origins> {
        self.table()
    }

    /// Says file and record of every row, for a batch of one chunk.
    pub(crate) fn with_origins(self, origins: Origins) -> Self {
        let mut parts = self.parts.to_vec();
        if let [part] = parts.as_mut_slice() {
            let view = Arc::new(view::View::whole(part.rows));
            part.provenance =
                Some(provenance::Provenance { source: provenance::Source::Many(Arc::new(origins)), view });
        }
        Self { parts: parts.into(), table: Arc::default(), ..self }
    }

    /// File and record number, from 0, of a row; none where that is not known or the row is a row of nulls.
    pub fn record(&self, row: usize) -> Option<(Arc<str>, u64)> {
        let mut before = row;
        for part in self.parts.iter() {
            if before < part.rows {
                return part.provenance.as_ref()?.record(before);
            }
            before -= part.rows;
        }
        None
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
        self.parts.iter().all(|part| part.columns.get(index).is_some_and(part::Column::demanded))
    }

    /// The chunks as batches of their own, for work that goes chunk by chunk; what they move is shared with this one.
    pub fn parts(&self) -> Vec<Batch> {
        if self.parts.len() == 1 {
            return vec![self.clone()];
        }
        let part = |part: &Part| Self::from_parts(self.schema.clone(), part.rows, vec![part.clone()]);
        self.parts.iter().map(part).collect()
    }

    /// A column's rows, moved at most once and then shared by all clones.
    ///
    /// # Errors
    /// `out-of-bounds`, `not-demanded`, `too-large` (text over 2 GiB in one column), what the meter says.
    pub fn column(&self, index: usize, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        let Some(field) = self.schema.fields().get(index) else {
            let message = format!("column {index} of a batch of {} columns", self.schema.fields().len());
            return Err(Failure::invalid_input("out-of-bounds", message));
        };
        self.read_column(index, field, meter).map_err(|failure| match failure.column {
            Some(_) => failure,
            None => failure.with_column(field.name()),
        })
    }

    fn read_column(&self, index: usize, field: &Field, meter: &mut dyn Meter) -> Result<ArrayRef, Failure> {
        if let [part] = self.parts.as_ref() {
            return part.column(index, meter)?.ok_or_else(|| not_demanded(field));
        }
        if let Some(joined) = self.joined.get(index).and_then(OnceLock::get) {
            return Ok(joined.clone());
        }
        let parts = self.parts.iter().filter(|part| part.rows > 0);
        let arrays = parts.map(|part| part.column_once(index, meter)?.ok_or_else(|| not_demanded(field)));
        let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
        let joined = match arrays.as_slice() {
            [] => new_empty_array(field.data_type()),
            arrays => gather::join(arrays, field.data_type(), meter)?,
        };
        Ok(self.joined.get(index).map_or(joined.clone(), |cell| cell.get_or_init(|| joined).clone()))
    }

    /// All demanded columns, their rows moved, as an Arrow record batch.
    ///
    /// # Errors
    /// As [`Batch::column`].
    pub fn materialise(&self, meter: &mut dyn Meter) -> Result<RecordBatch, Failure> {
        let demanded: Vec<usize> = (0..self.schema.fields().len()).filter(|index| self.demanded(*index)).collect();
        let columns = demanded.iter().map(|index| self.column(*index, meter)).collect::<Result<Vec<_>, _>>()?;
        let schema = if demanded.len() == self.schema.fields().len() {
            self.schema.clone()
        } else {
            let schema = self.schema.project(&demanded);
            Arc::new(schema.map_err(|error| Failure::internal("internal", error.to_string()))?)
        };
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(schema, columns, &options)
            .map_err(|error| Failure::internal("internal", format!("making a record batch: {error}")))
    }

    /// Bytes that the rows of all demanded columns take once they are moved, or somewhat more; nothing is moved for it.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(Part::bytes).fold(0, u64::saturating_add)
    }

    /// Visits every backing buffer, whole, with its address and capacity in bytes; one address may come repeatedly.
    pub fn visit_buffers(&self, visit: &mut dyn FnMut(usize, u64)) {
        for part in self.parts.iter() {
            part.visit_buffers(visit);
        }
        for joined in self.joined.iter().filter_map(OnceLock::get) {
            visit_array_buffers(joined, visit);
        }
        if let Some(Some(table)) = self.table.get() {
            visit(table.address(), table.bytes());
        }
    }
}

/// Visits the backing buffers of an array and its children, as [`Batch::visit_buffers`] does.
pub fn visit_array_buffers(array: &ArrayRef, visit: &mut dyn FnMut(usize, u64)) {
    let mut pending = vec![array.to_data()];
    while let Some(data) = pending.pop() {
        for buffer in data.buffers().iter().chain(data.nulls().map(|nulls| nulls.buffer())) {
            visit(buffer.data_ptr().as_ptr() as usize, buffer.capacity() as u64);
        }
        pending.extend(data.child_data().iter().cloned());
    }
}

/// Bytes that the array's rows take when they are copied, children included; a dictionary's values are not counted.
pub fn array_bytes(array: &ArrayRef) -> u64 {
    size::range_bytes(array, 0, array.len())
}

fn check_rows(rows: usize) -> Result<(), Failure> {
    if rows <= MAX_ROWS {
        return Ok(());
    }
    Err(Failure::limit("too-large", format!("a batch has at most {MAX_ROWS} rows, this one would have {rows}")))
}

fn check_column(field: &Field, column: &ArrayRef, rows: usize) -> Result<(), Failure> {
    let failure = if let Err(message) = crate::types::sound(field.data_type()) {
        Failure::invalid_input("invalid-type", message)
    } else if column.len() != rows {
        let message = format!("expected {rows} rows, the column has {}", column.len());
        Failure::invalid_input("out-of-bounds", message)
    } else if column.data_type() != field.data_type() {
        let message =
            format!("expected {}, the column is {}", type_name(field.data_type()), type_name(column.data_type()));
        Failure::invalid_input("type-mismatch", message)
    } else if !field.is_nullable() && column.is_nullable() && column.logical_null_count() > 0 {
        Failure::invalid_input("unexpected-null", "the column has nulls, but its field says that it has none")
    } else {
        return Ok(());
    };
    Err(failure.with_column(field.name()))
}

fn not_demanded(field: &Field) -> Failure {
    let message =
        format!("column `{}` was not read, since nothing behind its source said that it is needed", field.name());
    Failure::invalid_config("not-demanded", message).with_help("name the column among the needs of the node's binding")
}
