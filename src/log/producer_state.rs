//! What the log remembers of each idempotent producer: its epoch, its last five batches, its open transaction.
//!
//! With it a batch that is sent again is answered instead of appended again, a gap is refused, and readers know which
//! transactions are open (KIP-98, KIP-360). Pure: checks borrow the state, only `update` and `end_transaction` change it.

use std::collections::{BTreeMap, HashMap};

use super::error::AppendError;
use crate::base::ids::{Millis, Offset, ProducerEpoch, ProducerId, Sequence};
use crate::base::limits::PRODUCERS_PER_PARTITION_MAX;
use crate::record::batch::BatchHeader;

/// Batches remembered of each producer, as Kafka does: what a client may have in flight.
pub const BATCHES_KEPT: usize = 5;

/// A batch that was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchMetadata {
    /// Its last sequence.
    pub last_sequence: Sequence,
    /// Its last offset.
    pub last_offset: Offset,
    /// Its last offset less its first.
    pub offset_delta: i32,
    /// Its greatest timestamp.
    pub timestamp: Millis,
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

/// One producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerEntry {
    /// Its newest epoch.
    pub epoch: ProducerEpoch,
    /// The epoch of the coordinator that last ended a transaction of its, or -1.
    pub coordinator_epoch: i32,
    /// When it was last heard.
    pub last_timestamp: Millis,
    /// The first offset of its open transaction.
    pub txn_first_offset: Option<Offset>,
    batches: [BatchMetadata; BATCHES_KEPT],
    kept: u8,
}

impl ProducerEntry {
    fn new(epoch: ProducerEpoch) -> Self {
        let none = BatchMetadata {
            last_sequence: Sequence::NONE,
            last_offset: Offset::NONE,
            offset_delta: 0,
            timestamp: Millis::NONE,
        };
        Self {
            epoch,
            coordinator_epoch: -1,
            last_timestamp: Millis::NONE,
            txn_first_offset: None,
            batches: [none; BATCHES_KEPT],
            kept: 0,
        }
    }

    /// The batches remembered, the oldest first.
    pub fn batches(&self) -> &[BatchMetadata] {
        &self.batches[..usize::from(self.kept)]
    }

    /// The last batch.
    pub fn last(&self) -> Option<&BatchMetadata> {
        self.batches().last()
    }

    fn add(&mut self, batch: BatchMetadata) {
        if usize::from(self.kept) == BATCHES_KEPT {
            self.batches.rotate_left(1);
        } else {
            self.kept += 1;
        }
        self.batches[usize::from(self.kept) - 1] = batch;
    }
}

/// A producer as DescribeProducers shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveProducer {
    /// Which.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub producer_epoch: ProducerEpoch,
    /// Its last sequence, or -1.
    pub last_sequence: Sequence,
    /// When it was last heard.
    pub last_timestamp: Millis,
    /// See [`ProducerEntry::coordinator_epoch`].
    pub coordinator_epoch: i32,
    /// The first offset of its open transaction.
    pub current_txn_start_offset: Option<Offset>,
}

/// What to do with a producer's batch.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It continues.
    Append,
    /// It was appended before, there.
    Duplicate(BatchMetadata),
}

/// All producers of one partition.
#[derive(Debug, Default)]
pub struct ProducerState {
    producers: HashMap<ProducerId, ProducerEntry>,
    /// Open transactions by first offset. The first one bounds the last stable offset.
    ongoing: BTreeMap<Offset, ProducerId>,
}

impl ProducerState {
    /// Judges a client's batch.
    pub fn check(&self, batch: &BatchHeader) -> Result<Verdict, AppendError> {
        let producer_id = batch.producer_id;
        let Some(entry) = self.producers.get(&producer_id) else {
            // Unknown here: expired, or new. Whatever sequence it begins with is accepted, as Kafka does since KIP-360.
            return Ok(Verdict::Append);
        };
        if batch.producer_epoch < entry.epoch {
            return Err(AppendError::ProducerFenced { producer_id, current: entry.epoch, got: batch.producer_epoch });
        }
        let out_of_order = |last| Err(AppendError::OutOfOrderSequence { producer_id, last, got: batch.base_sequence });
        if let Some(since) = entry.txn_first_offset.filter(|_| !batch.is_transactional()) {
            return Err(AppendError::TransactionState(format!(
                "producer {producer_id} has had a transaction open since offset {since} and sent a batch outside it"
            )));
        }
        if batch.producer_epoch > entry.epoch {
            // A new incarnation starts over.
            return if batch.base_sequence == Sequence(0) { Ok(Verdict::Append) } else { out_of_order(Sequence::NONE) };
        }
        let same =
            |b: &&BatchMetadata| b.first_sequence() == batch.base_sequence && b.last_sequence == batch.last_sequence();
        if let Some(before) = entry.batches().iter().find(same) {
            return Ok(Verdict::Duplicate(*before));
        }
        match entry.last() {
            Some(last) if last.last_sequence.plus(1) != batch.base_sequence => out_of_order(last.last_sequence),
            _ => Ok(Verdict::Append),
        }
    }

