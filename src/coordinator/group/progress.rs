//! How far groups have come, for those who measure it: members, and what was committed where.

use std::sync::Arc;

use super::machine::{Group, GroupMachine};
use super::record::GroupId;
use crate::base::ids::{Offset, PartitionIndex};

/// A group, and what it has committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The group.
    pub group: GroupId,
    /// How many members it has.
    pub members: usize,
    /// What it has committed, by topic.
    pub topics: Vec<(Arc<str>, Vec<(PartitionIndex, Offset)>)>,
}

/// The groups of one partition of `__consumer_offsets`. Takes from `budget` for every committed offset, and ends where it is used
/// up.
pub fn progress(machine: &GroupMachine, budget: &mut usize) -> Vec<Progress> {
    let mut all = Vec::new();
    for (id, group) in machine.groups() {
        let members = match group {
            Group::Classic(group) => group.members().count(),
            Group::Consumer(group) => group.members().len(),
        };
        let mut topics = Vec::new();
        for topic in machine.offsets().of(id) {
            let told = topic.partitions().len().min(*budget);
            *budget -= told;
            let partitions = topic.partitions().take(told).map(|c| (c.partition(), c.offset())).collect();
            topics.push((Arc::clone(topic.name()), partitions));
        }
        all.push(Progress { group: Arc::clone(id), members, topics });
        if *budget == 0 {
            break;
        }
    }
    all
}
