//! A TOML text with the place of everything in it.

use crate::problem::{Location, Problem};

/// A TOML text and its tree, which knows where each key and value stands.
#[derive(Clone, Debug)]
pub struct Document {
    file: String,
}

impl Document {
    /// The file as the caller named it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The place of the value at a path of keys and array indices; of its nearest ancestor if there is none.
    pub fn locate(&self, _path: &[&str]) -> Option<Location> {
        todo!()
    }

    /// The place of the key at a path; of its nearest ancestor if there is none.
    pub fn locate_key(&self, _path: &[&str]) -> Option<Location> {
        todo!()
    }

    /// The place of one byte inside a text value, counted in the text as the plugin sees it.
    pub fn locate_offset(&self, _path: &[&str], _byte_offset: u32) -> Option<Location> {
        todo!()
    }
}

/// The bytes of a file as text.
///
/// # Errors
/// The bytes are not UTF-8: the problem shows the line and column of the first bad one.
pub fn decode<'b>(_file: &str, _bytes: &'b [u8]) -> Result<&'b str, Box<Problem>> {
    todo!()
}
