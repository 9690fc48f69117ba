//! What an operation decided.

use crate::machine::timer::TimerChange;

/// Names somebody whose reply is parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaiterId(pub u64);

/// The answer, or who will wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<T> {
    /// Goes out once everything written so far is committed.
    Now(T),
    /// Will be given by a later [`Effect::Answer`].
    Parked(WaiterId),
}

/// Something to be done once the records are committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Answer a parked reply: the operation that parks says how.
    Answer(WaiterId),
}

/// The decision: nothing has happened yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome<R, T> {
    /// To be appended, then replayed.
    pub records: Vec<R>,
    /// To be replayed but never appended: parked members, deadlines.
    pub soft: Vec<R>,
    /// The answer.
    pub reply: Reply<T>,
    /// Timers to set and to clear.
    pub timers: Vec<TimerChange>,
    /// What follows once the records are committed.
    pub after_commit: Vec<Effect>,
}

impl<R, T> Outcome<R, T> {
    /// An answer that changes nothing.
    pub fn reply(reply: T) -> Self {
        Self::records(Vec::new(), reply)
    }

    /// Records and an answer.
    pub fn records(records: Vec<R>, reply: T) -> Self {
        let (soft, timers, after_commit) = (Vec::new(), Vec::new(), Vec::new());
        Self { records, soft, reply: Reply::Now(reply), timers, after_commit }
    }

    /// Sets or clears a timer as well.
    #[must_use]
    pub fn timer(mut self, change: TimerChange) -> Self {
        self.timers.push(change);
        self
    }

    /// Does something more after the commit.
    #[must_use]
    pub fn then(mut self, effect: Effect) -> Self {
        self.after_commit.push(effect);
        self
    }
}
