//! Text in columns of fixed width, read and written as a file format plugin.
//!
//! [`options`] works out where the columns are, [`layout`] cuts lines there, [`write`] fills lines.

mod layout;
mod options;
mod plugin;
mod write;
