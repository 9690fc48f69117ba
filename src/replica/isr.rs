//! Which replicas count: the committed in-sync set, and the change of it that is on its way to the controller. Pure.
//!
//! ```text
//!             propose                      applied, or newer metadata
//!  committed ─────────► pending expand ────────────────────────────► committed
//!      ▲    └─────────► pending shrink ──┘        │ refused without doubt
//!      └──────────────────────────────────────────┘
//! ```
//!
//! The *maximal* set decides what commits: a replica that may have joined counts already, one that may have left counts still
//! (KIP-497). So whatever the controller made of a proposal, nothing was committed that its set does not hold.

use crate::base::ids::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch};

/// A change of the in-sync set, not known to be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A follower has caught up.
    Expand(NodeId),
    /// Followers lag.
    Shrink(Vec<NodeId>),
}

/// What the controller is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The epoch in which the asker leads.
    pub leader_epoch: LeaderEpoch,
    /// The state that the asker knows.
    pub partition_epoch: PartitionEpoch,
    /// The wanted set, each with the registration under which it fetched (KIP-903); -1 is "not known".
    pub isr: Vec<(NodeId, BrokerEpoch)>,
    change: Change,
}

/// What the controller made of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IsrAnswer {
    /// The partition is now so.
    Applied {
        /// Its leader epoch.
        leader_epoch: LeaderEpoch,
        /// Its partition epoch.
        partition_epoch: PartitionEpoch,
        /// Its in-sync set.
        isr: Vec<NodeId>,
    },
    /// It was not applied and never will be.
    NotApplied,
    /// The asker's view is outdated: newer metadata is on its way and decides.
    Outdated,
    /// Nobody knows; the same proposal may be sent again.
    Unknown,
}

/// What the asker does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The set changed, or went back to what is committed.
    Look,
    /// Nothing: metadata will tell, or has told.
    Wait,
    /// Send the proposal again.
    Retry,
}

/// The in-sync set of one partition, as its leader knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Isr {
    leader_epoch: LeaderEpoch,
    partition_epoch: PartitionEpoch,
    committed: Vec<NodeId>,
    pending: Option<Proposal>,
}

impl Isr {
    /// As the metadata says at the start of a leader epoch.
    pub fn new(leader_epoch: LeaderEpoch, partition_epoch: PartitionEpoch, committed: Vec<NodeId>) -> Self {
        Self { leader_epoch, partition_epoch, committed, pending: None }
    }

    /// The committed set.
    pub fn committed(&self) -> &[NodeId] {
        &self.committed
    }

    /// The state's version.
    pub fn partition_epoch(&self) -> PartitionEpoch {
        self.partition_epoch
    }

    /// The change that is on its way.
    pub fn pending(&self) -> Option<&Proposal> {
        self.pending.as_ref()
    }

    /// True if `node` counts for what is committed.
    pub fn is_maximal(&self, node: NodeId) -> bool {
        self.committed.contains(&node)
            || self.pending.as_ref().is_some_and(|proposal| proposal.change == Change::Expand(node))
    }

    /// How many count.
    pub fn maximal_size(&self) -> usize {
        let joining = self.pending.as_ref().is_some_and(|proposal| matches!(proposal.change, Change::Expand(_)));
        self.committed.len() + usize::from(joining)
    }

    /// Begins a change, unless one is on its way. `epoch_of` is the registration under which a replica fetched.
    pub fn propose(&mut self, change: Change, epoch_of: impl Fn(NodeId) -> Option<BrokerEpoch>) -> Option<&Proposal> {
        if self.pending.is_some() {
            return None;
        }
        let mut wanted = self.committed.clone();
        match &change {
            Change::Expand(node) if wanted.contains(node) => return None,
            Change::Expand(node) => wanted.push(*node),
            Change::Shrink(nodes) => wanted.retain(|node| !nodes.contains(node)),
        }
        let isr = wanted.into_iter().map(|node| (node, epoch_of(node).unwrap_or(BrokerEpoch::NONE))).collect();
        let (leader_epoch, partition_epoch) = (self.leader_epoch, self.partition_epoch);
        self.pending = Some(Proposal { leader_epoch, partition_epoch, isr, change });
        self.pending.as_ref()
    }

    /// Takes the answer to `proposal`, which may be late.
    pub fn answered(&mut self, proposal: &Proposal, answer: IsrAnswer) -> Next {
        if self.pending.as_ref() != Some(proposal) {
            return Next::Wait;
        }
        match answer {
            IsrAnswer::Applied { leader_epoch, partition_epoch, isr } => {
                if leader_epoch != self.leader_epoch || partition_epoch < self.partition_epoch {
                    return Next::Wait;
                }
                (self.partition_epoch, self.committed, self.pending) = (partition_epoch, isr, None);
                Next::Look
            }
            IsrAnswer::NotApplied => {
                self.pending = None;
                Next::Look
            }
            IsrAnswer::Outdated => Next::Wait,
            IsrAnswer::Unknown => Next::Retry,
        }
    }

