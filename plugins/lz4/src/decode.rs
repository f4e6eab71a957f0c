//! Decodes the frames of an LZ4 stream: those of the frame format, of its legacy format, and frames to be skipped.

use crate::header::{Descriptor, DescriptorError};
use jackfield_coding::Input;
use lz4_flex::block::decompress_into_with_dict;
use std::hash::Hasher;
use std::io::{self, BufRead, Read};
use twox_hash::XxHash32;

/// How far a linked block reaches back.
const WINDOW: usize = 64 << 10;
/// Bytes of text in a block of the legacy format.
const LEGACY_BLOCK: usize = 8 << 20;
/// The bit of a block's size that says that it is stored.
const STORED: u32 = 1 << 31;

const MAGIC: u32 = 0x184d_2204;
const LEGACY_MAGIC: u32 = 0x184c_2102;
const SKIPPABLE: std::ops::RangeInclusive<u32> = 0x184d_2a50..=0x184d_2a5f;

pub(crate) struct Decoder<R> {
    input: Input<R>,
    state: State,
    /// Text of the last block, and how far it has been given.
    text: Vec<u8>,
    given: usize,
}

enum State {
    /// In front of a frame; the first must be there, others may be.
    Between {
        first: bool,
    },
    SkipLength,
    Skip(u64),
    Flags,
    Descriptor([u8; 2]),
    /// In front of a block's size.
    Block(Frame),
    Data(Frame, u32),
    BlockChecksum(Frame, u32),
    ContentChecksum(Frame),
    LegacyBlock,
    LegacyData(usize),
    Ended,
}

/// The frame that is being read.
struct Frame {
    descriptor: Descriptor,
    length: u64,
    hasher: XxHash32,
    /// The text before the next block, if blocks refer to it.
    window: Vec<u8>,
    /// A block's bytes, while its checksum is missing.
    block: Vec<u8>,
}

impl<R: BufRead> Decoder<R> {
    pub(crate) fn new(input: R) -> Self {
        Decoder { input: Input::new("lz4", input), state: State::Between { first: true }, text: Vec::new(), given: 0 }
    }

