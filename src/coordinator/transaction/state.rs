//! The states of a transaction, and what is known of one transactional id.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::ids::{Millis, ProducerEpoch, ProducerId, TopicPartition};
use crate::machine::machine::TransactionResult;

/// The last epoch that a producer may use; the one behind it is left for fencing that producer.
pub const LAST_EPOCH: ProducerEpoch = ProducerEpoch(i16::MAX - 1);
/// The timeout that stands for "an outer coordinator decides" (KIP-939): such a transaction is never overdue.
pub const NEVER_OVERDUE_MS: i32 = i32::MAX;

macro_rules! states {
    ($($(#[$doc:meta])* $state:ident = $number:literal $name:literal),* $(,)?) => {
        /// Where a transaction stands. Numbers and names are Kafka's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i8)]
        pub enum TransactionState {
            $($(#[$doc])* $state = $number),*
        }

        impl TransactionState {
            /// From the number in a record.
            pub fn from_number(number: i8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$state),)*
                    _ => None,
                }
            }
            /// The name that clients see and filter by.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$state => $name),*
                }
            }
            /// From that name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$state),)*
                    _ => None,
                }
            }
        }
    };
}

states! {
    /// There has been none yet.
    Empty = 0 "Empty",
    /// Partitions take part.
    Ongoing = 1 "Ongoing",
    /// It will be committed.
    PrepareCommit = 2 "PrepareCommit",
    /// It will be aborted.
    PrepareAbort = 3 "PrepareAbort",
    /// It is committed, and every partition knows.
    CompleteCommit = 4 "CompleteCommit",
    /// It is aborted, and every partition knows.
    CompleteAbort = 5 "CompleteAbort",
    /// The id is being forgotten. Never written, and here never entered: a tombstone takes effect at once.
    Dead = 6 "Dead",
    /// Its producer is being fenced. Never written, and here never entered: fencing and aborting are one step.
    PrepareEpochFence = 7 "PrepareEpochFence",
}

impl TransactionState {
    /// What was decided, once it is.
    pub fn prepared(self) -> Option<TransactionResult> {
        match self {
            Self::PrepareCommit => Some(TransactionResult::Commit),
            Self::PrepareAbort => Some(TransactionResult::Abort),
            _ => None,
        }
    }

    /// The state before completion.
    pub fn preparing(result: TransactionResult) -> Self {
        match result {
            TransactionResult::Commit => Self::PrepareCommit,
            TransactionResult::Abort => Self::PrepareAbort,
        }
    }

    /// The state after completion.
    pub fn completing(result: TransactionResult) -> Self {
        match result {
            TransactionResult::Commit => Self::CompleteCommit,
            TransactionResult::Abort => Self::CompleteAbort,
        }
    }

    /// True if nothing is under way: the id may be given to a producer again, or forgotten.
    pub fn is_idle(self) -> bool {
        matches!(self, Self::Empty | Self::CompleteCommit | Self::CompleteAbort)
    }

    /// True if `next` may follow.
    pub fn may_become(self, next: Self) -> bool {
        match next {
            Self::Empty => self.is_idle(),
            Self::Ongoing | Self::PrepareAbort => self.is_idle() || self == Self::Ongoing,
            Self::PrepareCommit => self == Self::Ongoing,
            Self::CompleteCommit => self == Self::PrepareCommit,
            Self::CompleteAbort => self == Self::PrepareAbort,
            Self::Dead | Self::PrepareEpochFence => false,
        }
    }
}

/// How a client speaks of transactions, and what a cluster has finalised (`transaction.version`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TransactionVersion(pub i16);

impl TransactionVersion {
    /// As before KIP-890.
    pub const V0: Self = Self(0);
    /// Records may have tagged fields.
    pub const V1: Self = Self(1);
    /// Every transaction has its own epoch; partitions join by being produced to.
    pub const V2: Self = Self(2);

    /// True if each transaction's end bumps the epoch.
    pub fn bumps_epoch(self) -> bool {
        self >= Self::V2
    }

