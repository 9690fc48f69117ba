//! ListTransactions (KIP-664): each broker tells of the transactional ids that it coordinates.

use kafka_protocol::messages::ProducerId as WireProducerId;
use kafka_protocol::messages::list_transactions_request::ListTransactionsRequest;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{NodeId, ProducerId};
use crate::peer::client::{Client, Retry};
use crate::peer::error::PeerError;
use crate::peer::metadata::Wanted;
use crate::peer::wire;

/// The versions from which on one can ask for those that have run for long (KIP-994), and for ids of some form (KIP-1152).
const DURATION_VERSION: i16 = 1;
const PATTERN_VERSION: i16 = 2;

/// Which transactional ids.
#[derive(Debug, Clone, Default)]
pub struct TransactionFilter {
    /// In one of these states, by Kafka's names; none stands for all.
    pub states: Vec<String>,
    /// Of one of these producers; none stands for all.
    pub producer_ids: Vec<ProducerId>,
    /// Under way for longer than this (ms).
    pub longer_than_ms: Option<i64>,
    /// Whose name as a whole matches this regular expression.
    pub pattern: Option<String>,
}

/// A transactional id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionListing {
    /// Its name.
    pub transactional_id: String,
    /// The broker that coordinates it.
    pub coordinator: NodeId,
    /// The producer that has it.
    pub producer_id: ProducerId,
    /// Kafka's name for its state.
    pub state: String,
}

/// Asks every broker; asks again where one is still loading, until the retry's deadline. Sorted by name.
pub async fn list_transactions(
    client: &Client,
    filter: &TransactionFilter,
    retry: &mut Retry,
) -> Result<Vec<TransactionListing>, PeerError> {
    let cluster = client.metadata(Wanted::These(&[]), false).await?;
    let mut all = Vec::new();
    for broker in cluster.brokers.keys() {
        loop {
            match ask(client, *broker, filter).await {
                Ok(some) => break all.extend(some),
                Err(error) => retry.pause(error).await?,
            }
        }
    }
    all.sort_by(|a, b| a.transactional_id.cmp(&b.transactional_id));
    Ok(all)
}

async fn ask(
    client: &Client,
    broker: NodeId,
    filter: &TransactionFilter,
) -> Result<Vec<TransactionListing>, PeerError> {
    let connection = client.broker(broker).await?;
    let version = connection.version::<ListTransactionsRequest>(i16::MAX)?;
    let needed = match filter {
        TransactionFilter { pattern: Some(_), .. } => PATTERN_VERSION,
        TransactionFilter { longer_than_ms: Some(_), .. } => DURATION_VERSION,
        _ => 0,
    };
    let what = || format!("list the transactions of broker {broker}");
    if version < needed {
        let why = Some(format!("it does not know that filter: ListTransactions {needed} would be needed"));
        return Err(PeerError::refused(what(), ErrorCode::UnsupportedVersion, why));
    }
    let request = ListTransactionsRequest::default()
        .with_state_filters(filter.states.iter().map(|state| wire::text(state)).collect())
        .with_producer_id_filters(filter.producer_ids.iter().map(|id| WireProducerId(id.0)).collect())
        .with_duration_filter(filter.longer_than_ms.unwrap_or(-1))
        .with_transactional_id_pattern(filter.pattern.as_deref().map(wire::text));
    let response = connection.send(version, &request).await?.answer().await?;
    wire::check(response.error_code, None, what)?;
    if let Some(unknown) = response.unknown_state_filters.first() {
        let why = Some(format!("it knows no state {:?}", unknown.as_str()));
        return Err(PeerError::refused(what(), ErrorCode::InvalidRequest, why));
    }
    let listing = |state: &kafka_protocol::messages::list_transactions_response::TransactionState| TransactionListing {
        transactional_id: state.transactional_id.to_string(),
        coordinator: broker,
        producer_id: ProducerId(state.producer_id.0),
        state: state.transaction_state.to_string(),
    };
    Ok(response.transaction_states.iter().map(listing).collect())
}
