//! Between arrow's arrays inside a plugin and the columns that the host holds.
//!
//! [`schema`] converts types, [`levels`] arrays to buffers and back, [`name`] writes types as people do. A reader makes a
//! [`Table`] of its file's schema, which then turns arrays into chunks ([`reading`]); a writer takes batches with [`taken`].

pub mod levels;
pub mod name;
pub mod reading;
pub mod schema;
pub mod table;
pub mod taken;

pub use name::type_name;
pub use table::Table;
pub use taken::Taken;
