//! The four codecs, each bounded: what comes out may never exceed what the caller allows, whatever the input declares.
//!
//! Snappy comes in two forms: raw blocks, and the chunked stream of the xerial library that Java clients write:
//!
//! ```text
//!  82 "SNAPPY" 00 | version i32 | compatible version i32 | (chunk length i32 | raw snappy block)*
//! ```

use std::io::{Read, Write};

use crate::base::codec::Reader;

/// A batch's codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// As it is.
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy, raw or in xerial's stream.
    Snappy,
    /// LZ4 frames of independent blocks (KIP-57).
    Lz4,
    /// Zstandard (KIP-110).
    Zstd,
}

/// Why bytes could not be compressed or decompressed.
#[derive(Debug, thiserror::Error)]
pub enum CompressionError {
    /// The output would exceed the bound.
    #[error("{codec} data grows past the {max} bytes allowed")]
    TooLarge {
        /// The codec.
        codec: &'static str,
        /// The bound (bytes).
        max: usize,
    },
    /// The bytes are not what the codec expects.
    #[error("{codec} data is damaged: {reason}")]
    Damaged {
        /// The codec.
        codec: &'static str,
        /// What the codec says.
        reason: String,
    },
}

const XERIAL_MAGIC: &[u8; 8] = b"\x82SNAPPY\x00";
const XERIAL_HEADER_BYTES: usize = 16;
/// Uncompressed bytes of one chunk of a xerial stream, as the Java library cuts them.
const XERIAL_CHUNK_BYTES: usize = 32 * 1024;

impl Compression {
    /// Every codec.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// The codec with this number in a batch's attributes.
    pub fn from_id(id: i16) -> Option<Self> {
        Self::ALL.get(usize::try_from(id).ok()?).copied()
    }

    /// The number in a batch's attributes.
    pub fn id(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }

    /// Kafka's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The codec with this name; `uncompressed` is another name of `none`.
    pub fn from_name(name: &str) -> Option<Self> {
        if name == "uncompressed" {
            return Some(Self::None);
        }
        Self::ALL.into_iter().find(|c| c.name() == name)
    }

