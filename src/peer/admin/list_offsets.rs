//! ListOffsets: where partitions begin and end, and which record is the first of some moment on.

use std::collections::{BTreeMap, HashMap};

use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use kafka_protocol::messages::{BrokerId, ListOffsetsResponse};

use super::BROKER_TIMEOUT_MS;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, NodeId, Offset, PartitionIndex, TopicPartition};
use crate::peer::client::{Client, Retry};
use crate::peer::connection::Connection;
use crate::peer::error::PeerError;
use crate::peer::fetch::Isolation;
use crate::peer::metadata::Wanted;
use crate::peer::wire;

/// Which offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The first that is still there.
    Earliest,
    /// The one that the next record to be seen at that isolation will have.
    Latest,
    /// The first record whose timestamp is this or later.
    Timestamp(Millis),
}

impl OffsetSpec {
    fn to_wire(self) -> i64 {
        match self {
            Self::Latest => -1,
            Self::Earliest => -2,
            Self::Timestamp(at) => at.0,
        }
    }
}

/// Asks the leaders of `partitions` of one topic; asks again where a leader has moved, until the retry's deadline. Nothing
/// stands for "no record is that late".
pub async fn list_offsets(
    client: &Client,
    topic: &str,
    partitions: &[PartitionIndex],
    spec: OffsetSpec,
    isolation: Isolation,
    retry: &mut Retry,
) -> Result<BTreeMap<PartitionIndex, Option<Offset>>, PeerError> {
    let mut found = BTreeMap::new();
    while found.len() < partitions.len() {
        let missing: Vec<_> = partitions.iter().copied().filter(|p| !found.contains_key(p)).collect();
        if let Err(error) = ask_leaders(client, topic, &missing, spec, isolation, &mut found).await {
            retry.pause(error).await?;
            let names = [topic.to_string()];
            if let Err(error) = client.metadata(Wanted::These(&names), false).await {
                retry.pause(error).await?;
            }
        }
    }
    Ok(found)
}

async fn ask_leaders(
    client: &Client,
    topic: &str,
    partitions: &[PartitionIndex],
    spec: OffsetSpec,
    isolation: Isolation,
    found: &mut BTreeMap<PartitionIndex, Option<Offset>>,
) -> Result<(), PeerError> {
    let known = client.known();
    let mut by_leader: BTreeMap<NodeId, Vec<ListOffsetsPartition>> = BTreeMap::new();
    for index in partitions {
        let leader = known.leader(topic, *index)?.leader;
        let wanted = ListOffsetsPartition::default().with_partition_index(index.0).with_timestamp(spec.to_wire());
        by_leader.entry(leader).or_default().push(wanted);
    }
    for (leader, wanted) in by_leader {
        let connection = client.broker(leader).await?;
        let wanted = vec![ListOffsetsTopic::default().with_name(wire::topic(topic)).with_partitions(wanted)];
        let before = found.len();
        for answer in ask(&connection, wanted, isolation).await?.topics.iter().flat_map(|t| &t.partitions) {
            let what = || format!("find an offset in partition {} of topic {topic:?}", answer.partition_index);
            wire::check(answer.error_code, None, what)?;
            found.insert(PartitionIndex(answer.partition_index), (answer.offset >= 0).then_some(Offset(answer.offset)));
        }
        if found.len() == before {
            let message = Some("the answer names no partition".to_string());
            return Err(PeerError::refused(
                format!("find offsets of topic {topic:?}"),
                ErrorCode::UnknownServerError,
                message,
            ));
        }
    }
    Ok(())
}

async fn ask(
    connection: &Connection,
    topics: Vec<ListOffsetsTopic>,
    isolation: Isolation,
) -> Result<ListOffsetsResponse, PeerError> {
    let version = connection.version::<ListOffsetsRequest>(i16::MAX)?;
    let mut request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_isolation_level(isolation.to_wire())
        .with_topics(topics);
    if version >= 10 {
        request.timeout_ms = BROKER_TIMEOUT_MS;
    }
    connection.send(version, &request).await?.answer().await
}

/// One offset of each of `partitions`, which the broker at the other end leads, of any topics. Those that it does not tell are
/// left out.
pub async fn offsets_at_leader(
    connection: &Connection,
    partitions: &[TopicPartition],
    spec: OffsetSpec,
) -> Result<HashMap<TopicPartition, Offset>, PeerError> {
    let mut by_topic: BTreeMap<&str, Vec<ListOffsetsPartition>> = BTreeMap::new();
    for partition in partitions {
        let wanted =
            ListOffsetsPartition::default().with_partition_index(partition.partition.0).with_timestamp(spec.to_wire());
        by_topic.entry(&partition.topic).or_default().push(wanted);
    }
    let topics = by_topic.into_iter().map(|(topic, partitions)| {
        ListOffsetsTopic::default().with_name(wire::topic(topic)).with_partitions(partitions)
    });
    let answer = ask(connection, topics.collect(), Isolation::ReadUncommitted).await?;
    let told = answer.topics.iter().flat_map(|topic| topic.partitions.iter().map(move |p| (&topic.name, p)));
    let known = told.filter(|(_, p)| p.error_code == 0 && p.offset >= 0);
    Ok(known
        .map(|(name, p)| (TopicPartition::new(&*name.0, PartitionIndex(p.partition_index)), Offset(p.offset)))
        .collect())
}
