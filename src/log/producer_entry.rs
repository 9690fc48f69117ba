//! One producer of one partition, in 56 bytes: there may be very many.
//!
//! A producer's batches follow each other without a gap in their sequences; so of all but the last one, the distance to the
//! next and the size say everything. Two small numbers each nearly always fit beside the rest; where they do not, they get
//! a place of their own.
//!
//! ```text
//!     oldest                                    last
//!   [ batch 3 ] others' [ batch 2 ] ... [ batch 0: whole ]
//!     records   distance  records
//! ```

use crate::base::codec::{Reader, Writer};
use crate::base::ids::{Millis, Offset, ProducerEpoch, Sequence};
use crate::record::batch::BatchHeader;

/// Batches remembered of each producer, as Kafka does: what a client may have in flight.
pub const BATCHES_KEPT: usize = 5;
/// What is remembered of all but the last, in short.
const PACKED_BYTES: usize = 15;

/// A batch that was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchMetadata {
    /// Its last sequence.
    pub last_sequence: Sequence,
    /// Its last offset.
    pub last_offset: Offset,
    /// Its last offset less its first.
    pub offset_delta: i32,
}

impl BatchMetadata {
    /// Its first sequence.
    pub fn first_sequence(&self) -> Sequence {
        let first = i64::from(self.last_sequence.0) - i64::from(self.offset_delta);
        Sequence(if first < 0 { first + i64::from(i32::MAX) + 1 } else { first } as i32)
    }
    /// Its first offset.
    pub fn first_offset(&self) -> Offset {
        self.last_offset.plus(-i64::from(self.offset_delta))
    }
}

impl From<&BatchHeader> for BatchMetadata {
    fn from(batch: &BatchHeader) -> Self {
        Self {
            last_sequence: batch.last_sequence(),
            last_offset: batch.last_offset(),
            offset_delta: batch.last_offset_delta,
        }
    }
}

/// A batch as it lies before the next one of its producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Before {
    /// Offsets between the two.
    distance: i64,
    /// Its last offset less its first.
    offset_delta: i32,
}

/// The batches before the last, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Earlier {
    Packed([u8; PACKED_BYTES]),
    Apart(Box<[Before; BATCHES_KEPT - 1]>),
}

/// One producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerEntry {
    /// When it was last heard.
    pub last_timestamp: Millis,
    txn_first_offset: Offset,
    last: BatchMetadata,
    /// The epoch of the coordinator that last ended a transaction of its, or -1.
    pub coordinator_epoch: i32,
    earlier: Earlier,
    /// Its newest epoch.
    pub epoch: ProducerEpoch,
    /// Batches remembered.
    kept: u8,
}

const _: () = assert!(size_of::<ProducerEntry>() <= 56);

impl ProducerEntry {
    /// A producer that has sent nothing yet.
    pub fn new(epoch: ProducerEpoch) -> Self {
        Self {
            last_timestamp: Millis::NONE,
            txn_first_offset: Offset::NONE,
            last: BatchMetadata { last_sequence: Sequence::NONE, last_offset: Offset::NONE, offset_delta: 0 },
            coordinator_epoch: -1,
            earlier: Earlier::Packed([0; PACKED_BYTES]),
            epoch,
            kept: 0,
        }
    }

    /// The first offset of its open transaction.
    pub fn txn_first_offset(&self) -> Option<Offset> {
        (!self.txn_first_offset.is_none()).then_some(self.txn_first_offset)
    }

    /// A transaction begins, or ends.
    pub fn set_txn_first_offset(&mut self, first: Option<Offset>) {
        self.txn_first_offset = first.unwrap_or(Offset::NONE);
    }

    /// The last batch.
    pub fn last(&self) -> Option<&BatchMetadata> {
        (self.kept > 0).then_some(&self.last)
    }

    /// The batches remembered, the newest first.
    pub fn batches(&self) -> impl Iterator<Item = BatchMetadata> {
        let mut next = self.last;
        let before = self.before();
        let earlier = before.into_iter().take(usize::from(self.kept).saturating_sub(1)).map(move |b| {
            next = BatchMetadata {
                last_sequence: before_sequence(next.first_sequence()),
                last_offset: next.first_offset().plus(-b.distance - 1),
                offset_delta: b.offset_delta,
            };
            next
        });
        self.last().copied().into_iter().chain(earlier)
    }

