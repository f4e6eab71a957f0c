//! The file's bytes at any place: from the host piece by piece, or, of a stream, all in memory.

use jackfield_sdk::{Failure, Piece, Source};
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes that are fetched at a time: readers of archives ask for a few at once.
const PAGE: u32 = 128 << 10;
/// The most bytes of a workbook that comes as a stream, and has to be kept whole.
const MOST_KEPT: usize = 64 << 20;

/// How bytes are fetched: at most so many from an offset.
type Fetch = Box<dyn FnMut(u64, u32) -> Result<Vec<u8>, Failure>>;

/// A file.
pub(crate) struct Bytes {
    fetch: Fetch,
    size: u64,
    at: u64,
    /// The last page, and where it begins.
    page: Vec<u8>,
    begin: u64,
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bytes").field("size", &self.size).field("at", &self.at).finish_non_exhaustive()
    }
}

impl Bytes {
    /// A source's.
    ///
    /// # Errors
    /// The source's, a stream that is too long, or a pause in it.
    pub(crate) fn new(source: Source) -> Result<Bytes, Failure> {
        match (source.size(), source.read_at(0, 1)) {
            (Some(size), Ok(_)) => {
                let fetch = move |offset, most| source.read_at(offset, most);
                Ok(Bytes { fetch: Box::new(fetch), size, at: 0, page: Vec::new(), begin: 0 })
            }
            _ => Ok(Bytes::of(kept(&source)?)),
        }
    }

    /// Bytes that are there.
    pub(crate) fn of(bytes: Vec<u8>) -> Bytes {
        let size = bytes.len() as u64;
        Bytes { fetch: Box::new(|_, _| Ok(Vec::new())), size, at: 0, page: bytes, begin: 0 }
    }
}

fn kept(source: &Source) -> Result<Vec<u8>, Failure> {
    let mut bytes: Vec<u8> = Vec::new();
    loop {
        match source.read(1 << 20)? {
            Piece::Data(piece) => bytes.extend_from_slice(&piece),
            Piece::End => return Ok(bytes),
            Piece::Pause => return Err(Failure::unavailable("no-random-access", "a workbook is read whole")),
        }
        if bytes.len() > MOST_KEPT {
            let message =
                format!("a workbook that is compressed, or comes by a stream, has at most {} MiB", MOST_KEPT >> 20);
            return Err(Failure::limit("too-large", message).with_help("unpack it to a file first"));
        }
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        let inside = |at: u64| at.checked_sub(self.begin).and_then(|at| usize::try_from(at).ok());
        if inside(self.at).is_none_or(|at| at >= self.page.len()) {
            self.page = (self.fetch)(self.at, PAGE)?;
            self.begin = self.at;
        }
        let offset = (self.at - self.begin) as usize;
        let count = self.page.get(offset..).unwrap_or_default().read(buffer)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_fetched_where_they_are_wanted() {
        let all: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        let of = all.clone();
        let fetch = move |offset: u64, most: u32| {
            let offset = offset as usize;
            Ok(of[offset..of.len().min(offset + most as usize)].to_vec())
        };
        let size = all.len() as u64;
        let mut bytes = Bytes { fetch: Box::new(fetch), size, at: 0, page: Vec::new(), begin: 0 };
        let mut buffer = [0; 10];
        for at in [0, 299_995, 131_070, 5, 140_000] {
            bytes.seek(SeekFrom::Start(at)).unwrap();
            let mut found = Vec::new();
            (&mut bytes).take(10).read_to_end(&mut found).unwrap();
            assert_eq!(found, all[at as usize..all.len().min(at as usize + 10)], "{at}");
        }
        bytes.seek(SeekFrom::End(-3)).unwrap();
        assert_eq!(bytes.read(&mut buffer).unwrap(), 3);
        assert!(bytes.seek(SeekFrom::Current(-1_000_000)).is_err());
    }
}
