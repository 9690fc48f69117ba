//! The words between a consumer group's records: steps that are not appended, and timers.

use std::fmt;
use std::sync::Arc;

use crate::base::ids::Millis;
use crate::coordinator::group::record::MemberId;
use crate::metadata::topics::TopicImage;

/// A step that is not appended.
#[derive(Debug, Clone)]
pub enum Soft {
    /// The group's topics were looked up: nothing of them need be looked up again before they change.
    TopicsLookedUp(Vec<TopicHash>),
    /// Somebody looks up what the expressions stand for; nobody else need to before this moment.
    RegexLookUp(Millis),
    /// A classic member must join again before its timer is due, or has.
    MustRejoin(MemberId, bool),
}

/// What a topic adds to the hash of a group's metadata.
#[derive(Clone, PartialEq)]
pub struct TopicHash {
    /// The topic as it was.
    pub topic: Arc<TopicImage>,
    /// Its hash.
    pub hash: i64,
}

impl fmt::Debug for TopicHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:x}", self.topic.name, self.hash)
    }
}

/// What a consumer group waits for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {}

/// What is waited for with one member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberTimer {
    /// A heartbeat.
    Session,
    /// That it gives up what it must.
    Revocation,
    /// That it joins again: it speaks the classic protocol, and there is a new assignment.
    Join,
    /// That it asks for what the join has given it: it speaks the classic protocol.
    Sync,
}
