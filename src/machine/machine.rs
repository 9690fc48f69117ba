//! What a machine is.

use std::fmt::Debug;
use std::hash::Hash;

use crate::base::ids::{LeaderEpoch, Millis, Offset, ProducerEpoch, ProducerId};
use crate::machine::outcome::{Outcome, Writer};

/// Where in the log a record stands, and in whose name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayAt {
    /// Its offset.
    pub offset: Offset,
    /// The epoch of the leader that wrote it.
    pub epoch: LeaderEpoch,
    /// Who wrote it.
    pub writer: Writer,
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionResult {
    /// What it wrote counts.
    Commit,
    /// What it wrote never was.
    Abort,
}

/// The end of a transaction, as a marker says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionEnd {
    /// Whose transaction.
    pub producer_id: ProducerId,
    /// Its epoch. Where the end bumps it, the new one.
    pub producer_epoch: ProducerEpoch,
    /// How it ended.
    pub result: TransactionResult,
    /// In which epoch its coordinator decided that.
    pub coordinator_epoch: i32,
    /// The epoch is newer than that of the transaction's records (KIP-890).
    pub bumps_epoch: bool,
}

/// State that only records change. The same `replay` serves live traffic and loading from the log.
pub trait Machine: Sized {
    /// What it is told.
    type Record: Clone + Debug;
    /// What it has others do once its records are committed: answer somebody who waits, send something.
    type Effect: Debug;
    /// What its timers are for.
    type Timer: Clone + Debug + Ord + Hash;

    /// Takes in a record. Must accept whatever its own operations wrote.
    fn replay(&mut self, at: ReplayAt, record: &Self::Record);

    /// A transaction that wrote to this log has ended: its marker stands at `at`.
    fn end_transaction(&mut self, at: Offset, end: TransactionEnd) {
        let _ = (at, end);
    }

    /// All records of the log have been replayed and operations will come now: sets the timers of what was loaded.
    fn on_loaded(&self, now: Millis) -> Outcome<Self, ()> {
        let _ = now;
        Outcome::reply(())
    }

    /// A timer is due: decides as an operation does.
    fn on_timer(&self, now: Millis, timer: &Self::Timer) -> Outcome<Self, ()>;
}
