//! The descriptor at the start of each LZ4 frame.

use twox_hash::XxHash32;

const VERSION: u8 = 0b1100_0000;
const VERSION_1: u8 = 0b0100_0000;
const INDEPENDENT: u8 = 1 << 5;
const BLOCK_CHECKSUMS: u8 = 1 << 4;
const CONTENT_SIZE: u8 = 1 << 3;
const CONTENT_CHECKSUM: u8 = 1 << 2;
const DICTIONARY: u8 = 1;

/// What a frame says of itself.
#[derive(Debug)]
pub(crate) struct Descriptor {
    /// Whether blocks refer to text before them.
    pub(crate) linked: bool,
    pub(crate) block_checksums: bool,
    pub(crate) content_checksum: bool,
    /// The length of all its text, if it tells.
    pub(crate) content_bytes: Option<u64>,
    /// The most bytes of text in a block.
    pub(crate) block_bytes: usize,
}

/// Why a descriptor is of no use.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DescriptorError {
    Checksum,
    Unknown(&'static str),
    Dictionary(u32),
}

impl Descriptor {
    /// How many bytes follow the first two, the checksum included.
    pub(crate) fn rest([flags, _]: [u8; 2]) -> usize {
        let size = if flags & CONTENT_SIZE == 0 { 0 } else { 8 };
        let dictionary = if flags & DICTIONARY == 0 { 0 } else { 4 };
        size + dictionary + 1
    }

    pub(crate) fn read(first: [u8; 2], rest: &[u8]) -> Result<Descriptor, DescriptorError> {
        let [flags, sizes] = first;
        let (told, fields) = rest.split_last().ok_or(DescriptorError::Checksum)?;
        let checksum = XxHash32::oneshot(0, &[&first, fields].concat());
        if (checksum >> 8) as u8 != *told {
            return Err(DescriptorError::Checksum);
        }
        if flags & VERSION != VERSION_1 || flags & 0b10 != 0 || sizes & 0b1000_1111 != 0 {
            return Err(DescriptorError::Unknown("its header is of a version that is not known"));
        }
        let block_bytes = match sizes >> 4 {
            size @ 4..=7 => 1 << (2 * size + 8),
            _ => return Err(DescriptorError::Unknown("its header has a block size that is not known")),
        };
        if flags & DICTIONARY != 0 {
            let id = fields.last_chunk().map_or(0, |id| u32::from_le_bytes(*id));
            return Err(DescriptorError::Dictionary(id));
        }
        let content_bytes = fields.first_chunk().map(|size| u64::from_le_bytes(*size));
        Ok(Descriptor {
            linked: flags & INDEPENDENT == 0,
            block_checksums: flags & BLOCK_CHECKSUMS != 0,
            content_checksum: flags & CONTENT_CHECKSUM != 0,
            content_bytes: content_bytes.filter(|_| flags & CONTENT_SIZE != 0),
            block_bytes,
        })
    }
}
