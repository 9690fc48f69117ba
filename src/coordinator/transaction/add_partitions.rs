//! Partitions join a transaction; the first ones begin it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::machine::{Outcome, TransactionMachine, transition};
use super::state::{Producer, TransactionMetadata, TransactionState, TransactionVersion};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, TopicPartition};

/// The request.
#[derive(Debug, Clone)]
pub struct AddPartitions<'a> {
    /// Which transactional id.
    pub transactional_id: &'a str,
    /// Who asks.
    pub producer: Producer,
    /// What joins.
    pub partitions: BTreeSet<TopicPartition>,
    /// How the client speaks of transactions.
    pub version: TransactionVersion,
}

/// Decides.
pub fn add_partitions(machine: &TransactionMachine, now: Millis, op: &AddPartitions<'_>) -> Outcome<()> {
    if op.transactional_id.is_empty() {
        return Outcome::reply(Err(ErrorCode::InvalidRequest));
    }
    let Some((id, metadata)) = machine.find(op.transactional_id) else {
        return Outcome::reply(Err(ErrorCode::InvalidProducerIdMapping));
    };
    if let Err(code) = may_join(metadata, op.producer) {
        return Outcome::reply(Err(code));
    }
    if metadata.state == TransactionState::Ongoing && op.partitions.is_subset(&metadata.partitions) {
        return Outcome::reply(Ok(()));
    }
    let started = if metadata.state == TransactionState::Ongoing { metadata.started } else { now };
    let partitions = Arc::new(metadata.partitions.union(&op.partitions).cloned().collect());
    let next = metadata.become_state(TransactionState::Ongoing, now);
    transition(machine, id, TransactionMetadata { partitions, started, client_version: op.version, ..next }, Ok(()))
}

fn may_join(metadata: &TransactionMetadata, producer: Producer) -> Result<(), ErrorCode> {
    if metadata.state.prepared().is_some() {
        return Err(ErrorCode::ConcurrentTransactions);
    }
    if metadata.producer.id != producer.id {
        return Err(ErrorCode::InvalidProducerIdMapping);
    }
    if metadata.producer.epoch != producer.epoch {
        return Err(ErrorCode::ProducerFenced);
    }
    Ok(())
}
