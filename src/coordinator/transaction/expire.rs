//! Transactional ids that nobody has used for a long time are forgotten.

use super::machine::{Timer, TransactionMachine};
use super::record::{TransactionRecord, TransactionalId};
use crate::base::ids::Millis;
use crate::base::limits::EXPIRED_IDS_PER_BATCH_MAX;
use crate::machine::outcome::Outcome;
use crate::machine::timer::TimerChange;

/// Looks for unused ids and sets the timer for the next look: at once if there may be more of them.
pub(super) fn on_timer(machine: &TransactionMachine, now: Millis) -> Outcome<TransactionMachine, ()> {
    let settings = machine.settings();
    let unused = machine
        .transactions()
        .iter()
        .filter(|(_, metadata)| metadata.state.is_idle() && metadata.updated <= now.since(settings.expiration_ms));
    let mut ids: Vec<TransactionalId> = unused.map(|(id, _)| id.clone()).take(EXPIRED_IDS_PER_BATCH_MAX).collect();
    ids.sort_unstable();
    let full = ids.len() == EXPIRED_IDS_PER_BATCH_MAX;
    let next = if full { now } else { now.plus(settings.expiry_interval_ms) };
    let tombstones = ids.into_iter().map(|id| TransactionRecord::Transaction(id, None)).collect();
    Outcome::records(tombstones, ()).timer(TimerChange::Set(Timer::Expire, next))
}
