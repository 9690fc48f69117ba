//! From what a partition is and what is wanted of it to at most one record: every rule of election in one pure place.
//!
//! Rules, in the order in which they are applied:
//! 1. A reassignment whose new replicas are all in sync is completed.
//! 2. Replicas that fall out of an ISR smaller than `min.insync.replicas` stay eligible to lead (KIP-966).
//! 3. The leader stays if it may; else the first replica in sync that is alive leads; else, if the ISR is empty, an eligible
//!    one; else the last known leader, alone left; else, where unclean elections are allowed, any that is alive: then the ISR
//!    is that one alone and it has to recover (KIP-704).
//! 4. The leader is stated anew, which starts an epoch, if a replica was taken away.
//! 5. No record if nothing differs.

use crate::base::ids::{NodeId, PartitionIndex, Uuid};
use crate::metadata::record::PartitionChange;
use crate::metadata::topics::PartitionImage;

/// Which leaders are acceptable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Election {
    /// The preferred one, if it is in sync; else as [`Election::Online`].
    Preferred,
    /// One in sync, the present one before others.
    #[default]
    Online,
    /// One in sync, else any that is alive, at the cost of records.
    Unclean,
}

/// What is wanted of a partition.
pub struct PartitionChangeBuilder<'a> {
    partition: &'a PartitionImage,
    topic_id: Uuid,
    index: PartitionIndex,
    acceptable: &'a dyn Fn(NodeId) -> bool,
    default_directory: &'a dyn Fn(NodeId) -> Uuid,
    min_isr: usize,
    elr_enabled: bool,
    election: Election,
    isr: Vec<NodeId>,
    replicas: Vec<NodeId>,
    removing: Vec<NodeId>,
    adding: Vec<NodeId>,
    elr: Vec<NodeId>,
    recovery_state: i8,
    directory: Option<(NodeId, Uuid)>,
    unclean_shutdown: Vec<NodeId>,
}

impl<'a> PartitionChangeBuilder<'a> {
    /// Wants what is. `acceptable` says who is alive and may lead, `default_directory` where a new replica goes.
    pub fn new(
        partition: &'a PartitionImage,
        topic_id: Uuid,
        index: PartitionIndex,
        acceptable: &'a dyn Fn(NodeId) -> bool,
        default_directory: &'a dyn Fn(NodeId) -> Uuid,
    ) -> Self {
        Self {
            partition,
            topic_id,
            index,
            acceptable,
            default_directory,
            min_isr: 1,
            elr_enabled: false,
            election: Election::Online,
            isr: partition.isr.clone(),
            replicas: partition.replicas.clone(),
            removing: partition.removing.clone(),
            adding: partition.adding.clone(),
            elr: partition.eligible_leader_replicas.clone(),
            recovery_state: partition.leader_recovery_state,
            directory: None,
            unclean_shutdown: Vec::new(),
        }
    }
    /// Keeps eligible leaders while the ISR is smaller than this.
    #[must_use]
    pub fn eligible_leaders(mut self, enabled: bool, min_isr: usize) -> Self {
        (self.elr_enabled, self.min_isr) = (enabled, min_isr.min(self.partition.replicas.len()));
        self
    }
    /// Which leaders are acceptable.
    #[must_use]
    pub fn election(mut self, election: Election) -> Self {
        self.election = election;
        self
    }
    /// Wants this ISR.
    #[must_use]
    pub fn isr(mut self, isr: Vec<NodeId>) -> Self {
        self.isr = isr;
        self
    }
    /// Wants these replicas.
    #[must_use]
    pub fn replicas(mut self, replicas: Vec<NodeId>) -> Self {
        self.replicas = replicas;
        self
    }
    /// Wants these to leave and those to join.
    #[must_use]
    pub fn moving(mut self, removing: Vec<NodeId>, adding: Vec<NodeId>) -> Self {
        (self.removing, self.adding) = (removing, adding);
        self
    }
    /// Wants this recovery state.
    #[must_use]
    pub fn recovery_state(mut self, state: i8) -> Self {
        self.recovery_state = state;
        self
    }
    /// Wants a replica in a directory.
    #[must_use]
    pub fn directory(mut self, replica: NodeId, directory: Uuid) -> Self {
        self.directory = Some((replica, directory));
        self
    }
    /// These stopped without closing their logs: they cannot be trusted to hold what was committed.
    #[must_use]
    pub fn unclean_shutdown(mut self, replicas: Vec<NodeId>) -> Self {
        self.unclean_shutdown = replicas;
        self
    }

    /// The record, if anything differs.
    pub fn build(mut self) -> Option<PartitionChange> {
        let was = self.partition;
        let mut change =
            PartitionChange { partition: self.index, topic_id: self.topic_id, ..PartitionChange::default() };
        self.complete_reassignment();
        self.keep_eligible_leaders();
        self.elect(&mut change);
        let replica_left = was.replicas.iter().any(|replica| !self.replicas.contains(replica));
        if change.leader.is_none() && replica_left {
            change.leader = Some(was.leader);
        }
        if change.isr.is_some() || !self.elr_enabled {
            self.elr.clear();
        }
        if self.elr != was.eligible_leader_replicas {
            change.eligible_leader_replicas = Some(self.elr.clone());
        }
        if change.isr.is_none() && self.isr != was.isr && (!self.isr.is_empty() || self.elr_enabled) {
            change.isr = Some(self.isr.clone());
        }
        self.remember_leader(&mut change);
        self.assign(&mut change);
        if change.leader_recovery_state.is_none() && self.recovery_state != was.leader_recovery_state {
            change.leader_recovery_state = Some(self.recovery_state);
        }
        let nothing = PartitionChange { partition: self.index, topic_id: self.topic_id, ..PartitionChange::default() };
        (change != nothing).then_some(change)
    }

