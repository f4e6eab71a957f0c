//! Type text: the vocabulary's names (`int64`, `timestamp[UTC]`, `list<utf8>`) to Arrow types and back.

use arrow::datatypes::{DataType, Schema};

use crate::Failure;

/// Reads type text, at most 4 KiB and 32 levels deep; SQL's names (`bigint`, `text`, `timestamptz`) and Arrow's own are known too.
///
/// # Errors
/// `invalid-type` with the byte offset of the fault.
pub fn parse_type(text: &str) -> Result<DataType, Failure> {
    todo!("{text}")
}

/// Writes a type the way [`parse_type`] reads it.
pub fn type_name(data_type: &DataType) -> String {
    todo!("{data_type}")
}

/// One line per column, `name: type`, for messages.
pub fn schema_text(schema: &Schema) -> String {
    todo!("{schema}")
}

/// The type that a plugin sees: views, run-end and union types, small decimals replaced.
pub fn plain_type(data_type: &DataType) -> DataType {
    todo!("{data_type}")
}
