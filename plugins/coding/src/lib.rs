//! What the first-party codecs share: compressed input that knows its place and loses nothing in a pause, and what is said
//! of input that is damaged.

pub mod input;
pub mod testing;

pub use input::Input;