    /// Notes a batch that was appended.
    pub fn add(&mut self, batch: BatchMetadata) {
        let follows = self.kept > 0
            && !batch.last_sequence.is_none()
            && self.last.last_sequence.plus(1) == batch.first_sequence()
            && batch.first_offset() > self.last.last_offset;
        if follows {
            let distance = batch.first_offset().since(self.last.last_offset) - 1;
            let mut before = self.before();
            before.rotate_right(1);
            before[0] = Before { distance, offset_delta: self.last.offset_delta };
            self.kept = (self.kept + 1).min(BATCHES_KEPT as u8);
            self.keep(before);
        } else {
            // A coordinator's records have no sequences, and a follower may not know what came before.
            self.kept = 1;
            self.earlier = Earlier::Packed([0; PACKED_BYTES]);
        }
        self.last = batch;
    }

    /// Takes over the batches before the last from one that has seen more of the same producer.
    pub fn recall(&mut self, seen: Self) {
        if seen.kept > self.kept && seen.last() == self.last() {
            (self.earlier, self.kept) = (seen.earlier, seen.kept);
        }
    }

    fn before(&self) -> [Before; BATCHES_KEPT - 1] {
        match &self.earlier {
            Earlier::Packed(bytes) => unpack(bytes),
            Earlier::Apart(before) => **before,
        }
    }

    fn keep(&mut self, before: [Before; BATCHES_KEPT - 1]) {
        match (&mut self.earlier, pack(&before)) {
            (Earlier::Apart(apart), _) => **apart = before,
            (packed, Some(bytes)) => *packed = Earlier::Packed(bytes),
            (packed, None) => *packed = Earlier::Apart(Box::new(before)),
        }
    }
}

fn before_sequence(first: Sequence) -> Sequence {
    Sequence(if first.0 == 0 { i32::MAX } else { first.0 - 1 })
}

/// Distance and size of each, as varints. A batch that is not there is two zeros, as the bytes behind the last are.
fn pack(before: &[Before; BATCHES_KEPT - 1]) -> Option<[u8; PACKED_BYTES]> {
    let mut w = Writer::with_capacity(PACKED_BYTES);
    for b in before {
        w.uvarint(u32::try_from(b.distance).ok()?);
        w.uvarint(u32::try_from(b.offset_delta).ok()?);
    }
    let used = w.as_slice();
    let used = &used[..used.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)];
    let mut bytes = [0; PACKED_BYTES];
    bytes.get_mut(..used.len())?.copy_from_slice(used);
    Some(bytes)
}

fn unpack(bytes: &[u8; PACKED_BYTES]) -> [Before; BATCHES_KEPT - 1] {
    let mut r = Reader::new(bytes);
    let mut next = || r.uvarint().unwrap_or(0);
    [(); BATCHES_KEPT - 1].map(|()| Before { distance: i64::from(next()), offset_delta: next() as i32 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_last_five_batches_come_back(
            start in prop_oneof![Just(0i32), Just(i32::MAX - 40), 0..i32::MAX],
            sizes in prop::collection::vec((0..100_000i32, 0..10_000_000_000i64), 1..12),
        ) {
            let mut entry = ProducerEntry::new(ProducerEpoch(0));
            let (mut sequence, mut offset) = (Sequence(start), Offset(7));
            let mut sent = Vec::new();
            for (count, gap) in sizes {
                offset = offset.plus(gap % [1, 100, 100_000, 10_000_000_000][(gap % 4) as usize]);
                let batch = BatchMetadata {
                    last_sequence: sequence.plus(count),
                    last_offset: offset.plus(i64::from(count)),
                    offset_delta: count,
                };
                entry.add(batch);
                sent.push(batch);
                (sequence, offset) = (sequence.plus(count + 1), batch.last_offset.plus(1));
            }
            let newest: Vec<_> = sent.into_iter().rev().take(BATCHES_KEPT).collect();
            prop_assert_eq!(entry.batches().collect::<Vec<_>>(), newest);
        }
    }

    #[test]
    fn what_does_not_follow_is_all_that_is_known() {
        let batch = |sequence, offset| BatchMetadata {
            last_sequence: Sequence(sequence),
            last_offset: Offset(offset),
            offset_delta: 0,
        };
        let mut entry = ProducerEntry::new(ProducerEpoch(0));
        for b in [batch(0, 0), batch(1, 5), batch(9, 6)] {
            entry.add(b);
        }
        assert_eq!(entry.batches().collect::<Vec<_>>(), [batch(9, 6)]);
        for _ in 0..2 {
            entry.add(batch(-1, 7));
        }
        assert_eq!(entry.batches().count(), 1);
    }
}
