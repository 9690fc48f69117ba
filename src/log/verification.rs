//! Transactional records that the coordinator was asked about, and not appended yet (KIP-890).
//!
//! A partition takes a transaction's first records only from a producer of whom the coordinator says that the partition takes
//! part. Between that answer and the append, the transaction may end: its marker forgets the question, and the append that comes
//! too late is refused. Otherwise it would open a transaction that nobody ends.

use std::collections::HashMap;

use crate::base::ids::{Millis, ProducerEpoch, ProducerId, Sequence};
use crate::base::limits::VERIFICATIONS_PER_PARTITION_MAX;

/// Names a question: who appends shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard(u64);

/// A producer's first batch of a transaction, of which the coordinator is asked.
#[derive(Debug, Clone, Copy)]
pub struct FirstBatch {
    /// Who sends it.
    pub producer_id: ProducerId,
    /// In which incarnation.
    pub epoch: ProducerEpoch,
    /// Its first sequence.
    pub sequence: Sequence,
    /// The producer has a new epoch for each transaction, so that its sequences begin at 0.
    pub bumps_epoch: bool,
}

/// A question that is open.
#[derive(Debug)]
pub struct Verification {
    guard: Guard,
    /// Of which epoch.
    pub epoch: ProducerEpoch,
    /// The lowest sequence that was asked about: a later batch must not overtake it.
    pub lowest_sequence: Sequence,
    /// See [`FirstBatch::bumps_epoch`].
    pub bumps_epoch: bool,
    since: Millis,
}

/// All that are open in one partition.
#[derive(Debug, Default)]
pub struct Verifications {
    open: HashMap<ProducerId, Verification>,
    next: u64,
}

impl Verifications {
    /// Begins to ask, or goes on.
    pub fn begin(&mut self, first: FirstBatch, now: Millis) -> Guard {
        if self.open.len() >= VERIFICATIONS_PER_PARTITION_MAX
            && !self.open.contains_key(&first.producer_id)
            && let Some(oldest) = self.open.iter().min_by_key(|(_, v)| v.since).map(|(id, _)| *id)
        {
            self.open.remove(&oldest);
        }
        let FirstBatch { epoch, sequence, bumps_epoch, .. } = first;
        let guard = Guard(self.next);
        self.next += 1;
        let new = Verification { guard, epoch, lowest_sequence: sequence, bumps_epoch, since: now };
        let open = self.open.entry(first.producer_id).or_insert(new);
        if epoch > open.epoch {
            (open.epoch, open.lowest_sequence) = (epoch, sequence);
        } else if epoch == open.epoch {
            open.lowest_sequence = open.lowest_sequence.min(sequence);
        }
        open.guard
    }

    /// The open question about a producer.
    pub fn find(&self, id: ProducerId) -> Option<&Verification> {
        self.open.get(&id)
    }

    /// True if `guard` names the open question about the producer.
    pub fn is_open(&self, id: ProducerId, guard: Guard) -> bool {
        self.open.get(&id).is_some_and(|open| open.guard == guard)
    }

    /// The producer's records are appended: nothing is open any more.
    pub fn appended(&mut self, id: ProducerId) {
        self.open.remove(&id);
    }

    /// The producer's transaction has ended. A question that is already about the next one, as its epoch tells, stays open.
    pub fn ended(&mut self, id: ProducerId, marker_epoch: ProducerEpoch) {
        if !self.open.get(&id).is_some_and(|open| open.bumps_epoch && open.epoch == marker_epoch) {
            self.open.remove(&id);
        }
    }

    /// Forgets what is open for longer than `span`.
    pub fn expire(&mut self, now: Millis, span: Millis) {
        self.open.retain(|_, open| now.since(open.since) < span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(epoch: i16, sequence: i32, bumps_epoch: bool) -> FirstBatch {
        FirstBatch {
            producer_id: ProducerId(1),
            epoch: ProducerEpoch(epoch),
            sequence: Sequence(sequence),
            bumps_epoch,
        }
    }

    #[test]
    fn a_question_is_over_once_the_transaction_is() {
        let mut open = Verifications::default();
        let guard = open.begin(first(0, 5, false), Millis(0));
        assert_eq!(open.begin(first(0, 3, false), Millis(1)), guard);
        assert_eq!(open.find(ProducerId(1)).map(|v| v.lowest_sequence), Some(Sequence(3)));
        open.ended(ProducerId(1), ProducerEpoch(0));
        assert!(!open.is_open(ProducerId(1), guard));
        assert_ne!(open.begin(first(0, 3, false), Millis(2)), guard);
    }

    #[test]
    fn a_question_about_the_next_transaction_outlives_the_marker_of_the_one_before() {
        let mut open = Verifications::default();
        let guard = open.begin(first(4, 0, true), Millis(0));
        open.ended(ProducerId(1), ProducerEpoch(4));
        assert!(open.is_open(ProducerId(1), guard));
        open.ended(ProducerId(1), ProducerEpoch(5));
        assert!(!open.is_open(ProducerId(1), guard));
    }
}