    /// Judges a batch of a coordinator: neither its producer's epoch nor, in a marker, its own may be older than the newest.
    pub fn check_coordinator(&self, batch: &BatchHeader, coordinator_epoch: Option<i32>) -> Result<(), AppendError> {
        let producer_id = batch.producer_id;
        let Some(entry) = self.producers.get(&producer_id) else { return Ok(()) };
        if batch.producer_epoch < entry.epoch {
            return Err(AppendError::ProducerFenced { producer_id, current: entry.epoch, got: batch.producer_epoch });
        }
        match coordinator_epoch {
            Some(got) if got < entry.coordinator_epoch => {
                Err(AppendError::CoordinatorFenced { producer_id, current: entry.coordinator_epoch, got })
            }
            _ => Ok(()),
        }
    }

    /// Notes a batch that was appended at its header's offsets. Control batches go to `end_transaction`.
    pub fn update(&mut self, batch: &BatchHeader, now: Millis) {
        if !batch.has_producer() || batch.is_control() {
            return;
        }
        if self.producers.len() >= PRODUCERS_PER_PARTITION_MAX && !self.producers.contains_key(&batch.producer_id) {
            self.drop_longest_silent();
        }
        let entry = self.producers.entry(batch.producer_id).or_insert_with(|| ProducerEntry::new(batch.producer_epoch));
        if batch.producer_epoch != entry.epoch {
            let (coordinator_epoch, txn) = (entry.coordinator_epoch, entry.txn_first_offset);
            *entry = ProducerEntry::new(batch.producer_epoch);
            (entry.coordinator_epoch, entry.txn_first_offset) = (coordinator_epoch, txn);
        }
        entry.last_timestamp = batch.max_timestamp.max(now);
        entry.add(BatchMetadata {
            last_sequence: batch.last_sequence(),
            last_offset: batch.last_offset(),
            offset_delta: batch.last_offset_delta,
            timestamp: batch.max_timestamp,
        });
        if batch.is_transactional() && entry.txn_first_offset.is_none() {
            entry.txn_first_offset = Some(batch.base_offset);
            self.ongoing.insert(batch.base_offset, batch.producer_id);
        }
    }

    /// Notes an end-of-transaction marker and returns the first offset of the transaction it ended, if one was open.
    pub fn end_transaction(&mut self, marker: &BatchHeader, coordinator_epoch: i32, now: Millis) -> Option<Offset> {
        let entry =
            self.producers.entry(marker.producer_id).or_insert_with(|| ProducerEntry::new(marker.producer_epoch));
        if marker.producer_epoch > entry.epoch {
            let txn = entry.txn_first_offset;
            *entry = ProducerEntry::new(marker.producer_epoch);
            entry.txn_first_offset = txn;
        }
        entry.coordinator_epoch = coordinator_epoch;
        entry.last_timestamp = marker.max_timestamp.max(now);
        let first = entry.txn_first_offset.take()?;
        self.ongoing.remove(&first);
        Some(first)
    }

    /// The first offset of the oldest open transaction.
    pub fn first_unstable(&self) -> Option<Offset> {
        self.ongoing.keys().next().copied()
    }

    /// Forgets producers unheard for longer than `span`, but for those with an open transaction.
    pub fn expire(&mut self, now: Millis, span: Millis) {
        self.producers.retain(|_, e| e.txn_first_offset.is_some() || now.since(e.last_timestamp) < span);
    }

    /// How many producers are remembered.
    pub fn len(&self) -> usize {
        self.producers.len()
    }
    /// True if none is.
    pub fn is_empty(&self) -> bool {
        self.producers.is_empty()
    }

    /// All producers, for DescribeProducers.
    pub fn active(&self) -> Vec<ActiveProducer> {
        self.producers
            .iter()
            .map(|(id, e)| ActiveProducer {
                producer_id: *id,
                producer_epoch: e.epoch,
                last_sequence: e.last().map_or(Sequence::NONE, |b| b.last_sequence),
                last_timestamp: e.last_timestamp,
                coordinator_epoch: e.coordinator_epoch,
                current_txn_start_offset: e.txn_first_offset,
            })
            .collect()
    }

    /// All producers, for a snapshot.
    pub fn entries(&self) -> impl Iterator<Item = (ProducerId, &ProducerEntry)> {
        self.producers.iter().map(|(id, entry)| (*id, entry))
    }

    /// Puts a producer back from a snapshot.
    pub fn restore(
        &mut self,
        id: ProducerId,
        epoch: ProducerEpoch,
        coordinator_epoch: i32,
        last: BatchMetadata,
        txn_first_offset: Option<Offset>,
    ) {
        let mut entry = ProducerEntry::new(epoch);
        entry.coordinator_epoch = coordinator_epoch;
        entry.last_timestamp = last.timestamp;
        entry.txn_first_offset = txn_first_offset;
        if !last.last_sequence.is_none() {
            entry.add(last);
        }
        if let Some(first) = txn_first_offset {
            self.ongoing.insert(first, id);
        }
        self.producers.insert(id, entry);
    }

    /// Makes room for a sixteenth at a time, so that many pay for one search.
    fn drop_longest_silent(&mut self) {
        let idle = self.producers.iter().filter(|(_, e)| e.txn_first_offset.is_none());
        let mut by_age: Vec<(Millis, ProducerId)> = idle.map(|(id, e)| (e.last_timestamp, *id)).collect();
        let goes = (PRODUCERS_PER_PARTITION_MAX / 16).min(by_age.len());
        if goes == 0 {
            return;
        }
        by_age.select_nth_unstable(goes - 1);
        for (_, id) in &by_age[..goes] {
            self.producers.remove(id);
        }
    }
}

#[cfg(test)]
#[path = "producer_state_test.rs"]
mod tests;