    /// Decompresses at most `max` bytes.
    pub fn decompress(self, bytes: &[u8], max: usize) -> Result<Vec<u8>, CompressionError> {
        match self {
            Self::None if bytes.len() > max => Err(CompressionError::TooLarge { codec: self.name(), max }),
            Self::None => Ok(bytes.to_vec()),
            Self::Gzip => self.bounded(flate2::read::MultiGzDecoder::new(bytes), max),
            Self::Snappy => self.snappy(bytes, max),
            Self::Lz4 => self.bounded(lz4_flex::frame::FrameDecoder::new(bytes), max),
            Self::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(|e| self.damaged(e))?;
                self.bounded(decoder, max)
            }
        }
    }

    /// Compresses; `level` in the codec's own scale, or its default.
    pub fn compress(self, bytes: &[u8], level: Option<i32>) -> Result<Vec<u8>, CompressionError> {
        let damaged = |e: std::io::Error| self.damaged(e);
        match self {
            Self::None => Ok(bytes.to_vec()),
            Self::Gzip => {
                let level = level
                    .and_then(|l| u32::try_from(l).ok())
                    .map_or_else(flate2::Compression::default, flate2::Compression::new);
                let mut out = flate2::write::GzEncoder::new(Vec::new(), level);
                out.write_all(bytes).map_err(damaged)?;
                out.finish().map_err(damaged)
            }
            Self::Snappy => {
                let mut out = Vec::with_capacity(bytes.len() / 2 + XERIAL_HEADER_BYTES);
                out.extend_from_slice(XERIAL_MAGIC);
                out.extend_from_slice(&1i32.to_be_bytes());
                out.extend_from_slice(&1i32.to_be_bytes());
                for chunk in bytes.chunks(XERIAL_CHUNK_BYTES) {
                    let block = snap::raw::Encoder::new().compress_vec(chunk).map_err(|e| self.damaged(e))?;
                    out.extend_from_slice(&(block.len() as i32).to_be_bytes());
                    out.extend_from_slice(&block);
                }
                Ok(out)
            }
            Self::Lz4 => {
                // Block independence and no content checksum: what Kafka's own readers take (KIP-57).
                let info = lz4_flex::frame::FrameInfo::new().block_size(lz4_flex::frame::BlockSize::Max64KB);
                let mut out = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
                out.write_all(bytes).map_err(damaged)?;
                out.finish().map_err(|e| self.damaged(e))
            }
            Self::Zstd => {
                zstd::stream::encode_all(bytes, level.unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL)).map_err(damaged)
            }
        }
    }

    fn bounded(self, mut from: impl Read, max: usize) -> Result<Vec<u8>, CompressionError> {
        let mut out = Vec::new();
        from.by_ref().take(max as u64 + 1).read_to_end(&mut out).map_err(|e| self.damaged(e))?;
        if out.len() > max {
            return Err(CompressionError::TooLarge { codec: self.name(), max });
        }
        Ok(out)
    }

    fn snappy(self, bytes: &[u8], max: usize) -> Result<Vec<u8>, CompressionError> {
        let mut out = Vec::new();
        if !bytes.starts_with(XERIAL_MAGIC) {
            self.snappy_block(bytes, max, &mut out)?;
            return Ok(out);
        }
        let chunks = bytes.get(XERIAL_HEADER_BYTES..).ok_or_else(|| self.damaged("its header is cut short"))?;
        let mut reader = Reader::new(chunks);
        while reader.remaining() > 0 {
            let length = reader.i32().map_err(|e| self.damaged(e))?;
            let length = usize::try_from(length).map_err(|_| self.damaged("a chunk's length is negative"))?;
            let block = reader.bytes(length).map_err(|e| self.damaged(e))?;
            self.snappy_block(block, max, &mut out)?;
        }
        Ok(out)
    }

    /// One raw block. Its declared length is checked against the bound, and against what the input could give at best,
    /// before anything is allocated for it.
    fn snappy_block(self, block: &[u8], max: usize, out: &mut Vec<u8>) -> Result<(), CompressionError> {
        /// A copy element of three bytes gives at most 64 bytes: no input grows by more.
        const GROWTH_MAX: usize = 64;
        let declared = snap::raw::decompress_len(block).map_err(|e| self.damaged(e))?;
        if declared > max.saturating_sub(out.len()) {
            return Err(CompressionError::TooLarge { codec: self.name(), max });
        }
        if declared > block.len().saturating_mul(GROWTH_MAX) {
            return Err(self.damaged("it declares more than it can hold"));
        }
        let start = out.len();
        out.resize(start + declared, 0);
        let n = snap::raw::Decoder::new().decompress(block, &mut out[start..]).map_err(|e| self.damaged(e))?;
        out.truncate(start + n);
        Ok(())
    }

    fn damaged(self, reason: impl std::fmt::Display) -> CompressionError {
        CompressionError::Damaged { codec: self.name(), reason: reason.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_refused_at_the_bound() {
        let zeros = vec![0u8; 4 << 20];
        for codec in Compression::ALL {
            let packed = codec.compress(&zeros, None).unwrap();
            assert!(matches!(codec.decompress(&packed, 1 << 20), Err(CompressionError::TooLarge { .. })), "{codec:?}");
            assert_eq!(codec.decompress(&packed, 4 << 20).unwrap().len(), 4 << 20);
        }
    }

    #[test]
    fn garbage_is_an_error() {
        for codec in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
            assert!(codec.decompress(&[0xff; 64], 1 << 20).is_err(), "{codec:?}");
        }
        let lying = [0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3];
        assert!(Compression::Snappy.decompress(&lying, usize::MAX).is_err());
    }
}
