//! What the log remembers of each idempotent producer: its epoch, its last five batches, its open transaction.
//!
//! With it a batch that is sent again is answered instead of appended again, a gap is refused, and readers know which
//! transactions are open (KIP-98, KIP-360). Pure: checks borrow the state, only `update` and `end_transaction` change it.

use std::collections::{BTreeMap, HashMap};

use super::error::AppendError;
use super::producer_budget::{self, Share};
use super::producer_entry::{BatchMetadata, ProducerEntry};
use super::verification::{FirstBatch, Guard, Verifications};
use crate::base::ids::{Millis, Offset, ProducerEpoch, ProducerId, Sequence};
use crate::base::limits::PRODUCERS_PER_PARTITION_MAX;
use crate::record::batch::BatchHeader;

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
    /// What the coordinator is asked about.
    verifications: Verifications,
    /// How many there are, for the sum over all logs.
    share: Share,
    /// Some come from a snapshot, which holds the last batch of each: those before it may still be in the log.
    restored: bool,
}

/// Whether a transaction's first records need the coordinator's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// They are taken as they come.
    NotNeeded,
    /// It must have been given: here is the question, if one was asked.
    Needed(Option<Guard>),
}

impl ProducerState {
    /// Begins to ask the coordinator about a batch. None: the transaction is open here, so that it knows.
    pub fn begin_verification(&mut self, first: FirstBatch, now: Millis) -> Option<Guard> {
        let is_open = self.has_ongoing(first.producer_id, first.epoch);
        (!is_open).then(|| self.verifications.begin(first, now))
    }

    /// True if the question that `guard` names is still open, or needed no more: the transaction is open here.
    pub fn is_verified(&self, producer_id: ProducerId, epoch: ProducerEpoch, guard: Guard) -> bool {
        self.has_ongoing(producer_id, epoch) || self.verifications.is_open(producer_id, guard)
    }

    fn has_ongoing(&self, producer_id: ProducerId, epoch: ProducerEpoch) -> bool {
        self.producers.get(&producer_id).is_some_and(|e| e.epoch == epoch && e.txn_first_offset().is_some())
    }

    /// Judges a client's batch.
    pub fn check(&self, batch: &BatchHeader, word: Word) -> Result<Verdict, AppendError> {
        let entry = self.producers.get(&batch.producer_id);
        if let Some(before) = entry.and_then(|entry| duplicate(entry, batch)) {
            return Ok(Verdict::Duplicate(before));
        }
        if let Some(entry) = entry {
            check_epoch(entry, batch)?;
        }
        if batch.is_transactional()
            && !self.has_ongoing(batch.producer_id, batch.producer_epoch)
            && let Word::Needed(guard) = word
            && !guard.is_some_and(|guard| self.verifications.is_open(batch.producer_id, guard))
        {
            return Err(AppendError::TransactionState("the records are not part of an ongoing transaction".into()));
        }
        self.check_verified_sequence(batch, entry)?;
        let Some(entry) = entry else {
            // Unknown here: expired, or new. Whatever sequence it begins with is accepted, as Kafka does since KIP-360.
            return Ok(Verdict::Append);
        };
        check_known(entry, batch)?;
        Ok(Verdict::Append)
    }

    /// What the open question says of a batch's sequence: it is not overtaken, and a new epoch begins at 0.
    fn check_verified_sequence(&self, batch: &BatchHeader, entry: Option<&ProducerEntry>) -> Result<(), AppendError> {
        let Some(open) = self.verifications.find(batch.producer_id) else { return Ok(()) };
        let is_unknown = entry.is_none_or(|entry| entry.last().is_none());
        let begins_late = open.bumps_epoch && is_unknown && batch.base_sequence != Sequence(0);
        if begins_late || batch.base_sequence > open.lowest_sequence {
            let (producer_id, got) = (batch.producer_id, batch.base_sequence);
            return Err(AppendError::OutOfOrderSequence { producer_id, last: Sequence::NONE, got });
        }
        Ok(())
    }
    /// Judges records that a coordinator writes in a producer's name.
    pub fn check_coordinator(&self, batch: &BatchHeader) -> Result<(), AppendError> {
        self.producers.get(&batch.producer_id).map_or(Ok(()), |entry| check_epoch(entry, batch))
    }

