//! What a leader knows of one follower. Pure: the time is given, nothing is locked.
//!
//! Everything here belongs to one leader epoch: a new epoch starts from nothing, so that a fetch made under an older leader
//! never counts (KIP-320: a high watermark raised by a follower of another epoch can commit what that follower will cut off).

use crate::base::ids::{BrokerEpoch, Millis, NodeId, Offset};

/// What a follower tells with a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FollowerFetch {
    /// Who fetches.
    pub node: NodeId,
    /// Under which registration (KIP-903); -1 is "it does not say".
    pub broker_epoch: BrokerEpoch,
    /// From here on: it has everything before.
    pub from: Offset,
    /// Where its log starts.
    pub log_start: Offset,
}

/// The fetch comes from an earlier life of the follower than one that has fetched already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaleBroker;

/// One follower, as of the current leader epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    /// Its log end; -1 until it has fetched in this leader epoch.
    pub log_end: Offset,
    /// Its log start; -1 until it has fetched in this leader epoch.
    pub log_start: Offset,
    /// When it last had everything, on the monotonic clock.
    pub caught_up_at: Option<Millis>,
    /// The registration under which it fetched last; none until it has fetched in this leader epoch.
    pub broker_epoch: Option<BrokerEpoch>,
    /// Where the leader's log ended at its last fetch, and when that was.
    last_fetch: Option<(Offset, Millis)>,
}

impl Follower {
    /// A follower at the start of a leader epoch. One that is in sync is given the benefit of the doubt from `now` on.
    pub fn new(in_sync: bool, now: Millis) -> Self {
        let caught_up_at = in_sync.then_some(now);
        Self { log_end: Offset::NONE, log_start: Offset::NONE, caught_up_at, broker_epoch: None, last_fetch: None }
    }

    /// Takes note of a fetch made while the leader's log ended at `leader_end`.
    pub fn fetched(&mut self, fetch: &FollowerFetch, leader_end: Offset, now: Millis) -> Result<(), StaleBroker> {
        if self.broker_epoch.is_some_and(|known| known > fetch.broker_epoch) {
            return Err(StaleBroker);
        }
        // It had everything when it asked for what lies behind the leader's end: that of now, or that of its last fetch.
        let caught_up_at = if fetch.from >= leader_end {
            Some(now)
        } else {
            self.last_fetch.filter(|(end, _)| fetch.from >= *end).map(|(_, at)| at)
        };
        self.caught_up_at = self.caught_up_at.max(caught_up_at);
        self.last_fetch = Some((leader_end.max(self.last_fetch.map_or(leader_end, |(end, _)| end)), now));
        (self.log_end, self.log_start) = (fetch.from, fetch.log_start);
        self.broker_epoch = Some(fetch.broker_epoch);
        Ok(())
    }

    /// True if it has everything, or had within the last `lag_max`.
    pub fn is_caught_up(&self, leader_end: Offset, now: Millis, lag_max: Millis) -> bool {
        self.log_end == leader_end || self.caught_up_at.is_some_and(|at| now.since(at) <= lag_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetch(from: i64, broker_epoch: i64) -> FollowerFetch {
        let (node, log_start) = (NodeId(2), Offset(0));
        FollowerFetch { node, broker_epoch: BrokerEpoch(broker_epoch), from: Offset(from), log_start }
    }

    #[test]
    fn who_reaches_the_end_of_the_last_fetch_was_caught_up_then() {
        let mut follower = Follower::new(false, Millis(0));
        follower.fetched(&fetch(5, 1), Offset(10), Millis(100)).unwrap();
        assert_eq!(follower.caught_up_at, None);
        follower.fetched(&fetch(10, 1), Offset(20), Millis(200)).unwrap();
        assert_eq!(follower.caught_up_at, Some(Millis(100)), "at 100 the leader ended at 10");
        follower.fetched(&fetch(20, 1), Offset(20), Millis(300)).unwrap();
        assert_eq!(follower.caught_up_at, Some(Millis(300)));
        assert!(follower.is_caught_up(Offset(30), Millis(1300), Millis(1000)));
        assert!(!follower.is_caught_up(Offset(30), Millis(1301), Millis(1000)));
        assert!(follower.is_caught_up(Offset(20), Millis(99_999), Millis(1000)), "it has everything, however long ago");
    }

    #[test]
    fn an_earlier_life_of_the_broker_does_not_count() {
        let mut follower = Follower::new(true, Millis(0));
        follower.fetched(&fetch(5, 7), Offset(10), Millis(1)).unwrap();
        let before = follower.clone();
        assert_eq!(follower.fetched(&fetch(10, 6), Offset(10), Millis(2)), Err(StaleBroker));
        assert_eq!(follower, before);
    }
}
