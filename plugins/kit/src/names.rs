//! Names of columns that a node reads or makes.

use jackfield_sdk::Schema;

/// The names of the columns of these numbers, in the order of the input.
pub fn of<'a>(schema: &'a Schema, columns: &[u32]) -> Vec<&'a str> {
    schema.names().zip(0u32..).filter(|(_, index)| columns.contains(index)).map(|(name, _)| name).collect()
}
