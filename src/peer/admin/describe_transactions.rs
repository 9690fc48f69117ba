//! DescribeTransactions (KIP-664): what a coordinator knows of a transactional id.

use kafka_protocol::messages::TransactionalId;
use kafka_protocol::messages::describe_transactions_request::DescribeTransactionsRequest;

use super::coordinator::{self, Key};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, NodeId, PartitionIndex, ProducerEpoch, ProducerId, TopicPartition};
use crate::peer::client::{Client, Retry};
use crate::peer::connection::Connection;
use crate::peer::error::PeerError;
use crate::peer::wire;

/// A transactional id, as its coordinator knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionDescription {
    /// Its name.
    pub transactional_id: String,
    /// The broker that coordinates it.
    pub coordinator: NodeId,
    /// The producer that has it.
    pub producer_id: ProducerId,
    /// That producer's epoch.
    pub producer_epoch: ProducerEpoch,
    /// Kafka's name for its state.
    pub state: String,
    /// How long a transaction may take (ms).
    pub timeout_ms: i32,
    /// When the transaction began; nothing if none is under way.
    pub started: Option<Millis>,
    /// The partitions that take part; of one that is being ended, those that do not know yet.
    pub partitions: Vec<TopicPartition>,
}

/// Asks the coordinator of `id`; asks again while it is moving or loading, until the retry's deadline.
pub async fn describe_transaction(
    client: &Client,
    id: &str,
    retry: &mut Retry,
) -> Result<TransactionDescription, PeerError> {
    let key = Key::TransactionalId(id);
    coordinator::ask(client, key, retry, async |node, connection| ask(node, connection, id).await).await
}

async fn ask(coordinator: NodeId, connection: &Connection, id: &str) -> Result<TransactionDescription, PeerError> {
    let request = DescribeTransactionsRequest::default().with_transactional_ids(vec![TransactionalId(wire::text(id))]);
    let response = connection.call(&request).await?;
    let what = || format!("describe the transactional id {id:?}");
    let Some(state) = response.transaction_states.first() else {
        let why = Some("the answer does not mention it".to_string());
        return Err(PeerError::refused(what(), ErrorCode::UnknownServerError, why));
    };
    wire::check(state.error_code, None, what)?;
    let partitions = state.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|index| TopicPartition::new(topic.topic.as_str(), PartitionIndex(*index)))
    });
    Ok(TransactionDescription {
        transactional_id: state.transactional_id.to_string(),
        coordinator,
        producer_id: ProducerId(state.producer_id.0),
        producer_epoch: ProducerEpoch(state.producer_epoch),
        state: state.transaction_state.to_string(),
        timeout_ms: state.transaction_timeout_ms,
        started: (state.transaction_start_time_ms >= 0).then_some(Millis(state.transaction_start_time_ms)),
        partitions: partitions.collect(),
    })
}
