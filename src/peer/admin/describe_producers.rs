//! DescribeProducers (KIP-664): the producers that a partition's leader remembers, with their open transactions.

use kafka_protocol::messages::describe_producers_request::{DescribeProducersRequest, TopicRequest};

use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, Offset, PartitionIndex, ProducerEpoch, ProducerId, TopicPartition};
use crate::peer::client::{Client, Retry};
use crate::peer::error::PeerError;
use crate::peer::wire;

/// A producer of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerDescription {
    /// Which.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub producer_epoch: ProducerEpoch,
    /// When it was last heard.
    pub last_timestamp: Millis,
    /// The epoch of the coordinator that last ended a transaction of it; nothing if none has.
    pub coordinator_epoch: Option<i32>,
    /// The first offset of its open transaction.
    pub txn_start: Option<Offset>,
}

/// Asks the partition's leader; asks again where it has moved, until the retry's deadline.
pub async fn describe_producers(
    client: &Client,
    partition: &TopicPartition,
    retry: &mut Retry,
) -> Result<Vec<ProducerDescription>, PeerError> {
    loop {
        match ask(client, partition).await {
            Ok(producers) => return Ok(producers),
            Err(error) => {
                client.forget(&partition.topic);
                retry.pause(error).await?;
            }
        }
    }
}

async fn ask(client: &Client, partition: &TopicPartition) -> Result<Vec<ProducerDescription>, PeerError> {
    let TopicPartition { topic, partition: PartitionIndex(index) } = partition;
    let asked = TopicRequest::default().with_name(wire::topic(topic)).with_partition_indexes(vec![*index]);
    let request = DescribeProducersRequest::default().with_topics(vec![asked]);
    let response = client.leader(topic, partition.partition).await?.call(&request).await?;
    let what = || format!("describe the producers of partition {index} of topic {topic:?}");
    let Some(answer) = response.topics.first().and_then(|topic| topic.partitions.first()) else {
        let why = Some("the answer does not mention it".to_string());
        return Err(PeerError::refused(what(), ErrorCode::UnknownServerError, why));
    };
    wire::check(answer.error_code, answer.error_message.as_ref(), what)?;
    let producer = |state: &kafka_protocol::messages::describe_producers_response::ProducerState| ProducerDescription {
        producer_id: ProducerId(state.producer_id.0),
        // Wider on the wire than anywhere else.
        producer_epoch: ProducerEpoch(i16::try_from(state.producer_epoch).unwrap_or(-1)),
        last_timestamp: Millis(state.last_timestamp),
        coordinator_epoch: (state.coordinator_epoch >= 0).then_some(state.coordinator_epoch),
        txn_start: (state.current_txn_start_offset >= 0).then_some(Offset(state.current_txn_start_offset)),
    };
    Ok(answer.active_producers.iter().map(producer).collect())
}
