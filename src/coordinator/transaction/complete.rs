//! Every partition knows how a transaction ended: it is over.

use std::sync::Arc;

use super::machine::{Outcome, TransactionMachine, transition};
use super::state::{Producer, TransactionMetadata, TransactionState};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, ProducerEpoch, ProducerId};

/// What was done.
#[derive(Debug, Clone)]
pub struct Complete<'a> {
    /// Which transactional id.
    pub transactional_id: &'a str,
    /// Whom the markers named.
    pub producer: Producer,
}

/// Decides. Told twice, or too late, it changes nothing.
pub fn complete(machine: &TransactionMachine, now: Millis, op: &Complete<'_>) -> Outcome<()> {
    let prepared = machine.find(op.transactional_id).filter(|(_, m)| m.producer == op.producer);
    let Some((id, metadata, result)) = prepared.and_then(|(id, m)| Some((id, m, m.state.prepared()?))) else {
        return Outcome::reply(Err(ErrorCode::InvalidTxnState));
    };
    let next = metadata.become_state(TransactionState::completing(result), now);
    let producer = completed_producer(metadata);
    let next = TransactionMetadata { producer, next_producer_id: ProducerId::NONE, partitions: Arc::default(), ..next };
    transition(machine, id, next, Ok(()))
}

/// Whom the id belongs to once the prepared transaction is over: the next producer id from its first epoch on, where the
/// epochs of the present one are used up.
pub(super) fn completed_producer(metadata: &TransactionMetadata) -> Producer {
    if metadata.client_version.bumps_epoch() && !metadata.next_producer_id.is_none() {
        return Producer::new(metadata.next_producer_id, ProducerEpoch(0));
    }
    metadata.producer
}
