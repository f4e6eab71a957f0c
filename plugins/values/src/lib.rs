//! Values of Arrow's types as text: what the first-party text formats share.
//!
//! Reading: [`types`] understands the type names of a `schema`, [`told`] says which of them a format can be read as, [`number`], [`time`], [`decimal`] and [`base64`] read
//! one value from bytes, [`infer`] finds types in a sample, [`build`] makes columns of them; [`predicate`] compares; [`incoming`] makes text plain before all of that. Writing: [`view`] reads a column's buffers, [`text`] writes
//! one value as plain text, [`json`] as JSON. Only [`host`] knows the plugin
//! interfaces; all else is tested natively.

pub mod base64;
pub mod build;
pub mod decimal;
pub mod host;
pub mod incoming;
pub mod infer;
pub mod json;
pub mod number;
pub mod predicate;
pub mod text;
pub mod time;
pub mod told;
pub mod types;
pub mod view;
