//! The header in front of each gzip member (RFC 1952, section 2.3).

use jackfield_sdk::checksums::crc32;

/// A header holds a file name, a comment and at most 64 KiB of extra fields; one that takes more is none.
const MOST_BYTES: usize = 1 << 20;

const MAGIC: [u8; 2] = [0x1f, 0x8b];
const DEFLATE: u8 = 8;

const HAS_CHECKSUM: u8 = 1 << 1;
const HAS_EXTRA: u8 = 1 << 2;
const HAS_NAME: u8 = 1 << 3;
const HAS_COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// Which part of a header the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The ten bytes that are always there.
    Fixed,
    /// The length of the extra field, with its lower byte once that is known.
    ExtraLength(Option<u8>),
    /// The extra field, with the bytes that are still to come.
    Extra(u16),
    Name,
    Comment,
    /// The lower half of a CRC-32 over all before it, with its lower byte once that is known.
    Checksum(Option<u8>),
    Whole,
}

/// The header of a member, taken byte by byte.
#[derive(Debug)]
pub(crate) struct Header {
    bytes: Vec<u8>,
    flags: u8,
    part: Part,
}

impl Header {
    pub(crate) fn new() -> Header {
        Header { bytes: Vec::new(), flags: 0, part: Part::Fixed }
    }

    /// Takes the next byte and says whether the header ends with it, or what is wrong.
    pub(crate) fn push(&mut self, byte: u8) -> Result<bool, &'static str> {
        self.bytes.push(byte);
        let count = self.bytes.len();
        if count > MOST_BYTES {
            return Err("its header does not end");
        }
        self.part = match self.part {
            Part::Fixed => {
                self.fixed(count, byte)?;
                if count < 10 { Part::Fixed } else { self.after(HAS_EXTRA) }
            }
            Part::ExtraLength(None) => Part::ExtraLength(Some(byte)),
            Part::ExtraLength(Some(low)) => match u16::from_le_bytes([low, byte]) {
                0 => self.after(HAS_NAME),
                length => Part::Extra(length),
            },
            Part::Extra(1) => self.after(HAS_NAME),
            Part::Extra(left) => Part::Extra(left - 1),
            Part::Name if byte == 0 => self.after(HAS_COMMENT),
            Part::Comment if byte == 0 => self.after(HAS_CHECKSUM),
            Part::Checksum(None) => Part::Checksum(Some(byte)),
            Part::Checksum(Some(low)) => {
                let covered = self.bytes.get(..count - 2).unwrap_or_default();
                if crc32(0, covered) as u16 != u16::from_le_bytes([low, byte]) {
                    return Err("its header's checksum does not match");
                }
                Part::Whole
            }
            part @ (Part::Name | Part::Comment | Part::Whole) => part,
        };
        Ok(self.part == Part::Whole)
    }

    fn fixed(&mut self, count: usize, byte: u8) -> Result<(), &'static str> {
        match count {
            1 | 2 if MAGIC.get(count - 1) != Some(&byte) => Err("it does not begin like gzip data"),
            3 if byte != DEFLATE => Err("it is compressed by another method than deflate"),
            4 if byte & RESERVED != 0 => Err("its header has unknown flags"),
            4 => {
                self.flags = byte;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The first part there is, from the one with this flag on.
    fn after(&self, first: u8) -> Part {
        let parts = [
            (HAS_EXTRA, Part::ExtraLength(None)),
            (HAS_NAME, Part::Name),
            (HAS_COMMENT, Part::Comment),
            (HAS_CHECKSUM, Part::Checksum(None)),
        ];
        let behind = parts.into_iter().skip_while(|(flag, _)| *flag != first);
        let mut there = behind.filter(|(flag, _)| self.flags & flag != 0);
        there.next().map_or(Part::Whole, |(_, part)| part)
    }
}