    /// Goes on by one field. What a pause interrupts is done again.
    fn pass(&mut self) -> io::Result<()> {
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Between { first } => {
                let next = self.between(first);
                self.kept(State::Between { first }, next)?
            }
            State::SkipLength => match self.input.take_array::<4>() {
                Ok(length) => State::Skip(u64::from(u32::from_le_bytes(length))),
                Err(error) => return self.again(State::SkipLength, error),
            },
            State::Skip(mut left) => match self.input.skip(&mut left) {
                Ok(()) => State::Between { first: false },
                Err(error) => return self.again(State::Skip(left), error),
            },
            State::Flags => match self.input.take_array::<2>() {
                Ok(flags) => State::Descriptor(flags),
                Err(error) => return self.again(State::Flags, error),
            },
            State::Descriptor(flags) => match self.input.take(Descriptor::rest(flags)) {
                Ok(rest) => State::Block(self.frame(flags, &rest)?),
                Err(error) => return self.again(State::Descriptor(flags), error),
            },
            State::Block(frame) => match self.input.take_array::<4>() {
                Ok(size) => self.sized(frame, u32::from_le_bytes(size))?,
                Err(error) => return self.again(State::Block(frame), error),
            },
            State::Data(mut frame, size) => match self.input.take((size & !STORED) as usize) {
                Ok(block) => {
                    frame.block = block;
                    match frame.descriptor.block_checksums {
                        true => State::BlockChecksum(frame, size),
                        false => self.block(frame, size)?,
                    }
                }
                Err(error) => return self.again(State::Data(frame, size), error),
            },
            State::BlockChecksum(frame, size) => match self.input.take_array::<4>() {
                Ok(told) => {
                    if u32::from_le_bytes(told) != checksum(&frame.block) {
                        return Err(self.input.damaged("checksum", "a block's checksum does not match"));
                    }
                    self.block(frame, size)?
                }
                Err(error) => return self.again(State::BlockChecksum(frame, size), error),
            },
            State::ContentChecksum(frame) => match self.input.take_array::<4>() {
                Ok(told) if u64::from(u32::from_le_bytes(told)) == frame.hasher.finish() => {
                    State::Between { first: false }
                }
                Ok(_) => return Err(self.input.damaged("checksum", "its checksum does not match")),
                Err(error) => return self.again(State::ContentChecksum(frame), error),
            },
            State::LegacyBlock => {
                let next = self.legacy_block();
                self.kept(State::LegacyBlock, next)?
            }
            State::LegacyData(size) => match self.input.take(size) {
                Ok(block) => {
                    self.decompress(&block, LEGACY_BLOCK, &[])?;
                    State::LegacyBlock
                }
                Err(error) => return self.again(State::LegacyData(size), error),
            },
            State::Ended => State::Ended,
        };
        Ok(())
    }

    fn kept(&mut self, state: State, next: io::Result<State>) -> io::Result<State> {
        next.inspect_err(|_| self.state = state)
    }

    fn again(&mut self, state: State, error: io::Error) -> io::Result<()> {
        self.state = state;
        Err(error)
    }

    fn between(&mut self, first: bool) -> io::Result<State> {
        let begin = self.input.begin();
        match self.input.peek()? {
            None if !first => return Ok(State::Ended),
            // So that a few stray bytes behind the last frame are not taken for a frame that is cut off.
            Some(byte) if !matches!(byte, 0x02 | 0x04 | 0x50..=0x5f) => return Err(self.not_a_frame(first, begin)),
            _ => {}
        }
        let magic = u32::from_le_bytes(self.input.take_array()?);
        self.magic(magic).ok_or_else(|| self.not_a_frame(first, begin))
    }

    fn magic(&self, magic: u32) -> Option<State> {
        match magic {
            MAGIC => Some(State::Flags),
            LEGACY_MAGIC => Some(State::LegacyBlock),
            magic if SKIPPABLE.contains(&magic) => Some(State::SkipLength),
            _ => None,
        }
    }

    fn not_a_frame(&self, first: bool, begin: u64) -> io::Error {
        match first {
            true => self.input.damaged_at(begin, "not-lz4", "it does not begin like an lz4 frame"),
            false => self.input.trailing(begin),
        }
    }

    fn frame(&self, flags: [u8; 2], rest: &[u8]) -> io::Result<Frame> {
        let descriptor = Descriptor::read(flags, rest).map_err(|error| match error {
            DescriptorError::Checksum => self.input.damaged("checksum", "its header's checksum does not match"),
            DescriptorError::Unknown(what) => self.input.damaged("invalid-data", what),
            DescriptorError::Dictionary(id) => {
                let what = format!("it needs the dictionary {id}, and dictionaries are not supported");
                self.input.damaged("dictionary", &what)
            }
        })?;
        let hasher = XxHash32::with_seed(0);
        Ok(Frame { descriptor, length: 0, hasher, window: Vec::new(), block: Vec::new() })
    }

    /// What follows the size of a block.
    fn sized(&mut self, frame: Frame, size: u32) -> io::Result<State> {
        if size != 0 {
            if (size & !STORED) as usize > frame.descriptor.block_bytes {
                return Err(self.input.damaged("invalid-data", "a block is larger than its header says"));
            }
            return Ok(State::Data(frame, size));
        }
        if frame.descriptor.content_bytes.is_some_and(|told| told != frame.length) {
            return Err(self.input.damaged("checksum", "its length does not match"));
        }
        Ok(if frame.descriptor.content_checksum {
            State::ContentChecksum(frame)
        } else {
            State::Between { first: false }
        })
    }

    /// Makes text of the frame's block.
    fn block(&mut self, mut frame: Frame, size: u32) -> io::Result<State> {
        let block = std::mem::take(&mut frame.block);
        if size & STORED != 0 {
            self.text = block;
            self.given = 0;
        } else {
            self.decompress(&block, frame.descriptor.block_bytes, &frame.window)?;
        }
        frame.length += self.text.len() as u64;
        if frame.descriptor.content_checksum {
            frame.hasher.write(&self.text);
        }
        if frame.descriptor.linked {
            let window = &mut frame.window;
            match self.text.len().checked_sub(WINDOW) {
                Some(begin) => {
                    window.clear();
                    window.extend_from_slice(self.text.get(begin..).unwrap_or_default());
                }
                None => {
                    window.extend_from_slice(&self.text);
                    window.drain(..window.len().saturating_sub(WINDOW));
                }
            }
        }
        Ok(State::Block(frame))
    }

    fn decompress(&mut self, block: &[u8], most: usize, window: &[u8]) -> io::Result<()> {
        self.text.resize(most, 0);
        self.given = 0;
        match decompress_into_with_dict(block, &mut self.text, window) {
            Ok(count) => {
                self.text.truncate(count);
                Ok(())
            }
            Err(_) => {
                self.text.clear();
                Err(self.input.damaged("invalid-data", "a block cannot be decompressed"))
            }
        }
    }

    /// The size of the next block of a legacy frame, which may also be the next frame's magic number, or missing.
    fn legacy_block(&mut self) -> io::Result<State> {
        if self.input.peek()?.is_none() {
            return Ok(State::Ended);
        }
        let size = u32::from_le_bytes(self.input.take_array()?);
        match self.magic(size) {
            Some(state) => Ok(state),
            None if size as usize <= LEGACY_BLOCK + LEGACY_BLOCK / 255 + 16 => Ok(State::LegacyData(size as usize)),
            None => Err(self.input.trailing(self.input.at() - 4)),
        }
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    XxHash32::oneshot(0, bytes)
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut rest = self.text.get(self.given..).unwrap_or_default();
            if !rest.is_empty() || buffer.is_empty() {
                let count = rest.read(buffer)?;
                self.given += count;
                return Ok(count);
            }
            if matches!(self.state, State::Ended) {
                return Ok(0);
            }
            self.pass()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_coding::testing::{Pausing, read_all, sample};
    use jackfield_sdk::Failure;
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
    use std::io::Write;

    fn lz4(info: FrameInfo, text: &[u8]) -> Vec<u8> {
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn plain(text: &[u8]) -> Vec<u8> {
        lz4(FrameInfo::new().content_checksum(true), text)
    }

    fn decode(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        read_all(&mut Decoder::new(Pausing::new(bytes, 5)))
    }

    fn code(bytes: &[u8]) -> String {
        decode(bytes).unwrap_err().code
    }

    #[test]
    fn every_kind_of_frame() {
        let text = sample(300_000);
        for mode in [BlockMode::Independent, BlockMode::Linked] {
            for checksums in [false, true] {
                let info = FrameInfo::new().block_mode(mode).block_checksums(checksums).content_checksum(checksums);
                let info = info.block_size(BlockSize::Max64KB).content_size(checksums.then_some(text.len() as u64));
                assert!(decode(&lz4(info, &text)).unwrap() == text, "{mode:?}, {checksums}");
            }
        }
    }

    #[test]
    fn frames_follow_one_another() {
        let skippable = b"\x5f\x2a\x4d\x18\x03\0\0\0abc".to_vec();
        let bytes = [skippable.clone(), plain(b"one "), plain(b""), skippable, plain(b"two")].concat();
        assert_eq!(decode(&bytes).unwrap(), b"one two");
        let block = lz4_flex::block::compress(b"three three three three");
        let legacy = [&LEGACY_MAGIC.to_le_bytes()[..], &(block.len() as u32).to_le_bytes(), &block].concat();
        let bytes = [legacy.clone(), plain(b" four "), legacy].concat();
        assert_eq!(decode(&bytes).unwrap(), b"three three three three four three three three three");
    }

    #[test]
    fn whatever_is_cut_off_is_missed() {
        let bytes = plain(&b"some text, some text".repeat(50));
        for end in 0..bytes.len() {
            let failure = decode(&bytes[..end]).unwrap_err();
            assert_eq!(failure.code, "truncated", "cut at {end}: {failure:?}");
        }
    }

    #[test]
    fn what_is_damaged_is_found() {
        let good = plain(&sample(1000));
        let mut bytes = good.clone();
        *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(code(&bytes), "checksum");
        let mut bytes = good.clone();
        bytes[6] ^= 1;
        assert_eq!(code(&bytes), "checksum");
        assert_eq!(code(b"a,b\n1,2\n"), "not-lz4");
        assert_eq!(code(&[&good[..], b"\x04more"].concat()), "trailing-data");
        let failure = decode(&[&good[..], b"x"].concat()).unwrap_err();
        assert_eq!(failure.code, "trailing-data");
        assert!(failure.message.contains(&format!("at byte {}", good.len())), "{}", failure.message);
    }
}
