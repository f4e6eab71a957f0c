//! What both baselines share: the compressed CSV file as byte records, and the column they look at.

use std::fs::File;
use std::io::{self, BufReader};

use flate2::bufread::MultiGzDecoder;

/// Large enough that system calls do not show in the figures, in bytes.
pub const BUFFER: usize = 256 << 10;

/// A CSV reader over a gzip file.
pub type Reader = csv::Reader<MultiGzDecoder<BufReader<File>>>;

/// Opens a gzip-compressed CSV file with a header.
///
/// # Errors
/// The file cannot be opened.
pub fn open(path: &str) -> io::Result<Reader> {
    let file = BufReader::with_capacity(BUFFER, File::open(path)?);
    Ok(csv::ReaderBuilder::new().buffer_capacity(BUFFER).from_reader(MultiGzDecoder::new(file)))
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
