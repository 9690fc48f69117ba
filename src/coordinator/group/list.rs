//! ListGroups: an overview of the groups of one partition, of whichever kind.

use std::sync::Arc;

use super::classic::group::CONSUMER;
use super::classic::list::overview;
use super::machine::{Group, GroupMachine};
use super::record::GroupId;

/// A group in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// Its name.
    pub group: GroupId,
    /// `consumer`, `connect`, ...; empty where offsets are all that there ever was.
    pub protocol_type: Arc<str>,
    /// Where it stands, as Kafka prints it.
    pub state: &'static str,
    /// Its kind, as Kafka prints it.
    pub kind: &'static str,
}

/// The groups that are wanted.
pub fn list(machine: &GroupMachine, wanted: &dyn Fn(&Overview) -> bool) -> Vec<Overview> {
    let overview = |(id, group): (&GroupId, &Group)| match group {
        Group::Classic(group) => overview(id, group),
        Group::Consumer(group) => Overview {
            group: Arc::clone(id),
            protocol_type: CONSUMER.into(),
            state: group.state().name(),
            kind: CONSUMER,
        },
    };
    machine.groups().iter().map(overview).filter(|group| wanted(group)).collect()
}
