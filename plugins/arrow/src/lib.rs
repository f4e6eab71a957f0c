//! Arrow IPC files and streams, read and written as a file format plugin.
//!
//! A file holds a stream between its magic and its table of contents, so both are read from front to back: [`input`]
//! gives bytes, [`messages`] the stream's messages, checked before anything believes them, [`reader`] decodes them.
//! [`unify`] lets the batches of a file share their dictionaries.

mod input;
mod messages;
mod options;
mod plugin;
mod reader;
mod unify;
mod write;
