//! Read buffers, a few per core, lent to connections while bytes arrive. An idle connection holds none.

use std::cell::RefCell;

use bytes::BytesMut;

/// A pooled buffer's size (bytes): most requests fit, a producer's batch of 64 KiB with what is around it among them, and one
/// read takes what a busy client has sent meanwhile.
pub const BUFFER_BYTES: usize = 128 * 1024;
/// Buffers that one core keeps.
const SPARE_MAX: usize = 16;

thread_local! {
    static SPARE: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// A buffer with nothing in it.
pub fn take() -> BytesMut {
    SPARE.with_borrow_mut(Vec::pop).unwrap_or_else(|| BytesMut::with_capacity(BUFFER_BYTES))
}

/// Takes an empty buffer back; one whose memory is still lent out (a produced batch in a tail cache) is let go instead.
pub fn give_back(mut buffer: BytesMut) {
    if buffer.capacity() == 0 {
        return;
    }
    buffer.clear();
    if buffer.try_reclaim(BUFFER_BYTES) && buffer.capacity() <= 4 * BUFFER_BYTES {
        SPARE.with_borrow_mut(|spare| {
            if spare.len() < SPARE_MAX {
                spare.push(buffer);
            }
        });
    }
}
