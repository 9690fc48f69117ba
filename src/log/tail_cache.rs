//! The newest batches of a log in memory, for consumers that keep up: sending them from hot memory costs half of what
//! sendfile costs, and they need no lookup.
//!
//! A batch is held as the frame it came in, not copied, but for small ones, which would pin a buffer many times their
//! size. A log caches only while it is read near its end: one that is only written to keeps reusing the same few
//! buffers, which is worth more. What all logs hold together is bounded by `TAIL_CACHE_BYTES_MAX`.
//!
//! Invariant: the batches held follow each other without a gap and end where the log ends.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::{BufMut, Bytes, BytesMut};
use parking_lot::Mutex;

use crate::base::ids::Offset;
use crate::base::limits::{TAIL_CACHE_BYTES_MAX, TAIL_CACHE_BYTES_PER_LOG_MAX};
use crate::record::batch::{BatchHeader, FRESH_BYTES};
use crate::record::records::Records;

/// Batches below this size (bytes) are copied; larger ones pin the frame that they came in.
const COPY_BELOW: usize = 16 * 1024;

/// What all logs of this process hold.
static HELD: AtomicUsize = AtomicUsize::new(0);

struct Cached {
    first: Offset,
    next: Offset,
    /// The batch from its start: in one piece, or as fresh head and client's tail.
    pieces: [Bytes; 2],
    len: usize,
}

/// The cache of one log.
#[derive(Default)]
pub struct TailCache {
    batches: Mutex<Batches>,
    wanted: AtomicBool,
    used: AtomicBool,
}

#[derive(Default)]
struct Batches {
    list: VecDeque<Cached>,
    bytes: usize,
}

/// What a read found.
pub struct Hit {
    /// Whole batches.
    pub records: Records,
    /// The offset behind the last of them.
    pub next: Offset,
}

impl TailCache {
    /// Notes that somebody reads near the end: from now on what is appended is held.
    pub fn want(&self) {
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
            self.wanted.store(true, Ordering::Relaxed);
        }
    }

    /// True while appends are to be held.
    pub fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Gives everything back if nobody has read near the end since the last call. To be called every few seconds.
    pub fn tick(&self) {
        if self.is_wanted() && !self.used.swap(false, Ordering::Relaxed) {
            self.wanted.store(false, Ordering::Relaxed);
            self.clear();
        }
    }

    /// Forgets all: the log's end moved back.
    pub fn clear(&self) {
        *self.batches.lock() = Batches::default();
    }

    /// Forgets the batches that begin before `offset`: compaction has left something else of them.
    pub fn forget_before(&self, offset: Offset) {
        let mut batches = self.batches.lock();
        while batches.list.front().is_some_and(|oldest| oldest.first < offset) && batches.drop_oldest() {}
    }

    /// Holds a batch that was just appended: `head` in front of `batch`'s own tail. Call under the writer's lock.
    pub fn push(&self, header: &BatchHeader, head: &[u8; FRESH_BYTES], batch: &Bytes) {
        let len = batch.len();
        let pieces = if len < COPY_BELOW {
            let mut whole = BytesMut::with_capacity(len);
            whole.put_slice(head);
            whole.put_slice(&batch[FRESH_BYTES..]);
            [whole.freeze(), Bytes::new()]
        } else {
            [Bytes::copy_from_slice(head), batch.slice(FRESH_BYTES..)]
        };
        let mut batches = self.batches.lock();
        if batches.list.back().is_some_and(|last| last.next != header.base_offset) {
            *batches = Batches::default();
        }
        while batches.bytes + len > TAIL_CACHE_BYTES_PER_LOG_MAX && batches.drop_oldest() {}
        while HELD.load(Ordering::Relaxed) + len > TAIL_CACHE_BYTES_MAX && batches.drop_oldest() {}
        if batches.bytes + len > TAIL_CACHE_BYTES_PER_LOG_MAX
            || HELD.load(Ordering::Relaxed) + len > TAIL_CACHE_BYTES_MAX
        {
            return; // the list is empty now, so no gap arises
        }
        batches.bytes += len;
        HELD.fetch_add(len, Ordering::Relaxed);
        batches.list.push_back(Cached { first: header.base_offset, next: header.next_offset(), pieces, len });
    }

    /// Whole batches from the one that holds `from` up to `bound`, at most `max_bytes`, the first one in any case if
    /// `min_one_batch`. `None` if they are not all here, or none fits: the file knows better then.
    pub fn read(&self, from: Offset, bound: Offset, max_bytes: usize, min_one_batch: bool) -> Option<Hit> {
        if !self.is_wanted() {
            return None;
        }
        let batches = self.batches.lock();
        if batches.list.front().is_none_or(|oldest| oldest.first > from) {
            return None;
        }
        let start = batches.list.partition_point(|batch| batch.next <= from);
        let (mut pieces, mut bytes, mut next) = (Vec::new(), 0, from);
        for batch in batches.list.range(start..).take_while(|batch| batch.next <= bound) {
            if bytes + batch.len > max_bytes && !(pieces.is_empty() && min_one_batch) {
                break;
            }
            pieces.extend(batch.pieces.iter().filter(|piece| !piece.is_empty()).cloned());
            bytes += batch.len;
            next = batch.next;
        }
        drop(batches);
        let records = if pieces.len() == 1 { Records::Memory(pieces.pop()?) } else { Records::Pieces(pieces) };
        self.want();
        (bytes > 0).then_some(Hit { records, next })
    }
}

