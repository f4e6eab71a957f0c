//! JSON: an object per line, or an array of objects, read and written as a file format plugin.
//!
//! Reading: [`lines`] cuts the source into blocks of whole lines and [`elements`] an array into its elements, [`shape`] finds columns and types in a sample, [`assembly`]
//! appends each line's values, which [`cursor`] reads and [`value`] types, straight to the columns.

mod assembly;
mod cursor;
mod detect;
mod elements;
mod lines;
mod options;
mod plugin;
mod reader;
mod shape;
mod value;
