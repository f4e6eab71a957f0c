//! What both baselines share: the compressed CSV file as byte records, and the column they look at.

use std::fs::File;
use std::io::{self, BufReader};

use flate2::bufread::MultiGzDecoder;

/// Large enough that system calls do not show in the figures, in bytes.
pub const BUFFER: usize = 256 << 10;

/// A CSV reader over a gzip file.
pub type Reader = csv::Reader<MultiGzDecoder<BufReader<File>>>;

/// What a baseline was asked to do: `IN OUT`, and `tuned` for a CSV reader with a larger buffer than the crate gives it,
/// which few would think of and which saves a fifth of the time.
#[derive(Debug)]
pub struct Task {
    /// The gzip-compressed CSV file.
    pub input: String,
    /// Where the result goes.
    pub output: String,
    tuned: bool,
}

impl Task {
    /// From the command line.
    ///
    /// # Errors
    /// It is not `IN OUT [tuned]`.
    pub fn from_arguments() -> io::Result<Task> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let (input, output, tuned) = match arguments.as_slice() {
            [input, output] => (input, output, false),
            [input, output, word] if word == "tuned" => (input, output, true),
            _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "usage: IN OUT [tuned]")),
        };
        Ok(Task { input: input.clone(), output: output.clone(), tuned })
    }

    /// Opens the input, a gzip-compressed CSV file with a header.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(&self) -> io::Result<Reader> {
        let file = BufReader::with_capacity(BUFFER, File::open(&self.input)?);
        let mut reader = csv::ReaderBuilder::new();
        if self.tuned {
            reader.buffer_capacity(BUFFER);
        }
        Ok(reader.from_reader(MultiGzDecoder::new(file)))
    }
}

/// The place of a column in the header.
///
/// # Errors
/// There is no column of that name.
pub fn column(header: &csv::ByteRecord, name: &str) -> io::Result<usize> {
    let place = header.iter().position(|field| field == name.as_bytes());
    place.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("no column {name}")))
}

/// A field as an integer; `NA`, empty and everything else that is none gives `None`.
pub fn integer(field: &[u8]) -> Option<i64> {
    std::str::from_utf8(field).ok()?.parse().ok()
}
