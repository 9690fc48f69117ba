//! What replication needs of other brokers and of the controller. The bodies live in `peer` and `node`.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, PartitionIndex, TopicName, Uuid};
use crate::replica::isr::IsrAnswer;

/// A future that may move between threads.
pub type Promise<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A partition as a follower names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FollowedPartition {
    /// The topic's id.
    pub topic_id: Uuid,
    /// The topic's name.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionIndex,
}

/// What a follower asks of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchWish {
    /// The follower's log end: from here on.
    pub from: Offset,
    /// The follower's log start.
    pub log_start: Offset,
    /// The epoch in which it believes the leader to be.
    pub leader_epoch: LeaderEpoch,
    /// The epoch of its last record, or -1 for an empty log: where the logs depart, the leader says so.
    pub last_fetched_epoch: LeaderEpoch,
}

/// What the leader has of one partition.
#[derive(Debug, Clone)]
pub struct LeaderAnswer {
    /// The partition.
    pub partition: FollowedPartition,
    /// What is wrong with it.
    pub error: ErrorCode,
    /// Committed up to here.
    pub high_watermark: Offset,
    /// The leader's log starts here.
    pub log_start: Offset,
    /// Where the follower's log departs: the newest epoch in common, and its end in the leader's log. No records come with it.
    pub diverging: Option<(LeaderEpoch, Offset)>,
    /// Batches; the last may be cut short.
    pub records: Bytes,
}

/// The other side could not be asked: not there, not in time, or what it said is no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct EndpointError(pub String);

/// A leader's broker, as its followers ask it. One request at a time.
pub trait LeaderEndpoint: Send {
    /// Asks for all of `wishes`, and waits a while if there is nothing new. Partitions without news may be left out of the answer.
    fn fetch<'a>(
        &'a mut self,
        wishes: &'a [(FollowedPartition, FetchWish)],
    ) -> Promise<'a, Result<Vec<LeaderAnswer>, EndpointError>>;

    /// Asks where a partition's log starts and ends.
    fn log_ends<'a>(
        &'a mut self,
        partition: &'a FollowedPartition,
        leader_epoch: LeaderEpoch,
    ) -> Promise<'a, Result<Result<(Offset, Offset), ErrorCode>, EndpointError>>;
}

/// Makes endpoints. A connection is made when it is first used, and again when it was lost.
pub trait LeaderEndpoints: Send + Sync {
    /// An endpoint for one fetcher that follows `leader`.
    fn endpoint(&self, leader: NodeId, fetcher: usize) -> Box<dyn LeaderEndpoint>;
}

/// Another in-sync set for one partition (AlterPartition, KIP-497).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsrWish {
    /// Its topic.
    pub topic_id: Uuid,
    /// Its index.
    pub partition: PartitionIndex,
    /// The epoch in which this broker leads.
    pub leader_epoch: LeaderEpoch,
    /// The state that this broker knows.
    pub partition_epoch: PartitionEpoch,
    /// The wanted set, each with the registration under which it fetched; -1 is "not known".
    pub isr: Vec<(NodeId, BrokerEpoch)>,
}

/// The way to the controller for changes of in-sync sets.
pub trait IsrChannel: Send + Sync {
    /// Asks for all of `wishes`; one answer for each, in the order asked.
    fn alter_partitions(&self, wishes: Vec<IsrWish>) -> Promise<'_, Vec<IsrAnswer>>;
}
