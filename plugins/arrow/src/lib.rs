//! Arrow IPC files and streams, read and written as a file format plugin.
//!
//! [`input`] gives bytes, [`messages`] the messages of a stream, or those that a file's table of contents names, checked
//! before anything believes them; [`reader`] decodes them. [`unify`] lets the batches of a file share their dictionaries.

mod input;
mod messages;
mod options;
mod plugin;
mod reader;
mod unify;
mod write;
