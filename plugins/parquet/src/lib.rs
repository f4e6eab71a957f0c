//! Apache Parquet, read and written as a file format plugin.
//!
//! Reading: [`input`] fetches bytes from anywhere in the file, [`footer`] looks at what the file says of itself before
//! anything believes it, [`prune`] leaves out row groups and pages that no predicate can hold for, [`reader`] decodes
//! the rest batch by batch.

// Ranges of rows and bytes come in lists, of which many have one entry.
#![allow(clippy::single_range_in_vec_init)]

mod footer;
mod input;
mod options;
mod plugin;
mod prune;
mod reader;
mod trouble;
mod write;
