//! Sizes and durations as people write them.

use std::fmt;
use std::time::Duration;

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

/// Reads `"64MiB"`.
pub fn parse_bytes(_text: &str) -> Result<Bytes, String> {
    todo!()
}

/// Reads `"5s"`.
pub fn parse_duration(_text: &str) -> Result<Duration, String> {
    todo!()
}
