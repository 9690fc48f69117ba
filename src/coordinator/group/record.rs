//! What a group's machine is told: the records of `__consumer_offsets` in domain words, and soft records that are never
//! appended. Each appended one is a key and a value in Kafka's schemas; no value is a tombstone.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::{classic, consumer, offsets};
use crate::base::ids::{LeaderEpoch, Millis, Offset, PartitionIndex, Uuid};
use crate::metadata::image::MetadataImage;

/// A group's name.
pub type GroupId = Arc<str>;
/// A member's id: given by the coordinator, or by the member itself (KIP-848).
pub type MemberId = Arc<str>;

/// A record.
#[derive(Debug, Clone)]
pub enum GroupRecord {
    /// A committed offset (key versions 0 and 1).
    Offset(OffsetKey, Option<OffsetValue>),
    /// A classic group (key version 2).
    Classic(GroupId, Option<ClassicGroupValue>),
    /// Counts and racks of a consumer group's topics (key version 4): written before 4.1, now only deleted. True where the
    /// log says that there are some.
    ConsumerPartitionMetadata(GroupId, bool),
    /// A consumer group's epoch (key version 3).
    ConsumerGroup(GroupId, Option<ConsumerGroupValue>),
    /// A consumer group's member (key version 5).
    ConsumerMember(GroupId, MemberId, Option<ConsumerMemberValue>),
    /// The epoch of the target assignment (key version 6).
    ConsumerTargetEpoch(GroupId, Option<TargetEpochValue>),
    /// What a member should own (key version 7).
    ConsumerTarget(GroupId, MemberId, Option<Vec<TopicPartitions>>),
    /// What a member owns (key version 8).
    ConsumerCurrent(GroupId, MemberId, Option<CurrentAssignmentValue>),
    /// The topics that a regular expression stands for (key version 16).
    ConsumerRegex(GroupId, Arc<str>, Option<ResolvedRegexValue>),

    /// Soft: a step of a classic group between two records.
    ClassicSoft(GroupId, classic::soft::Soft),
    /// Soft: a step of a consumer group between two records.
    ConsumerSoft(GroupId, consumer::soft::Soft),
    /// Soft: a step of the offsets between two records.
    OffsetsSoft(offsets::soft::Soft),
    /// Soft: the cluster's metadata has changed.
    Image(Arc<MetadataImage>),
}

/// Names a committed offset.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OffsetKey {
    /// Whose.
    pub group: GroupId,
    /// Of which topic.
    pub topic: Arc<str>,
    /// Of which partition.
    pub partition: PartitionIndex,
}

impl fmt::Debug for OffsetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}-{}", self.group, self.topic, self.partition)
    }
}

/// A committed offset.
#[derive(Clone, PartialEq, Eq)]
pub struct OffsetValue {
    /// The next record to consume.
    pub offset: Offset,
    /// The epoch of the last record consumed; none is `-1`.
    pub leader_epoch: LeaderEpoch,
    /// The client's own words.
    pub metadata: Arc<str>,
    /// When it was committed.
    pub commit_timestamp: Millis,
    /// When it expires, as old clients could say (value version 1).
    pub expire_timestamp: Option<Millis>,
    /// The topic's id (value version 4); zero where it is not known.
    pub topic_id: Uuid,
}

impl fmt::Debug for OffsetValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of epoch {} at {} ms", self.offset, self.leader_epoch, self.commit_timestamp)?;
        if let Some(expires) = self.expire_timestamp {
            write!(f, " until {expires} ms")?;
        }
        if !self.metadata.is_empty() {
            write!(f, " {:?}", self.metadata)?;
        }
        if self.topic_id.is_zero() { Ok(()) } else { write!(f, " of {}", self.topic_id) }
    }
}

/// A classic group that is stable, or empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicGroupValue {
    /// `consumer`, `connect`, ...; empty where offsets were all that there ever was.
    pub protocol_type: Arc<str>,
    /// The generation.
    pub generation: i32,
    /// The assignor that all members share.
    pub protocol: Option<Arc<str>>,
    /// The leader's member id.
    pub leader: Option<MemberId>,
    /// When the group came into its present state.
    pub current_state_timestamp: Millis,
    /// The members.
    pub members: Vec<ClassicMemberValue>,
}

/// A member of a classic group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicMemberValue {
    /// Its id.
    pub member_id: MemberId,
    /// Its name across restarts (KIP-345).
    pub instance_id: Option<Arc<str>>,
    /// What the client calls itself.
    pub client_id: Arc<str>,
    /// Where it connects from.
    pub client_host: Arc<str>,
    /// How long a rebalance waits for it.
    pub rebalance_timeout_ms: i32,
    /// How long it may be silent.
    pub session_timeout_ms: i32,
    /// What it subscribes to, in the words of the group's protocol.
    pub subscription: Bytes,
    /// What it was given, in the words of the group's protocol.
    pub assignment: Bytes,
}

/// A consumer group's epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsumerGroupValue {
    /// Grows with every change of members, subscriptions or topics.
    pub epoch: i32,
    /// The hash of the subscribed topics' metadata; 0 where none was written.
    pub metadata_hash: i64,
}

/// A member of a consumer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerMemberValue {
    /// Its name across restarts.
    pub instance_id: Option<Arc<str>>,
    /// Where it runs.
    pub rack_id: Option<Arc<str>>,
    /// What the client calls itself.
    pub client_id: Arc<str>,
    /// Where it connects from.
    pub client_host: Arc<str>,
    /// The topics it names.
    pub subscribed_topic_names: Vec<Arc<str>>,
    /// The expression whose topics it wants as well (RE2/J).
    pub subscribed_topic_regex: Option<Arc<str>>,
    /// How long it may take to give partitions up; `-1` where it never said.
    pub rebalance_timeout_ms: i32,
    /// The assignor it asks for.
    pub server_assignor: Option<Arc<str>>,
    /// What it says in the classic protocol, if it still speaks that.
    pub classic: Option<ClassicMemberMetadata>,
}

/// What a member of a consumer group says in the classic protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicMemberMetadata {
    /// How long it may be silent.
    pub session_timeout_ms: i32,
    /// Its assignors and what it tells each.
    pub supported_protocols: Vec<(Arc<str>, Bytes)>,
}

/// The epoch for which a target assignment was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetEpochValue {
    /// The group epoch.
    pub assignment_epoch: i32,
    /// When the computation ended; 0 where it was not written.
    pub assignment_timestamp: Millis,
}

/// Partitions of one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPartitions {
    /// The topic.
    pub topic_id: Uuid,
    /// Its partitions.
    pub partitions: Vec<i32>,
    /// The epoch at which each was given to the member, of the same length, where it is known (current assignments only).
    pub assignment_epochs: Option<Vec<i32>>,
}

/// What a member of a consumer group owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentAssignmentValue {
    /// The epoch that its heartbeats must carry.
    pub member_epoch: i32,
    /// The one before, should the answer have been lost.
    pub previous_member_epoch: i32,
    /// The member's state, in Kafka's numbers.
    pub state: i8,
    /// Owned.
    pub assigned: Vec<TopicPartitions>,
    /// To be given up.
    pub pending_revocation: Vec<TopicPartitions>,
}

/// What a regular expression stood for when it was last looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedRegexValue {
    /// The topics.
    pub topics: Vec<Arc<str>>,
    /// The version of the metadata.
    pub version: i64,
    /// When.
    pub timestamp: Millis,
}