impl Batches {
    fn drop_oldest(&mut self) -> bool {
        let Some(oldest) = self.list.pop_front() else { return false };
        self.bytes -= oldest.len;
        HELD.fetch_sub(oldest.len, Ordering::Relaxed);
        true
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        HELD.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::LeaderEpoch;
    use crate::base::ids::Millis;
    use crate::record::batch::fresh_head;
    use crate::record::builder::BatchBuilder;
    use crate::record::compression::Compression;

    /// A batch of two records with values of `len` bytes at `base`; returns what must be read back.
    fn push(cache: &TailCache, base: i64, len: usize) -> Vec<u8> {
        let mut builder = BatchBuilder::new();
        for _ in 0..2 {
            builder.append(Millis(1), None, Some(&vec![b'v'; len]), &[]);
        }
        let bytes = builder.build(Offset(base), LeaderEpoch(3), Compression::None).unwrap();
        let header = BatchHeader::parse(&bytes).unwrap();
        cache.push(&header, &fresh_head(header.base_offset, header.length, header.leader_epoch), &bytes);
        bytes.to_vec()
    }

    fn bytes(hit: Option<Hit>) -> Option<Vec<u8>> {
        match hit?.records {
            Records::Memory(bytes) => Some(bytes.to_vec()),
            Records::Pieces(pieces) => Some(pieces.concat()),
            Records::File(_) => unreachable!("the cache has no file"),
        }
    }

    #[test]
    fn gives_whole_batches_from_the_one_asked_for() {
        let cache = TailCache::default();
        cache.want();
        let all: Vec<_> = (0..4).map(|i| push(&cache, i * 2, 20_000)).collect();
        assert_eq!(bytes(cache.read(Offset(3), Offset(8), 1 << 20, true)), Some(all[1..].concat()));
        assert_eq!(bytes(cache.read(Offset(2), Offset(6), 1 << 20, true)), Some(all[1..3].concat()));
        assert_eq!(bytes(cache.read(Offset(4), Offset(8), 10, true)), Some(all[2].clone()));
        assert_eq!(bytes(cache.read(Offset(4), Offset(8), 10, false)), None);
        assert_eq!(bytes(cache.read(Offset(8), Offset(8), 1 << 20, true)), None);
    }

    #[test]
    fn holds_no_more_than_its_share_and_knows_what_it_lacks() {
        let cache = TailCache::default();
        cache.want();
        let newest = (0..100).map(|i| push(&cache, i * 2, 20_000)).last().unwrap();
        assert!(cache.batches.lock().bytes <= TAIL_CACHE_BYTES_PER_LOG_MAX);
        assert!(cache.read(Offset(0), Offset(200), 1 << 20, true).is_none());
        assert_eq!(bytes(cache.read(Offset(198), Offset(200), 1 << 20, true)), Some(newest));
    }

    #[test]
    fn a_gap_starts_it_anew() {
        let cache = TailCache::default();
        cache.want();
        push(&cache, 0, 100);
        let behind = push(&cache, 10, 100);
        assert!(cache.read(Offset(0), Offset(12), 1 << 20, true).is_none());
        assert_eq!(bytes(cache.read(Offset(10), Offset(12), 1 << 20, true)), Some(behind));
    }

    #[test]
    fn forgets_when_nobody_reads() {
        let cache = TailCache::default();
        cache.want();
        push(&cache, 0, 100);
        cache.tick();
        assert!(cache.read(Offset(0), Offset(2), 1 << 20, true).is_some());
        cache.tick();
        cache.tick();
        assert!(!cache.is_wanted());
        assert!(cache.batches.lock().list.is_empty());
    }
}
