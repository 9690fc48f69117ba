//! OffsetFetch: how far a group has come.

use std::fmt;
use std::sync::Arc;

use super::store::{CommittedView, TopicOffsets};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, Offset, PartitionIndex, Uuid};
use crate::coordinator::group::consumer::offsets as consumer;
use crate::coordinator::group::machine::{Group, GroupMachine, Outcome};
use crate::coordinator::group::record::{GroupId, OffsetKey};

/// A question.
#[derive(Debug, Clone)]
pub struct OffsetFetch {
    /// About which group.
    pub group: GroupId,
    /// By which member (KIP-848); nobody in particular asks without one.
    pub member_id: Option<Arc<str>>,
    /// Its epoch.
    pub member_epoch: i32,
    /// About which topics; all if none are named.
    pub topics: Option<Vec<FetchTopic>>,
    /// Offsets that an open transaction is about to change are not told (KIP-447).
    pub require_stable: bool,
}

/// A topic asked about.
#[derive(Debug, Clone)]
pub struct FetchTopic {
    /// Its name.
    pub name: Arc<str>,
    /// Its id: offsets of another topic of the same name are not told. Zero where the client does not say.
    pub id: Uuid,
    /// Its partitions.
    pub partitions: Vec<PartitionIndex>,
}

/// A topic answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedTopic {
    /// Its name.
    pub name: Arc<str>,
    /// Its id as asked.
    pub id: Uuid,
    /// Its partitions.
    pub partitions: Vec<FetchedPartition>,
}

/// An offset.
#[derive(Clone, PartialEq, Eq)]
pub struct FetchedPartition {
    /// Of which partition.
    pub index: PartitionIndex,
    /// The next record to consume; none is `-1`.
    pub offset: Offset,
    /// The epoch of the last record consumed.
    pub leader_epoch: LeaderEpoch,
    /// The client's own words.
    pub metadata: Arc<str>,
    /// `UNSTABLE_OFFSET_COMMIT`, or nothing.
    pub error: ErrorCode,
}

impl fmt::Debug for FetchedPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error {
            ErrorCode::None => write!(f, "{}: {} of epoch {}", self.index, self.offset, self.leader_epoch)?,
            code => write!(f, "{}: {code}", self.index)?,
        }
        if self.metadata.is_empty() { Ok(()) } else { write!(f, " {:?}", self.metadata) }
    }
}

impl FetchedPartition {
    /// Nothing is committed, or what is cannot be told.
    pub fn nothing(index: PartitionIndex, error: ErrorCode) -> Self {
        Self { index, offset: Offset::NONE, leader_epoch: LeaderEpoch::NONE, metadata: Arc::default(), error }
    }

    fn of(view: CommittedView<'_>) -> Self {
        Self {
            index: view.partition(),
            offset: view.offset(),
            leader_epoch: view.leader_epoch(),
            metadata: view.metadata(),
            error: ErrorCode::None,
        }
    }
}

/// Decides; writes nothing. A group that there is not has committed nothing.
pub fn fetch(machine: &GroupMachine, op: &OffsetFetch) -> Result<Outcome<Vec<FetchedTopic>>, ErrorCode> {
    let exists = match machine.groups.get(&op.group) {
        None => false,
        Some(Group::Classic(_)) => true,
        Some(Group::Consumer(group)) => {
            let asked = consumer::validate_fetch(group, op.member_id.as_deref(), op.member_epoch);
            asked.map(|()| true).map_err(|error| error.code())?
        }
    };
    let reply = match &op.topics {
        Some(topics) => topics.iter().map(|topic| named(machine, op, topic, exists)).collect(),
        None => machine.offsets.of(&op.group).iter().filter(|_| exists).map(|topic| all(machine, op, topic)).collect(),
    };
    Ok(Outcome::reply(reply))
}

fn named(machine: &GroupMachine, op: &OffsetFetch, topic: &FetchTopic, exists: bool) -> FetchedTopic {
    let committed = machine.offsets.of_topic(&op.group, &topic.name).filter(|_| exists);
    let partitions = topic.partitions.iter().map(|index| {
        if is_unstable(machine, op, &topic.name, *index) {
            return FetchedPartition::nothing(*index, ErrorCode::UnstableOffsetCommit);
        }
        let of_same_topic =
            |view: &CommittedView<'_>| topic.id.is_zero() || view.topic_id().is_zero() || view.topic_id() == topic.id;
        let committed = committed.and_then(|topic| topic.partition(*index)).filter(of_same_topic);
        committed.map_or_else(|| FetchedPartition::nothing(*index, ErrorCode::None), FetchedPartition::of)
    });
    FetchedTopic { name: Arc::clone(&topic.name), id: topic.id, partitions: partitions.collect() }
}

fn all(machine: &GroupMachine, op: &OffsetFetch, topic: &TopicOffsets) -> FetchedTopic {
    let partitions = topic.partitions().map(|view| {
        if is_unstable(machine, op, topic.name(), view.partition()) {
            return FetchedPartition::nothing(view.partition(), ErrorCode::UnstableOffsetCommit);
        }
        FetchedPartition::of(view)
    });
    FetchedTopic { name: Arc::clone(topic.name()), id: Uuid::ZERO, partitions: partitions.collect() }
}

fn is_unstable(machine: &GroupMachine, op: &OffsetFetch, topic: &Arc<str>, partition: PartitionIndex) -> bool {
    let pending = machine.offsets.pending();
    op.require_stable && !pending.is_empty() && {
        let (group, topic) = (Arc::clone(&op.group), Arc::clone(topic));
        pending.contains(&OffsetKey { group, topic, partition })
    }
}
