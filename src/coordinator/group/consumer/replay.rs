//! How a consumer group changes.

use std::sync::Arc;

use super::assignment::{Owned, target_from_record};
use super::group::ConsumerGroup;
use super::member::{LEAVE_EPOCH, Member};
use super::soft::Soft;
use crate::base::ids::Millis;
use crate::coordinator::group::machine::{Group, GroupMachine};
use crate::coordinator::group::record::{
    ConsumerMemberValue, GroupId, GroupRecord, MemberId, ResolvedRegexValue, TargetEpochValue,
};
use crate::machine::machine::ReplayAt;
use crate::metadata::image::MetadataImage;

/// Takes in a record about a consumer group. A log may end in the middle of what belongs together, and compaction takes
/// away what later records replace: what is told of a group or member that is not there is passed over.
pub fn replay(machine: &mut GroupMachine, _at: ReplayAt, record: &GroupRecord) {
    let (id, makes) = match record {
        GroupRecord::ConsumerGroup(id, value) => (id, value.is_some()),
        GroupRecord::ConsumerMember(id, _, value) => (id, value.is_some()),
        GroupRecord::ConsumerTargetEpoch(id, value) => (id, value.is_some()),
        GroupRecord::ConsumerTarget(id, _, value) => (id, value.is_some()),
        GroupRecord::ConsumerCurrent(id, _, value) => (id, value.is_some()),
        GroupRecord::ConsumerRegex(id, _, value) => (id, value.is_some()),
        GroupRecord::ConsumerPartitionMetadata(id, is_there) => (id, *is_there),
        GroupRecord::ConsumerSoft(id, _) => (id, false),
        GroupRecord::Offset(..)
        | GroupRecord::Classic(..)
        | GroupRecord::ClassicSoft(..)
        | GroupRecord::OffsetsSoft(..)
        | GroupRecord::Image(..) => return,
    };
    let group = if makes { Some(made(machine, id)) } else { known(machine, id) };
    let Some(group) = group else { return };
    if matches!(record, GroupRecord::ConsumerGroup(_, None)) {
        machine.groups.remove(id);
    } else {
        group.apply(record);
    }
}

/// The metadata has changed: groups whose topics are not what they were look at them with the next heartbeat.
pub fn image(machine: &mut GroupMachine, new: &MetadataImage) {
    let old = Arc::clone(&machine.image);
    if old.topics().is_same(new.topics()) {
        return;
    }
    for group in machine.groups.values_mut() {
        let Group::Consumer(group) = group else { continue };
        let same = |topic: &Arc<str>| match (old.topic(topic), new.topic(topic)) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (None, None) => true,
            _ => false,
        };
        group.topics_are_known = group.topics_are_known && group.subscriptions.topics().all(same);
    }
}

impl ConsumerGroup {
    /// Takes in a record about this group.
    pub(super) fn apply(&mut self, record: &GroupRecord) {
        match record {
            GroupRecord::ConsumerGroup(_, Some(value)) => {
                self.epoch = value.epoch;
                self.metadata_hash = value.metadata_hash;
            }
            GroupRecord::ConsumerMember(_, id, Some(value)) => {
                let old = self.member_or_new(id);
                self.put(id, Some(Member { metadata: Arc::new(in_order(value)), ..old }));
            }
            GroupRecord::ConsumerMember(_, id, None) => self.put(id, None),
            GroupRecord::ConsumerTargetEpoch(_, value) => {
                let none = TargetEpochValue { assignment_epoch: -1, assignment_timestamp: Millis(0) };
                self.target_epoch = value.unwrap_or(none);
            }
            GroupRecord::ConsumerTarget(_, id, Some(topics)) => {
                self.target.insert(Arc::clone(id), Arc::new(target_from_record(topics)));
            }
            GroupRecord::ConsumerTarget(_, id, None) => {
                self.target.remove(id);
            }
            GroupRecord::ConsumerCurrent(_, id, Some(value)) => {
                let member = self.member_or_new(id).with_current(value);
                self.put(id, Some(member));
            }
            GroupRecord::ConsumerCurrent(_, id, None) => {
                let Some(old) = self.members.get(id).cloned() else { return };
                let nothing = Arc::<Owned>::default();
                let (epoch, previous_epoch) = (LEAVE_EPOCH, LEAVE_EPOCH);
                let (assigned, pending_revocation) = (Arc::clone(&nothing), nothing);
                self.put(id, Some(Member { epoch, previous_epoch, assigned, pending_revocation, ..old }));
            }
            GroupRecord::ConsumerRegex(_, regex, value) => {
                let value = value.as_ref().map(|value| {
                    let mut topics = value.topics.clone();
                    topics.sort();
                    topics.dedup();
                    ResolvedRegexValue { topics, ..*value }
                });
                let old = self.resolved_regexes.remove(regex);
                self.subscriptions.resolve(old.as_ref(), value.as_ref());
                if let Some(value) = value {
                    self.resolved_regexes.insert(Arc::clone(regex), value);
                    self.regex_look_up = None;
                }
            }
            GroupRecord::ConsumerPartitionMetadata(_, is_there) => self.has_partition_metadata = *is_there,
            GroupRecord::ConsumerSoft(_, soft) => self.take_in(soft),
            _ => {}
        }
    }

    fn member_or_new(&self, id: &MemberId) -> Member {
        self.members.get(id).cloned().unwrap_or_else(|| Member::new(Arc::clone(id)))
    }

    fn take_in(&mut self, soft: &Soft) {
        match soft {
            Soft::TopicsLookedUp(hashes) => {
                self.topics_are_known = true;
                for hash in hashes {
                    self.topic_hashes.insert(hash.topic.name.as_str().into(), hash.clone());
                }
                if self.topic_hashes.len() > 2 * self.subscriptions.topics().len() {
                    self.topic_hashes.retain(|topic, _| self.subscriptions.has_topic(topic));
                }
            }
            Soft::RegexLookUp(until) => self.regex_look_up = Some(*until),
            Soft::MustRejoin(member, true) => {
                self.must_rejoin.insert(Arc::clone(member));
            }
            Soft::MustRejoin(member, false) => {
                self.must_rejoin.remove(member);
            }
        }
    }
}

fn made<'a>(machine: &'a mut GroupMachine, id: &GroupId) -> &'a mut ConsumerGroup {
    let group = machine.groups.entry(Arc::clone(id)).or_insert_with(|| Group::Consumer(Box::default()));
    // A classic group of the same name has ended: its own records say so, unless it had none.
    if !matches!(group, Group::Consumer(_)) {
        *group = Group::Consumer(Box::default());
    }
    match group {
        Group::Consumer(group) => group,
        Group::Classic(_) => unreachable!("it was replaced just now"),
    }
}

fn known<'a>(machine: &'a mut GroupMachine, id: &GroupId) -> Option<&'a mut ConsumerGroup> {
    match machine.groups.get_mut(id) {
        Some(Group::Consumer(group)) => Some(group),
        _ => None,
    }
}

fn in_order(value: &ConsumerMemberValue) -> ConsumerMemberValue {
    let mut value = value.clone();
    value.subscribed_topic_names.sort();
    value.subscribed_topic_names.dedup();
    value
}
