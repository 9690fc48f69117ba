//! Computes the target assignment of a group: one pass over its members, one over its partitions.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::assignment::target_to_record;
use super::group::ConsumerGroup;
use super::member::Member;
use super::plan::Plan;
use super::settings::Settings;
use super::subscriptions::Subscriptions;
use crate::base::ids::{Millis, Uuid};
use crate::coordinator::group::assignor::{self, Partitions, Spec};
use crate::coordinator::group::record::{GroupRecord, MemberId, TargetEpochValue};
use crate::metadata::image::MetadataImage;

/// A member that comes or changes, and its group without that.
pub struct Change<'a> {
    /// The group.
    pub group: &'a ConsumerGroup,
    /// The member as it was; a new one knows nothing.
    pub old: &'a Member,
    /// The member as it will be.
    pub new: &'a Member,
    /// What the group's members will subscribe to.
    pub subscriptions: &'a Subscriptions,
}

impl Change<'_> {
    /// How many members there will be.
    pub fn size(&self) -> usize {
        let replaces =
            self.new.metadata.instance_id.as_ref().is_some_and(|id| self.group.static_members.contains_key(id));
        self.group.members.len() + usize::from(!replaces && !self.group.members.contains_key(&self.new.id))
    }

    /// The member whose place a static one takes under a new id.
    fn replaced(&self) -> Option<&MemberId> {
        let id = self.group.static_members.get(self.new.metadata.instance_id.as_ref()?)?;
        (*id != self.new.id).then_some(id)
    }
}

/// The target assignment's epoch, and what it gives the member that changes: computed anew, and planned to be written, if
/// the group's epoch is ahead of it and the last computation is long enough ago.
pub fn update(
    plan: &mut Plan,
    (now, settings, image): (Millis, &Settings, &MetadataImage),
    change: &Change<'_>,
    epoch: i32,
) -> (i32, Arc<Partitions>) {
    let group = change.group;
    let last = group.target_epoch;
    let is_too_early = || {
        let interval = settings.assignment_interval(image, &plan.group);
        interval.0 != 0 && last.assignment_timestamp.0 != 0 && now < last.assignment_timestamp.plus(interval)
    };
    if last.assignment_epoch >= epoch || is_too_early() {
        return (last.assignment_epoch, group.target_of_member(change.new));
    }
    let preferred = group.preferred_assignor(Some(change.old), Some(change.new));
    // A name that this broker does not offer stands in a log that another has written.
    let assignor = preferred.and_then(|name| settings.assignor(name)).unwrap_or_else(|| settings.default_assignor());

    let members = members(change);
    let spec = spec(image, change, &members);
    let mut of_changed = Arc::default();
    for ((member, _), share) in members.iter().zip(assignor.assign(&spec)) {
        let old = group.target.get(&member.id);
        if old.is_none_or(|old| !Arc::ptr_eq(old, &share) && *old != share) {
            let value = Some(target_to_record(&share));
            plan.records.push(GroupRecord::ConsumerTarget(Arc::clone(&plan.group), Arc::clone(&member.id), value));
        }
        if member.id == change.new.id {
            of_changed = share;
        }
    }
    let value = TargetEpochValue { assignment_epoch: epoch, assignment_timestamp: now };
    plan.records.push(GroupRecord::ConsumerTargetEpoch(Arc::clone(&plan.group), Some(value)));
    (epoch, of_changed)
}

/// The members that there will be, in the order of their ids, and what each was to own so far.
fn members<'a>(change: &Change<'a>) -> Vec<(&'a Member, Arc<Partitions>)> {
    let (group, new) = (change.group, change.new);
    let replaced = change.replaced();
    let mut members: Vec<(&Member, Arc<Partitions>)> = group
        .members
        .values()
        .filter(|member| member.id != new.id && Some(&member.id) != replaced)
        .map(|member| (member, group.target_of(&member.id)))
        .collect();
    let at = members.partition_point(|(member, _)| member.id < new.id);
    let previous = group.target_of(replaced.unwrap_or(&new.id));
    members.insert(at, (new, previous));
    members
}

fn spec<'a>(image: &MetadataImage, change: &Change<'a>, members: &[(&'a Member, Arc<Partitions>)]) -> Spec<'a> {
    let group = change.group;
    let names = |member: &'a Member| {
        let regex = member.regex().and_then(|regex| group.resolved_regexes.get(regex));
        let by_regex = regex.map_or(&[][..], |regex| &regex.topics);
        member.metadata.subscribed_topic_names.iter().chain(by_regex)
    };
    // Members mostly subscribe to the same topics: each subscription is looked up once.
    let mut known: HashMap<(&[Arc<str>], Option<&Arc<str>>), usize> = HashMap::new();
    let mut subscriptions: Vec<BTreeSet<Uuid>> = Vec::new();
    let mut of_member = Vec::with_capacity(members.len());
    for (member, _) in members {
        let key = (member.metadata.subscribed_topic_names.as_slice(), member.regex());
        let at = *known.entry(key).or_insert_with(|| {
            subscriptions.push(names(member).filter_map(|name| Some(image.topic(name)?.id)).collect());
            subscriptions.len() - 1
        });
        of_member.push(at);
    }
    let ids: BTreeSet<Uuid> = subscriptions.iter().flatten().copied().collect();
    let places: HashMap<Uuid, usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let partitions = |id: &Uuid| image.topic_by_id(*id).map_or(0, |topic| topic.partitions.len() as i32);
    let topics = ids.iter().map(|id| assignor::Topic { id: *id, partitions: partitions(id) }).collect();
    let subscriptions: Vec<Arc<[usize]>> =
        subscriptions.iter().map(|ids| ids.iter().filter_map(|id| places.get(id).copied()).collect()).collect();
    let members = members.iter().zip(of_member).map(|((member, previous), at)| assignor::Member {
        id: &member.id,
        instance_id: member.metadata.instance_id.as_deref(),
        topics: Arc::clone(&subscriptions[at]),
        previous: Arc::clone(previous),
    });
    Spec { topics, members: members.collect(), homogeneous: change.subscriptions.is_homogeneous(change.size()) }
}
