//! A transaction that has been open for too long is aborted, and its producer fenced.

use super::end_txn::abort_and_fence;
use super::machine::{Effect, NeedsProducerId, Outcome, TransactionMachine};
use super::record::TransactionalId;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, ProducerId};
use crate::machine::outcome;

/// The timer of a transaction is due.
pub(super) fn on_timer(
    machine: &TransactionMachine,
    now: Millis,
    id: &TransactionalId,
) -> outcome::Outcome<TransactionMachine, ()> {
    match abort_overdue(machine, now, id, None) {
        Ok(aborted) => without_reply(aborted),
        Err(NeedsProducerId) => outcome::Outcome::reply(()).then(Effect::AbortOverdue(id.clone())),
    }
}

/// Aborts a transaction if it is overdue now.
pub fn abort_overdue(
    machine: &TransactionMachine,
    now: Millis,
    id: &str,
    fresh: Option<ProducerId>,
) -> Result<Outcome<()>, NeedsProducerId> {
    let overdue = machine.find(id).filter(|(_, m)| m.overdue_at().is_some_and(|at| at <= now));
    match overdue {
        Some((id, metadata)) => abort_and_fence(machine, now, id, metadata, fresh, Ok(())),
        None => Ok(Outcome::reply(Err(ErrorCode::InvalidTxnState))),
    }
}

fn without_reply(done: Outcome<()>) -> outcome::Outcome<TransactionMachine, ()> {
    let outcome::Outcome { records, writer, soft, timers, after_commit, .. } = done;
    outcome::Outcome { records, writer, soft, reply: outcome::Reply::Now(()), timers, after_commit }
}
