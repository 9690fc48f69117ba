//! A transaction is decided: by its producer, or against it.
//!
//! A producer that speaks of transactions in the new way (KIP-890) gets a new epoch with every end, so that a straggler's record
//! can never slip into its next transaction. An end that was answered, but not heard, is asked for again under the old epoch:
//!
//! ```text
//!   known epoch = asked epoch        a new end
//!   known epoch = asked epoch + 1    the same end again
//!   known id's predecessor = asked id, asked epoch = the last, known epoch = 0    the same, where the epochs were used up
//! ```

use super::complete::completed_producer;
use super::machine::{NeedsProducerId, Outcome, TransactionMachine, transition};
use super::record::TransactionalId;
use super::state::{LAST_EPOCH, Producer, TransactionMetadata, TransactionState, TransactionVersion};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, ProducerEpoch, ProducerId};
use crate::machine::machine::TransactionResult;

/// The request.
#[derive(Debug, Clone)]
pub struct EndTxn<'a> {
    /// Which transactional id.
    pub transactional_id: &'a str,
    /// Who asks.
    pub producer: Producer,
    /// What was decided.
    pub result: TransactionResult,
    /// How the client speaks of transactions.
    pub version: TransactionVersion,
    /// An id that nobody has had, if one was asked for before.
    pub fresh: Option<ProducerId>,
}

/// Decides. The answer says as whom the producer goes on.
pub fn end_txn(
    machine: &TransactionMachine,
    now: Millis,
    op: &EndTxn<'_>,
) -> Result<Outcome<Producer>, NeedsProducerId> {
    let refused = |code| Ok(Outcome::reply(Err(code)));
    if op.transactional_id.is_empty() {
        return refused(ErrorCode::InvalidRequest);
    }
    let Some((id, metadata)) = machine.find(op.transactional_id) else {
        return refused(ErrorCode::InvalidProducerIdMapping);
    };
    let judged = if op.version.bumps_epoch() { judge_bumping(metadata, op) } else { judge(metadata, op) };
    match judged {
        Verdict::Refuse(code) => refused(code),
        Verdict::Again => Ok(Outcome::reply(Ok(metadata.producer))),
        Verdict::End => {
            let started = if metadata.state == TransactionState::Ongoing { metadata.started } else { now };
            let next = if op.version.bumps_epoch() {
                bumped(metadata, op.result, op.version, op.fresh, now)?
            } else {
                let next = metadata.become_state(TransactionState::preparing(op.result), now);
                TransactionMetadata {
                    next_producer_id: ProducerId::NONE,
                    client_version: TransactionVersion::V0,
                    ..next
                }
            };
            let next = TransactionMetadata { started, ..next };
            let producer = completed_producer(&next);
            Ok(transition(machine, id, next, Ok(producer)))
        }
    }
}

enum Verdict {
    End,
    Again,
    Refuse(ErrorCode),
}

/// The producer's epoch stays the same from one transaction to the next.
fn judge(metadata: &TransactionMetadata, op: &EndTxn<'_>) -> Verdict {
    if metadata.producer.id != op.producer.id {
        return Verdict::Refuse(ErrorCode::InvalidProducerIdMapping);
    }
    if metadata.producer.epoch != op.producer.epoch {
        return Verdict::Refuse(ErrorCode::ProducerFenced);
    }
    match metadata.state {
        TransactionState::Ongoing => Verdict::End,
        TransactionState::PrepareCommit | TransactionState::PrepareAbort => {
            Verdict::Refuse(ErrorCode::ConcurrentTransactions)
        }
        ended if ended == TransactionState::completing(op.result) => Verdict::Again,
        _ => Verdict::Refuse(ErrorCode::InvalidTxnState),
    }
}

/// The producer's epoch grows with every transaction.
fn judge_bumping(metadata: &TransactionMetadata, op: &EndTxn<'_>) -> Verdict {
    if metadata.state.prepared().is_some() {
        return Verdict::Refuse(ErrorCode::ConcurrentTransactions);
    }
    let known = metadata.producer;
    let used_up = metadata.prev_producer_id == op.producer.id && op.producer.epoch == LAST_EPOCH && known.epoch.0 == 0;
    if known.id != op.producer.id && !used_up {
        return Verdict::Refuse(ErrorCode::InvalidProducerIdMapping);
    }
    let is_completed = matches!(metadata.state, TransactionState::CompleteCommit | TransactionState::CompleteAbort);
    let again = used_up || known.epoch.0.checked_sub(1) == Some(op.producer.epoch.0);
    if known.epoch != op.producer.epoch && !(is_completed && again) {
        return Verdict::Refuse(ErrorCode::ProducerFenced);
    }
    match (metadata.state, op.result) {
        (TransactionState::Ongoing, _) => Verdict::End,
        (ended, result) if again && ended == TransactionState::completing(result) => Verdict::Again,
        // Nothing was added since: there is nothing to commit, but an abort makes sure that nothing will be.
        (TransactionState::Empty, TransactionResult::Abort) => Verdict::End,
        (_, TransactionResult::Abort) if !again => Verdict::End,
        _ => Verdict::Refuse(ErrorCode::InvalidTxnState),
    }
}

/// Prepared under the next epoch, which is what the markers will say; with a fresh id to go on with if it is the last one.
fn bumped(
    metadata: &TransactionMetadata,
    result: TransactionResult,
    version: TransactionVersion,
    fresh: Option<ProducerId>,
    now: Millis,
) -> Result<TransactionMetadata, NeedsProducerId> {
    let next_producer_id = if metadata.is_exhausted() { fresh.ok_or(NeedsProducerId)? } else { ProducerId::NONE };
    let next = metadata.become_state(TransactionState::preparing(result), now);
    Ok(TransactionMetadata {
        producer: Producer::new(metadata.producer.id, metadata.next_epoch()),
        last_epoch: metadata.producer.epoch,
        next_producer_id,
        client_version: version,
        ..next
    })
}

/// Aborts a transaction that is under way, under an epoch that its producer does not have.
pub(super) fn abort_and_fence<T>(
    machine: &TransactionMachine,
    now: Millis,
    id: &TransactionalId,
    metadata: &TransactionMetadata,
    fresh: Option<ProducerId>,
    reply: Result<T, ErrorCode>,
) -> Result<Outcome<T>, NeedsProducerId> {
    let version = machine.settings().version;
    let next = if version.bumps_epoch() {
        bumped(metadata, TransactionResult::Abort, version, fresh, now)?
    } else {
        let next = metadata.become_state(TransactionState::PrepareAbort, now);
        TransactionMetadata {
            producer: Producer::new(metadata.producer.id, metadata.next_epoch()),
            last_epoch: ProducerEpoch::NONE,
            next_producer_id: ProducerId::NONE,
            client_version: TransactionVersion::V0,
            ..next
        }
    };
    Ok(transition(machine, id, next, reply))
}
