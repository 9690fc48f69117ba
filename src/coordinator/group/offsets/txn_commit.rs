//! TxnOffsetCommit: offsets that count once a transaction is committed (KIP-98, KIP-447).

use std::sync::Arc;

use super::commit::{CommitReply, CommitTopic, records};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, Millis, PartitionIndex, ProducerEpoch, ProducerId, Uuid};
use crate::coordinator::group::classic::check::Committer;
use crate::coordinator::group::consumer::offsets::{self as consumer, MayCommit};
use crate::coordinator::group::machine::{Group, GroupMachine, Outcome};
use crate::coordinator::group::record::{GroupId, OffsetValue};
use crate::machine::outcome::Writer;

/// A commit inside a transaction.
#[derive(Debug, Clone)]
pub struct TxnOffsetCommit {
    /// For which group.
    pub group: GroupId,
    /// In whose transaction.
    pub producer: (ProducerId, ProducerEpoch),
    /// By which member; older producers do not say.
    pub member_id: Arc<str>,
    /// Its static name.
    pub instance_id: Option<Arc<str>>,
    /// Its generation, or member epoch; negative where the producer does not say.
    pub generation: i32,
    /// The request's version.
    pub api_version: i16,
    /// What is committed. A topic that does not exist any more has no id.
    pub topics: Vec<CommitTopic>,
}

/// Decides. Producers know no other word for a member that is not what it was than `ILLEGAL_GENERATION`.
pub fn commit(machine: &GroupMachine, now: Millis, op: &TxnOffsetCommit) -> Result<Outcome<CommitReply>, ErrorCode> {
    let may_commit = match machine.groups.get(&op.group) {
        None if op.generation < 0 => MayCommit::All,
        None => return Err(ErrorCode::IllegalGeneration),
        Some(Group::Classic(group)) => {
            group.check_offset_commit(Committer {
                member_id: &op.member_id,
                instance_id: op.instance_id.as_deref(),
                generation: op.generation,
                is_transactional: true,
            })?;
            MayCommit::All
        }
        Some(Group::Consumer(group)) => {
            let by = consumer::Committer {
                member_id: &op.member_id,
                instance_id: op.instance_id.as_deref(),
                member_epoch: op.generation,
                transactional: true,
                api_version: op.api_version,
            };
            consumer::validate_commit(group, by).map_err(|error| told(error.code()))?
        }
    };
    let check = |topic: &CommitTopic, partition: PartitionIndex| {
        may_commit.check(topic.id, partition).map_err(|error| told(error.code()))
    };
    let mut outcome = records(machine, &op.group, &op.topics, check, |_, partition| OffsetValue {
        offset: partition.offset,
        leader_epoch: partition.leader_epoch.max(LeaderEpoch::NONE),
        metadata: Arc::clone(&partition.metadata),
        commit_timestamp: now,
        expire_timestamp: None,
        // Kafka does not write it either.
        topic_id: Uuid::ZERO,
    })?;
    outcome.writer = Writer::Transaction(op.producer.0, op.producer.1);
    Ok(outcome)
}

fn told(code: ErrorCode) -> ErrorCode {
    if code == ErrorCode::StaleMemberEpoch { ErrorCode::IllegalGeneration } else { code }
}
