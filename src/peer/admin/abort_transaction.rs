//! WriteTxnMarkers in a coordinator's stead: ends a transaction that no coordinator will end.

use kafka_protocol::messages::ProducerId as WireProducerId;

use super::describe_producers::ProducerDescription;
use crate::base::error_code::ErrorCode;
use crate::base::ids::TopicPartition;
use crate::peer::client::Client;
use crate::peer::error::PeerError;
use crate::peer::wire;
use crate::protocol::extra::brokers::{WritableTxnMarker, WritableTxnMarkerTopic, WriteTxnMarkersRequest};

/// Has the partition's leader write an abort marker for `producer`'s open transaction. The marker carries the epochs that the
/// leader knows, so that it ends that transaction and nothing that began since.
pub async fn abort_transaction(
    client: &Client,
    partition: &TopicPartition,
    producer: &ProducerDescription,
) -> Result<(), PeerError> {
    let (topic, index) = (&partition.topic, partition.partition.0);
    let topics = vec![WritableTxnMarkerTopic { name: wire::topic(topic), partition_indexes: vec![index] }];
    let marker = WritableTxnMarker {
        producer_id: WireProducerId(producer.producer_id.0),
        producer_epoch: producer.producer_epoch.0,
        transaction_result: false,
        topics,
        coordinator_epoch: producer.coordinator_epoch.unwrap_or(0),
        ..WritableTxnMarker::default()
    };
    let request = WriteTxnMarkersRequest { markers: vec![marker] };
    let response = client.leader(topic, partition.partition).await?.call(&request).await?;
    let what = || format!("abort a transaction in partition {index} of topic {topic:?}");
    let mut told = response.markers.iter().flat_map(|marker| &marker.topics).flat_map(|topic| &topic.partitions);
    match told.next() {
        Some(answer) => wire::check(answer.error_code, None, what),
        None => {
            let why = Some("the answer does not mention it".to_string());
            Err(PeerError::refused(what(), ErrorCode::UnknownServerError, why))
        }
    }
}