    /// Judges the marker that ends a transaction: neither its producer's epoch nor its coordinator's may be older than the
    /// newest. With `bumps_epoch` it must be newer than the transaction's (KIP-1228), unless the transaction is over already.
    pub fn check_marker(
        &self,
        marker: &BatchHeader,
        coordinator_epoch: i32,
        bumps_epoch: bool,
    ) -> Result<(), AppendError> {
        let producer_id = marker.producer_id;
        let Some(entry) = self.producers.get(&producer_id) else { return Ok(()) };
        check_epoch(entry, marker)?;
        let is_last = marker.producer_epoch.0 == i16::MAX;
        if bumps_epoch && marker.producer_epoch == entry.epoch && entry.txn_first_offset().is_some() && !is_last {
            return Err(AppendError::ProducerFenced { producer_id, current: entry.epoch, got: marker.producer_epoch });
        }
        if coordinator_epoch < entry.coordinator_epoch {
            let (current, got) = (entry.coordinator_epoch, coordinator_epoch);
            return Err(AppendError::CoordinatorFenced { producer_id, current, got });
        }
        Ok(())
    }

    /// Notes a batch that was appended at its header's offsets. Control batches go to `end_transaction`.
    pub fn update(&mut self, batch: &BatchHeader, now: Millis) {
        if !batch.has_producer() || batch.is_control() {
            return;
        }
        if !self.producers.contains_key(&batch.producer_id) {
            self.make_room();
        }
        let entry = self.producers.entry(batch.producer_id).or_insert_with(|| ProducerEntry::new(batch.producer_epoch));
        if batch.producer_epoch != entry.epoch {
            let (coordinator_epoch, txn) = (entry.coordinator_epoch, entry.txn_first_offset());
            *entry = ProducerEntry::new(batch.producer_epoch);
            entry.coordinator_epoch = coordinator_epoch;
            entry.set_txn_first_offset(txn);
        }
        entry.last_timestamp = batch.max_timestamp.max(now);
        entry.add(batch.into());
        if batch.is_transactional() {
            self.verifications.appended(batch.producer_id);
            if entry.txn_first_offset().is_none() {
                entry.set_txn_first_offset(Some(batch.base_offset));
                self.ongoing.insert(batch.base_offset, batch.producer_id);
            }
        }
    }

    /// Notes an end-of-transaction marker and returns the first offset of the transaction it ended, if one was open.
    pub fn end_transaction(&mut self, marker: &BatchHeader, coordinator_epoch: i32, now: Millis) -> Option<Offset> {
        self.verifications.ended(marker.producer_id, marker.producer_epoch);
        if !self.producers.contains_key(&marker.producer_id) {
            self.make_room();
        }
        let entry =
            self.producers.entry(marker.producer_id).or_insert_with(|| ProducerEntry::new(marker.producer_epoch));
        if marker.producer_epoch > entry.epoch {
            let txn = entry.txn_first_offset();
            *entry = ProducerEntry::new(marker.producer_epoch);
            entry.set_txn_first_offset(txn);
        }
        entry.coordinator_epoch = coordinator_epoch;
        entry.last_timestamp = marker.max_timestamp.max(now);
        let first = entry.txn_first_offset()?;
        entry.set_txn_first_offset(None);
        self.ongoing.remove(&first);
        Some(first)
    }

    /// The first offset of the oldest open transaction.
    pub fn first_unstable(&self) -> Option<Offset> {
        self.ongoing.keys().next().copied()
    }

    /// Forgets producers unheard for longer than `span`, but for those with an open transaction.
    pub fn expire(&mut self, now: Millis, span: Millis) {
        self.verifications.expire(now, span);
        for entry in self.producers.values_mut() {
            // Stamps are the client's: one that lies ahead shall not keep its producer for ever.
            entry.last_timestamp = entry.last_timestamp.min(now);
        }
        self.forget(|entry| now.since(entry.last_timestamp) >= span);
    }

    /// Forgets producers that were last heard before that moment, or at it, but for those with an open transaction.
    pub fn forget_until(&mut self, moment: Millis) {
        self.forget(|entry| entry.last_timestamp <= moment);
    }

    fn forget(&mut self, goes: impl Fn(&ProducerEntry) -> bool) {
        self.producers.retain(|_, entry| entry.txn_first_offset().is_some() || !goes(entry));
        // A map keeps the room of all it ever held.
        if self.producers.len() < self.producers.capacity() / 4 {
            self.producers.shrink_to_fit();
        }
        self.share.set(self.producers.len());
    }

