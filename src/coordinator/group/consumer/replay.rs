//! How a consumer group changes.

use std::sync::Arc;

use super::assignment::{Owned, target_from_record};
use super::group::ConsumerGroup;
use super::member::{LEAVE_EPOCH, Member};
use super::soft::Soft;
use crate::base::ids::Millis;
use crate::coordinator::group::machine::{Group, GroupMachine};
use crate::coordinator::group::record::{
    ConsumerMemberValue, GroupId, GroupRecord, ResolvedRegexValue, TargetEpochValue,
};
use crate::machine::machine::ReplayAt;
use crate::metadata::image::MetadataImage;

/// Takes in a record about a consumer group. A log may end in the middle of what belongs together, and compaction takes
/// away what later records replace: what is told of a group or member that is not there is passed over.
pub fn replay(machine: &mut GroupMachine, _at: ReplayAt, record: &GroupRecord) {
    match record {
        GroupRecord::ConsumerGroup(id, Some(value)) => {
            let group = made(machine, id);
            group.epoch = value.epoch;
            group.metadata_hash = value.metadata_hash;
        }
        GroupRecord::ConsumerGroup(id, None) => {
            if known(machine, id).is_some() {
                machine.groups.remove(id);
            }
        }
        GroupRecord::ConsumerMember(id, member, Some(value)) => {
            let group = made(machine, id);
            let old = group.members.get(member).cloned().unwrap_or_else(|| Member::new(Arc::clone(member)));
            group.put(member, Some(Member { metadata: Arc::new(in_order(value)), ..old }));
        }
        GroupRecord::ConsumerMember(id, member, None) => {
            if let Some(group) = known(machine, id) {
                group.put(member, None);
            }
        }
        GroupRecord::ConsumerTargetEpoch(id, Some(value)) => made(machine, id).target_epoch = *value,
        GroupRecord::ConsumerTargetEpoch(id, None) => {
            if let Some(group) = known(machine, id) {
                group.target_epoch = TargetEpochValue { assignment_epoch: -1, assignment_timestamp: Millis(0) };
            }
        }
        GroupRecord::ConsumerTarget(id, member, Some(topics)) => {
            made(machine, id).target.insert(Arc::clone(member), Arc::new(target_from_record(topics)));
        }
        GroupRecord::ConsumerTarget(id, member, None) => {
            if let Some(group) = known(machine, id) {
                group.target.remove(member);
            }
        }
        GroupRecord::ConsumerCurrent(id, member, Some(value)) => {
            let group = made(machine, id);
            let old = group.members.get(member).cloned().unwrap_or_else(|| Member::new(Arc::clone(member)));
            group.put(member, Some(old.with_current(value)));
        }
        GroupRecord::ConsumerCurrent(id, member, None) => {
            let Some(group) = known(machine, id) else { return };
            let Some(old) = group.members.get(member).cloned() else { return };
            let nothing = Arc::<Owned>::default();
            let (epoch, previous_epoch) = (LEAVE_EPOCH, LEAVE_EPOCH);
            let (assigned, pending_revocation) = (Arc::clone(&nothing), nothing);
            group.put(member, Some(Member { epoch, previous_epoch, assigned, pending_revocation, ..old }));
        }
        GroupRecord::ConsumerRegex(id, regex, Some(value)) => {
            let group = made(machine, id);
            let mut value = ResolvedRegexValue { topics: value.topics.clone(), ..*value };
            value.topics.sort();
            value.topics.dedup();
            let old = group.resolved_regexes.insert(Arc::clone(regex), value);
            group.subscriptions.resolve(old.as_ref(), group.resolved_regexes.get(regex));
            group.regex_look_up = None;
        }
        GroupRecord::ConsumerRegex(id, regex, None) => {
            let Some(group) = known(machine, id) else { return };
            let old = group.resolved_regexes.remove(regex);
            group.subscriptions.resolve(old.as_ref(), None);
        }
        GroupRecord::ConsumerSoft(id, soft) => {
            if let Some(group) = known(machine, id) {
                group.take_in(soft);
            }
        }
        // Written before 4.1, and of no use since.
        GroupRecord::ConsumerPartitionMetadata(..)
        | GroupRecord::Offset(..)
        | GroupRecord::Classic(..)
        | GroupRecord::ClassicSoft(..)
        | GroupRecord::OffsetsSoft(..)
        | GroupRecord::Image(..) => {}
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
            Soft::MustRejoin(member) => {
                self.must_rejoin.insert(Arc::clone(member));
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
