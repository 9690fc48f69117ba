//! Whether somebody may speak for a member.

use std::sync::Arc;

use super::draft::Draft;
use super::group::{ClassicGroup, State};
use super::member::Member;
use crate::base::error_code::ErrorCode;
use crate::coordinator::group::record::MemberId;

/// A group, or a draft of one.
pub trait Members {
    /// One member.
    fn find(&self, id: &str) -> Option<&Arc<Member>>;
    /// The member that goes by this static name.
    fn named(&self, instance_id: &str) -> Option<&MemberId>;
}

impl Members for ClassicGroup {
    fn find(&self, id: &str) -> Option<&Arc<Member>> {
        self.member(id)
    }
    fn named(&self, instance_id: &str) -> Option<&MemberId> {
        self.static_member(instance_id)
    }
}

impl Members for Draft<'_> {
    fn find(&self, id: &str) -> Option<&Arc<Member>> {
        self.member(id)
    }
    fn named(&self, instance_id: &str) -> Option<&MemberId> {
        self.static_member(instance_id)
    }
}

/// A static name belongs to the id that it was given last; the others are fenced.
pub fn member<'a>(group: &'a impl Members, id: &str, instance_id: Option<&str>) -> Result<&'a Arc<Member>, ErrorCode> {
    if let Some(name) = instance_id {
        match group.named(name) {
            None => return Err(ErrorCode::UnknownMemberId),
            Some(owner) if **owner != *id => return Err(ErrorCode::FencedInstanceId),
            Some(_) => {}
        }
    }
    group.find(id).ok_or(ErrorCode::UnknownMemberId)
}

/// In whose name an offset is committed, as the request says.
#[derive(Debug, Clone, Copy)]
pub struct Committer<'a> {
    /// The member's id; empty from those that only use a group's offsets.
    pub member_id: &'a str,
    /// Its static name.
    pub instance_id: Option<&'a str>,
    /// The generation; negative from those that only use a group's offsets.
    pub generation: i32,
    /// Part of a transaction: older producers do not say who they are.
    pub is_transactional: bool,
}

impl ClassicGroup {
    /// Whether offsets may be committed in this name.
    pub fn check_offset_commit(&self, by: Committer<'_>) -> Result<(), ErrorCode> {
        if by.generation < 0 && self.is_empty() {
            return Ok(());
        }
        if by.generation >= 0 || !by.member_id.is_empty() || by.instance_id.is_some() {
            member(self, by.member_id, by.instance_id)?;
            if by.generation != self.head.generation {
                return Err(ErrorCode::IllegalGeneration);
            }
        } else if !by.is_transactional && !self.is_empty() {
            return Err(ErrorCode::UnknownMemberId);
        }
        if !by.is_transactional && self.head.state == State::CompletingRebalance {
            return Err(ErrorCode::RebalanceInProgress);
        }
        Ok(())
    }

    /// Whether offsets may be deleted: of topics that nobody subscribes to, where that is known.
    pub fn check_offset_delete(&self) -> Result<(), ErrorCode> {
        if self.is_empty() || self.is_of_consumers() { Ok(()) } else { Err(ErrorCode::NonEmptyGroup) }
    }

    /// Whether the group may be deleted.
    pub fn check_delete(&self) -> Result<(), ErrorCode> {
        if self.is_empty() { Ok(()) } else { Err(ErrorCode::NonEmptyGroup) }
    }

    /// Whether a member subscribes to the topic; consumers whose words are not understood may subscribe to anything.
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        self.head.subscribed_topics.as_ref().map_or(self.is_of_consumers(), |topics| topics.contains(topic))
    }
}
