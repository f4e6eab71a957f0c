//! Bytes from front to back, with what is wrong in words.

use jackfield_sdk::{Failure, Piece};

/// Where the bytes are.
pub(crate) trait Bytes {
    /// At most so many bytes, from where it is.
    fn pull(&mut self, most: u32) -> Result<Piece, Failure>;

    /// Number of bytes in all, for which a stream is put aside.
    fn size(&mut self) -> Result<u64, Failure>;

    /// At most so many bytes from an offset on.
    fn read_at(&mut self, offset: u64, most: u32) -> Result<Vec<u8>, Failure>;
}

/// The host gives no more at once.
const LARGEST_READ: usize = 4 << 20;

/// A file that is not what it should be.
pub(crate) fn damaged(message: impl std::fmt::Display) -> Failure {
    Failure::invalid_input("invalid-data", format!("the Arrow data is damaged: {message}"))
}

/// The bytes of an input.
pub(crate) struct Input {
    bytes: Box<dyn Bytes>,
    piece: Vec<u8>,
    at: usize,
    ended: bool,
    taken: u64,
}

impl Input {
    pub(crate) fn new(bytes: Box<dyn Bytes>) -> Self {
        Input { bytes, piece: Vec::new(), at: 0, ended: false, taken: 0 }
    }

    /// Number of bytes taken so far.
    pub(crate) fn position(&self) -> u64 {
        self.taken
    }

    /// Up to so many bytes, fewer only at the end.
    pub(crate) fn up_to(&mut self, count: usize) -> Result<Vec<u8>, Failure> {
        let mut out = Vec::new();
        while out.len() < count {
            if self.at == self.piece.len() {
                if self.ended {
                    break;
                }
                match self.bytes.pull((count - out.len()).min(LARGEST_READ) as u32)? {
                    Piece::Data(bytes) => (self.piece, self.at) = (bytes, 0),
                    // Only a tailed file has nothing for now; its messages come whole.
                    Piece::Pause => {}
                    Piece::End => self.ended = true,
                }
                continue;
            }
            let rest = self.piece.get(self.at..).unwrap_or_default();
            let part = rest.get(..rest.len().min(count - out.len())).unwrap_or_default();
            if out.is_empty() && part.len() == count && self.at == 0 && rest.len() == count {
                self.taken += count as u64;
                self.at = 0;
                return Ok(std::mem::take(&mut self.piece));
            }
            // What the input does not have takes no memory either.
            out.extend_from_slice(part);
            self.at += part.len();
            self.taken += part.len() as u64;
        }
        Ok(out)
    }

    /// Number of bytes in all.
    pub(crate) fn size(&mut self) -> Result<u64, Failure> {
        self.bytes.size()
    }

    /// Exactly these bytes.
    pub(crate) fn at(&mut self, offset: u64, count: usize) -> Result<Vec<u8>, Failure> {
        let mut out: Vec<u8> = Vec::new();
        while out.len() < count {
            let at = offset.saturating_add(out.len() as u64);
            let piece = self.bytes.read_at(at, (count - out.len()).min(LARGEST_READ) as u32)?;
            if piece.is_empty() {
                return Err(truncated(at));
            }
            if out.is_empty() {
                out = piece;
            } else {
                out.extend_from_slice(&piece);
            }
        }
        Ok(out)
    }

    /// Exactly so many bytes.
    pub(crate) fn exactly(&mut self, count: usize) -> Result<Vec<u8>, Failure> {
        let bytes = self.up_to(count)?;
        if bytes.len() < count {
            return Err(truncated(self.taken));
        }
        Ok(bytes)
    }
}

pub(crate) fn truncated(at: u64) -> Failure {
    let message = format!("the Arrow data is truncated: it ends in the middle (at byte {at})");
    Failure::invalid_input("truncated", message).with_help("fetch or write the file again")
}
