//! The data plane: lazy Arrow batches, what leaves and enters them, kernels and SQL expressions.
//!
//! A [`Batch`] is owned by the host; plugins hold handles on it and never see its memory. Nothing in this crate does
//! I/O or knows WebAssembly. Whatever comes from a plugin (type text, field trees, raw buffers, IPC bytes, row
//! numbers) is checked before an array is made of it, and answers with a [`Failure`], never with a panic.

pub mod batch;
mod beside;
pub mod buffers;
mod caught;
pub mod compute;
pub mod failure;
pub mod ipc;
pub mod json;
pub mod meter;
pub mod spill;
pub mod sql;
pub mod tree;
pub mod types;

pub use batch::{Batch, Origin, array_bytes, plain_array, visit_array_buffers};
pub use beside::beside;
pub use buffers::{Buffers, array_from_levels, array_from_tree, clean_array, read_level, read_levels};
pub use failure::{Failure, FailureKind};
pub use ipc::{from_ipc, to_ipc};
pub use json::{row_to_json, write_rows};
pub use meter::{Meter, Unmetered};
pub use sql::Predicate;
pub use tree::{
    DictionaryKey, FlatField, FlatType, IntervalUnit, TimeUnit, field_from_tree, flat_from_schema, schema_from_flat,
    tree_from_field,
};
pub use types::{HELP_KEY, NOTE_KEY, parse_type, plain_type, schema_text, type_name};
