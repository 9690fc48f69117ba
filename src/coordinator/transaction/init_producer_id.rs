//! A producer comes, or comes again: it gets an id and an epoch under which only it may write (KIP-98, KIP-360, KIP-939).
//!
//! A transaction that its predecessor left open is aborted first, under an epoch that nobody is ever given; the producer is told
//! to ask again meanwhile.

use std::sync::Arc;

use super::end_txn::abort_and_fence;
use super::machine::{NeedsProducerId, Outcome, TransactionMachine, transition};
use super::record::TransactionalId;
use super::state::{LAST_EPOCH, NEVER_OVERDUE_MS, Producer, TransactionMetadata, TransactionState};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, ProducerEpoch, ProducerId};
use crate::base::limits::TRANSACTIONAL_IDS_PER_PARTITION_MAX;

/// The request.
#[derive(Debug, Clone)]
pub struct InitProducerId<'a> {
    /// The producer's name.
    pub transactional_id: &'a str,
    /// How long its transactions may take (ms).
    pub timeout_ms: i32,
    /// An outer coordinator decides: transactions are never overdue.
    pub two_phase_commit: bool,
    /// The transaction that is prepared outside shall stay open.
    pub keep_prepared: bool,
    /// What the producer was, if it goes on after an error.
    pub expected: Option<Producer>,
    /// An id that nobody has had, if one was asked for before.
    pub fresh: Option<ProducerId>,
}

/// Decides.
pub fn init_producer_id(
    machine: &TransactionMachine,
    now: Millis,
    op: &InitProducerId<'_>,
) -> Result<Outcome<Producer>, NeedsProducerId> {
    let refused = |code| Ok(Outcome::reply(Err(code)));
    if let Some(code) = fault(machine, op) {
        return refused(code);
    }
    let timeout_ms = if op.two_phase_commit { NEVER_OVERDUE_MS } else { op.timeout_ms };
    let Some((id, metadata)) = machine.find(op.transactional_id) else {
        if machine.transactions().len() >= TRANSACTIONAL_IDS_PER_PARTITION_MAX {
            return refused(ErrorCode::CoordinatorNotAvailable);
        }
        let fresh = op.fresh.ok_or(NeedsProducerId)?;
        let created = TransactionMetadata::new(fresh, timeout_ms, now);
        return Ok(match bump(&created, timeout_ms, op.expected.map(|p| p.epoch), now) {
            Some(next) => granted(machine, &Arc::from(op.transactional_id), next),
            None => Outcome::reply(Err(ErrorCode::ProducerFenced)),
        });
    };
    if metadata.state.prepared().is_some() {
        return refused(ErrorCode::ConcurrentTransactions);
    }
    if op.expected.is_some_and(|expected| !continues(metadata, expected)) {
        return refused(ErrorCode::ProducerFenced);
    }
    if metadata.state == TransactionState::Ongoing {
        return abort_and_fence(machine, now, id, metadata, op.fresh, Err(ErrorCode::ConcurrentTransactions));
    }
    let next = if metadata.is_exhausted() && op.expected.is_none_or(|e| e.epoch == metadata.producer.epoch) {
        let fresh = op.fresh.ok_or(NeedsProducerId)?;
        let last_epoch = if op.expected.is_some() { metadata.producer.epoch } else { ProducerEpoch::NONE };
        Some(renewed(metadata, Producer::new(fresh, ProducerEpoch(0)), last_epoch, timeout_ms, now))
    } else {
        bump(metadata, timeout_ms, op.expected.map(|p| p.epoch), now)
    };
    Ok(match next {
        Some(next) => granted(machine, id, next),
        None => Outcome::reply(Err(ErrorCode::ProducerFenced)),
    })
}

fn fault(machine: &TransactionMachine, op: &InitProducerId<'_>) -> Option<ErrorCode> {
    let settings = machine.settings();
    if op.transactional_id.is_empty() {
        return Some(ErrorCode::InvalidRequest);
    }
    if op.two_phase_commit && !settings.two_phase_commit {
        return Some(ErrorCode::TransactionalIdAuthorizationFailed);
    }
    if op.keep_prepared {
        return Some(ErrorCode::UnsupportedVersion);
    }
    let in_bounds = (1..=settings.timeout_ms_max).contains(&op.timeout_ms);
    (!op.two_phase_commit && !in_bounds).then_some(ErrorCode::InvalidTransactionTimeout)
}

/// True if the producer that says it was `expected` may be the one that is known: by id, or by the id whose epochs were used up.
fn continues(metadata: &TransactionMetadata, expected: Producer) -> bool {
    expected.id == metadata.producer.id || (expected.id == metadata.prev_producer_id && expected.epoch >= LAST_EPOCH)
}

/// The next epoch of the same id; the same again for a producer that did not hear of it; none for one that is fenced.
fn bump(
    metadata: &TransactionMetadata,
    timeout_ms: i32,
    expected: Option<ProducerEpoch>,
    now: Millis,
) -> Option<TransactionMetadata> {
    let current = metadata.producer.epoch;
    let (epoch, last_epoch) = match expected {
        None => (metadata.next_epoch(), ProducerEpoch::NONE),
        Some(epoch) if current.is_none() || epoch == current => (metadata.next_epoch(), current),
        Some(epoch) if epoch == metadata.last_epoch => (current, metadata.last_epoch),
        Some(_) => return None,
    };
    Some(renewed(metadata, Producer::new(metadata.producer.id, epoch), last_epoch, timeout_ms, now))
}

fn renewed(
    metadata: &TransactionMetadata,
    producer: Producer,
    last_epoch: ProducerEpoch,
    timeout_ms: i32,
    now: Millis,
) -> TransactionMetadata {
    let next = metadata.become_state(TransactionState::Empty, now);
    TransactionMetadata { producer, last_epoch, timeout_ms, partitions: Arc::default(), started: Millis::NONE, ..next }
}

fn granted(machine: &TransactionMachine, id: &TransactionalId, next: TransactionMetadata) -> Outcome<Producer> {
    let producer = next.producer;
    transition(machine, id, next, Ok(producer))
}
