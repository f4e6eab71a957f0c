//! Bytes from anywhere in the file, for the parquet crate: read in blocks, of which the last are kept.

use crate::trouble::damaged;
use bytes::Bytes;
use jackfield_sdk::Failure;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};
use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Reads so many bytes from an offset on, fewer only at the end of the file.
pub(crate) type ReadAt = Box<dyn Fn(u64, u32) -> std::result::Result<Vec<u8>, Failure> + Send + Sync>;

/// The host gives no more at once.
const LARGEST_READ: usize = 4 << 20;
/// Memory for blocks of all columns together, and the sizes of one.
const BLOCKS: usize = 32 << 20;
const SMALLEST_BLOCK: usize = 32 << 10;
const LARGEST_BLOCK: usize = 1 << 20;
/// A page of more bytes is not unpacked: it would not fit into a plugin's memory beside the rest.
const LARGEST_PAGE: u64 = 96 << 20;

/// The file. Clones share it.
#[derive(Clone)]
pub(crate) struct File(Arc<Shared>);

struct Shared {
    size: u64,
    read_at: ReadAt,
    blocks: Mutex<Blocks>,
    fault: Mutex<Option<Failure>>,
}

#[derive(Default)]
struct Blocks {
    /// Offset and bytes, the last used at the end.
    kept: Vec<(u64, Bytes)>,
    /// What is going to be read: a block ends where its column does.
    extents: Vec<Range<u64>>,
}

impl File {
    pub(crate) fn new(size: u64, read_at: ReadAt) -> Self {
        File(Arc::new(Shared { size, read_at, blocks: Mutex::default(), fault: Mutex::default() }))
    }

    /// Says which parts of the file are read next, each from its start to its end.
    pub(crate) fn expect(&self, extents: Vec<Range<u64>>) {
        let mut blocks = self.0.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        blocks.kept.clear();
        blocks.extents = extents;
    }

    /// Exactly these bytes.
    pub(crate) fn bytes(&self, start: u64, length: usize) -> std::result::Result<Bytes, Failure> {
        let ends =
            || damaged(format!("it ends at byte {} where {length} bytes from byte {start} on are due", self.0.size));
        let end = start.checked_add(length as u64).filter(|end| *end <= self.0.size).ok_or_else(ends)?;
        let mut blocks = self.0.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) =
            blocks.kept.iter().position(|(from, block)| *from <= start && end <= from + block.len() as u64)
        {
            let (from, block) = blocks.kept.remove(at);
            let at = (start - from) as usize;
            let bytes = block.slice(at..at + length);
            blocks.kept.push((from, block));
            return Ok(bytes);
        }
        let room = (BLOCKS / blocks.extents.len().max(1)).clamp(SMALLEST_BLOCK, LARGEST_BLOCK);
        let extent = blocks.extents.iter().find(|extent| extent.contains(&start)).map(|extent| extent.end);
        let to = extent.unwrap_or(end).min(start + room as u64).max(end).min(self.0.size);
        let mut read = Vec::with_capacity((to - start) as usize);
        while (read.len() as u64) < to - start {
            let at = start + read.len() as u64;
            let most = ((to - at) as usize).min(LARGEST_READ);
            let piece = (self.0.read_at)(at, most as u32)?;
            if piece.is_empty() {
                return Err(ends());
            }
            if read.is_empty() {
                read = piece;
            } else {
                read.extend_from_slice(&piece);
            }
        }
        let block = Bytes::from(read);
        let bytes = block.slice(..length);
        // A page that alone fills a block would only push the others out.
        if block.len() > length {
            let most = blocks.extents.len() + 2;
            if blocks.kept.len() >= most {
                blocks.kept.remove(0);
            }
            blocks.kept.push((start, block));
        }
        Ok(bytes)
    }

    /// What is there from an offset on, without reading on for it more than a little.
    fn some(&self, start: u64) -> std::result::Result<Bytes, Failure> {
        let mut blocks = self.0.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) =
            blocks.kept.iter().position(|(from, block)| *from <= start && start < from + block.len() as u64)
        {
            let (from, block) = blocks.kept.remove(at);
            let rest = block.slice((start - from) as usize..);
            blocks.kept.push((from, block));
            return Ok(rest);
        }
        let extent = blocks.extents.iter().find(|extent| extent.contains(&start)).map(|extent| extent.end);
        drop(blocks);
        let left = extent.unwrap_or(self.0.size).saturating_sub(start);
        self.bytes(start, left.min(1024) as usize)
    }
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File").field("size", &self.0.size).finish_non_exhaustive()
    }
}