    /// Takes what newer metadata says; it ends the change on its way, whose partition epoch no longer fits. False if it is not newer.
    pub fn told(&mut self, partition_epoch: PartitionEpoch, committed: &[NodeId]) -> bool {
        if partition_epoch <= self.partition_epoch {
            return false;
        }
        (self.partition_epoch, self.committed, self.pending) = (partition_epoch, committed.to_vec(), None);
        true
    }
}

/// True if a follower that fetched as `fetched_as` may join, given the registration under which it is alive now: none if it is
/// fenced, shutting down or gone. A fetch of an earlier life proves nothing about the log of this one (KIP-903).
pub fn may_join(fetched_as: Option<BrokerEpoch>, alive_as: Option<BrokerEpoch>) -> bool {
    match (fetched_as, alive_as) {
        (Some(fetched), Some(alive)) => fetched.is_none() || fetched == alive,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEADER: NodeId = NodeId(1);
    const A: NodeId = NodeId(2);
    const B: NodeId = NodeId(3);

    fn isr(nodes: &[NodeId]) -> Isr {
        Isr::new(LeaderEpoch(4), PartitionEpoch(10), nodes.to_vec())
    }

    fn applied(partition_epoch: i32, isr: &[NodeId]) -> IsrAnswer {
        let partition_epoch = PartitionEpoch(partition_epoch);
        IsrAnswer::Applied { leader_epoch: LeaderEpoch(4), partition_epoch, isr: isr.to_vec() }
    }

    #[test]
    fn who_joins_counts_at_once_and_who_leaves_counts_until_it_is_certain() {
        let mut growing = isr(&[LEADER]);
        let proposal = growing.propose(Change::Expand(A), |_| Some(BrokerEpoch(9))).unwrap().clone();
        assert_eq!(proposal.isr, [(LEADER, BrokerEpoch(9)), (A, BrokerEpoch(9))]);
        assert!(growing.is_maximal(A) && !growing.committed().contains(&A) && growing.maximal_size() == 2);
        assert_eq!(growing.answered(&proposal, IsrAnswer::NotApplied), Next::Look);
        assert!(!growing.is_maximal(A));

        let mut shrinking = isr(&[LEADER, A]);
        let proposal = shrinking.propose(Change::Shrink(vec![A]), |_| None).unwrap().clone();
        assert!(shrinking.is_maximal(A));
        assert_eq!(shrinking.answered(&proposal, IsrAnswer::Unknown), Next::Retry);
        assert!(shrinking.is_maximal(A), "it may have been applied, or not");
        assert_eq!(shrinking.answered(&proposal, applied(11, &[LEADER])), Next::Look);
        assert!(!shrinking.is_maximal(A));
    }

    #[test]
    fn one_change_at_a_time_and_newer_metadata_ends_it() {
        let mut state = isr(&[LEADER, A]);
        let late = state.propose(Change::Expand(B), |_| None).unwrap().clone();
        assert!(state.propose(Change::Shrink(vec![A]), |_| None).is_none());
        assert!(!state.told(PartitionEpoch(10), &[LEADER, A]), "the same state again ends nothing");
        assert!(state.pending().is_some());
        assert!(state.told(PartitionEpoch(11), &[LEADER]));
        assert_eq!(state.answered(&late, applied(12, &[LEADER, A, B])), Next::Wait, "it answers what is over");
        assert_eq!(state.committed(), [LEADER]);
    }

    #[test]
    fn an_answer_from_another_epoch_or_an_older_state_is_not_believed() {
        let mut state = isr(&[LEADER]);
        let proposal = state.propose(Change::Expand(A), |_| None).unwrap().clone();
        assert_eq!(state.answered(&proposal, applied(9, &[LEADER])), Next::Wait);
        let other =
            IsrAnswer::Applied { leader_epoch: LeaderEpoch(5), partition_epoch: PartitionEpoch(12), isr: vec![A] };
        assert_eq!(state.answered(&proposal, other), Next::Wait);
        assert_eq!(state.answered(&proposal, IsrAnswer::Outdated), Next::Wait);
        assert!(state.is_maximal(A), "in doubt the larger set counts");
    }

    #[test]
    fn only_the_life_that_fetched_may_join() {
        assert!(may_join(Some(BrokerEpoch(5)), Some(BrokerEpoch(5))));
        assert!(may_join(Some(BrokerEpoch::NONE), Some(BrokerEpoch(5))), "an old follower does not say");
        assert!(!may_join(Some(BrokerEpoch(5)), Some(BrokerEpoch(6))), "it has restarted since");
        assert!(!may_join(None, Some(BrokerEpoch(6))), "it has not fetched in this epoch");
        assert!(!may_join(Some(BrokerEpoch(5)), None), "it is fenced, shutting down or gone");
    }
}
