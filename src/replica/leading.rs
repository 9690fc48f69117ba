//! What a leader keeps while it leads: its followers, the in-sync set, and what follows from both. Pure.
//!
//! One value per leader epoch. Orderings that hold throughout:
//!
//! ```text
//!  high watermark ≤ log end of every replica of the maximal in-sync set
//!  a replica joins only with  log end ≥ high watermark  and  log end ≥ epoch start,  fetched in this epoch, as it is alive now
//! ```

use std::collections::BTreeMap;

use crate::base::ids::{BrokerEpoch, LeaderEpoch, Millis, NodeId, Offset, PartitionEpoch};
use crate::replica::follower::{Follower, FollowerFetch};
use crate::replica::isr::{self, Change, Isr, IsrAnswer, Next, Proposal};

/// Under which registration a broker is alive and may be in sync: none if it is fenced, shutting down or not there.
pub type Alive<'a> = &'a dyn Fn(NodeId) -> Option<BrokerEpoch>;

/// Where the leader's log stands.
#[derive(Debug, Clone, Copy)]
pub struct LogEnds {
    /// Its end.
    pub log_end: Offset,
    /// Its high watermark.
    pub high_watermark: Offset,
}

/// Why a follower's fetch does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowerError {
    /// It holds no replica of the partition.
    NotAssigned,
    /// It is an earlier life of the broker.
    Stale,
}

/// One leader epoch of one partition.
#[derive(Debug, Clone)]
pub struct Leading {
    leader: NodeId,
    epoch: LeaderEpoch,
    epoch_start: Offset,
    lag_max: Millis,
    followers: BTreeMap<NodeId, Follower>,
    isr: Isr,
}

impl Leading {
    /// Begins `epoch`, with the log ending at `epoch_start`.
    pub fn new(
        leader: NodeId,
        (epoch, epoch_start): (LeaderEpoch, Offset),
        replicas: &[NodeId],
        (partition_epoch, isr): (PartitionEpoch, &[NodeId]),
        lag_max: Millis,
        now: Millis,
    ) -> Self {
        let followers = replicas.iter().filter(|node| **node != leader);
        let followers = followers.map(|node| (*node, Follower::new(isr.contains(node), now))).collect();
        Self { leader, epoch, epoch_start, lag_max, followers, isr: Isr::new(epoch, partition_epoch, isr.to_vec()) }
    }

    /// The epoch.
    pub fn epoch(&self) -> LeaderEpoch {
        self.epoch
    }

    /// Where the log ended when the epoch began.
    pub fn epoch_start(&self) -> Offset {
        self.epoch_start
    }

    /// The in-sync set.
    pub fn isr(&self) -> &Isr {
        &self.isr
    }

    /// True if no other broker holds a replica.
    pub fn is_alone(&self) -> bool {
        self.followers.is_empty()
    }

    /// A follower.
    pub fn follower(&self, node: NodeId) -> Option<&Follower> {
        self.followers.get(&node)
    }

    /// All followers.
    pub fn followers(&self) -> impl Iterator<Item = (NodeId, &Follower)> {
        self.followers.iter().map(|(node, follower)| (*node, follower))
    }

    /// Takes newer metadata of the same epoch: replicas come and go, the in-sync set changes.
    pub fn told(&mut self, replicas: &[NodeId], partition_epoch: PartitionEpoch, isr: &[NodeId]) {
        if self.isr.told(partition_epoch, isr) {
            self.followers.retain(|node, _| replicas.contains(node));
            for node in replicas.iter().filter(|node| **node != self.leader) {
                self.followers.entry(*node).or_insert_with(|| Follower::new(false, Millis(0)));
            }
        }
    }

    /// Takes note of a follower's fetch in this epoch. Returns what to ask the controller for, if the follower may join now.
    pub fn fetched(
        &mut self,
        fetch: &FollowerFetch,
        ends: LogEnds,
        alive: Alive<'_>,
        now: Millis,
    ) -> Result<Option<Proposal>, FollowerError> {
        let follower = self.followers.get_mut(&fetch.node).ok_or(FollowerError::NotAssigned)?;
        follower.fetched(fetch, ends.log_end, now).map_err(|_| FollowerError::Stale)?;
        let has_all = follower.log_end >= ends.high_watermark && follower.log_end >= self.epoch_start;
        let joins = has_all && isr::may_join(follower.broker_epoch, alive(fetch.node));
        if !joins || self.isr.committed().contains(&fetch.node) {
            return Ok(None);
        }
        Ok(self.propose(Change::Expand(fetch.node)))
    }

    /// What to ask the controller for if followers of the in-sync set lag.
    pub fn shrink(&mut self, log_end: Offset, now: Millis) -> Option<Proposal> {
        let lags = |node: &NodeId| {
            let follower = self.followers.get(node);
            *node != self.leader && follower.is_none_or(|f| !f.is_caught_up(log_end, now, self.lag_max))
        };
        let lagging: Vec<_> = self.isr.committed().iter().copied().filter(lags).collect();
        if lagging.is_empty() { None } else { self.propose(Change::Shrink(lagging)) }
    }

    fn propose(&mut self, change: Change) -> Option<Proposal> {
        let followers = &self.followers;
        self.isr.propose(change, |node| followers.get(&node)?.broker_epoch).cloned()
    }

    /// Takes the controller's answer.
    pub fn answered(&mut self, proposal: &Proposal, answer: IsrAnswer) -> Next {
        self.isr.answered(proposal, answer)
    }

    /// The lowest log end among the followers that count for the high watermark: those of the maximal in-sync set, and those
    /// that are about to join it, which would never reach a high watermark that ran ahead of them.
    pub fn lowest_counted_end(&self, log_end: Offset, alive: Alive<'_>, now: impl Fn() -> Millis) -> Option<Offset> {
        let counts = |(node, follower): &(&NodeId, &Follower)| {
            self.isr.is_maximal(**node)
                || follower.log_end < log_end
                    && follower.caught_up_at.is_some()
                    && follower.is_caught_up(log_end, now(), self.lag_max)
                    && isr::may_join(follower.broker_epoch, alive(**node))
        };
        self.followers.iter().filter(counts).map(|(_, follower)| follower.log_end).min()
    }
}

#[cfg(test)]
#[path = "leading_test.rs"]
mod tests;
