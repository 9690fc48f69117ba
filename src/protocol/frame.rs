//! A frame: four bytes of size, then that many bytes of header and body. Pure functions; reading is the server's work.
//!
//! ```text
//!  0        4                        4 + size
//!  | size   | header and body        |
//!  | i32 be | `size` bytes           |
//! ```

use bytes::BytesMut;

/// Bytes of the size in front of each frame.
pub const SIZE_BYTES: usize = 4;
/// The least frame that can hold a request header: key, version, correlation id, and a null client id.
pub const REQUEST_BYTES_MIN: usize = 10;

/// Why a size is refused. The connection has lost its place in the stream and must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The size is below zero.
    #[error("the frame's size {0} is negative")]
    Negative(i32),
    /// The frame is too small to hold a header; zero included.
    #[error("the frame's size {0} is too small for a header")]
    TooSmall(i32),
    /// The frame is larger than the listener takes (`socket.request.max.bytes`).
    #[error("the frame's size {size} is over the limit of {max} bytes")]
    TooLarge {
        /// The size that was announced (bytes).
        size: i32,
        /// What the listener takes (bytes).
        max: usize,
    },
}

/// The size that four bytes announce, if a frame of it is to be read: at most `max` bytes, at least [`REQUEST_BYTES_MIN`].
pub fn size(prefix: [u8; SIZE_BYTES], max: usize) -> Result<usize, FrameError> {
    let size = i32::from_be_bytes(prefix);
    match usize::try_from(size) {
        Err(_) => Err(FrameError::Negative(size)),
        Ok(n) if n > max => Err(FrameError::TooLarge { size, max }),
        Ok(n) if n < REQUEST_BYTES_MIN => Err(FrameError::TooSmall(size)),
        Ok(n) => Ok(n),
    }
}

/// Leaves room for the size at the start of `out`, which must be empty; [`finish`] fills it in.
pub fn start(out: &mut BytesMut) {
    debug_assert!(out.is_empty());
    out.extend_from_slice(&[0; SIZE_BYTES]);
}

/// Writes the size of everything behind the first four bytes, plus `elsewhere` bytes that are sent after `out` but do not
/// lie in it. False if the frame would be larger than a size can say.
#[must_use]
pub fn finish(out: &mut [u8], elsewhere: usize) -> bool {
    let Some(behind) = out.len().checked_sub(SIZE_BYTES) else { return false };
    let Ok(size) = i32::try_from(behind + elsewhere) else { return false };
    out[..SIZE_BYTES].copy_from_slice(&size.to_be_bytes());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sizes_that_can_hold_a_request_pass() {
        let max = 1024;
        assert_eq!(size(1024i32.to_be_bytes(), max), Ok(1024));
        assert_eq!(size(10i32.to_be_bytes(), max), Ok(10));
        assert_eq!(size(1025i32.to_be_bytes(), max), Err(FrameError::TooLarge { size: 1025, max }));
        assert_eq!(size(0i32.to_be_bytes(), max), Err(FrameError::TooSmall(0)));
        assert_eq!(size(9i32.to_be_bytes(), max), Err(FrameError::TooSmall(9)));
        assert_eq!(size((-1i32).to_be_bytes(), max), Err(FrameError::Negative(-1)));
        assert_eq!(size(i32::MIN.to_be_bytes(), max), Err(FrameError::Negative(i32::MIN)));
        assert!(size(i32::MAX.to_be_bytes(), max).is_err());
        // "GET " of a lost browser, "SSLv" of a TLS hello: large sizes, refused before anything is allocated.
        assert!(size(*b"GET ", 100 << 20).is_err());
        assert!(size([0x16, 3, 1, 0], 100 << 20).is_err());
    }

    #[test]
    fn the_size_counts_what_follows_it() {
        let mut out = BytesMut::new();
        start(&mut out);
        out.extend_from_slice(b"abc");
        assert!(finish(&mut out, 4));
        assert_eq!(&out[..], b"\0\0\0\x07abc");
        assert!(!finish(&mut out, usize::try_from(i32::MAX).unwrap()));
        assert!(!finish(&mut [], 0));
    }
}
