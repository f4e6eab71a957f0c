//! Reads text of one record per line: what the formats of fixed-width text and of logs share.
//!
//! A format is a [`Layout`]: what columns there are, and what cells a line has. [`feed`] cuts the source into whole lines,
//! [`reader`] infers types from a sample and makes blocks of the columns in demand, [`plugin`] hands them to the host.

pub mod assembly;
pub mod feed;
pub mod layout;
pub mod options;
pub mod plugin;
pub mod reader;

pub use layout::{Cells, Layout, Place};
pub use options::ReadOptions;
pub use plugin::LineReader;
