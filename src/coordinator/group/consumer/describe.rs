//! ConsumerGroupDescribe: what there is to know of a consumer group.

use std::sync::Arc;

use super::assignment::Owned;
use super::group::GroupState;
use super::member::Member;
use super::settings::Settings;
use crate::base::ids::{TopicName, Uuid};
use crate::coordinator::group::assignor::Partitions;
use crate::coordinator::group::machine::{Group, GroupMachine};
use crate::coordinator::group::record::MemberId;

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Where it stands.
    pub state: GroupState,
    /// Its epoch.
    pub epoch: i32,
    /// The epoch of its target assignment.
    pub assignment_epoch: i32,
    /// The assignor it uses.
    pub assignor: String,
    /// Its members, in the order of their ids.
    pub members: Vec<MemberDescription>,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberDescription {
    /// Its id.
    pub id: MemberId,
    /// Its epoch.
    pub epoch: i32,
    /// Its name across restarts.
    pub instance_id: Option<Arc<str>>,
    /// Where it runs.
    pub rack_id: Option<Arc<str>>,
    /// What the client calls itself.
    pub client_id: Arc<str>,
    /// Where it connects from.
    pub client_host: Arc<str>,
    /// The topics it names.
    pub subscribed_topic_names: Vec<Arc<str>>,
    /// The expression it subscribes with.
    pub subscribed_topic_regex: Option<Arc<str>>,
    /// What it owns, what it is to give up among that.
    pub assignment: Vec<TopicDescription>,
    /// What it should own.
    pub target: Vec<TopicDescription>,
    /// Whether it speaks the classic protocol.
    pub is_classic: bool,
}

/// Partitions of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicDescription {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: TopicName,
    /// The partitions.
    pub partitions: Vec<i32>,
}

/// Describes a group; `None` where there is no consumer group of this name.
pub fn describe(machine: &GroupMachine, settings: &Settings, id: &str) -> Option<Description> {
    let Some(Group::Consumer(group)) = machine.groups.get(id) else { return None };
    let assignor = group.preferred_assignor(None, None).unwrap_or(settings.default_assignor().name());
    let member = |member: &Member| MemberDescription {
        id: Arc::clone(&member.id),
        epoch: member.epoch,
        instance_id: member.metadata.instance_id.clone(),
        rack_id: member.metadata.rack_id.clone(),
        client_id: Arc::clone(&member.metadata.client_id),
        client_host: Arc::clone(&member.metadata.client_host),
        subscribed_topic_names: member.metadata.subscribed_topic_names.clone(),
        subscribed_topic_regex: member.metadata.subscribed_topic_regex.clone(),
        assignment: owned(machine, member),
        target: target(machine, &group.target_of(&member.id)),
        is_classic: member.uses_classic_protocol(),
    };
    Some(Description {
        state: group.state(),
        epoch: group.epoch,
        assignment_epoch: group.assignment_epoch(),
        assignor: assignor.to_owned(),
        members: group.members.values().map(member).collect(),
    })
}

fn owned(machine: &GroupMachine, member: &Member) -> Vec<TopicDescription> {
    let mut all = Owned::clone(&member.assigned);
    for (topic, partitions) in member.pending_revocation.iter() {
        all.add(topic, partitions.iter().copied());
    }
    let all = all.iter().map(|(topic, partitions)| (topic, partitions.iter().map(|(p, _)| *p).collect()));
    all.filter_map(|(topic, partitions)| describe_topic(machine, topic, partitions)).collect()
}

fn target(machine: &GroupMachine, target: &Partitions) -> Vec<TopicDescription> {
    target.iter().filter_map(|(topic, partitions)| describe_topic(machine, *topic, partitions.clone())).collect()
}

/// Nothing is told of topics that are gone.
fn describe_topic(machine: &GroupMachine, id: Uuid, partitions: Vec<i32>) -> Option<TopicDescription> {
    let name = machine.image.topic_by_id(id)?.name.clone();
    Some(TopicDescription { id, name, partitions })
}
