//! Sheets of Excel workbooks, read as a file format plugin.
//!
//! [`source`] gives the file's bytes at any place, [`archive`] looks whether unpacking them is safe, [`sheet`] gives the rows
//! of a sheet, whose values are [`cell`]s, and [`reader`] makes columns of them.

mod archive;
mod cell;
mod options;
mod plugin;
mod reader;
mod sheet;
mod source;
