//! The state of a consumer group.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::member::Member;
use super::soft::TopicHash;
use super::subscriptions::Subscriptions;
use crate::base::ids::{Millis, Uuid};
use crate::coordinator::group::assignor::Partitions;
use crate::coordinator::group::record::{MemberId, ResolvedRegexValue, TargetEpochValue};

/// Where a group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupState {
    /// It has no members.
    Empty,
    /// A target assignment is to be computed.
    Assigning,
    /// Members are on their way to the target assignment.
    Reconciling,
    /// All have arrived.
    Stable,
}

impl GroupState {
    /// Kafka's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Assigning => "Assigning",
            Self::Reconciling => "Reconciling",
            Self::Stable => "Stable",
        }
    }
}

/// A consumer group.
#[derive(Debug, Clone)]
pub struct ConsumerGroup {
    /// Grows with every change of members, subscriptions or topics.
    pub(super) epoch: i32,
    /// Of the topics that the members subscribe to.
    pub(super) metadata_hash: i64,
    /// The group epoch that the target assignment is for, and when it was computed.
    pub(super) target_epoch: TargetEpochValue,
    pub(super) members: BTreeMap<MemberId, Member>,
    pub(super) static_members: HashMap<Arc<str>, MemberId>,
    /// What each member should own.
    pub(super) target: BTreeMap<MemberId, Arc<Partitions>>,
    /// The epoch of whoever owns a partition: it is free for others once it is not in here.
    pub(super) partition_epochs: HashMap<Uuid, HashMap<i32, i32>>,
    pub(super) subscriptions: Subscriptions,
    pub(super) resolved_regexes: BTreeMap<Arc<str>, ResolvedRegexValue>,
    /// How many members ask for each assignor.
    pub(super) server_assignors: BTreeMap<Arc<str>, usize>,
    /// How many members speak the classic protocol, ...
    pub(super) classic_members: usize,
    /// ... and how many of them know each assignor.
    pub(super) classic_protocols: BTreeMap<Arc<str>, usize>,
    /// A record of a kind that is not written since 4.1 is in the log, and should go.
    pub(super) has_partition_metadata: bool,

    /// The topics are as they were when the hash was computed. Soft.
    pub(super) topics_are_known: bool,
    /// Hashes of topics by name, for as long as the topics stay as they are. Soft.
    pub(super) topic_hashes: HashMap<Arc<str>, TopicHash>,
    /// Until when somebody is busy looking expressions up. Soft.
    pub(super) regex_look_up: Option<Millis>,
    /// Classic members that were told to join again. Soft.
    pub(super) must_rejoin: BTreeSet<MemberId>,
}

impl Default for ConsumerGroup {
    fn default() -> Self {
        Self {
            epoch: 1,
            metadata_hash: 0,
            target_epoch: TargetEpochValue { assignment_epoch: 1, assignment_timestamp: Millis(0) },
            members: BTreeMap::new(),
            static_members: HashMap::new(),
            target: BTreeMap::new(),
            partition_epochs: HashMap::new(),
            subscriptions: Subscriptions::default(),
            resolved_regexes: BTreeMap::new(),
            server_assignors: BTreeMap::new(),
            classic_members: 0,
            classic_protocols: BTreeMap::new(),
            has_partition_metadata: false,
            topics_are_known: false,
            topic_hashes: HashMap::new(),
            regex_look_up: None,
            must_rejoin: BTreeSet::new(),
        }
    }
}

impl ConsumerGroup {
    /// The group epoch.
    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    /// The group epoch that the target assignment is for.
    pub fn assignment_epoch(&self) -> i32 {
        self.target_epoch.assignment_epoch
    }

    /// Where it stands. Looks at every member.
    pub fn state(&self) -> GroupState {
        if self.members.is_empty() {
            GroupState::Empty
        } else if self.epoch > self.assignment_epoch() {
            GroupState::Assigning
        } else if self.members.values().all(|member| member.is_reconciled_to(self.assignment_epoch())) {
            GroupState::Stable
        } else {
            GroupState::Reconciling
        }
    }

