//! What a machine is.

use crate::base::ids::{LeaderEpoch, Millis, Offset};
use crate::machine::outcome::Outcome;
use crate::machine::timer::TimerKey;

/// Where in the log a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayAt {
    /// Its offset.
    pub offset: Offset,
    /// The epoch of the leader that wrote it.
    pub epoch: LeaderEpoch,
}

/// State that only records change. The same `replay` serves live traffic and loading from the log.
pub trait Machine {
    /// What it is told.
    type Record: Clone;

    /// Takes in a record. Must accept whatever its own operations wrote.
    fn replay(&mut self, at: ReplayAt, record: &Self::Record);

    /// A timer is due: decides as an operation does.
    fn on_timer(&self, now: Millis, key: &TimerKey) -> Outcome<Self::Record, ()>;
}
