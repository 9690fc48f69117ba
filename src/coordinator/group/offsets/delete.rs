//! OffsetDelete, and the end of all offsets of a group that is deleted.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::error_code::ErrorCode;
use crate::base::ids::PartitionIndex;
use crate::base::limits::EXPIRED_BYTES_PER_BATCH_MAX;
use crate::coordinator::group::machine::{Group, GroupMachine, Outcome};
use crate::coordinator::group::record::{GroupId, GroupRecord, OffsetKey};

/// Offsets to be deleted.
#[derive(Debug, Clone)]
pub struct OffsetDelete {
    /// Of which group.
    pub group: GroupId,
    /// Of which topics, and which of their partitions.
    pub topics: Vec<(Arc<str>, Vec<PartitionIndex>)>,
}

/// For each topic, in the order asked: what is answered for all its partitions.
pub type DeleteReply = Vec<ErrorCode>;

/// Decides. Offsets of topics that the group's members subscribe to stay.
pub fn delete(machine: &GroupMachine, op: &OffsetDelete) -> Result<Outcome<DeleteReply>, ErrorCode> {
    // A group without a name may have offsets, but does not part with them on request.
    if op.group.is_empty() {
        return Err(ErrorCode::InvalidGroupId);
    }
    let group = machine.groups.get(&op.group).ok_or(ErrorCode::GroupIdNotFound)?;
    if let Group::Classic(group) = group {
        group.check_offset_delete()?;
    }
    let mut records = Vec::new();
    let mut reply = Vec::with_capacity(op.topics.len());
    for (topic, partitions) in &op.topics {
        if is_subscribed_to(group, topic) {
            reply.push(ErrorCode::GroupSubscribedToTopic);
            continue;
        }
        reply.push(ErrorCode::None);
        for partition in partitions {
            let at = OffsetKey { group: Arc::clone(&op.group), topic: Arc::clone(topic), partition: *partition };
            if machine.offsets.find(&at).is_some() || machine.offsets.pending().contains(&at) {
                records.push(GroupRecord::Offset(at, None));
            }
        }
    }
    Ok(Outcome::records(records, reply))
}

/// The tombstones of all that a group has committed, or is about to.
pub fn all_of(machine: &GroupMachine, group: &GroupId) -> Vec<GroupRecord> {
    let committed = machine.offsets.of(group).iter().flat_map(|topic| {
        topic.partitions().map(|view| OffsetKey {
            group: Arc::clone(group),
            topic: Arc::clone(topic.name()),
            partition: view.partition(),
        })
    });
    let pending = machine.offsets.pending().of_group(group).cloned();
    let all: BTreeSet<OffsetKey> = committed.chain(pending).collect();
    all.into_iter().map(|at| GroupRecord::Offset(at, None)).collect()
}

/// Tombstones that fit one batch together.
pub(super) struct Tombstones {
    records: Vec<GroupRecord>,
    left: usize,
}

impl Tombstones {
    pub(super) fn new() -> Self {
        Self { records: Vec::new(), left: EXPIRED_BYTES_PER_BATCH_MAX }
    }

    /// Adds one. False: there is no room for it; the first always has.
    pub(super) fn add(&mut self, at: OffsetKey) -> bool {
        /// What a record has beside its two texts, at most (bytes).
        const FRAME_BYTES: usize = 40;
        let cost = at.group.len() + at.topic.len() + FRAME_BYTES;
        if cost > self.left && !self.records.is_empty() {
            return false;
        }
        self.left = self.left.saturating_sub(cost);
        self.records.push(GroupRecord::Offset(at, None));
        true
    }

    pub(super) fn into_records(self) -> Vec<GroupRecord> {
        self.records
    }
}

/// Whether a member of the group subscribes to the topic.
pub(super) fn is_subscribed_to(group: &Group, topic: &str) -> bool {
    match group {
        Group::Classic(group) => group.is_subscribed_to(topic),
        Group::Consumer(group) => group.is_subscribed_to(topic),
    }
}
