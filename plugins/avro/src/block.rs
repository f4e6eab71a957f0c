//! The codecs of blocks. Each block stands alone, so it is compressed and decompressed in one go, up to a bound.

use jackfield_sdk::Failure;
use jackfield_sdk::checksums::crc32;
use serde::Deserialize;
use std::io::{self, Read, Write};

/// The most bytes of a block, compressed or not; unit tests are content with less.
pub(crate) const MOST: usize = if cfg!(test) { 2 << 20 } else { 64 << 20 };

/// How blocks are compressed.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Compression {
    #[serde(rename = "none")]
    Null,
    #[default]
    Deflate,
    Snappy,
    Bzip2,
    Xz,
    Zstandard,
}

impl Compression {
    /// As the file's header names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Compression::Null => "null",
            Compression::Deflate => "deflate",
            Compression::Snappy => "snappy",
            Compression::Bzip2 => "bzip2",
            Compression::Xz => "xz",
            Compression::Zstandard => "zstandard",
        }
    }

    /// By the name in a file's header.
    pub(crate) fn named(name: &str) -> Option<Compression> {
        use Compression::{Bzip2, Deflate, Null, Snappy, Xz, Zstandard};
        [Null, Deflate, Snappy, Bzip2, Xz, Zstandard].into_iter().find(|known| known.name() == name)
    }

    /// # Errors
    /// What is wrong with the bytes, or that they would be too many.
    pub(crate) fn decompress(self, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        let text = match self {
            Compression::Null => Ok(bytes.to_vec()),
            Compression::Deflate => inflated(bytes),
            Compression::Bzip2 => limited(bzip2::bufread::BzDecoder::new(bytes)),
            Compression::Xz => limited(lzma_rust2::XzReader::new_mem_limit(bytes, false, 100 << 10)),
            Compression::Zstandard => {
                let decoder = structured_zstd::decoding::FrameDecoder::new();
                limited(structured_zstd::decoding::StreamingDecoder::new_with_decoder(bytes, decoder))
            }
            Compression::Snappy => return snappy(bytes),
        };
        let text = text.map_err(|error| {
            let what = error.to_string();
            Failure::invalid_input("invalid-data", format!("a block is no {} data: {what}", self.name()))
        })?;
        if text.len() > MOST { Err(too_large()) } else { Ok(text) }
    }

    /// # Errors
    /// What a compressor says.
    pub(crate) fn compress(self, text: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Compression::Null => Ok(text.to_vec()),
            Compression::Deflate => {
                let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
                encoder.write_all(text)?;
                encoder.finish()
            }
            Compression::Snappy => {
                let mut bytes = snap::raw::Encoder::new().compress_vec(text).map_err(io::Error::other)?;
                bytes.extend_from_slice(&crc32(0, text).to_be_bytes());
                Ok(bytes)
            }
            Compression::Bzip2 => {
                let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::new(9));
                encoder.write_all(text)?;
                encoder.finish()
            }
            Compression::Xz => {
                let mut options = lzma_rust2::XzOptions::with_preset(3);
                options.lzma_options.dict_size = 1 << 20;
                let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options)?;
                encoder.write_all(text)?;
                encoder.finish()
            }
            Compression::Zstandard => {
                let level = structured_zstd::encoding::CompressionLevel::Level(3);
                let mut encoder = structured_zstd::encoding::StreamingEncoder::new(Vec::new(), level);
                encoder.write_all(text)?;
                encoder.finish()
            }
        }
    }
}

/// All that a decoder gives, and one byte more than there may be where there is more.
fn limited(decoder: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    decoder.take(MOST as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}

/// The library's reader takes data that is cut off for whole, so this one asks whether it came to its end.
fn inflated(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut inflate = flate2::Decompress::new(false);
    let mut text = Vec::with_capacity(bytes.len().saturating_mul(4).clamp(1 << 10, 1 << 20));
    while text.len() <= MOST {
        let (read, before) = (inflate.total_in() as usize, text.len());
        let rest = bytes.get(read..).unwrap_or_default();
        let status = inflate.decompress_vec(rest, &mut text, flate2::FlushDecompress::None)?;
        match status {
            flate2::Status::StreamEnd => break,
            _ if text.len() == text.capacity() => text.reserve(text.len()),
            _ if text.len() == before && inflate.total_in() as usize == read => {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            _ => {}
        }
    }
    Ok(text)
}

fn snappy(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let wrong = |what: &str| Failure::invalid_input("invalid-data", format!("a block is no snappy data: {what}"));
    let (body, told) = bytes.split_last_chunk::<4>().ok_or_else(|| wrong("it has no checksum"))?;
    match snap::raw::decompress_len(body) {
        Ok(length) if length > MOST => return Err(too_large()),
        // What would grow more than any snappy data does is a claim and nothing else.
        Ok(length) if length / 32 > body.len() => return Err(wrong("it cannot be so long")),
        _ => {}
    }
    let text = snap::raw::Decoder::new().decompress_vec(body).map_err(|error| wrong(&error.to_string()))?;
    if crc32(0, &text) != u32::from_be_bytes(*told) {
        return Err(Failure::invalid_input("checksum", "a block's checksum does not match"));
    }
    Ok(text)
}

pub(crate) fn too_large() -> Failure {
    Failure::limit("too-large", format!("a block has more than {} MiB", MOST >> 20))
        .with_help("write the file with smaller blocks: a few hundred KiB are usual")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_codec_goes_there_and_back() {
        let text = jackfield_coding::testing::sample(100_000);
        for name in ["null", "deflate", "snappy", "bzip2", "xz", "zstandard"] {
            let codec = Compression::named(name).unwrap();
            let bytes = codec.compress(&text).unwrap();
            assert!(codec.decompress(&bytes).unwrap() == text, "{name}");
            assert!(codec.decompress(&codec.compress(b"").unwrap()).unwrap().is_empty(), "{name}");
            if codec != Compression::Null {
                for wrong in [&bytes[..bytes.len() / 2], b"", b"nonsense"] {
                    assert!(codec.decompress(wrong).is_err(), "{name}: {} bytes", wrong.len());
                }
            }
        }
    }

    #[test]
    fn bombs_are_stopped() {
        let text = vec![0; MOST + 1];
        for codec in [Compression::Deflate, Compression::Zstandard, Compression::Snappy] {
            let bytes = codec.compress(&text).unwrap();
            assert_eq!(codec.decompress(&bytes).unwrap_err().code, "too-large", "{codec:?}");
        }
    }
}
