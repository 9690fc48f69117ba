//! OffsetCommit: a member of a group, or somebody without a group, tells how far it has come.

use std::sync::Arc;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, Millis, Offset, PartitionIndex, Uuid};
use crate::base::limits::COMMITTED_OFFSETS_PER_SHARD_MAX;
use crate::coordinator::group::classic::check::Committer;
use crate::coordinator::group::classic::group::{ClassicGroup, State};
use crate::coordinator::group::classic::heartbeat::session_timer;
use crate::coordinator::group::consumer::offsets::{self as consumer, MayCommit};
use crate::coordinator::group::machine::{Group, GroupMachine, Outcome};
use crate::coordinator::group::record::{GroupId, GroupRecord, OffsetKey, OffsetValue};

/// The first version whose senders know that a group may not exist.
const GROUP_ID_NOT_FOUND_VERSION_MIN: i16 = 9;

/// A commit.
#[derive(Debug, Clone)]
pub struct OffsetCommit {
    /// For which group.
    pub group: GroupId,
    /// By which member; empty from those that only use a group's offsets.
    pub member_id: Arc<str>,
    /// Its static name.
    pub instance_id: Option<Arc<str>>,
    /// Its generation, or member epoch; negative from those that only use a group's offsets.
    pub generation: i32,
    /// How long the offsets are kept, from old clients that say so.
    pub retention: Option<Millis>,
    /// The request's version.
    pub api_version: i16,
    /// What is committed.
    pub topics: Vec<CommitTopic>,
}

/// Offsets of one topic.
#[derive(Debug, Clone)]
pub struct CommitTopic {
    /// Its name.
    pub name: Arc<str>,
    /// Its id.
    pub id: Uuid,
    /// The offsets.
    pub partitions: Vec<CommitPartition>,
}

/// One offset.
#[derive(Debug, Clone)]
pub struct CommitPartition {
    /// Of which partition.
    pub index: PartitionIndex,
    /// The next record to consume.
    pub offset: Offset,
    /// The epoch of the last record consumed.
    pub leader_epoch: LeaderEpoch,
    /// The client's own words.
    pub metadata: Arc<str>,
}

/// For each topic, and each partition of it, in the order asked.
pub type CommitReply = Vec<Vec<ErrorCode>>;

/// Decides.
pub fn commit(machine: &GroupMachine, now: Millis, op: &OffsetCommit) -> Result<Outcome<CommitReply>, ErrorCode> {
    let (may_commit, alive) = match machine.groups.get(&op.group) {
        None if op.generation < 0 => (MayCommit::All, None),
        None if op.api_version >= GROUP_ID_NOT_FOUND_VERSION_MIN => return Err(ErrorCode::GroupIdNotFound),
        None => return Err(ErrorCode::IllegalGeneration),
        Some(Group::Classic(group)) => {
            group.check_offset_commit(Committer {
                member_id: &op.member_id,
                instance_id: op.instance_id.as_deref(),
                generation: op.generation,
                is_transactional: false,
            })?;
            // Whoever commits is alive.
            let alive = is_at_work(group).then(|| group.member(&op.member_id)).flatten();
            (MayCommit::All, alive.map(|member| session_timer(now, &op.group, member)))
        }
        Some(Group::Consumer(group)) => {
            let by = consumer::Committer {
                member_id: &op.member_id,
                instance_id: op.instance_id.as_deref(),
                member_epoch: op.generation,
                transactional: false,
                api_version: op.api_version,
            };
            (consumer::validate_commit(group, by).map_err(|error| error.code())?, None)
        }
    };
    let expire_timestamp = op.retention.map(|span| now.plus(span));
    let check = |topic: &CommitTopic, partition| may_commit.check(topic.id, partition).map_err(|error| error.code());
    let mut outcome = records(machine, &op.group, &op.topics, check, |topic, partition| OffsetValue {
        offset: partition.offset,
        leader_epoch: partition.leader_epoch.max(LeaderEpoch::NONE),
        metadata: Arc::clone(&partition.metadata),
        commit_timestamp: now,
        expire_timestamp,
        topic_id: topic.id,
    })?;
    outcome.timers.extend(alive);
    Ok(outcome)
}

fn is_at_work(group: &ClassicGroup) -> bool {
    matches!(group.head.state, State::Stable | State::PreparingRebalance)
}

/// The records of what is committed, and the answer. An offset whose note is too long is left out.
pub(super) fn records(
    machine: &GroupMachine,
    group: &GroupId,
    topics: &[CommitTopic],
    check: impl Fn(&CommitTopic, PartitionIndex) -> Result<(), ErrorCode>,
    value: impl Fn(&CommitTopic, &CommitPartition) -> OffsetValue,
) -> Result<Outcome<CommitReply>, ErrorCode> {
    let metadata_max = usize::try_from(machine.config.offset_metadata_max_bytes()).unwrap_or(0);
    let count = topics.iter().map(|topic| topic.partitions.len()).sum();
    if machine.offsets.len() + machine.offsets.pending().len() + count > COMMITTED_OFFSETS_PER_SHARD_MAX {
        tracing::warn!(%group, "no offset is committed any more: the coordinator holds too many");
        return Err(ErrorCode::CoordinatorNotAvailable);
    }
    let mut records = Vec::with_capacity(count);
    let mut reply = Vec::with_capacity(topics.len());
    for topic in topics {
        let mut codes = Vec::with_capacity(topic.partitions.len());
        for partition in &topic.partitions {
            if is_too_long(&partition.metadata, metadata_max) {
                codes.push(ErrorCode::OffsetMetadataTooLarge);
                continue;
            }
            check(topic, partition.index)?;
            let (group, topic_name) = (Arc::clone(group), Arc::clone(&topic.name));
            let key = OffsetKey { group, topic: topic_name, partition: partition.index };
            records.push(GroupRecord::Offset(key, Some(value(topic, partition))));
            codes.push(ErrorCode::None);
        }
        reply.push(codes);
    }
    Ok(Outcome::records(records, reply))
}

/// Counted as Kafka counts, in the units of UTF-16, whatever the setting's name says.
fn is_too_long(metadata: &str, max: usize) -> bool {
    metadata.len() > max && metadata.encode_utf16().count() > max
}
