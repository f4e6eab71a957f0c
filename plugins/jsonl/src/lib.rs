//! JSON Lines: an object per line, read and written as a file format plugin.
//!
//! Reading: [`lines`] cuts the source into blocks of whole lines, [`shape`] finds columns and types in a sample, [`assembly`]
//! appends each line's values, which [`cursor`] reads and [`value`] types, straight to the columns.

mod assembly;
mod cursor;
mod detect;
mod lines;
mod options;
mod plugin;
mod reader;
mod shape;
mod value;
