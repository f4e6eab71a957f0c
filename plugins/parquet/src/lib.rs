//! Apache Parquet, read and written as a file format plugin.
//!
//! Reading: [`input`] fetches bytes from anywhere in the file, [`footer`] looks at what the file says of itself before
//! anything believes it, [`prune`] leaves out row groups and pages that no predicate can hold for, [`reader`] decodes
//! the rest batch by batch.

mod footer;
mod input;
mod options;
mod plugin;
mod prune;
mod reader;
mod trouble;
mod write;
