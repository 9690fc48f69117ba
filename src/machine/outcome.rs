//! What an operation decided.

use std::fmt;

use crate::base::ids::{ProducerEpoch, ProducerId};
use crate::machine::machine::Machine;
use crate::machine::timer::TimerChange;

/// Names somebody whose reply is parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaiterId(pub u64);

/// The answer, or who will wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<T> {
    /// Goes out once everything written so far is committed.
    Now(T),
    /// Will be given by a later effect that names the waiter.
    Parked(WaiterId),
}

/// In whose name records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Writer {
    /// The machine's own.
    #[default]
    Machine,
    /// A transaction's: what the records say counts only once a commit marker of the same producer follows them.
    Transaction(ProducerId, ProducerEpoch),
}

/// The decision: nothing has happened yet.
pub struct Outcome<M: Machine, T> {
    /// To be appended in one batch, then replayed.
    pub records: Vec<M::Record>,
    /// In whose name.
    pub writer: Writer,
    /// To be replayed but never appended: parked members, deadlines.
    pub soft: Vec<M::Record>,
    /// The answer.
    pub reply: Reply<T>,
    /// Timers to set and to clear.
    pub timers: Vec<TimerChange<M::Timer>>,
    /// What follows once the records are committed.
    pub after_commit: Vec<M::Effect>,
}

impl<M: Machine, T> Outcome<M, T> {
    /// An answer that changes nothing.
    pub fn reply(reply: T) -> Self {
        Self::records(Vec::new(), reply)
    }

    /// Records and an answer.
    pub fn records(records: Vec<M::Record>, reply: T) -> Self {
        Self::new(records, Reply::Now(reply))
    }

    /// An answer that a later effect will give.
    pub fn parked(waiter: WaiterId) -> Self {
        Self::new(Vec::new(), Reply::Parked(waiter))
    }

    fn new(records: Vec<M::Record>, reply: Reply<T>) -> Self {
        let (soft, timers, after_commit) = (Vec::new(), Vec::new(), Vec::new());
        Self { records, writer: Writer::Machine, soft, reply, timers, after_commit }
    }

    /// The same decision with another answer.
    #[must_use]
    pub fn map<U>(self, map: impl FnOnce(T) -> U) -> Outcome<M, U> {
        let reply = match self.reply {
            Reply::Now(reply) => Reply::Now(map(reply)),
            Reply::Parked(waiter) => Reply::Parked(waiter),
        };
        let Self { records, writer, soft, timers, after_commit, .. } = self;
        Outcome { records, writer, soft, reply, timers, after_commit }
    }

    /// Replays `record` as well, without appending it.
    #[must_use]
    pub fn soft(mut self, record: M::Record) -> Self {
        self.soft.push(record);
        self
    }

    /// Sets or clears a timer as well.
    #[must_use]
    pub fn timer(mut self, change: TimerChange<M::Timer>) -> Self {
        self.timers.push(change);
        self
    }

    /// Does something more after the commit.
    #[must_use]
    pub fn then(mut self, effect: M::Effect) -> Self {
        self.after_commit.push(effect);
        self
    }
}

impl<M: Machine, T: fmt::Debug> fmt::Debug for Outcome<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("records", &self.records)
            .field("writer", &self.writer)
            .field("soft", &self.soft)
            .field("reply", &self.reply)
            .field("timers", &self.timers)
            .field("after_commit", &self.after_commit)
            .finish()
    }
}
