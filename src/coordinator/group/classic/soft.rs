//! The words between a classic group's records: steps that are not appended, timers, and what parked members are answered.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::group::Head;
use super::member::Member;
use crate::base::error_code::ErrorCode;
use crate::coordinator::group::record::MemberId;
use crate::machine::outcome::WaiterId;
use crate::machine::runtime::Waiters;

/// A step that is not appended: what of a group is different after it. A step that follows a record of the same group
/// gives back everything that records do not hold.
#[derive(Clone, PartialEq, Eq)]
pub struct Soft {
    /// The group as a whole.
    pub head: Head,
    /// Members that came, changed or went.
    pub members: Vec<(MemberId, Option<Arc<Member>>)>,
    /// Ids that were given out, or are used or given up.
    pub pending: Vec<(MemberId, bool)>,
}

impl fmt::Debug for Soft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = &self.head;
        write!(f, "{} generation {}", head.state, head.generation)?;
        if let Some(protocol) = &head.protocol {
            write!(f, " {protocol}")?;
        }
        if let Some(leader) = &head.leader {
            write!(f, " led by {leader}")?;
        }
        if let Some(initial) = head.initial {
            write!(f, " waits {} ms, then {} ms", initial.delay_ms, initial.remaining_ms)?;
        }
        for (id, is_pending) in &self.pending {
            write!(f, "; {}{id}?", if *is_pending { '+' } else { '-' })?;
        }
        for (id, member) in &self.members {
            let Some(member) = member else {
                write!(f, "; -{id}")?;
                continue;
            };
            write!(f, "; {id}")?;
            let marks = [
                (member.is_new, "new"),
                (member.joining.is_some(), "joining"),
                (member.sync_pending, "to sync"),
                (member.syncing.is_some(), "syncing"),
                (!member.assignment.is_empty(), "assigned"),
            ];
            let marks: Vec<_> = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
            if !marks.is_empty() {
                write!(f, " ({})", marks.join(", "))?;
            }
        }
        Ok(())
    }
}

/// An answer to somebody who waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// To a JoinGroup.
    Join(WaiterId, JoinReply),
    /// To a SyncGroup.
    Sync(WaiterId, SyncReply),
}

impl Effect {
    /// Who waits for it.
    pub fn waiter(&self) -> WaiterId {
        match self {
            Self::Join(waiter, _) | Self::Sync(waiter, _) => *waiter,
        }
    }

    /// Gives the answer.
    pub fn perform(self, waiters: &Waiters) {
        match self {
            Self::Join(waiter, reply) => waiters.answer(waiter, reply),
            Self::Sync(waiter, reply) => waiters.answer(waiter, reply),
        }
    }
}

/// The answer to a JoinGroup.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinReply {
    /// What went wrong; in that case only the member id is given besides.
    pub error: ErrorCode,
    /// The member's id.
    pub member_id: MemberId,
    /// The generation that it is now a member of; `-1` with an error.
    pub generation: i32,
    /// The group's.
    pub protocol_type: Option<Arc<str>>,
    /// The assignor.
    pub protocol: Option<Arc<str>>,
    /// The leader's member id.
    pub leader: Option<MemberId>,
    /// The leader need not assign anew (KIP-814).
    pub skip_assignment: bool,
    /// For the leader: all members.
    pub members: Vec<JoinMember>,
}

impl JoinReply {
    /// That it went wrong.
    pub fn error(error: ErrorCode, member_id: MemberId) -> Self {
        Self {
            error,
            member_id,
            generation: -1,
            protocol_type: None,
            protocol: None,
            leader: None,
            skip_assignment: false,
            members: Vec::new(),
        }
    }
}

impl fmt::Debug for JoinReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "join {}", self.member_id)?;
        if !self.error.is_none() {
            return write!(f, ": {}", self.error);
        }
        write!(f, ": generation {}", self.generation)?;
        if let Some(protocol) = &self.protocol {
            write!(f, " {protocol}")?;
        }
        if let Some(leader) = &self.leader {
            write!(f, " led by {leader}")?;
        }
        if self.skip_assignment {
            f.write_str(", need not assign")?;
        }
        let mut separator = " of ";
        for member in &self.members {
            write!(f, "{separator}{}", member.member_id)?;
            separator = ", ";
        }
        Ok(())
    }
}

/// A member as its leader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinMember {
    /// Its id.
    pub member_id: MemberId,
    /// Its static name.
    pub instance_id: Option<Arc<str>>,
    /// What it tells the assignor.
    pub metadata: Bytes,
}

/// The answer to a SyncGroup.
#[derive(Clone, PartialEq, Eq)]
pub struct SyncReply {
    /// What went wrong; in that case nothing else is given.
    pub error: ErrorCode,
    /// The group's.
    pub protocol_type: Option<Arc<str>>,
    /// The assignor.
    pub protocol: Option<Arc<str>>,
    /// What the member consumes, in the words of the group's protocol.
    pub assignment: Bytes,
}

impl SyncReply {
    /// That it went wrong.
    pub fn error(error: ErrorCode) -> Self {
        Self { error, protocol_type: None, protocol: None, assignment: Bytes::new() }
    }
}

impl fmt::Debug for SyncReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.error.is_none() { write!(f, "sync: {:?}", self.assignment) } else { write!(f, "sync: {}", self.error) }
    }
}

/// What a classic group waits for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// A member that joins, or its next heartbeat.
    Session(MemberId),
    /// The members that have not joined the next generation.
    Join,
    /// The members that have not asked for their assignment.
    Sync,
}
