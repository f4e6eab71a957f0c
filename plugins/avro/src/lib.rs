//! Avro object container files, read and written as a file format plugin.
//!
//! Reading: [`container`] takes the file apart into blocks, which [`block`] decompresses; [`schema`] says what is in them,
//! and [`decode`] appends it straight to columns. Writing: [`shape`] makes an Avro schema of the columns, [`encode`] the bytes.

mod block;
mod container;
mod decode;
mod detect;
mod encode;
mod options;
mod plugin;
mod reader;
mod schema;
mod shape;
