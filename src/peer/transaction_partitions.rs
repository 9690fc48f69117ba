//! Asks the coordinator of a transaction, on another broker, whether partitions take part, or has them added
//! (AddPartitionsToTxn, KIP-890).

use std::sync::Arc;

use kafka_protocol::messages::add_partitions_to_txn_request::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use kafka_protocol::messages::{ProducerId as WireProducerId, TopicName, TransactionalId};
use kafka_protocol::protocol::StrBytes;

use super::broker_connections::BrokerConnections;
use super::error::PeerError;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{NodeId, PartitionIndex, ProducerEpoch, ProducerId, TopicPartition};

/// Questions to coordinators on other brokers.
pub struct TransactionPartitions(pub Arc<BrokerConnections>);

impl TransactionPartitions {
    /// Asks `broker`, which coordinates `id`.
    pub async fn ask(
        &self,
        broker: NodeId,
        id: &str,
        (producer_id, epoch): (ProducerId, ProducerEpoch),
        verify_only: bool,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, ErrorCode)>, PeerError> {
        let mut topics: Vec<AddPartitionsToTxnTopic> = Vec::new();
        for partition in partitions {
            match topics.iter_mut().find(|topic| *topic.name.0 == *partition.topic) {
                Some(topic) => topic.partitions.push(partition.partition.0),
                None => topics.push(
                    AddPartitionsToTxnTopic::default()
                        .with_name(TopicName(StrBytes::from_string(partition.topic.to_string())))
                        .with_partitions(vec![partition.partition.0]),
                ),
            }
        }
        let transaction = AddPartitionsToTxnTransaction::default()
            .with_transactional_id(TransactionalId(StrBytes::from_string(id.to_owned())))
            .with_producer_id(WireProducerId(producer_id.0))
            .with_producer_epoch(epoch.0)
            .with_verify_only(verify_only)
            .with_topics(topics);
        let request = AddPartitionsToTxnRequest::default().with_transactions(vec![transaction]);
        let answer = self.0.to(broker).await?.call(&request).await?;
        let whole = code(answer.error_code);
        if whole != ErrorCode::None {
            return Ok(partitions.iter().map(|partition| (partition.clone(), whole)).collect());
        }
        let topics = answer.results_by_transaction.into_iter().flat_map(|result| result.topic_results);
        let told = topics.flat_map(|topic| {
            topic.results_by_partition.into_iter().map(move |p| {
                (TopicPartition::new(&*topic.name.0, PartitionIndex(p.partition_index)), code(p.partition_error_code))
            })
        });
        Ok(told.collect())
    }
}

fn code(code: i16) -> ErrorCode {
    ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError)
}
