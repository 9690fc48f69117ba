//! A member of a consumer group. Cloning one copies pointers.

use std::sync::Arc;

use super::assignment::Owned;
use crate::coordinator::group::record::{ConsumerMemberValue, CurrentAssignmentValue, MemberId};

/// The epoch of a static member that is away for a while.
pub const STATIC_LEAVE_EPOCH: i32 = -2;
/// The epoch of a member that leaves for good, and of one that is not there.
pub const LEAVE_EPOCH: i32 = -1;

/// Where a member stands on its way to the target assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberState {
    /// It owns what it should at its epoch.
    Stable,
    /// It must give partitions up before it moves on.
    UnrevokedPartitions,
    /// It waits for partitions that others have yet to give up.
    UnreleasedPartitions,
    /// Written by somebody newer.
    Unknown,
}

impl MemberState {
    /// Kafka's number.
    pub fn id(self) -> i8 {
        match self {
            Self::Stable => 0,
            Self::UnrevokedPartitions => 1,
            Self::UnreleasedPartitions => 2,
            Self::Unknown => 127,
        }
    }

    /// The state with this number.
    pub fn from_id(id: i8) -> Self {
        match id {
            0 => Self::Stable,
            1 => Self::UnrevokedPartitions,
            2 => Self::UnreleasedPartitions,
            _ => Self::Unknown,
        }
    }
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: MemberId,
    /// What it said of itself. Its topic names are in order, without duplicates.
    pub metadata: Arc<ConsumerMemberValue>,
    /// The epoch that its heartbeats carry.
    pub epoch: i32,
    /// The one before: a heartbeat may still carry it if the answer was lost.
    pub previous_epoch: i32,
    /// Where it stands.
    pub state: MemberState,
    /// What it owns.
    pub assigned: Arc<Owned>,
    /// What it must give up, and owns until it has.
    pub pending_revocation: Arc<Owned>,
}

impl Member {
    /// Somebody of whom nothing is known yet.
    pub fn new(id: MemberId) -> Self {
        let nothing = ConsumerMemberValue {
            instance_id: None,
            rack_id: None,
            client_id: "".into(),
            client_host: "".into(),
            subscribed_topic_names: Vec::new(),
            subscribed_topic_regex: Some("".into()),
            rebalance_timeout_ms: -1,
            server_assignor: None,
            classic: None,
        };
        Self {
            id,
            metadata: Arc::new(nothing),
            epoch: 0,
            previous_epoch: -1,
            state: MemberState::Stable,
            assigned: Arc::default(),
            pending_revocation: Arc::default(),
        }
    }

    /// The expression it subscribes with, if it does.
    pub fn regex(&self) -> Option<&Arc<str>> {
        self.metadata.subscribed_topic_regex.as_ref().filter(|regex| !regex.is_empty())
    }

    /// Whether it speaks the classic protocol.
    pub fn uses_classic_protocol(&self) -> bool {
        self.metadata.classic.is_some()
    }

    /// Whether nothing is left to be done for it until `target_epoch`.
    pub fn is_reconciled_to(&self, target_epoch: i32) -> bool {
        self.state == MemberState::Stable && self.epoch == target_epoch
    }

    /// Moves it on to an epoch.
    #[must_use]
    pub fn at_epoch(&self, epoch: i32) -> Self {
        Self { epoch, previous_epoch: self.epoch, ..self.clone() }
    }

    /// The member with what a record says of its assignment.
    #[must_use]
    pub fn with_current(&self, value: &CurrentAssignmentValue) -> Self {
        Self {
            epoch: value.member_epoch,
            previous_epoch: value.previous_member_epoch,
            state: MemberState::from_id(value.state),
            assigned: Arc::new(Owned::from_record(&value.assigned, value.member_epoch)),
            pending_revocation: Arc::new(Owned::from_record(&value.pending_revocation, value.member_epoch)),
            ..self.clone()
        }
    }

    /// Its assignment in the words of a record.
    pub fn current(&self) -> CurrentAssignmentValue {
        CurrentAssignmentValue {
            member_epoch: self.epoch,
            previous_member_epoch: self.previous_epoch,
            state: self.state.id(),
            assigned: self.assigned.to_record(),
            pending_revocation: self.pending_revocation.to_record(),
        }
    }
}
