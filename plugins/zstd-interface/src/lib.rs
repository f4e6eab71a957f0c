//! What `parquet` and `arrow-ipc` call of the crate `zstd`, on `structured-zstd`: whole blocks of memory in, whole blocks
//! of memory out. The names and signatures are that crate's.

/// The levels that there are.
pub fn compression_level_range() -> std::ops::RangeInclusive<i32> {
    1..=bulk::HIGHEST
}

/// Blocks of memory.
pub mod bulk {
    use std::cell::RefCell;
    use std::fmt;
    use std::io::{self, Cursor};
    use std::marker::PhantomData;
    use structured_zstd::decoding::{ContentChecksum, FrameDecoder, find_decompressed_size};
    use structured_zstd::encoding::{CompressionLevel, FrameCompressor};

    /// Levels above take more memory than a plugin has.
    pub(crate) const HIGHEST: i32 = 19;

    thread_local! {
        /// The compressor of a level with the frame it made last: one for all columns of a file, because it takes some
        /// megabytes, and here rather than in `Compressor`, because it cannot be sent between threads.
        static FRAMES: RefCell<Option<(i32, FrameCompressor, Vec<u8>)>> = const { RefCell::new(None) };
    }

    /// Compresses blocks, each to a frame of its own.
    pub struct Compressor<'a> {
        level: i32,
        dictionary: PhantomData<&'a ()>,
    }

    impl Compressor<'static> {
        /// A compressor of this level. Never fails.
        ///
        /// # Errors
        /// None.
        pub fn new(level: i32) -> io::Result<Self> {
            Ok(Compressor { level: level.min(HIGHEST), dictionary: PhantomData })
        }
    }

    impl Compressor<'_> {
        /// Appends the frame from where the cursor stands; gives its length in bytes.
        ///
        /// # Errors
        /// None.
        pub fn compress_to_buffer(
            &mut self,
            source: &[u8],
            destination: &mut Cursor<&mut Vec<u8>>,
        ) -> io::Result<usize> {
            let start = usize::try_from(destination.position()).unwrap_or(usize::MAX);
            let out = destination.get_mut();
            out.truncate(start);
            let length = FRAMES.with_borrow_mut(|frames| {
                if frames.as_ref().is_none_or(|(level, ..)| *level != self.level) {
                    *frames = Some((self.level, FrameCompressor::new(CompressionLevel::Level(self.level)), Vec::new()));
                }
                let Some((_, compressor, made)) = frames else { return 0 };
                compressor.compress_independent_frame_into(source, made);
                out.extend_from_slice(made);
                made.len()
            });
            destination.set_position((start + length) as u64);
            Ok(length)
        }
    }

    impl fmt::Debug for Compressor<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Compressor").finish_non_exhaustive()
        }
    }

    /// Decompresses blocks.
    pub struct Decompressor<'a> {
        frames: FrameDecoder,
        dictionary: PhantomData<&'a ()>,
    }

    impl Decompressor<'static> {
        /// A decompressor. Never fails.
        ///
        /// # Errors
        /// None.
        pub fn new() -> io::Result<Self> {
            let mut frames = FrameDecoder::new();
            frames.set_content_checksum(ContentChecksum::Verify);
            Ok(Decompressor { frames, dictionary: PhantomData })
        }
    }

    impl Decompressor<'_> {
        /// Decompresses into the vector's room from where the cursor stands; gives the number of bytes.
        ///
        /// # Errors
        /// Damaged data, or more of it than there is room for.
        pub fn decompress_to_buffer(
            &mut self,
            source: &[u8],
            destination: &mut Cursor<&mut Vec<u8>>,
        ) -> io::Result<usize> {
            let start = usize::try_from(destination.position()).unwrap_or(usize::MAX);
            let out = destination.get_mut();
            out.truncate(start);
            let room = out.capacity().saturating_sub(out.len());
            let made = self.append(source, out, room)?;
            destination.set_position((start + made) as u64);
            Ok(made)
        }

        /// Decompresses to a vector of at most `capacity` bytes.
        ///
        /// # Errors
        /// As `decompress_to_buffer`.
        pub fn decompress(&mut self, source: &[u8], capacity: usize) -> io::Result<Vec<u8>> {
            let mut out = Vec::new();
            self.append(source, &mut out, capacity)?;
            Ok(out)
        }

        fn append(&mut self, source: &[u8], out: &mut Vec<u8>, room: usize) -> io::Result<usize> {
            let start = out.len();
            // What the frames themselves say keeps room that nobody needs from being cleared.
            let told = find_decompressed_size(source).ok().and_then(told).unwrap_or(room);
            if told > room {
                return Err(wrong(format!("the zstd data holds {told} bytes where {room} are expected")));
            }
            out.resize(start + told, 0);
            let target = out.get_mut(start..).unwrap_or_default();
            let made = self.frames.decode_all(source, target);
            let made = made.map_err(|error| wrong(format!("the zstd data is damaged: {error}")))?;
            out.truncate(start + made);
            Ok(made)
        }
    }

    fn told(size: structured_zstd::decoding::FrameContentSize) -> Option<usize> {
        match size {
            structured_zstd::decoding::FrameContentSize::Known(size) => usize::try_from(size).ok(),
            _ => None,
        }
    }

    fn wrong(message: String) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, message)
    }

    impl fmt::Debug for Decompressor<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Decompressor").finish_non_exhaustive()
        }
    }
}

/// What the crate `zstd-safe` offers.
pub mod zstd_safe {
    use structured_zstd::decoding::{FrameContentSize, read_frame_content_size};

    /// A frame's header is damaged.
    #[derive(Debug)]
    pub struct ContentSizeError;

    /// The number of bytes that a frame says it holds, if it does.
    ///
    /// # Errors
    /// A damaged header.
    pub fn get_frame_content_size(source: &[u8]) -> Result<Option<u64>, ContentSizeError> {
        match read_frame_content_size(source) {
            Ok(FrameContentSize::Known(size)) => Ok(Some(size)),
            Ok(_) => Ok(None),
            Err(_) => Err(ContentSizeError),
        }
    }

    /// The most bytes that so many become.
    pub fn compress_bound(source: usize) -> usize {
        source + (source >> 8) + 64
    }
}

#[cfg(test)]
mod tests {
    use super::bulk::{Compressor, Decompressor};
    use std::io::Cursor;

    #[test]
    fn blocks_go_there_and_back_behind_what_is_there() {
        let text = b"some text, some text, some text".repeat(1000);
        let mut frame = b"head".to_vec();
        let mut cursor = Cursor::new(&mut frame);
        cursor.set_position(4);
        let length = Compressor::new(3).unwrap().compress_to_buffer(&text, &mut cursor).unwrap();
        assert_eq!(frame.len(), 4 + length);
        assert!(length < text.len() / 10);
        let mut out = b"start".to_vec();
        out.reserve(text.len());
        let mut cursor = Cursor::new(&mut out);
        cursor.set_position(5);
        let mut decompressor = Decompressor::new().unwrap();
        assert_eq!(decompressor.decompress_to_buffer(&frame[4..], &mut cursor).unwrap(), text.len());
        assert_eq!(out, [b"start".as_slice(), &text].concat());
        assert_eq!(decompressor.decompress(&frame[4..], text.len()).unwrap(), text);
        assert!(decompressor.decompress(&frame[4..], text.len() - 1).is_err());
        assert!(decompressor.decompress(&frame[4..length], text.len()).is_err());
    }
}
