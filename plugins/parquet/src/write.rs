//! Writes a file: row groups that are bounded in rows and bytes, with statistics and page index.

use crate::options::Options;
use arrow_array::RecordBatch;
use arrow_schema::{DataType, IntervalUnit, SchemaRef};
use jackfield_arrays::type_name;
use jackfield_sdk::Failure;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use std::io::Write;

/// Bytes of a row group, packed, after which it ends whatever its rows.
const GROUP_BYTES: usize = 48 << 20;
/// Memory for the pages and dictionaries of all columns together while they fill, and the sizes of one.
const FILLING: usize = 64 << 20;
const SMALLEST_PAGE: usize = 32 << 10;
const LARGEST_PAGE: usize = 1 << 20;

/// A file being written.
pub(crate) struct Writer<W: Write + Send> {
    inner: Option<ArrowWriter<W>>,
}

impl<W: Write + Send> Writer<W> {
    /// # Errors
    /// A type that the format cannot hold.
    pub(crate) fn new(out: W, schema: &SchemaRef, options: &Options) -> Result<Self, Failure> {
        for field in schema.fields() {
            if let Some(what) = refused(field.data_type()) {
                let message = format!("parquet cannot hold the column `{}`: {what}", field.name());
                return Err(Failure::invalid_config("type-mismatch", message)
                    .with_column(field.name())
                    .with_help("cast it to another type, or leave it out"));
            }
        }
        let leaves: usize =
            schema.fields().iter().map(|field| jackfield_arrays::schema::count(field.data_type())).sum();
        let page = (FILLING / leaves.max(1) / 2).clamp(SMALLEST_PAGE, LARGEST_PAGE);
        let properties = WriterProperties::builder()
            .set_created_by(concat!("jackfield version ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(options.compression)
            .set_max_row_group_row_count(Some(options.row_group_rows))
            .set_max_row_group_bytes(Some(GROUP_BYTES))
            .set_data_page_size_limit(page)
            .set_dictionary_page_size_limit(page)
            .build();
        let inner = ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(of_the_sink)?;
        Ok(Writer { inner: Some(inner) })
    }

    /// # Errors
    /// The output's failure.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        let Some(inner) = &mut self.inner else { return Err(Failure::internal("the file is finished")) };
        inner.write(batch).map_err(of_the_sink)
    }

    /// Completes the file; gives back what it was written to.
    ///
    /// # Errors
    /// The output's failure.
    pub(crate) fn finish(&mut self) -> Result<W, Failure> {
        let Some(inner) = self.inner.take() else { return Err(Failure::internal("the file is finished")) };
        inner.into_inner().map_err(of_the_sink)
    }
}

/// A failure of the sink as it was; the rest is about what cannot be written.
fn of_the_sink(error: ParquetError) -> Failure {
    match error {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(error) => Failure::from(*error),
            Err(other) => refused_by_parquet(&other.to_string()),
        },
        other => refused_by_parquet(&other.to_string()),
    }
}

fn refused_by_parquet(text: &str) -> Failure {
    Failure::invalid_config("type-mismatch", format!("parquet cannot hold this: {text}"))
}

/// Why the format cannot hold a type, if so.
fn refused(of: &DataType) -> Option<String> {
    match of {
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            Some(format!("{} has nanoseconds, and its intervals have milliseconds", type_name(of)))
        }
        DataType::Struct(fields) if fields.is_empty() => Some("a struct without fields".to_owned()),
        DataType::Struct(fields) => fields.iter().find_map(|field| refused(field.data_type())),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => refused(item.data_type()),
        DataType::Dictionary(_, values) => match values.as_ref() {
            values if values.is_nested() => Some("a dictionary of nested values".to_owned()),
            values => refused(values),
        },
        _ => None,
    }
}