    fn complete_reassignment(&mut self) {
        if self.removing.is_empty() && self.adding.is_empty() {
            return;
        }
        let stays = |list: &[NodeId], removing: &[NodeId]| -> Vec<NodeId> {
            list.iter().copied().filter(|replica| !removing.contains(replica)).collect()
        };
        let isr = stays(&self.isr, &self.removing);
        let replicas = stays(&self.replicas, &self.removing);
        if isr.is_empty() || replicas.is_empty() || !replicas.iter().all(|replica| isr.contains(replica)) {
            return;
        }
        (self.isr, self.replicas) = (isr, replicas);
        self.removing.clear();
        self.adding.clear();
    }

    fn keep_eligible_leaders(&mut self) {
        if !self.elr_enabled {
            return;
        }
        if self.isr.len() >= self.min_isr {
            self.elr.clear();
            return;
        }
        let mut eligible = std::mem::take(&mut self.elr);
        eligible.extend(
            self.partition.isr.iter().filter(|replica| !self.partition.eligible_leader_replicas.contains(replica)),
        );
        eligible.retain(|replica| {
            self.replicas.contains(replica) && !self.isr.contains(replica) && !self.unclean_shutdown.contains(replica)
        });
        self.elr = eligible;
    }

    fn elect(&mut self, change: &mut PartitionChange) {
        let (leader, unclean) = self.pick();
        if leader == self.partition.leader {
            return;
        }
        change.leader = Some(leader);
        if self.elr.contains(&leader) {
            self.isr = vec![leader];
            self.elr.retain(|replica| *replica != leader);
        }
        if unclean {
            change.isr = Some(vec![leader]);
            if self.partition.leader_recovery_state == 0 {
                change.leader_recovery_state = Some(1);
            }
        }
    }

    /// Who leads, and whether records may have been lost by it.
    fn pick(&self) -> (NodeId, bool) {
        let eligible = |replica: &NodeId| {
            let in_sync = self.isr.contains(replica) || (self.isr.is_empty() && self.elr.contains(replica));
            in_sync && (self.acceptable)(*replica)
        };
        let preferred = self.replicas.first().copied().filter(|_| self.election == Election::Preferred);
        let clean = preferred
            .filter(&eligible)
            .or_else(|| Some(self.partition.leader).filter(&eligible))
            .or_else(|| self.replicas.iter().copied().find(&eligible));
        if let Some(leader) = clean {
            return (leader, false);
        }
        if let Some(last) = self.last_known_leader() {
            return (last, true);
        }
        let any = self.replicas.iter().copied().find(|replica| (self.acceptable)(*replica));
        match any.filter(|_| self.election == Election::Unclean) {
            Some(leader) => (leader, true),
            None => (NodeId::NONE, false),
        }
    }

    /// When nobody is in sync or eligible, the one that led last is the best there is, once it is back.
    fn last_known_leader(&self) -> Option<NodeId> {
        match self.partition.last_known_elr.as_slice() {
            [last] if self.elr_enabled && self.isr.is_empty() && self.elr.is_empty() => {
                Some(*last).filter(|last| (self.acceptable)(*last))
            }
            _ => None,
        }
    }

    fn remember_leader(&self, change: &mut PartitionChange) {
        if !self.elr_enabled {
            if !self.partition.last_known_elr.is_empty() {
                change.last_known_elr = Some(Vec::new());
            }
            return;
        }
        let was = self.partition;
        let now_leader = change.leader.unwrap_or(was.leader);
        if change.isr.as_ref().is_some_and(Vec::is_empty) && was.last_known_elr != [was.leader] && !was.leader.is_none()
        {
            change.last_known_elr = Some(vec![was.leader]);
        } else if !now_leader.is_none() && !was.last_known_elr.is_empty() {
            change.last_known_elr = Some(Vec::new());
        }
    }

    fn assign(&self, change: &mut PartitionChange) {
        let was = self.partition;
        let directory = |replica: NodeId| match self.directory {
            Some((chosen, directory)) if chosen == replica => directory,
            _ => match was.replicas.iter().position(|r| *r == replica) {
                Some(at) => was.directories.get(at).copied().unwrap_or(Uuid::ZERO),
                None => (self.default_directory)(replica),
            },
        };
        let directories: Vec<Uuid> = self.replicas.iter().map(|replica| directory(*replica)).collect();
        if directories != was.directories {
            change.directories = Some(directories);
        }
        if self.replicas != was.replicas {
            change.replicas = Some(self.replicas.clone());
        }
        if self.removing != was.removing {
            change.removing = Some(self.removing.clone());
        }
        if self.adding != was.adding {
            change.adding = Some(self.adding.clone());
        }
    }
}

#[cfg(test)]
#[path = "partition_change_test.rs"]
mod tests;