impl File {
    /// Why reading failed the last time, if it did: the parquet crate hands on no more than its text.
    pub(crate) fn fault(&self) -> Option<Failure> {
        self.0.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn external(&self, failure: Failure) -> ParquetError {
        *self.0.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure.clone());
        ParquetError::External(Box::new(failure))
    }
}

impl Length for File {
    fn len(&self) -> u64 {
        self.0.size
    }
}

impl ChunkReader for File {
    type T = Stream;

    fn get_read(&self, start: u64) -> Result<Stream> {
        let piece = self.some(start).map_err(|failure| self.external(failure))?;
        check_page(&piece).map_err(|failure| self.external(failure))?;
        Ok(Stream { file: self.clone(), next: start + piece.len() as u64, piece })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let bytes = self.bytes(start, length).map_err(|failure| self.external(failure))?;
        check_page(&bytes).map_err(|failure| self.external(failure))?;
        Ok(bytes)
    }
}

/// The file from an offset on.
pub(crate) struct Stream {
    file: File,
    next: u64,
    piece: Bytes,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() && self.next < self.file.len() {
            self.piece = self.file.some(self.next).map_err(|failure| io::Error::other(self.file.external(failure)))?;
            self.next += self.piece.len() as u64;
        }
        let count = buffer.len().min(self.piece.len());
        buffer.iter_mut().zip(self.piece.split_to(count)).for_each(|(to, from)| *to = from);
        Ok(count)
    }
}

/// A page's header begins with its type and its size unpacked, which the parquet crate makes room for before it looks
/// at anything else. What is no header is not taken for one: the chance is one in 10¹¹.
fn check_page(bytes: &[u8]) -> std::result::Result<(), Failure> {
    let number = |at: usize| {
        let mut value = 0u64;
        for (index, byte) in bytes.get(at..)?.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index as u32).min(63);
            if byte & 0x80 == 0 {
                return Some((value >> 1, at + index + 1));
            }
        }
        None
    };
    // Fields 1, 2 and 3 are 32-bit integers, each one behind the last.
    let size = || {
        (*bytes.first()? == 0x15).then_some(())?;
        let (_, at) = number(1)?;
        (*bytes.get(at)? == 0x15).then_some(())?;
        let (size, at) = number(at + 1)?;
        (*bytes.get(at)? == 0x15).then_some(size)
    };
    match size() {
        Some(size) if size > LARGEST_PAGE => {
            let message = format!("a page of the parquet file says it has {size} bytes, more than {LARGEST_PAGE}");
            Err(Failure::limit("too-large", message).with_help("write the file again with smaller pages"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was asked for: place and number of bytes.
    type Asked = Arc<Mutex<Vec<(u64, u32)>>>;

    fn counted(data: Vec<u8>) -> (File, Asked) {
        let asked = Asked::default();
        let noted = asked.clone();
        let read_at: ReadAt = Box::new({
            let data = data.clone();
            move |at, most| {
                noted.lock().unwrap().push((at, most));
                let at = (at as usize).min(data.len());
                Ok(data[at..(at + most as usize).min(data.len())].to_vec())
            }
        });
        (File::new(data.len() as u64, read_at), asked)
    }

    #[test]
    fn a_column_is_read_in_one_go_and_not_beyond() {
        let data: Vec<u8> = (0..1000u32).map(|n| n as u8).collect();
        let (file, asked) = counted(data.clone());
        file.expect(vec![100..300, 300..350]);
        assert_eq!(file.bytes(100, 10).unwrap(), data[100..110]);
        assert_eq!(file.bytes(110, 150).unwrap(), data[110..260]);
        let mut all = Vec::new();
        file.get_read(260).unwrap().take(60).read_to_end(&mut all).unwrap();
        assert_eq!(all, data[260..320]);
        assert_eq!(asked.lock().unwrap().as_slice(), [(100, 200), (300, 50)]);
    }

    #[test]
    fn what_lies_behind_the_end_is_damage() {
        let (file, _) = counted(vec![1; 100]);
        assert!(file.bytes(90, 11).unwrap_err().message.contains("ends at byte 100"));
        assert!(file.bytes(u64::MAX, 11).is_err());
    }

    #[test]
    fn a_page_that_says_it_is_huge_is_refused() {
        // Type 0, 2^31 - 1 bytes unpacked, 10 packed.
        let header = [0x15, 0x00, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x15, 0x14];
        assert_eq!(check_page(&header).unwrap_err().code, "too-large");
        assert!(check_page(&[0x15, 0x00, 0x15, 0x80, 0x10, 0x15, 0x14]).is_ok());
        assert!(check_page(&header[..6]).is_ok());
    }
}