    /// Whether it has no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether somebody subscribes to a topic, by name or by expression.
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        self.subscriptions.has_topic(topic)
    }

    /// Its members, in the order of their ids.
    pub fn members(&self) -> &BTreeMap<MemberId, Member> {
        &self.members
    }

    /// The static member of this name.
    pub fn static_member(&self, instance_id: &str) -> Option<&Member> {
        self.members.get(self.static_members.get(instance_id)?)
    }

    /// What a member should own.
    pub fn target_of(&self, member: &str) -> Arc<Partitions> {
        self.target.get(member).cloned().unwrap_or_default()
    }

    /// What a member should own: a static one what it should have owned under its earlier id.
    pub fn target_of_member(&self, member: &Member) -> Arc<Partitions> {
        match &member.metadata.instance_id {
            None => self.target_of(&member.id),
            Some(instance) => self.static_members.get(instance).map(|id| self.target_of(id)).unwrap_or_default(),
        }
    }

    /// Whether somebody owns a partition.
    pub fn is_owned(&self, topic: Uuid, partition: i32) -> bool {
        self.partition_epochs.get(&topic).is_some_and(|epochs| epochs.contains_key(&partition))
    }

    /// The assignor that most members ask for, after one of them has changed; of several the last by name.
    pub fn preferred_assignor<'a>(&'a self, old: Option<&'a Member>, new: Option<&'a Member>) -> Option<&'a str> {
        let mut counts: BTreeMap<&str, usize> = self.server_assignors.iter().map(|(name, n)| (&**name, *n)).collect();
        if let Some(name) = old.and_then(|old| old.metadata.server_assignor.as_deref()) {
            counts.entry(name).and_modify(|count| *count = count.saturating_sub(1));
        }
        if let Some(name) = new.and_then(|new| new.metadata.server_assignor.as_deref()) {
            *counts.entry(name).or_default() += 1;
        }
        counts.into_iter().filter(|(_, count)| *count > 0).max_by_key(|(_, count)| *count).map(|(name, _)| name)
    }

    /// What its members will subscribe to once one has come or changed.
    pub(super) fn subscriptions_after(&self, old: &Member, new: &Member) -> Subscriptions {
        let mut subscriptions = self.subscriptions.clone();
        // A member that is not in the group counts for nothing there; one that is replaced counts under its old id.
        let was = self.members.get(&old.id).or_else(|| self.static_member(old.metadata.instance_id.as_ref()?));
        subscriptions.replace(was, Some(new));
        if let Some(regex) = old.regex()
            && new.regex() != Some(regex)
            && self.subscriptions.members_with(regex) == 1
        {
            subscriptions.resolve(self.resolved_regexes.get(regex), None);
        }
        subscriptions
    }

    /// A member comes, changes, or goes.
    pub(super) fn put(&mut self, id: &MemberId, new: Option<Member>) {
        let old = match &new {
            Some(new) => self.members.insert(Arc::clone(id), new.clone()),
            None => self.members.remove(id),
        };
        let (old, new) = (old.as_ref(), new.as_ref());
        self.subscriptions.replace(old, new);
        self.count_metadata(old, new);
        if let Some(old) = old {
            self.release(old);
        }
        if let Some(new) = new {
            self.own(new);
        }
        match (old, new) {
            (_, Some(new)) => {
                if let Some(instance) = &new.metadata.instance_id {
                    self.static_members.insert(Arc::clone(instance), Arc::clone(id));
                }
            }
            (Some(old), None) => {
                if let Some(instance) = &old.metadata.instance_id {
                    self.static_members.remove(instance);
                }
                self.must_rejoin.remove(id);
            }
            (None, None) => {}
        }
    }

    fn count_metadata(&mut self, old: Option<&Member>, new: Option<&Member>) {
        if let (Some(old), Some(new)) = (old, new)
            && Arc::ptr_eq(&old.metadata, &new.metadata)
        {
            return;
        }
        for (member, by) in [(old, -1), (new, 1)] {
            let Some(member) = member else { continue };
            if let Some(assignor) = &member.metadata.server_assignor {
                count(&mut self.server_assignors, assignor, by);
            }
            if let Some(classic) = &member.metadata.classic {
                self.classic_members = self.classic_members.saturating_add_signed(by);
                for (protocol, _) in &classic.supported_protocols {
                    count(&mut self.classic_protocols, protocol, by);
                }
            }
        }
    }

    fn release(&mut self, member: &Member) {
        for (topic, partitions) in member.assigned.iter().chain(member.pending_revocation.iter()) {
            let Some(epochs) = self.partition_epochs.get_mut(&topic) else { continue };
            for (partition, _) in partitions {
                // Somebody may have it at a later epoch, where a log tells of the new owner before the old one.
                if epochs.get(partition) == Some(&member.epoch) {
                    epochs.remove(partition);
                }
            }
            if epochs.is_empty() {
                self.partition_epochs.remove(&topic);
            }
        }
    }

    fn own(&mut self, member: &Member) {
        for (topic, partitions) in member.assigned.iter().chain(member.pending_revocation.iter()) {
            let epochs = self.partition_epochs.entry(topic).or_default();
            for (partition, _) in partitions {
                let epoch = epochs.entry(*partition).or_insert(member.epoch);
                *epoch = (*epoch).max(member.epoch);
            }
        }
    }
}

fn count(counts: &mut BTreeMap<Arc<str>, usize>, name: &Arc<str>, by: isize) {
    let count = counts.entry(Arc::clone(name)).or_default();
    *count = count.saturating_add_signed(by);
    if *count == 0 {
        counts.remove(name);
    }
}
