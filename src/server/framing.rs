//! Splitting frames off a connection's read buffer, and how much room to make for the next read.
//!
//! A large frame is a slice of the buffer. A small one is copied: whoever keeps something of it (a request that waits, a batch
//! in a tail cache) then keeps a few hundred bytes, and not the whole buffer from its core's other connections.

use bytes::{Buf, Bytes, BytesMut};

use crate::protocol::frame::{self, FrameError, SIZE_BYTES};

/// Room that every read has at least (bytes).
const ROOM_MIN: usize = 4 * 1024;
/// A frame up to this size gets its room at once; a larger one gets room as its bytes arrive, so that announcing a size
/// costs the sender as much as it costs us.
const AT_ONCE_MAX: usize = 1 << 20;
/// A frame up to this size is copied (bytes).
const COPIED_MAX: usize = 2 * 1024;

/// The next whole frame, without its size, or `None` while bytes are missing. `bytes_max` bounds what a frame may announce.
pub fn split(buffer: &mut BytesMut, bytes_max: usize) -> Result<Option<Bytes>, FrameError> {
    let Some(size) = announced(buffer, bytes_max)? else { return Ok(None) };
    if buffer.len() < SIZE_BYTES + size {
        return Ok(None);
    }
    buffer.advance(SIZE_BYTES);
    if size > COPIED_MAX {
        return Ok(Some(buffer.split_to(size).freeze()));
    }
    let frame = Bytes::copy_from_slice(&buffer[..size]);
    buffer.advance(size);
    Ok(Some(frame))
}

/// How many bytes of room the next read should have behind what is buffered. A refused size asks for none: `split` tells why.
pub fn room(buffer: &BytesMut, bytes_max: usize) -> usize {
    match announced(buffer, bytes_max) {
        Ok(Some(size)) => {
            let missing = (SIZE_BYTES + size).saturating_sub(buffer.len());
            missing.min(AT_ONCE_MAX.max(buffer.len())).max(ROOM_MIN)
        }
        _ => ROOM_MIN,
    }
}

fn announced(buffer: &BytesMut, bytes_max: usize) -> Result<Option<usize>, FrameError> {
    match buffer.first_chunk::<SIZE_BYTES>() {
        Some(prefix) => frame::size(*prefix, bytes_max).map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_off_whole_and_in_order() {
        let mut buffer = BytesMut::new();
        for body in [[1u8; 12], [2u8; 12]] {
            buffer.extend_from_slice(&12i32.to_be_bytes());
            buffer.extend_from_slice(&body);
        }
        buffer.extend_from_slice(&[0, 0]);
        assert_eq!(split(&mut buffer, 100).unwrap().unwrap(), &[1; 12][..]);
        assert_eq!(split(&mut buffer, 100).unwrap().unwrap(), &[2; 12][..]);
        assert_eq!(split(&mut buffer, 100).unwrap(), None);
        assert_eq!(buffer.len(), 2);
    }

    #[test]
    fn a_small_frame_that_is_kept_does_not_keep_the_buffer() {
        let mut buffer = BytesMut::with_capacity(8 * COPIED_MAX);
        let capacity = buffer.capacity();
        let mut take = |size: usize| {
            buffer.clear();
            assert!(buffer.try_reclaim(capacity));
            buffer.extend_from_slice(&(size as i32).to_be_bytes());
            buffer.resize(SIZE_BYTES + size, 7);
            let frame = split(&mut buffer, 1 << 20).unwrap().unwrap();
            assert_eq!(frame.len(), size);
            (frame, buffer.try_reclaim(capacity))
        };
        let (_small, is_whole) = take(COPIED_MAX);
        assert!(is_whole);
        let (_large, is_whole) = take(COPIED_MAX + 1);
        assert!(!is_whole);
    }

    #[test]
    fn room_follows_what_has_arrived_not_what_is_announced() {
        let mut buffer = BytesMut::new();
        assert_eq!(room(&buffer, 100 << 20), ROOM_MIN);
        buffer.extend_from_slice(&(100i32 << 20).to_be_bytes());
        assert_eq!(room(&buffer, 100 << 20), AT_ONCE_MAX);
        buffer.resize(3 << 20, 0);
        assert_eq!(room(&buffer, 100 << 20), (3 << 20) - 4 + 4);
        assert!(split(&mut buffer, 1 << 20).is_err());
    }
}