    /// When each producer without an open transaction was last heard.
    pub fn silent_since(&self) -> impl Iterator<Item = Millis> {
        self.producers.values().filter(|e| e.txn_first_offset().is_none()).map(|e| e.last_timestamp)
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
                current_txn_start_offset: e.txn_first_offset(),
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
        last_timestamp: Millis,
        last: BatchMetadata,
        txn_first_offset: Option<Offset>,
    ) {
        let mut entry = ProducerEntry::new(epoch);
        entry.coordinator_epoch = coordinator_epoch;
        entry.last_timestamp = last_timestamp;
        entry.set_txn_first_offset(txn_first_offset);
        if !last.last_sequence.is_none() {
            entry.add(last);
        }
        if let Some(first) = txn_first_offset {
            self.ongoing.insert(first, id);
        }
        self.producers.insert(id, entry);
        self.share.set(self.producers.len());
        self.restored = true;
    }

    /// True if the log may hold batches that would be remembered, had no snapshot come in between.
    pub fn is_restored(&self) -> bool {
        self.restored
    }

    /// The epoch in which a producer's batches are remembered.
    pub fn epoch_of(&self, id: ProducerId) -> Option<ProducerEpoch> {
        self.producers.get(&id).map(|entry| entry.epoch)
    }

    /// Puts back the batches before those of the snapshot: `seen` is what the end of the log tells of each producer.
    pub fn recall(&mut self, seen: HashMap<ProducerId, ProducerEntry>) {
        for (id, seen) in seen {
            if let Some(entry) = self.producers.get_mut(&id) {
                entry.recall(seen);
            }
        }
        self.restored = false;
    }

    /// Makes room for one more, where there is none: for a sixteenth at a time, so that many pay for one search.
    fn make_room(&mut self) {
        if self.producers.len() >= PRODUCERS_PER_PARTITION_MAX || producer_budget::is_full() {
            let idle = self.producers.iter().filter(|(_, e)| e.txn_first_offset().is_none());
            let mut by_age: Vec<(Millis, ProducerId)> = idle.map(|(id, e)| (e.last_timestamp, *id)).collect();
            let goes = by_age.len().div_ceil(16);
            if goes > 0 {
                by_age.select_nth_unstable(goes - 1);
            }
            for (_, id) in &by_age[..goes] {
                self.producers.remove(id);
            }
        }
        self.share.set(self.producers.len() + 1);
    }
}

/// The batch as it was appended before, if it was.
fn duplicate(entry: &ProducerEntry, batch: &BatchHeader) -> Option<BatchMetadata> {
    let same =
        |b: &BatchMetadata| b.first_sequence() == batch.base_sequence && b.last_sequence == batch.last_sequence();
    if batch.producer_epoch == entry.epoch { entry.batches().find(same) } else { None }
}

fn check_epoch(entry: &ProducerEntry, batch: &BatchHeader) -> Result<(), AppendError> {
    let (producer_id, current, got) = (batch.producer_id, entry.epoch, batch.producer_epoch);
    if got < current { Err(AppendError::ProducerFenced { producer_id, current, got }) } else { Ok(()) }
}

/// Whether a batch continues what is known of its producer.
fn check_known(entry: &ProducerEntry, batch: &BatchHeader) -> Result<(), AppendError> {
    let producer_id = batch.producer_id;
    // A new incarnation starts over, and so does one that has written nothing yet but whose marker is here.
    let last = entry.last().filter(|_| batch.producer_epoch == entry.epoch).map_or(Sequence::NONE, |b| b.last_sequence);
    let expected = if last.is_none() { Sequence(0) } else { last.plus(1) };
    if batch.base_sequence != expected {
        return Err(AppendError::OutOfOrderSequence { producer_id, last, got: batch.base_sequence });
    }
    if let Some(since) = entry.txn_first_offset().filter(|_| !batch.is_transactional()) {
        return Err(AppendError::TransactionState(format!(
            "producer {producer_id} has had a transaction open since offset {since} and sent a batch outside it"
        )));
    }
    Ok(())
}

#[cfg(test)]
#[path = "producer_state_test.rs"]
mod tests;
