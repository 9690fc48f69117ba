//! Who may commit and fetch offsets of a consumer group.

use std::sync::Arc;

use super::group::ConsumerGroup;
use super::member::Member;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{PartitionIndex, Uuid};

/// The first version of OffsetCommit whose senders know member epochs.
const MEMBER_EPOCH_API_VERSION: i16 = 9;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OffsetsError {
    /// No such member.
    #[error("the group has no member {0}")]
    UnknownMemberId(Arc<str>),
    /// The request's version cannot carry a member epoch.
    #[error("members of the consumer protocol must commit with version 9 or later")]
    UnsupportedVersion,
    /// Not the epoch at which the member is.
    #[error("the member is at epoch {known}, not {received}")]
    StaleMemberEpoch {
        /// By the member.
        received: i32,
        /// By the coordinator: the member's epoch, or the one at which it was given the partition.
        known: i32,
    },
    /// Not the generation at which the member is; it speaks the classic protocol.
    #[error("the member is at generation {known}, not {received}")]
    IllegalGeneration {
        /// By the member.
        received: i32,
        /// By the coordinator.
        known: i32,
    },
}

impl OffsetsError {
    /// Kafka's code.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::UnknownMemberId(_) => ErrorCode::UnknownMemberId,
            Self::UnsupportedVersion => ErrorCode::UnsupportedVersion,
            Self::StaleMemberEpoch { .. } => ErrorCode::StaleMemberEpoch,
            Self::IllegalGeneration { .. } => ErrorCode::IllegalGeneration,
        }
    }
}

/// Who commits.
#[derive(Debug, Clone, Copy)]
pub struct Committer<'a> {
    /// The member.
    pub member_id: &'a str,
    /// Its name across restarts.
    pub instance_id: Option<&'a str>,
    /// Its epoch, or generation.
    pub member_epoch: i32,
    /// It commits within a transaction.
    pub transactional: bool,
    /// The request's version.
    pub api_version: i16,
}

/// What somebody may commit.
#[derive(Debug, Clone)]
pub enum MayCommit {
    /// Any partition.
    All,
    /// Partitions that the member owned already at the epoch it knows (KIP-1251).
    OwnedAt(Member, i32),
}

impl MayCommit {
    /// Whether one partition may be committed; a topic without an id is owned by nobody.
    pub fn check(&self, topic: Uuid, partition: PartitionIndex) -> Result<(), OffsetsError> {
        let Self::OwnedAt(member, received) = self else { return Ok(()) };
        let given = member.assigned.epoch(topic, partition.0);
        match given.or_else(|| member.pending_revocation.epoch(topic, partition.0)) {
            Some(epoch) if *received >= epoch => Ok(()),
            known => Err(stale(member, *received, known.unwrap_or(member.epoch))),
        }
    }
}

/// Checks who commits, and says what it may.
pub fn validate_commit(group: &ConsumerGroup, by: Committer<'_>) -> Result<MayCommit, OffsetsError> {
    // Tools commit to groups that nobody is in, and older producers do not say for whom they commit.
    if by.member_epoch < 0 && group.members.is_empty() {
        return Ok(MayCommit::All);
    }
    if by.transactional && by.member_epoch == -1 && by.member_id.is_empty() && by.instance_id.is_none() {
        return Ok(MayCommit::All);
    }
    let member = group.members.get(by.member_id).ok_or_else(|| OffsetsError::UnknownMemberId(by.member_id.into()))?;
    if !by.transactional && !member.uses_classic_protocol() && by.api_version < MEMBER_EPOCH_API_VERSION {
        return Err(OffsetsError::UnsupportedVersion);
    }
    match by.member_epoch {
        epoch if epoch == member.epoch => Ok(MayCommit::All),
        epoch if epoch > member.epoch => Err(stale(member, epoch, member.epoch)),
        epoch => Ok(MayCommit::OwnedAt(member.clone(), epoch)),
    }
}

/// Checks who fetches; nobody in particular may.
pub fn validate_fetch(group: &ConsumerGroup, member_id: Option<&str>, member_epoch: i32) -> Result<(), OffsetsError> {
    if member_id.is_none() && member_epoch < 0 {
        return Ok(());
    }
    let id = member_id.unwrap_or_default();
    let member = group.members.get(id).ok_or_else(|| OffsetsError::UnknownMemberId(id.into()))?;
    if member_epoch == member.epoch { Ok(()) } else { Err(stale(member, member_epoch, member.epoch)) }
}

fn stale(member: &Member, received: i32, known: i32) -> OffsetsError {
    if member.uses_classic_protocol() {
        OffsetsError::IllegalGeneration { received, known }
    } else {
        OffsetsError::StaleMemberEpoch { received, known }
    }
}
