//! Sends the markers that end transactions to other brokers (WriteTxnMarkers).

use std::sync::Arc;

use kafka_protocol::messages::{ProducerId, TopicName, WriteTxnMarkersResponse};
use kafka_protocol::protocol::StrBytes;

use super::broker_connections::BrokerConnections;
use super::error::PeerError;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{NodeId, PartitionIndex, TopicPartition};
use crate::machine::machine::{TransactionEnd, TransactionResult};
use crate::protocol::extra::brokers::{WritableTxnMarker, WritableTxnMarkerTopic, WriteTxnMarkersRequest};

/// The version that says how the producer spoke of its transaction (KIP-1228), and what such producers are.
const TELLS_VERSION: i16 = 2;
const BUMPS_EPOCH: i8 = 2;

/// Markers to other brokers.
pub struct MarkerSender(pub Arc<BrokerConnections>);

impl MarkerSender {
    /// Has `broker` write the marker to partitions that it leads. Without an answer none may be written, or all.
    pub async fn write(
        &self,
        broker: NodeId,
        end: TransactionEnd,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, ErrorCode)>, PeerError> {
        let connection = self.0.to(broker).await?;
        let version = connection.version::<WriteTxnMarkersRequest>(TELLS_VERSION)?;
        let tells = version >= TELLS_VERSION && end.bumps_epoch;
        let mut marker = WritableTxnMarker {
            producer_id: ProducerId(end.producer_id.0),
            producer_epoch: end.producer_epoch.0,
            transaction_result: end.result == TransactionResult::Commit,
            coordinator_epoch: end.coordinator_epoch,
            transaction_version: if tells { BUMPS_EPOCH } else { 0 },
            ..WritableTxnMarker::default()
        };
        for partition in partitions {
            match marker.topics.iter_mut().find(|topic| *topic.name.0 == *partition.topic) {
                Some(topic) => topic.partition_indexes.push(partition.partition.0),
                None => marker.topics.push(WritableTxnMarkerTopic {
                    name: TopicName(StrBytes::from_string(partition.topic.to_string())),
                    partition_indexes: vec![partition.partition.0],
                }),
            }
        }
        let request = WriteTxnMarkersRequest { markers: vec![marker] };
        let answer: WriteTxnMarkersResponse = connection.send(version, &request).await?.answer().await?;
        let topics = answer.markers.into_iter().flat_map(|marker| marker.topics);
        let told = topics.flat_map(|topic| {
            topic.partitions.into_iter().map(move |p| {
                let partition = TopicPartition::new(&*topic.name.0, PartitionIndex(p.partition_index));
                (partition, ErrorCode::from_code(p.error_code).unwrap_or(ErrorCode::UnknownServerError))
            })
        });
        Ok(told.collect())
    }
}
