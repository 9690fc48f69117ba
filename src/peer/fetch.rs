//! One Fetch request, without a session: what a leader has of some partitions from given offsets on.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchRequest, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;

use super::connection::Connection;
use super::error::PeerError;
use super::wire;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, NodeId, Offset, PartitionIndex, ProducerId, Uuid};

/// Which records are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// All up to the high watermark.
    ReadUncommitted,
    /// None of a transaction that is open or was aborted.
    ReadCommitted,
}

impl Isolation {
    pub(super) fn to_wire(self) -> i8 {
        match self {
            Self::ReadUncommitted => 0,
            Self::ReadCommitted => 1,
        }
    }
}

/// A partition to read.
#[derive(Debug, Clone)]
pub struct FetchFrom {
    /// The topic's name.
    pub topic: String,
    /// Its id, or zero if the broker gives none.
    pub topic_id: Uuid,
    /// The partition.
    pub partition: PartitionIndex,
    /// From where on.
    pub offset: Offset,
    /// The leader's epoch as this side knows it, or none.
    pub leader_epoch: LeaderEpoch,
}

/// How to read.
#[derive(Debug, Clone, Copy)]
pub struct FetchOptions {
    /// How long the leader may wait for `min_bytes`.
    pub max_wait: Duration,
    /// What is worth an answer (bytes).
    pub min_bytes: i32,
    /// The most that is wanted in all (bytes); a first batch that is larger comes whole.
    pub max_bytes: i32,
    /// The most that is wanted of one partition (bytes).
    pub partition_max_bytes: i32,
    /// Which records.
    pub isolation: Isolation,
    /// The replica that asks; none for a client.
    pub replica: NodeId,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            max_wait: Duration::from_millis(500),
            min_bytes: 1,
            max_bytes: 50 << 20,
            partition_max_bytes: 1 << 20,
            isolation: Isolation::ReadUncommitted,
            replica: NodeId::NONE,
        }
    }
}

/// What there was of one partition.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The topic's name.
    pub topic: String,
    /// The partition.
    pub partition: PartitionIndex,
    /// What is wrong with it.
    pub error: ErrorCode,
    /// Up to where it is committed.
    pub high_watermark: Offset,
    /// Up to where no transaction is open.
    pub last_stable_offset: Offset,
    /// Where it begins.
    pub log_start_offset: Offset,
    /// Transactions that were aborted within the range: producer and first offset.
    pub aborted: Vec<(ProducerId, Offset)>,
    /// Whole batches, and perhaps a piece of one more.
    pub records: Bytes,
}

/// Versions from this one on name topics by id (KIP-516).
const BY_ID_FROM: i16 = 13;

/// Asks the leader at the other end for `from`, of any number of topics.
pub async fn fetch(
    connection: &Connection,
    from: &[FetchFrom],
    options: &FetchOptions,
) -> Result<Vec<Fetched>, PeerError> {
    let ids_known = from.iter().all(|f| !f.topic_id.is_zero());
    let version = connection.version::<FetchRequest>(if ids_known { i16::MAX } else { BY_ID_FROM - 1 })?;
    let response = connection.send(version, &request(version, from, options)).await?.answer().await?;
    wire::check(response.error_code, None, || format!("fetch from {}", connection.address()))?;
    let mut all = Vec::with_capacity(from.len());
    for topic in response.responses {
        let id = wire::id(topic.topic_id);
        let named = |f: &&FetchFrom| if version >= BY_ID_FROM { f.topic_id == id } else { *f.topic == **topic.topic };
        // A topic that was not asked for is none of ours to read.
        let Some(name) = from.iter().find(named).map(|f| f.topic.clone()) else { continue };
        all.extend(topic.partitions.into_iter().map(|data| fetched(&name, data)));
    }
    Ok(all)
}

fn request(version: i16, from: &[FetchFrom], options: &FetchOptions) -> FetchRequest {
    let mut topics: Vec<(&str, FetchTopic)> = Vec::new();
    for f in from {
        let at = topics.iter().position(|(name, _)| *name == f.topic).unwrap_or_else(|| {
            let mut topic = FetchTopic::default();
            if version >= BY_ID_FROM {
                topic.topic_id = wire::uuid(f.topic_id);
            } else {
                topic.topic = wire::topic(&f.topic);
            }
            topics.push((&f.topic, topic));
            topics.len() - 1
        });
        topics[at].1.partitions.push(
            FetchPartition::default()
                .with_partition(f.partition.0)
                .with_fetch_offset(f.offset.0)
                .with_current_leader_epoch(f.leader_epoch.0)
                .with_partition_max_bytes(options.partition_max_bytes),
        );
    }
    let mut request = FetchRequest::default()
        .with_max_wait_ms(i32::try_from(options.max_wait.as_millis()).unwrap_or(i32::MAX))
        .with_min_bytes(options.min_bytes)
        .with_max_bytes(options.max_bytes)
        .with_isolation_level(options.isolation.to_wire())
        // No session (KIP-227): the request names all it wants.
        .with_session_id(0)
        .with_session_epoch(-1)
        .with_topics(topics.into_iter().map(|(_, topic)| topic).collect());
    // The replica's id moved into a structure of its own (KIP-903).
    if version >= 15 {
        request.replica_state.replica_id = options.replica.0.into();
    } else {
        request.replica_id = options.replica.0.into();
    }
    request
}

fn fetched(topic: &str, data: PartitionData) -> Fetched {
    let aborted = data.aborted_transactions.unwrap_or_default();
    Fetched {
        topic: topic.to_string(),
        partition: PartitionIndex(data.partition_index),
        error: wire::code(data.error_code),
        high_watermark: Offset(data.high_watermark),
        last_stable_offset: Offset(data.last_stable_offset),
        log_start_offset: Offset(data.log_start_offset),
        aborted: aborted.iter().map(|a| (ProducerId(a.producer_id.0), Offset(a.first_offset))).collect(),
        records: data.records.unwrap_or_default(),
    }
}
