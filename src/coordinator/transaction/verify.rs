//! Whether partitions take part in a transaction: what their leaders ask before they take its first records (KIP-890).

use super::machine::{Outcome, TransactionMachine};
use super::state::Producer;
use crate::base::error_code::ErrorCode;
use crate::base::ids::TopicPartition;

/// The question.
#[derive(Debug, Clone)]
pub struct Verify<'a> {
    /// Which transactional id.
    pub transactional_id: &'a str,
    /// Who writes.
    pub producer: Producer,
    /// Where.
    pub partitions: &'a [TopicPartition],
}

/// Answers partition by partition, in the order asked.
pub fn verify(machine: &TransactionMachine, op: &Verify<'_>) -> Outcome<Vec<Result<(), ErrorCode>>> {
    if op.transactional_id.is_empty() {
        return Outcome::reply(Err(ErrorCode::InvalidRequest));
    }
    let Some((_, metadata)) = machine.find(op.transactional_id) else {
        return Outcome::reply(Err(ErrorCode::InvalidProducerIdMapping));
    };
    if metadata.producer.id != op.producer.id {
        return Outcome::reply(Err(ErrorCode::InvalidProducerIdMapping));
    }
    if metadata.producer.epoch != op.producer.epoch {
        return Outcome::reply(Err(ErrorCode::ProducerFenced));
    }
    if metadata.state.prepared().is_some() {
        return Outcome::reply(Err(ErrorCode::ConcurrentTransactions));
    }
    let takes_part = |partition| match metadata.partitions.contains(partition) {
        true => Ok(()),
        false => Err(ErrorCode::TransactionAbortable),
    };
    Outcome::reply(Ok(op.partitions.iter().map(takes_part).collect()))
}