    /// The version of the value that is written.
    pub fn value_version(self) -> i16 {
        i16::from(self >= Self::V1)
    }
}

/// A producer id in one of its incarnations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Producer {
    /// Which.
    pub id: ProducerId,
    /// Which incarnation.
    pub epoch: ProducerEpoch,
}

impl Producer {
    /// Puts the two together.
    pub fn new(id: ProducerId, epoch: ProducerEpoch) -> Self {
        Self { id, epoch }
    }
}

/// What is known of a transactional id: what its newest record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionMetadata {
    /// Who may write now. While a transaction is prepared: whom its markers name.
    pub producer: Producer,
    /// The id before the last change.
    pub prev_producer_id: ProducerId,
    /// The id that the producer goes on with after this transaction, where its epochs are used up; else none.
    pub next_producer_id: ProducerId,
    /// The epoch before the last bump, by which a retry is known; not written to the log.
    pub last_epoch: ProducerEpoch,
    /// How long a transaction may take (ms).
    pub timeout_ms: i32,
    /// Where the transaction stands.
    pub state: TransactionState,
    /// The partitions that take part.
    pub partitions: Arc<BTreeSet<TopicPartition>>,
    /// When the transaction began; -1 before the first.
    pub started: Millis,
    /// When the id was last used.
    pub updated: Millis,
    /// How the client spoke when it last said something.
    pub client_version: TransactionVersion,
    /// The version of the value that says this.
    pub value_version: i16,
}

impl TransactionMetadata {
    /// A new id, before its first record: no epoch has been given yet.
    pub fn new(id: ProducerId, timeout_ms: i32, now: Millis) -> Self {
        Self {
            producer: Producer::new(id, ProducerEpoch::NONE),
            prev_producer_id: ProducerId::NONE,
            next_producer_id: ProducerId::NONE,
            last_epoch: ProducerEpoch::NONE,
            timeout_ms,
            state: TransactionState::Empty,
            partitions: Arc::default(),
            started: Millis::NONE,
            updated: now,
            client_version: TransactionVersion::V0,
            value_version: 0,
        }
    }

    /// True if the producer has no epoch left.
    pub fn is_exhausted(&self) -> bool {
        self.producer.epoch >= LAST_EPOCH
    }

    /// The epoch before the last bump as far as a record tells, which does not hold it: where the end of a transaction was that bump.
    /// Kafka's coordinator forgets it when it moves, and fences a producer that did not hear how its transaction ended.
    pub fn epoch_before(&self) -> ProducerEpoch {
        let is_ended = !matches!(self.state, TransactionState::Empty | TransactionState::Ongoing);
        match self.producer.epoch.0 {
            _ if !is_ended || !self.client_version.bumps_epoch() => ProducerEpoch::NONE,
            0 if self.prev_producer_id != self.producer.id => LAST_EPOCH,
            epoch => ProducerEpoch(epoch.saturating_sub(1)).max(ProducerEpoch::NONE),
        }
    }

    /// When a transaction that is under way is overdue. None: never.
    pub fn overdue_at(&self) -> Option<Millis> {
        let deadline = self.started.plus(Millis(i64::from(self.timeout_ms) + 1));
        (self.state == TransactionState::Ongoing && self.timeout_ms != NEVER_OVERDUE_MS).then_some(deadline)
    }

    /// The next epoch. There always is one but for the last of all, at which a producer is fenced and never written to again.
    pub fn next_epoch(&self) -> ProducerEpoch {
        ProducerEpoch(self.producer.epoch.0.saturating_add(1))
    }

    /// This in another state, remembering whose it was.
    pub fn become_state(&self, state: TransactionState, now: Millis) -> Self {
        assert!(self.state.may_become(state), "a transaction went from {:?} to {state:?}", self.state);
        Self { state, prev_producer_id: self.producer.id, updated: now, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_come_back() {
        for number in 0..8 {
            let state = TransactionState::from_number(number).expect("a state");
            assert_eq!((state as i8, TransactionState::from_name(state.name())), (number, Some(state)));
        }
        assert_eq!(TransactionState::from_number(8), None);
    }
}
